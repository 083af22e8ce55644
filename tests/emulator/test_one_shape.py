"""However an emulated provider writes its answers, `completion` gives them the one shape of OpenAI's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from quirkbook import completion, errors
from quirkbook.emulator import available, running

HI = [{"role": "user", "content": "Hi"}]
USE = [{"role": "user", "content": "Use every tool"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "Look",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    for name in ("look", "listen")
]
THOUGHT, LINES = "The user wants: Hi", "\nThe user wants: Hi\n"
COUNTED = {"stream_options": {"include_usage": True}}
SILENT = {"lossy": "allow", "semantic": "allow"}

#: Provider and model, what the request has besides -> what the model thinks aloud.
DIALECTS: list[tuple[str, dict[str, Any], str | None]] = [
    ("anthropic/claude-opus-4-1", {}, None),
    ("anthropic/claude-opus-4-1", {"thinking": {"type": "enabled", "budget_tokens": 2000}}, None),
    ("cohere/command-a-03-2025", {}, None),
    ("dashscope/qwen-plus", {}, None),
    ("dashscope/qwen3.8-max", {}, THOUGHT),
    ("dashscope/qwen3.8-max", {"enable_thinking": False}, None),
    ("deepseek/deepseek-v4-pro", {}, THOUGHT),
    ("gemini/gemini-2.5-pro", {}, None),
    ("groq/openai/gpt-oss-120b", {}, THOUGHT),
    ("minimax/MiniMax-M2.5", {}, LINES),
    ("minimax/MiniMax-M2.5", {"reasoning_split": True}, THOUGHT),
    ("minimax/MiniMax-M3", {}, LINES),
    ("minimax/MiniMax-M3", {"reasoning_split": True}, THOUGHT),
    ("minimax/MiniMax-M3", {"thinking": {"type": "disabled"}}, None),
    ("mistral/mistral-large-latest", {}, None),
    ("moonshot/kimi-k2.6", {}, THOUGHT),
    ("openai/gpt-5.5", {}, None),
    ("perplexity/sonar", {}, None),
    ("perplexity/sonar-reasoning-pro", {}, LINES),
    ("perplexity/sonar-deep-research", {}, LINES),
    ("xai/grok-3-mini", {}, THOUGHT),
    ("xai/grok-4.5", {}, None),
    ("zai/glm-4.6", {}, THOUGHT),
    ("zai/glm-4.6", {"tool_stream": True}, THOUGHT),
    ("zai/glm-4.6", {"thinking": {"type": "disabled"}}, None),
    ("zai/glm-5.2", {"reasoning_effort": "none"}, None),
]
NAMES = [" ".join((model, *more)) for model, more, _ in DIALECTS]
each_dialect = pytest.mark.parametrize(("model", "more", "thought"), DIALECTS, ids=NAMES)
each_model = pytest.mark.parametrize(("model", "more"), [one[:2] for one in DIALECTS], ids=NAMES)
WITH_TOOLS = [one for one in DIALECTS if not one[0].startswith("perplexity/")]  # whose own models call none
each_model_with_tools = pytest.mark.parametrize(
    ("model", "more"), [one[:2] for one in WITH_TOOLS], ids=[" ".join((model, *more)) for model, more, _ in WITH_TOOLS]
)


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(name)) for name in available()}


@pytest.fixture
def ask(urls):
    def asking(model: str, messages: Any = HI, key: str = "sk-test", **more: Any) -> Any:
        url = urls[model.partition("/")[0]]
        return completion(model, messages, api_key=key, base_url=url, max_retries=0, policy=SILENT, **more)

    return asking


def told(message: Any) -> dict[str, Any]:
    """Return what of a message clients of OpenAI's kind read."""
    names = ("role", "content", "reasoning_content", "tool_calls")
    return {name: message[name] for name in names if message.get(name) is not None}


def joined(chunks: list[Any]) -> dict[str, Any]:
    """Put a stream together as those clients do: texts by their field, tool calls by their index."""
    texts: dict[str, str] = {}
    calls: dict[int, dict[str, str]] = {}
    for delta in (choice.delta for chunk in chunks for choice in chunk.choices):
        for name in ("content", "reasoning_content"):
            if delta.get(name):
                texts[name] = texts.get(name, "") + delta[name]
        for call in delta.get("tool_calls") or ():
            known = calls.setdefault(call["index"], {"arguments": ""})
            known |= {key: call[key] for key in ("id", "type") if key in call}
            known |= {"name": call.function["name"]} if "name" in call.function else {}
            known["arguments"] += call.function["arguments"]
    made = [
        {"id": one["id"], "type": one["type"], "function": {name: one[name] for name in ("name", "arguments")}}
        for one in calls.values()
    ]
    return {"role": "assistant", **texts, **({"tool_calls": made} if made else {})}


def test_every_emulated_provider_is_heard():
    assert sorted({model.partition("/")[0] for model, _, _ in DIALECTS}) == available()


@each_dialect
def test_an_answer_has_its_text_and_its_thoughts_apart(ask, model, more, thought):
    answer = ask(model, **more)

    (choice,) = answer.choices
    thoughts = {"reasoning_content": thought} if thought else {}
    assert told(choice.message) == {"role": "assistant", "content": "You said: Hi", **thoughts}
    assert choice.finish_reason == "stop"
    usage = answer.usage
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens


@each_model
def test_a_stream_says_what_the_whole_answer_says(ask, model, more):
    whole, chunks = ask(model, **more), list(ask(model, stream=True, **more))

    assert joined(chunks) == told(whole.choices[0].message)
    assert {choice.finish_reason for chunk in chunks for choice in chunk.choices} == {None, "stop"}
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert [
        choice for chunk in chunks for choice in chunk.choices if "message" in choice or "delta" not in choice
    ] == []
    assert [choice.delta.role for chunk in chunks for choice in chunk.choices if "role" in choice.delta] == [
        "assistant"
    ]


@each_model
def test_a_stream_put_together_by_the_client_is_the_whole_answer(ask, model, more):
    stream = ask(model, stream=True, **more)
    for _ in stream:
        pass

    assert told(stream.received.choices[0].message) == told(ask(model, **more).choices[0].message)


@each_model
def test_a_stream_counts_once_if_it_is_asked_to(ask, model, more):
    counts = [chunk.usage for chunk in ask(model, stream=True, **COUNTED, **more) if chunk.usage]

    assert counts == [ask(model, **more).usage]


@each_model
def test_a_stream_counts_no_more_than_once_if_it_is_not_asked_to(ask, model, more):
    counts = [chunk.usage for chunk in ask(model, stream=True, **more) if chunk.usage]

    assert counts in ([], [ask(model, **more).usage])


@each_model_with_tools
def test_tool_calls_have_their_names_and_come_in_order(ask, model, more):
    answer = ask(model, USE, tools=TOOLS, **more)

    calls = answer.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["look", "listen"]
    assert all(call.id and call.type == "function" for call in calls)
    assert answer.choices[0].finish_reason == "tool_calls"


@each_model_with_tools
def test_streamed_tool_calls_are_those_of_the_whole_answer(ask, model, more):
    whole = ask(model, USE, tools=TOOLS, **more).choices[0].message
    chunks = list(ask(model, USE, tools=TOOLS, stream=True, **more))

    calls = joined(chunks)["tool_calls"]
    assert [call["function"] for call in calls] == [call.function for call in whole.tool_calls]
    assert len({call["id"] for call in calls}) == 2
    pieces = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert "" not in [call.get("id") for call in pieces] + [call.function.get("name") for call in pieces]


PLAIN = {model.partition("/")[0]: model for model, _, _ in reversed(DIALECTS)}


def refused(ask: Any, model: str, **more: Any) -> errors.DispatchError:
    with pytest.raises(errors.DispatchError) as caught:
        ask(model, **more)
    return caught.value


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status=429", errors.RateLimitError),
        ("status=500", errors.InternalServerError),
        ("error=unknown_model", errors.DispatchError),
        ("error=wrong_key", errors.DispatchError),
    ],
)
def test_an_error_has_openais_shape(ask, name, fault, kind):
    error = refused(ask, PLAIN[name], extra_headers={"x-emulate-fault": fault})

    found = error.body["error"]
    assert isinstance(error, kind)
    assert {"message", "type", "param", "code"} <= found.keys()
    assert (found["message"], error.provider) == (error.message, name)


#: The smallest model of a provider and the number of words that is too much for it.
TOO_MUCH = {
    "anthropic": ("claude-opus-4-1", 200_001),
    "cohere": ("command-a-03-2025", 262_145),
    "dashscope": ("qwen-max", 32_769),
    "minimax": ("MiniMax-M2.5", 204_801),
    "perplexity": ("sonar", 131_073),
    "xai": ("grok-3", 131_073),
    "zai": ("glm-4.5v", 65_537),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_prompt_that_is_too_long_is_known_for_that(ask, name):
    model, words = TOO_MUCH[name]

    error = refused(ask, f"{name}/{model}", messages=[{"role": "user", "content": "word " * words}])

    assert type(error) is errors.ContextWindowExceededError


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("anthropic/claude-opus-4-1", errors.AuthenticationError),
        ("cohere/command-a-03-2025", errors.AuthenticationError),
        ("dashscope/qwen-plus", errors.AuthenticationError),
        ("minimax/MiniMax-M2.5", errors.AuthenticationError),
        ("perplexity/sonar", errors.AuthenticationError),
        ("xai/grok-4.5", errors.BadRequestError),  # it answers 400, and only the text speaks of a key
        ("zai/glm-4.6", errors.AuthenticationError),
    ],
)
def test_a_wrong_key_is_an_error_of_authentication_where_the_status_says_so(ask, model, kind):
    assert type(refused(ask, model, key="sk-bad")) is kind


@pytest.mark.parametrize(
    ("model", "kind", "text"),
    [
        ("dashscope/qwen-plus", errors.QuotaExceededError, "exceeded your current quota"),
        ("minimax/MiniMax-M2.5", errors.RateLimitError, "rate limit exceeded(RPM) (1002)"),
        ("perplexity/sonar", errors.RateLimitError, "Rate limit exceeded"),
        ("xai/grok-4.5", errors.RateLimitError, "Too many requests"),
        ("zai/glm-4.6", errors.RateLimitError, "Rate limit reached for requests"),
        ("cohere/command-a-03-2025", errors.RateLimitError, "past the per minute request limit"),
        ("anthropic/claude-opus-4-1", errors.RateLimitError, "would exceed your account's rate limit"),
    ],
)
def test_too_many_requests_and_too_little_money_are_told_apart(ask, model, kind, text):
    error = refused(ask, model, extra_headers={"x-emulate-fault": "status=429"})

    assert (type(error), text in error.message) == (kind, True)


@pytest.mark.parametrize(
    ("model", "name", "kind"),
    [
        ("minimax/MiniMax-M2.5", "balance", errors.QuotaExceededError),
        ("minimax/MiniMax-M2.5", "unavailable", errors.ServiceUnavailableError),
        ("zai/glm-4.6", "balance", errors.QuotaExceededError),
        ("xai/grok-4.5", "unavailable", errors.ServiceUnavailableError),
        ("anthropic/claude-opus-4-1", "overloaded", errors.ServiceUnavailableError),
    ],
)
def test_an_error_of_the_providers_own_gets_its_class(ask, model, name, kind):
    assert type(refused(ask, model, extra_headers={"x-emulate-fault": f"error={name}"})) is kind
