"""Whether an upstream's answer will do, found out before the client has had a byte of it: till then another may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any, Final

import msgspec

from ...api import Translation, translate_response
from ...api.joined import joined
from ...errors import (
    APIConnectionError,
    AuthenticationError,
    DispatchError,
    MalformedResponseError,
    PermissionDeniedError,
    Timeout,
)
from ...wire import jsontext, provider_errors, sniff
from ...wire.accumulate import chunk_of
from ...wire.retry import retry_after
from ...wire.sse import EventTooLongError
from ..http.asgi import HTTPError
from .decompress import DecompressionError, unpacked
from .opening import ENOUGH, Opening, OpeningError
from .prepared import Prepared
from .reply import Reply
from .streams import DONE
from .target import Route

_EXCERPT: Final = 200
"""Characters of an answer nobody can read that an error shows."""
ERROR_BYTES: Final = 64 * 1024
"""Bytes of an error's body that are read; more is a page for people."""
_BOM: Final = b"\xef\xbb\xbf"
_JSON: Final = "application/json"
_STREAM: Final = "text/event-stream"
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, DecompressionError)
#: What an error says of the gateway's own key; a 403 may be moderation's, too, or for want of money.
_OF_KEYS: Final[Mapping[type, str]] = {
    AuthenticationError: "the gateway's key for the upstream was refused",
    PermissionDeniedError: "the upstream does not allow this to the gateway's key",
}

_decode = msgspec.json.Decoder().decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


async def first_bytes(
    route: Route,
    prepared: Prepared,
    reply: Reply,
    streams: bool,
    patience: float,
    ping: Callable[[], Awaitable[None]],
) -> tuple[bytes, bool]:
    """Return the body of a good answer; or the first bytes of a stream, and True, as more will come.

    ``patience`` is the seconds to wait: for each next byte of a whole answer, and for the event of a stream that tells
    that it is an answer; ``ping`` is called whenever somebody has nudged the answer meanwhile.

    Raises:
        DispatchError: it is an error, no completion, or breaks off.
    """
    try:
        if reply.status >= 400:
            raise error_response(route, prepared, reply, await reply.read(patience, ERROR_BYTES))
        if not 200 <= reply.status < 300:
            raise redirected(route, reply)
        if not streams:
            raw = whole_response(route, prepared, reply, await reply.read(patience))
            _restate(reply, _JSON)
            return raw, False
        data = await _first_piece(route, reply, patience, ping)
        whole = sniff.kind(data) == "whole"
        if whole:
            raw = whole_response(route, prepared, reply, data + await reply.read(patience))
            data = _restreamed(route, raw)
        else:
            data = await _opened(route, prepared, reply, data, patience, ping)
        _restate(reply, _STREAM)
        return data, not whole
    except BaseException:  # cancelled, too: a connection with half an answer on it must not be used again
        reply.close()
        raise


async def _first_piece(route: Route, reply: Reply, patience: float, ping: Callable[[], Awaitable[None]]) -> bytes:
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


async def _opened(
    route: Route, prepared: Prepared, reply: Reply, data: bytes, patience: float, ping: Callable[[], Awaitable[None]]
) -> bytes:
    """Return the first bytes of a stream, read as far as to the event that tells that it is an answer."""
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    opening, pieces, piece = Opening(), [data], data
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


def error_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> DispatchError:
    """Return the error that an answer is, in OpenAI's shape and without keys."""
    try:
        raw = unpacked(reply.packed, raw).removeprefix(_BOM)
        body = _decode(raw)
    except _UNREADABLE:
        body = raw.decode("utf-8", "replace")
    return _typed_error(route, prepared, reply, body, reply.status)


def hidden_error(route: Route, prepared: Prepared, reply: Reply, body: Any) -> DispatchError:
    """Return the error that came with a good status; its own is the one that its class stands for."""
    return _typed_error(route, prepared, reply, body, None)


def _typed_error(route: Route, prepared: Prepared, reply: Reply, body: Any, status: int | None) -> DispatchError:
    """Return the error that a body is; ``status`` None: it came with a good one."""
    if not route.provider:
        return _of_translation(route, reply, Translation(body, (), "", route.model, status=status))
    translation = translate_response.explain_error(
        body, route.provider, status or reply.status, request=prepared.root, rulebook=route.book, model=route.model
    )
    return _of_translation(route, reply, translation)


def _of_translation(route: Route, reply: Reply, translation: Translation) -> DispatchError:
    return provider_errors.error_from(
        translation.status,
        reply.headers,
        translation.payload,
        provider=route.provider,
        model=route.model,
        retry_after=retry_after(reply.headers),
        mask=route.mask,
        error_class=translation.error_class,
    )


def for_client(route: Route, failure: DispatchError) -> HTTPError:
    """Return an upstream's error as the client gets it: status and body as they are.

    But for a 401 and a 403, which without a name before them read as if the client's own key were meant.
    """
    text, body = failure.message, failure.body
    if failure.status in (401, 403):
        error = dict(body["error"])
        text = f"{route.provider or 'the upstream'}: {text}"
        why = _OF_KEYS.get(type(failure))
        if why is not None:
            text = f"{text} ({why})"
            error["code"] = "upstream_authentication" if error["code"] is None else error["code"]
        body = {"error": {**error, "message": text}}
    status = failure.http_status
    error_for_client = HTTPError(status if status < 600 else 502, text)
    error_for_client.body = body
    if failure.retry_after is not None:
        error_for_client.headers["retry-after"] = str(ceil(failure.retry_after))
    return error_for_client


def whole_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    """Return a whole answer as OpenAI's clients expect it; the very bytes where no rule applies to it.

    Raises:
        DispatchError: it is an error all the same, or no completion.
    """
    try:
        raw = unpacked(reply.packed, raw).removeprefix(_BOM)
        if (
            _is_plain(_fields(raw))
            and not prepared.names
            and not route.may_match_rules(raw)
            and (raw.isascii() or raw.decode("utf-8"))
        ):
            return route.without_key(raw)
        body = _decode(raw)
    except _UNREADABLE:
        if sniff.kind(raw) == "events":
            return _put_together(route, prepared, reply, raw)
        body = jsontext.decode(raw, nan=False)
        if not isinstance(body, dict):
            raise _unreadable(route, reply, raw) from None
        raw = jsontext.encode(body)
    if provider_errors.is_error(body):
        raise hidden_error(route, prepared, reply, body)
    payload = body
    if route.rules_on_answers:
        translation = translate_response.explain_response(
            body, route.rules_on_answers, request=prepared.root, names=prepared.names, rulebook=route.book
        )
        prepared.rules += tuple(change.rule for change in translation.changes)
        payload = translation.payload
        if translation.error_class is not None:  # a rule calls it one
            raise _of_translation(route, reply, translation)
    if not _has_choice(payload):
        raise empty(route, "its answer has no choices that could be used")
    return route.without_key(raw if payload is body else jsontext.encode(payload))


def _put_together(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    """Return the answer that a stream makes which nobody asked for.

    Raises:
        DispatchError: it is an error, or does not come to its end.
    """
    stream = joined(raw, route.chunks(prepared))
    prepared.rules += tuple(change.rule for change in stream.changes)
    if stream.failure is not None:
        raise _of_translation(route, reply, stream.failure)
    if not stream.ended:
        raise invalid_response(route, "its answer stopped without saying that it is complete", "stream_cut")
    if not _has_choice(stream.answer):
        raise empty(route, "its stream ended without an answer in it")
    return route.without_key(jsontext.encode(stream.answer))


def _unreadable(route: Route, reply: Reply, raw: bytes) -> DispatchError:
    if not raw.strip() or raw.strip() == b"null":
        return empty(route, "its answer is empty")
    shown = route.mask(raw[: 4 * _EXCERPT].decode("utf-8", "replace"))[:_EXCERPT]
    packed = f", packed as {reply.packed!r}" if reply.packed else ""
    return invalid_response(route, f"the upstream's answer is not a JSON object{packed}: {shown!r}", "malformed_answer")


def _is_plain(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Tell whether an answer has a choice and says nothing of an error, so that nobody need decode it (see `is_error`)."""
    if "error" in fields or "choices" not in fields:
        return False
    choices = bytes(fields["choices"])
    return choices.startswith(b"[{") and (b'"message":{' in choices or b'"message": {' in choices)


def _has_choice(body: Any) -> bool:
    """Tell whether an answer has a choice with a message, or with a text."""
    choices = body.get("choices") if isinstance(body, dict) else None
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and (isinstance(choice.get("message"), dict) or isinstance(choice.get("text"), str))
        for choice in choices
    )


def empty(route: Route, text: str) -> DispatchError:
    """Return the error for an answer in which nothing is; the next one may hold something."""
    failure = invalid_response(route, text, "empty_answer")
    failure.retryable = True
    return failure


def invalid_response(route: Route, text: str, code: str) -> DispatchError:
    """Return the error for an answer that cannot be handed on; its status is 502."""
    text = route.mask(f"{route.provider or 'the upstream'}: {text}")
    error = {"message": text, "type": "upstream_error", "param": None, "code": code}
    return MalformedResponseError(text, status=502, provider=route.provider, model=route.model, body={"error": error})


def redirected(route: Route, reply: Reply) -> DispatchError:
    place = reply.headers.get("location")
    if place is None:
        return invalid_response(route, f"an answer of status {reply.status} is not supported", "malformed_answer")
    return invalid_response(route, f"it redirects to {place}, which is not followed: set api_base", "redirected")


def _restreamed(route: Route, raw: bytes) -> bytes:
    """Return a whole answer as a stream of one chunk: some upstreams answer so, for models that cannot stream.

    Raises:
        DispatchError: a number in it is too long to be read.
    """
    answer = jsontext.decode(raw)
    if not isinstance(answer, dict):
        raise invalid_response(route, "its answer holds a number that is too long", "malformed_answer")
    return b"data: %b\n\n" % jsontext.encode(chunk_of(answer)) + DONE


def _restate(reply: Reply, kind: str) -> None:
    """Let an answer say what it is; many upstreams say something else, or nothing."""
    if not reply.headers.get("content-type", "").lower().startswith(kind):
        reply.headers["content-type"] = kind
