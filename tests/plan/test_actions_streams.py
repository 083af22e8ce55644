"""Actions that remember a stream: usage once, numbered tool calls, reasoning split off an answer."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import a_book, a_rule
from tests.running import action_diagnostics, exact
from tests.strategies import any_values, modest

from quirkbook import ChunkTranslator, translate_response
from quirkbook.plan.actions.streams import Memory, Splitter

FRAME = {"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m", "system_fingerprint": "fp"}
USAGE = {"total_tokens": 9}
OWED = {**FRAME, "choices": [], "usage": USAGE}
ASKED = {"stream_options": {"include_usage": True}}
USAGE_BOOK, NUMBERS, THOUGHTS, FIELD = (
    a_book(a_rule("r", do, stage="chunk"))
    for do in (
        {"usage_once": True},
        {"number_tool_calls": True},
        {"split_thinking": {}},
        {"split_thinking": {"open": "[[", "close": "]]", "into": "thought"}},
    )
)


def chunk(*choices, **more):
    return {**FRAME, "choices": list(choices), **more}


def stream(book, chunks, **more):
    """Return what comes out of each chunk, and at the end."""
    before = copy.deepcopy(chunks)
    translator = ChunkTranslator("acme", rulebook=book, **more)
    passed = [translator.feed(one) for one in chunks]
    closing = translator.close()
    assert exact(chunks) == exact(before)
    assert translator.close() == []
    return [*passed, closing]


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


# number_tool_calls


def calls(*several):
    return chunk({"index": 0, "delta": {"tool_calls": list(several)}})


@pytest.mark.parametrize(
    ("chunks", "numbers"),
    [
        ([[{"id": "a"}], [{}], [{"id": "b"}], [{"id": None}]], [[0], [0], [1], [1]]),
        ([[{"id": "a"}], [{"id": "a"}], [{"id": "b"}], [{"id": "a"}]], [[0], [0], [1], [0]]),
        ([[{"id": "a"}, {"id": "b"}], [{}, {}], [{}, {}, {}]], [[0, 1], [0, 1], [0, 1, 1]]),
        ([[{"index": 2, "id": "a"}], [{}], [{"id": "b"}]], [[0], [0], [1]]),
        ([[{"index": 0, "id": "a"}], [{"index": 0, "id": "b"}, {"index": 0, "id": "a"}]], [[0], [1, 0]]),
        ([[{"index": True, "id": "a"}], [{"index": "1", "id": "b"}], [{"index": None}]], [[0], [1], [1]]),
        ([[{"index": 10**9, "id": "a"}], [{}]], [[0], [0]]),
        ([[{"index": -5, "id": "a"}], [{"id": "b"}]], [[0], [1]]),
    ],
)
def test_streamed_tool_calls_are_numbered_by_their_ids(chunks, numbers):
    passed = stream(NUMBERS, [calls(*several) for several in chunks])[:-1]

    assert [[one["index"] for one in each[0]["choices"][0]["delta"]["tool_calls"]] for each in passed] == numbers


def test_calls_are_numbered_for_each_choice_by_itself():
    one = chunk({"delta": {"tool_calls": [{"id": "a"}]}}, {"delta": {"tool_calls": [{"id": "b"}]}})

    (passed,), _ = stream(NUMBERS, [one])

    assert [each["delta"]["tool_calls"] for each in passed["choices"]] == [
        [{"id": "a", "index": 0}],
        [{"id": "b", "index": 0}],
    ]


def test_choices_that_come_in_chunks_of_their_own_are_told_apart_by_their_index():
    pieces = [(0, {"id": "a"}), (1, {"id": "b"}), (0, {"id": "c"}), (1, {"function": {"arguments": "x"}})]
    chunks = [chunk({"index": at, "delta": {"tool_calls": [call]}}) for at, call in pieces]

    *passed, _ = stream(NUMBERS, chunks)

    assert [one["choices"][0]["delta"]["tool_calls"][0]["index"] for (one,) in passed] == [0, 0, 1, 0]


@pytest.mark.parametrize(
    "odd", [chunk(), chunk(HI), calls(), calls(7, None), chunk({"delta": {"tool_calls": {}}}), chunk(7), {}]
)
def test_a_chunk_without_tool_calls_passes_as_the_same_object(odd):
    assert stream(NUMBERS, [odd])[0][0] is odd


# split_thinking


TEXT = " \n<think>Let me <b>see</b>: 1 < 2.</think>\n\nThe answer </think> is <think>two</think>."
OTHER = "No <think>tag</think> at the start."


@pytest.mark.parametrize("size", range(1, len(TEXT) + 1))
def test_thoughts_are_split_off_at_every_size_of_piece(size):
    splitter = Splitter("<think>", "</think>")

    pieces = [splitter.feed(TEXT[at : at + size]) for at in range(0, len(TEXT), size)]

    pieces.append(splitter.flush())
    assert "".join(thought for thought, _ in pieces) == "Let me <b>see</b>: 1 < 2."
    assert "".join(answer for _, answer in pieces) == "The answer </think> is <think>two</think>."


@modest
@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "/", "think", ">", "a", " ", "\n", "</", "<t"])), st.data()
)
def test_no_cut_makes_a_difference(words, data):
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    whole, cut = Splitter("<think>", "</think>"), Splitter("<think>", "</think>")

    one = [whole.feed(text), whole.flush()]
    other = [cut.feed(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    other.append(cut.flush())
    assert ["".join(parts) for parts in zip(*one, strict=True)] == [
        "".join(parts) for parts in zip(*other, strict=True)
    ]


@pytest.mark.parametrize("size", [1, 2, 5, len(TEXT)])
@pytest.mark.parametrize("finish", [True, False])
def test_thoughts_in_a_stream_come_in_their_own_field(size, finish):
    pieces = [chunk({"index": 0, "delta": {"content": TEXT[at : at + size]}}) for at in range(0, len(TEXT), size)]
    if finish:
        pieces.append(chunk(END))

    passed = [one for each in stream(THOUGHTS, pieces) for one in each]

    deltas = [one["choices"][0]["delta"] for one in passed]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Let me <b>see</b>: 1 < 2."
    assert "".join(delta.get("content", "") for delta in deltas) == "The answer </think> is <think>two</think>."


def test_an_answer_without_a_tag_at_its_start_passes_as_the_same_objects():
    pieces = [chunk({"index": 0, "delta": {"content": piece}}) for piece in (OTHER[:3], OTHER[3:])]

    assert [each[0] for each in stream(THOUGHTS, pieces)[:-1]] == pieces
    assert all(each[0] is piece for each, piece in zip(stream(THOUGHTS, pieces), pieces, strict=False))


@pytest.mark.parametrize(
    ("texts", "owed"),
    [
        (["<think>a</th"], {"reasoning_content": "</th"}),
        (["<thi"], {"content": "<thi"}),
        (["<think>a"], None),
        (["<think>a</think>b"], None),
    ],
)
def test_what_was_held_back_is_owed_when_the_stream_just_ends(texts, owed):
    closing = stream(THOUGHTS, [chunk({"index": 2, "delta": {"content": text}}) for text in texts])[-1]

    assert closing == ([{**FRAME, "choices": [{"index": 2, "delta": owed, "finish_reason": None}]}] if owed else [])


def test_choices_are_split_each_by_itself():
    def both(first, second):
        return chunk({"index": 0, "delta": {"content": first}}, {"index": 1, "delta": {"content": second}})

    passed = stream(THOUGHTS, [both("<think>a", "<thi"), both("</think>b", "nk>c")])

    assert [[choice["delta"] for choice in each[0]["choices"]] for each in passed[:-1]] == [
        [{"content": "", "reasoning_content": "a"}, {"content": ""}],
        [{"content": "b"}, {"content": "", "reasoning_content": "c"}],
    ]


def test_the_tags_and_the_field_may_be_others():
    passed = stream(FIELD, [chunk({"index": 0, "delta": {"content": "[[a]]b"}})])

    assert passed[0][0]["choices"][0]["delta"] == {"content": "b", "thought": "a"}


@pytest.mark.parametrize(
    "odd",
    [
        chunk({"index": 0, "delta": {"reasoning_content": "a", "content": "<think>b</think>"}}),
        chunk({"index": 0, "delta": {"content": None}}),
        chunk({"index": 0, "delta": {"content": ["<think>a</think>"]}}),
        chunk({"index": 0, "delta": "<think>"}),
        chunk({"index": 0, "message": {"content": "<think>a</think>b"}}),
        chunk("<think>"),
        {},
    ],
)
def test_a_chunk_with_nothing_to_split_stays_as_it_is(odd):
    assert stream(THOUGHTS, [odd])[0] == [odd]


def test_an_index_that_is_no_number_is_the_place():
    passed = stream(THOUGHTS, [chunk({"index": "x", "delta": {"content": "<think>a</th"}})])

    assert passed[-1][0]["choices"] == [{"index": 0, "delta": {"reasoning_content": "</th"}, "finish_reason": None}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "<think>a</think>\nb"}, {"content": "b", "reasoning_content": "a"}),
        ({"content": "<think>a"}, {"content": "", "reasoning_content": "a"}),
        ({"content": "<think>a</think>b", "reasoning_content": ""}, {"content": "b", "reasoning_content": "a"}),
        ({"content": "<think>a</think>b", "reasoning_content": "c"}, None),
        ({"content": "<thi"}, None),
        ({"content": None}, None),
        ({}, None),
        ({"content": ["<think>a</think>b"]}, None),
    ],
)
def test_a_whole_answer_is_split_at_once(message, expected):
    book = a_book(a_rule("r", {"split_thinking": {}}, stage="response"))
    body = {"choices": [{"message": message}, {"delta": {"content": "<think>a</think>b"}}, 7]}

    done = translate_response(body, "acme", rulebook=book)

    if expected is None:
        assert done is body
    else:
        assert done == {"choices": [{"message": expected}, *body["choices"][1:]]}


# All of them


def test_a_memory_owes_nothing_unless_it_says_so():
    assert Memory().close() == []


@pytest.mark.parametrize("action", ["usage_once", "number_tool_calls", "split_thinking"])
def test_they_stand_only_where_there_is_a_stream_or_an_answer(action):
    where = "at stage response or chunk" if action == "split_thinking" else "at stage chunk"

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


ACTIONS = [{"usage_once": True}, {"number_tool_calls": True}, {"split_thinking": {}}]
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
