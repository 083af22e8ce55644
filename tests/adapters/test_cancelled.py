"""A stream whose task is cancelled closes its connection at once: not when it is collected, and with nobody's help."""

from __future__ import annotations

import asyncio
import gc
import importlib

import pytest
from tests.adapters.asked import ASKED, KEY
from tests.servers import chunk, events, serving, stream

from quirkbook.adapters import httpx as adapter

BEGUN = stream(events(chunk("Hi")), end="hang")
SILENT = stream(end="hang", kind="text/plain")


async def by_openai(url, read):
    openai = importlib.import_module("openai")
    inner = adapter.async_client("moonshot")
    async with openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=0) as client:
        read.append(await client.chat.completions.create(**{**ASKED, "temperature": 1, "stream": True}))
        async for each in read[0]:
            read.append(each)


async def by_httpx(url, read):
    async with adapter.async_client("moonshot") as client:
        payload = {**ASKED, "temperature": 1, "stream": True}
        async with client.stream("POST", f"{url}/chat/completions", json=payload) as response:
            read.append(response)
            async for data in response.aiter_bytes():
                read.append(data)


@pytest.mark.parametrize("door", [by_openai, by_httpx])
@pytest.mark.parametrize("script", [BEGUN, SILENT], ids=["between chunks", "before the head"])
def test_a_cancelled_stream_closes_its_connection_at_once(door, script):
    if door is by_openai:
        pytest.importorskip("openai", reason="openai is not installed: see the extra test")

    async def main(server):
        read = []  # which refers to all of it till the end
        task = asyncio.create_task(door(server.url, read))
        while not task.done() and (not server.requests or (script is BEGUN and len(read) < 2)):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(server.gone.wait, 2)

    gc.disable()
    try:
        with serving(script) as server:
            assert asyncio.run(main(server))
    finally:
        gc.enable()
