"""Repairs that add what a provider wants to see: items, properties, and objects that are closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...model import Effect
from .refs import DYNAMIC
from .repairs import IN_PLACE, only_null
from .tree import ANNOTATIONS, Log, Spot, adopt, names, sprouted, subtree
from .values import HINTS

#: Keywords beside which an object cannot be closed: they are about properties that stand elsewhere.
_ELSEWHERE: Final = IN_PLACE | {
    "$ref", "patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "dependentRequired", *DYNAMIC
}  # fmt: skip

#: Places where a schema is about the same object as others are.
_SHARED: Final = IN_PLACE - {"anyOf", "oneOf"}


def add_items(spot: Spot, log: Log) -> None:
    """Let an array that says nothing of its items have any."""
    words = spot.words
    if "items" not in words and "array" in names(words.get("type")):
        words["items"] = sprouted(spot, ("items",), {})
        log.edit(spot, "add_items", Effect.EXACT)


def add_properties(spot: Spot, log: Log) -> None:
    """Give an object without `properties` an empty map of them."""
    words = spot.words
    if "properties" not in words and "object" in names(words.get("type")):
        words["properties"] = {}
        log.edit(spot, "add_properties", Effect.EXACT)


def is_open(node: Mapping[str, Any]) -> bool:
    """Tell whether a schema may be an object that is not closed, or does not require all its properties."""
    if not is_object(node):
        return False
    required, properties = node.get("required"), node.get("properties")
    if node.get("additionalProperties") is not False:
        return True
    if not properties or not isinstance(properties, dict):
        return bool(properties)
    return not isinstance(required, list) or not properties.keys() <= {one for one in required if isinstance(one, str)}


def is_object(words: Mapping[str, Any]) -> bool:
    """Tell whether a schema is about objects."""
    kind = words.get("type")
    if kind is None:
        return not HINTS["object"].isdisjoint(words)
    return bool(kind == "object") or (kind.__class__ is list and "object" in kind)


def close_objects(spot: Spot, log: Log) -> None:
    """Close each object and require all its properties, those that were optional as nullable ones; all objects or none.

    None, if one of them is open to any key, or shares its properties with another schema.
    """
    if spot.parent is not None:
        return
    spots = subtree(spot)
    found = [one for one in spots if is_object(one.words)]
    shared = {id(one.target) for one in spots if one.step[:1] and one.step[0] in _SHARED}
    if all(_can_be_closed(one) and id(one) not in shared for one in found):
        for one in found:
            _close(one, log)


def _can_be_closed(spot: Spot) -> bool:
    words = spot.words
    properties, more = words.get("properties"), words.get("additionalProperties")
    required = words.get("required") or []
    if not _ELSEWHERE.isdisjoint(words) or (spot.step[:1] and spot.step[0] in _SHARED):
        return False
    if "properties" not in words:
        return more is False and required == []
    return (
        isinstance(properties, dict)
        and all(isinstance(value, Spot) or value is True for value in properties.values())
        and (more is None or isinstance(more, bool))
        and isinstance(required, list)
        and all(isinstance(name, str) and name in properties for name in required)
    )


def _close(spot: Spot, log: Log) -> None:
    words = spot.words
    properties = words.get("properties", {})
    required = words.get("required") or []
    optional = [name for name in properties if name not in set(required)]
    effect = Effect.LOSSY if words.get("additionalProperties") is True else Effect.EXACT
    for name in optional:
        if isinstance(properties[name], Spot) and _allow_null(properties[name]):
            effect = Effect.LOSSY
    if optional or words.get("additionalProperties") is not False:
        if optional:
            words["required"] = list(properties)
        words["additionalProperties"] = False
        log.edit(spot, "close_objects", effect)


def _allow_null(spot: Spot) -> bool:
    """Let a schema allow null; tell whether it did not before."""
    words = spot.words
    if _allows_null(spot):
        return False
    kind, enum = words.get("type"), words.get("enum", [])
    if names(kind) and isinstance(enum, list) and (IN_PLACE | {"$ref", "const", *DYNAMIC}).isdisjoint(words):
        words["type"] = [*([kind] if isinstance(kind, str) else kind or ()), "null"]
        if "enum" in words:
            words["enum"] = [*enum, None]
        return True
    if not (words.keys() <= ANNOTATIONS | {"anyOf"} and isinstance(words["anyOf"], list)):
        inner = sprouted(spot, ("anyOf", 0), {})
        inner.words = {word: value for word, value in words.items() if word not in ANNOTATIONS}
        inner.target, spot.target = spot.target, None
        adopt(inner)
        words = spot.words = {word: value for word, value in words.items() if word in ANNOTATIONS}
        words["anyOf"] = [inner]
    words["anyOf"] = [*words["anyOf"], sprouted(spot, ("anyOf", len(words["anyOf"])), {"type": "null"})]
    return True


def _allows_null(spot: Spot) -> bool:
    """Tell whether a schema allows null, as far as it says so itself or what it refers to."""
    seen: set[int] = set()
    at: Any = spot
    while isinstance(at, Spot) and "$ref" in at.words and id(at) not in seen:
        seen.add(id(at))
        at = at.target
    if not isinstance(at, Spot):
        return at is True
    words = at.words
    if words.keys() <= ANNOTATIONS:
        return True
    options = words.get("anyOf")
    if words.keys() <= ANNOTATIONS | {"anyOf"} and isinstance(options, list):
        return any(item is True or only_null(item) for item in options)
    enum = words.get("enum", [None])
    plain = (IN_PLACE | {"$ref", "const", *DYNAMIC}).isdisjoint(words)
    return plain and "null" in names(words.get("type")) and isinstance(enum, list) and None in enum
