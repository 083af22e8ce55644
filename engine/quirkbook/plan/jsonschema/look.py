"""One look at a schema: the words that it uses, in one walk, so that nobody asks the schema again for one of them.

Most schemas need no repair and most requests carry several of them, so this walk is what they cost. It is written
flat for that reason: no call per node, and strings, which are most values, are passed over first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from ...payload.cycles import refuse_cycles
from .repairs import settled
from .tree import DEFINITIONS, POSITIONS
from .values import HINTS

#: What an option's repair acts on, if no single keyword calls for it. No keyword is written like these.
NO_TYPE: Final = "<no type>"
LIST_TYPE: Final = "<list type>"
FOREIGN: Final = "<keyword of another type>"
ODD_ENUM: Final = "<odd enum>"
ODD_ITEMS: Final = "<odd items>"
NO_ITEMS: Final = "<array without items>"
NO_REQUIRED: Final = "<object without required>"
UNKNOWN_REQUIRED: Final = "<unknown required>"
BOOLEAN: Final = "<boolean schema>"
ROOT: Final = "<root not an object>"

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
}

_MAPS: Final = frozenset(word for word, shape in POSITIONS.items() if shape == "map")

#: Keyword -> the only type that it says something about.
_HOMES: Final = {word: home for home in ("object", "array") for word in HINTS[home]}

#: A schema of more nodes than this may be one that contains itself.
_MANY: Final = 100_000


def alarms(on: Mapping[str, Any]) -> frozenset[str]:
    """Return the words of which a schema needs at least one before any of the options ``on`` can change it."""
    words = (word for option in on for word in _ALARMS.get(option, ()))
    return frozenset(words).union(settled(on.get("rename", {})), on.get("drop", ()), on.get("describe", ()))


def look(schema: Any, words: set[str], types: set[type]) -> None:
    """Add each key that stands anywhere in a schema to ``words``, with marks of what no key tells.

    ``types`` gets the class of each value other than ``str``, ``dict`` and ``list``. Values of other classes are not
    looked into. Whether a key is a keyword is not asked: names of properties and keys of data are added as well.

    Raises:
        CycleError: the schema contains itself.
    """
    if schema.__class__ is not dict:
        schema = {"": schema}
    elif schema.get("type") != "object" or schema.get("properties").__class__ is not dict:
        words.add(ROOT)
    nodes = [schema]
    steps = iter(nodes)
    _walk(islice(steps, _MANY), nodes, words, types)
    if len(nodes) > _MANY:
        refuse_cycles(schema)
        _walk(steps, nodes, words, types)


def _walk(steps: Iterable[dict[str, Any]], nodes: list[dict[str, Any]], words: set[str], types: set[type]) -> None:
    """Look at each node of ``steps``, which goes through ``nodes`` while these grow."""
    push, mark = nodes.append, words.add
    maps: list[dict[str, Any]] = []
    for node in steps:
        kind = node.get("type")
        if kind == "object":
            if "required" not in node:
                mark(NO_REQUIRED)
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
                if word in _MAPS:
                    maps.append(value)
                    for item in value.values():
                        if item.__class__ is dict:
                            push(item)
                        else:
                            push({"type": "", "": item})
                            mark(BOOLEAN)
                else:
                    push(value)
            elif known is list:
                if word == "enum":
                    if kind != "string" or not value:
                        mark(ODD_ENUM)
                    for item in value:
                        if item.__class__ is not str or not item:
                            mark(ODD_ENUM)
                            push({"type": "", "": value})
                            break
                elif word == "required":
                    names = node.get("properties")
                    for item in value:
                        if item.__class__ is not str or names.__class__ is not dict or item not in names:
                            mark(UNKNOWN_REQUIRED)
                            push({"type": "", "": value})
                            break
                else:
                    if word == "items":
                        mark(ODD_ITEMS)
                    for item in value:
                        if item.__class__ is dict:
                            push(item)
                        elif item.__class__ is not str:
                            mark(BOOLEAN)
                            push({"type": "", "": item})
            else:
                types.add(known)
                if word == "items":
                    mark(ODD_ITEMS)
                elif word == "required":
                    mark(NO_REQUIRED)
    words.update(*nodes, *maps)
