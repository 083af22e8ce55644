"""What people pass beside plain JSON data: it becomes what it stands for, and the report says so, or it is refused."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import json
import math
import pathlib
import time
import uuid
from collections import UserDict, deque
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import jsonpatch
import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion
from openai.types.shared import ResponseFormatJSONSchema
from tests.books import a_book, a_rule

from quirkbook import PayloadError, completion, explain, translate
from quirkbook.api.converting import to_plain
from quirkbook.api.plain import is_plain
from quirkbook.payload.cycles import EndlessError
from quirkbook.wire import types as wire

BOOK = a_book(
    a_rule("cooler", {"clamp": {"temperature": [0, 1]}}, {"temperature": {"outside": [0, 1]}}),
    a_rule("typed", {"normalize_schema": {"at": "tools[*].function.parameters", "infer_type": True}}),
    a_rule("no-effort", {"drop": ["effort"]}, {"effort": "none"}),
)
pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": None, "tool_calls": [CALL]},
        }
    ],
}
SDK = ChatCompletion.model_validate(ANSWER).choices[0].message


class Float(float):
    """As numpy's float64 is: a subclass of float, with a repr of its own."""

    def __repr__(self):
        return f"Float({float(self)})"


class Scalar:
    """As numpy's numbers that Python does not count among its own."""

    shape = ()

    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value


class Text(str):
    pass


class Effort(enum.Enum):
    NONE = "none"
    NESTED = Decimal("0.5")


class Level(enum.IntEnum):
    TWO = 2


class Part(NamedTuple):
    type: str
    text: Any


@dataclasses.dataclass
class Said:
    role: str
    content: Any


class City(pydantic.BaseModel):
    """A city."""

    name: str
    size: int | None


class Item(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True, extra="allow")

    value: Any = pydantic.Field(alias="the value")


class Whole(pydantic.RootModel[Any]):
    pass


CITY = {
    "type": "object",
    "description": "A city.",
    "title": "City",
    "properties": {
        "name": {"title": "Name", "type": "string"},
        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "Size"},
    },
    "required": ["name", "size"],
    "additionalProperties": False,
}
STRICT = "class City to its JSON schema, strict: all fields are required, and no others allowed"


def explained(payload, **more):
    """Explain a payload, hold the report to be JSON that leads from the plain payload to the result and back."""
    done = explain(payload, "acme", rulebook=BOOK, **more)
    report = json.loads(json.dumps(done.to_dict(), allow_nan=False))
    assert report["payload"] == done.payload
    plain, _ = to_plain(payload)
    assert jsonpatch.apply_patch(copy.deepcopy(plain), done.patch) == done.payload
    assert jsonpatch.apply_patch(copy.deepcopy(done.payload), done.inverse_patch) == plain
    assert translate(payload, "acme", rulebook=BOOK, **more) == done.payload
    assert is_plain(done.payload)
    return done


def converted(done):
    return [(one.pointer, one.note) for one in done.changes if one.rule == "quirkbook/plain-data"]


@pytest.mark.parametrize(
    ("value", "plain", "note"),
    [
        (Float(0.5), 0.5, "Float to a number"),
        (Scalar(3), 3, "Scalar to a number"),
        (Scalar(Decimal("0.5")), 0.5, "Scalar to a number"),
        (Text("a"), "a", "Text to a string"),
        (Effort.NONE, "none", "Effort to a string"),
        (Effort.NESTED, 0.5, "Effort to a number"),
        (Level.TWO, 2, "Level to a number"),
        (Decimal("0.10"), 0.1, "Decimal to a number"),
        (Decimal("3.00"), 3, "Decimal to a number"),
        (Decimal(10) ** 400 / 10**392, 10**8, "Decimal to a number"),
        (Fraction(1, 4), 0.25, "Fraction to a number"),
        (Fraction(10**400, 1), 10**400, "Fraction to a number"),
        (("a", ("b",)), ["a", ["b"]], "tuple to an array"),
        (deque(["a"]), ["a"], "deque to an array"),
        (range(2), [0, 1], "range to an array"),
        (type("Items", (list,), {})(["a"]), ["a"], "Items to an array"),
        (MappingProxyType({"a": 1}), {"a": 1}, "mappingproxy to an object"),
        (UserDict(a=1), {"a": 1}, "UserDict to an object"),
        (Part("text", "Hi"), {"type": "text", "text": "Hi"}, "Part to an object"),
        (Said("user", None), {"role": "user", "content": None}, "Said to an object"),
        (City(name="Oslo", size=None), {"name": "Oslo"}, "City to an object"),
        (Item(**{"the value": 1}), {"the value": 1}, "Item to an object"),
        (Whole(["a"]), ["a"], "Whole to an array"),
        (Whole(Effort.NONE), "none", "Whole to a string"),
        (wire.Message(role="user"), {"role": "user"}, "Message to an object"),
    ],
)
def test_an_object_becomes_the_json_that_it_stands_for_wherever_it_stands(value, plain, note):
    for payload, expected, where in (
        ({"x": value}, {"x": plain}, "/x"),
        ({"x": [{"y": [[value]]}]}, {"x": [{"y": [[plain]]}]}, "/x/0/y/0/0"),
        ({"extra_body": {"x": value}}, {"x": plain}, "/extra_body/x"),
        (
            {"tools": [{"function": {"parameters": {"type": "object", "default": [value]}}}]},
            {"tools": [{"function": {"parameters": {"type": "object", "default": [plain]}}}]},
            "/tools/0/function/parameters/default/0",
        ),
    ):
        done = explained(payload)

        assert done.payload == expected
        assert type(done.payload.get("x")) in (type(plain), list, type(None))
        assert converted(done)[0] == (where, note)


def test_rules_see_what_an_object_stands_for():
    done = explained({"temperature": Float(1.7), "effort": Effort.NONE, Text("n"): Level.TWO})

    assert done.payload == {"temperature": 1, "n": 2}
    assert [type(key) for key in done.payload] == [str, str]
    assert [(one.rule, one.action, str(one.effect), one.pointer, one.note) for one in done.changes] == [
        ("quirkbook/plain-data", "convert", "none", "/temperature", "Float to a number"),
        ("quirkbook/plain-data", "convert", "none", "/effort", "Effort to a string"),
        ("quirkbook/plain-data", "convert", "none", "/n", "Level to a number"),
        ("acme/cooler", "clamp", "lossy", "/temperature", ""),
        ("acme/no-effort", "drop", "lossy", "/effort", ""),
    ]
    assert done.to_dict()["changes"][0] == {
        "rule": "quirkbook/plain-data",
        "action": "convert",
        "effect": "none",
        "pointer": "/temperature",
        "note": "Float to a number",
        "why": "SDKs and libraries hand out objects; providers read JSON, so each becomes what it stands for.",
    }


def test_three_translations_of_an_object_are_equal_to_that_of_plain_data():
    payload = {"temperature": Float(1.7), "messages": (Said("user", "Hi"),)}

    results = [translate(payload, "acme", rulebook=BOOK) for _ in range(3)]

    assert results == [{"temperature": 1, "messages": [{"role": "user", "content": "Hi"}]}] * 3
    assert payload["messages"][0] == Said("user", "Hi")


@pytest.mark.parametrize("message", [SDK, wire.ChatCompletion(ANSWER).choices[0].message])
def test_an_answers_message_goes_back_as_json(message):
    done = explained({"messages": [{"role": "user", "content": "Hi"}, message]})

    sent = {key: value for key, value in done.payload["messages"][1].items() if value is not None}
    assert sent == {"role": "assistant", "tool_calls": [CALL]}
    assert converted(done)[0] == ("/messages/1", f"{type(message).__name__} to an object")


def test_parts_of_an_answer_go_back_as_json():
    done = explained({"messages": [{"role": "assistant", "tool_calls": SDK.tool_calls}]})

    assert done.payload == {"messages": [{"role": "assistant", "tool_calls": [CALL]}]}
    assert converted(done) == [
        ("/messages/0/tool_calls/0", f"{type(SDK.tool_calls[0]).__name__} to an object")  # a list of objects
    ]


def test_a_class_is_a_tool_or_the_schema_of_an_answer_as_in_the_openai_package():
    tool = {"name": "City", "strict": True, "parameters": CITY, "description": "A city."}
    answer = {"type": "json_schema", "json_schema": {"name": "City", "schema": CITY, "strict": True}}

    done = explained({"tools": [City], "response_format": City})

    assert done.payload == {"tools": [{"type": "function", "function": tool}], "response_format": answer}
    assert converted(done) == [("/tools/0", STRICT), ("/response_format", STRICT)]
    assert done.payload["tools"][0] == json.loads(json.dumps(openai.pydantic_function_tool(City)))
    assert explained({"tools": [openai.pydantic_function_tool(City)]}).payload == {"tools": done.payload["tools"]}


def test_a_class_without_a_word_about_itself_is_a_tool_without_a_description():
    class Bare:
        @classmethod
        def model_json_schema(cls):
            return {"type": "object", "properties": {}}

    assert "description" not in explained({"tools": [Bare]}).payload["tools"][0]["function"]


def test_an_instance_that_is_a_response_format_goes_as_it_is():
    sent = {"type": "json_schema", "json_schema": {"name": "c", "schema": {"type": "object"}}}

    done = explained({"response_format": ResponseFormatJSONSchema.model_validate(sent)})

    assert done.payload == {"response_format": sent}
    assert explained({"response_format": MappingProxyType(sent)}).payload == {"response_format": sent}


@pytest.mark.parametrize(
    "payload",
    [
        MappingProxyType({"temperature": 2, "stop": ("a",)}),
        UserDict({"temperature": Float(2), "stop": ["a"]}),
        wire.Object(temperature=2, stop=["a"]),
        dataclasses.make_dataclass("Request", ["temperature", "stop"])(2, ["a"]),
    ],
)
def test_a_payload_may_be_a_mapping_or_an_object_itself(payload):
    done = explained(payload)

    assert done.payload == {"temperature": 1, "stop": ["a"]}
    assert converted(done)[0] == ("", f"{type(payload).__name__} to an object")


@pytest.mark.parametrize("payload", [Whole(["a"]), Whole, City, SimpleNamespace(model="m")])
def test_what_stands_for_no_object_is_no_payload(payload):
    with pytest.raises(PayloadError, match=r"^payload: a chat payload must be an object, not a "):
        translate(payload, "acme", rulebook=BOOK)


@pytest.mark.parametrize("at", ["model", "argument"])
def test_a_model_may_be_an_enum_of_texts(at):
    model = enum.Enum("Model", {"A": "acme/a"}, type=str).A

    done = explained({"model": model}) if at == "model" else explain({}, rulebook=BOOK, model=model)

    assert (done.payload, done.model, type(done.payload["model"])) == ({"model": "a"}, "a", str)


def test_a_model_may_be_an_enum_that_is_no_text():
    assert explained({"model": enum.Enum("Model", {"A": "acme/a"}).A}).payload == {"model": "a"}


def test_a_refused_payload_is_reported_as_the_data_that_was_refused():
    book = a_book(a_rule("no-n", [{"drop": ["x"]}, {"reject": "No."}], {"n": 2}))

    done = explain({"n": Level.TWO, "x": ("a",)}, "acme", rulebook=book)

    assert (done.refusal.pointer, done.payload, done.changes) == ("/n", {"n": 2, "x": ["a"]}, ())
    assert json.dumps(done.to_dict())


def test_why_not_names_each_rule_once():
    done = explain({"temperature": Float(0.5)}, "acme", rulebook=BOOK, why_not=True)

    assert [one.rule for one in done.quiet] == ["acme/cooler", "acme/typed", "acme/no-effort"]


def test_of_many_conversions_the_report_names_a_hundred_and_counts_the_rest():
    done = explained({"x": [Level.TWO] * 1_234})

    assert done.payload == {"x": [2] * 1_234}
    assert converted(done)[98:] == [(f"/x/{at}", "Level to a number") for at in (98, 99)] + [
        (None, "and 1,134 values more")
    ]


def test_plain_data_is_not_copied_and_not_reported():
    payload = {"messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5}

    done = explain(payload, "acme", rulebook=BOOK)

    assert done.payload["messages"] is payload["messages"]
    assert done.changes == ()


class Unreadable(UserDict):
    def __getitem__(self, key):
        raise LookupError("secret")


class Undumpable:
    def model_dump(self, **_):
        raise ValueError("secret")


class Endless:
    def model_dump(self, **_):
        return Endless()


def generator():
    yield "a"


DATA = "a value must be JSON data, not of type "
READ = "write JSON data, which no other thread changes meanwhile"
NUMBER = "a number must be finite and have at most 309 digits: write one, or null"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a", f"{DATA}bytes: write text, or a data URL with base64"),
        (bytearray(b"a"), f"{DATA}bytearray: write text, or a data URL with base64"),
        (memoryview(b"a"), f"{DATA}memoryview: write text, or a data URL with base64"),
        ({"a"}, f"{DATA}set: write a list"),
        (frozenset(), f"{DATA}frozenset: write a list"),
        (generator(), f"{DATA}generator: write a list"),
        (datetime.date(2026, 12, 1), f"{DATA}date: write its isoformat()"),
        (datetime.datetime(2026, 12, 1), f"{DATA}datetime: write its isoformat()"),
        (datetime.timedelta(1), f"{DATA}timedelta: write its total_seconds()"),
        (uuid.UUID(int=1), f"{DATA}UUID: write its str()"),
        (pathlib.PurePosixPath("a"), f"{DATA}PurePosixPath: write its str()"),
        (Scalar(datetime.date(2026, 12, 1)), f"{DATA}date: write its isoformat()"),
        (type("ndarray", (), {"shape": (2,), "item": list})(), f"{DATA}ndarray: write its tolist()"),
        (generator, f'{DATA}function: write {{"type": "function", "function": {{"name": ..., "parameters": ...}}}}'),
        (openai.NOT_GIVEN, f"{DATA}NotGiven: leave the key out"),
        (openai.omit, f"{DATA}Omit: leave the key out"),
        (SimpleNamespace(a=1), f"{DATA}SimpleNamespace: write text, a number, a list or a dict"),
        (1j, f"{DATA}complex: write text, a number, a list or a dict"),
        (Endless(), f"{DATA}Endless: write text, a number, a list or a dict"),
        (
            City,
            "a value must be JSON data, not the class City; only response_format and items of tools may be classes, "
            "those that have model_json_schema()",
        ),
        (Decimal("NaN"), NUMBER),
        (Decimal("1e309"), NUMBER),
        (Decimal("1e999999999"), NUMBER),
        (Fraction(10**400, 3), NUMBER),
        (Float("inf"), NUMBER),
        (Float("nan"), NUMBER),
        ({math.nan: 1}, "keys of an object must be strings, not a number"),
        ({None: 1}, "keys of an object must be strings, not null"),
        ({True: 1}, "keys of an object must be strings, not a boolean"),
        ({("a",): 1}, "keys of an object must be strings, not a tuple"),
        ({1: 1, "1": 2}, "keys of an object must differ as text: leave one of two that are equal out"),
        ({Effort.NONE: 1, "none": 2}, "keys of an object must differ as text: leave one of two that are equal out"),
        (Unreadable(a=1), f"a value of type Unreadable could not be read: it raised LookupError; {READ}"),
        (Undumpable(), f"a value of type Undumpable could not be read: it raised ValueError; {READ}"),
    ],
)
@pytest.mark.parametrize(
    ("wrap", "where"),
    [
        (lambda value: {"x": value}, "/x"),
        (lambda value: {"x": [{"a/b": [[value]]}]}, "/x/0/a~1b/0/0"),
        (lambda value: {"extra_body": {"x": value}}, "/extra_body/x"),
        (
            lambda value: {"tools": [{"function": {"parameters": {"default": value}}}]},
            "/tools/0/function/parameters/default",
        ),
    ],
)
def test_what_has_no_json_form_is_refused_with_the_place_and_what_to_write(value, message, wrap, where):
    for ask in (translate, explain):
        with pytest.raises(PayloadError) as caught:
            ask(wrap(value), "acme", rulebook=BOOK)

        assert (str(caught.value), caught.value.pointer) == (f"payload{where}: {message}", where)


def test_keys_of_schemas_are_looked_at_too():
    with pytest.raises(PayloadError) as caught:
        translate({"tools": [{"function": {"parameters": {"properties": {math.nan: {}}}}}]}, "acme", rulebook=BOOK)

    assert caught.value.pointer == "/tools/0/function/parameters/properties"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (City(name="a", size=None), "response_format must be the class City, not an instance of it: write City"),
        (
            dict,
            'the class dict has no model_json_schema(): write {"type": "json_schema", "json_schema": {"name": ..., '
            '"schema": ...}}, or a pydantic class',
        ),
        (SimpleNamespace(), f"{DATA}SimpleNamespace: write text, a number, a list or a dict"),
    ],
)
def test_what_is_no_response_format_is_refused(value, message):
    with pytest.raises(PayloadError) as caught:
        translate({"response_format": value}, "acme", rulebook=BOOK)

    assert (str(caught.value), caught.value.pointer) == (f"payload/response_format: {message}", "/response_format")


def test_a_class_that_was_a_tool_is_refused_elsewhere_all_the_same():
    with pytest.raises(PayloadError) as caught:
        translate({"tools": [City], "metadata": City}, "acme", rulebook=BOOK)

    assert caught.value.pointer == "/metadata"


def test_a_class_that_cannot_say_its_schema_is_refused_as_a_tool():
    class Odd:
        @classmethod
        def model_json_schema(cls):
            raise TypeError("no schema for complex")

    with pytest.raises(PayloadError, match=r"^payload/tools/0: the class Odd has no JSON schema: .* raised TypeError"):
        translate({"tools": [Odd]}, "acme", rulebook=BOOK)


# Values without end


def extra_body():
    payload: dict[str, Any] = {"n": 1}
    payload["extra_body"] = payload
    return payload


def schema(word="properties"):
    made: dict[str, Any] = {"type": "object"}
    made[word] = {"a": made} if word == "properties" else [made]
    return {"tools": [{"function": {"parameters": made}}]}


def messages():
    made: list[Any] = [{"role": "user"}]
    made[0]["content"] = made
    return {"messages": made}


def behind_an_object():
    made: list[Any] = []
    made.append((Said("user", made),))
    return {"x": {"y": made}}


def dumped():
    made = Item(**{"the value": 1})
    made.more = made
    return {"x": made}


CYCLE = "a value must not contain itself: write a copy without the loop"


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (extra_body, "/extra_body"),
        (schema, "/tools/0/function/parameters/properties/a"),
        (lambda: schema("anyOf"), "/tools/0/function/parameters/anyOf/0"),
        (messages, "/messages/0/content"),
        (behind_an_object, "/x/y/0/0/content"),
    ],
)
@pytest.mark.parametrize("book", [BOOK, None])
def test_a_value_that_contains_itself_is_refused_with_the_place(make, where, book):
    for provider in ("acme",) if book else ("moonshot", "gemini", "openai"):
        for ask in (translate, explain):
            with pytest.raises(PayloadError) as caught:
                ask(make(), provider, rulebook=book)

            assert (str(caught.value), caught.value.pointer) == (f"payload{where}: {CYCLE}", where)


def test_a_model_that_contains_itself_is_refused_with_the_place():
    with pytest.raises(PayloadError) as caught:
        translate(dumped(), "acme", rulebook=BOOK)

    assert str(caught.value) == f"payload/x/more/more: {CYCLE}"


def test_completion_refuses_what_contains_itself_before_it_sends():
    with pytest.raises(PayloadError) as caught:
        completion("moonshot/kimi-k2.6", **messages(), api_key="k", base_url="http://127.0.0.1:9/v1")

    assert str(caught.value) == f"payload/messages/0/content/0: {CYCLE}"


def laughs(wrap=lambda it: [it] * 10, start="ha", levels=12):
    for _ in range(levels):
        start = wrap(start)
    return start


def members(value):
    return dict.fromkeys(map(str, range(2_000)), value)


LAUGHS = "parts of it stand here so often that JSON has 1,000,000 values more: write them once"


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: {"x": laughs()}, "/x/0/0/0/0/0/0"),
        (lambda: {"x": laughs(lambda it: (it,) * 10)}, "/x/0/0/0/0/0/0"),
        (lambda: {"x": laughs(lambda it: dict.fromkeys("abcdefghij", it))}, "/x/a/a/a/a/a/a"),
        (lambda: {"extra_body": {"x": laughs()}}, "/extra_body/x/0/0/0/0/0/0"),
        (
            lambda: {"tools": [{"function": {"parameters": laughs(lambda it: {"anyOf": [it] * 10}, {}, 7)}}]},
            "/tools/0/function/parameters/anyOf/0/anyOf",
        ),
        (
            lambda: {
                "tools": [
                    {"function": {"parameters": {"not": part}}}
                    for part in [laughs(lambda it: {"anyOf": [it] * 10}, {}, 4)]
                    for _ in range(1_000)
                ]
            },
            "/tools",
        ),
        (lambda: {"messages": [{"role": "user", "content": laughs()}]}, "/messages/0/content/0/0/0/0/0/0"),
        (lambda: {"x": [list(range(2_000))] * 2_000}, "/x"),
        (lambda: {"x": members(list(range(2_000)))}, "/x"),
        (lambda: {"x": members(members(None))}, "/x"),
    ],
)
def test_parts_that_repeat_without_end_are_refused_at_once(make, where):
    payload = make()
    started = time.process_time()

    with pytest.raises(PayloadError) as caught:
        translate(payload, "acme", rulebook=BOOK)

    assert (str(caught.value), caught.value.pointer) == (f"payload{where}: {LAUGHS}", where)
    assert time.process_time() - started < 60  # without an end it would be hours


def test_schemas_that_are_merely_large_are_taken():
    field = {"type": "string"}
    tools = [{"function": {"parameters": {"type": "object", "properties": members(dict(field))}}} for _ in range(120)]

    assert translate({"tools": tools}, "acme", rulebook=BOOK) == {"tools": tools}


def test_parts_that_repeat_a_little_and_payloads_that_are_merely_large_are_taken():
    part = {"type": "text", "text": "Hi"}
    shared = {"messages": [{"role": "user", "content": [part] * 3}] * 30_000, "temperature": 2}
    large = {"messages": [{"role": "user", "content": [dict(part)]} for _ in range(30_000)], "x": [[1]] * 50_000}

    assert translate(shared, "acme", rulebook=BOOK) == {**shared, "temperature": 1}
    assert translate(large, "acme", rulebook=BOOK) == large


def test_a_value_that_is_not_plain_is_found_deep_in_a_large_payload():
    plain = [[at] for at in range(80_000)]

    made, notes = to_plain({"x": [*plain, (1,)]})

    assert not is_plain({"x": [*plain, (1,)]})
    assert (made["x"][:-1] == plain, made["x"][-1], notes) == (True, [1], [(("x", 80_000), "tuple to an array")])


def test_what_repeats_in_an_object_repeats_in_its_copy():
    part = {"a": ("b",)}

    made, _ = to_plain({"x": part, "y": part})

    assert made == {"x": {"a": ["b"]}, "y": {"a": ["b"]}}
    assert made["x"] is made["y"]


def test_a_payload_as_deep_as_you_like_is_read_in_a_time_that_grows_with_its_depth():
    deep: Any = (1,)
    for _ in range(20_000):
        deep = [deep]

    made, notes = to_plain({"x": deep})

    assert notes[0][1] == "tuple to an array"
    assert len(notes[0][0]) == 20_001
    with pytest.raises(EndlessError):
        deep_in_itself: list[Any] = []
        deep_in_itself.append(deep_in_itself)
        is_plain({"x": deep_in_itself})
    assert is_plain(made)


def test_numbers_and_arrays_of_numpy():
    numpy = pytest.importorskip("numpy", reason="not a test dependency; its shape is tested above")

    payload = {"temperature": numpy.float64(1.7), "n": numpy.int64(2), "x": numpy.float32(0.5), "y": numpy.bool_(True)}

    assert explained(payload).payload == {"temperature": 1, "n": 2, "x": 0.5, "y": True}
    with pytest.raises(PayloadError, match=r"^payload/x: a value must be JSON data, not of type ndarray: write its to"):
        translate({"x": numpy.zeros(3)}, "acme", rulebook=BOOK)


def test_token_ids_as_keys_become_strings_as_json_writes_them():
    done = explain({"logit_bias": {50256: -100, Level.TWO: 1}}, "novita")

    assert done.payload == {"logit_bias": {"50256": -100, "2": 1}}
    assert [(change.pointer, change.note) for change in done.changes] == [
        ("/logit_bias", "whole numbers as keys to strings")
    ]
