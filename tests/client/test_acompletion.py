"""acompletion(): the same as completion(), without blocking; nothing is left in the event loop."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import warnings
from urllib.parse import urlsplit

import pytest
from tests.calling import HI, KEY, MODEL, RESTREAMED, SAID, diagnostics_in_streams, texts, unusual_streams
from tests.servers import (
    COMPLETION,
    answer,
    chunk,
    events,
    nothing,
    raw,
    refusing_address,
    rudely,
    saying,
    serving,
    stream,
)

import quirkbook
from quirkbook import UsageError, acompletion, errors

pytest.importorskip("aiohttp", reason="aiohttp is not installed: see the extra test")


@pytest.fixture
def pauses(monkeypatch):
    """The seconds that were to be slept."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    monkeypatch.setattr("quirkbook.client.acompletion.sleep", sleep)
    return found


def run(work):
    """Run a coroutine function in an event loop of its own, and fail if it leaves a task behind."""

    async def main():
        result = await work()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return asyncio.run(main(), debug=True)


def ask(server, stream=None, **options):
    """Call a scripted provider."""
    fixed = {"api_key": KEY, "base_url": server.url, "timeout": (1, 0.2)}
    return acompletion(MODEL, HI, stream=stream, **{**fixed, **options})


async def gathered(chunks):
    """Return all chunks of a stream."""
    return [one async for one in chunks]


def test_an_answer(moonshot):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", quirkbook.QuirkbookWarning)
        response = asyncio.run(acompletion(MODEL, HI, temperature=1.4))

    assert response.choices[0].message.content == SAID
    assert moonshot.requests[-1]["body"] == {"model": "moonshot-v1-8k", "messages": HI, "temperature": 1}
    assert [one.rule for one in response.quirkbook.request] == ["quirkbook/model-prefix", "moonshot/temperature-range"]


def test_what_goes_out_is_what_completion_sends():
    headers = []
    with serving(answer()) as server:
        run(lambda: ask(server, stream=False, temperature=0.5))
        quirkbook.completion(MODEL, HI, stream=False, temperature=0.5, api_key=KEY, base_url=server.url)

    one, other = server.requests
    assert (one["body"], one["path"], one["method"]) == (other["body"], other["path"], other["method"])
    for request in (one, other):
        headers.append({name: value for name, value in request["headers"].items() if name != "accept-encoding"})
    assert headers[0] == headers[1]


def test_a_stream(moonshot):
    async def work():
        async with await acompletion(MODEL, HI, stream=True) as chunks:
            return chunks, await gathered(chunks)

    chunks, came = run(work)

    text = "".join(one.choices[0].delta.content or "" for one in came)
    assert text == chunks.received.choices[0].message.content == SAID
    assert chunks.quirkbook.provider == "moonshot"


def test_chunks_come_as_they_are_sent():
    async def work(server):
        chunks = await ask(server, stream=True, timeout=(1, 5))
        began = time.monotonic()
        await anext(chunks)
        await chunks.aclose()
        return time.monotonic() - began

    with serving(stream(events(chunk("Hi")), end="hang")) as server:
        assert run(lambda: work(server)) < 1


def test_many_calls_at_once_and_loop_after_loop(moonshot):
    async def work():
        return await asyncio.gather(*(acompletion(MODEL, [{"role": "user", "content": f"{at}"}]) for at in range(40)))

    for _ in range(3):
        assert [one.choices[0].message.content for one in run(work)] == [f"You said: {at}" for at in range(40)]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_refused_key_raises_at_the_call(moonshot, wanted):
    with pytest.raises(errors.AuthenticationError):
        run(lambda: acompletion(MODEL, HI, stream=wanted, api_key="bad-key-1234567890"))


@diagnostics_in_streams
def test_a_diagnostic_in_the_stream_keeps_what_came(moonshot, pauses, diagnostic, kind):
    async def work():
        came = []
        with pytest.raises(errors.DispatchError) as caught:
            async for one in (
                chunks := await acompletion(MODEL, HI, stream=True, extra_headers={"x-emulate-fault": diagnostic})
            ):
                came.append(one.choices[0].delta.content)
        return came, caught.value, await gathered(chunks)

    came, error, rest = run(work)

    assert (type(error), rest, pauses) == (kind, [], [])
    assert error.received.choices[0].message.content == "".join(came) == "You said:"


@unusual_streams
def test_what_is_merely_unusual_in_a_stream_is_no_diagnostic(moonshot, diagnostic):
    async def work():
        return await gathered(await acompletion(MODEL, HI, stream=True, extra_headers={"x-emulate-fault": diagnostic}))

    text = "".join(one.choices[0].delta.content or "" for one in run(work))
    assert text == SAID


def test_a_call_that_passes_at_the_third_try(pauses):
    with serving(rudely, answer("slow down", 429, retry_after="7"), answer()) as server:
        response = run(lambda: ask(server))

    assert (response.quirkbook.attempts, len(server.requests), pauses[1]) == (3, 3, 7.0)


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (answer("bad", 400), errors.BadRequestError, "HTTP 400: bad"),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ndata", close=True),
            errors.APIConnectionError,
            "the connection broke in the middle of the answer",
        ),
        (nothing, errors.Timeout, "no answer in time"),
        (
            raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ndata"),
            errors.Timeout,
            "the answer stopped coming",
        ),
        (
            answer("", 302, location="/x"),
            errors.NotFoundError,
            "HTTP 302: the address is redirected to /x, which is not followed: set base_url",
        ),
    ],
)
def test_what_will_not_pass_is_not_tried_again(pauses, script, kind, message):
    with serving(script) as server, pytest.raises(errors.DispatchError) as caught:
        run(lambda: ask(server, timeout=(0.2, 0.1)))

    assert (type(caught.value), str(caught.value)) == (kind, f"moonshot: {message}")
    assert (len(server.requests), pauses) == (1, [])


def test_nobody_there(pauses):
    address = refusing_address()
    with pytest.raises(errors.APIConnectionError) as caught:
        run(lambda: acompletion(MODEL, HI, api_key=KEY, base_url=f"{address}?key=secret"))

    assert str(caught.value) == f"moonshot: no connection to {urlsplit(address).netloc}: Connection refused"
    assert (caught.value.attempts, len(pauses)) == (3, 2)
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("said", "scheme", "why"),
    [
        (b"nonsense\r\n\r\n", "http", "the answer is not HTTP"),
        (b"nonsense", "https", "TLS could not be agreed on"),
        (b"", "http", "the provider hung up without an answer"),
    ],
)
def test_what_does_not_speak_as_it_should(pauses, said, scheme, why):
    with saying(said) as address, pytest.raises(errors.APIConnectionError) as caught:
        run(lambda: acompletion(MODEL, HI, api_key=KEY, base_url=f"{scheme}://{address}/v1", num_retries=0))

    assert str(caught.value).startswith(f"moonshot: no connection to {address}: {why}")


def test_a_proxy_that_does_not_connect(pauses, monkeypatch):
    with saying(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n") as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        with pytest.raises(errors.APIConnectionError) as caught:
            run(lambda: acompletion(MODEL, HI, api_key=KEY, base_url="https://api.example/v1", num_retries=0))

    assert str(caught.value) == "moonshot: no connection to api.example: the proxy did not connect"


def test_a_stream_that_stops_coming_is_a_timeout():
    async def work(server):
        chunks = await ask(server, stream=True, timeout=(5, 0.5))
        await anext(chunks)
        with pytest.raises(errors.Timeout) as caught:
            await anext(chunks)
        return caught.value

    with serving(stream(events(chunk("Hi")), end="hang")) as server:
        assert run(lambda: work(server)).received.choices[0].message.content == "Hi"


@pytest.mark.parametrize("how", ["close", "forget", "break", "cancel", "fail"])
def test_a_stream_that_is_left_closes_its_connection(how):
    async def work(server):
        chunks = await ask(server, stream=True, timeout=(1, 5))
        await anext(chunks)
        if how == "close":
            await chunks.close()
            assert (repr(chunks), await gathered(chunks)) == ("<AsyncStream of moonshot, closed>", [])
        elif how == "forget":
            del chunks
            gc.collect()
        elif how == "break":
            with pytest.raises(KeyError):
                async with chunks:
                    raise KeyError
        elif how == "cancel":
            waiting = asyncio.create_task(gathered(chunks))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await asyncio.to_thread(server.gone.wait, 2)  # nobody has closed it, and it is still referred to
            with pytest.raises(errors.StreamCutError):
                await gathered(chunks)
        else:
            with pytest.raises(errors.StreamCutError):
                await gathered(chunks)
        assert await asyncio.to_thread(server.gone.wait, 2)

    with serving(stream(events(chunk("Hi")), end="cut" if how == "fail" else "hang")) as server:
        run(lambda: work(server))


def test_a_call_that_is_cancelled_closes_its_connection():
    async def work(server):
        calling = asyncio.create_task(ask(server, timeout=(1, 5)))
        while not server.requests:
            await asyncio.sleep(0.01)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert await asyncio.to_thread(server.gone.wait, 2)

    with serving(nothing) as server:
        run(lambda: work(server))


def test_one_connection_serves_call_after_call_and_stream_after_stream():
    piece = events(chunk("Hi"), "[DONE]")

    async def work(server):
        for number in range(4):
            found = await ask(server, stream=bool(number % 2))
            if number % 2:
                await gathered(found)
        return server.connections

    with serving(answer(), stream(piece), answer(), stream(piece)) as server:
        assert run(lambda: work(server)) == 1


def test_a_whole_answer_where_a_stream_was_asked_for_comes_as_one_chunk():
    async def work(server):
        async with await ask(server, stream=True) as chunks:
            return chunks, await gathered(chunks)

    with serving(answer()) as server:
        chunks, came = run(lambda: work(server))

    assert texts(came) == [("Hello!", "stop")]
    assert chunks.received == COMPLETION
    assert chunks.quirkbook.remarks == RESTREAMED


def test_an_address_that_is_none_is_the_callers_mistake():
    from quirkbook.client import async_transport

    with pytest.raises(UsageError) as caught:
        run(lambda: async_transport.send("http:/nowhere", {}, b"", (1, 1)))

    assert str(caught.value) == "the request cannot be sent: InvalidUrlClientError"


def test_a_large_body_is_written_in_pieces_and_arrives_whole():
    content = "x" * 1_500_000
    with serving(answer()) as server:
        run(lambda: acompletion(MODEL, [{"role": "user", "content": content}], api_key=KEY, base_url=server.url))

    assert server.bodies[0]["messages"][0]["content"] == content
    assert server.requests[0]["headers"]["content-length"] == str(len(server.requests[0]["body"]))


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    with serving(answer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        run(lambda: acompletion(MODEL, HI, api_key=KEY, base_url="http://provider.example/v1"))

    assert proxy.requests[0]["path"] == "http://provider.example/v1/chat/completions"


def test_a_loop_that_ends_leaves_no_session(moonshot):
    from quirkbook.client import async_transport

    run(lambda: acompletion(MODEL, HI))

    assert async_transport._sessions == {}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("close", [True, False])
def test_the_session_of_a_loop_that_was_closed_rudely_or_left_is_closed(moonshot, close):
    from quirkbook.client import async_transport

    loop = asyncio.new_event_loop()
    loop.run_until_complete(acompletion(MODEL, HI))
    left, _ = async_transport._sessions[loop]
    if close:
        loop.close()
        asyncio.run(acompletion(MODEL, HI))
    else:
        async_transport._let_all_go()
        loop.close()

    assert (left.closed, loop in async_transport._sessions) == (True, False)
    gc.collect()  # the socket of a closed loop is nobody's to close: Python says so here, and in no later test


def test_a_loop_that_runs_keeps_its_session(moonshot):
    from quirkbook.client import async_transport

    async def main():
        await acompletion(MODEL, HI)
        left, keeper = async_transport._sessions[asyncio.get_running_loop()]
        async_transport._let_all_go()
        assert not left.closed
        await keeper.aclose()
        assert left.closed

    asyncio.run(main())


@pytest.mark.parametrize("url", ["https://h/v1", "http://h/v1"])
def test_certificates_are_those_that_requests_takes(url, monkeypatch):
    import ssl

    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    from quirkbook.client import async_transport

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", DEFAULT_CA_BUNDLE_PATH)
    found = async_transport._settings(url)[1]

    assert isinstance(found, ssl.SSLContext) if url.startswith("https") else found is True


def test_without_its_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "quirkbook.client.async_transport", raising=False)
    monkeypatch.delattr("quirkbook.client.async_transport", raising=False)

    with pytest.raises(UsageError) as caught:
        run(lambda: acompletion(MODEL, HI, api_key=KEY))

    assert str(caught.value) == "acompletion() needs aiohttp: in a checkout of Quirkbook, run pip install '.[async]'"


def test_the_event_loop_is_not_blocked():
    async def work(server):
        ticks = 0
        calling = asyncio.create_task(ask(server, timeout=(1, 0.2)))
        while not calling.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert isinstance(calling.exception(), errors.Timeout)
        return ticks

    with serving(nothing) as server:
        assert run(lambda: work(server)) >= 5


def test_threads_may_call_from_loops_of_their_own(moonshot):
    found = []

    def call():
        found.append(asyncio.run(acompletion(MODEL, HI)).choices[0].message.content)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [SAID] * 4
