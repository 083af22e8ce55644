"""JSON Schema 2020-12 and eleven keywords more: what is checked of requests and plain JSON Schema cannot say.

The list is closed, and no keyword knows a provider. ``says`` validates nothing: it is the text for a failure
of the schema it stands in.
"""

from __future__ import annotations

import functools
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .. import resources
from ..model import Keys

BASE = "https://quirkbook.dev/schemas/"
"""What ``$ref`` is relative to: the folder ``schemas``, so write ``chat-request.schema.json``."""

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


def compile_schema(schema: Mapping[str, Any], defs: Mapping[str, Any] | None = None) -> Any:
    """Return a validator for a schema whose ``$ref`` may name ``defs`` and the schemas that ship with us."""
    return _VALIDATOR({"$id": f"{BASE}check", **schema, "$defs": dict(defs or {})}, registry=_registry())


def max_bytes(validator: Any, most: int, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``maxBytes``: the UTF-8 of a string, or the JSON of anything else, is at most so long."""
    if (size := bytes_of(instance)) > most:
        yield ValidationError(f"{size} bytes, not {most}")


def unique_by(validator: Any, keys: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``uniqueBy``: no two items of an array have the same value at this dotted path."""
    known: set[str] = set()
    for index, item in enumerate(instance if isinstance(instance, list) else ()):
        value = at(item, keys.split("."))
        if isinstance(value, str):
            if value in known:
                yield ValidationError("twice", path=(index, *keys.split(".")), instance=value)
            known.add(value)


def listed_in(validator: Any, pairs: Mapping[str, str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``listedIn``: the strings under the one key are keys of the object under the other."""
    for names, holder in pairs.items():
        known = instance.get(holder) if isinstance(instance, dict) else None
        for name in _strings(instance, names):
            if not isinstance(known, dict) or name not in known:
                yield ValidationError("not there", path=(names,), instance=name)


def object_values(validator: Any, enabled: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``objectValues``: every value of an object is an object; a key that fails is the error's instance."""
    for name, value in instance.items() if isinstance(instance, dict) else ():
        if not isinstance(value, dict):
            yield ValidationError("no object", instance=name)


def refs_resolve(validator: Any, enabled: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``refsResolve``: every local ``$ref`` below leads somewhere in the instance, which is a JSON Schema."""
    for path, node in _references(instance):
        if follow(instance, node["$ref"]) is None:
            yield ValidationError("leads nowhere", path=path, instance=node["$ref"])


def refs_repeat_nothing(validator: Any, enabled: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``refsRepeatNothing``: what stands beside a local ``$ref`` does not stand in its target too."""
    for path, node in _references(instance):
        target = follow(instance, node["$ref"])
        if isinstance(target, dict) and (repeated := sorted(node.keys() & target.keys() - {"$ref"})):
            yield ValidationError("twice", path=path, instance=", ".join(repeated))


def calls_answered(validator: Any, side: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``callsAnswered``: every tool message answers a call (``results``), or every call is (``calls``)."""
    open_calls: list[str] = []
    turn = 0
    for index, message in enumerate(instance if isinstance(instance, list) else ()):
        role = message.get("role") if isinstance(message, dict) else None
        if role == "tool":
            name = message.get("tool_call_id")
            if name in open_calls:
                open_calls.remove(name)
            elif side == "results":
                yield ValidationError("no such call", path=(index, "tool_call_id"), instance=name)
            continue
        if open_calls and side == "calls":
            yield ValidationError("no result", path=(turn, "tool_calls"), instance=", ".join(open_calls))
        calls = message.get("tool_calls") if role == "assistant" else None
        turn = index
        open_calls = [name for call in calls or () if isinstance(name := at(call, ["id"]), str)]
    if open_calls and side == "calls":
        yield ValidationError("no result", path=(turn, "tool_calls"), instance=", ".join(open_calls))


def known_keys(validator: Any, keys: list[str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``knownKeys``: an object has no other keys; the error stands at the key, with its value."""
    for name, value in instance.items() if isinstance(instance, dict) else ():
        if name not in keys:
            yield ValidationError("unknown", path=(name,), instance=value)


def holds_json(validator: Any, enabled: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``holdsJson``: a string is JSON."""
    if isinstance(instance, str):
        try:
            json.loads(instance)
        except (ValueError, RecursionError):
            yield ValidationError("no JSON", instance=instance)


def order(validator: Any, followers: Mapping[str, list[str]], instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``order``: after a message of this role comes one of these roles; what is not named may be followed by any."""
    roles = [at(message, ["role"]) for message in instance] if isinstance(instance, list) else []
    for index, (before, role) in enumerate(pairwise(roles), 1):
        if before in followers and role not in followers[before]:
            yield ValidationError(f"'{role}' after role '{before}'", path=(index, "role"), instance=role)


def last_item(validator: Any, subschema: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """``lastItem``: the last item of an array fits the schema."""
    if isinstance(instance, list) and instance:
        yield from validator.descend(instance[-1], subschema, path=len(instance) - 1)


KEYWORDS: Mapping[str, Keyword] = {
    "callsAnswered": calls_answered,
    "holdsJson": holds_json,
    "knownKeys": known_keys,
    "lastItem": last_item,
    "listedIn": listed_in,
    "maxBytes": max_bytes,
    "objectValues": object_values,
    "order": order,
    "refsRepeatNothing": refs_repeat_nothing,
    "refsResolve": refs_resolve,
    "uniqueBy": unique_by,
}

_extend: Any = validators.extend  # untyped in the stubs
_VALIDATOR = _extend(Draft202012Validator, KEYWORDS)


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
    values = instance.get(key) if isinstance(instance, dict) else None
    return [name for name in values if isinstance(name, str)] if isinstance(values, list) else []


def _references(value: Any) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Yield the objects below that have a local ``$ref``, and where they stand."""
    waiting: deque[tuple[Keys, Any]] = deque([((), value)])
    while waiting:
        path, value = waiting.popleft()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and value["$ref"].startswith("#"):
                yield path, value
            waiting += [((*path, key), below) for key, below in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), below) for index, below in enumerate(value)]


@functools.cache
def _registry() -> Any:
    directory = resources.folder("schemas") / "accepts"
    ending = ".schema.json"
    names = [f"accepts/{file.name}" for file in directory.iterdir() if file.name.endswith(ending)]
    shipped = [resources.schema(name.removesuffix(ending)) for name in ("chat-request", *names)]
    # A schema that names its dialect would be read by that dialect, without the keywords above.
    resources_by_id = [
        (contents["$id"], {key: contents[key] for key in contents if key != "$schema"}) for contents in shipped
    ]
    return Registry().with_contents(resources_by_id, default_specification=DRAFT202012).crawl()
