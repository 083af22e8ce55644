"""A deployment made ready: where to send, with which head, by which rules. Made once per deployment and model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ...api import apply_policy
from ...api.reasoning import wants_thoughts
from ...api.translate_response import ChunkTranslator
from ...client import request as client_request
from ...errors import AuthenticationError, RefusedError
from ...plan.compile import Plan
from ...plan.interpret import Run, note_remarks, prepare, refusals, run
from ...rulebook.rulebook import Rulebook
from ...wire.redact import HIDDEN, Mask, is_secret_name
from ..config.model import MODEL
from ..http import body
from ..place import proxy_for, without_socket
from ..router import Target
from . import streams, system
from .dial import Origin
from .pool import Pool
from .prepared import Prepared
from .reply import Reply

#: The effects of changes, which a policy may forbid; a refusal never comes that far.
_CHANGING = ("exact", "lossy", "semantic")
#: The stages of rules on answers.
_ANSWERS = ("response", "chunk", "error")

_LEAST_SECRET: Final = 6
"""Characters of a secret. ``null``, ``EMPTY`` and the like, which servers without keys are given, stand in good answers."""
_LOOKS_SECRET: Final = re.compile(r"[\w.+=~\-]{16,}").fullmatch
"""What is taken for a secret whatever its header is called: no address, no media type, no single short word."""
_RUNS: Final = re.compile(r"[0-9A-Za-z]+").findall

Pools = dict[Origin, Pool]


class Route:
    """The way to one deployment for one model of it."""

    def __init__(self, target: Target, book: Rulebook, pools: Pools) -> None:
        """Make a route ready.

        Raises:
            AuthenticationError: no key is known for the deployment.
            UsageError: its address is invalid.
        """
        deployment = target.deployment
        self.deployment = deployment
        self.model = target.upstream_model
        self.provider = deployment.provider
        self.rules_on_answers = self.provider
        """Whose rules apply to answers; "": none do."""
        head = book.provider(self.provider).head if self.provider else {}
        key = deployment.api_key or os.environ.get(head.get("api_key_env", ""), "")
        if not key and head.get("api_key_env"):
            raise AuthenticationError(
                f"the gateway has no key for '{deployment.name}': set {head['api_key_env']}, or api_key in its config",
                provider=self.provider,
            )
        self._head, self._key = head, key
        socket, base = without_socket((deployment.api_base or "").replace(MODEL, quote(self.model, safe="")))
        url = urlsplit(client_request.address(base or None, head))
        tls = url.scheme == "https"
        proxy = None if socket else proxy_for(url)
        port = url.port or (443 if tls else 80)
        origin = Origin(url.hostname or "", port, tls, socket, proxy, deployment.trust, deployment.certificate)
        self.origin = origin
        self.pool = pools.get(origin) or pools.setdefault(origin, Pool(origin))
        self._url = url
        is_sent_on = proxy is not None and not tls
        self._before_path = f"http://{url.netloc}" if is_sent_on else ""
        signed = proxy.authorization if is_sent_on and proxy is not None else None
        self._behind_host = f"Proxy-Authorization: {signed}\r\n" if signed else ""
        self._start = self._request_line("POST", url.path, url.query)
        self._heads = {streams: self._request_head({}, streams=streams) for streams in (False, True)}
        self.mask = Mask([key, *deployment.headers.values()])
        secrets = _Secrets(key, deployment.headers)
        self.without_key = secrets.hide
        self.shows_key = secrets.found_in
        base_model = deployment.base_model
        self.request = _plan(book, self.provider, self.model, base_model) if self.provider else None
        answers = (
            [book.plan(self.provider, self.model, stage=stage, base_model=base_model) for stage in _ANSWERS]
            if self.provider
            else []
        )
        self._answer_words: tuple[bytes, ...] | None = streams.words(answers[0]) if answers else ()
        self._chunk_words: tuple[bytes, ...] | None = streams.words(answers[1]) if answers else ()
        keys = [
            self.request.looked_at() if self.request else frozenset(),
            *(plan.asked_of_request() for plan in answers),
        ]
        self._decoded = None if None in keys else body.OWN.union(*filter(None, keys))
        if self._decoded is not None and not deployment.takes_system:
            self._decoded |= {"messages"}
        if self.request and any(rule.renames_model for rule in self.request.rules):
            # Then rules of a model that is not known yet apply to the request and its answer.
            self._decoded = self._answer_words = self._chunk_words = None
        self.book = book

    def _request_head(
        self,
        rule_headers: Mapping[str, str | None],
        forwarded: Mapping[str, str] = {},
        *,
        streams: bool,
        start: str | None = None,
        key_header: str | None = None,
    ) -> bytes:
        """Return a head up to the length of the body; ``forwarded`` are headers of the client, which any other wins over."""
        head = self._head
        if forwarded:
            head = {**head, "headers": {**head.get("headers", {}), **forwarded}}
        if key_header is not None:
            head = {**head, "auth": {"header": key_header}}
        headers = client_request.wire_headers(head, self._key, rule_headers, self.deployment.headers, streams=streams)
        headers["Accept-Encoding"] = "identity"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{start or self._start}{lines}Content-Length: ".encode("latin-1")

    def head_elsewhere(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> bytes:
        """Return the head, up to the length of the body, of a request for another endpoint than chat completions.

        ``path`` is what stands in place of ``/chat/completions``; ``headers`` are the client's, below the deployment's.
        """
        base = self._url.path.removesuffix(client_request.PATH)
        other = self._head.get("auth", {}).get("messages") if path.startswith("/messages") else None
        start = self._request_line(method, base + path, "&".join(filter(None, (self._url.query, query))))
        return self._request_head({}, headers, streams=False, start=start, key_header=other)

    def _request_line(self, method: str, path: str, query: str) -> str:
        address = f"{self._before_path}{path}{'?' if query else ''}{query}"
        return f"{method} {address} HTTP/1.1\r\nHost: {self._url.netloc}\r\n{self._behind_host}"

    def translate(self, fields: Mapping[str, Any], policy: Mapping[str, str], depth: int) -> Prepared:
        """Return the request as the provider takes it; ``policy`` names every effect, ``depth`` is that of the body at most.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change.
            HTTPError: a field is not JSON.
        """
        return self._translated(*self._payload(fields, depth), policy)

    def _payload(
        self, fields: Mapping[str, Any], depth: int
    ) -> tuple[dict[str, Any], Mapping[str, Any], tuple[str, ...]]:
        """Return the request before any rule, the fields that are as they came, and what is told of the others."""
        # An extra_body is joined with fields that no rule may look at.
        payload = body.decode(fields, None if "extra_body" in fields else self._decoded, depth)
        body.check_messages(payload)
        for name, value in self.deployment.defaults.items():
            payload.setdefault(name, value)
        payload["model"] = self.model
        told = () if self.deployment.takes_system else _without_system(payload)
        if told:
            fields = {name: value for name, value in fields.items() if name != "messages"}  # they are not as they came
        return payload, fields, told

    def _translated(
        self, payload: dict[str, Any], fields: Mapping[str, Any], told: tuple[str, ...], policy: Mapping[str, str]
    ) -> Prepared:
        if self.request is None:
            return Prepared(payload, body.encode(payload), rules=told)
        execution = Run(self.request, payload)
        execution.refuses = policy["refuse"] == "error"
        if self.request.remarks:
            note_remarks(execution)
        if "extra_body" in payload:
            prepare(execution)
        run(execution)
        if execution.refusals:
            raise RefusedError(refusals(execution))
        if execution.fired and any(policy[effect] == "error" for effect in _CHANGING):
            # A gateway warns in its answer and its log, never through Python's warnings.
            apply_policy(execution, {effect: "error" if policy[effect] == "error" else "allow" for effect in _CHANGING})
        return Prepared(execution.root, body.encode(execution.root, payload, fields), execution, told)

    async def send(self, prepared: Prepared, patience: float) -> Reply:
        """Send a translated request, and return the answer when its head has come.

        Raises:
            APIConnectionError: none came, or (`Timeout`) none within ``patience`` seconds.
        """
        streams = prepared.root.get("stream") is True
        if prepared.headers or prepared.forwarded:
            head = self._request_head(prepared.headers, prepared.forwarded, streams=streams)
        else:
            head = self._heads[streams]
        return await self.pool.request(b"%b%d\r\n\r\n" % (head, len(prepared.raw)), prepared.raw, patience)

    def relay(self, prepared: Prepared) -> streams.Relay:
        """Return what the events of an answer go through."""
        words = self._chunk_words
        if prepared.names and words is not None:
            words = (*words, b'"name"')  # of a call, which may be of a tool that was renamed
        choices = streams.number_of_choices(prepared.root)
        return streams.Relay(self.chunks(prepared), words, self.without_key, choices)

    def chunks(self, prepared: Prepared) -> ChunkTranslator | None:
        """Return the rules for the chunks of an answer; None: no rules are known."""
        if not self.rules_on_answers:
            return None
        base_model = self.deployment.base_model
        return ChunkTranslator(
            self.rules_on_answers, model=base_model, request=prepared.root, names=prepared.names, rulebook=self.book
        )

    @property
    def wants_thoughts(self) -> bool:
        """Whether the provider wants to see what the model thought in earlier turns."""
        return self._wants_thoughts

    @cached_property
    def _wants_thoughts(self) -> bool:
        deployment = self.deployment
        return bool(self.provider) and wants_thoughts(self.book, self.provider, self.model, deployment.base_model)

    def may_match_rules(self, answer: bytes) -> bool:
        """Tell whether some rule may apply to a whole answer."""
        return streams.has_word(self._answer_words, answer)


def _without_system(payload: dict[str, Any]) -> tuple[str, ...]:
    """Make a payload one without messages of the system; return as what that is told."""
    messages = payload.get("messages")
    if not isinstance(messages, list):
        return ()
    payload["messages"] = system.as_user(messages)
    return (system.NAME,) if payload["messages"] != messages else ()


def _plan(book: Rulebook, provider: str, model: str, base_model: str | None) -> Plan:
    """Return the plan for a model as the provider knows it, of which nothing comes off: ``groq/compound`` is a whole name."""
    plan = book.plan(provider, model, base_model=base_model)
    if plan.prefix:
        plan = book.plan(provider, f"{provider}/{model}", base_model=base_model)
        plan = Plan(plan.provider, plan.model, "", plan.rules, plan.replan, plan.identity, plan.remarks)
    return plan


class _Secrets:
    """The secrets of one deployment, as an upstream may write them in a good answer: plain, or escaped as JSON allows.

    >>> _Secrets("abc/def-123", {}).hide(rb'{"a": "abc\\/def-123", "b": "abc"}')
    b'{"a": "***", "b": "abc"}'
    """

    def __init__(self, key: str, headers: Mapping[str, str]) -> None:
        secrets = sorted(
            {secret for secret in (key, *_secret_values(headers)) if len(secret) >= _LEAST_SECRET},
            key=len,
            reverse=True,
        )
        self._runs = tuple({max(_RUNS(secret), key=len, default="") for secret in secrets})
        self._marks = tuple(run.encode() for run in self._runs)
        """Of each secret the longest part that is never escaped: where none is, there is no need to look closer."""
        self._pattern = re.compile("|".join(map(_escaped_pattern, secrets)).encode())

    def hide(self, data: bytes) -> bytes:
        """Return JSON, or events of it, for a client; the very bytes where the upstream has echoed no secret."""
        for mark in self._marks:
            if mark in data:
                return self._pattern.sub(HIDDEN.encode(), data)
        return data

    def found_in(self, text: str) -> bool:
        """Tell whether a header's value holds one."""
        for part in self._runs:
            if part in text:
                return self._pattern.search(text.encode()) is not None
        return False


def _secret_values(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if is_secret_name(name):
            yield from (value, value.rpartition(" ")[2])  # with "Bearer" before it, and without
        elif _LOOKS_SECRET(value):
            yield value


def _escaped_pattern(secret: str) -> str:
    """Return a pattern of all the ways to write it."""
    return "".join(
        char if char.isalnum() else rf"(?:\\?{re.escape(char)}|\\u00(?i:{ord(char):02x}))" for char in secret
    )
