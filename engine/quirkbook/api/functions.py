"""A function of Python as a tool: its name, its docstring, and a JSON Schema of its parameters.

Only what annotations say of themselves is read; a function that says less, or something that JSON Schema has no word for,
is refused with what to write instead.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from ..errors import PayloadError
from .response_format import makes_schemas

INSTEAD: Final = 'write {"type": "function", "function": {"name": ..., "parameters": ...}}, or a pydantic class'
_SCALARS: Final[Mapping[Any, str]] = {
    str: "string", int: "integer", float: "number", bool: "boolean", None: "null", type(None): "null",
}  # fmt: skip
_ARRAYS: Final = (list, Sequence, tuple, set, frozenset)
_VARIABLE: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
#: So deep may annotations stand in one another: list[list[...]].
_DEEPEST: Final = 20


class _NoSchema(Exception):  # noqa: N818 - becomes a PayloadError where the function's name is known
    """An annotation has no JSON Schema; the text says which."""


def is_function(value: Any) -> bool:
    """Tell whether a value is a function or a method, which can be a tool."""
    return inspect.isroutine(value)


def function_tool(given: Callable[..., Any], where: str) -> dict[str, Any]:
    """Return the tool that a function is: ``{"type": "function", "function": {"name", "description", "parameters"}}``.

    Parameters with a default may be left out by the model. ``Annotated[str, "..."]`` describes one.

    >>> def weather(city: str, days: int = 1): "Tell the weather."
    >>> function_tool(weather, "/tools/0")["function"]["parameters"]["required"]
    ['city']

    Raises:
        PayloadError: the function has no JSON Schema; ``where`` is the JSON Pointer that says so.
    """
    name = getattr(given, "__name__", type(given).__name__)
    try:
        parameters = _parameters(given)
    except _NoSchema as error:
        raise PayloadError(f"the function {name} cannot be a tool: {error}: {INSTEAD}", where) from None
    function: dict[str, Any] = {"name": name, "parameters": parameters}
    if text := inspect.getdoc(given):
        function["description"] = text
    return {"type": "function", "function": function}


def _parameters(given: Callable[..., Any]) -> dict[str, Any]:
    try:
        signature, hints = inspect.signature(given), get_type_hints(given, include_extras=True)
    except (TypeError, ValueError, NameError) as error:
        raise _NoSchema(f"its parameters cannot be read, {type(error).__name__}") from None
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, parameter in signature.parameters.items():
        if parameter.kind in _VARIABLE:
            raise _NoSchema(f"its parameter {parameter} has no name of its own")
        if name not in hints:
            raise _NoSchema(f"its parameter {name} has no annotation")
        try:
            properties[name] = _schema(hints[name], definitions)
        except _NoSchema as error:
            raise _NoSchema(f"its parameter {name} is {error}, which has no JSON Schema") from None
        if parameter.default is inspect.Parameter.empty:
            required.append(name)
    schema = {"type": "object", "properties": properties, "required": required}
    return {**schema, "$defs": definitions} if definitions else schema


def _schema(hint: Any, definitions: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return the schema of an annotation; what it refers to goes into ``definitions``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if depth > _DEEPEST:
        raise _NoSchema("nested too deeply")
    if hint is Any:
        return {}
    if isinstance(hint, type | None) and hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if origin is Annotated:
        told = next((text for text in arguments[1:] if isinstance(text, str)), None)
        schema = _schema(arguments[0], definitions, depth + 1)
        return schema if told is None else {**schema, "description": told}
    if origin is Literal:
        return _of_values(arguments, hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, definitions, depth + 1) for one in arguments]}
    if (origin or hint) in _ARRAYS:
        return _of_array(arguments, definitions, depth)
    if (origin or hint) in (dict, Mapping):
        values = _schema(arguments[1], definitions, depth + 1) if arguments else {}
        return {"type": "object", "additionalProperties": values or True}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _of_values([member.value for member in hint], hint)
    if isinstance(hint, type) and makes_schemas(hint):
        return _of_class(hint, definitions)
    raise _NoSchema(_spelt(hint))


def _of_array(arguments: tuple[Any, ...], definitions: dict[str, Any], depth: int) -> dict[str, Any]:
    kinds = [one for one in arguments if one is not Ellipsis]
    items = [_schema(one, definitions, depth + 1) for one in kinds]
    if len(items) > 1:  # tuple[str, int]
        return {"type": "array", "items": {"anyOf": items}, "minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "items": items[0] if items else {}}


def _of_values(values: Sequence[Any], hint: Any) -> dict[str, Any]:
    if not all(isinstance(value, str | int | float | bool | None) for value in values):
        raise _NoSchema(_spelt(hint))
    kinds = {_SCALARS[type(value)] for value in values}
    return {**({"type": kinds.pop()} if len(kinds) == 1 else {}), "enum": list(values)}


def _of_class(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the schema of a class, whose own definitions move to the root with it."""
    try:
        schema: dict[str, Any] = hint.model_json_schema()
    except (TypeError, ValueError, RuntimeError):
        raise _NoSchema(_spelt(hint)) from None
    moved = {**schema.get("$defs", {}), hint.__name__: {key: value for key, value in schema.items() if key != "$defs"}}
    for name, definition in moved.items():
        if definitions.setdefault(name, definition) != definition:
            raise _NoSchema(f"one of two classes called {name}")
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _spelt(hint: Any) -> str:
    return f"of type {hint.__name__}" if isinstance(hint, type) else f"of type {hint}"
