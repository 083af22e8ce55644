"""docs/moonshot.md: each of its calls runs as it stands, against an emulated Moonshot."""

import re
from pathlib import Path

import pytest

from quirkbook.emulator import Emulator, running

PAGE = (Path(__file__).parents[1] / "docs" / "moonshot.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def moonshot(monkeypatch):
    app = Emulator("moonshot")
    with running(app) as base_url:
        monkeypatch.setenv("MOONSHOT_API_BASE", base_url.removesuffix("/v1"))
        monkeypatch.setenv("MOONSHOT_API_KEY", "sk-test")
        yield app


def run(block, capsys):
    exec(compile(block.replace('= ""', '= "sk-test"'), "docs/moonshot.md", "exec"), {})
    return capsys.readouterr().out


def test_a_call_gets_an_answer(moonshot, capsys):
    out = run(BLOCKS[0], capsys)

    assert "You said: Hello, how are you?" in out
    assert moonshot.requests[-1]["body"]["model"] == "moonshot-v1-8k"


def test_a_stream_gets_chunks(moonshot, capsys):
    out = run(BLOCKS[1], capsys)

    assert len(out.splitlines()) > 3


@pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")
def test_the_three_limitations_are_met(moonshot, capsys):
    out = run(BLOCKS[2], capsys)

    assert out.splitlines() == [
        "['quirkbook/model-prefix', 'moonshot/temperature-range']",
        "['quirkbook/model-prefix', 'moonshot/several-choices-need-heat']",
        "['quirkbook/model-prefix', 'moonshot/tool-choice-required', 'moonshot/tool-choice-required']",
    ]
    hot, cold, tool = (one["body"] for one in list(moonshot.requests)[-3:])
    assert hot["temperature"] == 1
    assert cold["temperature"] == 0.3
    assert "tool_choice" not in tool
    assert tool["messages"][-1] == {"role": "user", "content": "Please select a tool to handle the current issue."}


@pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")
def test_a_class_says_what_the_answer_looks_like(moonshot, capsys):
    pytest.importorskip("pydantic", reason="pydantic, which comes with the openai package, is not installed")
    out = run(f"{BLOCKS[3]}\nprint(type(city).__name__, *response.quirkbook.remarks)", capsys)

    assert out.startswith("City response_format: the class City went as its JSON schema, strict")
    assert moonshot.requests[-1]["body"]["response_format"]["json_schema"]["strict"] is True
