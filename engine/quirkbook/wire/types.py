"""Response objects: dicts whose keys are attributes too, with types for editors. A thin coat: what a provider sent is
all there, nothing is checked, and what nobody looks at is never wrapped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ..model import Change
from ..payload.describe import as_data, line


class Object(dict[str, Any]):
    """A JSON object. ``x.key`` is ``x["key"]``; keys that dicts have a method for (``items``) need the brackets.

    >>> Object(a={"b": [{"c": 1}]}).a.b[0].c
    1
    """

    __slots__ = ()

    _inner: ClassVar[Mapping[str, type[Object]]] = {}
    """Key -> what the object there, or each object of the array there, is."""
    _known: ClassVar[frozenset[str]] = frozenset()
    """Keys that read as None where they are absent, as in the openai package."""

    def __init_subclass__(cls, **inner: type[Object]) -> None:
        cls._inner = {**cls._inner, **inner}
        cls._known = cls._known.union(name for name in cls.__annotations__ if not name.startswith("_"))

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        kind = type(value)
        if kind is dict:
            self[key] = value = self._inner.get(key, Object)(value)
        elif kind is list and any(type(item) is dict for item in value):
            wrap = self._inner.get(key, Object)
            self[key] = value = [wrap(item) if type(item) is dict else item for item in value]
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or ``default``."""
        return self[key] if key in self else default  # noqa: SIM401 - it is what makes `get`

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        if name in self._known:
            return None
        raise AttributeError(f"{type(self).__name__} has no '{name}': it has {', '.join(map(str, self)) or 'nothing'}")

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(f"{type(self).__name__} has no '{name}'")
        del self[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._known, *map(str, self)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={self[key]!r}' for key in self)})"

    def copy(self) -> Self:
        """Return a shallow copy."""
        return type(self)(self)

    def to_dict(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """Return plain dicts and lists, copied all the way down."""
        data: dict[str, Any] = _plain(self, exclude_none)
        return data

    def model_dump(self, *, exclude_none: bool = False, **_: Any) -> dict[str, Any]:
        """Return plain dicts and lists; the name that pydantic has for it, and its further options have no effect."""
        return self.to_dict(exclude_none=exclude_none)

    def to_json(self, *, indent: int | None = None, exclude_none: bool = False) -> str:
        """Return the JSON."""
        return json.dumps(self.to_dict(exclude_none=exclude_none), ensure_ascii=False, indent=indent)

    def model_dump_json(self, *, indent: int | None = None, exclude_none: bool = False, **_: Any) -> str:
        """Return the JSON; the name that pydantic has for it, and its further options have no effect."""
        return self.to_json(indent=indent, exclude_none=exclude_none)


def _plain(value: Any, exclude_none: bool) -> Any:
    """Return a copy in plain dicts and lists; not recursive, as answers may nest deep."""
    whole: list[Any] = []
    stack: list[tuple[Any, Any]] = [([value], whole)]
    while stack:
        given, made = stack.pop()
        # the raw values: nothing is wrapped on the way out
        for key, item in dict.items(given) if isinstance(given, dict) else enumerate(given):
            copied = item
            if isinstance(item, dict | list):
                copied = {} if isinstance(item, dict) else []
                stack.append((item, copied))
            if isinstance(made, list):
                made.append(copied)
            elif not (exclude_none and item is None):
                made[key] = copied
    return whole[0]


@dataclass(slots=True)
class Report:
    """What happened on the way to the provider and back; ``response.quirkbook``."""

    provider: str
    model: str | None
    """The model as the provider knows it."""
    request: tuple[Change, ...] = ()
    """What the rules changed in the payload."""
    response: tuple[Change, ...] = ()
    """What they changed in the answer; for a stream the first change of each rule so far."""
    remarks: tuple[str, ...] = ()
    """Arguments that had no effect, and why; what else was read in another form than it came."""
    attempts: int = 1
    """How often the request was sent."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The answer's headers, names in lower case."""
    request_id: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.provider}, model {self.model}: {self.status} at try {self.attempts}"]
        lines += [f"  request: {change.rule}: {line(change)}" for change in self.request]
        lines += [f"  response: {change.rule}: {line(change)}" for change in self.response]
        return "\n".join([*lines, *(f"  {remark}" for remark in self.remarks)])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        names = ("provider", "model", "attempts", "status", "request_id")
        facts = {name: getattr(self, name) for name in names}
        return {
            **facts,
            "request": [as_data(change) for change in self.request],
            "response": [as_data(change) for change in self.response],
            "remarks": list(self.remarks),
        }


class Answer(Object):
    """An answer, or a chunk of one, with the report on how it was got."""

    __slots__ = ("_report",)

    @property
    def quirkbook(self) -> Report | None:
        """What was changed on the way to the provider and back; None for an answer that did not come by a call."""
        return getattr(self, "_report", None)

    def __reduce__(self) -> Any:
        return type(self), (self.to_dict(),)  # the report stays behind: it belongs to a call, not to the data


class Function(Object):
    """A function that the model wants called; ``arguments`` is JSON text."""

    name: str
    arguments: str


class ToolCall(Object, function=Function):
    """A call that the model wants made; ``index`` in chunks only."""

    id: str
    type: str
    function: Function
    index: int | None


class Message(Object, tool_calls=ToolCall, function_call=Function):
    """What the model says. It can go back into ``messages`` as it is."""

    role: str
    content: str | None
    reasoning_content: str | None
    refusal: str | None
    tool_calls: list[ToolCall] | None
    function_call: Function | None
    annotations: list[Object] | None
    audio: Object | None


class Delta(Message):
    """What a chunk adds to the message."""


class Choice(Object, message=Message):
    """One of the ``n`` answers."""

    index: int
    message: Message
    finish_reason: str | None
    logprobs: Object | None


class ChunkChoice(Object, delta=Delta):
    """What a chunk adds to one of the ``n`` answers."""

    index: int
    delta: Delta
    finish_reason: str | None
    logprobs: Object | None


class PromptTokensDetails(Object):
    """Where the prompt's tokens came from."""

    cached_tokens: int | None
    audio_tokens: int | None


class CompletionTokensDetails(Object):
    """What the answer's tokens were for."""

    reasoning_tokens: int | None
    audio_tokens: int | None
    accepted_prediction_tokens: int | None
    rejected_prediction_tokens: int | None


class Usage(Object, prompt_tokens_details=PromptTokensDetails, completion_tokens_details=CompletionTokensDetails):
    """Tokens counted by the provider."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails | None
    completion_tokens_details: CompletionTokensDetails | None


class ChatCompletion(Answer, choices=Choice, usage=Usage):
    """A whole answer."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None
    system_fingerprint: str | None
    service_tier: str | None


class ChatCompletionChunk(Answer, choices=ChunkChoice, usage=Usage):
    """A piece of a streamed answer."""

    id: str
    object: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None
    system_fingerprint: str | None
    service_tier: str | None
