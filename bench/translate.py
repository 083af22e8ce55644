"""What a translation costs on requests that never came before, beside json.dumps and LiteLLM on the same requests.

    python bench/translate.py [--quick] [--providers moonshot,openai:gpt-5] [--no-litellm] [--only PART]... [--json FILE]

All figures are CPU time and medians over rounds. No target fails a run; a wrong translation does, with exit code 1.
bench/README.md says what the tables mean.
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import answers
import fresh
import growth
from measure import Bench, Report, Target, calibrate, ratio, timed
from ours import check, compared, most, translator, without_rules
from theirs import NotComparable, litellm
from traffic import SHAPES, Payload

from quirkbook import QuirkbookWarning

PAIRS = (
    "moonshot:moonshot-v1-8k",
    "moonshot:kimi-k2.6",
    "openai:gpt-5",
    "openai:gpt-4o",
    "gemini:gemini-2.5-pro",
    "mistral:mistral-large-latest",
    "deepseek:deepseek-chat",
    "groq:llama-3.3-70b-versatile",
    "anthropic:claude-sonnet-4-5",
    "dashscope:qwen3-max",
    "zai:glm-4.6",
    "minimax:MiniMax-M2",
    "xai:grok-4",
    "openrouter:moonshotai/kimi-k2.6",
    "fireworks:accounts/fireworks/models/kimi-k2-instruct",
)
#: (messages, tools) -> requests of a round.
SIZES = {(2, 0): 400, (2, 1): 300, (10, 5): 80, (40, 20): 24}
#: Where LiteLLM repairs the request too; elsewhere it copies it, and 40 x 20 may tie.
REPAIRED_BY_LITELLM = {"moonshot", "openai", "deepseek", "groq", "xai", "mistral", "fireworks"}
FASTER = {(2, 0): 10, (2, 1): 10, (10, 5): 5, (40, 20): 3}
ALIKE = Target("second pass over the same requests, x the first", least=0.8, most=1.1)


def peer_target(provider: str, size: tuple[int, int]) -> Target:
    least = FASTER[size] if provider in REPAIRED_BY_LITELLM else 0.95 if size == (40, 20) else 1
    return Target("LiteLLM / ours", least=least)


def part_never_seen(bench: Bench) -> None:
    """Measure every provider at every size: first pass, second pass, one and the same again and again, LiteLLM."""
    version = importlib.metadata.version("litellm") if bench.litellm else "left out"
    bench.report.title(f"Never seen: messages x tools (LiteLLM {version})")
    for provider, model in bench.pairs:
        peer, absent = peer_of(bench, provider, model)
        for size, full in SIZES.items():
            measure_size(bench, provider, model, size, bench.count(full), peer, absent)


def peer_of(bench: Bench, provider: str, model: str) -> tuple[Callable[[Payload], Payload] | None, str]:
    if not bench.litellm:
        return None, "left out"
    try:
        return litellm(provider, model), ""
    except NotComparable as error:
        return None, str(error)


def measure_size(
    bench: Bench, provider: str, model: str, size: tuple[int, int], count: int, peer: Any, absent: str
) -> None:
    """Print the row of a provider and size."""
    run = translator(provider)
    sample = [bench.traffic("check", model, size).request(model, *size) for _ in range(5)]
    check(provider, sample)  # and rules are read and compiled
    times: dict[str, list[float]] = {name: [] for name in ("dumps", "never", "again", "same dumps", "same", "peer")}
    changed = 0.0
    for at in range(bench.rounds):
        made = bench.traffic(at, model, size)
        requests = [made.request(model, *size) for _ in range(count)]
        copies = copy.deepcopy(requests) if peer else []
        times["dumps"].append(timed(json.dumps, requests))
        times["never"].append(timed(run, requests))
        timed(json.dumps, requests)  # so that both passes find the caches of the CPU in the same state
        times["again"].append(timed(run, requests))
        same = (requests[:3] * count)[:count]
        times["same dumps"].append(timed(json.dumps, same))
        times["same"].append(timed(run, same))
        if peer:
            timed(json.dumps, copies)
            times["peer"].append(timed(peer, copies))
        if not at:
            changed = sum(run(one) != one for one in requests) / count
    cells = {
        "us": statistics.median(times["never"]) * 1e6,
        "x json.dumps": ratio(times["never"], times["dumps"]),
        "second pass, x first": ratio(times["again"], times["never"]),
        "the same again and again, x json.dumps": ratio(times["same"], times["same dumps"]),
        "LiteLLM / ours": ratio(times["peer"], times["never"]) if peer else absent,
        "requests changed": f"{changed:.0%}",
    }
    targets = {"x json.dumps": most(provider, size[1]), "second pass, x first": ALIKE}
    targets["LiteLLM / ours"] = peer_target(provider, size)
    bench.report.row(f"{provider} {model.rpartition('/')[2]}, {size[0]} x {size[1]}", cells, targets)


def part_floor(bench: Bench) -> None:
    """Measure a provider that has no rules: what is paid before any rule is looked at."""
    name = without_rules()
    bench.report.title("Floor: a provider without rules")
    for size, full in SIZES.items():
        measure_size(bench, name, "m", size, bench.count(full), None, "left out")


def part_shapes(bench: Bench) -> None:
    """Measure other shapes of requests."""
    bench.report.title("Other shapes, never seen: x json.dumps")
    for provider, model in bench.pairs:
        cells: dict[str, float] = {}
        for shape, make in SHAPES.items():
            made = bench.traffic(shape, model)
            check(provider, [make(made, model)])
            cells[shape] = compared(bench, provider, lambda *_: make(made, model), bench.count(16))[1]  # noqa: B023
        bench.report.row(f"{provider} {model.rpartition('/')[2]}", cells, dict.fromkeys(cells, most(provider, 1)))


def part_answers(bench: Bench) -> None:
    answers.measure(bench.report, bench.pairs, bench.rounds, bench.count(60))


def part_fresh(bench: Bench) -> None:
    fresh.measure(bench.report, bench.pairs, without_rules(), bench.rounds)


PARTS = {
    "never-seen": part_never_seen,
    "floor": part_floor,
    "shapes": part_shapes,
    "models": growth.models,
    "linear": growth.linear,
    "answers": part_answers,
    "foreign": growth.foreign,
    "fresh": part_fresh,
}

#: What --quick leaves out: it takes longer, or a wheel.
LONG = {"models", "linear", "foreign", "fresh"}


def chosen(text: str | None) -> list[tuple[str, str]]:
    """Return (provider, model) of the providers that are named, with their models of the list or one of their own."""
    if text is None:
        return [(one.partition(":")[0], one.partition(":")[2]) for one in PAIRS]
    found: list[tuple[str, str]] = []
    for word in text.split(","):
        name, _, model = word.partition(":")
        mine = [one.partition(":")[2] for one in PAIRS if one.startswith(f"{name}:")]
        found += [(name, one) for one in ([model] if model else mine or ["some-model"])]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help=f"fewer requests and rounds, without {', '.join(sorted(LONG))}"
    )
    parser.add_argument("--providers", metavar="NAME[:MODEL],...", help="these alone")
    parser.add_argument("--no-litellm", action="store_true", help="leave LiteLLM out; importing it takes seconds")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    args = parser.parse_args()
    warnings.simplefilter("ignore", QuirkbookWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    with_litellm = not args.no_litellm and importlib.util.find_spec("litellm") is not None
    rounds, share = (3, 0.15) if args.quick else (5, 1.0)
    report = Report()
    bench = Bench(report, chosen(args.providers), rounds, share, args.seed, with_litellm)

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {rounds} rounds")
    report.title("Machine")
    calibrate(report, "before")
    for name in args.only or (one for one in PARTS if not (args.quick and one in LONG)):
        PARTS[name](bench)
    report.title("Machine")
    calibrate(report, "after")
    report.summary()
    if args.json:
        args.json.write_text(json.dumps(report.rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
