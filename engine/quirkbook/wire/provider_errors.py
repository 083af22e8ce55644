"""Errors as providers write them in, one shape and one class out.

The shape is OpenAI's, ``{"error": {"message", "type", "param", "code"}}``. What a provider's own rules could not bring
into it is read here by form: no provider is named here. Classes are told in `error_classes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextWindowExceededError,
    DispatchError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
)
from ..model import Change, ErrorClass
from . import error_classes
from .redact import NO_SECRETS, Mask

#: Where the text of an error stands, the likeliest first.
_MESSAGE: Final = (
    "message", "msg", "detail", "error_description", "status_msg", "error_msg", "errorMessage", "title", "reason",
)  # fmt: skip
_TYPE: Final = ("type", "type_", "error_type", "status")
_CODE: Final = ("code", "error_code", "status_code", "errcode")
_PARAM: Final = ("param", "parameter", "loc")
#: What an error may be wrapped in.
_WRAPS: Final = ("error", "errors", "detail", "base_resp", "response_status")
_LONGEST: Final = 2000
"""Characters of a message; a provider that sends a whole page gets its start told."""


def is_error(body: Any) -> bool:
    """Tell whether the body of an answer with a good status, or of a chunk, is an error all the same.

    >>> is_error({"error": {"message": "no"}}), is_error({"choices": [], "error": None})
    (True, False)
    """
    if isinstance(body, list):
        return bool(body) and is_error(body[0])
    if not isinstance(body, dict):
        return False
    if body.get("error"):
        return True
    if body.get("choices"):
        return False
    if body.get("errors") or body.get("success") is False:
        return True
    state = body.get("base_resp")
    if isinstance(state, dict) and state.get("status_code"):
        return True
    return "choices" not in body and any(key in body for key in (*_MESSAGE, "error_code")) and "usage" not in body


_EVENT: Final = re.compile(r"\s*(?:event:[^\n]*\n)?data:\s*([\[{].*)", re.DOTALL)


def opened(body: Any) -> Any:
    """Return the object that the body of an error holds, so that rules can read it; any other body as it is.

    It may stand in a list of one, in a text that is JSON, or in an event as streams have them.

    >>> opened([{"error": "no"}]), opened('data: {"error": "no"}'), opened("no")
    ({'error': 'no'}, {'error': 'no'}, 'no')
    """
    if isinstance(body, str):
        event = _EVENT.match(body)
        try:
            found = json.loads(event[1] if event else body)
        except (ValueError, RecursionError):
            return body
        body = found if isinstance(found, dict | list) else body
    return body[0] if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict) else body


def normalise(body: Any, status: int | None = None, *, default: str | None = None) -> dict[str, Any]:
    """Return an error body in OpenAI's shape; further keys of the error stay. ``default`` is the text of one without any.

    >>> normalise([{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no"}}])
    {'error': {'message': 'no', 'type': 'INVALID_ARGUMENT', 'param': None, 'code': 400, 'status': 'INVALID_ARGUMENT'}}
    >>> normalise({"code": "bad", "error": "it is bad"})["error"]
    {'message': 'it is bad', 'type': None, 'param': None, 'code': 'bad'}
    """
    error = _facts(opened(body))
    error["message"] = str(error["message"] or "").strip() or default or _default_message(body, status)
    if len(error["message"]) > _LONGEST:
        error["message"] = error["message"][:_LONGEST] + "..."
    return {"error": error}


_DEEPEST: Final = 8
"""How many wraps an error may stand in."""


def _facts(body: Any, depth: int = 0) -> dict[str, Any]:
    """Return message, type, param, code and whatever else the error says of itself."""
    empty = {"message": None, "type": None, "param": None, "code": None}
    if isinstance(body, str):
        return {**empty, "message": _page_text(body)}
    if isinstance(body, list) and depth <= _DEEPEST:
        parts = [_facts(item, depth + 1) for item in body[:5]]
        texts = [str(item["message"]) for item in parts if item["message"]]
        return {**(parts[0] if parts else empty), "message": "; ".join(texts) or None}
    if not isinstance(body, Mapping) or depth > _DEEPEST:
        return empty
    facts = {"message": _innermost(body) or _first_value(body, _MESSAGE), "type": _first_value(body, _TYPE)}
    facts |= {"param": _param(body), "code": _first_value(body, _CODE)}
    for key in _WRAPS:
        if body.get(key) and not (facts["message"] and _is_beside(key, body[key])):
            inner = _facts(body[key], depth + 1)
            return {**inner, **{name: value for name, value in facts.items() if inner[name] is None}}
    if facts["type"] is None:
        facts["type"] = _first_value(body, ("error",))
    return {
        **facts,
        **{key: value for key, value in body.items() if key not in facts and not _is_read(key, value, facts)},
    }


def _is_beside(key: str, value: Any) -> bool:
    """Tell whether what an error may be wrapped in only adds to a message that stands beside it."""
    return key in ("errors", "detail") or isinstance(value, str | int)


def _is_read(key: str, value: Any, facts: Mapping[str, Any]) -> bool:
    """Tell whether a key has been read already."""
    if key in _MESSAGE:
        return bool(value == facts["message"])
    if key in _WRAPS:
        return not value or key == "error"
    return key in _PARAM or (key != "status" and key in (*_TYPE, *_CODE))


def _innermost(error: Mapping[str, Any]) -> str | None:
    """Return the text of the provider behind a gateway, where the gateway's own says only that there was an error."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    if not isinstance(raw, str) or not raw.strip():
        return None
    try:
        return str(normalise(json.loads(raw))["error"]["message"])
    except (ValueError, RecursionError):
        return raw


def _first_value(body: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """Return the first text or number that is there under one of the keys."""
    found = (body[key] for key in keys if isinstance(body.get(key), str | int) and body[key] != "")
    return next((value for value in found if not isinstance(value, bool)), None)


def _param(body: Mapping[str, Any]) -> str | None:
    name = next((body[key] for key in _PARAM if body.get(key)), None)
    text = ".".join(map(str, name)) if isinstance(name, list) else name
    return text if isinstance(text, str) and text else None


_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def _page_text(text: str) -> str:
    """Return the title of an HTML page, any other text as it is."""
    if not re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE):
        return text
    title = _TITLE.search(text[:20_000])
    return f"a web page: {' '.join(title[1].split())}" if title else "a web page without a title"


def _default_message(body: Any, status: int | None) -> str:
    if body in (None, "", {}, []):
        return "no text came with it"
    return f"no message in it, only {', '.join(map(str, body))}" if isinstance(body, dict) else f"status {status}"


# Which class it is

_EXCEPTIONS: Final[Mapping[ErrorClass, type[DispatchError]]] = {
    ErrorClass.NO_MONEY: QuotaExceededError,
    ErrorClass.RATE_LIMITED: RateLimitError,
    ErrorClass.OVERLOADED: ServiceUnavailableError,
    ErrorClass.CONTEXT_TOO_LONG: ContextWindowExceededError,
    ErrorClass.CONTENT_FILTER: ContentFilterError,
    ErrorClass.UNSUPPORTED: BadRequestError,
    ErrorClass.AUTHENTICATION: AuthenticationError,
    ErrorClass.PERMISSION_DENIED: PermissionDeniedError,
    ErrorClass.NOT_FOUND: NotFoundError,
    ErrorClass.TIMEOUT: Timeout,
    ErrorClass.BAD_REQUEST: BadRequestError,
    ErrorClass.SERVER_ERROR: InternalServerError,
}
#: Classes of errors that may be gone at the next try.
_TEMPORARY: Final = frozenset(
    {ErrorClass.RATE_LIMITED, ErrorClass.OVERLOADED, ErrorClass.TIMEOUT, ErrorClass.SERVER_ERROR}
)


def exception_of(error_class: ErrorClass, status: int) -> type[DispatchError]:
    """Return the exception for a class of errors.

    What SDKs tell by the status alone stays so: an overload of status 429 is a `RateLimitError`, something
    unsupported of status 404 a `NotFoundError`.
    """
    if error_class is ErrorClass.UNSUPPORTED or (error_class is ErrorClass.OVERLOADED and status < 500):
        general = error_classes.by_status(status)
        if general is ErrorClass.UNSUPPORTED and status >= 500:
            return InternalServerError
        return _EXCEPTIONS[general]
    return _EXCEPTIONS[error_class]


def classify(body: Any, status: int | None, error_class: ErrorClass | None = None) -> tuple[ErrorClass, int]:
    """Return the class of an error, and its status: the answer's, or for a good one (or None) what the class stands for.

    ``body`` is an error in any shape; ``error_class`` is what a provider's rule says, which wins.

    >>> classify({"error": {"message": "Insufficient Balance"}}, 402)
    (<ErrorClass.NO_MONEY: 'no_money'>, 402)
    >>> classify({"error": {"message": "slow down", "type": "rate_limit_error"}}, 200)
    (<ErrorClass.RATE_LIMITED: 'rate_limited'>, 429)
    """
    return error_classes.classify(normalise(body, status)["error"], status, error_class)


#: A header that names the request in the provider's logs; whose it is stands before that.
_REQUEST_ID: Final = re.compile(r"(.*-)?(request|trace)-?id")


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the provider's name for the request; header names are in lower case."""
    ids = {name: value for name, value in headers.items() if _REQUEST_ID.fullmatch(name) and value}
    return ids.get("x-request-id") or next(iter(ids.values()), None)


def error_from(
    status: int | None,
    headers: Mapping[str, str],
    body: Any,
    *,
    provider: str = "",
    model: str | None = None,
    changes: Sequence[Change] = (),
    response_changes: Sequence[Change] = (),
    raw: Any = None,
    retry_after: float | None = None,
    mask: Mask = NO_SECRETS,
    error_class: ErrorClass | None = None,
) -> DispatchError:
    """Return the typed error for an answer.

    ``body`` may have been through a provider's error rules; ``raw`` is what it was before, ``response_changes`` what
    they did, ``error_class`` the class that they named. An answer with a good status gets the one that its class stands
    for. Header names are in lower case.
    """
    shaped = mask.deep(normalise(body, status))
    error = shaped["error"]
    error_class, status = error_classes.classify(error, status, error_class)
    failure = exception_of(error_class, status)(
        error["message"],
        status=status,
        provider=provider,
        model=model,
        body=shaped,
        raw=mask.deep(body if raw is None else raw),
        request_id=mask(request_id(headers) or "") or None,
        retry_after=retry_after,
        retryable=error_class in _TEMPORARY,
        changes=changes,
        response_changes=[_masked(change, mask) for change in response_changes],
    )
    failure.error_class = error_class
    return failure


def _masked(change: Change, mask: Mask) -> Change:
    """Return a change of an error body, in which the provider may have echoed the key."""
    keys, moved = (mask.deep(list(path)) if path is not None else None for path in (change.keys, change.moved_from))
    return replace(
        change,
        keys=None if keys is None else tuple(keys),
        moved_from=None if moved is None else tuple(moved),
        before=mask.deep(change.before),
        after=mask.deep(change.after),
        note=mask(change.note),
    )
