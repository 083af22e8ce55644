"""Actions that bring a value into what a provider accepts: `nearest`, and `clamp` by a number elsewhere; and `append`."""

from __future__ import annotations

import pytest
from tests.running import action_diagnostics, brief, edit, exact, run

from quirkbook.model import MISSING
from quirkbook.plan.actions.ranges import EFFORTS

cases = pytest.mark.parametrize


@cases(
    ("kept", "becomes"),
    [
        (["none", "high"], ["none", "none", "high", "high", "high", "high", "high"]),
        (["low", "high", "max"], ["low", "low", "low", "high", "high", "max", "max"]),
        (["low", "high"], ["low", "low", "low", "high", "high", "high", "high"]),
        (["none", "low", "medium", "high", "xhigh"], ["none", "low", "low", "medium", "high", "xhigh", "xhigh"]),
        (["medium"], ["medium"] * 7),
        (list(EFFORTS), list(EFFORTS)),
    ],
    ids=brief,
)
def test_nearest_takes_the_effort_that_is_next_in_order_and_the_greater_of_two(kept, becomes):
    assert [run([{"nearest": {"e": kept}}], {"e": effort}).root["e"] for effort in EFFORTS] == becomes


@cases("value", ["default", "LOW", "", None, True, 3, ["low"], {"low": 1}])
def test_nearest_leaves_what_is_not_an_effort(value):
    assert run([{"nearest": {"e": ["high"]}}], {"e": value}).edits == []


def test_nearest_is_lossy_and_works_at_every_match_once():
    draft = run([{"nearest": {"a[*].e": ["high"], "b": ["low"]}}], {"a": [{"e": "low"}, {}], "b": "low"})

    assert draft.edits == [edit("nearest", "lossy", ("a", 0, "e"), "low", "high")]
    assert run([{"nearest": {"a[*].e": ["high"]}}], draft.root).edits == []


BELOW = [1024, {"path": "max_tokens", "plus": -1}]


@cases(
    ("bounds", "payload", "after"),
    [
        (BELOW, {"n": 4000, "max_tokens": 2000}, 1999),
        (BELOW, {"n": 1999, "max_tokens": 2000}, 1999),
        (BELOW, {"n": 10, "max_tokens": 2000}, 1024),
        (BELOW, {"n": 4000, "max_tokens": 1025}, 1024),
        (BELOW, {"n": 4000}, 4000),
        (BELOW, {"n": 4000, "max_tokens": "2000"}, 4000),
        (BELOW, {"n": 4000, "max_tokens": True}, 4000),
        (BELOW, {"n": 4000, "max_tokens": float("inf")}, 4000),
        (BELOW, {"n": 4000, "max_tokens": None}, 4000),
        # Bounds that cross leave everything as it is: no number would do.
        (BELOW, {"n": 4000, "max_tokens": 500}, 4000),
        (BELOW, {"n": 10, "max_tokens": 500}, 10),
        (BELOW, {"n": "4000", "max_tokens": 2000}, "4000"),
        ([{"path": "low"}, None], {"n": 1, "low": 2.5}, 2.5),
        ([{"path": "a.low", "plus": 1}, {"path": "a.high"}], {"n": 1, "a": {"low": 2, "high": 4}}, 3),
        ([{"path": "low"}, None], {"n": 1, "low": 10**400}, 10**400),
    ],
    ids=brief,
)
def test_a_bound_of_clamp_may_be_the_number_at_another_path(bounds, payload, after):
    done = run([{"clamp": {"n": bounds}}], payload).root

    assert exact(done["n"]) == exact(after)
    assert run([{"clamp": {"n": bounds}}], done).edits == []


def test_a_bound_of_clamp_starts_where_the_element_does_or_at_the_root():
    do = {"clamp": {"n": [{"path": "low"}, {"path": "$.high"}]}}

    done = run([{"each": {"in": "a[*]", "do": [do]}}], {"a": [{"n": 0, "low": 1}, {"n": 9}], "high": 5}).root

    assert done["a"] == [{"n": 1, "low": 1}, {"n": 5}]


@cases("path", ["a[*].b", "**.b", "."])
def test_a_bound_of_clamp_names_one_place(path):
    said = f"'{path}' must name one place, such as max_tokens"

    assert action_diagnostics([{"clamp": {"n": [None, {"path": path}]}}]) == [
        ("Q110", ("do", 0, "clamp", "n", 1, "path"), said, "", False)
    ]


ITEM = {"type": "search"}


@cases(
    ("payload", "after", "keys"),
    [
        ({}, {"t": [ITEM]}, ("t",)),
        ({"t": []}, {"t": [ITEM]}, ("t", 0)),
        ({"t": [1]}, {"t": [1, ITEM]}, ("t", 1)),
        ({"t": [{**ITEM, "x": 1}]}, {"t": [{**ITEM, "x": 1}, ITEM]}, ("t", 1)),
        ({"t": [dict(ITEM)]}, None, None),
        ({"t": [dict(ITEM), 1]}, None, None),
        ({"t": None}, None, None),
        ({"t": "search"}, None, None),
        ({"t": {}}, None, None),
    ],
    ids=brief,
)
def test_append_puts_an_item_at_the_end_of_a_list_unless_an_equal_one_is_there(payload, after, keys):
    draft = run([{"append": {"t": ITEM}}], payload)

    assert draft.root == (after or payload)
    assert draft.edits == (
        [edit("append", "semantic", keys, MISSING, [ITEM] if len(keys) == 1 else ITEM)] if keys else []
    )
    assert run([{"append": {"t": ITEM}}], draft.root).edits == []


def test_append_makes_parents_and_works_at_every_match():
    do = {"append": {"a.b": 1, "m[*].t": 2}}

    assert run([do], {"m": [{}, {"t": [1]}, 5]}).root == {"a": {"b": [1]}, "m": [{"t": [2]}, {"t": [1, 2]}, 5]}
