"""Whether an answer shows that a field was heeded: a 200 alone does not say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final


def heeded(request: Mapping[str, Any], body: Any, fields: frozenset[str]) -> bool | None:
    """Tell whether the fields of a request show in its answer: True, False where one does not, None where none could.

    >>> heeded({"n": 2}, {"choices": [{}]}, frozenset({"n"}))
    False
    """
    looks = [_LOOKS[name](request, body) for name in sorted(fields) if name in _LOOKS and request.get(name) is not None]
    seen = [look for look in looks if look is not None]
    return all(seen) if seen else None


def _choices(body: Any) -> list[Any]:
    if isinstance(body, list):
        return [choice for chunk in body for choice in _choices(chunk)]
    choices = body.get("choices") if isinstance(body, Mapping) else None
    return [choice for choice in choices if isinstance(choice, Mapping)] if isinstance(choices, list) else []


def _text(body: Any) -> str:
    parts = [choice.get("message") or choice.get("delta") or {} for choice in _choices(body)]
    return "".join(str(part.get("content") or "") for part in parts if isinstance(part, Mapping))


def _n(request: Mapping[str, Any], body: Any) -> bool | None:
    numbers = {choice.get("index", at) for at, choice in enumerate(_choices(body))}
    return len(numbers) == request["n"] if request["n"] != 1 else None


def _stop(request: Mapping[str, Any], body: Any) -> bool | None:
    words = [request["stop"]] if isinstance(request["stop"], str) else request["stop"]
    return (
        False
        if isinstance(words, list) and any(isinstance(word, str) and word and word in _text(body) for word in words)
        else None
    )


def _logprobs(request: Mapping[str, Any], body: Any) -> bool | None:
    return any(choice.get("logprobs") for choice in _choices(body)) if request["logprobs"] is True else None


def _schema(request: Mapping[str, Any], body: Any) -> bool | None:
    format = request["response_format"]
    kind = format.get("type") if isinstance(format, Mapping) else None
    if kind not in ("json_object", "json_schema") or any(
        choice.get("finish_reason") == "length" for choice in _choices(body)
    ):
        return None
    try:
        return isinstance(json.loads(_text(body)), dict)
    except ValueError:
        return False


def _tool_choice(request: Mapping[str, Any], body: Any) -> bool | None:
    if request["tool_choice"] != "required" and not isinstance(request["tool_choice"], Mapping):
        return None
    parts = [choice.get("message") or choice.get("delta") or {} for choice in _choices(body)]
    return any(part.get("tool_calls") for part in parts if isinstance(part, Mapping))


def _limit(name: str) -> Callable[[Mapping[str, Any], Any], bool | None]:
    def look(request: Mapping[str, Any], body: Any) -> bool | None:
        last = body[-1] if isinstance(body, list) and body else body
        usage = last.get("usage") if isinstance(last, Mapping) else None
        used = usage.get("completion_tokens") if isinstance(usage, Mapping) else None
        return used <= request[name] if isinstance(used, int) and isinstance(request[name], int) else None

    return look


_LOOKS: Final[Mapping[str, Callable[[Mapping[str, Any], Any], bool | None]]] = {
    "n": _n,
    "stop": _stop,
    "logprobs": _logprobs,
    "response_format": _schema,
    "tool_choice": _tool_choice,
    "max_tokens": _limit("max_tokens"),
    "max_completion_tokens": _limit("max_completion_tokens"),
}
