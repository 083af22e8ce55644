"""Tool calls are numbered, have ids and finish as such; streams end."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule
from tests.plan.chunks import FRAME, choice_of, chunk, stream

from quirkbook import translate_response

NUMBERS, IDS, FINISHES, ENDS = (
    a_book(a_rule("r", {action: True}, stage="chunk"))
    for action in ("number_tool_calls", "identify_calls", "finish_calls", "end_stream")
)
HI, END = {"index": 0, "delta": {"content": "Hi"}}, {"index": 0, "delta": {}, "finish_reason": "stop"}


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


# identify_calls


def ids(passed):
    return [[call.get("id") for call in one["choices"][0]["delta"]["tool_calls"]] for (one,) in passed]


def test_each_call_has_one_id_said_once():
    pieces = [
        [{"index": 0}, {"index": 1, "id": "b"}],
        [{"index": 0}],
        [{"index": 1, "id": "b"}],
        [{"id": "c"}],
    ]

    *passed, _ = stream(IDS, [calls(*several) for several in pieces])

    made = ids(passed)[0][0]
    assert ids(passed) == [[made, "b"], [None], [None], ["c"]]
    assert made == "call_" + made[5:] and len(made) == 29


@pytest.mark.parametrize("id_", [None, "", 0])
def test_an_id_is_made_up_alike_for_an_answer_given_whole_and_in_pieces(id_):
    book = a_book(a_rule("r", {"identify_calls": True}, stage="response"))
    call = {"id": id_, "function": {"name": "f", "arguments": "{}"}}
    body = {"id": "c", "choices": [{"message": {"tool_calls": [call, {**call, "id": "x"}, 7]}}, 7, {"message": None}]}

    whole = translate_response(body, "acme", rulebook=book)["choices"][0]["message"]["tool_calls"]

    *passed, _ = stream(IDS, [calls({"index": 0, **call}, {"index": 1, **call, "id": "x"})])
    assert ids(passed) == [[one["id"] for one in whole[:2]]]
    assert translate_response({**body, "choices": [{"message": {"tool_calls": whole}}]}, "acme", rulebook=book) == {
        **body,
        "choices": [{"message": {"tool_calls": whole}}],
    }
    other = translate_response({**body, "id": "d"}, "acme", rulebook=book)["choices"][0]["message"]["tool_calls"]
    assert other[0]["id"] != whole[0]["id"]


def test_an_id_that_comes_late_is_left_out_once_one_is_made_up():
    *passed, _ = stream(IDS, [calls({"index": 0, "function": {"name": "f"}}), calls({"index": 0, "id": "late"})])

    assert ids(passed)[1] == [None]


def test_what_is_no_call_has_no_id_and_counts_for_none():
    *passed, _ = stream(IDS, [calls(7, {"index": 0, "id": "a"}), calls({"index": 0, "id": "a"}, None)])

    assert [one["choices"][0]["delta"]["tool_calls"] for (one,) in passed] == [
        [7, {"index": 0, "id": "a"}],
        [{"index": 0}, None],
    ]


# finish_calls


CALL = {"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}}


@pytest.mark.parametrize(
    ("choices", "reasons"),
    [
        ([CALL, END], [None, "tool_calls"]),
        ([{**CALL, "finish_reason": "stop"}], ["tool_calls"]),
        ([CALL, {"index": 1, "delta": {}, "finish_reason": "stop"}, END], [None, "stop", "tool_calls"]),
        ([CALL, {**END, "finish_reason": "length"}], [None, "length"]),
        ([HI, END], [None, "stop"]),
        ([CALL, {"index": 0, "finish_reason": "stop"}], [None, "tool_calls"]),
        ([{**CALL, "finish_reason": ""}, {**END, "finish_reason": ""}], ["", "", "tool_calls"]),
        ([{**CALL, "finish_reason": ""}, END], ["", "tool_calls"]),
        ([{**HI, "finish_reason": ""}], [""]),
        ([CALL], [None]),
    ],
)
def test_a_choice_that_called_tools_finishes_so(choices, reasons):
    passed = [one for several in stream(FINISHES, [chunk(one) for one in choices]) for one in several]

    assert [one["choices"][0].get("finish_reason") for one in passed] == reasons


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"message": {"tool_calls": [{}]}, "finish_reason": "stop"}, "tool_calls"),
        ({"message": {"tool_calls": [{}]}, "finish_reason": ""}, "tool_calls"),
        ({"message": {"tool_calls": [{}]}, "finish_reason": "length"}, "length"),
        ({"message": {"tool_calls": [{}]}, "finish_reason": None}, None),
        ({"message": {"tool_calls": []}, "finish_reason": "stop"}, "stop"),
        ({"message": None, "finish_reason": "stop"}, "stop"),
    ],
)
def test_so_does_a_whole_answer(choice, reason):
    book = a_book(a_rule("r", {"finish_calls": True}, stage="response"))

    assert translate_response({"choices": [choice]}, "acme", rulebook=book)["choices"][0]["finish_reason"] == reason


# end_stream


def last(number, reason):
    return {**FRAME, "choices": [{"index": number, "delta": {}, "finish_reason": reason}]}


@pytest.mark.parametrize(
    ("choices", "closing"),
    [
        ([CALL], [last(0, "tool_calls")]),
        ([HI, {"index": 1, "delta": {"content": "Ho"}}], [last(0, "stop"), last(1, "stop")]),
        ([HI, {"index": 1, "delta": {}}], [last(0, "stop")]),
        ([HI, END], []),
        ([HI, {**END, "finish_reason": ""}], [last(0, "stop")]),
        ([], []),
    ],
)
def test_a_choice_that_never_finished_finishes_with_the_stream(choices, closing):
    chunks = [chunk(one) for one in choices]

    assert stream(ENDS, chunks)[-1] == closing
    assert stream(ENDS, chunks, cut=True)[-1] == []


def test_all_that_is_owed_comes_in_order():
    """Held-back text, then the end, then usage, whatever the order of the rules."""
    actions = [{"usage_once": True}, {"end_stream": True}, {"finish_calls": True}, {"split_thinking": {}}]
    book = a_book(*(a_rule(f"r{at}", action, stage="chunk") for at, action in enumerate(actions)))
    chunks = [chunk({"index": 0, "delta": {"content": "<thi"}, "usage": {"total_tokens": 9}})]
    asked = {"stream_options": {"include_usage": True}}

    text, end, usage = stream(book, chunks, request=asked)[-1]

    assert text["choices"][0]["delta"] == {"content": "<thi"}
    assert (end, usage) == (last(0, "stop"), {**FRAME, "choices": [], "usage": {"total_tokens": 9}})


def test_the_actions_on_calls_share_what_they_know():
    actions = ("number_tool_calls", "identify_calls", "finish_calls", "end_stream")
    book = a_book(*(a_rule(action, {action: True}, stage="chunk") for action in actions))
    first, second = (
        {"function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "function": {"name": "g", "arguments": ""}},
    )

    choice = choice_of(book, [calls(first, second), calls({"id": "b", "function": {"arguments": "{}"}})])

    made = choice["message"]["tool_calls"][0]["id"]
    assert choice == {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None,
            "tool_calls": [{**first, "id": made}, {"id": "b", "function": {"name": "g", "arguments": "{}"}}],
        },
        "finish_reason": "tool_calls",
    }
