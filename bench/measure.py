"""How the benchmarks time, print and judge: CPU time, medians, markdown tables with the targets that were missed marked."""

from __future__ import annotations

import gc
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from traffic import Traffic

Job = Callable[[Any], Any]


def timed(run: Job, given: Sequence[Any]) -> float:
    """Return the CPU seconds that one of the given takes, of one pass over all.

    The collector is off meanwhile: when it runs depends on what ran before.
    """
    gc.disable()
    started = time.process_time()
    for one in given:
        run(one)
    took = time.process_time() - started
    gc.enable()
    return max(took, 1e-9) / len(given)


def ratio(times: Iterable[float], base: Iterable[float]) -> float:
    """Return the median over the rounds of how many times as long something took as its base in the same round."""
    return statistics.median(a / b for a, b in zip(times, base, strict=True))


def figure(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


class Target:
    """A bound on a figure; ``kind`` is what the summary counts it under."""

    def __init__(self, kind: str, *, most: float | None = None, least: float | None = None) -> None:
        self.kind, self.most, self.least = kind, most, least

    def reached(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def __str__(self) -> str:
        if self.most is not None and self.least is not None:
            return f"{self.least:g} to {self.most:g}"
        return f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"


class Report:
    """Prints tables row by row and keeps all of it; a figure that misses its target stands in bold with the target."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.judged: dict[str, list[tuple[bool, float, str]]] = {}
        self._columns: tuple[str, ...] = ()

    def title(self, text: str) -> None:
        print(f"\n### {text}\n", flush=True)
        self._table, self._columns = text, ()

    def row(self, name: str, cells: dict[str, Any], targets: dict[str, Target] | None = None) -> None:
        """Print a row; the first row of a table makes its head."""
        if tuple(cells) != self._columns:
            again = "\n" if self._columns else ""
            self._columns = tuple(cells)
            print(f"{again}| | {' | '.join(cells)} |\n| --- |{' ---: |' * len(cells)}")
        shown = []
        for key, value in cells.items():
            target = (targets or {}).get(key)
            shown.append(figure(value))
            if target is not None and isinstance(value, float):
                reached = target.reached(value)
                self.judged.setdefault(target.kind, []).append((reached, value, f"{name}: {key}"))
                if not reached:
                    shown[-1] = f"**{figure(value)}** ({target})"
        print(f"| {name} | {' | '.join(shown)} |", flush=True)
        self.rows.append({"table": self._table, "name": name, **cells})

    def summary(self) -> None:
        """Print for each kind of target how many were reached, and the highest and lowest figure."""
        self.title("Targets")
        for kind, judged in self.judged.items():
            low, high = (pick(judged, key=lambda one: one[1]) for pick in (min, max))
            cells = {
                "reached": f"{sum(one[0] for one in judged)} of {len(judged)}",
                "lowest": f"{figure(low[1])} ({low[2]})",
                "highest": f"{figure(high[1])} ({high[2]})",
            }
            self.row(kind, cells)


@dataclass
class Bench:
    """What is measured, how long, and where it is told."""

    report: Report
    pairs: Sequence[tuple[str, str]]
    rounds: int
    share: float
    """Of the requests of a round."""
    seed: int
    litellm: bool

    def traffic(self, *of: Any) -> Traffic:
        """Return what makes requests that no other asks for."""
        return Traffic(f"{self.seed} {of}")

    def count(self, full: int) -> int:
        return max(4, int(full * self.share))


DOCUMENT = [{"id": at, "name": f"name {at}", "on": True, "at": at / 7, "tags": ["a", "b"]} for at in range(200)]


def calibrate(report: Report, when: str) -> None:
    """Print what a fixed document of 15 kB costs to read and write: how fast the machine is, apart from our code."""
    jobs: dict[str, Job] = {
        "json.loads": json.loads,
        "json.dumps": lambda text: json.dumps(DOCUMENT),
    }
    if importlib.util.find_spec("msgspec"):
        import msgspec

        jobs["msgspec.json.decode"] = msgspec.json.decode
    text = json.dumps(DOCUMENT)
    best = {name: min(timed(job, [text] * 200) for _ in range(5)) for name, job in jobs.items()}
    report.row(f"machine, {when}", {f"{name}, us": took * 1e6 for name, took in best.items()})
