"""The types of JSON by the names that rules use for them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from .code import VALUE
from .gates import Mark


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite JSON number: not a boolean, NaN or an infinity."""
    return value.__class__ in (int, float) and -math.inf < value < math.inf


def _is_json(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value, parse_int=float, parse_constant=_not_json)  # as int() refuses more than 4300 digits
    except (ValueError, RecursionError):
        return False
    return True


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _is_integer(value: Any) -> bool:
    return is_number(value) and bool(value == math.floor(value))


#: JSON types by the name a rule calls them; ``json`` is a string that parses as JSON. Their Python types, and a test.
TYPES: Mapping[str, tuple[tuple[Mark, ...], str | Callable[[Any], bool]]] = {
    "array": ((list,), f"{VALUE}.__class__ is list"),
    "boolean": ((bool,), f"{VALUE}.__class__ is bool"),
    "integer": ((int, float), _is_integer),
    "json": ((str,), _is_json),
    "null": ((type(None),), f"{VALUE} is None"),
    "number": ((int, float), f"{VALUE}.__class__ in NUMBERS and -INF < {VALUE} < INF"),
    "object": ((dict,), f"{VALUE}.__class__ is dict"),
    "string": ((str,), f"{VALUE}.__class__ is str"),
}
