"""Payloads on both sides of everything that a rule asks: each value that it names, one just above, one just below, none.

They begin as the rule's own examples, in which something else is put at a place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..model import MISSING, Rule
from ..payload.path import Path, PathError, Step, Wild, parse
from .asks import samples

#: Values of each type of JSON.
_TYPES: Final[Mapping[str, Any]] = {
    "null": None, "string": "text", "number": 1.5, "integer": 1, "boolean": True, "array": [], "object": {}, "json": "{}",
}  # fmt: skip
#: Key -> values that are usual there, for one that a condition does not name.
_OTHERS: Final[Mapping[str, Sequence[str]]] = {
    "role": ("user", "assistant", "tool", "system", "developer"), "type": ("text", "function", "image_url", "json_object"),
    "tool_choice": ("auto", "none", "required"), "reasoning_effort": ("none", "low", "high"),
}  # fmt: skip
#: Actions on names and ids -> where those stand.
_NAMES: Final = {
    "rename_tools": ("tools[*].function.name", "messages[*].tool_calls[*].function.name"),
    "rewrite_ids": ("messages[*].tool_calls[*].id", "messages[*].tool_call_id"),
}
#: Keyword of JSON Schema -> a value, where it takes no number.
_KEYWORDS: Final[Mapping[str, Any]] = {
    **{word: [{"type": "string"}, {"type": "integer"}] for word in ("anyOf", "oneOf", "allOf")},
    **{word: {"type": "string"} for word in ("not", "if", "then", "else", "contains", "propertyNames", "items")},
    **{word: {"a": {"type": "string"}} for word in ("$defs", "definitions", "patternProperties", "dependentSchemas")},
    **dict.fromkeys(("uniqueItems", "nullable", "deprecated", "readOnly", "writeOnly"), True),
    **dict.fromkeys(("unevaluatedProperties", "additionalProperties", "unevaluatedItems", "additionalItems"), False),
    **dict.fromkeys(("pattern", "format", "title", "description", "$id", "$schema", "$comment", "$anchor", "default"), "date"),
    "dependentRequired": {"a": ["b"]}, "required": ["a"], "examples": ["a"], "enum": ["a"], "prefixItems": [{"type": "string"}],
    "discriminator": {"propertyName": "a"}, "contentEncoding": "base64", "contentMediaType": "text/plain", "$dynamicRef": "#a",
    "$dynamicAnchor": "a", "$recursiveRef": "#", "$ref": "#/$defs/a",
}  # fmt: skip
#: Schemas of which each calls for another repair.
_SCHEMAS: Final = (
    {}, {"type": "object"}, {"type": "array"}, {"properties": {"a": {"type": "string"}}},
    *({"type": "object", "properties": {"a": inner}, **more} for inner, more in (
        ({"type": ["string", "null"]}, {}), ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {}), ({"const": "x"}, {}),
        ({"type": "string", "enum": ["a", "", None]}, {}), ({"enum": ["a"]}, {}), ({"type": "array", "items": [{"type": "string"}]}, {}),
        ({"type": "array"}, {}), ({"type": "object"}, {}), ({"type": ["string", "integer"]}, {}), ({"type": "string"}, {"required": ["a", "b"]}),
        ({"$ref": "#/$defs/A", "title": "A"}, {"$defs": {"A": {"type": "string"}}}),
        ({"$ref": "#/definitions/A"}, {"definitions": {"A": {"type": "string"}}}),
        ({"type": "string", "anyOf": [{"minLength": 1}]}, {}), ({"type": "string", "default": None}, {}),
        ({"anyOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "null"}]}, {}),
    )),
    {"type": "object", "properties": {"a": {}}, "anyOf": [{"required": ["a"]}]},
)  # fmt: skip
_COMBINATORS: Final = ("any_of", "all_of")
#: Actions whose argument is a table of paths, and those whose argument names paths.
_TABLES: Final = frozenset(
    {"set", "default", "rename", "copy", "map", "clamp", "truncate", "wrap", "unwrap", "nearest"}
)


@dataclass(frozen=True, slots=True)
class Point:
    """A place, and a value to put there; MISSING: nothing."""

    origin: str
    """``here``: the payload; ``request``: the request that an answer is to."""
    steps: tuple[Step, ...]
    value: Any


def points(rule: Rule, names: Mapping[str, Any]) -> list[Point]:
    """Return what to put where; ``names`` are the named conditions that the rule may use."""
    found: dict[str, Point] = {}
    for point in (*_of_condition(rule.when or {}, (), names), *_of_actions(rule.do, (), names)):
        key = f"{point.origin} {point.steps} " + ("-" if point.value is MISSING else json.dumps(point.value))
        found.setdefault(key, point)
    return list(found.values())


def _of_actions(actions: Sequence[Any], base: tuple[Step, ...], names: Mapping[str, Any]) -> Iterator[Point]:
    for action in actions:
        for word, argument in action.items():
            if word != "each":
                yield from _of_action(word, argument, base)
            elif inner := _steps(argument["in"], base):
                yield from _of_condition(argument.get("when", {}), inner[1], names)
                yield from _of_actions(argument["do"], inner[1], names)


def _of_action(word: str, argument: Any, base: tuple[Step, ...]) -> Iterator[Point]:
    if word == "normalize_schema":
        yield from _of_schemas(argument, base)
    elif word in ("merge_messages", "arrange_turns"):
        for role in _OTHERS["role"]:
            yield Point("here", ("messages",), [{"role": role, "content": text} for text in ("a", "b")])
    elif word == "move_parts":
        for kind in argument["types"]:
            yield Point("here", ("messages",), [{"role": argument["from"], "content": [{"type": kind}]}])
    elif word in _NAMES:
        for text in _NAMES[word]:
            yield from _at(text, base, [*_of_lengths(argument), "1 a", "-a", "a.b", "a"])
    elif word == "drop" and isinstance(argument, list):
        for text in argument:
            yield from _at(text, base, [*_usual(text), MISSING, "text", 1])
    elif word in _TABLES and isinstance(argument, Mapping):
        for text, value in argument.items():
            yield from _at(text, base, [*_of_argument(word, value), *_usual(text), MISSING, None])
            if word in ("rename", "copy") and isinstance(value, str):
                yield from _at(value, base, ["other", MISSING])


def _of_schemas(argument: Mapping[str, Any], base: tuple[Step, ...]) -> Iterator[Point]:
    """Yield schemas with each keyword that an option names."""
    place = _steps(argument.get("at"), base)
    if place is None:
        return
    named = [word for option in ("drop", "describe", "rename", "drop_where") for word in argument.get(option, ())]
    for schema in _SCHEMAS:
        yield Point(*place, schema)
    for word in named:
        for beside in ({"type": "object"}, {"type": "string"}, {}):
            inner = {**beside, word: _KEYWORDS.get(word, 1)}
            schema = {"type": "object", "properties": {"a": inner}}
            yield Point(place[0], place[1], schema)
        yield Point(place[0], place[1], {"type": "object", "properties": {}, word: _KEYWORDS.get(word, 1)})


def _of_lengths(argument: Any) -> list[str]:
    bounds = [argument.get(key) for key in ("length", "max_length")] if isinstance(argument, Mapping) else []
    return ["a" * size for bound in bounds if bound for size in (bound, bound + 1, bound - 1)]


def _of_argument(word: str, value: Any) -> Iterator[Any]:
    """Yield values about which an action may have something to do."""
    if word == "nearest":
        yield from (*_OTHERS["reasoning_effort"], "minimal", "medium", "xhigh", "max", "other")
    elif word == "map" and isinstance(value, Mapping):
        yield from (key for key in value if key != "*")
        yield from (item for item in value.values() if not isinstance(item, Mapping | list))
        yield "other"
    elif word in ("clamp", "truncate"):
        for bound in value if isinstance(value, list) else [value]:
            if isinstance(bound, int | float) and not isinstance(bound, bool):
                yield from (*_around(bound), ["a"] * int(bound), ["a"] * (int(bound) + 1))
    elif not isinstance(value, Mapping):
        yield value


def _usual(text: str) -> list[Any]:
    """Return what a field of OpenAI's request usually holds."""
    return [sample[text] for sample in samples() if text in sample][:1]


def _of_condition(node: Mapping[str, Any], base: tuple[Step, ...], names: Mapping[str, Any]) -> Iterator[Point]:
    for key, test in node.items():
        if key in _COMBINATORS:
            for inner in test:
                yield from _of_condition(inner, base, names)
        elif key == "not":
            yield from _of_condition(test, base, names)
        elif key[1:] in names and key.startswith("$"):
            yield from _of_condition(names[key[1:]], base, names)
        elif key != "$model" and (place := _steps(key, base)):
            usual = _OTHERS.get(_last(place[1]), ())
            yield from (Point(*place, value) for value in (*usual, MISSING, *_values(test)))
            yield from _below(test, place[1], names)
            yield Point(*place, None)


def _below(test: Any, steps: tuple[Step, ...], names: Mapping[str, Any]) -> Iterator[Point]:
    """Yield what the items of an array may be, and where else an operator looks."""
    for word, argument in test.items() if isinstance(test, Mapping) else ():
        if word in ("some", "every", "none"):
            yield from _of_condition(argument, (*steps, Wild.ITEMS), names)
            yield Point("here", steps, [])
        elif word in ("among", "not_among"):
            yield from _at(argument, steps[:-1], ["other", MISSING])
            yield Point("here", steps, "unheard-of")


def _values(test: Any) -> Iterator[Any]:
    """Yield values around what a condition asks of one."""
    if isinstance(test, list):
        yield from (*test, "other")
    elif not isinstance(test, Mapping):
        yield from (test, *_others(test))
    else:
        for word, argument in test.items():
            yield from _of_operator(word, argument)


def _of_operator(word: str, argument: Any) -> Iterator[Any]:
    if word in ("gt", "gte", "lt", "lte"):
        yield from _around(argument)
    elif word in ("between", "outside"):
        for bound in argument:
            yield from _around(bound) if bound is not None else ()
    elif word in ("ne", "not_in"):
        yield from (*(argument if isinstance(argument, list) else [argument]), "other")
    elif word == "is":
        yield from (_TYPES[argument], *_TYPES.values())
    elif word == "exists":
        yield from ("text", 1)
    elif word == "glob":
        for glob in argument if isinstance(argument, list) else [argument]:
            yield from (glob.replace("*", "x").replace("?", "x"), f"x{glob}".replace("*", "").replace("?", "x"))
    elif word in ("len", "bytes"):
        bounds = argument.values() if isinstance(argument, Mapping) else [argument]
        for bound in bounds:
            for size in (bound - 1, bound, bound + 1):
                if 0 <= size <= 2000:
                    yield from ("a" * size, ["a"] * size, {str(at): 1 for at in range(size)} if size < 20 else {})


def _around(bound: Any) -> list[Any]:
    if isinstance(bound, float):
        return [bound, round(bound + 0.01, 6), round(bound - 0.01, 6), round(bound + 1, 6), "text"]
    return [bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5, bound + 2, bound - 2, "text"]


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    return _around(value)[1:] if isinstance(value, int | float) else ["other"]


def _last(steps: tuple[Step, ...]) -> str:
    return str(next((step for step in reversed(steps) if isinstance(step, str)), ""))


def _at(text: str, base: tuple[Step, ...], values: Sequence[Any]) -> Iterator[Point]:
    if place := _steps(text, base):
        yield from (Point(*place, value) for value in values)


def _steps(text: Any, base: tuple[Step, ...]) -> tuple[str, tuple[Step, ...]] | None:
    """Return the origin and the steps of a path below an element; None for what names nothing in a payload."""
    try:
        path: Path = parse(text)
    except (PathError, TypeError):
        return None
    if path.origin == "status":
        return None
    return ("request", path.steps) if path.origin == "request" else (
        "here", path.steps if path.origin == "root" else (*base, *path.steps)
    )  # fmt: skip
