"""Text that a JSON parser refused -> what is wrong with it and where, in words that no parser's release can change."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..source.document import Builder
from ..source.json import NotJSON, build


class Flaw(NamedTuple):
    """What is wrong, and the offset of the character where it stands."""

    message: str
    at: int


class _SurrogateFinder(Builder):
    """Keeps nothing of a text but the place of the first string that no UTF-8 can hold."""

    def __init__(self, text: str) -> None:
        super().__init__("", text)
        self.half: int | None = None

    def scalar(self, value: Any, start: int, end: int) -> None:
        """Look at a scalar."""
        if self.half is None and isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.half = start

    def open(self, container: Any, start: int) -> None:
        """Pass over the start of an array or object."""

    def close(self) -> None:
        """Pass over its end."""


def find(text: str) -> Flaw:
    """Return the first flaw of a text that a parser refused.

    >>> find('{"a": 1 "b": 2}')
    Flaw(message="not JSON: expected ',' or '}'", at=8)
    """
    if text.startswith("\ufeff"):
        return Flaw("not JSON: it begins with a byte order mark: leave that out", 0)
    builder = _SurrogateFinder(text)
    try:
        build(text, builder)
    except NotJSON as found:
        return Flaw(str(found), found.start)
    if builder.half is not None:
        return Flaw(
            "not JSON: a string with half of a surrogate pair: write both halves, or the character itself", builder.half
        )
    return Flaw("not JSON: it is written in a way that is not supported here", 0)
