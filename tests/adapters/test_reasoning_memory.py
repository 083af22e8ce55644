"""The memory for thoughts in the adapters: real clients lose them, as they do, and the emulated providers want them back."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pickle

import pytest
import requests
from tests.adapters.asked import KEY
from tests.servers import chunk, events, raw, serving

from quirkbook import ReasoningMemory, UsageError
from quirkbook.adapters import httpx as adapter
from quirkbook.adapters.exchange import Rules
from quirkbook.adapters.requests import QuirkbookAdapter
from quirkbook.emulator import Emulator, running

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
ASK = [{"role": "user", "content": "call look {}"}]
PROVIDERS = [("deepseek", "deepseek-v4-pro"), ("moonshot", "kimi-k2.6")]


def without_thoughts(message):
    """Return a message as clients send it back."""
    calls = message["tool_calls"]
    turn = {"role": "assistant", "content": message["content"], "tool_calls": calls}
    result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "found"}
    return [*ASK, turn, result]


def by_openai(provider, model, url, memory, streams):
    openai = importlib.import_module("openai")
    inner = adapter.client(provider, reasoning_memory=memory)
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=0) as client:
        chat = client.chat.completions
        if streams:
            with chat.stream(model=model, messages=ASK, tools=TOOLS) as chunks:
                message = chunks.get_final_completion().choices[0].message.model_dump()
                calls = [
                    {**call, "function": {k: call["function"][k] for k in ("name", "arguments")}}
                    for call in message["tool_calls"]
                ]
                message["tool_calls"] = [{k: call[k] for k in ("id", "type", "function")} for call in calls]
        else:
            message = chat.create(model=model, messages=ASK, tools=TOOLS).choices[0].message.model_dump()
        response = chat.with_raw_response.create(model=model, messages=without_thoughts(message), tools=TOOLS)
        return message["reasoning_content"], response.http_response.extensions["quirkbook"]


def by_async_openai(provider, model, url, memory, streams):
    openai = importlib.import_module("openai")

    async def main():
        inner = adapter.async_client(provider, reasoning_memory=memory)
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=0) as client:
            chat = client.chat.completions
            message = (await chat.create(model=model, messages=ASK, tools=TOOLS)).choices[0].message.model_dump()
            response = await chat.with_raw_response.create(model=model, messages=without_thoughts(message), tools=TOOLS)
            return message["reasoning_content"], response.http_response.extensions["quirkbook"]

    return asyncio.run(main())


def by_requests(provider, model, url, memory, streams):
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, QuirkbookAdapter(provider, reasoning_memory=memory))

        def ask(messages):
            payload = {"model": model, "messages": messages, "tools": TOOLS}
            auth = {"Authorization": f"Bearer {KEY}"}
            response = session.post(f"{url}/chat/completions", json=payload, headers=auth, timeout=20)
            response.raise_for_status()
            return response

        message = ask(ASK).json()["choices"][0]["message"]
        return message["reasoning_content"], ask(without_thoughts(message)).quirkbook


@pytest.mark.parametrize(("provider", "model"), PROVIDERS)
@pytest.mark.parametrize(
    ("door", "streams"), [(by_openai, False), (by_openai, True), (by_async_openai, False), (by_requests, False)]
)
def test_thoughts_that_a_client_loses_come_back(door, provider, model, streams):
    if door is not by_requests:
        pytest.importorskip("openai", reason="the openai package is not installed")
    memory = ReasoningMemory()
    emulator = Emulator(provider)
    with running(emulator) as url:
        thoughts, report = door(provider, model, url, memory, streams)

    assert thoughts
    assert emulator.requests[-1]["body"]["messages"][1]["reasoning_content"] == thoughts
    assert report.changes[0].rule == "reasoning-memory"
    assert report.changes[0].after == thoughts


def thinking(**finish):
    thought = chunk()
    thought["choices"][0]["delta"] = {"reasoning_content": "So.", "content": "Hi"}
    return events(thought, *([chunk(finish="stop")] if finish else []))


@pytest.mark.parametrize(
    ("data", "kept"),
    [(thinking(finish=True), 1), (thinking(finish=True) + b"data: [DONE]\n\n", 1), (thinking(), 0)],
)
@pytest.mark.parametrize("streams", [False, True])
def test_what_was_cut_is_not_kept(data, kept, streams):
    memory = ReasoningMemory()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(data)
    with serving(raw(head + data)) as server, adapter.client("deepseek", reasoning_memory=memory) as client:
        client.post(
            f"{server.url}/chat/completions", json={"model": "deepseek-chat", "messages": ASK, "stream": streams}
        )

    assert len(memory) == kept


def test_who_does_not_want_thoughts_gets_none():
    memory = ReasoningMemory()
    turn = {"role": "assistant", "content": "Hello."}
    memory.remember({"choices": [{"message": {**turn, "reasoning_content": "So."}}]})
    payload = {"model": "gpt-4o", "messages": [*ASK, turn, *ASK]}

    sent = Rules("openai", None, None, None, memory).translate(payload, "openai")

    assert (sent.payload["messages"], sent.changes) == (payload["messages"], ())


def test_a_memory_must_be_one():
    with pytest.raises(UsageError, match=r"reasoning_memory must be a quirkbook\.ReasoningMemory, not an object"):
        adapter.client("moonshot", reasoning_memory={})


def test_another_process_remembers_by_itself():
    memory = ReasoningMemory(entries=7, ttl=5, bytes=1000)
    memory.remember({"choices": [{"message": {"content": "Hi", "reasoning_content": "So."}}]})

    again = pickle.loads(pickle.dumps(QuirkbookAdapter("moonshot", reasoning_memory=memory)))._rules.memory

    assert (len(memory), len(again), again._most, again._ttl) == (1, 0, 7, 5)
