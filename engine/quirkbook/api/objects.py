"""An object of Python that is not JSON data -> what it stands for, one step: its members may be objects again.

Duck-typed wherever a package makes the objects: none is imported for it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, Final

from ..model import Keys, pointer
from .functions import function_tool, is_function
from .plain import PLAIN
from .response_format import makes_schemas, plain_format, plain_tool

#: An object may stand for another object; after so many there is no end.
_STEPS: Final = 5
#: Decimals beyond this have more digits than a number of JSON is read with.
_LARGEST_EXPONENT: Final = 308


class NotJSON(Exception):  # noqa: N818 - becomes a PayloadError where the place is known
    """A value has no JSON form; the text says what to write instead."""


def is_object(value: Any) -> bool:
    """Tell whether a value is an object of JSON, or stands for one."""
    if isinstance(value, Mapping):
        return True
    dumps = (callable(getattr(value, name, None)) for name in ("model_dump", "_asdict"))
    return not isinstance(value, type) and (any(dumps) or dataclasses.is_dataclass(value))


def stands_for(value: Any, keys: Keys) -> Any:
    """Return what a value at ``keys`` stands for: a scalar, or a dict or list whose members may be objects.

    Raises:
        NotJSON: it stands for nothing that JSON has.
        PayloadError: it is a class that has no schema, or an instance where a class is wanted.
    """
    made = value
    for _ in range(_STEPS):
        if made.__class__ in PLAIN:
            return made
        made = _one_step(made, keys)
    raise _no_json(value)


def _one_step(value: Any, keys: Keys) -> Any:
    if isinstance(value, type):
        return _of_class(value, keys)
    if _is_tool(keys) and is_function(value):
        return function_tool(value, pointer(keys))
    if keys == ("response_format",):
        plain_format(value)  # refuses an instance of a class that was meant itself
    for base, convert in _CONVERSIONS:
        if isinstance(value, base):
            return convert(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(exclude_none=True, by_alias=True)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()  # a number of numpy's that Python does not count among its own
    raise _no_json(value)


def _of_class(value: type, keys: Keys) -> Any:
    if keys == ("response_format",):
        return plain_format(value)[0]
    if _is_tool(keys) and makes_schemas(value):
        return plain_tool(value, pointer(keys))
    raise NotJSON(
        f"a value must be JSON data, not the class {value.__name__}; only response_format and items of tools may be "
        "classes, those that have model_json_schema()"
    )


def _is_tool(keys: Keys) -> bool:
    return len(keys) == 2 and keys[0] == "tools"


def _refused(value: Any) -> Any:
    raise _no_json(value)


def _of_decimal(value: Decimal) -> Any:
    if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
        raise _no_number()
    return int(value) if value == value.to_integral_value() else float(value)


def _of_fraction(value: Fraction) -> Any:
    return value.numerator if value.denominator == 1 else _of_real(value)


def _of_real(value: Any) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise _no_number() from None
    if not math.isfinite(number):
        raise _no_number()
    return number


def _no_number() -> NotJSON:
    return NotJSON("a number must be finite and have at most 309 digits: write one, or null")


def _of_tuple(value: Any) -> Any:
    return dict(value._asdict()) if callable(getattr(value, "_asdict", None)) else list(value)


#: What an instance of each becomes; the first that fits counts.
_CONVERSIONS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (Enum, lambda value: value.value),
    (str, str.__str__),
    (Mapping, dict),
    (tuple, _of_tuple),
    ((bytes, bytearray, memoryview), _refused),
    (Sequence, list),
    (Decimal, _of_decimal),
    (Fraction, _of_fraction),
    (Integral, int),
    (Real, _of_real),
)

#: What to write in place of values that people pass by mistake, by the name of their class or a base of it.
_INSTEAD: Final[Mapping[str, str]] = {
    "NotGiven": "leave the key out",
    "Omit": "leave the key out",
    "PurePath": "write its str()",
    "UUID": "write its str()",
    "bytearray": "write text, or a data URL with base64",
    "bytes": "write text, or a data URL with base64",
    "date": "write its isoformat()",
    "frozenset": "write a list",
    "function": 'write {"type": "function", "function": {"name": ..., "parameters": ...}}',
    "generator": "write a list",
    "memoryview": "write text, or a data URL with base64",
    "ndarray": "write its tolist()",
    "set": "write a list",
    "time": "write its isoformat()",
    "timedelta": "write its total_seconds()",
}


def _no_json(value: Any) -> NotJSON:
    names = (base.__name__ for base in type(value).__mro__)
    hint = next((_INSTEAD[name] for name in names if name in _INSTEAD), "write text, a number, a list or a dict")
    return NotJSON(f"a value must be JSON data, not of type {type(value).__name__}: {hint}")
