"""The same request gives the same result at every entrance: translate, completion(), the adapters, the gateway."""

from __future__ import annotations

import importlib
import json

import pytest
import requests
from tests.adapters.asked import KEY
from tests.gateway.asking import a_deployment
from tests.servers import answer, serving

from quirkbook import Rulebook, completion, translate
from quirkbook.adapters import httpx as adapter
from quirkbook.adapters.exchange import Rules
from quirkbook.adapters.requests import QuirkbookAdapter
from quirkbook.gateway.http import body
from quirkbook.gateway.router import Target
from quirkbook.gateway.upstream.target import Route

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

MODEL = "kimi-k2.6"
HI = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"a": {"type": "string"}}}}}
POLICY = {"exact": "allow", "lossy": "allow", "semantic": "allow", "refuse": "error"}
FIELDS = [
    {},
    {"temperature": 1.7, "max_tokens": 5},
    {"reasoning_effort": "none"},
    {"tools": [TOOL], "tool_choice": "required"},
    {"extra_body": {"thinking": {"type": "disabled"}}},
    {"thinking": {"type": "enabled"}, "extra_body": {"thinking": {"keep": "all"}}},
    {"temperature": 0.3, "extra_body": {"temperature": 0.6, "top_k": 4, "safety": None}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}},
    {"user": "u", "stop": ["a", "b"], "metadata": {"a": "b"}, "service_tier": "auto"},
]


def by_requests(fields, url):
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, QuirkbookAdapter("moonshot"))
        session.post(f"{url}/chat/completions", json={"model": MODEL, "messages": HI, **fields}, timeout=20)


def by_httpx(fields, url):
    with adapter.client("moonshot", trust_env=False) as client:
        client.post(f"{url}/chat/completions", json={"model": MODEL, "messages": HI, **fields})


def by_completion(fields, url):
    completion(MODEL, HI, provider="moonshot", base_url=url, api_key=KEY, **fields)


def by_openai(fields, url):
    openai = importlib.import_module("openai")
    own = {name: value for name, value in fields.items() if name != "thinking"}
    extra = fields.get("extra_body", {})
    if "thinking" in fields:  # the SDK has no such argument
        extra = {**extra, "thinking": {**fields["thinking"], **extra.get("thinking", {})}}
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=adapter.client("moonshot")) as client:
        client.chat.completions.create(model=MODEL, messages=HI, **{**own, "extra_body": extra})


def by_the_gateway(fields, url):
    route = Route(Target(a_deployment("http://127.0.0.1:9/v1"), MODEL), Rulebook(), {})
    raw = {name: json.dumps(value).encode() for name, value in {"model": MODEL, "messages": HI, **fields}.items()}
    whole = b"{" + b",".join(json.dumps(name).encode() + b":" + value for name, value in raw.items()) + b"}"
    return json.loads(route.translate(body.fields(whole), POLICY, 100).raw)


@pytest.mark.parametrize("entrance", [by_requests, by_httpx, by_completion, by_openai, by_the_gateway])
@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: "+".join(fields) or "nothing")
def test_every_entrance_sends_the_same(entrance, fields):
    if entrance is by_openai:
        pytest.importorskip("openai", reason="the openai package is not installed")
    with serving(answer()) as server:
        returned = entrance(fields, server.url)
    sent = returned if returned is not None else server.bodies[-1]

    assert sent == translate({"model": MODEL, "messages": HI, **fields}, "moonshot")


def test_adapters_know_what_objects_of_sdks_stand_for():
    message = type("Message", (), {"model_dump": lambda self, **_: {"role": "assistant", "content": "Hi"}})()

    assert translate({"model": MODEL, "messages": [*HI, message]}, "moonshot")["messages"][1]["content"] == "Hi"
    assert (
        Rules("moonshot", None, None)
        .translate({"model": MODEL, "messages": [*HI, message]}, "moonshot")
        .payload["messages"][1]["content"]
        == "Hi"
    )
