"""Copies of the literals that rules put into payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def cloner(literal: Any) -> Callable[[], Any]:
    """Return a maker of copies of a rule's literal: no caller may ever hold a part of a rule."""
    if isinstance(literal, dict) and not any(isinstance(value, (dict, list)) for value in literal.values()):
        return literal.copy
    if isinstance(literal, (dict, list)):
        return lambda: clone(literal)
    return lambda: literal


def clone(value: Any) -> Any:
    """Copy a literal, containers and all."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value
