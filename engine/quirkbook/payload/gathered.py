"""Values gathered at a path once, so that each value asked about costs one look-up, however many they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model import Keys, same
from .path import Step, Wild

_PLAIN = frozenset({str, int, float, bool, type(None)})


class Gathered:
    """Values to be looked up as JSON compares them."""

    def __init__(self, found: Iterable[Any]) -> None:
        self._plain: set[Any] = set()
        self._others: list[Any] = []
        for value in found:
            if value.__class__ in _PLAIN:
                self._plain.add((bool, value) if value.__class__ is bool else value)
            else:
                self._others.append(value)

    def __contains__(self, value: Any) -> bool:
        if value.__class__ in _PLAIN:
            return value == value and ((bool, value) if value.__class__ is bool else value) in self._plain
        return any(same(value, other) for other in self._others)


def concerns(keys: Keys | None, steps: tuple[Step, ...]) -> bool:
    """Tell whether an edit at ``keys`` may change what stands at a path."""
    for key, step in zip(keys or (), steps, strict=False):
        if step is Wild.DEEP:
            break
        if key != step and not isinstance(step, Wild) and not (isinstance(step, int) and isinstance(key, int)):
            return False
    return keys is not None
