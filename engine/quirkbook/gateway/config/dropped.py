"""Fields that the config leaves out for one deployment: LiteLLM's ``additional_drop_params``, in its notation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

NAME: Final = "additional_drop_params"
"""As which it is named among the rules that fired."""
Path = tuple[str | int, ...]
"""Keys; ``[*]`` is every item of an array, a number one of them."""
ITEMS: Final = "[*]"
_STEPS: Final = re.compile(r"[^.\[]+|\[\*\]|\[\d+\]")


def parsed(text: str) -> Path | None:
    """Return a path of ``tools[*].function.strict``, ``metadata.user`` or ``seed``; None: it is in no such notation.

    >>> parsed("tools[*].function.strict"), parsed("stop[0].x"), parsed("a..b"), parsed("a[x]")
    (('tools', '[*]', 'function', 'strict'), ('stop', 0, 'x'), None, None)
    """
    steps = _STEPS.findall(text)
    written = "".join(step if step.startswith("[") else f".{step}" for step in steps)
    if not steps or written != f".{text}" or steps[0].startswith("["):
        return None
    return tuple(int(step[1:-1]) if step.startswith("[") and step != ITEMS else step for step in steps)


def without(payload: dict[str, Any], paths: Iterable[Path]) -> set[str]:
    """Take fields out of a payload, whose own values stay as they are; return under which keys something was there."""
    changed = set()
    for path in paths:
        key = str(path[0])
        if key in payload and len(path) == 1:
            del payload[key]
            changed.add(key)
        elif key in payload:
            value = _without(payload[key], path[1:])
            if value is not payload[key]:
                payload[key] = value
                changed.add(key)
    return changed


def _without(value: Any, path: Path) -> Any:
    """Return a value without what stands at a path; the very value where nothing does. Items of arrays are never taken out."""
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        if not rest:
            return {key: item for key, item in value.items() if key != step}
        inner = _without(value[step], rest)
        return value if inner is value[step] else {**value, step: inner}
    if isinstance(value, list) and rest and (step == ITEMS or isinstance(step, int)):
        items = [_without(item, rest) if step in (ITEMS, at) else item for at, item in enumerate(value)]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value
