"""What parameters that come again settle beforehand: steps that need no condition, or no action either."""

from __future__ import annotations

import pytest
from tests.running import edit, exact, plan, rule

from quirkbook.payload.draft import Draft
from quirkbook.plan import foresight
from quirkbook.plan.idle import LONGEST_REMEMBERED
from quirkbook.plan.interpret import Run, run

SET_Z = {"set": {"z": 1}}
HELLO = [{"role": "user", "content": "Hello"}]


def foretold(made, payload):
    """Return of each step (place, what it awaits, what is known of it) once the payload came a second time.

    Known is nothing (None), that its condition holds (True), or its edits.
    """
    for _ in range(2):
        made.steps(payload)
    return [(one[0].place, one[1], settled(one, payload)) for one in made.steps(payload)[0]]


def settled(step, payload):
    one, _, holds, runs = step
    if not holds or set(runs) & set(one.runs):
        return holds or None
    draft = Draft(payload)
    for replay in runs:
        replay(draft, ())
    return tuple(draft.edits)


def outcome(made, payload, quiet=None):
    done = Run(made, payload)
    run(done, quiet)
    return exact(done.root), done.edits, [(one.name, first, end) for one, first, end in done.fired], done.refusal


def assert_same_as_trying_every_rule(made, payload):
    assert outcome(made, payload) == outcome(made, payload, [])


def test_a_rule_on_parameters_alone_is_reduced_to_its_edits():
    made = plan(rule({"n": {"gt": 5}}, [{"clamp": {"n": [1, 5]}}], 0))

    assert foretold(made, {"n": 9, "messages": HELLO}) == [(0, None, (edit("clamp", "lossy", ("n",), 9, 5),))]
    assert_same_as_trying_every_rule(made, {"n": 9, "messages": HELLO})


def test_a_rule_whose_condition_is_known_to_be_false_is_left_out():
    made = plan(rule({"n": {"gt": 5}}, [SET_Z], 0), rule({"n": 2}, [{"clamp": {"n": [1, 5]}}], 1))

    assert foretold(made, {"n": 2}) == []
    assert foretold(made, {"n": 3}) == []


@pytest.mark.parametrize(
    ("do", "edits"),
    [
        ({"set": {"n": None}}, [("set", "lossy", ("n",), 2, None)]),
        ({"rename": {"n": "m"}}, [("rename", "exact", ("m",), edit("", "", None)[3], 2, ("n",))]),
        ({"drop": ["n"]}, [("drop", "lossy", ("n",), 2)]),
        ({"warn": "two"}, [("warn", "none", ("n",), 2, 2, None, "two")]),
    ],
)
def test_edits_of_plain_values_are_told_beforehand_and_replayed(do, edits):
    made = plan(rule({"n": 2}, [do], 0))

    assert foretold(made, {"n": 2}) == [(0, None, tuple(edit(*one) for one in edits))]
    assert_same_as_trying_every_rule(made, {"n": 2})


@pytest.mark.parametrize(
    "do",
    [
        {"set": {"stop": []}},  # a container would be one for all payloads
        {"set": {"a.b": 1}},
        {"append_message": HELLO[0]},  # the messages are unknown
        {"reject": "no"},
        {"set_header": {"X-A": "1"}},
    ],
)
def test_where_more_than_plain_edits_come_of_it_only_the_condition_is_known(do):
    made = plan(rule({"n": 2}, [do], 0))
    payload = {"n": 2, "messages": HELLO, "model": "one"}

    assert foretold(made, payload) == [(0, None, True)]
    assert_same_as_trying_every_rule(made, payload)


def test_an_action_of_many_edits_is_told_beforehand_too():
    do = {"rename": {"n": "m", "k": "l"}}
    made = plan(rule({"n": 2, "k": 3}, [do, {"drop": ["l", "m"]}, {"set": {"a": 1, "b": 2}}], 0))
    payload = {"n": 2, "k": 3}

    assert len(foretold(made, payload)[0][2]) == 6
    assert_same_as_trying_every_rule(made, payload)


def test_of_a_rule_each_action_is_settled_by_itself():
    made = plan(
        rule({"n": 2}, [{"append_message": HELLO[0]}, {"drop": ["n"]}, {"drop": ["m"]}], 0), rule({"n": 2}, [SET_Z], 1)
    )
    payload = {"n": 2, "messages": HELLO}

    assert foretold(made, payload) == [(0, None, True)]
    ((one, _, _, runs),) = made.steps(payload)[0]
    assert [run in one.runs for run in runs] == [True, False]
    assert_same_as_trying_every_rule(made, payload)


def test_a_rule_that_writes_another_model_is_followed_by_that_models_rules():
    made = plan(rule({"model": "one"}, [{"set": {"model": "other"}}], 0), rule({"n": 2}, [SET_Z], 1))
    payload = {"n": 2, "model": "one"}

    assert [known for _, _, known in foretold(made, payload)] == [
        (edit("set", "lossy", ("model",), "one", "other"),),
        None,
    ]
    assert_same_as_trying_every_rule(made, payload)


def test_later_rules_see_what_was_foretold():
    made = plan(
        rule({"n": {"gt": 5}}, [{"clamp": {"n": [1, 5]}}], 0),
        rule({"n": 5}, [SET_Z], 1),
        rule({"z": 1}, [{"drop": ["n"]}], 2),
        rule({"n": 5}, [{"set": {"never": 1}}], 3),
    )

    assert [place for place, _, _ in foretold(made, {"n": 9})] == [0, 1, 2]
    assert_same_as_trying_every_rule(made, {"n": 9})


def test_what_an_open_rule_may_change_is_unknown_to_those_after_it():
    made = plan(
        rule({"messages[*].role": "user"}, [{"set": {"n": 2}}], 0),
        rule({"n": 2}, [SET_Z], 1),
        rule({"k": 1}, [{"set": {"k": 2}}], 2),
    )
    payload = {"n": 1, "k": 1, "messages": HELLO}

    assert [known and len(known) for _, _, known in foretold(made, payload)] == [None, None, 1]
    assert_same_as_trying_every_rule(made, payload)


@pytest.mark.parametrize("open_rule", [{"set": {"**.n": 2}}, {"set": {"model": "other"}}])
def test_after_a_rule_that_may_change_anything_nothing_is_known(open_rule):
    made = plan(rule({"messages[*].role": "user"}, [open_rule], 0), rule({"n": 2}, [SET_Z], 1))
    payload = {"n": 2, "messages": HELLO}

    assert [known for _, _, known in foretold(made, payload)] == [None, None]
    assert_same_as_trying_every_rule(made, payload)


def test_a_rule_that_waits_for_rules_known_to_stay_quiet_is_left_out():
    made = plan(rule({"n": 2}, [SET_Z], 0), rule({"z": 1}, [{"drop": ["n"]}], 1))

    assert foretold(made, {"n": 3}) == []
    assert [place for place, _, _ in foretold(made, {"n": 2})] == [0, 1]


def test_texts_of_which_only_the_type_matters_are_not_told_apart():
    made = plan(rule({"user": {"is": "string"}}, [{"rename": {"user": "id"}}], 0), rule({"n": 2}, [SET_Z], 1))
    foretold(made, {"user": "ann", "n": 2})

    steps, _ = made.steps({"user": "bob", "n": 2})

    assert [settled(step, {}) for step in steps] == [None, (edit("set", "exact", ("z",), after=1),)]
    assert_same_as_trying_every_rule(made, {"user": "bob", "n": 2})


def test_what_comes_once_is_not_learned():
    made = plan(rule({"n": 2}, [SET_Z], 0))

    assert [settled(step, {}) for step in made.steps({"n": 2})[0]] == [None]
    assert [settled(step, {}) for step in made.steps({"n": 2.0})[0]] == [None]


@pytest.mark.parametrize(
    "payload",
    [
        {"n": 2, "stop": object()},
        {"n": "x" * LONGEST_REMEMBERED},
        {"n": 2, "messages": [{f"k{at}": 1} for at in range(99)]},
        {"n": 2, "messages": [["role"]]},
        {"n": 2, "messages": [{"role": False}]},
        {"n": 2, "messages": {}},
        {"n": 2, **{f"k{at}": 1 for at in range(99)}},
    ],
)
def test_odd_long_and_motley_payloads_are_not_remembered(payload):
    made = plan(
        rule({"n": {"exists": True}, "stop": {"ne": 1}}, [SET_Z], 0),
        rule({"n": {"ne": 7}}, [SET_Z], 1),
        rule({"messages[*].role": "user"}, [SET_Z], 2),
    )

    assert [known for _, _, known in foretold(made, payload)] == [None] * len(foretold(made, payload))
    assert_same_as_trying_every_rule(made, payload)


def test_rules_on_answers_are_not_foretold(tmp_path):
    from quirkbook import Rulebook

    (tmp_path / "acme.yaml").write_text(
        "quirks: 1\nprovider: acme\nrules:\n"
        "  - {id: r, why: w, source: s, verified: {date: 2026-11-23, by: docs}, stage: response,\n"
        "     when: {a: 1, $request.n: 2}, do: [{set: {z: 1}}], examples: [{in: {a: 1}, same: true}]}\n"
    )
    made = Rulebook.load(tmp_path, builtin=False).plan("acme", None, stage="response")

    assert foretold(made, {"a": 1}) == [(0, None, None)]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(foresight, "REMEMBERED", 2)
    monkeypatch.setattr(foresight, "KNOWN_AGAIN", 3)
    made = plan(rule({"n": {"gt": 1}}, [SET_Z], 0))
    memory = made.steps.__self__

    for number in range(2, 9):
        assert [place for place, _, _ in foretold(made, {"n": number})] == [0]
        assert [place for place, _, _ in foretold(made, {"n": 2, f"k{number}": 1})] == [0]

    assert sum(len(one.steps) for one in memory._layouts.values()) <= 2
    assert len(memory._layouts) <= 3
    assert len(memory._met_once) <= 3
