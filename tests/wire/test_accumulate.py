"""Chunks of every shape are put together: nothing in them can end a stream, and none costs more than it is long."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta
from tests.strategies import any_values, modest

from quirkbook.wire.accumulate import Accumulator, chunk_of


def received(*deltas, **more):
    accumulator = Accumulator()
    for delta in deltas or [{}]:
        accumulator.add({"choices": [{"index": 0, "delta": delta, **more}]})
    return accumulator.answer().to_dict()["choices"][0]


def call(id_, name, arguments):
    return {"id": id_, "function": {"name": name, "arguments": arguments}}


def test_calls_without_an_index_come_out_apart():
    first, second = call("a", "f", '{"x"'), call("b", "g", "{}")

    message = received(
        {"tool_calls": [first]}, {"tool_calls": [{"function": {"arguments": ":1}"}}]}, {"tool_calls": [second]}
    )

    assert message["message"]["tool_calls"] == [call("a", "f", '{"x":1}'), second]


def test_calls_of_one_chunk_that_share_an_index_come_out_apart():
    both = [{"index": 0, **call("a", "f", "{}")}, {"index": 0, **call("b", "g", "{}")}]

    assert received({"tool_calls": both})["message"]["tool_calls"] == [call("a", "f", "{}"), call("b", "g", "{}")]


def test_items_with_an_index_are_joined_and_others_appended():
    thoughts = [
        [{"type": "text", "index": 0, "text": "Hm", "format": "f"}],
        [{"type": "text", "index": 0, "text": "m."}],
    ]
    deltas = [{"reasoning_details": one, "annotations": [{"url": at}]} for at, one in enumerate(thoughts)]

    message = received(*deltas, {"reasoning_details": [{"index": 1, "data": "x"}]}, {"annotations": []})["message"]

    assert message["reasoning_details"] == [
        {"type": "text", "index": 0, "text": "Hmm.", "format": "f"},
        {"index": 1, "data": "x"},
    ]
    assert message["annotations"] == [{"url": 0}, {"url": 1}]


@pytest.mark.parametrize(
    ("contents", "content"),
    [
        (["a", "", "b"], "ab"),
        ([[{"type": "x"}], [{"type": "y"}]], [{"type": "x"}, {"type": "y"}]),
        ([[{"type": "x"}], "a", "b"], [{"type": "x"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        (["a", "b", [{"type": "x"}]], [{"type": "text", "text": "ab"}, {"type": "x"}]),
        (["", [{"type": "x"}], ""], [{"type": "text", "text": ""}, {"type": "x"}]),
        (["a", 7], 7),
        ([7, "a"], "a"),
        ([[1], {"a": "b"}, {"a": "c"}], {"a": "bc"}),
    ],
)
def test_content_of_every_kind_is_kept(contents, content):
    assert received(*({"content": one} for one in contents))["message"]["content"] == content


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ([{"content": [1]}, None, {"content": [2, 3], "refusal": None}], {"content": [1, 2, 3], "refusal": None}),
        ([[]], None),
        (["text", {"content": None}], {"content": None}),
        ([{"content": None}, {"content": [1]}], {"content": [1]}),
        ([{"content": [1]}, {"content": 7}, []], {"content": 7}),
    ],
)
def test_logprobs_are_joined_whatever_else_comes(logprobs, expected):
    accumulator = Accumulator()
    for one in logprobs:
        accumulator.add({"choices": [{"delta": {}, "logprobs": one}]})

    assert accumulator.answer()["choices"][0].get("logprobs") == expected


@pytest.mark.parametrize("index", [[], {}, "1", None, True, 1.0])
def test_a_choice_with_an_odd_index_is_told_by_its_place(index):
    accumulator = Accumulator()
    accumulator.add({"choices": [{"index": index, "delta": {"content": "a"}}, {"delta": {"content": "b"}}]})

    assert [(one["index"], one["message"]["content"]) for one in accumulator.answer()["choices"]] == [
        (0, "a"),
        (1, "b"),
    ]


def deep(levels, inside):
    for _ in range(levels):
        inside = {"a": inside}
    return inside


def test_a_delta_of_any_depth_is_taken():
    for levels in (3, 600, 5000):
        assert received(deep(levels, "b"), deep(levels, "c"))["message"]["a"]
    assert received(deep(3, "b"), deep(3, "c"))["message"]["a"] == deep(2, "bc")
    assert received(deep(200, "b"), deep(200, "c"))["message"]["a"] == deep(199, "c")
    lists = [{"a": [{"index": 0, **deep(300, one)}]} for one in "bc"]
    assert received(*lists)["message"]["a"] == [{"index": 0, **deep(300, "c")}]
    nested = deep(60, "c")
    for _ in range(60):
        nested = {"a": [{"index": 0, **nested}]}
    received(nested, nested)


def test_chunks_are_only_gathered():
    """What is put in stays what it was, and what comes out is no part of it."""
    chunks = [
        {"choices": [{"delta": {"x": [{"index": 0, "y": ["a"]}]}, "logprobs": {"content": [1]}}]} for _ in range(2)
    ]
    before = copy.deepcopy(chunks)
    accumulator = Accumulator()
    for one in chunks:
        accumulator.add(one)

    one, other = accumulator.answer().to_dict(), accumulator.answer().to_dict()

    assert (one, chunks) == (other, before)
    assert one["choices"][0]["message"]["x"] == [{"index": 0, "y": ["a", "a"]}]
    assert one["choices"][0]["logprobs"] == {"content": [1, 1]}


@modest
@given(
    st.lists(
        any_values
        | st.fixed_dictionaries(
            {
                "choices": st.lists(
                    st.dictionaries(
                        st.sampled_from(["index", "delta", "logprobs", "finish_reason"]),
                        any_values
                        | st.dictionaries(st.sampled_from(["content", "tool_calls", "role", "x"]), any_values),
                    )
                )
            }
        ),
        max_size=5,
    )
)
def test_no_chunk_is_too_odd(chunks):
    accumulator = Accumulator()
    for one in chunks:
        accumulator.add(one)

    assert accumulator.chunks == len(chunks)
    assert json.dumps(accumulator.answer(), default=str)


TEXTS = st.text(max_size=6)
ARGUMENTS = st.fixed_dictionaries({"name": st.sampled_from("fg"), "arguments": TEXTS})
CALLS = st.lists(
    st.fixed_dictionaries({"id": TEXTS.map("c{}".format), "function": ARGUMENTS}),
    max_size=3,
    unique_by=lambda one: one["id"],
)


@modest
@given(CALLS, TEXTS, st.data())
def test_well_formed_chunks_are_put_together_as_by_openai(calls, text, data):
    message = {"content": text, "tool_calls": calls} if calls else {"content": text}
    whole = chunk_of({"choices": [{"message": message}]})["choices"][0]["delta"]
    pieces = [{"content": one} for one in text]
    for piece in whole.get("tool_calls", ()):
        cut = data.draw(st.integers(0, len(piece["function"]["arguments"])))
        first = {**piece, "function": {**piece["function"], "arguments": piece["function"]["arguments"][:cut]}}
        rest = {"index": piece["index"], "function": {"arguments": piece["function"]["arguments"][cut:]}}
        pieces += [{"tool_calls": [first]}, {"tool_calls": [rest]}]

    theirs = {}
    for piece in copy.deepcopy(pieces):
        theirs = accumulate_delta(theirs, piece)

    ours = received(*pieces)["message"]
    assert (ours["content"] or "") == theirs.get("content", "") == text
    theirs_calls = [{key: one[key] for key in ("id", "function")} for one in theirs.get("tool_calls", [])]
    assert ours.get("tool_calls", []) == theirs_calls == calls


def test_the_figures_alone_end_a_stream():
    whole = Accumulator()
    figures = {"choices": [], "usage": {"total_tokens": 3}}
    whole.add(figures)
    assert not whole.finished
    whole.add({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    assert not whole.finished
    whole.add(figures)
    assert whole.finished
