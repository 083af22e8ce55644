"""What the headers of requests and answers say: policies, rules that fired, and what of an upstream's own is passed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from .http.asgi import POLICY, TRIED, Headers, HTTPError
from .record import Record
from .upstream.reply import Reply
from .upstream.target import Route

RULES: Final = b"x-quirkbook-rules"
SHADOW: Final = b"x-quirkbook-shadow"
WOULD: Final = b"x-quirkbook-would"
CANARY: Final = b"x-quirkbook-canary"
IGNORED: Final = b"x-quirkbook-ignored"
LENGTH: Final = 1024
"""Characters of a header that lists something; rules beyond are counted."""

#: Headers of an upstream that are passed on: rate limits, its names for the request, times, caches. All others say something
#: to browsers or proxies, of a session, or of the account.
_PASSED: Final = re.compile(
    r"content-type|cache-control|retry-after(-ms)?|age|cf-ray|x-should-retry|(openai|anthropic)-(model|version)"
    r"|.*rate-?limit.*|(.*-)?(request|trace|generation|correlation)-?id|.*(processing|response|inference|queue|service)-(ms|time)(-.*)?"
    r"|(.*-)?cache(-.*)?"
)
#: What the gateway itself says.
_OURS: Final = re.compile(r"x-request-id|x-quirkbook-.*|x-litellm-.*|access-control-.*")


@lru_cache(1024)
def _is_passed(name: str) -> bool:
    return _PASSED.fullmatch(name) is not None and _OURS.fullmatch(name) is None


_NONE: Final[frozenset[str]] = frozenset()


def of_gateway(id: bytes, rules: Sequence[str], ignored: Sequence[str] = ()) -> Headers:
    """Return what each answer carries: the request's id, the rules that fired, and the fields that had no effect."""
    headers = [(b"x-request-id", id)]
    if rules:
        headers.append((RULES, bounded(rules)))
    if ignored:
        headers.append((IGNORED, bounded(ignored)))
    return headers


def of_answer(record: Record) -> Headers:
    """Return who answered, or was asked last, under our names and LiteLLM's; and who failed before, if that was asked for."""
    target = record.target
    if target is None:
        return []
    label, name = _plain(target.label), _plain(target.deployment.name)
    names = {failure.target.deployment.name for failure in record.failures} - {target.deployment.name}
    return [
        (b"x-quirkbook-deployment", label),
        (b"x-litellm-model-id", label),
        (b"x-litellm-model-group", name),
        (b"x-litellm-attempted-fallbacks", b"%d" % len(names)),
        (b"x-litellm-attempted-retries", b"%d" % max(0, record.tries - 1 - len(names))),
    ]


def of_trial(record: Record) -> Headers:
    """Return what is told of rules that are tried out: what they would have done, and whether the request is the canary's."""
    headers: Headers = [(CANARY, b"true")] if record.is_canary else []
    if record.would is not None:
        headers.append((SHADOW, record.would.outcome.encode()))
        if record.would.rules:
            headers.append((WOULD, bounded(record.would.rules)))
    return headers


def tried(record: Record) -> Headers:
    """Return the header that names who failed and why, for clients that ask for it."""
    texts = [f"{failure.target.label}: {failure.status or 'no answer'}: {failure.why}" for failure in record.failures]
    return [(TRIED, _plain("; ".join([f"requested {record.requested}", *texts])[:LENGTH]))]


@lru_cache(1024)
def _plain(text: str) -> bytes:
    """Return a text as a header may have it."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text).encode()


def of_upstream(route: Route, reply: Reply) -> Headers:
    """Return what is passed of an upstream's headers, and shows no key."""
    passed = []
    connection = reply.headers.get("connection")
    hops = {name.strip() for name in connection.lower().split(",")} if connection else _NONE
    for name, value in reply.headers.items():
        if _is_passed(name) and name not in hops and not route.shows_key(value):
            passed.append((name.encode("latin-1"), value.encode("latin-1")))
    return passed


def bounded(rules: Sequence[str]) -> bytes:
    """Return names in one line; of too many the last are counted."""
    text = ", ".join(rules)
    if len(text) > LENGTH:
        shown = text[:LENGTH].rpartition(", ")[0]
        text = f"{shown}, and {len(rules) - shown.count(', ') - 1} more"
    return text.encode("latin-1", "replace")


def policy(header_value: bytes | None, default: Mapping[str, str]) -> Mapping[str, str]:
    """Return the policy of a request: the config's, with what its header says of single effects.

    ``lossy=error, semantic=error``; a client can make it stricter or milder, as it is its own payload.
    """
    if header_value is None:
        return default
    merged = dict(default)
    for part in header_value.decode("latin-1").split(","):
        effect, _, verdict = (word.strip() for word in part.partition("="))
        verdicts = ("warn", "error") if effect == "refuse" else ("allow", "warn", "error")
        if effect not in default or verdict not in verdicts:
            text = (
                f"{POLICY.decode()}: '{part.strip()[:100]}' is not a verdict on an effect: "
                "write 'lossy=error, semantic=error' (exact, lossy, semantic: allow, warn or error; refuse: warn or error)"
            )
            raise HTTPError(400, text, code="invalid_policy")
        merged[effect] = verdict
    return merged
