"""fail: an answer becomes an error of a class, and an error gets one."""

from __future__ import annotations

import pytest
from tests.running import edit

from quirkbook.model import ErrorClass
from quirkbook.payload.draft import Draft
from quirkbook.plan.actions import Context, compile_actions
from quirkbook.plan.conditions import Names

BARE = {"type": None, "param": None, "code": None}


def failed(node, payload, stage="response"):
    draft = Draft(payload)
    context = Context(Names({}), lambda *told, **_: pytest.fail(str(told)), stage)
    for action in compile_actions([{"fail": node}], (), context):
        action.run(draft, ())
    return draft


@pytest.mark.parametrize(
    ("node", "error", "named"),
    [
        ({"at": "state"}, {"message": "no money", "code": 7}, (None, None)),
        ({"at": "state", "class": "no_money"}, {"message": "no money", "code": 7}, (ErrorClass.NO_MONEY, None)),
        (
            {"at": "state", "class": {"7": "no_money"}, "status": 403},
            {"message": "no money", "code": 7},
            ("no_money", 403),
        ),
        ({"at": "state", "class": {"8": "no_money"}}, {"message": "no money", "code": 7}, (None, None)),
        (
            {"at": "state", "class": {"8": "no_money", "*": "timeout"}},
            {"message": "no money", "code": 7},
            ("timeout", None),
        ),
        ({"at": "state", "message": "failed"}, {"message": "no money", "code": 7}, (None, None)),
        ({"at": "text"}, {"message": "no"}, (None, None)),
        ({"at": "nobody", "message": "failed"}, {"message": "failed"}, (None, None)),
        ({"class": "overloaded"}, {"message": "no text came with it"}, ("overloaded", None)),
        ({"at": "choices[*].error"}, {"message": "first"}, (None, None)),
    ],
)
@pytest.mark.parametrize("stage", ["response", "chunk"])
def test_an_answer_becomes_openais_error_object(node, error, named, stage):
    payload = {
        "choices": [{"error": {"message": "first"}}, {"error": {"message": "second"}}],
        "state": {"code": 7, "msg": "no money"},
        "text": "no",
    }
    draft = failed(node, payload, stage)

    assert draft.root == {"error": {**BARE, **error}}
    assert draft.failed == named
    assert [(action, effect, keys) for action, effect, keys, *_ in draft.edits] == [
        ("fail", "exact", None),
        ("fail", "exact", ("error",)),
        ("fail", "lossy", ("choices",)),
        ("fail", "lossy", ("state",)),
        ("fail", "lossy", ("text",)),
    ]
    assert payload["text"] == "no"


def test_an_error_only_gets_a_class():
    payload = {"error": {"message": "no", "code": 1008}}
    draft = failed({"class": {"1008": "no_money"}}, payload, "error")

    assert (draft.root, draft.failed) == (payload, (ErrorClass.NO_MONEY, None))
    assert draft.edits == [edit("fail", "exact", None, note="an error of class no_money")]


def test_where_no_class_is_named_status_and_text_tell():
    draft = failed({"class": {"1": "timeout"}}, {"error": "no"}, "error")

    assert (draft.failed, draft.edits) == (None, [])
