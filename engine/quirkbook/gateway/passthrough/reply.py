"""An upstream's answer at an endpoint that is passed through: whether it is one, and its events on their way to the client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from ...errors import Timeout
from ...wire.sse import MAX_EVENT, Decoder, Event, EventTooLongError
from ..upstream import validate_response
from ..upstream.decompress import DecompressionError, unpacked
from ..upstream.opening import ENOUGH
from ..upstream.prepared import Prepared
from ..upstream.reply import Reply
from ..upstream.target import Route

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
    route: Route, prepared: Prepared, reply: Reply, patience: float, ping: Callable[[], Awaitable[None]]
) -> tuple[bytes, bool]:
    """Return the whole of a good answer; or its first bytes, and True, as more will come.

    Raises:
        DispatchError: it is an error, or breaks off.
    """
    try:
        if reply.status >= 400:
            raw = await reply.read(patience, validate_response.ERROR_BYTES)
            raise validate_response.error_response(route, prepared, reply, raw)
        if not 200 <= reply.status < 300:
            raise validate_response.redirected(route, reply)
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == STREAM and not reply.packed:
            return await _opened(route, prepared, reply, patience, ping), True
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
        raise validate_response.invalid_response(route, str(error), "malformed_answer") from None
    if b'"error"' in raw:
        try:
            body = _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            body = None
        if isinstance(body, dict) and body.get("error") and _OBJECTS.isdisjoint(body):
            raise validate_response.hidden_error(route, prepared, reply, body)
    return route.without_key(raw)


async def _opened(
    route: Route, prepared: Prepared, reply: Reply, patience: float, ping: Callable[[], Awaitable[None]]
) -> bytes:
    """Return the first bytes of a stream, read as far as to the event that shows that it is not an error."""
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    decoder, data = Decoder(), b""
    try:
        while True:
            left = until - clock()
            if left <= 0:
                raise Timeout("no event of its stream said anything in time", retryable=True)
            piece = await reply.piece(left)
            if piece is None:
                await ping()
                continue
            data += piece
            events = decoder.feed(piece) if piece else decoder.close()
            for event in events:
                if _decides(route, prepared, reply, event):
                    return data
            if len(data) > ENOUGH:
                return data
            if not piece:
                if not data.strip():
                    raise validate_response.empty(route, "its stream ended without an event in it")
                return data
    except EventTooLongError:
        raise validate_response.invalid_response(
            route, "the first event of its stream is too long", "malformed_answer"
        ) from None


def _decides(route: Route, prepared: Prepared, reply: Reply, event: Event) -> bool:
    """Tell whether an event says that the stream is an answer.

    Raises:
        DispatchError: it is an error.
    """
    try:
        chunk: Any = _decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        chunk = event.data
    said = chunk if isinstance(chunk, dict) else {}
    kind = said.get("type") or event.type
    if kind == "error" or (said.get("error") and _OBJECTS.isdisjoint(said)):
        raise validate_response.hidden_error(route, prepared, reply, chunk)
    if kind == "response.failed":
        inner = said.get("response")
        raise validate_response.hidden_error(route, prepared, reply, inner if isinstance(inner, dict) else chunk)
    return kind not in _BEGINNINGS


class Events:
    """Takes the bytes of one stream and gives whole events, in which no key is."""

    def __init__(self, mask: Callable[[bytes], bytes]) -> None:
        self._mask = mask
        self._rest = b""
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

    def close(self) -> bytes:
        """Return what is left at the end, which may have left out the last line end."""
        rest, self._rest = self._rest, b""
        return self._masked(rest.rstrip(b"\r\n") + b"\n\n") if rest.strip() else b""

    def _masked(self, data: bytes) -> bytes:
        self.failed = self.failed or _FAILED(data) is not None
        return self._mask(data)
