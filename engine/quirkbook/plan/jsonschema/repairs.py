"""Repairs of one schema that concern its shape: each edits a spot and says so in the log, or does nothing.

Every repair takes away what set it off, or adds a keyword that none of the others removes: that is why
running them again and again comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final

from ...model import Effect
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, SILENT, Log, Spot, alike, names

Repair = Callable[[Spot, Log], None]

Gated = tuple[Repair, Set[str]]
"""A repair, and the keywords without one of which it is not tried; none where it may do without."""

#: Keywords that other repairs write: renaming them would go round in circles.
_WRITTEN: Final = frozenset({"$ref", "type", "enum", "required", "properties", "description", "items", "prefixItems"})

#: Keywords whose schemas are about the very value that the schema around them is about.
IN_PLACE: Final = frozenset({"anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependentSchemas"})


def until_quiet(repairs: Sequence[Gated], spot: Spot, log: Log) -> bool:
    """Run repairs on one spot, one after the other and from the first again, until it needs none of them.

    Returns:
        Whether any was made.
    """
    edits = log.edits
    first = count = len(edits)
    left = len(repairs)
    while left:
        for repair, gate in repairs:
            if not gate or not gate.isdisjoint(spot.words):
                repair(spot, log)
                if len(edits) != count:
                    count, left = len(edits), len(repairs) + 1
            left -= 1
            if not left:
                break
    return count != first


def strip_ref_siblings(spot: Spot, log: Log) -> None:
    """Drop what stands beside a `$ref`."""
    words = spot.words
    if not isinstance(words.get("$ref"), str):
        return
    meant = spot.target.words if isinstance(spot.target, Spot) and spot.target is not spot else {}
    beside = [word for word in words if word != "$ref" and word not in DEFINITIONS]
    lost = [word for word in beside if word not in SILENT and not alike(words[word], meant.get(word))]
    for word in beside:
        del words[word]
    if beside:
        log.edit(spot, "strip_ref_siblings", Effect.LOSSY if lost else Effect.EXACT)


def settled(pairs: Mapping[str, str]) -> dict[str, str]:
    """Follow renames to their ends; leave out those that never end or that no repair could bear."""
    ends = {}
    for old in pairs:
        seen, new = {old}, pairs[old]
        while new in pairs and new not in seen:
            seen.add(new)
            new = pairs[new]
        fits = POSITIONS.get(old) == POSITIONS.get(new) and old not in _WRITTEN and new != "$ref"
        if new not in seen and fits:
            ends[old] = new
    return ends


def rename(pairs: Mapping[str, str]) -> Repair:
    """Rename keywords; two maps of definitions become one."""
    ends = settled(pairs)

    def repair(spot: Spot, log: Log) -> None:
        for old in [word for word in spot.words if word in ends]:
            new, words = ends[old], spot.words
            value, there = words[old], words.get(new)
            same_kind = old in DEFINITIONS and new in DEFINITIONS
            if there is None:
                spot.words = {new if word == old else word: words[word] for word in words if word != new}
            else:
                del words[old]
            if same_kind and isinstance(value, dict) and isinstance(there, dict):
                words[new] = _together(there, value)
                there = None
            exact = same_kind and there is None
            log.edit(spot, f"rename {old}", Effect.EXACT if exact else Effect.LOSSY)

    return repair


def _together(there: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Join two maps of definitions; one whose name is taken gets a new one, and what points to it follows."""
    joined = dict(there)
    for name, entry in more.items():
        fresh, number = name, 2
        while fresh in joined:
            fresh, number = f"{name}_{number}", number + 1
        joined[fresh] = entry
    return joined


def collapse_nullable(spot: Spot, log: Log) -> None:
    """Reduce "this or null" to "this", however it is written; null stays where it ends a recursion."""
    words = spot.words
    if spot.endless:
        return
    if "nullable" in words:
        log.edit(spot, "collapse_nullable", Effect.EXACT if words.pop("nullable") is False else Effect.LOSSY)
    kind = words.get("type")
    if isinstance(kind, list) and "null" in kind:
        rest = [name for name in kind if name != "null"]
        words["type"] = rest if len(rest) > 1 else rest[0] if rest else "null"
        enum = words.get("enum")
        if rest and isinstance(enum, list) and any(value is not None for value in enum):
            words["enum"] = [value for value in enum if value is not None]
        log.edit(spot, "collapse_nullable", Effect.LOSSY if rest else Effect.EXACT)
    for word in ("anyOf", "oneOf"):
        options = spot.words.get(word)
        if isinstance(options, list):
            left = [item for item in options if not only_null(item)]
            if left and len(left) < len(options):
                if len(left) > 1 or not _take_in(spot, word, left[0]):
                    spot.words[word] = left
                log.edit(spot, "collapse_nullable", Effect.LOSSY)


def only_null(item: Any) -> bool:
    """Tell whether a branch allows null alone."""
    if not isinstance(item, Spot):
        return False
    words = item.words
    kind = words.get("type")
    if kind is not None:
        return kind == "null" if isinstance(kind, str) else names(kind) == {"null"}
    enum = words.get("enum")
    if isinstance(enum, list) and enum:
        return all(value is None for value in enum)
    return words.get("const", 0) is None


def _take_in(spot: Spot, word: str, last: Any) -> bool:
    """Put the only branch left into the schema around it, unless the two contradict one another."""
    words = spot.words
    if last is True:
        del words[word]
        return True
    if not isinstance(last, Spot):
        return False
    inner = last.words
    for other, value in inner.items():
        if other in words and other != word and other not in ANNOTATIONS and not alike(value, words[other]):
            return False
    if len(words) > 1 and ("$ref" in inner or "$ref" in words):
        return False
    spot.words = {}
    for other, value in words.items():
        if other != word:
            spot.words[other] = value
            continue
        for more, item in inner.items():
            if more not in words or more == word:
                spot.words[more] = item
    if "$ref" in inner:
        spot.target = last.target
    last.into = spot
    return True


def tuple_items(spot: Spot, log: Log) -> None:
    """Write a list of item schemas as `prefixItems`, and drop true and false."""
    words = spot.words
    items = words.get("items")
    if isinstance(items, list):
        more, before = words.pop("additionalItems", None), words.get("prefixItems", [])
        if items and "prefixItems" not in words:
            spot.words = {"prefixItems" if word == "items" else word: words[word] for word in words}
        else:
            del words["items"]
            if items and isinstance(before, list):
                words["prefixItems"] = [*before, *items]
        if isinstance(more, Spot):
            spot.words["items"] = more
        log.edit(spot, "tuple_items", Effect.LOSSY)
    elif isinstance(items, bool):
        del words["items"]
        log.edit(spot, "tuple_items", Effect.EXACT if items else Effect.LOSSY)


def move_type_into_any_of(spot: Spot, log: Log) -> None:
    """Give the type that stands beside `anyOf` to each branch that lacks one."""
    words = spot.words
    options, kind = words.get("anyOf"), words.get("type")
    if not names(kind) or not isinstance(options, list):
        return
    fresh = [_branch(spot, at) if option is True else option for at, option in enumerate(options)]
    takers = [option for option in fresh if isinstance(option, Spot)]
    if takers:
        words["anyOf"] = fresh
        del words["type"]
        exact = [_give_type(option, kind) for option in takers]
        log.edit(spot, "move_type_into_any_of", Effect.EXACT if all(exact) else Effect.LOSSY)


def _branch(spot: Spot, at: int) -> Spot:
    """Return a schema that allows anything, as a branch that can be given a type."""
    branch = Spot({}, spot.origin, spot.order)
    branch.parent, branch.step = spot, ("anyOf", at)
    return branch


def _give_type(branch: Spot, kind: Any) -> bool:
    """Give a branch the type around it if it lacks one; tell whether it surely allows no more than before."""
    if "$ref" in branch.words:
        inner = branch.target.words.get("type") if isinstance(branch.target, Spot) else None
    else:
        if branch.words.get("type") is None:
            branch.words = {"type": kind, **{word: v for word, v in branch.words.items() if word != "type"}}
        inner = branch.words["type"]
    allowed = names(kind) | ({"integer"} if "number" in names(kind) else set())
    return bool(names(inner)) and names(inner) <= allowed


def required_as_list(spot: Spot, log: Log) -> None:
    """Give each object schema a list `required`, if an empty one."""
    words = spot.words
    missing = "required" not in words and words.get("type") == "object"
    if "$ref" not in words and (missing or words.get("required", 0) is None):
        words["required"] = []
        log.edit(spot, "required_as_list", Effect.EXACT)


def prune_required(spot: Spot, log: Log) -> None:
    """Take names without a property out of `required`."""
    words = spot.words
    required, properties = words.get("required"), words.get("properties")
    if not isinstance(required, list) or "$ref" in words:
        return
    known = properties if isinstance(properties, dict) else {}
    kept = [name for name in required if isinstance(name, str) and name in known]
    if len(kept) < len(required):
        words["required"] = kept
        log.edit(spot, "prune_required", Effect.LOSSY)
