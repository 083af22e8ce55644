"""One OpenAI chat payload, every OpenAI-compatible provider: quirks as YAML rules, applied and reported."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from .answers import ChunkTranslator, explain_error, explain_response, translate_error, translate_response
    from .api import Translation, explain, translate
    from .async_client import AsyncStream, acompletion
    from .client import Stream, completion
    from .responses import ChatCompletion, ChatCompletionChunk, Report
    from .rulebook import Rulebook

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
    "explain_error",
    "explain_response",
    "translate",
    "translate_error",
    "translate_response",
]

#: Name -> the module it comes from, imported when the name is first asked for: who translates needs no HTTP client,
#: and who only catches errors needs no rules.
_LATER = {
    "AsyncStream": "async_client",
    "ChatCompletion": "responses",
    "ChatCompletionChunk": "responses",
    "ChunkTranslator": "answers",
    "Report": "responses",
    "Rulebook": "rulebook",
    "Stream": "client",
    "Translation": "api",
    "acompletion": "async_client",
    "completion": "client",
    "explain": "api",
    "explain_error": "answers",
    "explain_response": "answers",
    "translate": "api",
    "translate_error": "answers",
    "translate_response": "answers",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'quirkbook' has no attribute '{name}'")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"quirkbook.{_LATER[name]}"), name)
    return found
