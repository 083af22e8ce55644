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

from .base import (
    PayloadError,
    PolicyError,
    QuirkbookError,
    QuirkbookWarning,
    RefusedError,
    RuleFileError,
    UnknownProviderError,
    UnknownRuleError,
    UsageError,
    missing_extra,
    refusal_text,
)
from .dispatch import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextWindowExceededError,
    DispatchError,
    InternalServerError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ServiceUnavailableError,
    StreamCutError,
    Timeout,
)
from .suggest import did_you_mean

__all__ = [
    "APIConnectionError",
    "AuthenticationError",
    "BadRequestError",
    "ContentFilterError",
    "ContextWindowExceededError",
    "DispatchError",
    "InternalServerError",
    "MalformedResponseError",
    "NotFoundError",
    "PayloadError",
    "PermissionDeniedError",
    "PolicyError",
    "QuirkbookError",
    "QuirkbookWarning",
    "QuotaExceededError",
    "RateLimitError",
    "RefusedError",
    "RuleFileError",
    "ServiceUnavailableError",
    "StreamCutError",
    "Timeout",
    "UnknownProviderError",
    "UnknownRuleError",
    "UsageError",
    "did_you_mean",
    "missing_extra",
    "refusal_text",
]
