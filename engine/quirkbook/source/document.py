"""Data that knows where in its file each key and value stands, and the builder that readers feed."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, NoReturn

from ..errors import RuleFileError
from ..model import Diagnostic, Keys, Location

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 1000
_MAX_EXCERPT: Final = 240
_LINE_END = re.compile(r"\r\n|\n|\r")
#: What YAML's printable characters leave out. Said the other way round it takes ten times as long to compile.
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
NO_CHARACTER: Final = ("Q101", "an escape that is not a character", "write the character itself")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class Span(NamedTuple):
    """Offsets of a value and of its key (-1: none) in the text; ``below`` holds the places of its items."""

    start: int
    end: int
    key_start: int
    key_end: int
    below: dict[Any, Span] | None


@dataclass(frozen=True, eq=False)
class Document:
    """The data of a file, and the place of each part of it."""

    name: str
    data: Any
    text: str = field(repr=False)
    root: Span = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def locate(self, keys: Keys, *, key: bool = False) -> Location:
        """Return the place of the value at ``keys``, or of its key; else of the nearest ancestor."""
        return self.location(self._span(keys, key)[0])

    def written(self, keys: Keys) -> str:
        """Return the text of the value at ``keys`` as the file has it."""
        start, end = self._span(keys, False)
        return self.text[start:end]

    def diagnostic(
        self,
        code: str,
        keys: Keys,
        message: str,
        hint: str = "",
        *,
        key: bool = False,
        severity: str = "error",
    ) -> Diagnostic:
        """Return a diagnostic that shows the line and marks the value (or key) at ``keys``."""
        return self.diagnostic_at(*self._span(keys, key), code, message, hint, severity)

    def diagnostic_at(
        self, start: int, end: int, code: str, message: str, hint: str = "", severity: str = "error"
    ) -> Diagnostic:
        """Return a diagnostic that marks the text from ``start`` to ``end``, as far as it stands on one line."""
        where = self.location(start)
        begin = self._line_starts[where.line - 1]
        line_end = _LINE_END.search(self.text, begin)
        line = self.text[begin : line_end.start() if line_end else None]
        # What a terminal could obey, or would move the mark, is not shown; nor is a line of a kilometre.
        excerpt = UNPRINTABLE.sub("\ufffd", line[:_MAX_EXCERPT]).replace("\t", " ")
        if where.column > len(excerpt) + 1:
            excerpt = ""
        width = max(1, min(end - start, len(excerpt) - where.column + 1))
        return Diagnostic(where, code, message, hint, excerpt, width, severity)

    def location(self, offset: int) -> Location:
        """Return line and column of an offset into the text."""
        line = bisect_right(self._line_starts, offset)
        return Location(self.name, line, offset - self._line_starts[line - 1] + 1)

    def _span(self, keys: Keys, key: bool) -> tuple[int, int]:
        place = self.root
        for step in keys:
            below = place.below and place.below.get(step)
            if not below:
                return place.start, place.end
            place = below
        if key and place.key_start >= 0:
            return place.key_start, place.key_end
        return place.start, place.end


class Builder:
    """Takes scalars and containers in the order of the text; makes data and places, and collects diagnostics."""

    def __init__(self, name: str, text: str) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.page = Document(name, None, text, Span(0, 0, -1, -1, None))
        self._top: list[Any] = []
        self._top_places: dict[Any, Span] = {}
        self._into: Any = self._top
        self._places = self._top_places
        # The containers around the one in hand; a span where that one stands in the place of a key.
        self._around: list[tuple[Any, dict[Any, Span], tuple[int, int] | None]] = []
        self._key: Any = None
        self._key_start = self._key_end = -1

    def diagnostic(self, start: int, end: int, code: str, message: str, hint: str = "") -> None:
        """Collect a diagnostic and read on."""
        self.diagnostics.append(self.page.diagnostic_at(start, end, code, message, hint))

    def stop(self, start: int, end: int, code: str, message: str, hint: str = "") -> NoReturn:
        """Raise the diagnostics so far and this one."""
        self.diagnostic(start, end, code, message, hint)
        self._raise()

    def _raise(self) -> NoReturn:
        raise RuleFileError(sorted(dict.fromkeys(self.diagnostics), key=lambda diagnostic: diagnostic.location))

    def finish(self) -> Document:
        """Return the document, or raise its diagnostics."""
        if not self._top and not self.diagnostics:
            self.diagnostic(
                0,
                0,
                "Q101",
                "the file is empty",
                "a rule file begins with 'quirks: 1', a gateway's config with 'model_list:'",
            )
        if self.diagnostics:
            self._raise()
        return Document(self.page.name, self._top[0], self.page.text, self._top_places[0])

    @property
    def wants_key(self) -> bool:
        """Whether what comes next is the key of a mapping."""
        return self._key_start < 0 and type(self._into) is dict

    def scalar(self, value: Any, start: int, end: int) -> None:
        """Take a key or a plain value."""
        if type(value) is str and not value.isascii() and _HALF_PAIR.search(value):
            self.diagnostic(start, start + 1, *NO_CHARACTER)
        if self._key_start >= 0:
            self._into[self._key] = value
            self._places[self._key] = Span(start, end, self._key_start, self._key_end, None)
            self._key_start = -1
        elif type(self._into) is dict:
            if value in self._into:
                first_line = self.page.location(self._places[value].key_start).line
                message = f"duplicate key {show(value)}: it already stands in line {first_line}"
                self.diagnostic(start, end, "Q102", message, "keep one of them")
                value = object()  # the first value stays; this one goes where nobody looks
            self._key, self._key_start, self._key_end = value, start, end
        else:
            self._places[len(self._into)] = Span(start, end, -1, -1, None)
            self._into.append(value)

    def open(self, container: list[Any] | dict[Any, Any], start: int) -> None:
        """Begin a list or mapping."""
        if len(self._around) == MAX_DEPTH:
            self.stop(start, start + 1, "Q115", f"nested deeper than {MAX_DEPTH} levels")
        places: dict[Any, Span] = {}
        stands_as_key = None
        if self._key_start >= 0:
            self._into[self._key] = container
            self._places[self._key] = Span(start, start + 1, self._key_start, self._key_end, places)
            self._key_start = -1
        elif type(self._into) is dict:
            kind = "an array" if type(container) is list else "an object"
            self.diagnostic(start, start + 1, "Q108", f"a key must be a string, not {kind}", "write a plain word")
            stands_as_key = (start, start + 1)
        else:
            self._places[len(self._into)] = Span(start, start + 1, -1, -1, places)
            self._into.append(container)
        self._around.append((self._into, self._places, stands_as_key))
        self._into, self._places = container, places

    def close(self) -> None:
        """End the innermost list or mapping."""
        self._into, self._places, stood_as_key = self._around.pop()
        if stood_as_key:
            self._key, (self._key_start, self._key_end) = object(), stood_as_key


def number(text: str, base: int = 10) -> int | float:
    """Read a number, finite and of a sane length.

    Raises:
        ValueError: it is neither; the message says which.
    """
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    if base != 10 or text.lstrip("+-").isdecimal():
        return int(text, base)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too big for a number")
    return value


def show(value: object) -> str:
    """Write a scalar of a file as a message shows it: text in quotes, the rest as JSON."""
    return f"'{value}'" if isinstance(value, str) and value.isprintable() else json.dumps(value)
