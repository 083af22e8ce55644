"""What a request may cost: sizes, depth, time, and how many at once."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
from tests.gateway.asking import CHAT, HI, a_deployment, a_plain_deployment, read, running, scripted, until
from tests.servers import answer, chunk, events, nothing, serving, stream

from quirkbook.gateway.config.model import Limits
from quirkbook.gateway.http.protocol import Protocol

pytestmark = pytest.mark.timeout(20)

HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()
GOOD = json.dumps({"model": "kimi", "messages": HI}).encode()


@pytest.fixture(scope="module")
def tight():
    limits = Limits(body_bytes=2000, json_depth=20, header_bytes=4000, slow_client=0.4, first_byte=0.4, idle_stream=0.4)
    with scripted(limits) as found:
        yield found


def error(message, code=None, type="invalid_request_error"):
    return {"message": message, "type": type, "param": None, "code": code}


TOO_LARGE = error(
    "the request holds more than 2,000 bytes; the limit is quirkbook_settings.limits.body_bytes", "request_too_large"
)


def chunked(body, size=500):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


# Sizes


@pytest.mark.parametrize("path", [CHAT, "/v1/translate"])
def test_a_body_over_the_limit_is_refused_by_what_it_says_of_itself(tight, path):
    tight.script()
    refused = tight.running.say(f"POST {path} HTTP/1.1\r\nHost: x\r\ncontent-length: 2001\r\n\r\n".encode())

    assert (refused.status, refused.error, refused.headers["connection"]) == (413, TOO_LARGE, "close")
    assert tight.server.requests == []


def test_a_chunked_body_over_the_limit_is_refused_when_it_has_come_that_far(tight):
    refused = tight.running.say(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunked(b"[" * 2600))

    assert (refused.status, refused.error) == (413, TOO_LARGE)


def test_a_chunked_body_that_comes_in_one_piece_is_refused_as_well(tight):
    refused = tight.running.say(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunked(b"[" * 2001, 4000))

    assert (refused.status, refused.error) == (413, TOO_LARGE)


def test_a_body_just_within_the_limit_passes_chunked_or_not(tight):
    tight.script()
    body = GOOD + b" " * (2000 - len(GOOD))

    assert tight.running.say(HEAD + b"content-length: 2000\r\n\r\n" + body).status == 200
    assert tight.running.say(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunked(body)).status == 200


@pytest.mark.parametrize(
    "tools",
    ['{"a":' * 30 + "1" + "}" * 30, "[" * 30 + "]" * 30, '[{"a":' * 12 + "1" + "}]" * 12],
)
@pytest.mark.parametrize("where", ["messages", "tools", "metadata"])
@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_a_body_that_nests_too_deep_is_refused_wherever_it_does(tight, model, where, tools):
    fields = {"model": json.dumps(model), "messages": json.dumps(HI)}
    fields[where] = f"[{tools}]" if where == "messages" else tools
    tight.script()

    refused = tight.running.ask(("{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}").encode())

    assert (refused.status, refused.error) == (
        400,
        error(
            "the body nests deeper than 20 levels; the limit is quirkbook_settings.limits.json_depth", "nested_too_deep"
        ),
    )
    assert tight.server.requests == []


@pytest.mark.parametrize("more", ["x-big: " + "a" * 4000, "\r\n".join(f"x-{n}: {'a' * 90}" for n in range(50))])
def test_headers_over_the_limit_are_refused_and_their_request_is_not_served(tight, more):
    tight.script()
    refused = tight.running.say(HEAD + more.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(GOOD) + GOOD)

    assert (refused.status, refused.error) == (431, error("the head holds more than 4,000 bytes", "head_too_large"))
    assert refused.headers["connection"] == "close"
    time.sleep(0.1)
    assert tight.server.requests == []


def test_headers_that_never_end_are_refused_at_the_limit_and_not_gathered(tight):
    with tight.running.connected() as connection:
        connection.sendall(HEAD + b"x-big: " + b"a" * 100_000)

        assert read(connection).status == 431


def test_a_long_address_counts_as_head(tight):
    assert tight.running.say(f"GET /{'a' * 5000} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).status == 431


# Slow clients


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /v1/chat", HEAD, HEAD + b"content-length: 100\r\n\r\n{", HEAD + b"transfer-encoding: chunked\r\n\r\n"],
)
def test_a_client_that_does_not_send_its_request_in_time_is_told_so(tight, sent):
    with tight.running.connected() as connection:
        connection.sendall(sent)
        refused = read(connection)

        assert (refused.status, refused.error) == (
            408,
            error("the request did not come within 0.4 seconds", "request_timeout"),
        )
        assert connection.recv(10) == b""


def test_a_client_that_sends_a_byte_now_and_then_is_not_waited_for_any_longer(tight):
    with tight.running.connected() as connection:
        for byte in HEAD[:15]:  # less time than the limit, so that nothing is sent to a closed connection
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

        assert read(connection).status == 408


def test_a_kept_connection_may_rest_longer_than_a_request_may_take(tight):
    tight.script()
    request = HEAD + b"content-length: %d\r\n\r\n" % len(GOOD) + GOOD
    with tight.running.connected() as connection:
        connection.sendall(request)
        assert read(connection).status == 200
        time.sleep(0.6)
        connection.sendall(request)

        assert read(connection).status == 200


def resting(tight, first, then):
    """Say something, read the answer, and send line breaks now and then; return how long the gateway bears that."""
    with tight.running.connected() as connection:
        connection.sendall(first)
        read(connection)
        connection.sendall(then)
        started = time.monotonic()
        connection.settimeout(0.1)
        while time.monotonic() < started + 4:
            try:
                connection.sendall(b"\r\n")
                if not connection.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - started


def test_line_breaks_keep_no_connection_open(tight, monkeypatch):
    tight.script()
    made = Protocol.connection_made

    def briefly(self, transport):
        made(self, transport)
        self.timeout_keep_alive = 0.5

    monkeypatch.setattr(Protocol, "connection_made", briefly)
    whole = HEAD + b"content-length: %d\r\n\r\n" % len(GOOD) + GOOD
    unread = b"POST /nowhere HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nab"

    assert resting(tight, whole, b"") < 2
    assert resting(tight, unread, b"cde") < 2  # the rest of what was answered already


def test_a_slow_second_request_does_not_get_its_refusal_into_the_first_ones_answer(tight):
    def slowly(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for _ in range(8):
            connection.sendall(events(chunk("Hel")))
            time.sleep(0.1)
        connection.sendall(events(chunk(finish="stop"), "[DONE]"))
        connection.shutdown(socket.SHUT_RDWR)

    tight.script(slowly)
    body = json.dumps({"model": "kimi", "messages": HI, "stream": True}).encode()
    with tight.running.connected() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body + HEAD)
        streamed = read(connection)

    assert (streamed.status, streamed.complete, streamed.events[-1]) == (200, True, "[DONE]")


def test_an_unread_body_behind_a_refusal_brings_no_second_answer(tight):
    with tight.running.connected() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\ncontent-length: 1000\r\n\r\nabc")
        assert read(connection).status == 404

        assert connection.recv(1000) == b""


def test_a_client_that_does_not_take_its_answer_is_dropped_and_so_is_its_upstream():
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        event = events(chunk("x" * 10_000))
        while True:
            connection.sendall(event)

    with scripted(Limits(slow_client=0.3)) as front:
        front.script(endless)
        with front.running.connected() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            body = json.dumps({"model": "kimi", "messages": HI, "stream": True}).encode()
            connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)

            assert front.server.gone.wait(5)
        assert front.running.logged()[0]["why"] == "the client hung up"


# Slow upstreams


def test_an_upstream_that_does_not_begin_in_time_is_a_504(tight):
    refused = tight.ask({}, nothing)

    assert (refused.status, refused.error) == (
        504,
        error("moonshot: the upstream did not answer in time", "timeout", "upstream_error"),
    )
    assert tight.server.gone.wait(2)


@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_an_answer_that_stands_still_is_a_504(tight, model):
    def halfway(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

    refused = tight.ask({"model": model}, halfway)

    assert (refused.status, refused.error["code"]) == (504, "timeout")


def test_a_stream_that_stands_still_ends_with_an_error_event(tight):
    got = tight.ask({"stream": True}, stream(events(chunk("Hel")), end="hang"))

    assert (got.status, got.complete) == (200, True)
    assert got.events == [
        chunk("Hel"),
        {
            "error": error(
                "moonshot: the stream ended before its answer did: the upstream did not answer in time",
                "stream_cut",
                "upstream_error",
            )
        },
    ]
    assert tight.server.gone.wait(2)


def test_a_deployments_own_timeouts_count_streams_apart():
    with serving(nothing) as server:
        slow = {"timeout": 5.0, "stream_timeout": 0.3}
        with running(a_deployment(server.url, **slow)) as front:
            started = time.monotonic()
            assert front.ask({"stream": True}).status == 504
            assert time.monotonic() - started < 2


def test_the_configs_timeout_for_streams_counts_where_a_deployment_has_none():
    with serving(nothing) as server, running(a_deployment(server.url), timeout=5.0, stream_timeout=0.3) as front:
        started = time.monotonic()
        assert front.ask({"stream": True}).status == 504
        assert time.monotonic() - started < 2


# How many at once


def test_more_requests_than_may_be_under_way_are_told_to_come_again():
    release = threading.Event()

    def wait(connection):
        release.wait(5)
        answer()(connection)

    with serving(wait) as server, running(a_plain_deployment(server.url), limits=Limits(concurrency=2)) as front:
        got = []
        payload = {"model": "plain"}
        threads = [threading.Thread(target=lambda: got.append(front.ask(payload).status)) for _ in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: len(server.requests) == 2)
        refused = front.ask(payload)
        release.set()
        for thread in threads:
            thread.join()

        assert (refused.status, refused.headers["retry-after"], refused.error) == (
            429,
            "1",
            error(
                "2 requests are under way, which is the limit (quirkbook_settings.limits.concurrency)",
                "too_many_requests",
                "rate_limit_error",
            ),
        )
        assert got == [200, 200]
        assert front.ask(payload).status == 200
