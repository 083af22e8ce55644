"""JSON types as texts name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

#: Types as texts name them -> JSON's.
TYPES: Final[Mapping[str, str]] = {
    "str": "string", "string": "string", "u32": "integer", "i32": "integer", "u64": "integer", "f32": "number",
    "int": "integer", "integer": "integer", "number": "number", "float": "number", "decimal": "number",
    "bool": "boolean", "boolean": "boolean", "list": "array", "array": "array", "sequence": "array",
    "dict": "object", "dictionary": "object", "map": "object", "object": "object", "mapping": "object", "null": "null",
}  # fmt: skip

SAMPLES: Final[Mapping[str, Any]] = {
    "array": [], "boolean": True, "integer": 1, "null": None, "number": 0.5, "object": {}, "string": "a",
}  # fmt: skip


def type_in(text: Any) -> str | None:
    """Return the JSON type that a text names."""
    return next((TYPES[word] for word in re.findall(r"\w+", str(text).lower()) if word in TYPES), None)


def type_of(value: Any) -> str | None:
    """Return the JSON type of a value; None for null."""
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value))
