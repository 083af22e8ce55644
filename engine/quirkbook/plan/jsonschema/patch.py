"""Patches: the repairs that most schemas need, made where they are needed without a walk.

A look lists the schemas that it met, and few of them have a keyword that calls for a repair. Where each of those is
"this or null", a reference to a plain definition of the root, the root with its definitions, or has something to
drop or describe, a copy of it is repaired, and what it stands in is copied too. All else is left to the fast lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from ...model import Effect
from .inlining import DEFINES, REFERS, meaning
from .refs import DYNAMIC
from .repairs import Gated, until_quiet
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, SILENT, Log, Spot
from .values import let_go
from .walk import LISTS, MAPS, ONES, Unsure

#: More schemas to repair than this, or more in all, are found sooner by a walk.
_MOST_REPAIRED: Final = 8
_MOST: Final = 200

#: Options whose repairs look at the keywords of one schema, and edit these where they stand.
_OF_ONE: Final = frozenset({"drop", "describe", "drop_where"})

_NULL: Final = {"type": "null"}
_UNION: Final = ANNOTATIONS | {"anyOf"}

Schema = dict[str, Any]
_Place = tuple[Schema, str, Any]
"""Where a schema stands: the schema around it, the keyword there, and the key or index in its value, if it has one."""


class Patcher:
    """The patches that a set of options makes."""

    def __init__(self, on: Mapping[str, Any], alarms: Set[str], repairs: Sequence[Gated]) -> None:
        self._alarms = alarms
        self._repairs = repairs
        self._unusual = DYNAMIC.union(word for word in alarms if word.startswith("<"))
        """Marks of what no keyword tells, and references that no patch follows."""
        self.drops = on.keys() == {"drop"}
        """Whether there is nothing to do but to drop keywords."""
        self.stays = on.keys() <= _OF_ONE
        """Whether each schema is repaired by itself, and none moves."""
        self._gone = frozenset(on.get("drop", ()))
        self._collapses = "collapse_nullable" in on
        self._inlines = "inline_refs" in on

    def patched(self, schema: Schema, words: Set[str], nodes: Sequence[Schema]) -> tuple[Any, Log]:
        """Return what becomes of a schema in which a look has seen ``words`` and ``nodes``, and what was edited.

        Raises:
            Unsure: it needs something else than patches.
        """
        if len(nodes) > _MOST or not self._unusual.isdisjoint(words):
            raise Unsure
        alarms = self._alarms
        found = [node for node in nodes if not alarms.isdisjoint(node)]
        if len(found) > _MOST_REPAIRED:
            raise Unsure
        patch = _Patch(schema, nodes, {*map(id, found)})
        if len(patch.found) < len(found):  # one schema in two places
            raise Unsure
        if self.drops:
            for node in found:
                patch.drop(node, self._gone)
        elif self.stays:
            for node in found:
                patch.repair(node, self._repairs)
        elif self._inlines or REFERS.isdisjoint(words):
            for node in found:
                if node is not schema and (place := patch.place_alone(node, self._inlines)):
                    patch.put(place, self._repaired(patch, node))
            if found and schema is found[0]:
                self._undefined(patch)
        else:
            raise Unsure
        return patch.root, patch.log

    def _repaired(self, patch: _Patch, node: Schema) -> Schema:
        if self._inlines and "$ref" in node:
            _, made = meaning(node, patch.schema)
            patch.log.record("inline_refs", node, Effect.EXACT)
        elif self._collapses and (union := not_null(node)):
            made = union
            patch.log.record("collapse_nullable", node, Effect.LOSSY)
        else:
            raise Unsure
        if self._alarms.isdisjoint(made):
            return made
        raise Unsure

    def _undefined(self, patch: _Patch) -> None:
        """Take the definitions off the root, which must call for nothing else."""
        for word in DEFINITIONS:
            if self._inlines and word in patch.root:
                if patch.root.pop(word).__class__ is not dict:
                    raise Unsure
                patch.log.record(f"inline_refs: unused {word}", patch.schema, Effect.EXACT)
        if not self._alarms.isdisjoint(patch.root):
            raise Unsure


def not_null(node: Schema) -> Schema | None:
    """Return "this or null", with nothing but annotations beside, as "this"; None for any other schema."""
    options = node.get("anyOf")
    if options.__class__ is not list or len(options) != 2 or not _UNION.issuperset(node):
        return None
    this, null = options if options[1] == _NULL else reversed(options)
    if null != _NULL or this.__class__ is not dict or this.get("type").__class__ is not str or this["type"] == "null":
        return None
    made = {}
    for word, value in node.items():
        if word == "anyOf":
            made.update({more: item for more, item in this.items() if more not in node or more == "anyOf"})
        else:
            made[word] = value
    return made


class _Patch:
    """One schema that is being patched: its root is copied at once, all else when it changes."""

    def __init__(self, schema: Schema, nodes: Sequence[Schema], found: set[int]) -> None:
        self.log = Log()
        self.schema = schema
        self.root = schema.copy()
        self.found = found
        self._nodes = nodes
        self._copies = {id(schema): self.root}

    def drop(self, node: Schema, gone: Set[str]) -> None:
        """Take keywords off a schema, unless it went with one around it."""
        copy = self._copy(node)
        if copy is not None:
            for word in let_go(copy, gone):
                self.log.record(f"drop {word}", node, Effect.EXACT if word in SILENT else Effect.LOSSY)

    def repair(self, node: Schema, repairs: Sequence[Gated]) -> None:
        """Make repairs of one schema alone, unless it went with one around it."""
        copy = self._copy(node)
        if copy is not None:
            spot = Spot({}, node)
            spot.words = copy
            until_quiet(repairs, spot, self.log)

    def place_alone(self, node: Schema, inlines: bool) -> _Place | None:
        """Return where a schema stands; None if it is data.

        Raises:
            Unsure: it stands in another that is to be repaired, or in a definition.
        """
        place = at = self._place(node)
        while at and at[0] is not self.schema:
            if id(at[0]) in self.found:
                raise Unsure
            at = self._place(at[0])
        if at and inlines and at[1] in DEFINES:
            raise Unsure
        return place if at else None

    def _copy(self, node: Schema) -> Schema | None:
        """Return the copy of a schema that may be written to; None if it is not one, or gone."""
        copy = self._copies.get(id(node))
        if copy is None:
            place = self._place(node)
            copy = node.copy()
            if place is None or not self.put(place, copy):
                return None
            self._copies[id(node)] = copy
        return copy

    def put(self, place: _Place, made: Schema) -> bool:
        """Write a schema to its place in the copy of the one around it; tell whether that place is still there."""
        above, word, key = place
        parent = self._copy(above)
        if parent is None or word not in parent:
            return False
        if key is None:
            parent[word] = made
            return True
        if parent[word] is above[word]:
            parent[word] = above[word].copy()
        parent[word][key] = made
        return True

    def _place(self, node: Schema) -> _Place | None:
        """Return where a schema stands; None for what is data."""
        for above in self._nodes:  # a schema comes after the one around it
            for word, value in above.items():
                if word in MAPS:
                    if value.__class__ is dict:
                        for name, item in value.items():
                            if item is node:
                                return above, word, name
                elif word in POSITIONS:
                    if value is node and word in ONES:
                        return above, word, None
                    if value.__class__ is list and word in LISTS:
                        for at, item in enumerate(value):
                            if item is node:
                                return above, word, at
        return None
