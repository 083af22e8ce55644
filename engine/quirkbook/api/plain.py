"""Whatever people pass as a payload -> plain JSON data: dict, list, str, int, float, bool and None, or an error.

Rules compare values as JSON, so nothing else may reach them. What SDKs and libraries hand out (pydantic models and
classes, dataclasses, named tuples, enums, decimals, numpy's numbers) becomes what it stands for; what has no JSON form is
refused with its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Mapping, Set
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import isfinite
from numbers import Integral, Real
from typing import Any, Final

from ..errors import PayloadError
from ..model import Keys, pointer
from .response_format import makes_schemas, plain_format, plain_tool

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: Final = frozenset({dict, list})
_PLAIN: Final = _SCALARS | _CONTAINERS
_TEXT: Final = frozenset({str})
#: So many containers are looked at before anybody asks whether one of them holds itself.
_MANY: Final = 50_000
#: Decimals beyond this have more digits than a number of JSON is read with.
_LARGEST_EXPONENT: Final = 308

Converted = list[tuple[Keys, str]]
"""The places of what was converted, each with what it was."""


def is_plain(payload: dict[Any, Any], walked: Container[int] = (), types: Set[type] = frozenset()) -> bool:  # noqa: C901
    """Tell whether a payload is plain JSON data; containers whose id is in ``walked`` hold values of these ``types``.

    Raises:
        PayloadError: a container holds itself.
    """
    if not types <= _PLAIN:
        return False
    nodes: list[dict[Any, Any]] = [payload]
    push = nodes.append
    for node in nodes:  # grows while it is read; written flat, as every value of every payload passes here
        for key, value in node.items():
            kind = value.__class__
            if key.__class__ is not str:
                return False
            if kind is str:
                continue
            if kind is dict:
                if id(value) not in walked:
                    push(value)
            elif kind is list:
                for item in value:
                    kind = item.__class__
                    if kind is str:
                        continue
                    if kind is dict:
                        if id(item) not in walked:
                            push(item)
                    elif kind is list:
                        push({"": item})
                    elif kind not in _SCALARS:
                        return False
            elif kind not in _SCALARS:
                return False
        if len(nodes) > _MANY:
            return _is_large_tree_plain(payload)
    return True


def _is_large_tree_plain(payload: Any) -> bool:
    """Tell it of a payload that is large, or shares containers, or is a circle: each container is walked once."""
    kinds: set[type] = set()
    above: set[int] = set()
    seen: set[int] = set()
    stack: list[Any] = [payload]
    way: list[tuple[int, Any]] = []
    keys: set[type] = set()
    while stack:
        node = stack.pop()
        if node.__class__ is _Leaving:
            above.discard(way.pop()[0])
            continue
        if id(node) in above:
            raise PayloadError("a value holds itself: JSON cannot write that", _place_of(way, node))
        if id(node) in seen:
            continue
        seen.add(id(node))
        above.add(id(node))
        way.append((id(node), node))
        stack.append(_Leaving())
        values = node.values() if isinstance(node, dict) else node
        keys.update(map(type, node) if isinstance(node, dict) else ())
        kinds.update(map(type, values))
        stack += [value for value in values if isinstance(value, (dict, list))]
    return kinds <= _PLAIN and keys <= _TEXT


class _Leaving:
    """Marks where a walk comes back from a container."""


def _place_of(way: list[tuple[int, Any]], node: Any) -> str:
    """Return where the way, which goes from container to container, ends in ``node``."""
    keys: list[Any] = []
    below = [holder for _, holder in way[1:]] + [node]
    for (_, holder), value in zip(way, below, strict=True):
        members = holder.items() if isinstance(holder, dict) else enumerate(holder)
        keys.append(next(key for key, member in members if member is value))
    return pointer(tuple(keys))


def to_plain(payload: Mapping[Any, Any]) -> tuple[dict[str, Any], Converted]:
    """Return a payload as plain JSON data, and what was converted; the payload is not touched.

    >>> to_plain({"temperature": Fraction(1, 2), "stop": ("a", "b")})
    ({'temperature': 0.5, 'stop': ['a', 'b']}, [(('temperature',), 'Fraction'), (('stop',), 'tuple')])

    Raises:
        PayloadError: a value has no JSON form, or holds itself.
    """
    converted: Converted = []
    holder: dict[Any, Any] = {}
    above: set[int] = set()
    stack: list[tuple[Any, Any, Any, Keys]] = [(payload, holder, "", ())]
    while stack:
        value, into, name, keys = stack.pop()
        if into is None:
            above.discard(value)
            continue
        made = value if value.__class__ in _SCALARS else _plain_member(value, keys)
        if made is not value:
            converted.append((keys, type(value).__name__))
        if made.__class__ in _CONTAINERS:
            if id(value) in above:
                raise PayloadError("a value holds itself: JSON cannot write that", pointer(keys))
            above.add(id(value))
            stack.append((id(value), None, None, keys))
            made, members = _emptied(made, keys)
            stack += [(item, made, key, (*keys, key)) for key, item in members][::-1]
        into[name] = made
    result: dict[str, Any] = holder[""]
    return result, converted


def _emptied(value: Any, keys: Keys) -> tuple[Any, list[tuple[Any, Any]]]:
    """Return a container of the same size to be filled, and the members that belong into it."""
    if value.__class__ is list:
        return [None] * len(value), list(enumerate(value))
    members = [(_name(key, keys), item) for key, item in value.items()]
    return dict.fromkeys(key for key, _ in members), members


def _name(name: Any, keys: Keys) -> str:
    name = name.value if isinstance(name, Enum) else name
    if not isinstance(name, str):
        raise PayloadError(f"a key of a JSON object must be a string, not {type(name).__name__}", pointer(keys))
    return str.__str__(name)


def _plain(value: Any, keys: Keys) -> Any:
    """Return what an object stands for: a scalar, a dict or a list whose members may be objects again."""
    if isinstance(value, type):
        return _plain_class(value, keys)
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value, keys)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(exclude_none=True)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()  # a number of numpy's, of a class that is not Python's
    raise _no_json(value, keys)


def _plain_class(value: type, keys: Keys) -> Any:
    if keys == ("response_format",):
        return plain_format(value)[0]
    if len(keys) == 2 and keys[0] == "tools" and makes_schemas(value):
        return plain_tool(value, pointer(keys))
    raise PayloadError(f"the class {value.__name__} cannot stand here: write an instance, or JSON", pointer(keys))


def _of_decimal(value: Decimal, keys: Keys) -> Any:
    if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
        raise PayloadError(f"JSON has no number {str(value)[:20]}: write a finite number", pointer(keys))
    return int(value) if value == value.to_integral_value() else float(value)


def _of_fraction(value: Fraction, keys: Keys) -> Any:
    if value.denominator == 1:
        return value.numerator
    try:
        return float(value)
    except OverflowError:
        raise PayloadError("a fraction is too large for a number of JSON", pointer(keys)) from None


def _of_real(value: Any, keys: Keys) -> float:
    number = float(value)
    if not isfinite(number) and not isinstance(value, float):
        raise PayloadError("JSON has no such number: write a finite number", pointer(keys))
    return number


def _of_tuple(value: Any, keys: Keys) -> Any:
    return dict(value._asdict()) if callable(getattr(value, "_asdict", None)) else list(value)


_CONVERSIONS: Final[tuple[tuple[type, Callable[[Any, Keys], Any]], ...]] = (
    (Enum, lambda value, keys: _plain_member(value.value, keys)),
    (str, lambda value, keys: str.__str__(value)),
    (Mapping, lambda value, keys: dict(value)),
    (list, lambda value, keys: list(value)),
    (tuple, _of_tuple),
    (Decimal, _of_decimal),
    (Fraction, _of_fraction),
    (Integral, lambda value, keys: int(value)),
    (Real, _of_real),
)


def _plain_member(value: Any, keys: Keys) -> Any:
    return value if value.__class__ in _PLAIN else _plain(value, keys)


#: What to write in place of values that people pass by mistake, by the name of their class.
_INSTEAD: Final = {
    "bytes": "write text, or a data: URL with base64",
    "bytearray": "write text, or a data: URL with base64",
    "set": "write a list",
    "frozenset": "write a list",
    "ndarray": "write its tolist()",
    "date": "write its isoformat()",
    "datetime": "write its isoformat()",
    "UUID": "write its str()",
    "generator": "write a list",
}


def _no_json(value: Any, keys: Keys) -> PayloadError:
    kind = type(value).__name__
    hint = _INSTEAD.get(kind, "write a string, a number, a list or an object")
    return PayloadError(f"a value of type {kind} has no JSON form: {hint}", pointer(keys))
