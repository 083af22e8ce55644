"""What must be present in a payload for a condition or action to matter, so that most rules are never tried.

A token names a thing that a cheap look can find: a top-level key, a key of some item of a top-level array, or
a string or type that such a key holds in some item. Needs are clauses: of each clause, at least one token must
be there. They may ask for less than the truth, never for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ..payload.path import Path, Step, Wild


class EmptyList(list[Any]):
    """The type that a list without items counts as, when we look at what a field holds."""


@dataclass(frozen=True, slots=True)
class Not:
    """No value of such a type, or none at all."""

    types: tuple[type, ...]


ABSENT = Not((object,))

Mark = Any
"""A text that a field holds, a type its value has (``list``, ``NoneType``, ``EmptyList``), or what it is `Not`.

With no field: a set of clauses that one item must meet all together.
"""

Token = tuple[str, str, Any]
"""(array, field, mark): array ``""`` is the top level; mark None means "has the field"."""

Needs = tuple[frozenset[Token], ...]

NOTHING: Needs = ()

Scope = str | None
"""Where relative paths start: ``""`` the top level, a name the items of that top-level array, None elsewhere."""

#: Longer texts are no marks: they would have to be hashed in every payload.
LONGEST_MARK = 32


def of_path(path: Path, scope: Scope, marks: Sequence[Mark] = ()) -> Needs:
    """Return what the path needs in order to match; ``marks`` are the few texts or types its value must have.

    >>> from quirkbook.payload.path import parse
    >>> of_path(parse("messages[*].role"), "", ["developer"])[-1]
    frozenset({('messages', 'role', 'developer')})
    """
    steps = path.steps
    if path.origin == "root":
        if scope and scope == path.head:
            return NOTHING  # of the item in hand it says nothing
        scope = ""
    if path.origin not in ("here", "root") or scope is None or not steps or not isinstance(steps[0], str):
        return NOTHING
    if scope:
        return (_clause(scope, steps, marks),)
    top: Needs = (frozenset({("", steps[0], None)}),)
    if len(steps) > 2 and _is_item(steps[1]):
        return (*top, _clause(steps[0], steps[2:], marks)) if isinstance(steps[2], str) else top
    return top


def _clause(array: str, steps: Sequence[Step], marks: Sequence[Mark]) -> frozenset[Token]:
    """Return the clause of a path of that many steps below the items of an array."""
    field = str(steps[0])
    if len(steps) > 1:
        marks = [list] if _is_item(steps[1]) else []
    if any(isinstance(mark, str) and len(mark) > LONGEST_MARK for mark in marks):
        marks = []
    return frozenset((array, field, mark) for mark in marks) or frozenset({(array, field, None)})


def _is_item(step: object) -> bool:
    return step is Wild.ITEMS or isinstance(step, int)


ANY = "*"
"""As a field of what may appear: any field; as a mark: any value."""

Writes = frozenset[Token] | None
"""Tokens of what may appear where it was not; field and mark may be `ANY`. None: anything anywhere."""


def written(path: Path, scope: Scope, area: str) -> Writes:
    """Return what may appear where something is written at ``path``.

    ``area`` is the top-level key that we stand below, ``?`` if that may be any, empty at the top level.
    """
    steps = path.steps
    if path.origin == "here" and area:
        here = scope and steps and isinstance(steps[0], str)
        return None if area == "?" else frozenset({(area, str(steps[0]) if here else ANY, ANY)})
    if not steps or not isinstance(steps[0], str):
        return None
    if len(steps) > 1 and _is_item(steps[1]):
        return frozenset({(steps[0], steps[2] if len(steps) > 2 and isinstance(steps[2], str) else ANY, ANY)})
    return frozenset({("", steps[0], ANY), (steps[0], ANY, ANY)})


def of_item(array: str, item: Mapping[str, Any]) -> frozenset[Token]:
    """Return the tokens of one item of an array."""
    found: set[Token] = {("", array, None), (array, "", None)}
    for field, value in item.items():
        found |= {(array, field, None), (array, field, type(value))}
        if isinstance(value, str):
            found.add((array, field, value))
    return frozenset(found)


def may_be_met(clause: Set[Token], present: Set[Token]) -> bool:
    """Tell whether a clause is met by what is present, some of which may be `ANY`."""
    return not clause.isdisjoint(present) or any(
        (array, field, ANY) in present
        or (array, ANY, ANY) in present
        or (isinstance(mark, Not) and (array, "", None) in present)
        for array, field, mark in clause
    )


def may_help(clause: Set[Token], writes: Set[Token]) -> bool:
    """Tell whether what was written may be why a clause is met.

    Where one item must have all of something, a part of it will do, unless what was written is a whole new item.
    """
    if may_be_met(clause, writes):
        return True
    for array, _, mark in clause:
        if isinstance(mark, frozenset):
            whole = not any(one == array and wrote == ANY for one, _, wrote in writes)
            if (all if whole else any)(may_be_met(part, writes) for part in mark):
                return True
    return False


def of_refusal(path: Path, scope: Scope, marks: Sequence[Mark] | None) -> Needs:
    """Return what an item must have for a test of one of its fields to fail, as it does for ``marks`` and if absent."""
    known = marks is not None and not any(isinstance(mark, str) and len(mark) > LONGEST_MARK for mark in marks)
    if not (known and scope and path.origin == "here" and len(path.steps) == 1 and path.head):
        return NOTHING
    return (frozenset((scope, path.head, mark) for mark in (ABSENT, *(marks or ()))),)


def of_one_item(array: Scope, needs: Needs) -> Needs:
    """Return those of the needs of an item's condition that speak of nothing but the item."""
    return tuple(clause for clause in needs if all(one == array and field for one, field, _ in clause))


def together(array: Scope, needs: Needs) -> Needs:
    """Return the needs of a condition on the items of an array: a single item must have all that is said of items."""
    if not array:
        return NOTHING
    mine = frozenset(clause for clause in needs if all(token[0] == array for token in clause))
    if len(mine) < 2:
        return needs
    return (frozenset({(array, "", mine)}), *(clause for clause in needs if clause not in mine))


def items_of(path: Path, scope: Scope, rest: tuple[Step, ...] = ()) -> Scope:
    """Return the scope of what looks at the items of the array at ``path``, which may end in ``rest`` (``[*]``)."""
    at_top = path.origin == "root" or (path.origin == "here" and scope == "")
    return path.head if at_top and path.steps[1:] == rest else None


def either(branches: Iterable[Needs]) -> Needs:
    """Return what is needed when one of the branches is enough: one clause that joins a clause of each."""
    joined: frozenset[Token] = frozenset()
    for needs in branches:
        if not needs:
            return NOTHING
        joined |= max(needs, key=_rarity)
    return (joined,) if joined else NOTHING


def _rarity(clause: Set[Token]) -> tuple[bool, bool, int]:
    """Prefer the clause that is least often met: marks over fields, items over the top level."""
    return (all(token[2] is not None for token in clause), all(token[0] for token in clause), -len(clause))
