"""pair_calls: each call gets one result right behind its turn, edit by edit; whatever is lost, doubled or of a wrong type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import actions, brief, edit, run
from tests.strategies import any_values, modest, payloads, tried

from quirkbook.model import MISSING
from quirkbook.payload.draft import Draft

cases = pytest.mark.parametrize
USER = {"role": "user", "content": "u"}
MOVED, MADE, STRAY = "moved right behind its call", "the call had no result", "it answers no call"
REFUSED = "a tool result must answer a call of an earlier assistant message: send the call too, or leave the result out"


def calls(*ids):
    return {"role": "assistant", "tool_calls": [{} if each is MISSING else {"id": each} for each in ids]}


def result(of, content="r"):
    named = {} if of is MISSING else {"tool_call_id": of}
    return {"role": "tool", **named, "content": content}


def none(of):
    return result(of, "?")


def paired(messages, **more):
    return run([{"pair_calls": {"missing": "?", **more}}], {"messages": messages})


def moved(old, new, message):
    return [
        edit("pair_calls", "exact", ("messages", old), message, MISSING, note=MOVED),
        edit("pair_calls", "exact", ("messages", new), MISSING, message, note=MOVED),
    ]


def made(at, of):
    return edit("pair_calls", "semantic", ("messages", at), MISSING, none(of), note=MADE)


def dropped(at, message):
    return edit("pair_calls", "semantic", ("messages", at), message, MISSING, note=STRAY)


def named(keys, before, after):
    return edit("pair_calls", "exact", keys, before, after)


A, B = result("a", "A"), result("b", "B")


@cases(
    "messages",
    [
        [],
        [USER],
        [calls("a"), A, USER],
        [calls("a", "b"), A, B, calls("a"), A],
        [calls(5), result(5)],
        [calls("a", "a"), A, A],
        [calls(), {"role": "assistant", "tool_calls": None}, {"role": "assistant", "tool_calls": "x"}, "x", None],
        [{"role": "user", "tool_calls": [{"id": "a"}]}, {"role": ["tool"]}],
        [{"role": "assistant", "tool_calls": ["x", {"id": "a"}]}, A],
    ],
    ids=brief,
)
def test_a_conversation_in_order_stays(messages):
    assert paired(messages).edits == []


@cases("messages", [None, "text", 5, True, {}, {"role": "tool"}])
def test_what_is_no_list_of_messages_stays(messages):
    assert paired(messages).edits == []


@cases(
    ("messages", "edits", "after"),
    [
        # Order.
        ([calls("a"), USER, A], moved(2, 1, A), [calls("a"), A, USER]),
        ([calls("a"), "x", A], moved(2, 1, A), [calls("a"), A, "x"]),
        ([calls("a", "b"), B, A], moved(1, 2, B), [calls("a", "b"), A, B]),
        ([A, USER, calls("a")], moved(0, 2, A), [USER, calls("a"), A]),
        (
            [calls("a"), calls("b"), A, B],
            moved(2, 1, A),
            [calls("a"), A, calls("b"), B],
        ),
        # Results that are missing.
        ([calls("a")], [made(1, "a")], [calls("a"), none("a")]),
        ([calls("a", "b"), B, USER], [made(1, "a")], [calls("a", "b"), none("a"), B, USER]),
        ([calls("a", "b"), A, USER], [made(2, "b")], [calls("a", "b"), A, none("b"), USER]),
        ([calls("a", "a"), A, USER], [made(2, "a")], [calls("a", "a"), A, none("a"), USER]),
        ([calls("a"), "x"], [made(1, "a")], [calls("a"), none("a"), "x"]),
        # Results that answer nothing.
        ([USER, A], [dropped(1, A)], [USER]),
        ([calls("a"), A, A, USER], [dropped(2, A)], [calls("a"), A, USER]),
        ([calls("a"), result(MISSING), A], [dropped(1, result(MISSING))], [calls("a"), A]),
        ([{"role": "assistant"}, result(None)], [dropped(1, result(None))], [{"role": "assistant"}]),
        ([calls("a"), result(True), result([])], [dropped(2, result([])), dropped(1, result(True)), made(1, "a")],
         [calls("a"), none("a")]),
        # Ids that come again: the nearest turn first.
        (
            [calls("a"), calls("a"), A, USER, B],
            [dropped(4, B), made(1, "a")],
            [calls("a"), none("a"), calls("a"), A, USER],
        ),
        (
            [calls("a"), calls("a"), A, result("a", "2")],
            moved(3, 1, result("a", "2")),
            [calls("a"), result("a", "2"), calls("a"), A],
        ),
    ],
    ids=brief,
)  # fmt: skip
def test_results_go_behind_their_calls(messages, edits, after):
    draft = paired(messages)

    assert draft.root == {"messages": after}
    assert draft.edits == edits


@cases(
    ("messages", "edits", "after"),
    [
        # A sole open call takes a result without id, and so do several in order.
        (
            [calls("a"), result(MISSING)],
            [named(("messages", 1, "tool_call_id"), MISSING, "a")],
            [calls("a"), result("a")],
        ),
        (
            [calls("a", "b"), B, result(None)],
            [named(("messages", 2, "tool_call_id"), None, "a"), *moved(1, 2, B)],
            [calls("a", "b"), result("a"), B],
        ),
        (
            [calls("a", "b"), result(""), result("")],
            [named(("messages", at + 1, "tool_call_id"), "", "ab"[at]) for at in (0, 1)],
            [calls("a", "b"), result("a"), result("b")],
        ),
        # A call without id takes that of its result.
        (
            [calls(None), A],
            [named(("messages", 0, "tool_calls", 0, "id"), None, "a")],
            [calls("a"), A],
        ),
        (
            [calls("a", MISSING), A, B],
            [named(("messages", 0, "tool_calls", 1, "id"), MISSING, "b")],
            [calls("a", "b"), A, B],
        ),
        # Neither has one.
        (
            [calls([]), result({})],
            [
                named(("messages", 0, "tool_calls", 0, "id"), [], "call_0_0"),
                named(("messages", 1, "tool_call_id"), {}, "call_0_0"),
            ],
            [calls("call_0_0"), result("call_0_0")],
        ),
        (
            [calls("call_1_0"), calls(None), result("call_1_0")],
            [named(("messages", 1, "tool_calls", 0, "id"), None, "call_1_0_1"), *moved(2, 1, result("call_1_0")),
             made(3, "call_1_0_1")],
            [calls("call_1_0"), result("call_1_0"), calls("call_1_0_1"), none("call_1_0_1")],
        ),
        # Not where it would be a guess.
        (
            [calls("a", "b"), result(None)],
            [dropped(1, result(None)), made(1, "a"), made(2, "b")],
            [calls("a", "b"), none("a"), none("b")],
        ),
        (
            [calls("a"), {"role": "assistant"}, result(None)],
            [dropped(2, result(None)), made(1, "a")],
            [calls("a"), none("a"), {"role": "assistant"}],
        ),
    ],
    ids=brief,
)  # fmt: skip
def test_lost_ids_are_found_by_place(messages, edits, after):
    draft = paired(messages)

    assert draft.root == {"messages": after}
    assert draft.edits == edits


def test_orphans_may_stay():
    messages = [A, calls("b"), USER, B, result(None)]

    assert paired(messages, orphans="keep").root["messages"] == [A, calls("b"), B, USER, result(None)]


def test_orphans_may_be_refused():
    draft = paired([USER, A, B], orphans="reject")

    assert draft.refused == [
        edit("pair_calls", "refuse", ("messages", 1), A, A, note=REFUSED),
        edit("pair_calls", "refuse", ("messages", 2), B, B, note=REFUSED),
    ]
    assert paired([calls("a"), USER, A], orphans="reject").root["messages"] == [calls("a"), A, USER]


def test_where_refusals_only_speak_orphans_stay():
    draft = Draft({"messages": [A, USER, calls("b"), B]})
    draft.refuses = False
    actions([{"pair_calls": {"missing": "?", "orphans": "reject"}}])[0].run(draft, ())

    assert draft.root == {"messages": [A, USER, calls("b"), B]}
    assert draft.edits == [edit("pair_calls", "refuse", ("messages", 0), A, A, note=REFUSED)]


def test_a_result_that_moved_can_be_changed_without_changing_the_report_or_the_callers():
    message = result("a", [{"text": "x"}])
    do = [{"set": {"messages[*].content[*].text": "y"}}, {"pair_calls": {"missing": "?"}},
          {"set": {"messages[*].content[*].text": "z"}, }]  # fmt: skip
    draft = run(do, {"messages": [calls("a"), USER, message]})

    assert draft.root["messages"] == [calls("a"), result("a", [{"text": "z"}]), USER]
    assert draft.edits[1:3] == moved(2, 1, result("a", [{"text": "y"}]))


def test_a_result_that_is_made_up_is_no_part_of_the_rule():
    do = [{"pair_calls": {"missing": "?"}}, {"set": {"messages[*].content": "z"}}]

    for _ in range(2):
        assert run(do, {"messages": [calls("a")]}).edits[0] == made(1, "a")


# Laws

_ids = st.sampled_from(["a", "a", "b", "c", None, MISSING, "", 1, True, [], {}])
_messages = st.lists(
    st.lists(_ids, max_size=3).map(lambda ids: calls(*ids))
    | _ids.map(result)
    | st.sampled_from([USER, {"role": "assistant", "content": "x"}, "x", None])
    | any_values,
    max_size=9,
)


def is_paired(messages):
    """Tell whether each turn is followed by the results of its calls and no result stands elsewhere."""
    due = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role == "tool":
            if not due or message["tool_call_id"] != due.pop(0):
                return False
        elif due:
            return False
        if role == "assistant" and isinstance(message.get("tool_calls"), list):
            due = [call["id"] for call in message["tool_calls"] if isinstance(call, dict)]
    return not due


@tried(200)
@given(_messages)
def test_afterwards_each_call_has_its_result_and_nothing_else_is_lost(messages):
    after = paired(messages).root["messages"]
    others = [one for one in messages if not isinstance(one, dict) or one.get("role") not in ("tool", "assistant")]

    assert is_paired(after)
    assert [one for one in after if not isinstance(one, dict) or one.get("role") not in ("tool", "assistant")] == others


@tried(200)
@given(_messages, st.sampled_from(["drop", "keep"]))
def test_a_second_time_changes_nothing(messages, orphans):
    once = paired(messages, orphans=orphans)

    assert paired(once.root["messages"], orphans=orphans).edits == []


@modest
@given(_messages)
def test_no_result_is_lost_where_orphans_stay(messages):
    def contents(of):
        return sum(isinstance(one, dict) and one.get("role") == "tool" and one.get("content") == "r" for one in of)

    assert contents(paired(messages, orphans="keep").root["messages"]) == contents(messages)


@modest
@given(payloads())
def test_any_payload_passes(payload):
    paired(payload.get("messages"), orphans="keep")
