"""Values that fit a JSON Schema: few, made by reading the schema, each checked by jsonschema."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

#: How deep a value nests, and how many are made of one schema.
DEEPEST, MOST = 5, 24

BY_TYPE: dict[str, list[Any]] = {
    "string": ["a", "", "ab", "b", "2026-12-01"],
    "integer": [0, 1, 5, -1],
    "number": [0, 1.5, 5, -1],
    "boolean": [True, False],
    "null": [None],
}
ANY = ["a", None, 0, True, {}, []]


def fitting(schema: Any) -> list[Any]:
    """Return some values that fit a schema; none may mean that nothing fits, or that none was thought of."""
    return [value for value in _made(schema, schema, DEEPEST) if fits(value, schema)]


def fits(value: Any, schema: Any) -> bool:
    """Tell whether a value fits a schema; none fits one that refers to itself without end."""
    try:
        return Draft202012Validator(schema).is_valid(value)
    except RecursionError:
        return False


def is_schema(schema: Any) -> bool:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return False
    return True


def _made(schema: Any, root: Any, depth: int) -> list[Any]:
    """Return values that may fit."""
    found: list[Any] = []
    for value in _drawn(schema, root, depth) if depth else ():
        if value not in found or isinstance(value, bool | int):
            found.append(value)
        if len(found) == MOST:
            break
    return found


def _drawn(schema: Any, root: Any, depth: int) -> Iterator[Any]:
    if not isinstance(schema, dict):
        yield from ANY if schema is True else ()
        return
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum", ())
    if "$ref" in schema:
        yield from _made(_meant(schema["$ref"], root), root, depth - 1)
    for union in ("anyOf", "oneOf", "allOf"):
        for values in _zipped([_made(branch, root, depth) for branch in schema.get(union, ())]):
            yield from values
            objects = [value for value in values if isinstance(value, dict)]
            yield {key: value for one in objects for key, value in one.items()}
    kinds = schema.get("type", ["object", "array", "string", "null", "integer"])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind == "object":
            yield from _objects(schema, root, depth)
        elif kind == "array":
            yield from _arrays(schema, root, depth)
        else:
            yield from BY_TYPE.get(kind, ())


def _zipped(lists: list[list[Any]]) -> Iterator[list[Any]]:
    for at in range(max(map(len, lists), default=0)):
        yield [values[at] for values in lists if at < len(values)]


def _objects(schema: dict[str, Any], root: Any, depth: int) -> Iterator[Any]:
    properties = schema.get("properties", {})
    required = [name for name in schema.get("required") or () if isinstance(name, str)]
    for names in (required, [*dict.fromkeys([*properties, *required])]):
        choices = [_made(properties.get(name, True), root, depth - 1)[:4] for name in names]
        for values in islice(product(*choices), 8):
            yield dict(zip(names, values, strict=True))
    for name in properties:
        yield from ({name: value} for value in _made(properties[name], root, depth - 1)[:1])


def _arrays(schema: dict[str, Any], root: Any, depth: int) -> Iterator[Any]:
    first = [_made(item, root, depth - 1)[:1] for item in schema.get("prefixItems", ())]
    yield [value for values in first for value in values]
    for value in _made(schema.get("items", True), root, depth - 1)[:6]:
        yield [value]
        yield [value] * 2
    yield []


def _meant(text: str, root: Any) -> Any:
    node = root
    for key in text.split("/")[1:]:
        node = node[int(key)] if isinstance(node, list) else node.get(key, True) if isinstance(node, dict) else True
    return node
