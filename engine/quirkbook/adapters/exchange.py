"""What all adapters do: the bytes of a chat request in, those for the provider and a report out; and the way back.

No sockets and no HTTP library: an adapter only carries what is given here to and from the client it is for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from .. import api
from ..api import Translation
from ..api.policy import Policy, check_policy
from ..api.reasoning import ReasoningMemory, wants_thoughts
from ..errors import RefusedError, UnknownProviderError, UsageError
from ..model import Effect
from ..payload.describe import kind
from ..plan.interpret import changes, refusals
from ..rulebook.remarks import UNKNOWN_ADDRESS
from ..rulebook.rulebook import Rulebook
from ..wire.jsontext import decode, encode
from .answer import NOTE, STREAM, StreamedAnswer, WholeAnswer
from .events import EventStream

RULES: Final = "x-quirkbook-rules"
"""The header of a response that names the rules that changed its request."""
LONGEST: Final = 1000
"""Characters of such a header: some servers and proxies give up at a few thousand for all of them."""

BaseModel = str | Mapping[str, str] | None
"""The maker's name of the model that is served, or such names by those of deployments."""

_PATH: Final = "/chat/completions"
NOT_READ: Final = "only requests for chat completions are translated: this one is sent as it is"
_PORTS: Final = {"http": 80, "https": 443}


def is_chat(method: str, path: str) -> bool:
    """Tell whether a request may be one for a chat completion; all others pass unread.

    >>> is_chat("POST", "/v1/chat/completions"), is_chat("POST", "/v1/embeddings")
    (True, False)
    """
    return method == "POST" and path.rstrip("/").endswith(_PATH)


def _gunzip(body: bytes) -> bytes:
    """Return a packed body unpacked, or as it is where it is not one or too large."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        data = unpacker.decompress(body, _LARGEST)
    except zlib.error:
        return body
    return data if unpacker.eof else body


_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an unpacked body."""
_UNPACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": bytes, "identity": bytes, "gzip": _gunzip, "x-gzip": _gunzip, "deflate": _gunzip,
}  # fmt: skip


class Rules:
    """Whose rules to apply, of which rulebook, under which policy, and which models deployments' names stand for."""

    def __init__(
        self,
        provider: str | None,
        rulebook: Rulebook | None,
        policy: Policy | None,
        base_model: BaseModel = None,
        memory: ReasoningMemory | None = None,
    ) -> None:
        """Take the options that all adapters have.

        Raises:
            UnknownProviderError: nobody of that name.
            UsageError: an unknown policy, or a base_model or memory of another type.
        """
        check_policy(policy)
        if not isinstance(memory, ReasoningMemory | None):
            raise UsageError(f"reasoning_memory must be a quirkbook.ReasoningMemory, not {kind(memory)}")
        if not isinstance(base_model, str | Mapping | None):
            raise UsageError(
                f"base_model must be a model's name, or a mapping from deployments to names, not {kind(base_model)}; "
                'example: {"my-deployment": "gpt-5.6"}'
            )
        self._given = (provider, rulebook, policy, base_model, memory)
        self._base_model = base_model
        self.rulebook = rulebook or api.default_rulebook()
        self.provider = None if provider is None else self.rulebook.provider(provider).name
        self.policy = policy
        self.memory = memory
        """Where thoughts are kept that clients lose."""

    def __reduce__(self) -> tuple[type[Rules], tuple[Any, ...]]:
        return Rules, self._given  # the rulebook in use is full of functions; another process has its own

    def prepare(self, url: str, body: bytes, packed: str = "") -> TranslatedRequest | None:
        """Return what to send in place of ``body``; None for what is not a chat request. ``packed`` is its content encoding.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change that the payload needs.
            PayloadError: it is not a chat payload.
        """
        unpack = _UNPACK.get(packed.strip().lower())
        if unpack is None:
            return TranslatedRequest(self, note=f"the request is packed as {packed}: it is sent as it is")
        payload = decode(unpack(body))
        if not isinstance(payload, dict):
            return None
        try:
            report = self.translate(payload, self.provider, None if self.provider else _comparable_url(url))
        except UnknownProviderError as error:
            return TranslatedRequest(self, note=str(error).partition("\n")[0])
        is_changed = any(change.effect is not Effect.NONE for change in report.changes)
        note = next((change.note for change in report.changes if change.rule == UNKNOWN_ADDRESS), "")
        base_model = self.base_model(payload.get("model"))
        return TranslatedRequest(self, encode(report.payload) if is_changed else None, report, note, base_model)

    def base_model(self, deployment: Any) -> str | None:
        """Return which model a deployment's name stands for; None: for none but itself."""
        given = self._base_model
        if isinstance(given, Mapping):
            return given.get(deployment) if isinstance(deployment, str) else None
        return given

    def translate(self, payload: dict[str, Any], provider: str | None, base_url: str | None = None) -> Translation:
        """Return the payload translated, with the report; for errors see `prepare`."""
        base_model = self.base_model(payload.get("model"))
        given, found = (payload, []) if self.memory is None else self.memory.restored(payload)
        run = api.apply_rules(given, provider, None, base_url, self.rulebook, self.policy, base_model=base_model)
        if found and not wants_thoughts(self.rulebook, run.plan.provider, run.plan.model, base_model):
            found = []
            run = api.apply_rules(payload, provider, None, base_url, self.rulebook, self.policy, base_model=base_model)
        if run.refusals:
            raise RefusedError(refusals(run))
        if run.fired:
            api.apply_policy(run, self.policy, stacklevel=None)
        plan = run.plan
        return Translation(
            run.root,
            (*found, *changes(run)),
            plan.provider,
            plan.model,
            headers={**run.headers},
            identity=plan.identity,
        )


@dataclass(frozen=True, slots=True)
class TranslatedRequest:
    """A request that was looked at, and how to read its answer."""

    rules: Rules = field(repr=False)
    body: bytes | None = None
    """What to send; None: the caller's own bytes."""
    report: Translation | None = None
    """What was changed; None where nobody knows the provider."""
    note: str = ""
    base_model: str | None = None
    """Which model it is, where its name does not say so."""

    @property
    def headers(self) -> Mapping[str, str | None]:
        """The headers that change with the body, and those that rules ask for; None: to leave out."""
        if self.body is None or self.report is None:
            return {}
        plain = {"content-length": str(len(self.body)), "transfer-encoding": None, "content-encoding": None}
        return {**plain, **self.report.headers}

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers that the response gets."""
        headers = {NOTE: _short(self.note)} if self.note or self.report is None else {}
        if self.report and self.report.changes:
            headers[RULES] = rules_header(change.rule for change in self.report.changes)
        return headers

    def answer(self, status: int, content_type: str) -> WholeAnswer | StreamedAnswer | None:
        """Return what reads the answer; None for what is neither a good one nor an error, so that it passes as it is."""
        if self.report is None or status < 200 or 300 <= status < 400:
            return None
        payload, book, memory = self.report.payload, self.rules.rulebook, self.rules.memory
        provider, names = self.report.provider, self.report.names
        streams = status < 400 and payload.get("stream") is True
        kind = content_type.partition(";")[0].strip().lower()
        whole = WholeAnswer(
            provider, payload, status, book, self.base_model, names, memory,
            restreams=streams, is_late=streams and kind == STREAM,
        )  # fmt: skip
        if not streams:
            return whole
        return StreamedAnswer(whole, EventStream(provider, payload, book, self.base_model, names, memory), kind)


def rules_header(rules: Iterable[str]) -> str:
    """Return the names of rules, each once, as a header's value.

    >>> rules_header(["acme/no-seed", "acme/no-user", "acme/no-seed"])
    'acme/no-seed, acme/no-user'
    """
    names = list(dict.fromkeys(rules))
    text = ", ".join(names)
    while len(text) > LONGEST:
        shown = text[: LONGEST - 20].rpartition(", ")[0].split(", ")
        text = f"{', '.join(shown)}, and {len(names) - len(shown)} more"
    return text


def _short(text: str) -> str:
    return text.encode("ascii", "replace").decode()[:LONGEST]


def _comparable_url(url: str) -> str:
    """Return a URL as rule files write theirs: without what may be a secret, and without the usual port."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
