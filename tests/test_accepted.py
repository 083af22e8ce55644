"""What translate makes of a request, the provider takes; or translate refuses it and says why.

The rules and the emulated providers were written apart, from the same documentation. Here they check each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given
from tests.chat_payloads import PAYLOADS, REFUSED
from tests.chat_requests import requests as drawn_requests
from tests.corpus import CORPUS
from tests.strategies import tried

from quirkbook import explain, translate
from quirkbook.emulator import available, provider, running
from quirkbook.emulator.keywords import compile_schema
from quirkbook.errors import RefusedError

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

SILENT = {"lossy": "allow", "semantic": "allow"}
MODELS = {
    "anthropic": [
        "claude-opus-4-1",
        "claude-sonnet-4-5",
        "claude-sonnet-4-6",
        "claude-opus-4-8",
        "claude-opus-5-5",
        "claude-sonnet-5-5",
    ],
    "cohere": ["command-a-03-2025", "command-a-reasoning-08-2025"],
    "dashscope": ["qwen-max", "qwen-plus", "qwen3-32b", "qwen3.5-plus", "qwen3.8-max", "kimi-k3"],
    "deepseek": ["deepseek-v4-pro", "deepseek-chat", "deepseek-reasoner"],
    "gemini": ["gemini-2.5-pro", "gemini-3.8-flash", "gemini-4-argon"],
    "groq": ["llama-3.3-70b-versatile", "openai/gpt-oss-120b", "qwen/qwen3-32b"],
    "minimax": ["MiniMax-M2.5", "MiniMax-M3"],
    "mistral": ["mistral-large-latest", "mistral-small-latest", "mistral-large-4"],
    "perplexity": ["sonar", "sonar-reasoning-pro"],
    "xai": ["grok-3", "grok-3-mini", "grok-4", "grok-4.20-0309-non-reasoning", "grok-4.3", "grok-4.5", "grok-4.6"],
    "zai": ["glm-4.5v", "glm-4.6", "glm-5.2"],
    "moonshot": [
        "moonshot-v1-8k",
        "moonshot-v1-8k-vision-preview",
        "kimi-k2-0905-preview",
        "kimi-k2-thinking",
        "kimi-k2.5",
        "kimi-k2.6",
        "kimi-k2.7-code",
        "kimi-k3",
        "kimi-k3.1-pro",
    ],
    "openai": [
        "gpt-3.5-turbo",
        "gpt-4",
        "gpt-4o",
        "gpt-4.1",
        "o1",
        "o1-mini",
        "o3",
        "o3-mini",
        "o4-mini",
        "gpt-5",
        "gpt-5-chat-latest",
        "gpt-5.1",
        "gpt-5.2",
        "gpt-5.4",
        "gpt-5.5",
        "gpt-5.6",
        "gpt-5.3-chat-latest",
        "chat-latest",
        "gpt-6-sol",
        "gpt-6.1-terra",
        "gpt-4o-search-preview",
    ],
}
EVERY_MODEL = [(name, model) for name, models in MODELS.items() for model in models]
each_model = pytest.mark.parametrize(("name", "model"), EVERY_MODEL, ids=[model for _, model in EVERY_MODEL])

the_shape_of_a_request = compile_schema({"$ref": "chat-request.schema.json"})


def refusal(name: str, payload: dict[str, Any]) -> Any:
    """Return what the emulated provider answers to a payload instead of a completion."""
    emulated = provider.load(name)
    model = emulated.model(payload["model"])
    assert model is not None
    refused = emulated.refusal(payload, model)
    return refused and {refused.check: refused.body}


def outcome(name: str, payload: dict[str, Any]) -> Any:
    """Translate a payload and offer it: None where it is accepted, else the rule or the provider that refuses it."""
    told = explain(payload, name)
    return told.refusal.rule if told.refusal else refusal(name, told.payload)


@each_model
@tried(8, *HealthCheck)
@given(request=drawn_requests())
def test_any_request_is_accepted_once_translated_or_refused_by_a_rule(name, model, request):
    payload = {"model": model, **request}
    assert the_shape_of_a_request.is_valid(payload)

    try:
        translated = translate(payload, name, policy=SILENT)
    except RefusedError:
        return

    assert refusal(name, translated) is None
    assert translate(translated, name, policy=SILENT) == translated


def test_every_emulated_provider_is_asked():
    assert sorted(MODELS) == available()


@pytest.mark.parametrize("name", MODELS)
def test_every_check_of_a_provider_is_held_against_the_rules(name):
    checks = {
        model: {check.name for check in provider.load(name)._plan(provider.load(name).model(model).id)}
        for model in MODELS[name]
    }

    assert set.union(*checks.values()) == {check.name for check in provider.load(name).checks}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_request_that_applications_send_has_openais_shape(payload):
    assert the_shape_of_a_request.is_valid({"model": "m", **payload})


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_request_that_applications_send_is_accepted_by_every_model(name, payload):
    outcomes = {model: outcome(name, {"model": model, **payload}) for model in MODELS[name]}

    assert outcomes == dict.fromkeys(MODELS[name])


#: What no rule can mend: the request is too long for the model.
TOO_LONG = {"prompt-fits", "prompt-and-answer-fit"}


def of_the_corpus(name: str, model: str) -> dict[int, Any]:
    """Return number -> what the emulated provider refuses of the corpus, though the rules let it through."""
    outcomes = {number: outcome(name, {**request, "model": model}) for number, request in enumerate(CORPUS)}
    return {number: each for number, each in outcomes.items() if isinstance(each, dict) and not TOO_LONG & each.keys()}


@pytest.mark.parametrize("name", MODELS)
def test_what_the_rules_let_through_of_the_corpus_is_accepted(name):
    assert of_the_corpus(name, MODELS[name][-1]) == {}


@pytest.mark.nightly
@each_model
def test_what_the_rules_let_through_of_the_corpus_is_accepted_by_every_model(name, model):
    assert of_the_corpus(name, model) == {}


@pytest.mark.parametrize(("name", "payload", "rules"), REFUSED)
def test_a_request_that_cannot_be_translated_is_refused_by_a_rule(name, payload, rules):
    outcomes = {model: outcome(name, {"model": model, **payload}) for model in MODELS[name]}

    assert outcomes == {model: rules.get(model, rules.get("*")) for model in MODELS[name]}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(name)) for name in ("moonshot", "openai", "mistral")}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("moonshot", "kimi-k2.6"),
        ("moonshot", "moonshot-v1-8k"),
        ("openai", "gpt-5.5"),
        ("mistral", "mistral-small-latest"),
    ],
)
@pytest.mark.parametrize(
    "about", ["one question", "as wild as it gets", "this tool", "calls in parallel", "a union of classes", "a stream"]
)
def test_a_translated_request_is_answered_over_http(urls, name, model, about):
    payload = translate({"model": model, **PAYLOADS[about]}, name, policy=SILENT)
    headers = {"Authorization": "Bearer sk-test"}

    answer = requests.post(f"{urls[name]}/chat/completions", json=payload, headers=headers, timeout=20)

    assert (answer.status_code, '"choices"' in answer.text) == (200, True)
