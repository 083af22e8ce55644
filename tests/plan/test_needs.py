"""What a rule needs and writes: never more than the truth, so that no rule is passed over that would fire."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.running import brief, condition, draft_of, exact, plan, rule
from tests.strategies import LETS, actions, conditions, payloads, tried

from quirkbook.payload.path import parse
from quirkbook.plan import interpret
from quirkbook.plan.interpret import Run
from quirkbook.plan.needs import (
    ABSENT,
    ANY,
    LONGEST_MARK,
    NOTHING,
    either,
    items_of,
    may_be_met,
    may_help,
    of_item,
    of_path,
    written,
)

NULL = type(None)


def needs(when):
    return [sorted(clause, key=str) for clause in condition(when, {"on": {"a": 1}}).needs]


def top(key):
    return [("", key, None)]


MESSAGES = top("messages")
ALL_OF_IT = frozenset({frozenset({("messages", "role", "tool")}), frozenset({("messages", "x", "a")})})


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"a": 1}, [top("a")]),
        ({"a": "x"}, [top("a")]),
        ({"a.b": "x"}, [top("a")]),
        ({"a[0]": 1}, [top("a")]),
        ({"a[*]": "x"}, [top("a")]),
        ({"a": 1, "b": 2}, [top("a"), top("b")]),
        ({"$.a": {"gt": 1}}, [top("a")]),
        ({"a": {"exists": True}}, [top("a")]),
        ({"a": {"exists": False}}, []),
        ({"a": {"not_among": "b"}}, [top("a")]),
        # Below the items of an array: the field, and what it must hold.
        ({"messages[*].role": {"exists": True}}, [MESSAGES, [("messages", "role", None)]]),
        ({"messages[0].role": "tool"}, [MESSAGES, [("messages", "role", "tool")]]),
        (
            {"messages[*].role": ["tool", "user"]},
            [MESSAGES, [("messages", "role", "tool"), ("messages", "role", "user")]],
        ),
        (
            {"messages[*].name": [None, ""]},
            [MESSAGES, [("messages", "name", ""), ("messages", "name", NULL)]],
        ),
        ({"messages[*].role": {"is": "array", "len": 1}}, [MESSAGES, [("messages", "role", list)]]),
        ({"messages[*].role": ["tool", 1]}, [MESSAGES, [("messages", "role", None)]]),
        ({"messages[*].role": 5}, [MESSAGES, [("messages", "role", None)]]),
        ({"messages[*].content[*].type": "x"}, [MESSAGES, [("messages", "content", list)]]),
        ({"messages[*].function.name": "x"}, [MESSAGES, [("messages", "function", None)]]),
        ({"messages[*].content.**.type": "x"}, [MESSAGES, [("messages", "content", None)]]),
        ({"messages[*].*": "x"}, [MESSAGES]),
        ({"messages[*][0]": "x"}, [MESSAGES]),
        ({"messages[*].name": "x" * LONGEST_MARK}, [MESSAGES, [("messages", "name", "x" * LONGEST_MARK)]]),
        ({"messages[*].name": "x" * (LONGEST_MARK + 1)}, [MESSAGES, [("messages", "name", None)]]),
        # Quantifiers: only `some` needs an item.
        ({"messages": {"some": {"role": "tool"}}}, [MESSAGES, [("messages", "role", "tool")]]),
        (
            {"messages": {"some": {"content": {"some": {"type": "x"}}}}},
            [MESSAGES, [("messages", "content", list)]],
        ),
        ({"messages": {"some": {"role": "tool", "$.a": 1}}}, [MESSAGES, [("messages", "role", "tool")], top("a")]),
        ({"messages": {"every": {"role": "tool"}}}, [MESSAGES]),
        # One item must have all of it at once.
        pytest.param(
            {"messages": {"some": {"role": "tool", "x": "a"}}},
            [MESSAGES, [("messages", "", ALL_OF_IT)]],
            id="all of it",
        ),
        # What an item must have for a test of it to fail.
        ({"messages": {"some": {"not": {"x": {"exists": True}}}}}, [MESSAGES, [("messages", "x", ABSENT)]]),
        (
            {"messages": {"some": {"not": {"x": {"ne": "a", "exists": True}}}}},
            [MESSAGES, [("messages", "x", "a"), ("messages", "x", ABSENT)]],
        ),
        ({"messages": {"some": {"not": {"x": {"ne": "a", "gt": 1}}}}}, [MESSAGES]),
        ({"messages": {"some": {"not": {"x": 1}}}}, [MESSAGES]),
        ({"messages": {"none": {"role": "tool"}}}, [MESSAGES]),
        ({"a.b": {"some": {"role": "tool"}}}, [top("a")]),
        ({"messages[*]": {"some": {"role": "tool"}}}, [MESSAGES]),
        # Combinators and names.
        ({"any_of": [{"a": 1}, {"b": 1}]}, [[*top("a"), *top("b")]]),
        ({"any_of": [{"a": 1}, {"b": {"exists": False}}]}, []),
        (
            {"any_of": [{"a": 1, "messages[*].role": "tool"}, {"b": 1}]},
            [[*top("b"), ("messages", "role", "tool")]],
        ),
        ({"all_of": [{"a": 1}, {"b": 1}]}, [top("a"), top("b")]),
        ({"not": {"a": 1}}, []),
        ({"$on": True}, [top("a")]),
        ({"$on": False}, []),
        ({"$model": "x"}, []),
        # Nothing that a cheap look could tell.
        ({".": {"is": "object"}}, []),
        ({"*": 1}, []),
        ({"**.a": 1}, []),
        ({"$request.a": 1}, []),
        ({"$status": 400}, []),
    ],
    ids=brief,
)
def test_a_condition_needs(when, expected):
    assert needs(when) == expected


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("a", None, NOTHING),
        ("$.a", None, (frozenset(top("a")),)),
        ("role", "messages", (frozenset({("messages", "role", "x")}),)),
        ("role.a", "messages", (frozenset({("messages", "role", None)}),)),
        (".", "messages", NOTHING),
        ("[0]", "", NOTHING),
    ],
)
def test_a_path_needs_what_its_scope_makes_of_it(text, scope, expected):
    marks = ["x"] if text == "role" else []

    assert of_path(parse(text), scope, marks) == expected


@pytest.mark.parametrize(
    ("text", "scope", "rest", "expected"),
    [
        ("messages", "", (), "messages"),
        ("messages[*]", "", (), None),
        ("messages[*]", "", parse("[*]").steps, "messages"),
        ("messages", "", parse("[*]").steps, None),
        ("$.messages", None, (), "messages"),
        ("content", "messages", (), None),
        ("a.b", "", (), None),
        ("messages[0]", "", (), None),
        (".", "", (), None),
        ("$request.messages", "", (), None),
    ],
)
def test_the_items_of_a_top_level_array_are_a_scope(text, scope, rest, expected):
    assert items_of(parse(text), scope, rest) == expected


@pytest.mark.parametrize(
    ("text", "scope", "area", "expected"),
    [
        ("a", "", "", {("", "a"), ("a", ANY)}),
        ("a.b", "", "", {("", "a"), ("a", ANY)}),
        ("a[*].b", "", "", {("a", "b")}),
        ("a[0].b.c", "", "", {("a", "b")}),
        ("a[*]", "", "", {("a", ANY)}),
        ("a[*].*", "", "", {("a", ANY)}),
        ("a.**.b", "", "", {("", "a"), ("a", ANY)}),
        ("*", "", "", None),
        (".", "", "", None),
        ("b", "a", "a", {("a", "b")}),
        ("b.c", "a", "a", {("a", "b")}),
        ("*", "a", "a", {("a", ANY)}),
        (".", "a", "a", {("a", ANY)}),
        ("b", None, "a", {("a", ANY)}),
        ("b", None, "?", None),
        ("$.b", "a", "a", {("", "b"), ("b", ANY)}),
        ("$.b[*].c", None, "?", {("b", "c")}),
    ],
)
def test_what_is_written_may_appear(text, scope, area, expected):
    found = written(parse(text), scope, area)

    assert found == (None if expected is None else {(array, field, ANY) for array, field in expected})


def test_an_item_brings_its_array_its_fields_and_what_they_hold():
    assert of_item("messages", {"role": "user", "content": None}) == {
        ("", "messages", None),
        ("messages", "", None),
        ("messages", "role", None),
        ("messages", "role", str),
        ("messages", "role", "user"),
        ("messages", "content", None),
        ("messages", "content", NULL),
    }


@pytest.mark.parametrize(
    ("present", "met"),
    [
        ({("m", "role", "user")}, True),
        ({("m", "role", ANY)}, True),
        ({("m", ANY, ANY)}, True),
        ({("m", "role", "tool")}, False),
        ({("m", "name", ANY), ("", "m", ANY)}, False),
        (set(), False),
    ],
)
def test_a_clause_may_be_met_by_what_is_or_may_be_there(present, met):
    assert may_be_met({("m", "role", "user")}, present) is met


@pytest.mark.parametrize(
    ("writes", "helps"),
    [
        ({("messages", "x", ANY)}, True),
        ({("messages", ANY, ANY)}, True),
        ({("messages", "y", ANY)}, False),
        (of_item("messages", {"role": "tool", "x": "a"}), True),
        (of_item("messages", {"role": "tool"}), False),
        ({("", "a", ANY)}, False),
    ],
    ids=["a part", "anything", "another field", "a whole item", "half an item", "something else"],
)
def test_a_part_of_what_one_item_must_have_may_help_unless_it_is_a_whole_new_item(writes, helps):
    assert may_help({("messages", "", ALL_OF_IT)}, writes) is helps


def test_one_of_several_needs_joins_the_rarest_clause_of_each():
    a, b, item = frozenset(top("a")), frozenset(top("b")), frozenset({("messages", "role", "tool")})

    assert either([(a, item), (b,)]) == (item | b,)
    assert either([(a,), ()]) == NOTHING
    assert either([]) == NOTHING


def candidates(payload, *rules):
    return [one.name for one in plan(*rules).candidates(payload)]


SET = {"set": {"z": 1}}


@pytest.mark.parametrize(
    ("do", "payload", "expected"),
    [
        ([{"drop": ["a"]}], {}, []),
        ([{"drop": ["a"]}], {"a": 1}, ["test/r0"]),
        ([{"drop": ["a"]}, {"clamp": {"b": [0, 1]}}], {"b": 1}, ["test/r0"]),
        ([{"drop": ["a"]}, SET], {}, ["test/r0"]),
        ([{"rename": {"a": "b"}}], {"b": 1}, []),
        ([{"rewrite_ids": {"length": 9}}], {"messages": [{"role": "user"}]}, []),
        ([{"rewrite_ids": {"length": 9}}], {"messages": [{"role": "user", "tool_calls": []}]}, ["test/r0"]),
        (
            [{"each": {"in": "messages[*]", "when": {"role": "tool"}, "do": [SET]}}],
            {"messages": [{"role": "user"}]},
            [],
        ),
        (
            [{"each": {"in": "messages[*]", "when": {"role": "tool"}, "do": [SET]}}],
            {"messages": [{"role": "tool"}]},
            ["test/r0"],
        ),
        # One element that is an object, not the items of an array.
        ([{"each": {"in": "a", "when": {"x": "on"}, "do": [SET]}}], {"a": {"x": "on"}}, ["test/r0"]),
        ([{"each": {"in": "a[0]", "when": {"x": "on"}, "do": [SET]}}], {"a": [{"x": "on"}]}, ["test/r0"]),
    ],
    ids=brief,
)
def test_a_rule_is_a_candidate_only_where_one_of_its_actions_may_find_something(do, payload, expected):
    assert candidates(payload, rule(None, do)) == expected


@pytest.mark.parametrize(
    ("do", "when"),
    [
        ({"set": {"a": 1}}, {"a": 1}),
        ({"set": {"a.b": 1}}, {"a.b": 1}),
        ({"rename": {"x": "a"}}, {"a": 1}),
        ({"rename": {"x": "$.a.b"}}, {"a.b": 1}),
        ({"copy": {"x": "a"}}, {"a": 1}),
        ({"map": {"x": {"*": [{"b": 1}]}}}, {"x[*].b": 1}),
        ({"append_message": {"role": "user"}}, {"messages[*].role": "user"}),
        ({"each": {"in": "m[*]", "do": [{"set": {"b": 1}}]}}, {"m[*].b": 1}),
        ({"each": {"in": "m[*]", "do": [{"set": {"$.b": 1}}]}}, {"b": 1}),
        ({"each": {"in": "*[*]", "do": [{"set": {"b": 1}}]}}, {"m[*].b": 1}),
        ({"each": {"in": "m[*]", "do": [{"each": {"in": "c[*]", "do": [{"set": {"$.b": 1}}]}}]}}, {"b": 1}),
        ({"each": {"in": "m[*]", "do": [{"each": {"in": "c[*]", "do": [{"set": {"b": 1}}]}}]}}, {"m[*].b": 1}),
    ],
    ids=brief,
)
def test_what_an_earlier_rule_may_write_makes_a_later_one_a_candidate(do, when):
    first, second = rule(None, [do]), rule(when, [SET], 1)

    assert candidates({"x": 1, "m": [{"c": [{}]}]}, first, second) == ["test/r0", "test/r1"]
    assert candidates({"x": 1, "m": [{"c": [{}]}]}, second) == []


# Laws


@tried(100)
@given(conditions(), payloads())
@example({"messages[*]": {"some": {"x": 1}}}, {"messages": [[{"x": 1}]]})
def test_where_a_condition_holds_its_rule_is_a_candidate(when, payload):
    made = rule_with_names(when, [SET])

    if made.holds(payload, draft_of(payload)):
        assert plan(made).candidates(payload) == (made,)


def rule_with_names(when, do, place=0):
    return rule(when, do, place, LETS)


@tried(60)
@given(
    st.lists(st.tuples(conditions(depth=1), st.lists(actions, min_size=1, max_size=2)), min_size=1, max_size=3),
    st.lists(payloads(), min_size=1, max_size=2),
)
def test_a_plan_does_what_trying_every_rule_would(parts, drawn):
    rules = plan(*(rule_with_names(when, do, place) for place, (when, do) in enumerate(parts)))
    for payload in (*drawn, drawn[0]):  # a plan remembers what it saw
        sifted, full = Run(rules, payload), Run(rules, payload)
        interpret.run(sifted)
        interpret.run(full, quiet=[])

        assert exact(sifted.root) == exact(full.root)
        assert sifted.edits == full.edits
