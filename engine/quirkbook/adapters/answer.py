"""An answer on its way back to the client, and how it is read where it comes in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from ..api import translate_response
from ..model import Change
from ..proof import unforeseen
from ..rulebook.rulebook import Rulebook
from ..wire.accumulate import chunk_of
from ..wire.jsontext import decode, encode

NOTE: Final = "x-quirkbook-note"
"""The header of a response whose request was left as it was, and why."""
#: An answer that was read is decoded, and of another length.
REREAD: Final[Mapping[str, str | None]] = {"content-length": None, "content-encoding": None}
#: Whatever a provider's error was, it becomes OpenAI's error object.
_ERROR: Final[Mapping[str, str | None]] = {**REREAD, "content-type": "application/json"}
#: What becomes of a whole answer where a stream was asked for: some providers answer so.
_RESTREAMED: Final[Mapping[str, str | None]] = {
    **REREAD,
    "content-type": "text/event-stream",
    NOTE: "the provider answered whole; it is passed on as a stream of one chunk",
}


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
        *,
        restreams: bool = False,
    ) -> None:
        """Take what was asked, which model answers, and the `Translation.names` of the request.

        ``restreams``: a stream was asked for, so it becomes one of one chunk.
        """
        self.changes: tuple[Change, ...] = ()
        self.headers = _RESTREAMED if restreams else _ERROR if status >= 400 else REREAD
        self._restreams = restreams
        self.status = status
        """The status of the response; once all is there, that of an error whose own says that all is well, too."""
        self._provider, self._request, self._rulebook, self._model = provider, request, rulebook, model
        self._names = names
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """Keep a piece; nothing can be said before all is there."""
        self._pieces.append(data)
        return b""

    def close(self) -> bytes:
        """Return the whole answer: the same bytes where no rule touched it and no stream was asked for."""
        raw = b"".join(self._pieces)
        body = decode(raw)
        context: Any = {"request": self._request, "rulebook": self._rulebook, "model": self._model}
        if self.status >= 400:
            told = raw.decode("utf-8", "replace") if body is None else body
            unforeseen.keep(self._provider, self._request, self.status, told)
            translation = translate_response.explain_error(told, self._provider, self.status, **context)
        else:
            translation = translate_response.explain_response(body, self._provider, names=self._names, **context)
        self.changes = translation.changes
        if translation.error_class is not None and not self._restreams:
            self.status = translation.status or self.status
        if self._restreams and isinstance(translation.payload, dict):
            chunk = chunk_of(translation.payload) if translation.error_class is None else translation.payload
            return b"data: " + encode(chunk) + b"\n\ndata: [DONE]\n\n"
        return raw if translation.payload is body else encode(translation.payload)
