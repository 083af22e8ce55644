"""Laws of `normalize_schema` that hold for any schema and any options, sensible or not."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import tried

from quirkbook.plan.jsonschema import normalize
from quirkbook.plan.jsonschema.normalize import normalizer

FLAGS = (
    "inline_refs",
    "strip_ref_siblings",
    "collapse_nullable",
    "const_as_enum",
    "tuple_items",
    "infer_type",
    "one_type",
    "clean_enum",
    "move_type_into_any_of",
    "require_root_object",
    "required_as_list",
    "prune_required",
)

WORDS = (
    "$ref",
    "properties",
    "$defs",
    "definitions",
    "items",
    "prefixItems",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "type",
    "enum",
    "const",
    "required",
    "nullable",
    "description",
    "default",
    "minimum",
    "title",
    "additionalItems",
    "additionalProperties",
    "$schema",
    "examples",
    "if",
    "patternProperties",
)
NAMES = st.sampled_from(["a", "b", "A", "type", "anyOf", "$ref"])
REFS = st.sampled_from(
    [
        "#",
        "#/$defs/A",
        "#/definitions/A",
        "#/definitions/b",
        "#/properties/a",
        "#/properties/a/anyOf/0",
        "#/anyOf/1",
        "#/items",
        "#/items/0",
        "#/prefixItems/0",
        "#/$defs/A/$defs/b",
        "#/%24defs/A",
        "#/nope",
        "http://x",
    ]
)
SCALARS = st.sampled_from([None, True, False, 0, 1, 2.5, "", "a", "1"])
JUNK = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=2) | st.dictionaries(NAMES, below, max_size=2), max_leaves=4
)
TYPES = st.sampled_from(["string", "object", "array", "null", "integer", "number", "boolean"])


def keyword(word, below):
    if word in ("properties", "$defs", "definitions", "patternProperties"):
        return st.dictionaries(NAMES, below, max_size=3)
    if word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        return st.lists(below, max_size=3)
    if word == "items":
        return below | st.lists(below, max_size=2)
    if word in ("not", "if", "additionalItems", "additionalProperties"):
        return below
    if word in ("enum", "examples"):
        return st.lists(JUNK, max_size=3)
    return {
        "$ref": REFS,
        "type": TYPES | st.lists(TYPES, max_size=3),
        "required": st.none() | st.lists(NAMES, max_size=2),
        "nullable": st.booleans(),
        "title": st.sampled_from(["t", "null"]),
    }.get(word, JUNK)


def keywords(below):
    return st.fixed_dictionaries({}, optional={word: keyword(word, below) for word in WORDS}).map(few)


def few(words):
    """Keep six keywords at most: what fixed_dictionaries draws is larger than any schema has."""
    return dict(list(words.items())[:6])


SCHEMAS = st.recursive(
    st.booleans() | JUNK | TYPES.map(lambda kind: {"type": kind}) | REFS.map(lambda ref: {"$ref": ref}),
    lambda below: keywords(below) | st.dictionaries(st.sampled_from(WORDS), below, max_size=3),
    max_leaves=25,
)
RENAMES = st.sampled_from(
    [
        {"definitions": "$defs"},
        {"$defs": "definitions"},
        {"oneOf": "anyOf"},
        {"title": "type"},
        {"minimum": "nullable"},
        {"oneOf": "anyOf", "anyOf": "allOf"},
        {"default": "const"},
        {"enum": "const"},
        {"a": "b", "b": "a"},
    ]
)
SOME_WORDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FLAGS, st.just(True)),
        "rename": RENAMES,
        "drop": SOME_WORDS,
        "describe": SOME_WORDS,
    },
)


@tried(100)
@given(OPTIONS, SCHEMAS)
def test_any_schema_is_normalised_once_and_for_all_and_never_written_to(options, schema):
    before = json.dumps(schema)
    normalize = normalizer(options)

    done = normalize(schema)

    assert json.dumps(schema) == before
    assert normalizer(options)(copy.deepcopy(schema)) == done
    if done is not None:
        assert json.dumps(done.schema) != before
        assert normalize(done.schema) is None


@tried(50)
@given(OPTIONS, SCHEMAS)
def test_the_quick_look_misses_nothing(options, schema):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(normalize, "quick_look", lambda on: lambda schema: not isinstance(schema, dict))
        closely = normalizer(options)(schema)

    assert normalizer(options)(schema) == closely


@tried(50)
@given(OPTIONS, SCHEMAS)
def test_every_note_points_into_the_original(options, schema):
    done = normalizer(options)(schema)

    for note in done.notes if done else ():
        node = schema
        for key in note.partition(" at /")[2].split("/") if " at /" in note else ():
            node = node[int(key)] if isinstance(node, list) else node[key]
        assert isinstance(node, dict)
