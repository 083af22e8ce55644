"""`quirkbook providers FILE`: the portability table, as text, on a terminal and as JSON."""

import json

import pytest
from tests.books import a_file_text, a_folder, a_rule

from quirkbook import Rulebook
from quirkbook.cli import providers

SEED = {"seed": {"exists": True}}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder with rules of five providers, and nothing built in."""
    texts = {
        "fine": a_file_text(a_rule("heat", {"clamp": {"temperature": [0, 1]}}), provider="fine"),
        "namer": a_file_text(
            a_rule("user", {"rename": {"user": "uid"}}, {"user": {"exists": True}}),
            a_rule("hm", {"warn": "It is new."}, SEED),
            provider="namer",
        ),
        "dropper": a_file_text(a_rule("seed", {"drop": ["seed"]}, SEED, models=["big*"]), provider="dropper"),
        "refuser": a_file_text(a_rule("no", {"reject": "no seed here"}, SEED), provider="refuser", name="Refuser Inc."),
        "bare": a_file_text(provider="bare"),
    }
    folder = a_folder(tmp_path / "mine", **texts)
    monkeypatch.setattr(providers, "rulebook", lambda layers: Rulebook.load(*layers, builtin=False))
    return folder


@pytest.fixture
def request_file(tmp_path):
    path = tmp_path / "request.json"
    path.write_text('{"model": "big-1", "seed": 7, "user": "u"}')
    return path


def test_the_table_names_for_each_provider_verdict_and_rules(quirkbook, mine, request_file):
    assert quirkbook("providers", request_file, "--rules", mine) == (
        0,
        "fine     unchanged    1 rule   -\n"
        "namer    exact        2 rules  namer/user (exact), namer/hm (remark)\n"
        "dropper  lossy        1 rule   dropper/seed (lossy)\n"
        "refuser  refuses      1 rule   refuser/no (refuse)\n",
        "1 unchanged, 1 exact, 1 lossy, 1 refuses\nleft out, because no rule of theirs is known: bare\n",
    )


def test_stdin_will_do_and_a_model_stands_in_for_the_payloads(quirkbook, mine):
    (mine / "bare.yaml").unlink()

    assert quirkbook("providers", "-", "-m", "small", "--rules", mine, stdin=b'{"model": "big", "seed": 7}') == (
        0,
        "namer    unchanged    2 rules  namer/hm (remark)\n"
        "fine     unchanged    1 rule   -\n"
        "dropper  unchanged    0 rules  -\n"
        "refuser  refuses      1 rule   refuser/no (refuse)\n",
        "3 unchanged, 1 refuses\n",
    )


def test_json_holds_the_same_and_nothing_goes_to_stderr(quirkbook, mine, request_file):
    code, out, err = quirkbook("providers", request_file, "--rules", mine, "--format", "json")

    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {"provider": "fine", "name": "fine", "model": "big-1", "verdict": "unchanged", "known_rules": 1, "rules": []},
        {
            "provider": "namer",
            "name": "namer",
            "model": "big-1",
            "verdict": "exact",
            "known_rules": 2,
            "rules": [{"rule": "namer/user", "effect": "exact"}, {"rule": "namer/hm", "effect": "none"}],
        },
        {
            "provider": "dropper",
            "name": "dropper",
            "model": "big-1",
            "verdict": "lossy",
            "known_rules": 1,
            "rules": [{"rule": "dropper/seed", "effect": "lossy"}],
        },
        {
            "provider": "refuser",
            "name": "Refuser Inc.",
            "model": "big-1",
            "verdict": "refuses",
            "known_rules": 1,
            "rules": [{"rule": "refuser/no", "effect": "refuse"}],
        },
    ]


def test_a_terminal_gets_a_table_with_a_rule_a_line(quirkbook, mine, request_file, monkeypatch):
    monkeypatch.setattr(providers, "_is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")

    code, out, _ = quirkbook("providers", request_file, "--rules", mine)

    assert code == 0
    assert [line.rstrip() for line in out.splitlines()] == [
        "provider  verdict    known  rules that fire",
        "fine      unchanged  1",
        "namer     exact      2      namer/user  exact",
        "                            namer/hm  remark",
        "dropper   lossy      1      dropper/seed  lossy",
        "refuser   refuses    1      refuser/no  refuse",
    ]


@pytest.mark.parametrize(
    ("args", "stdin", "code", "last"),
    [
        (["-m", "big"], b"", 2, "Error: -m asks about a request: name its FILE too"),
        (["-"], b"{", 2, "quirkbook: <stdin>:1:2: not JSON: expected a key in double quotes"),
        (["-"], b'{"messages": 3}', 1, "quirkbook: payload/messages: messages must be an array, not a number"),
        (["no/such.json"], b"", 2, "quirkbook: no/such.json: no such file"),
    ],
)
def test_what_cannot_be_compared_is_told(quirkbook, mine, args, stdin, code, last):
    got, out, err = quirkbook("providers", *args, "--rules", mine, stdin=stdin)

    assert (got, out) == (code, "")
    assert err.splitlines()[-1].startswith(last)


def test_the_built_in_rules_compare_a_real_request(quirkbook):
    body = b'{"model": "moonshot/kimi-k2.6", "temperature": 0.3, "messages": [{"role": "user", "content": "Hi"}]}'

    code, out, _ = quirkbook("providers", "-", stdin=body)

    rows = {line.split()[0]: (line.split()[1], line.split(maxsplit=4)[4]) for line in out.splitlines()}
    assert code == 0
    assert rows["moonshot"] == ("lossy", "kimi/k2.6-temperature-thinking (lossy)")
    assert rows["openrouter"] == ("lossy", "kimi/k2.6-temperature-thinking (lossy)")
    assert rows["openai"] == ("unchanged", "-")


def test_the_card_of_a_provider_says_how_it_is_reached_and_what_is_known(quirkbook):
    code, out, _ = quirkbook("providers", "moonshot")
    rows = dict(line.split("  ", 1) for line in out.splitlines())

    assert code == 0
    assert rows["base url"].strip() == "https://api.moonshot.ai/v1"
    assert rows["api key env"].strip() == "MOONSHOT_API_KEY"
    assert "temperature" in rows["parameters"].split(", ")
    assert " request, " in rows["rules"]


def test_the_card_as_json_has_no_words_of_conditions_for_parameters(quirkbook, mine):
    code, out, _ = quirkbook("providers", "namer", "--rules", mine, "--format", "json")

    assert code == 0
    facts = json.loads(out)
    assert (facts["parameters"], facts["rules"], facts["serves"]) == (["seed", "user"], {"request": 2}, "relay")


def test_the_card_of_an_unknown_provider_suggests_one(quirkbook, mine):
    assert quirkbook("providers", "finne", "--rules", mine) == (
        2,
        "",
        "quirkbook: unknown provider 'finne': did you mean 'fine'?\n  known: bare, dropper, fine, namer, refuser\n",
    )
