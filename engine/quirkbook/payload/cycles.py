"""How much JSON a value is. One that contains itself is endless; one whose parts stand in many places is far larger as
JSON than in memory, where each part is there once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..model import Keys

#: A payload may have so many values more as JSON than in memory.
MOST_REPEATED: Final = 1_000_000

#: A text counts as one value more for each of these many characters.
TEXT: Final = 1_000


class EndlessError(ValueError):
    """A value is endless, or as good as that, as JSON; ``keys`` say which part of it."""

    def __init__(self, message: str, keys: Keys) -> None:
        super().__init__(message)
        self.keys = keys


class _Inside:
    """A container that the walk is inside of."""

    def __init__(self, value: Any) -> None:
        self.id = id(value)
        members: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
        self.members: Iterator[tuple[Any, Any]] = iter(list(members))
        self.own = 1
        """The container and its scalars."""
        self.below = 0


def weigh(value: Any, most_repeated: float = math.inf) -> int:
    """Return how many values there are in a value as JSON; each container is walked once, wherever it stands.

    >>> part = [1, 2]
    >>> weigh({"a": part, "b": part})
    7

    Raises:
        EndlessError: it contains itself, or has more than ``most_repeated`` values more as JSON than in memory.
    """
    if not isinstance(value, (dict, list)):
        return _of_scalar(value)
    weights = {id(value): 0}  # 0: the walk is inside of it
    way = [_Inside(value)]
    keys: list[Any] = []
    held = 0
    while True:
        here = way[-1]
        for key, member in here.members:
            if not isinstance(member, (dict, list)):
                here.own += _of_scalar(member)
                continue
            weight = weights.get(id(member))
            if weight is None:
                weights[id(member)] = 0
                keys.append(key)
                way.append(_Inside(member))
                break
            if not weight:
                raise EndlessError("a value must not contain itself: write a copy without the loop", (*keys, key))
            here.below += weight
        else:
            weight = weights[here.id] = here.own + here.below
            held += here.own
            if weight > held + most_repeated:
                message = (
                    f"parts of it stand here so often that JSON has {most_repeated:,.0f} values more: write them once"
                )
                raise EndlessError(message, tuple(keys))
            way.pop()
            if not way:
                return weight
            keys.pop()
            way[-1].below += weight


def _of_scalar(value: Any) -> int:
    return 1 + len(value) // TEXT if isinstance(value, str) else 1
