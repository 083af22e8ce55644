"""Agents of four frameworks, streamed, against emulated providers: a tool is called, its result goes back, they answer."""

from __future__ import annotations

import json
import os

import pytest
from tests.peers.agents import LOOPS

from quirkbook.emulator import Emulator, running

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or LiteLLM asks the network for prices when imported

pytestmark = pytest.mark.filterwarnings("ignore")

MODELS = {
    "deepseek": "deepseek-v4-flash",
    "gemini": "gemini-3-flash-preview",
    "groq": "openai/gpt-oss-120b",
    "mistral": "mistral-large-latest",
    "moonshot": "kimi-k2.6",
}


def _first_model(name: str) -> str:
    emulator = Emulator(name)
    wanted = MODELS[name]
    return wanted if emulator.provider.model(wanted) else emulator.provider.models[-1].id


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
@pytest.mark.parametrize("provider", MODELS)
def test_a_streamed_loop_calls_a_tool_and_answers_with_its_result(provider, loop):
    emulator = Emulator(provider)
    with running(emulator) as url:
        answer = loop(provider, _first_model(provider), url, 'Please call weather {"city": "Oslo"}')

    assert answer == "The tool said: Sunny in Oslo"
    assert [one["status"] for one in emulator.requests] == [200, 200]
    turn, result = emulator.requests[1]["body"]["messages"][-2:]
    assert [json.loads(call["function"]["arguments"]) for call in turn["tool_calls"]] == [{"city": "Oslo"}]
    assert (result["role"], result["tool_call_id"]) == ("tool", turn["tool_calls"][0]["id"])


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
@pytest.mark.parametrize("provider", MODELS)
def test_calls_side_by_side_stay_apart(provider, loop):
    emulator = Emulator(provider)
    asked = 'Please call weather {"city": "Oslo"} and call weather {"city": "Rome"}'
    with running(emulator) as url:
        loop(provider, _first_model(provider), url, asked)

    *_, first, second = emulator.requests[1]["body"]["messages"]
    assert [one["status"] for one in emulator.requests] == [200, 200]
    assert [first["content"], second["content"]] == ["Sunny in Oslo", "Sunny in Rome"]
    assert first["tool_call_id"] != second["tool_call_id"]
