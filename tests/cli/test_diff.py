"""`quirkbook diff`: which requests would go out differently, where, by which rules, and how it exits."""

import io
import json
import sys
from pathlib import Path

import pytest
from tests.books import a_file_text, a_folder, a_rule

from quirkbook import __version__
from quirkbook.authoring import outcome, versions
from quirkbook.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def diff(capsys, monkeypatch):
    """Run the command; return (exit code, stdout, stderr)."""

    def run(*args, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as caught:
            main(["diff", *map(str, args)])
        said = capsys.readouterr()
        return caught.value.code, said.out, said.err

    return run


@pytest.fixture
def old(tmp_path):
    seed = a_rule("no-seed", {"drop": ["seed"]})
    heat = a_rule("heat", {"clamp": {"temperature": [0, 1]}})
    return a_folder(tmp_path / "old", acme=a_file_text(seed, heat, base_url="https://a.example/v1"))


@pytest.fixture
def new(tmp_path):
    top_k = a_rule("no-top-k", {"drop": ["top_k"]})
    heat = a_rule("heat", {"clamp": {"temperature": [0, 1.5]}})
    refuses = a_rule("one", {"reject": "one choice only"}, when={"n": {"gt": 1}})
    return a_folder(tmp_path / "new", acme=a_file_text(top_k, heat, refuses, base_url="https://a.example/v1"))


@pytest.fixture
def a_request(tmp_path):
    def write(payload, name="request.json"):
        path = tmp_path / name
        lines = payload if isinstance(payload, list) else [payload]
        path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
        return path

    return write


def test_a_request_that_goes_out_differently_is_told_with_places_and_rules(diff, old, new, a_request):
    path = a_request({"model": "m", "seed": 7, "top_k": 9, "temperature": 1.7})

    assert diff(path, "-p", "acme", "--rules", old, new) == (
        1,
        f"{path} · acme · m · changed\n"
        "  /seed: (absent) -> 7\n"
        "  /temperature: 1 -> 1.5\n"
        "  /top_k: 9 -> (absent)\n"
        "  no longer  acme/no-seed\n"
        "  now        acme/no-top-k\n"
        "  otherwise  acme/heat\n"
        "\n",
        f"old: {old} (rules above the built-in ones)\n"
        f"new: {new} (rules above the built-in ones)\n"
        "1 of 1 request would go out differently\n"
        "      1  acme/no-seed\n"
        "      1  acme/no-top-k\n"
        "      1  acme/heat\n",
    )


def test_nothing_is_said_of_a_request_that_goes_out_the_same(diff, old, new, a_request):
    code, out, err = diff(a_request({"model": "m", "temperature": 1}), "-p", "acme", "--rules", old, new)

    assert (code, out, err.splitlines()[-1]) == (0, "", "0 of 1 request would go out differently")


def test_what_is_refused_now_is_told_with_the_refusal(diff, old, new, a_request):
    path = a_request({"model": "m", "n": 2})

    code, out, _ = diff(path, "-p", "acme", "--rules", old, new)

    assert (code, out) == (
        1,
        f"{path} · acme · m · refused now\n  new: refused: one choice only\n  now        acme/one\n\n",
    )


def test_a_request_is_compared_for_each_provider_and_model(diff, old, new, a_request):
    path = a_request({"model": "m", "seed": 7})

    code, out, err = diff(path, "-p", "acme", "-p", "groq", "-m", "a", "-m", "b", "--rules", old, new)

    heads = [line for line in out.splitlines() if line.startswith(str(path))]
    assert code == 1
    assert heads == [f"{path} · acme · {model} · changed" for model in ("a", "b")]
    assert "2 of 4 requests would go out differently\n      2  acme/no-seed\n" in err


def test_lines_are_requests_and_may_be_those_of_the_batch_api(diff, old, new, a_request):
    plain = {"model": "acme/m", "seed": 7}
    batch = {"custom_id": "x", "url": "/v1/chat/completions", "body": {"model": "acme/n", "seed": 7}}
    path = a_request([plain, "\n", {"model": "acme/m"}, batch], "traffic.jsonl")

    code, out, err = diff(path, "--rules", old, new)

    heads = [line for line in out.splitlines() if line.startswith(str(path))]
    assert (code, heads) == (1, [f"{path}:1 · acme · m · changed", f"{path}:4 · acme · n · changed"])
    assert "2 of 3 requests" in err


def test_the_same_as_json(diff, old, new, a_request):
    path = a_request({"model": "m", "seed": 7, "n": 2})
    other = a_request({"model": "m", "seed": 7}, "other.json")

    code, out, err = diff(path, other, "-p", "acme", "--format", "json", "--rules", old, new)

    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "old": {"rules": str(old), "kind": "rules above the built-in ones"},
        "new": {"rules": str(new), "kind": "rules above the built-in ones"},
        "compared": 2,
        "not_compared": 0,
        "rules": {"acme/no-seed": 2, "acme/one": 1},
        "different": [
            {
                "request": str(path),
                "provider": "acme",
                "model": "m",
                "fate": "refused now",
                "new": {"refused": {"rule": "acme/one", "note": "one choice only"}},
                "payload": [],
                "around": [],
                "rules": {"no_longer": ["acme/no-seed"], "now": ["acme/one"], "otherwise": []},
            },
            {
                "request": str(other),
                "provider": "acme",
                "model": "m",
                "fate": "changed",
                "payload": [{"pointer": "/seed", "new": 7}],
                "around": [],
                "rules": {"no_longer": ["acme/no-seed"], "now": [], "otherwise": []},
            },
        ],
    }


def test_another_address_goes_out_differently_without_a_rule(diff, tmp_path, a_request):
    table = "quirks: 1\nconnections:\n  chutes: {base_url: 'https://proxy.example/v1'}\n"
    own = a_folder(tmp_path / "own", connections=table)
    path = a_request({"model": "m"})

    code, out, err = diff(path, "-p", "chutes", "--rules", "built-in", own)

    assert (code, out) == (
        1,
        f"{path} · chutes · m · changed\n"
        '  /address/base_url: "https://llm.chutes.ai/v1" -> "https://proxy.example/v1"\n\n',
    )
    assert err.startswith(f"old: built-in (the built-in rules)\nnew: {own} (rules above the built-in ones)\n")


def test_a_provider_that_is_new_is_told(diff, old, a_request):
    path = a_request({"model": "m"})

    code, out, _ = diff(path, "-p", "acme", "--rules", "built-in", old)

    assert (code, out) == (1, f"{path} · acme · m · no longer untranslatable\n  old: unknown provider 'acme'\n\n")


def test_many_places_and_rules_are_counted(diff, tmp_path, a_request):
    keys = [f"k{number:02}" for number in range(20)]
    rules = [a_rule(f"no-{key}", {"drop": [key]}) for key in keys]
    own = a_folder(tmp_path / "own", acme=a_file_text(*rules))
    empty = a_folder(tmp_path / "empty", acme=a_file_text())

    code, out, err = diff(a_request({"model": "m", **dict.fromkeys(keys, 1)}), "-p", "acme", "--rules", empty, own)

    assert (code, out.count(": 1 -> (absent)"), "  and 8 more places\n" in out) == (1, 12, True)
    assert err.endswith("      1  acme/no-k11\n  and 8 other rules\n")


# What cannot be compared


def test_requests_that_no_version_translates_are_named_and_the_others_compared(diff, old, new, a_request):
    path = a_request([{"model": "m"}, {"model": "acme/m", "seed": 7}, '{"model":\n', "[]\n"], "traffic.jsonl")

    code, out, err = diff(path, "--rules", old, new)

    assert (code, out.splitlines()[0]) == (2, f"{path}:2 · acme · m · changed")
    assert [line for line in err.splitlines() if line.startswith("quirkbook: ")] == [
        f"quirkbook: {path}:1: no provider is named: give provider or base_url, or a model such as 'acme/m'",
        f"quirkbook: {path}:3:10: not JSON: expected a value",
        f"quirkbook: {path}:4: payload: a chat payload must be an object, not an array; "
        'example: {"model": ..., "messages": [...]}',
    ]
    assert "1 of 1 request would go out differently, 3 could not be compared\n" in err


def test_bytes_that_are_not_text_are_named(diff, old, new, tmp_path):
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b'{"model": "\xff"}\n')

    code, _, err = diff(path, "--rules", old, new)

    assert (code, err.splitlines()[0]) == (
        2,
        f"quirkbook: {path}:1: not UTF-8 text (byte 0xff): save it as UTF-8",
    )


def test_a_request_may_come_from_stdin(diff, old, new):
    code, out, _ = diff("-", "-p", "acme", "--rules", old, new, stdin=b'{"seed": 1}')

    assert (code, out.splitlines()[0]) == (1, "- · acme · changed")


def test_a_broken_request_is_told_as_elsewhere(diff, old, new):
    code, _, err = diff("-", "-p", "acme", "--rules", old, new, stdin=b"{")

    assert (code, err.splitlines()[0]) == (2, "quirkbook: <stdin>:1:2: not JSON: expected a key in double quotes")


HINT = (
    "write a folder of rules, a wheel, a checkout or environment that has Quirkbook in it, "
    "or 'built-in' for the rules of this version"
)


def test_a_version_that_is_not_there_is_a_usage_error(diff, old, a_request):
    code, out, err = diff(a_request({}), "--rules", old, "nowhere")

    assert (code, out, err) == (2, "", f"quirkbook: --rules: there is no 'nowhere': {HINT}\n")


def test_a_version_that_does_not_run_is_a_usage_error(diff, old, tmp_path, a_request):
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"no zip")

    code, out, err = diff(a_request({}), "--rules", wheel, old)

    # Nor does the Quirkbook that Python would find without it.
    assert (code, out, err) == (2, "", f"quirkbook: --rules: the Quirkbook in '{wheel}' does not run: {HINT}\n")


def test_faulty_rules_are_told_and_are_no_difference(diff, old, tmp_path, a_request):
    faulty = a_folder(tmp_path / "faulty", acme="quirks: 1\nprovider: acme\nrulez: []\n")

    code, out, err = diff(a_request({}), "--rules", old, faulty)

    assert (code, out) == (2, "")
    assert f"{faulty}/acme.yaml:3:1: error[Q106]: unknown key 'rulez' in a rule file" in err


def test_one_version_alone_is_a_usage_error(diff, a_request):
    assert diff(a_request({}), "--rules", "built-in")[0] == 2


# Whole versions


def test_the_rules_of_a_checkout_stand_in_place_of_the_built_in_ones(old):
    pair = versions.Pair(str(ROOT / "rules"), str(old))

    with pair:
        assert pair.old.kind == "rules in place of the built-in ones"
        assert "error" in pair.old.outcome({}, "acme", None)
        assert pair.new.outcome({"seed": 1}, "acme", None)["sent"]["payload"] == {}


def test_a_checkout_runs_with_its_own_code(diff, old, tmp_path, a_request):
    package = tmp_path / "other" / "engine" / "quirkbook"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text(
        "__version__ = '9.9'\n"
        "class Rulebook:\n"
        "    def provider(self, name):\n"
        "        return type('File', (), {'head': {'base_url': 'https://a.example/v1'}})\n"
        "class Report:\n"
        "    def __init__(self, payload): self.payload = payload\n"
        "    def to_dict(self):\n"
        "        return {'provider': 'acme', 'model': 'm', 'payload': self.payload, 'changes': [], 'refusal': None,\n"
        "                'headers': {}}\n"
        "def explain(payload, provider, model=None, rulebook=None):\n"
        "    if 'fail' in payload: raise RuntimeError('other words')\n"
        "    if 'end' in payload: raise SystemExit(3)\n"
        "    return Report(payload)\n"
    )
    lines = [{"model": "m", "seed": 7}, {"model": "m", "fail": 1}]
    home = tmp_path / "other"

    code, out, err = diff(a_request(lines, "t.jsonl"), "-p", "acme", "-m", "m", "--rules", home, old)

    assert code == 1
    assert "  /seed: 7 -> (absent)\n  now        acme/no-seed\n" in out
    assert "no longer untranslatable\n  old: other words\n" in out
    assert err.startswith(f"old: {home} (Quirkbook 9.9)\n")

    code, _, err = diff(a_request({"end": 1}), "-p", "acme", "--rules", home, old)
    assert (code, err) == (2, f"quirkbook: --rules: the Quirkbook in '{home}' does not run: {HINT}\n")


def test_this_checkout_differs_in_nothing_from_its_own_rules(diff, a_request):
    path = a_request({"model": "moonshot-v1-8k", "temperature": 1.7, "user": "u"})

    code, out, err = diff(path, "-p", "moonshot", "--rules", ROOT, ROOT / "rules")

    assert (code, out) == (0, "")
    assert "(rules in place of the built-in ones)\n0 of 1 request would" in err


def test_the_other_process_answers_line_by_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO('[{"seed": 1}, "moonshot", "m"]\n[{}, "nobody", null]\n'))
    outcome.serve()

    version, first, second = map(json.loads, capsys.readouterr().out.splitlines())

    assert version == __version__
    assert (first["provider"], first["model"], first["sent"]["payload"]) == ("moonshot", "m", {"seed": 1, "model": "m"})
    assert second["error"].startswith("unknown provider 'nobody'")


def test_an_environment_runs_with_its_own_python(tmp_path, old):
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'"7.0"\'\nread line\necho \'{"error": "from the environment"}\'\n')
    python.chmod(0o755)

    with versions.Pair(str(tmp_path / "env"), str(old)) as pair:
        assert pair.old.kind == "Quirkbook 7.0"
        assert pair.old.outcome({}, None, None) == {"error": "from the environment"}


def test_a_version_that_stops_reading_is_a_usage_error(tmp_path, old):
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexec 0<&-\necho '\"7.0\"'\n")
    python.chmod(0o755)

    with versions.Pair(str(tmp_path / "env"), str(old)) as pair, pytest.raises(versions.UsageError):
        pair.old.outcome({}, None, None)


def test_an_old_version_is_ended_when_the_new_one_cannot_be_read(tmp_path):
    with pytest.raises(versions.UsageError):
        versions.Pair(str(ROOT), str(tmp_path / "nowhere"))
