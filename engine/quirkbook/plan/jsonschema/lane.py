"""The fast lane: repairs a schema where it stands, without a tree of all of it.

A schema that some option may change becomes a spot, with those in its lists; all else is read once and shared. Each
repair is the one that works on the tree, and parents come first as they do there. What is unusual is left to the tree
of spots: references that lead back to themselves or elsewhere than to a definition of the root, great depth or size,
booleans for schemas where they must be spelt out, an edit of a branch that calls for another of what is around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final

from ...model import Effect
from . import features
from .inlining import DEFINES, REFERS, Inlining
from .patch import not_null
from .repairs import Gated, settled, until_quiet
from .tree import POSITIONS, Log, Spot, shared
from .values import HINTS
from .walk import DEEPEST, LISTS, PLACES, Unsure, Walk

#: Options that never move a schema: what a `$ref` means is the same before and after.
_STILL: Final = frozenset(
    {"drop", "drop_where", "describe", "clean_enum", "const_as_enum", "prune_required", "required_as_list"}
    | {"add_items", "add_properties"}
)

#: Keywords whose schemas some repair of the schema around them looks at.
_PLANTED: Final = LISTS | {"additionalItems"}

_FOREIGN: Final = {"object": HINTS["array"], "array": HINTS["object"]}
_OF_ANY: Final = HINTS["array"] | HINTS["object"]

_NOTHING: Final[frozenset[str]] = frozenset()

#: The parent of every spot but the root's, as far as repairs ask.
_ABOVE: Final = Spot({})


def _is_foreign(node: Mapping[str, Any]) -> bool:
    kind = node.get("type")
    return kind.__class__ is not str or not _FOREIGN.get(kind, _OF_ANY).isdisjoint(node)


_Test = Callable[[Mapping[str, Any]], bool]

#: What a look marks -> a test of the schemas that it may have marked for that.
_TESTS: Final[Mapping[str, _Test]] = {
    features.NO_TYPE: lambda node: node.get("type") is None,
    features.LIST_TYPE: lambda node: node.get("type").__class__ is list,
    features.FOREIGN: _is_foreign,
    features.ODD_ENUM: lambda node: "enum" in node and not features.has_texts(node),
    features.ODD_ITEMS: lambda node: node.get("items", {}).__class__ is not dict,
    features.NO_ITEMS: lambda node: node.get("type") == "array" and node.get("items") is None,
    features.NO_PROPERTIES: lambda node: node.get("type") == "object" and "properties" not in node,
    features.NO_REQUIRED: lambda node: node.get("required") is None,
    features.TYPED_UNION: lambda node: "anyOf" in node and "type" in node,
    features.NESTED_UNION: lambda node: "anyOf" in node and features.has_union(node["anyOf"]),
    features.UNKNOWN_REQUIRED: lambda node: "required" in node and not features.has_properties(node),
}


class Lane:
    """The way of a set of options through schemas that have nothing unusual."""

    def __init__(self, on: Mapping[str, Any], alarms: frozenset[str], repairs: Sequence[Gated]) -> None:
        self.repairs = repairs
        self.telling = alarms
        """The keywords that call for a repair."""
        self.leading = alarms | PLACES
        """These, and those that hold schemas."""
        self.collapses = "collapse_nullable" in on
        self._marks = alarms & _TESTS.keys()
        self._roots = features.ROOT in alarms
        self._spells = "one_type" in on
        self._inlines = "inline_refs" in on
        self._refers = REFERS | DEFINES if self._inlines else REFERS
        self._rest = alarms - self._refers
        self._still = on.keys() <= _STILL
        self._open = all(_keeps_its_place(old, new) for old, new in settled(on.get("rename", {})).items())

    def repaired(self, schema: dict[str, Any], words: Set[str]) -> tuple[Any, Log]:
        """Return what becomes of a schema in which ``words`` were seen, and what was edited.

        Raises:
            Unsure: this schema is one for the tree of spots.
        """
        if not self._open or (self._spells and features.BOOLEAN in words):
            raise Unsure
        tests = () if self._marks.isdisjoint(words) else tuple(_TESTS[mark] for mark in self._marks if mark in words)
        run = _Run(self, tests)
        if not self._refers.isdisjoint(words):
            if self._inlines:
                schema = Inlining(schema, run.log, run.sources).inlined()
                if self._rest.isdisjoint(words):
                    return schema, run.log
            elif not self._still:
                raise Unsure
        if self._roots and features.ROOT in words:
            return run.visit(run.plant(schema, "", None, 0), "", 0), run.log
        return run.visit(schema, "", 0), run.log


def _keeps_its_place(old: str, new: str) -> bool:
    """Tell whether schemas under one keyword stand in the same kind of place under the other."""
    both = {old, new}
    return both.isdisjoint(POSITIONS) or both <= DEFINES or both <= features.UNIONS


class _Run(Walk):
    """One schema on its way."""

    def __init__(self, lane: Lane, tests: tuple[_Test, ...]) -> None:
        super().__init__(_NOTHING if tests else lane.leading)
        self.log = Log()
        self.sources: dict[int, dict[str, Any]] = {}
        """The id of a copy -> the schema that it was made from."""
        self._lane = lane
        self._telling = lane.telling
        self._tests = tests

    def visit(self, node: Any, word: str, depth: int) -> Any:
        """Return what becomes of a schema, or spot, that stands under a keyword: itself if nothing does."""
        if node.__class__ is Spot:
            return self._finish(node, depth)
        if not self._telling.isdisjoint(node) or (self._tests and self._needs(node)):
            short = not_null(node) if self._lane.collapses else None
            if short is None or self._needs(short):
                return self._finish(self.plant(node, word, _ABOVE if depth else None, depth), depth)
            self.log.record("collapse_nullable", self.sources.get(id(node), node), Effect.LOSSY)
            node = short
        return node if PLACES.isdisjoint(node) else self.below(node, depth)

    def _needs(self, node: dict[str, Any]) -> bool:
        if not self._telling.isdisjoint(node):
            return True
        for test in self._tests:  # noqa: SIM110 - any() and a generator would take twice as long
            if test(node):
                return True
        return False

    def plant(self, node: dict[str, Any], word: str, parent: Spot | None, depth: int) -> Spot:
        """Return a schema as a spot, with those that repairs look at: the ones in its lists."""
        if depth > DEEPEST:
            raise Unsure
        spot = Spot(node, self.sources.get(id(node), node))
        spot.parent, spot.step = parent, (word,)
        if not _PLANTED.isdisjoint(node):
            for inner, value in node.items():
                if inner in LISTS and value.__class__ is list:
                    spot.words[inner] = [
                        self.plant(item, inner, spot, depth + 1) if item.__class__ is dict else item for item in value
                    ]
                elif inner == "additionalItems" and value.__class__ is dict:
                    spot.words[inner] = self.plant(value, inner, spot, depth + 1)
        return spot

    def _finish(self, spot: Spot, depth: int) -> Any:
        """Repair a spot, then what is below it; return the schema that it has become."""
        repairs, log, source = self._lane.repairs, self.log, spot.source
        edited = until_quiet(repairs, spot, log)
        words, before, done = spot.words, log.count, {}
        for word, value in words.items():
            if word in POSITIONS:
                new = self.within(word, value, depth + 1)
                if new is not value:
                    done[word] = shared(new, source.get(word))
        if log.count != before and not features.UNIONS.isdisjoint(words) and until_quiet(repairs, spot, log):
            raise Unsure
        words.update(done)
        return words if edited else shared(words, source)
