"""What emulated models do when words ask them for it: calls of tools, and answers that fit a schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quirkbook.emulator import Emulator, available, replies
from quirkbook.emulator.asked import calls_in, schema_in

OBJECT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": OBJECT}} for name in ("weather", "news")]


def said(*messages: Any, name: str = "openai", model: str = "gpt-4o", **fields: Any) -> Any:
    payload = {"model": model, "messages": list(messages), **fields}
    answer, dialect = Emulator(name).answer(payload)
    return replies.body(answer, dialect, payload)["choices"][0]["message"]


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def called(message: Any) -> list[Any]:
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message.get("tool_calls", ())
    ]


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('call weather {"city": "Oslo"}', [("weather", {"city": "Oslo"})]),
        ('Call news: {"city": "Rome"}. Then stop.', [("news", {"city": "Rome"})]),
        ("call weather", [("weather", {"city": "city"})]),
        ('call weather {"city": "Oslo"}, call news.', [("weather", {"city": "Oslo"}), ("news", {"city": "city"})]),
        ("call weather {oops", [("weather", {"city": "city"})]),
        ("call weather [1]", [("weather", {"city": "city"})]),
        ("call mum", []),
        ("Hi", []),
    ],
)
def test_a_model_calls_the_tools_that_the_last_message_asks_for(text, calls):
    assert called(said(user(text), tools=TOOLS)) == calls


def test_a_result_of_a_tool_may_ask_for_the_next_call():
    turn = said(user('call weather {"city": "Oslo"}'), tools=TOOLS)
    result = {"role": "tool", "tool_call_id": "a", "content": 'call news {"city": "Oslo"}'}

    assert called(said(user("x"), turn, result, tools=TOOLS)) == [("news", {"city": "Oslo"})]
    assert said(user("x"), turn, {**result, "content": "Sun"}, tools=TOOLS)["content"] == "The tool said: Sun"


def test_only_the_last_message_counts_and_choices_of_the_request_win():
    asked = user("call weather, call news")

    assert called(said(asked, {"role": "assistant", "content": "No."}, tools=TOOLS)) == []
    assert called(said(asked, user("Hi"), tools=TOOLS)) == []
    assert called(said(asked, tools=TOOLS, tool_choice="none")) == []
    assert called(said(asked)) == []
    assert [name for name, _ in called(said(asked, tools=TOOLS, parallel_tool_calls=False))] == ["weather"]
    named = {"type": "function", "function": {"name": "news"}}
    assert called(said(user('call news {"city": "Bonn"}'), tools=TOOLS, tool_choice=named)) == [
        ("news", {"city": "Bonn"})
    ]
    assert called(said(user("Hi"), tools=TOOLS, tool_choice=named)) == [("news", {"city": "city"})]


def test_who_must_call_goes_on_to_the_next_tool_until_all_were_called():
    def turn(name):
        return {"role": "assistant", "tool_calls": [{"id": name, "function": {"name": name, "arguments": "{}"}}]}

    result = {"role": "tool", "tool_call_id": "a", "content": "Sun"}
    asked = [user("Hi"), turn("weather"), result]

    def next_call(*messages):
        return [name for name, _ in called(said(*messages, tools=TOOLS, tool_choice="required"))]

    assert next_call(user("Hi")) == ["weather"]
    assert next_call(*asked) == ["news"]
    assert next_call(*asked, turn("news"), result) == ["news"]
    assert next_call(*asked, turn("news"), result, user("Again")) == ["weather"]


@pytest.mark.parametrize("name", [name for name in available() if name != "perplexity"])
def test_streams_bring_the_same_calls_at_every_provider(name):
    emulator = Emulator(name)
    payload = {
        "model": emulator.provider.models[0].id,
        "messages": [user('call weather {"city": "Oslo"} and call news {"city": "Rome"}')],
        "tools": TOOLS,
    }
    answer, dialect = emulator.answer(payload)
    parts = [
        part
        for chunk in replies.chunks(answer, dialect, payload)
        for choice in chunk["choices"]
        for part in choice.get("delta", {}).get("tool_calls") or ()
    ]
    text = "".join(part["function"]["arguments"] for part in parts)

    assert [part["function"]["name"] for part in parts if part["function"].get("name")][:1] == ["weather"]
    assert text == '{"city": "Oslo"}{"city": "Rome"}'


SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}


@pytest.mark.parametrize(
    "words",
    [
        f"Answer in JSON that fits this JSON schema: {json.dumps(SCHEMA)}",
        f"Reply in json.\n\n```json\n{json.dumps(SCHEMA, indent=2)}\n```\nNothing else.",
        f"JSON like {json.dumps({'type': 'json_schema', 'json_schema': {'name': 'x', 'schema': SCHEMA}})}",
        'First {this}, then JSON: {"$defs": {"a": ' + json.dumps(SCHEMA) + '}, "$ref": "#/$defs/a"}',
    ],
)
@pytest.mark.parametrize("form", [{}, {"response_format": {"type": "json_object"}}])
def test_a_model_obeys_the_schema_that_it_was_told_in_words(words, form):
    message = said({"role": "system", "content": words}, user("How long?"), **form)

    assert json.loads(message["content"]) == {"days": 1}


@pytest.mark.parametrize("text", ['{"type": "text"} in JSON', "JSON {oops", "no word of it: " + json.dumps({"a": 1})])
def test_what_is_no_schema_is_not_obeyed(text):
    assert schema_in([text]) is None
    assert said(user(text))["content"] == f"You said: {text}"


def test_a_text_without_end_is_given_up():
    assert schema_in(["JSON " + "{" * 1000 + json.dumps(SCHEMA)]) is None
    assert calls_in("call a " + "{" * 100_000, ["a"]) == [("a", None)]
