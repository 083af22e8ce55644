"""A JSON Schema -> a value that fits it, the same each time: for tool calls and structured output."""

from __future__ import annotations

import math
from typing import Any, Final

from .keywords import follow

_MAX_DEPTH: Final = 8
#: JSON Schema format -> a text of it.
_FORMATS: Final = {
    "date": "2026-12-01",
    "date-time": "2026-12-01T12:00:00Z",
    "duration": "P1D",
    "email": "name@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


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
    if schema.get("allOf"):
        return _value(_merged(schema, root), root, depth + 1, name)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            beside = {other: value for other, value in schema.items() if other != key}
            return _value(_joined(beside, schema[key][0]), root, depth + 1, name)
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    return _of_type(kinds[0] if isinstance(kinds, list) else kinds, schema, root, depth, name)


def _merged(schema: dict[str, Any], root: Any) -> dict[str, Any]:
    """Return a schema with the parts of its allOf in it."""
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        ref = part.get("$ref") if isinstance(part, dict) else None
        merged = _joined(merged, follow(root, ref) if isinstance(ref, str) else part)
    return merged


def _joined(one: dict[str, Any], other: Any) -> dict[str, Any]:
    """Return what holds by both of two schemas, as far as their properties go."""
    if not isinstance(other, dict):
        return one
    joined = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            joined[key] = {**one[key], **other[key]}
        elif key == "required":
            joined[key] = list(dict.fromkeys([*one[key], *other[key]]))
    return joined


def _of_type(kind: Any, schema: dict[str, Any], root: Any, depth: int, name: str) -> Any:
    if kind == "object":
        properties = schema.get("properties") or {}
        # What may be left out is left out below the depth at which a recursive schema must end.
        deep = depth >= _MAX_DEPTH // 2
        names = schema.get("required", ()) if deep else {**properties, **dict.fromkeys(schema.get("required") or ())}
        return {key: _value(properties.get(key), root, depth + 1, key) for key in names}
    if kind == "array":
        return _array(schema, root, depth, name)
    if kind in ("integer", "number"):
        return _number(kind, schema)
    if kind == "boolean":
        return True
    return _text(schema, name) if kind == "string" else None


def _array(schema: dict[str, Any], root: Any, depth: int, name: str) -> list[Any]:
    first = [_value(item, root, depth + 1, name) for item in schema.get("prefixItems") or ()]
    least = schema.get("minItems") or (0 if first or depth >= _MAX_DEPTH // 2 else 1)
    items = schema.get("items", {})
    more = [_value(items, root, depth + 1, name) for _ in range(least - len(first))]
    if schema.get("uniqueItems"):
        of_values = items.get("enum") if isinstance(items, dict) else None
        more = of_values[: len(more)] if of_values else [_other(value, at) for at, value in enumerate(more)]
    return [*first, *more]


def _other(value: Any, at: int) -> Any:
    """Return a value that differs from those before it, where that is easily said."""
    if isinstance(value, str):
        return f"{value}{at}" if at else value
    return value + at if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number(kind: str, schema: dict[str, Any]) -> Any:
    step = schema.get("multipleOf") or (1 if kind == "integer" else 0)
    below, above = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if (least := _limit(schema, "exclusiveMinimum")) is not None:
        below = max(below, least + (step or _nudge(least, schema)))
    if (most := _limit(schema, "exclusiveMaximum")) is not None:
        above = min(above, most - (step or _nudge(most, schema)))
    value = min(max(1, below), above)
    if step:
        value = math.ceil(value / step) * step
        value = value if value <= above else math.floor(above / step) * step
    return value


def _limit(schema: dict[str, Any], key: str) -> Any:
    limit = schema.get(key)
    return limit if isinstance(limit, int | float) and not isinstance(limit, bool) else None


def _nudge(limit: float, schema: dict[str, Any]) -> float:
    """Return a step away from a limit that stays between the limits, where both are said."""
    ends = [schema.get(key) for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]
    widths = [abs(end - limit) for end in ends if isinstance(end, int | float) and end != limit]
    return min([0.5, *(width / 2 for width in widths)])


def _text(schema: dict[str, Any], name: str) -> str:
    text = _FORMATS.get(schema.get("format", ""), name)
    least, most = schema.get("minLength") or 0, schema.get("maxLength")
    text = text + "x" * (least - len(text))
    return text if most is None else text[:most]
