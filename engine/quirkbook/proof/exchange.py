"""One request and its answer, as a recording keeps it: no key, no id of an account or a request, no address."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..wire.provider_errors import is_error
from ..wire.redact import NO_SECRETS, Mask, is_secret_name
from .errors import sentences

#: Characters of a text in an answer that are kept.
_LONGEST: Final = 2000
#: Keys whose values name an account, a request or a machine.
_PRIVATE: Final = frozenset(
    {"id", "user", "user_id", "org", "organization", "organization_id", "account", "account_id", "project", "request_id",
     "requestid", "trace_id", "ray_id", "ip", "host", "email", "created"}
)  # fmt: skip
_IN_TEXTS: Final = (
    re.compile(r"\b(?:req|chatcmpl|cmpl|org|proj|user|acct|call|toolu|msg|resp|gen)[_-][A-Za-z0-9_-]{6,}"),
    re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{13,}\b|\b[0-9a-f]{24,}\b", re.IGNORECASE),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"),
    re.compile(r"(?<=://)[^\s/'\"]*@|(?<=\?)[^\s'\"]+=[^\s'\"]*"),
    re.compile(r"\b(?:[A-Za-z0-9+/_-]{40,}={0,2})(?![\w.])"),
)
#: Statuses that say nothing about the request: who asks, how often, or that nobody was there.
ELSEWHERE: Final = frozenset({401, 402, 403, 404, 408, 409, 429, 502, 503, 504, 529})
#: Statuses after which asking on is of no use.
STOPS: Final = frozenset({401, 402, 429})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was sent, and what came back."""

    request: Mapping[str, Any]
    status: int
    body: Any
    """The answer as JSON, cleaned; the events of a stream as a list."""
    date: str
    tokens: int = 0
    """What it cost, by the answer's own count."""

    @property
    def key(self) -> str:
        """Names the request."""
        return key_of(self.request)

    @property
    def is_taken(self) -> bool:
        """Whether there was an answer: a good status, and no error in its body."""
        return self.status < 400 and not is_error(self.body)

    @property
    def is_refused(self) -> bool:
        """Whether the request itself was refused."""
        return not self.is_taken and self.status not in ELSEWHERE

    @property
    def words(self) -> str:
        """The text of the refusal."""
        return "; ".join(sentence.text for sentence in sentences(self.body)[:3])

    @property
    def model(self) -> str | None:
        """The model that answered, by its own word."""
        first = self.body[0] if isinstance(self.body, list) and self.body else self.body
        model = first.get("model") if isinstance(first, Mapping) else None
        return model if isinstance(model, str) else None

    def to_dict(self) -> dict[str, Any]:
        """Return it as a line of a recording."""
        return {
            "date": self.date,
            "status": self.status,
            "tokens": self.tokens,
            "request": self.request,
            "body": self.body,
        }


def exchange_from(line: Mapping[str, Any]) -> Exchange:
    """Return what a line of a recording says."""
    return Exchange(line["request"], line["status"], line.get("body"), line.get("date", ""), line.get("tokens", 0))


def key_of(request: Mapping[str, Any]) -> str:
    """Return a name for a request; equal as JSON means the same name.

    >>> key_of({"n": 1, "a": 2}) == key_of({"a": 2, "n": 1})
    True
    """
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]


def clean(value: Any, mask: Mask = NO_SECRETS) -> Any:
    """Return JSON data without what must not be kept: keys, ids, addresses; long texts are cut.

    >>> clean({"id": "chatcmpl-1", "error": {"message": "no key sk-abcdefghijklmnop in req_0123456789"}})
    {'id': '...', 'error': {'message': 'no key *** in ...'}}
    """
    if isinstance(value, dict):
        return {_text(str(key), mask): _value(str(key), item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, mask) for item in value]
    return _text(value, mask) if isinstance(value, str) else value


def _value(key: str, value: Any, mask: Mask) -> Any:
    name = key.lower().replace("-", "_")
    if name in _PRIVATE and isinstance(value, str | int):
        return "..."
    if isinstance(value, str) and is_secret_name(name) and name not in ("max_tokens", "token"):
        return "..."
    return clean(value, mask)


def _text(text: str, mask: Mask) -> str:
    text = mask(text)
    for pattern in _IN_TEXTS:
        text = pattern.sub("...", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
