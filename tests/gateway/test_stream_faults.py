"""Streams that are cut, odd, or none: the client gets whole events, and an error event where the rest is missing."""

from __future__ import annotations

import json
import time

import pytest
from tests.gateway.asking import HI, running
from tests.servers import COMPLETION, answer, chunk, events, raw, serving, stream

from quirkbook.gateway.config.model import Deployment

pytestmark = pytest.mark.timeout(20)

BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
CHUNKS = [
    chunk("Hel"),
    chunk("lo", reasoning_content="…"),
    chunk(finish="stop"),
    {**chunk(), "choices": [], "usage": USAGE},
]


def cut(text, model="kimi"):
    who = "moonshot" if model == "kimi" else "the upstream"
    message = f"{who}: the stream ended before its answer did: {text}"
    return {"error": {"message": message, "type": "upstream_error", "param": None, "code": "stream_cut"}}


BROKE = "the connection broke before the answer was complete"
UNFINISHED = "it stopped without saying that it is complete"


@BOTH
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stream_passes_as_it_is(front, model, end):
    data = b": a remark" + end.encode() * 2 + events(*CHUNKS, "[DONE]", end=end)

    got = front.ask({"model": model, "stream": True}, stream(data))

    assert (got.status, got.complete, got.headers["content-type"]) == (200, True, "text/event-stream")
    assert (got.headers["x-accel-buffering"], got.headers["cache-control"]) == ("no", "no-cache")
    assert got.events == [*CHUNKS, "[DONE]"]


@BOTH
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stream_may_come_in_pieces_of_any_size(front, model, end):
    data = events(*CHUNKS, "[DONE]", end=end)
    for size in (1, 2, 3, 7, 64, 200):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        got = front.ask({"model": model, "stream": True}, stream(*pieces))

        assert got.events == [*CHUNKS, "[DONE]"]


@BOTH
def test_a_stream_that_is_cut_at_any_byte_gives_whole_events_and_says_that_it_was_cut(front, model):
    data = events(chunk("Hel"), chunk("lo"))
    for at in [*range(1, len(data), 13), len(data)]:
        got = front.ask({"model": model, "stream": True}, stream(data[:at], end="cut"))
        whole = data[:at].count(b"\n\n")
        if not whole:  # nothing of it has gone to the client yet
            assert (got.status, got.error["code"]) == (502, "no_connection")
            continue

        assert (got.status, got.complete) == (200, True)
        assert got.events == [*[chunk("Hel"), chunk("lo")][:whole], cut(BROKE, model)]


@BOTH
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_stream_that_ends_with_its_connection_before_its_answer_does_is_cut(front, model, version):
    head = f"HTTP/{version} 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".encode()

    got = front.ask({"model": model, "stream": True}, raw(head + events(chunk("Hel")), close=True))

    assert got.events == [chunk("Hel"), cut(UNFINISHED, model)]


@BOTH
@pytest.mark.parametrize("end", ["whole", "cut"])
@pytest.mark.parametrize("finish", ['"finish_reason": "stop"', '"finish_reason":"stop"', '"finish_reason" : "length"'])
def test_done_is_added_where_the_answer_was_complete_without_it(front, model, finish, end):
    last = '{"choices": [{"index": 0, "delta": {}, FINISH}]}'.replace("FINISH", finish)

    got = front.ask({"model": model, "stream": True}, stream(events(chunk("Hel"), last), end=end))

    assert got.events == [chunk("Hel"), json.loads(last), "[DONE]"]


@BOTH
@pytest.mark.parametrize("strip", [1, 2])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_last_event_counts_without_the_empty_line_behind_it(front, model, strip, end):
    data = events(chunk("Hel"), chunk(finish="stop"), end=end).removesuffix((end * strip).encode())

    assert front.ask({"model": model, "stream": True}, stream(data)).events == [
        chunk("Hel"),
        chunk(finish="stop"),
        "[DONE]",
    ]


@BOTH
def test_a_done_without_an_empty_line_behind_it_is_one(front, model):
    data = events(chunk("Hi", "stop")) + b"data: [DONE]"

    assert front.ask({"model": model, "stream": True}, stream(data)).events == [chunk("Hi", "stop"), "[DONE]"]


@BOTH
def test_a_last_event_that_is_cut_is_left_out(front, model):
    data = events(chunk("Hel")) + b'data: {"choices": [{"del'

    got = front.ask({"model": model, "stream": True}, stream(data))

    assert got.events == [chunk("Hel"), cut(UNFINISHED, model)]


@BOTH
@pytest.mark.parametrize(
    "odd", [": keep-alive", "event: ping\ndata: {}", "id: 7", "retry: 10", "data: {broken", "nonsense", "data:"]
)
def test_odd_events_between_others_pass_as_they_are(front, model, odd):
    data = events(chunk("Hel")) + odd.encode() + b"\n\n" + events(chunk("lo", "stop"), "[DONE]")

    got = front.ask({"model": model, "stream": True}, stream(data))

    assert got.body == data


@BOTH
def test_an_error_in_a_stream_is_its_end_and_nothing_is_added(front, model):
    broken = {"error": {"message": "overloaded", "type": "server_error", "param": None, "code": None}}

    got = front.ask({"model": model, "stream": True}, stream(events(chunk("Hel"), broken)))

    assert got.events == [chunk("Hel"), broken]


@BOTH
def test_an_event_without_end_is_not_gathered_for_ever(front, model, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.streams.MAX_EVENT", 100_000)

    got = front.ask({"model": model, "stream": True}, stream(events(chunk("Hi")), *[b"data: " + b"x" * 50_000] * 5))

    assert got.events == [chunk("Hi"), cut("an event is too long", model)]
    assert front.server.gone.wait(2)


@BOTH
@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "text/plain", "application/x-ndjson", ""])
def test_a_stream_is_known_by_what_it_is(front, model, kind):
    got = front.ask({"model": model, "stream": True}, stream(events(*CHUNKS, "[DONE]"), kind=kind))

    assert got.events == [*CHUNKS, "[DONE]"]


@BOTH
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_whole_answer_to_a_request_for_a_stream_becomes_one_chunk(front, model, kind):
    got = front.ask({"model": model, "stream": True}, answer(COMPLETION, content_type=kind))

    delta = {"role": "assistant", "content": "Hello!"}
    choices = [{"index": 0, "delta": delta, "finish_reason": "stop"}]
    assert got.events == [{**COMPLETION, "object": "chat.completion.chunk", "choices": choices}, "[DONE]"]
    assert (got.status, got.headers["content-type"]) == (200, "text/event-stream")


@BOTH
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"error": {"message": "no", "type": "rate_limit_error", "code": None}}, 429, None),
        ("<html><title>Down</title></html>", 502, "malformed_answer"),
        ({"choices": None}, 502, "empty_answer"),
        ({"id": "x"}, 502, "empty_answer"),
        ("", 502, "no_connection"),
    ],
)
def test_what_is_neither_a_stream_nor_an_answer_gets_a_real_status(front, model, body, status, code):
    refused = front.ask({"model": model, "stream": True}, answer(body))

    assert (refused.status, refused.error["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/json"


@BOTH
@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_refusal_of_a_stream_is_a_plain_error(front, model, status):
    body = {"error": {"message": "no", "type": "t", "param": None, "code": None}}

    refused = front.ask({"model": model, "stream": True}, answer(body, status))

    assert (refused.status, refused.json) == (status, body)


@BOTH
def test_a_paced_stream_is_not_held_back(front, model):
    def paced(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + events(chunk("Hel")))
        time.sleep(0.5)
        connection.sendall(events(chunk("lo", "stop"), "[DONE]"))
        connection.shutdown(2)

    front.script(paced)
    body = json.dumps({"model": model, "messages": HI, "stream": True}).encode()
    with front.running.connected() as connection:
        started = time.monotonic()
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        got = b""
        while b"Hel" not in got:
            got += connection.recv(4096)
        assert time.monotonic() - started < 0.4


def test_rules_on_chunks_speak_in_a_stream_as_they_do_elsewhere(front):
    last = {**chunk(finish="stop"), "choices": [{**chunk(finish="stop")["choices"][0], "usage": {"cached_tokens": 3}}]}

    got = front.ask({"stream": True}, stream(events(chunk("Hel"), last, "[DONE]")))

    assert got.events[0] == chunk("Hel")
    assert got.events[-1] == "[DONE]"
    assert len(got.events) >= 3


@BOTH
@pytest.mark.parametrize("end", ["whole", "cut"])
def test_a_text_that_names_the_marker_ends_no_stream(front, model, end):
    got = front.ask({"model": model, "stream": True}, stream(events(chunk("it ends with [DONE] then")), end=end))

    said = UNFINISHED if end == "whole" else BROKE
    assert got.events == [chunk("it ends with [DONE] then"), cut(said, model)]


def a_choice(index, finish=None):
    return {**chunk(), "choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": finish}]}


@BOTH
def test_a_stream_of_two_choices_is_complete_when_both_are(front, model):
    asked = {"model": model, "stream": True, "n": 2, "temperature": 0.9}
    half, whole = [a_choice(1), a_choice(0, "stop")], [a_choice(0, "stop"), a_choice(1, "stop")]

    assert front.ask(asked, stream(events(*half))).events == [*half, cut(UNFINISHED, model)]
    assert front.ask(asked, stream(events(*whole))).events == [*whole, "[DONE]"]


@BOTH
def test_a_connection_that_breaks_after_the_end_changes_nothing(front, model):
    got = front.ask({"model": model, "stream": True}, stream(events(chunk("Hi", "stop"), "[DONE]"), end="cut"))

    assert got.events == [chunk("Hi", "stop"), "[DONE]"]


def test_what_a_rule_owes_is_paid_after_a_break_behind_the_end_too(front):
    last = chunk(finish="stop")
    last["choices"][0]["usage"] = USAGE
    asked = {"stream": True, "stream_options": {"include_usage": True}}

    broken = front.ask(asked, stream(events(chunk("Hi"), last), end="cut")).events

    assert broken == front.ask(asked, stream(events(chunk("Hi"), last))).events
    assert [one["usage"] for one in broken[:-1] if one.get("usage")] == [USAGE]


@pytest.mark.parametrize("end", ["whole", "cut"])
def test_text_that_a_rule_held_back_comes_before_the_error(end):
    with (
        serving(stream(events(chunk("<think>Let me lo"), chunk("ok</thi")), end=end)) as server,
        running(Deployment("m", "vllm/deepseek-r1", "vllm", "deepseek-r1", "k", server.url)) as front,
    ):
        got = front.ask({"model": "m", "stream": True})

    *said, error = got.events
    thoughts = "".join(one["choices"][0]["delta"].get("reasoning_content", "") for one in said)
    assert (thoughts, error["error"]["code"]) == ("Let me look</thi", "stream_cut")


@BOTH
@pytest.mark.parametrize("ends", ["\r", "\r\n", "mixed"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_may_end_in_each_of_the_standards_ways(front, model, ends, size):
    gaps = {"\r": [b"\r\r"], "\r\n": [b"\r\n\r\n"]}.get(ends, [b"\r\n\n", b"\n\r\n", b"\n\r", b"\r\r\n", b"\r\r"])
    whole = events(*CHUNKS, "[DONE]").split(b"\n\n")[:-1]
    data = b"".join(event + gaps[at % len(gaps)] for at, event in enumerate(whole))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    got = front.ask({"model": model, "stream": True}, stream(b"\xef\xbb\xbf" + pieces[0], *pieces[1:]))

    assert got.events == [*CHUNKS, "[DONE]"]
    assert not got.body.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("model", ["kimi", "plain"])
@pytest.mark.parametrize("end", ["whole", "cut"])
def test_a_last_chunk_with_the_figures_alone_ends_a_stream_without_a_reason(front, model, end):
    figures = {**chunk(), "choices": [], "usage": {"total_tokens": 3}}
    got = front.ask({"model": model, "stream": True}, stream(events(chunk("Hi"), figures), end=end))

    assert got.events == [chunk("Hi"), figures, "[DONE]"]
    cut = front.ask({"model": model, "stream": True}, stream(events(figures, chunk("Hi")), b"data: {x", end=end))
    assert cut.events[-1]["error"]["code"] == "stream_cut"


@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_a_word_error_within_a_chunk_does_not_hide_that_the_stream_was_cut(front, model):
    annotated = {**chunk("Hi"), "note": {"error": "none"}}
    got = front.ask({"model": model, "stream": True}, stream(events(annotated)))

    assert got.events[-1]["error"]["code"] == "stream_cut"
