"""What the words of a conversation ask for: calls of tools, and answers that fit a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

_CALL: Final = re.compile(r"\bcall\s+([\w.:-]+)", re.IGNORECASE)
_DECODER: Final = json.JSONDecoder()
#: An object with one of these is a JSON Schema of an answer.
_OF_SCHEMAS: Final = ("properties", "$ref", "anyOf", "oneOf", "allOf", "items")
#: A schema may stand in objects with these keys, as in response_format.
_AROUND: Final = ("json_schema", "schema")
#: So many objects of a text are looked at.
_MOST: Final = 100


def calls_in(text: str, names: Sequence[str]) -> list[tuple[str, dict[str, Any] | None]]:
    """Return the calls that a text asks for as ``call NAME {json}``: names and arguments, None where it has none.

    >>> calls_in('Please call weather {"city": "Oslo"} and call news.', ["weather", "news"])
    [('weather', {'city': 'Oslo'}), ('news', None)]
    """
    found = []
    for match in _CALL.finditer(text):
        name = next((name for name in (match[1], match[1].rstrip(".:-")) if name in names), None)
        if name is not None:
            found.append((name, _object_at(text, match.end())))
    return found


def schema_in(texts: Sequence[str]) -> dict[str, Any] | None:
    """Return the JSON Schema that the last of some texts to hold one asks to be answered by, if any.

    >>> schema_in(['Answer in JSON that fits this: {"type": "object", "properties": {}}', "Hi"])
    {'type': 'object', 'properties': {}}
    """
    told = [schema for text in texts if "json" in text.lower() for schema in _schemas(text)]
    return told[-1] if told else None


def _schemas(text: str) -> Iterator[dict[str, Any]]:
    for value in _objects(text):
        schema = value
        for key in _AROUND:
            inner = schema.get(key)
            schema = inner if isinstance(inner, dict) else schema
        if any(key in schema for key in _OF_SCHEMAS) or schema == {"type": "object"}:
            yield schema


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a text, but those in others."""
    at = text.find("{")
    for _ in range(_MOST):
        if at < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _object_at(text: str, start: int) -> dict[str, Any] | None:
    """Return the JSON object that comes next in a text."""
    at = len(text) - len(text[start:].lstrip(" \t\n:(`"))
    try:
        value, _ = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
