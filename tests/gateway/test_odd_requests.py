"""Requests that are no good HTTP, or no good JSON: a clear refusal, and nothing of them reaches an upstream."""

from __future__ import annotations

import gzip
import json
import re
import zlib

import pytest
from tests.gateway.asking import CHAT, HI, read_from

from quirkbook.gateway.http import unpacking

pytestmark = pytest.mark.timeout(20)

GOOD = json.dumps({"model": "kimi", "messages": HI}).encode()
START = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\n".encode()
WHOLE = START + b"content-length: %d\r\n\r\n" % len(GOOD) + GOOD
MODELS = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])


def answers(front, data):
    """Return the statuses of all answers to some bytes, until the gateway closes the connection or has no more to say."""
    front.script()
    found = []
    with front.running.connected() as connection:
        connection.sendall(data)
        connection.settimeout(0.3)
        with connection.makefile("rb") as lines:
            while True:
                try:
                    if not lines.peek(1):
                        return found, "closed"
                except TimeoutError:
                    return found, "open"
                found.append(read_from(lines).status)


# HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        f"POST {CHAT} HTTP/3.7\r\n\r\n".encode(),
        START + b"no colon\r\n\r\n",
        START + b"na me: x\r\n\r\n",
        START + b": x\r\n\r\n",
        START + b"x: a\x00b\r\n\r\n",
        START + b"content-length: ten\r\n\r\n",
        START + b"content-length: -1\r\n\r\n",
        START + b"content-length: +5\r\n\r\n{}   ",
        START + b"content-length: 99999999999999999999999\r\n\r\n",
        START + b"content-length: 5, 5\r\n\r\n{}   ",
        START + b"content-length: 0x10\r\n\r\n",
        b"GET /\x80\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
        START + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 5\r\n\r\n{}   ",
        b"GET / HTTP/1.1\r\nHost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
    ids=lambda data: re.sub(r"[^ -~]", ".", data.decode("latin-1"))[-40:],
)
def test_what_is_no_http_is_refused_once_and_the_connection_closed(front, data):
    assert answers(front, data + MODELS) == ([400], "closed")
    assert front.server.requests == []


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        START + b"content-length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"content-length: 6\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b"content-length: 5\r\ncontent-length: 6\r\n\r\n{}    " + SMUGGLED,
        START + b"content-length: 5\r\ncontent-length: 5\r\n\r\n{}   " + SMUGGLED,
        START + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"transfer-encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b" transfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b"x: a\r\n b\r\ncontent-length: 5\r\n\r\n{}   " + SMUGGLED,
        START + b"x: a\r\n\ttransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        START + b"x: a\rcontent-length: 5\r\n\r\n{}   " + SMUGGLED,
        START + b"x: a\ncontent-length: 0\n\n" + SMUGGLED,
        START + CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"\r\n0x2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"\r\n2\r\n{}xx0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"\r\n2\n{}\n0\n\n" + SMUGGLED,
        START + CHUNKED + b"\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        START + CHUNKED + b"\r\n 2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    ],
    ids=lambda data: re.sub(r"[^ -~]", ".", data[len(START) :].decode("latin-1"))[:45],
)
def test_a_request_whose_end_can_be_seen_in_two_places_is_not_served_and_nothing_behind_it(front, data):
    statuses, state = answers(front, data)

    assert state == "closed"
    assert statuses in ([400], [])
    assert front.server.requests == []


def test_a_transfer_encoding_in_http_1_0_hides_no_second_request(front):
    data = START.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n" + SMUGGLED

    statuses, state = answers(front, data)

    assert (len(statuses), state) == (1, "closed")


def test_requests_in_a_row_are_answered_in_order(front):
    statuses, state = answers(front, MODELS + WHOLE + b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" + WHOLE)

    assert (statuses, state) == ([200, 200, 404, 200], "open")
    assert len(front.server.requests) == 2


def test_a_diagnostic_behind_good_requests_leaves_their_answers_whole(front):
    statuses, state = answers(front, WHOLE + WHOLE + b"nonsense\r\n\r\n" + MODELS)

    assert (statuses, state) == ([200, 200], "closed")


def test_a_request_may_come_byte_by_byte_and_in_chunks_of_one(front):
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD)
    assert answers(front, START + CHUNKED + b"\r\n" + pieces + b"0\r\nx-trailer: 1\r\n\r\n") == ([200], "open")


def test_a_client_that_asks_before_it_sends_its_body_is_told_to(front):
    front.script()
    with front.running.connected() as connection:
        connection.sendall(START + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(GOOD))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(GOOD)
        with connection.makefile("rb") as lines:
            assert read_from(lines).status == 200


def test_http_1_0_is_served_and_closed(front):
    assert answers(front, WHOLE.replace(b"1.1", b"1.0")) == ([200], "closed")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CHAT, 405),
        ("PUT", CHAT, 405),
        ("DELETE", "/v1/models", 405),
        ("PATCH", "/v1/translate", 405),
        ("OPTIONS", "/metrics", 405),
        ("HEAD", "/v1/models", 200),
        ("HEAD", "/", 200),
        ("HEAD", CHAT, 405),
        ("GET", "/v1/mode%6cs", 200),
        ("GET", "/v1/models?x=1&x=2", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/../v1/models", 404),
        ("GET", "/%2e%2e/etc/passwd", 404),
        ("GET", "/%00", 404),
        ("GET", "/%ff%fe", 404),
        ("GET", "/%", 404),
        ("GET", "/%0d%0aset-cookie:%20x=1", 404),
        ("GET", "*", 404),
        ("GET", "/" + "a" * 5000, 404),
        ("TRACE", "/", 405),
        ("PROPFIND", "/", 405),
    ],
)
def test_methods_and_paths(front, method, path, status):
    got = front.running.ask(method=method, path=path)

    assert got.status == status
    assert got.headers["x-request-id"]
    assert "set-cookie" not in got.headers
    if method == "HEAD":
        assert got.body == b"" and int(got.headers["content-length"]) > 0
    elif status >= 400:
        assert list(got.error) == ["message", "type", "param", "code"]


def test_a_wrong_method_says_which_are_taken(front):
    got = front.running.ask(method="PUT", path="/v1/translate")

    assert got.error["message"] == "/v1/translate takes GET and POST, not PUT"
    assert got.headers["allow"] == "GET, POST"


def test_a_wrong_path_says_what_there_is(front):
    got = front.running.ask(path="/v1/batches")

    assert got.error["message"] == (
        "nothing is served at /v1/batches: try POST /v1/chat/completions, GET /v1/models, or / in a browser"
    )


# JSON

BAD = "the body is not JSON that can be sent on: "
DEEP = b'{"model":"kimi","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", 'it is empty: write {"model": ..., "messages": [...]}'),
        (b" \n", 'it is empty: write {"model": ..., "messages": [...]}'),
        (b"[]", 'it is not an object: write {"model": ..., "messages": [...]}'),
        (b'"text"', 'it is not an object: write {"model": ..., "messages": [...]}'),
        (b"{", None),
        (b"{'model': 1}", None),
        (GOOD + b"x", None),
        (GOOD[:-1], None),
        (b"\xef\xbb\xbf" + GOOD, None),
        (GOOD.decode().encode("utf-16"), "it is not UTF-8: byte 0xff at 0"),
        (b'{"model":"kimi","messages":[{"role":"user","content":"\xff"}]}', "'messages' is not UTF-8: byte 0xff"),
        (b'{"model":"kimi","messages":[],"x":"\xed\xa0\x80"}', "'x' is not UTF-8: byte 0xed"),
        (b'{"model":"kimi","messages":[],"x":"\xc0\xaf"}', "'x' is not UTF-8: byte 0xc0"),
        (b'{"model":"kimi","messages":[],"\xff":1}', "it is not UTF-8: byte 0xff at 31"),
        (b'{"model":"kimi","messages":[],"x":NaN}', None),
        (b'{"model":"kimi","messages":[],"x":[Infinity]}', None),
        (b'{"model":"kimi","messages":[],"x":"a\nb"}', None),
        (b'{"model":"kimi","messages":[{"role":"user","content":"\\ud800x"}]}', None),
        (b'{"model":"kimi","messages":[],"\\udfff":1}', None),
        (b'{"model":"kimi","model":"plain","messages":[]}', 'the key "model" comes twice in one object: keep one of them'),
        (b'{"model":"kimi","messages":[],"messages":[1]}', 'the key "messages" comes twice in one object: keep one of them'),
        (b'{"model":"kimi","mod\\u0065l":"plain","messages":[]}', 'the key "model" comes twice in one object: keep one of them'),
        (DEEP, "it nests too deep"),
        (DEEP.replace(b"[", b'{"a":').replace(b"]", b"}"), None),
        (b"[" * 100_000, None),
        (b'{"a":' * 100_000, None),
        (b'{"model":"kimi","messages":[],"x":"' + b"[" * 100_000, None),
    ],
    ids=lambda value: (repr(value)[:40] if isinstance(value, bytes) else ""),
)  # fmt: skip
@pytest.mark.parametrize("path", [CHAT, "/v1/translate"])
def test_bodies_that_are_no_json_to_be_sent_on(front, path, body, text):
    front.script()

    refused = front.running.ask(body, path=path)

    assert refused.status == 400
    error = refused.error
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_json")
    assert error["message"] == (BAD + text if text else error["message"])
    assert error["message"].startswith(BAD)
    assert len(error["message"]) < 300
    assert front.server.requests == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"payload":{"n":1,"n":2},"provider":"moonshot"}', "n"),
        (b'{"payload": {"n": 1, "n": 2}, "provider": "moonshot"}', "n"),
        (b'{"payload":{"n":1},"provider":"moonshot","payload":{}}', "payload"),
        (b'{"payload":{},"provider":"moonshot","policy":{"lossy":"warn","lossy":"error"}}', "lossy"),
    ],
)
def test_a_dry_run_refuses_a_key_that_comes_twice_as_the_completion_does(front, body, name):
    refused = front.running.ask(body, path="/v1/translate")

    assert (refused.status, refused.error) == (
        400,
        {
            "message": f'{BAD}the key "{name}" comes twice in one object: keep one of them',
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_json",
        },
    )
    sent = b'{"model":"kimi","messages":[],"%b":1,"%b":2}' % (name.encode(), name.encode())
    assert front.running.ask(sent).error == refused.error


def raw_deflate(data):
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(data) + packing.flush()


PACKED = {
    "gzip": gzip.compress(GOOD, mtime=0), "GZIP ": gzip.compress(GOOD[:9], mtime=0) + gzip.compress(GOOD[9:], mtime=0),
    "x-gzip": gzip.compress(GOOD, mtime=0), "deflate": zlib.compress(GOOD), "Deflate": raw_deflate(GOOD),
}  # fmt: skip


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("path", [CHAT, "/v1/translate", "/v1/embeddings"])
def test_a_packed_body_is_unpacked(front, path, coding):
    front.script()
    plain = front.running.ask(GOOD, path=path)
    packed = front.running.ask(PACKED[coding], path=path, content_encoding=coding)

    assert (packed.status, packed.body) == (plain.status, plain.body)
    assert "content-encoding" not in (front.server.requests or [{"headers": ()}])[-1]["headers"]


@pytest.mark.parametrize("coding", ["deflate, gzip", "x-unheard-of", "br"])
def test_a_body_that_nobody_here_unpacks_is_refused(front, coding):
    front.script()
    refused = front.running.ask(PACKED["gzip"], content_encoding=coding)

    known = ", ".join(unpacking.known())
    assert (refused.status, refused.headers["accept-encoding"], refused.error["code"]) == (
        415,
        known,
        "unsupported_encoding",
    )
    assert refused.error["message"] == (
        f"Content-Encoding must be one of {known}: send the body as it is, without Content-Encoding"
    )
    assert front.server.requests == []


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GOOD),
        ("gzip", PACKED["gzip"][:-9]),
        ("gzip", PACKED["gzip"] + b"more"),
        ("deflate", b""),
        ("deflate", b"x"),
        ("deflate", GOOD),
    ],
)
def test_a_damaged_body_is_a_400(front, coding, body):
    refused = front.running.ask(body, content_encoding=coding)
    assert (refused.status, refused.error["code"]) == (400, "invalid_encoding" if body else "invalid_json")


@pytest.mark.parametrize("packed", [gzip.compress(b" " * 40_000_000), gzip.compress(b" " * 20_000_000) * 3])
def test_a_body_that_unpacks_to_too_much_is_refused_before_it_is_unpacked_whole(front, packed):
    refused = front.running.ask(packed, content_encoding="gzip")
    assert (refused.status, refused.error["code"]) == (413, "request_too_large")


class _Frames:
    """zstd as its library has it; a frame is a byte that says how long it is, and a text backwards."""

    class ZstdError(Exception):
        pass

    class ZstdDecompressor:
        eof, unused_data = False, b""

        def decompress(self, data, most):
            if not data[0]:
                raise _Frames.ZstdError
            self.eof, self.unused_data = len(data) > data[0], data[data[0] + 1 :]
            return data[data[0] : 0 : -1][:most]


def test_what_a_real_client_packs_with_zstd_is_unpacked():
    packed = unpacking._zstd().compress(b'{"model": "m"}')

    assert unpacking.unpacked("zstd", packed, 100) == b'{"model": "m"}'
    assert unpacking.unpacked("zstd", packed, 5) is None


def test_zstd_is_unpacked_where_its_library_is_installed(monkeypatch):
    monkeypatch.setattr(unpacking, "_zstd", lambda: _Frames)
    assert unpacking.unpacked("zstd", b"\x02ba\x01c", 3) == b"abc"
    assert unpacking.unpacked("zstd", b"\x02ba\x01c", 2) is None
    for damaged in (b"\x00", b"\x05ab"):
        with pytest.raises(unpacking.UnpackingError):
            unpacking.unpacked("zstd", damaged, 9)


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_a_body_that_says_it_is_not_packed_is_read(front, coding):
    assert front.ask({}, content_encoding=coding).status == 200


def test_after_a_packed_body_the_connection_serves_the_next_request(front):
    packed = gzip.compress(GOOD)
    head = START + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)

    assert answers(front, head + packed + WHOLE) == ([200, 200], "open")


@BOTH
@pytest.mark.parametrize(
    ("fields", "param", "status"),
    [
        ({"model": None}, "model", 400),
        ({"model": 7}, "model", 400),
        ({"model": ["kimi"]}, "model", 400),
        ({"model": ""}, "model", 404),
        ({"model": "nobody"}, "model", 404),
        ({"model": "x" * 1000}, "model", 404),
        ({"model": "x" * 10_000}, "model", 400),
        ({"model": "\x00\r\nset-cookie: x"}, "model", 404),
        ({"messages": "Hello"}, "messages", 400),
        ({"messages": None}, "messages", 400),
        ({"messages": {}}, "messages", 400),
    ],
)
def test_fields_that_are_none(front, model, fields, param, status):
    front.script()

    refused = front.running.ask({"model": model, **fields})

    assert (refused.status, refused.error["param"]) == (status, param)
    assert len(refused.error["message"]) < 1000
    assert front.server.requests == []


@BOTH
@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [1, None, "x", [], {}]},
        {"messages": [{"role": 7, "content": {"a": [1]}}]},
        {"messages": []},
        {"temperature": "hot"},
        {"temperature": 1e308},
        {"max_tokens": 10**40},
        {"n": -1},
        {"tools": 7},
        {"tools": [None]},
        {"tool_choice": [[]]},
        {"stream": "yes"},
        {"stream": 1},
        {"stream_options": 7},
        {"response_format": "json"},
        {"response_format": {"type": None}},
        {"extra_body": 7},
        {"extra_body": {"extra_body": {"extra_body": None}}},
        {"extra_body": {"model": "plain"}},
        {"stop": {"a": 1}},
        {"": 1, "\u2028": "\u0000", "😀": "😀"},
        {"x": "\U0010ffff" * 100},
    ],
    ids=str,
)
def test_odd_fields_pass_or_are_refused_and_break_nothing(front, model, fields):
    got = front.ask({"model": model, **fields})

    assert got.status in (200, 400)
    for body in front.server.bodies:
        assert body["model"] == ("moonshot-v1-8k" if model == "kimi" else "m-1")


def test_a_number_that_no_float_holds_is_refused_where_it_is_read(front):
    front.script()
    refused = front.running.ask(GOOD[:-1] + b', "temperature": 1e999}')

    assert (refused.status, refused.error["code"]) == (400, "invalid_json")


@BOTH
def test_what_nobody_looks_at_is_sent_on_as_it_is(front, model):
    odd = b'{ "model" :"%b",\t"messages":[{"role":"user","content":"\\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00"}], "x": [1.0, 1e2, -0.0, 12345678901234567890123] }'
    front.script()

    assert front.running.ask(odd % model.encode()).status == 200
    sent = front.server.requests[0]["body"]
    assert b'"\\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00"' in sent or json.loads(sent)["messages"][0]["content"] == "é é / 😀"
    assert b"[1.0, 1e2, -0.0, 12345678901234567890123]" in sent
