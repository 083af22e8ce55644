"""A failed JSON Schema -> the values for the provider's words about it, and the answer that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jsonschema import ValidationError

from ..model import Keys
from .keywords import KEYWORDS


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered instead of a completion."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    check: str = ""
    """The check that failed, by its name in the provider's file."""


def fill(template: Any, parts: Mapping[str, Any]) -> Any:
    """Return the template with ``$name`` replaced by the part of that name, or by null.

    >>> fill({"error": {"message": "$message", "code": "$code"}}, {"message": "no"})
    {'error': {'message': 'no', 'code': None}}
    """
    if isinstance(template, dict):
        return {key: fill(value, parts) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, parts) for value in template]
    if isinstance(template, str) and template.startswith("$"):
        return parts.get(template[1:])
    return template


def describe(error: ValidationError, words: Mapping[str, Mapping[str, str]], below: str | None) -> dict[str, Any]:
    """Return what an error text may quote of a failure, by name.

    ``words`` holds the provider's names of JSON types (``types``), of what it expects (``expects``) and of
    constants (``values``); ``below`` the key under which ``{inside}`` begins.
    """
    path: Keys = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    limit = error.validator_value
    types = [name for name in _as_list(schema.get("type")) if name != "null"]
    expects = [words.get("expects", {}).get(name, name) for name in types]
    values = {
        "path": bracketed(path),
        "field": dotted(path),
        "inside": dotted(path[path.index(below) + 1 :] if below in path else path) or "root",
        "index": next((step for step in path if isinstance(step, int)), 0),
        "key": path[-1] if path else "",
        "owner": ".".join(map(str, path[:-1])),
        "parent": bracketed(path[:-1]),
        "place": ["body", *path],
        "instance": error.instance,
        "missing": bracketed((*path, *_missing(error))),
        "value": _text(error.instance, words),
        "quoted": f"'{error.instance}'" if isinstance(error.instance, str) else _text(error.instance, words),
        "type": words.get("types", {}).get(kind(error.instance), kind(error.instance)),
        "expected": expects[0] if len(expects) == 1 else f"one of {' or '.join(expects)}",
        "number": "integer" if "integer" in types else "decimal",
        "limit": limit,
        "length": len(error.instance) if isinstance(error.instance, Sequence | dict) else 0,
        "choices": choices(limit),
    }
    if "says" in schema:
        text = schema["says"].format_map(values)
    elif error.validator in KEYWORDS:
        text = error.message
    else:  # what jsonschema says of its own keywords differs from release to release
        text = f"{values['path'] or 'the body'} does not satisfy {error.validator}: {_text(limit, words)}"
    return {**values, "says": text}


def kind(value: Any) -> str:
    """Return the JSON type of a value."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def bracketed(path: Keys) -> str:
    """Write a path as in code.

    >>> bracketed(("messages", 0, "content"))
    'messages[0].content'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def dotted(path: Keys) -> str:
    """Write a path without its indexes.

    >>> dotted(("messages", 0, "content"))
    'messages.content'
    """
    return ".".join(step for step in path if isinstance(step, str))


def choices(values: Any) -> str:
    """Write a list as a sentence does.

    >>> choices(["low", "high", None])
    "'low' and 'high'"
    """
    quoted = [f"'{value}'" for value in _as_list(values) if value is not None]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


def _missing(error: ValidationError) -> list[str]:
    if error.validator != "required":
        return []
    required: Any = error.validator_value
    instance: Any = error.instance
    return [name for name in required if name not in instance][:1]


def _text(value: Any, words: Mapping[str, Mapping[str, str]]) -> str:
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return words.get("values", {}).get(text, text)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
