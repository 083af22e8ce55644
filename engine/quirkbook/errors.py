"""Every error this package raises on purpose, and did-you-mean.

::

    QuirkbookError
    ├── RuleFileError           the rule author's fault; carries every diagnostic of the file, each with file:line:column
    ├── PayloadError            the caller's fault; carries a JSON Pointer
    │   ├── RefusedError            a rule's `reject`: the provider cannot take this payload
    │   └── PolicyError             a change of an effect class that the caller's policy forbids
    ├── UnknownProviderError    nobody wrote rules for that name
    ├── UnknownRuleError        a rule or code that does not exist
    ├── UsageError              an argument that is not one of its few values
    └── DispatchError           a call that did not end well; carries what the provider said, and no key ever
        ├── AuthenticationError         401, or no key at all
        ├── PermissionDeniedError       403
        ├── NotFoundError               404: most often the model
        ├── BadRequestError             400, 413, 422 and other 4xx
        │   ├── ContextWindowExceededError  too many tokens for the model
        │   └── ContentFilterError          moderation refused it
        ├── RateLimitError              429
        │   └── QuotaExceededError          no money or quota left; waiting does not help
        ├── InternalServerError         500 and other 5xx
        │   └── ServiceUnavailableError     502, 503, 529, or an overloaded provider
        ├── MalformedResponseError      an answer that is not a chat completion
        └── APIConnectionError          no answer, or not the whole of it
            ├── Timeout                     408, 504, or longer than the caller would wait
            └── StreamCutError              a stream that ended in the middle; `received` holds what came

A warning, not an error: QuirkbookWarning, given the first time a lossy or semantic rule fires.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .model import ErrorClass

if TYPE_CHECKING:
    from .model import Change, Diagnostic


class QuirkbookError(Exception):
    """The root: catch it to catch everything this package raises on purpose.

    All of them can be copied and pickled, and so raised in one process and caught in another.
    """

    exit_code = 1
    """What the command line ends with."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self.args), vars(self)


def _revived(kind: type[QuirkbookError], args: tuple[Any, ...]) -> QuirkbookError:
    """Make an error that was pickled or copied again, without its constructor, which takes more than its text."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class RuleFileError(QuirkbookError):
    """One or more diagnostics in rule files; nothing of them was loaded.

    ``diagnostics`` holds all of them, in order of place.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n".join(str(diagnostic) for diagnostic in diagnostics))
        self.diagnostics = tuple(diagnostics)
        if all(diagnostic.code == "Q118" for diagnostic in diagnostics):  # nothing could be read at all
            self.exit_code = 2


class PayloadError(QuirkbookError):
    """The payload is not a chat payload: ``pointer`` says where, the message says what to write instead."""

    http_status = 400
    error_class = ErrorClass.BAD_REQUEST

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"payload{pointer}: {message}")
        self.pointer = pointer


class RefusedError(PayloadError):
    """Rules refuse the payload, before anything is sent: ``refusals`` names rule, place, value, why and source of each."""

    error_class = ErrorClass.UNSUPPORTED

    def __init__(self, refusals: Sequence[Change]) -> None:
        QuirkbookError.__init__(self, refusal_text(refusals))
        self.refusals = tuple(refusals)
        self.change = refusals[0]
        """The first of them."""
        self.pointer = self.change.pointer or ""


_PLACES = 10
"""Further places of one rule's refusals that a message names."""


def refusal_text(refusals: Sequence[Change]) -> str:
    """Tell a refused caller where, what and why: all rules that refuse, each with its places."""
    texts = []
    by_rule: dict[tuple[str, str], list[Change]] = {}
    for refusal in refusals:
        by_rule.setdefault((refusal.rule, refusal.note), []).append(refusal)
    for first, *others in by_rule.values():
        head, _, reasons = first.refusal().partition("\n")
        places = ", ".join(f"payload{other.pointer or ''}" for other in others[:_PLACES])
        more = f" and {len(others) - _PLACES} more" if len(others) > _PLACES else ""
        also = f"\n  also at: {places}{more}" if others else ""
        texts.append(f"{head}{also}\n{reasons}")
    return "\n".join(texts)


class PolicyError(PayloadError):
    """The policy says ``error`` for an effect of one or more changes; ``changes`` lists all that translation made."""

    def __init__(self, message: str, changes: Sequence[Change]) -> None:
        QuirkbookError.__init__(self, message)
        self.pointer = ""
        self.changes = tuple(changes)


class UnknownProviderError(QuirkbookError):
    """No rule file describes that provider, or none was named."""

    exit_code = 2


class UnknownRuleError(QuirkbookError):
    """No rule and no diagnostic code has that name."""

    exit_code = 2


class UsageError(QuirkbookError, ValueError):
    """An argument is not one of the few values it can have."""

    exit_code = 2


def missing_extra(feature: str, package: str, extra: str) -> UsageError:
    """Return the error for a feature whose packages, an extra of ours, are not installed.

    >>> print(missing_extra("the gateway", "uvicorn", "serve"))
    the gateway needs uvicorn: in a checkout of Quirkbook, run pip install '.[serve]'
    """
    return UsageError(f"{feature} needs {package}: in a checkout of Quirkbook, run pip install '.[{extra}]'")


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


class QuirkbookWarning(UserWarning):
    """A rule changed a payload in a lossy or semantic way; given once per rule and process."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to ``word``, or None when nothing is near.

    >>> did_you_mean("greater", ["gt", "gte", "lt"])
    'gt'
    >>> did_you_mean("clmap", ["clamp", "set"])
    'clamp'
    """
    known = list(known)
    alias = {
        "greater": "gt",
        "less": "lt",
        "min": "gte",
        "max": "lte",
        "regex": "matches",
        "remove": "drop",
        "delete": "drop",
        "replace": "map",
        "append": "append_message",
    }
    if alias.get(word) in known:
        return alias[word]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return near[0] if near else None
