"""What `normalize_schema` adds to schemas, and what it makes of unions; and what stays satisfiable by it."""

import pytest
from tests.plan.test_jsonschema import check, prop, result, table
from tests.running import brief

from quirkbook.plan.jsonschema import finite
from quirkbook.plan.jsonschema.normalize import normalizer

TEXT, NULL = {"type": "string"}, {"type": "null"}


def closed(properties, **more):
    return {
        "type": "object",
        "properties": properties,
        **more,
        "required": list(properties),
        "additionalProperties": False,
    }


def thing(properties, *required, **more):
    return {"type": "object", "properties": properties, "required": list(required), **more}


@table(
    ({"type": "array"}, {"type": "array", "items": {}}, "exact"),
    (prop({"type": ["array", "null"]}), prop({"type": ["array", "null"], "items": {}}), "exact"),
    ({"type": "array", "items": TEXT}, None, None),
    ({"type": "array", "items": None}, None, None),
    ({"type": "string"}, None, None),
)
def test_add_items_lets_an_array_have_any(given_, out, effect):
    check("add_items", given_, out, effect)


@table(
    ({"type": "object"}, {"type": "object", "properties": {}}, "exact"),
    (prop({"type": ["null", "object"]}), prop({"type": ["null", "object"], "properties": {}}), "exact"),
    (prop(TEXT), None, None),
    ({"required": []}, None, None),
)
def test_add_properties_gives_an_object_an_empty_map(given_, out, effect):
    check("add_properties", given_, out, effect)


@table(
    ({"anyOf": [{"anyOf": [TEXT, NULL]}, {}]}, {"anyOf": [TEXT, NULL, {}]}, "exact"),
    (
        prop({"anyOf": [NULL, {"anyOf": [TEXT, {"anyOf": [True]}], "title": "A"}]}),
        prop({"anyOf": [NULL, TEXT, True]}),
        "lossy",
    ),
    ({"anyOf": [{"anyOf": [TEXT], "type": "string"}]}, None, None),
    ({"anyOf": [{"anyOf": []}, {"anyOf": TEXT}, TEXT]}, None, None),
    ({"anyOf": "odd"}, None, None),
    (
        {"anyOf": [{"anyOf": [TEXT]}], "properties": {"a": {"$ref": "#/anyOf/0/anyOf/0"}}},
        {"anyOf": [TEXT], "properties": {"a": {"$ref": "#/anyOf/0"}}},
        "exact",
    ),
)
def test_flatten_any_of_makes_one_union_of_nested_ones(given_, out, effect):
    check("flatten_any_of", given_, out, effect)


@table(
    (thing({"a": TEXT}, "a"), closed({"a": TEXT}), "exact"),
    (thing({"a": TEXT}, "a", additionalProperties=True), closed({"a": TEXT}), "lossy"),
    (thing({}), closed({}), "exact"),
    (prop(TEXT), closed({"a": {"type": ["string", "null"]}}), "lossy"),
    (prop({"enum": ["a"]}), closed({"a": {"anyOf": [{"enum": ["a"]}, NULL]}}), "lossy"),
    (
        prop({"type": ["string", "integer"], "enum": ["a", 1]}),
        closed({"a": {"type": ["string", "integer", "null"], "enum": ["a", 1, None]}}),
        "lossy",
    ),
    (prop({"const": "a", "title": "A"}), closed({"a": {"title": "A", "anyOf": [{"const": "a"}, NULL]}}), "lossy"),
    (prop({"anyOf": [TEXT], "title": "A"}), closed({"a": {"anyOf": [TEXT, NULL], "title": "A"}}), "lossy"),
    (prop({"$ref": "#"}), closed({"a": {"anyOf": [{"$ref": "#"}, NULL]}}), "lossy"),
    # what allows null already is only required
    (prop({"anyOf": [TEXT, NULL]}), closed({"a": {"anyOf": [TEXT, NULL]}}), "exact"),
    (prop({"type": ["string", "null"]}), closed({"a": {"type": ["string", "null"]}}), "exact"),
    (prop(NULL), closed({"a": NULL}), "exact"),
    (prop(True), closed({"a": True}), "exact"),
    (prop({"title": "A"}), closed({"a": {"title": "A"}}), "exact"),
    (
        prop({"$ref": "#/$defs/A"}) | {"$defs": {"A": NULL}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": NULL}, "required": ["a"],
         "additionalProperties": False},
        "exact",
    ),
    (
        prop({"$ref": "#/$defs/A"}) | {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": NULL}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/B"}, "B": NULL},
         "required": ["a"], "additionalProperties": False},
        "exact",
    ),
    (prop({"$ref": "http://a"}), closed({"a": {"anyOf": [{"$ref": "http://a"}, NULL]}}), "lossy"),
    # all objects, wherever they stand
    (
        thing({"a": {"type": "array", "items": thing({"b": TEXT}, "b")}}, "a"),
        closed({"a": {"type": "array", "items": closed({"b": TEXT})}}),
        "exact",
    ),
    ({"anyOf": [thing({"b": TEXT}, "b"), NULL]}, {"anyOf": [closed({"b": TEXT}), NULL]}, "exact"),
    # a closed one needs nothing
    (closed({"a": TEXT}), None, None),
    ({"type": "object", "additionalProperties": False}, None, None),
    (TEXT, None, None),
)  # fmt: skip
def test_close_objects_shuts_each_and_requires_all_it_has(given_, out, effect):
    check("close_objects", given_, out, effect)


def test_close_objects_reaches_objects_at_any_depth():
    def nested(depth, around):
        schema = around({"a": TEXT})
        for _ in range(depth):
            schema = around({"a": schema})
        return schema

    for depth in (90, 150):  # the fast way ends at a hundred
        assert result("close_objects", nested(depth, lambda each: thing(each, "a")))[0] == nested(depth, closed)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "object"},
        {"type": "object", "additionalProperties": TEXT},
        prop(TEXT) | {"additionalProperties": TEXT},
        prop(TEXT) | {"patternProperties": {}},
        prop(TEXT) | {"anyOf": [{"required": ["a"]}]},
        prop(TEXT) | {"required": ["b"]},
        prop(TEXT) | {"required": "a"},
        prop(False),
        {"type": "object", "properties": 7},
        {"allOf": [prop(TEXT)]},
        {"not": prop(TEXT)},
        {"$ref": "#/$defs/A", "properties": {}},
        {"allOf": [{"$ref": "#/$defs/A"}]},
        {"type": "object", "required": ["a"], "additionalProperties": False},
    ],
    ids=brief,
)
def test_close_objects_leaves_a_schema_alone_in_which_one_object_cannot_be_closed(odd):
    assert (
        result("close_objects", thing({"b": odd, "c": thing({"d": TEXT})}, "b", "c") | {"$defs": {"A": prop(TEXT)}})
        is None
    )


MERGE = {"root": {"any_of": "merge"}}


@table(
    (
        prop(TEXT) | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"type": "object", "properties": {"a": TEXT}},
        "lossy",
    ),
    (
        {"anyOf": [thing({"a": TEXT, "k": TEXT}, "k", "a"), thing({"b": TEXT, "k": NULL}, "k")], "title": "T"},
        {
            "type": "object",
            "properties": {"a": TEXT, "k": {"anyOf": [TEXT, NULL]}, "b": TEXT},
            "required": ["k"],
            "title": "T",
        },
        "lossy",
    ),
    (
        thing({"k": TEXT}, "k") | {"allOf": [thing({"a": TEXT}, "a"), thing({"k": NULL}, "k")]},
        {"type": "object", "properties": {"k": TEXT, "a": TEXT}, "required": ["k", "a"]},
        "lossy",
    ),
    # closed where each was, or all at once were
    ({"anyOf": [closed({"a": TEXT}), closed({})]}, {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}, "lossy"),
    ({"anyOf": [closed({"a": TEXT}), True]}, prop(TEXT), "lossy"),
    ({"allOf": [closed({"a": TEXT}), {}]}, closed({"a": TEXT}), "lossy"),
    ({"allOf": [closed({"a": TEXT}), {"patternProperties": {}}]}, thing({"a": TEXT}, "a"), "lossy"),
    # references are followed, and what is no object is passed over
    (
        {"anyOf": [{"$ref": "#/$defs/A"}, TEXT, False, {"$ref": "#/nope"}], "$defs": {"A": prop(TEXT)}},
        {"type": "object", "properties": {"a": TEXT}, "$defs": {"A": prop(TEXT)}},
        "lossy",
    ),
    ({"anyOf": [TEXT, NULL]}, None, None),
    ({"anyOf": [prop(TEXT)], "type": "array"}, None, None),
    (prop({"anyOf": [prop(TEXT)]}), None, None),
    ({"anyOf": "odd", "type": "object"}, None, None),
)  # fmt: skip
def test_root_makes_one_object_of_a_union(given_, out, effect):
    check(MERGE, given_, out, effect)


LOOKAHEAD = {"drop_where": {"pattern": {"matches": ".*[(][?].*"}, "default": None, "minimum": {"lt": 0}}}


@table(
    (prop({"type": "string", "pattern": "^(?=a)b"}), prop(TEXT), "lossy"),
    (prop({"default": None, "minimum": -1}), prop({}), "lossy"),
    (prop({"pattern": "^a", "default": 0, "minimum": 0}), None, None),
    ({"properties": {"pattern": {"const": "(?"}}, "examples": [{"default": None}]}, None, None),
)
def test_drop_where_drops_keywords_by_their_value(given_, out, effect):
    check(LOOKAHEAD, given_, out, effect)


def test_drop_where_leaves_keywords_that_hold_schemas_and_what_it_may_drop_is_never_written():
    assert result({"drop_where": {"properties": {"len": 0}}}, {"type": "object", "properties": {}}) is None
    assert result({"drop_where": {"required": {"len": 0}}, "required_as_list": True}, {"type": "object"}) is None


@table(
    ({"not": {"pattern": "a"}}, {}, "lossy"),
    ({"if": {"pattern": "a"}, "then": TEXT, "else": NULL, "title": "T"}, {"title": "T"}, "lossy"),
    ({"oneOf": [{"pattern": "a"}, {}], "title": "T"}, {"anyOf": [{}, {}], "title": "T"}, "lossy"),
    ({"oneOf": [{"pattern": "a"}, {}], "anyOf": [TEXT]}, {"anyOf": [TEXT]}, "lossy"),
    (
        {"not": {"$ref": "#/$defs/A"}, "$defs": {"A": prop({"pattern": "a"})}},
        {"$defs": {"A": prop({})}},
        "lossy",
    ),
)
def test_what_stands_around_a_schema_that_allows_more_is_mended(given_, out, effect):
    check({"drop": ["pattern"]}, given_, out, effect)


@table(
    ({"not": {"title": "a"}}, {"not": {}}, "lossy"),
    ({"oneOf": [{"title": "a"}, {}]}, {"oneOf": [{}, {}]}, "lossy"),
)
def test_annotations_that_go_change_nothing_around(given_, out, effect):
    check({"drop": ["title"]}, given_, out, effect)


@table(
    (thing({}, "xa", patternProperties={"^x": TEXT}, additionalProperties=False), thing({}, "xa"), "lossy"),
    (
        {"type": "array", "prefixItems": [TEXT], "items": False, "minItems": 1},
        {"type": "array", "minItems": 1},
        "lossy",
    ),
    ({"type": "array", "prefixItems": [TEXT], "items": True}, {"type": "array", "items": True}, "lossy"),
)
def test_what_forbids_without_a_keyword_what_it_allowed_goes_with_it(given_, out, effect):
    check({"drop": ["patternProperties", "prefixItems"]}, given_, out, effect)


ENDLESS = {"properties": {"next": {"$ref": "#"}}, "required": ["next"]}


@pytest.mark.parametrize(
    ("option", "given_", "out", "effect"),
    [
        ({"infer_type": True}, ENDLESS, None, None),
        ({"require_root_object": True}, ENDLESS, None, None),
        ({"require_root_object": True}, {"enum": ["a"]}, None, None),
        ({"require_root_object": True}, {"const": "a"}, None, None),
        ({"require_root_object": True}, {"$ref": "#"}, None, None),
        ({"require_root_object": True}, {"$ref": "#/nope"}, None, None),
        ({"require_root_object": True}, {"anyOf": [TEXT, NULL]}, None, None),
        (
            {"require_root_object": True},
            {"anyOf": [TEXT, {}]},
            {"type": "object", "anyOf": [TEXT, {}], "properties": {}},
            "exact",
        ),
        ({"one_type": True}, ENDLESS | {"type": ["object", "null"]}, {"type": "null"}, "lossy"),
    ],
    ids=brief,
)
def test_no_type_is_written_that_nothing_would_fit(option, given_, out, effect):
    check(option, given_, out, effect)


def test_all_branches_of_a_union_may_be_loosened_at_once():
    check({"drop": ["pattern"]}, {"oneOf": [{"pattern": "a"}, {"pattern": "b"}]}, {"anyOf": [{}, {}]}, "lossy")


def test_a_property_that_all_branches_describe_alike_stays_as_it_is():
    same = {"anyOf": [prop(TEXT), prop(TEXT)]}

    check(MERGE, same, {"type": "object", "properties": {"a": TEXT}}, "lossy")


def test_null_stays_where_all_of_refers_back():
    check("collapse_nullable", {"type": ["object", "null"], "allOf": [{"$ref": "#"}]}, None, None)


def test_what_is_not_settled_in_time_counts_as_endless(monkeypatch):
    chain = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}
    schema = chain | {"type": ["object", "null"], "$defs": {"B": {"type": "string"}, "A": {"$ref": "#/$defs/B"}}}

    assert normalizer({"collapse_nullable": True})(schema) is not None
    monkeypatch.setattr(finite, "_ROUNDS", 1)
    assert normalizer({"collapse_nullable": True})(schema) is None


def test_objects_stay_open_where_another_option_takes_away_what_closes_them():
    assert (
        normalizer({"close_objects": True, "describe": ["additionalProperties"]})({"type": "object", "properties": {}})
        is None
    )
