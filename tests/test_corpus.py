"""Every provider, the built-in rules as they are, over the corpus: total, done after one pass, and hands off the input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.corpus import CORPUS, Payload, corpus
from tests.test_accepted import MODELS, refusal, the_shape_of_a_request

from quirkbook import explain
from quirkbook.resources import folder

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

PROVIDERS = sorted({file.stem for file in folder("rules").glob("*.yaml")} - {"connections", "words"})

#: One of each family, asked for in turn where a provider has no models of its own here.
ANY_MODEL = [
    "gpt-4o",
    "gpt-5.5",
    "openai/gpt-oss-120b",
    "moonshotai/kimi-k2.6",
    "deepseek-v4-pro",
    "Qwen/Qwen3.5-35B",
    "zai-org/GLM-4.6",
    "MiniMaxAI/MiniMax-M2.5",
    "anthropic/claude-opus-4.8",
    "google/gemini-3.8-flash",
    "x-ai/grok-4.5",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "meta-llama/Llama-3.3-70B-Instruct",
]


#: What only a tokeniser could know: no rule counts the tokens of a prompt.
UNKNOWABLE = {"prompt-and-answer-fit"}


def requests_for(provider: str) -> list[Payload]:
    """Return the corpus with the models of a provider in turn."""
    models = MODELS.get(provider, ANY_MODEL)
    return [{"model": models[index % len(models)], **payload} for index, payload in enumerate(CORPUS)]


def test_the_corpus_is_the_same_each_time():
    assert corpus() == CORPUS
    assert len(CORPUS) == 200


def test_openai_would_take_every_request_of_the_corpus():
    diagnostics = {
        index: [error.message for error in the_shape_of_a_request.iter_errors({"model": "m", **payload})]
        for index, payload in enumerate(CORPUS)
    }

    assert {index: found for index, found in diagnostics.items() if found} == {}


def test_the_corpus_has_everything_that_applications_differ_in():
    text = [json.dumps(payload) for payload in CORPUS]
    signs = [
        '"tool_calls"',
        '"reasoning_content"',
        '"image_url"',
        '"input_audio"',
        '"role": "developer"',
        '"role": "function"',
        '"json_object"',
        '"json_schema"',
        '"stream": true',
        '"stop": [',
        '"logprobs": true',
        '"functions"',
        '"allowed_tools"',
        '"tool_choice": "required"',
        '"thinking"',
        '"reasoning_effort"',
        '"refusal"',
        '"$ref"',
        '"oneOf"',
        '"prefix"',
        '"custom"',
    ]

    assert {sign: sum(sign in one for one in text) for sign in signs if sum(sign in one for one in text) < 3} == {}
    assert sum(len(json.loads(one)["messages"]) > 8 for one in text) >= 10


@pytest.mark.parametrize("provider", PROVIDERS)
def test_translating_never_fails_is_done_after_one_pass_and_leaves_its_input_alone(provider):
    payloads = requests_for(provider)
    before = json.dumps(payloads)
    again: dict[int, Any] = {}
    for index, payload in enumerate(payloads):
        told = explain(payload, provider)
        if told.refusal is None and explain(told.payload, provider).payload != told.payload:
            again[index] = told.payload

    assert again == {}
    assert json.dumps(payloads) == before


@pytest.mark.parametrize("provider", MODELS)
def test_an_emulated_provider_takes_what_was_translated_or_a_rule_says_why_not(provider):
    refused = {}
    for index, payload in enumerate(requests_for(provider)):
        told = explain(payload, provider)
        if told.refusal is not None:
            assert told.refusal.note
        elif (found := refusal(provider, told.payload)) and not found.keys() & UNKNOWABLE:
            refused[index] = found

    assert refused == {}
