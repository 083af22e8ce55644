"""What fresh processes cost that have quirkbook from a wheel: start, load and compile of a provider, memory of many plans."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from measure import Report, Target
from traffic import Traffic

ROOT = Path(__file__).parents[1]

START = """
import time; started = time.process_time()
import quirkbook; imported = time.process_time()
quirkbook.translate({{"model": "{model}", "messages": [{{"role": "user", "content": "Hi"}}], "temperature": 0.7}}, "{provider}")
print(imported - started, time.process_time() - started)
"""

#: A provider without rules goes first, so that what is measured is rules: read, and each of them tried and so compiled.
LOAD = """
import json, time, warnings, quirkbook
warnings.simplefilter("ignore")
request = json.loads('''{request}''')
quirkbook.explain({{"model": "m", "messages": []}}, "{bare}", why_not=True)
started = time.process_time()
quirkbook.explain(request, "{provider}", why_not=True)
print(time.process_time() - started)
"""

MEMORY = """
import json, os, time, warnings, quirkbook
warnings.simplefilter("ignore")
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
request, models = json.loads('''{request}'''), {models}
providers = quirkbook.Rulebook.load().providers
quirkbook.explain(request, providers[0])
before, started = resident(), time.process_time()
for provider in providers:
    for model in models:
        quirkbook.explain({{**request, "model": model}}, provider)
print(len(providers), len(models), before, resident(), time.process_time() - started)
"""


def measure(report: Report, pairs: Sequence[tuple[str, str]], bare: str, rounds: int) -> None:
    """Print the rows of fresh processes; without hatchling there is no wheel to install, and the table says so."""
    report.title("Fresh processes, installed from a wheel: CPU ms net of bare Python")
    with tempfile.TemporaryDirectory() as folder:
        if failed := install(Path(folder)):
            report.row("left out", {"because": failed})
            return
        env = {**os.environ, "PYTHONPATH": folder}
        starts(report, pairs[0], env, rounds)
        loads(report, pairs, bare, env, rounds)
        memory(report, pairs, env)


def install(folder: Path) -> str:
    """Build the wheel of this checkout and install it into a folder; return what went wrong, if anything."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target"]
    done = subprocess.run([*command, str(folder), str(ROOT)], capture_output=True, text=True)
    return "" if not done.returncode else f"no wheel was built: {done.stderr.strip().splitlines()[-1]}"


def figures(code: str, env: Mapping[str, str]) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def best(code: str, env: Mapping[str, str], rounds: int) -> list[float]:
    """Return the medians over the rounds; one round before them fills the file caches."""
    seen = [figures(code, env) for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*seen, strict=True)]


def starts(report: Report, pair: tuple[str, str], env: Mapping[str, str], rounds: int) -> None:
    imported, translated = best(START.format(provider=pair[0], model=pair[1]), env, rounds)
    cells = {"import, ms": imported * 1e3, "import and first translation, ms": translated * 1e3}
    report.row("start", cells, {"import and first translation, ms": Target("import + first translation, ms", most=60)})


def loads(report: Report, pairs: Sequence[tuple[str, str]], bare: str, env: Mapping[str, str], rounds: int) -> None:
    for provider, model in pairs:
        request = json.dumps(Traffic(model).request(model, 10, 5)).replace("\\", "\\\\")
        code = LOAD.format(provider=provider, bare=bare, request=request)
        cells = {"all its rules read and compiled, ms": best(code, env, rounds)[0] * 1e3}
        limit = {key: Target("all rules of a provider, ms", most=40) for key in cells}
        report.row(f"{provider} {model.rpartition('/')[2]}", cells, limit)


def memory(report: Report, pairs: Sequence[tuple[str, str]], env: Mapping[str, str]) -> None:
    models = [f"{pairs[at % len(pairs)][1]}{'' if at < len(pairs) else f'-{at}'}" for at in range(8)]
    request = json.dumps(Traffic(0).request("m", 2, 1)).replace("\\", "\\\\")
    providers, several, before, after, took = figures(MEMORY.format(request=request, models=models), env)
    cells: dict[str, Any] = {"MiB before": before, "MiB after": after, "MiB more": after - before, "CPU s": took}
    report.row(f"{providers:.0f} providers x {several:.0f} models in one process", cells)
