"""Conditions: paths, quantifiers, combinators and names on any payload, the words of a no, and diagnostics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import blame, brief, condition, condition_diagnostics, draft_of, exact, holds, nested
from tests.strategies import LETS as DRAWN
from tests.strategies import any_values, conditions, modest, payloads, tried

from quirkbook.model import MISSING
from quirkbook.plan.conditions import ALWAYS, NEVER

MESSAGES = {
    "model": "kimi-k2.6",
    "messages": [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "function": {"name": "f"}}]},
        {"role": "tool", "tool_call_id": "a", "content": ""},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "strict": None}}],
    "thinking": {"type": "enabled"},
    "$ref": 1,
    "any_of": 2,
}


# Paths


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, True),
        ({"thinking.type": "enabled"}, True),
        ({"thinking.type": "enabled", "model": "x"}, False),
        ({"thinking": {"is": "object"}, "model": {"glob": "kimi-*"}}, True),
        ({"messages[0].role": "system"}, True),
        ({"messages[-1].role": "tool"}, True),
        ({"messages[4].role": {"exists": False}}, True),
        ({"messages[-5].role": {"exists": False}}, True),
        ({"tools[0].function.strict": None}, True),
        ({"tools[0].function.strict": {"exists": True}}, True),
        # A wildcard means some match; exists: false means no match at all.
        ({"messages[*].role": "tool"}, True),
        ({"messages[*].role": "developer"}, False),
        ({"messages[*].role": {"ne": "tool"}}, True),
        ({"messages[*].tool_calls": {"exists": True}}, True),
        ({"messages[*].tool_calls": {"exists": False}}, False),
        ({"messages[*].name": {"exists": False}}, True),
        ({"messages[*].content[*].type": "image_url"}, True),
        ({"thinking.*": "enabled"}, True),
        ({"*": "kimi-k2.6"}, True),
        ({"**.name": "f"}, True),
        ({"tools.**.strict": {"exists": True}}, True),
        ({"model.**.strict": {"exists": False}}, True),
        # Several operators look at one value, not each at its own.
        ({"messages[*].content": {"is": "string", "len": 0}}, True),
        ({"messages[*].content": {"is": "array", "len": 0}}, False),
        # The root and the element in hand.
        ({"$.model": "kimi-k2.6"}, True),
        ({"$.messages[*].role": "tool"}, True),
        ({"$": {"is": "object"}}, True),
        ({".": {"len": {"gt": 3}}}, True),
        ({".": {"is": "array"}}, False),
        # Keys that would mean something else are quoted.
        ({'["$ref"]': 1}, True),
        ({'["any_of"]': 2}, True),
        # A path through something that is no container finds nothing.
        ({"model.type": {"exists": False}}, True),
        ({"model[0]": {"exists": False}}, True),
        ({"thinking[0]": {"exists": False}}, True),
        ({"messages.role": {"exists": False}}, True),
    ],
    ids=brief,
)
def test_a_path_is_followed(when, expected):
    assert holds(when, MESSAGES) is expected


# Quantifiers


@pytest.mark.parametrize(
    ("value", "some", "every", "none"),
    [
        ([1, 2], True, False, False),
        ([1, 1.0], True, True, False),
        ([2, True], False, False, True),
        ([], False, True, True),
        (None, False, False, False),
        (1, False, False, False),
        ("1", False, False, False),
        ({"a": 1}, False, False, False),
        (True, False, False, False),
    ],
)
def test_quantifiers_ask_the_elements_of_an_array_and_nothing_else(value, some, every, none):
    answers = [holds({"v": {quantifier: {".": 1}}}, {"v": value}) for quantifier in ("some", "every", "none")]

    assert answers == [some, every, none]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"messages": {"some": {"role": "tool", "content": ""}}}, True),
        ({"messages": {"some": {"role": "tool", "content": {"ne": ""}}}}, False),
        ({"messages": {"every": {"role": {"is": "string"}}}}, True),
        ({"messages": {"none": {"role": "developer"}}}, True),
        ({"messages": {"none": {"content": {"some": {"type": {"ne": "text"}}}}}}, False),
        ({"messages": {"some": {"content": {"every": {"type": {"exists": True}}}}}}, True),
        # Plain paths start at the element, $.x at the root.
        ({"messages": {"some": {"model": {"exists": True}}}}, False),
        ({"messages": {"some": {"role": "user", "$.model": "kimi-k2.6"}}}, True),
        ({"messages": {"some": {"content": {"some": {"$.thinking.type": "enabled", "type": "text"}}}}}, True),
        # A wildcard before a quantifier: some match is an array that fits.
        ({"messages[*].content": {"some": {"type": "image_url"}}}, True),
        ({"messages[*].content": {"none": {"type": "image_url"}}}, False),
        ({"messages[*].content": {"every": {"type": "text"}}}, False),
        # Beside other operators.
        ({"messages": {"len": 4, "some": {"role": "user"}}}, True),
        ({"messages": {"len": 3, "some": {"role": "user"}}}, False),
        ({"messages": {"some": {"any_of": [{"role": "developer"}, {"tool_call_id": "a"}]}}}, True),
    ],
    ids=brief,
)
def test_elements_are_asked_with_paths_of_their_own(when, expected):
    assert holds(when, MESSAGES) is expected


def test_a_stop_string_of_more_than_32_bytes_is_found():
    when = {"stop": {"some": {".": {"bytes": {"gt": 32}}}}}

    assert [holds(when, {"stop": [text]}) for text in ("é" * 16, "é" * 16 + "e")] == [False, True]


# Comparing two places


@pytest.mark.parametrize(
    ("when", "payload", "expected"),
    [
        ({"a": {"among": "b[*]"}}, {"a": 1, "b": [2, 1.0]}, True),
        ({"a": {"among": "b[*]"}}, {"a": True, "b": [1]}, False),
        ({"a": {"among": "b[*]"}}, {"a": 1, "b": []}, False),
        ({"a": {"among": "b"}}, {"a": [1], "b": [1]}, True),
        ({"a": {"among": "b"}}, {"a": None, "b": None}, True),
        ({"a": {"not_among": "b[*]"}}, {"a": 3, "b": [2, 1]}, True),
        ({"a": {"not_among": "b[*]"}}, {"a": 1, "b": [2, 1]}, False),
        ({"a": {"not_among": "b[*]"}}, {"a": 1}, True),
        ({"a[*]": {"among": "b[*]"}}, {"a": [1, 5], "b": [5]}, True),
        ({"a[*]": {"not_among": "b[*]"}}, {"a": [1, 5], "b": [5]}, True),
        ({"a": {"among": "$request.b"}}, {"a": 1}, False),
        ({"a": {"among": "$status"}}, {"a": 200}, True),
        # Inside a quantifier the other path starts at the element, too.
        ({"a": {"some": {"x": {"among": "y[*]"}}}}, {"a": [{"x": 1}, {"x": 2, "y": [2]}]}, True),
        ({"a": {"some": {"x": {"among": "$.y[*]"}}}}, {"a": [{"x": 1}], "y": [1]}, True),
        ({"a": {"some": {".": {"among": "$.y[*]"}}}}, {"a": [3], "y": [1]}, False),
        # So it does where conditions begin alike.
        (
            {"any_of": [{"m[*].x": {"among": "m[*].y"}}, {"m[*].x.z": 1}]},
            {"m": [{"x": 1}, {"y": 1}]},
            True,
        ),
        # No element equals a not-a-number, not even itself.
        ({"a": {"among": "a"}}, {"a": float("nan")}, False),
    ],
)
def test_a_value_is_looked_for_among_those_of_another_path(when, payload, expected):
    assert holds(when, payload) is expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("f", False), ("gone", True), (MISSING, False), (None, True)],
)
def test_a_tool_choice_that_names_no_tool_is_found(chosen, expected):
    when = {"tool_choice.function.name": {"not_among": "tools[*].function.name"}}
    choice = {"function": {} if chosen is MISSING else {"name": chosen}}

    assert holds(when, {**MESSAGES, "tool_choice": choice}) is expected


# Repetition


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("id", [{"id": "a"}, {"id": "b"}, {"id": "a"}], True),
        ("id", [{"id": "a"}, {"id": "b"}], False),
        ("id", [{"id": "a"}, {}, {}, "id"], False),
        ("id", [{"id": 1}, {"id": 1.0}], True),
        ("id", [{"id": 1}, {"id": True}, {"id": "1"}], False),
        ("id", [{"id": None}, {"id": None}, {"id": []}, {"id": []}], False),
        ("id", [{"id": True}, {"id": True}], False),
        ("id", [{"id": float("nan")}] * 2, False),
        ("f.name", [{"f": {"name": "a"}}, {"f": {"name": "a"}}], True),
        (".", ["a", "a"], True),
        ("[*]", [["a"], ["a"]], True),
        ("id", [], False),
        ("id", {"id": "a"}, False),
        ("id", None, False),
    ],
    ids=brief,
)
def test_repeats_tells_whether_two_items_hold_the_same(path, value, expected):
    assert holds({"v": {"repeats": path}}, {"v": value}) is expected


# Combinators and names


TRUE, FALSE = {"model": {"exists": True}}, {"model": {"exists": False}}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"any_of": [FALSE, TRUE]}, True),
        ({"any_of": [FALSE, FALSE]}, False),
        ({"all_of": [TRUE, TRUE]}, True),
        ({"all_of": [TRUE, FALSE]}, False),
        ({"not": TRUE}, False),
        ({"not": FALSE}, True),
        ({"not": {"nope.x": {"gt": 1}}}, True),
        ({"not": {"not": TRUE}}, True),
        ({"not": {**TRUE, "x": 1}}, True),
        ({"any_of": [TRUE], "not": TRUE}, False),
        ({"any_of": [{"all_of": [TRUE, {"not": FALSE}]}, FALSE]}, True),
    ],
    ids=brief,
)
def test_combinators_join_conditions(when, expected):
    assert holds(when, {"model": "m"}) is expected


SCHEMA = {"properties": {"a": {"const": 1}, "b": {"properties": {"c": True}}, "d": {"type": "string"}}}


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([{"t[*].p.**.const": 1}, {"t[*].p.**.enum": {"exists": True}}], True),
        ([{"t[*].p.**.const": 2}, {"t[*].p.**.enum": {"exists": True}}], False),
        ([{"t[*].p.**.enum": 1}, {"t[*].p.**.properties.*": {"is": "boolean"}}], True),
        ([{"t[*].p.**.enum": 1}, {"t[*].p.properties.*": {"is": "boolean"}}], False),
        ([{"t[0].p.properties": 1}, {"t[0].p.type": 1}, {"n": 1}], True),
        ([{"t[0].p.properties": 1}, {"t[0].p.type": 1}, {"n": 2}], False),
        ([{"s.p.x": 1}, {"s.p.y": 1}, {"s.p.z": {"exists": False}}], True),
        ([{"s.p.x": 1}, {"s.p.y": 1}, {"s.p.z": {"ne": 1}}], False),
    ],
    ids=brief,
)
def test_conditions_that_begin_alike_hold_as_they_would_apart(leaves, expected):
    payload = {"t": [{"p": SCHEMA}, "t"], "n": 1, "s": {"p": [1]}}

    assert holds({"any_of": leaves}, payload) is expected
    assert any(holds(leaf, payload) for leaf in leaves) is expected
    assert holds({"x": {"some": {"any_of": leaves}}}, {"x": [{}, payload]}) is any(
        holds(leaf, one) for leaf in leaves for one in ({}, payload)
    )


LETS = {
    **DRAWN,
    "thinking_off": {"$thinking_on": False},
    "kimi": {"$model": ["kimi-*", "!kimi-k3*"]},
    "status_ok": {"x": 1},
    "request_ok": {"x": 1},
    "modeled": {"x": 1},
    "around": {"$about": True},
    "about": {"$around": True},
    "self": {"not": {"$self": True}},
}


@pytest.mark.parametrize(
    ("when", "payload", "expected"),
    [
        ({"$thinking_on": True}, {}, True),
        ({"$thinking_on": False}, {}, False),
        ({"$thinking_on": True}, {"thinking": {"type": "disabled"}}, False),
        ({"$thinking_on": False}, {"thinking": {"type": "disabled"}}, True),
        ({"$thinking_off": True}, {"thinking": {"type": "disabled"}}, True),
        ({"$thinking_off": False}, {"thinking": {"type": "disabled"}}, False),
        ({"not": {"$thinking_on": True}}, {"thinking": {"type": "disabled"}}, True),
        # A name always looks from the root.
        ({"a": {"some": {"$thinking_on": True}}}, {"a": [{"thinking": {"type": "disabled"}}]}, True),
        # Names that start like a place.
        ({"$status_ok": True, "$request_ok": True, "$modeled": True}, {"x": 1}, True),
        ({"$status_ok": False}, {"x": 1}, False),
    ],
)
def test_a_name_stands_for_its_condition(when, payload, expected):
    assert holds(when, payload, lets=LETS) is expected


@pytest.mark.parametrize("name", ["around", "about", "self"])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_circle_of_names_ends(name, wanted):
    when = condition({f"${name}": wanted}, LETS)

    assert when.holds({}, draft_of({})) in (True, False)


def test_names_that_use_names_twice_each_are_compiled_once():
    chain = {f"n{at}": {"all_of": [{f"$n{at + 1}": True}] * 2} for at in range(500)} | {"n500": FALSE}

    assert holds({"$n480": True}, {"model": "m"}, lets=chain) is False


@pytest.mark.parametrize(
    ("globs", "model", "expected"),
    [
        ("kimi-*", "Moonshotai/Kimi-K2.6:free", True),
        ("kimi-*", "gpt-5", False),
        (["gpt-*", "kimi-*"], "kimi-k3", True),
        (["*", "!kimi-*"], "kimi-k3", False),
        ("kimi-*", None, False),
        ("*", None, True),
    ],
)
def test_the_model_is_the_one_that_rules_match_not_the_payloads(globs, model, expected):
    assert holds({"$model": globs}, {"model": "other"}, model=model) is expected


# Answers: the request and the status


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"$status": 429}, True),
        ({"$status": [400, 422]}, False),
        ({"$status": {"gte": 400, "lt": 500}}, True),
        ({"$status": {"exists": False}}, False),
        ({"$request.tools": {"exists": True}}, True),
        ({"$request.tools[*].name": "f"}, True),
        ({"$request.n": {"exists": False}}, True),
        ({"$request": {"is": "object"}}, True),
        ({"choices": {"some": {"$request.stream": True}}}, True),
        ({"$request.tools": {"some": {"name": "f"}}}, True),
    ],
    ids=brief,
)
def test_a_rule_on_an_answer_may_ask_for_the_request_and_the_status(when, expected):
    request = {"tools": [{"name": "f"}], "stream": True}

    assert holds(when, {"choices": [{}]}, request=request, status=429) is expected


def test_without_a_request_nothing_of_it_is_there():
    assert [holds({"$request.n": test}, {"n": 1}) for test in (1, {"exists": True}, {"exists": False})] == [
        False,
        False,
        True,
    ]


# The words of a no


@pytest.mark.parametrize(
    ("when", "payload", "words"),
    [
        ({"t": {"outside": [0, 1]}}, {"t": 0.5}, "t: 0.5 is not outside [0, 1]"),
        ({"t": {"outside": [0, 1]}}, {"t": 2}, None),
        ({"t": {"outside": [0, 1]}}, {}, "t is absent"),
        ({"t": {"exists": False}}, {"t": None}, "t is present"),
        ({"t": {"gt": 0, "lt": 1}}, {"t": 3}, "t: 3 is not > 0 and < 1"),
        ({"t": "a"}, {"t": "b" * 99}, f't: "{"b" * 55}..." is not "a"'),
        ({"t": ["a", "b"]}, {"t": None}, 't: null is not one of "a", "b"'),
        ({"t": {"is": "array"}}, {"t": {"a": 1}}, 't: {"a": 1} is not an array'),
        ({"t": {"len": {"gt": 4}}}, {"t": [1]}, 't: [1] is not of length {"gt": 4}'),
        ({"t": {"some": {"x": 1}}}, {"t": [{}]}, "t: [{}] is not an array with an item that fits"),
        ({"t": {"every": {"x": 1}}}, {"t": [{}]}, "t: [{}] is not an array all of whose items fit"),
        ({"t": {"none": {"x": 1}}}, {"t": [{"x": 1}]}, 't: [{"x": 1}] is not an array without an item that fits'),
        ({"t": {"among": "u[*]"}}, {"t": 1, "u": [2]}, "t: 1 is not one of u[*]"),
        ({"t": {"not_among": "u[*]"}}, {"t": 2, "u": [2]}, "t: 2 is not none of u[*]"),
        ({"t": {"repeats": "id"}}, {"t": []}, "t: [] is not an array in which id repeats"),
        ({"m[*].r": "a"}, {"m": [{"r": "b"}, {"r": "c"}]}, 'm[*].r: no one of 2 values is not "a"'),
        ({"m[*].r": "a"}, {"m": [{"r": "b"}]}, 'm[*].r: "b" is not "a"'),
        ({"m[*].r": "a"}, {"m": []}, "m[*].r is absent"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "b: 3 is not 2"),
        ({"a": 1, "b": 2}, {"a": 0, "b": 3}, "a: 0 is not 1"),
        ({"any_of": [{"a": 1}, {"b": 2}]}, {"a": 0}, "none of: a: 0 is not 1; b is absent"),
        ({"any_of": [{"a": 1}, {"b": 2}]}, {"b": 2}, None),
        ({"all_of": [{"a": 1}, {"b": 2}]}, {"a": 1}, "b is absent"),
        ({"not": {"a": 1, "b": 2}}, {"a": 1, "b": 2}, "not: what it excludes holds (a, b)"),
        ({"not": {"a": 1}}, {}, None),
        ({"$thinking_on": True}, {}, None),
        (
            {"$thinking_on": True},
            {"thinking": {"type": "disabled"}},
            "$thinking_on: not: what it excludes holds (thinking.type)",
        ),
        ({"$thinking_on": False}, {}, "$thinking_on holds"),
        ({"$model": "kimi-*"}, {}, '$model: "gpt-5" is not "kimi-*"'),
        ({"$model": "gpt-*"}, {}, None),
        ({"$status": {"gte": 400}}, {}, "$status: 200 is not >= 400"),
    ],
    ids=brief,
)
def test_a_no_names_the_first_part_that_is_false_and_the_value_it_saw(when, payload, words):
    assert blame(when, payload, lets=LETS, model="gpt-5") == words


def test_the_constant_conditions_say_so():
    draft = draft_of({})

    assert (ALWAYS.holds({}, draft), ALWAYS.blame({}, draft)) == (True, None)
    assert (NEVER.holds({}, draft), NEVER.blame({}, draft)) == (False, "a faulty condition")


# Faults


@pytest.mark.parametrize(
    ("when", "lets", "diagnostic"),
    [
        (
            {"a..b": 1},
            {},
            (
                "Q110",
                ("when", "a..b"),
                "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]",
                "",
                True,
            ),
        ),
        (
            {"not": {"any_of": [{"a": 1}, {".b": 1}]}},
            {},
            (
                "Q110",
                ("when", "not", "any_of", 1, ".b"),
                "'.b' starts with a dot: write 'b', or '.' for the element itself",
                "",
                True,
            ),
        ),
        (
            {"a": {"some": {"b": {"among": "c["}}}},
            {},
            (
                "Q110",
                ("when", "a", "some", "b", "among"),
                "'c[' is not a field path at '[': write keys with dots, items as [0], [-1] or [*]",
                "",
                False,
            ),
        ),
        (
            {"a": {"repeats": "c["}},
            {},
            (
                "Q110",
                ("when", "a", "repeats"),
                "'c[' is not a field path at '[': write keys with dots, items as [0], [-1] or [*]",
                "",
                False,
            ),
        ),
        (
            {"a": {"repeats": "$.id"}},
            {},
            (
                "Q110",
                ("when", "a", "repeats"),
                "'$.id' starts elsewhere: the path of 'repeats' starts at the items",
                "",
                False,
            ),
        ),
        (
            {"$off": True},
            {},
            ("Q111", ("when", "$off"), "unknown name '$off'", "this file defines none under 'let'", True),
        ),
        (
            {"all_of": [{"$off": True}]},
            {"on": {}, "by": {}},
            ("Q111", ("when", "all_of", 0, "$off"), "unknown name '$off'", "known: $by, $on", True),
        ),
        ({"$a.b": 1}, {"a": {}}, ("Q111", ("when", "$a.b"), "unknown name '$a.b'", "known: $a", True)),
        (
            {"$1": True},
            {},
            (
                "Q110",
                ("when", "$1"),
                "'$1' starts at no known place: write '$.key' (the root), '$request.key' or '[\"$key\"]'",
                "",
                True,
            ),
        ),
        (
            {"$status.code": 1},
            {},
            ("Q110", ("when", "$status.code"), "'$status.code' looks into a number: write '$status'", "", True),
        ),
    ],
)
def test_a_diagnostic_is_told_where_it_stands(when, lets, diagnostic):
    assert condition_diagnostics(when, lets) == [diagnostic]


def test_all_diagnostics_are_told_and_none_of_a_name_at_its_use():
    lets = {"bad": {"a..b": 1}}
    when = {"$bad": True, "x": {"outside": [1, 0]}, "$nope": True}

    assert [(code, keys) for code, keys, *_ in condition_diagnostics(when, lets)] == [
        ("Q109", ("when", "x", "outside")),
        ("Q111", ("when", "$nope")),
    ]


# Laws


@modest
@given(conditions(), payloads(), any_values)
def test_no_condition_fails_and_none_changes_what_it_looks_at(when, payload, request_body):
    before = exact(payload)

    holds(when, payload, lets=LETS, model="kimi-k2.6", request=request_body, status=400)
    assert exact(payload) == before


@tried(12)
@given(conditions())
def test_no_condition_fails_on_a_payload_that_nests_deep(when):
    payload = {key: nested(3000, leaf={"a": 1}) for key in ("messages", "tools", "a", "b", "stop")}

    holds(when, payload, lets=LETS, request=nested(3000))


@modest
@given(conditions(), payloads())
def test_not_is_the_opposite(when, payload):
    assert holds({"not": when}, payload, lets=LETS) is not holds(when, payload, lets=LETS)


@modest
@given(st.lists(conditions(), min_size=1, max_size=3), payloads())
def test_all_of_and_any_of_are_all_and_any(parts, payload):
    answers = [holds(part, payload, lets=LETS) for part in parts]

    assert holds({"all_of": parts}, payload, lets=LETS) is all(answers)
    assert holds({"any_of": parts}, payload, lets=LETS) is any(answers)
