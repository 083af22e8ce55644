"""What `normalize_schema` makes of schemas: option by option."""

import json

import pytest

from quirkbook.model import Effect
from quirkbook.plan.actions.flow import compiled_options
from quirkbook.plan.jsonschema import normalize
from quirkbook.plan.jsonschema.look import look
from quirkbook.plan.jsonschema.normalize import normalizer
from quirkbook.plan.jsonschema.normalized import Normalized

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
    "add_items",
    "add_properties",
    "flatten_any_of",
)
EVERYTHING = dict.fromkeys(FLAGS, True) | {"rename": {"definitions": "$defs"}}
TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}, "unit": {"type": "string", "enum": ["c", "f"]}},
    "required": ["city"],
    "additionalProperties": False,
}


def prop(schema):
    return {"type": "object", "properties": {"a": schema}}


def result(option, schema):
    """Normalise with one option (or a mapping of them) -> (schema, effect, notes); None where nothing is to be done."""
    normalize = normalizer(compiled_options(option) if isinstance(option, dict) else {option: True})
    done = normalize(schema)
    assert not isinstance(schema, dict) or normalize.by_tree(schema) == done  # whichever way it took
    return None if done is None else (done.schema, done.effect.value, done.notes)


def table(*rows):
    return pytest.mark.parametrize(("given_", "out", "effect"), rows)


def check(option, given_, out, effect):
    done = result(option, given_)

    assert (done and done[:2]) == (None if out is None else (out, effect))


NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}


@table(
    (
        {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}},
        {"properties": {"a": {"type": "string"}}},
        "exact",
    ),
    (
        {
            "items": {"$ref": "#/definitions/A"},
            "definitions": {"A": {"$ref": "#/$defs/B"}},
            "$defs": {"B": {"type": "null"}},
        },
        {"items": {"type": "null"}},
        "exact",
    ),
    # what stands beside a reference: annotations win, an equal keyword is no loss, else the definition wins
    (
        {
            "items": {"$ref": "#/$defs/A", "description": "mine"},
            "$defs": {"A": {"description": "its", "type": "string"}},
        },
        {"items": {"description": "mine", "type": "string"}},
        "exact",
    ),
    (
        {"items": {"$ref": "#/$defs/A", "type": "string", "minLength": 1}, "$defs": {"A": {"type": "string"}}},
        {"items": {"type": "string", "minLength": 1}},
        "exact",
    ),
    (
        {"items": {"$ref": "#/$defs/A", "type": "object"}, "$defs": {"A": {"type": "string"}}},
        {"items": {"type": "string"}},
        "lossy",
    ),
    # a reference that leads back to itself stays, with its definition alone
    (
        {"items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE, "B": {}}},
        {"items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}},
        "exact",
    ),
    ({"items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}}, None, None),
    ({"items": {"$ref": "#"}}, None, None),
    (
        {"$ref": "#/$defs/A", "$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"not": {"$ref": "#/$defs/A"}}}},
        None,
        None,
    ),
    # an alias of a loop is no loop itself
    (
        {"items": {"$ref": "#/$defs/A"}, "$defs": {"A": {"not": {"$ref": "#/$defs/Node"}}, "Node": NODE}},
        {"items": {"not": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": NODE}},
        "exact",
    ),
    # pointers: any schema position, percent and tilde escapes, definitions inside definitions, a schema `true`
    (
        {"properties": {"a": {"type": "null"}, "b": {"$ref": "#/properties/a"}}},
        {"properties": {"a": {"type": "null"}, "b": {"type": "null"}}},
        "exact",
    ),
    ({"anyOf": [{"type": "null"}, {"$ref": "#/anyOf/0"}]}, {"anyOf": [{"type": "null"}, {"type": "null"}]}, "exact"),
    ({"not": {"$ref": "#/$defs/a~1b%25"}, "$defs": {"a/b%": {"type": "null"}}}, {"not": {"type": "null"}}, "exact"),
    (
        {
            "not": {"$ref": "#/$defs/A"},
            "$defs": {"A": {"items": {"$ref": "#/$defs/A/$defs/B"}, "$defs": {"B": {"type": "null"}}}},
        },
        {"not": {"items": {"type": "null"}}},
        "exact",
    ),
    (
        {"properties": {"a": {"$ref": "#/$defs/A", "title": "t"}}, "$defs": {"A": True}},
        {"properties": {"a": {"title": "t"}}},
        "exact",
    ),
    ({"not": {"$ref": "#/$defs/A"}, "$defs": {"A": {"anyOf": [True, {}]}}}, {"not": {"anyOf": [True, {}]}}, "exact"),
    # what cannot be followed stays, and so do all definitions then
    ({"items": {"$ref": "#/$defs/B"}, "$defs": {"A": {}}}, None, None),
    ({"items": {"$ref": "http://x/y"}, "$defs": {"A": {}}}, None, None),
    ({"items": {"$ref": "#/anyOf/1"}, "anyOf": [{}], "$defs": {"A": {}}}, None, None),
    ({"items": {"$ref": "#/anyOf/x"}, "anyOf": [{}]}, None, None),
    ({"items": {"$ref": "#/title/x"}, "title": "t"}, None, None),
    ({"items": {"$ref": "#/enum/0"}, "enum": [{"type": "null"}]}, None, None),
    ({"items": {"$ref": "#/$defs/A"}, "$defs": {"A": False}}, None, None),
    ({"items": {"$ref": 7}, "$defs": {"A": {}}}, None, None),
    ({"items": {"$dynamicRef": "#x"}, "$defs": {"A": {"$dynamicAnchor": "x"}}}, None, None),
    # unused definitions go even where nothing refers
    ({"type": "string", "$defs": {"A": {}}, "definitions": {}}, {"type": "string"}, "exact"),
    ({"type": "string", "$defs": [], "title": "t"}, None, None),
)
def test_inline_refs_puts_definitions_in_the_place_of_references(given_, out, effect):
    check("inline_refs", given_, out, effect)


def doubling(levels):
    """Return a schema whose references inline to 2**levels nodes and more."""
    defs = {"D0": {"type": "string"}}
    for level in range(levels):
        below = {"$ref": f"#/$defs/D{level}"}
        defs[f"D{level + 1}"] = {"type": "object", "properties": {"a": below, "b": below}}
    return {"properties": {"x": {"$ref": f"#/$defs/D{levels}"}}, "$defs": defs}


@pytest.mark.parametrize("levels", [13, 2000])
def test_a_schema_that_inlining_would_blow_up_stays_whole_with_a_remark(levels):
    schema = doubling(levels)

    done = normalizer({"inline_refs": True})(schema)

    assert done is not None and done.schema is schema
    assert (done.effect, done.notes) == (
        Effect.NONE,
        ("inline_refs left undone: the schema would have more than 10,000 nodes",),
    )


def test_what_inlining_leaves_may_have_up_to_ten_thousand_nodes():
    many = {"properties": {f"p{at}": {"$ref": "#/$defs/A"} for at in range(9_999)}, "$defs": {"A": {"type": "null"}}}

    fits = normalizer({"inline_refs": True})(many)
    many["properties"]["more"] = {"$ref": "#/$defs/A"}
    too_many = normalizer({"inline_refs": True})(many)

    assert fits is not None and fits.effect is Effect.EXACT and "$defs" not in fits.schema
    assert too_many is not None and too_many.effect is Effect.NONE


@table(
    ({"$ref": "#/$defs/A", "description": "d", "$defs": {"A": {}}}, {"$ref": "#/$defs/A", "$defs": {"A": {}}}, "lossy"),
    (
        {"items": {"$ref": "#/$defs/A", "type": "string", "$comment": "c"}, "$defs": {"A": {"type": "string"}}},
        {"items": {"$ref": "#/$defs/A"}, "$defs": {"A": {"type": "string"}}},
        "exact",
    ),
    ({"$ref": "http://x", "type": "string"}, {"$ref": "http://x"}, "lossy"),
    ({"$ref": "#", "type": "string"}, {"$ref": "#"}, "lossy"),
    ({"$ref": 7, "type": "string"}, None, None),
    ({"items": {"$ref": "#"}}, None, None),
)
def test_strip_ref_siblings_leaves_a_reference_alone(given_, out, effect):
    check("strip_ref_siblings", given_, out, effect)


@pytest.mark.parametrize(
    ("pairs", "given_", "out", "effect"),
    [
        (
            {"definitions": "$defs"},
            {"items": {"$ref": "#/definitions/A"}, "definitions": {"A": {}}},
            {"items": {"$ref": "#/$defs/A"}, "$defs": {"A": {}}},
            "exact",
        ),
        (
            {"definitions": "$defs"},
            {
                "not": {"$ref": "#/definitions/A"},
                "definitions": {"A": {"title": "1"}, "B": {}},
                "$defs": {"A": {}, "A_2": {}},
            },
            {"not": {"$ref": "#/$defs/A_3"}, "$defs": {"A": {}, "A_2": {}, "A_3": {"title": "1"}, "B": {}}},
            "exact",
        ),
        ({"definitions": "$defs"}, {"definitions": {"A": {}}, "$defs": None}, {"$defs": {"A": {}}}, "exact"),
        ({"definitions": "$defs"}, {"definitions": {"A": {}}, "$defs": []}, {"$defs": []}, "lossy"),
        (
            {"definitions": "$defs"},
            prop({"type": "string", "not": {"$ref": "#/definitions/a%b~c"}, "definitions": {}})
            | {"definitions": {"a%b~c": {}}},
            prop({"type": "string", "not": {"$ref": "#/$defs/a%25b~0c"}, "$defs": {}}) | {"$defs": {"a%b~c": {}}},
            "exact",
        ),
        ({"oneOf": "anyOf"}, {"oneOf": [{"oneOf": []}]}, {"anyOf": [{"anyOf": []}]}, "lossy"),
        ({"oneOf": "anyOf"}, {"oneOf": [{}], "anyOf": []}, {"anyOf": []}, "lossy"),
        ({"x": "y", "y": "z"}, {"x": 1}, {"z": 1}, "lossy"),
        ({"definitions": "$defs"}, prop({"type": "string"}) | {"properties": {"definitions": {}}}, None, None),
        ({"x": "y", "y": "x"}, {"x": 1}, None, None),
        ({"oneOf": "items"}, {"oneOf": []}, None, None),
        ({"enum": "examples"}, {"enum": [1]}, None, None),
        ({"x": "$ref"}, {"x": "#"}, None, None),
    ],
)
def test_rename_gives_keywords_other_names_and_references_follow(pairs, given_, out, effect):
    check({"rename": pairs}, given_, out, effect)


@table(
    ({"type": "string", "nullable": True}, {"type": "string"}, "lossy"),
    ({"type": "string", "nullable": False}, {"type": "string"}, "exact"),
    ({"type": ["string", "null"], "enum": ["a", None]}, {"type": "string", "enum": ["a"]}, "lossy"),
    ({"type": ["string", "null"], "enum": [None]}, {"type": "string", "enum": [None]}, "lossy"),
    ({"type": ["integer", "string", "null"]}, {"type": ["integer", "string"]}, "lossy"),
    ({"type": ["null"]}, {"type": "null"}, "exact"),
    (
        prop(
            {
                "anyOf": [{"type": "string", "description": "its", "minLength": 1}, {"type": "null"}],
                "description": "mine",
                "default": None,
            }
        ),
        prop({"type": "string", "minLength": 1, "description": "mine", "default": None}),
        "lossy",
    ),
    (
        {"oneOf": [{"type": "string"}, {"type": "integer"}, {"const": None}]},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "lossy",
    ),
    ({"anyOf": [{"enum": [None]}, {"anyOf": [{"type": ["null"]}, {"title": "t"}]}]}, {"title": "t"}, "lossy"),
    ({"anyOf": [True, {"type": "null"}], "title": "t"}, {"title": "t"}, "lossy"),
    ({"anyOf": [False, {"type": "null"}]}, {"anyOf": [False]}, "lossy"),
    # one branch left that contradicts its parent, or a reference that must stand alone, stays a branch
    (
        {"anyOf": [{"minLength": 2}, {"type": "null"}], "minLength": 1},
        {"anyOf": [{"minLength": 2}], "minLength": 1},
        "lossy",
    ),
    ({"anyOf": [{"minLength": 1}, {"type": "null"}], "minLength": 1}, {"minLength": 1}, "lossy"),
    ({"not": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, {"not": {"$ref": "#"}}, "lossy"),
    (
        prop({"anyOf": [{"$ref": "#"}, {"type": "null"}], "title": "t"}),
        prop({"anyOf": [{"$ref": "#"}], "title": "t"}),
        "lossy",
    ),
    (
        prop({"anyOf": [{"title": "t"}, {"type": "null"}], "$ref": "#"}),
        prop({"anyOf": [{"title": "t"}], "$ref": "#"}),
        "lossy",
    ),
    # null that ends a recursion stays, however it is written
    ({"anyOf": [{"$ref": "#"}, {"type": "null"}], "title": "t"}, None, None),
    (NODE | {"type": ["object", "null"], "required": ["next"], "$defs": {"Node": {"$ref": "#"}}}, None, None),
    (
        {"type": "object", "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}, "required": ["next"]},
        None,
        None,
    ),
    ({"type": ["array", "null"], "items": {"$ref": "#"}, "minItems": 1}, None, None),
    ({"type": ["array", "null"], "items": {"$ref": "#"}}, {"type": "array", "items": {"$ref": "#"}}, "lossy"),
    # references to a branch follow it to where it goes
    (
        {"properties": {"a": {"anyOf": [{"type": "null"}, {"items": {}}]}, "b": {"$ref": "#/properties/a/anyOf/1"}}},
        {"properties": {"a": {"items": {}}, "b": {"$ref": "#/properties/a"}}},
        "lossy",
    ),
    # nothing but null, or no null at all
    ({"anyOf": [{"type": "null"}]}, None, None),
    ({"anyOf": [{"type": "string"}, {}]}, None, None),
    ({"anyOf": {"type": "null"}}, None, None),
)
def test_collapse_nullable_reduces_this_or_null_to_this(given_, out, effect):
    check("collapse_nullable", given_, out, effect)


@table(
    ({"const": "a", "title": "t"}, {"enum": ["a"], "title": "t"}, "exact"),
    ({"enum": ["a", "b"], "const": "a"}, {"enum": ["a"]}, "lossy"),
    ({"properties": {"const": {"type": "string"}}, "default": {"const": 1}}, None, None),
)
def test_const_becomes_an_enum_of_one_value(given_, out, effect):
    check("const_as_enum", given_, out, effect)


@table(
    (
        {"items": [{"type": "string"}, True], "minItems": 2},
        {"prefixItems": [{"type": "string"}, True], "minItems": 2},
        "lossy",
    ),
    ({"items": [{}], "additionalItems": {"type": "null"}}, {"prefixItems": [{}], "items": {"type": "null"}}, "lossy"),
    ({"items": [{}], "additionalItems": False}, {"prefixItems": [{}]}, "lossy"),
    ({"items": [{}], "prefixItems": [{"title": "t"}]}, {"prefixItems": [{"title": "t"}, {}]}, "lossy"),
    ({"items": [{}], "prefixItems": "odd"}, {"prefixItems": "odd"}, "lossy"),
    ({"items": []}, {}, "lossy"),
    ({"prefixItems": [{}], "items": False}, {"prefixItems": [{}]}, "lossy"),
    ({"items": True}, {}, "exact"),
    ({"items": {"items": {}}}, None, None),
    ({"items": "x"}, None, None),
)
def test_tuple_items_writes_lists_of_schemas_as_prefix_items(given_, out, effect):
    check("tuple_items", given_, out, effect)


@table(
    ({"enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}, "exact"),
    ({"enum": [1, 2.5]}, {"type": "number", "enum": [1, 2.5]}, "exact"),
    ({"enum": [True]}, {"type": "boolean", "enum": [True]}, "exact"),
    ({"const": None}, {"type": "null", "const": None}, "exact"),
    ({"type": None, "properties": {}}, {"type": "object", "properties": {}}, "exact"),
    ({"items": {"minLength": 1}}, {"type": "array", "items": {"type": "string", "minLength": 1}}, "exact"),
    ({"not": {"minimum": 1}}, {"not": {"type": "number", "minimum": 1}}, "exact"),
    ({"default": 5}, {"type": "integer", "default": 5}, "lossy"),
    ({"examples": ["a"]}, {"type": "string", "examples": ["a"]}, "lossy"),
    (prop({}), prop({"type": "string"}), "lossy"),
    (prop({"description": "x", "enum": []}), prop({"type": "string", "description": "x", "enum": []}), "lossy"),
    ({"items": {}}, {"type": "array", "items": {"type": "string"}}, "lossy"),
    (
        {"prefixItems": [{"examples": [1, "a"]}]},
        {"type": "array", "prefixItems": [{"type": "string", "examples": [1, "a"]}]},
        "lossy",
    ),
    # values that disagree, references and compositions tell something else; a root may be anything
    (prop({"enum": ["a", 1]}), None, None),
    (prop({"const": ()}), None, None),
    (prop({"anyOf": [{"type": "string"}], "default": "x"}), None, None),
    (prop({"$ref": "#"}), None, None),
    (prop({"oneOf": [{"type": "string"}]}), None, None),
    ({}, None, None),
    ({"type": "object", "additionalProperties": {}}, None, None),
)
def test_infer_type_adds_the_type_that_other_keywords_imply(given_, out, effect):
    check("infer_type", given_, out, effect)


@table(
    ({"type": "string", "enum": ["a", "", None]}, {"type": "string", "enum": ["a"]}, "lossy"),
    ({"type": "string", "enum": ["", None]}, {"type": "string"}, "lossy"),
    ({"type": ["string", "null"], "enum": ["a", "", None]}, {"type": ["string", "null"], "enum": ["a", None]}, "lossy"),
    ({"type": ["string", "null"], "enum": [None]}, {"type": ["string", "null"]}, "lossy"),
    ({"enum": ["a", 1, 1.5, True, "1", None]}, {"enum": ["a", "1", "1.5", "true"]}, "lossy"),
    ({"type": "string", "enum": [1, 2]}, {"type": "string", "enum": ["1", "2"]}, "lossy"),
    ({"type": "string", "enum": ["a", 10**5000, {}]}, {"type": "string", "enum": ["a"]}, "lossy"),
    ({"type": "integer", "enum": [1, "2", None]}, {"type": "integer", "enum": [1]}, "lossy"),
    ({"enum": [1, None]}, {"enum": [1]}, "lossy"),
    ({"type": "boolean", "enum": [True, False]}, {"type": "boolean"}, "lossy"),
    ({"enum": [1, {"a": 1}]}, {}, "lossy"),
    ({"enum": [1, True]}, {}, "lossy"),
    ({"enum": [1, 2.5]}, None, None),
    ({"enum": [None]}, None, None),
    ({"type": "null", "enum": [None]}, None, None),
    ({"type": "string", "enum": []}, None, None),
    ({"type": "string", "enum": "a"}, None, None),
    (TOOL, None, None),
)
def test_clean_enum_leaves_values_of_one_type(given_, out, effect):
    check("clean_enum", given_, out, effect)


def test_an_enum_of_booleans_keeps_its_type_when_types_are_inferred():
    check({"clean_enum": True, "infer_type": True}, {"enum": [True, False]}, {"type": "boolean"}, "lossy")


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"minimum": 1, "maximum": 10}, "At least 1; at most 10."),
        ({"description": "How many", "exclusiveMinimum": 0}, "How many. More than 0."),
        ({"description": "How many?  ", "multipleOf": 5}, "How many? A multiple of 5."),
        ({"description": " ", "pattern": "^a$"}, "Matches the pattern ^a$."),
        ({"description": None, "format": "date"}, "Format date."),
        ({"enum": ["a", None, 1]}, "One of a, null, 1."),
        ({"const": {"a": True}}, 'Always {"a": true}.'),
        ({"default": True}, "default: true."),
        ({"uniqueItems": True, "additionalProperties": False}, "No item twice; no other properties."),
        ({"exclusiveMaximum": True}, "exclusiveMaximum: true."),
        ({"propertyNames": {"pattern": "^a"}, "examples": 5}, 'propertyNames: {"pattern": "^a"}; for example 5.'),
        ({"anyOf": [{"minimum": 2}, True]}, 'anyOf: [{"minimum": 2}, true].'),
        ({"title": "T", "minLength": 3}, "title: T; length at least 3."),
    ],
)
def test_describe_puts_constraints_into_the_description(given_, said):
    keywords = ["description", *(word for word in given_ if word != "description")]

    assert result({"describe": keywords}, given_)[:2] == ({"description": said}, "lossy")


@pytest.mark.parametrize("given_", [{"uniqueItems": False}, {"additionalProperties": True}, {"default": {1, 2}}])
def test_describe_drops_in_silence_what_demands_nothing_or_cannot_be_said(given_):
    assert result({"describe": [*given_]}, given_) == ({}, "lossy", (f"describe {next(iter(given_))} at the root",))


def test_describe_never_overwrites_a_description_that_is_no_text():
    assert result({"describe": ["minimum"]}, {"minimum": 1, "description": 7})[0] == {"description": 7}


@pytest.mark.parametrize(
    ("keywords", "given_", "out", "effect"),
    [
        (["$schema"], {"$schema": "x", "type": "object"}, {"type": "object"}, "exact"),
        (["title"], {"title": "t", "items": {"title": "u", "type": "string"}}, {"items": {"type": "string"}}, "lossy"),
        (["strict", "enum", "type"], {"properties": {"strict": True, "enum": {}, "type": {}}}, None, None),
        (["a"], {"enum": [{"a": 1}], "const": {"a": 1}, "default": {"a": 1}, "examples": [{"a": 1}]}, None, None),
    ],
)
def test_drop_takes_keywords_but_never_properties_or_data(keywords, given_, out, effect):
    check({"drop": keywords}, given_, out, effect)


@table(
    (
        prop({"type": "string", "anyOf": [{"minLength": 1}, {"type": None}, True]}),
        prop({"anyOf": [{"type": "string", "minLength": 1}, {"type": "string"}, {"type": "string"}]}),
        "exact",
    ),
    (
        {"type": "number", "anyOf": [{"type": "integer"}, {}]},
        {"anyOf": [{"type": "integer"}, {"type": "number"}]},
        "exact",
    ),
    (
        {"type": ["string", "null"], "anyOf": [{"title": "t"}, {"type": "null"}]},
        {"anyOf": [{"type": ["string", "null"], "title": "t"}, {"type": "null"}]},
        "exact",
    ),
    ({"type": "object", "anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}, "lossy"),
    ({"type": "object", "anyOf": [{"type": 7}]}, {"anyOf": [{"type": 7}]}, "lossy"),
    (
        {"type": "object", "anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "object"}}},
        {"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "object"}}},
        "exact",
    ),
    ({"type": "object", "anyOf": [{"$ref": "http://x"}]}, {"anyOf": [{"$ref": "http://x"}]}, "lossy"),
    ({"type": "object", "anyOf": [{"anyOf": [{}]}]}, {"anyOf": [{"anyOf": [{"type": "object"}]}]}, "exact"),
    ({"type": "object", "anyOf": []}, None, None),
    ({"type": "object", "anyOf": "x"}, None, None),
    ({"type": "object", "anyOf": [False, 7]}, None, None),
    ({"type": "object", "oneOf": [{}]}, None, None),
    ({"anyOf": [{}]}, None, None),
)
def test_move_type_into_any_of_gives_it_to_each_branch_that_lacks_one(given_, out, effect):
    check("move_type_into_any_of", given_, out, effect)


def test_a_root_that_must_be_an_object_keeps_its_type_beside_any_of():
    schema = prop({"type": "string", "anyOf": [{}]}) | {"anyOf": [{"title": "t"}]}

    done = result({"move_type_into_any_of": True, "require_root_object": True}, schema)

    assert done[0] == prop({"anyOf": [{"type": "string"}]}) | {"anyOf": [{"title": "t"}]}


@table(
    ({}, {"type": "object", "properties": {}}, "exact"),
    ({"type": None, "properties": None}, {"type": "object", "properties": {}}, "exact"),
    ({"type": ["object", "null"], "properties": {}}, {"type": "object", "properties": {}}, "exact"),
    ({"type": "object", "title": "t"}, {"type": "object", "title": "t", "properties": {}}, "exact"),
    (
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": NODE, "Node": NODE}},
        NODE | {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": NODE, "Node": NODE}},
        "exact",
    ),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, None, None),
    ({"$ref": "#"}, None, None),
    ({"type": "string"}, None, None),
    ({"type": "object", "properties": []}, None, None),
    (prop({"items": {}}), None, None),
    (True, None, None),
    (None, None, None),
)
def test_require_root_object_makes_the_root_an_object_with_properties(given_, out, effect):
    check("require_root_object", given_, out, effect)


@table(
    ({"type": "object"}, {"type": "object", "required": []}, "exact"),
    ({"required": None}, {"required": []}, "exact"),
    ({"items": {"type": "object", "required": ["a"]}}, None, None),
    ({"type": "object", "required": True}, None, None),
    ({"type": "object", "$ref": "#"}, None, None),
    ({"type": "string"}, None, None),
)
def test_required_as_list_gives_each_object_a_list(given_, out, effect):
    check("required_as_list", given_, out, effect)


@table(
    (prop({}) | {"required": ["a", "b", 7, ["a"]]}, prop({}) | {"required": ["a"]}, "lossy"),
    ({"required": ["a"]}, {"required": []}, "lossy"),
    ({"anyOf": [{"required": ["a"]}]}, {"anyOf": [{"required": []}]}, "lossy"),
    ({"required": ["a"], "allOf": [prop({})]}, {"required": [], "allOf": [prop({})]}, "lossy"),
    ({"required": ["a"], "$ref": "#"}, None, None),
    ({"required": "a"}, None, None),
    ({"required": []}, None, None),
    (TOOL, None, None),
)
def test_prune_required_takes_names_without_a_property(given_, out, effect):
    check("prune_required", given_, out, effect)


@table(
    (prop({"type": ["string", "integer"]}), prop({"type": "string"}), "lossy"),
    (prop({"type": ["null", "integer"]}), prop({"type": "integer"}), "lossy"),
    (prop({"type": ["integer"]}), prop({"type": "integer"}), "exact"),
    ({"type": [], "title": "A"}, {"title": "A"}, "lossy"),
    (prop({"anyOf": [{"type": "string"}], "type": "string"}), prop({"type": "string"}), "lossy"),
    (
        prop({"anyOf": [{"type": "string"}, {}], "title": "A"}),
        prop({"anyOf": [{"type": "string"}], "title": "A"}),
        "lossy",
    ),
    (prop({"anyOf": [{}, {"title": "A"}], "title": "A"}), prop({"title": "A"}), "lossy"),
    (prop({"anyOf": [{"default": 1}, {"examples": ["a"]}, {"$ref": "#"}]}), None, None),
    (prop({"type": "array"}), prop({"type": "array", "items": {"type": "string"}}), "lossy"),
    (prop({"type": "array", "items": {}}), None, None),
    (prop({"type": "string", "enum": ["a"]}), None, None),
    (prop({"enum": ["a", None]}), None, None),
    (prop({"type": "integer", "enum": [1, 2]}), prop({"type": "integer", "description": "One of 1, 2."}), "lossy"),
    ({"type": "object", "properties": {"a": True}}, prop({}), "exact"),
    ({"type": "object", "properties": {"a": {}, "b": False}}, prop({}), "lossy"),
    ({"anyOf": [False, {"type": "string"}]}, {"anyOf": [{"type": "string"}]}, "lossy"),
    ({"allOf": [True, {"type": "string"}]}, {"allOf": [{}, {"type": "string"}]}, "exact"),
    ({"items": True}, {"items": {}}, "exact"),
    ({"type": "array", "items": False}, {"type": "array", "items": {}}, "lossy"),
    ({"items": [{"type": "string"}, {}]}, {"items": {"type": "string"}}, "lossy"),
    ({"type": "array", "prefixItems": [True]}, {"type": "array", "items": {}}, "lossy"),
    (prop({"type": "string", "properties": {}, "items": {}}), prop({"type": "string"}), "lossy"),
    (prop({"type": "array", "items": {}, "required": []}), prop({"type": "array", "items": {}}), "lossy"),
    ({"anyOf": "no list", "properties": 7}, None, None),
    (TOOL, None, None),
)
def test_one_type_leaves_what_a_record_of_fixed_fields_can_hold(given_, out, effect):
    check("one_type", given_, out, effect)


def test_one_type_gives_no_items_that_are_to_be_dropped():
    assert result({"one_type": True, "drop": ["items"]}, {"type": "array"}) is None


def test_notes_name_each_edit_with_its_place_in_the_original_in_document_order():
    schema = {
        "properties": {
            "a/b": {"type": "string", "anyOf": [{"title": "t"}, {"type": "null"}]},
            "c": {"$ref": "#/definitions/C"},
            "d": {"$ref": "#/definitions/C"},
        },
        "required": ["z"],
        "definitions": {"C": {"properties": {"x": {}}}},
    }

    assert result(EVERYTHING, schema) == (
        {
            "type": "object",
            "properties": {
                "a/b": {"type": "string", "title": "t"},
                "c": {"type": "object", "properties": {"x": {"type": "string"}}, "required": []},
                "d": {"type": "object", "properties": {"x": {"type": "string"}}, "required": []},
            },
            "required": [],
        },
        "lossy",
        (
            "inline_refs: unused definitions at the root",
            "infer_type at the root",
            "prune_required at the root",
            "collapse_nullable at /properties/a~1b",
            "inline_refs at /properties/c",
            "infer_type at /properties/c",
            "required_as_list at /properties/c",
            "inline_refs at /properties/d",
            "infer_type at /properties/d",
            "required_as_list at /properties/d",
            "infer_type at /definitions/C/properties/x",
        ),
    )


def test_what_another_option_takes_away_is_never_written():
    options = EVERYTHING | {"drop": ["type", "properties"], "describe": ["required"]}

    assert result(options, {"type": "object", "properties": {}, "required": []})[0] == {"description": "required: []."}


def test_untouched_branches_are_shared_with_the_original():
    schema = prop({"title": "t"}) | {"items": {"anyOf": [{}, True]}, "enum": [[]]}

    done = normalizer({"drop": ["title"]})(schema)

    assert done == Normalized(
        prop({}) | {"items": {"anyOf": [{}, True]}, "enum": [[]]}, Effect.LOSSY, ("drop title at /properties/a",)
    )
    assert done.schema["items"] is schema["items"] and done.schema["enum"] is schema["enum"]


def test_a_clean_schema_is_not_looked_at_twice(monkeypatch):
    monkeypatch.setattr(normalize, "plant", None)

    assert normalizer(EVERYTHING)(TOOL) is None


OPTIONAL = {"anyOf": [{"type": "string"}, {"type": "null"}]}


@table(
    # beside something that no keyword tells, in something else that is to be repaired, more than a few
    (prop(OPTIONAL | {"title": "t"}) | {"type": ["object", "null"]}, prop({"type": "string", "title": "t"}), "lossy"),
    (
        prop({"anyOf": [{"type": "string", "nullable": True}, {"type": "null"}]}) | {"type": ["object", "null"]},
        prop({"type": "string"}),
        "lossy",
    ),
    (prop({"anyOf": [prop(OPTIONAL), {"type": "null"}]}), prop(prop({"type": "string"})), "lossy"),
    (prop({"anyOf": [{"type": "null"}, prop(prop(OPTIONAL))]}), prop(prop(prop({"type": "string"}))), "lossy"),
    (
        {"properties": {f"p{at}": OPTIONAL for at in range(20)}},
        {"properties": {f"p{at}": {"type": "string"} for at in range(20)}},
        "lossy",
    ),
    (
        {"properties": {f"p{at}": OPTIONAL for at in range(20)}, "items": OPTIONAL},
        {"properties": {f"p{at}": {"type": "string"} for at in range(20)}, "items": {"type": "string"}},
        "lossy",
    ),
    (
        {"patternProperties": [], "properties": {"a": OPTIONAL, "b": OPTIONAL}},
        {"patternProperties": [], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        "lossy",
    ),
    # deep below others, in lists and right under a keyword; data stay as they are
    (prop(prop({"items": OPTIONAL, "not": {}})), prop(prop({"items": {"type": "string"}, "not": {}})), "lossy"),
    ({"allOf": [{}, {"not": OPTIONAL}]}, {"allOf": [{}, {"not": {"type": "string"}}]}, "lossy"),
    ({"default": {"x": OPTIONAL}, "x": {"not": OPTIONAL}}, None, None),
    ({"prefixItems": OPTIONAL, "properties": [OPTIONAL | {"title": "t"}]}, None, None),
)
def test_nullable_schemas_are_found_wherever_they_stand(given_, out, effect):
    check("collapse_nullable", json.loads(json.dumps(given_)), out, effect)


def test_a_schema_in_two_places_is_repaired_in_both():
    shared = {"anyOf": [{"type": "string"}, {"type": "null"}]}

    done = result("collapse_nullable", {"properties": {"a": shared, "b": shared}})

    assert done[0] == {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert done[2] == ("collapse_nullable at /properties/a", "collapse_nullable at /properties/b")


def test_what_goes_with_the_schema_around_it_is_not_mentioned():
    schema = {"not": {"title": "t", "items": {"title": "u"}}, "default": {"title": "v"}, "if": {"title": "w"}}

    assert result({"drop": ["not", "title"]}, schema) == (
        {"default": {"title": "v"}, "if": {}},
        "lossy",
        ("drop not at the root", "drop title at /if"),
    )


def test_a_branch_that_loses_what_it_said_goes_too():
    schema = prop({"anyOf": [{"anyOf": [{}], "title": "A"}, {"type": "string"}]})

    assert result("one_type", schema)[0] == prop({"anyOf": [{"type": "string"}]})


def test_references_in_branches_in_definitions_and_to_one_another_are_inlined():
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}, "b": {"$ref": "#/$defs/B"}},
        "$defs": {"A": {"type": "object", "properties": {"x": {"$ref": "#/$defs/C"}}}, "B": {"$ref": "#/$defs/C"}}
        | {"C": {"type": "string"}},
    }

    done = result({"inline_refs": True, "collapse_nullable": True}, schema)

    assert done[0]["properties"] == {"a": prop({"type": "string"}) | {"properties": {"x": {"type": "string"}}}} | {
        "b": {"type": "string"}
    }


def test_notes_in_one_line_are_written_when_somebody_asks():
    schema = {"title": "t", "not": {"title": "u"}}
    done = normalizer({"drop": ["title"]})(schema)

    assert done is not None and str(done) == "drop title at the root; drop title at /not"
    assert done != "drop title"


def test_a_place_that_has_changed_since_is_not_named():
    schema = {"title": "t", "not": {"title": "u"}}
    done = normalizer({"drop": ["title"]})(schema)
    schema["not"] = {}

    assert done is not None and done.notes == ("drop title at the root",)


def test_what_a_look_has_shown_is_not_looked_for_again(monkeypatch):
    words = set()
    nodes = look(OPTIONAL, words, set())
    monkeypatch.setattr(normalize, "look", None)

    done = normalizer({"collapse_nullable": True})(OPTIONAL, words | {"more"}, nodes)

    assert done is not None and done.schema == {"type": "string"}


def test_rounds_over_a_tree_come_to_an_end_even_if_repairs_would_not(monkeypatch):
    monkeypatch.setattr(normalize, "_ROUNDS", 1)

    assert normalizer({"const_as_enum": True}).by_tree({"const": 1}).schema == {"enum": [1]}


def test_rounds_come_to_an_end_even_if_repairs_would_not(monkeypatch):
    monkeypatch.setattr(normalize, "_ROUNDS", 1)

    assert result("const_as_enum", {"const": 1})[0] == {"enum": [1]}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda below: prop(below),
        lambda below: {"not": below},
        lambda below: {"anyOf": [below, {"type": "null"}]},
        lambda below: {"items": [below]},
        lambda below: {"$defs": {"A": below}, "$ref": "#/$defs/A"},
    ],
)
def test_schemas_of_five_thousand_levels_pass(wrap):
    schema = {"const": 1}
    for _ in range(5_000):
        schema = wrap(schema)
    normalize = normalizer(EVERYTHING)

    done = normalize(schema)

    assert done is not None and normalize(done.schema) is None


def test_data_of_five_thousand_levels_pass():
    data = []
    for _ in range(5_000):
        data = [data]
    options = {"const_as_enum": True, "describe": ["default", "title"]}

    assert result(options, {"const": data, "default": data, "title": data})[0] == {"enum": [data]}
