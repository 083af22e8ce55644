"""`quirkbook new` and `quirkbook schema`; JSON of `rules`, `rule` and `test`; policies; what a shell completes."""

import json

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from quirkbook.cli import completions
from quirkbook.cli import quirkbook as command
from quirkbook.errors import RuleFileError
from quirkbook.model import Diagnostic, Location


def test_a_new_rule_file_passes_check_and_repairs_a_request(quirkbook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert quirkbook("new", "acme") == (
        0,
        "wrote acme.yaml: replace its addresses and rules, then run: quirkbook check acme.yaml\n",
        "",
    )
    assert quirkbook("check", "acme.yaml") == (0, "", "2 rules: 0 errors, 0 warnings\n")
    assert quirkbook("test", "acme.yaml")[0] == 0
    code, out, _ = quirkbook("dry-run", "-", "-p", "acme", "--rules", ".", stdin=b'{"temperature": 2, "seed": 1}')
    assert (code, json.loads(out)) == (0, {"temperature": 1})


def test_an_existing_file_is_never_overwritten(quirkbook, tmp_path):
    quirkbook("new", "acme", "--into", tmp_path / "mine")
    path = tmp_path / "mine" / "acme.yaml"
    path.write_text("mine")

    assert quirkbook("new", "acme", "--into", tmp_path / "mine") == (
        2,
        "",
        f"quirkbook: {path}: the file exists already; choose another name, or another folder with --into\n",
    )
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Acme Inc.", "a provider's name has lower-case letters, digits and _; example: acme, not 'Acme Inc.'"),
        (
            "moonshot",
            "'moonshot' is a built-in provider: a file of yours with `provider: moonshot` adds to its rules; or choose another name",
        ),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused(quirkbook, tmp_path, name, message):
    assert quirkbook("new", name, "--into", tmp_path) == (2, "", f"quirkbook: {message}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["rules", "connections", "request", "gateway"])
def test_a_schema_is_printed_as_a_sound_json_schema(quirkbook, name):
    code, out, err = quirkbook("schema", name)

    assert (code, err) == (0, "")
    Draft202012Validator.check_schema(json.loads(out))


def test_rules_as_json_hold_what_is_written(quirkbook):
    code, out, _ = quirkbook("rules", "-p", "moonshot", "-m", "moonshot-v1-8k", "--format", "json")
    row = next(row for row in json.loads(out) if row["rule"] == "moonshot/temperature-range")

    assert code == 0
    assert row["do"] == [{"clamp": {"temperature": [0, 1]}}]
    assert (row["stage"], row["disabled"], row["verified"]["by"]) == ("request", None, "docs")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("moonshot/temperature-range", "why", "Moonshot takes temperature 0 to 1; OpenAI callers send up to 2."),
        ("q104", "code", "Q104"),
        ("clamp", "word", "clamp"),
    ],
)
def test_a_page_as_json_has_the_same_facts(quirkbook, name, key, value):
    code, out, _ = quirkbook("rule", name, "--format", "json")

    assert (code, json.loads(out)[key]) == (0, value)


def test_an_unknown_page_is_refused_the_same_way_as_json(quirkbook):
    assert quirkbook("rule", "clampp", "--format", "json") == quirkbook("rule", "clampp")


def test_test_prints_its_diagnostics_as_json(quirkbook, tmp_path):
    quirkbook("new", "acme", "--into", tmp_path)
    path = tmp_path / "acme.yaml"
    path.write_text(path.read_text().replace("out: {temperature: 1}", "out: {temperature: 0.5}"))

    code, out, _ = quirkbook("test", path, "--format", "json")

    assert code == 1
    assert {row["severity"] for row in json.loads(out)} == {"error"}


@pytest.mark.parametrize(
    ("policy", "code", "last"),
    [
        (["lossy=allow"], 0, None),
        (["lossy=error"], 1, "quirkbook: the policy forbids lossy changes"),
        (["semantic=error", "lossy=warn"], 0, None),
        (["hot=error"], 2, "quirkbook: policy: 'hot'"),
        (["lossy"], 2, "Error: --policy must be EFFECT=VERDICT, not 'lossy'; example: --policy lossy=error"),
    ],
)
def test_dry_run_applies_a_policy(quirkbook, policy, code, last):
    given = [part for one in policy for part in ("--policy", one)]

    got, _, err = quirkbook("dry-run", "-", "-p", "moonshot", *given, stdin=b'{"temperature": 2}')

    assert got == code
    assert last is None or err.splitlines()[-1].startswith(last)


@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ("quirkbook rules -p", "moons", "moonshot"),
        ("quirkbook dry-run -p", "deeps", "deepseek"),
        ("quirkbook rule", "moonshot/temperature-r", "moonshot/temperature-range"),
        ("quirkbook emulate", "moon", "moonshot"),
        ("quirkbook providers", "xa", "xai"),
    ],
)
def test_a_shell_completes_providers_rules_and_emulators(words, typed, offered):
    variables = {
        "_QUIRKBOOK_COMPLETE": "bash_complete",
        "COMP_WORDS": f"{words} {typed}",
        "COMP_CWORD": str(len(words.split())),
    }

    result = CliRunner().invoke(command, [], prog_name="quirkbook", env=variables)

    assert f"plain,{offered}" in result.output.splitlines()


def test_a_shell_completes_nothing_where_rules_are_at_fault(monkeypatch):
    def faulty():
        raise RuleFileError([Diagnostic("Q101", "error", "not YAML", Location("mine.yaml", 1, 1))])

    monkeypatch.setattr(completions, "default_rulebook", faulty)
    variables = {
        "_QUIRKBOOK_COMPLETE": "bash_complete",
        "COMP_WORDS": "quirkbook rules -p moon",
        "COMP_CWORD": "3",
    }

    assert CliRunner().invoke(command, [], prog_name="quirkbook", env=variables).output.strip() == ""
