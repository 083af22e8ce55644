"""Calls as applications make them of completion(), drawn from a fixed seed: the same ones in every run."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.chat_payloads import ASKED, HI, PICTURE, STEPS, WEATHER, assistant, calls, result, system, tool, user
from tests.chat_requests import PNG

Call = dict[str, Any]

MODELS = (
    "moonshot-v1-8k", "moonshot-v1-32k", "moonshot-v1-auto", "moonshot-v1-8k-vision-preview",
    "kimi-k2-0711-preview", "kimi-k2-turbo-preview", "kimi-k2-thinking", "kimi-latest",
    "kimi-k2.5", "kimi-k2.6", "kimi-k3", "not-known-yet",
)  # fmt: skip

LOOKED_UP = [WEATHER, calls("weather"), result("call_a")]
THOUGHT = [WEATHER, calls("weather", reasoning_content="Let me look."), result("call_a")]
OLD_CALL = {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}}
OLD_RESULT = {"role": "function", "name": "weather", "content": "sun"}

#: Conversations without tools.
TALKS: tuple[list[dict[str, Any]], ...] = (
    [HI],
    ASKED,
    [system("Be brief.", "developer"), HI],
    [HI, assistant("Hello."), system("Now in French.", "developer"), user("Bye")],
    [system([{"type": "text", "text": "Be brief."}]), HI],
    [user([{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}])],
    [user([{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}])],
    [user([{"type": "text", "text": "What is this?"}, PICTURE])],
    [user([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": PNG}])],
    [
        user(
            [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            ]
        )
    ],
    [user("")],
    [HI, assistant("Hello.", reasoning_content="A greeting."), user("Bye")],
    [HI, assistant("", reasoning_content="Hm."), user("Go on")],
    [HI, assistant(""), user("Go on")],
    [HI, {"role": "assistant", "content": None, "refusal": "I cannot."}, user("Why?")],
    [HI, assistant("{", partial=True)],
    [{**HI, "name": "Vin"}, assistant("Hello."), user("Bye")],
)

#: Conversations in which tools were called.
WORK: tuple[list[dict[str, Any]], ...] = (
    LOOKED_UP,
    [*LOOKED_UP, assistant("Sunny."), user("And tomorrow?")],
    THOUGHT,
    [*THOUGHT, assistant("Sunny.", reasoning_content="It said sun."), user("And tomorrow?")],
    [WEATHER, calls("weather", reasoning_content=""), result("call_a")],
    [WEATHER, calls("weather", provider_specific_fields={"reasoning_content": "Let me look."}), result("call_a")],
    [WEATHER, calls("weather", content=[{"type": "text", "text": ""}]), result("call_a")],
    [WEATHER, calls("weather", "news"), result("call_a"), result("call_b")],
    [WEATHER, calls("weather", "news", ids=("call_a", "call_a")), result("call_a"), result("call_a", "no news")],
    [WEATHER, calls("weather"), result("call_a", "")],
    [WEATHER, calls("weather"), result("call_a", [{"type": "text", "text": "sun"}])],
)
OLD_WORK = [WEATHER, OLD_CALL, OLD_RESULT]

TOOLS: tuple[list[dict[str, Any]], ...] = (
    [tool()],
    [tool(), tool("news")],
    [tool(strict=True), tool("news")],
    [tool(), tool()],
    [{"type": "function", "function": {"name": "now"}}],
    [{"type": "function", "function": {"name": "now", "parameters": {}}}],
    [tool(parameters={"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}})],
    [tool(parameters={"type": "object", "properties": {"a": {"type": ["string", "null"], "minLength": 1}}})],
    [tool(parameters={"type": "object", "properties": {"a": {"$ref": "#/$defs/A", "description": "An a."}},
                      "$defs": {"A": {"type": "string"}}})],
)  # fmt: skip

#: Name of a parameter -> how often of a hundred calls have it, and what it may be.
OPTIONS: dict[str, tuple[int, tuple[Any, ...]]] = {
    "temperature": (50, (0, 0.0, 0.1, 0.3, 0.6, 0.7, 1, 1.0, 1.4, 2)),
    "n": (25, (1, 2, 4)),
    "top_p": (25, (0.5, 0.9, 0.95, 1)),
    "presence_penalty": (15, (0, 0.6, -0.5)),
    "frequency_penalty": (15, (0, 0.4)),
    "stop": (20, ("END", ["\n\nHuman:", "END"], ["a", "b", "c", "d", "e", "f"], "-" * 40)),
    "max_tokens": (20, (1, 256, 4096)),
    "max_completion_tokens": (15, (256, 1024)),
    "seed": (10, (7,)),
    "user": (15, ("u-17",)),
    "logit_bias": (5, ({"1734": -100},)),
    "logprobs": (6, (True,)),
    "reasoning_effort": (15, ("none", "low", "high")),
    "thinking": (6, ({"type": "disabled"}, {"type": "enabled"})),
    "parallel_tool_calls": (6, (True, False)),
    "prompt_cache_key": (6, ("session-1",)),
    "safety_identifier": (5, ("h-4",)),
    "service_tier": (4, ("auto",)),
    "metadata": (4, ({"team": "search"},)),
    "store": (4, (False,)),
    "response_format": (20, (
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "steps", "strict": True, "schema": STEPS}},
        {"type": "json_schema", "json_schema": {"name": "loose", "schema": {"properties": {"a": {"type": "string"}}}}},
    )),
    "stream": (25, (True, True, False)),
    "extra_body": (6, ({"thinking": {"type": "disabled"}}, {"temperature": 1.4}, {"seed": 11})),
}  # fmt: skip


def generated(count: int = 100, seed: int = 5) -> list[Call]:
    """Return that many calls, as keyword arguments of completion(); with this seed each habit of LiteLLM shows."""
    random = Random(seed)
    return [_call(random, MODELS[at % len(MODELS)], TALKS[at % len(TALKS)]) for at in range(count)]


def _call(random: Random, model: str, talk: list[dict[str, Any]]) -> Call:
    call: Call = {"model": f"moonshot/{model}", "messages": talk}
    kind = random.randrange(100)
    if kind < 30:
        call |= {"messages": random.choice((*TALKS, *WORK)), "tools": random.choice(TOOLS)}
        name = call["tools"][0]["function"]["name"]
        choice = random.choice((None, "auto", "none", "required", {"type": "function", "function": {"name": name}}))
        if choice is not None:
            call["tool_choice"] = choice
    elif kind < 50:
        call |= {"messages": random.choice(WORK), "tools": [tool(), tool("news")]}
    elif kind < 58:
        call |= {"messages": random.choice((OLD_WORK, [HI])), "functions": [tool()["function"]]}
        choice = random.choice((None, "auto", {"name": "weather"}))
        if choice is not None:
            call["function_call"] = choice
    for name, (often, values) in OPTIONS.items():
        if random.randrange(100) < often:
            call[name] = random.choice(values)
    if "logprobs" in call and random.randrange(2):
        call["top_logprobs"] = 3
    if call.get("stream") and random.randrange(2):
        call["stream_options"] = {"include_usage": True}
    return call
