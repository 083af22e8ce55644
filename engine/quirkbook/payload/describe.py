"""Changes in words and as data: short values, RFC 6902 patches, one line per change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..model import MISSING, Change, Keys, pointer, same

#: What a terminal obeys, or what makes a text look like another: control characters but for tab and line end, and marks of direction.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Return a text as a terminal may have it, with escapes for what it would obey; JSON stays the same JSON.

    >>> print(shown("a \\x1b[31mred\\x07 text"))
    a \\u001b[31mred\\u0007 text
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def show(value: Any, width: int = 60) -> str:
    """Write a value short enough for a line of a report; long ones are cut, big ones counted.

    >>> show({"type": "text"}), show("x" * 99, 12), show(MISSING)
    ('{"type": "text"}', '"xxxxxxx..."', '(absent)')
    """
    if value is MISSING:
        return "(absent)"
    if isinstance(value, str):
        text = _json(value[: width + 1])
        return text if len(text) <= width else text[: width - 4] + '..."'
    if not isinstance(value, dict | list) or _is_small(value):
        try:
            text = _json(value)
        except (TypeError, ValueError):
            return f"<{type(value).__name__}>"
        if len(text) <= width:
            return text
    if isinstance(value, dict):
        return f"{{{len(value)} keys}}"
    return f"[{len(value)} items]" if isinstance(value, list) else f"{text[: width - 3]}..."


#: A kind of value in the words of a payload, and in those of a file of YAML.
_KINDS: Final[Mapping[type, tuple[str, str]]] = {
    dict: ("an object", "a mapping"),
    list: ("an array", "a list"),
    str: ("a string", "text"),
    bool: ("a boolean", "true or false"),
    type(None): ("null", "null"),
    int: ("a number", "a number"),
    float: ("a number", "a number"),
}


def kind(value: Any, *, yaml: bool = False) -> str:
    """Name the kind of a value, as errors do: in the words of JSON, or with ``yaml`` in those of YAML.

    >>> kind([]), kind([], yaml=True), kind(True), kind(1.5), kind({1})
    ('an array', 'a list', 'a boolean', 'a number', 'a set')
    """
    words = next((_KINDS[ancestor] for ancestor in type(value).__mro__ if ancestor in _KINDS), None)
    return words[yaml] if words else f"a {type(value).__name__}"


def _json(value: Any) -> str:
    """Write JSON that any terminal and file takes: half a surrogate pair as its escape."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _is_small(value: Any, room: int = 24) -> bool:
    """Tell whether a container holds at most ``room`` values, looking no further than that."""
    stack = [value]
    while stack:
        room -= 1
        if room < 0:
            return False
        node = stack.pop()
        if isinstance(node, dict):
            stack.extend(list(node.values())[: room + 1])
        elif isinstance(node, list):
            stack.extend(node[: room + 1])
    return True


def line(change: Change, *, values: bool = True) -> str:
    """Tell a change in one line; without ``values`` no text of the payload appears, as logs and warnings want it.

    >>> from quirkbook.model import Effect
    >>> line(Change("a/b", "clamp", Effect.LOSSY, "", "", "", ("temperature",), 1.7, 1))
    'clamp /temperature: 1.7 -> 1'
    """
    if change.keys is None:
        return f"{change.action}: {change.note}"
    note = f" ({change.note})" if change.note and values else ""
    if change.before is change.after:
        return f"{change.action} {change.pointer}: {change.note}"
    if change.moved_from is not None:
        return f"{change.action} {pointer(change.moved_from)} -> {change.pointer}{note}"
    before, after = (
        show(value) if values or _is_plain(value) else kind(value) for value in (change.before, change.after)
    )
    return f"{change.action} {change.pointer}: {before} -> {after}{note}"


def _is_plain(value: Any) -> bool:
    """Tell whether a value can hold nothing private: no text, no container."""
    return not isinstance(value, str | dict | list)


def patch(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Write changes as an RFC 6902 patch, in order; remarks and headers are no part of it.

    >>> from quirkbook.model import Effect
    >>> patch([Change("a/b", "drop", Effect.LOSSY, "", "", "", ("seed",), 7, MISSING)])
    [{'op': 'remove', 'path': '/seed'}]
    """
    return [_operation(one) for one in changes if one.keys is not None and one.before is not one.after]


def _operation(one: Change) -> dict[str, Any]:
    path = pointer(one.keys or ())
    if one.moved_from is not None:
        return {"op": "move", "from": pointer(one.moved_from), "path": path}
    if one.after is MISSING:
        return {"op": "remove", "path": path}
    return {"op": "add" if one.before is MISSING else "replace", "path": path, "value": one.after}


def inverse_patch(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Write the way back from the translated payload to the caller's, as an RFC 6902 patch."""
    return patch(
        replace(one, before=one.after, after=one.before)
        if one.moved_from is None
        else replace(one, keys=one.moved_from, moved_from=one.keys)
        for one in reversed(tuple(changes))
    )


def as_data(one: Change) -> dict[str, Any]:
    """Return a change as JSON data."""
    data: dict[str, Any] = {"rule": one.rule, "action": one.action, "effect": str(one.effect)}
    if one.keys is not None:
        data["pointer"] = one.pointer
    if one.moved_from is not None:
        data["from"] = pointer(one.moved_from)
    if one.before is not one.after:
        data |= {key: value for key, value in (("before", one.before), ("after", one.after)) if value is not MISSING}
    said = {"note": one.note, "why": one.why, "source": one.source, "location": one.location}
    data |= {key: value for key, value in said.items() if value}
    return {**data, "disputed": True} if one.disputed else data


def first_difference(wanted: Any, got: Any, keys: Keys = ()) -> str:
    """Tell the first place where two JSON values differ, or "" where they are equal.

    >>> first_difference({"a": [1, 2]}, {"a": [1, 3]})
    '/a/1: wanted 2, got 3'
    """
    if isinstance(wanted, dict) and isinstance(got, dict):
        pairs: list[tuple[Any, Any, Any]] = [
            (key, wanted.get(key, MISSING), got.get(key, MISSING)) for key in {**wanted, **got}
        ]
    elif isinstance(wanted, list) and isinstance(got, list):
        longest = range(max(len(wanted), len(got)))
        one, other = ([*values, *[MISSING] * (len(longest) - len(values))] for values in (wanted, got))
        pairs = list(zip(longest, one, other, strict=True))
    else:
        where = pointer(keys) or "the whole"
        return "" if same(wanted, got) else f"{where}: wanted {show(wanted)}, got {show(got)}"
    return next(filter(None, (first_difference(a, b, (*keys, key)) for key, a, b in pairs)), "")
