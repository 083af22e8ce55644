"""One look at a schema: the words that it uses, in one walk, so that nobody asks the schema again for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import islice
from typing import Any, Final

from ...payload.cycles import MOST_REPEATED, weigh
from .features import (
    BOOLEAN,
    FEATURES,
    FOREIGN,
    LIST_TYPE,
    NESTED_UNION,
    NO_ITEMS,
    NO_PROPERTIES,
    NO_REQUIRED,
    NO_TYPE,
    ODD_ENUM,
    ODD_ITEMS,
    ROOT,
    ROOT_UNION,
    TYPED_UNION,
    UNIONS,
    UNKNOWN_REQUIRED,
    walker,
)
from .repairs import settled
from .tree import DEFINITIONS
from .values import HINTS

#: A dropped keyword -> what a schema may be marked for without it.
_LEFT_WITHOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "type": (NO_TYPE, FOREIGN, ODD_ENUM, ROOT),
    "properties": (UNKNOWN_REQUIRED, NO_PROPERTIES, ROOT),
    "required": (NO_REQUIRED,),
    "items": (NO_ITEMS,),
    "anyOf": (NO_TYPE,),
    "$ref": (NO_TYPE,),
}

#: Keywords that repairs write.
_WRITTEN: Final = frozenset(
    {
        "type",
        "enum",
        "items",
        "prefixItems",
        "properties",
        "required",
        "description",
        "$defs",
        "",
        "anyOf",
        "additionalProperties",
    }
)

#: Option -> the words without which its repair has nothing to do.
_ALARMS: Final[Mapping[str, tuple[str, ...]]] = {
    "inline_refs": ("$ref", *DEFINITIONS),
    "strip_ref_siblings": ("$ref",),
    "collapse_nullable": ("anyOf", "oneOf", "nullable", LIST_TYPE),
    "const_as_enum": ("const",),
    "tuple_items": (ODD_ITEMS,),
    "infer_type": (NO_TYPE,),
    "one_type": ("anyOf", "prefixItems", LIST_TYPE, FOREIGN, ODD_ENUM, ODD_ITEMS, NO_ITEMS, BOOLEAN),
    "clean_enum": (ODD_ENUM,),
    "move_type_into_any_of": (TYPED_UNION,),
    "require_root_object": (ROOT,),
    "required_as_list": (NO_REQUIRED,),
    "prune_required": (UNKNOWN_REQUIRED,),
    "add_items": (NO_ITEMS, LIST_TYPE),
    "add_properties": (NO_PROPERTIES, LIST_TYPE),
    "flatten_any_of": (NESTED_UNION,),
    "close_objects": ("type", *HINTS["object"]),
    "root": (ROOT_UNION,),
}


#: A schema of more nodes than this may be one that contains itself, or the same part again and again.
_MANY: Final = 100_000


def alarms(on: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of which a schema needs at least one before any of the options ``on`` can change it."""
    words = (word for option in on for word in _ALARMS.get(option, ()))
    return frozenset(words).union(
        settled(on.get("rename", {})), on.get("drop", ()), on.get("describe", ()), on.get("drop_where", ())
    )


def writes(on: Mapping[str, Any]) -> frozenset[str]:
    """Return the words that a look may see in a schema after the options ``on`` and did not see before."""
    gone = {*on.get("drop", ()), *on.get("describe", ())}
    if on.keys() <= {"drop", "describe"}:
        marks = {mark for word, marks in _LEFT_WITHOUT.items() if word in gone for mark in marks}
        return frozenset(marks | ({"description"} if "describe" in on else set()))
    return _WRITTEN.union(FEATURES, on.get("rename", {}).values())


def look(schema: Any, words: set[str], types: set[type], features: Set[str] = FEATURES) -> list[dict[str, Any]]:
    """Add each key that stands anywhere in a schema to ``words``, with those of its ``features`` that are asked for.

    ``types`` gets the class of each value other than ``str``, ``dict`` and ``list``. Values of other classes are not
    looked into. Whether a key is a keyword is not asked: names of properties and keys of data are added as well.

    Returns:
        The schema and each object below it that may be a schema, the outer ones first.

    Raises:
        EndlessError: the schema contains itself, or the like.
    """
    if schema.__class__ is not dict:
        schema = {"": schema}
    else:
        if schema.get("type") != "object" or schema.get("properties").__class__ is not dict:
            words.add(ROOT)
        if not UNIONS.isdisjoint(schema):
            words.add(ROOT_UNION)
    nodes = [schema]
    steps = iter(nodes)
    walk = walker(features)
    walk(islice(steps, _MANY), nodes, words, types)
    if len(nodes) > _MANY:
        weigh(schema, MOST_REPEATED)
        walk(steps, nodes, words, types)
    return nodes
