"""Rules become closures, and a plan knows which of them a payload can concern."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule
from tests.running import plan, rule

from quirkbook.model import Location, Rule
from quirkbook.payload.draft import Draft
from quirkbook.plan import compile, kinds
from quirkbook.plan.compile import applies
from quirkbook.plan.interpret import Run, run

SET_Z = {"set": {"z": 1}}


def names(rules):
    return [one.name for one in rules]


def tried(made, payload):
    return names(made.candidates(payload))


def test_a_compiled_rule_knows_its_name_place_condition_and_actions():
    made = rule({"a": 1}, [{"drop": ["a"]}, {"set": {"b.c": 2}}], place=3)
    draft = Draft({"a": 1})

    assert (made.name, made.place, len(made.runs), made.renames_model) == ("test/r3", 3, 2, False)
    assert made.holds(draft.root, draft)
    assert made.blame({"a": 2}, draft) == "a: 2 is not 1"


def test_a_rule_without_a_condition_always_holds():
    made = rule(None, [SET_Z])

    assert made.holds({}, Draft({}))
    assert made.needs == ()


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

    assert done.refusal is not None
    keys = done.refusal[1][2]
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


# Candidates


def test_rules_whose_needs_a_payload_cannot_meet_are_not_tried():
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
    assert tried(made, {"messages": [{"role": "user", "content": [{}]}]}) == ["test/r2", "test/r4"]


def test_a_rule_that_needs_what_an_earlier_one_writes_is_tried_once_that_one_has_fired():
    made = plan(
        rule({"a": 1}, [{"set": {"b": 1}}], 0),
        rule({"b": 1}, [{"set": {"c": 1}}], 1),
        rule({"c": 1}, [{"set": {"d": 1}}], 2),
        rule({"e": 1}, [{"set": {"f": 1}}], 3),
    )

    assert [(one.name, awaited) for one, awaited in made.sift({"a": 1})[0]] == [
        ("test/r0", None),
        ("test/r1", {0}),
        ("test/r2", {1}),
    ]
    assert tried(made, {"c": 0}) == ["test/r2"]


def test_a_rule_that_may_write_anything_is_waited_for_by_all():
    made = plan(rule({"a": 1}, [{"set": {"**.x": 1}}], 0), rule({"b": 1}, [SET_Z], 1))

    assert made.sift({"a": 1})[0] == (
        (made.rules[0], None),
        (made.rules[1], frozenset({0})),
    )


def test_a_rule_that_is_idle_in_the_tools_waits_for_one_that_writes_there():
    made = plan(
        rule({"a": {"exists": True}}, [{"set": {"tools[*].type": "other"}}], 0),
        rule({"tools[*].type": "other"}, [SET_Z], 1),
        rule({"tools": {"len": 9}}, [SET_Z], 2),
    )

    assert tried(made, {"tools": [{"type": "function"}]}) == []
    assert [(one.place, awaited) for one, awaited in made.sift({"tools": [{"type": "function"}], "a": 1})[0]] == [
        (0, None),
        (1, {0}),
        (2, {0}),
    ]
    assert tried(made, {"tools": [{"type": "other"}]}) == ["test/r1"]


def test_a_rule_that_only_speaks_is_waited_for_by_nobody():
    made = plan(rule(None, [{"warn": "hear"}], 0), rule({"b": 1}, [SET_Z], 1))

    assert tried(made, {}) == ["test/r0"]


@pytest.mark.parametrize(
    "messages",
    [[1], [None], [{"role": ["user"]}], [{"role": "u" * 99}], [{"role": {}}], [["role"]], ["text", {"role": "user"}]],
)
def test_every_rule_is_tried_where_messages_are_odd(messages):
    made = plan(rule({"messages[*].role": "developer"}, [SET_Z], 0), rule({"n": 1}, [SET_Z], 1))

    assert tried(made, {"messages": messages}) == ["test/r0", "test/r1"]


def test_messages_that_are_no_list_have_no_items():
    made = plan(rule({"messages[*].role": "developer"}, [SET_Z], 0))

    assert tried(made, {"messages": "developer"}) == []
    assert tried(made, {"messages": {"role": "developer"}}) == []


def test_a_shape_is_sifted_once():
    made = plan(rule({"messages[*].role": "developer"}, [SET_Z], 0))
    first = made.sift({"messages": [{"role": "developer"}]})[0]

    assert made.sift({"messages": [{"role": "developer"}] * 2})[0] is first
    assert made.sift({"messages": [{"role": "user"}]})[0] == ()


def test_what_is_remembered_of_shapes_is_bounded(monkeypatch):
    monkeypatch.setattr(compile, "SHAPES_REMEMBERED", 2)
    made = plan(rule(None, [SET_Z], 0))
    first = made.sift({"a": 1})[0]
    made.sift({"b": 1})
    assert made.sift({"a": 2})[0] is first

    made.sift({"c": 1})

    assert made.sift({"a": 1})[0] is not first


def test_a_shape_of_many_keys_or_many_kinds_of_messages_is_not_remembered():
    made = plan(rule({"messages[*].role": "developer"}, [SET_Z], 0), rule(None, [SET_Z], 1))
    wide = {f"k{at}": at for at in range(compile.KEYS_REMEMBERED)}
    motley = {"messages": [{f"k{at}": at} for at in range(kinds.KINDS_REMEMBERED + 1)]}

    for payload in (wide, motley):
        assert made.sift(payload)[0] is not made.sift(payload)[0]
        assert tried(made, payload) == ["test/r1"]


# Which rules are in force


@pytest.mark.parametrize(
    ("more", "model", "stage", "expected"),
    [
        ({}, None, "request", True),
        ({}, "any", "request", True),
        ({}, "any", "chunk", False),
        ({"stage": "chunk"}, "any", "chunk", True),
        ({"status": "disputed"}, "any", "request", True),
        ({"status": "retired"}, "any", "request", False),
        ({"models": ("kimi-*", "!kimi-k2*")}, "Kimi-K3", "request", True),
        ({"models": ("kimi-*", "!kimi-k2*")}, "kimi-k2.6", "request", False),
        ({"models": ("kimi-*",)}, None, "request", False),
        ({"models": ("*",)}, None, "request", True),
    ],
)
def test_a_rule_is_in_force_for_its_models_at_its_stage(more, model, stage, expected):
    assert applies(Rule("r", "test", "", "", {}, [], Location("", 1, 1), **more), model, stage) is expected


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
