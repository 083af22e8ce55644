"""A request -> what the model says to it, the same each time: an echo or tool calls, and their tokens."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .asked import calls_in, schema_in
from .sample import sample

CREATED = 1_700_000_000
"""When every answer was made: a clock would make no two alike."""

_PIECE = re.compile(r"\s*\S{1,6}|\s+")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: text or tool calls, and the thoughts before it."""

    content: str | None
    reasoning: str | None
    tool_calls: tuple[dict[str, Any], ...]
    finish_reason: str

    @property
    def tokens(self) -> int:
        """Tokens of the whole choice, thoughts included."""
        called = sum(count(json.dumps(call["function"])) for call in self.tool_calls)
        return count(self.content or "") + self.reasoning_tokens + called

    @property
    def reasoning_tokens(self) -> int:
        """Tokens of the thoughts alone."""
        return count(self.reasoning or "")


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was made of one request."""

    digest: str
    model: str
    choices: tuple[Choice, ...]
    prompt_tokens: int


def complete(payload: Mapping[str, Any], *, thinks: bool, call_ids: str) -> Answer:
    """Answer a request that the provider accepts; ``call_ids`` is the form of tool-call ids."""
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:24]
    prompt = _last_user_text(payload)
    calls = _calls(payload, prompt, call_ids, digest)
    reasoning = f"The user wants: {prompt}" if thinks else None
    choices = tuple(_choice(payload, prompt, reasoning, calls, index) for index in range(payload.get("n") or 1))
    return Answer(digest, payload["model"], choices, prompt_tokens(payload))


def pieces(text: str) -> list[str]:
    """Cut a text into what passes for tokens.

    >>> pieces("Hello, how are you?")
    ['Hello,', ' how', ' are', ' you?']
    """
    return _PIECE.findall(text)


def count(text: str) -> int:
    """Return the number of tokens of a text."""
    return len(pieces(text))


def prompt_tokens(payload: Mapping[str, Any]) -> int:
    """Return the number of tokens of all that the model reads."""
    message_tokens = sum(4 + count(text_of(message.get("content"))) for message in payload.get("messages") or ())
    tools = payload.get("tools")
    return message_tokens + (count(json.dumps(tools)) if tools else 0)


def text_of(content: Any) -> str:
    """Return the text of a message's content, be it a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in content or () if isinstance(part, dict)]
    return " ".join(text for text in parts if isinstance(text, str))


def _last_user_text(payload: Mapping[str, Any]) -> str:
    by_user = [message for message in payload["messages"] if message.get("role") == "user"]
    return text_of(by_user[-1].get("content")) if by_user else ""


def _choice(
    payload: Mapping[str, Any], prompt: str, reasoning: str | None, calls: tuple[dict[str, Any], ...], index: int
) -> Choice:
    if calls:
        return Choice(None, reasoning, calls, "tool_calls")
    text = _text(payload, prompt)
    if index:
        text = f"{text} (choice {index + 1})"
    stops = payload.get("stop") or ()
    stops = [stops] if isinstance(stops, str) else stops
    ends = [text.index(stop) for stop in stops if stop and stop in text]
    text = text[: min(ends)] if ends else text
    most = payload.get("max_completion_tokens") or payload.get("max_tokens")
    budget = None if most is None else max(0, most - count(reasoning or ""))
    if budget is not None and count(text) > budget:
        return Choice("".join(pieces(text)[:budget]), reasoning, (), "length")
    return Choice(text, reasoning, (), "stop")


def _text(payload: Mapping[str, Any], prompt: str) -> str:
    form = payload.get("response_format") or {}
    if form.get("type") == "json_schema":
        return json.dumps(sample((form.get("json_schema") or {}).get("schema") or {"type": "object"}))
    if (told := schema_in([text_of(message.get("content")) for message in payload["messages"]])) is not None:
        return json.dumps(sample(told))
    if form.get("type") == "json_object":
        return json.dumps({"said": prompt}, ensure_ascii=False)
    last_message = payload["messages"][-1]
    if last_message.get("role") == "tool":
        return f"The tool said: {text_of(last_message.get('content'))}"
    return f"You said: {prompt}"


def _calls(payload: Mapping[str, Any], prompt: str, form: str, digest: str) -> tuple[dict[str, Any], ...]:
    """Return the tool calls of the turn, with ids of a form."""
    declared = [tool["function"] for tool in payload.get("tools") or () if "function" in tool]
    functions = {function["name"]: function.get("parameters") or {"type": "object"} for function in declared}
    wanted = _wanted(payload, prompt, list(functions)) if functions else []
    if payload.get("parallel_tool_calls") is False:
        wanted = wanted[:1]
    return tuple(
        {
            "id": form.format(name=name, index=index, digest=digest),
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(sample(functions[name]) if told is None else told)},
        }
        for index, (name, told) in enumerate(wanted)
    )


def _wanted(payload: Mapping[str, Any], prompt: str, names: list[str]) -> list[tuple[str, dict[str, Any] | None]]:
    """Return which tools to call, with the arguments that were asked for, None where none were.

    Those that the last message asks for by ``call NAME {json}``, if it has any; else one that the request forces; else, when
    the user speaks last and says "tool", the first, or every one.
    """
    choice, last_message = payload.get("tool_choice"), payload["messages"][-1]
    if choice == "none":
        return []
    speaks = last_message.get("role") in ("user", "tool")
    asked = calls_in(text_of(last_message.get("content")), names) if speaks else []
    if isinstance(choice, dict):
        named = choice.get("function", {}).get("name")
        name = named if named in names else names[0]
        return [next((call for call in asked if call[0] == name), (name, None))]
    if asked:
        return asked
    if last_message.get("role") == "user" and "tool" in prompt.lower():
        return [(name, None) for name in names[: None if "every tool" in prompt.lower() else 1]]
    return [(_next_tool(payload, names), None)] if choice == "required" else []


def _next_tool(payload: Mapping[str, Any], names: list[str]) -> str:
    """Return the first tool that was not called since the user spoke: agents end by a tool of their own."""
    called: set[str] = set()
    for message in payload["messages"]:
        if message.get("role") == "user":
            called.clear()
        called.update(str((call.get("function") or {}).get("name")) for call in message.get("tool_calls") or ())
    return next((name for name in names if name not in called), names[-1])
