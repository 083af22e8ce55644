"""Rules become functions, and a look at a payload finds those of a plan that may concern it."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule
from tests.running import plan, rule

from quirkbook.payload.draft import Draft
from quirkbook.plan.interpret import Run, run
from quirkbook.plan.look import Schemas

SET_Z = {"set": {"z": 1}}


def names(rules):
    return [one.name for one in rules]


def tried(made, payload):
    return [made.rules[number].name for number in made.look.rules(payload, Schemas(payload))]


def test_a_compiled_rule_knows_its_name_place_condition_and_actions():
    made = rule({"a": 1}, [{"drop": ["a"]}, {"set": {"b.c": 2}}], place=3)
    draft = Draft({"a": 1})

    assert (made.name, made.place, len(made.runs), made.renames_model) == ("test/r3", (3, 0), 2, False)
    assert made.holds(draft.root, draft)
    assert made.blame({"a": 2}, draft) == "a: 2 is not 1"


def test_a_rule_without_a_condition_always_holds():
    made = rule(None, [SET_Z])

    assert made.holds({}, Draft({}))
    assert made.gate is None


def test_a_diagnostic_in_a_rule_that_was_to_be_loaded_is_a_programming_error():
    with pytest.raises(ValueError) as caught:
        rule({"$nobody": True}, [SET_Z])

    assert str(caught.value) == "Q111 at ('when', '$nobody'): unknown name '$nobody' this file defines none under 'let'"


@pytest.mark.parametrize(
    ("when", "pointer"),
    [
        ({"seed": {"exists": True}}, "/seed"),
        ({"$heat": True, "not": {"a": 1}, "any_of": [{"n": 2}], "messages[1].role": "user"}, "/messages/1/role"),
        ({"$.n": 2}, None),
        ({"$heat": True}, None),
        (None, None),
        ({"nobody": {"exists": False}}, None),
    ],
)
def test_a_refusal_points_at_what_the_condition_speaks_of_first(when, pointer):
    payload = {"seed": 7, "n": 2, "messages": [{"role": "system"}, {"role": "user"}]}
    done = Run(plan(rule(when, [{"reject": "no"}], lets={"heat": {"n": 2}})), payload)

    run(done)

    keys = done.refused[0][2]
    assert (None if keys is None else "/" + "/".join(map(str, keys))) == pointer


@pytest.mark.parametrize(
    ("do", "renames"),
    [
        ({"set": {"model": "b"}}, True),
        ({"default": {"model": "b"}}, True),
        ({"map": {"model": {"a": "b"}}}, True),
        ({"rename": {"name": "model"}}, True),
        ({"map": {"*": {"a": "b"}}}, True),
        ({"map": {"**.a": {"a": "b"}}}, True),
        ({"set": {"models": "b"}}, False),
        ({"warn": "model"}, False),
    ],
)
def test_a_rule_that_may_write_the_model_says_so(do, renames):
    assert rule(None, [do]).renames_model is renames


# The look


def test_rules_whose_gates_are_shut_are_not_tried():
    made = plan(
        rule({"a": {"exists": True}}, [SET_Z], 0),
        rule({"messages[*].role": "developer"}, [SET_Z], 1),
        rule({"messages[*].content[*].type": "image_url"}, [SET_Z], 2),
        rule(None, [{"drop": ["seed"]}], 3),
        rule({"not": {"a": 1}}, [SET_Z], 4),
    )

    assert tried(made, {"n": 1}) == ["test/r4"]
    assert tried(made, {"a": 1}) == ["test/r0", "test/r4"]
    assert tried(made, {"messages": [{"role": "user"}]}) == ["test/r4"]
    assert tried(made, {"messages": [{"role": "developer"}]}) == ["test/r1", "test/r4"]
    assert tried(made, {"messages": [{"role": "user"}], "seed": 1}) == ["test/r3", "test/r4"]
    assert tried(made, {"messages": [{"content": [{"type": "image_url"}]}]}) == ["test/r2", "test/r4"]


@pytest.mark.parametrize(
    ("when", "payload", "expected"),
    [
        # A text beside the role that it needs.
        (
            {"messages": {"some": {"role": "system", "content": ""}}},
            {"messages": [{"role": "user", "content": ""}]},
            False,
        ),
        (
            {"messages": {"some": {"role": "system", "content": ""}}},
            {"messages": [{"role": "system", "content": ""}]},
            True,
        ),
        (
            {"messages": {"some": {"role": "system", "name": None}}},
            {"messages": [{"role": "system", "name": None}]},
            True,
        ),
        (
            {"messages": {"some": {"role": "system", "name": None}}},
            {"messages": [{"role": ["x"], "name": None}]},
            False,
        ),
        # What an item lacks, and lists without items.
        ({"messages": {"some": {"not": {"content": {"is": "array"}}}}}, {"messages": [{"content": []}]}, False),
        ({"messages": {"some": {"not": {"content": {"is": "array"}}}}}, {"messages": [{}]}, True),
        ({"messages": {"some": {"not": {"content": {"is": "array"}}}}}, {"messages": [5]}, True),
        (
            {"messages": {"some": {"not": {"content": {"len": {"gt": 0}}}}}},
            {"messages": [{"content": [1]}]},
            False,
        ),
        ({"messages": {"some": {"not": {"content": {"len": {"gt": 0}}}}}}, {"messages": [{"content": []}]}, True),
        # Keys at any depth below a place.
        (
            {"tools[*].function.parameters.**.oneOf": {"exists": True}},
            {"tools": [{"function": {"parameters": {}}}]},
            False,
        ),
        (
            {"tools[*].function.parameters.**.oneOf": {"exists": True}},
            {"tools": [{"function": {"parameters": {"items": {"oneOf": []}}}}]},
            True,
        ),
        # Items that are not objects, and arrays that are not there.
        ({"messages[*].role": "developer"}, {"messages": "developer"}, False),
        ({"messages[*].role": "developer"}, {"messages": {"role": "developer"}}, False),
        ({"messages[*].role": "developer"}, {"messages": [1, None, ["role"], {"role": {}}]}, False),
        # Texts that are too long to be looked for: something stands there.
        ({"messages[*].role": "x" * 33}, {"messages": [{"role": "user"}]}, True),
        ({"$.**.a": 1}, {}, True),
        ({"*.a": 1}, {}, True),
    ],
)
def test_a_gate_is_open_where_its_rule_may_fire(when, payload, expected):
    assert tried(plan(rule(when, [SET_Z], 0)), payload) == (["test/r0"] if expected else [])


@pytest.mark.parametrize(
    ("do", "when", "woken"),
    [
        ({"set": {"b": 1}}, {"b": 1}, True),
        ({"set": {"b": "x"}}, {"b": "y"}, False),
        ({"set": {"b.c": 1}}, {"b": {"is": "object"}}, True),
        ({"set": {"b": {"c": "x"}}}, {"b.c": "x"}, True),
        ({"set": {"b": {"c": "x"}}}, {"b.c": "y"}, False),
        ({"set": {"b": ["x"]}}, {"b[*]": "x"}, True),
        ({"set": {"b": "x"}}, {"b[*]": "x"}, False),
        ({"set": {"**.x": 1}}, {"b": 1}, True),
        ({"drop": ["b"]}, {"b": 1}, False),
        (
            {"append_message": {"role": "user", "content": "x"}},
            {"messages": {"some": {"role": "user", "content": "x"}}},
            True,
        ),
        ({"append_message": {"role": "user", "content": "x"}}, {"messages[*].role": "system"}, False),
        ({"append_message": {"role": "user", "content": "x"}}, {"messages[*].name": {"exists": True}}, False),
        ({"append_message": {"role": "user"}}, {"messages": {"some": {"not": {"content": {"exists": True}}}}}, True),
        (
            {"append_message": {"role": "user", "content": []}},
            {"messages": {"some": {"not": {"content": {"len": {"gt": 0}}}}}},
            True,
        ),
        ({"set": {"tools": [{"p": {"oneOf": []}}]}}, {"tools[*].p.**.oneOf": {"exists": True}}, True),
        ({"warn": "hear"}, {"b": 1}, False),
    ],
)
def test_a_rule_that_fires_wakes_the_later_ones_whose_gates_it_may_open(do, when, woken):
    made = plan(rule({"a": 1}, [do], 0), rule(when, [SET_Z], 1), rule({"never": 1}, [SET_Z], 2))

    assert (1 in made.woken_by(0)) is woken
    assert made.woken_by(1) == ()
    assert made.woken_by(0) is made.woken_by(0)


def test_rules_that_wake_one_another_run_in_order():
    made = plan(
        rule({"a": 1}, [{"set": {"b": 1}}], 0),
        rule({"b": 1}, [{"set": {"c": 1}}], 1),
        rule({"c": 1}, [{"set": {"d": 1}}], 2),
        rule({"b": 1, "n": 1}, [{"set": {"e": 1}}], 3),
    )
    done = Run(made, {"a": 1, "n": 1})

    run(done)

    assert tried(made, {"a": 1}) == ["test/r0"]
    assert [fired.name for fired, _, _ in done.fired] == ["test/r0", "test/r1", "test/r2", "test/r3"]


# In force


def test_a_plan_gives_the_plan_of_another_model():
    book = a_book(a_rule("all", SET_Z), a_rule("new", SET_Z, models=["new*"]))

    made = book.plan("acme", "old")

    assert (names(made.rules), made.model) == (["acme/all"], "old")
    assert names(made.replan("new-1").rules) == ["acme/all", "acme/new"]
    assert made.replan("new-1") is made.replan("new-1")


@pytest.mark.parametrize(
    ("when", "do", "expected"),
    [
        ({"a": 1}, SET_Z, {"a", "z"}),
        ({"not": {"a.b": {"exists": True}}}, {"drop": ["c[*].d"]}, {"a", "c"}),
        ({"$heat": True}, {"clamp": {"n": [1, 5]}}, {"heat", "n"}),
        ({"m": {"some": {"role": "x", "$.k": 1}}}, {"rename": {"old": "new"}}, {"m", "k", "old", "new"}),
        ({"a": {"among": "$.b[*]"}, "$model": "x"}, {"warn": "hear"}, {"a", "b"}),
        (None, {"each": {"in": "t[*]", "when": {"x": {"among": "$.c"}}, "do": [{"set": {"$.d": 1}}]}}, {"t", "c", "d"}),
        (None, {"append_message": {"role": "user"}}, {"messages"}),
        (None, {"set_header": {"X-A": "1"}}, set()),
        ({"**.a": 1}, SET_Z, None),
        ({"$": {"len": 1}}, SET_Z, None),
        ({"a": 1}, {"drop": ["*.b"]}, None),
        (None, {"each": {"in": "*", "do": [{"drop": ["x"]}]}}, None),
    ],
)
def test_a_plan_tells_which_keys_its_rules_look_at_or_change(when, do, expected):
    made = plan(rule(when, [do], 0, {"heat": {"heat": {"gt": 1}}}))

    assert made.looked_at() == expected


def test_a_plan_without_rules_looks_at_nothing():
    assert plan().looked_at() == frozenset()


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"a": 1}, set()),
        ({"$request.a.b": 1, "c": {"among": "$request.d"}}, {"a", "d"}),
        ({"$request.*": 1}, None),
    ],
)
def test_a_plan_tells_which_keys_of_the_request_its_rules_look_at(when, expected):
    assert plan(rule(when, [SET_Z])).asked_of_request() == expected
