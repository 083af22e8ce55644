"""A payload four times as large takes four times as many steps: counted, not timed, so that no machine is too slow."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.chat_payloads import calls, result, system, tool, user
from tests.corpus import SCHEMAS

from quirkbook import Rulebook
from quirkbook.api import apply_rules

BOOK = Rulebook.load()
SMALL, TIMES = 60, 4
DEEP = 160
"""Levels of what is deep: deeper than the lane for usual schemas goes (see jsonschema/lane.py)."""

#: Providers with many rules, or rules that look from one message to all others, each with a model they speak of.
MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "dashscope": "qwen3-max",
    "deepseek": "deepseek-reasoner",
    "gemini": "gemini-2.5-pro",
    "groq": "llama-3.3-70b-versatile",
    "minimax": "MiniMax-M2",
    "mistral": "mistral-large-latest",
    "moonshot": "kimi-k2.6",
    "openai": "gpt-5",
    "xai": "grok-4",
    "zai": "glm-4.6",
}


def agent(size: int) -> Any:
    """Return a conversation of that many turns, each with two calls and their results."""
    turns: list[Any] = []
    for at in range(size):
        ids = (f"call_{at}_a", f"call_{at}_b")
        turns += [
            user(f"Question {at}"),
            calls("weather", "news", ids=ids),
            result(ids[1]),
            result(ids[0], f"sun {at}"),
        ]
    return {"messages": [system("Be brief."), *turns], "tools": [tool(), tool("news")]}


def muddle(size: int) -> Any:
    """Return one that nearly every rule on messages has something to say to."""
    turn: list[Any] = [
        system("Now in French.", "developer"),
        user([{"type": "text", "text": "One."}, {"type": "text", "text": ""}]),
        user(""),
        calls("weather", "weather", ids=("a", "a"), reasoning_content="Hm."),
        result("a", ""),
        result("b"),
        {"role": "assistant", "content": "", "function_call": {"name": "now", "arguments": ""}},
        {"role": "function", "name": "now", "content": None},
    ]
    return {"messages": turn * size}


def offers(size: int) -> Any:
    """Return many tools, with schemas as people write and generate them."""
    offered = [tool(f"look_{at}", SCHEMAS[at % len(SCHEMAS)], strict=at % 3 == 0) for at in range(size)]
    return {"messages": [user("Hi")], "tools": offered, "tool_choice": "required"}


def depth(size: int) -> Any:
    """Return a schema that is so many levels deep, and a message with such a value."""
    schema: Any = {"type": "string"}
    deep: Any = "x"
    for at in range(size):
        schema = {"type": "object", "properties": {"a": schema, "b": {"const": at}}, "required": ["a"]}
        deep = [deep] if at % 2 else {"a": deep}
    return {"messages": [user("Hi"), user([{"type": "text", "text": "x", "more": deep}])], "tools": [tool("f", schema)]}


def parts(size: int) -> Any:
    """Return a message of many parts, and lists and objects of many members elsewhere."""
    made = [{"type": "text", "text": f"part {at}"} for at in range(size)]
    several = {f"k{at}": at for at in range(size)}
    return {"messages": [user(made)], "stop": [f"s{at}" for at in range(size)], "metadata": several, **several}


def steps_of(payload: Any, provider: str) -> int:
    """Return how many lines of Python a translation runs, and calls."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        apply_rules(payload, provider, None, None, BOOK, None)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("make", [agent, muddle, offers, depth, parts], ids=lambda make: make.__name__)
@pytest.mark.parametrize("provider", MODELS)
def test_four_times_the_size_is_at_most_five_times_the_steps(provider, make):
    size = DEEP if make is depth else SMALL
    small, large = ({"model": MODELS[provider], **make(many)} for many in (size, size * TIMES))
    steps_of(small, provider)  # rules are read and compiled once

    assert steps_of(large, provider) <= 5 * steps_of(small, provider)
