"""An answer on its way back to the client, and how it is read where it comes in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from ..api import Translation, translate_response
from ..api.joined import joined
from ..api.reasoning import ReasoningMemory
from ..api.translate_response import ChunkTranslator
from ..model import Change
from ..proof import unforeseen
from ..rulebook.rulebook import Rulebook
from ..wire import sniff
from ..wire.accumulate import chunk_of
from ..wire.jsontext import decode, encode

NOTE: Final = "x-quirkbook-note"
"""The header of a response whose request was left as it was, and why."""
#: An answer that was read is decoded, and of another length.
REREAD: Final[Mapping[str, str | None]] = {"content-length": None, "content-encoding": None}
#: Whatever a provider's error was, it becomes OpenAI's error object.
_JSON: Final[Mapping[str, str | None]] = {**REREAD, "content-type": "application/json"}
STREAM: Final = "text/event-stream"
_EVENTS: Final[Mapping[str, str | None]] = {**REREAD, "content-type": STREAM}
#: Some providers answer whole where a stream was asked for, and others the other way round.
_RESTREAMED: Final[Mapping[str, str | None]] = {
    **_EVENTS,
    NOTE: "the provider answered whole; it is passed on as a stream of one chunk",
}
_PUT_TOGETHER: Final[Mapping[str, str | None]] = {
    **_JSON,
    NOTE: "the provider answered with a stream; it is put together to a whole answer",
}
_CUT: Final = {
    "error": {
        "message": "the provider's answer stopped without saying that it is complete",
        "type": "upstream_error", "param": None, "code": "stream_cut",
    },
}  # fmt: skip


class Answer(Protocol):
    """An answer on its way back: bytes in as they come, bytes in OpenAI's shape out."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What rules changed in it, so far."""

    @property
    def headers(self) -> Mapping[str, str | None]:
        """The headers of the response that change with its body; None: to leave out."""

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on now."""

    def close(self) -> bytes:
        """Return what is left to pass on: all has come."""


class WholeAnswer:
    """An answer in one piece: a completion, or an error whatever its status says."""

    def __init__(
        self,
        provider: str,
        request: Mapping[str, Any],
        status: int,
        rulebook: Rulebook,
        model: str | None = None,
        names: Mapping[str, str] | None = None,
        memory: ReasoningMemory | None = None,
        *,
        restreams: bool = False,
        is_late: bool = False,
    ) -> None:
        """Take what was asked, which model answers, the `Translation.names` of the request, and where thoughts are kept.

        ``restreams``: a stream was asked for, so it becomes one of one chunk; ``is_late``: with a head that has gone out, so that
        an error can only be an event.
        """
        self.changes: tuple[Change, ...] = ()
        self._is_late = is_late
        self.headers = _RESTREAMED if restreams else _JSON if status >= 400 else REREAD
        self._restreams = restreams
        self.status = status
        """The status of the response; once all is there, that of an error whose own says that all is well, too."""
        self._provider, self._names, self._memory = provider, names, memory
        self._context: Any = {"request": request, "rulebook": rulebook, "model": model}
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """Keep a piece; nothing can be said before all is there."""
        self._pieces.append(data)
        return b""

    def close(self) -> bytes:
        """Return the whole answer: the same bytes where no rule touched it and no stream was asked for."""
        raw = b"".join(self._pieces)
        if self.status < 400 and not self._restreams and sniff.kind(raw) == "events":
            return self._put_together(raw)
        body = decode(raw)
        translation = self._translated(raw, body)
        self.changes = translation.changes
        payload, is_error = translation.payload, translation.error_class is not None
        if isinstance(payload, dict) and not self._restreams:
            self.headers = _JSON
        if is_error and not self._is_late:
            self.status, self.headers = translation.status or self.status, _JSON
        if not is_error and self._memory is not None and isinstance(payload, dict):
            self._memory.remember(payload)
        if self._restreams and isinstance(payload, dict) and (self._is_late or not is_error):
            return b"data: " + encode(payload if is_error else chunk_of(payload)) + b"\n\ndata: [DONE]\n\n"
        return raw if payload is body else encode(payload)

    def _translated(self, raw: bytes, body: Any) -> Translation:
        if self.status < 400:
            return translate_response.explain_response(body, self._provider, names=self._names, **self._context)
        told = raw.decode("utf-8", "replace") if body is None else body
        unforeseen.keep(self._provider, self._context["request"], self.status, told)
        return translate_response.explain_error(told, self._provider, self.status, **self._context)

    def _put_together(self, raw: bytes) -> bytes:
        """Return the answer that a stream makes which nobody asked for; one that was cut, or is an error, has its status."""
        stream = joined(raw, ChunkTranslator(self._provider, names=self._names, **self._context))
        self.changes, self.headers = stream.changes, _PUT_TOGETHER
        if stream.failure is not None:
            self.changes, self.status = stream.failure.changes, stream.failure.status or 502
            return encode(stream.failure.payload)
        if not stream.ended:
            self.status = 502
            return encode(_CUT)
        if self._memory is not None:
            self._memory.remember(stream.answer)
        return encode(stream.answer)


class StreamedAnswer:
    """The answer to a request for a stream: events, or a whole answer in their place. How it begins tells which."""

    def __init__(self, whole: WholeAnswer, events: Answer, kind: str) -> None:
        """Take who reads either, and the content type without its parameters."""
        self.waits = kind != STREAM
        """Whether it says nothing, or something else: then the head of the response waits for how it begins."""
        self._whole, self._events, self._says_json = whole, events, kind == "application/json"
        self._reader: Answer | None = None
        self._first = b""

    @property
    def status(self) -> int:
        """The status of the response."""
        return self._whole.status

    @property
    def changes(self) -> tuple[Change, ...]:
        """What rules changed in it, so far."""
        return self._reader.changes if self._reader else ()

    @property
    def headers(self) -> Mapping[str, str | None]:
        """The headers of the response that change with its body."""
        if not self.waits:
            return REREAD
        return self._whole.headers if self._reader is self._whole else _EVENTS

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on now."""
        if self._reader is None:
            data, self._first = self._first + data, b""
            kind = sniff.kind(data)
            if not kind:
                self._first = data
                return b""
            self._begin(kind)
        assert self._reader is not None
        return self._reader.feed(data)

    def close(self) -> bytes:
        """Return what is left to pass on: all has come."""
        if self._reader is None:
            self._begin("other")
        assert self._reader is not None
        return self._reader.feed(self._first) + self._reader.close()

    def _begin(self, kind: str) -> None:
        is_whole = kind == "whole" or (kind == "other" and self._says_json)
        self._reader = self._whole if is_whole else self._events
