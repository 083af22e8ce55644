"""An upstream's answer at an endpoint that is passed through: whether it is one, and its events on their way to the client."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ...wire.sse import MAX_EVENT, Event, EventTooLongError
from ..upstream.decompress import DecompressionError, unpacked
from ..upstream.failures import check_status, hidden_error, invalid_response
from ..upstream.opening import Opening, OpeningError
from ..upstream.prepared import Prepared
from ..upstream.reply import Reply
from ..upstream.streams import is_complete
from ..upstream.target import Route
from ..upstream.validate_response import Ping, opened
from .endpoints import Search

STREAM: Final = "text/event-stream"
#: What is read whole: a key in it is hidden, and an error in it found.
_WHOLE: Final = re.compile(r"application/([\w.+-]*json|xml|x-ndjson)|text/.*|")
#: Events that say no more than that the request has come.
_BEGINNINGS: Final = frozenset({"message_start", "ping", "response.created", "response.in_progress"})
#: Keys of objects that may report an error and are answers all the same.
_OBJECTS: Final = frozenset({"id", "object", "data", "output", "choices", "results"})
_FAILED: Final = re.compile(rb'^event: ?(error|response\.failed)\s|^data: ?\{"error"', re.MULTILINE).search
_END: Final = re.compile(rb"(\r\n|\n|\r)(\r\n|\n|\r)").finditer

_decode = msgspec.json.Decoder().decode


async def first_bytes(
    route: Route, prepared: Prepared, reply: Reply, patience: float, ping: Ping
) -> tuple[bytes, bool]:
    """Return the whole of a good answer; or its first bytes, and True, as more will come.

    Raises:
        DispatchError: it is an error, or breaks off.
    """
    try:
        await check_status(route, prepared, reply, patience)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == STREAM and not reply.packed:
            return await opened(route, prepared, reply, PassedOpening(), b"", patience, ping), True
        if _WHOLE.fullmatch(kind) or reply.packed:
            return _whole(route, prepared, reply, await reply.read(patience)), False
        return await reply.piece(patience) or b"", True
    except BaseException:  # cancelled, too: a connection with half an answer on it must not be used again
        reply.close()
        raise


def _whole(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    try:
        raw = unpacked(reply.packed, raw)
    except DecompressionError as error:
        raise invalid_response(route, str(error), "malformed_answer") from None
    if b'"error"' in raw:
        try:
            body = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            body = None
        if isinstance(body, dict) and body.get("error") and _OBJECTS.isdisjoint(body):
            raise hidden_error(route, prepared, reply, body)
    return route.without_key(raw)


class PassedOpening(Opening):
    """The first events of one stream; any but an error is an answer, unless it says no more than that the request has come."""

    def _decides(self, event: Event) -> bool:
        try:
            chunk: Any = _decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            chunk = event.data
        said = chunk if isinstance(chunk, dict) else {}
        kind = said.get("type") or event.type
        if kind == "error" or (said.get("error") and _OBJECTS.isdisjoint(said)):
            raise OpeningError(chunk)
        if kind == "response.failed":
            inner = said.get("response")
            raise OpeningError(inner if isinstance(inner, dict) else chunk)
        return kind not in _BEGINNINGS


class Untouched:
    """Anything but a stream of events goes to the client as it comes."""

    ended, failed, fired = False, False, ()

    def feed(self, data: bytes) -> bytes:
        """Return it."""
        return data

    def close(self, *, cut: bool = False) -> bytes:
        """Return nothing: nothing was held back. It is complete where HTTP says so."""
        self.ended = not cut
        return b""


class Events:
    """Takes the bytes of one stream and gives whole events, in which no key is."""

    fired = ()

    def __init__(self, mask: Callable[[bytes], bytes], last: Search) -> None:
        """``last`` finds the event without which such a stream is not complete; None: nothing is known of that."""
        self._mask, self._last = mask, last
        self._rest = b""
        self.ended = False
        """Whether the stream has said that it ends."""
        self.failed = False
        """Whether the upstream has said itself why it goes no further."""

    def feed(self, data: bytes) -> bytes:
        """Return what to pass on.

        Raises:
            EventTooLongError: an event is too long to wait for its end.
        """
        data = self._rest + data
        end = max((found.end() for found in _END(data, max(0, len(self._rest) - 3))), default=0)
        complete, self._rest = data[:end], data[end:]
        if len(self._rest) > MAX_EVENT:
            raise EventTooLongError("an event is too long")
        return self._masked(complete)

    def close(self, *, cut: bool = False) -> bytes:
        """Return what is left at the end, which may have left out the last line end; an event that was cut is left out."""
        self.ended = self.ended or (self._last is None and not cut)
        rest, self._rest = self._rest.strip(b"\r\n"), b""
        return self._masked(rest + b"\n\n") if rest and is_complete(rest) else b""

    def _masked(self, data: bytes) -> bytes:
        self.failed = self.failed or _FAILED(data) is not None
        self.ended = self.ended or (self._last is not None and self._last(data) is not None)
        return self._mask(data)
