"""What the way back costs on answers and streams that never came before, in times of json.loads of them."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from measure import Report, Target
from traffic import Payload, Traffic

from quirkbook import ChunkTranslator, translate_response

LIMITS = {
    "unchanged": Target("answers unchanged, x json.loads", most=1),
    "changed": Target("answers changed, x json.loads", most=2),
}
Feed = Callable[[Payload], Any]


def measure(report: Report, pairs: Sequence[tuple[str, str]], rounds: int, count: int) -> None:
    """Print a row for each provider: whole answers and chunks, each apart by whether a rule changes them."""
    report.title("Answers never seen, x json.loads of them; share that a rule changes")
    for provider, model in pairs:
        cells: dict[str, Any] = {}
        targets: dict[str, Target] = {}
        for what, streams, feed in (("answer", whole, by_answer), ("chunk", streamed, by_chunk)):
            seen = [halves(streams(provider, model, at, count), feed(provider, model)) for at in range(rounds)]
            for half, limit in LIMITS.items():
                ratios = [one[half][0] / one[half][1] for one in seen if one[half][2]]
                cells[f"{what}, {half}"] = statistics.median(ratios) if ratios else "-"
                targets[f"{what}, {half}"] = limit
            changed, all_of_them = (
                sum(one[half][2] for one in seen for half in which) for which in (["changed"], LIMITS)
            )
            cells[f"{what}s changed"] = f"{changed / all_of_them:.0%}"
        report.row(f"{provider} {model.rpartition('/')[2]}", cells, targets)


def whole(provider: str, model: str, at: int, count: int) -> list[list[Payload]]:
    made = Traffic(f"answer {provider} {model} {at}")
    return [[made.answer(model)] for _ in range(4 * count)]


def streamed(provider: str, model: str, at: int, count: int) -> list[list[Payload]]:
    made = Traffic(f"stream {provider} {model} {at}")
    return [made.stream(model) for _ in range(count)]


def by_answer(provider: str, model: str) -> Callable[[], Feed]:
    """Return what makes the feed of a stream: here of a stream that is one whole answer."""
    return lambda: lambda answer: [translate_response(answer, provider, model=model)]


def by_chunk(provider: str, model: str) -> Callable[[], Feed]:
    return lambda: ChunkTranslator(provider, model=model).feed


def halves(streams: list[list[Payload]], begin: Callable[[], Feed]) -> dict[str, list[float]]:
    """Return for what no rule changed and for the rest: seconds of ours, seconds of json.loads, how many.

    Each is timed alone, in its place in the stream, because only the result tells which half it belongs to.
    """
    found = {"unchanged": [0.0, 0.0, 0], "changed": [0.0, 0.0, 0]}
    begin()(streams[0][0])  # rules are read and compiled
    own = statistics.median(clocked(str, "")[0] for _ in range(1000))  # what the clock itself takes
    gc.disable()
    for stream in streams:
        feed = begin()
        for given in stream:
            text = json.dumps(given)
            loads, _ = clocked(json.loads, text)
            took, result = clocked(feed, given)
            same = len(result) == 1 and result[0] is given
            for place, more in enumerate((took - own, loads - own, 1)):
                found["unchanged" if same else "changed"][place] += more
    gc.enable()
    return found


def clocked(run: Callable[[Any], Any], given: Any) -> tuple[float, Any]:
    started = time.thread_time_ns()
    result = run(given)
    return time.thread_time_ns() - started, result
