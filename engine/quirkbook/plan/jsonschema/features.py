"""Features: what a JSON Schema has and no single keyword shows, and the walk that finds those that somebody asks for.

Most schemas need no repair and most requests carry several of them, so this walk is what they cost. Its source is
written for the features that the rules of a plan ask for; it is flat, and passes over strings, which are most values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import cache
from typing import Any, Final

from ...payload.draft import BOOLEAN_BELOW
from ..code import define
from .values import HINTS
from .walk import MAPS

#: What the repair of an option acts on, if no single keyword calls for it. No keyword is written like these.
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
ROOT_UNION: Final = "<union at the root>"
TYPED_UNION: Final = "<type beside anyOf>"
NESTED_UNION: Final = "<anyOf in anyOf>"

UNIONS: Final = frozenset({"anyOf", "oneOf", "allOf"})

#: All features. Those of the root and booleans are always noted.
FEATURES: Final = frozenset(
    {NO_TYPE, LIST_TYPE, FOREIGN, ODD_ENUM, ODD_ITEMS, NO_ITEMS, NO_PROPERTIES, NO_REQUIRED, UNKNOWN_REQUIRED}
    | {BOOLEAN, ROOT, ROOT_UNION, TYPED_UNION, NESTED_UNION}
)

Walk = Callable[[Iterable[dict[str, Any]], list[dict[str, Any]], set[str], set[type]], None]
"""(nodes to look at, the list that they are in and that grows, words to add to, types to add to)"""


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


def has_union(branches: Any) -> bool:
    """Tell whether one of the branches of a union has branches itself."""
    for item in branches if branches.__class__ is list else ():  # noqa: SIM110 - as above
        if item.__class__ is dict and "anyOf" in item:
            return True
    return False


#: Feature -> (what of a node's type is asked, the test of the node).
_OF_TYPE: Final = {
    NO_REQUIRED: ("object", "'required' not in node"),
    NO_PROPERTIES: ("object", "'properties' not in node"),
    NO_ITEMS: ("array", "'items' not in node"),
    LIST_TYPE: ("other", "kind is not None"),
    NO_TYPE: ("other", "kind is None and 'anyOf' not in node and '$ref' not in node"),
}
_TYPES: Final = {"object": "kind == 'object'", "array": "kind == 'array'", "other": "kind.__class__ is not str"}

#: Keyword that holds a list -> the features that it may have, and the test for each. Of those of texts nothing is looked
#: at that passes.
_OF_LIST: Final = {
    "enum": {ODD_ENUM: "not has_texts(node)"},
    "required": {UNKNOWN_REQUIRED: "not has_properties(node)"},
    "items": {ODD_ITEMS: "True"},
    "anyOf": {TYPED_UNION: "kind is not None", NESTED_UNION: "has_union(value)"},
}
_TEXTS: Final = ("enum", "required")

#: Keyword -> the feature of a value that is neither text, object nor list.
_UNSAID: Final = {"items": ODD_ITEMS, "required": NO_REQUIRED}

#: Keyword -> the only type that it says something about.
_HOMES: Final = {word: home for home in ("object", "array") for word in HINTS[home]}


@cache
def walker(features: Set[str]) -> Walk:
    """Return the walk that adds all keys, and of the features these."""
    walk: Walk = define(
        "walk",
        _source(features),
        {
            "MAPS": MAPS,
            "HOMES": _HOMES,
            "UNSAID": {word: feature for word, feature in _UNSAID.items() if feature in features},
            "has_texts": has_texts,
            "has_properties": has_properties,
            "has_union": has_union,
        },
        f"<walk of schemas for {', '.join(sorted(features))}>",
    )
    return walk


def _source(features: Set[str]) -> str:
    of_type = {one: asked for one, asked in _OF_TYPE.items() if one in features}
    lines = ["def walk(steps, nodes, words, types):", "push, mark, maps = nodes.append, words.add, []"]
    lines.append("for node in steps:")
    if of_type or TYPED_UNION in features or FOREIGN in features:
        lines.append(" kind = node.get('type')")
    word = "if"
    for name, test in _TYPES.items():
        tests = [f"  if {asked}: mark({one!r})" for one, (kind, asked) in of_type.items() if kind == name]
        if tests:
            lines += [f" {word} {test}:", *tests]
            word = "elif"
    lines.append(" for word, value in node.items():")
    if FOREIGN in features:
        lines += ["  if word in HOMES and kind != HOMES[word]:", f"   mark({FOREIGN!r})"]
    lines += [
        "  known = value.__class__",
        "  if known is str: continue",
        "  if known is dict:",
        "   if word not in MAPS:",
        "    push(value)",
        "    continue",
        "   maps.append(value)",
        "   items = value.values()",
        "  elif known is list:",
        "   items = value",
    ]
    word = "if"
    for keyword, asked in _OF_LIST.items():
        tests = [f"    if {test}: mark({one!r})" for one, test in asked.items() if one in features]
        if tests:
            lines += [f"   {word} word == {keyword!r}:", *tests]
            lines += ["    else: continue"] if keyword in _TEXTS else []
            word = "elif"
    lines += [
        "  else:",
        "   types.add(known)",
        "   if word in UNSAID: mark(UNSAID[word])",
        "   continue",
        "  for item in items:",
        "   if item.__class__ is dict: push(item)",
        "   elif item.__class__ is not str:",
        f"    mark({BOOLEAN!r})",
        "    push({'type': '', '': item})",  # data in the clothes of a schema
    ]
    return "\n".join([lines[0], *(f" {line}" for line in lines[1:]), " words.update(*nodes, *maps)", ""])
