"""A JSON Schema -> a value that fits it, the same each time: for tool calls and structured output."""

from __future__ import annotations

from typing import Any

from .keywords import follow

_MAX_DEPTH = 8


def sample(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """Return a value for a schema: the first enum value, every property, one item, a union's first branch.

    >>> sample({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})
    {'city': 'city', 'days': 1}
    """
    return _value(schema, schema if root is None else root, depth, "text")


def _value(schema: Any, root: Any, depth: int, name: str) -> Any:
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if isinstance(ref := schema.get("$ref"), str):
        return _value(follow(root, ref), root, depth + 1, name)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], root, depth + 1, name)
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    return _of_type(kinds[0] if isinstance(kinds, list) else kinds, schema, root, depth, name)


def _of_type(kind: Any, schema: dict[str, Any], root: Any, depth: int, name: str) -> Any:
    if kind == "object":
        properties = schema.get("properties") or {}
        # What may be left out is left out below the depth at which a recursive schema must end.
        deep = depth >= _MAX_DEPTH // 2
        names = schema.get("required", ()) if deep else properties
        return {key: _value(properties.get(key), root, depth + 1, key) for key in names}
    if kind == "array":
        least = schema.get("minItems") or (0 if depth >= _MAX_DEPTH // 2 else 1)
        return [_value(schema.get("items", {}), root, depth + 1, name)] * least
    if kind in ("integer", "number"):
        lowest = schema.get("minimum", 1)
        return min(max(1, lowest), schema.get("maximum", max(1, lowest)))
    if kind == "boolean":
        return True
    return name if kind == "string" else None
