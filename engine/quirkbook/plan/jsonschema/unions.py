"""Repairs of unions: one in another becomes one, and one at the root becomes an object."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from ...model import Effect
from .roots import leads_somewhere
from .tree import ANNOTATIONS, Log, Spot, alike_schemas, clone, names, sprouted

_NESTED: Final = ANNOTATIONS | {"anyOf"}

UNIONS: Final = ("anyOf", "oneOf", "allOf")


def flatten_any_of(spot: Spot, log: Log) -> None:
    """Put the branches of a branch that is nothing but an `anyOf` in its place."""
    options = spot.words.get("anyOf")
    if not isinstance(options, list) or not any(_is_union(option) for option in options):
        return
    flat: list[Any] = []
    effect = Effect.EXACT
    stack = options[::-1]
    while stack:
        option = stack.pop()
        if _is_union(option):
            option.into = spot
            if len(option.words) > 1:  # what it said of itself
                effect = Effect.LOSSY
            stack += reversed(option.words["anyOf"])
        else:
            flat.append(option)
    spot.words["anyOf"] = flat
    log.edit(spot, "flatten_any_of", effect)


def _is_union(option: Any) -> bool:
    if not isinstance(option, Spot):
        return False
    words = option.words
    return "anyOf" in words and isinstance(words["anyOf"], list) and bool(words["anyOf"]) and words.keys() <= _NESTED


def merge_root(spot: Spot, log: Log) -> None:
    """Make one object of a union at the root: with the properties of all branches, of which each wants what all want."""
    if spot.parent is not None:
        return
    words = spot.words
    kind = words.get("type")
    for union in UNIONS:
        options = words.get(union)
        if isinstance(options, list) and (kind is None or "object" in names(kind)):
            branches = [branch for branch in map(_branch, options) if branch is not None]
            if branches:
                _merge(spot, union, branches)
                log.edit(spot, "root", Effect.LOSSY)


def _branch(option: Any) -> Spot | None:
    """Return a branch that may be an object, in the place of a reference what it means."""
    if option is True:
        return Spot({})
    if not isinstance(option, Spot):
        return None
    if "$ref" in option.words:
        if not leads_somewhere(option):
            return None
        target = option
        while "$ref" in target.words:
            target = target.target
        option = clone(target)
    kind = option.words.get("type")
    return option if kind is None or "object" in names(kind) else None


def _merge(spot: Spot, union: str, branches: list[Spot]) -> None:
    words = spot.words
    parts = [words, *(branch.words for branch in branches)]
    properties = _properties(spot, parts, union)
    wanted = [dict.fromkeys(_required(part)) for part in parts[1:]]
    of_any = chain.from_iterable(wanted)
    of_all = (name for name in wanted[0] if all(name in others for others in wanted))
    required = dict.fromkeys([*_required(words), *(of_any if union == "allOf" else of_all)])
    shut = [part.get("additionalProperties") is False for part in parts]
    is_shut = shut[0] or (any(shut) if union == "allOf" else all(shut[1:]))
    if any("patternProperties" in part for part in parts):
        is_shut = False
    gone = {union, "type", "properties", "required", "additionalProperties"}
    rest = {word: value for word, value in words.items() if word not in gone}
    spot.words = {"type": "object", "properties": properties}
    if required:
        spot.words["required"] = list(required)
    if is_shut:
        spot.words["additionalProperties"] = False
    spot.words.update(rest)
    for branch in branches:
        branch.into = spot


def _required(words: dict[str, Any]) -> list[str]:
    required = words.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _properties(spot: Spot, parts: list[dict[str, Any]], union: str) -> dict[str, Any]:
    """Join the properties; one that is said in several ways may be any of these, or in `allOf` stays as it was said first."""
    ways: dict[str, list[Any]] = {}
    for part in parts:
        held = part.get("properties")
        for name, value in held.items() if isinstance(held, dict) else ():
            known = ways.setdefault(name, [])
            if not any(alike_schemas(value, other) for other in known):
                known.append(value)
    joined: dict[str, Any] = {}
    for name, values in ways.items():
        if len(values) == 1 or union == "allOf":
            joined[name] = values[0]
        else:
            joined[name] = sprouted(spot, ("properties", name), {})
            joined[name].words["anyOf"] = values
    return joined
