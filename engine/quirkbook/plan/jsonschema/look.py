"""One look at a schema: the words that it uses, in one walk, so that nobody asks the schema again for one of them.

Most schemas need no repair and most requests carry several of them, so this walk is what they cost. It is written
flat for that reason: no call per node, and strings, which are most values, are passed over first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from ...payload.cycles import MOST_REPEATED, weigh
from ...payload.draft import BOOLEAN_BELOW
from .repairs import settled
from .tree import DEFINITIONS
from .values import HINTS
from .walk import MAPS

#: What an option's repair acts on, if no single keyword calls for it. No keyword is written like these.
NO_TYPE: Final = "<no type>"
LIST_TYPE: Final = "<list type>"
FOREIGN: Final = "<keyword of another type>"
ODD_ENUM: Final = "<odd enum>"
ODD_ITEMS: Final = "<odd items>"
NO_ITEMS: Final = "<array without items>"
NO_PROPERTIES: Final = "<object without properties>"
NO_REQUIRED: Final = "<object without required>"
UNKNOWN_REQUIRED: Final = "<unknown required>"
BOOLEAN: Final = BOOLEAN_BELOW
ROOT: Final = "<root not an object>"

_MARKS: Final = frozenset(
    {
        NO_TYPE,
        LIST_TYPE,
        FOREIGN,
        ODD_ENUM,
        ODD_ITEMS,
        NO_ITEMS,
        NO_PROPERTIES,
        NO_REQUIRED,
        UNKNOWN_REQUIRED,
        BOOLEAN,
        ROOT,
    }
)

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
    "move_type_into_any_of": ("anyOf",),
    "require_root_object": (ROOT,),
    "required_as_list": (NO_REQUIRED,),
    "prune_required": (UNKNOWN_REQUIRED,),
    "add_items": (NO_ITEMS, LIST_TYPE),
    "add_properties": (NO_PROPERTIES, LIST_TYPE),
    "flatten_any_of": ("anyOf",),
    "close_objects": ("type", *HINTS["object"]),
    "root": ("anyOf", "oneOf", "allOf"),
}


#: Keyword -> the only type that it says something about.
_HOMES: Final = {word: home for home in ("object", "array") for word in HINTS[home]}

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
    return _WRITTEN.union(_MARKS, on.get("rename", {}).values())


def look(schema: Any, words: set[str], types: set[type]) -> list[dict[str, Any]]:
    """Add each key that stands anywhere in a schema to ``words``, with marks of what no key tells.

    ``types`` gets the class of each value other than ``str``, ``dict`` and ``list``. Values of other classes are not
    looked into. Whether a key is a keyword is not asked: names of properties and keys of data are added as well.

    Returns:
        The schema and each object below it that may be a schema, the outer ones first.

    Raises:
        EndlessError: the schema contains itself, or the like.
    """
    if schema.__class__ is not dict:
        schema = {"": schema}
    elif schema.get("type") != "object" or schema.get("properties").__class__ is not dict:
        words.add(ROOT)
    nodes = [schema]
    steps = iter(nodes)
    _walk(islice(steps, _MANY), nodes, words, types)
    if len(nodes) > _MANY:
        weigh(schema, MOST_REPEATED)
        _walk(steps, nodes, words, types)
    return nodes


def _walk(steps: Iterable[dict[str, Any]], nodes: list[dict[str, Any]], words: set[str], types: set[type]) -> None:  # noqa: C901
    """Look at each node of ``steps``, which goes through ``nodes`` while these grow; flat, as every request pays for it."""
    push, mark = nodes.append, words.add
    maps: list[dict[str, Any]] = []
    for node in steps:
        kind = node.get("type")
        if kind == "object":
            if "required" not in node:
                mark(NO_REQUIRED)
            if "properties" not in node:
                mark(NO_PROPERTIES)
        elif kind == "array":
            if "items" not in node:
                mark(NO_ITEMS)
        elif kind.__class__ is not str:
            if kind is not None:
                mark(LIST_TYPE)
            elif "anyOf" not in node and "$ref" not in node:
                mark(NO_TYPE)
        for word, value in node.items():
            if word in _HOMES and kind != _HOMES[word]:
                mark(FOREIGN)
            known = value.__class__
            if known is str:
                continue
            if known is dict:
                if word not in MAPS:
                    push(value)
                    continue
                maps.append(value)
                items = value.values()
            elif known is list:
                items = value
                if word in _CHECKED:
                    is_fine, odd = _CHECKED[word]
                    if is_fine(node):
                        continue
                    mark(odd)
            else:
                types.add(known)
                if word in _UNSAID:
                    mark(_UNSAID[word])
                continue
            for item in items:
                if item.__class__ is dict:
                    push(item)
                elif item.__class__ is not str:
                    mark(BOOLEAN)
                    push({"type": "", "": item})  # data in the clothes of a schema
    words.update(*nodes, *maps)


def has_texts(node: Mapping[str, Any]) -> bool:
    """Tell whether all values of an enum are texts that say something, and the type says so."""
    enum = node["enum"]
    if node.get("type") != "string" or enum.__class__ is not list or not enum:
        return False
    for item in enum:  # noqa: SIM110 - all() and a generator would take twice as long
        if item.__class__ is not str or not item:
            return False
    return True


def has_properties(node: Mapping[str, Any]) -> bool:
    """Tell whether all names that are required are those of properties right there."""
    required, properties = node["required"], node.get("properties", ())
    if required.__class__ is not list or properties.__class__ is not dict:
        return bool(required == [])
    for item in required:  # noqa: SIM110 - as above
        if item.__class__ is not str or item not in properties:
            return False
    return True


#: Keyword that holds a list -> what the list must be like, and the mark of one that is not.
_CHECKED: Final[Mapping[str, tuple[Callable[[Mapping[str, Any]], bool], str]]] = {
    "enum": (has_texts, ODD_ENUM),
    "required": (has_properties, UNKNOWN_REQUIRED),
    "items": (lambda node: False, ODD_ITEMS),
}

#: Keyword -> the mark of a value that is neither text, object nor list.
_UNSAID: Final = {"items": ODD_ITEMS, "required": NO_REQUIRED}
