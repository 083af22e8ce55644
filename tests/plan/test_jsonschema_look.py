"""The one look at a schema, and what it refuses."""

import pytest

from quirkbook.payload.cycles import EndlessError
from quirkbook.plan.jsonschema.features import NESTED_UNION, ROOT_UNION, TYPED_UNION
from quirkbook.plan.jsonschema.look import look
from quirkbook.plan.jsonschema.normalize import normalizer


class Odd:
    """A class that JSON has no value for."""


def nested(levels, wrap):
    schema = {"type": "string"}
    for _ in range(levels):
        schema = wrap(schema)
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"default": Odd()},
        {"properties": {"a": Odd()}},
        {"anyOf": [Odd()]},
        {"enum": ["a", Odd()]},
        {"required": [Odd()]},
        {"x": [[{"y": (Odd())}]]},
        Odd(),
    ],
)
def test_a_look_meets_values_of_other_classes_wherever_they_stand(schema):
    types = set()

    look(schema, set(), types)

    assert types == {Odd}


def in_itself(wrap):
    schema = {}
    schema["properties"] = {"a": wrap(schema)}
    return schema


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"b": [[it]]}, lambda it: {"not": it}])
def test_a_schema_that_contains_itself_ends_a_look(wrap):
    with pytest.raises(EndlessError, match="must not contain itself"):
        look(in_itself(wrap), set(), set())


def test_a_list_that_contains_itself_ends_a_look():
    items = []
    items.append(items)

    with pytest.raises(EndlessError):
        look({"default": items}, set(), set())


def test_a_large_schema_that_only_repeats_a_part_is_looked_at_to_its_end():
    words = set()
    leaf = {"type": "string"}

    look({"properties": {f"p{at}": leaf for at in range(150_000)} | {"last": {"oneOf": []}}}, words, set())

    assert "oneOf" in words


@pytest.mark.parametrize("wrap", [lambda it: {"not": it}, lambda it: {"anyOf": [it]}, lambda it: {"x": [[it]]}])
def test_a_look_goes_as_deep_as_a_schema_does(wrap):
    types = set()

    look(nested(200_000, wrap) | {"default": True}, set(), types)

    assert types == {bool}


def test_a_schema_that_repeats_its_parts_without_end_ends_a_look():
    schema = {"type": "string"}
    for _ in range(30):
        schema = {"anyOf": [schema] * 10}

    with pytest.raises(EndlessError, match="so often"):
        look(schema, set(), set())


@pytest.mark.parametrize(
    ("schema", "mark"),
    [
        ({"anyOf": [{"type": "object"}]}, ROOT_UNION),
        ({"properties": {"a": {"anyOf": [{"minLength": 1}], "type": "string"}}}, TYPED_UNION),
        ({"not": {"anyOf": [{"anyOf": [{"type": "null"}]}]}}, NESTED_UNION),
    ],
)
def test_a_look_tells_unions_that_need_a_repair_from_those_that_do_not(schema, mark):
    fine, words = set(), set()

    look({"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"anyOf": "c"}}}, fine, set())
    look(schema, words, set())

    assert fine.isdisjoint({ROOT_UNION, TYPED_UNION, NESTED_UNION})
    assert mark in words


def test_unions_of_more_than_branches_are_left_alone():
    schema = {"type": "object", "properties": {"a": {"type": "string", "anyOf": 5}, "b": {"anyOf": [{"anyOf": 5}]}}}

    assert normalizer({"flatten_any_of": True, "move_type_into_any_of": True})(schema) is None
