"""Accepted requests: what comes back, whole and the same each time."""

from __future__ import annotations

import json

import pytest

from quirkbook.emulator.completion import complete

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}
TIME = {"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}}


def user(text):
    return [{"role": "user", "content": text}]


def test_a_completion_in_the_moonshot_dialect(moonshot):
    assert moonshot("kimi-k2.6").json() == {
        "id": "chatcmpl-d86582f2bcfcc993cbb6637f",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "kimi-k2.6",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "You said: Hi",
                    "reasoning_content": "The user wants: Hi",
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 7,
            "total_tokens": 12,
            "cached_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    }


def test_a_completion_in_the_openai_dialect(openai):
    found = openai("gpt-4o").json()

    assert (found["system_fingerprint"], found["choices"], found["usage"]) == (
        "fp_emulated",
        [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "You said: Hi",
                    "refusal": None,
                    "annotations": [],
                },
                "finish_reason": "stop",
            }
        ],
        {
            "prompt_tokens": 5,
            "completion_tokens": 3,
            "total_tokens": 8,
            "prompt_tokens_details": {"cached_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    )


def test_equal_requests_get_equal_answers(moonshot):
    assert moonshot("kimi-k3").content == moonshot("kimi-k3").content


def test_thinking_models_say_what_they_think_until_it_is_switched_off(moonshot):
    def thought(model, **fields):
        return moonshot(model, **fields).json()["choices"][0]["message"].get("reasoning_content")

    thinking = ["kimi-k2-thinking", "kimi-k2.5", "kimi-k2.6", "kimi-k2.7-code", "kimi-k3", "kimi-k3.1-pro"]
    assert {model: thought(model) for model in thinking} == dict.fromkeys(thinking, "The user wants: Hi")
    assert thought("moonshot-v1-8k") is None
    assert thought("kimi-k2.6", thinking={"type": "disabled"}) is None


def test_each_choice_has_its_own_text(moonshot):
    choices = moonshot("moonshot-v1-8k", n=3, temperature=0.5).json()["choices"]

    assert [(choice["index"], choice["message"]["content"]) for choice in choices] == [
        (0, "You said: Hi"),
        (1, "You said: Hi (choice 2)"),
        (2, "You said: Hi (choice 3)"),
    ]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, []),
        ({"messages": user("Use a tool")}, ["weather"]),
        ({"messages": user("Use every tool")}, ["weather", "time"]),
        ({"messages": user("Use every tool"), "parallel_tool_calls": False}, ["weather"]),
        ({"messages": user("Use a tool"), "tool_choice": "none"}, []),
        ({"tool_choice": "required"}, ["weather"]),
        ({"tool_choice": {"type": "function", "function": {"name": "time"}}}, ["time"]),
    ],
)
def test_tools_are_called_when_the_user_asks_or_the_caller_insists(openai, fields, names):
    choice = openai("gpt-4o", tools=[TOOL, TIME], **fields).json()["choices"][0]

    assert [call["function"]["name"] for call in choice["message"].get("tool_calls", [])] == names
    assert choice["finish_reason"] == ("tool_calls" if names else "stop")


def test_a_tool_call_has_arguments_that_fit_and_an_id_of_the_providers_form(moonshot):
    choice = moonshot("moonshot-v1-8k", tools=[TOOL], messages=user("Use a tool")).json()["choices"][0]

    assert choice == {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "weather:0",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "city", "days": 1}'},
                }
            ],
        },
        "finish_reason": "tool_calls",
    }


def test_after_the_result_of_a_tool_comes_text(moonshot):
    call = {"id": "weather:0", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    messages = [
        *user("Use a tool"),
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "weather:0", "content": "sun"},
    ]

    choice = moonshot("moonshot-v1-8k", tools=[TOOL], messages=messages).json()["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == ("The tool said: sun", "stop")


def test_a_cap_cuts_the_text_and_says_so(moonshot):
    found = moonshot("moonshot-v1-8k", max_tokens=2, messages=user("one two three")).json()

    assert found["choices"][0]["message"]["content"] == "You said:"
    assert (found["choices"][0]["finish_reason"], found["usage"]["completion_tokens"]) == ("length", 2)


@pytest.mark.parametrize("stop", ["two", ["nowhere", "two", " three"]])
def test_the_text_ends_before_the_first_stop_word(moonshot, stop):
    choice = moonshot("moonshot-v1-8k", stop=stop, messages=user("one two three")).json()["choices"][0]

    assert (choice["message"]["content"], choice["finish_reason"]) == ("You said: one ", "stop")


def test_logprobs_come_for_each_token(openai):
    choice = openai("gpt-4o", logprobs=True, top_logprobs=2).json()["choices"][0]

    assert [token["token"] for token in choice["logprobs"]["content"]] == ["You", " said:", " Hi"]
    assert choice["logprobs"]["content"][0] == {
        "token": "You",
        "logprob": -0.1,
        "bytes": [89, 111, 117],
        "top_logprobs": [
            {"token": "You", "logprob": -0.1, "bytes": [89, 111, 117]},
            {"token": "You1", "logprob": -0.2, "bytes": [89, 111, 117, 49]},
        ],
    }


def test_json_mode_answers_with_an_object(moonshot):
    choice = moonshot("moonshot-v1-8k", response_format={"type": "json_object"}).json()["choices"][0]

    assert json.loads(choice["message"]["content"]) == {"said": "Hi"}


def test_a_schema_for_the_answer_is_fulfilled(moonshot):
    schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]},
            "sizes": {"type": "array", "items": {"type": "number"}},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "again": {"$ref": "#/$defs/again"},
            "sure": {"type": "boolean"},
        },
        "$defs": {"again": {"type": "object", "properties": {"again": {"$ref": "#/$defs/again"}}}},
    }
    asked = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}

    choice = moonshot("moonshot-v1-8k", response_format=asked).json()["choices"][0]

    assert json.loads(choice["message"]["content"]) == {
        "kind": "a",
        "sizes": [1],
        "maybe": None,
        "again": {"again": {}},
        "sure": True,
    }


def test_text_that_is_no_unicode_is_answered_all_the_same(moonshot):
    answer = moonshot("moonshot-v1-8k", messages=user("half a pair: \ud800"))

    assert answer.json()["choices"][0]["message"]["content"] == "You said: half a pair: ?"


def test_a_schema_that_is_not_there_is_one_of_any_object():
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema"}}

    assert complete(asked, thinks=False, call_ids="call_1").choices[0].content == "{}"
