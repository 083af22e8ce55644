"""What is made of a request, without a server: equal in a stream and in one piece, and samples that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.strategies import tried

from quirkbook.emulator import Emulator, replies
from quirkbook.emulator.refusal import fill
from quirkbook.emulator.sample import sample

EMULATOR = Emulator("openai")
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("look", "listen")]

requests = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gpt-4o", "gpt-4.1"]),
        "messages": st.lists(
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant", "system"]),
                    "content": st.sampled_from(["Hi", "", "use a tool", "use every tool", "json", "é one  two "]),
                }
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={
        "n": st.sampled_from([None, 1, 3]),
        "stop": st.sampled_from([None, "one", ["", "two"]]),
        "max_tokens": st.sampled_from([None, 1, 3]),
        "tools": st.just(TOOLS),
        "logprobs": st.booleans(),
        "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}]),
    },
)


@tried(100)
@given(requests)
def test_a_stream_says_what_the_whole_answer_says(payload):
    if EMULATOR.provider.refusal(payload, EMULATOR.provider.model(payload["model"])):
        return
    answer, dialect = EMULATOR.answer(payload)
    whole = replies.body(answer, dialect, payload)["choices"]
    said = {index: {"content": "", "arguments": "", "reason": None} for index in range(len(whole))}
    for chunk in replies.chunks(answer, dialect, payload):
        for choice in chunk["choices"]:
            into, delta = said[choice["index"]], choice["delta"]
            into["content"] += delta.get("content") or ""
            into["arguments"] += "".join(c["function"]["arguments"] for c in delta.get("tool_calls", []))
            into["reason"] = choice["finish_reason"]

    assert list(said.values()) == [
        {
            "content": choice["message"]["content"] or "",
            "arguments": "".join(c["function"]["arguments"] for c in choice["message"].get("tool_calls", [])),
            "reason": choice["finish_reason"],
        }
        for choice in whole
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"const": 7},
        {"type": "string", "default": "d"},
        {"type": ["integer", "null"], "minimum": 5},
        {"type": "number", "maximum": 0.5},
        {"type": "null"},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
        {"type": "number", "exclusiveMinimum": 4},
        {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6},
        {"type": "integer", "minimum": 4, "multipleOf": 5},
        {"type": "integer", "maximum": -3},
        {"type": "number", "minimum": 1, "maximum": 1.2, "multipleOf": 0.5},
        {"type": "string", "minLength": 9},
        {"type": "string", "maxLength": 2},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "items": False},
        {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": True, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "required": ["a", "c"],
            "allOf": [{"$ref": "#/$defs/b"}, True],
            "$defs": {"b": {"properties": {"b": {"type": "string"}}, "required": ["b"]}},
        },
        {
            "type": "object",
            "properties": {"a": {}},
            "anyOf": [{"required": ["a"], "properties": {"b": {"type": "null"}}}],
        },
        {"type": "array", "items": {"type": "boolean"}, "minItems": 3},
        {"oneOf": [{"type": "object", "properties": {"a": {"enum": [2]}}, "required": ["a"]}]},
        {
            "type": "object",
            "properties": {"next": {"$ref": "#"}, "tags": {"type": "array", "items": {"$ref": "#"}}},
            "required": ["tags"],
        },
    ],
)
def test_a_sample_fits_its_schema(schema):
    Draft202012Validator(schema).validate(sample(schema))


@pytest.mark.parametrize("kind", ["date", "date-time", "email", "ipv4", "uuid", "duration", "time"])
def test_a_text_has_the_format_that_its_schema_names(kind):
    schema = {"type": "string", "format": kind}

    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(sample(schema))


def test_a_schema_that_never_ends_has_an_end_all_the_same():
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}

    assert str(sample(schema)).count("next") == 5


def test_an_error_body_may_be_a_list():
    assert fill([{"error": {"message": "$message", "code": "$code", "domain": "global"}}], {"message": "no"}) == [
        {"error": {"message": "no", "code": None, "domain": "global"}}
    ]
