"""No repair makes a schema unsatisfiable, and what is called exact allows nothing that the original forbids."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.plan.test_jsonschema_laws import FLAGS, PACK
from tests.plan.witness import fits, fitting, is_schema
from tests.strategies import tried

from quirkbook.model import Effect
from quirkbook.plan.actions.flow import compiled_options
from quirkbook.plan.jsonschema.normalize import normalizer

NAMES = st.sampled_from(["a", "b", "next"])
REFS = st.sampled_from(["#", "#/$defs/A", "#/$defs/B"])
VALUES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "pattern": "^a"},
        {"type": "string", "minLength": 2},
        {"type": "string", "format": "date", "title": "When", "default": None},
        {"type": ["string", "null"]},
        {"type": ["string", "integer"]},
        {"type": "integer", "minimum": 1},
        {"type": "string", "enum": ["a", "b"]},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"enum": ["a", 1, None]},
        {"const": "a"},
        {"type": "null"},
        {"type": "array"},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"description": "anything"},
        {},
        True,
    ]
)
NULL = st.just({"type": "null"})


def objects(below):
    return st.fixed_dictionaries(
        {"properties": st.dictionaries(NAMES, below, max_size=3)},
        optional={
            "type": st.sampled_from(["object", "object", "object", ["object", "null"]]),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": st.sampled_from([False, True]),
            "patternProperties": st.just({"^x": {"type": "string"}}),
            "description": st.just("d"),
        },
    )


def arrays(below):
    return st.fixed_dictionaries(
        {"type": st.sampled_from(["array", ["array", "null"]])},
        optional={"items": below, "minItems": st.just(1), "prefixItems": st.lists(below, min_size=1, max_size=2)},
    )


def unions(below):
    branches = st.lists(below | NULL, min_size=1, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"anyOf": branches}, optional={"description": st.just("d")}),
        st.fixed_dictionaries({"oneOf": branches}),
        st.fixed_dictionaries({"allOf": st.lists(below, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": below}),
        st.fixed_dictionaries({"type": st.just("object"), "anyOf": st.lists(objects(below), min_size=1, max_size=2)}),
    )


SCHEMAS = st.recursive(
    VALUES | REFS.map(lambda ref: {"$ref": ref}),
    lambda below: objects(below) | objects(below) | arrays(below) | unions(below),
    max_leaves=8,
)
ROOTS = st.builds(
    lambda root, defs: {**root, "$defs": defs} if isinstance(root, dict) else root,
    objects(SCHEMAS) | SCHEMAS,
    st.fixed_dictionaries({"A": objects(SCHEMAS), "B": SCHEMAS}),
)
KEYWORDS = st.lists(
    st.sampled_from(["pattern", "minLength", "format", "title", "minimum", "minItems", "additionalProperties"]),
    min_size=1,
    max_size=3,
)
OPTIONS = st.one_of(
    st.sampled_from(FLAGS).map(lambda flag: {flag: True}),
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(FLAGS, st.just(True)),
            "drop": KEYWORDS,
            "describe": KEYWORDS,
            "drop_where": st.just({"pattern": {"matches": ".*a"}, "default": None}),
            "root": st.just({"any_of": "merge"}),
            "rename": st.sampled_from([{"oneOf": "anyOf"}, {"$defs": "definitions"}]),
        },
    ).map(compiled_options),
    PACK,
)


@tried(100)
@given(OPTIONS, ROOTS)
def test_what_is_satisfiable_stays_so_and_what_is_exact_allows_no_more(options, schema):
    assume(is_schema(schema))
    before = fitting(schema)
    assume(before)
    done = normalizer(options)(schema)
    if done is None:
        return

    assert is_schema(done.schema)
    after = fitting(done.schema)
    assert after or any(fits(value, done.schema) for value in before), done.schema
    if done.effect is Effect.EXACT:
        assert [value for value in after if not fits(value, schema)] == []
