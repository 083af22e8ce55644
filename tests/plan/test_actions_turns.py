"""arrange_turns: two sides in turn, who begins and who ends; edit by edit, and that odd messages pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import brief, edit, run
from tests.strategies import any_values, modest, payloads, tried

from quirkbook.model import MISSING

cases = pytest.mark.parametrize


def says(role, content="x", **more):
    return {"role": role, "content": content, **more}


U, A, S, T = says("user"), says("assistant"), says("system"), says("tool")
GO, OK = says("user", "Go on."), says("assistant", "I see.")
NAMED = says("user", "x", name="ada")
IMAGE = {"type": "image_url", "image_url": {"url": "data:"}}
SAY = {"user": "Go on.", "assistant": "I see."}
ALL = {"alternate": ["user", "assistant"], "first": "user", "last": ["user", "tool"], "say": SAY}
SIDES = {"alternate": [["user", "tool"], "assistant"], "say": SAY}


def arranged(messages, spec=ALL):
    return run([{"arrange_turns": spec}], {"messages": messages})


@cases(
    ("spec", "messages", "after"),
    [
        # Neighbours.
        (ALL, [U, says("user", "y")], [says("user", "x\n\ny")]),
        ({**ALL, "join": " "}, [U, A, A, A, U], [U, says("assistant", "x x x"), U]),
        (ALL, [U, says("user", [IMAGE])], [says("user", [{"type": "text", "text": "x"}, IMAGE])]),
        (ALL, [U, NAMED, NAMED], [U, OK, NAMED, OK, NAMED]),
        (ALL, [U, U, NAMED, U, U], [says("user", "x\n\nx"), OK, NAMED, OK, says("user", "x\n\nx")]),
        (ALL, [U, says("assistant", None, tool_calls=[]), A, U], [U, says("assistant", None, tool_calls=[]), GO, A, U]),
        (ALL, [U, T, T, U], [U, T, T, U]),
        (ALL, [U, S, U], [U, S, U]),
        # A side of several roles.
        (SIDES, [T, T, U, A], [T, T, OK, U, A]),
        (SIDES, [U, T, A, U], [U, T, A, U]),
        (SIDES, [A, A], [says("assistant", "x\n\nx")]),
        # Who begins and who ends.
        (ALL, [A, U], [GO, A, U]),
        (ALL, [S, says("developer"), A, U], [S, says("developer"), GO, A, U]),
        (ALL, [U, A], [U, A, GO]),
        (ALL, [S], [S, GO]),
        (ALL, [U, T], [U, T]),
        (ALL, [U, {"content": "x"}], [U, {"content": "x"}, GO]),
        (ALL, [A], [GO, A, GO]),
        (ALL, [], []),
        # Without words nothing is put in.
        ({**ALL, "say": {"user": "Go on."}}, [U, NAMED], [U, NAMED]),
        ({**ALL, "say": {"assistant": "I see."}}, [A, A], [says("assistant", "x\n\nx")]),
        ({"last": ["tool", "user"], "say": SAY}, [A, A], [A, A, GO]),
        ({"first": "user", "say": SAY}, [A, A], [GO, A, A]),
    ],
    ids=brief,
)
def test_turns_are_arranged(spec, messages, after):
    assert arranged(messages, spec).root == {"messages": after}


def test_each_change_of_the_conversation_is_told():
    assert arranged([S, A, U, says("user", "y"), NAMED]).edits == [
        edit("arrange_turns", "semantic", ("messages", 2, "content"), "x", "x\n\ny"),
        edit("arrange_turns", "semantic", ("messages", 3), says("user", "y")),
        edit("arrange_turns", "semantic", ("messages", 1), MISSING, GO),
        edit("arrange_turns", "semantic", ("messages", 4), MISSING, OK),
    ]


@cases(
    "messages",
    [[U], [U, A, U], [S, U, A, T, T, A, U], [U, {"role": ["user"]}, U], [U, None, U], [U, "user", U]],
    ids=brief,
)
def test_an_order_that_is_right_stays(messages):
    assert arranged(messages).edits == []


@cases("messages", [None, "text", 5, {}, True])
def test_what_is_no_list_of_messages_stays(messages):
    assert arranged(messages).edits == []


def test_words_that_were_put_in_are_no_part_of_the_rule():
    do = [{"arrange_turns": ALL}, {"set": {"messages[*].content": "z"}}]

    for _ in range(2):
        assert run(do, {"messages": [U, A]}).edits[0] == edit("arrange_turns", "semantic", ("messages", 2), MISSING, GO)


# Laws

_messages = st.lists(
    st.builds(says, st.sampled_from(["user", "assistant", "tool", "system", "developer"]), st.sampled_from(["x", None, [IMAGE]]))
    | st.sampled_from([NAMED, says("assistant", None, tool_calls=[])])
    | any_values,
    max_size=8,
)  # fmt: skip


@tried(200)
@given(_messages, st.sampled_from([ALL, SIDES]))
def test_a_second_time_changes_nothing(messages, spec):
    once = arranged(messages, spec)

    assert arranged(once.root["messages"], spec).edits == []


@tried(200)
@given(_messages)
def test_afterwards_the_order_is_right(messages):
    roles = [one.get("role") if isinstance(one, dict) else None for one in arranged(messages).root["messages"]]

    assert not messages or roles[-1] in ("user", "tool")
    assert not [at for at in range(1, len(roles)) if roles[at] == roles[at - 1] and roles[at] in ("user", "assistant")]
    begun = [role for role in roles if role not in ("system", "developer")]
    assert not begun or begun[0] == "user"


@modest
@given(payloads())
def test_any_payload_passes(payload):
    arranged(payload.get("messages"))
