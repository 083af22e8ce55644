"""Our translation as the benchmarks run it, the check that it is right, and its targets in times of json.dumps."""

from __future__ import annotations

import copy
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

from measure import Bench, Target, ratio, timed
from traffic import Payload

from quirkbook import RefusedError, Rulebook, translate

#: Where most tools are rewritten.
REWRITES_TOOLS = {"gemini"}


def translator(provider: str, **options: Any) -> Callable[[Payload], Payload | None]:
    """Return translate() for a provider; a refusal is an answer too."""

    def run(request: Payload) -> Payload | None:
        try:
            return translate(request, provider, **options)
        except RefusedError:
            return None

    return run


def check(provider: str, requests: Sequence[Payload]) -> None:
    """Translate each three times, the last time a copy, and compare; the input must stay as it was."""
    run = translator(provider)
    for one in requests:
        before = copy.deepcopy(one)
        if not (run(one) == run(one) == run(copy.deepcopy(before)) and one == before):
            sys.exit(
                f"{provider} translates a request differently the second time, or changes it: {json.dumps(before)}"
            )


def most(provider: str, tools: int) -> Target:
    """Return the target of a request in times of json.dumps."""
    limit = 2 if not tools or provider in REWRITES_TOOLS else 1
    return Target("with tools, x json.dumps" if tools else "without tools, x json.dumps", most=limit)


def without_rules() -> str:
    """Return the first provider by name of which no rule is known; those in force everywhere hold there too."""
    book = Rulebook.load()
    return next(name for name in book.providers if all(entry.is_general for entry in book.effective(name, "m")))


def compared(bench: Bench, provider: str, make: Callable[[int, int], Payload], count: int) -> tuple[float, float]:
    """Return us per request and times json.dumps of it; ``make`` is given round and place."""
    dumps, ours = [], []
    run = translator(provider)
    for at in range(bench.rounds):
        requests = [make(at, place) for place in range(count)]
        dumps.append(timed(json.dumps, requests))
        ours.append(timed(run, requests))
    return statistics.median(ours) * 1e6, ratio(ours, dumps)
