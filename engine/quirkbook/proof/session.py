"""A session with an endpoint: what is asked is sent once each, within a budget, kept as it comes, and judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ..errors import APIConnectionError
from ..rulebook.rulebook import Rulebook
from .asks import Ask, asks, untested
from .exchange import STOPS, Exchange, key_of
from .fill import ANSWER
from .judge import CHANGED, Verdict, by_rule, judge
from .recordings import Recording
from .refusals import Wordings

#: Characters of a request that are about one token.
_PER_TOKEN: Final = 4


class Endpoint(Protocol):
    """Whoever answers: a provider, an emulator, a recording."""

    def send(self, request: Mapping[str, Any]) -> Exchange | None:
        """Return the answer to a request; None where there is no recording of it.

        Raises:
            APIConnectionError: there was no answer.
        """

    def models(self) -> list[str] | None:
        """Return the ids of the models that it serves; None where it does not say."""


@dataclass
class Findings:
    """What a session found out."""

    provider: str
    date: str
    verdicts: list[Verdict]
    untested: list[tuple[str, str]]
    """Rules that nothing was asked about, and why."""
    exchanges: dict[str, Exchange]
    listed: list[str] = field(default_factory=list)
    """The ids that the endpoint lists."""
    unknown_models: list[str] = field(default_factory=list)
    """Those of them that no family knows."""
    stopped: str = ""
    """Why the session ended before all was asked."""
    tokens: int = 0
    unused: list[str] = field(default_factory=list)
    """Of a replay: recorded requests that are no longer sent."""

    @property
    def served(self) -> list[str]:
        """The models that answered, by their own word."""
        return sorted({exchange.model for exchange in self.exchanges.values() if exchange.model})

    @property
    def hosts(self) -> list[str]:
        """The hosts that answered, where the answers name them: an endpoint with several is a changing pool."""
        return sorted({str(name) for exchange in self.exchanges.values() if (name := _host(exchange.body))})

    @property
    def has_changed(self) -> bool:
        """Whether something calls for a person: stale, broken, unforeseen, or a recording that is no longer asked for."""
        return any(verdict.word in CHANGED for verdict in self.verdicts) or bool(self.unused)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data, in the form in which a recording keeps it."""
        return {
            "provider": self.provider,
            "date": self.date,
            "complete": not self.stopped,
            "stopped": self.stopped,
            "tokens": self.tokens,
            "served": self.served,
            "hosts": self.hosts,
            "models": self.listed,
            "unknown_models": self.unknown_models,
            "verdicts": {key: verdict.to_dict() for key, verdict in by_rule(self.verdicts).items()},
            "untested": dict(self.untested),
            "unused": self.unused,
        }


def _host(body: Any) -> Any:
    return body.get("provider") if isinstance(body, Mapping) and "choices" in body else None


def estimate(request: Mapping[str, Any]) -> int:
    """Return about how many tokens a request costs, its answer included."""
    limit = request.get("max_tokens") or request.get("max_completion_tokens") or ANSWER
    choices = request.get("n") if isinstance(request.get("n"), int) else 1
    text = json.dumps({key: request[key] for key in ("messages", "tools") if key in request}, ensure_ascii=False)
    return len(text) // _PER_TOKEN + (limit if isinstance(limit, int) and limit < 100_000 else ANSWER) * max(
        1, choices or 1
    )


def _send(endpoint: Endpoint, request: Mapping[str, Any]) -> Exchange | None:
    """Send a request; once more where the connection was closed, as servers do after some requests."""
    try:
        return endpoint.send(request)
    except APIConnectionError as error:
        if not error.retryable:
            raise
    return endpoint.send(request)


@dataclass
class Session:
    """What is to be found out, and how."""

    book: Rulebook
    provider: str
    models: Sequence[str]
    wordings: Wordings
    date: str
    rule_glob: str = "*"
    budget: int | None = None
    """Tokens that may be spent."""
    recording: Recording | None = None
    wait: Callable[[], None] = lambda: None
    """Called before each request: keeps the rate."""
    progress: Callable[[int, int], None] = lambda done, total: None

    def __post_init__(self) -> None:
        self.asks: list[Ask] = list(asks(self.book, self.provider, self.models, self.rule_glob))

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The requests of the whole session, each once, in order."""
        unique = {key_of(request): request for ask in self.asks for request in ask.requests}
        return list(unique.values())

    def run(self, endpoint: Endpoint) -> Findings:
        """Send what is not known yet, and judge."""
        answers = self.recording.resumed() if self.recording else {}
        stopped = self._send_all(endpoint, answers)
        why = stopped or "there is no recording of a request"
        verdicts = [judge(ask, answers, self.wordings, why) for ask in self.asks]
        missing = list(untested(self.book, self.provider, self.models, self.rule_glob))
        listed = endpoint.models() or []
        unknown = [model for model in listed if self.book.identify(model, self.provider) is None]
        tokens = sum(exchange.tokens for exchange in answers.values())
        return Findings(self.provider, self.date, verdicts, missing, answers, listed, unknown, stopped, tokens)

    def _send_all(self, endpoint: Endpoint, answers: dict[str, Exchange]) -> str:
        """Send each request that has no answer yet; return why the session stopped, if it did."""
        requests = self.requests
        spent = sum(exchange.tokens for exchange in answers.values())
        for done, request in enumerate(requests):
            self.progress(done, len(requests))
            if key_of(request) in answers:
                continue
            cost = estimate(request)
            if self.budget is not None and spent + cost > self.budget:
                return f"the budget of {self.budget} tokens is used up"
            self.wait()
            try:
                exchange = _send(endpoint, request)
            except APIConnectionError as error:
                return str(error)
            if exchange is None:
                continue
            if exchange.status in STOPS:
                return f"status {exchange.status}: {exchange.words}"
            spent += exchange.tokens
            answers[exchange.key] = exchange
            if self.recording:
                self.recording.add(exchange)
        self.progress(len(requests), len(requests))
        return ""
