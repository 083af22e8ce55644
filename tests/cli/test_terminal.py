"""Whatever stands in a rule file, a terminal does not obey it: control characters are shown as escapes, in every command's output."""

from __future__ import annotations

import json
import re

import pytest

from quirkbook.cli import main
from quirkbook.payload.describe import shown

EVIL = "\x1b]0;owned\x07 \x1b[2J \x9b31m \u202egnihton\x08"
ESCAPED = "\\u001b]0;owned\\u0007 \\u001b[2J \\u009b31m \\u202egnihton\\u0008"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")

FILE = {
    "quirks": 1,
    "provider": "zed",
    "name": f"Zed {EVIL}",
    "base_url": "https://zed.example/v1",
    "rules": [
        {
            "id": name,
            "why": f"Zed {EVIL}.",
            "note": f"Note {EVIL}.",
            "source": "https://zed.example/docs",
            "verified": {"date": "2026-11-22", "by": "docs"},
            "when": {name: {"exists": True}},
            "do": do,
            "examples": [example, {"in": {"a": 1}, "same": True}],
        }
        for name, do, example in [
            ("dropped", [{"drop": ["dropped"]}, {"warn": f"warned {EVIL}"}], {"in": {"dropped": 1}, "out": {}}),
            ("refused", [{"reject": f"no {EVIL}"}], {"in": {"refused": 1}, "rejects": True}),
            ("set", [{"set": {"set": EVIL}}], {"in": {"set": 1}, "out": {"set": EVIL}}),
        ]
    ],
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder of rules and requests, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUIRKBOOK_RULES", "")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "zed.json").write_text(json.dumps(FILE))
    for name in ("dropped", "refused", "set"):
        payload = {"model": f"m {EVIL}", "messages": [], name: f"x {EVIL}"}
        (tmp_path / f"{name}.json").write_text(json.dumps(payload))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "zed.json").write_text(json.dumps({**FILE, f"odd {EVIL}": 1, "provider": f"zed {EVIL}"}))
    return tmp_path


COMMANDS = [
    "check rules", "check rules --format json", "check broken", "check broken --format json", "test rules",
    "dry-run dropped.json -p zed --rules rules", "dry-run dropped.json -p zed --rules rules --why-not",
    "dry-run refused.json -p zed --rules rules", "dry-run set.json -p zed --rules rules --format json",
    "dry-run set.json -p zed --rules rules --format diff", "dry-run set.json -p zed --rules rules --format patch",
    "rules -p zed --rules rules", "rules -p zed --rules rules --format json", "rules -p zed --rules rules --source",
    "rule zed/dropped --rules rules", "rule zed/refused --rules rules", "rule zed/set --rules rules",
    "providers --rules rules", "providers zed --rules rules", "providers --rules rules --format json",
    "export -p zed --rules rules", "stale rules", "mutate rules", "model evil",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("terminal", [False, True])
def test_no_command_lets_a_rule_file_speak_to_the_terminal(command, terminal, here, capfd, monkeypatch):
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(SystemExit):
        main(command.split())
    out, err = capfd.readouterr()

    for text in (out, err):
        text = re.sub("\x1b\\[[0-9;]*m", "", text) if terminal else text  # colours are rich's
        assert not OBEYED.search(text), repr(text)
    if "--format json" in command and out:
        json.loads(out)


def test_texts_are_shown_with_their_escapes(here, capfd):
    with pytest.raises(SystemExit):
        main(["rule", "zed/refused", "--rules", "rules"])

    assert f"Zed {ESCAPED}." in capfd.readouterr().out


def test_lines_and_tabs_stay():
    assert shown("a\tb\nc é 北") == "a\tb\nc é 北"
