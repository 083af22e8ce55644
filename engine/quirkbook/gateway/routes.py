"""A deployment made ready: where to send, with which head, by which rules. Made once per deployment and model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .. import outgoing
from ..answers import ChunkTranslator
from ..api import apply_policy
from ..compiler import Plan
from ..errors import AuthenticationError, RefusedError
from ..interpreter import Run, change, prepare, run
from ..masking import HIDDEN, Mask
from ..rulebook import Rulebook
from . import body, streams
from .connection import Reply
from .routing import Target
from .upstream import Pool

#: The effects of changes, which a policy may forbid; a refusal never comes that far.
_CHANGING = ("exact", "lossy", "semantic")
#: The stages of rules on answers.
_ANSWERS = ("response", "chunk", "error")

Pools = dict[tuple[str, str, int], Pool]


class Route:
    """The way to one deployment for one model of it."""

    def __init__(self, target: Target, book: Rulebook, pools: Pools) -> None:
        """Make a route ready.

        Raises:
            AuthenticationError: no key is known for the deployment.
            UsageError: its address is none.
        """
        deployment = target.deployment
        self.deployment = deployment
        self.model = target.upstream_model
        self.provider = deployment.provider
        head = book.provider(self.provider).head if self.provider else {}
        key = deployment.api_key or os.environ.get(head.get("api_key_env", ""), "")
        if not key and head.get("api_key_env"):
            raise AuthenticationError(
                f"the gateway has no key for '{deployment.name}': set {head['api_key_env']}, or api_key in its config",
                provider=self.provider,
            )
        self._head, self._key = head, key
        url = urlsplit(outgoing.address(deployment.api_base, head))
        tls = url.scheme == "https"
        host, port = url.hostname or "", url.port or (443 if tls else 80)
        origin = (url.scheme, host, port)
        self.pool = pools.get(origin) or pools.setdefault(origin, Pool(host, port, tls=tls))
        path = f"{url.path}?{url.query}" if url.query else url.path
        self._start = f"POST {path} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        self._heads = {streams: self._written({}, streams=streams) for streams in (False, True)}
        self.mask = Mask([key, *deployment.headers.values()])
        self._secret = key.encode() or None
        self.request: Plan | None = book.plan(self.provider, self.model) if self.provider else None
        answers = [book.plan(self.provider, self.model, stage=stage) for stage in _ANSWERS] if self.provider else []
        self._answer_words = streams.words(answers[0]) if answers else ()
        self._chunk_words = streams.words(answers[1]) if answers else ()
        keys = [self.request.looked_at() if self.request else frozenset(), *(one.asked_of_request() for one in answers)]
        self._decoded = None if None in keys else body.OWN.union(*filter(None, keys))
        self.book = book

    def _written(self, ruled: Mapping[str, str | None], *, streams: bool) -> bytes:
        headers = outgoing.wire_headers(self._head, self._key, ruled, self.deployment.headers, streams=streams)
        headers["Accept-Encoding"] = "identity"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._start}{lines}Content-Length: ".encode("latin-1")

    def translate(self, fields: Mapping[str, Any], policy: Mapping[str, str], depth: int) -> Prepared:
        """Return the request as the provider takes it; ``policy`` names every effect, ``depth`` is that of the body at most.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change.
            HTTPError: a field is no JSON.
        """
        payload = body.decode(fields, self._decoded, depth)
        body.check_messages(payload)
        for name, value in self.deployment.defaults.items():
            payload.setdefault(name, value)
        payload["model"] = self.model
        if self.request is None:
            return Prepared(payload, body.encode(payload))
        done = Run(self.request, payload)
        done.refuses = policy["refuse"] == "error"
        if "extra_body" in payload:
            prepare(done)
        run(done)
        if done.refusal:
            raise RefusedError(change(*done.refusal))
        if done.fired and any(policy[effect] == "error" for effect in _CHANGING):
            # A gateway warns in its answer and its log, never through Python's warnings.
            apply_policy(done, {effect: "error" if policy[effect] == "error" else "allow" for effect in _CHANGING})
        return Prepared(done.root, body.encode(done.root, payload, fields), done)

    async def send(self, done: Prepared, patience: float) -> Reply:
        """Send a translated request, and return the answer when its head has come.

        Raises:
            APIConnectionError: none came, or (`Timeout`) none within ``patience`` seconds.
        """
        streams = done.root.get("stream") is True
        head = self._written(done.headers, streams=streams) if done.headers else self._heads[streams]
        return await self.pool.ask(b"%b%d\r\n\r\n" % (head, len(done.raw)), done.raw, patience)

    def relay(self, done: Prepared) -> streams.Relay:
        """Return what the events of an answer go through."""
        rules = ChunkTranslator(self.provider, request=done.root, rulebook=self.book) if self.provider else None
        return streams.Relay(rules, self._chunk_words, self.without_key)

    def speaks_of(self, answer: bytes) -> bool:
        """Tell whether some rule may speak of a whole answer."""
        return streams.has_word(self._answer_words, answer)

    def without_key(self, data: bytes) -> bytes:
        """Return bytes for a client, in which the upstream may have echoed its key."""
        if self._secret is not None and self._secret in data:
            return data.replace(self._secret, HIDDEN.encode())
        return data

    def shows_key(self, value: str) -> bool:
        """Tell whether a header's value holds the upstream's key."""
        return self._secret is not None and self._key in value


class Prepared:
    """A request as the provider takes it."""

    __slots__ = ("headers", "raw", "root", "rules")

    def __init__(self, root: dict[str, Any], raw: bytes, done: Run | None = None) -> None:
        self.root = root
        """The payload; fields that nobody looks at are not decoded."""
        self.raw = raw
        self.headers: Mapping[str, str | None] = done.headers if done else {}
        """Those that rules ask for; None: to leave out."""
        self.rules: tuple[str, ...] = tuple(rule.name for rule, _, _ in done.fired) if done else ()
        """The names of the rules that fired, in order."""
