"""Values that contain themselves: JSON has no way to write them, and a walk through them has no end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class CycleError(ValueError):
    """An object or array contains itself."""


def refuse_cycles(value: Any) -> None:
    """Raise if a value contains itself; what merely stands in two places is fine.

    Raises:
        CycleError: an object or array of it contains itself.
    """
    around: set[int] = set()
    done: set[int] = set()
    stack: list[tuple[int, Iterator[Any]]] = [(0, iter((value,)))]
    while stack:
        within, items = stack[-1]
        for item in items:
            if isinstance(item, (dict, list)) and id(item) not in done:
                if id(item) in around:
                    raise CycleError("the value contains itself")
                around.add(id(item))
                stack.append((id(item), iter(list(item.values()) if isinstance(item, dict) else item)))
                break
        else:
            stack.pop()
            around.discard(within)
            done.add(within)
