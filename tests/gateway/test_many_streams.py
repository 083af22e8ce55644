"""A thousand slow streams at once, and nothing left of them."""

from __future__ import annotations

import asyncio
import json

import pytest
import uvicorn
from tests.gateway.asking import BOOK, CHAT, HI, a_deployment
from tests.servers import chunk, events, sockets

from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.model import Config, Limits
from quirkbook.gateway.observe import Log
from quirkbook.gateway.worker import uvicorn_options

pytestmark = pytest.mark.timeout(60)

MANY = 1000
PIECES = [events(chunk(f"{at} ")) for at in range(5)] + [events(chunk(finish="stop"), "[DONE]")]
answering: set[asyncio.Task[None]] = set()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def slow_upstream(reader, writer):
    """Answer requests with streams that take their time."""
    answering.add(asyncio.current_task())
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
            writer.write(HEAD)
            for piece in PIECES:
                await asyncio.sleep(0.25)
                if writer.is_closing():  # the gateway has left; uvloop refuses a write then
                    return
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            writer.write(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def streamed(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps({"model": "kimi", "messages": HI, "stream": True}).encode()
        writer.write(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            data = await reader.read(65536)
            assert data, "cut"
            got += data
        return got
    finally:
        writer.close()
        await writer.wait_closed()


async def upstream_and_gateway(work, **limits):
    """Run both in this loop; return what the work returns, and the tasks and sockets that are left."""
    upstream = await asyncio.start_server(slow_upstream, "127.0.0.1", 0, backlog=2048)
    url = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}/v1"
    lines = []
    gateway = Gateway(Config((a_deployment(url),), BOOK, limits=Limits(**limits), retries=0), log=Log(lines.append))
    server = uvicorn.Server(uvicorn.Config(gateway, host="127.0.0.1", port=0, **uvicorn_options(30)))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    done = await work(port)
    under_way, busy = gateway.under_way, [len(pool.busy) for pool in gateway.pools.values()]
    server.should_exit = True
    await serving
    upstream.close()
    await upstream.wait_closed()
    await asyncio.gather(*answering)
    answering.clear()
    await asyncio.sleep(0.05)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    return done, under_way, busy, left, [json.loads(line) for line in "".join(lines).splitlines()]


def test_a_thousand_slow_streams_are_all_served_whole_and_nothing_is_left():
    before = sockets()

    async def work(port):
        return await asyncio.gather(*[streamed(port) for _ in range(MANY)])

    got, under_way, busy, left, lines = asyncio.run(upstream_and_gateway(work))

    assert len(got) == MANY
    assert all(one.startswith(b"HTTP/1.1 200 OK") and one.count(b"data: ") == 7 for one in got)
    assert all(b"data: [DONE]\n\n" in one for one in got)
    assert (under_way, busy, left) == (0, [0], set())
    assert [line["status"] for line in lines] == [200] * MANY
    assert sockets() <= before


def test_a_hundred_streams_that_are_left_halfway_leave_nothing_behind():
    before = sockets()

    async def work(port):
        asking = [asyncio.create_task(streamed(port)) for _ in range(100)]
        await asyncio.sleep(0.6)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.sleep(0.3)

    _, under_way, busy, left, lines = asyncio.run(upstream_and_gateway(work))

    assert (under_way, busy, left) == (0, [0], set())
    assert [line["status"] for line in lines] == [499] * 100
    assert sockets() <= before
