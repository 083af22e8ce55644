"""A client that hangs up: its upstream is let go at once."""

from __future__ import annotations

import json
import socket
import time

import pytest
from tests.gateway.asking import CHAT, HI, scripted, until
from tests.servers import chunk, events, nothing, stream

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(scope="module")
def front():
    with scripted(retries=3) as found:
        yield found


def asked(connection, **more):
    body = json.dumps({"model": "kimi", "messages": HI, **more}).encode()
    connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)


@pytest.mark.parametrize("streams", [False, True])
def test_a_client_that_hangs_up_while_it_waits_ends_the_upstreams_request(front, streams):
    front.script(nothing)
    with front.running.connected() as connection:
        asked(connection, stream=streams)
        until(lambda: front.server.requests)
        time.sleep(0.1)

    assert front.server.gone.wait(10)  # the upstream itself would wait for minutes
    (line,) = front.running.logged()
    assert (line["status"], line["why"]) == (499, "the client hung up")
    assert len(front.server.requests) == 1


def test_a_client_that_resets_its_connection_right_away_ends_it_as_well(front):
    front.script(nothing)
    with front.running.connected() as connection:
        asked(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert not front.server.requests or front.server.gone.wait(2)
    until(lambda: front.running.gateway.under_way == 0)


def test_a_client_that_hangs_up_within_a_stream_ends_the_upstreams_stream(front):
    front.script(stream(events(chunk("Hel")), end="hang"))
    with front.running.connected() as connection:
        asked(connection, stream=True)
        until(lambda: b"Hel" in connection.recv(65536))

    assert front.server.gone.wait(10)  # the upstream itself would wait for minutes
    assert front.running.logged()[0]["why"] == "the client hung up"


def test_a_client_that_hangs_up_between_two_tries_gets_no_third(front):
    def busy(connection):
        connection.sendall(b"HTTP/1.1 503 X\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n")

    front.script(busy)
    with front.running.connected() as connection:
        asked(connection)
        until(lambda: front.server.requests)
        time.sleep(0.1)
    until(lambda: front.running.gateway.under_way == 0, 2.5)  # less than the pause before the next try

    assert len(front.server.requests) == 1


def test_a_client_that_hangs_up_within_its_own_request_asks_nobody(front):
    front.script()
    with front.running.connected() as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: x\r\ncontent-length: 100\r\n\r\n{{".encode())
        time.sleep(0.05)
    (line,) = front.running.logged()

    assert (line["status"], line["why"]) == (499, "the client hung up")
    assert front.server.requests == []
