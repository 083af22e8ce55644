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
from .model import Change, Effect, ErrorClass, Quiet

if TYPE_CHECKING:
    from .api import Translation, explain, translate
    from .api.translate_response import (
        ChunkTranslator,
        explain_error,
        explain_response,
        translate_error,
        translate_response,
    )
    from .client.acompletion import AsyncStream, acompletion
    from .client.completion import Stream, completion
    from .rulebook.rulebook import Rulebook
    from .wire.types import ChatCompletion, ChatCompletionChunk, Report

__version__ = "0.2.0"

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
    "ErrorClass",
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
    "ReasoningMemory",
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
    "AsyncStream": "client.acompletion",
    "ChatCompletion": "wire.types",
    "ChatCompletionChunk": "wire.types",
    "ChunkTranslator": "api.translate_response",
    "ReasoningMemory": "api.reasoning",
    "Report": "wire.types",
    "Rulebook": "rulebook.rulebook",
    "Stream": "client.completion",
    "Translation": "api",
    "acompletion": "client.acompletion",
    "completion": "client.completion",
    "explain": "api",
    "explain_error": "api.translate_response",
    "explain_response": "api.translate_response",
    "translate": "api",
    "translate_error": "api.translate_response",
    "translate_response": "api.translate_response",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'quirkbook' has no attribute '{name}'")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"quirkbook.{_LATER[name]}"), name)
    return value
