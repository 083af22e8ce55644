"""The schema of rule files: valid itself, helpful in an editor, and in step with the engine's vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from quirkbook.plan.actions import ACTIONS
from quirkbook.plan.conditions import COMBINATORS, STRUCTURAL
from quirkbook.plan.operators import OPERATORS
from quirkbook.plan.types import TYPES
from quirkbook.resources import schema

SCHEMA = schema("rules")


def properties(node: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every property that the schema describes."""
    if isinstance(node, list):
        for at, item in enumerate(node):
            yield from properties(item, f"{place}/{at}")
    elif isinstance(node, dict):
        for key, below in node.items():
            if key in ("properties", "patternProperties"):
                for name, described in below.items():
                    yield f"{place}/{key}/{name}", described
                    yield from properties(described, f"{place}/{key}/{name}")
            elif key != "enum":
                yield from properties(below, f"{place}/{key}")


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "https://quirkbook.dev/schemas/rules.schema.json"


def test_every_property_is_described_for_whoever_hovers_over_it():
    bare = [
        place
        for place, described in properties(SCHEMA)
        if described != {"$ref": "#/$defs/nothing"} and not described.get("description")
    ]

    assert bare == []


def test_every_property_of_the_vocabulary_has_a_title():
    for name in ("rule", "example", "action", "operators", "condition"):
        assert all(described["title"] for described in SCHEMA["$defs"][name]["properties"].values())


def test_every_reference_leads_somewhere_and_every_definition_is_used():
    used = {ref.removeprefix("#/$defs/") for ref in refs(SCHEMA)}

    assert used == set(SCHEMA["$defs"])


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from refs(item)


def test_no_branching_hides_the_word_at_diagnostic():
    text = repr(SCHEMA)

    assert "'oneOf'" not in text
    assert "'anyOf'" not in text


def test_the_schema_knows_the_actions_of_the_engine():
    assert set(SCHEMA["$defs"]["action"]["properties"]) == {*ACTIONS, "with"}


def test_the_schema_knows_the_operators_of_the_engine():
    assert set(SCHEMA["$defs"]["operators"]["properties"]) == {*OPERATORS, *STRUCTURAL}
    assert set(SCHEMA["$defs"]["operators"]["properties"]["is"]["enum"]) == {*TYPES, None}
    assert set(SCHEMA["$defs"]["condition"]["properties"]) == {*COMBINATORS, "$model", "$status"}


def test_every_pattern_says_in_words_what_it_wants():
    def patterns(node: Any) -> Iterator[Any]:
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                yield node
            node = list(node.values())
        if isinstance(node, list):
            for item in node:
                yield from patterns(item)

    assert [node for node in patterns(SCHEMA) if not node.get("patternErrorMessage")] == []


@pytest.mark.parametrize("key", ["provider", "aliases", "base_url", "base_url_env", "api_key_env", "endpoints"])
def test_a_family_file_has_no_connection_facts(key):
    validator = Draft202012Validator(SCHEMA)
    value = ["x"] if key in ("aliases", "endpoints") else "https://x" if key == "base_url" else "X"

    assert not validator.is_valid({"quirks": 1, "family": "kimi", key: value})
