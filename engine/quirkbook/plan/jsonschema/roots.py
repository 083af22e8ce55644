"""The repair of the root of a schema: what providers that want an object there are given."""

from __future__ import annotations

from typing import Any

from ...model import Effect
from .refs import absorb
from .repairs import Repair
from .tree import Log, Spot, names


def require_root_object(banned: frozenset[str]) -> Repair:
    """Make the root an object with properties; ``banned`` are keywords that another option takes away."""

    def repair(spot: Spot, log: Log) -> None:
        if spot.parent is not None:
            return
        if spot.words.get("type") == "object" and spot.words.get("properties") is not None:
            return
        if spot.endless and "type" not in spot.words:
            return
        if leads_somewhere(spot):
            while "$ref" in spot.words:
                absorb(spot, log, "require_root_object")
        fresh = _as_object(spot.words, banned)
        if list(fresh) != list(spot.words) or any(fresh[word] is not spot.words[word] for word in fresh):
            spot.words = fresh
            log.edit(spot, "require_root_object", Effect.EXACT)

    return repair


def _as_object(words: dict[str, Any], banned: frozenset[str]) -> dict[str, Any]:
    """Return the keywords with those that make them an object's, unless they say something else."""
    kind = words.get("type")
    if "$ref" in words or not ("object" in names(kind) if kind is not None else _may_be_object(words)):
        return words
    fresh = dict(words)
    if kind != "object" and "type" not in banned:
        fresh = {"type": "object", **{word: value for word, value in words.items() if word != "type"}}
    if fresh.get("properties") is None and "properties" not in banned:
        fresh["properties"] = {}
    return fresh


def _may_be_object(words: dict[str, Any]) -> bool:
    """Tell whether the other keywords of a schema without a type leave it an object."""
    enum = [words["const"]] if "const" in words else words.get("enum")
    if isinstance(enum, list) and not any(isinstance(value, dict) for value in enum):
        return False
    unions = [options for union in ("anyOf", "oneOf") if isinstance(options := words.get(union), list) and options]
    every = words.get("allOf")
    return all(any(map(_is_no_other, options)) for options in unions) and (
        not isinstance(every, list) or all(map(_is_no_other, every))
    )


def _is_no_other(branch: Any) -> bool:
    """Tell whether an object may fit a branch, as far as its type says it."""
    kind = branch.words.get("type") if isinstance(branch, Spot) else None
    return kind is None or "object" in names(kind)


def leads_somewhere(spot: Spot) -> bool:
    """Tell whether following `$ref` after `$ref` ends at a schema."""
    seen: set[int] = set()
    at: Any = spot
    while isinstance(at, Spot) and "$ref" in at.words and id(at) not in seen:
        seen.add(id(at))
        at = at.target
    return isinstance(at, Spot) and id(at) not in seen
