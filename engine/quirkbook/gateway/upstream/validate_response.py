"""Whether an upstream's answer will do, found out before the client has had a byte of it: till then another may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...api import translate_response
from ...errors import (
    APIConnectionError,
    AuthenticationError,
    DispatchError,
    MalformedResponseError,
    PermissionDeniedError,
)
from ...wire import provider_errors
from ...wire.accumulate import chunk_of
from ...wire.retry import retry_after
from ..http.asgi import HTTPError
from .connection import Reply
from .streams import DONE, event
from .target import Prepared, Route

_EXCERPT: Final = 200
"""Characters of an answer nobody can read that an error shows."""
_STREAM: Final = "text/event-stream"
#: With what a whole answer begins, JSON or a web page. All else is taken for a stream, whatever its headers say.
_OF_WHOLES: Final = frozenset({b"{", b"[", b"<", b'"'})

#: What an error says of the gateway's own key; a 403 may be moderation's, too, or for want of money.
_OF_KEYS: Final[Mapping[type, str]] = {
    AuthenticationError: "the gateway's key for the upstream was refused",
    PermissionDeniedError: "the upstream does not allow this to the gateway's key",
}

_decode = msgspec.json.Decoder().decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


async def first_bytes(
    route: Route, prepared: Prepared, reply: Reply, streams: bool, first_timeout: float, idle_timeout: float
) -> tuple[bytes, bool]:
    """Return the body of a good answer; or the first bytes of a stream, and True, as more will come.

    ``first_timeout`` and ``idle_timeout`` are the seconds to wait for bytes, of a whole answer and of a stream.

    Raises:
        DispatchError: it is an error, no completion, or breaks off.
    """
    try:
        if reply.status >= 400:
            raise error_response(route, prepared, reply, await reply.read(first_timeout))
        if not 200 <= reply.status < 300:
            raise _redirected(route, reply)
        if not streams:
            return whole_response(route, prepared, reply, await reply.read(first_timeout)), False
        data = await reply.piece(idle_timeout)
        if not data:
            raise APIConnectionError("the stream ended before it began", retryable=True)
        if reply.headers.get("content-type", "").startswith(_STREAM) or data.lstrip()[:1] not in _OF_WHOLES:
            return data, True
        return _restreamed(
            route, reply, whole_response(route, prepared, reply, data + await reply.read(first_timeout))
        ), False
    except BaseException:  # cancelled, too: a connection with half an answer on it must not be used again
        reply.close()
        raise


def error_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> DispatchError:
    """Return the error that an answer is, in OpenAI's shape and without keys."""
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = raw.decode("utf-8", "replace")
    error_class = None
    if route.provider:
        translation = translate_response.explain_error(
            body, route.provider, reply.status, request=prepared.root, rulebook=route.book, model=route.model
        )
        body, error_class = translation.payload, translation.error_class
    return provider_errors.error_from(
        reply.status,
        reply.headers,
        body,
        provider=route.provider,
        model=route.model,
        retry_after=retry_after(reply.headers),
        mask=route.mask,
        error_class=error_class,
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
    error_for_client = HTTPError(failure.http_status, text)
    error_for_client.body = body
    if failure.retry_after is not None:
        error_for_client.headers["retry-after"] = f"{failure.retry_after:g}"
    return error_for_client


def whole_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    """Return a whole answer as OpenAI's clients expect it; the very bytes where no rule speaks of it.

    Raises:
        DispatchError: it is an error all the same, or no completion.
    """
    try:
        if _is_plain(_fields(raw)) and not route.may_match_rules(raw):
            return route.without_key(raw)
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        shown = route.mask(raw[: 4 * _EXCERPT].decode("utf-8", "replace"))[:_EXCERPT]
        raise invalid_response(
            route, f"the upstream's answer is not a JSON object: {shown!r}", "malformed_answer"
        ) from None
    if provider_errors.is_error(body):
        failure = provider_errors.error_from(
            None, reply.headers, body, provider=route.provider, model=route.model, mask=route.mask
        )
        failure.status = provider_errors.classify(failure.body, None, failure.error_class)[1]
        raise failure
    if not route.provider:
        return route.without_key(raw)
    translation = translate_response.explain_response(body, route.provider, request=prepared.root, rulebook=route.book)
    prepared.rules += tuple(change.rule for change in translation.changes)
    return route.without_key(raw if translation.payload is body else _encode(translation.payload))


def _is_plain(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Tell whether an answer has choices and says nothing of an error, so that nobody need decode it (see `is_error`)."""
    return "error" not in fields and "choices" in fields and bytes(memoryview(fields["choices"])[:2]) == b"[{"


def invalid_response(route: Route, text: str, code: str) -> DispatchError:
    """Return the error for an answer that cannot be handed on; its status is 502."""
    text = route.mask(f"{route.provider or 'the upstream'}: {text}")
    error = {"message": text, "type": "upstream_error", "param": None, "code": code}
    return MalformedResponseError(text, status=502, provider=route.provider, model=route.model, body={"error": error})


def _redirected(route: Route, reply: Reply) -> DispatchError:
    place = reply.headers.get("location")
    if place is None:
        return invalid_response(route, f"an answer of status {reply.status} is not supported", "malformed_answer")
    return invalid_response(route, f"it redirects to {place}, which is not followed: set api_base", "redirected")


def _restreamed(route: Route, reply: Reply, raw: bytes) -> bytes:
    """Return a whole answer as a stream of one chunk: some upstreams answer so, for models that cannot stream."""
    answer: dict[str, Any] = _decode(raw)
    if not isinstance(answer.get("choices"), list):
        raise invalid_response(route, "an answer without choices came where a stream was asked for", "malformed_answer")
    reply.headers["content-type"] = _STREAM
    return event(chunk_of(answer)) + DONE
