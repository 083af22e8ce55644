"""What a translation costs, beside the same job done otherwise: one run, interleaved, as ratios.

    python bench/translate.py [--quick] [--only PART]... [--json FILE]

Parts: contenders, messages, providers, start. Nothing here fails because a machine is slow: a target that is missed
is printed as missed, and only a wrong translation ends with exit code 1. bench/README.md says what each row means.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from contenders import SEED, Contender, contenders, mistakes, with_rules
from make_payloads import NAMES, conversation, payload, variants

from quirkbook import Rulebook

COUNTS = (10, 20, 40, 80, 160, 320)
FOREIGN = (0, 50, 500)

Job = Callable[[], Any]
Times = dict[str, list[float]]
"""Name -> seconds per call, one for each round; equal places belong to one round."""


class Report:
    """Prints tables and targets as they come, and keeps them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.targets: list[dict[str, Any]] = []

    def title(self, text: str) -> None:
        print(f"\n{text}\n{'-' * len(text)}")

    def row(self, part: str, name: str, cells: Mapping[str, Any]) -> None:
        self.rows.append({"part": part, "name": name, **cells})
        shown = (f"{key} {_figure(value)}" for key, value in cells.items())
        print(f"  {name:<24}{'   '.join(f'{cell:<22}' for cell in shown)}".rstrip())

    def target(self, what: str, value: float, limit: float, *, least: bool = False) -> None:
        """State a target beside what was measured; ``least``: the value must not be lower, else not be higher."""
        reached = value >= limit if least else value <= limit
        word = "at least" if least else "at most"
        self.targets.append({"target": what, "limit": limit, "measured": value, "reached": reached})
        print(f"  {'reached' if reached else 'MISSED '}  {what}: {_figure(value)} (target {word} {limit:g} x)")


def _figure(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def measure(jobs: Mapping[str, Job], rounds: int, slice_s: float) -> Times:
    """Time all jobs in turn, round after round, so that noise hits all alike.

    It is this thread's CPU time that counts: who else is at work on the machine hardly matters.
    """
    timers = {name: timeit.Timer(job, timer=time.thread_time) for name, job in jobs.items()}
    loops = {}
    for name, timer in timers.items():
        timer.timeit(3)  # the first call of all reads and compiles
        count = 1
        while (took := timer.timeit(count)) < slice_s / 4:
            count *= 2 if took > slice_s / 40 else 10
        loops[name] = max(1, round(count * slice_s / took))
    times: Times = {name: [] for name in jobs}
    gc.collect()
    for _ in range(rounds):
        for name, timer in timers.items():
            times[name].append(timer.timeit(loops[name]) / loops[name])
    return times


def ratio(times: Times, one: str, other: str) -> float:
    """Return the median over the rounds of how many times ``one`` takes as long as ``other``."""
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def micros(times: Times, name: str) -> float:
    return statistics.median(times[name]) * 1e6


def part_contenders(report: Report, found: dict[str, Contender], rounds: int, slice_s: float) -> None:
    """Measure every contender on every payload, and hold Quirkbook against its targets."""
    report.title("Contenders: times as long as three ifs written by hand")
    jobs = {
        f"{name} {which}": lambda run=run, given=given: run(given)
        for which, given in variants()
        for name, run in found.items()
    }
    times = measure(jobs, rounds, slice_s)
    for which, _ in variants():
        cells: dict[str, float] = {name: ratio(times, f"{name} {which}", f"hand {which}") for name in found}
        report.row("contenders", which, {**cells, "hand us": micros(times, f"hand {which}")})
    print()
    report.target("seed, small / hand, small", ratio(times, "seed small", "hand small"), 10)
    report.target("seed, large / seed, small", ratio(times, "seed large", "seed small"), 2)
    report.target("full, small / hand, small", ratio(times, "full small", "hand small"), 25)
    if "litellm" in found:
        for which, limit in zip(NAMES, (30, 10, 5), strict=True):
            value = ratio(times, f"litellm {which}", f"full {which}")
            report.target(f"litellm, {which} / full, {which}", value, limit, least=True)


def part_messages(report: Report, found: dict[str, Contender], rounds: int, slice_s: float) -> None:
    """Measure cost against the number of messages."""
    report.title("Messages: cost of the full stack against their number")
    given = {count: conversation(count) for count in COUNTS}
    times = measure({str(count): lambda one=one: found["full"](one) for count, one in given.items()}, rounds, slice_s)
    slopes = {}
    for fewer, more in pairwise(COUNTS):
        rises = (b - a for a, b in zip(times[str(fewer)], times[str(more)], strict=True))
        slopes[more] = statistics.median(rises) / (more - fewer) * 1e6
    for count in COUNTS:
        more = {"us per further message": slopes[count]} if count in slopes else {}
        report.row("messages", f"{count} messages", {"us": micros(times, str(count)), **more})
    print()
    low, high = COUNTS[2], COUNTS[-1]
    early = [(b - a) / (COUNTS[2] - COUNTS[0]) for a, b in zip(times[str(COUNTS[0])], times[str(low)], strict=True)]
    late = [(b - a) / (high - low) for a, b in zip(times[str(low)], times[str(high)], strict=True)]
    growth = statistics.median(late) / statistics.median(early)
    report.target(f"slope from {low} to {high} messages / slope from {COUNTS[0]} to {low} (linear: 1)", growth, 1.25)


def part_providers(report: Report, found: dict[str, Contender], rounds: int, slice_s: float) -> None:
    """Measure cost against the number of rules of other providers."""
    report.title("Providers: cost of the full stack against the number of other providers' rules")
    given = payload("small")
    jobs: dict[str, Job] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in FOREIGN:
            place = Path(folder, str(count))
            place.mkdir()
            write_foreign_rules(place, count)
            run = with_rules(Rulebook.load(place))
            jobs[str(count)] = lambda run=run: run(given)
    times = measure(jobs, rounds, slice_s)
    for count in FOREIGN:
        report.row("providers", f"{count} rules", {"/ none": ratio(times, str(count), "0")})
    print()
    report.target(f"{FOREIGN[-1]} rules of others / none", ratio(times, str(FOREIGN[-1]), "0"), 1.1)


def write_foreign_rules(place: Path, count: int) -> None:
    """Write that many rules into files of other providers, ten to a file, all about what the payloads hold."""
    lines = (SEED / "moonshot.yaml").read_text(encoding="utf-8").split("rules:\n", 1)[1]
    first = lines.split("\n\n", 1)[0]
    for number in range(0, count, 10):
        rules = "\n\n".join(first.replace("temperature-range", f"range-{number + at}") for at in range(10))
        text = f"quirks: 1\nprovider: other-{number}\nrules:\n{rules}\n"
        (place / f"other-{number}.yaml").write_text(text, encoding="utf-8")


STARTS = {
    "bare python": "pass",
    "import quirkbook": "import quirkbook",
    "first translate": 'import quirkbook; quirkbook.translate({"temperature": 0.7}, "moonshot")',
    "import openai": "import openai",
    "import litellm": "import litellm",
}


def part_start(report: Report, found: dict[str, Contender], rounds: int, slice_s: float) -> None:
    """Measure fresh processes: imports, and the first translation of all."""
    report.title("Start: a fresh process, net of bare Python, against `import quirkbook`")
    known = {name: code for name, code in STARTS.items() if "import " not in name or find_spec(name.split()[1])}
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    times: Times = {name: [] for name in known}
    for at in range(max(3, rounds // 2) + 1):
        for name, code in known.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)
            if at:  # the first round fills the caches
                times[name].append(time.perf_counter() - start)
    best = {name: min(seen) for name, seen in times.items()}
    bare = best["bare python"]
    for name in known:
        cells = {"ms": best[name] * 1e3}
        if name != "bare python":
            cells["/ import quirkbook"] = (best[name] - bare) / (best["import quirkbook"] - bare)
        report.row("start", name, cells)


PARTS = {
    "contenders": part_contenders,
    "messages": part_messages,
    "providers": part_providers,
    "start": part_start,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: to see that it runs")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    args = parser.parse_args()
    rounds, slice_s = (7, 0.003) if args.quick else (25, 0.01)

    found, absent = contenders()
    for line in absent:
        print(f"!! {line}", file=sys.stderr)
    wrong = [line for name, run in found.items() for line in mistakes(name, run, dict(variants()))]
    for line in wrong:
        print(f"!! {line}", file=sys.stderr)
    if any(not line.startswith("litellm ") for line in wrong):
        return 1

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {rounds} rounds")
    report = Report()
    for name in args.only or PARTS:
        PARTS[name](report, found, rounds, slice_s)
    if report.targets:
        reached = sum(one["reached"] for one in report.targets)
        print(f"\n{reached} of {len(report.targets)} targets reached")
    if args.json:
        figures = {"python": platform.python_version(), "rows": report.rows, "targets": report.targets}
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
