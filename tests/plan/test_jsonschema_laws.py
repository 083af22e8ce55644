"""Laws of `normalize_schema` that hold for any schema and any options, sensible or not."""

import copy
import json
import re

from hypothesis import given
from hypothesis import strategies as st
from tests.plan.test_jsonschema import FLAGS as ALONE
from tests.strategies import tried

from quirkbook.plan.actions.flow import compiled_options
from quirkbook.plan.jsonschema.features import FEATURES
from quirkbook.plan.jsonschema.look import look
from quirkbook.plan.jsonschema.normalize import normalizer
from quirkbook.rulebook.rulebook import Rulebook

FLAGS = (*ALONE, "close_objects")

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
        "drop_where": st.sampled_from([{"default": None}, {"type": {"matches": "s.*"}, "required": {"len": 0}}]),
        "root": st.just({"any_of": "merge"}),
    },
).map(compiled_options)


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


@tried(100)
@given(OPTIONS, SCHEMAS)
def test_a_schema_without_any_of_the_words_that_alarm_needs_nothing(options, schema):
    words = set()
    look(schema, words, set())
    normalize = normalizer(options)

    assert not words.isdisjoint(normalize.alarms) or not isinstance(schema, dict) or normalize.by_tree(schema) is None


@tried(50)
@given(OPTIONS, SCHEMAS)
def test_every_note_points_into_the_original(options, schema):
    done = normalizer(options)(schema)

    for note in done.notes if done else ():
        node = schema
        for key in note.partition(" at /")[2].split("/") if " at /" in note else ():
            node = node[int(key)] if isinstance(node, list) else node[key]
        assert isinstance(node, dict)


@tried(200)
@given(OPTIONS, SCHEMAS)
def test_a_look_at_the_result_sees_what_was_there_and_what_the_options_write(options, schema):
    done = normalizer(options)(schema)
    before, after = set(), set()
    look(schema, before, set())
    look(done.schema if done else schema, after, set())

    assert after <= before.union(done.writes if done else ())


@tried(200)
@given(SCHEMAS)
def test_a_look_sees_every_key_and_every_class(schema):
    words, types = set(), set()
    keys, classes, values = set(), set(), [schema]
    for value in values:  # grows while it is read
        classes.add(type(value))
        if isinstance(value, dict):
            keys.update(value)
        values += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()

    look(schema, words, types)

    assert keys <= words
    assert types == classes - {str, dict, list}


def of_the_pack():
    """Return each set of options that some rule of the pack gives to `normalize_schema`."""
    sets = []
    for rule in Rulebook().rules():
        nodes = list(rule.do)
        for node in nodes:  # grows while it is read
            if "normalize_schema" in node:
                options = {key: value for key, value in node["normalize_schema"].items() if key != "at"}
                sets += [options] if options not in sets else []
            nodes += node["each"]["do"] if "each" in node else ()
    return sets


#: Schemas as people write them: most properties say their type, some are nullable, refer, or have odd enums.
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES | st.just(["string", "null"]),
        "description": st.just("d"),
        "enum": st.lists(SCALARS, max_size=3),
        "$ref": st.sampled_from(["#/$defs/A", "#/definitions/b", "#/$defs/B", "#"]),
        "minimum": st.just(1),
        "default": SCALARS,
        "const": SCALARS,
        "$schema": st.just("x"),
    },
).map(few)
USUAL = st.recursive(
    LEAVES,
    lambda below: st.fixed_dictionaries(
        {"type": st.sampled_from(["object", "array", None])},
        optional={
            "properties": st.dictionaries(NAMES, below, max_size=3),
            "required": st.lists(NAMES, max_size=2),
            "items": below,
            "anyOf": st.lists(below | st.just({"type": "null"}), min_size=1, max_size=3),
            "oneOf": st.lists(below, max_size=2),
            "allOf": st.lists(below, max_size=2),
            "not": below,
            "additionalProperties": st.booleans() | below,
            "patternProperties": st.dictionaries(NAMES, below, max_size=1),
            "$defs": st.dictionaries(st.sampled_from("AB"), below, max_size=2),
            "definitions": st.dictionaries(st.sampled_from("ab"), below, max_size=2),
        },
    ).map(few),
    max_leaves=12,
)
PACK = st.sampled_from(list(map(compiled_options, of_the_pack())))


@tried(400)
@given(OPTIONS | PACK, USUAL | SCHEMAS)
def test_the_fast_lane_makes_the_same_of_a_schema_as_the_tree_of_spots(options, schema):
    normalize = normalizer(options)

    fast = normalize(schema)

    slow = normalize.by_tree(schema) if isinstance(schema, dict) else None
    assert as_text(fast) == as_text(slow)


def objects(below):
    return st.fixed_dictionaries(
        {
            "type": st.sampled_from(["object", "object", ["object", "null"]]),
            "properties": st.dictionaries(NAMES, below, max_size=3),
        },
        optional={
            "required": st.lists(st.sampled_from("ab"), max_size=2) | st.none(),
            "additionalProperties": st.booleans(),
            "description": SCALARS,
            "default": JUNK,
            "$defs": st.dictionaries(st.sampled_from("Ab"), below, max_size=2),
        },
    )


#: What clients write: objects, arrays, unions with null, references to definitions.
OBJECTS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": ["integer", "null"]},
            {"type": "string", "enum": ["a", None]},
            {"type": ["string", "null"], "enum": ["a"]},
            {"enum": [1]},
            {"enum": [None]},
            {"const": 1},
            {"type": "null"},
            {"title": "t"},
            {"$ref": "#/$defs/A"},
            {"$ref": "#/$defs/A", "title": "t"},
            {"$ref": "#/$defs/b"},
            {"type": "string", "pattern": "x"},
            {},
            True,
            1,
        ]
    ),
    lambda below: (
        objects(below)
        | st.fixed_dictionaries({"type": st.just("array"), "items": below})
        | st.fixed_dictionaries({"anyOf": st.lists(below, max_size=2)}, optional={"title": SCALARS, "type": TYPES})
    ),
    max_leaves=8,
).filter(lambda schema: isinstance(schema, dict))


@tried(400)
@given(
    st.sampled_from(
        [{"close_objects": True}, {"close_objects": True, "drop_where": {"pattern": re.compile("x").search}}]
    ),
    objects(OBJECTS),
)
def test_the_fast_way_to_close_objects_makes_the_same_as_the_tree_of_spots(options, schema):
    normalize = normalizer(options)

    assert as_text(normalize(schema)) == as_text(normalize.by_tree(schema))


def as_text(done):
    """Return what was made with its keys in their order, too."""
    return done and (json.dumps(done.schema), done.effect, done.notes)


@tried(200)
@given(OPTIONS | PACK, st.lists(USUAL, min_size=1, max_size=3))
def test_one_part_in_two_places_is_a_schema_like_any_other(options, parts):
    schema = {
        "type": "object",
        "properties": {f"p{at}": parts[at % len(parts)] for at in range(4)},
        "$defs": {"A": parts[0]},
    }

    assert as_text(normalizer(options)(schema)) == as_text(normalizer(options)(json.loads(json.dumps(schema))))


@tried(200)
@given(USUAL | SCHEMAS, st.sets(st.sampled_from(sorted(FEATURES))))
def test_a_look_for_some_features_sees_these_as_a_look_for_all_does(schema, features):
    some, every = set(), set()

    nodes = look(schema, some, set(), frozenset(features))

    assert nodes == look(schema, every, set())
    assert some & features == every & features
    assert some - FEATURES == every - FEATURES
