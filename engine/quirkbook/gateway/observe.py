"""What is recorded of each request: a line of JSON in the log, and the figures at /metrics."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from queue import SimpleQueue
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .figures import Figures, page, taken

_encode = msgspec.json.Encoder().encode

#: Seconds that log lines wait to be written together.
TOGETHER: Final = 0.05
MOST_WAITING: Final = 1000
"""Pieces of the log that wait to be written; each holds the lines of `TOGETHER` seconds."""
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Log:
    """Writes a line per request; lines that come close together are written together.

    They go to stderr by a thread of their own: where nobody reads what is written there, lines are lost and counted,
    and requests go on.
    """

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self._written = None if write else _Writer(sys.stderr.write)
        self._write_text = write or self._written.put  # type: ignore[union-attr]
        self._lines: list[bytes] = []

    @property
    def lost(self) -> int:
        """How many lines could not be written, as nobody reads what is."""
        return self._written.lost if self._written else 0

    def close(self) -> None:
        """Write what waits, if that is possible within a second."""
        self.flush()
        if self._written:
            self._written.close()

    def write(self, **facts: Any) -> None:
        """Write down facts; those that are None are left out."""
        now = time.time()
        line = {"time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03d}Z"}
        line |= {name: value for name, value in facts.items() if value is not None}
        if not self._lines:
            try:
                asyncio.get_running_loop().call_later(TOGETHER, self.flush)
            except RuntimeError:  # before the server runs, and after it
                self._write_text(_encode(line).decode() + "\n")
                return
        self._lines.append(_encode(line))

    def flush(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        if lines:
            self._write_text(b"\n".join([*lines, b""]).decode())


class _Writer:
    """A thread that writes, and what waits for it."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._told = 0
        self.lost = 0

    def put(self, text: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        if self._waiting.qsize() >= MOST_WAITING:
            self.lost += text.count("\n")
        else:
            self._waiting.put(text)

    def _run(self) -> None:
        while (text := self._waiting.get()) is not None:
            if self.lost > self._told:
                text = _encode({"event": "log lines lost", "lines": self.lost - self._told}).decode() + "\n" + text
                self._told = self.lost
            with contextlib.suppress(OSError, ValueError):  # whoever read it is gone
                self._write(text)
                sys.stderr.flush()

    def close(self) -> None:
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(1)


class Metrics:
    """The figures of one worker."""

    def __init__(self, under_way: Callable[[], int], lost: Callable[[], int] = int) -> None:
        """Begin to count; ``under_way`` tells how many requests are not yet answered, ``lost`` how many lines of the log."""
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "quirkbook_requests", "Requests answered.", ["model", "provider", "status"], registry=registry
        )
        self._fired = Counter(
            "quirkbook_rules_fired", "Requests that a rule changed, or refused.", ["rule"], registry=registry
        )
        self._seconds = Histogram(
            "quirkbook_request_seconds",
            "Seconds from a request's arrival to the end of its answer.",
            ["model", "provider"],
            registry=registry,
            buckets=_BUCKETS,
        )
        self._upstream = Histogram(
            "quirkbook_upstream_seconds",
            "Seconds until the upstream's answer began.",
            ["model", "provider"],
            registry=registry,
            buckets=_BUCKETS,
        )
        waiting = Gauge("quirkbook_requests_under_way", "Requests not yet answered.", registry=registry)
        waiting.set_function(under_way)
        Gauge("quirkbook_log_lines_lost", "Lines of the log that nobody took.", registry=registry).set_function(lost)
        Gauge("quirkbook_workers", "Processes that serve, and whose figures these are.", registry=registry).set(1)
        self._retries = Counter(
            "quirkbook_retries", "Requests sent once more, or elsewhere.", ["model"], registry=registry
        )
        self._failures = Counter(
            "quirkbook_failures",
            "Tries that came to nothing, by deployment and by the upstream's status, if there was one.",
            ["deployment", "status"],
            registry=registry,
        )
        self._shadow = Counter(
            "quirkbook_shadow_requests",
            "Requests sent unchanged, by what rules would have done (nothing, change, refuse) and by how they ended.",
            ["model", "would", "status"],
            registry=registry,
        )
        self._would = Counter(
            "quirkbook_rules_would_fire", "Requests sent unchanged that a rule would have changed, or refused.", ["rule"],
            registry=registry,
        )  # fmt: skip
        self._canary = Counter(
            "quirkbook_canary_requests", "Requests of the canary's share.", ["model", "status"], registry=registry
        )
        # Finding the child of a metric by its labels costs more than counting.
        self._request = lru_cache(4096)(self._requests.labels)
        self._rule = lru_cache(4096)(self._fired.labels)
        self._times = lru_cache(4096)(lambda *of: (self._seconds.labels(*of), self._upstream.labels(*of)))

    def count(
        self, model: str, provider: str, status: int, seconds: float, upstream: float | None, rules: tuple[str, ...]
    ) -> None:
        """Count a request that was answered; ``model`` is a name of the config, never what a client wrote."""
        self._request(model, provider, str(status)).inc()
        total, first_byte = self._times(model, provider)
        total.observe(seconds)
        if upstream is not None:
            first_byte.observe(upstream)
        for rule in rules:
            self._rule(rule).inc()

    def refused(self, status: int) -> None:
        """Count a caller that was turned away before anything of its request was read."""
        self._request("", "", str(status)).inc()

    def retried(self, model: str, times: int) -> None:
        """Count further tries."""
        self._retries.labels(model).inc(times)

    def shadowed(self, model: str, would: str, status: int, rules: Iterable[str]) -> None:
        """Count a request that went unchanged."""
        self._shadow.labels(model, would, str(status)).inc()
        for rule in rules:
            self._would.labels(rule).inc()

    def canary(self, model: str, status: int) -> None:
        """Count a request of the canary's share."""
        self._canary.labels(model, str(status)).inc()

    def failed(self, deployment: str, status: int | None) -> None:
        """Count a try that came to nothing."""
        self._failures.labels(deployment, "none" if status is None else str(status)).inc()

    def taken(self) -> Figures:
        """Return the figures as they are now."""
        return taken(self._registry)

    async def page(self) -> bytes:
        """Return the figures as Prometheus reads them."""
        return page(self.taken())
