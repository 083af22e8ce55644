"""Two outcomes of one request: where they differ, by which rules, in linear work."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import tried

from quirkbook.authoring.compare import Difference, compare, differences
from quirkbook.model import MISSING, same


def told(old, new):
    return [(each.pointer, each.old, each.new) for each in differences(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ({"n": 1}, {"n": 1.0}, []),
        ({"n": 1}, {"n": True}, [("/n", 1, True)]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("/a/b", 1, 2)]),
        ({"a": 1}, {"b": 1}, [("/b", MISSING, 1), ("/a", 1, MISSING)]),
        ({"a": [1]}, {"a": {"0": 1}}, [("/a", [1], {"0": 1})]),
        ([1, 2, 3], [1, 9, 3], [("/1", 2, 9)]),
        ({"a/b": 1}, {"a/b": None}, [("/a~1b", 1, None)]),
        (1, 2, [("", 1, 2)]),
    ],
)
def test_the_outermost_places_that_differ_are_named(old, new, places):
    assert told(old, new) == places


def test_an_item_that_is_new_at_the_start_moves_no_other():
    assert told({"messages": [1, 2, 3]}, {"messages": [0, 1, 2, 3]}) == [("/messages/0", MISSING, 0)]


def test_an_item_that_is_gone_in_the_middle_moves_no_other():
    assert told([1, 2, 3, 4], [1, 4]) == [("/1", 2, MISSING), ("/2", 3, MISSING)]


def test_items_that_repeat_are_counted_once():
    assert told([1, 1, 1], [1, 1]) == [("/2", 1, MISSING)]


def test_payloads_may_nest_deeper_than_python_calls():
    old, new = 1, 2
    for _ in range(20_000):
        old, new = {"a": old}, {"a": new}

    [difference] = differences(old, new)

    assert (difference.pointer, difference.old, difference.new) == ("/a" * 20_000, 1, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text("ab", max_size=2), below, max_size=3),
    max_leaves=12,
)


@tried(200)
@given(JSON, JSON)
def test_no_difference_means_equal_and_nothing_is_touched(old, new):
    before = copy.deepcopy((old, new))

    assert (differences(old, new) == []) is same(old, new)
    assert (old, new) == before


def test_what_is_not_there_has_no_key_in_data():
    assert [Difference("/a", MISSING, 1).to_dict(), Difference("/a", None, MISSING).to_dict()] == [
        {"pointer": "/a", "new": 1},
        {"pointer": "/a", "old": None},
    ]


# Fates and rules


def sent(payload, *rules, **more):
    changes = [{"rule": name, "effect": "exact", "action": "set", **acts} for name, acts in rules]
    around = {"headers": {}, "address": {}}
    return {"provider": "acme", "model": "m", "sent": {"payload": payload, **around, **more}, "rules": changes}


REFUSED = {"provider": "acme", "model": "m", "refused": {"rule": "acme/no", "note": "no"}, "rules": []}
ERROR = {"error": "unknown provider 'acme'"}


@pytest.mark.parametrize(
    ("old", "new", "fate"),
    [
        (sent({}), sent({}), "same"),
        (sent({}), sent({"n": 1}), "changed"),
        (sent({}), sent({}, headers={"X-A": "1"}), "changed"),
        (sent({}), sent({}, address={"base_url": "https://a.example"}), "changed"),
        (sent({}), {**sent({}), "model": "other"}, "changed"),
        (sent({}), REFUSED, "refused now"),
        (REFUSED, sent({}), "no longer refused"),
        (REFUSED, REFUSED, "same"),
        (sent({}), ERROR, "untranslatable now"),
        (ERROR, sent({}), "no longer untranslatable"),
        (ERROR, REFUSED, "refused now"),
        (ERROR, ERROR, "untranslatable"),
    ],
)
def test_each_pair_of_outcomes_has_its_fate(old, new, fate):
    assert compare(old, new).fate == fate


def test_rules_are_told_apart_by_what_they_did():
    old = sent({}, ("a/gone", {}), ("a/kept", {"after": 1}), ("a/other", {"after": 1}))
    new = sent({}, ("a/kept", {"after": 1, "why": "better words"}), ("a/other", {"after": 2}), ("a/new", {}))
    comparison = compare(old, new)

    assert (comparison.no_longer, comparison.now, comparison.otherwise) == (["a/gone"], ["a/new"], ["a/other"])
    assert comparison.rules == ["a/gone", "a/new", "a/other"]


def test_a_remark_is_no_difference():
    remark = {**sent({}), "rules": [{"rule": "a/b", "effect": "none", "action": "warn", "note": "look"}]}

    assert (compare(sent({}), remark).fate, compare(sent({}), remark).rules) == ("same", [])


def test_differences_are_json_data():
    json.dumps([each.to_dict() for each in differences({"a": 1}, {"b": [None]})])
