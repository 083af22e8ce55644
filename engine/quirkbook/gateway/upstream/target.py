"""A deployment made ready: where to send, with which head, by which rules. Made once per deployment and model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from ...api import apply_policy
from ...api.reasoning import wants_thoughts
from ...api.translate_response import ChunkTranslator
from ...client import request as client_request
from ...errors import AuthenticationError, RefusedError
from ...plan.compile import Plan
from ...plan.interpret import Run, note_remarks, prepare, refusals, run
from ...rulebook.rulebook import Rulebook
from ...wire.redact import Mask
from ..config import dropped
from ..config.model import MODEL
from ..http import body
from ..place import proxy_for, without_socket
from ..router import Target
from . import streams, system
from .dial import Origin
from .pool import Pool
from .prepared import Prepared
from .reply import Reply
from .secrets import Secrets

#: The effects of changes, which a policy may forbid; a refusal never comes that far.
_CHANGING = ("exact", "lossy", "semantic")
#: The stages of rules on answers.
_ANSWERS = ("response", "chunk", "error")


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
        secrets = Secrets(key, deployment.headers)
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
        self._tells = not deployment.takes_system or bool(deployment.dropped)
        """Whether the config itself changes requests."""
        if self._decoded is not None and self._tells:
            nested = {str(path[0]) for path in deployment.dropped if len(path) > 1}
            self._decoded |= nested | (set() if deployment.takes_system else {"messages"})
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
        base, other = self._url.path.removesuffix(client_request.PATH), None
        if path.startswith("/messages"):
            other = self._head.get("auth", {}).get("messages")
            base = self._messages_path or base
        start = self._request_line(method, base + path, "&".join(filter(None, (self._url.query, query))))
        return self._request_head({}, headers, streams=False, start=start, key_header=other)

    @cached_property
    def _messages_path(self) -> str | None:
        """What stands before Anthropic's /messages, if this is a host of the provider's own and it says so."""
        here, own = self._url, urlsplit(self._head.get("base_url", "")).netloc
        globs = self._head.get("endpoints", ())
        if here.netloc == own or any(fnmatchcase(f"{here.scheme}://{here.netloc}/", glob) for glob in globs):
            return self._head.get("messages_path")
        return None

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
        if not self._tells:
            return payload, fields, ()
        gone = dropped.without(payload, self.deployment.dropped)
        told = () if self.deployment.takes_system else _without_system(payload)
        changed = gone | ({"messages"} if told else set())
        fields = {name: value for name, value in fields.items() if name not in changed}  # they are not as they came
        return payload, fields, (dropped.NAME, *told) if gone else told

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
