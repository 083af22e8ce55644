"""What is wrong with a rule that loads: unproven at a bound, an allow-list, stale."""

from __future__ import annotations

from datetime import date

import pytest
from tests.books import SAME, a_book, a_file, a_rule

from quirkbook import Rulebook
from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.lint import check_names, check_rule


def owned(do, when=None, **more):
    (one,) = owned_rules(a_book(a_rule("r", do, when, **more)))
    return one


def codes(one, **more):
    return [diagnostic.code for diagnostic in check_rule(one, **more)]


def missing(do, when, *given):
    """Return which bounds no example stands on."""
    one = owned(do, when, examples=[{"in": each, "same": True} for each in given] or [SAME])
    said = [diagnostic.message for diagnostic in check_rule(one) if diagnostic.code == "Q203"]
    return [message.removeprefix("no example of acme/r stands on its bound: one where ") for message in said]


def test_a_proven_rule_has_no_diagnostic():
    cases = [{"in": {"n": 3}, "out": {"n": 2}}, {"in": {"n": 2}, "same": True}]

    assert codes(owned({"clamp": {"n": [None, 2]}}, {"n": {"gt": 2}}, examples=cases)) == []


def test_a_bound_without_an_example_on_it_is_told_at_the_rule():
    cases = [{"in": {"n": 3}, "out": {"n": 2}}, {"in": {"n": 1}, "same": True}]
    one = owned({"clamp": {"n": [None, 2]}}, examples=cases)

    assert [str(diagnostic) for diagnostic in check_rule(one)] == [
        "acme.yaml:3:1: error[Q203]: no example of acme/r stands on its bound: one where n is exactly 2\n  hint: add it"
    ]


ACT = {"set": {"z": 1}}


@pytest.mark.parametrize(
    ("do", "when", "given", "bounds"),
    [
        (
            ACT,
            {"n": {"lt": 1, "lte": 2, "gt": 3, "gte": 4}},
            [{"n": 2}, {"n": 3.0}],
            ["n is exactly 1", "n is exactly 4"],
        ),
        (ACT, {"n": {"between": [1, None]}}, [], ["n is exactly 1"]),
        (ACT, {"n": {"outside": [0, 1]}}, [{"n": True}, {"n": False}], ["n is exactly 0", "n is exactly 1"]),
        (ACT, {"a": {"len": {"gt": 2}}}, [{"a": "xyz"}], ["the len of a is exactly 2"]),
        (ACT, {"a": {"len": {"gt": 2}}}, [{"a": {"x": 1, "y": 2}}], []),
        (ACT, {"a": {"len": {"gt": 2}}}, [{"a": 2}], ["the len of a is exactly 2"]),
        (ACT, {"a": {"len": 2}}, [{"a": [1, 2]}], []),
        (ACT, {"a": {"len": {"gt": 0, "lt": 65}}}, [], []),
        (ACT, {"a": {"bytes": {"gt": 2}}}, [{"a": "é"}], []),
        (ACT, {"a": {"bytes": {"gt": 2}}}, [{"a": [1]}, {"a": "xy\u00e9"}], ["the bytes of a is exactly 2"]),
        (ACT, {"a": {"some": {"n": {"gt": 2}}}}, [{"a": [{"n": 1}, {"n": 2}]}], []),
        (ACT, {"a": {"every": {".": {"bytes": {"gt": 2}}}}}, [{"a": ["x"]}], ["the bytes of a[*] is exactly 2"]),
        (ACT, {"a": {"none": {"n": 1, "b": {"some": {"m": {"lt": 5}}}}}}, [], ["a[*].b[*].m is exactly 5"]),
        (ACT, {"any_of": [{"n": {"gt": 2}}, {"all_of": [{"m": {"lt": 1}}]}]}, [], ["m is exactly 1", "n is exactly 2"]),
        (ACT, {"n": 1, "m": [1, 2], "a": {"ne": 3}, "$model": "x*"}, [], []),
        ({"clamp": {"a[*].n": [None, None], "m": [0, 9]}}, None, [{"m": 9}], ["m is exactly 0"]),
        ({"each": {"in": "a[*]", "do": [{"clamp": {"n": [0, None]}}]}}, None, [{"a": [{"n": 0}]}], []),
        ({"each": {"in": "a[*]", "when": {"n": {"gt": 4}}, "do": [ACT]}}, None, [{"a": [{"n": 4}]}], []),
        ({"each": {"in": "a[*]", "when": {"n": {"gt": 4}}, "do": [ACT]}}, None, [{"n": 4}], ["a[*].n is exactly 4"]),
        ({"truncate": {"stop": 4}}, None, [], []),
        (ACT, {"not": {"n": {"gt": 2}}}, [{"n": 1}], ["n is exactly 2"]),
        (ACT, {"a": {"some": {"$.n": {"gt": 2}, '["c/d"]': {"gt": 3}}}}, [{"n": 2, "a": [{"c/d": 3}]}], []),
        (ACT, {"$status": {"gte": 400}, "$request.n": {"gt": 2}}, [], []),
        (
            {
                "each": {
                    "in": "a[*]",
                    "do": [{"each": {"in": "b[*]", "do": [{"clamp": {".": [0, None], "$.n": [1, 2]}}]}}],
                }
            },
            None,
            [{"n": 1, "a": [{"b": [1, 0]}]}],
            ["$.n is exactly 2"],
        ),
    ],
)
def test_each_numeric_bound_needs_an_example_exactly_on_it(do, when, given, bounds):
    assert missing(do, when, *given) == bounds


def test_a_retired_rule_needs_no_proof_of_its_bounds():
    assert codes(owned({"clamp": {"n": [0, 1]}}, status="retired")) == []


def test_an_allow_list_is_warned_of():
    cases = [{"in": {"a": {"b": 1, "c": 2}}, "out": {"a": {"b": 1}}}, SAME]
    one = owned({"each": {"in": "$", "do": [{"keep": {"a": ["b"]}}]}}, examples=cases)
    plain = owned({"keep": {"a": ["b"]}}, examples=cases)

    for each in (one, plain):
        said = [str(diagnostic) for diagnostic in check_rule(each) if diagnostic.code == "Q207"]
        assert said == [
            "acme.yaml:3:1: warning[Q207]: acme/r is an allow-list: new fields of the provider will be lost\n  hint: use 'drop'"
        ]


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (
            date(2027, 5, 22),
            [
                "acme.yaml:3:1: warning[Q208]: acme/r was last verified 181 days ago\n  hint: check its source, then its date"
            ],
        ),
        (date(2027, 5, 21), []),
        (date(2026, 11, 22), []),
    ],
)
def test_a_fact_is_stale_after_half_a_year(today, said):
    one = owned({"drop": ["a"]}, examples=[{"in": {"a": 1}, "out": {}}, SAME])

    assert [str(diagnostic) for diagnostic in check_rule(one, stale=True, today=today)] == said
    assert codes(one, today=today) == []


def test_without_a_date_a_fact_is_held_against_today():
    one = owned(
        {"drop": ["a"]}, examples=[{"in": {"a": 1}, "out": {}}, SAME], verified={"date": "1999-01-01", "by": "docs"}
    )

    assert codes(one, stale=True) == ["Q208"]


def test_a_provider_and_a_family_of_one_name_share_their_ids():
    book = Rulebook(
        [a_file(a_rule("r", ACT), a_rule("a", ACT)), a_file(a_rule("r", ACT), family="acme")], builtin=False
    )

    assert [str(diagnostic) for diagnostic in check_names(owned_rules(book))] == [
        "acme.yaml:3:1: error[Q116]: the name 'acme/r' is used twice: first at acme.yaml:3:1"
    ]
