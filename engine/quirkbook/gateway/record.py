"""What is known of one request when it has ended: a line of the log, the figures, and the headers that tell who answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from .observe import Log, Metrics
from .router import Target
from .upstream.prepared import Would

if TYPE_CHECKING:  # it needs the extra otel
    from .tracing import Trace

_WHY: Final = 300
"""Characters of each reason in the log; the client gets the whole of the last."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that came to nothing."""

    target: Target
    status: int | None
    """Of the upstream's answer; None: there was none, or nothing was sent."""
    why: str

    def as_data(self) -> dict[str, Any]:
        """Return what the log says of it."""
        return {"deployment": self.target.label, "status": self.status, "why": self.why[:_WHY]}


@dataclass(slots=True)
class Record:
    """A request under way."""

    id: bytes
    started: float = field(default_factory=perf_counter)
    upstream: float | None = None
    """Seconds until the head of the answer that was passed on, or of the last one."""
    requested: str = ""
    """The name that the client asked for."""
    endpoint: str | None = None
    """Where it was sent, unless it is a chat completion."""
    target: Target | None = None
    """Who was asked last."""
    tries: int = 0
    failures: list[Failure] = field(default_factory=list)
    rules: tuple[str, ...] = ()
    key: str | None = None
    """The name of the client's key."""
    would: Would | None = None
    """What rules would have done to a request that went unchanged."""
    is_canary: bool = False
    """Whether it is one of the share for which others are the rules."""
    trace: Trace | None = None
    ignored: tuple[str, ...] = ()
    """Fields of LiteLLM's that have no effect here."""
    status: int = 0
    why: str | None = None
    streams: bool = False

    def outcome(self, status: int, why: str | None = None) -> None:
        """Note how it ended."""
        self.status, self.why = status, why

    def failed(self, target: Target, status: int | None, why: str, kind: str | None = None) -> None:
        """Note a try that came to nothing; ``kind`` is the class of the error."""
        if self.trace is not None:
            self.trace.failed(status, kind, self.rules)
        self.failures.append(Failure(target, status, why))

    def broke(self, why: str) -> None:
        """Note that an answer whose head has gone out did not end well."""
        self.why = why
        assert self.target is not None
        self.failed(self.target, None, why)

    def _failed(self) -> list[dict[str, Any]] | None:
        """Return the tries that came to nothing; none where the line says as much anyway."""
        if len(self.failures) == 1 and self.failures[0].why == self.why:
            return None
        return [failure.as_data() for failure in self.failures] or None

    def _trial(self) -> dict[str, Any]:
        """Return what the line says of rules that are tried out."""
        said: dict[str, Any] = {"canary": self.is_canary or None}
        if self.would is not None:
            refusal = self.would.refusal
            said |= {"shadow": self.would.outcome, "would": list(self.would.rules) or None}
            said["would_refuse"] = None if refusal is None else refusal[:_WHY]
        return said

    def write(self, log: Log, metrics: Metrics) -> None:
        """Write the line of the log, and count."""
        took = perf_counter() - self.started
        target = self.target
        model, provider = (target.deployment.name, target.deployment.provider) if target else ("", "")
        metrics.count(model, provider, self.status, took, self.upstream, self.rules)
        if self.trace is not None:
            facts = {"request_id": self.id.decode(), "deployment": target.label if target else None, "key": self.key}
            self.trace.end(self.status, self.why, self.rules, facts)
        if self.tries > 1:
            metrics.retried(model, self.tries - 1)
        if self.would is not None:
            metrics.shadowed(model, self.would.outcome, self.status, self.would.rules)
        if self.is_canary:
            metrics.canary(model, self.status)
        for failure in self.failures:
            metrics.failed(failure.target.label, failure.status)
        log.write(
            id=self.id.decode(),
            status=self.status,
            key=self.key,
            model=model or None,
            endpoint=self.endpoint,
            requested=self.requested if self.requested != model else None,
            provider=provider or None,
            deployment=target.label if target and target.label != model else None,
            ms=round(took * 1e3, 2),
            upstream_ms=None if self.upstream is None else round(self.upstream * 1e3, 2),
            stream=self.streams or None,
            tries=self.tries if self.tries > 1 else None,
            failed=self._failed(),
            rules=list(self.rules) or None,
            **(self._trial() if self.would is not None or self.is_canary else {}),
            ignored=list(self.ignored) or None,
            why=self.why,
        )
