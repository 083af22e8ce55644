"""Payloads like another one, with something else at a place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Final

from ..model import MISSING
from ..payload.path import Step, Wild

#: Places of one path in one payload.
_MOST_PLACES: Final = 4


def changed(given: Any, steps: tuple[Step, ...], value: Any) -> Iterator[Any]:
    """Yield payloads like another with a value at each place of a path, and with one more item there."""
    for place in islice(_places(given, steps), _MOST_PLACES):
        if (made := _with(given, place, value)) is not MISSING:
            yield made
    for at, step in enumerate(steps):
        if step is Wild.ITEMS:
            for place in islice(_places(given, steps[:at]), 2):
                items = _node(given, place)
                if isinstance(items, list) and items:
                    (item,) = list(islice(changed({"x": items[-1]}, ("x", *steps[at + 1 :]), value), 1)) or [None]
                    if item is not None and "x" in item:
                        yield _with(given, place, [*items, item["x"]])
                        yield _with(given, place, [item["x"], *items])


def swapped(given: Any, table: Sequence[Any]) -> Iterator[Any]:
    """Yield payloads in which a value that stands in a table is another one of the table."""
    keys = {str(key) for key in table}
    for place, value in _leaves(given, ()):
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value) in keys:
            for key in table:
                number = int(key) if isinstance(value, int) and str(key).lstrip("-").isdigit() else key
                if number != value:
                    yield _with(given, place, number)


def _leaves(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    below = list(_children(node))
    if not below:
        yield place, node
    for key, value in below:
        yield from _leaves(value, (*place, key))


def _places(node: Any, steps: tuple[Step, ...]) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of a path, those too that are yet to be made."""
    if not steps:
        yield ()
        return
    step, rest = steps[0], steps[1:]
    if step is Wild.DEEP:
        yield from _places(node, rest)
        for key, below in _children(node):
            yield from ((key, *place) for place in _places(below, steps) if _node(below, place[:-1]) is not MISSING)
    elif step is Wild.ITEMS:
        for at, item in enumerate(node) if isinstance(node, list) and node else [(0, MISSING)]:
            yield from ((at, *place) for place in _places(item, rest))
    elif step is Wild.VALUES:
        for key in node if isinstance(node, dict) and node else ["x"]:
            yield from ((key, *place) for place in _places(_node(node, (key,)), rest))
    elif isinstance(step, int):
        at = step + len(node) if step < 0 and isinstance(node, list) and node else max(step, 0)
        yield from ((at, *place) for place in _places(_node(node, (at,)), rest))
    else:
        yield from ((step, *place) for place in _places(_node(node, (step,)), rest))


def _children(node: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(node, dict):
        yield from node.items()
    elif isinstance(node, list):
        yield from enumerate(node)


def _node(node: Any, place: Sequence[str | int]) -> Any:
    for key in place:
        try:
            node = node[key]
        except (LookupError, TypeError):
            return MISSING
    return node


def _with(given: Any, place: Sequence[str | int], value: Any) -> Any:
    """Return a copy with a value at a place, whose parents are made; MISSING where something else is in the way."""
    if not place:
        return MISSING if value is MISSING else value
    root = copy.deepcopy(given)
    node = root
    for key, following in pairwise(place):
        below = _node(node, (key,))
        if below is MISSING or below is None:
            below = [] if isinstance(following, int) else {}
            if not _put(node, key, below):
                return MISSING
        node = below
    if value is not MISSING:
        return root if _put(node, place[-1], copy.deepcopy(value)) else MISSING
    if _node(node, (place[-1],)) is MISSING or not isinstance(node, dict | list):
        return MISSING
    node.pop(place[-1])  # type: ignore[arg-type]
    return root


def _put(node: Any, key: str | int, value: Any) -> bool:
    if isinstance(node, dict) and isinstance(key, str):
        node[key] = value
    elif isinstance(node, list) and isinstance(key, int) and key <= len(node):
        node[key : key + 1] = [value]
    else:
        return False
    return True
