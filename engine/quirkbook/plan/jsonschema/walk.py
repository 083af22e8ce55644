"""A walk through a schema that copies what changes on the way and shares all else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Set
from typing import Any, Final

from .tree import POSITIONS, Spot

MAPS: Final = frozenset(word for word, shape in POSITIONS.items() if shape == "map")
LISTS: Final = frozenset(word for word, shape in POSITIONS.items() if "list" in shape)
PLACES: Final = frozenset(POSITIONS)
ONES: Final = frozenset(word for word, shape in POSITIONS.items() if "one" in shape)

#: Deeper schemas go the long way.
DEEPEST: Final = 100


class Unsure(Exception):  # noqa: N818 - control flow: the tree of spots does it
    """This schema has something that the fast lane does not do."""


class Walk(ABC):
    """A walk that makes something of each schema, parents first; ``visit`` says what."""

    def __init__(self, leading: Set[str]) -> None:
        self.leading = leading
        """A schema without any of these keywords stays as it is; if there are none, all are visited."""
        self.nodes = 0
        """How many schemas were met."""

    @abstractmethod
    def visit(self, node: Any, word: str, depth: int) -> Any:
        """Return what becomes of a schema, or spot, that stands under a keyword: itself if nothing does."""

    def below(self, node: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return a schema with what becomes of those below it, itself if nothing does."""
        if depth > DEEPEST:
            raise Unsure
        fresh = node
        for word, value in node.items():
            if word in POSITIONS:
                new = self.within(word, value, depth + 1)
                if new is not value:
                    if fresh is node:
                        fresh = node.copy()
                    fresh[word] = new
        return fresh

    def within(self, word: str, value: Any, depth: int) -> Any:
        """Return the value of a keyword with what becomes of the schemas in it, itself if nothing does."""
        known, leading = value.__class__, self.leading
        if known is dict:
            if word not in MAPS:
                if word not in ONES or (leading and leading.isdisjoint(value)):
                    return value
                return self.visit(value, word, depth)
            items: Any = value.items()
        elif known is list and word in LISTS:
            items = enumerate(value)
        else:
            return self.visit(value, word, depth) if known is Spot else value
        self.nodes += len(value)
        fresh = value
        for key, item in items:
            known = item.__class__
            if known is dict:
                if leading and leading.isdisjoint(item):
                    continue
            elif known is not Spot:
                continue
            new = self.visit(item, word, depth)
            if new is not item:
                if fresh is value:
                    fresh = value.copy()
                fresh[key] = new
        return fresh
