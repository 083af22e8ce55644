"""Each refusal that Moonshot's documentation or its users quote, as the whole text, over HTTP."""

from __future__ import annotations

import pytest

ASKED = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "look:0", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLED = [ASKED, {"role": "assistant", "content": "", "tool_calls": [CALL]}]
ANSWERED = [*CALLED, {"role": "tool", "tool_call_id": "look:0", "content": "sun"}]
OFF = {"type": "disabled"}


def tool(**function):
    return {"type": "function", "function": {**TOOL["function"], **function}}


def picture(url):
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


def said(**message):
    return [{**ASKED, **message}]


LOCKED = [
    (model, fields, f"invalid {name}: only {value} is allowed for this model")
    for model in [
        "kimi-k2.5",
        "kimi-k2.6",
        "kimi-k2.7-code",
        "kimi-k2.7-code-highspeed",
        "kimi-k3",
        "kimi-k3.1-pro",
    ]
    for name, value, fields in [
        ("temperature", "1", {"temperature": 0.7}),
        ("temperature", "1", {"temperature": 0}),
        ("top_p", "0.95", {"top_p": 1}),
        ("n", "1", {"n": 2}),
        ("presence_penalty", "0", {"presence_penalty": 0.1}),
        ("frequency_penalty", "0", {"frequency_penalty": -0.1}),
    ]
]

REFUSED = [
    *LOCKED,
    (
        "kimi-k2.5",
        {"thinking": OFF, "temperature": 1},
        "invalid temperature: only 0.6 is allowed for this model",
    ),
    (
        "kimi-k2.6",
        {"thinking": OFF, "temperature": 0.5},
        "invalid temperature: only 0.6 is allowed for this model",
    ),
    ("kimi-k2.7-code", {"thinking": OFF}, "invalid thinking: only type=enabled is allowed for this model"),
    (
        "kimi-k2-thinking",
        {"thinking": True},
        "the thinking field in the request (expected type object) is illegal, and bool is not acceptable",
    ),
    (
        "kimi-k2.6",
        {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
        "cannot specify both 'thinking' and 'reasoning_effort'",
    ),
    (
        "kimi-k2.5",
        {"thinking": {"type": "enabled", "keep": "all"}},
        "thinking.keep is not supported by model kimi-k2.5",
    ),
    (
        "kimi-k2.6",
        {"tools": [TOOL], "tool_choice": "required"},
        "tool_choice 'required' is incompatible with thinking enabled",
    ),
    (
        "kimi-k2.7-code",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        "tool_choice 'specified' is incompatible with thinking enabled",
    ),
    (
        "kimi-k3",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        "tool_choice 'specified' is incompatible with thinking enabled",
    ),
    ("moonshot-v1-8k", {"tool_choice": "required"}, "Invalid request: tool_choice required is not supported"),
    (
        "kimi-k2.5",
        {"messages": ANSWERED},
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
    ),
    (
        "kimi-k2.6",
        {"messages": [ASKED, {**CALLED[1], "reasoning_content": ""}, ANSWERED[2]]},
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
    ),
    (
        "moonshot-v1-8k",
        {"messages": [ASKED, {"role": "assistant", "content": ""}, ASKED]},
        "Invalid request: the message at position 1 with role 'assistant' must not be empty",
    ),
    (
        "kimi-k3",
        {"messages": [ASKED, {"role": "assistant", "reasoning_content": "Hm."}, ASKED]},
        "Invalid request: the message at position 1 with role 'assistant' must not be empty",
    ),
    (
        "moonshot-v1-8k",
        {"messages": said(content="")},
        "Invalid request: the message at position 0 with role 'user' must not be empty",
    ),
    (
        "moonshot-v1-8k",
        {"messages": [{"role": "system", "content": None}, ASKED]},
        "Invalid request: the message at position 0 with role 'system' must not be empty",
    ),
    (
        "kimi-k2.6",
        {"messages": said(content=[{"type": "text", "text": ""}])},
        "Invalid request: text content is empty",
    ),
    (
        "moonshot-v1-8k",
        {"messages": said(content={"type": "text", "text": "Hi"})},
        "Invalid request: the `messages.content` field in the request (expected type []object) is illegal, "
        "and object is not acceptable",
    ),
    (
        "moonshot-v1-8k",
        {"response_format": "json_object"},
        "Invalid request: the `response_format` field in the request (expected type object) is illegal, "
        "and string is not acceptable",
    ),
    (
        "moonshot-v1-8k",
        {"temperature": "0.5"},
        "Invalid request: the `temperature` field in the request (expected type float) is illegal, "
        "and string is not acceptable",
    ),
    (
        "kimi-k2.6",
        {"messages": picture("https://example.com/cat.png")},
        "Invalid request: unsupported image url: https://example.com/cat.png",
    ),
    (
        "kimi-k2.6",
        {"messages": picture("data:image/svg+xml;base64,PHN2Zy8+")},
        "Invalid request: unsupported image format: text/plain; charset=utf-8",
    ),
    (
        "moonshot-v1-32k",
        {"messages": picture("data:image/png;base64,AAAA")},
        "Invalid request: Image input not supported for model moonshot-v1-32k",
    ),
    (
        "moonshot-v1-8k",
        {"messages": said(content=[{"type": "input_audio", "input_audio": {"data": "", "format": "mp3"}}])},
        "Invalid request: the message at position 0 has a content part of an unsupported type",
    ),
    (
        "moonshot-v1-8k",
        {"messages": [{"role": "developer", "content": "Be brief."}, ASKED]},
        "Invalid request: the message at position 0 has an unsupported role",
    ),
    ("moonshot-v1-8k", {"messages": []}, "Invalid request: messages must not be empty"),
    (
        "moonshot-v1-8k",
        {"messages": [ASKED, {"role": "tool", "tool_call_id": "x:1", "content": "sun"}]},
        "Invalid request: tool_call_id x:1 is not found",
    ),
    (
        "moonshot-v1-8k",
        {"messages": [*CALLED, ASKED]},
        "Invalid request: an assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. The following tool_call_ids did not have response messages: look:0",
    ),
    (
        "moonshot-v1-8k",
        {
            "messages": [
                ASKED,
                {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]},
                *[ANSWERED[2]] * 2,
            ]
        },
        "Invalid request: tool_call_id look:0 is duplicated",
    ),
    (
        "moonshot-v1-8k",
        {"tools": [tool(name="2fast")]},
        "function name is invalid, must start with a letter and can contain letters, numbers, underscores, and dashes",
    ),
    ("moonshot-v1-8k", {"tools": [TOOL, TOOL]}, "function name look is duplicated"),
    (
        "moonshot-v1-8k",
        {"tools": [tool(name=f"t{index}") for index in range(129)]},
        "Invalid request: at most 128 tools are allowed",
    ),
    (
        "moonshot-v1-8k",
        {"tools": [{"type": "custom", "custom": {"name": "look"}}]},
        "Invalid request: only tools of type function and builtin_function are supported",
    ),
    (
        "kimi-k2.6",
        {"tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]},
        "builtin_function is incompatible with thinking enabled",
    ),
    (
        "kimi-k3",
        {"tools": [tool(parameters={"properties": {}})]},
        'tools.function.parameters.type is required and must be "object"',
    ),
    (
        "kimi-k3",
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
        'tools.function.parameters.type is required and must be "object"',
    ),
    (
        "moonshot-v1-8k",
        {"functions": [TOOL["function"]]},
        "Invalid request: functions and function_call are not supported, use tools",
    ),
    ("moonshot-v1-8k", {"temperature": 1.01}, "invalid temperature: must be between 0 and 1"),
    ("kimi-k2-0905-preview", {"temperature": -0.1}, "invalid temperature: must be between 0 and 1"),
    ("kimi-k2-thinking", {"temperature": 2}, "invalid temperature: must be between 0 and 1"),
    ("moonshot-v1-8k", {"top_p": 1.5}, "invalid top_p: must be between 0 and 1"),
    ("moonshot-v1-8k", {"presence_penalty": 2.5}, "invalid presence_penalty: must be between -2 and 2"),
    ("moonshot-v1-8k", {"n": 6, "temperature": 1}, "invalid n: must be between 1 and 5"),
    (
        "moonshot-v1-8k",
        {"n": 2, "temperature": 0.2},
        "invalid n: only 1 is allowed when temperature is close to 0",
    ),
    ("moonshot-v1-8k", {"stop": list("abcdef")}, "invalid stop: at most 5 stop words are allowed"),
    ("moonshot-v1-8k", {"stop": "x" * 33}, "invalid stop: a stop word must not exceed 32 bytes"),
    ("moonshot-v1-8k", {"stop": ["é" * 17]}, "invalid stop: a stop word must not exceed 32 bytes"),
    ("kimi-k3", {"top_logprobs": 21}, "invalid top_logprobs: must be between 0 and 20"),
    (
        "kimi-k3",
        {"reasoning_effort": "medium"},
        "invalid reasoning_effort: only low, high and max are allowed for this model",
    ),
    ("moonshot-v1-8k", {"response_format": {"type": "xml"}}, "Invalid request: response_format is invalid"),
    ("moonshot-v1-8k", {"messages": said(content="word " * 9000)}, "Input token length too long"),
    (
        "moonshot-v1-8k",
        {"max_completion_tokens": 8192},
        "Invalid request: Your request exceeded model token limit: 8192 (requested: 8197)",
    ),
]


@pytest.mark.parametrize(("model", "fields", "message"), REFUSED)
def test_a_payload_outside_the_limits_gets_400_and_the_providers_text(moonshot, model, fields, message):
    answer = moonshot(model, **fields)

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": {"message": message, "type": "invalid_request_error"}},
    )


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("moonshot-v1-8k", {"temperature": 0}),
        ("moonshot-v1-8k", {"temperature": 1, "n": 5}),
        ("moonshot-v1-8k", {"temperature": 0.3, "n": 2}),
        ("moonshot-v1-8k", {"n": 2}),
        ("moonshot-v1-8k", {"temperature": 0, "n": None}),
        ("kimi-k2-0905-preview", {"n": 2}),
        ("kimi-k2-turbo-preview", {"temperature": 0.1}),
        (
            "kimi-k2-0905-preview",
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        ),
        (
            "moonshot-v1-8k",
            {
                "messages": [ASKED, {"role": "assistant", "content": "{", "partial": True}],
                "response_format": {"type": "json_object"},
            },
        ),
        ("moonshot-v1-8k", {"stop": ["é" * 16, *"abcd"]}),
        ("moonshot-v1-8k", {"temperature": None, "stop": None, "tools": None, "tool_choice": None}),
        ("moonshot-v1-8k", {"user": "someone", "safety_identifier": "s", "prompt_cache_key": "p"}),
        ("moonshot-v1-8k", {"logprobs": True, "top_logprobs": 20}),
        ("moonshot-v1-8k", {"max_tokens": 10}),
        ("moonshot-v1-8k", {"max_completion_tokens": 8187}),
        ("moonshot-v1-8k", {"messages": ANSWERED}),
        (
            "moonshot-v1-8k",
            {"messages": [ASKED, {"role": "assistant", "name": "Kim", "content": "", "partial": True}]},
        ),
        ("moonshot-v1-8k-vision-preview", {"messages": picture("data:image/png;base64,AAAA")}),
        ("kimi-k2.6", {"messages": picture("ms://file-1")}),
        (
            "kimi-k2.6",
            {"temperature": 1, "top_p": 0.95, "n": 1, "presence_penalty": 0, "frequency_penalty": 0},
        ),
        ("kimi-k2.6", {"thinking": OFF, "temperature": 0.6, "tools": [TOOL], "tool_choice": "required"}),
        ("kimi-k2.6", {"thinking": {"type": "enabled", "keep": "all"}}),
        ("kimi-k2.6", {"thinking": OFF, "messages": ANSWERED}),
        (
            "kimi-k2.6",
            {"thinking": OFF, "tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}]},
        ),
        ("kimi-k2.6", {"messages": [ASKED, {**CALLED[1], "reasoning_content": " "}, ANSWERED[2]]}),
        ("kimi-k2.5", {"messages": [ASKED, {**CALLED[1], "reasoning_content": ""}, ANSWERED[2]]}),
        ("kimi-k3", {"tools": [TOOL], "tool_choice": "required"}),
        ("kimi-k3", {"reasoning_effort": "max"}),
        ("kimi-k3", {"messages": ANSWERED}),
    ],
)
def test_a_payload_on_the_limits_is_answered(moonshot, model, fields):
    assert moonshot(model, **fields).status_code == 200


def test_an_unknown_model_is_not_found(moonshot):
    answer = moonshot("kimi-latest")

    assert (answer.status_code, answer.json()) == (
        404,
        {
            "error": {
                "message": "Not found the model kimi-latest or Permission denied",
                "type": "resource_not_found_error",
            }
        },
    )
