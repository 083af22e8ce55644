"""A class in place of a schema: what completion() makes of response_format."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType, SimpleNamespace

import pytest
from tests.servers import answer, serving

from quirkbook import PayloadError, UsageError, completion
from quirkbook.api.response_format import plain_format, strict_schema
from quirkbook.client.arguments import sort_options, timeout_pair

STEP = {"type": "object", "properties": {"why": {"type": "string"}, "what": {"type": "string", "default": "rest"}}}
PLAN = {
    "title": "Plan",
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
        "by": {"anyOf": [{"type": "object", "properties": {"type": {"const": "object"}}}, {"type": "null"}]},
        "sums": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["steps"],
    "$defs": {"Step": STEP},
}
STRICT_STEP = {**STEP, "required": ["why", "what"], "additionalProperties": False}
STRICT_PLAN = {
    **PLAN,
    "properties": {
        "steps": PLAN["properties"]["steps"],
        "by": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"type": {"const": "object"}},
                    "required": ["type"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ]
        },
        "sums": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "required": ["steps", "by", "sums"],
    "additionalProperties": False,
    "$defs": {"Step": STRICT_STEP},
}


class Plan:
    """As pydantic's classes, seen from here."""

    @classmethod
    def model_json_schema(cls):
        return PLAN


def test_a_class_goes_as_its_schema_and_the_report_says_so():
    before = copy.deepcopy(PLAN)

    fields, _, remarks = sort_options({"response_format": Plan, "n": 1})

    assert fields == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "Plan", "schema": STRICT_PLAN, "strict": True},
        },
        "n": 1,
    }
    assert remarks == (
        "response_format: the class Plan went as its JSON schema, strict: objects have no fields but their own, "
        "and all of those",
    )
    assert before == PLAN


@pytest.mark.parametrize("given", [{"type": "json_object"}, "json_object", 1, None, MappingProxyType({"type": "text"})])
def test_what_is_no_class_goes_as_it_is(given):
    assert plain_format(given) == (given, None)


def test_the_name_is_one_that_providers_take():
    odd = type("Box[Plan, 'é']" + "x" * 70, (Plan,), {})

    assert plain_format(odd)[0]["json_schema"]["name"] == "Box_Plan____" + "_" * 2 + "x" * 50


class Unsaid:
    """Its schema cannot be told."""

    @classmethod
    def model_json_schema(cls):
        raise TypeError("no schema for complex")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            dict,
            "payload/response_format: the class dict has no model_json_schema(): write "
            '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}, or a pydantic class',
        ),
        (
            Plan(),
            "payload/response_format: response_format must be the class Plan, not an instance of it: write Plan",
        ),
        (
            Unsaid,
            "payload/response_format: the class Unsaid has no JSON schema: its model_json_schema() raised TypeError: "
            'write {"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}, or a pydantic class',
        ),
    ],
)
def test_what_has_no_schema_is_refused_with_what_to_write_instead(given, message):
    with pytest.raises(PayloadError) as caught:
        sort_options({"response_format": given})

    assert (str(caught.value), caught.value.pointer) == (message, "/response_format")


def test_strict_asks_nothing_of_values_that_are_no_objects():
    assert strict_schema({"type": "array", "items": {"type": "string"}}) == {
        "type": "array",
        "items": {"type": "string"},
    }
    assert strict_schema({"type": ["object", "null"]}) == {"type": ["object", "null"], "additionalProperties": False}
    assert strict_schema({"properties": {"a": {}}}) == {"properties": {"a": {}}, "required": ["a"]}


def test_a_call_sends_the_schema_through_the_rules():
    with serving(answer()) as server:
        response = completion(
            "moonshot/kimi-k2.6",
            [{"role": "user", "content": "Plan a day."}],
            base_url=server.url,
            api_key="k-0123456789",
            response_format=Plan,
            policy={"lossy": "allow", "semantic": "allow"},
        )

    sent = server.bodies[0]["response_format"]["json_schema"]
    assert (sent["name"], sent["strict"], sent["schema"]["required"]) == ("Plan", True, ["steps", "by", "sums"])
    assert "kimi-schemas/answer-schemas" in {change.rule for change in response.quirkbook.request}
    assert response.quirkbook.remarks[0].startswith("response_format: the class Plan went as its JSON schema")


def test_a_class_of_pydantic_is_read_as_the_openai_package_reads_it():
    pydantic = pytest.importorskip("pydantic", reason="pydantic, which comes with the openai package, is not installed")
    parsing = pytest.importorskip(
        "openai.lib._parsing._completions", reason="openai is not installed: see the extra test"
    )

    class Step(pydantic.BaseModel):
        why: str
        seconds: int | None
        kind: str = "rest"

    class Day(pydantic.BaseModel):
        """What to do."""

        steps: list[Step]
        first: Step = pydantic.Field(title="The first of them")
        sums: dict[str, float]

    theirs = parsing.type_to_response_format_param(Day)
    mine, _ = plain_format(Day)

    theirs["json_schema"]["schema"]["properties"]["first"] = mine["json_schema"]["schema"]["properties"]["first"]
    assert json.dumps(mine, sort_keys=True) == json.dumps(theirs, sort_keys=True)


@pytest.mark.parametrize(
    ("timeout", "pair"),
    [
        (None, (1.0, 2.0)),
        (3, (3.0, 3.0)),
        ((3, 4), (3.0, 4.0)),
        ("30", (30.0, 30.0)),
        (SimpleNamespace(connect=5.0, read=60.0), (5.0, 60.0)),
        (SimpleNamespace(connect=5.0, read=None), (5.0, 1e6)),
    ],
)
def test_a_timeout_may_be_said_in_many_ways(timeout, pair):
    assert timeout_pair(timeout, (1.0, 2.0)) == pair


@pytest.mark.parametrize("timeout", ["soon", 0, -1, (1, 2, 3), True, SimpleNamespace(connect=0, read=1)])
def test_a_timeout_that_is_not_one_is_refused(timeout):
    with pytest.raises(UsageError) as caught:
        timeout_pair(timeout, (1.0, 2.0))
    assert str(caught.value).startswith("timeout cannot be ")
