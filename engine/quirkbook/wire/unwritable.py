"""A value that JSON cannot say -> the place in it that is to blame, and what to write there instead."""

from __future__ import annotations

import math
from typing import Any, Final

_KEYS: Final = str | int | float | bool | None
_SCALARS: Final = str | int | bool | None
_DEEPEST: Final = 500
"""Levels that are looked through; Python's encoder gives up at about twice as many."""


def find(value: Any) -> tuple[str, str]:
    """Return the message about a value that the encoder refused, and the JSON Pointer of the place.

    >>> find({"tools": [int]})
    ('a type is not JSON: write text, a number, true, false, null, a list or a dict', '/tools/0')
    """
    waiting: list[tuple[Any, str, tuple[int, ...]]] = [(value, "", ())]
    while waiting:
        at, pointer, around = waiting.pop()
        if isinstance(at, dict | list | tuple):
            if id(at) in around:
                return "it contains itself: write a copy without the loop", pointer
            if len(around) == _DEEPEST:
                return f"the payload nests deeper than {_DEEPEST} levels", ""
            inside = at.items() if isinstance(at, dict) else enumerate(at)
            for key, item in reversed(list(inside)):
                if not isinstance(key, _KEYS):
                    return f"a key must be text, not a value of type {type(key).__name__}", pointer
                name = str(key).replace("~", "~0").replace("/", "~1")
                waiting.append((item, f"{pointer}/{name}", (*around, id(at))))
        elif isinstance(at, float):
            if not math.isfinite(at):
                return "a number must be finite: write one, or null", pointer
        elif not isinstance(at, _SCALARS):
            return (
                f"a {type(at).__name__} is not JSON: write text, a number, true, false, null, a list or a dict",
                pointer,
            )
    return "the payload cannot be written as JSON: a number in it has too many digits", ""
