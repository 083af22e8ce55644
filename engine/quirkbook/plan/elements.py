"""Tests of an array by its items, and of a value by those at another path: some, every, none, among, not_among, repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..payload.path import Path, PathError, Wild, values
from .code import VALUE, Writer, negated
from .operators import Test
from .reading import Write
from .types import is_number


def some(write: Write) -> Test:
    """Of an array with an item that meets the condition which ``write`` writes."""

    def code(writer: Writer) -> str:
        return f"{VALUE}.__class__ is list and {_found(writer, write)}"

    return Test(code, "an array with an item that fits", marks=(list,))


def every(write: Write) -> Test:
    """Of an array all of whose items meet a condition."""

    def code(writer: Writer) -> str:
        misfit = _found(writer, lambda writer, item, known: negated(write(writer, item, known)))
        return f"{VALUE}.__class__ is list and not {misfit}"

    return Test(code, "an array all of whose items fit", marks=(list,))


def none(write: Write) -> Test:
    """Of an array no item of which meets a condition."""

    def code(writer: Writer) -> str:
        return f"{VALUE}.__class__ is list and not {_found(writer, write)}"

    return Test(code, "an array without an item that fits", marks=(list,))


def _found(writer: Writer, write: Write) -> str:
    return writer.any_of(VALUE, lambda item: write(writer, item, False), "draft")


def among(path: Path) -> Test:
    """Of a value that stands at another path too."""
    return Test(lambda writer: f"{VALUE} in {writer.gathered(path)}", f"one of {path.text}")


def not_among(path: Path) -> Test:
    """Of a value that does not stand at another path."""
    return Test(lambda writer: f"{VALUE} not in {writer.gathered(path)}", f"none of {path.text}", negative=True)


def repeats(path: Path) -> Test:
    """Of an array two items of which hold the same text or number at a path."""
    if path.origin != "here":
        raise PathError(f"'{path.text}' starts elsewhere: the path of 'repeats' starts at the items")

    def check(value: Any) -> bool:
        seen = [item for item in values(value, (Wild.ITEMS, *path.steps)) if isinstance(item, str) or is_number(item)]
        return len(set(seen)) < len(seen)

    words = f"an array in which {path.text} repeats"
    return Test(
        lambda writer: f"{writer.constant(check, f'tells whether a value is {words}')}({VALUE})", words, marks=(list,)
    )


QUANTIFIERS: Mapping[str, Callable[[Write], Test]] = {"every": every, "none": none, "some": some}
OF_PATHS: Mapping[str, Callable[[Path], Test]] = {"among": among, "not_among": not_among, "repeats": repeats}
