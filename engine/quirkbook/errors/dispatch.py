"""Errors of a call to a provider: DispatchError and what is below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..model import ErrorClass
from .base import QuirkbookError

if TYPE_CHECKING:
    from ..model import Change


class DispatchError(QuirkbookError):
    """A call to a provider failed. Nothing in it holds a key: texts and bodies are masked before they come here.

    ``message`` is the provider's own text where it gave one; ``body`` is its error in OpenAI's shape,
    ``{"error": {"message", "type", "param", "code"}}``, ``raw`` the same as it was sent. ``error_class`` says what went
    wrong, one of a closed list: see `quirkbook.ErrorClass`.
    """

    error_class = ErrorClass.SERVER_ERROR

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        provider: str = "",
        model: str | None = None,
        body: Any = None,
        raw: Any = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        changes: Sequence[Change] = (),
        response_changes: Sequence[Change] = (),
    ) -> None:
        text = f"HTTP {status}: {message}" if status else message
        super().__init__(f"{provider}: {text}" if provider else text)
        self.message = message
        self.status = status
        """The HTTP status; of an error in an answer of status 200 the one it stands for; None: there was no answer."""
        self.provider = provider
        self.model = model
        self.body = body
        self.raw = raw
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds that the provider asks to wait."""
        self.retryable = retryable
        """Whether the same request may do better at the next try."""
        self.changes = tuple(changes)
        """What translation had changed in the request."""
        self.response_changes = tuple(response_changes)
        """What rules changed in the error that the provider sent, `raw`, before it became `body`."""
        self.attempts = 1
        """How often the request was sent."""
        self.received: Any = None
        """For an error in a stream: the answer as far as it had come, a `ChatCompletion`; else None."""

    @property
    def status_code(self) -> int | None:
        """The status, under the name that other SDKs have for it."""
        return self.status

    @property
    def http_status(self) -> int:
        """What a gateway answers: the provider's status, or 502 where that was no error status."""
        return self.status if self.status and self.status >= 400 else 502

    def _detail(self, key: str) -> Any:
        return (self.body or {}).get("error", {}).get(key)

    @property
    def type(self) -> str | None:
        """The provider's type of error."""
        value: str | None = self._detail("type")
        return value

    @property
    def code(self) -> str | int | None:
        """The provider's code of the error."""
        value: str | int | None = self._detail("code")
        return value

    @property
    def param(self) -> str | None:
        """The parameter that the provider blames."""
        value: str | None = self._detail("param")
        return value


class AuthenticationError(DispatchError):
    """The provider does not know the key, or none was given; then nothing was sent."""

    error_class = ErrorClass.AUTHENTICATION


class PermissionDeniedError(DispatchError):
    """The key may not do this."""

    error_class = ErrorClass.PERMISSION_DENIED


class NotFoundError(DispatchError):
    """No such model or address."""

    error_class = ErrorClass.NOT_FOUND


class BadRequestError(DispatchError):
    """The provider does not take the request. Where a rule could have known, the rule is missing: please tell."""

    error_class = ErrorClass.BAD_REQUEST


class ContextWindowExceededError(BadRequestError):
    """The messages, or they and the tokens asked for, are too long for the model."""

    error_class = ErrorClass.CONTEXT_TOO_LONG


class ContentFilterError(BadRequestError):
    """The provider's moderation refused the request."""

    error_class = ErrorClass.CONTENT_FILTER


class RateLimitError(DispatchError):
    """Too many requests; ``retry_after`` says how long to wait, if the provider did."""

    error_class = ErrorClass.RATE_LIMITED


class QuotaExceededError(RateLimitError):
    """The account has nothing left; trying again does not help."""

    error_class = ErrorClass.NO_MONEY


class InternalServerError(DispatchError):
    """Something broke at the provider."""


class ServiceUnavailableError(InternalServerError):
    """The provider is overloaded or down."""

    error_class = ErrorClass.OVERLOADED


class MalformedResponseError(DispatchError):
    """The answer is not JSON, or JSON of another shape than a chat completion."""


class APIConnectionError(DispatchError):
    """No connection, or one that broke before the answer was complete."""

    error_class = ErrorClass.CONNECTION


class Timeout(APIConnectionError):  # noqa: N818 - the name it has in other SDKs
    """The provider took longer than the caller would wait."""

    error_class = ErrorClass.TIMEOUT


class StreamCutError(APIConnectionError):
    """A stream ended before its answer did."""
