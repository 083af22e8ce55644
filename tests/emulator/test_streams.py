"""Streams, line by line."""

from __future__ import annotations

import json

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def lines(answer):
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    return answer.content.decode().splitlines()


def events(answer):
    found = lines(answer)
    assert found[-2:] == ["data: [DONE]", ""]
    assert set(found[1::2]) == {""}
    return [json.loads(line.removeprefix("data: ")) for line in found[:-2:2]]


def choices(answer):
    return [choice for event in events(answer) for choice in event["choices"]]


USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "cached_tokens": 2}


def test_a_moonshot_stream_has_its_usage_in_the_last_choice(moonshot):
    found = events(moonshot("moonshot-v1-8k", stream=True))

    assert found == [
        {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": reason, **more}]}
        for delta, reason, more in [
            ({"role": "assistant", "content": ""}, None, {}),
            ({"content": "You"}, None, {}),
            ({"content": " said:"}, None, {}),
            ({"content": " Hi"}, None, {}),
            ({}, "stop", {"usage": USAGE}),
        ]
    ]


HEAD = {
    "id": "chatcmpl-b8fc47e109b770dd3ad2c43a",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "moonshot-v1-8k",
}


def test_a_moonshot_stream_has_its_usage_twice_when_asked(moonshot):
    found = events(moonshot("moonshot-v1-8k", stream=True, stream_options={"include_usage": True}))

    assert found[-2]["choices"][0]["usage"] == USAGE
    assert (found[-1]["choices"], found[-1]["usage"]) == ([], USAGE)
    assert ["usage" in event for event in found] == [False] * 5 + [True]


def test_an_openai_stream_has_usage_only_when_asked_and_null_before(openai):
    plain = events(openai("gpt-4o", stream=True))
    asked = events(openai("gpt-4o", stream=True, stream_options={"include_usage": True}))

    assert not any("usage" in event or "usage" in event["choices"][0] for event in plain)
    assert [event["usage"] for event in asked[:-1]] == [None] * 5
    assert (asked[-1]["choices"], asked[-1]["usage"]["total_tokens"]) == ([], 8)


def test_thoughts_come_before_the_text(moonshot):
    deltas = [choice["delta"] for choice in choices(moonshot("kimi-k3", stream=True))]

    assert deltas == [
        {"role": "assistant", "content": ""},
        *({"reasoning_content": piece} for piece in ["The", " user", " wants:", " Hi"]),
        *({"content": piece} for piece in ["You", " said:", " Hi"]),
        {},
    ]


def test_hidden_thoughts_are_counted_and_not_said(openai):
    found = events(openai("o3", stream=True, stream_options={"include_usage": True}))

    assert "".join(c["delta"].get("content") or "" for e in found for c in e["choices"]) == "You said: Hi"
    assert found[-1]["usage"]["completion_tokens_details"] == {"reasoning_tokens": 4}


def test_tool_calls_come_in_pieces(moonshot):
    messages = [{"role": "user", "content": "Use a tool"}]

    found = choices(moonshot("moonshot-v1-8k", stream=True, tools=[TOOL], messages=messages))

    assert [choice["delta"] for choice in found] == [
        {"role": "assistant", "content": ""},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "look:0",
                    "type": "function",
                    "function": {"name": "look", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
        {},
    ]
    assert found[-1]["finish_reason"] == "tool_calls"


def test_several_choices_take_turns(moonshot):
    found = choices(moonshot("moonshot-v1-8k", stream=True, n=2, temperature=0.5))

    assert [choice["index"] for choice in found] == [0, 1] * 5 + [1] * 3
    assert [choice["index"] for choice in found if choice["finish_reason"]] == [0, 1]


def test_logprobs_come_with_each_piece(openai):
    found = choices(openai("gpt-4o", stream=True, logprobs=True))

    assert [choice["logprobs"] and choice["logprobs"]["content"][0]["token"] for choice in found[:-1]] == [
        None,
        "You",
        " said:",
        " Hi",
    ]


def test_a_refusal_of_a_stream_is_plain_json(moonshot):
    answer = moonshot("kimi-k3", stream=True, temperature=0)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")
