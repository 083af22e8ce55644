"""What OpenAI refuses: faults of shape, and the limits of the reasoning models."""

from __future__ import annotations

import pytest

ASKED = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "look"}}
NO_TEMPERATURE = "Only the default (1) value is supported."


def value(name, text):
    message = f"Unsupported value: '{name}' does not support {text}"
    return {"message": message, "param": name, "code": "unsupported_value"}


def parameter(name, more=""):
    message = f"Unsupported parameter: '{name}' is not supported with this model.{more}"
    return {"message": message, "param": name, "code": "unsupported_parameter"}


REFUSED = [
    ("o1", {"max_tokens": 5}, parameter("max_tokens", " Use 'max_completion_tokens' instead.")),
    ("gpt-5-mini", {"max_tokens": 5}, parameter("max_tokens", " Use 'max_completion_tokens' instead.")),
    ("gpt-5", {"temperature": 0.7}, value("temperature", f"0.7 with this model. {NO_TEMPERATURE}")),
    ("o4-mini", {"temperature": 0.1}, value("temperature", f"0.1 with this model. {NO_TEMPERATURE}")),
    (
        "gpt-5.1",
        {"temperature": 0.1, "reasoning_effort": "low"},
        value("temperature", f"0.1 with this model. {NO_TEMPERATURE}"),
    ),
    ("gpt-5.5", {"temperature": 0.1}, value("temperature", f"0.1 with this model. {NO_TEMPERATURE}")),
    ("o3-mini", {"temperature": 1}, parameter("temperature")),
    ("o3", {"top_p": 0.5}, parameter("top_p")),
    ("gpt-5", {"presence_penalty": 0}, parameter("presence_penalty")),
    ("gpt-5.2", {"logprobs": True, "reasoning_effort": "high"}, parameter("logprobs")),
    ("gpt-5.6", {"logprobs": True}, parameter("logprobs")),
    ("gpt-5", {"stop": None}, parameter("stop")),
    ("gpt-5.1", {"stop": ["a"]}, parameter("stop")),
    (
        "o1-mini",
        {"messages": [{"role": "system", "content": "Be brief."}, ASKED]},
        {**value("messages[0].role", "'system' with this model.")},
    ),
    (
        "gpt-5.1",
        {"reasoning_effort": None},
        value(
            "reasoning_effort",
            "null with this model. Supported values are: 'none', 'low', 'medium', and 'high'.",
        ),
    ),
    ("o4-mini", {"parallel_tool_calls": False, "tools": [TOOL]}, parameter("parallel_tool_calls")),
    (
        "chat-latest",
        {"reasoning_effort": "high"},
        value("reasoning_effort", "'high' with this model. Supported values are: 'medium'."),
    ),
    (
        "gpt-6-sol",
        {"prompt_cache_retention": "in_memory"},
        value("prompt_cache_retention", "'in_memory' with this model. Supported values are: '24h'."),
    ),
    (
        "gpt-4o-search-preview",
        {"temperature": 1},
        {"message": "Model incompatible request argument supplied: temperature", "param": None, "code": None},
    ),
    (
        "gpt-5.6",
        {"reasoning_effort": "minimal"},
        value(
            "reasoning_effort",
            "'minimal' with this model. Supported values are: 'none', 'low', 'medium', 'high', 'xhigh'.",
        ),
    ),
    (
        "gpt-5.4",
        {"tools": [TOOL], "reasoning_effort": "low"},
        {
            "message": "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions. "
            "Please use /v1/responses instead.",
            "param": "reasoning_effort",
            "code": None,
        },
    ),
    (
        "gpt-5.6",
        {"tools": [TOOL]},
        {
            "message": "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. "
            "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
            "param": "reasoning_effort",
            "code": None,
        },
    ),
    (
        "gpt-4o",
        {"thinking": {"type": "enabled"}},
        {"message": "Unrecognized request argument supplied: thinking", "param": None, "code": None},
    ),
    (
        "gpt-4o",
        {"temperature": 3},
        {
            "message": "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
            "param": "temperature",
            "code": "decimal_above_max_value",
        },
    ),
    (
        "gpt-4o",
        {"n": 0},
        {
            "message": "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "param": "n",
            "code": "integer_below_min_value",
        },
    ),
    (
        "gpt-4o",
        {"temperature": "0.5"},
        {
            "message": "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            "param": "temperature",
            "code": "invalid_type",
        },
    ),
    (
        "gpt-4o",
        {"stop": list("abcde")},
        {
            "message": "Invalid 'stop': array too long. Expected an array with maximum length 4, "
            "but got an array with length 5 instead.",
            "param": "stop",
            "code": "array_above_max_length",
        },
    ),
    (
        "gpt-4o",
        {"messages": [{"role": "user"}]},
        {
            "message": "Missing required parameter: 'messages[0].content'.",
            "param": "messages[0].content",
            "code": "missing_required_parameter",
        },
    ),
    (
        "gpt-4o",
        {"messages": [{"role": "boss", "content": "Hi"}]},
        {
            "message": "Invalid value: 'boss'. Supported values are: "
            "'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
            "param": "messages[0].role",
            "code": "invalid_value",
        },
    ),
    (
        "gpt-4o",
        {"messages": [{"role": "assistant", "content": None}]},
        {
            "message": "Invalid value for 'content': expected a string, got null.",
            "param": "messages[0].content",
            "code": None,
        },
    ),
    (
        "gpt-4o",
        {"tools": [{"type": "function", "function": {"name": "not a name"}}]},
        {
            "message": "Invalid 'tools[0].function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
            "param": "tools[0].function.name",
            "code": "invalid_value",
        },
    ),
    (
        "gpt-4o",
        {"messages": [ASKED, {"role": "tool", "content": "sun", "tool_call_id": "call_1"}]},
        {
            "message": "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
            "with 'tool_calls'.",
            "param": "messages.[1].role",
            "code": None,
        },
    ),
    (
        "gpt-4o",
        {"stream_options": {"include_usage": True}},
        {
            "message": "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "param": "stream_options",
            "code": None,
        },
    ),
    (
        "gpt-4o",
        {"response_format": {"type": "json_object"}},
        {
            "message": "'messages' must contain the word 'json' in some form, to use 'response_format' "
            "of type 'json_object'.",
            "param": "messages",
            "code": None,
        },
    ),
    (
        "gpt-4",
        {"messages": [{"role": "user", "content": "word " * 9000}]},
        {
            "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in "
            "9005 tokens. Please reduce the length of the messages.",
            "param": "messages",
            "code": "context_length_exceeded",
        },
    ),
]


@pytest.mark.parametrize(("model", "fields", "error"), REFUSED)
def test_a_payload_outside_the_limits_gets_400_and_the_providers_text(openai, model, fields, error):
    answer = openai(model, **fields)

    assert (answer.status_code, answer.json()) == (400, {"error": {"type": "invalid_request_error", **error}})


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("gpt-4o-2024-08-06", {"temperature": 2, "max_tokens": 5, "stop": list("abcd")}),
        ("o3", {"max_completion_tokens": 500, "reasoning_effort": "low", "temperature": 1}),
        ("gpt-5.1", {"reasoning_effort": "none", "temperature": 0.2, "top_p": 0.5, "stop": "a"}),
        ("gpt-5.2", {"temperature": 0.2, "logprobs": True}),
        ("gpt-5-chat-latest", {"temperature": 0.2, "max_tokens": 5, "stop": "a"}),
        ("o3-mini", {"stop": "a"}),
        ("gpt-5.4", {"tools": [TOOL], "reasoning_effort": "none"}),
        ("gpt-5.6", {"reasoning_effort": "xhigh"}),
        ("gpt-5.5", {"stop": ["a"]}),
        ("gpt-5.5", {"tools": [TOOL]}),
        ("gpt-5.6", {"tools": [TOOL], "reasoning_effort": "none"}),
        (
            "gpt-4o",
            {
                "response_format": {"type": "json_object"},
                "messages": [{"role": "user", "content": "In JSON"}],
            },
        ),
        (
            "gpt-4o",
            {"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, ASKED]},
        ),
        (
            "gpt-4o",
            {
                "seed": 7,
                "user": "someone",
                "metadata": {"a": "b"},
                "store": False,
                "logit_bias": {"50": -100},
            },
        ),
    ],
)
def test_a_payload_on_the_limits_is_answered(openai, model, fields):
    assert openai(model, **fields).status_code == 200


def test_an_unknown_model_is_not_found(openai):
    answer = openai("gpt-9")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
