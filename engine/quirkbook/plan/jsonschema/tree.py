"""A JSON Schema as a tree of spots to edit: dict in, dict out; what nobody edited comes out as it went in.

Only schema positions become spots: a property that happens to be named ``type`` or ``anyOf`` is not a keyword,
and the values under ``enum``, ``const``, ``default`` and ``examples`` are data. No function here recurses: a
schema may nest as deep as it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...model import Effect, Keys, pointer, same

#: Keywords that hold definitions, which `$ref` points to.
DEFINITIONS: Final = ("$defs", "definitions")

#: Keyword -> how schemas stand in its value; ``items`` was a list before draft 2020-12.
POSITIONS: Final = {
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", *DEFINITIONS), "map"),
    **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), "list"),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "propertyNames"), "one"),
    **dict.fromkeys(("additionalItems", "unevaluatedItems", "contains"), "one"),
    **dict.fromkeys(("not", "if", "then", "else"), "one"),
    "items": "one or list",
}

#: Keywords that speak about a value and never make it invalid.
ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"}
)

#: Keywords that tell a model nothing about the value it has to write.
SILENT: Final = frozenset({"$schema", "$comment"})


_NOTHING: Final[frozenset[str]] = frozenset()
_OF_NARROWED: Final = frozenset({"oneOf"})
_OF_WIDENED: Final = frozenset({"oneOf", "not", "if"})

#: No pointer in a note gets much longer than this.
_LONGEST: Final = 1_000


class Spot:
    """One schema of the tree."""

    parent: Spot | None = None
    step: Keys = ()
    """Where it stands now in its parent; as `spread` last saw it."""
    target: Any = None
    """What its `$ref` means: a spot, True, or None where it leads nowhere in this schema."""
    into: Spot | None = None
    """The spot that took in its keywords, if one did."""
    built: Any = None
    endless: bool = False
    """Whether it has no finite value without null, as it wants another of itself."""
    contrary: frozenset[str] = frozenset()
    """The keywords that cannot bear what repairs did below them, see `contrary`."""

    def __init__(self, source: dict[str, Any], origin: Any = "", order: int = 0) -> None:
        self.source = source
        self.words: dict[str, Any] = source.copy()
        """Its keywords, to be edited; spots stand where the source has schemas."""
        self.origin = origin
        """Where it stood in the original schema, as a JSON Pointer; a very long one is cut short and ends in …"""
        self.order = order
        """Its place in the order of the original document."""


class Log:
    """What was edited, and how bad the worst edit was."""

    def __init__(self) -> None:
        self.effect = Effect.NONE
        self.edits: list[tuple[str, Any, int]] = []
        self.remarks: list[str] = []

    @property
    def count(self) -> int:
        """How many edits were made."""
        return len(self.edits)

    def edit(self, spot: Spot, what: str, effect: Effect) -> None:
        """Record an edit that was made at a spot."""
        self.edits.append((what, spot.origin, spot.order))
        spot.contrary |= contrary(what, effect)
        if effect is Effect.LOSSY or self.effect is Effect.NONE:
            self.effect = effect

    def record(self, what: str, origin: Any, effect: Effect) -> None:
        """Record an edit of what stood at ``origin``."""
        self.edits.append((what, origin, 0))
        if effect is Effect.LOSSY or self.effect is Effect.NONE:
            self.effect = effect

    def remark(self, text: str) -> None:
        """Record something that was left as it is."""
        self.remarks.append(text)

    def notes(self) -> tuple[str, ...]:
        """Return one line per edit, in the order of the original document; copies of a definition are one place.

        Remarks come first.
        """
        edits = sorted(self.edits, key=lambda edit: edit[2])
        lines = (f"{what} at {origin or 'the root'}" for what, origin, _ in edits)
        return tuple(dict.fromkeys((*self.remarks, *lines)))


def contrary(what: str, effect: Effect) -> frozenset[str]:
    """Return the keywords around a schema that would allow less, or nothing at all, after an edit of it.

    Where the schema allows more, `not` and `if` allow less; and of `oneOf` two branches may fit one value.
    """
    option, _, word = what.partition(" ")
    if effect is not Effect.LOSSY or (option in ("drop", "describe") and word in ANNOTATIONS):
        return _NOTHING
    return _OF_NARROWED if option in ("collapse_nullable", "infer_type") else _OF_WIDENED


def plant(schema: dict[str, Any]) -> Spot:
    """Read a schema into a tree; the schema is never written to."""
    root = Spot(schema)
    stack = [root]
    order = 0
    while stack:
        spot = stack.pop()
        spot.order, order = order, order + 1

        def sprout(step: Keys, value: Any, origin: str = spot.origin) -> Any:
            return Spot(value, _further(origin, step)) if isinstance(value, dict) else value

        for word in spot.words:
            if word in POSITIONS:
                spot.words[word] = regrow(word, spot.words[word], sprout)
        stack += reversed(children(spot))
    return root


def _further(origin: str, step: Keys) -> str:
    """Return a pointer with some keys more; short enough, so that notes on a deep schema stay short too."""
    return origin + pointer(step) if len(origin) < _LONGEST else origin if origin.endswith("…") else origin + "/…"


def regrow(word: str, value: Any, make: Callable[[Keys, Any], Any]) -> Any:
    """Return a keyword's value with ``make(step, item)`` in each of its schema positions."""
    shape = POSITIONS[word]
    if isinstance(value, list):
        return [make((word, at), item) for at, item in enumerate(value)] if "list" in shape else value
    if shape == "map" and isinstance(value, dict):
        return {name: make((word, name), item) for name, item in value.items()}
    return make((word,), value) if "one" in shape else value


def branches(spot: Spot) -> list[tuple[Keys, Spot]]:
    """Return the spots right below one, each with the step to it, in document order."""
    found: list[tuple[Keys, Spot]] = []
    for word, value in spot.words.items():
        if word in POSITIONS:
            if isinstance(value, Spot):
                found.append(((word,), value))
            elif isinstance(value, dict):
                found += [((word, name), item) for name, item in value.items() if isinstance(item, Spot)]
            elif isinstance(value, list):
                found += [((word, at), item) for at, item in enumerate(value) if isinstance(item, Spot)]
    return found


def children(spot: Spot) -> list[Spot]:
    """Return the spots right below one, in document order."""
    return [below for _, below in branches(spot)]


def spread(root: Spot) -> list[Spot]:
    """Tell each spot where it stands now; return all of them in document order."""
    root.parent, root.step = None, ()
    spots: list[Spot] = []
    stack = [root]
    while stack:
        spot = stack.pop()
        spots.append(spot)
        stack += reversed(adopt(spot))
    return spots


def subtree(root: Spot) -> list[Spot]:
    """Return a spot and all that stand below it."""
    spots = [root]
    for spot in spots:  # grows while it is read
        spots += adopt(spot)
    return spots


def sprouted(parent: Spot, step: Keys, words: dict[str, Any]) -> Spot:
    """Return a new schema that stands at a step below a spot."""
    spot = Spot(words, parent.origin, parent.order)
    spot.parent, spot.step = parent, step
    return spot


def adopt(spot: Spot) -> list[Spot]:
    """Tell the spots right below one where they stand; return them in document order."""
    below = branches(spot)
    for step, item in below:
        item.parent, item.step = spot, step
    return [item for _, item in below]


def place(spot: Spot) -> str:
    """Return where a spot stands now, as `$ref` writes it."""
    keys: list[str | int] = []
    while spot.parent is not None:
        keys[:0] = spot.step
        spot = spot.parent
    return "#" + pointer(tuple(keys)).replace("%", "%25")


def clone(spot: Spot) -> Spot:
    """Copy a spot and all below it, but for definitions: what points to those points to the originals."""
    top: Spot = _twin((), spot)
    stack = [top]
    while stack:
        at = stack.pop()
        for word in [word for word in at.words if word in POSITIONS]:
            if word in DEFINITIONS and isinstance(at.words[word], dict):
                del at.words[word]
            else:
                at.words[word] = regrow(word, at.words[word], _twin)
        stack += adopt(at)
    return top


def _twin(step: Keys, item: Any) -> Any:
    if not isinstance(item, Spot):
        return item
    twin = Spot(item.source, item.origin, item.order)
    twin.words = dict(item.words)
    twin.target, twin.contrary = item.target, item.contrary
    return twin


def reap(root: Spot) -> Any:
    """Return the schema that the tree has become; all that is as it was is shared with the original."""
    spots = [root]
    for spot in spots:  # grows while it is read
        spots += children(spot)
    for spot in reversed(spots):
        source = spot.source
        fresh = {
            word: shared(regrow(word, value, _finished), source.get(word)) if word in POSITIONS else value
            for word, value in spot.words.items()
        }
        spot.built = shared(fresh, source)
    return root.built


def _finished(step: Keys, item: Any) -> Any:
    return item.built if isinstance(item, Spot) else item


def shared(new: Any, old: Any) -> Any:
    """Return ``old`` where ``new`` holds the very same items under the same keys in the same order."""
    if isinstance(new, dict) and isinstance(old, dict):
        alike = list(new) == list(old) and all(new[key] is old[key] for key in new)
    elif isinstance(new, list) and isinstance(old, list):
        alike = len(new) == len(old) and all(map(_is, new, old))
    else:
        return new
    return old if alike else new


def _is(one: Any, other: Any) -> bool:
    return one is other


def alike(one: Any, other: Any) -> bool:
    """Tell whether two keyword values are surely the same; containers are taken to differ."""
    return isinstance(one, (str, int, float)) and type(one) is type(other) and bool(one == other)


def alike_schemas(one: Any, other: Any) -> bool:
    """Tell whether two schemas say the same."""
    return same(*(reap(value) if isinstance(value, Spot) else value for value in (one, other)))


def names(kind: Any) -> frozenset[str]:
    """Return the type names that the value of `type` holds, a text or a list.

    >>> sorted(names(["string", "null"])), names(None)
    (['null', 'string'], frozenset())
    """
    if isinstance(kind, str):
        return frozenset((kind,))
    return frozenset(name for name in kind if isinstance(name, str)) if isinstance(kind, list) else _NOTHING
