"""Functions of Python as tools."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, Optional

import pytest

from quirkbook import PayloadError
from quirkbook.api.converting import to_plain
from quirkbook.api.functions import function_tool, is_function


class Unit(enum.Enum):
    CELSIUS = "C"
    KELVIN = "K"


class Place:
    """As pydantic's classes, seen from here."""

    @classmethod
    def model_json_schema(cls):
        return {
            "type": "object",
            "properties": {"at": {"$ref": "#/$defs/Point"}},
            "$defs": {"Point": {"type": "object"}},
        }


def weather(city: str, place: Place, days: Annotated[int, "At most 7."] = 1, unit: Unit = Unit.CELSIUS) -> str:
    """Tell the weather.

    Of one city.
    """


def test_a_function_becomes_the_tool_that_its_signature_and_docstring_describe():
    payload, converted = to_plain({"tools": [weather]})

    assert payload["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "Tell the weather.\n\nOf one city.",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "city": {"type": "string"},
                        "place": {"$ref": "#/$defs/Place"},
                        "days": {"type": "integer", "description": "At most 7."},
                        "unit": {"type": "string", "enum": ["C", "K"]},
                    },
                    "required": ["city", "place"],
                    "$defs": {
                        "Point": {"type": "object"},
                        "Place": {"type": "object", "properties": {"at": {"$ref": "#/$defs/Point"}}},
                    },
                },
            },
        }
    ]
    assert converted == [(("tools", 0), "function to an object")]


class Clock:
    def now(self, zone: str) -> str: ...


def test_a_method_is_a_tool_without_its_self():
    made = function_tool(Clock().now, "/tools/0")

    assert made["function"] == {
        "name": "now",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    }
    assert [is_function(one) for one in (weather, Clock().now, Clock, "weather")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (bool, {"type": "boolean"}),
        (float, {"type": "number"}),
        (None, {"type": "null"}),
        (Any, {}),
        (list, {"type": "array", "items": {}}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (dict, {"type": "object", "additionalProperties": True}),
        (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045 - the old form is read, too
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Annotated[str, 7], {"type": "string"}),
    ],
)
def test_each_annotation_has_its_schema(hint, schema):
    def ask(one): ...

    ask.__annotations__ = {"one": hint}

    assert function_tool(ask, "")["function"]["parameters"]["properties"] == {"one": schema}


class Odd(enum.Enum):
    PAIR = (1, 2)


class Unsaid:
    @classmethod
    def model_json_schema(cls):
        raise TypeError


def two_of_a_name():
    class Place:
        @classmethod
        def model_json_schema(cls):
            return {"type": "object"}

    return Place


def deep():
    hint = int
    for _ in range(30):
        hint = list[hint]
    return hint


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ({}, "its parameter one has no annotation"),
        ({"one": complex}, "its parameter one is of type complex, which has no JSON Schema"),
        ({"one": Unsaid}, "its parameter one is of type Unsaid, which has no JSON Schema"),
        ({"one": Odd}, "its parameter one is of type Odd, which has no JSON Schema"),
        ({"one": list[complex]}, "its parameter one is of type complex, which has no JSON Schema"),
        ({"one": Literal[b"x"]}, "its parameter one is of type typing.Literal[b'x'], which has no JSON Schema"),
        ({"one": Place | two_of_a_name()}, "its parameter one is one of two classes called Place, which has no"),
        ({"one": deep()}, "its parameter one is nested too deeply, which has no JSON Schema"),
        ({"one": "Missing"}, "its parameters cannot be read, NameError"),
    ],
)
def test_a_function_without_a_schema_is_refused_with_what_to_write_instead(annotations, reason):
    def ask(one): ...

    ask.__annotations__ = annotations

    with pytest.raises(PayloadError) as caught:
        to_plain({"tools": [ask]})

    assert str(caught.value).startswith(f"payload/tools/0: the function ask cannot be a tool: {reason}")
    assert str(caught.value).endswith(
        ': write {"type": "function", "function": {"name": ..., "parameters": ...}}, or a pydantic class'
    )


def test_a_function_of_any_arguments_is_refused():
    def ask(*words: str): ...

    with pytest.raises(PayloadError, match=r"its parameter \*words: .* has no name of its own"):
        function_tool(ask, "/tools/0")


def test_what_is_called_like_a_function_and_is_none_is_refused():
    with pytest.raises(PayloadError, match=r"^payload/tools/0: a value must be JSON data, not of type partial"):
        to_plain({"tools": [partial(weather, "Oslo")]})
