"""Actions that remember a stream, and usage once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import a_book, a_rule
from tests.plan.chunks import FRAME, chunk, stream
from tests.running import action_diagnostics
from tests.strategies import any_values, modest

from quirkbook.plan.actions.streams import Memory

USAGE = {"total_tokens": 9}
OWED = {**FRAME, "choices": [], "usage": USAGE}
ASKED = {"stream_options": {"include_usage": True}}
USAGE_BOOK = a_book(a_rule("r", {"usage_once": True}, stage="chunk"))


# usage_once


HI, END = {"index": 0, "delta": {"content": "Hi"}}, {"index": 0, "delta": {}, "finish_reason": "stop"}


@pytest.mark.parametrize(
    ("request_", "chunks", "passed"),
    [
        # Not asked for: at the top of the chunk that has it.
        (None, [chunk({**END, "usage": USAGE})], [[chunk(END, usage=USAGE)], []]),
        ({}, [chunk(HI), chunk({**END, "usage": USAGE})], [[chunk(HI)], [chunk(END, usage=USAGE)], []]),
        ({"stream_options": None}, [chunk({**END, "usage": USAGE})], [[chunk(END, usage=USAGE)], []]),
        ({"stream_options": {"include_usage": 1}}, [chunk({**END, "usage": USAGE})], [[chunk(END, usage=USAGE)], []]),
        # Asked for: in a chunk of its own, whoever sends it.
        (ASKED, [chunk({**END, "usage": USAGE})], [[chunk(END)], [OWED]]),
        (ASKED, [chunk({**END, "usage": USAGE}), OWED], [[chunk(END)], [OWED], []]),
        (ASKED, [chunk(END), OWED], [[chunk(END)], [OWED], []]),
        # Sent twice: the second goes, and its chunk too if nothing else is in it.
        (None, [chunk({**END, "usage": USAGE}), OWED], [[chunk(END, usage=USAGE)], [], []]),
        (ASKED, [OWED, OWED], [[OWED], [], []]),
        (ASKED, [chunk(END, usage=USAGE), chunk(END, usage=USAGE)], [[chunk(END, usage=USAGE)], [chunk(END)], []]),
        (None, [chunk({**END, "usage": USAGE}, usage=USAGE)], [[chunk(END, usage=USAGE)], []]),
        # Of several choices the last one counts.
        (
            None,
            [chunk({**HI, "usage": {"total_tokens": 1}}, {"index": 1, "usage": USAGE})],
            [[chunk(HI, {"index": 1}, usage=USAGE)], []],
        ),
        # There is none.
        (ASKED, [chunk({**END, "usage": None}, usage=None)], [[chunk({**END, "usage": None}, usage=None)], []]),
        (
            ASKED,
            [{"choices": 7, "usage": None}, {"choices": [7, None]}],
            [[{"choices": 7, "usage": None}], [{"choices": [7, None]}], []],
        ),
    ],
)
def test_a_stream_carries_usage_once(request_, chunks, passed):
    assert stream(USAGE_BOOK, chunks, request=request_) == passed


def test_a_chunk_without_usage_passes_as_the_same_object():
    one = chunk(HI)

    assert stream(USAGE_BOOK, [one])[0][0] is one


def test_a_frame_has_only_what_the_chunk_had():
    assert stream(USAGE_BOOK, [{"choices": [{"usage": USAGE}]}], request=ASKED)[-1] == [{"choices": [], "usage": USAGE}]


# All of them


def test_a_memory_owes_nothing_unless_it_says_so():
    assert Memory().close(cut=False) == []


BOTH = ("split_thinking", "identify_calls", "finish_calls", "end_stream")


@pytest.mark.parametrize("action", ["usage_once", "number_tool_calls", *BOTH])
def test_they_stand_only_where_there_is_a_stream_or_an_answer(action):
    where = "at stage answer or response or chunk" if action in BOTH else "at stage chunk"

    assert action_diagnostics([{action: {}}]) == [
        ("Q120", ("do", 0, action), f"'{action}' works on the whole and may only stand {where}", "", True)
    ]
    assert action_diagnostics([{"each": {"in": "choices[*]", "do": [{action: {}}]}}], "chunk") == [
        (
            "Q120",
            ("do", 0, "each", "do", 0, action),
            f"'{action}' works on the whole and may only stand outside 'each'",
            "",
            True,
        )
    ]


ACTIONS = [
    {"usage_once": True},
    {"number_tool_calls": True},
    {"identify_calls": True},
    {"split_thinking": {}},
    {"finish_calls": True},
    {"end_stream": True},
]
ALL = a_book(*(a_rule(f"r{at}", action, stage="chunk") for at, action in enumerate(ACTIONS)))


@modest
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "choices": st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "index": st.integers(0, 1) | any_values,
                            "delta": st.fixed_dictionaries(
                                {},
                                optional={
                                    "content": st.sampled_from(["<think>", "a</think>b"]) | any_values,
                                    "tool_calls": st.lists(
                                        st.dictionaries(st.sampled_from(["id", "index"]), any_values) | any_values
                                    )
                                    | any_values,
                                },
                            )
                            | any_values,
                            "usage": any_values,
                            "finish_reason": any_values,
                        },
                    )
                    | any_values,
                    max_size=2,
                )
                | any_values,
                "usage": any_values,
            },
        )
        | any_values,
        max_size=4,
    ),
    st.sampled_from([None, ASKED]),
)
def test_no_stream_makes_them_fail(chunks, request):
    stream(ALL, chunks, request=request)
