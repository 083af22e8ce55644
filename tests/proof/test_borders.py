"""What is put where, on both sides of everything that conditions and actions ask."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule

from quirkbook.authoring.examples import owned_rules
from quirkbook.model import MISSING, Example
from quirkbook.payload.path import Wild
from quirkbook.proof.borders import points
from quirkbook.proof.trials import Trials, outcome

ACT = {"set": {"z": 1}}


def owned(do, when=None, names=None, **more):
    return next(owned_rules(a_book(a_rule("r", do, when, **more), **({"let": names} if names else {}))))


def values(do, when, *steps, names=None, origin="here"):
    """Return what is put at a place, each once."""
    found = points(owned(do, when, names).rule, names or {})
    return [point.value for point in found if point.origin == origin and tuple(map(str, point.steps)) == steps]


def has(found, *wanted):
    return all(any(one is each or (one == each and type(one) is type(each)) for one in found) for each in wanted)


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        (7, [7, 8, 6, "text"]),
        (True, [True, False]),
        ("a", ["a", "other"]),
        (["a", "b"], ["a", "b", "other"]),
        ({"gt": 2}, [2, 3, 1, 2.5]),
        ({"lte": 0.5}, [0.5, 0.51, 0.49]),
        ({"between": [1, None]}, [1, 0, 2]),
        ({"ne": "x"}, ["x", "other"]),
        ({"not_in": ["x", "y"]}, ["x", "y", "other"]),
        ({"is": "string"}, ["text", None, 1.5, []]),
        ({"is": "array"}, [[], {}]),
        ({"exists": True}, ["text", 1]),
        ({"glob": "kimi-*"}, ["kimi-x", "xkimi-"]),
        ({"glob": ["a?", "b"]}, ["ax", "b", "xax", "xb"]),
        ({"len": 2}, ["a", "aa", "aaa", ["a", "a"], {"0": 1}]),
        ({"bytes": {"gt": 30}}, ["a" * 30, "a" * 31]),
        ({"some": {"b": 1}}, [[]]),
        ({"among": "$.c"}, ["unheard-of"]),
    ],
)
def test_an_operator_has_values_on_both_sides(test, wanted):
    assert has(values(ACT, {"a": test}, "a"), *wanted, MISSING, None)


def test_conditions_inside_of_others_are_asked_too():
    when = {"any_of": [{"a": 1}, {"not": {"b": 2}}], "$named": True, "c": {"none": {"d": 3}}}
    names = {"named": {"e": 4}}

    for place, value in (("a", 1), ("b", 2), ("e", 4)):
        assert has(values(ACT, when, place, names=names), value)
    assert has(values(ACT, when, "c", str(Wild.ITEMS), "d", names=names), 3)


def test_a_condition_on_the_request_puts_values_into_the_request():
    when = {"$request.n": 2}

    assert has(values([{"set": {"a": 1}}], when, "n", origin="request"), 2, 3)


def test_a_status_is_no_place():
    assert points(owned(ACT, {"$status": 429}, stage="error").rule, {})[0].steps == ("z",)


@pytest.mark.parametrize(
    ("do", "steps", "wanted"),
    [
        ({"drop": ["seed"]}, ("seed",), [MISSING, "text", 1]),
        ({"set": {"a": 5}}, ("a",), [5, MISSING, None]),
        ({"rename": {"a": "b"}}, ("b",), ["other", MISSING]),
        ({"map": {"a": {"x": "y", "*": None}}}, ("a",), ["x", "y", "other"]),
        ({"nearest": {"effort": ["low", "high"]}}, ("effort",), ["none", "minimal", "xhigh", "other"]),
        ({"clamp": {"n": [1, 4]}}, ("n",), [1, 0, 4, 5, ["a"] * 5]),
        ({"truncate": {"stop": 4}}, ("stop",), [["a"] * 4, ["a"] * 5]),
        ({"merge_messages": {"roles": ["user"]}}, ("messages",), [[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]]),
        ({"normalize_schema": {"at": "s", "drop": ["minItems", "not"], "drop_where": {"format": ["date"]}}}, ("s",),
         [{}, {"type": "object", "properties": {}, "minItems": 1}, {"type": "object", "properties": {"a": {"type": "string", "not": {"type": "string"}}}},
          {"type": "object", "properties": {}, "format": "date"}]),
    ],
)  # fmt: skip
def test_an_action_has_values_about_which_it_has_something_to_do(do, steps, wanted):
    assert has(values(do, None, *steps), *wanted)


def test_names_and_ids_stand_where_they_stand_in_requests():
    found = points(owned({"rewrite_ids": {"max_length": 9}}).rule, {})
    ids = {point.value for point in found if point.steps[-1:] == ("tool_call_id",)}

    assert {"a" * 8, "a" * 9, "a" * 10, "a.b", "-a"} <= ids


# Trials


def test_a_payload_tells_a_rule_from_another_and_none_from_itself():
    one, other = owned({"clamp": {"n": [None, 4]}}), owned({"clamp": {"n": [None, 5]}})
    found = Trials(one).tells_apart(other)

    assert found is not None and found.given["n"] > 4
    assert Trials(one).tells_apart(one) is None
    assert not Trials(one).ever(one)


def test_rules_on_answers_are_tried_with_requests_statuses_and_streams():
    answer = {
        "stage": "error",
        "examples": [{"in": {"error": {"code": 7}}, "status": 429, "out": {"error": {"code": 7, "type": "x"}}}],
    }
    by_status = owned({"set": {"error.type": "x"}}, {"$status": 429}, **answer)
    always = owned({"set": {"error.type": "x"}}, **answer)
    assert Trials(by_status).tells_apart(always) is not None

    asked = {"stage": "response", "examples": [{"in": {"a": 1}, "request": {"n": 2}, "out": {"a": 1, "b": 1}}]}
    by_request = owned({"set": {"b": 1}}, {"$request.n": 2}, **asked)
    assert Trials(by_request).tells_apart(owned({"set": {"b": 1}}, **asked)) is not None

    stream = [{"choices": [{"index": 0, "delta": {"content": "<think>a</think>b"}}]}]
    split = {"stage": "chunk", "examples": [{"in": stream, "out": stream}]}
    inner = {"open": "<think>", "close": "</think>", "into": "reasoning_content"}
    other = owned({"split_thinking": {**inner, "into": "reasoning"}}, **split)
    found = Trials(owned({"split_thinking": inner}, **split))
    assert isinstance(found.tells_apart(other).given, list)
    assert not found.ever(other)


def test_an_outcome_is_what_is_sent_or_why_nothing_is():
    assert outcome(owned({"reject": "no"}, {"a": 1}), Example({"a": 1}))[0] == "refused"
    assert outcome(owned({"copy": {"a": "b"}}), Example({"a": 1}))[0] == '{"a": 1, "b": 1}'
    assert (
        outcome(owned([{"rename": {"a": "b"}}, {"copy": {"c": "a"}}]), Example({"a": 1, "c": 2}))[0] == "not idempotent"
    )
