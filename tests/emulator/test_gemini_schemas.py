"""The dialect of Gemini's function declarations: what its message Schema has fields for, and nothing else."""

from __future__ import annotations

import pytest

from quirkbook.emulator.keywords import compile_schema

fits = compile_schema({"$ref": "accepts/gemini-schema.schema.json"}).is_valid


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date-time", "nullable": True, "example": "x"},
        {"type": "STRING", "enum": ["far", "near"]},
        {"type": "object", "properties": {"type": {"type": "string"}, "$ref": {"type": "null"}}, "required": ["$ref"]},
        {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 2},
        {"anyOf": [{"type": "string"}, {"anyOf": [{"type": "number"}]}], "description": "Either", "default": 1},
        {"type": "object"},
    ],
)
def test_a_record_of_known_fields_fits(schema):
    assert fits(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": ["string", "null"]},
        {"type": "any"},
        {"type": "string", "$schema": "x"},
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {"a": {"const": 1}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"properties": {"a": {"type": "string"}}},
        {"type": "string", "properties": {}},
        {"type": "integer", "enum": ["1"]},
        {"type": "string", "enum": [1]},
        {"enum": ["far"]},
        {"type": "array"},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "string", "items": {"type": "string"}},
        {"anyOf": [{"description": "anything"}]},
        {"oneOf": [{"type": "string"}]},
        {"$ref": "#/$defs/A"},
    ],
)
def test_anything_else_does_not(schema):
    assert not fits(schema)
