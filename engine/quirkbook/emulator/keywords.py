"""JSON Schema 2020-12 and six keywords more: what is checked of requests and plain JSON Schema cannot say.

The list is closed, and no keyword knows a provider. ``says`` is no keyword of validation: it is the text for a failure
of the schema it stands in.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .. import data

BASE = "https://quirkbook.dev/schemas/"
"""What ``$ref`` is relative to: the folder ``schemas``, so ``chat-request.schema.json`` or ``accepts/...``."""

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


def compile_schema(schema: Mapping[str, Any], defs: Mapping[str, Any] | None = None) -> Any:
    """Return a validator for a schema; its ``$ref`` may name ``defs`` and the schemas that ship with this package."""
    return _VALIDATOR({"$id": f"{BASE}check", **schema, "$defs": dict(defs or {})}, registry=_registry())


def max_bytes(validator: Any, most: int, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``maxBytes``: the UTF-8 of a string, or the JSON of anything else, is at most so long."""
    if (size := bytes_of(instance)) > most:
        yield ValidationError(f"{size} bytes, not {most}")


def unique_by(validator: Any, keys: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``uniqueBy``: no two items of an array have the same value at this dotted path."""
    seen: set[str] = set()
    for index, item in enumerate(instance if isinstance(instance, list) else ()):
        value = at(item, keys.split("."))
        if isinstance(value, str):
            if value in seen:
                yield ValidationError("twice", path=(index, *keys.split(".")), instance=value)
            seen.add(value)


def listed_in(validator: Any, wanted: Mapping[str, str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``listedIn``: the strings under the one key are keys of the object under the other."""
    for names, holder in wanted.items():
        known = instance.get(holder) if isinstance(instance, dict) else None
        for name in _strings(instance, names):
            if not isinstance(known, dict) or name not in known:
                yield ValidationError("not there", path=(names,), instance=name)


def object_values(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``objectValues``: every value of an object is an object; the key that fails is the instance of the error."""
    for name, value in instance.items() if isinstance(instance, dict) else ():
        if not isinstance(value, dict):
            yield ValidationError("no object", instance=name)


def refs_resolve(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``refsResolve``: every local ``$ref`` below leads somewhere in the instance, which is a JSON Schema."""
    for node in _objects(instance):
        ref = node.get("$ref")
        if isinstance(ref, str) and ref.startswith("#") and follow(instance, ref) is None:
            yield ValidationError("leads nowhere", instance=ref)


def calls_answered(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``callsAnswered``, on messages: ``results`` to calls of the turn before, ``calls`` that have all their results."""
    open_calls: list[str] = []
    turn = 0
    for index, message in enumerate(instance if isinstance(instance, list) else ()):
        role = message.get("role") if isinstance(message, dict) else None
        if role == "tool":
            name = message.get("tool_call_id")
            if name in open_calls:
                open_calls.remove(name)
            elif wanted == "results":
                yield ValidationError("no such call", path=(index, "tool_call_id"), instance=name)
            continue
        if open_calls and wanted == "calls":
            yield ValidationError("no result", path=(turn, "tool_calls"), instance=", ".join(open_calls))
        calls = message.get("tool_calls") if role == "assistant" else None
        turn = index
        open_calls = [name for call in calls or () if isinstance(name := at(call, ["id"]), str)]
    if open_calls and wanted == "calls":
        yield ValidationError("no result", path=(turn, "tool_calls"), instance=", ".join(open_calls))


KEYWORDS: Mapping[str, Keyword] = {
    "callsAnswered": calls_answered,
    "listedIn": listed_in,
    "maxBytes": max_bytes,
    "objectValues": object_values,
    "refsResolve": refs_resolve,
    "uniqueBy": unique_by,
}

_VALIDATOR: Any = extend(Draft202012Validator, KEYWORDS)


def bytes_of(value: Any) -> int:
    """Return the length of a string in UTF-8, or that of the JSON of anything else."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def at(value: Any, keys: list[str]) -> Any:
    """Return what lies below the keys, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def follow(root: Any, ref: str) -> Any:
    """Return what a local reference (``#``, ``#/$defs/x``) leads to, or None."""
    value = root
    for part in ref.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _strings(instance: Any, key: str) -> list[str]:
    found = instance.get(key) if isinstance(instance, dict) else None
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


@functools.cache
def _registry() -> Any:
    shelf = data.folder("schemas") / "accepts"
    names = [f"accepts/{file.name}" for file in shelf.iterdir() if file.name.endswith(".schema.json")]
    shipped = [data.schema(name.removesuffix(".schema.json")) for name in ("chat-request.schema.json", *names)]
    return Registry().with_contents([(one["$id"], one) for one in shipped], default_specification=DRAFT202012).crawl()
