"""JSON text -> the scalars and containers of a document, with their places.

YAML is nearly a superset of JSON, but not quite (surrogate pairs, long keys, tabs), and what is wrong with
JSON is best told in words of JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .document import Builder, number

#: A string up to its closing quote, or to where it goes wrong.
_STRING = re.compile(r""""[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*""")
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[\w.+-]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_CONSTANTS = {"true": True, "false": False, "null": None}


class NotJSON(ValueError):  # noqa: N818 - says what the text is
    """The text is not JSON from ``start`` to ``end``; ``code`` is the code of the diagnostic."""

    def __init__(self, message: str, start: int, end: int | None = None, code: str = "Q101") -> None:
        super().__init__(message)
        self.start = start
        self.end = start + 1 if end is None else end
        self.code = code


def build(text: str, builder: Builder) -> None:
    """Feed ``builder`` the one JSON value that ``text`` is, without recursion.

    Raises:
        NotJSON: it is not JSON.
    """
    closers: list[str] = []
    at, expected = 0, "value"
    while True:
        at = _skip(text, at)
        char = text[at : at + 1]
        if expected == "end" and not closers:
            if char:
                raise NotJSON("not JSON: more text after the end", at)
            return
        if closers and char == closers[-1] and expected not in ("value", "key"):
            builder.close()
            closers.pop()
            at, expected = at + 1, "end"
        elif expected == "end":
            if char != ",":
                raise NotJSON(f"not JSON: expected ',' or '{closers[-1]}'", at)
            at, expected = at + 1, "value" if closers[-1] == "]" else "key"
        elif expected.endswith("key"):
            at, expected = _key(text, at, builder), "value"
        elif char and char in "[{":
            builder.open([] if char == "[" else {}, at)
            closers.append("]" if char == "[" else "}")
            at, expected = at + 1, "first value" if char == "[" else "first key"
        else:
            value, end = _scalar(text, at)
            builder.scalar(value, at, end)
            at, expected = end, "end"


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _key(text: str, at: int, builder: Builder) -> int:
    if text[at : at + 1] != '"':
        raise NotJSON("not JSON: expected a key in double quotes", at)
    key, end = _string(text, at)
    builder.scalar(key, at, end)
    end = _skip(text, end)
    if text[end : end + 1] != ":":
        raise NotJSON("not JSON: expected ':'", end)
    return end + 1


def _string(text: str, at: int) -> tuple[str, int]:
    """Return the string whose opening quote stands at ``at``, and the offset behind its closing one."""
    body = _STRING.match(text, at)
    end = body.end() if body else at
    ends_with = text[end : end + 1]
    if ends_with == '"':
        raw = text[at : end + 1]
        value: str = json.loads(raw) if "\\" in raw else raw[1:-1]
        return value, end + 1
    if not ends_with:
        raise NotJSON("not JSON: a string that is not closed", at)
    wrong = "an unknown escape" if ends_with == "\\" else "a control character in a string"
    raise NotJSON(f"not JSON: {wrong}", end)


def _scalar(text: str, at: int) -> tuple[Any, int]:
    if text[at : at + 1] == '"':
        return _string(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise NotJSON("not JSON: expected a value", at)
    if word[0] in _CONSTANTS:
        return _CONSTANTS[word[0]], word.end()
    if word[0].lstrip("+-") in ("NaN", "Infinity"):
        raise NotJSON(f"{word[0]} is not a JSON number", at, word.end(), "Q121")
    if not _NUMBER.fullmatch(word[0]):
        raise NotJSON(f"not JSON: '{word[0]}' is not a value", at, word.end())
    try:
        return number(word[0]), word.end()
    except ValueError as error:
        raise NotJSON(str(error), at, word.end(), "Q121") from None
