"""Field paths of rules: ``messages[*].content`` -> the places in a payload that it means.

A path is a sequence of steps: a key, an index (``[0]``, ``[-1]``), every item of an array (``[*]``), every
value of an object (``.*``) or any depth (``**``). It starts at the element in hand, or at the root (``$.x``),
or at the translated request (``$request.x``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..model import MISSING, Keys


class Wild(Enum):
    """A step that may match many places."""

    ITEMS = "[*]"
    VALUES = "*"
    DEEP = "**"


Step = str | int | Wild


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed field path. ``origin`` is ``here``, ``root``, ``request`` or ``status``."""

    text: str
    origin: str
    steps: tuple[Step, ...]

    @property
    def wild(self) -> bool:
        """Whether it may match more than one place."""
        return any(isinstance(step, Wild) for step in self.steps)

    @property
    def head(self) -> str | None:
        """The top-level key it starts at, if it starts at one."""
        return self.steps[0] if self.steps and isinstance(self.steps[0], str) else None


class PathError(ValueError):
    """A text that is not a field path; the message says what to write instead."""


_STEP = re.compile(
    r"""\.?\[\s*(?:(?P<index>-?\d+)|(?P<items>\*)|"(?P<quoted>(?:[^"\\]|\\.)*)")\s*\]
      | \.?(?P<deep>\*\*)
      | \.?(?P<values>\*)
      | \.?(?P<key>[^.\[\]*"'\s$][^.\[\]*]*)""",
    re.VERBOSE,
)
_ORIGIN = re.compile(r"\$(?P<name>[A-Za-z_]*)(?=$|[.\[])")


def parse(text: str) -> Path:
    """Parse a field path.

    >>> parse("messages[*].content").steps
    ('messages', <Wild.ITEMS: '[*]'>, 'content')
    >>> parse("$.tools[-1]").origin
    'root'

    Raises:
        PathError: the text is not a path.
    """
    if text == ".":
        return Path(text, "here", ())
    origin, rest = "here", text
    if text.startswith("$"):
        start = _ORIGIN.match(text)
        name = start["name"] if start else None
        if start is None or name not in ("", "request", "status"):
            raise PathError(
                f"'{text}' starts at no known place: write '$.key' (the root), '$request.key' or '[\"$key\"]'"
            )
        origin, rest = name or "root", text[start.end() :]
    steps: list[Step] = []
    at = 0
    if rest.startswith(".") and origin == "here":
        raise PathError(f"'{text}' starts with a dot: write '{rest.lstrip('.')}', or '.' for the element itself")
    while at < len(rest):
        step = _STEP.match(rest, at)
        if step is None or (at > 0 and rest[at] not in ".["):
            raise PathError(
                f"'{text}' is not a field path at '{rest[at:]}': write keys with dots, items as [0], [-1] or [*]"
            )
        steps.append(_step(step))
        at = step.end()
    if not steps and origin == "here":
        raise PathError("an empty path: write '.' for the element itself, or '$' for the whole payload")
    if steps and steps[-1] is Wild.DEEP:
        raise PathError(f"'{text}' ends in '**': name a key after it, as in 'tools.**.strict'")
    if steps.count(Wild.DEEP) > 1:
        raise PathError(f"'{text}' says '**' twice: one place could match in many ways; once is enough")
    if steps and origin == "status":
        raise PathError(f"'{text}' looks into a number: write '$status'")
    return Path(text, origin, tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["items"]:
        return Wild.ITEMS
    if match["deep"]:
        return Wild.DEEP
    if match["values"]:
        return Wild.VALUES
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", match["quoted"])
    return match["key"]


def child(node: Any, step: Step) -> Any:
    """Return what stands at one plain step below ``node``, or MISSING; never fails.

    >>> child({"a": 1}, "a"), child([1, 2], -1), child("text", "a")
    (1, 2, (absent))
    """
    if isinstance(step, str):
        return node.get(step, MISSING) if isinstance(node, dict) else MISSING
    if isinstance(step, int) and isinstance(node, list) and -len(node) <= step < len(node):
        return node[step]
    return MISSING


def values(node: Any, steps: Sequence[Step]) -> list[Any]:
    """Return each value that the steps match below ``node``, in document order.

    >>> values({"a": [{"b": 1}, {}]}, ("a", Wild.ITEMS, "b"))
    [1]
    """
    found = [node]
    for step in steps:
        if isinstance(step, str):
            found = [value[step] for value in found if isinstance(value, dict) and step in value]
        elif step is Wild.ITEMS:
            found = [item for value in found if isinstance(value, list) for item in value]
        elif step is Wild.DEEP:
            found = [below for value in found for below in anywhere(value)]
        else:
            found = [below for value in found for _, below in _below(value, step)]
        if not found:
            break
    return found


def find(node: Any, steps: Sequence[Step], keys: Keys = ()) -> list[tuple[Keys, Any]]:
    """Return (keys, value) of each match below ``node``, in document order; ``keys`` is where ``node`` stands.

    >>> find({"a": [{"b": 1}, {}]}, ("a", Wild.ITEMS, "b"))
    [(('a', 0, 'b'), 1)]
    """
    if Wild.DEEP in steps:
        cut = steps.index(Wild.DEEP)
        rest = steps[cut + 1 :]
        return [hit for at, value in find(node, steps[:cut], keys) for hit in _find_anywhere(value, rest, at)]
    found = [(keys, node)]
    for step in steps:
        if isinstance(step, str):
            found = [((*at, step), value[step]) for at, value in found if isinstance(value, dict) and step in value]
        elif step is Wild.ITEMS:
            found = [((*at, i), item) for at, value in found if isinstance(value, list) for i, item in enumerate(value)]
        else:
            found = [((*at, key), below) for at, value in found for key, below in _below(value, step)]
        if not found:
            break
    return found


def _below(node: Any, step: Step) -> Iterable[tuple[str | int, Any]]:
    """Return what ``.*`` or an index matches below ``node``, with the key that leads there."""
    if step is Wild.VALUES:
        return node.items() if isinstance(node, dict) else ()
    value = child(node, step)
    if value is MISSING:
        return ()
    assert isinstance(step, int)
    return ((step + len(node) if step < 0 else step, value),)


def anywhere(node: Any) -> list[Any]:
    """Return ``node`` and all containers below it, in document order; not recursive, as payloads may nest deep."""
    found: list[Any] = []
    stack = [node]
    while stack:
        node = stack.pop()
        found.append(node)
        members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        stack += [value for value in members if isinstance(value, (dict, list))][::-1]
    return found


def containers(node: Any) -> list[Any]:
    """Return what `anywhere` does, the outer ones first: for those who ask whether there is one, as conditions do."""
    found = [node]
    for value in found:  # grows while it is read
        members = value.values() if value.__class__ is dict else value if value.__class__ is list else ()
        found += [below for below in members if below.__class__ is dict or below.__class__ is list]
    return found


def _find_anywhere(node: Any, rest: Sequence[Step], keys: Keys) -> Iterator[tuple[Keys, Any]]:
    """Yield what ``rest`` matches at any depth. Keys are put together only for matches, so that depth costs nothing."""
    parents: list[tuple[int, str | int]] = [(-1, "")]
    stack: list[tuple[int, Any]] = [(0, node)]
    while stack:
        mine, node = stack.pop()
        hits = find(node, rest)
        if hits:
            way: list[str | int] = []
            at = mine
            while at:
                at, key = parents[at]
                way.append(key)
            base = (*keys, *reversed(way))
            for below, value in hits:
                yield (*base, *below), value
        members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        inner: list[tuple[int, Any]] = []
        for key, value in members:
            if isinstance(value, (dict, list)):
                inner.append((len(parents), value))
                parents.append((mine, key))
        stack += inner[::-1]
