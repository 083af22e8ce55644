"""Versions of models: tuples that compare, without trailing zeros; one is later than all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Version = tuple[float, ...]
"""``4.7`` is ``(4, 7)``; ``5.0`` and ``5`` are ``(5,)``."""

LATEST: Final[Version] = (float("inf"),)
"""What ``-latest`` means: later than every version."""


def version(parts: Iterable[str]) -> Version:
    """Return the version that some digits mean.

    >>> version(["5", "0"]), version("4.7".split("."))
    ((5,), (4, 7))
    """
    numbers = [int(part) for part in parts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def show(number: Version | None) -> str:
    """Write a version as people do.

    >>> show((4, 7)), show(LATEST), show(None)
    ('4.7', 'latest', 'unknown')
    """
    if number is None:
        return "unknown"
    return "latest" if number == LATEST else ".".join(map(str, number))
