"""take_parts and put_part: parts of a content list <-> a text beside it, edit by edit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, brief, edit, run
from tests.strategies import any_values, modest, payloads, tried

from quirkbook.model import MISSING

cases = pytest.mark.parametrize
TAKE = {"take_parts": {"at": "m[*]", "types": ["thinking", "note"], "text": ["thinking", "note"], "into": "thoughts"}}
PUT = {"put_part": {"at": "m[*]", "from": "thoughts", "type": "thinking", "text": "thinking"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:"}}
FIELD, CONTENT = ("m", 0, "thoughts"), ("m", 0, "content")


def text(content, **more):
    return {"type": "text", "text": content, **more}


def thinking(value, **more):
    return {"type": "thinking", "thinking": value, **more}


def taken(content, stage="response", **more):
    return run([TAKE], {"m": [{**more, "content": content}]}, stage)


@cases(
    ("content", "thoughts", "left", "effect"),
    [
        ([thinking("a"), text("b")], "a", "b", "exact"),
        ([thinking([text("a"), "b"]), text("c"), thinking("d"), text("e")], "abd", "ce", "exact"),
        ([{"type": "note", "note": [{"type": "summary_text", "text": "a"}]}], "a", "", "exact"),
        ([{"type": "note", "thinking": "a", "note": ["b"]}], "ab", "", "exact"),
        ([text("a"), "b"], None, "ab", "exact"),
        ([], None, "", "exact"),
        ([thinking([]), text("a")], None, "a", "exact"),
        ([thinking(None), text("a")], None, "a", "exact"),
        # Where more was said than texts.
        ([thinking("a", closed=True), text("b")], "a", "b", "lossy"),
        ([thinking([{"type": "reference", "ids": [1]}, "a"])], "a", "", "lossy"),
        ([thinking([text("a", x=1)])], "a", "", "lossy"),
        ([thinking({"a": 1})], None, "", "lossy"),
        ([thinking(5)], None, "", "lossy"),
        ([thinking(text("a"))], "a", "", "exact"),
        ([text("a", annotations=[])], None, "a", "lossy"),
        ([text(None)], None, "", "exact"),
        ([text(7)], None, "", "lossy"),
        ([{"text": "a"}], None, "", "lossy"),
        ([IMAGE, text("a"), {"type": ["thinking"]}], None, "a", "lossy"),
        ([None, 5, ["a"], text("a")], None, "a", "lossy"),
    ],
    ids=brief,
)
def test_an_answer_is_one_text_and_its_thoughts_stand_beside_it(content, thoughts, left, effect):
    for stage in ("response", "chunk"):
        draft = taken(content, stage)

        put = [] if thoughts is None else [edit("take_parts", "exact", FIELD, MISSING, thoughts)]
        assert draft.edits == [*put, edit("take_parts", effect, CONTENT, content, left)]


@cases(
    ("content", "thoughts", "left", "effect"),
    [
        ([thinking("a"), text("b"), IMAGE], "a", [text("b"), IMAGE], "exact"),
        ([thinking("a", closed=True), text("b", x=1)], "a", [text("b", x=1)], "lossy"),
        ([thinking("a")], "a", "", "exact"),
    ],
    ids=brief,
)
def test_in_a_request_the_other_parts_stay_a_list(content, thoughts, left, effect):
    assert taken(content, "request").edits == [
        edit("take_parts", "exact", FIELD, MISSING, thoughts),
        edit("take_parts", effect, CONTENT, content, left),
    ]


@cases("content", ["text", "", None, {"type": "thinking"}, 5])
@cases("stage", ["request", "response"])
def test_what_is_no_list_stays(content, stage):
    assert taken(content, stage).edits == []


@cases("content", [[], [text("a")], [IMAGE, "x", None]], ids=brief)
def test_a_request_without_such_parts_stays(content):
    assert taken(content, "request").edits == []


@cases(
    ("before", "after", "effect"),
    [("x", "xa", "exact"), ("", "a", "exact"), (None, "a", "exact"), (["x"], "a", "lossy")],
    ids=brief,
)
def test_what_the_field_holds_comes_first(before, after, effect):
    draft = taken([thinking("a")], thoughts=before)

    assert draft.edits[0] == edit("take_parts", effect, FIELD, before, after)


@cases(
    ("content", "after"),
    [
        ("b", [thinking("a"), text("b")]),
        ("", [thinking("a")]),
        (None, [thinking("a")]),
        ([IMAGE], [thinking("a"), IMAGE]),
        ([], [thinking("a")]),
    ],
    ids=brief,
)
def test_a_field_becomes_the_first_part(content, after):
    draft = run([PUT], {"m": [{"content": content, "thoughts": "a"}]})

    assert draft.edits == [edit("put_part", "exact", FIELD, "a"), edit("put_part", "exact", CONTENT, content, after)]


def test_a_message_without_content_gets_one_and_the_text_may_stand_in_a_list():
    do = {"put_part": {**PUT["put_part"], "item": "text"}}

    assert run([do], {"m": [{"thoughts": "a"}]}).root == {"m": [{"content": [thinking([text("a")])]}]}


@cases(
    "message",
    [{"thoughts": "", "content": "a"}, {"thoughts": None}, {"thoughts": ["a"]}, {"content": "a"}, {"thoughts": "a", "content": 5},
     {"thoughts": "a", "content": {}}, "thoughts", None],
    ids=brief,
)  # fmt: skip
def test_what_is_no_text_or_has_no_place_for_it_stays(message):
    assert run([PUT], {"m": [message]}).edits == []


def test_an_inner_content_is_read_first():
    do = {"take_parts": {**TAKE["take_parts"], "at": "**.x"}}
    draft = run([do], {"x": {"content": [thinking("a")], "y": {"x": {"content": [text("b")]}}}}, "response")

    assert draft.root == {"x": {"content": "", "thoughts": "a", "y": {"x": {"content": "b"}}}}


@cases("do", [TAKE, PUT], ids=brief)
def test_a_faulty_path_is_told(do):
    ((name, spec),) = do.items()
    message = "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]"

    found = [("Q110", ("do", 0, name, "at"), message, "", False)]
    assert action_diagnostics([{name: {**spec, "at": "a..b"}}]) == found


_part = st.one_of(
    st.builds(thinking, st.sampled_from(["a", "", None, [], ["b"], [text("c")], 5])),
    st.sampled_from([text("d"), IMAGE, "e", None, {"type": "note", "note": ["f"]}]),
    any_values,
)


@tried(100)
@given(st.lists(_part, max_size=4), st.sampled_from(["request", "response", "chunk"]))
def test_a_second_time_changes_nothing_and_answers_hold_no_list(content, stage):
    once = taken(content, stage)

    assert run([TAKE], once.root, stage).edits == []
    assert stage == "request" or isinstance(once.root["m"][0]["content"], str)


@modest
@given(st.text(max_size=9), st.sampled_from(["", "b", None]))
def test_a_thought_comes_back(thoughts, content):
    draft = run([PUT, TAKE], {"m": [{"content": content, "thoughts": thoughts}]}, "response")

    assert draft.root["m"][0]["thoughts"] == thoughts
    assert (draft.root["m"][0]["content"] or "") == (content or "")


@modest
@given(payloads(), st.sampled_from(["request", "response"]))
def test_any_payload_passes(payload, stage):
    for do in (TAKE, PUT):
        ((name, spec),) = do.items()
        run([{name: {**spec, "at": "messages[*]"}}], payload, stage)


# move_parts

MOVE = {"move_parts": {"from": "tool", "types": ["image_url", "file"], "to": "user", "leave": "See the next message."}}
FILE = {"type": "file", "file": {"file_id": "f"}}


def result(of, content):
    return {"role": "tool", "tool_call_id": of, "content": content}


def whose(of):
    return text(f"From the result of {of}:")


def moved(messages):
    return run([MOVE], {"messages": messages})


def test_pictures_in_results_move_behind_the_results():
    user = {"role": "user", "content": "Thanks"}
    draft = moved([result("a", [text("x"), IMAGE]), result("b", [IMAGE, FILE]), result("c", "y"), user])

    pictures = {"role": "user", "content": [whose("a"), IMAGE, whose("b"), IMAGE, FILE]}
    after = [result("a", [text("x")]), result("b", "See the next message."), result("c", "y"), pictures, user]
    assert draft.root == {"messages": after}
    assert draft.edits == [
        edit("move_parts", "semantic", ("messages", 0, "content"), [text("x"), IMAGE], [text("x")]),
        edit("move_parts", "semantic", ("messages", 1, "content"), [IMAGE, FILE], "See the next message."),
        edit("move_parts", "semantic", ("messages", 3), MISSING, pictures),
    ]


def test_each_run_of_results_has_a_message_of_its_own_and_an_id_is_named_where_there_is_one():
    draft = moved([{"role": "tool", "content": [IMAGE]}, "x", result("a", [FILE])])

    assert draft.root["messages"][1::2] == [
        {"role": "user", "content": [IMAGE]},
        {"role": "tool", "tool_call_id": "a", "content": "See the next message."},
    ]
    assert draft.root["messages"][4] == {"role": "user", "content": [whose("a"), FILE]}


@cases(
    "messages",
    [[result("a", "x")], [result("a", [text("x"), "y", None])], [{"role": "user", "content": [IMAGE]}], ["x", None], None, "x"],
    ids=brief,
)  # fmt: skip
def test_where_there_is_nothing_to_move_all_stays(messages):
    assert moved(messages).edits == []


def test_parts_must_move_to_another_role():
    do = {"move_parts": {**MOVE["move_parts"], "to": "tool"}}
    message = "the parts are in messages of the role 'tool' already"

    found = [("Q109", ("do", 0, "move_parts", "to"), message, "name another role", False)]
    assert action_diagnostics([do]) == found


@tried(100)
@given(payloads())
def test_moving_a_second_time_changes_nothing(payload):
    once = moved(payload.get("messages"))

    assert moved(once.root["messages"]).edits == []
