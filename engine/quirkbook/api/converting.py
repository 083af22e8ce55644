"""Whatever people pass as a payload -> plain JSON data: dict, list, str, int, float, bool and None, or an error.

Rules compare values as JSON, so nothing else may reach them. What SDKs and libraries hand out (pydantic models and
classes, dataclasses, named tuples, enums, decimals, numpy's numbers) becomes what it stands for, and the report says
so; what has no JSON form is refused with its place. Loaded when the first such payload comes.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any, Final

from ..errors import PayloadError
from ..model import Keys, pointer
from ..payload.cycles import MOST_REPEATED, EndlessError, weigh
from ..payload.describe import kind
from .objects import NotJSON, is_object, stands_for
from .plain import SCALARS, TORN

#: So many conversions are noted one by one.
_NOTED: Final = 100

Converted = list[tuple[Keys | None, str]]
"""What was converted: the place, and from what to what."""

_Where = tuple[Any, Any] | None
"""(where the container stands, the key in it): keys are put together only when somebody asks."""


def to_plain(payload: Any) -> tuple[dict[str, Any], Converted]:
    """Return a payload as plain JSON data, all of it copied, and what was converted; the payload is not touched.

    >>> to_plain({"n": 2, "stop": ("a", "b")})
    ({'n': 2, 'stop': ['a', 'b']}, [(('stop',), 'tuple to an array')])

    Raises:
        PayloadError: it must be an object, and each value in it must have a JSON form and an end.
    """
    reader = _Reader()
    made = reader.read(payload) if is_object(payload) else None
    if not isinstance(made, dict):
        raise PayloadError(
            f'a chat payload must be an object, not {kind(payload)}; example: {{"model": ..., "messages": [...]}}'
        )
    if reader.shares:
        try:
            weigh(made, MOST_REPEATED)
        except EndlessError as error:
            raise PayloadError(str(error), pointer(error.keys)) from None
    return made, reader.converted()


class _Reader:
    """Reads a value as JSON, each object once, wherever it stands."""

    def __init__(self) -> None:
        self.shares = False
        """Whether something stands in several places, maybe in itself."""
        self._known: dict[int, tuple[Any, Any]] = {}
        """The id of each object -> the object, so that no other gets its id, and what became of it."""
        self._notes: list[tuple[_Where, str]] = []

    def read(self, payload: Any) -> Any:
        """Return what a value is as JSON.

        Raises:
            PayloadError: a value in it has no JSON form.
        """
        holder: dict[str, Any] = {}
        stack: list[tuple[Any, Any, Any, _Where]] = [(payload, holder, "", None)]
        while stack:
            value, into, key, where = stack.pop()
            if value.__class__ in SCALARS:
                into[key] = value
            elif id(value) in self._known:
                self.shares = True
                into[key] = self._known[id(value)][1]
            else:
                try:
                    into[key], members = self._opened(value, where)
                except NotJSON as error:
                    raise PayloadError(str(error), pointer(_keys(where))) from None
                except TORN as error:
                    text = f"a value of type {type(value).__name__} could not be read: it raised {type(error).__name__}"
                    message = f"{text}; write JSON data, which no other thread changes meanwhile"
                    raise PayloadError(message, pointer(_keys(where))) from error
                stack += [(member, into[key], name, (where, name)) for name, member in members]
        return holder[""]

    def converted(self) -> Converted:
        """Return what was converted."""
        notes: Converted = [(_keys(where), note) for where, note in self._notes[:_NOTED]]
        more = len(self._notes) - _NOTED
        return [*notes, (None, f"and {more:,} values more")] if more > 0 else notes

    def _opened(self, value: Any, where: _Where) -> tuple[Any, list[tuple[Any, Any]]]:
        """Return a scalar, or a container to be filled, with the members that belong into it, the last first."""
        made = value
        if value.__class__ is not dict and value.__class__ is not list:
            made = stands_for(value, _keys(where, 3))
            self._notes.append((where, _note(value, made)))
        if made.__class__ in SCALARS:
            return made, []
        members: list[tuple[Any, Any]]
        if made.__class__ is list:
            members = list(enumerate(made))
            filled: Any = [None] * len(members)
        else:
            members = [(_name(key), member) for key, member in list(made.items())]
            filled = dict.fromkeys(name for name, _ in members)
            if any(isinstance(key, int) for key in made):  # token ids in logit_bias: clients and json take these
                self._notes.append((where, "whole numbers as keys to strings"))
            if len(filled) < len(members):
                raise NotJSON("keys of an object must differ as text: leave one of two that are equal out")
        if not isinstance(value, type):  # what a class stands for depends on the place
            self._known[id(value)] = (value, filled)
        return filled, members[::-1]


def _keys(where: _Where, most: float = math.inf) -> Keys:
    """Return the keys that lead to a place; the last of them, where there are more than ``most``."""
    keys: list[Any] = []
    while where is not None and len(keys) < most:
        where, key = where
        keys.append(key)
    return tuple(reversed(keys))


def _note(value: Any, made: Any) -> str:
    if isinstance(value, type):
        return f"class {value.__name__} to its JSON schema, strict: all fields are required, and no others allowed"
    return f"{type(value).__name__} to {kind(made)}"


def _name(key: Any) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return int.__str__(key)
    raise NotJSON(f"keys of an object must be strings, not {kind(key)}")
