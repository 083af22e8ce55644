"""The fast lane: repairs a schema where it stands, without a tree of all of it.

A schema that some option may change becomes a spot, with those in its lists; all else is read once and shared. Each
repair is the one that works on the tree, and parents still come first. What is unusual is left to the tree of spots:
references that lead back to themselves or elsewhere than to a definition of the root, great depth or size, booleans
for schemas where they must be spelt out, an edit of a branch that calls for another of what is around it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Any, Final

from ...model import Effect
from . import look
from .refs import DYNAMIC
from .repairs import Gated, settled, until_quiet
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, SILENT, Log, Spot, shared
from .values import HINTS

#: Deeper schemas, and those of more nodes, go the long way.
_DEEPEST: Final = 100
_MOST: Final = 5_000

#: Options that never move a schema: what a `$ref` means is the same before and after.
_STILL: Final = frozenset(
    {"drop", "describe", "infer_type", "clean_enum", "const_as_enum", "prune_required", "required_as_list"}
)

_MAPS: Final = frozenset(word for word, shape in POSITIONS.items() if shape == "map")
_LISTS: Final = frozenset(word for word, shape in POSITIONS.items() if "list" in shape)
_ONES: Final = frozenset(word for word, shape in POSITIONS.items() if "one" in shape)
_PLACES: Final = frozenset(POSITIONS)
#: Keywords whose schemas some repair of the schema around them looks at.
_PLANTED: Final = _LISTS | {"additionalItems"}
_REFERS: Final = frozenset({"$ref", *DYNAMIC})
_DEFINES: Final = frozenset(DEFINITIONS)
_HOLDING: Final = frozenset({*POSITIONS, *_REFERS})
_UNIONS: Final = frozenset({"anyOf", "oneOf", "allOf"})
_NULL: Final = {"type": "null"}
_ANNOTATED: Final = frozenset({"anyOf", *ANNOTATIONS})
_BESIDE: Final = frozenset({"$ref", *ANNOTATIONS})
_STARTS: Final = frozenset({"#/$defs", "#/definitions"})
_FOREIGN: Final = {"object": HINTS["array"], "array": HINTS["object"]}
_OF_ANY: Final = HINTS["array"] | HINTS["object"]

#: The parent of every spot but the root's, as far as repairs ask.
_ABOVE: Final = Spot({})

_NOTHING: Final[frozenset[str]] = frozenset()
_Test = Callable[[Mapping[str, Any]], bool]
_Visit = Callable[[dict[str, Any], str, int], dict[str, Any]]


class Unsure(Exception):  # noqa: N818 - control flow: the tree of spots does it
    """This schema has something that the fast lane does not do."""


class Lane:
    """The way of a set of options through schemas that have nothing unusual."""

    def __init__(self, on: Mapping[str, Any], alarms: frozenset[str], repairs: Sequence[Gated]) -> None:
        self.repairs = repairs
        self.telling = alarms
        """The keywords that call for a repair."""
        self.leading = alarms.union(POSITIONS, _REFERS)
        """These, and those that hold or mean schemas."""
        self.shortcut = _shortcut(on)
        """What does the whole work on the most usual schemas; None of all others."""
        self._marks = alarms & _TESTS.keys()
        self._roots = look.ROOT in alarms
        self._spells = "one_type" in on
        self._inlines = "inline_refs" in on
        self._refers = _REFERS.union(DEFINITIONS) if self._inlines else _REFERS
        self._rest = alarms - self._refers
        self._still = on.keys() <= _STILL
        self._open = all(_keeps_its_place(old, new) for old, new in settled(on.get("rename", {})).items())

    def repaired(self, schema: dict[str, Any], words: Set[str]) -> tuple[Any, Log]:
        """Return what becomes of a schema in which ``words`` were seen, and what was edited.

        Raises:
            Unsure: this schema is one for the tree of spots.
        """
        if not self._open or (self._spells and look.BOOLEAN in words):
            raise Unsure
        tests = () if self._marks.isdisjoint(words) else tuple(_TESTS[mark] for mark in self._marks if mark in words)
        run = _Run(self, tests)
        if not self._refers.isdisjoint(words):
            if self._inlines:
                schema = run.without_references(schema)
                if self._rest.isdisjoint(words):
                    return schema, run
            elif not self._still:
                raise Unsure
        if self._roots and look.ROOT in words:
            return run.finish(run.plant(schema, "", None, 0), 0), run
        return run.visit(schema, "", 0), run


def _keeps_its_place(old: str, new: str) -> bool:
    """Tell whether schemas under one keyword stand in the same kind of place under the other."""
    both = {old, new}
    return both.isdisjoint(POSITIONS) or both <= _DEFINES or both <= _UNIONS


def _shortcut(on: Mapping[str, Any]) -> Callable[[_Run, dict[str, Any]], dict[str, Any] | None]:
    if on.keys() == {"drop"}:
        gone = frozenset(on["drop"])
        return lambda run, node: run.without(gone, node)
    return _Run.not_null if "collapse_nullable" in on else lambda run, node: None


class _Run(Log):
    """One schema on its way, and what was edited of it."""

    def __init__(self, lane: Lane, tests: tuple[_Test, ...]) -> None:
        super().__init__()
        self._repairs = lane.repairs
        self._telling = lane.telling
        self._tests = tests
        self._shortcut = lane.shortcut
        self._leading = _NOTHING if tests else lane.leading
        """A schema without any of these stays as it is, if any are named."""
        self._sources: dict[int, dict[str, Any]] = {}
        """The id of a copy -> the schema that it was made from."""
        self._nodes = 0

    def visit(self, node: dict[str, Any], word: str, depth: int) -> Any:
        """Return what becomes of a schema that stands under a keyword: itself if nothing does."""
        if not self._telling.isdisjoint(node) or (self._tests and not self._is_quiet(node)):
            short = self._shortcut(self, node)
            if short is None:
                return self.finish(self.plant(node, word, _ABOVE if depth else None, depth), depth)
            node = short
        return node if _PLACES.isdisjoint(node) else self._below(node, self.visit, depth)

    def _is_quiet(self, node: dict[str, Any]) -> bool:
        if not self._telling.isdisjoint(node):
            return False
        for test in self._tests:  # noqa: SIM110 - all() and a generator would take twice as long
            if test(node):
                return False
        return True

    def without(self, words: Collection[str], node: dict[str, Any]) -> dict[str, Any]:
        """Return a schema without some keywords."""
        fresh = {}
        for word, value in node.items():
            if word in words:
                self.record(f"drop {word}", node, Effect.EXACT if word in SILENT else Effect.LOSSY)
            else:
                fresh[word] = value
        return fresh

    def not_null(self, node: dict[str, Any]) -> dict[str, Any] | None:
        """Return "this or null", with nothing but annotations beside, as "this"; None where that is not all to do."""
        this, null = _two(node.get("anyOf"))
        if this == _NULL:
            this, null = null, this
        if null != _NULL or this.__class__ is not dict or not _ANNOTATED.issuperset(node):
            return None
        if this.get("type").__class__ is not str or this == _NULL or "anyOf" in this:
            return None
        made = {}
        for word, value in node.items():
            if word == "anyOf":
                made.update({more: item for more, item in this.items() if more not in node})
            else:
                made[word] = value
        if not self._is_quiet(made):
            return None
        self.record("collapse_nullable", self._sources.get(id(node), node), Effect.LOSSY)
        return made

    def plant(self, node: dict[str, Any], word: str, parent: Spot | None, depth: int) -> Spot:
        """Return a schema as a spot, with those that repairs look at: the ones in its lists."""
        if depth > _DEEPEST:
            raise Unsure
        spot = Spot(node, self._sources.get(id(node), node) if self._sources else node)
        spot.parent, spot.step = parent, (word,)
        if not _PLANTED.isdisjoint(node):
            for inner, value in node.items():
                if inner not in _PLANTED:
                    continue
                if value.__class__ is list:
                    spot.words[inner] = [
                        self.plant(item, inner, spot, depth + 1) if item.__class__ is dict else item for item in value
                    ]
                elif value.__class__ is dict and inner in _ONES:
                    spot.words[inner] = self.plant(value, inner, spot, depth + 1)
        return spot

    def finish(self, spot: Spot, depth: int) -> Any:
        """Repair a spot, then what is below it; return the schema that it has become."""
        edited = until_quiet(self._repairs, spot, self)
        words, source = spot.words, spot.source
        if _PLACES.isdisjoint(words):
            return words if edited else shared(words, source)
        before, done = len(self.edits), {}
        for word, value in words.items():
            if word in POSITIONS:
                new = self._within(word, value, self.visit, depth + 1)
                if new is not value:
                    done[word] = shared(new, source.get(word))
        if len(self.edits) != before and not _UNIONS.isdisjoint(words) and until_quiet(self._repairs, spot, self):
            raise Unsure
        words.update(done)
        return words if edited else shared(words, source)

    def _below(self, node: dict[str, Any], visit: _Visit, depth: int) -> dict[str, Any]:
        """Return a schema with what becomes of those below it, itself if nothing does."""
        if depth > _DEEPEST:
            raise Unsure
        fresh = node
        for word, value in node.items():
            if word in POSITIONS:
                new = self._within(word, value, visit, depth + 1)
                if new is not value:
                    if fresh is node:
                        fresh = node.copy()
                    fresh[word] = new
        return fresh

    def _within(self, word: str, value: Any, visit: _Visit, depth: int) -> Any:
        """Return the value of a keyword with what becomes of the schemas in it, itself if nothing does."""
        known = value.__class__
        if known is dict:
            if word not in _MAPS:
                if word not in _ONES or (self._leading and self._leading.isdisjoint(value)):
                    return value
                return visit(value, word, depth)
            items: Any = value.items()
        elif known is list and word in _LISTS:
            items = enumerate(value)
        else:
            return self.finish(value, depth) if known is Spot else value
        self._nodes += len(value)
        fresh, leading = value, self._leading
        for key, item in items:
            if item.__class__ is dict:
                if leading and leading.isdisjoint(item):
                    continue
                new = visit(item, word, depth)
                if new is item:
                    continue
            elif item.__class__ is Spot:
                new = self.finish(item, depth)
            else:
                continue
            if fresh is value:
                fresh = value.copy()
            fresh[key] = new
        return fresh

    def without_references(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema with definitions in the place of references, and without definitions."""
        self._root = schema
        self._active: set[int] = set()
        """The ids of the definitions that are being put in place."""
        leading, self._leading = self._leading, _HOLDING
        made = self._inlined({word: value for word, value in schema.items() if word not in _DEFINES}, "", 0)
        self._leading = leading
        self._sources[id(made)] = schema
        for word in DEFINITIONS:
            if word in schema:
                if schema[word].__class__ is not dict:
                    raise Unsure
                self.record(f"inline_refs: unused {word}", schema, Effect.EXACT)
        return made

    def _inlined(self, node: dict[str, Any], word: str, depth: int) -> dict[str, Any]:
        self._nodes += 1
        if self._nodes > _MOST:
            raise Unsure
        words, entered = (node, ()) if _REFERS.isdisjoint(node) else self._meant(node)
        if not _DEFINES.isdisjoint(words):
            raise Unsure
        if not _PLACES.isdisjoint(words):
            words = self._below(words, self._inlined, depth)
        if entered:
            self._active.difference_update(entered)
        if words is not node:
            self._sources[id(words)] = node
        return words

    def _meant(self, node: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
        """Return what a `$ref` means with what stands beside it, and the ids of the definitions on the way."""
        words, entered = node, []
        while not _REFERS.isdisjoint(words):
            entry = self._definition(words.get("$ref"))
            if id(entry) in self._active or not _BESIDE.issuperset(words):
                raise Unsure
            self._active.add(id(entry))
            entered.append(id(entry))
            words = {**entry, **{word: value for word, value in words.items() if word != "$ref"}}
            self.record("inline_refs", node, Effect.EXACT)
        return words, entered

    def _definition(self, text: Any) -> dict[str, Any]:
        """Return the definition of the root that a reference names plainly."""
        start, _, name = text.rpartition("/") if text.__class__ is str else ("", "", "")
        if start in _STARTS and "%" not in name and "~" not in name:
            held = self._root.get(start[2:])
            entry = held.get(name) if held.__class__ is dict else None
            if entry.__class__ is dict:
                return entry
        raise Unsure


def _two(options: Any) -> Sequence[Any]:
    return options if options.__class__ is list and len(options) == 2 else (None, None)


def _is_foreign(node: Mapping[str, Any]) -> bool:
    kind = node.get("type")
    return kind.__class__ is not str or not _FOREIGN.get(kind, _OF_ANY).isdisjoint(node)


#: What a look marks -> a test of the schemas that it may have marked for that.
_TESTS: Final[Mapping[str, _Test]] = {
    look.NO_TYPE: lambda node: node.get("type") is None,
    look.LIST_TYPE: lambda node: node.get("type").__class__ is list,
    look.FOREIGN: _is_foreign,
    look.ODD_ENUM: lambda node: "enum" in node and not look.has_texts(node),
    look.ODD_ITEMS: lambda node: node.get("items", {}).__class__ is not dict,
    look.NO_ITEMS: lambda node: node.get("type") == "array" and node.get("items") is None,
    look.NO_REQUIRED: lambda node: node.get("required") is None,
    look.UNKNOWN_REQUIRED: lambda node: "required" in node and not look.has_properties(node),
}
