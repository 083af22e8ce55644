"""A payload without what is personal in it: what an example of a rule, or a recording, may show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from ..resources import schema

#: Keys whose values are words of the format and not of a person.
_OF_THE_FORMAT: Final = frozenset(
    {"role", "type", "object", "finish_reason", "format", "model", "$ref", "detail", "effort"}
)
#: A value that a parameter may have: a word or a few, no sentence.
_WORD: Final = re.compile(r"[A-Za-z][\w.-]{0,39}")
#: Top-level keys whose texts are never shown, however short.
_PERSONAL: Final = frozenset({"user", "safety_identifier", "prompt_cache_key", "metadata", "session_id"})


def scrub(payload: Any) -> Any:
    """Return a payload of the same shape in which a text that may be personal reads ``text``, ids ``id1``, ``id2``.

    >>> scrub({"messages": [{"role": "user", "content": "My name is Ada."}], "user": "ada", "temperature": 2})
    {'messages': [{'role': 'user', 'content': 'text'}], 'user': 'text', 'temperature': 2}
    """
    return _scrub(payload, (), {})


def _scrub(value: Any, keys: tuple[Any, ...], ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _scrub(item, (*keys, key), ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub(item, keys, ids) for item in value]
    return _text(value, keys, ids) if isinstance(value, str) else value


def _text(text: str, keys: tuple[Any, ...], ids: dict[str, str]) -> str:
    key = keys[-1] if keys else ""
    if key in ("id", "tool_call_id"):
        return ids.setdefault(text, f"id{len(ids) + 1}")
    if text == "" or is_of_the_format(text, keys):
        return text
    if key == "url":
        return "https://host.example/file" if text.startswith("http") else "data:,"
    if key == "arguments":
        return "{}" if text.lstrip().startswith("{") and text.rstrip().endswith("}") else "{"
    if key == "name":
        return "look" if re.fullmatch(r"[\w-]+", text) else "look up"
    if len(keys) == 1 and _WORD.fullmatch(text) and key not in _PERSONAL:
        return text
    return "text"


def is_of_the_format(text: str, keys: tuple[Any, ...]) -> bool:
    """Tell whether a text at some keys is a word of the format, as a role, a type or an effort, and nobody's own.

    >>> is_of_the_format("user", ("messages", "role")), is_of_the_format("user", ("messages", "content"))
    (True, False)
    """
    key = keys[-1] if keys else ""
    if key in _OF_THE_FORMAT:
        return bool(_WORD.fullmatch(text.replace("/", ".").replace(":", ".")))
    return text in _known_values() and keys[:1] not in {("messages",), ("metadata",)}


@cache
def _known_values() -> frozenset[str]:
    """Return the values that OpenAI's request names: of roles, types, efforts and the like."""
    return frozenset(value for value in _enums(schema("chat-request")) if isinstance(value, str))


def _enums(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.get("enum", ()) if isinstance(node.get("enum"), list) else ()
        yield from [node["const"]] if "const" in node else []
        for below in node.values():
            yield from _enums(below)
    elif isinstance(node, list):
        for below in node:
            yield from _enums(below)
