"""`tell`: a schema is said to the model in words, once, whatever the conversation looks like."""

from __future__ import annotations

import math

import pytest
from tests.running import actions, brief, edit, nested, run

from quirkbook.model import MISSING
from quirkbook.payload.draft import Draft

TELL = {"tell": {"schema": "f.schema", "as": "Fit: "}}
SCHEMA = {"type": "object", "properties": {"ä": {}}}
SAID = 'Fit: {"type":"object","properties":{"ä":{}}}'
USER = {"role": "user", "content": "Hi"}


def system(content, role="system"):
    return {"role": role, "content": content}


def part(text):
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("messages", "after", "keys"),
    [
        ([USER], [system(SAID), USER], ("messages", 0)),
        ([], [system(SAID)], ("messages", 0)),
        ([system("Be brief."), USER], [system(f"Be brief.\n\n{SAID}"), USER], ("messages", 0, "content")),
        ([system("", "developer")], [system(SAID, "developer")], ("messages", 0, "content")),
        ([system([part("a")])], [system([part("a"), part(SAID)])], ("messages", 0, "content", 1)),
        ([system([{"type": "x"}, 5])], [system([{"type": "x"}, 5, part(SAID)])], ("messages", 0, "content", 2)),
        ([system(None)], [system(SAID), system(None)], ("messages", 0)),
        ([5], [system(SAID), 5], ("messages", 0)),
        ([USER, system("Late.")], [system(SAID), USER, system("Late.")], ("messages", 0)),
        ([system(f"{SAID} And be brief.")], None, None),
        ([system([part("a"), part(f"b {SAID}")])], None, None),
    ],
    ids=brief,
)
def test_the_leading_message_says_the_schema_once(messages, after, keys):
    draft = run([TELL], {"messages": messages, "f": {"schema": SCHEMA}})

    assert draft.root["messages"] == (after or messages)
    assert [change[:3] for change in draft.edits] == ([("tell", "semantic", keys)] if keys else [])
    assert run([TELL], draft.root).edits == []


def test_a_payload_without_messages_gets_them_and_an_odd_one_stays():
    made = run([TELL], {"f": {"schema": SCHEMA}})

    assert made.edits == [edit("tell", "semantic", ("messages",), MISSING, [system(SAID)])]
    assert run([TELL], {"messages": "Hi", "f": {"schema": SCHEMA}}).edits == []


@pytest.mark.parametrize("payload", [{}, {"f": {}}, {"f": {"schema": {"a": math.nan}}}])
def test_what_is_not_there_or_is_no_json_is_not_said(payload):
    assert run([TELL], {"messages": [USER], **payload}).edits == []


def test_what_nests_too_deep_to_be_written_is_not_said():
    draft = Draft({"messages": [USER], "f": {"schema": nested(5000)}})
    actions([TELL])[0].run(draft, ())

    assert draft.edits == []
