"""What a rule needs and writes: never more than the truth, so that no rule is passed over that would fire."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from tests.running import condition, draft_of, plan, rule
from tests.strategies import LETS, conditions, payloads, tried

from quirkbook.model import MISSING
from quirkbook.payload.path import Wild, parse
from quirkbook.plan.gates import (
    ABSENT,
    EMPTY,
    LONGEST_MARK,
    NOTHING,
    UNKNOWN,
    Beside,
    Not,
    Word,
    either,
    elements_of,
    has_mark,
    is_common,
    items_of,
    may_open,
    of_path,
    of_refusal,
    rarest,
    together,
    written,
)
from quirkbook.plan.look import Schemas

NULL = type(None)
EACH = Wild.ITEMS
MESSAGE, CONTENT = ("messages", EACH), ("messages", EACH, "content")
ROLE = (*MESSAGE, "role")


def needs(when):
    """Return the clauses of a condition, each as a set of gates that a reader can compare."""
    return [set(clause) for clause in condition(when, {"on": {"a": "x"}, "tool": {"messages[*].role": "tool"}}).needs]


def there(*steps, mark=None):
    return {(steps, mark)}


LIST_OF_MESSAGES = there("messages", mark=list)
SOME_TOOL = {(ROLE, "tool")}


def name_of_case(value):
    """Name a case by what is the same in every process: sets are not."""
    return repr(value)[:60] if isinstance(value, dict | str | int | None) else ""


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        # The place, and what must be there where that is one of few texts or types.
        ({"a": "x"}, [there("a", mark="x")]),
        ({"a": 1}, [{(("a",), int), (("a",), float)}]),
        ({"a": True}, [there("a")]),
        ({"a": ["x", None]}, [{(("a",), "x"), (("a",), NULL)}]),
        ({"a": ["x", 1]}, [there("a")]),
        ({"a": "x" * LONGEST_MARK}, [there("a", mark="x" * LONGEST_MARK)]),
        ({"a": "x" * (LONGEST_MARK + 1)}, [there("a")]),
        ({"a": {"exists": True}}, [there("a")]),
        ({"a": {"is": "array", "len": 1}}, [there("a", mark=list)]),
        ({"a": {"len": 0}}, [{(("a",), ""), (("a",), EMPTY)}]),
        ({"a": {"is": "array", "len": 0}}, [there("a", mark=EMPTY)]),
        ({"a": {"len": 0, "is": "string"}}, [there("a", mark="")]),
        ({"a": {"is": "boolean", "len": 0}}, [there("a", mark=bool)]),
        ({"a": {"exists": False}}, []),
        ({"a": {"not_among": "b"}}, [there("a")]),
        ({"$.a.b[0]": {"gt": 1}}, [{(("a", "b", EACH), int), (("a", "b", EACH), float)}]),
        # A wildcard that leads anywhere ends the place.
        ({"a.*": "x"}, [there("a")]),
        ({"a.**.b": "x"}, [there("a", mark=Word("b"))]),
        ({"a.**[0]": "x"}, [there("a")]),
        ({"a.**.*": "x"}, [there("a")]),
        # Nothing that a look could find.
        ({".": {"is": "object"}}, []),
        ({"*": 1}, []),
        ({"**.a": 1}, []),
        ({"$request.a": 1}, []),
        ({"$status": 400}, []),
        ({"$model": "x"}, []),
        # Quantifiers: only `some` needs an item.
        ({"messages": {"some": {"role": "tool"}}}, [LIST_OF_MESSAGES, SOME_TOOL]),
        ({"messages": {"every": {"role": "tool"}}}, [LIST_OF_MESSAGES]),
        ({"messages": {"none": {"role": "tool"}}}, [LIST_OF_MESSAGES]),
        (
            {"messages": {"some": {"content": {"some": {"type": "x"}}}}},
            [LIST_OF_MESSAGES, there(*CONTENT, mark=list), there(*CONTENT, EACH, "type", mark="x")],
        ),
        ({"a.**.b": {"some": {"c": 1}}}, [there("a", mark=Word("b"))]),
        # One item must have all of it at once.
        (
            {"messages": {"some": {"role": "tool", "content": ""}}},
            [LIST_OF_MESSAGES, SOME_TOOL, there(*CONTENT, mark=""), there(*CONTENT, mark=Beside("", "role", "tool"))],
        ),
        (
            {"messages": {"some": {"role": "tool", "any_of": [{"content": ""}, {"content": None}]}}},
            [
                LIST_OF_MESSAGES,
                SOME_TOOL,
                {(CONTENT, ""), (CONTENT, NULL)},
                {(CONTENT, Beside("", "role", "tool")), (CONTENT, Beside(NULL, "role", "tool"))},
            ],
        ),
        # What is asked of the whole, or of the other items, need not be met by the one in hand.
        ({"messages": {"some": {"role": "user", "$tool": True}}}, [LIST_OF_MESSAGES, {(ROLE, "user")}, SOME_TOOL]),
        (
            {"messages": {"some": {"role": "user", "$.messages[*].role": "tool"}}},
            [LIST_OF_MESSAGES, {(ROLE, "user")}, SOME_TOOL],
        ),
        # What an item must have, or not have, for a test of it to fail.
        (
            {"messages": {"some": {"not": {"x": {"exists": True}}}}},
            [LIST_OF_MESSAGES, there(*MESSAGE, "x", mark=ABSENT)],
        ),
        (
            {"messages": {"some": {"not": {"x": {"ne": "a"}}}}},
            [LIST_OF_MESSAGES, {((*MESSAGE, "x"), ABSENT), ((*MESSAGE, "x"), "a")}],
        ),
        (
            {"messages": {"some": {"not": {"x": {"is": "array", "len": {"gt": 0}}}}}},
            [
                LIST_OF_MESSAGES,
                {((*MESSAGE, "x"), mark) for mark in (ABSENT, Not((list,)), EMPTY)},
            ],
        ),
        ({"messages": {"some": {"not": {"x": {"ne": "a", "gt": 1}}}}}, [LIST_OF_MESSAGES]),
        ({"messages": {"some": {"not": {"x": {"ne": "a" * 99}}}}}, [LIST_OF_MESSAGES]),
        ({"messages": {"some": {"not": {"x": 1}}}}, [LIST_OF_MESSAGES]),
        (
            {"messages": {"some": {"not": {"x.y": {"exists": True}}}}},
            [LIST_OF_MESSAGES, {((*MESSAGE, "x"), ABSENT), ((*MESSAGE, "x", "y"), ABSENT)}],
        ),
        (
            {"messages": {"some": {"x": {"exists": False}}}},
            [LIST_OF_MESSAGES, there(*MESSAGE, "x", mark=ABSENT)],
        ),
        ({"messages": {"some": {"not": {"x[*]": {"exists": True}}}}}, [LIST_OF_MESSAGES]),
        ({"messages": {"some": {"not": {"$.x": {"exists": True}}}}}, [LIST_OF_MESSAGES]),
        ({"not": {"a": {"exists": True}}}, []),
        # Combinators and names.
        ({"a": 1, "b": None}, [{(("a",), int), (("a",), float)}, there("b", mark=NULL)]),
        ({"any_of": [{"a": "x"}, {"b": "x"}]}, [{(("a",), "x"), (("b",), "x")}]),
        ({"any_of": [{"a": "x"}, {"b": {"exists": False}}]}, []),
        ({"any_of": [{"a": "x", "messages": {"exists": True}}, {"b": "x"}]}, [{(("a",), "x"), (("b",), "x")}]),
        ({"all_of": [{"a": "x"}, {"b": "x"}]}, [there("a", mark="x"), there("b", mark="x")]),
        ({"not": {"not": {"a": "x"}}}, [there("a", mark="x")]),
        ({"$on": True}, [there("a", mark="x")]),
        ({"$on": False}, []),
    ],
    ids=name_of_case,
)
def test_a_condition_needs(when, expected):
    assert needs(when) == expected


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("role", MESSAGE, ROLE),
        ("content[0].type", MESSAGE, (*CONTENT, EACH, "type")),
        ("$.a", MESSAGE, ("a",)),
        ("$.a", None, ("a",)),
        ("a", None, None),
        (".", (), None),
        ("$", MESSAGE, None),
        (".", MESSAGE, MESSAGE),
    ],
    ids=name_of_case,
)
def test_a_path_needs_what_its_scope_makes_of_it(text, scope, expected):
    assert of_path(parse(text), scope) == (NOTHING if expected is None else (frozenset({(expected, None)}),))


@pytest.mark.parametrize(
    ("text", "scope", "elements", "items"),
    [
        ("messages", (), ("messages",), MESSAGE),
        ("messages[*]", (), MESSAGE, (*MESSAGE, EACH)),
        ("messages[-1]", (), MESSAGE, (*MESSAGE, EACH)),
        ("content", MESSAGE, CONTENT, (*CONTENT, EACH)),
        ("$.a.b", None, ("a", "b"), ("a", "b", EACH)),
        ("a", None, None, None),
        ("a.*", (), None, None),
        ("a.**.b", (), None, None),
        ("$request.a", (), None, None),
    ],
    ids=name_of_case,
)
def test_a_path_is_the_scope_of_what_looks_at_its_elements_or_their_items(text, scope, elements, items):
    assert (elements_of(parse(text), scope), items_of(parse(text), scope)) == (elements, items)


def test_a_refusal_needs_the_member_of_an_element_and_nothing_of_the_whole():
    assert of_refusal(parse("x"), MESSAGE, ()) == (frozenset({((*MESSAGE, "x"), ABSENT)}),)
    assert [
        of_refusal(parse(text), scope, marks)
        for text, scope, marks in [
            ("x", MESSAGE, None),
            ("x", (), ()),
            ("x", None, ()),
            ("[0]", MESSAGE, ()),
            ("x", MESSAGE, ("x" * (LONGEST_MARK + 1),)),
        ]
    ] == [NOTHING] * 5


@pytest.mark.parametrize(
    ("scope", "own", "expected"),
    [
        (None, [{(ROLE, "tool")}, {(CONTENT, "")}], NOTHING),
        ((), [{(("a",), "x")}, {(("b",), "x")}], NOTHING),
        (MESSAGE, [{(ROLE, str)}, {(CONTENT, list)}], NOTHING),
        (MESSAGE, [{(ROLE, str)}, {(CONTENT, "")}], ({(ROLE, Beside(str, "content", ""))},)),
        (MESSAGE, [{(ROLE, "tool")}, {(CONTENT, "")}], ({(CONTENT, Beside("", "role", "tool"))},)),
        (
            MESSAGE,
            [{(ROLE, "tool")}, {(CONTENT, Word("x"))}, {((*CONTENT, "x"), "")}, {((*MESSAGE, EACH), "")}],
            NOTHING,
        ),
    ],
    ids=name_of_case,
)
def test_what_one_element_must_have_is_joined_with_a_text_that_it_has(scope, own, expected):
    assert [set(clause) for clause in together(scope, tuple(map(frozenset, own)))] == list(expected)


def test_one_of_several_needs_joins_the_rarest_clause_of_each():
    a, b, messages = (frozenset({((key,), None)}) for key in ("a", "b", "messages"))

    assert either([(messages, a), (b,)]) == (a | b,)
    assert either([(a,), ()]) == NOTHING
    assert either([]) == NOTHING


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ((("a",), None), (("messages",), None)),
        ((ROLE, "developer"), (ROLE, "user")),
        ((ROLE, "critic"), (ROLE, "tool")),
        ((CONTENT, Beside("", "role", "tool")), (CONTENT, "")),
        ((CONTENT, Beside("", "role", "tool")), (ROLE, "tool")),
        ((CONTENT, ABSENT), (("messages",), None)),
        ((("a",), None), (("a",), ABSENT)),
    ],
    ids=name_of_case,
)
def test_the_rarest_clause_is_looked_at(rare, common):
    assert rarest((frozenset({common}), frozenset({rare}))) == {rare}
    assert rarest((frozenset({rare}), frozenset({rare, common}))) == {rare}


def test_what_is_nearly_always_there_is_known():
    assert is_common(ROLE)
    assert not is_common(("stream",))
    assert not is_common(("a",))


# What a rule writes


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("a.b", (), (("a", "b"), 1)),
        ("a[0].b", (), (("a", EACH, "b"), 1)),
        ("x", MESSAGE, ((*MESSAGE, "x"), 1)),
        ("$.x", None, (("x",), 1)),
        ("a.*", (), (("a",), UNKNOWN)),
        ("a.**.b", (), (("a",), UNKNOWN)),
        ("*", (), None),
        (".", (), None),
        ("x", None, None),
    ],
    ids=name_of_case,
)
def test_a_place_is_written(text, scope, expected):
    assert written(parse(text), scope, 1) == (None if expected is None else (expected,))


@pytest.mark.parametrize(
    ("place", "value", "steps", "mark", "opens"),
    [
        # The very place.
        (("a",), UNKNOWN, ("a",), "x", True),
        (("a",), "x", ("a",), "x", True),
        (("a",), "y", ("a",), "x", False),
        (("a",), "y", ("a",), None, True),
        (("a",), "y", ("a",), str, True),
        (("a",), "y", ("a",), Not((str,)), False),
        (("a",), 1, ("a",), Not((str,)), True),
        (("a",), [], ("a",), EMPTY, True),
        (("a",), {}, ("a",), Word("x"), True),
        (("a",), MISSING, ("a",), "x", False),
        (("a",), MISSING, ("a",), None, False),
        (("a",), MISSING, ("a",), ABSENT, True),
        (("b",), UNKNOWN, ("a",), None, False),
        # Something around it.
        (MESSAGE, {"role": "tool"}, ROLE, "tool", True),
        (MESSAGE, {"role": "tool"}, ROLE, "user", False),
        (MESSAGE, {"role": "tool"}, CONTENT, ABSENT, True),
        (MESSAGE, {"role": "tool", "content": ""}, CONTENT, ABSENT, False),
        (MESSAGE, "text", CONTENT, ABSENT, True),
        (MESSAGE, "text", (*CONTENT, "x"), ABSENT, False),
        (("messages",), [{"role": "tool"}], ROLE, "tool", True),
        (("messages",), {"role": "tool"}, ROLE, "tool", False),
        # Something below it: a container may appear there, or become empty.
        (("a", "b"), "x", ("a",), None, True),
        (("a", "b"), "x", ("a",), dict, True),
        (("a", EACH), MISSING, ("a",), EMPTY, True),
        (("a", "b"), "x", ("a",), Word("b"), True),
        (("a", "b"), "x", ("a",), "x", False),
        # Either half of what must stand beside one another.
        (CONTENT, "", CONTENT, Beside("", "role", "tool"), True),
        (ROLE, "tool", CONTENT, Beside("", "role", "tool"), True),
        (ROLE, "user", CONTENT, Beside("", "role", "tool"), False),
    ],
    ids=name_of_case,
)
def test_a_write_may_open_a_gate(place, value, steps, mark, opens):
    assert may_open((place, value), (steps, mark)) is opens


@pytest.mark.parametrize(
    ("value", "mark", "expected"),
    [
        (1, bool, False),
        (True, bool, True),
        (True, Not((int,)), False),
        ({}, EMPTY, True),
        ({"a": 1}, EMPTY, False),
        ("a", "a", True),
    ],
)
def test_a_value_has_a_mark(value, mark, expected):
    assert has_mark(value, mark) is expected


SET = {"set": {"z": 1}}


@pytest.mark.parametrize(
    ("do", "when"),
    [
        ({"set": {"a": "x"}}, {"a": "x"}),
        ({"set": {"a.b": "x"}}, {"a.b": "x"}),
        ({"rename": {"x": "a"}}, {"a": "x"}),
        ({"rename": {"x": "$.a.b"}}, {"a.b": "x"}),
        ({"copy": {"x": "a"}}, {"a": "x"}),
        ({"map": {"x": {"*": [{"b": "x"}]}}}, {"x[*].b": "x"}),
        ({"append_message": {"role": "user"}}, {"messages[*].role": "user"}),
        ({"lead_with_system": {}}, {"messages[*].role": "user"}),
        ({"each": {"in": "m[*]", "do": [{"set": {"b": "x"}}]}}, {"m[*].b": "x"}),
        ({"each": {"in": "m[*]", "do": [{"set": {"$.b": "x"}}]}}, {"b": "x"}),
        ({"each": {"in": "m[*]", "do": [{"drop": ["."]}]}}, {"m": {"some": {"not": {"x": {"exists": True}}}}}),
        ({"each": {"in": "*[*]", "do": [{"set": {"b": "x"}}]}}, {"m[*].b": "x"}),
        ({"each": {"in": "m[*]", "do": [{"each": {"in": "c[*]", "do": [{"set": {"$.b": "x"}}]}}]}}, {"b": "x"}),
        ({"each": {"in": "m[*]", "do": [{"each": {"in": "c[*]", "do": [{"set": {"b": "x"}}]}}]}}, {"m[*].c[*].b": "x"}),
        ({"set": {"**.x": "x"}}, {"a": "x"}),
        ({"normalize_schema": {"at": "t", "drop": ["x"]}}, {"t.**.type": "x"}),
    ],
    ids=name_of_case,
)
def test_what_a_rule_may_write_wakes_a_later_one(do, when):
    made = plan(rule(None, [SET], 0), rule(None, [do], 1), rule(when, [SET], 2), rule({"never": "x"}, [SET], 3))

    assert 2 in made.woken_by(1)
    assert made.woken_by(0) == ()


# The law of gates: the look misses no rule


@tried(400)
@given(conditions(), payloads())
@example({"messages[*]": {"some": {"x": 1}}}, {"messages": [[{"x": 1}]]})
@example({"messages": {"some": {"not": {"content": {"is": "string"}}}}}, {"messages": ["text"]})
@example(
    {"messages": {"some": {"role": "user", "$has_tool": True}}}, {"messages": [{"role": "user"}, {"role": "tool"}]}
)
@example({"messages": {"some": {"role": "user", "[0]": "a"}}}, {"messages": [["a"], {"role": "user"}]})
def test_where_a_condition_holds_its_rule_is_tried(when, payload):
    made = rule(when, [SET], 0, LETS)

    if made.holds(payload, draft_of(payload)):
        assert plan(made).look.rules(payload, Schemas({})) == [0]


@pytest.mark.parametrize(
    ("rows", "marks"),
    [({"a": "b", None: "c"}, {"a", NULL}), ({"a": "b", "*": "c"}, {None}), ({1: 2}, {None}), ({None: None}, {NULL})],
    ids=name_of_case,
)
def test_a_table_of_texts_and_null_wants_one_of_them(rows, marks):
    gate = plan(rule(None, [{"map": {"x": rows}}])).rules[0].gate

    assert gate == {(("x",), mark) for mark in marks}
