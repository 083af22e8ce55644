"""Answers that an upstream packed: in whatever pieces they come, the client gets all of them."""

from __future__ import annotations

import gzip
import json
import time
import zlib

import pytest
from tests.gateway.asking import scripted
from tests.servers import COMPLETION, chunk, events

from quirkbook.gateway.upstream import decompress
from quirkbook.gateway.upstream.decompress import DecompressionError, Decompressor

pytestmark = pytest.mark.timeout(20)

BODY = json.dumps(COMPLETION).encode()
TWO = gzip.compress(b"first, ", mtime=0) + gzip.compress(b"second", mtime=0)


@pytest.fixture(scope="module")
def front():
    with scripted() as found:
        yield found


def slowly(pieces, kind):
    def script(connection):
        size = sum(map(len, pieces))
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: gzip\r\ncontent-length: {size}\r\n\r\n"
        connection.sendall(head.encode())
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.05)

    return script


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_a_header_that_comes_alone_is_no_end(front, model, streams):
    text = events(chunk("Hi", "stop"), "[DONE]") if streams else BODY
    packed = gzip.compress(text)
    kind = "text/event-stream" if streams else "application/json"

    got = front.ask({"model": model, "stream": streams}, slowly([packed[:10], packed[10:-8], packed[-8:]], kind))

    assert (got.status, got.complete, got.body) == (200, True, text)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 100])
@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (TWO, b"first, second"),
        (TWO * 3, b"first, second" * 3),
        (TWO + bytes(20), b"first, second"),
        (TWO + b"\x1f", b"first, second"),
        (TWO + b"filling", b"first, second"),
        (zlib.compress(b"one") + b"filling", b"one"),
    ],
    ids=["two", "six", "zeros", "half a mark", "filling", "deflate"],
)
def test_all_members_of_a_packed_body_are_read_and_no_more(packed, text, size):
    one = Decompressor("gzip")

    assert b"".join(one.feed(packed[at : at + size]) for at in range(0, len(packed), size)) == text
    one.close()


def test_a_second_member_that_is_cut_or_damaged_is_told():
    cut = Decompressor("gzip")
    cut.feed(TWO[:-9])
    with pytest.raises(DecompressionError, match="packed, and cut off"):
        cut.close()
    with pytest.raises(DecompressionError, match="packed, and damaged"):
        Decompressor("gzip").feed(gzip.compress(b"a") + b"\x1f\x8bnonsense")


def test_members_together_are_bounded_as_one_is(monkeypatch):
    monkeypatch.setattr(decompress, "_MOST", 1000)
    member = gzip.compress(b"x" * 500)

    assert Decompressor("gzip").feed(member * 2) == b"x" * 1000
    for packed in (member * 2 + gzip.compress(b"x"), member + gzip.compress(b"x" * 9000)):
        with pytest.raises(DecompressionError, match=r"a piece of its answer unpacks to more than 1,000 bytes"):
            Decompressor("gzip").feed(packed)
