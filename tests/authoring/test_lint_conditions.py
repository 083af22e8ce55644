"""A condition of a rule that its only action asks anyway is a warning."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule

from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.lint import check_rule


def found(do, when):
    (one,) = owned_rules(a_book(a_rule("r", do, when)))
    return [
        f"{diagnostic.message.removeprefix('the condition of acme/r on ')} ({diagnostic.hint})"
        for diagnostic in check_rule(one)
        if diagnostic.code == "Q223"
    ]


def each(elements, when, do=None):
    return {"each": {"in": elements, "when": when, "do": [do or {"drop": ["x"]}]}}


OF_EACH = "is not needed: 'each' asks it of each element"
OF_DROP = "is not needed: 'drop' changes only what is there"


@pytest.mark.parametrize(
    ("when", "do", "expected"),
    [
        ({"a": {"exists": True}}, {"drop": ["a"]}, [f"a {OF_DROP} (remove 'when')"]),
        ({"m[*].a": {"exists": True}}, {"drop": ["m[*].a"]}, [f"m[*].a {OF_DROP} (remove 'when')"]),
        ({"m": {"some": {"a": 1}}}, each("m[*]", {"a": 1, "b": 2}), [f"m {OF_EACH} (remove 'when')"]),
        ({"m": {"is": "array"}}, each("m[*].n[*]", {"a": 1}), [f"m {OF_EACH} (remove 'when')"]),
        ({"m": {"is": "array"}, "b": 1}, each("m[*]", {"a": 1}), [f"m {OF_EACH} (remove 'm' from 'when')"]),
        ({"m[*].a": ["x", "y"]}, each("m[*]", {"a": ["x", "y"]}), [f"m[*].a {OF_EACH} (remove 'when')"]),
        ({"m[*].a": {"is": "string"}}, each("m[*]", {"a": {"is": "string"}}), [f"m[*].a {OF_EACH} (remove 'when')"]),
        ({"m[*].a": {"exists": True}}, each("m[*]", {"a": {"exists": True}}), [f"m[*].a {OF_EACH} (remove 'when')"]),
    ],
)
def test_what_the_action_asks_anyway_is_not_needed(when, do, expected):
    assert found(do, when) == expected


@pytest.mark.parametrize(
    ("when", "do"),
    [
        ({"a": {"exists": True}}, {"drop": ["b"]}),
        ({"a": {"exists": True}}, {"drop": ["a", "b"]}),
        ({"a": {"exists": True}, "b": 1}, {"drop": ["a"]}),  # both are there: one of them goes
        ({"a": 1}, {"drop": ["a"]}),
        ({"m": {"some": {"a": 1}}}, each("m[*]", {"a": 2})),
        ({"m": {"some": {"a": 1, "c": 1}}}, each("m[*]", {"a": 1})),
        ({"m": {"none": {"a": 1}}}, each("m[*]", {"a": 1})),
        ({"m[*].a": {"exists": False}}, each("m[*]", {"a": {"exists": False}})),
        ({"m[*].a": {"ne": 1}}, each("m[*]", {"a": {"ne": 1}})),
        ({"m": {"is": "array"}}, {"set": {"b": 1}}),
    ],
)
def test_a_condition_of_its_own_is_needed(when, do):
    assert found(do, when) == []


def test_a_rule_with_two_actions_needs_its_condition():
    assert found([{"drop": ["a"]}, {"set": {"b": 1}}], {"a": {"exists": True}}) == []
