"""Secrets out of texts: whatever a provider or a library echoes, no key gets into an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

HIDDEN: Final = "***"
#: What looks like a key whoever it belongs to.
_KEYS: Final = re.compile(r"\bsk-[\w\-]{12,}|\bBearer\s+[^\s\"',;]{4,}")
_START: Final = 8
"""Characters of a key's start that give it away."""

#: Words in the name of a header or parameter whose value is a secret.
_SECRET_WORDS: Final = ("auth", "key", "token", "secret", "cookie", "password")


def is_secret_name(name: str) -> bool:
    """Tell by the name of a header or parameter whether its value must be hidden.

    >>> is_secret_name("X-Api-Key"), is_secret_name("Accept")
    (True, False)
    """
    name = name.lower()
    return any(word in name for word in _SECRET_WORDS)


class Mask:
    """Hides given secrets, and what looks like one.

    >>> Mask(["my-secret-key-123"])("no key my-secret-key-123, nor my-secret-****-123 or sk-abcdefghijklmnop")
    'no key ***, nor *** or ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = secrets  # read when something is to be masked, which is seldom

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        secrets = sorted({secret for secret in self._secrets if len(secret) >= 4}, key=len, reverse=True)
        starts = {secret[:_START] for secret in secrets if len(secret) >= 2 * _START}
        parts = [re.escape(secret) for secret in secrets] + [
            rf"{re.escape(start)}[\w*.\-]*" for start in sorted(starts)
        ]
        return re.compile("|".join(parts) or "(?!)")  # which matches nothing

    def __call__(self, text: str) -> str:
        """Return a text without secrets."""
        return _KEYS.sub(HIDDEN, self._pattern.sub(HIDDEN, text))

    def deep(self, value: Any) -> Any:
        """Return JSON without secrets, keys of objects included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(key) if isinstance(key, str) else key: self.deep(item) for key, item in value.items()}
        return [self.deep(item) for item in value] if isinstance(value, list) else value


NO_SECRETS: Final = Mask(())
"""Hides only what looks like a key."""
