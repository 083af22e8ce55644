"""Chunks in, one after the other; the answer they make so far out. And the other way round, an answer as one chunk."""

from __future__ import annotations

from typing import Any, Final

from .calls import Calls
from .types import ChatCompletion

#: Keys whose text is said anew, not gone on with.
_WHOLE: Final = frozenset({"role", "id", "type", "index", "format"})
_DEEPEST: Final = 64
"""Levels of a delta that are put together piece by piece; of what lies deeper the last value counts."""


class Accumulator:
    """Puts the chunks of one stream together.

    Text that comes in pieces is joined, lists are appended to or joined by the ``index`` of their items; of all else the
    last value counts. Costs little per chunk: pieces are only gathered, and joined when somebody asks.
    """

    def __init__(self) -> None:
        self.chunks = 0
        self._head: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._last: Any = None

    @property
    def finished(self) -> bool:
        """Whether each choice that began has its finish reason, or the figures came, which are the last chunk."""
        return bool(self._choices) and (
            is_figures(self._last) or all(choice.rest.get("finish_reason") for choice in self._choices.values())
        )

    def add(self, chunk: Any) -> None:
        """Add a chunk; one of another shape adds what it can."""
        self.chunks += 1
        self._last = chunk
        if not isinstance(chunk, dict):
            return
        for key, value in dict.items(chunk):
            if key != "choices" and value is not None:
                self._head[key] = value
        choices = dict.get(chunk, "choices")
        for at, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                index = _index(choice, at)
                known = self._choices.get(index)
                if known is None:
                    known = self._choices[index] = _Choice()
                known.add(choice)

    def answer(self) -> ChatCompletion:
        """Return what has come so far, as one answer."""
        head = {**self._head, "object": "chat.completion"} if self.chunks else {}
        choices = [{"index": index, **choice.answer()} for index, choice in sorted(self._choices.items())]
        return ChatCompletion({**head, "choices": choices})


def is_figures(chunk: Any) -> bool:
    """Tell whether a chunk reports the usage, and nothing of a choice.

    >>> is_figures({"choices": [], "usage": {"total_tokens": 3}}), is_figures({"choices": [], "usage": None})
    (True, False)
    """
    return isinstance(chunk, dict) and dict.get(chunk, "choices") == [] and isinstance(dict.get(chunk, "usage"), dict)


def _index(item: dict[str, Any], place: int) -> int:
    """Return the index of a choice; where it has none, its place."""
    index = dict.get(item, "index", place)
    return index if isinstance(index, int) and not isinstance(index, bool) else place


class _Choice:
    def __init__(self) -> None:
        self.rest: dict[str, Any] = {"finish_reason": None}
        self.message = _Object()
        self.logprobs: _Object | None = None

    def add(self, choice: dict[str, Any]) -> None:
        for key, value in dict.items(choice):
            if key == "delta":
                if isinstance(value, dict):
                    self.message.add(value)
            elif key == "logprobs":
                if isinstance(value, dict):
                    self.logprobs = self.logprobs or _Object(nulls=True)
                    self.logprobs.add(value)
            elif key != "index" and value is not None:
                self.rest[key] = value

    def answer(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": None, **self.message.joined()}
        logprobs = {} if self.logprobs is None else {"logprobs": self.logprobs.joined()}
        return {"message": message, **self.rest, **logprobs}


class _Text:
    """A text that comes in pieces."""

    def __init__(self, piece: str) -> None:
        self._pieces = [piece]

    def add(self, value: Any) -> bool:
        """Go on with a value; False where it is of another kind."""
        if isinstance(value, str):
            self._pieces.append(value)
        return isinstance(value, str)

    def joined(self) -> Any:
        return "".join(self._pieces)


class _List:
    """A list that comes in pieces: items with the index of an earlier one go on with that, others are appended."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._items: list[Any] = []
        self._by_index: dict[int, _Object] = {}

    def add(self, value: Any) -> bool:
        """Go on with a value; a text, which some providers send between lists, becomes a part."""
        if isinstance(value, str):
            value = [_part(value)]
        if not isinstance(value, list):
            return False
        for item in value:
            index = dict.get(item, "index") if isinstance(item, dict) else None
            if not isinstance(index, int) or isinstance(index, bool) or self._depth > _DEEPEST:
                self._items.append(item)
                continue
            known = self._by_index.get(index)
            if known is None:
                known = self._by_index[index] = _Object(self._depth)
                self._items.append(known)
            known.add(item)
        return True

    def joined(self) -> Any:
        return [item.joined() if isinstance(item, _Object) else item for item in self._items]


def _part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


class _Calls:
    """The tool calls of a message."""

    def __init__(self) -> None:
        self._calls = Calls()
        self._pieces: list[_Object] = []

    def add(self, value: Any) -> bool:
        """Go on with a value; False where it is of another kind."""
        if not isinstance(value, list):
            return False
        for number, piece in zip(self._calls.numbers(value), value, strict=True):
            if number is not None:
                if number == len(self._pieces):
                    self._pieces.append(_Object(1))
                self._pieces[number].add(piece)
        return True

    def joined(self) -> Any:
        calls = [piece.joined() for piece in self._pieces]
        return [{key: value for key, value in call.items() if key != "index"} for call in calls]


class _Object:
    """An object that comes in pieces: a message, a tool call, its function."""

    def __init__(self, depth: int = 0, *, nulls: bool = False) -> None:
        self._depth, self._nulls = depth, nulls
        self._members: dict[str, Any] = {}
        """Key -> what gathers its pieces, or the last value."""

    def add(self, delta: dict[str, Any]) -> bool:
        """Go on with an object; False for any other value."""
        if not isinstance(delta, dict):
            return False
        for key, value in dict.items(delta):
            known = self._members.get(key)
            if isinstance(known, _GATHERERS):
                if value and not known.add(value):  # "" is said where there is nothing to say
                    before = [_part(known.joined())] if isinstance(known, _Text) and isinstance(value, list) else []
                    self._members[key] = self._begin(key, before + value if before else value)
            elif value or (known is None and (value is not None or self._nulls)):
                self._members[key] = self._begin(key, value)
        return True

    def _begin(self, key: str, value: Any) -> Any:
        if isinstance(value, str) and key not in _WHOLE:
            return _Text(value)
        gatherer: _Calls | _List | _Object
        if isinstance(value, list):
            gatherer = _Calls() if key == "tool_calls" and self._depth == 0 else _List(self._depth + 1)
        elif isinstance(value, dict) and self._depth < _DEEPEST:
            gatherer = _Object(self._depth + 1)
        else:
            return value
        gatherer.add(value)
        return gatherer

    def joined(self) -> dict[str, Any]:
        members = self._members.items()
        return {key: value.joined() if isinstance(value, _GATHERERS) else value for key, value in members}


_GATHERERS: Final = (_Text, _List, _Calls, _Object)


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
