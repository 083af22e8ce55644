"""`quirkbook learn`: a draft on stdout, what was understood on stderr."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from quirkbook.cli import quirkbook
from quirkbook.emulator import running


@pytest.fixture
def files(tmp_path):
    (tmp_path / "request.json").write_text(
        '{"model": "lumen", "store": true, "messages": [{"role": "user", "content": "Hi"}]}'
    )
    (tmp_path / "error.json").write_text('{"error": {"message": "property \'store\' is unsupported"}}')
    return tmp_path


def run(*args, text=None):
    return CliRunner().invoke(quirkbook, list(map(str, args)), input=text)


def test_a_draft_is_printed_and_written_and_is_in_force_where_drafts_are_asked_for(files):
    refusal = ("learn", "--payload", files / "request.json", "--error", files / "error.json", "-p", "acme")
    printed = run(*refusal)
    written = run(*refusal, "--write", files / "rules" / "acme.yaml")
    dry_run = ("dry-run", files / "request.json", "-p", "acme", "--rules", files / "rules")

    assert (printed.exit_code, printed.stderr) == (0, "acme: store: unknown\n")
    assert printed.stdout.startswith('quirks: 1\nprovider: "acme"\n\nrules:\n  - id: no-store\n')
    assert (written.exit_code, written.stdout) == (0, "")
    assert written.stderr.endswith(f"wrote acme/no-store to {files / 'rules' / 'acme.yaml'}\n")
    assert "store" in json.loads(run(*dry_run).stdout)
    assert "store" not in json.loads(run(*dry_run, "--drafts").stdout)
    assert run("check", files / "rules").exit_code == 0


def test_drafts_of_the_layers_in_the_environment_are_asked_for_alike(files, monkeypatch):
    run("learn", "--error", files / "error.json", "-p", "acme", "--write", files / "rules" / "acme.yaml")
    monkeypatch.setenv("QUIRKBOOK_RULES", str(files / "rules"))

    assert "acme/no-store" in run("rules", "-p", "acme", "--drafts").stdout


def test_many_refusals_of_a_log_are_one_draft_each(files):
    line = json.dumps({"payload": {"seed": 1}, "error": "property 'seed' is unsupported"})
    log = files / "log.jsonl"
    log.write_text(f"{line}\n{line}\n[]\n" + json.dumps({"error": "what?"}) + "\n")
    done = run("learn", "--log", log, "-p", "acme", "--format", "json")

    assert done.exit_code == 1
    assert [(one["param"], one["kind"]) for one in json.loads(done.stdout)] == [("seed", "unknown"), (None, None)]
    assert done.stderr.splitlines() == [
        f"{log}:3: no error in this line: left out",
        "acme: seed: unknown, 2 times",
        "acme: not understood",
        "  missing: no wording in rules/refusals/ reads this text: add one, or write the rule by hand",
        "  missing: the text names no parameter",
    ]


def test_what_no_rule_can_repair_is_said_and_not_drafted():
    done = run("learn", "--error", "-", "-p", "acme", text="Incorrect API key provided")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "no parameter named: account" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "name one of --error and --log"),
        (["--error", "-"], "-p says who refused it"),
        (["--log", "-", "--payload", "-"], "--payload goes with --error"),
        (["--error", "-", "--try"], "--try sends a request: name it with --payload"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(args, message):
    done = run("learn", *args)

    assert done.exit_code == 2
    assert message in done.stderr


def test_of_a_recording_only_refusals_that_no_rule_foresaw_are_learned(tmp_path):
    talk = [{"role": "user", "content": "Hi"}]
    refused = {
        "status": 400,
        "body": {"error": {"message": "property 'seed' is unsupported"}},
        "date": "2026-12-01",
        "tokens": 0,
    }
    lines = [
        {**refused, "request": {"model": "moonshot-v1-8k", "messages": talk, "seed": 7}},
        {**refused, "request": {"model": "moonshot-v1-8k", "messages": talk, "temperature": 1.7}},
        {
            "status": 200,
            "body": {"choices": []},
            "request": {"model": "moonshot-v1-8k", "messages": talk},
            "date": "2026-12-01",
        },
    ]
    log = tmp_path / "moonshot.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + "\n")
    done = run("learn", "--log", log, "-p", "moonshot")

    assert (done.exit_code, done.stderr) == (0, "moonshot: seed: unknown\n")
    assert run("learn", "--log", log).stderr.count("provider: seed: unknown, 2 times") == 1


def test_a_draft_may_be_tried(tmp_path):
    payload = {
        "model": "llama-3.3-70b-versatile",
        "messages": [{"role": "user", "content": "Hi"}],
        "logit_bias": {"5": 1},
        "top_p": 0.5,
    }
    (tmp_path / "request.json").write_text(json.dumps(payload))
    with running("groq") as url:
        args = [
            "learn",
            "--payload",
            str(tmp_path / "request.json"),
            "-p",
            "groq",
            "--try",
            "--base-url",
            url,
            "--key-env",
            "KEY",
        ]
        done = CliRunner().invoke(quirkbook, args, env={"KEY": "sk-test"})

    assert (done.exit_code, done.stderr) == (0, "groq: logit_bias: unknown\n")
    assert "by: live}" in done.stdout and "top_p" not in done.stdout
