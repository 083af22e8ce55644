"""Values gathered at a path: looked up as JSON compares them, and gathered anew only after an edit there."""

from __future__ import annotations

import math

import pytest
from tests.running import draft_of

from quirkbook.model import MISSING, Effect
from quirkbook.payload.gathered import Gathered, concerns
from quirkbook.payload.path import parse

GATHERED = Gathered([1, 0.5, "a", True, None, [1], {"a": [True]}, math.nan])


@pytest.mark.parametrize("value", [1, 1.0, 0.5, "a", True, None, [1], [1.0], {"a": [True]}])
def test_a_value_is_there(value):
    assert value in GATHERED


@pytest.mark.parametrize("value", [0, False, 2, "b", "", [True], [], {"a": [1]}, {}, math.nan, 10**400])
def test_a_value_is_not_there(value):
    assert value not in GATHERED


def test_true_is_not_one():
    assert True not in Gathered([1])
    assert 1 not in Gathered([True])


@pytest.mark.parametrize(
    ("text", "concerned", "others"),
    [
        ("a[*].b", [("a",), ("a", 0), ("a", 3, "b"), ("a", 0, "b", "c"), ()], [("b",), ("a", 0, "c")]),
        ("a[-1]", [("a", 0), ("a", 5), ("a",)], [("b", 0)]),
        ("a.*", [("a", "x")], [("x", "a")]),
        ("a.**.b", [("a", "x", 1, "y")], [("b",)]),
        ("$", [("a",), ()], []),
    ],
)
def test_an_edit_concerns_a_path(text, concerned, others):
    steps = parse(text).steps

    assert all(concerns(keys, steps) for keys in concerned)
    assert not any(concerns(keys, steps) for keys in (*others, None))


def found(draft, text, node=None):
    return draft.gathered(parse(text), draft.root if node is None else node)


def test_values_are_gathered_from_where_their_path_starts():
    element = {"x": "e"}
    draft = draft_of({"x": "r", "list": [element]}, request={"x": "q"}, status=429)

    assert [
        [value for value in ("r", "e", "q", 429) if value in found(draft, text, element)]
        for text in ("x", "$.x", "$request.x", "$status")
    ] == [["e"], ["r"], ["q"], [429]]
    assert "r" in found(draft, "x")
    assert None not in found(draft_of({}, request=MISSING), "$request.x")


def test_they_are_gathered_once_while_no_edit_is_made_there():
    draft = draft_of({"a": ["x"], "b": 1})
    first = found(draft, "a[*]")
    draft.put("set", Effect.EXACT, ("b",), 2)
    draft.remark("warn", Effect.NONE, "careful")

    assert found(draft, "a[*]") is first
    draft.put("set", Effect.EXACT, ("a", 0), "y")
    assert "y" in found(draft, "a[*]")
    assert "x" not in found(draft, "a[*]")


def test_what_moves_away_is_there_no_more():
    draft = draft_of({"a": {"x": 1}})
    assert 1 in found(draft, "a.*")

    draft.move("rename", Effect.EXACT, ("a", "x"), ("y",))

    assert 1 not in found(draft, "a.*")
