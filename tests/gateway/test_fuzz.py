"""Upstreams that answer anything: no plain 500, no client left waiting, no byte of a stream lost."""

from __future__ import annotations

import json
import os
import random
import socket

import pytest
from tests.gateway.asking import scripted
from tests.servers import COMPLETION, answer, chunk, events, raw

from quirkbook.gateway.config.model import Limits
from quirkbook.wire import sniff
from quirkbook.wire.sse import Decoder

#: Without coverage: the same code over and over, and time counts while others wait.
pytestmark = [pytest.mark.timeout(3000), pytest.mark.no_cover]

FEW, ALL = 400, int(os.environ.get("QUIRKBOOK_FUZZ", "100000"))
VALUES = [
    None, True, False, 0, -1, 7, 1.5, 10**30, "", "a", "é北🎉", "\ud83d", "data: x\n\n", "<think>", [], [None], [[]], {}, {"a": 1},
    {"error": "no"}, {"error": {"message": "no", "code": 429}}, {"content": "x"}, [{"index": 0, "delta": {"content": "y"}}],
]  # fmt: skip
TYPES = [
    "application/json",
    "text/event-stream",
    "text/event-stream; charset=utf-8",
    "text/html",
    "text/plain",
    "",
    "x",
]
TEXTS = [
    b"",
    b"null",
    b"<html><body>Bad gateway</body></html>",
    b"upstream error",
    b"[DONE]",
    b"\x00\xff",
    b"{",
    b"data",
    b": ping",
]
STATUSES = [200] * 12 + [
    201,
    204,
    301,
    304,
    400,
    401,
    402,
    403,
    404,
    408,
    409,
    413,
    422,
    429,
    500,
    501,
    503,
    529,
    599,
    600,
    999,
]


def deep(value, rng, depth=0):
    """Return JSON with some of its values exchanged, left out, or said twice."""
    if rng.random() < 0.04:
        return rng.choice(VALUES)
    if isinstance(value, dict):
        kept = {key: deep(each, rng, depth + 1) for key, each in value.items() if rng.random() > 0.04}
        if rng.random() < 0.05:
            kept[rng.choice(["error", "choices", "usage", "message", "delta", "code", "type", "x"])] = rng.choice(
                VALUES
            )
        return kept
    if isinstance(value, list):
        return [deep(each, rng, depth + 1) for each in value for _ in range(rng.choice([1, 1, 1, 1, 1, 2, 0]))]
    return value


def a_whole(rng):
    error = {"error": {"message": "no", "type": "t", "param": None, "code": rng.choice([None, 429, "x"])}}
    return json.dumps(deep(rng.choice([COMPLETION] * 5 + [error]), rng), ensure_ascii=rng.random() < 0.5).encode(
        "utf-8", "replace"
    )


def an_event(rng):
    made = deep(
        chunk(rng.choice(["Hel", "lo", "é北", "", None]), rng.choice([None] * 6 + ["stop", "tool_calls", ""])), rng
    )
    text = rng.choice(
        [json.dumps(made)] * 20 + ["null", "", "[DONE]", "{", "x", '{"error": {"message": "no", "code": 503}}']
    )
    end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    lines = [f"data:{rng.choice([' ', '', '  '])}{line}" for line in text.split("\n")]
    lines = rng.choice([[], [], [], [": ping"], ["event: message"], ["id: 7"], ["retry: 5"], ["event: error"]]) + lines
    return (end.join(lines) + end + end).encode("utf-8", "replace")


def a_body(rng):
    kind = rng.random()
    if kind < 0.35:
        data = a_whole(rng)
    elif kind < 0.9:
        data = b"".join(an_event(rng) for _ in range(rng.choice([0, 1, 2, 5, 12])))
        data += events(chunk(finish="stop"), "[DONE]") if rng.random() < 0.7 else b""
    else:
        data = rng.choice(TEXTS)
    if rng.random() < 0.1:
        data = rng.choice([b"\xef\xbb\xbf", b"\n\n", b"  "]) + data
    if rng.random() < 0.15 and data:
        at = rng.randrange(len(data))
        data = rng.choice([data[:at], data[:at] + bytes([rng.randrange(256)]) + data[at:], data[:at] + data[at + 3 :]])
    return data


def an_answer(rng):
    """Return the bytes of an answer, its body, and whether all of that gets through."""
    body, status, kind = a_body(rng), rng.choice(STATUSES), rng.choice(TYPES)
    head = [f"HTTP/1.1 {status} X"] + ([f"content-type: {kind}"] if kind else [])
    if rng.random() < 0.1:
        head.append(
            rng.choice(
                ["retry-after: 0", "x-request-id: é", "content-encoding: gzip", "content-encoding: br", "set-cookie: a"]
            )
        )
    frame = rng.random()
    whole = True
    if status in (204, 304):
        body, data = b"", b""
    elif frame < 0.4:
        head.append(f"content-length: {len(body)}")
        data = body
    elif frame < 0.8:
        head.append("transfer-encoding: chunked")
        cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.choice([0, 1, 3, 9])))
        pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
    else:
        data = body
    framed = frame < 0.8
    if framed and rng.random() < 0.1:
        data, whole = data[: rng.randrange(len(data) + 1)], False
    if rng.random() < 0.01:
        head[0] = rng.choice(["HTTP/1.0 200 OK", "HTTP/2 200", "nonsense", "HTTP/1.1 abc"])
        whole = False
    closes = not framed or not whole or rng.random() < 0.2
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + data, body, whole, closes


def closing(data):
    """Return a script that sends bytes and ends its side of the connection."""

    def script(connection):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    return script


def datas(body, *, ends):
    """Return the data of each event in a stream."""
    decoder = Decoder()
    found = decoder.feed(body)
    return [event.data for event in (found + decoder.close() if ends else found)]


def check(got, streams, model, body, whole, data):
    """Check what a client got."""
    assert 200 <= got.status < 600
    assert got.complete, "not complete"
    if got.status != 200 and got.status != 201:
        error = got.json["error"]
        assert isinstance(error["message"], str), error
        assert set(error) >= {"message", "type", "param", "code"}
        return
    if not streams:
        assert isinstance(got.json["choices"], list)
        return
    said = datas(got.body, ends=False)
    assert said, "a stream without an event"
    assert any(each.strip() == "[DONE]" or '"error"' in each for each in said), "nobody said how it ended"
    packed = b"content-encoding" in data.partition(b"\r\n\r\n")[0]
    if model == "plain" and whole and not packed and sniff.kind(body) != "whole":
        sent = datas(body, ends=False)
        assert said[: len(sent)] == sent, "lost or changed"


def fuzz(number, seed):
    limits = Limits(first_byte=5, idle_stream=5)
    with scripted(limits=limits) as front:
        for at in range(number):
            rng = random.Random(f"{seed}/{at}")
            data, body, whole, closes = an_answer(rng)
            streams, model = rng.random() < 0.7, rng.choice(["kimi", "plain"])
            try:
                got = front.ask({"model": model, "stream": streams}, closing(data) if closes else raw(data))
                check(got, streams, model, body, whole, data)
                if at % 25 == 0:  # nothing of it is left on a connection
                    assert front.ask({"model": model}, answer()).json == COMPLETION
            except Exception as error:
                error.add_note(f"seed {seed}/{at}, {model}, {'stream' if streams else 'whole'}: {data!r}")
                raise


def test_whatever_an_upstream_answers_the_client_gets_an_answer():
    fuzz(FEW, "ci")


@pytest.mark.nightly
def test_whatever_an_upstream_answers_the_client_gets_an_answer_a_hundred_thousand_times():
    fuzz(ALL, "nightly")
