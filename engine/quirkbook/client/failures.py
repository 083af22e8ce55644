"""Answers that are errors, and answers nobody can read, as typed errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from ..api import Translation, translate_response
from ..errors import DispatchError, MalformedResponseError, NotFoundError
from ..wire.jsontext import decode
from ..wire.provider_errors import error_from, request_id
from ..wire.retry import pause_before, retry_after
from .request import Call

E = TypeVar("E", bound=DispatchError)

_EXCERPT: Final = 200
"""Characters of an answer nobody can read that an error shows."""


def next_pause(call: Call, attempt: int, error: DispatchError) -> float | None:
    """Return how long to wait before sending again; None: give up, the error says how often it was tried."""
    error.attempts = attempt
    return pause_before(attempt, error, call.retries)


def with_call(call: Call, error: DispatchError) -> DispatchError:
    """Return a transport's error with what it could not know: whom it tried to reach, and for what."""
    text = call.mask(error.message)
    again = error.retryable
    return type(error)(text, provider=call.provider, model=call.model, retryable=again, changes=call.changes)


def read_error(call: Call, status: int, headers: Mapping[str, str], raw: bytes) -> DispatchError:
    """Return the typed error for an answer that is one."""
    if 300 <= status < 400:
        text = f"the address is redirected to {headers.get('location', 'nowhere')}, which is not followed: set base_url"
        return failure(NotFoundError, call, status, headers, text)
    body = decode(raw)
    return explained(call, status, headers, raw.decode("utf-8", "replace") if body is None else body)


def explained(call: Call, status: int, headers: Mapping[str, str], body: Any) -> DispatchError:
    """Return the typed error for a body that the rules have brought to OpenAI's shape."""
    translation = translate_response.explain_error(
        body, call.provider, status, model=call.base_model, request=call.payload, rulebook=call.rulebook
    )
    return typed_error(call, status, headers, translation, body)


def typed_error(
    call: Call, status: int, headers: Mapping[str, str], translation: Translation, body: Any
) -> DispatchError:
    """Return the error that a translated answer stands for; ``body`` is what was sent."""
    return error_from(
        translation.status,
        headers,
        translation.payload,
        provider=call.provider,
        model=call.model,
        changes=call.changes,
        response_changes=translation.changes,
        raw=body,
        retry_after=retry_after(headers),
        mask=call.mask,
        error_class=translation.error_class,
    )


def malformed(
    call: Call, status: int | None, headers: Mapping[str, str], text: str, raw: bytes | str
) -> MalformedResponseError:
    """Return the error for an answer of no use, with an excerpt of it."""
    shown = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    cut = shown if len(shown) <= _EXCERPT else shown[:_EXCERPT] + "..."
    return failure(MalformedResponseError, call, status, headers, f"{text}: {cut!r}", raw=call.mask(cut))


def failure(kind: type[E], call: Call, status: int | None, headers: Mapping[str, str], text: str, raw: Any = None) -> E:
    """Return an error of a kind, with what a call knows; no key is in its text."""
    return kind(
        call.mask(text),
        status=status,
        provider=call.provider,
        model=call.model,
        raw=raw,
        request_id=request_id(headers),
        changes=call.changes,
    )
