"""Two hundred requests as applications send them, drawn from a fixed seed: what every provider's rules are run over.

All of them OpenAI would take. They differ in what applications differ in: who speaks in which order, tools and their
schemas, calls in parallel and their results, images, thoughts that come back, answers in JSON, streams, limits and
sampling, and keys of other providers that a library leaves in.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.chat_payloads import PICTURE, assistant, calls, result, system, tool, user

Payload = dict[str, Any]
Messages = list[dict[str, Any]]
Draw = random.Random

SEED = 20261126
COUNT = 200

PROMPTS = [
    "You are a helpful assistant.",
    "Du bist die Hotline der Stadtwerke. Antworte kurz und auf Deutsch.",
    "Answer with facts from the context only. If it is not there, say so.",
    "You are a code reviewer. Point at lines.\n\n- no praise\n- no summaries",
    "今日は2026年11月23日です。",
]
QUESTIONS = [
    "What is the capital of Norway?",
    "Fasse die drei Mails zusammen.",
    "Why does this test hang?\n```python\nwhile queue:\n    queue.popleft\n```",
    "¿Puedes traducir esto al inglés? «Más vale tarde que nunca.»",
    "请把下面的内容翻译成英文：天气很好。",
    "Plan a weekend in Lisbon 🇵🇹 for two, 400 €.",
    "Summarise:\n\n" + "The committee met on Tuesday and adjourned without a vote. " * 40,
]
ANSWERS = [
    "Oslo.",
    "Gerne, einen Moment.",
    "Line 2 never calls `popleft`.",
    "Here is a plan:\n1. Alfama\n2. Belém",
    "👍",
]
THOUGHTS = ["The user wants a short answer.", "Let me look at the data first.\n\nIt says Tuesday.", " "]
PHOTO = {"type": "image_url", "image_url": {"url": "https://example.com/photos/receipt.jpg", "detail": "high"}}

ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
    "required": ["street", "zip"],
}
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {}},
    {"type": "object", "properties": {"city": {"type": "string", "description": "Where"}}, "required": ["city"]},
    # As pydantic writes it.
    {
        "$defs": {"Address": {**ADDRESS, "title": "Address"}},
        "properties": {
            "name": {"title": "Name", "type": "string"},
            "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": None, "title": "Age"},
            "home": {"$ref": "#/$defs/Address"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        },
        "required": ["name", "home"],
        "title": "Person",
        "type": "object",
    },
    # As zod writes it.
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["buy", "sell"]},
            "amount": {"type": "number", "exclusiveMinimum": 0},
            "when": {"type": ["string", "null"], "format": "date-time"},
            "source": {"const": "web"},
        },
        "required": ["kind", "amount"],
        "additionalProperties": False,
    },
    # As a server of tools lists it.
    {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "range": {"type": "array", "items": [{"type": "integer"}, {"type": "integer"}], "minItems": 2},
            "filter": {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
            "node": {"$ref": "#/definitions/Node"},
            "options": {"allOf": [{"type": "object", "properties": {"deep": {"type": "boolean"}}}]},
        },
        "required": ["path"],
        "definitions": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/Node"}}}},
    },
]
STRICT = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "score": {"type": "integer"}, "why": {"type": ["string", "null"]}},
    "required": ["title", "score", "why"],
    "additionalProperties": False,
}
NAMES = ["get_weather", "search-documents", "run_sql", "mcp__files__read", "ls"]


def _tools(draw: Draw, least: int = 1) -> list[dict[str, Any]]:
    names = draw.sample(NAMES, draw.randint(least, 4))
    made = [tool(name, draw.choice(SCHEMAS), description=f"Does {name}.") for name in names]
    if draw.random() < 0.2:
        made[0] = {"type": "function", "function": {"name": names[0]}}
    if draw.random() < 0.2:
        made[-1] = tool(names[-1], STRICT, strict=True)
    return made


def _opening(draw: Draw) -> Messages:
    """Draw instructions, mostly one and first."""
    role = draw.choice(["system", "system", "system", "developer"])
    match draw.randint(0, 9):
        case 0:
            return []
        case 1:
            return [system(PROMPTS[0], role), system(draw.choice(PROMPTS[1:]), role)]
        case 2:
            return [system([{"type": "text", "text": draw.choice(PROMPTS)}], role)]
        case _:
            return [system(draw.choice(PROMPTS), role)]


def _said(draw: Draw) -> dict[str, Any]:
    said = assistant(draw.choice(ANSWERS))
    match draw.randint(0, 11):
        case 0:
            said["reasoning_content"] = draw.choice(THOUGHTS)
        case 1:
            said |= {"refusal": None, "annotations": [], "audio": None, "function_call": None}
        case 2:
            said = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
        case 3:
            said["content"] = [{"type": "text", "text": said["content"]}]
        case 4:
            said = assistant("")
        case 5:
            said["name"] = "Kelsier"
    return said


def _asked(draw: Draw) -> dict[str, Any]:
    text = draw.choice(QUESTIONS)
    match draw.randint(0, 9):
        case 0:
            return user([{"type": "text", "text": text}, {"type": "text", "text": "Thanks!"}])
        case 1:
            return {**user(text), "name": "Vin"}
        case _:
            return user(text)


def _turns(draw: Draw, least: int = 0) -> Messages:
    """Draw questions and their answers, then a question."""
    talk = []
    for _ in range(draw.randint(least, 3)):
        talk += [_asked(draw), _said(draw)]
    if draw.random() < 0.1:
        talk.insert(1, _asked(draw))
    return [*talk, _asked(draw)]


def _called(draw: Draw, offered: list[dict[str, Any]], most: int = 3) -> Messages:
    """Draw a turn that calls tools, and all their results."""
    names = [draw.choice(offered)["function"]["name"] for _ in range(draw.randint(1, most))]
    form = draw.choice(["call_{:024x}", "toolu_{:x}", "functions.look:{}", "{:08d}"])
    ids = tuple(form.format(draw.getrandbits(24)) for _ in names)
    turn = calls(*names, ids=ids)
    match draw.randint(0, 4):
        case 0:
            turn["reasoning_content"] = draw.choice(THOUGHTS)
        case 1:
            turn["content"] = "Let me look."
        case 2:
            turn["content"] = ""
    if draw.random() < 0.2:
        turn["tool_calls"][0]["function"]["arguments"] = ""
    order = draw.sample(ids, len(ids))
    said = ['{"temp": 3, "unit": "c"}', "not found", "", [{"type": "text", "text": "sun"}]]
    return [turn, *(result(one, draw.choice(said)) for one in order)]


# What a request is about.


def chat(draw: Draw) -> Payload:
    return {"messages": [*_opening(draw), *_turns(draw)]}


def late_instructions(draw: Draw) -> Payload:
    talk = _turns(draw, least=1)
    talk.insert(draw.randint(1, len(talk)), system(draw.choice(PROMPTS), draw.choice(["system", "developer"])))
    return {"messages": [*_opening(draw), *talk]}


def instructions_alone(draw: Draw) -> Payload:
    return {"messages": [system(draw.choice(PROMPTS))]}


def beginning(draw: Draw) -> Payload:
    flag = draw.choice([{}, {"partial": True}, {"prefix": True}, {"prefix": True}])
    return {"messages": [*_opening(draw), *_turns(draw), assistant("```json\n{", **flag)]}


def tools_offered(draw: Draw) -> Payload:
    offered = _tools(draw)
    named = {"type": "function", "function": {"name": offered[0]["function"]["name"]}}
    some = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named]}}
    chosen = draw.choice([{}, {}, "auto", "none", "required", "required", named, some])
    more = {"tool_choice": chosen} if chosen else {}
    if draw.random() < 0.3:
        more["parallel_tool_calls"] = draw.choice([True, False])
    return {"messages": [*_opening(draw), *_turns(draw)], "tools": offered, **more}


def agent(draw: Draw) -> Payload:
    offered = _tools(draw, least=2)
    loop = [_asked(draw)]
    for _ in range(draw.randint(1, 4)):
        loop += _called(draw, offered)
        if draw.random() < 0.3:
            loop.append(assistant(draw.choice(ANSWERS)))
        if draw.random() < 0.2:
            loop.append(_asked(draw))
    return {"messages": [*_opening(draw), *loop], "tools": offered}


def functions_of_old(draw: Draw) -> Payload:
    offered = [one["function"] for one in _tools(draw)]
    name = offered[0]["name"]
    talk = [_asked(draw)]
    if draw.random() < 0.6:
        talk += [
            assistant(None, function_call={"name": name, "arguments": '{"city": "Oslo"}'}),
            {"role": "function", "name": name, "content": draw.choice(["sun", None])},
        ]
    more = {"function_call": draw.choice(["auto", "none", {"name": name}])} if draw.random() < 0.5 else {}
    return {"messages": [*_opening(draw), *talk], "functions": offered, **more}


def pictures(draw: Draw) -> Payload:
    parts = [{"type": "text", "text": "What does it say?"}, draw.choice([PICTURE, PHOTO])]
    draw.shuffle(parts)
    return {"messages": [*_opening(draw), *_turns(draw)[:-1], user(parts)]}


def sounds_and_files(draw: Draw) -> Payload:
    heard = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    read = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"}}
    return {
        "messages": [*_opening(draw), user([{"type": "text", "text": "Summarise."}, draw.choice([heard, heard, read])])]
    }


def any_json(draw: Draw) -> Payload:
    asked = user("Give me name and age as JSON.")
    return {"messages": [*_opening(draw), asked], "response_format": {"type": "json_object"}}


def json_by_schema(draw: Draw) -> Payload:
    loose = {"name": "answer", "schema": draw.choice(SCHEMAS[1:])}
    form = draw.choice([{"name": "answer", "schema": STRICT, "strict": True}, loose, {**loose, "strict": False}])
    payload = draw.choice([chat, chat, tools_offered])(draw)
    return {**payload, "response_format": {"type": "json_schema", "json_schema": form}}


def custom_tools(draw: Draw) -> Payload:
    return {
        "messages": [_asked(draw)],
        "tools": [{"type": "custom", "custom": {"name": "run", "description": "Runs."}}],
    }


ABOUT: list[tuple[int, Callable[[Draw], Payload]]] = [
    (34, chat),
    (12, late_instructions),
    (3, instructions_alone),
    (10, beginning),
    (32, tools_offered),
    (40, agent),
    (12, functions_of_old),
    (16, pictures),
    (9, sounds_and_files),
    (8, any_json),
    (20, json_by_schema),
    (4, custom_tools),
]

# What goes with any of them.

OPTIONS: list[Callable[[Draw], Payload]] = [
    lambda draw: {"temperature": draw.choice([0, 0.2, 0.7, 1, 1.0, 1.3, 2])},
    lambda draw: {"temperature": draw.choice([0, 0.5, 1]), "top_p": draw.choice([0, 0.1, 0.95, 1])},
    lambda draw: {"max_tokens": draw.choice([1, 256, 4096, 200_000])},
    lambda draw: {"max_completion_tokens": draw.choice([64, 8192])},
    lambda draw: {"stop": draw.choice(["\n\n", ["END"], ["\nObservation:", "</s>", " ", "x" * 40], None])},
    lambda draw: {"presence_penalty": draw.choice([0, 0.6, -1]), "frequency_penalty": draw.choice([0, 0.4, 2])},
    lambda draw: {"n": draw.choice([1, 2, 5])},
    lambda draw: {"seed": draw.choice([7, 0, None]), "user": draw.choice(["u-17", "customer-0042"])},
    lambda draw: {"stream": True},
    lambda draw: {"stream": True, "stream_options": {"include_usage": True}},
    lambda draw: {"logprobs": True, "top_logprobs": draw.choice([0, 3, 20])},
    lambda draw: {"logit_bias": {"50256": -100}},
    lambda draw: {"reasoning_effort": draw.choice(["none", "minimal", "low", "medium", "high", "xhigh", "max"])},
    lambda draw: {"thinking": draw.choice([{"type": "disabled"}, {"type": "enabled", "budget_tokens": 2048}])},
    lambda draw: {"store": False, "metadata": {"team": "search", "run": "7"}},
    lambda draw: {"prompt_cache_key": "session-1", "safety_identifier": "h-4"},
    lambda draw: {"service_tier": draw.choice(["auto", "default", "flex", "priority"])},
    lambda draw: {"verbosity": "low", "prediction": {"type": "content", "content": "def f():\n    return 1"}},
    lambda draw: {"modalities": ["text"]},
    # What a library sends whether it was asked for or not.
    lambda draw: {
        "temperature": 1.0,
        "top_p": 1.0,
        "n": 1,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stop": None,
        "logit_bias": None,
        "stream": draw.choice([False, None]),
    },
]


def corpus(seed: int = SEED, count: int = COUNT) -> list[Payload]:
    """Return the requests, without a model; equal seeds give equal ones."""
    draw = random.Random(seed)
    weights = [weight for weight, _ in ABOUT]
    made = []
    for index in range(count):
        # Each subject thrice, then as often as its weight says.
        about = ABOUT[index // 3][1] if index < 3 * len(ABOUT) else draw.choices([one for _, one in ABOUT], weights)[0]
        payload = about(draw)
        for option in draw.sample(OPTIONS, draw.choice([0, 0, 1, 1, 2, 3, 5])):
            payload |= option(draw)
        made.append(payload)
    return made


CORPUS = corpus()
