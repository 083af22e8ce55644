"""What the headers of requests and answers say: policies, rules that fired, and what of an upstream's own is passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .http.asgi import POLICY, Headers, HTTPError
from .upstream.connection import Reply
from .upstream.target import Route

RULES: Final = b"x-quirkbook-rules"
LENGTH: Final = 1024
"""Characters of the header that names the rules; those beyond are counted."""

#: Headers of an upstream that mean nothing to the client, or would lie to it.
_NOT_PASSED: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
     "upgrade", "content-length", "set-cookie", "server", "date", "alt-svc", "strict-transport-security", "x-request-id",
     "www-authenticate"}
)  # fmt: skip

_NONE: Final[frozenset[str]] = frozenset()


def of_gateway(id: bytes, rules: Sequence[str]) -> Headers:
    """Return what each answer carries: the request's id, and the rules that fired."""
    headers = [(b"x-request-id", id)]
    if rules:
        headers.append((RULES, bounded(rules)))
    return headers


def of_upstream(route: Route, reply: Reply) -> Headers:
    """Return what is passed of an upstream's headers: nothing that concerns the connection, a session, or its key."""
    passed = []
    connection = reply.headers.get("connection")
    hops = {name.strip() for name in connection.lower().split(",")} if connection else _NONE
    for name, value in reply.headers.items():
        if name not in _NOT_PASSED and name not in hops and not route.shows_key(value):
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
                f"{POLICY.decode()}: '{part.strip()[:100]}' is no verdict on an effect: "
                "write 'lossy=error, semantic=error' (exact, lossy, semantic: allow, warn or error; refuse: warn or error)"
            )
            raise HTTPError(400, text, code="invalid_policy")
        merged[effect] = verdict
    return merged
