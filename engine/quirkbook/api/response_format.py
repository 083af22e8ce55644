"""A class in place of an answer's schema: what OpenAI's ``.parse()`` and LiteLLM take for response_format.

Duck-typed, so that pydantic is neither needed nor imported: any class that has ``model_json_schema()`` will do.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..errors import PayloadError
from ..plan.jsonschema.tree import children, names, plant, reap

_WHERE: Final = "/response_format"
_INSTEAD: Final = 'write {"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}, or a pydantic class'
_ODD: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST: Final = 64
"""Characters of the name that an answer's schema may have at OpenAI."""


def plain_format(given: Any) -> tuple[Any, str | None]:
    """Return what to send for the argument response_format, and a remark where that is not what was given.

    A class becomes ``{"type": "json_schema", "json_schema": {"name", "schema", "strict"}}``; all else stays as it is.

    Raises:
        PayloadError: it is a class without a JSON schema, or an instance of one that has, and no response_format.
    """
    if not isinstance(given, type):
        if makes_schemas(type(given)) and not isinstance(getattr(given, "type", None), str):
            name = type(given).__name__
            raise PayloadError(f"response_format must be the class {name}, not an instance of it: write {name}", _WHERE)
        return given, None
    if not makes_schemas(given):
        raise PayloadError(f"the class {given.__name__} has no model_json_schema(): {_INSTEAD}", _WHERE)
    schema = _schema_of(given, _WHERE)
    named = _ODD.sub("_", given.__name__)[:_LONGEST]
    sent = {"type": "json_schema", "json_schema": {"name": named, "schema": strict_schema(schema), "strict": True}}
    return sent, (
        f"response_format: the class {given.__name__} went as its JSON schema, strict: "
        "objects have no fields but their own, and all of those"
    )


def plain_tool(given: type, where: str) -> dict[str, Any]:
    """Return the tool whose arguments are the fields of a class, strict, as OpenAI's SDK makes it.

    Raises:
        PayloadError: the class has no JSON schema; ``where`` is the JSON Pointer that says so.
    """
    schema = _schema_of(given, where)
    function = {"name": _ODD.sub("_", given.__name__)[:_LONGEST], "strict": True, "parameters": strict_schema(schema)}
    if given.__doc__:
        function["description"] = given.__doc__
    return {"type": "function", "function": function}


def _schema_of(given: Any, where: str) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = given.model_json_schema()
    except (TypeError, ValueError, RuntimeError) as error:
        text = f"the class {given.__name__} has no JSON schema: its model_json_schema() raised {type(error).__name__}"
        raise PayloadError(f"{text}: {_INSTEAD}", where) from error
    return schema


def makes_schemas(kind: type) -> bool:
    """Tell whether a class, as pydantic's do, has a JSON schema."""
    return callable(getattr(kind, "model_json_schema", None))


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as OpenAI's strict mode wants it: all fields required, and no others allowed.

    An object whose fields are free on purpose (``additionalProperties`` is there) stays so. The input is not touched.

    >>> strict_schema({"type": "object", "properties": {"a": {"type": "string"}}})["required"]
    ['a']
    """
    root = plant(schema)
    spots = [root]
    for spot in spots:  # grows while it is read
        spots += children(spot)
        if "object" in names(spot.words.get("type")):
            spot.words.setdefault("additionalProperties", False)
        if isinstance(spot.words.get("properties"), dict):
            spot.words["required"] = list(spot.words["properties"])
    strict: dict[str, Any] = reap(root)
    return strict
