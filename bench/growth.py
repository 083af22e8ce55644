"""How the cost of a translation grows: with messages, tools, levels of a schema, with models, with rules of others."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure import Bench, Target, ratio, timed
from ours import compared, translator
from traffic import Payload, Traffic

from quirkbook import Rulebook

#: What grows -> its counts, and how a request of that size is made.
GROWING: dict[str, tuple[tuple[int, ...], Callable[[Traffic, str, int], Payload]]] = {
    "messages": ((10, 40, 160, 640, 1500, 6000), lambda one, model, n: one.request(model, n, 4, agent=True)),
    "tools": ((1, 4, 16, 32, 64, 128), lambda one, model, n: one.request(model, 2, n)),
    "levels of a schema": ((10, 40, 160, 625, 2500, 10_000), lambda one, model, n: one.deep(model, n)),
}
PATIENCE_S = 0.3
"""A request that takes longer ends its series; what is linear takes a tenth of it."""
FOREIGN = 500
FOREIGN_HEAD = """\
quirks: 1
provider: other-{0}
name: Other {0}
base_url: https://other-{0}.example/v1
rules:
"""
FOREIGN_RULE = """
  - id: range-{0}
    why: It takes temperature 0 to 1.
    source: https://other.example/docs
    verified: {{date: 2026-11-22, by: docs}}
    when: {{temperature: {{outside: [0, 1]}}}}
    do:
      - clamp: {{temperature: [0, 1]}}
    examples:
      - {{in: {{temperature: 1.7}}, out: {{temperature: 1}}}}
      - {{in: {{temperature: 1}}, same: true}}
      - {{in: {{temperature: 0}}, same: true}}
"""


def models(bench: Bench) -> None:
    """Measure requests of which each names a model that was not asked for before: each makes a plan."""
    bench.report.title("Every request names another model, 2 x 1")
    for provider, model in bench.pairs:
        made = bench.traffic("models", model)
        known, x_known = compared(bench, provider, lambda *_: made.request(model, 2, 1), 40)  # noqa: B023
        new, x_new = compared(
            bench,
            provider,
            lambda at, place: made.request(f"{model}-{at}{place:03}", 2, 1),  # noqa: B023
            40,
        )
        cells = {"us": new, "x json.dumps": x_new, "one model, us": known, "one model, x json.dumps": x_known}
        bench.report.row(f"{provider} {model.rpartition('/')[2]}", cells)


def linear(bench: Bench) -> None:
    """Measure cost against the number of messages, of tools, and of levels of a schema."""
    for what, (counts, make) in GROWING.items():
        bench.report.title(f"Linear in {what}: {counts[0]:,} to {counts[-1]:,}")
        for provider, model in bench.pairs:
            took = series(provider, model, counts, make)
            steps = {n: took[4 * n] / took[n] for n in took if 4 * n in took}
            worst = max(steps, key=lambda n: steps[n])
            last = max(took)
            cells = {
                "highest time(4n) / time(n)": steps[worst],
                "at n": worst,
                "us each of the fewest": took[counts[0]] / counts[0] * 1e6,
                "us each of the most": took[last] / last * 1e6,
                "most": last if last == counts[-1] else f"{last}: took {took[last]:.1f} s",
            }
            limit = {"highest time(4n) / time(n)": Target("time(4n) / time(n)", most=5)}
            bench.report.row(f"{provider} {model.rpartition('/')[2]}", cells, limit)


def series(provider: str, model: str, counts: Sequence[int], make: Any) -> dict[int, float]:
    """Return the seconds of a request for each count, until one takes too long."""
    run, made, took = translator(provider), Traffic(f"{provider} {model}"), {}
    run(make(made, model, counts[0]))
    for n in counts:
        seen = [timed(run, [make(made, model, n)])]
        while len(seen) < 5 and seen[0] < PATIENCE_S:
            seen.append(timed(run, [make(made, model, n) for _ in range(max(1, min(20, 1000 // n)))]))
        took[n] = statistics.median(seen[1:] or seen)
        if len(seen) == 1:
            break
    return took


def foreign(bench: Bench) -> None:
    """Measure cost against the number of rules of other providers."""
    bench.report.title(f"{FOREIGN} rules of other providers beside the built-in ones, 2 x 1")
    with tempfile.TemporaryDirectory() as folder:
        for at in range(0, FOREIGN, 10):
            text = FOREIGN_HEAD.format(at) + "".join(FOREIGN_RULE.format(number) for number in range(10))
            Path(folder, f"other-{at}.yaml").write_text(text, encoding="utf-8")
        crowded = Rulebook.load(folder)
    provider, model = bench.pairs[0]
    runs = [translator(provider), translator(provider, rulebook=crowded)]
    times: list[list[float]] = [[], []]
    for at in range(bench.rounds):
        made = bench.traffic("foreign", at)
        requests = [made.request(model, 2, 1) for _ in range(bench.count(200) + 1)]
        for run, seen in zip(runs, times, strict=True):
            run(requests[0])
            seen.append(timed(run, requests[1:]))
    limit = {"x without them": Target("rules of others, x without them", most=1.1)}
    bench.report.row(f"{provider} {model}", {"x without them": ratio(times[1], times[0])}, limit)
