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


#: JSON types by the name a rule calls them; ``json`` is a string that parses as JSON.
TYPES: Mapping[str | None, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and value == math.floor(value),
    "json": _is_json,
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}

TYPE_MARKS: Mapping[str, tuple[Mark, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int, float),
    "json": (str,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}

TYPE_CODE: Mapping[str, str] = {
    "array": f"{VALUE}.__class__ is list",
    "boolean": f"{VALUE}.__class__ is bool",
    "null": f"{VALUE} is None",
    "number": f"{VALUE}.__class__ in NUMBERS and -INF < {VALUE} < INF",
    "object": f"{VALUE}.__class__ is dict",
    "string": f"{VALUE}.__class__ is str",
}
