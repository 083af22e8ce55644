"""Errors as providers write them in, one shape and one class out.

The shape is OpenAI's, ``{"error": {"message", "type", "param", "code"}}``. What a provider's own rules could not bring
into it is read here by form: nothing in this file knows any provider.
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
from ..model import Change
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


def normalise(body: Any, status: int | None = None) -> dict[str, Any]:
    """Return an error body in OpenAI's shape; further keys of the error stay.

    >>> normalise([{"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no"}}])
    {'error': {'message': 'no', 'type': 'INVALID_ARGUMENT', 'param': None, 'code': 400, 'status': 'INVALID_ARGUMENT'}}
    >>> normalise({"code": "bad", "error": "it is bad"})["error"]
    {'message': 'it is bad', 'type': None, 'param': None, 'code': 'bad'}
    """
    error = _facts(body)
    error["message"] = str(error["message"] or "").strip() or _default_message(body, status)
    if len(error["message"]) > _LONGEST:
        error["message"] = error["message"][:_LONGEST] + "..."
    return {"error": error}


def _facts(body: Any) -> dict[str, Any]:
    """Return message, type, param, code and whatever else the error says of itself."""
    empty = {"message": None, "type": None, "param": None, "code": None}
    if isinstance(body, str):
        return {**empty, "message": _page_text(body)}
    if isinstance(body, list):
        parts = [_facts(item) for item in body[:5]]
        texts = [str(item["message"]) for item in parts if item["message"]]
        return {**(parts[0] if parts else empty), "message": "; ".join(texts) or None}
    if not isinstance(body, Mapping):
        return empty
    facts = {"message": _first_value(body, _MESSAGE), "type": _first_value(body, _TYPE)}
    facts |= {"param": _param(body), "code": _first_value(body, _CODE)}
    for key in _WRAPS:
        if body.get(key):
            inner = _facts(body[key])
            inner["message"] = _innermost(body[key]) or inner["message"]
            return {**inner, **{name: value for name, value in facts.items() if inner[name] is None}}
    return {
        **facts,
        **{key: value for key, value in body.items() if key not in facts and not _is_read(key, value, facts)},
    }


def _is_read(key: str, value: Any, facts: Mapping[str, Any]) -> bool:
    """Tell whether a key has been read already."""
    if key in _MESSAGE:
        return bool(value == facts["message"])
    return key in _PARAM or key in _WRAPS or (key != "status" and key in (*_TYPE, *_CODE))


def _innermost(error: Any) -> str | None:
    """Return the text of the provider behind a gateway, where the gateway's own says only that there was an error."""
    metadata = error.get("metadata") if isinstance(error, Mapping) else None
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    if not isinstance(raw, str) or not raw.strip():
        return None
    try:
        return str(normalise(json.loads(raw))["error"]["message"])
    except (ValueError, RecursionError):
        return raw


def _first_value(body: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """Return the first plain value that is there under one of the keys."""
    return next((body[key] for key in keys if isinstance(body.get(key), str | int) and body[key] != ""), None)


def _param(body: Mapping[str, Any]) -> str | None:
    name = next((body[key] for key in _PARAM if body.get(key)), None)
    return ".".join(map(str, name)) if isinstance(name, list) else name if isinstance(name, str) else None


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

_CONTEXT: Final = re.compile(
    r"context[_ ](length|window)|maximum context|token length too long|too many (input )?tokens"
    r"|(prompt|input) is too long|exceed\w* .{0,40}\btoken|reduce the length of the (messages|prompt|input)",
    re.IGNORECASE,
)
_FILTERED: Final = re.compile(
    r"content[_ ](filter|policy|moderation)|content management policy|flagged (by|as|for)"
    r"|moderation[_ ](blocked|flagged)",
    re.IGNORECASE,
)
_QUOTA: Final = re.compile(
    r"insufficient[_ ](quota|balance|funds|credits?)|exceeded[_ ](your )?current[_ ]quota|credit balance is too low"
    r"|account is not active|billing_(hard_limit|not_active)|quota[_ ]exhausted|payment required|out of credits",
    re.IGNORECASE,
)
_OVERLOADED: Final = re.compile(
    r"overloaded|over capacity|at capacity|server(_is| is)?[_ ]busy|temporarily unavailable|try again later",
    re.IGNORECASE,
)
_BY_STATUS: Final[Mapping[int, type[DispatchError]]] = {
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: Timeout,
    429: RateLimitError,
    451: ContentFilterError,
    502: ServiceUnavailableError,
    503: ServiceUnavailableError,
    504: Timeout,
    529: ServiceUnavailableError,
}
#: For errors that come without an error status: words of a type or code -> the status they stand for.
_BY_WORD: Final = (
    (re.compile(r"auth(entication|orized)?_?(error)?$|api_?key", re.IGNORECASE), 401),
    (re.compile(r"permission|forbidden|access_terminated", re.IGNORECASE), 403),
    (re.compile(r"not_?found", re.IGNORECASE), 404),
    (re.compile(r"rate_?limit|too_?many", re.IGNORECASE), 429),
    (re.compile(r"timeout", re.IGNORECASE), 504),
    (re.compile(r"overloaded|unavailable", re.IGNORECASE), 503),
    (re.compile(r"invalid|bad_?request|argument|unsupported", re.IGNORECASE), 400),
)


def class_of(status: int | None, error: Mapping[str, Any]) -> type[DispatchError]:
    """Return the class of an error by its status and by what it says."""
    words = f"{error.get('code')} {error.get('type')} {error['message'][:_LONGEST]}"
    if status is None or status < 400:
        status = _implied_status(error)
    if status < 500 and status not in (401, 404, 408):
        if _QUOTA.search(words) and status in (400, 402, 403, 429):
            return QuotaExceededError
        if status in (400, 413, 422, 429) and _CONTEXT.search(words):
            return ContextWindowExceededError if status != 429 else RateLimitError
        if status in (400, 403, 422) and _FILTERED.search(words):
            return ContentFilterError
    elif status >= 500 and _OVERLOADED.search(words) and status != 504:
        return ServiceUnavailableError
    return _BY_STATUS.get(status) or (BadRequestError if status < 500 else InternalServerError)


def status_of(body: Mapping[str, Any]) -> int:
    """Return the status that an error in OpenAI's shape stands for, though it came with a good one; 500: nothing tells.

    >>> status_of({"error": {"message": "slow down", "type": "rate_limit_error", "param": None, "code": None}})
    429
    """
    return _implied_status(body["error"])


def _implied_status(error: Mapping[str, Any]) -> int:
    """Return the status that an error in an answer of status 200 stands for; 500 where nothing tells."""
    for value in (error.get("code"), error.get("status"), error.get("http_code")):
        text = str(value)
        if text.isdigit() and 400 <= int(text) < 600:
            return int(text)
    words = [str(error[key]) for key in ("code", "type") if error.get(key)]
    return next((status for pattern, status in _BY_WORD for word in words if pattern.search(word)), 500)


def _is_temporary(kind: type[DispatchError], status: int | None, message: str) -> bool:
    """Tell whether an error may be gone at the next try: 408, 429 but for quota, 5xx, an overload."""
    if issubclass(kind, RateLimitError):
        return kind is not QuotaExceededError
    if issubclass(kind, InternalServerError | Timeout):
        return status != 501
    return issubclass(kind, BadRequestError) and _OVERLOADED.search(message) is not None


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
) -> DispatchError:
    """Return the typed error for an answer.

    ``body`` may have been through a provider's error rules; ``raw`` is what it was before, ``response_changes`` what
    they did. Header names are in lower case.
    """
    shaped = mask.deep(normalise(body, status))
    error = shaped["error"]
    kind = class_of(status, error)
    return kind(
        error["message"],
        status=status,
        provider=provider,
        model=model,
        body=shaped,
        raw=mask.deep(body if raw is None else raw),
        request_id=mask(request_id(headers) or "") or None,
        retry_after=retry_after,
        retryable=_is_temporary(kind, status, error["message"]),
        changes=changes,
        response_changes=[_masked(change, mask) for change in response_changes],
    )


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
