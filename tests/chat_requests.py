"""Any request that OpenAI's chat completions would take, however strange, for tests that draw them.

Left out is what OpenAI itself refuses although `chat-request.schema.json` cannot say so: options that want another
option beside them, tool results without calls, calls without results, and tool schemas that are no object at their
root or refer to nowhere.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from quirkbook.emulator.keywords import follow

PNG = "data:image/png;base64,iVBORw0KGgo="
SAID = ["", " ", "Hi", "What is the weather in Oslo? 漢字", "Answer in JSON.", "x" * 300]
THOUGHTS = [None, "", " ", "Let me look."]
NAMES = ["look", "ls", "_x", "read-file", "a" * 64]

said = st.sampled_from(SAID)
names = st.sampled_from(NAMES * 6 + ["2fa"])


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _object(**fields: Any) -> Any:
    """Draw an object with all of the fields."""
    return st.fixed_dictionaries(fields)


def _some(optional: dict[str, Any], **fields: Any) -> Any:
    """Draw an object with all of the fields and some of the optional ones."""
    return st.fixed_dictionaries(fields, optional=optional)


def _mostly(usual: Any, other: Any, times: int) -> Any:
    """Draw from the first so many times as often as from the other."""
    return st.integers(0, times).flatmap(lambda place: usual if place < times else other)


# Schemas of tools and answers.

KEYS = ["a", "b", "type", "$ref", "oneOf", "c/d~"]
TYPES = ["string", "integer", "number", "boolean", "object", "array", "null"]
REFS = ["#", "#/$defs/A", "#/$defs/B", "#/definitions/A", "#/properties/a"]
VALUES = [None, "", "far", "near", 0, 1, 1.5, True, [], {"x": 1}]

keys = st.sampled_from(KEYS)
values = st.sampled_from(VALUES)
type_names = st.sampled_from(TYPES)


def _grown(inner: Any) -> Any:
    """Draw a schema of any keywords, over schemas that are drawn already."""
    branches = st.lists(inner, min_size=1, max_size=3)
    maps = st.dictionaries(keys, inner, max_size=3)
    return _some(
        {
            "type": type_names | st.lists(type_names, min_size=1, max_size=2, unique=True),
            "description": st.just("Where to"),
            "title": st.just("A"),
            "default": values,
            "properties": maps,
            "required": st.lists(keys, max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "items": inner | st.booleans() | st.lists(inner, min_size=1, max_size=2),
            "anyOf": branches,
            "oneOf": branches,
            "allOf": branches,
            "not": inner,
            "if": inner,
            "enum": st.lists(values, min_size=1, max_size=3),
            "const": values,
            "nullable": st.booleans(),
            "format": st.just("date"),
            "minimum": st.just(0),
            "pattern": st.just("^a"),
            "$ref": st.sampled_from(REFS),
        }
    )


_leaves = st.sampled_from([{}, True, {"type": "string"}, {"enum": ["far", None]}, {"$ref": "#/$defs/A"}, {"const": 1}])
nodes = st.recursive(_leaves, lambda inner: _grown(inner) | inner, max_leaves=6)
_typed = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": ["integer", "null"]}, {"type": "string", "enum": ["far", "near"]}]),
    lambda inner: (
        _object(anyOf=st.lists(inner, min_size=1, max_size=3))
        | _object(type=st.just("array"), items=inner)
        | _object(type=st.just("object"), properties=st.dictionaries(keys, inner, max_size=2))
    ),
    max_leaves=4,
)


@st.composite
def schemas(draw: Any, strange: bool = True) -> dict[str, Any]:
    """Draw the schema of a function's arguments: an object at its root."""
    inner = nodes if strange else _typed
    root = {"type": "object", "properties": draw(st.dictionaries(keys, inner, max_size=3))}
    if strange:
        root = draw(st.sampled_from([root, root, {"properties": root["properties"]}, {}, {"type": "object"}]))
        root |= draw(
            _some(
                {
                    "required": st.lists(keys, max_size=2, unique=True),
                    "$defs": _object(A=inner, B=inner),
                    "definitions": _object(A=inner),
                    "additionalProperties": st.booleans(),
                    "$schema": st.just("http://json-schema.org/draft-07/schema#"),
                }
            )
        )
        for node in _nodes(root):
            if isinstance(node.get("$ref"), str) and follow(root, node["$ref"]) is None:
                del node["$ref"]
    return root


def _nodes(value: Any) -> list[dict[str, Any]]:
    """Return all objects in a schema, copying none: they are changed in place."""
    found = [value]
    for one in found:  # grows while it is read
        found += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return [one for one in found if isinstance(one, dict)]


def _function(schema: Any, **fields: Any) -> Any:
    return _some({"description": st.just("Look it up"), "parameters": schema}, name=names, **fields)


_loose = _function(schemas()) | _function(schemas(), strict=st.sampled_from([False, None]))
_strict = _some({}, name=names, parameters=schemas(strange=False), strict=st.just(True))
functions = _mostly(_loose, _strict, 3)
_custom = _object(type=st.just("custom"), custom=_some({"description": said}, name=names))
tools = st.lists(
    _mostly(_object(type=st.just("function"), function=functions), _custom, 20),
    min_size=1,
    max_size=3,
    unique_by=lambda tool: tool[tool["type"]]["name"],
)


# Messages.

_texts = said | st.lists(said.map(_text), min_size=1, max_size=3)
_urls = st.sampled_from([PNG] * 6 + ["ms://f7", "https://example.com/cat.png", "data:image/svg+xml;base64,AA=="])
_picture = _object(type=st.just("image_url"), image_url=_some({"detail": st.just("low")}, url=_urls))
_other = st.sampled_from(
    [
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
)
_seen = st.lists(said.map(_text) | _picture, min_size=1, max_size=3)
_heard = st.lists(said.map(_text) | _other, min_size=1, max_size=2)
_asked = _mostly(_texts | _seen, _heard, 20)
_user = _some({"name": st.just("Vin")}, role=st.just("user"), content=_asked)
_instruction = _some({"name": st.just("guide")}, role=st.sampled_from(["system", "developer"]), content=_texts)
_thinking = {"reasoning_content": st.sampled_from(THOUGHTS[1:]), "name": st.just("Kelsier")}
_refused = st.sampled_from([{"type": "refusal", "refusal": "I cannot."}, _text("Hi")])
_said = _some(
    _thinking | {"refusal": st.none()},
    role=st.just("assistant"),
    content=_texts | st.lists(_refused, min_size=1, max_size=2),
)
_no_text = _some({"content": st.sampled_from([None, ""])}, role=st.just("assistant"), refusal=st.just("I cannot."))
_spoken = _object(role=st.just("assistant"), audio=st.just({"id": "audio_1"}))
_one = _mostly(_user | _said | _instruction, _no_text | _spoken, 6).map(lambda message: [message])


@st.composite
def _tool_turn(draw: Any) -> list[dict[str, Any]]:
    """Draw a turn of tool calls and the results of all of them, in any order."""
    ids = draw(st.lists(st.sampled_from(["a", "b", "call_0", "look:0"]), min_size=1, max_size=3))
    call = _object(name=names, arguments=st.sampled_from(["{}", '{"a": 1}', ""]))
    calls = [{"id": name, "type": "function", "function": draw(call)} for name in ids]
    turn = draw(_some({**_thinking, "content": st.none() | _texts}, role=st.just("assistant")))
    results = [{"role": "tool", "tool_call_id": name, "content": draw(_texts)} for name in draw(st.permutations(ids))]
    return [{**turn, "tool_calls": calls}, *results]


@st.composite
def _function_turn(draw: Any) -> list[dict[str, Any]]:
    """Draw a call and its result as they were before there were tools."""
    name = draw(names)
    called = {"role": "assistant", "content": None, "function_call": {"name": name, "arguments": "{}"}}
    return [called, {"role": "function", "name": name, "content": draw(said | st.none())}]


@st.composite
def conversations(draw: Any) -> list[dict[str, Any]]:
    """Draw messages: instructions, then turns in any order, the last perhaps a beginning of the answer."""
    turns = draw(st.lists(_instruction.map(lambda message: [message]), max_size=2))
    turns += draw(st.lists(_one | _tool_turn() | _function_turn(), max_size=4))
    if draw(st.integers(0, 9)) == 0:
        flag = draw(st.sampled_from(["partial", "prefix"]))
        turns.append([{"role": "assistant", "content": "{", flag: True}])
    return [message for turn in turns for message in turn] or [draw(_user)]


# Everything beside the messages.

EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max", None]
STOPS = ["END", "", "x" * 32, "x" * 33, "漢" * 11]
THINKING = [
    True,
    False,
    {"type": "enabled"},
    {"type": "disabled"},
    {"type": "enabled", "keep": "all"},
    {"type": "enabled", "budget_tokens": 2000},
]
_answer = _some({"description": said, "schema": schemas(), "strict": st.sampled_from([False, None])}, name=names)
_strict_answer = _object(name=names, schema=schemas(strange=False), strict=st.just(True))
_options = {
    "temperature": st.sampled_from([None, 0, 0.001, 0.2, 0.3, 0.6, 1, 1.0, 1.7, 2]),
    "top_p": st.sampled_from([None, 0, 0.9, 0.95, 1]),
    "n": st.sampled_from([None, 1, 2, 5, 6, 128]),
    "presence_penalty": st.sampled_from([None, 0, 0.0, 0.5, -2, 2]),
    "frequency_penalty": st.sampled_from([None, 0, 0.5, -2, 2]),
    "logit_bias": st.sampled_from([None, {}, {"50256": -100}]),
    "max_tokens": st.sampled_from([None, 1, 100]),
    "max_completion_tokens": st.sampled_from([None, 1, 100]),
    "stop": st.none() | st.sampled_from(STOPS) | st.lists(st.sampled_from(STOPS), min_size=1, max_size=4),
    "reasoning_effort": st.sampled_from(EFFORTS),
    "thinking": st.sampled_from(THINKING),
    "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}])
    | _object(type=st.just("json_schema"), json_schema=_answer | _strict_answer),
    "seed": st.sampled_from([None, 7]),
    "user": st.sampled_from(["", "u-17"]),
    "safety_identifier": st.sampled_from([None, "h-4"]),
    "prompt_cache_key": st.sampled_from([None, "session-1"]),
    "metadata": st.sampled_from([None, {"team": "a"}]),
    "store": st.sampled_from([None, True]),
    "service_tier": st.sampled_from([None, "auto"]),
    "verbosity": st.sampled_from([None, "low"]),
    "modalities": st.sampled_from([None, ["text"]]),
    "prediction": st.sampled_from([None, {"type": "content", "content": "Hi"}]),
    "web_search_options": st.just({}),
}


@st.composite
def requests(draw: Any) -> dict[str, Any]:
    """Draw a request, without the model."""
    picked = draw(st.lists(st.sampled_from(sorted(_options)), max_size=6, unique=True))
    payload = {"messages": draw(conversations()), **{name: draw(_options[name]) for name in picked}}
    if draw(st.booleans()):
        payload |= draw(_logs_and_streams)
    match draw(st.integers(0, 5)):
        case 0:
            payload["functions"] = draw(st.lists(functions, min_size=1, max_size=2, unique_by=lambda one: one["name"]))
            named = {"name": payload["functions"][0]["name"]}
            payload |= draw(_some({"function_call": st.sampled_from(["auto", "none", named])}))
        case 1 | 2 | 3:
            payload["tools"] = draw(tools)
            payload |= draw(_some({"tool_choice": _choices(payload["tools"]), "parallel_tool_calls": st.booleans()}))
    if payload.get("response_format") == {"type": "json_object"}:
        payload["messages"].append({"role": "user", "content": "Answer in JSON."})
    return payload


_logs_and_streams = st.sampled_from(
    [
        {"logprobs": None},
        {"logprobs": False},
        {"logprobs": True},
        {"logprobs": True, "top_logprobs": 20},
        {"top_logprobs": None},
        {"stream": False},
        {"stream": True},
        {"stream": None, "stream_options": None},
        {"stream": True, "stream_options": {"include_usage": True}},
    ]
)


def _choices(offered: list[dict[str, Any]]) -> Any:
    """Draw a tool_choice that these tools allow."""
    named = [{"type": tool["type"], tool["type"]: {"name": tool[tool["type"]]["name"]}} for tool in offered]
    lists = [{"mode": mode, "tools": named[:1]} for mode in ("auto", "required")]
    allowed = [{"type": "allowed_tools", "allowed_tools": one} for one in lists]
    return st.sampled_from(["auto", "none", "required", *named, *allowed])
