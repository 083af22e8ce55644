"""Answers that an upstream packed: in whatever pieces they come, the client gets all of them."""

from __future__ import annotations

import gzip
import json
import time
import zlib

import pytest
from tests.servers import COMPLETION, chunk, events, raw

from quirkbook.gateway.upstream import decompress
from quirkbook.gateway.upstream.decompress import DecompressionError, Decompressor

pytestmark = pytest.mark.timeout(20)

BODY = json.dumps(COMPLETION).encode()
BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])
BUSY = {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}
TWO = gzip.compress(b"first, ", mtime=0) + gzip.compress(b"second", mtime=0)


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


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
@pytest.mark.parametrize("status", [200, 400])
@BOTH
def test_a_compressed_answer_can_be_read_by_a_client_that_did_not_ask_for_one(front, model, status, coding):
    body = BODY if status == 200 else json.dumps(BUSY).encode()
    packed = zlib.compress(body) if coding == "deflate" else gzip.compress(body)
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-encoding: {coding}\r\n"

    got = front.ask({"model": model}, raw(f"{head}content-length: {len(packed)}\r\n\r\n".encode() + packed))

    assert (got.status, got.json) == (status, json.loads(body))
    assert "content-encoding" not in got.headers


@pytest.mark.parametrize(
    ("coding", "data", "text"),
    [
        ("gzip", b"nonsense", "its answer is packed, and damaged"),
        ("gzip", gzip.compress(BODY, mtime=0)[:-9], "its answer is packed, and cut off"),
        ("gzip", gzip.compress(b"x" * 70_000, mtime=0), "a piece of its answer unpacks to more than 1,000 bytes"),
    ],
)
def test_what_cannot_be_unpacked_is_a_502(front, coding, data, text, monkeypatch):
    monkeypatch.setattr(decompress, "_MOST", 1000)  # so little is packed into one piece, however the network cuts

    got = front.ask({}, packed(coding, data))

    assert (got.status, got.error["code"], got.error["message"]) == (502, "no_connection", f"moonshot: {text}")


def test_a_packed_stream_is_unpacked_as_it_comes(front):
    text = events(chunk("Hi", "stop"), "[DONE]")
    packed = gzip.compress(text)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"

    got = front.ask({"stream": True}, raw(head + b"content-length: %d\r\n\r\n" % len(packed) + packed))

    assert got.body == text


def raw_deflate(data):
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(data) + packing.flush()


def packed(coding, data, status=200):
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-encoding: {coding}\r\n"
    return raw(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)


@BOTH
def test_deflate_without_the_head_of_zlib_is_unpacked(front, model):
    assert front.ask({"model": model}, packed("deflate", raw_deflate(BODY))).json == COMPLETION


def test_deflate_is_unpacked_byte_by_byte():
    for data in (raw_deflate(BODY), zlib.compress(BODY)):
        unpacking = decompress.Decompressor("deflate")
        assert b"".join(unpacking.feed(data[at : at + 1]) for at in range(len(data))) == BODY
        unpacking.close()


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip", "deflate", "unheard-of"])
def test_an_error_that_cannot_be_unpacked_keeps_its_status(front, coding):
    got = front.ask({}, packed(coding, b"\x0b\x02\x80nonsense", 400))

    assert (got.status, "error" in got.json) == (400, True)


@pytest.mark.parametrize("coding", ["br", "zstd", "unheard-of"])
def test_what_only_says_that_it_is_packed_is_read_as_it_is(front, coding):
    assert front.ask({}, packed(coding, b"\x0b\x02\x80" + BODY + b"\x03")).json == COMPLETION


def test_what_nobody_can_unpack_is_a_502_that_says_so(front):
    whole = front.ask({}, packed("br", b"nonsense"))
    streamed = front.ask({"stream": True}, packed("br", b"nonsense"))

    assert (whole.status, streamed.status) == (502, 502)
    assert "packed as 'br'" in whole.error["message"] and "packed as 'br'" in streamed.error["message"]


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_brotli_and_zstd_are_unpacked_where_their_libraries_are_installed(front, coding, monkeypatch):
    class Unpacking:
        eof = True

        def process(self, data, output_buffer_limit):
            return bytes(reversed(data))

        def decompress(self, data, most):
            return bytes(reversed(data))

        def is_finished(self):
            return self.eof

    class Library:
        Decompressor = ZstdDecompressor = Unpacking

    monkeypatch.setattr(decompress.importlib, "import_module", lambda name: Library)
    assert front.ask({}, packed(coding, bytes(reversed(BODY)))).json == COMPLETION

    Unpacking.eof = False
    assert front.ask({}, packed(coding, bytes(reversed(BODY)))).status == 502
