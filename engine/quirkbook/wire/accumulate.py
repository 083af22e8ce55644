"""Chunks in, one after the other; the answer they make so far out. And the other way round, an answer as one chunk."""

from __future__ import annotations

from typing import Any

from .types import ChatCompletion


class Accumulator:
    """Puts the chunks of one stream together.

    Text that comes in pieces is joined; of all else the last value counts. Costs little per chunk: pieces are only
    gathered, and joined when somebody asks.
    """

    def __init__(self) -> None:
        self.chunks = 0
        self._head: dict[str, Any] = {}
        self._choices: dict[Any, _Choice] = {}

    @property
    def finished(self) -> bool:
        """Whether each choice that began has its finish reason."""
        return bool(self._choices) and all(choice.rest.get("finish_reason") for choice in self._choices.values())

    def add(self, chunk: Any) -> None:
        """Add a chunk; one of another shape adds what it can."""
        self.chunks += 1
        if not isinstance(chunk, dict):
            return
        for key, value in dict.items(chunk):
            if key != "choices" and value is not None:
                self._head[key] = value
        choices = dict.get(chunk, "choices")
        for at, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                index = choice.get("index", at)
                known = self._choices.get(index if isinstance(index, int) else at)
                if known is None:
                    known = self._choices.setdefault(index if isinstance(index, int) else at, _Choice())
                known.add(choice)

    def answer(self) -> ChatCompletion:
        """Return what has come so far, as one answer."""
        head = {**self._head, "object": "chat.completion"} if self.chunks else {}
        choices = [{"index": index, **choice.answer()} for index, choice in sorted(self._choices.items())]
        return ChatCompletion({**head, "choices": choices})


class _Choice:
    def __init__(self) -> None:
        self.rest: dict[str, Any] = {"finish_reason": None}
        self.message = _Pieces()

    def add(self, choice: dict[str, Any]) -> None:
        for key, value in dict.items(choice):
            if key == "delta":
                if isinstance(value, dict):
                    self.message.add(value)
            elif key == "logprobs" and isinstance(value, dict):
                _extend(self.rest.setdefault("logprobs", {}), value)
            elif key != "index" and value is not None:
                self.rest[key] = value

    def answer(self) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": None, **self.message.joined()}, **self.rest}


def _extend(known: dict[str, Any], addition: dict[str, Any]) -> None:
    for key, value in addition.items():
        if isinstance(value, list) and isinstance(known.get(key), list):
            known[key] = known[key] + value
        elif value is not None or key not in known:
            known[key] = value


#: Keys whose value is said anew, not gone on with.
_WHOLE = frozenset({"role", "id", "type", "index"})


class _Pieces:
    """An object that comes in pieces: a message, a tool call, its function."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._values: dict[str, Any] = {}
        self._inner: dict[str, _Pieces] = {}
        self._calls: dict[Any, _Pieces] = {}

    def add(self, delta: dict[str, Any]) -> None:
        for key, value in dict.items(delta):
            if isinstance(value, str) and key not in _WHOLE:
                if key in self._texts:
                    self._texts[key].append(value)
                else:
                    self._texts[key] = [value]
            elif key == "tool_calls" and isinstance(value, list):
                for at, call in enumerate(value):
                    if isinstance(call, dict):
                        self._calls.setdefault(call.get("index", at), _Pieces()).add(call)
            elif isinstance(value, dict):
                self._inner.setdefault(key, _Pieces()).add(value)
            elif value or (value is not None and key not in self._values):  # "" is said where there is nothing to say
                self._values[key] = value

    def joined(self) -> dict[str, Any]:
        joined = {**self._values, **{key: "".join(texts) for key, texts in self._texts.items()}}
        joined |= {key: pieces.joined() for key, pieces in self._inner.items()}
        if self._calls:
            joined["tool_calls"] = [_without_index(call.joined()) for call in self._calls.values()]
        return joined


def _without_index(call: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in call.items() if key != "index"}


def chunk_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a whole answer in OpenAI's shape as the one chunk of a stream; the answer is not touched.

    >>> chunk_of({"id": "x", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]})["choices"]
    [{'index': 0, 'delta': {'content': 'Hi'}, 'finish_reason': 'stop'}]
    """
    listed = answer.get("choices")
    choices = [_in_chunk(choice, at) for at, choice in enumerate(listed if isinstance(listed, list) else ())]
    return {**answer, "object": "chat.completion.chunk", "choices": choices}


def _in_chunk(choice: Any, at: int) -> Any:
    if not isinstance(choice, dict):
        return choice
    message = choice.get("message")
    delta = dict(message) if isinstance(message, dict) else {}
    calls = delta.get("tool_calls")
    if isinstance(calls, list):  # clients put pieces of calls together by their index
        delta["tool_calls"] = [{"index": i, **call} if isinstance(call, dict) else call for i, call in enumerate(calls)]
    other_fields = {key: value for key, value in choice.items() if key not in ("index", "message")}
    return {"index": choice.get("index", at), "delta": delta, **other_fields}
