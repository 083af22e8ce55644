"""What a trace records of an answer: its id, its model, why it ended, and the tokens that it used; none of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..wire.sse import Decoder, EventTooLongError

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: What stands in an event that tells something; the first one does in any case.
_TELLING: Final = (b'"usage"', b'"finish_reason":"', b'"finish_reason": "', b'"stop_reason"')


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Delta(msgspec.Struct):
    stop_reason: str | None = None


class _Answer(msgspec.Struct):
    """An answer or an event in any of the shapes that are served; in those of Responses and Messages there is one inside."""

    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    stop_reason: str | None = None
    usage: _Usage | None = None
    delta: _Delta | str | None = None
    response: _Answer | None = None
    message: _Answer | str | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class Facts:
    """What is known so far of one answer.

    >>> facts = Facts()
    >>> facts.whole(b'{"model": "m", "choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}')
    >>> facts.attributes()
    {'gen_ai.response.model': 'm', 'gen_ai.usage.input_tokens': 3, 'gen_ai.response.finish_reasons': ['stop']}
    """

    def __init__(self) -> None:
        self._said: dict[str, str | int] = {}
        self._reasons: list[str] = []
        self._decoder: Decoder | None = Decoder()

    def whole(self, data: bytes) -> None:
        """Take a whole answer; one that is written as a stream, too."""
        if data.startswith(b"data:"):
            self.events(data)
        else:
            self._read(data)

    def events(self, data: bytes) -> None:
        """Take events of a stream; one that cannot be read is passed over."""
        if self._decoder is None:
            return
        try:
            for event in self._decoder.feed(data):
                text = event.data.encode()
                if not self._said or any(word in text for word in _TELLING):
                    self._read(text)
        except EventTooLongError:
            self._decoder = None

    def attributes(self) -> dict[str, str | int | Sequence[str]]:
        """Return what is known, under the names of the GenAI conventions."""
        found: dict[str, Any] = {f"gen_ai.{name}": value for name, value in self._said.items()}
        return found | ({"gen_ai.response.finish_reasons": self._reasons} if self._reasons else {})

    def _read(self, text: bytes) -> None:
        try:
            answer = _decode(text)
        except _UNREADABLE:
            return
        self._take(answer)

    def _take(self, answer: _Answer) -> None:
        for inner in (answer.response, answer.message):
            if isinstance(inner, _Answer):
                self._take(inner)
        stops = [answer.stop_reason, answer.delta.stop_reason if isinstance(answer.delta, _Delta) else None]
        self._reasons += filter(None, (*(choice.finish_reason for choice in answer.choices or ()), *stops))
        if answer.model is not None:  # an event without one has an id of its own
            self._said.setdefault("response.model", answer.model)
            if answer.id is not None:
                self._said.setdefault("response.id", answer.id)
        if answer.usage is not None:
            self._count(answer.usage)

    def _count(self, usage: _Usage) -> None:
        inputs = usage.prompt_tokens_details or usage.input_tokens_details or _Details()
        outputs = usage.completion_tokens_details or usage.output_tokens_details or _Details()
        apart = [usage.cache_read_input_tokens, usage.cache_creation_input_tokens]
        given = usage.prompt_tokens
        if given is None and usage.input_tokens is not None:  # where these are named, they are not in the sum
            given = usage.input_tokens + sum(filter(None, apart))
        self._note("usage.input_tokens", given)
        self._note(
            "usage.output_tokens", usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens
        )
        self._note("usage.cache_read.input_tokens", inputs.cached_tokens if apart[0] is None else apart[0])
        self._note("usage.cache_creation.input_tokens", apart[1])
        self._note("usage.reasoning.output_tokens", outputs.reasoning_tokens)

    def _note(self, name: str, value: str | int | None) -> None:
        if value is not None:
            self._said[name] = value
