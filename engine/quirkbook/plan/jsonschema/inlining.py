"""The usual references, `#/$defs/X` to a definition of the root, put in place without a tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ...model import Effect
from .refs import DYNAMIC
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, Log
from .walk import PLACES, Unsure, Walk

#: Keywords that refer to a schema.
REFERS: Final = frozenset({"$ref", *DYNAMIC})
DEFINES: Final = frozenset(DEFINITIONS)

_HOLDING: Final = REFERS.union(POSITIONS)
_BESIDE: Final = ANNOTATIONS | {"$ref"}
_STARTS: Final = tuple(f"#/{word}" for word in DEFINITIONS)

#: Schemas that may have more nodes than this go the long way.
_MOST: Final = 5_000


class Inlining(Walk):
    """Puts definitions in the place of references."""

    def __init__(self, root: dict[str, Any], log: Log, sources: dict[int, dict[str, Any]]) -> None:
        super().__init__(_HOLDING)
        self._root = root
        self._log = log
        self._sources = sources
        self._around: set[int] = set()
        """The ids of the definitions that are being put in place."""

    def inlined(self) -> dict[str, Any]:
        """Return the root with definitions in the place of references, and without definitions.

        Raises:
            Unsure: some reference is not a usual one.
        """
        root = self._root
        made = self.visit({word: value for word, value in root.items() if word not in DEFINES}, "", 0)
        self._sources[id(made)] = root
        for word in DEFINITIONS:
            if word in root:
                if root[word].__class__ is not dict:
                    raise Unsure
                self._log.record(f"inline_refs: unused {word}", root, Effect.EXACT)
        return made

    def visit(self, node: dict[str, Any], word: str, depth: int) -> dict[str, Any]:
        """Return a schema without references; what was made of which is kept in the sources."""
        self.nodes += 1
        if self.nodes > _MOST:
            raise Unsure
        words, entered = (node, ()) if REFERS.isdisjoint(node) else self._meant(node)
        if not DEFINES.isdisjoint(words):
            raise Unsure
        if not PLACES.isdisjoint(words):
            words = self.below(words, depth)
        self._around.difference_update(entered)
        if words is not node:
            self._sources[id(words)] = node
        return words

    def _meant(self, node: dict[str, Any]) -> tuple[dict[str, Any], Iterable[int]]:
        """Return what a `$ref` means with what stands beside it, and the ids of the definitions on the way."""
        words, entered = node, []
        while not REFERS.isdisjoint(words):
            entry, words = meaning(words, self._root)
            if id(entry) in self._around:
                raise Unsure
            self._around.add(id(entry))
            entered.append(id(entry))
            self._log.record("inline_refs", node, Effect.EXACT)
        return words, entered


def meaning(node: dict[str, Any], root: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the definition that a reference means, and it with the annotations that stand beside the reference.

    Raises:
        Unsure: the reference is not a plain one, or something else stands beside it.
    """
    text = node.get("$ref")
    start, _, name = text.rpartition("/") if text.__class__ is str else ("", "", "")
    if start in _STARTS and "%" not in name and "~" not in name and _BESIDE.issuperset(node):
        held = root.get(start[2:])
        entry = held.get(name) if held.__class__ is dict else None
        if entry.__class__ is dict:
            beside = node.copy()
            del beside["$ref"]
            return entry, entry | beside
    raise Unsure
