"""Structured output where a provider has json_object alone: the schema goes into words, and what obeys them validates."""

from __future__ import annotations

import json

import pytest
from tests.peers.structured import WAYS, Trip

from quirkbook import explain
from quirkbook.emulator import Emulator, running
from quirkbook.emulator.asked import schema_in
from quirkbook.emulator.sample import sample

pytestmark = pytest.mark.filterwarnings("ignore")

MODELS = {
    "deepseek": "deepseek-v4-flash",
    "groq": "llama-3.3-70b-versatile",
    "moonshot": "kimi-k2.6",
    "openai": "gpt-4o",
    "zai": "glm-4.6",
}
WITHOUT_SCHEMAS = {"deepseek", "groq", "zai"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("provider", MODELS)
def test_every_way_of_asking_for_an_object_returns_one(provider, way):
    emulator = Emulator(provider)
    with running(emulator) as url:
        trip = way(provider, MODELS[provider], url)

    assert (trip.kind, len(trip.stops), trip.stops[0].days) == ("short", 1, 1)
    assert [one["status"] for one in emulator.requests] == [200]
    form = emulator.requests[0]["body"].get("response_format", {"type": "json_object"})
    assert provider not in WITHOUT_SCHEMAS or form == {"type": "json_object"}


@pytest.mark.parametrize(
    ("provider", "model"),
    [("deepseek", "deepseek-chat"), ("groq", "llama-3.3-70b-versatile"), ("stepfun", "step-3"), ("zai", "glm-4.6")],
)
def test_the_words_hold_the_whole_schema(provider, model):
    form = {"type": "json_schema", "json_schema": {"name": "trip", "schema": Trip.model_json_schema()}}
    asked = {"model": model, "messages": [{"role": "user", "content": "Plan."}], "response_format": form}

    sent = explain(asked, provider).payload
    told = schema_in([message["content"] for message in sent["messages"]])

    assert sent["response_format"] == {"type": "json_object"}
    assert told == Trip.model_json_schema()
    Trip.model_validate_json(json.dumps(sample(told)))
