"""One OpenAI chat payload, every OpenAI-compatible provider: quirks as YAML rules, applied and reported."""

from typing import TYPE_CHECKING, Any

from .api import Translation, explain, translate
from .errors import (
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextWindowExceededError,
    DispatchError,
    InternalServerError,
    MalformedResponseError,
    NotFoundError,
    PayloadError,
    PermissionDeniedError,
    PolicyError,
    QuirkbookError,
    QuirkbookWarning,
    QuotaExceededError,
    RateLimitError,
    RefusedError,
    RuleFileError,
    ServiceUnavailableError,
    StreamCutError,
    Timeout,
    UnknownProviderError,
    UnknownRuleError,
    UsageError,
)
from .model import Change, Effect, Quiet
from .rulebook import Rulebook

if TYPE_CHECKING:
    from .answers import ChunkTranslator, explain_response, translate_error, translate_response
    from .async_client import AsyncStream, acompletion
    from .client import Stream, completion
    from .responses import ChatCompletion, ChatCompletionChunk, Report

__version__ = "0.1.0"

__all__ = [
    "APIConnectionError",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "Change",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChunkTranslator",
    "ContentFilterError",
    "ContextWindowExceededError",
    "DispatchError",
    "Effect",
    "InternalServerError",
    "MalformedResponseError",
    "NotFoundError",
    "PayloadError",
    "PermissionDeniedError",
    "PolicyError",
    "Quiet",
    "QuirkbookError",
    "QuirkbookWarning",
    "QuotaExceededError",
    "RateLimitError",
    "RefusedError",
    "Report",
    "RuleFileError",
    "Rulebook",
    "ServiceUnavailableError",
    "Stream",
    "StreamCutError",
    "Timeout",
    "Translation",
    "UnknownProviderError",
    "UnknownRuleError",
    "UsageError",
    "acompletion",
    "completion",
    "explain",
    "explain_response",
    "translate",
    "translate_error",
    "translate_response",
]

#: What only those who send need, and the module it comes from: translation alone imports no HTTP client.
_LATER = {
    "AsyncStream": "async_client",
    "ChatCompletion": "responses",
    "ChatCompletionChunk": "responses",
    "ChunkTranslator": "answers",
    "Report": "responses",
    "Stream": "client",
    "acompletion": "async_client",
    "completion": "client",
    "explain_response": "answers",
    "translate_error": "answers",
    "translate_response": "answers",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'quirkbook' has no attribute '{name}'")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"quirkbook.{_LATER[name]}"), name)
    return found
