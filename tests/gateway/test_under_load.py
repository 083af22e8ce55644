"""Slow streams, reloads and the end of workers at once: what is under way goes on to its end, or is seen to be cut."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading

import pytest
from tests.gateway.asking import CHAT, HI, until
from tests.gateway.served import a_config, served
from tests.gateway.test_many_streams import slow_upstream
from tests.gateway.test_serve import workers_of

#: Without coverage: the same code over and over, and time counts while others wait.
pytestmark = [pytest.mark.timeout(240), pytest.mark.no_cover]

MANY = [pytest.param(60, id="60"), pytest.param(1000, id="1000", marks=pytest.mark.nightly)]
LAST = b"0\r\n\r\n"


@contextlib.contextmanager
def slowly():
    """Run the slow upstream in a loop of its own; yield its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(slow_upstream, "127.0.0.1", 0, backlog=2048), loop
    ).result(10)

    async def end():
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def streamed(port):
    """Ask for a stream; return all that came, whole or not. What is refused before it has begun is asked again, as clients do."""
    body = json.dumps({"model": "kimi", "messages": HI, "stream": True}).encode()
    request = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    for _ in range(5):
        got = b""
        with contextlib.suppress(ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                while not got.endswith(LAST) and (data := await reader.read(65536)):
                    got += data
            finally:
                writer.close()
        if got:
            return got
        await asyncio.sleep(0.05)
    return b""


def is_whole(got):
    """Tell whether a stream came to its end with all that is in it."""
    return (
        got.startswith(b"HTTP/1.1 200 OK")
        and got.count(b'"content":') == 5
        and b"data: [DONE]" in got
        and got.endswith(LAST)
    )


def disturbed(gateway, folder, url, number, *steps):
    """Ask for so many streams, a part at once and the others one by one; take steps meanwhile, and return what came."""

    async def main():
        first = [asyncio.create_task(streamed(gateway.port)) for _ in range(number // 2)]
        later = []
        for at in range(number - number // 2):
            if at % max(1, number // 10) == 0:
                await asyncio.sleep(0.2)
                if steps_left:
                    await asyncio.to_thread(steps_left.pop(0))
            later.append(asyncio.create_task(streamed(gateway.port)))
        while steps_left:
            await asyncio.to_thread(steps_left.pop(0))
        return await asyncio.gather(*first, *later)

    steps_left = list(steps)
    return asyncio.run(main())


@pytest.mark.parametrize("number", MANY)
def test_reloads_and_workers_that_are_asked_to_end_cost_no_stream(number, tmp_path):
    with slowly() as url, served(tmp_path, "--workers", "2", config=a_config(url)) as gateway:
        until(lambda: len(workers_of(gateway.process)) == 2, 20)
        before = workers_of(gateway.process)

        def edit(name):
            return lambda: (tmp_path / "config.yaml").write_text(a_config(url, general_settings={"x-note": name}))

        def broken():
            (tmp_path / "config.yaml").write_text("model_list: [")

        got = disturbed(
            gateway, tmp_path, url, number,
            edit("a"),
            lambda: gateway.process.send_signal(signal.SIGHUP),
            broken,
            lambda: os.kill(min(before), signal.SIGTERM),
            edit("b"),
        )  # fmt: skip
        until(lambda: len(workers_of(gateway.process) - {min(before)}) == 2, 30)

        assert [one[-200:] for one in got if not is_whole(one)] == []
        assert len(got) == number


@pytest.mark.parametrize("number", MANY)
def test_a_worker_that_is_killed_takes_only_its_own_streams_and_none_of_them_looks_whole(number, tmp_path):
    with slowly() as url, served(tmp_path, "--workers", "2", config=a_config(url)) as gateway:
        until(lambda: len(workers_of(gateway.process)) == 2, 20)
        before = workers_of(gateway.process)

        got = disturbed(gateway, tmp_path, url, number, lambda: None, lambda: os.kill(min(before), signal.SIGKILL))
        until(lambda: len(workers_of(gateway.process) - before) == 1, 30)

        cut = [one for one in got if not is_whole(one)]
        assert all(one and not one.endswith(LAST) for one in cut)  # HTTP itself says that more was to come
        assert len(cut) < number
        assert is_whole(asyncio.run(streamed(gateway.port)))
