"""A stream, however it is cut, says what the same answer says when it comes whole: at every provider."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta
from tests.strategies import tried

from quirkbook import ChunkTranslator, Rulebook, translate_response
from quirkbook.wire.accumulate import Accumulator

BOOK = Rulebook.load()
MODELS = [
    "deepseek-r1",
    "MiniMax-M2",
    "qwq-32b",
    "gpt-oss-120b",
    "kimi-k2.6",
    "sonar-reasoning-pro",
    "muse-spark-1.2",
    "m",
]
WORDS = ["<think>", "</think>", " ", "\n", "<", "</", "th", "Hi", " there", ".", "", "é"]
AT_ONCE = 20


def an_answer(draw: Random, provider: str) -> dict[str, Any]:
    """Return what a choice says, and why it ends."""
    message: dict[str, Any] = {"content": "".join(draw.choices(WORDS, k=draw.randint(0, 8)))}
    if draw.random() < 0.3 and "<think>" not in message["content"]:
        message[draw.choice(["reasoning_content", "reasoning"])] = "".join(draw.choices(["Hm", " so", "\n"], k=3))
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": draw.choice("fg"), "arguments": draw.choice(["{}", '{"a": 1}', '{"a": [1, "x"]}'])},
        }
        for number in range(draw.choice([0, 0, 1, 2, 3]))
    ]
    if calls:
        message["tool_calls"] = calls
    return {
        "index": 0,
        "message": message,
        "finish_reason": draw.choice(["stop", "length", "tool_calls" if calls else "stop"]),
    }


def pieces_of(text: str, draw: Random) -> list[str]:
    pieces, at = [], 0
    while at < len(text):
        size = draw.randint(1, 5)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def deltas(message: dict[str, Any], draw: Random) -> list[dict[str, Any]]:
    """Cut what is said into deltas: thoughts, then text, then calls."""
    said = [{key: piece} for key in message if key.startswith("reasoning") for piece in pieces_of(message[key], draw)]
    said += [{"content": piece} for piece in pieces_of(message["content"], draw)]
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        first, *rest = pieces_of(function["arguments"], draw)
        begun = {"index": index, **call, "function": {"name": function["name"], "arguments": first}}
        said.append({"tool_calls": [begun]})
        said += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in rest]
    return said


def chunks_of(choice: dict[str, Any], draw: Random) -> list[dict[str, Any]]:
    said = [{"role": "assistant", "content": ""}, *deltas(choice["message"], draw)]
    cut = [{"index": 0, "delta": delta, "finish_reason": None} for delta in said]
    if draw.random() < 0.5:
        cut.append({"index": 0, "delta": {}, "finish_reason": None})
    cut[-1] = {**cut[-1], "finish_reason": choice["finish_reason"]}
    return [{"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [one]} for one in cut]


def told(message: dict[str, Any], reason: Any) -> tuple[Any, ...]:
    calls = [(call.get("id"), call["function"]) for call in message.get("tool_calls") or ()]
    return (
        message.get("content") or "",
        message.get("reasoning_content") or message.get("reasoning") or "",
        calls,
        reason,
    )


def told_by_openai(chunks: list[dict[str, Any]]) -> tuple[Any, ...]:
    message: dict[Any, Any] = {}
    reason = None
    for chunk in chunks:
        for choice in copy.deepcopy(chunk["choices"]):
            message = accumulate_delta(message, choice.get("delta") or {})
            reason = choice.get("finish_reason") or reason
    return told(message, reason)


@pytest.mark.no_cover  # the same code over and over: coverage would double the time
@pytest.mark.timeout(600)  # a minute on a quiet machine; coverage and neighbours make it several
@tried(500)
@given(st.integers(0, 2**32))
def test_a_stream_says_what_the_whole_answer_says(seed):
    draw = Random(seed)
    for _ in range(AT_ONCE):
        provider, model = draw.choice(BOOK.providers), draw.choice(MODELS)
        choice = an_answer(draw, provider)
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        request = {"model": model}
        whole = translate_response(copy.deepcopy(body), provider, request=request, rulebook=BOOK)["choices"][0]
        stream = ChunkTranslator(provider, request={**request, "stream": True}, rulebook=BOOK)

        passed = [one for chunk in chunks_of(choice, draw) for one in stream.feed(chunk)]
        passed += stream.close()

        received = Accumulator()
        for one in passed:
            received.add(one)
        ours = received.answer().to_dict()["choices"][0]
        expected = told(whole["message"], whole["finish_reason"])
        assert told_by_openai(passed) == expected, (provider, model, choice)
        assert told(ours["message"], ours["finish_reason"]) == expected, (provider, model, choice)
