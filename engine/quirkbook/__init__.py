"""One OpenAI chat payload, every OpenAI-compatible provider: quirks as YAML rules, applied and reported."""

from .api import Translation, explain, translate
from .errors import (
    PayloadError,
    PolicyError,
    QuirkbookError,
    QuirkbookWarning,
    RefusedError,
    RuleFileError,
    UnknownProviderError,
    UnknownRuleError,
    UsageError,
)
from .model import Change, Effect, Quiet
from .rulebook import Rulebook

__version__ = "0.1.0"

__all__ = [
    "Change",
    "Effect",
    "PayloadError",
    "PolicyError",
    "Quiet",
    "QuirkbookError",
    "QuirkbookWarning",
    "RefusedError",
    "RuleFileError",
    "Rulebook",
    "Translation",
    "UnknownProviderError",
    "UnknownRuleError",
    "UsageError",
    "explain",
    "translate",
]
