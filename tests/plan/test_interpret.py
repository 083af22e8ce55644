"""One pass over the rules, in order; the engine's own two steps before them; changes spelt out after."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule
from tests.running import edit, exact, plan, rule

from quirkbook.model import MISSING, Change, Effect, Quiet
from quirkbook.plan.interpret import Run, changes, effect_of, prepare, refusals, run, still


def ran(payload, *rules, quiet=None):
    done = Run(plan(*rules), payload)
    run(done, quiet)
    return done


def fired(done):
    return [one.name for one, _, _ in done.fired]


def test_rules_run_once_in_order_and_see_what_earlier_ones_changed():
    done = ran(
        {"n": 1},
        rule({"n": 2}, [{"set": {"first": True}}], 0),
        rule({"n": 1}, [{"set": {"n": 2}}], 1),
        rule({"n": 2}, [{"set": {"last": True}}], 2),
    )

    assert done.root == {"n": 2, "last": True}
    assert fired(done) == ["test/r1", "test/r2"]


def test_a_condition_is_asked_once_before_the_actions():
    done = ran({"n": 1}, rule({"n": 1}, [{"set": {"n": 2}}, {"set": {"m": 3}}]))

    assert done.root == {"n": 2, "m": 3}


def test_a_rule_whose_actions_changed_nothing_did_not_fire():
    quiet = []
    done = ran({"n": 1}, rule({"n": 1}, [{"set": {"n": 1}}]), quiet=quiet)

    assert fired(done) == []
    assert [still(*one) for one in quiet] == [Quiet("test/r0", "test.yaml:1", "its actions find nothing to change")]


def test_with_a_list_for_the_quiet_every_rule_is_tried_and_says_why_not():
    quiet = []
    done = ran(
        {"n": 1},
        rule({"a": 1}, [{"set": {"z": 1}}], 0),
        rule({"n": 1}, [{"set": {"z": 1}}], 1),
        rule(None, [{"drop": ["seed"]}], 2),
        quiet=quiet,
    )

    assert fired(done) == ["test/r1"]
    assert [still(*one) for one in quiet] == [
        Quiet("test/r0", "test.yaml:1", "a is absent"),
        Quiet("test/r2", "test.yaml:3", "its actions find nothing to change"),
    ]


def test_a_rule_that_waits_for_another_is_tried_only_if_that_one_fired():
    rules = [
        rule({"a": 1}, [{"set": {"b": 1}}], 0),
        rule({"b": {"exists": True}}, [{"set": {"c": 1}}], 1),
    ]

    assert fired(ran({"a": 1}, *rules)) == ["test/r0", "test/r1"]
    assert fired(ran({"a": 2}, *rules)) == []


def test_the_rules_after_a_refusal_run_so_that_all_refusals_are_told():
    done = ran(
        {"n": 1, "l": [1, 2]},
        rule(None, [{"set": {"a": 1}}], 0),
        rule({"n": 1}, [{"reject": "no"}, {"set": {"b": 1}}], 1),
        rule({"b": 1}, [{"each": {"in": "l[*]", "do": [{"reject": "never"}]}}], 2),
    )
    found = refusals(done)

    assert found[0] == Change(
        "test/r1", "reject", Effect.REFUSE, "why", "source", "test.yaml:2", ("n",), 1, 1, None, "no"
    )
    assert found[0].refusal() == "payload/n: no (rule test/r1)\n  why: why\n  source: source"
    assert [(one.rule, one.pointer) for one in found] == [("test/r1", "/n"), ("test/r2", "/l/0"), ("test/r2", "/l/1")]


def test_a_rule_that_refuses_did_not_stay_quiet():
    quiet = []
    done = ran({"n": 1}, rule({"n": 1}, [{"reject": "no"}], 0), rule({"n": 2}, [{"reject": "no"}], 1), quiet=quiet)

    assert ([one.rule for one in refusals(done)], [still(*one).rule for one in quiet]) == (["test/r0"], ["test/r1"])


def test_where_a_payload_is_refused_the_limit_of_what_rules_may_add_is_no_error():
    much = {"set": {"b": [0] * 200_000}}
    done = ran({"n": 1}, rule({"n": 1}, [{"reject": "no"}], 0), rule(None, [much], 1))

    assert [one.rule for one in refusals(done)] == ["test/r0"]


def test_a_refusal_that_may_only_speak_lets_the_rest_run():
    done = Run(plan(rule({"n": 1}, [{"reject": "no"}, {"set": {"b": 1}}])), {"n": 1})
    done.refuses = False

    run(done)

    assert done.root == {"n": 1, "b": 1}
    assert done.edits == [edit("reject", "refuse", ("n",), 1, 1, note="no"), edit("set", "exact", ("b",), after=1)]


# Another model


MODELS = a_book(
    a_rule("never-again", {"set": {"again": 1}}, models=["new"]),
    a_rule("renamed", [{"set": {"model": "new"}}, {"set": {"seen": 1}}], {"model": "old"}),
    a_rule("old-only", {"set": {"late": 1}}, models=["old"]),
    a_rule("new-only", {"drop": ["seed"]}, models=["new"]),
    a_rule("newer", {"set": {"model": "newest"}}, {"$model": "new", "newest": True}),
    a_rule("newest-only", {"set": {"done": 1}}, models=["newest"]),
)


@pytest.mark.parametrize(
    ("given", "sent", "rules"),
    [
        ({"seed": 1}, {"model": "new", "seen": 1}, ["renamed", "new-only"]),
        (
            {"seed": 1, "newest": True},
            {"newest": True, "model": "newest", "seen": 1, "done": 1},
            ["renamed", "new-only", "newer", "newest-only"],
        ),
    ],
)
@pytest.mark.parametrize("quiet", [None, []])
def test_the_rules_after_one_that_writes_the_model_match_the_new_one(given, sent, rules, quiet):
    done = Run(MODELS.plan("acme", "old"), {"model": "old", **given})

    run(done, quiet)

    assert done.root == sent
    assert fired(done) == [f"acme/{name}" for name in rules]
    assert (done.model, done.plan.model) == (sent["model"], sent["model"])


@pytest.mark.parametrize("written", [None, 7, "old", ["new"]])
def test_a_model_that_is_no_other_text_changes_no_plan(written):
    book = a_book(
        a_rule("writes", [{"set": {"model": written}}, {"set": {"a": 1}}]),
        a_rule("old-only", {"set": {"b": 1}}, models=["old"]),
    )
    done = Run(book.plan("acme", "old"), {"model": "old"})

    run(done)

    assert done.root == {"model": written, "a": 1, "b": 1}
    assert done.model == "old"


def test_a_model_that_a_rule_has_set_is_asked_for_other_features_of_schemas():
    repair = {"normalize_schema": {"at": "tools[*].function.parameters", "add_items": True}}
    looked = {"normalize_schema": {"at": "tools[*].function.parameters", "drop": ["title"]}}
    book = a_book(
        a_rule("old", [looked, {"set": {"model": "new"}}], models=["old"]), a_rule("new", [repair], models=["new"])
    )
    tools = [{"function": {"parameters": {"type": "array", "title": "t"}}}]
    done = Run(book.plan("acme", "old"), {"model": "old", "tools": tools})

    run(done)

    assert done.root["tools"] == [{"function": {"parameters": {"type": "array", "items": {}}}}]


def test_an_answer_that_names_another_model_is_no_new_model_until_a_rule_writes_it():
    book = a_book(
        a_rule("anywhere", {"unwrap": {"**.a": "x"}}, stage="response"),
        a_rule("old-only", {"set": {"b": 1}}, models=["old"], stage="response"),
    )
    done = Run(book.plan("acme", "old", stage="response"), {"model": "old-2026", "a": {"x": 1}})

    run(done)

    assert done.root == {"model": "old-2026", "a": 1, "b": 1}
    assert done.model == "old"


# What a rule before it has changed


@pytest.mark.parametrize(
    ("first", "when", "payload"),
    [
        # Keys at any depth, from the root and below what an action has just made.
        ({"append_message": {"role": "user", "deep": {"x": 1}}}, {"**.x": 1}, {"a": 1, "messages": []}),
        ({"set": {"a.b": {"x": 1}}}, {"a.**.x": 1}, {"a": {"x": 2}}),
        ({"rename": {"c": "a"}}, {"a.**.x": 1}, {"c": {"x": 1}}),
        # Values gathered at another path.
        ({"set": {"b": "t"}}, {"c": {"among": "b"}}, {"b": "u", "c": "t"}),
        ({"drop": ["m[0]"]}, {"c": {"not_among": "m[*].x"}}, {"m": [{"x": "t"}], "c": "t"}),
        # What is no longer there.
        ({"drop": ["m[*].x"]}, {"m": {"some": {"not": {"x": {"exists": True}}}}}, {"m": [{"x": "t"}]}),
        ({"truncate": {"m[*].x": 0}}, {"m": {"some": {"not": {"x": {"len": {"gt": 0}}}}}}, {"m": [{"x": [1]}]}),
    ],
)
def test_a_later_rule_sees_it(first, when, payload):
    seen = {"any_of": [{"nothing": 1}, when]}  # asked before and after, so that an old answer would show

    done = ran(
        payload, rule(seen, [{"set": {"early": 1}}], 0), rule(None, [first], 1), rule(seen, [{"set": {"late": 1}}], 2)
    )

    assert fired(done) == ["test/r1", "test/r2"]


# Before the first rule


def prepared(payload, prefix="acme/"):
    made = plan()
    made.prefix = prefix
    done = Run(made, payload)
    prepare(done)
    return done


def told(done):
    return [
        (one.rule, one.action, str(one.effect), one.pointer, one.before, one.after, one.note) for one in changes(done)
    ]


def test_the_prefix_comes_off_the_model_once():
    done = prepared({"model": "acme/acme/m"})

    assert done.root == {"model": "acme/m"}
    assert told(done) == [("quirkbook/model-prefix", "set", "exact", "/model", "acme/acme/m", "acme/m", "")]


@pytest.mark.parametrize("payload", [{}, {"model": "m"}, {"model": None}, {"extra_body": "text"}, {"extra_body": None}])
def test_where_there_is_no_prefix_and_no_extra_body_nothing_happens(payload):
    done = prepared(payload)

    assert done.root == payload
    assert changes(done) == ()


def test_an_extra_body_is_merged_and_wins():
    payload = {"n": 1, "seed": 7, "extra_body": {"n": 2, "seed": 7.0, "thinking": {"type": "disabled"}, "top_k": None}}

    done = prepared(payload)

    assert done.root == {"n": 2, "seed": 7, "thinking": {"type": "disabled"}, "top_k": None}
    assert told(done) == [
        ("quirkbook/extra-body", "merge", "exact", "/extra_body", payload["extra_body"], MISSING, ""),
        ("quirkbook/extra-body", "merge", "lossy", "/n", 1, 2, "extra_body stands in for it"),
        ("quirkbook/extra-body", "merge", "exact", "/thinking", MISSING, {"type": "disabled"}, ""),
        ("quirkbook/extra-body", "merge", "exact", "/top_k", MISSING, None, ""),
    ]
    assert done.root["thinking"] is payload["extra_body"]["thinking"]


def test_objects_in_an_extra_body_are_joined_with_those_that_are_there():
    payload = {
        "thinking": {"type": "enabled", "x": {"a": 1}},
        "extra_body": {"thinking": {"keep": "all", "x": {"a": 2}}},
    }

    assert prepared(payload).root == {"thinking": {"type": "enabled", "keep": "all", "x": {"a": 2}}}
    assert payload["thinking"] == {"type": "enabled", "x": {"a": 1}}


def test_a_model_that_is_there_wins_over_that_of_an_extra_body():
    done = prepared({"model": "a", "extra_body": {"model": "b"}})

    assert done.root == {"model": "a"}
    assert told(done)[-1][-1] == "extra_body.model is lost: model is there already"
    assert prepared({"model": "a", "extra_body": {"model": "a"}}).root == {"model": "a"}


def test_an_extra_body_within_an_extra_body_is_merged_too():
    done = prepared({"extra_body": {"a": 1, "extra_body": {"a": 2, "b": 2}}})

    assert done.root == {"a": 2, "b": 2}
    assert [(rule, action, pointer) for rule, action, _, pointer, *_ in told(done)] == [
        ("quirkbook/extra-body", "merge", "/extra_body"),
        ("quirkbook/extra-body", "merge", "/a"),
        ("quirkbook/extra-body", "merge", "/extra_body"),
        ("quirkbook/extra-body", "merge", "/extra_body"),
        ("quirkbook/extra-body", "merge", "/a"),
        ("quirkbook/extra-body", "merge", "/b"),
    ]


def test_rules_match_a_model_that_stood_in_the_extra_body():
    done = Run(MODELS.plan("acme", None), {"extra_body": {"model": "newest"}})

    prepare(done)
    run(done)

    assert done.root == {"model": "newest", "done": 1}


def test_a_prefix_comes_off_a_model_that_stood_in_the_extra_body():
    done = Run(MODELS.plan("acme", None), {"extra_body": {"model": "acme/new"}, "seed": 1})

    prepare(done)
    run(done)

    assert done.root == {"model": "new", "again": 1}
    assert fired(done) == ["quirkbook/extra-body", "quirkbook/model-prefix", "acme/never-again", "acme/new-only"]


def test_a_model_named_beside_the_payload_stands_in_for_its_own():
    payload = {"model": "acme/a", "n": 1}
    done = Run(MODELS.plan("acme", "acme/b"), payload)

    prepare(done, "acme/b")

    assert done.root == {"model": "b", "n": 1}
    assert told(done) == [("quirkbook/model-argument", "set", "exact", "/model", "acme/a", "b", "")]


def test_a_model_named_beside_the_payload_that_is_the_same_is_no_change():
    done = Run(MODELS.plan("acme", "b"), {"model": "b"})

    prepare(done, "b")

    assert changes(done) == ()


def test_the_engines_own_steps_are_reported_like_rules():
    (one,) = changes(prepared({"model": "acme/m"}))

    assert exact((one.why, one.source, one.location)) == exact(
        ("The prefix names the provider to Quirkbook; the provider knows the model without it.", "", "")
    )


# Spelling out


@pytest.mark.parametrize(
    ("of_rule", "of_edit", "expected"),
    [
        (None, Effect.LOSSY, Effect.LOSSY),
        ("exact", Effect.LOSSY, Effect.EXACT),
        ("semantic", Effect.EXACT, Effect.SEMANTIC),
        ("exact", Effect.NONE, Effect.NONE),
        ("exact", Effect.REFUSE, Effect.REFUSE),
    ],
)
def test_a_rules_effect_stands_for_that_of_its_edits_but_not_of_remarks_and_refusals(of_rule, of_edit, expected):
    more = {"effect": of_rule, "note": "So it is."} if of_rule else {}
    (made,) = a_book(a_rule("r", {"warn": "careful"}, **more)).plan("acme", None).rules

    assert effect_of(made, edit("warn", of_edit, None)) is expected


def test_a_change_carries_what_its_rule_says():
    book = a_book(a_rule("r", [{"drop": ["a"]}, {"warn": "careful"}], status="disputed", note="Some say no."))
    done = Run(book.plan("acme", None), {"a": 1})

    run(done)

    common = {"why": "Why r.", "source": "https://acme.example/r", "location": "acme.yaml:3", "disputed": True}
    assert changes(done) == (
        Change("acme/r", "drop", Effect.LOSSY, keys=("a",), before=1, **common),
        Change("acme/r", "warn", Effect.NONE, note="careful", **common),
    )
