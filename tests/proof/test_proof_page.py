"""The session in docs/proof.md, played again: a drift is found by one command and mended by the next."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import yaml
from click.testing import CliRunner
from tests.proof.emulated import Emulated

from quirkbook.cli import quirkbook
from quirkbook.emulator import Emulator, running
from quirkbook.emulator.provider import Check

PAGE = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")
SESSION = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)[1]
NEW = Check(
    "new",
    ["*"],
    {"*": {"status": 400, "message": "frequency_penalty is not supported by this model"}},
    must={"properties": {"frequency_penalty": {"type": "null"}}},
)


def plain(text):
    """Return a text without what differs from day to day and from rule to rule: dates and counts."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
    text = re.sub(r"\d+ (?:inconclusive|not visible), ", "", text)  # as rules come and go
    text = re.sub(r"\d+ (?=broken|stale|unforeseen|confirmed|taken|untested)", "N ", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_the_session_on_the_page_is_what_happens(tmp_path, monkeypatch):
    emulator = Emulator("mistral")
    emulator.provider = Emulated("mistral").change(checks=[NEW, *emulator.provider.checks]).emulator.provider
    said = []
    with running(emulator) as url:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MISTRAL_API_BASE", url)
        monkeypatch.setenv("MISTRAL_API_KEY", "sk-test")
        for command in re.findall(r"^\$ quirkbook (.*)$", SESSION, re.MULTILINE):
            done = CliRunner().invoke(quirkbook, shlex.split(command))
            said.append(f"$ quirkbook {command}\n{done.output}")

    assert plain("".join(said)) == plain(SESSION)
    rule = yaml.safe_load((tmp_path / "my-rules" / "mistral.yaml").read_text())["rules"][0]
    assert (rule["status"], rule["do"]) == ("draft", [{"drop": ["frequency_penalty"]}])
