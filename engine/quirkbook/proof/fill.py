"""An example of a rule -> a request that an endpoint would take but for what the example is about."""

from __future__ import annotations

from typing import Any, Final

TALK: Final = [{"role": "user", "content": "Hi"}]
TOOL: Final = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks at a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
#: Tokens that an answer may have.
ANSWER: Final = 16
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_WANT_TOOLS: Final = ("tool_choice", "parallel_tool_calls")


def base(model: str) -> dict[str, Any]:
    """Return the smallest request."""
    return {"model": model, "messages": [dict(message) for message in TALK], "max_tokens": ANSWER}


def complete(given: dict[str, Any], model: str) -> dict[str, Any]:
    """Return an example as a request: what every request has is put in, and nothing that is there is changed.

    >>> complete({"tool_choice": "required"}, "lumen")["tools"][0]["function"]["name"]
    'look'
    """
    filled = {**base(model), **given, "model": model}
    if any(limit in given for limit in _LIMITS) and "max_tokens" not in given:
        del filled["max_tokens"]
    if not filled.get("messages"):
        filled["messages"] = [dict(message) for message in TALK]
    if isinstance(filled["messages"], list):
        filled["messages"] = [_message(message) for message in filled["messages"]]
    if "tools" in filled and isinstance(filled["tools"], list):
        filled["tools"] = [_tool(tool) for tool in filled["tools"]]
    elif any(key in given for key in _WANT_TOOLS) and "tools" not in given:
        filled["tools"] = [TOOL]
    if "response_format" in given:
        filled["response_format"] = _format(given["response_format"])
    if "stream_options" in given and "stream" not in given:
        filled["stream"] = True
    if "top_logprobs" in given and "logprobs" not in given:
        filled["logprobs"] = True
    return filled


def whole(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request whose conversation begins and ends with a user, and in which each tool call has its result.

    >>> [message["role"] for message in whole({"messages": [{"role": "tool", "tool_call_id": "a"}]})["messages"]]
    ['user', 'assistant', 'tool']
    """
    if not isinstance(request["messages"], list) or not all(isinstance(each, dict) for each in request["messages"]):
        return request
    messages: list[dict[str, Any]] = []
    called: set[Any] = set()
    waiting: list[dict[str, Any]] = []
    for message in request["messages"]:
        role, id = message.get("role"), message.get("tool_call_id", message.get("name"))
        if role in ("tool", "function"):
            if id not in called:
                messages.append(_calling(id, role))
            waiting = [result for result in waiting if id not in (result.get("tool_call_id"), result.get("name"))]
        else:
            messages, waiting = [*messages, *waiting], []
        messages.append(message)
        results = _results(message)
        called.update(result.get("tool_call_id", result.get("name")) for result in results)
        waiting += results
    messages += waiting
    speakers = [message.get("role") for message in messages if message.get("role") not in ("system", "developer")]
    if speakers and speakers[0] != "user":
        at = next(number for number, message in enumerate(messages) if message.get("role") == speakers[0])
        messages.insert(at, dict(TALK[0]))
    if messages[-1].get("role") == "assistant" and not {"partial", "prefix"} & messages[-1].keys():
        messages.append({"role": "user", "content": "Go on."})
    filled = {**request, "messages": messages}
    return filled if "tools" in request or not called else {**filled, "tools": [TOOL]}


def _calling(id: Any, role: str) -> dict[str, Any]:
    """Return the message that calls for a result."""
    if role == "function":
        return {"role": "assistant", "content": None, "function_call": {"name": id, "arguments": "{}"}}
    call = {"id": id, "type": "function", "function": {"name": "look", "arguments": '{"place": "Oslo"}'}}
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def _results(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results that a message calls for."""
    calls, legacy = message.get("tool_calls"), message.get("function_call")
    if isinstance(legacy, dict):
        return [{"role": "function", "name": legacy.get("name"), "content": "4 C"}]
    calls = calls if isinstance(calls, list) else []
    return [
        {"role": "tool", "tool_call_id": call.get("id"), "content": "4 C"} for call in calls if isinstance(call, dict)
    ]


def _format(format: Any) -> Any:
    """Return a form of answers with the parts that each has."""
    if not isinstance(format, dict) or not isinstance(format.get("json_schema"), dict):
        return format
    schema = {"name": "answer", "schema": {"type": "object", "properties": {}}, **format["json_schema"]}
    return {"type": "json_schema", **format, "json_schema": schema}


def _message(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    filled = {"role": "user", **message}
    if "content" not in filled and "tool_calls" not in filled and "function_call" not in filled:
        filled["content"] = "Hi"
    if isinstance(filled.get("tool_calls"), list):
        filled["tool_calls"] = [_call(call, number) for number, call in enumerate(filled["tool_calls"], 1)]
    return filled


def _call(call: Any, number: int) -> Any:
    if not isinstance(call, dict):
        return call
    filled = {"id": f"call{number}", "type": "function", **call}
    if filled["type"] == "function" and isinstance(filled.get("function", {}), dict):
        filled["function"] = {"name": "look", "arguments": "{}", **filled.get("function", {})}
    return filled


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    filled = {"type": "function", **tool}
    if filled["type"] == "function" and isinstance(filled.get("function", {}), dict):
        function = filled.get("function", {})
        filled["function"] = {"name": "look", **function}
    return filled
