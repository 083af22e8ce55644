"""Field path and test -> does the payload hold a value there that passes? A reader for each common shape of path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..model import MISSING
from ..payload.draft import Draft
from ..payload.path import Path, Step, Wild, child, values
from . import needs as need
from .kinds import likely
from .needs import Needs
from .operators import Check, Test

Holds = Callable[[Any, Draft], bool]


def reader(path: Path, test: Test) -> Holds:
    """Fetch the values that a path means and test them; the commonest shape of path, one key, has its own reader."""
    check, steps = test.check, path.steps
    if path.origin == "status":
        return lambda node, draft: check(draft.status, node, draft)
    if test.absent:
        return lambda node, draft: not matches(path, node, draft)
    if path.origin == "here" and not steps:
        return lambda node, draft: check(node, node, draft)
    if path.origin == "here" and len(steps) == 1 and isinstance(steps[0], str):
        key = steps[0]

        def of_key(node: Any, draft: Draft) -> bool:
            if isinstance(node, dict):
                value = node.get(key, MISSING)
                return value is not MISSING and check(value, node, draft)
            return False

        return of_key
    if path.origin == "here" and not path.wild:

        def of_path(node: Any, draft: Draft) -> bool:
            value = node
            for step in steps:
                value = child(value, step)
                if value is MISSING:
                    return False
            return check(value, node, draft)

        return of_path

    if path.origin == "here" and _is_keys_of_items(steps):
        return _items_reader(steps, check, need.of_one_item(path.head, need.of_path(path, "", test.marks)))

    def of_matches(node: Any, draft: Draft) -> bool:
        for value in matches(path, node, draft):  # noqa: SIM110 - a generator in any() costs more than this loop
            if check(value, node, draft):
                return True
        return False

    return of_matches


def _is_keys_of_items(steps: Sequence[Step]) -> bool:
    """Tell whether a path is like ``messages[*].role`` or ``tools[*].function.name``."""
    return steps[1:2] == (Wild.ITEMS,) and all(isinstance(step, str) for step in (steps[0], *steps[2:]))


def _items_reader(steps: Sequence[Step], check: Check, needs: Needs) -> Holds:
    array, keys = str(steps[0]), steps[2:]

    def of_items(node: Any, draft: Draft) -> bool:
        items = node.get(array) if isinstance(node, dict) else None
        if not isinstance(items, list):
            return False
        for _, value in likely(draft, array, items, needs) if node is draft.root else enumerate(items):
            for key in keys:
                value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
            if value is not MISSING and check(value, node, draft):
                return True
        return False

    return of_items


def matches(path: Path, node: Any, draft: Draft) -> list[Any]:
    """Return each value that a path means, seen from ``node``."""
    start = draft.root if path.origin == "root" else draft.request if path.origin == "request" else node
    return [] if start is MISSING else values(start, path.steps)
