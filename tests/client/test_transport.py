"""Real sockets: what a broken connection becomes, what is kept open, and that nothing is left behind."""

from __future__ import annotations

import errno
import gzip
import os
import threading
import warnings
from urllib.parse import urlsplit

import pytest
from tests.servers import (
    COMPLETION,
    answer,
    events,
    nothing,
    raw,
    refusing_address,
    rudely,
    saying,
    serving,
    sockets,
    stream,
)

from quirkbook.client import transport
from quirkbook.errors import APIConnectionError, Timeout, UsageError

QUICK = (5, 5)
"""Seconds within which a server in this process answers, however busy the machine is."""


@pytest.fixture(autouse=True)
def nothing_left():
    """Fail a test that leaves a socket open, or warns of one."""
    transport.close()
    before, threads = sockets(), threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    transport.close()
    assert (sockets() - before, threading.active_count()) == (set(), threads)


def sent(url, body=b"{}", headers=None, timeout=QUICK):
    return transport.send(url + "/chat/completions", headers or {"Content-Type": "application/json"}, body, timeout)


def test_bytes_go_out_and_come_back_as_they_are():
    with serving(answer(COMPLETION, x_request_id="r-1")) as server:
        reply = sent(server.url, b'{"a": 1}', {"Authorization": "Bearer k", "X-A": "1"})
        body = reply.read()

    assert (reply.status, reply.headers["x-request-id"], len(body) > 10) == (200, "r-1", True)
    (request,) = server.requests
    assert (request["method"], request["path"], request["body"]) == ("POST", "/v1/chat/completions", b'{"a": 1}')
    assert request["headers"] == {
        "host": server.url.removeprefix("http://").removesuffix("/v1"),
        "authorization": "Bearer k",
        "x-a": "1",
        "content-length": "8",
        "accept-encoding": "identity",
        "user-agent": request["headers"]["user-agent"],
    }


def test_the_key_in_a_netrc_file_stays_there(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answer()) as server:
        sent(server.url, headers={"Authorization": "Bearer k"}).read()

    assert server.requests[0]["headers"]["authorization"] == "Bearer k"


def test_a_redirection_is_not_followed():
    with serving(answer("", 307, location="http://127.0.0.1:1/")) as server:
        assert sent(server.url).status == 307
        assert len(server.requests) == 1


def test_cookies_are_not_passed_from_one_caller_to_the_next():
    with serving(answer(COMPLETION, set_cookie="a=1; Path=/")) as server:
        for _ in range(2):
            sent(server.url).read()

    assert [request["headers"].get("cookie") for request in server.requests] == [None, None]


def test_one_connection_serves_call_after_call_and_stream_after_stream():
    piece = events({"a": 1}, "[DONE]")
    with serving(answer(), stream(piece), answer(), stream(piece), answer()) as server:
        for number in range(5):
            reply = sent(server.url)
            if number % 2:
                assert reply.piece() == piece
                reply.finish()
            else:
                reply.read()

        assert (len(server.requests), server.connections) == (5, 1)


def test_a_stream_whose_end_does_not_come_is_closed_after_a_moment(monkeypatch):
    monkeypatch.setattr(transport, "LAST_WAIT", 0.02)
    with serving(stream(b"data: [DONE]\n\n", end="hang")) as server:
        reply = sent(server.url)
        reply.piece()
        reply.finish()

        assert server.gone.wait(2)


def test_a_stream_that_is_left_is_closed():
    with serving(stream(b"data: 1\n\n", end="hang")) as server:
        reply = sent(server.url)
        reply.piece()
        reply.close()

        assert server.gone.wait(2)


def test_pieces_come_when_they_come_with_and_without_chunks():
    plain = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n"
    for script in (stream(b"data: 1\n\n", end="hang"), raw(plain)):
        with serving(script) as server:
            reply = sent(server.url)
            assert reply.piece() == b"data: 1\n\n"
            reply.close()


def test_the_end_of_a_body_is_no_bytes():
    with serving(raw(b"HTTP/1.1 200 OK\r\n\r\ndata", close=True), stream(b"data")) as server:
        for _ in range(2):
            reply = sent(server.url)
            assert [reply.piece(), reply.piece(), reply.piece()] == [b"data", b"", b""]
            reply.finish()


def test_a_compressed_answer_is_unpacked():
    body = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n"
    with serving(raw(head.encode() + body)) as server:
        assert sent(server.url).read() == b'{"a": 1}'
        reply = sent(server.url)
        assert reply.piece() == b'{"a": 1}'
        reply.close()


def test_nobody_there():
    address = refusing_address()
    with pytest.raises(APIConnectionError) as caught:
        sent(address)

    assert (type(caught.value), str(caught.value), caught.value.retryable) == (
        APIConnectionError,
        f"no connection to {urlsplit(address).netloc}: Connection refused",
        True,
    )


def test_a_provider_that_hangs_up():
    with serving(rudely) as server, pytest.raises(APIConnectionError) as caught:
        sent(server.url)

    assert (type(caught.value), str(caught.value), caught.value.retryable) == (
        APIConnectionError,
        f"no connection to {urlsplit(server.url).netloc}: the provider hung up without an answer",
        True,
    )


@pytest.mark.parametrize(
    ("said", "scheme", "why"),
    [(b"nonsense\r\n\r\n", "http", "the answer is not HTTP"), (b"nonsense", "https", "TLS could not be agreed on")],
)
def test_what_does_not_speak_as_it_should(said, scheme, why):
    with saying(said) as address, pytest.raises(APIConnectionError) as caught:
        sent(f"{scheme}://{address}/v1")

    assert str(caught.value).startswith(f"no connection to {address}: {why}")


def test_a_proxy_that_does_not_connect(monkeypatch):
    with saying(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n") as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        with pytest.raises(APIConnectionError) as caught:
            sent("https://api.example/v1")

    assert str(caught.value) == "no connection to api.example: the proxy did not connect"


def test_a_proxy_that_is_not_there(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", refusing_address())
    with pytest.raises(APIConnectionError) as caught:
        sent("https://api.example/v1")

    refused = os.strerror(errno.ECONNREFUSED)
    assert str(caught.value) == f"no connection to api.example: the proxy did not connect: {refused}"


def test_a_provider_that_says_nothing_is_not_asked_twice():
    with serving(nothing) as server, pytest.raises(Timeout) as caught:
        sent(server.url, timeout=(0.5, 0.02))

    assert (str(caught.value), caught.value.retryable) == ("no answer in time", False)


@pytest.mark.parametrize(
    "script",
    [
        stream(b"data", end="cut"),
        raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ndata", close=True),
        raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n", close=True),
    ],
)
def test_an_answer_that_breaks_off(script):
    with serving(script) as server:
        with pytest.raises(APIConnectionError) as whole:
            sent(server.url).read()
        with pytest.raises(APIConnectionError) as piecewise:
            reply = sent(server.url)
            while reply.piece():
                pass

    for caught in (whole, piecewise):
        assert (type(caught.value), str(caught.value), caught.value.retryable) == (
            APIConnectionError,
            "the connection broke in the middle of the answer",
            False,
        )


def impatient(reply):
    """Let a reply whose head has come wait only briefly for the rest."""
    reply._response.raw.connection.sock.settimeout(0.02)
    return reply


def test_an_answer_that_stops_coming():
    with serving(stream(b"data", end="hang")) as server:
        with pytest.raises(Timeout) as whole:
            impatient(sent(server.url)).read()
        with pytest.raises(Timeout) as piecewise:
            reply = impatient(sent(server.url))
            while reply.piece():
                pass

    assert {str(caught.value) for caught in (whole, piecewise)} == {"the answer stopped coming"}


def test_an_error_of_the_connection_tells_no_url():
    url = refusing_address() + "?key=secret"

    with pytest.raises(APIConnectionError) as caught:
        transport.send(url, {}, b"", QUICK)

    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


def test_an_address_that_is_none():
    with pytest.raises(UsageError) as caught:
        transport.send("http://", {}, b"", QUICK)

    assert str(caught.value) == "the request cannot be sent: InvalidURL"


def test_a_proxy_of_the_environment_is_used_and_its_exceptions_hold(monkeypatch):
    with serving(answer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        sent("http://provider.example/v1").read()
        assert proxy.requests[0]["path"] == "http://provider.example/v1/chat/completions"

        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with serving(answer()) as server:
            sent(server.url).read()
        assert (len(proxy.requests), len(server.requests)) == (1, 1)


def test_threads_share_one_session():
    found = []
    threads = [threading.Thread(target=lambda: found.append(transport.session())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(session) for session in found}) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own():
    mine = transport.session()
    child = os.fork()
    if not child:
        os._exit(0 if transport._session is None and transport.session() is not mine else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert transport.session() is mine


def test_closing_twice_is_once():
    transport.session()
    transport.close()
    transport.close()
