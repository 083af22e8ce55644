"""Reasoning between tags at the start of an answer gets a field of its own, however the answer is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import a_book, a_rule
from tests.plan.chunks import FRAME, choice_of, chunk, stream
from tests.strategies import modest

from quirkbook import translate_response
from quirkbook.plan.actions.thinking import Splitter

THOUGHTS, FIELD = (
    a_book(a_rule("r", {"split_thinking": node}, stage="chunk"))
    for node in ({}, {"open": "[[", "close": "]]", "into": "thought"})
)
WHOLE = a_book(a_rule("r", {"split_thinking": {}}, stage="response"))
END = {"index": 0, "delta": {}, "finish_reason": "stop"}


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


# Whole and in pieces


def piece(**delta):
    return chunk({"index": 0, "delta": delta})


def told(choice):
    message = choice["message"]
    return message.get("reasoning_content") or "", message.get("content") or ""


@pytest.mark.parametrize(
    ("thought", "text"),
    [
        ("", "<think>a</think>b<think>c</think>d"),
        ("", " \n\t <think>a</think>\n\nb"),
        ("", " \n\t b"),
        ("", " \n "),
        ("", " \n<thi"),
        ("", "<think>a</thi"),
        ("", "<think></think>b"),
        ("c", "<think>a</think>b"),
        ("c", " b"),
        ("", "b</think>c"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("how", ["a finish of its own", "with the last piece", "just ends", "cut"])
def test_an_answer_in_pieces_is_what_it_is_whole(thought, text, size, how):
    message = {"content": text, **({"reasoning_content": thought} if thought else {})}
    whole = translate_response({"choices": [{"message": message}]}, "acme", rulebook=WHOLE)["choices"][0]

    pieces = [piece(reasoning_content=one, content="") for one in thought]
    pieces += [piece(content=text[at : at + size]) for at in range(0, len(text), size)]
    if how == "a finish of its own":
        pieces.append(chunk(END))
    elif how == "with the last piece":
        pieces[-1] = chunk({**pieces[-1]["choices"][0], "finish_reason": "stop"})

    assert told(choice_of(THOUGHTS, pieces, cut=how == "cut")) == told(whole)


def test_what_is_held_back_comes_before_the_finish():
    finish = chunk({"index": 0, "finish_reason": "stop"})
    passed = stream(THOUGHTS, [piece(content="<thi"), finish])

    assert passed[1] == [
        {**FRAME, "choices": [{"index": 0, "delta": {"content": "<thi"}, "finish_reason": None}]},
        finish,
    ]
    assert passed[1][1] is finish
    assert passed[2] == []


def test_a_finish_in_the_piece_itself_takes_what_is_held_back_with_it():
    (only,), closing = stream(
        THOUGHTS, [chunk({"index": 0, "delta": {"content": "<think>a</th"}, "finish_reason": "stop"})]
    )

    assert only["choices"][0]["delta"] == {"content": "", "reasoning_content": "a</th"}
    assert closing == []


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_finish_reason_is_none(empty):
    pieces = [chunk({"index": 0, "delta": {"content": one}, "finish_reason": empty}) for one in "<think>a</think>b"]

    assert told(choice_of(THOUGHTS, pieces)) == ("a", "b")


def test_thoughts_that_come_after_a_finish_are_thoughts():
    pieces = [chunk(END), piece(content="<think>a</think>b"), chunk(END), piece(content="c")]

    assert told(choice_of(THOUGHTS, pieces)) == ("a", "bc")


def test_a_field_beside_text_that_is_held_back_sets_it_free():
    passed = stream(THOUGHTS, [piece(content=" <th"), piece(content="ink>", reasoning_content="a")])

    assert [one["choices"][0]["delta"].get("content") for (one,) in passed[:2]] == ["", " <think>"]


def test_a_field_beside_thoughts_is_gone_on_with():
    passed = stream(THOUGHTS, [piece(content="<think>"), piece(content="b</think>c", reasoning_content="a")])

    assert passed[1][0]["choices"][0]["delta"] == {"content": "c", "reasoning_content": "ab"}


@pytest.mark.parametrize("odd", [7, ["a"]])
def test_a_field_of_another_type_gives_way_to_thoughts(odd):
    passed = stream(THOUGHTS, [piece(content="<think>"), piece(content="b", reasoning_content=odd)])

    assert passed[1][0]["choices"][0]["delta"] == {"content": "", "reasoning_content": "b"}


def test_two_rules_that_ask_for_the_same_split_once():
    twice = a_book(*(a_rule(name, {"split_thinking": {}}, stage="chunk") for name in ("r1", "r2")))
    pieces = [piece(content=one) for one in "<think></think><think>b</think>c"]

    assert told(choice_of(twice, pieces)) == told(choice_of(THOUGHTS, pieces)) == ("", "<think>b</think>c")


def test_choices_of_a_whole_answer_that_share_an_index_are_split_each_by_itself():
    body = {"choices": [{"index": 0, "message": {"content": f"<think>{one}</think>{one}"}} for one in "ab"]}

    done = translate_response(body, "acme", rulebook=WHOLE)

    assert [told(one) for one in done["choices"]] == [("a", "a"), ("b", "b")]
