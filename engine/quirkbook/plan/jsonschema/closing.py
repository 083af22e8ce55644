"""The fast way to close objects: schemas of objects, arrays, `anyOf` and plain references, without a tree of spots.

What it makes is what `additions.close_objects` makes; whatever is less usual is left to that.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, Final

from ...model import Effect
from .additions import is_object
from .inlining import meaning
from .refs import DYNAMIC
from .repairs import IN_PLACE
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, Log, names
from .walk import DEEPEST, PLACES, Unsure

Schema = dict[str, Any]

#: Keywords of which each sends a schema the long way.
_UNUSUAL: Final = (
    (IN_PLACE - {"anyOf"})
    | (POSITIONS.keys() - {"anyOf", "properties", "items", "additionalProperties", *DEFINITIONS})
    | {"minProperties", "dependentRequired", *DYNAMIC}
)
_NOT_BESIDE: Final = frozenset({"$ref", "anyOf"})
_SAYS_MORE: Final = _NOT_BESIDE | {"const"}
_UNION: Final = ANNOTATIONS | {"anyOf"}
_NULL: Final = {"type": "null"}


class Closing:
    """One schema whose objects are closed."""

    def __init__(self, root: Schema, nodes: Sequence[Schema], log: Log) -> None:
        self._root = root
        self._nodes = nodes
        self._log = log
        self._sources: dict[int, tuple[Schema, Schema]] = {}
        """The id of a schema that null was added to -> it, and the schema that it was made from."""

    def closed(self, words: Set[str]) -> Schema:
        """Return the schema, in which a look has seen ``words``, with all its objects closed.

        Raises:
            Unsure: this schema is one for the tree of spots.
        """
        for node in () if _UNUSUAL.isdisjoint(words) else self._nodes:
            if not _UNUSUAL.isdisjoint(node):
                raise Unsure
        return self._made(self._root, 0)

    def _made(self, node: Schema, depth: int) -> Schema:
        if depth > DEEPEST:
            raise Unsure
        made = self._object(node) if is_object(node) else node
        for word, value in node.items():
            if word not in POSITIONS or value.__class__ is bool:
                continue
            old = made[word]
            new = self._within(word, old, depth + 1)
            if new is not old:
                if made is node:
                    made = node.copy()
                made[word] = new
        return made

    def _within(self, word: str, value: Any, depth: int) -> Any:
        """Return the value of a keyword with its objects closed, itself if they are."""
        if word in ("items", "additionalProperties") and value.__class__ is dict:
            return self._made(value, depth)
        if value.__class__ is not (list if word == "anyOf" else dict):
            raise Unsure
        fresh: Any = value
        for key, item in enumerate(fresh) if word == "anyOf" else fresh.items():
            if item.__class__ is dict and (is_object(item) or not PLACES.isdisjoint(item)):
                new = self._made(item, depth)
                if new is not item:
                    if fresh is value:
                        fresh = value.copy()
                    fresh[key] = new
        return fresh

    def _object(self, node: Schema) -> Schema:
        """Return an object that takes no other properties and requires all its own; those below it are as they were."""
        properties, more = node.get("properties"), node.get("additionalProperties")
        if node.get("type") is None or properties.__class__ is not dict or not _NOT_BESIDE.isdisjoint(node):
            raise Unsure
        if more is not None and more.__class__ is not bool:
            raise Unsure
        wanted = _names_of(node, properties)
        optional = [name for name in properties if name not in wanted]
        if not optional and more is False:
            return node
        made, effect = node.copy(), Effect.LOSSY if more is True else Effect.EXACT
        if optional:
            made["properties"] = fresh = properties.copy()
            for name in optional:
                value = properties[name]
                fresh[name] = new = self._nullable(value)
                if new is not value:
                    self._sources[id(new)] = new, value
                    effect = Effect.LOSSY
            made["required"] = list(properties)
        made["additionalProperties"] = False
        _, source = self._sources.get(id(node), (node, node))
        self._log.record("close_objects", source, effect)
        return made

    def _nullable(self, node: Any) -> Any:
        """Return a schema that allows null too, itself if it does."""
        if node is True:
            return node
        kind, enum, options = node.get("type"), node.get("enum", []), node.get("anyOf")
        if kind.__class__ is str and kind != "null" and enum.__class__ is list and _SAYS_MORE.isdisjoint(node):
            made = node | {"type": [kind, "null"]}  # most are like this
            return made | {"enum": [*enum, None]} if "enum" in node else made
        if self._allows_null(node):
            return node
        if names(kind) and enum.__class__ is list and _SAYS_MORE.isdisjoint(node):
            made = node | {"type": [*([kind] if kind.__class__ is str else kind), "null"]}
            return made | {"enum": [*enum, None]} if "enum" in node else made
        if options.__class__ is list and _UNION.issuperset(node):
            return node | {"anyOf": [*options, _NULL.copy()]}
        inner = {word: value for word, value in node.items() if word not in ANNOTATIONS}
        beside = {word: value for word, value in node.items() if word in ANNOTATIONS}
        return {**beside, "anyOf": [inner, _NULL.copy()]}

    def _allows_null(self, node: Schema) -> bool:
        """Tell whether a schema allows null, as far as it says so itself or what it refers to."""
        if "$ref" in node:
            _, node = meaning(node, self._root)
            if "$ref" in node:
                raise Unsure
        if ANNOTATIONS.issuperset(node):
            return True
        options, enum = node.get("anyOf"), node.get("enum", [None])
        if options.__class__ is list and _UNION.issuperset(node):
            return any(item is True or _is_null(item) for item in options)
        return (
            _NOT_BESIDE.isdisjoint(node)
            and "const" not in node
            and "null" in names(node.get("type"))
            and enum.__class__ is list
            and None in enum
        )


def _names_of(node: Schema, properties: Schema) -> set[str]:
    """Return the properties that an object requires."""
    required = node.get("required") or []
    if required.__class__ is not list:
        raise Unsure
    for name in required:
        if name.__class__ is not str or name not in properties:
            raise Unsure
    for value in properties.values():
        if value.__class__ is not dict and value is not True:
            raise Unsure
    return set(required)


def _is_null(branch: Any) -> bool:
    """Tell whether a branch allows null alone."""
    if branch.__class__ is not dict:
        return False
    if "type" not in branch and not branch.keys().isdisjoint(("enum", "const")):
        raise Unsure
    return names(branch.get("type")) == {"null"}
