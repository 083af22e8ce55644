"""Which async HTTP client should carry acompletion()? Calls per second, CPU per call, first byte of a paced stream,
and whether the provider learns that a call was cancelled.

usage: python bench/async_clients.py        needs aiohttp, httpx2 and pyreqwest; those missing are left out
"""

from __future__ import annotations

import asyncio
import datetime
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import loopback

CALLS, AT_ONCE, ROUNDS = 500, 16, 5
HEADERS = {"authorization": "Bearer k", "content-type": "application/json"}
SMALL = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello, how are you?"}]}).encode()
STREAM = json.dumps({"model": "m", "messages": [], "stream": True}).encode()


@dataclass
class Client:
    """What a contender can do: one whole answer, one stream, and go away."""

    post: Callable[[bytes], Awaitable[bytes]]
    stream: Callable[[bytes], AsyncIterator[bytes]]
    close: Callable[[], Awaitable[Any]]


async def with_aiohttp(url: str) -> Client:
    import aiohttp

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def post(body: bytes) -> bytes:
        async with session.post(url, data=body, headers=HEADERS) as answer:
            return await answer.read()

    async def stream(body: bytes) -> AsyncIterator[bytes]:
        async with session.post(url, data=body, headers=HEADERS) as answer:
            async for part in answer.content.iter_any():
                yield part

    return Client(post, stream, session.close)


async def with_httpx2(url: str) -> Client:
    import httpx2

    client = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None))

    async def post(body: bytes) -> bytes:
        return (await client.post(url, content=body, headers=HEADERS)).content

    async def stream(body: bytes) -> AsyncIterator[bytes]:
        async with client.stream("POST", url, content=body, headers=HEADERS) as answer:
            async for part in answer.aiter_raw():
                yield part

    return Client(post, stream, client.aclose)


def with_pyreqwest(limit: int | None) -> Callable[[str], Awaitable[Client]]:
    """Return a maker; ``limit`` is the read buffer of a stream, None the library's own."""

    async def make(url: str) -> Client:
        from pyreqwest.client import ClientBuilder

        client = await ClientBuilder().timeout(datetime.timedelta(seconds=30)).build().__aenter__()

        async def post(body: bytes) -> bytes:
            answer = await client.post(url).headers(HEADERS).body_bytes(body).build().send()
            return bytes(await answer.bytes())

        async def stream(body: bytes) -> AsyncIterator[bytes]:
            request = client.post(url).headers(HEADERS).body_bytes(body)
            if limit is not None:
                request = request.streamed_read_buffer_limit(limit)
            async with request.build_streamed() as answer:
                while (part := await answer.body_reader.read_chunk()) is not None:
                    yield bytes(part)

        return Client(post, stream, client.close)

    return make


async def measure(make: Callable[[str], Awaitable[Client]], url: str) -> dict[str, float]:
    """Return calls per second, CPU microseconds per call, first byte and whole stream in milliseconds: medians."""
    client = await make(url)
    rows: list[tuple[float, float, float, float]] = []
    for _ in range(ROUNDS + 1):
        began, cpu = time.perf_counter(), time.process_time()
        waiting = iter(range(CALLS))

        async def worker(waiting: Any = waiting) -> None:
            for _ in waiting:
                assert await client.post(SMALL)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        times = await asyncio.gather(*(_stream(client) for _ in range(AT_ONCE)))
        first, whole = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
        rows.append((CALLS / took, cpu / CALLS * 1e6, first, whole))
    cancelled = await _cancelled(client)
    await client.close()
    names = ("calls/s", "CPU us/call", "first byte ms", "stream ms")
    medians = (statistics.median(column) for column in zip(*rows[1:], strict=True))
    return {"cancelled calls closed": cancelled, **dict(zip(names, medians, strict=True))}


async def _cancelled(client: Client) -> float:
    """Return the share of cancelled calls whose connection is closed within a second."""
    lost = json.dumps({"model": "lost"}).encode()
    before = int(await client.post(lost))
    calls = [asyncio.ensure_future(client.post(json.dumps({"model": "silent"}).encode())) for _ in range(8)]
    await asyncio.sleep(0.2)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(1)
    return (int(await client.post(lost)) - before) / len(calls)


async def _stream(client: Client) -> tuple[float, float]:
    began, first = time.perf_counter(), 0.0
    async for _ in client.stream(STREAM):
        first = first or time.perf_counter() - began
    return first, time.perf_counter() - began


def main() -> None:
    """Measure all contenders and print them beside the first."""
    contenders = {
        "aiohttp": with_aiohttp,
        "pyreqwest": with_pyreqwest(None),
        "pyreqwest, buffer 1": with_pyreqwest(1),
        "httpx2": with_httpx2,
    }
    base: dict[str, float] | None = None
    with loopback.server() as url:
        for name, make in contenders.items():
            try:
                found = asyncio.run(measure(make, url + "/chat/completions"))
            except ImportError as error:
                print(f"| {name} | not installed: {error.name} |")
                continue
            if base is None:
                base = found
                print("| client | " + " | ".join(f"{key} (x {name})" for key in found) + " |")
                print("| --- |" + " --- |" * len(found))
            cells = (f"{value:,.1f} ({value / base[key]:.2f})" if base[key] else "0" for key, value in found.items())
            print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
