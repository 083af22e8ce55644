"""What must stand in a payload for a rule to matter: gates, derived from its conditions and actions.

A gate names a place and what must be there. A rule is tried only where one gate of each of its clauses is open; the
clause that is met least often is the one that is looked at (see look.py). Gates may let a rule through in vain, but
never shut out one that would fire.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..model import MISSING
from ..payload.path import Path, Step, Wild

Mark = Any
"""A short text or a type that a value has, `EMPTY`, what it is `Not`, or a `Word` below it."""


class EMPTY:
    """A list without items or an object without members, as a mark."""


@dataclass(frozen=True, slots=True)
class Not:
    """A value of none of these types, or no value where its object stands, or something else than an object."""

    types: tuple[type, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A key, or a feature of a JSON Schema, at any depth below (see jsonschema/look.py)."""

    text: str


ABSENT: Final = Not((object,))


@dataclass(frozen=True, slots=True)
class Beside:
    """A mark that counts only where the object in which the value stands has this text at another key."""

    mark: Mark
    key: str
    text: str


Gate = tuple[tuple[Step, ...], Mark]
"""(keys and ``[*]`` from the root, mark); mark None: something stands there."""

Clause = frozenset[Gate]
"""One of these gates must be open."""

Needs = tuple[Clause, ...]
"""Of each clause one gate; nothing at all where that cannot be told."""

NOTHING: Needs = ()

Scope = tuple[Step, ...] | None
"""Where relative paths start: () the root, `("messages", Wild.ITEMS)` an item of it; None: somewhere else."""

#: Longer texts are not looked for: they would be hashed in every payload.
LONGEST_MARK: Final = 32


def steps_of(path: Path, scope: Scope) -> tuple[Step, ...] | None:
    """Return a path from the root; None where it does not start at the payload."""
    if path.origin == "root":
        return path.steps
    return (*scope, *path.steps) if path.origin == "here" and scope is not None else None


def of_path(path: Path, scope: Scope, marks: Sequence[Mark] = ()) -> Needs:
    """Return what a path needs in order to match; ``marks`` are the few texts or types its value must have.

    >>> from quirkbook.payload.path import parse
    >>> of_path(parse("messages[*].role"), (), ["developer"])
    (frozenset({(('messages', <Wild.ITEMS: '[*]'>, 'role'), 'developer')}),)
    """
    steps = steps_of(path, scope)
    return _clauses(steps, marks) if steps else NOTHING


def _clauses(steps: tuple[Step, ...], marks: Sequence[Mark]) -> Needs:
    plain = tuple(Wild.ITEMS if isinstance(step, int) else step for step in steps)
    for at, step in enumerate(plain):
        if step is Wild.DEEP or step is Wild.VALUES:
            below = plain[at + 1] if step is Wild.DEEP else None
            marks = [Word(below)] if isinstance(below, str) else []
            plain = plain[:at]
            break
    if not plain:
        return NOTHING
    if any(isinstance(mark, str) and len(mark) > LONGEST_MARK for mark in marks):
        marks = []
    return (frozenset((plain, mark) for mark in marks) or frozenset({(plain, None)}),)


def of_refusal(path: Path, scope: Scope, marks: Sequence[Mark] | None) -> Needs:
    """Return what must stand there for a test to fail, as it does for ``marks`` and where nothing stands."""
    steps = steps_of(path, scope)
    short = marks is not None and not any(isinstance(mark, str) and len(mark) > LONGEST_MARK for mark in marks)
    names = path.origin == "here" and path.steps and all(isinstance(step, str) for step in path.steps)
    if not (short and scope and names):
        return NOTHING
    assert steps is not None
    on_the_way = ((steps[:end], ABSENT) for end in range(len(scope) + 1, len(steps)))
    return (frozenset([*on_the_way, *((steps, mark) for mark in (ABSENT, *(marks or ())))]),)


def narrowed(marks: Sequence[Mark], others: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return the marks of values that have one of each.

    >>> narrowed((list,), ("", EMPTY)), narrowed((str, list), ("a", int))
    ((<class 'quirkbook.plan.gates.EMPTY'>,), ('a',))
    """
    if not marks or not others:
        return tuple(marks or others)
    pairs = [pair for one in marks for two in others for pair in ((one, two), (two, one))]
    return tuple(dict.fromkeys(mark for mark, other in pairs if _is_within(mark, other))) or tuple(marks)


def _is_within(mark: Mark, other: Mark) -> bool:
    """Tell whether whatever has a mark has the other."""
    return bool(mark == other) or other in ((list, dict) if mark is EMPTY else (str,) if isinstance(mark, str) else ())


def items_of(path: Path, scope: Scope) -> Scope:
    """Return the scope of what looks at the items of the array at ``path``."""
    elements = elements_of(path, scope)
    return (*elements, Wild.ITEMS) if elements else None


def together(scope: Scope, own: Needs) -> Needs:
    """Return what one element must have beside a text such as its role; ``own`` is what that element must meet."""
    texts = next((clause for clause in own if scope and all(_is_text_of(gate, scope) for gate in clause)), None)
    if scope is None or texts is None:
        return NOTHING
    return tuple(
        frozenset((steps, Beside(mark, str(by[-1]), text)) for steps, mark in clause for by, text in texts)
        for clause in own
        if clause is not texts
        and all(_is_member(steps, len(scope)) and not isinstance(mark, Not | Word | Beside) for steps, mark in clause)
    )


def _is_member(steps: tuple[Step, ...], size: int) -> bool:
    return len(steps) == size + 1 and isinstance(steps[-1], str)


def _is_text_of(gate: Gate, scope: tuple[Step, ...]) -> bool:
    steps, mark = gate
    return steps[:-1] == scope and isinstance(steps[-1], str) and isinstance(mark, str)


def elements_of(path: Path, scope: Scope) -> Scope:
    """Return the scope of what looks at the very elements that ``path`` means, as `each` does."""
    steps = steps_of(path, scope)
    if not steps or Wild.DEEP in steps or Wild.VALUES in steps:
        return None
    return tuple(Wild.ITEMS if isinstance(step, int) else step for step in steps)


def either(branches: Iterable[Needs]) -> Needs:
    """Return what is needed when one of the branches is enough: one clause that joins a clause of each."""
    joined: frozenset[Gate] = frozenset()
    for needs in branches:
        if not needs:
            return NOTHING
        joined |= rarest(needs)
    return (joined,) if joined else NOTHING


def rarest(needs: Needs) -> Clause:
    """Return the clause that is met least often."""
    return min(needs, key=lambda clause: (max(map(_commonness, clause)), len(clause)))


_EACH: Final = Wild.ITEMS
#: Place -> of how many payloads in a hundred something stands there, and a mark. Only the order matters: it decides
#: which clause of a rule is looked at.
_COMMON: Final[dict[tuple[Step, ...], tuple[int, dict[Any, int]]]] = {
    ("messages",): (99, {list: 99}),
    ("messages", _EACH): (99, {dict: 99}),
    ("messages", _EACH, "role"): (
        99,
        {"user": 98, "system": 80, "assistant": 60, "tool": 40, "developer": 10, str: 99},
    ),
    ("messages", _EACH, "content"): (99, {str: 98, list: 40, type(None): 40}),
    ("messages", _EACH, "content", _EACH): (40, {dict: 40}),
    ("messages", _EACH, "content", _EACH, "type"): (40, {"text": 40, str: 40}),
    ("messages", _EACH, "content", _EACH, "text"): (40, {str: 40}),
    ("messages", _EACH, "tool_calls"): (40, {list: 40}),
    ("messages", _EACH, "tool_calls", _EACH): (40, {dict: 40}),
    ("messages", _EACH, "tool_calls", _EACH, "id"): (40, {str: 40}),
    ("messages", _EACH, "tool_calls", _EACH, "type"): (40, {"function": 40, str: 40}),
    ("messages", _EACH, "tool_calls", _EACH, "function"): (40, {dict: 40}),
    ("messages", _EACH, "tool_calls", _EACH, "function", "name"): (40, {str: 40}),
    ("messages", _EACH, "tool_calls", _EACH, "function", "arguments"): (40, {str: 40}),
    ("messages", _EACH, "tool_call_id"): (40, {str: 40}),
    ("model",): (99, {str: 99}),
    ("stream",): (60, {}),
    ("tools",): (60, {list: 60}),
    ("tools", _EACH): (60, {dict: 60}),
    ("tools", _EACH, "type"): (60, {"function": 60, str: 60}),
    ("tools", _EACH, "function"): (60, {dict: 60}),
    ("tools", _EACH, "function", "description"): (60, {str: 60}),
    ("tools", _EACH, "function", "name"): (60, {str: 60}),
    ("tools", _EACH, "function", "parameters"): (60, {dict: 60}),
    ("tool_choice",): (30, {"auto": 20, str: 30}),
    ("choices",): (99, {list: 99}),
    ("choices", _EACH): (99, {dict: 99}),
    ("choices", _EACH, "message"): (99, {dict: 99}),
    ("choices", _EACH, "delta"): (99, {dict: 99}),
    ("choices", _EACH, "finish_reason"): (99, {"stop": 50, "tool_calls": 30}),
    ("usage",): (90, {}),
}


def is_common(steps: tuple[Step, ...]) -> bool:
    """Tell whether something nearly always stands at a place, where its parent does."""
    return steps in _COMMON and _COMMON[steps][0] >= _COMMON.get(steps[:-1], (100, {}))[0]


def _commonness(gate: Gate) -> int:
    steps, mark = gate
    there, marks = _COMMON.get(steps, (10, {}))
    if isinstance(mark, Beside):
        both = _commonness((steps, mark.mark)), _commonness(((*steps[:-1], mark.key), mark.text))
        return min(both) * max(both) // 100
    if mark is None:
        return there
    if isinstance(mark, Not):
        return 5 if is_common(steps) else 99
    return marks.get(mark, min(there // 4, 2) if mark is EMPTY else there // 4)


Write = tuple[tuple[Step, ...], Any]
"""(place, value): what an action may put there; `UNKNOWN` for any value, MISSING where it takes something away."""


class UNKNOWN:
    """Any value."""


Writes = tuple[Write, ...] | None
"""None: anything anywhere."""


def written(path: Path, scope: Scope, value: Any = UNKNOWN) -> Writes:
    """Return what may appear where ``value`` is written at ``path``."""
    steps = steps_of(path, scope)
    if not steps:
        return None
    cut = next((at for at, step in enumerate(steps) if step is Wild.DEEP or step is Wild.VALUES), len(steps))
    if cut < len(steps):
        steps, value = steps[:cut], UNKNOWN
    return ((tuple(Wild.ITEMS if isinstance(step, int) else step for step in steps), value),) if steps else None


def may_open(write: Write, gate: Gate) -> bool:
    """Tell whether a gate may be open after a write that was shut before it."""
    (place, value), (steps, mark) = write, gate
    if isinstance(mark, Beside):
        return may_open(write, (steps, mark.mark)) or may_open(write, ((*steps[:-1], mark.key), mark.text))
    if any(one != other for one, other in zip(place, steps, strict=False)):
        return False
    if len(place) > len(steps):  # it makes, changes or empties a container there
        return mark is None or not isinstance(mark, str)
    if value is UNKNOWN:
        return True
    return _is_open(value, steps[len(place) :], mark)


def _is_open(value: Any, steps: Sequence[Step], mark: Mark) -> bool:
    if value is MISSING:
        return isinstance(mark, Not)
    if not steps:
        return has_mark(value, mark)
    if isinstance(steps[0], str):
        no_object = [MISSING] if len(steps) == 1 else []
        below = [value.get(steps[0], MISSING)] if isinstance(value, dict) else no_object
    else:
        below = value if isinstance(value, list) else []
    return any(_is_open(item, steps[1:], mark) for item in below)


def has_mark(value: Any, mark: Mark) -> bool:
    """Tell whether a value has a mark; where that takes a look below it, it may."""
    if mark is None or isinstance(mark, Word):
        return True
    if isinstance(mark, Not):
        return not isinstance(value, mark.types)
    if mark is EMPTY:
        return value in ([], {})
    return type(value) is mark if isinstance(mark, type) else bool(value == mark)
