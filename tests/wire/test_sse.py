"""Events do not depend on how the network cuts them."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quirkbook.wire.sse import Decoder, Event, EventTooLongError

STREAM = (
    b"\xef\xbb\xbf: the stream opens\r\n\r\n"
    b'data: {"a": 1}\n\n'
    b"event: error\r\ndata: no\r\n\r\n"
    b"id: 7\nretry: 10\ndata:two\ndata: lines\n\n"
    b"data\n\n"
    b"event: nothing\n\n"
    b"data: \xe4\xbd\xa0\xe5\xa5\xbd\r\rdata:  spaced\n\n"
    b"data: [DONE]\n\n"
)
EVENTS = [
    Event('{"a": 1}'),
    Event("no", "error"),
    Event("two\nlines"),
    Event(""),
    Event("你好"),
    Event(" spaced"),
    Event("[DONE]"),
]


def decoded(stream: bytes, cuts: list[int]) -> list[Event]:
    """Return the events of a stream that arrives in pieces."""
    decoder = Decoder()
    edges = [0, *sorted(cuts), len(stream)]
    return [event for start, end in itertools.pairwise(edges) for event in decoder.feed(stream[start:end])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_events_do_not_depend_on_the_size_of_the_pieces(size):
    assert decoded(STREAM, list(range(0, len(STREAM), size))) == EVENTS


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_events_do_not_depend_on_the_place_of_one_cut(cut):
    assert decoded(STREAM, [cut]) == EVENTS


@given(
    st.lists(st.sampled_from([b"data: x", b"data:", b": c", b"event: e", b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf"])),
    st.lists(st.integers(0, 80), max_size=6),
)
def test_any_lines_cut_anywhere_give_the_same_events(lines, cuts):
    stream = b"".join(lines) + b"."  # a CR at the very end would wait for its LF

    assert decoded(stream, [min(cut, len(stream)) for cut in cuts]) == decoded(stream, [])


@given(st.binary())
def test_no_bytes_break_it(data):
    Decoder().feed(data)


def test_the_last_event_needs_no_empty_line():
    decoder = Decoder()

    assert (decoder.feed(b"data: last"), decoder.close(), decoder.close()) == ([], [Event("last")], [])


def test_a_line_without_an_end_stops_at_the_limit():
    decoder = Decoder(limit=10)
    decoder.feed(b"data: 6789")

    with pytest.raises(EventTooLongError) as caught:
        decoder.feed(b"0")

    assert str(caught.value) == "a line is longer than 10 bytes"


def test_an_event_of_many_lines_stops_at_the_limit():
    decoder = Decoder(limit=10)

    with pytest.raises(EventTooLongError) as caught:
        decoder.feed(b"data: 12345\ndata: 678901\n")

    assert str(caught.value) == "an event is longer than 10 bytes"


def test_a_piece_longer_than_the_limit_may_hold_many_small_events():
    assert len(Decoder(limit=10).feed(b"data: 1\n\n" * 20)) == 20


def test_a_long_line_in_small_pieces_costs_no_more_than_its_length():
    text = json.dumps("x" * 1_000_000)
    decoder = Decoder()
    stream = f"data: {text}\n\n".encode()
    pieces = [stream[at : at + 100] for at in range(0, len(stream), 100)]

    assert [event for piece in pieces for event in decoder.feed(piece)] == [Event(text)]
