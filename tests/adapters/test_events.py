from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.asked import acme
from tests.books import a_book, a_rule
from tests.servers import chunk, events

from quirkbook.adapters.events import EventStream
from quirkbook.api import default_rulebook
from quirkbook.wire import sse

USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "cached_tokens": 2}


def made(rulebook=None, provider="moonshot", **request):
    return EventStream(provider, {"model": "moonshot-v1-8k", **request}, rulebook or default_rulebook())


def passed(stream, data, size=None):
    size = size or len(data)
    return b"".join([stream.feed(data[at : at + size]) for at in range(0, len(data), size)]) + stream.close()


def decoded(data):
    decoder = sse.Decoder()
    found = [event.data for event in decoder.feed(data) + decoder.close()]
    return [text if text == "[DONE]" else json.loads(text) for text in found]


PLAIN = (
    b": a comment\r\n\r\nevent: message\r\nid: 7\r\n"
    b'data: {"choices": [ {"index":0,\r\ndata: "delta":{}} ]}\r\n\r\n'
    b"retry: 3\n\ndata:[1, 2]\r\rdata: no json\n\n\n\n" + events(chunk("Hi"), "[DONE]") + b"what comes after\n\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(PLAIN)])
def test_events_that_no_rule_touches_pass_byte_for_byte(size):
    assert passed(made(), PLAIN, size) == PLAIN


@given(st.text("\r\n:ad[]{} ").map(str.encode), st.integers(1, 9))
def test_any_text_passes_byte_for_byte_however_it_is_cut(data, size):
    assert passed(made(), data, size) == data


def test_an_event_passes_as_soon_as_it_is_complete():
    stream = made()
    first, second = events(chunk("One")), events(chunk("Two"))

    assert stream.feed(first + second[:-1]) == first
    assert stream.feed(second[-1:]) == second


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_changed_event_keeps_its_line_ends_and_what_stands_beside_its_data(end):
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}]}
    data = f"event: message{end}: note{end}data: {json.dumps(last)}{end}{end}".encode()
    stream = made()

    written = passed(stream, data)

    wanted = {
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        "usage": {**USAGE, "prompt_tokens_details": {"cached_tokens": 2}},
    }
    assert written.startswith(f"event: message{end}: note{end}data: ".encode())
    assert written.endswith((end * 2).encode())
    assert written.count(b"\n") == 4
    assert decoded(written) == [wanted]
    assert {change.rule for change in stream.changes} == {
        "moonshot/usage-comes-once",
        "moonshot/cached-tokens-in-details",
    }


def test_a_byte_order_mark_is_no_part_of_the_first_field():
    last = {"choices": [{"index": 0, "delta": {}, "usage": USAGE}]}

    written = passed(made(), b"\xef\xbb\xbf" + events(last))

    assert written.count(b"data:") == 1


def test_an_event_that_goes_leaves_nothing():
    usage = {"choices": [], "usage": USAGE}

    written = passed(made(), events(usage, usage))

    assert len(decoded(written)) == 1


def test_owed_chunks_come_before_done(tmp_path):
    stream = made(acme(tmp_path), "acme")

    written = passed(stream, events(chunk("<think>so"), chunk("</thi"), "[DONE]"))

    deltas = [event if event == "[DONE]" else event["choices"][0]["delta"] for event in decoded(written)]
    assert deltas == [
        {"content": "", "reasoning_content": "so"},
        {"content": ""},
        {"reasoning_content": "</thi"},
        "[DONE]",
    ]


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_owed_chunks_come_at_the_end_of_a_stream_without_done(tmp_path, cut):
    stream = made(acme(tmp_path), "acme")
    data = events(chunk(""), chunk("<thi"), chunk(None))

    written = passed(stream, data[: len(data) - cut])

    assert [event["choices"][0]["delta"] for event in decoded(written)] == [
        {"content": ""},
        {"content": ""},
        {},
        {"content": "<thi"},
    ]


def test_half_an_event_at_the_end_passes_as_it_is():
    data = events(chunk("Hi")) + b'data: {"choices": [{"ind'

    assert passed(made(), data) == data


def test_an_error_in_the_stream_gets_the_shape_of_an_error():
    error = {"error": {"message": "no more", "type": "server_error"}}

    written = passed(translator := made(), events(error))

    assert decoded(written) == [{"error": {"message": "no more", "type": "server_error", "param": None, "code": None}}]
    assert {change.rule for change in translator.changes} == {"moonshot/errors-have-code-and-param"}


def test_an_endless_event_passes_and_is_not_kept(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT", 100)
    stream = made()

    assert stream.feed(b"data: " + b"x" * 50) == b""
    assert stream.feed(b"x" * 50) == b"data: " + b"x" * 100
    assert stream.feed(b"more") == b"more"


def test_an_event_that_is_too_long_passes_whole(monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENT", 100)
    long = events({"choices": [{"usage": USAGE}], "text": "x" * 100})

    assert passed(made(), long) == long


@pytest.mark.parametrize("end", [["[DONE]"], []])
def test_text_that_rules_held_back_comes_out_however_the_stream_ends(end):
    written = passed(made(provider="together", model="deepseek-ai/DeepSeek-R1"), events(chunk("<thi"), *end))

    found = decoded(written)
    assert [one["choices"][0]["delta"]["content"] for one in found[:2]] == ["", "<thi"]
    assert found[2:] == end


@pytest.mark.parametrize(("end", "reasons"), [(["[DONE]"], [None, "stop"]), ([], [None])])
def test_a_last_chunk_is_made_where_the_stream_says_that_it_is_done(end, reasons):
    book = a_book(a_rule("r", {"end_stream": True}, stage="chunk"))
    piece = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}

    found = decoded(passed(made(book, "acme"), events(piece, *end)))

    assert [one["choices"][0].get("finish_reason") for one in found if one != "[DONE]"] == reasons
