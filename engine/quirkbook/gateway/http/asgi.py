"""HTTP as the gateway speaks it: bodies in, answers and errors out, in OpenAI's shape."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from . import unpacking

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
HeaderValues = tuple[bytes | None, bytes | None, bytes | None, bytes | None, bytes | None]
"""What a request's headers say: x-request-id, Content-Length, Content-Encoding, `POLICY`, and `TRIED`."""

JSON: Final = (b"content-type", b"application/json")

POLICY: Final = b"x-quirkbook-policy"
"""The header in which a client sets the policy for its own request."""
TRIED: Final = b"x-quirkbook-tried"
"""The header that tells who was asked in vain, and why; in a request, whatever its value, it asks for that."""
#: Values of Content-Encoding that say that a body is as it is.
_PLAIN: Final = (b"", b"identity")
_REQUEST_ID: Final = re.compile(rb"[\w.:-]{1,128}", re.ASCII)

_encode = msgspec.json.Encoder().encode


class HTTPError(Exception):
    """An answer that is an error of the gateway's own: its status and its text."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        changes: Iterable[Any] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"message": message, "type": type, "param": param, "code": code}}
        self.headers = dict(headers or {})
        listed = list(changes)
        if listed:
            self.body["error"]["changes"] = listed

    def __str__(self) -> str:
        return str(self.body["error"]["message"])


class GoneError(Exception):
    """The client has hung up."""


def _nothing(size: int) -> None:
    """Count nothing."""


async def read_body(
    values: HeaderValues, receive: Receive, limit: int, reserve: Callable[[int], None] = _nothing
) -> bytes:
    """Return the body of a request; ``reserve`` is told how many bytes come, before they are kept.

    Raises:
        HTTPError: 413, it holds more than ``limit`` bytes, packed or not; 415, it is packed in a way that is not known here.
        GoneError: the client hung up before its end.
    """
    _, length, coding, _, _ = values
    if coding is not None and coding.strip().lower() not in _PLAIN:
        packed = await read_body((None, length, None, None, None), receive, limit, reserve)
        return unpacked_request(coding.decode("latin-1").strip().lower(), packed, limit, reserve)
    if length is not None and int(length) > limit:  # the server has checked that it is a number
        raise _too_large(limit)
    event = await receive()
    if not event.get("more_body") and event["type"] == "http.request":
        body: bytes = event.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        reserve(len(body))
        return body
    pieces = []
    size = 0
    while event["type"] == "http.request":
        pieces.append(event.get("body", b""))
        size += len(pieces[-1])
        if size > limit:
            raise _too_large(limit)
        reserve(len(pieces[-1]))
        if not event.get("more_body"):
            return b"".join(pieces)
        event = await receive()
    raise GoneError


def _too_large(limit: int) -> HTTPError:
    text = f"the request holds more than {limit:,} bytes; the limit is quirkbook_settings.limits.body_bytes"
    return HTTPError(413, text, code="request_too_large", headers={"connection": "close"})


def unpacked_request(coding: str, packed: bytes, limit: int, reserve: Callable[[int], None]) -> bytes:
    """Return what a packed body holds.

    Raises:
        HTTPError: 400, it is damaged; 413, it becomes too much; 415, nobody here unpacks it.
    """
    names = unpacking.known()
    if coding not in names:
        text = f"Content-Encoding must be one of {', '.join(names)}: send the body as it is, without Content-Encoding"
        raise HTTPError(415, text, code="unsupported_encoding", headers={"accept-encoding": ", ".join(names)})
    try:
        body = unpacking.unpacked(coding, packed, limit)
    except unpacking.UnpackingError:
        text = f"Content-Encoding says that the body is packed as {coding}, and it is damaged or cut off"
        raise HTTPError(400, text, code="invalid_encoding") from None
    if body is None:
        raise _too_large(limit)
    reserve(len(body))
    return body


def header_values(scope: Scope) -> HeaderValues:
    """Return what the headers say that matter here, of each the first. One walk costs less than one for each."""
    id = length = coding = policy = tried = None
    policy_name, tried_name = POLICY, TRIED
    for name, value in reversed(scope["headers"]):
        if name == b"content-length":
            length = value
        elif name == b"x-request-id":
            id = value
        elif name == b"content-encoding":
            coding = value
        elif name == policy_name:
            policy = value
        elif name == tried_name:
            tried = value
    return id, length, coding, policy, tried


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first header of that name, which is in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            first: bytes = value
            return first
    return None


def request_id(client_id: bytes | None, fallback: Callable[[], bytes]) -> bytes:
    """Return the client's id for the request, where it is a plain word; else a new one."""
    return client_id if client_id and _REQUEST_ID.fullmatch(client_id) else fallback()


async def answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Send a whole answer."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, data: Any, headers: Headers | None = None) -> None:
    """Send JSON."""
    await answer(send, status, _encode(data), [JSON, *(headers or ())])


async def answer_error(send: Send, error: HTTPError, headers: Headers | None = None) -> None:
    """Send an error in OpenAI's shape."""
    error_headers = [(name.encode(), value.encode()) for name, value in error.headers.items()]
    await answer_json(send, error.status, error.body, [*(headers or ()), *error_headers])
