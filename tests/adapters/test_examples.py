"""The examples, run as their first lines say, against the emulated provider."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name, url):
    """Return what an example prints; nothing of ours may be left open when it ends."""
    command = [sys.executable, "-W", "error::ResourceWarning", str(EXAMPLES / name)]
    paths = [str(Path(__file__).parents[2] / "engine"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "MOONSHOT_API_BASE": url, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment.pop("MOONSHOT_API_KEY", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, "ResourceWarning" in done.stderr) == (0, False), done.stderr
    return done.stdout


def test_the_readmes_script_shows_the_400_the_answer_and_the_report_why(url, emulator):
    pytest.importorskip("openai", reason="the openai package is not installed")

    said = run("emulate_moonshot.py", url).splitlines()

    assert said[0].startswith("raw:     Error code: 400 - ")
    assert "invalid temperature: must be between 0 and 1" in said[0]
    assert said[1:] == [
        "adapted: You said: Hi",
        "because: moonshot/temperature-range /temperature: 1.4 -> 1. "
        "Moonshot takes temperature 0 to 1; OpenAI callers send up to 2.",
    ]
    assert [one["status"] for one in emulator.requests] == [400, 200]


def test_langchain(url, emulator):
    pytest.importorskip("langchain_openai", reason="langchain-openai is not installed: see tests/peers.txt")

    said = run("langchain_chat.py", url).splitlines()

    assert said == ["You said: Hi | moonshot/temperature-range", "You said: Hi", "You said: Hi", "weather"]
    assert [(one["status"], one["body"]["temperature"]) for one in emulator.requests] == [(200, 1)] * 4


def test_pydantic_ai(url, emulator):
    pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed: see tests/peers.txt")

    said = run("pydantic_ai_agent.py", url).splitlines()

    assert said == ["You said: Hi", "You said: Hi"]
    assert [(one["status"], one["body"]["temperature"]) for one in emulator.requests] == [(200, 1)] * 2
