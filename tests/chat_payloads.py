"""Requests as applications send them to OpenAI: what any provider with the same interface is expected to take."""

from __future__ import annotations

from typing import Any

from tests.chat_requests import PNG

Payload = dict[str, Any]


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def system(content: Any, role: str = "system") -> dict[str, Any]:
    return {"role": role, "content": content}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def calls(*names: str, ids: tuple[str, ...] = ("call_a", "call_b", "call_c"), **more: Any) -> dict[str, Any]:
    """Return a turn that calls these tools."""
    made = [
        {"id": one, "type": "function", "function": {"name": name, "arguments": '{"city": "Oslo"}'}}
        for name, one in zip(names, ids, strict=False)
    ]
    return {"role": "assistant", "content": None, "tool_calls": made, **more}


def result(one: str, content: Any = "sun") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": one, "content": content}


def tool(name: str = "weather", parameters: Any = None, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "parameters": parameters or schema, **more}}


def takes(schema: Any, **root: Any) -> Payload:
    """Return a request with a tool whose argument `a` is described by that schema."""
    return {"messages": ASKED, "tools": [tool(parameters={"type": "object", "properties": {"a": schema}, **root})]}


def answers(schema: dict[str, Any], **more: Any) -> Payload:
    return {
        "messages": ASKED,
        "response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": schema, **more}},
    }


HI, WEATHER = user("Hi"), user("What is the weather in Oslo?")
ASKED = [system("Be brief."), WEATHER]
LOOKED_UP = [WEATHER, calls("weather"), result("call_a")]
PICTURE = {"type": "image_url", "image_url": {"url": PNG}}
STEPS = {
    "type": "object",
    "properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}}, "answer": {"type": "string"}},
    "required": ["steps", "answer"],
    "additionalProperties": False,
    "$defs": {
        "Step": {
            "type": "object",
            "properties": {"why": {"type": "string"}, "what": {"type": "string"}},
            "required": ["why", "what"],
            "additionalProperties": False,
        }
    },
}

#: Taken by every model, translated where it must be.
PAYLOADS: dict[str, Payload] = {
    # Plain conversations.
    "one question": {"messages": [HI]},
    "instructions first": {"messages": ASKED},
    "developer's instructions": {"messages": [system("Be brief.", "developer"), HI]},
    "instructions in the middle": {"messages": [HI, assistant("Hello."), system("Now in French."), user("Bye")]},
    "instructions in parts": {"messages": [system([{"type": "text", "text": "Be brief."}]), HI]},
    "instructions left empty": {"messages": [system(""), HI]},
    "only instructions": {"messages": [system("Write a haiku.")]},
    "a question in parts": {"messages": [user([{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}])]},
    "an empty question": {"messages": [user("")]},
    "an empty part": {"messages": [user([{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}])]},
    "two questions in a row": {"messages": [HI, user("Still there?")]},
    "a turn that broke off": {"messages": [HI, assistant(""), user("Go on")]},
    "a turn of thought alone": {"messages": [HI, assistant("", reasoning_content="Hm."), user("Go on")]},
    "an answer in parts": {"messages": [HI, assistant([{"type": "text", "text": "Hello."}]), user("Bye")]},
    "a refusal in the history": {"messages": [HI, {"role": "assistant", "refusal": "I cannot."}, user("Why?")]},
    "a refusal in parts": {"messages": [HI, assistant([{"type": "refusal", "refusal": "I cannot."}]), user("Why?")]},
    "an answer that began already": {"messages": [HI, assistant("{", partial=True)]},
    "an answer that began, elsewhere": {"messages": [HI, assistant("```python\n", prefix=True)]},
    "names of those who speak": {
        "messages": [{**HI, "name": "Vin"}, {**assistant("Hello."), "name": "Kelsier"}, user("Bye")]
    },
    "foreign thoughts in the history": {
        "messages": [HI, assistant("Hello.", reasoning_content="A greeting."), user("Bye")]
    },
    # Sampling and limits.
    "as cold as it gets": {"messages": ASKED, "temperature": 0},
    "as wild as it gets": {"messages": ASKED, "temperature": 2},
    "what a library sends by default": {
        "messages": ASKED,
        "temperature": 1.0,
        "top_p": 1.0,
        "n": 1,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "stream": False,
    },
    "all at null": {
        "messages": ASKED,
        "temperature": None,
        "top_p": None,
        "n": None,
        "stop": None,
        "max_tokens": None,
        "logit_bias": None,
        "reasoning_effort": None,
        "seed": None,
        "stream": None,
        "stream_options": None,
    },
    "several answers": {"messages": ASKED, "n": 3, "temperature": 0.9},
    "several answers, cold": {"messages": ASKED, "n": 4, "temperature": 0},
    "a hundred answers": {"messages": ASKED, "n": 100, "temperature": 0.8},
    "penalties": {"messages": ASKED, "presence_penalty": 0.6, "frequency_penalty": -0.4},
    "a nucleus": {"messages": ASKED, "top_p": 0.9},
    "a limit": {"messages": ASKED, "max_tokens": 256},
    "a limit, newer": {"messages": ASKED, "max_completion_tokens": 256},
    "both limits": {"messages": ASKED, "max_tokens": 256, "max_completion_tokens": 512},
    "one stop": {"messages": ASKED, "stop": "\nObservation:"},
    "four stops": {"messages": ASKED, "stop": ["\n\nHuman:", "END", "</answer>", "*" * 40]},
    "a long stop": {"messages": ASKED, "stop": "-----------END OF THE DOCUMENT-----------"},
    "probabilities": {"messages": ASKED, "logprobs": True, "top_logprobs": 5},
    "a banned token": {"messages": ASKED, "logit_bias": {"1734": -100}},
    "a seed and a user": {"messages": ASKED, "seed": 7, "user": "u-17", "metadata": {"team": "search"}, "store": False},
    "a cache and an identifier": {"messages": ASKED, "prompt_cache_key": "session-1", "safety_identifier": "h-4"},
    "a stream": {"messages": ASKED, "stream": True, "stream_options": {"include_usage": True}},
    # Thinking.
    **{
        f"effort {effort}": {"messages": ASKED, "reasoning_effort": effort}
        for effort in ("none", "minimal", "low", "high", "xhigh", "max")
    },
    "effort and temperature": {"messages": ASKED, "reasoning_effort": "low", "temperature": 0.2, "top_p": 0.5},
    "no thinking": {"messages": ASKED, "thinking": {"type": "disabled"}, "temperature": 0.6},
    "thinking with a budget": {"messages": ASKED, "thinking": {"type": "enabled", "budget_tokens": 4000}},
    "thinking, in short": {"messages": ASKED, "thinking": True},
    "thinking and effort": {"messages": ASKED, "thinking": {"type": "enabled"}, "reasoning_effort": "high"},
    # Tools.
    "a tool": {"messages": ASKED, "tools": [tool()], "tool_choice": "auto"},
    "a tool that takes nothing": {"messages": ASKED, "tools": [{"type": "function", "function": {"name": "now"}}]},
    "a tool with an empty schema": {
        "messages": ASKED,
        "tools": [{"type": "function", "function": {"name": "now", "parameters": {}}}],
    },
    "a tool with a short name": {"messages": ASKED, "tools": [tool("ls")]},
    "any tool": {"messages": ASKED, "tools": [tool(), tool("news")], "tool_choice": "required"},
    "this tool": {
        "messages": ASKED,
        "tools": [tool(), tool("news")],
        "tool_choice": {"type": "function", "function": {"name": "news"}},
    },
    "one of these tools": {
        "messages": ASKED,
        "tools": [tool(), tool("news"), tool("mail")],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "news"}}]},
        },
    },
    "no tool now": {"messages": ASKED, "tools": [tool()], "tool_choice": "none", "parallel_tool_calls": False},
    "tools and effort": {"messages": ASKED, "tools": [tool()], "reasoning_effort": "high", "temperature": 0.1},
    "a forced tool without thinking": {
        "messages": ASKED,
        "tools": [tool()],
        "tool_choice": "required",
        "thinking": {"type": "disabled"},
    },
    "a call and its result": {"messages": LOOKED_UP, "tools": [tool()]},
    "a call with thoughts": {
        "messages": [WEATHER, calls("weather", reasoning_content="Look."), result("call_a")],
        "tools": [tool()],
    },
    "a call that says something": {
        "messages": [WEATHER, calls("weather", content="Let me look."), result("call_a")],
        "tools": [tool()],
    },
    "a call with an empty part": {
        "messages": [WEATHER, calls("weather", content=[{"type": "text", "text": ""}]), result("call_a")],
        "tools": [tool()],
    },
    "calls in parallel": {
        "messages": [
            WEATHER,
            calls("weather", "news", "weather"),
            result("call_b"),
            result("call_c"),
            result("call_a"),
            user("So?"),
        ],
        "tools": [tool(), tool("news")],
    },
    "calls of one id": {
        "messages": [WEATHER, calls("weather", "news", ids=("a", "a")), result("a"), result("a")],
        "tools": [tool(), tool("news")],
    },
    "call after call": {
        "messages": [
            *LOOKED_UP,
            calls("news", ids=("call_z",)),
            result("call_z", [{"type": "text", "text": "none"}]),
            user("Thanks"),
        ],
        "tools": [tool(), tool("news")],
    },
    "an empty result": {"messages": [WEATHER, calls("weather"), result("call_a", "")], "tools": [tool()]},
    "functions of old": {
        "messages": ASKED,
        "functions": [tool()["function"], {"name": "now"}],
        "function_call": {"name": "now"},
    },
    "functions in the history": {
        "messages": [
            WEATHER,
            assistant(None, function_call={"name": "weather", "arguments": "{}"}),
            {"role": "function", "name": "weather", "content": "sun"},
        ],
        "functions": [tool()["function"]],
        "function_call": "auto",
    },
    # Schemas as generators make them.
    "an optional argument": takes({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "A"}),
    "a choice of two types": takes({"anyOf": [{"type": "string"}, {"type": "integer"}], "description": "Where to"}),
    "a type beside a choice": takes({"type": "string", "anyOf": [{"format": "date"}, {"enum": ["today"]}]}),
    "an enum that may be null": takes({"type": ["string", "null"], "enum": ["near", "far", None]}),
    "an enum without type": takes({"enum": ["near", "far"]}),
    "a constant": takes({"const": "near"}),
    "anything": takes({}),
    "anything, in Go": takes(True),
    "a union of classes": takes(
        {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}], "discriminator": {"propertyName": "kind"}},
        **{"$defs": {name: {"type": "object", "properties": {"kind": {"const": name}}} for name in ("Cat", "Dog")}},
    ),
    "a class with a description": takes(
        {"$ref": "#/$defs/Place", "description": "Where to"},
        **{"$defs": {"Place": {"type": "object", "properties": {}}}},
    ),
    "a class, inherited": takes(
        {"allOf": [{"$ref": "#/definitions/A"}], "default": {}}, definitions={"A": {"type": "object"}}
    ),
    "a tree": takes(
        {"$ref": "#/$defs/Node"},
        **{"$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node", "title": "Next"}}}}},
    ),
    "a pair": takes({"type": "array", "items": [{"type": "number"}, {"type": "number"}], "minItems": 2}),
    "a map": takes({"type": "object", "additionalProperties": {"type": "integer"}}),
    "a required name that is not there": takes({"type": "string"}, required=["a", "b"]),
    "the root's dialect": takes({"type": "string"}, **{"$schema": "http://json-schema.org/draft-07/schema#"}),
    "a strict tool": {"messages": ASKED, "tools": [tool(parameters=STEPS, strict=True)]},
    # Answers in JSON.
    "any JSON": {"messages": [system("Answer in JSON."), HI], "response_format": {"type": "json_object"}},
    "plain text": {"messages": ASKED, "response_format": {"type": "text"}},
    "JSON by a schema": answers(STEPS, strict=True),
    "JSON by a loose schema": answers(
        {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"type": ["integer", "null"]}}}
    ),
    "JSON by a union": answers(
        {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}}, strict=None
    ),
    "JSON by no schema": {"messages": ASKED, "response_format": {"type": "json_schema", "json_schema": {"name": "it"}}},
}

TEXT_ONLY = {
    "moonshot": ["moonshot-v1-8k", "kimi-k2-0905-preview", "kimi-k2-thinking"],
    "openai": ["gpt-3.5-turbo", "gpt-4", "o1-mini", "o3-mini"],
    "zai": ["glm-4.6", "glm-5.2"],
}
SEEN = {"messages": [user([{"type": "text", "text": "What is this?"}, PICTURE])]}
LINKED = {"messages": [user([{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}])]}
HEARD = {"messages": [user([{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}])]}
CUSTOM = {"messages": ASKED, "tools": [{"type": "custom", "custom": {"name": "run"}}]}
NAMED = {"messages": ASKED, "tools": [tool("2fa")]}
NOTHING = {"messages": [assistant("")]}

BARE = {"*": "format/no-custom-tools"}

#: Provider, request -> the rules that refuse it, by model: what no rule can make of it.
REFUSED: list[tuple[str, Payload, dict[str, str]]] = [
    ("anthropic", SEEN, {}),
    ("anthropic", LINKED, {}),
    ("anthropic", HEARD, {"*": "anthropic/no-sound-and-no-files"}),
    ("anthropic", CUSTOM, BARE),
    ("anthropic", NAMED, {}),
    ("anthropic", NOTHING, {}),
    ("cohere", SEEN, {}),
    ("cohere", LINKED, {}),
    ("cohere", HEARD, {"*": "cohere/no-sound-and-no-files"}),
    ("cohere", CUSTOM, BARE),
    ("cohere", NAMED, {}),
    ("cohere", NOTHING, {}),
    ("dashscope", SEEN, {}),
    ("dashscope", LINKED, {}),
    ("dashscope", HEARD, {}),
    ("dashscope", CUSTOM, BARE),
    ("dashscope", NAMED, {}),
    ("dashscope", NOTHING, {}),
    ("deepseek", SEEN, {"*": "deepseek/text-only"}),
    ("deepseek", LINKED, {"*": "deepseek/text-only"}),
    ("deepseek", HEARD, {"*": "deepseek/text-only"}),
    ("deepseek", CUSTOM, BARE),
    ("deepseek", NAMED, {}),
    ("deepseek", NOTHING, {}),
    ("gemini", SEEN, {}),
    ("gemini", LINKED, {}),
    ("gemini", HEARD, {}),
    ("gemini", CUSTOM, BARE),
    ("gemini", NAMED, {}),
    ("gemini", NOTHING, {}),
    ("groq", SEEN, {}),
    ("groq", LINKED, {}),
    ("groq", HEARD, {"*": "groq/no-sound-and-no-files"}),
    ("groq", CUSTOM, BARE),
    ("groq", NAMED, {}),
    ("groq", NOTHING, {}),
    ("minimax", SEEN, {"MiniMax-M2.5": "minimax/m2-sees-no-images"}),
    ("minimax", LINKED, {"MiniMax-M2.5": "minimax/m2-sees-no-images"}),
    ("minimax", HEARD, {"*": "minimax/no-sound-and-no-files"}),
    ("minimax", CUSTOM, BARE),
    ("minimax", NAMED, {}),
    ("minimax", NOTHING, {}),
    ("mistral", SEEN, {}),
    ("mistral", LINKED, {}),
    ("mistral", HEARD, {}),
    ("mistral", CUSTOM, BARE),
    ("mistral", NAMED, {}),
    ("mistral", NOTHING, {"*": "mistral/conversations-have-a-start"}),
    ("moonshot", SEEN, dict.fromkeys(TEXT_ONLY["moonshot"], "moonshot/text-models-see-no-images")),
    ("moonshot", LINKED, {"*": "moonshot/no-image-urls"}),
    ("moonshot", HEARD, {"*": "moonshot/no-sound-and-no-files"}),
    ("moonshot", CUSTOM, {"*": "format/no-custom-tools"}),
    ("moonshot", NAMED, {}),
    ("moonshot", NOTHING, {"*": "closing/at-least-one-message"}),
    (
        "openai",
        SEEN,
        {
            "gpt-3.5-turbo": "openai/text-models-see-no-images",
            "gpt-4": "openai/text-models-see-no-images",
            "o1-mini": "openai/o3-mini-sees-no-images",
            "o3-mini": "openai/o3-mini-sees-no-images",
        },
    ),
    ("openai", CUSTOM, {}),
    ("openai", NAMED, {}),
    ("openai", NOTHING, {}),
    ("perplexity", SEEN, {}),
    ("perplexity", LINKED, {}),
    ("perplexity", HEARD, {"*": "perplexity/no-sound-and-no-files"}),
    ("perplexity", CUSTOM, BARE),
    ("perplexity", NAMED, {}),
    ("perplexity", NOTHING, {}),
    ("xai", SEEN, {}),
    ("xai", LINKED, {}),
    ("xai", HEARD, {"*": "xai/no-sound"}),
    ("xai", CUSTOM, BARE),
    ("xai", NAMED, {}),
    ("xai", NOTHING, {}),
    ("zai", SEEN, dict.fromkeys(TEXT_ONLY["zai"], "zai/text-models-see-no-images")),
    ("zai", LINKED, dict.fromkeys(TEXT_ONLY["zai"], "zai/text-models-see-no-images")),
    ("zai", HEARD, {"*": "zai/no-sound-and-no-files"}),
    ("zai", CUSTOM, BARE),
    ("zai", NAMED, {}),
    ("zai", NOTHING, {}),
]
