"""What was asked for and what comes may differ: a stream for a whole answer, a whole answer for a stream, under any content type."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import a_deployment, running
from tests.servers import COMPLETION, answer, chunk, events, raw, serving, stream

from quirkbook.wire.sse import MAX_EVENT

pytestmark = pytest.mark.timeout(20)

BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])
TYPES = pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "Application/JSON", "text/plain", ""])
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
STREAM = events(
    chunk(""), chunk("Hé"), chunk("llo 北"), chunk(finish="stop"), {**chunk(), "choices": [], "usage": USAGE}, "[DONE]"
)


def said(data, kind, status=200):
    typed = f"content-type: {kind}\r\n" if kind else ""
    return raw(f"HTTP/1.1 {status} X\r\n{typed}content-length: {len(data)}\r\n\r\n".encode() + data)


@BOTH
@TYPES
@pytest.mark.parametrize("before", [b"", b": PROCESSING\n\n", b"\xef\xbb\xbf", b"\n\nevent: message\nid: 7\n"])
def test_a_stream_where_a_whole_answer_was_asked_for_becomes_one(front, model, kind, before):
    got = front.ask({"model": model}, said(before + STREAM, kind))

    assert (got.status, got.headers["content-type"].lower()) == (200, "application/json")
    assert got.json["choices"][0]["message"]["content"] == "Héllo 北"
    assert (got.json["object"], got.json["usage"]) == ("chat.completion", USAGE)


@BOTH
@TYPES
def test_a_whole_answer_where_a_stream_was_asked_for_becomes_one(front, model, kind):
    got = front.ask({"model": model, "stream": True}, said(json.dumps(COMPLETION).encode(), kind))

    assert (got.status, got.headers["content-type"]) == (200, "text/event-stream")
    assert got.events[0]["choices"][0]["delta"]["content"] == "Hello!"
    assert (got.events[0]["usage"], got.events[-1]) == (COMPLETION["usage"], "[DONE]")


@BOTH
@TYPES
def test_clients_are_told_what_they_get(front, model, kind):
    streamed = front.ask({"model": model, "stream": True}, said(STREAM, kind))
    whole = front.ask({"model": model}, said(json.dumps(COMPLETION).encode(), kind))

    assert streamed.headers["content-type"] == "text/event-stream"
    assert whole.headers["content-type"].lower() == "application/json"


def test_a_content_type_that_says_more_is_kept(front):
    got = front.ask({"stream": True}, said(STREAM, "text/event-stream; charset=utf-8"))

    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"


@BOTH
def test_an_error_in_a_stream_that_nobody_asked_for_is_one(front, model):
    busy = events(chunk("He"), {"error": {"message": "The engine is overloaded", "code": 529}})
    got = front.ask({"model": model}, said(busy, "text/event-stream"))

    assert (got.status, got.error["message"]) == (529, "The engine is overloaded")


@BOTH
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (events(chunk("He")), "stream_cut"),
        (events(chunk("He"))[:-9], "stream_cut"),
        (events("[DONE]"), "empty_answer"),
        (b"data: " + b"x" * (MAX_EVENT + 1), "stream_cut"),
    ],
)
def test_a_stream_that_makes_no_answer_is_none(front, model, data, code):
    got = front.ask({"model": model}, said(data, "text/event-stream"))

    assert (got.status, got.error["code"]) == (502, code)


def test_a_stream_that_stops_goes_elsewhere():
    with (
        serving(said(events(chunk("He")), "text/event-stream")) as bad,
        serving(answer()) as good,
        running(a_deployment(bad.url, weight=1), a_deployment(good.url, weight=0)) as front,
    ):
        assert front.ask({}).json == COMPLETION


def test_rules_on_chunks_apply_and_are_named(front):
    used = {**chunk(), "usage": {"prompt_tokens": 9, "cached_tokens": 7}}
    got = front.ask({}, said(events(chunk("Hi", "stop"), used, "[DONE]"), "text/event-stream"))

    assert got.json["usage"]["prompt_tokens_details"] == {"cached_tokens": 7}
    assert "moonshot/cached-tokens-in-details" in got.headers["x-quirkbook-rules"]


# What is almost JSON

ODD = {
    "not UTF-8": (b'"Hello!"', b'"H\xff\xfe!"', "H\ufffd\ufffd!"),
    "half of a pair": (b'"Hello!"', b'"\\ud83d!"', "\ud83d!"),
    "NaN": (b'"usage"', b'"score": NaN, "low": -Infinity, "usage"', "Hello!"),
}


@BOTH
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_almost_json_is_read(front, model, streams, odd):
    before, after, content = ODD[odd]
    body = json.dumps(COMPLETION).encode().replace(before, after)
    got = front.ask({"model": model, "stream": streams}, said(body, "application/json"))

    assert got.status == 200
    found = got.events[0] if streams else got.json
    assert found["choices"][0]["delta" if streams else "message"]["content"] == content
    assert b"NaN" not in got.body and b"Infinity" not in got.body
    if odd == "NaN":
        assert (found["score"], found["low"]) == (None, None)


@BOTH
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize(
    ("text", "read"),
    [(b'"\\ud83d"', "?"), (b"1" + b"0" * 30, pytest.approx(1e30)), (b"NaN", None), (b'"\xff"', "\ufffd")],
)
def test_an_error_that_is_almost_json_is_read(front, model, streams, status, text, read):
    body = b'{"error": {"message": "no", "x": ' + text + b"}}"
    got = front.ask({"model": model, "stream": streams}, said(body, "application/json", status))

    assert (got.status, got.error["message"], got.error["x"]) == (400 if status == 400 else 500, "no", read)


@BOTH
def test_a_number_too_long_to_be_read_makes_no_stream(front, model):
    body = json.dumps(COMPLETION).encode().replace(b'"usage"', b'"n": ' + b"9" * 5000 + b', "usage"')
    got = front.ask({"model": model, "stream": True}, said(body, "application/json"))

    assert (got.status, got.error["code"]) == (502, "malformed_answer")


@BOTH
def test_an_error_event_that_is_almost_json_is_read(front, model):
    body = b'event: error\ndata: {"message": "no \\ud83d"}\n\n'

    for streams in (True, False):
        got = front.ask({"model": model, "stream": streams}, said(body, "text/event-stream"))
        assert (got.status, got.error["message"]) == (500, "no ?")


# How long to wait


@pytest.mark.parametrize(("given", "passed"), [("1.2", "2"), ("0", "0"), ("2000000", "2000000")])
def test_retry_after_is_told_in_whole_seconds(front, given, passed):
    busy = answer({"error": {"message": "busy"}}, 429, retry_after=given)

    assert front.ask({}, busy).headers["retry-after"] == passed


def test_a_byte_order_mark_may_come_in_pieces(front):
    data = b"\xef\xbb\xbf" + json.dumps(COMPLETION).encode()
    got = front.ask({"stream": True}, stream(data[:1], data[1:4], data[4:]))

    assert got.events[0]["choices"][0]["delta"]["content"] == "Hello!"
