"""Actions that bring a value into what a provider accepts: clamp, nearest, truncate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft
from ..gates import either, of_path
from ..types import is_number
from .base import Action, Context, editable, reshape

LOSSY = Effect.LOSSY

#: The words of `reasoning_effort`, from the least to the most.
EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

Bound = Callable[[Draft, Keys], Any]
"""Returns a bound for the element at some keys; None: that side is open."""


def clamp(node: Any, keys: Keys, context: Context) -> Action:
    """A number out of range becomes the nearer bound; null is an open side, and so is a path without a number. Lossy.

    A bound is written as the rule has it, or as the sum of the number at its path and ``plus``. Where such bounds cross,
    no number would do: the value stays.
    """
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = []
    for path, (text, bounds) in zip(paths, node.items(), strict=True):
        low, high = (_bound(bound, (*keys, text, at), context) for at, bound in enumerate(bounds))
        table.append((editable(path), low, high))
        if all(is_number(bound) for bound in bounds) and bounds[0] > bounds[1]:
            message = f"the bounds {bounds} are in the wrong order: write {bounds[::-1]}"
            context.report("Q109", (*keys, text), message)

    def run(draft: Draft, base: Keys) -> None:
        for find_places, low, high in table:
            for at, value in find_places(draft, base):
                new = _clamped(value, low(draft, base), high(draft, base)) if is_number(value) else MISSING
                if new is not MISSING and at:
                    draft.replace("clamp", LOSSY, at, value, new)

    return Action(run, context.needs(*paths), context.writes(*paths))


def _bound(bound: Any, keys: Keys, context: Context) -> Bound:
    if not isinstance(bound, dict):
        return lambda draft, base: bound
    text, plus = bound["path"], bound.get("plus", 0)
    path = context.path(text, (*keys, "path"))
    if path.wild or not path.steps:
        context.report("Q110", (*keys, "path"), f"'{text}' must name one place, such as max_tokens")
    find_places = editable(path)

    def read(draft: Draft, base: Keys) -> Any:
        number = next((value for _, value in find_places(draft, base)), None)
        total = number + plus if is_number(number) else None
        return total if is_number(total) else None

    return read


def _clamped(value: Any, low: Any, high: Any) -> Any:
    if low is not None and high is not None and low > high:
        return MISSING
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else MISSING


def nearest(node: Any, keys: Keys, context: Context) -> Action:
    """Exchange an effort that is not among the given ones for the nearest that is, the greater of two. Lossy."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    tables = [(editable(path), _neighbours(kept)) for path, kept in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_places, table in tables:
            for at, value in find_places(draft, base):
                new = table.get(value) if isinstance(value, str) else None
                if new is not None and at:
                    draft.replace("nearest", LOSSY, at, value, new)

    needs = [of_path(path, context.scope, list(table)) for path, (_, table) in zip(paths, tables, strict=True)]
    return Action(run, either(needs), context.writes(*paths))


def _neighbours(kept: list[str]) -> dict[str, str]:
    """Return each effort that is not among ``kept`` with the one that takes its place.

    >>> _neighbours(["low", "high", "max"])
    {'none': 'low', 'minimal': 'low', 'medium': 'high', 'xhigh': 'max'}
    """
    places = [at for at, effort in enumerate(EFFORTS) if effort in kept]
    found = {}
    for at, effort in enumerate(EFFORTS):
        _, place = min((abs(place - at), -place) for place in places)
        if place != -at:
            found[effort] = EFFORTS[-place]
    return found


def truncate(node: Any, keys: Keys, context: Context) -> Action:
    """Shorten a list or a string (by code points) to n. Lossy."""

    def cut(value: Any, length: Any) -> tuple[Effect, Any]:
        return LOSSY, value[:length] if isinstance(value, str | list) and len(value) > length else MISSING

    return reshape("truncate", node, keys, context, cut)
