"""What all adapters do: the bytes of a chat request in, those for the provider and a report out; and the way back.

No sockets and no HTTP library: an adapter only carries what is given here to and from the client it is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from .. import api
from ..api import Policy, Translation
from ..errors import RefusedError, UnknownProviderError
from ..model import Effect
from ..plan.interpret import changes, refusals
from ..rulebook.remarks import UNKNOWN_ADDRESS
from ..rulebook.rulebook import Rulebook
from ..wire.jsontext import decode, encode
from .answer import NOTE, Answer, WholeAnswer
from .events import EventStream

RULES: Final = "x-quirkbook-rules"
"""The header of a response that names the rules that changed its request."""
LONGEST: Final = 1000
"""Characters of such a header: some servers and proxies give up at a few thousand for all of them."""

_PATH: Final = "/chat/completions"
_PORTS: Final = {"http": 80, "https": 443}


def is_chat(method: str, path: str) -> bool:
    """Tell whether a request may be one for a chat completion; all others pass unread.

    >>> is_chat("POST", "/v1/chat/completions"), is_chat("POST", "/v1/embeddings")
    (True, False)
    """
    return method == "POST" and path.rstrip("/").endswith(_PATH)


class Rules:
    """Whose rules to apply, of which rulebook, under which policy."""

    def __init__(self, provider: str | None, rulebook: Rulebook | None, policy: Policy | None) -> None:
        """Take the options that all adapters have.

        Raises:
            UnknownProviderError: nobody of that name.
            UsageError: a policy that is none.
        """
        api.check_policy(policy)
        self._given = (provider, rulebook, policy)
        self.rulebook = rulebook or api.default_rulebook()
        self.provider = None if provider is None else self.rulebook.provider(provider).name
        self.policy = policy

    def __reduce__(self) -> tuple[type[Rules], tuple[Any, ...]]:
        return Rules, self._given  # the rulebook in use is full of functions; another process has its own

    def prepare(self, url: str, body: bytes) -> TranslatedRequest | None:
        """Return what to send in place of ``body``; None for what is no chat request.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change that the payload needs.
            PayloadError: it is no chat payload.
        """
        payload = decode(body)
        if not isinstance(payload, dict):
            return None
        try:
            report = self.translate(payload, self.provider, None if self.provider else _comparable_url(url))
        except UnknownProviderError as error:
            return TranslatedRequest(self, note=str(error).partition("\n")[0])
        is_changed = any(change.effect is not Effect.NONE for change in report.changes)
        note = next((change.note for change in report.changes if change.rule == UNKNOWN_ADDRESS), "")
        return TranslatedRequest(self, encode(report.payload) if is_changed else None, report, note)

    def translate(self, payload: dict[str, Any], provider: str | None, base_url: str | None = None) -> Translation:
        """Return the payload translated, with the report; for errors see `prepare`."""
        run = api.apply_rules(payload, provider, None, base_url, self.rulebook, self.policy)
        if run.refusals:
            raise RefusedError(refusals(run))
        if run.fired:
            api.apply_policy(run, self.policy, stacklevel=4)
        plan = run.plan
        return Translation(
            run.root, changes(run), plan.provider, plan.model, headers={**run.headers}, identity=plan.identity
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

    @property
    def headers(self) -> Mapping[str, str | None]:
        """The headers that change with the body, and those that rules ask for; None: to leave out."""
        if self.body is None or self.report is None:
            return {}
        return {"content-length": str(len(self.body)), "transfer-encoding": None, **self.report.headers}

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers that the response gets."""
        headers = {NOTE: _short(self.note)} if self.note or self.report is None else {}
        if self.report and self.report.changes:
            headers[RULES] = rules_header(change.rule for change in self.report.changes)
        return headers

    def answer(self, status: int, content_type: str) -> Answer | None:
        """Return what reads the answer; None for a stream that no rule could touch, so that it passes as it is."""
        if self.report is None or status < 200 or 300 <= status < 400:
            return None
        streams = status < 400 and is_stream(content_type, self.report.payload)
        restreams = status < 400 and not streams and self.report.payload.get("stream") is True
        book, provider, model = self.rules.rulebook, self.report.provider, self.report.payload.get("model")
        if streams and not any(book.plan(provider, model, stage=stage).rules for stage in ("chunk", "error")):
            return None
        if streams:
            return EventStream(provider, self.report.payload, book)
        return WholeAnswer(provider, self.report.payload, status, book, restreams=restreams)


def is_stream(content_type: str, request: Mapping[str, Any]) -> bool:
    """Tell whether an answer comes in events: it says so, or was asked for so and is no JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "text/event-stream" or (request.get("stream") is True and kind != "application/json")


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
