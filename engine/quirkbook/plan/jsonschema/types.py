"""The repair for providers that read a schema as a record of fixed fields: one type, and what goes with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from ...model import Effect
from .repairs import Repair
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, SILENT, Log, Spot, sprouted
from .values import HINTS, describe

#: What may stand beside `anyOf`, since it needs no type.
_BESIDE: Final = frozenset({"anyOf", "nullable", *ANNOTATIONS, *DEFINITIONS, *SILENT})

#: What names a type, or tells one to `infer_type`.
_TELLING: Final = frozenset({"type", "$ref", "anyOf", "enum", "const"}).union(*HINTS.values())

_say_enum: Final = describe(("enum",))


def one_type(banned: Collection[str]) -> Repair:
    """Give a schema one type; ``banned`` are keywords that another option takes away."""

    def repair(spot: Spot, log: Log) -> None:
        _spell_out(spot, log)
        _first_type(spot, log)
        _lone_union(spot, log)
        _foreign(spot, log)
        if "items" not in banned:
            _one_item(spot, log)
        words = spot.words
        if "enum" in words and words.get("type", "string") != "string":
            _say_enum(spot, log)

    return repair


def _spell_out(spot: Spot, log: Log) -> None:
    """Write a property or branch that is `true` as an empty schema; one that is `false` goes."""
    for word in [word for word in spot.words if POSITIONS.get(word) in ("map", "list")]:
        value = spot.words[word]
        fresh: Any
        if POSITIONS[word] == "map" and isinstance(value, dict):
            within = list(value.values())
            fresh = {name: _spelt(spot, word, item) for name, item in value.items() if item is not False}
        elif POSITIONS[word] == "list" and isinstance(value, list):
            within = value
            fresh = [_spelt(spot, word, item) for item in value if item is not False]
        else:
            continue
        if any(isinstance(item, bool) for item in within):
            spot.words[word] = fresh
            log.edit(spot, "one_type", Effect.EXACT if len(fresh) == len(within) else Effect.LOSSY)


def _spelt(spot: Spot, word: str, item: Any) -> Any:
    return sprouted(spot, (word,), {}) if item is True else item


def _first_type(spot: Spot, log: Log) -> None:
    """Leave the first of a list of types, null last; where it ends a recursion, first."""
    kinds = spot.words.get("type")
    if isinstance(kinds, list):
        named = sorted((kind for kind in kinds if isinstance(kind, str)), key="null".__eq__, reverse=spot.endless)
        if named:
            spot.words["type"] = named[0]
        else:
            del spot.words["type"]
        log.edit(spot, "one_type", Effect.EXACT if len(kinds) == 1 else Effect.LOSSY)


def _lone_union(spot: Spot, log: Log) -> None:
    """Drop an `anyOf` beside what has a type, and its branches that have none."""
    words = spot.words
    options = words.get("anyOf")
    if not isinstance(options, list):
        return
    told = [item for item in options if isinstance(item, Spot) and _tells(item.words)]
    if _BESIDE.issuperset(words) and told:
        if len(told) == len(options):
            return
        words["anyOf"] = told
    else:
        del words["anyOf"]
    log.edit(spot, "one_type", Effect.LOSSY)


def _foreign(spot: Spot, log: Log) -> None:
    """Drop what is about objects or arrays where the type is another."""
    kind = spot.words.get("type")
    if isinstance(kind, str):
        for other in {"object", "array"} - {kind}:
            for word in [word for word in spot.words if word in HINTS[other]]:
                del spot.words[word]
                log.edit(spot, "one_type", Effect.LOSSY)


def _one_item(spot: Spot, log: Log) -> None:
    """Let the first schema of a list stand for all items; an array that says nothing of its items has texts."""
    words = spot.words
    items = words.get("items")
    listed = items if isinstance(items, list) else words.get("prefixItems") if items is None else None
    if isinstance(listed, list):
        first = next((item for item in listed if isinstance(item, Spot)), None)
        words.pop("prefixItems", None)
        words["items"] = first or sprouted(spot, ("items",), {})
    elif isinstance(items, bool):
        words["items"] = sprouted(spot, ("items",), {})
    elif items is None and words.get("type") == "array":
        words["items"] = sprouted(spot, ("items",), {"type": "string"})
    else:
        return
    log.edit(spot, "one_type", Effect.EXACT if items is True else Effect.LOSSY)


def _tells(words: dict[str, Any]) -> bool:
    return not _TELLING.isdisjoint(words) or words.get("default") is not None or bool(words.get("examples"))
