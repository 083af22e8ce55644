"""The same request gives the same result at every entrance: translate, completion(), acompletion(), the adapters, the gateway."""

from __future__ import annotations

import asyncio
import importlib
import json

import pytest
import requests
from tests.adapters.asked import KEY
from tests.gateway.asking import a_deployment, running
from tests.servers import answer, serving

from quirkbook import Rulebook, acompletion, completion, translate
from quirkbook.adapters import httpx as adapter
from quirkbook.adapters.exchange import Rules
from quirkbook.adapters.requests import QuirkbookAdapter
from quirkbook.gateway.config.model import Deployment, Network
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
    {"top_k": 4, "chat_template_kwargs": {"thinking": False}, "max_tokens": 3, "max_completion_tokens": 5},
    {"max_tokens": 3, "extra_body": {"max_completion_tokens": 5, "messages_note": "a", "tools": [TOOL]}},
]
MINE = {"x-mine": "of this call", "x-title": "T"}
"""Headers of one call, which change nothing in its body."""


def by_requests(fields, url):
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, QuirkbookAdapter("moonshot"))
        payload = {"model": MODEL, "messages": HI, **fields}
        session.post(f"{url}/chat/completions", json=payload, headers=MINE, timeout=20)


def by_httpx(fields, url):
    with adapter.client("moonshot", trust_env=False) as client:
        client.post(f"{url}/chat/completions", json={"model": MODEL, "messages": HI, **fields}, headers=MINE)


def by_async_httpx(fields, url):
    async def main():
        async with adapter.async_client("moonshot", trust_env=False) as client:
            payload = {"model": MODEL, "messages": HI, **fields}
            await client.post(f"{url}/chat/completions", json=payload, headers=MINE)

    asyncio.run(main())


def by_completion(fields, url):
    completion(MODEL, HI, provider="moonshot", base_url=url, api_key=KEY, extra_headers=MINE, **fields)


def by_acompletion(fields, url):
    asyncio.run(acompletion(MODEL, HI, provider="moonshot", base_url=url, api_key=KEY, extra_headers=MINE, **fields))


def of_the_sdk(fields):
    """Return the arguments of the SDK's create(): fields that it has no argument for go into extra_body."""
    unknown = {name: fields[name] for name in ("thinking", "top_k", "chat_template_kwargs") if name in fields}
    extra = fields.get("extra_body", {})
    if "thinking" in unknown and "thinking" in extra:
        unknown["thinking"] = {**unknown["thinking"], **extra["thinking"]}
    own = {name: value for name, value in fields.items() if name not in unknown}
    return {"model": MODEL, "messages": HI, **own, "extra_body": {**extra, **unknown}, "extra_headers": MINE}


def by_openai(fields, url):
    openai = importlib.import_module("openai")
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=adapter.client("moonshot")) as client:
        client.chat.completions.create(**of_the_sdk(fields))


def by_async_openai(fields, url):
    openai = importlib.import_module("openai")

    async def main():
        async with openai.AsyncOpenAI(
            base_url=url, api_key=KEY, http_client=adapter.async_client("moonshot")
        ) as client:
            await client.chat.completions.create(**of_the_sdk(fields))

    asyncio.run(main())


def by_the_gateway(fields, url):
    route = Route(Target(a_deployment("http://127.0.0.1:9/v1"), MODEL), Rulebook(), {})
    raw = {name: json.dumps(value).encode() for name, value in {"model": MODEL, "messages": HI, **fields}.items()}
    whole = b"{" + b",".join(json.dumps(name).encode() + b":" + value for name, value in raw.items()) + b"}"
    return json.loads(route.translate(body.fields(whole), POLICY, 100).raw)


def through_the_gateway(fields, url):
    deployment = Deployment("kimi", f"moonshot/{MODEL}", "moonshot", MODEL, api_key=KEY, api_base=url)
    with running(deployment, network=Network(forwarded=("x-*",))) as front:
        got = front.ask(
            {"model": "kimi", "messages": HI, **fields},
            **{name.replace("-", "_"): value for name, value in MINE.items()},
        )
    assert got.status == 200, got.body


ENTRANCES = [
    by_requests, by_httpx, by_async_httpx, by_completion, by_acompletion, by_openai, by_async_openai, by_the_gateway,
    through_the_gateway,
]  # fmt: skip


@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: "+".join(fields) or "nothing")
def test_every_entrance_sends_the_same(entrance, fields):
    if entrance in (by_openai, by_async_openai):
        pytest.importorskip("openai", reason="openai is not installed: see the extra test")
    if entrance is by_acompletion:
        pytest.importorskip("aiohttp", reason="aiohttp is not installed: see the extra test")
    with serving(answer()) as server:
        returned = entrance(fields, server.url)
    sent = returned if returned is not None else server.bodies[-1]
    if returned is None:
        assert {name: server.requests[-1]["headers"].get(name) for name in MINE} == MINE

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
