"""Whether an upstream's answer will do, found out before the client has had a byte of it: till then another may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from ...errors import APIConnectionError, Timeout
from ...wire import sniff
from ...wire.sse import EventTooLongError
from .failures import check_status, empty, hidden_error, invalid_response
from .opening import ENOUGH, Opening, OpeningError
from .prepared import Prepared
from .reply import Reply
from .target import Route
from .whole import restreamed, whole_response

_JSON: Final = "application/json"
_STREAM: Final = "text/event-stream"
Ping = Callable[[], Awaitable[None]]


async def first_bytes(
    route: Route,
    prepared: Prepared,
    reply: Reply,
    streams: bool,
    patience: float,
    ping: Ping,
) -> tuple[bytes, bool]:
    """Return the body of a good answer; or the first bytes of a stream, and True, as more will come.

    ``patience`` is the seconds to wait: for each next byte of a whole answer, and for the event of a stream that tells
    that it is an answer; ``ping`` is called whenever somebody has nudged the answer meanwhile.

    Raises:
        DispatchError: it is an error, no completion, or breaks off.
    """
    try:
        await check_status(route, prepared, reply, patience)
        if not streams:
            raw = whole_response(route, prepared, reply, await reply.read(patience))
            _restate(reply, _JSON)
            return raw, False
        data = await _first_piece(route, reply, patience, ping)
        whole = sniff.kind(data) == "whole"
        if whole:
            raw = whole_response(route, prepared, reply, data + await reply.read(patience))
            data = restreamed(route, raw)
        else:
            data = await opened(route, prepared, reply, Opening(), data, patience, ping)
        _restate(reply, _STREAM)
        return data, not whole
    except BaseException:  # cancelled, too: a connection with half an answer on it must not be used again
        reply.close()
        raise


async def _first_piece(route: Route, reply: Reply, patience: float, ping: Ping) -> bytes:
    """Return the first bytes of a stream that are more than white space."""
    if reply.packed:
        raise invalid_response(
            route, f"its stream is packed as {reply.packed!r}, which was not asked for", "malformed_answer"
        )
    data = b""
    while not sniff.kind(data):
        piece = await reply.piece(patience)
        if piece is None:
            await ping()
            continue
        data += piece
        if not piece or (len(data) > ENOUGH and not data.strip()):
            raise APIConnectionError("the stream ended before it began", retryable=True)
    return data


async def opened(
    route: Route,
    prepared: Prepared,
    reply: Reply,
    opening: Opening,
    data: bytes,
    patience: float,
    ping: Ping,
) -> bytes:
    """Return the first bytes of a stream, of which ``data`` have come, as far as to the event that tells that it is an answer.

    Raises:
        DispatchError: it is an error, ends without an answer, or is too slow.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    pieces, piece = [data], data
    try:
        while not opening.feed(piece):
            left = until - clock()
            if left <= 0:
                raise Timeout("no event of its stream said anything in time", retryable=True)
            came = await reply.piece(left)
            if came is None:
                await ping()
            elif not came and not opening.close():
                raise empty(route, "its stream ended without an answer in it")
            elif not came:
                break
            piece = came or b""
            pieces.append(piece)
    except OpeningError as error:
        raise hidden_error(route, prepared, reply, error.body) from None
    except EventTooLongError:
        raise invalid_response(route, "the first event of its stream is too long", "malformed_answer") from None
    return b"".join(pieces)


def _restate(reply: Reply, kind: str) -> None:
    """Let an answer say what it is; many upstreams say something else, or nothing."""
    if not reply.headers.get("content-type", "").lower().startswith(kind):
        reply.headers["content-type"] = kind
