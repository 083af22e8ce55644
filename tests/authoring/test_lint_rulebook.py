"""What is wrong with rules beside one another: never reached, off everywhere, at odds, or about no model at all."""

from __future__ import annotations

import pytest
from tests.books import a_file, a_rule

from quirkbook import Rulebook
from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.lint_rulebook import check_rulebook


def found(*files):
    """Return what is said about the rules of some files, without the place."""
    book = Rulebook(files, builtin=False)
    diagnostics = list(check_rulebook(book, list(owned_rules(book))))
    assert all(diagnostic.severity == "warning" for diagnostic in diagnostics)
    return [f"{diagnostic.code} {diagnostic.message}; {diagnostic.hint}" for diagnostic in diagnostics]


def said(*rules, **head):
    return found(a_file(*rules, **head))


def codes(*rules, **head):
    return [line[:4] for line in said(*rules, **head)]


SEED = {"drop": ["seed"]}
SEEN = {"seed": {"exists": True}}
WARN = {"warn": "hm"}


def test_rules_that_go_together_have_no_diagnostic():
    assert said(a_rule("a", SEED, SEEN), a_rule("b", {"clamp": {"n": [1, 5]}}), a_rule("c", WARN, {"user": "x"})) == []


def test_the_place_is_that_of_the_later_rule():
    book = Rulebook([a_file(a_rule("a", SEED), a_rule("b", WARN, {"seed": 1}))], builtin=False)

    assert [str(diagnostic) for diagnostic in check_rulebook(book, list(owned_rules(book)))] == [
        "acme.yaml:4:1: warning[Q213]: acme/b is never reached: acme/a has dropped 'seed' before\n"
        "  hint: remove it, or put it first"
    ]


# Never reached


def test_nothing_comes_after_a_rule_that_always_refuses():
    assert said(a_rule("closed", {"reject": "gone"}), a_rule("late", SEED)) == [
        "Q213 acme/late is never reached: acme/closed refuses every payload before it; remove it, or put it first"
    ]


def test_a_rule_that_says_the_same_again_is_never_reached():
    assert said(a_rule("a", WARN, {"n": 2}), a_rule("b", WARN, {"n": 2.0}), a_rule("c", WARN, {"n": 3})) == [
        "Q213 acme/b is never reached: acme/a has done the same before; remove it, or put it first"
    ]


def test_one_name_may_mean_two_things():
    def family(name, least):
        return a_file(a_rule("r", WARN, {"$hot": True}), family=name, let={"hot": {"heat": {"gt": least}}})

    both = a_file(include=["family/lumen", "family/terra"])

    assert found(family("lumen", 1), family("terra", 2), both) == []
    assert found(family("lumen", 1), family("terra", 1), both) == [
        "Q213 terra/r is never reached: lumen/r has done the same before; remove it, or put it first"
    ]


@pytest.mark.parametrize(
    "when",
    [{"seed": {"gt": 4}}, {"seed.deep": 1, "n": 2}, {"seed[0]": {"exists": True}}, {"seed": {"not_in": [1]}}],
)
def test_a_rule_that_asks_for_a_dropped_key_is_never_reached(when):
    assert codes(a_rule("a", SEED, SEEN), a_rule("b", WARN, when)) == ["Q213"]


@pytest.mark.parametrize(
    "when",
    [
        {"seed": {"exists": False}},
        {"not": {"seed": 1}},
        {"any_of": [{"seed": 1}, {"n": 1}]},
        {"$model": "a*"},
        {"n": 1},
        None,
    ],
)
def test_a_rule_that_may_hold_without_the_key_is_reached(when):
    assert codes(a_rule("a", SEED, SEEN), a_rule("b", WARN, when)) == []


@pytest.mark.parametrize(
    "first",
    [
        a_rule("a", SEED, {"n": 1}),
        a_rule("a", {"drop": ["seed.deep", "seed[0]"]}),
        a_rule("a", SEED, stage="response"),
    ],
)
def test_a_key_that_may_be_there_still_is_asked_for(first):
    assert codes(first, a_rule("b", WARN, {"seed": 1})) == []


@pytest.mark.parametrize("between", [{"default": {"seed": 1}}, {"rename": {"random_seed": "$.seed"}}])
def test_a_key_may_come_back_in_between(between):
    assert codes(a_rule("a", SEED), a_rule("b", between), a_rule("c", WARN, {"seed": 1})) == []


@pytest.mark.parametrize(
    ("first", "second", "covered"),
    [
        (None, ["b*"], True),
        (None, None, True),
        (["*"], ["b*"], True),
        (["!a*"], ["b*", "!a*"], True),
        (["a*", "b*"], ["b*"], True),
        (["b*"], None, False),
        (["b*"], ["a*"], False),
        (["b*", "!b2"], ["b*"], False),
        (["b*", "!b2"], ["b*", "!b2", "!b3"], True),
        (["b*"], ["!b2"], False),
    ],
)
def test_a_rule_is_covered_where_its_globs_are(first, second, covered):
    known = [{"in": {"model": model}, "same": True} for model in ("a1", "b1", "b2", "b3")]
    models = [{"models": globs} if globs else {} for globs in (first, second)]

    assert codes(a_rule("a", SEED, examples=known, **models[0]), a_rule("b", WARN, {"seed": 1}, **models[1])) == (
        ["Q213"] if covered else []
    )


def test_rules_that_do_not_run_stand_in_nobodys_way():
    retired = a_rule("a", {"reject": "gone"}, status="retired")
    disabled = a_rule("b", {"reject": "gone"})

    assert codes(retired, disabled, a_rule("c", SEED), disable=[{"rule": "acme/b", "because": "not here"}]) == []


# Off everywhere


LUMEN = a_file(a_rule("lock", SEED), family="lumen")


def test_a_family_that_nobody_includes_is_in_force_nowhere():
    assert found(LUMEN, a_file(provider="acme")) == [
        "Q214 lumen/lock is in force nowhere: no provider includes family/lumen; "
        "say with 'naming' which models are meant, or include the family where they are served"
    ]


def test_a_rule_that_everybody_disables_is_told():
    off = {"include": ["family/lumen"], "disable": [{"rule": "lumen/lock", "because": "not here"}]}

    assert found(LUMEN, a_file(**off), a_file(provider="other", **off)) == [
        "Q214 lumen/lock is disabled by every provider that includes it; remove it"
    ]
    assert found(LUMEN, a_file(**off), a_file(provider="other", include=["family/lumen"])) == []


# Globs


def test_a_glob_that_fits_no_model_of_an_example_is_told():
    rule = a_rule(
        "a", SEED, models=["lumen-2*", "*-lmen", "!lumen-2-x"], examples=[{"in": {"model": "lumen-2"}, "same": True}]
    )

    assert said(rule) == [
        "Q215 the glob '*-lmen' of acme/a fits no model that an example names; give an example such a model, or correct the glob",
        "Q215 the glob '!lumen-2-x' of acme/a fits no model that an example names; give an example such a model, or correct the glob",
    ]


def test_a_model_is_known_from_another_rule_or_from_the_request_behind_an_answer():
    assert said(a_rule("a", SEED, models=["lumen-*"]), a_rule("b", WARN, models=["lumen-1*"])) == [
        "Q215 the glob 'lumen-1*' of acme/b fits no model that an example names; give an example such a model, or correct the glob"
    ]
    answer = a_rule(
        "c", SEED, models=["*x"], stage="response", examples=[{"in": {}, "same": True, "request": {"model": "x"}}]
    )
    assert said(answer) == []


def test_what_names_no_model_makes_none_known():
    odd = [{"in": given, "same": True} for given in ([], {"model": None}, {"model": ""}, {"model": ["lumen"]})]

    assert codes(a_rule("a", SEED, models=["lumen", "*"], stage="response", examples=odd)) == ["Q215"]


# Two rules for one value


def heat(value):
    return {"set": {"heat": value}}


def test_a_rule_that_writes_over_an_earlier_one_unseen_is_told():
    assert said(a_rule("a", heat(1), SEEN), a_rule("b", heat(0.6), {"n": 1})) == [
        "Q209 acme/b sets heat to 0.6 where acme/a may have set it to 1, among the rules of acme: only the later one counts; "
        "let 'when' or 'models' tell them apart"
    ]


def test_a_diagnostic_is_told_once_however_many_providers_have_it():
    family = a_file(a_rule("a", heat(1)), a_rule("b", heat(2), {"n": 1}), family="lumen")
    hosts = [a_file(provider=name, include=["family/lumen"]) for name in ("one", "two")]

    assert [line[:12] for line in found(family, *hosts)] == ["Q209 lumen/b"]


def test_diagnostics_of_rules_that_were_not_asked_about_are_kept():
    book = Rulebook([a_file(a_rule("a", heat(1)), a_rule("b", heat(2)))], builtin=False)

    assert list(check_rulebook(book, [])) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (heat(1), [heat(1.0), WARN]),
        (heat(1), {"set": {"heat.deep": 2}}),
        (heat(1), {"default": {"heat": 2}}),
        ([heat(1), heat(2)], WARN),
    ],
)
def test_values_that_do_not_differ_do_not_fight(first, second):
    assert codes(a_rule("a", first), a_rule("b", second)) == []


@pytest.mark.parametrize(
    "when",
    [
        {"heat": 1},
        {"heat.deep": 1},
        {"$.heat": {"gt": 2}},
        {"not": {"heat": 2}},
        {"any_of": [{"n": 1}, {"heat": {"exists": True}}]},
        {"$hot": True},
    ],
)
def test_a_rule_that_looks_at_the_value_corrects_it_on_purpose(when):
    assert codes(a_rule("a", heat(1)), a_rule("b", heat(2), when), let={"hot": {"heat": {"gt": 2}}}) == []


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"n": 1}, {"n": 2}, False),
        ({"n": [1, 2]}, {"n": [2, 3]}, True),
        ({"n": [1, 2]}, {"n": [3]}, False),
        ({"n": {"exists": True}}, {"n": {"exists": False}}, False),
        ({"n": {"exists": False}}, {"n": {"exists": False}}, True),
        ({"n": {"gt": 1}}, {"n": 5}, True),
        ({"$hot": True}, {"$hot": False}, False),
        ({"messages[*].role": "user"}, {"messages[*].role": "tool"}, True),
        ({"n": 1}, {"user": "x"}, True),
    ],
)
def test_conditions_keep_rules_apart(one, other, told):
    assert codes(a_rule("a", heat(1), one), a_rule("b", heat(2), other), let={"hot": {"n": 2}}) == ["Q209"] * told


def test_models_keep_rules_apart():
    known = [{"in": {"model": "m1"}, "same": True}, {"in": {"model": "m2"}, "same": True}]

    def told(first, second):
        return codes(a_rule("a", heat(1), models=first, examples=known), a_rule("b", heat(2), models=second))

    assert told(["m1"], ["m2"]) == []
    assert told(["m*"], ["m2"]) == ["Q209"]
    assert told(["!m1"], ["m1"]) == []


def each(role, content, more=None):
    return {
        "each": {"in": "messages[*]", "when": {"role": role, **(more or {})}, "do": [{"set": {"content": content}}]}
    }


def test_the_items_of_each_are_compared_by_its_own_condition():
    assert codes(a_rule("a", each("user", " ")), a_rule("b", each("tool", ""))) == []
    assert codes(a_rule("a", each("user", " ")), a_rule("b", each("user", ""))) == ["Q209"]
    assert codes(a_rule("a", each("user", " ")), a_rule("b", each("user", "", {"content": None}))) == []
    assert codes(a_rule("a", each("user", " ")), a_rule("b", {"set": {"messages[*].content": ""}})) == ["Q209"]
    assert codes(a_rule("a", each("user", " ")), a_rule("b", {"each": {"in": "tools[*]", "do": [SEED]}})) == []


def test_stages_do_not_meet():
    assert codes(a_rule("a", heat(1)), a_rule("b", heat(2), stage="response")) == []
