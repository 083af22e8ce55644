"""An upstream's answer that is an error, or none at all: as the one who asks it and the client see that."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import msgspec

from ...api import Translation, translate_response
from ...errors import AuthenticationError, DispatchError, MalformedResponseError, PermissionDeniedError
from ...wire import jsontext, provider_errors
from ...wire.retry import retry_after
from ..http.asgi import HTTPError
from .decompress import DecompressionError, unpacked
from .prepared import Prepared
from .reply import Reply
from .target import Route

ERROR_BYTES: Final = 64 * 1024
"""Bytes of an error's body that are read; more is a page for people."""
BOM: Final = b"\xef\xbb\xbf"
#: What an error says of the gateway's own key; a 403 may be moderation's, too, or for want of money.
_OF_KEYS: Final[Mapping[type, str]] = {
    AuthenticationError: "the gateway's key for the upstream was refused",
    PermissionDeniedError: "the upstream does not allow this to the gateway's key",
}

_decode, _encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


async def check_status(route: Route, prepared: Prepared, reply: Reply, patience: float) -> None:
    """Let pass what has a good status.

    Raises:
        DispatchError: it has another.
    """
    if reply.status >= 400:
        raise _error_response(route, prepared, reply, await reply.read(patience, ERROR_BYTES))
    if not 200 <= reply.status < 300:
        raise _redirected(route, reply)


def _error_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> DispatchError:
    """Return the error that an answer is, in OpenAI's shape and without keys."""
    with contextlib.suppress(DecompressionError):  # its status says enough
        raw = unpacked(reply.packed, raw).removeprefix(BOM)
    body = jsontext.decode(raw, nan=False)
    if body is None:
        body = raw.decode("utf-8", "replace")
    return _typed_error(route, prepared, reply, body, reply.status)


def hidden_error(route: Route, prepared: Prepared, reply: Reply, body: Any) -> DispatchError:
    """Return the error that came with a good status; its own is the one that its class stands for."""
    return _typed_error(route, prepared, reply, body, None)


def _typed_error(route: Route, prepared: Prepared, reply: Reply, body: Any, status: int | None) -> DispatchError:
    """Return the error that a body is; ``status`` None: it came with a good one."""
    if not route.provider:
        return of_translation(route, reply, Translation(body, (), "", route.model, status=status))
    translation = translate_response.explain_error(
        body, route.provider, status or reply.status, request=prepared.root, rulebook=route.book, model=route.model
    )
    return of_translation(route, reply, translation)


def of_translation(route: Route, reply: Reply, translation: Translation) -> DispatchError:
    """Return the error that the rules make of an answer."""
    failure = provider_errors.error_from(
        translation.status,
        reply.headers,
        translation.payload,
        provider=route.provider,
        model=route.model,
        retry_after=retry_after(reply.headers),
        mask=route.mask,
        error_class=translation.error_class,
    )
    failure.message, failure.body = _writable(failure.message), _writable(failure.body)
    return failure


def _writable(body: Any) -> Any:
    """Return what an error says as it can be written again: halves of surrogate pairs become "?", numbers of any length floats."""
    try:
        _encode(body)
    except (ValueError, OverflowError, TypeError):
        return _decode(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    return body


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


def _redirected(route: Route, reply: Reply) -> DispatchError:
    place = reply.headers.get("location")
    if place is None:
        return invalid_response(route, f"an answer of status {reply.status} is not supported", "malformed_answer")
    return invalid_response(route, f"it redirects to {place}, which is not followed: set api_base", "redirected")
