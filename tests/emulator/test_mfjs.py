"""The JSON Schemas that Moonshot's servers refuse, with the place and the text."""

from __future__ import annotations

import pytest

TEXT = {"type": "string"}
REFUSED = [
    (
        {"properties": {"x": {"type": "string", "anyOf": [TEXT]}}},
        "properties.x",
        "when using anyOf, type should be defined in anyOf items instead of the parent schema",
    ),
    (
        {"anyOf": [TEXT]},
        "root",
        "when using anyOf, type should be defined in anyOf items instead of the parent schema",
    ),
    (
        {"properties": {"x": {"$ref": "#/$defs/x", "type": "string"}}, "$defs": {"x": TEXT}},
        "properties.x",
        "when using $ref, type should be defined in the referenced schema instead of the parent schema",
    ),
    (
        {
            "properties": {"x": {"$ref": "#/$defs/x", "description": "a"}},
            "$defs": {"x": {**TEXT, "description": "b"}},
        },
        "properties.x",
        "conflicting keywords found after $ref expansion: description",
    ),
    (
        {"properties": {"x": {"$ref": "#/definitions/x"}}, "definitions": {"x": TEXT}},
        "properties.x.$ref",
        "references must start with #/$defs/",
    ),
    (
        {"properties": {"x": {"$ref": "#/$defs/y"}}, "$defs": {"x": TEXT}},
        "properties.x",
        "invalid $ref path: #/$defs/y",
    ),
    ({"properties": {"x": {"description": "anything"}}}, "properties.x", "type is not defined"),
    ({"properties": {"x": {"enum": ["a"]}}}, "properties.x", "type is not defined"),
    ({"properties": {"x": {"type": "array", "items": {}}}}, "properties.x.items", "type is not defined"),
    (
        {"properties": {"x": {"anyOf": [TEXT, {"description": "b"}]}}},
        "properties.x.anyOf",
        "type is not defined",
    ),
    ({"$defs": {"x": {"title": "X"}}}, "$defs.x", "type is not defined"),
    ({"properties": {}, "required": None}, "required", "required must be an array"),
    ({"properties": {}, "required": [1]}, "required", "items in required array must be strings"),
    ({"properties": {}, "required": ["x"]}, "required", "required property 'x' is not defined in properties"),
    (
        {"properties": {"x": {"type": "array", "items": [TEXT]}}},
        "properties.x.items",
        "items must be an object",
    ),
    (
        {"properties": {"x": {"type": "array", "items": False}}},
        "properties.x.items",
        "items must be an object",
    ),
    ({"properties": {"x": True}}, "properties", "property schema for 'x' must be an object"),
    ({"properties": []}, "properties", "properties must be an object"),
    ({"properties": {"x": {"type": "text"}}}, "properties.x.type", "invalid type"),
    ({"properties": {"x": {"type": []}}}, "properties.x.type", "type array cannot be empty"),
    ({"properties": {"x": {"type": ["string", "nil"]}}}, "properties.x.type", "invalid type in type array"),
    (
        {"properties": {"x": {"type": "string", "enum": ["a", None]}}},
        "properties.x.enum",
        "enum value (<nil>) does not match any type in [string]",
    ),
    (
        {"properties": {"x": {"type": "integer", "enum": [1, 2.5]}}},
        "properties.x.enum",
        "enum value (2.5) does not match any type in [integer]",
    ),
    (
        {"properties": {"x": {"type": "string", "enum": []}}},
        "properties.x.enum",
        "enum array cannot be empty",
    ),
    (
        {"additionalProperties": None},
        "additionalProperties",
        "additionalProperties must be a boolean or an object",
    ),
    (
        {"properties": {"x": {"type": "string", "description": 1}}},
        "properties.x.description",
        "description must be a string",
    ),
]


@pytest.mark.parametrize(("schema", "path", "says"), REFUSED)
def test_a_schema_that_is_no_mfjs_is_refused_with_its_place(moonshot, schema, path, says):
    parameters = {"type": "object", **schema}

    answer = moonshot("kimi-k3", tools=[{"type": "function", "function": {"name": "look", "parameters": parameters}}])

    assert answer.json()["error"]["message"] == (
        f"tools.function.parameters is not a valid moonshot flavored json schema, details: <At path '{path}': {says}>"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"type": TEXT, "$ref": TEXT, "enum": {"type": "integer"}}, "required": ["type"]},
        {"properties": {"x": {"anyOf": [TEXT, {"type": "null"}], "description": "maybe"}}},
        {
            "properties": {"x": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}}},
        },
        {"properties": {"x": {"$ref": "#"}}},
        {"properties": {"x": {"$ref": "#/$defs/x", "description": "a"}}, "$defs": {"x": TEXT}},
        {"properties": {"x": {"type": ["string", "null"], "enum": ["a", None]}}},
        {"additionalProperties": {}},
        {"additionalProperties": False, "required": []},
        {"properties": {"x": {"type": "number", "enum": [2, 3.5], "minimum": 1, "format": "odd"}}},
    ],
)
def test_a_schema_that_is_mfjs_is_accepted(moonshot, schema):
    parameters = {"type": "object", **schema}

    answer = moonshot("kimi-k3", tools=[{"type": "function", "function": {"name": "look", "parameters": parameters}}])

    assert answer.status_code == 200


def test_a_tool_that_is_not_strict_may_have_any_schema(moonshot):
    function = {"name": "look", "strict": False, "parameters": {"type": "object", "anyOf": [{}]}}

    assert moonshot("kimi-k3", tools=[{"type": "function", "function": function}]).status_code == 200


def test_a_schema_for_the_answer_has_the_same_limits(moonshot):
    schema = {"type": "object", "properties": {"pair": {"type": "array", "items": [TEXT, TEXT]}}}
    asked = {"type": "json_schema", "json_schema": {"name": "pair", "schema": schema}}

    answer = moonshot("kimi-k3", response_format=asked)

    assert answer.json()["error"]["message"] == (
        "Invalid request: response_format.json_schema is not a valid moonshot flavored json schema, "
        "details: <At path 'properties.pair.items': items must be an object>"
    )
