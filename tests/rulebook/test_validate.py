"""The shape of a rule file: each keyword of the schema has its words, and one that nobody foresaw has some too."""

import pytest
from jsonschema import Draft202012Validator

from quirkbook.resources import schema
from quirkbook.rulebook import validate
from quirkbook.source.yaml import read

#: Keywords that only lead to others, or say nothing about a value.
LEADING = {"$defs", "$id", "$ref", "$schema", "const", "description", "else", "if", "items", "patternErrorMessage"} | {
    "patternProperties",
    "properties",
    "propertyNames",
    "then",
    "title",
}


def keywords(node):
    """Yield the keywords of a schema; the names in `properties` and `$defs` are none."""
    for keyword, value in node.items():
        yield keyword
        if keyword in ("properties", "patternProperties", "$defs"):
            for below in value.values():
                yield from keywords(below) if isinstance(below, dict) else ()
        elif isinstance(value, dict) and keyword != "dependentRequired":
            yield from keywords(value)


def test_each_keyword_of_the_schema_has_words_of_its_own():
    assert set(keywords(schema("rules"))) - LEADING == set(validate._EXPLAIN)


@pytest.mark.parametrize(
    ("rule_schema", "place", "what", "hint"),
    [
        ({"properties": {"aliases": {"uniqueItems": True}}}, "1:10", "'aliases'", "it asks for uniqueItems: true"),
        (
            {"properties": {"aliases": {"contains": {"const": "the longest word that anybody wrote into a schema"}}}},
            "1:10",
            "'aliases'",
            "it asks for contains: ...",
        ),
        (False, "1:1", "a rule file", ""),
    ],
)
def test_a_keyword_that_nobody_foresaw_is_a_diagnostic_all_the_same(rule_schema, place, what, hint, monkeypatch):
    monkeypatch.setattr(validate, "_validator", lambda shape: Draft202012Validator(rule_schema))
    found = validate.check(read("aliases: [acme, acme]", "acme.yaml"))

    assert [(str(one.location), one.code, one.message, one.hint) for _, one in found] == [
        (f"acme.yaml:{place}", "Q109", f"{what} does not match schemas/rules.schema.json", hint)
    ]
