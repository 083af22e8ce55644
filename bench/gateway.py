"""What a gateway adds on bodies never seen: the direct way, Quirkbook, LiteLLM's proxy and Portkey, in one run.

    python bench/gateway.py [--quick] [--litellm PYTHON] [--portkey FOLDER] [--only small-tool] [--json FILE]

Provider and client are the two C programs beside this file, built into bench/bin; the gateway has a CPU of its own. For
LiteLLM's rows name the python of a virtual environment that has `litellm[proxy]`, for Portkey's a folder in which npm
has installed it. A wrong answer ends with exit code 1, a slow machine does not. bench/README.md says more of each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from measure import Report, Target, calibrate
from processes import await_answer, cpu_seconds, echoes, free_port, resident, started
from traffic import Traffic, bodies

HERE = Path(__file__).parent
BIN = HERE / "bin"
KEY = "sk-bench"
MODELS = ("moonshot-v1-8k", "moonshot-v1-8k-vision-preview")
GATEWAY_CPU, CLIENT_CPU = {0}, {1}
#: Bodies of a row: a run ends when all are sent, so none comes twice.
COUNTS = {"small": 40_000, "small-tool": 20_000, "medium": 3000, "large": 150}


class Load(NamedTuple):
    """What is sent: bodies, whether streams are asked for, microseconds between their events, connections."""

    body: str
    stream: bool
    gap_us: int
    connections: int

    def __str__(self) -> str:
        paced = ", an event each 2 ms" if self.gap_us else ""
        return f"{self.body}{', stream' if self.stream else ''}{paced}, {self.connections} at once"


LOADS = [
    *(Load(body, False, 0, c) for body in ("small", "small-tool", "medium") for c in (1, 16)),
    Load("small-tool", False, 0, 64),
    Load("large", False, 0, 4),
    *(Load("small-tool", True, gap, c) for gap in (0, 2000) for c in (1, 16)),
]
#: Peer -> load -> how many times as many requests we are to serve.
FASTER = {
    "litellm": {Load("small-tool", False, 0, 16): 50, Load("medium", False, 0, 16): 25},
    "portkey": {Load("small", False, 0, 16): 6},
}


@dataclass
class Contender:
    """A way to the provider."""

    name: str
    version: str
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    headers: tuple[str, ...] = (f"authorization: Bearer {KEY}",)
    translates: bool = False
    """Whether the payload must arrive as Moonshot takes it."""
    rates: dict[Load, float] = field(default_factory=dict)
    memory: float = 0.0
    """MiB when ready."""

    @property
    def header_fields(self) -> dict[str, str]:
        return {"content-type": "application/json", **dict(header.split(": ", 1) for header in self.headers)}


def build() -> None:
    BIN.mkdir(exist_ok=True)
    for name in ("fake_upstream", "loadgen"):
        source, made = HERE / f"{name}.c", BIN / name
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-O2", "-o", str(made), str(source)], check=True)


def config(port: int) -> str:
    """Return the gateways' config as JSON, which is YAML too; LiteLLM needs drop_params where Quirkbook has rules."""
    base = f"http://127.0.0.1:{port}/v1"
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": f"moonshot/{name}", "api_key": "sk-upstream", "api_base": base},
        }
        for name in MODELS
    ]
    return json.dumps(
        {"model_list": models, "general_settings": {"master_key": KEY}, "litellm_settings": {"drop_params": True}}
    )


def contenders(given: argparse.Namespace, config_file: Path, provider: str) -> Iterator[tuple[Contender, list[str]]]:
    """Yield each way that there is, and how to start it."""
    yield Contender("direct", "", f"{provider}/v1/chat/completions"), []
    file = ["--config", str(config_file), "--port", "{port}"]
    serve = [sys.executable, "-m", "quirkbook", "serve", "--no-reload", *file]
    yield Contender("quirkbook", said_version(sys.executable, "quirkbook"), translates=True), serve
    if given.litellm:
        start = [str(Path(given.litellm).parent / "litellm"), "--num_workers", "1", *file]
        yield Contender("litellm", said_version(given.litellm, "litellm"), translates=True), start
    else:
        print("litellm: left out, name it with --litellm PYTHON")
    if given.portkey:
        package = Path(given.portkey, "node_modules/@portkey-ai/gateway")
        # It hands the payload on as it is: its provider `moonshot` would lose the tools without a word.
        where = ("x-portkey-provider: openai", f"x-portkey-custom-host: {provider}/v1")
        version = json.loads((package / "package.json").read_text())["version"]
        one = Contender("portkey", version, headers=("authorization: Bearer sk-upstream", *where))
        yield one, ["node", str(package / "build/start-server.js"), "--port={port}", "--headless"]
    else:
        print("portkey: left out, name it with --portkey FOLDER")


def said_version(python: str, package: str) -> str:
    code = f"import importlib.metadata; print(importlib.metadata.version('{package}'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def check_translated(provider: str, one: Contender) -> None:
    """See that the rules were applied: an unchanged payload would make any figure worthless."""
    probe = {**Traffic("probe").request(MODELS[0], 2, 1), "temperature": 1.5, "tool_choice": "required"}
    body = json.dumps({**probe, "n": 1, "stream": False}).encode()
    await_answer(one.name, one.url, body, one.header_fields, one.process, Path())
    last = json.loads(urllib.request.urlopen(f"{provider}/__last").read())
    found = (last["temperature"], "tool_choice" in last, last["messages"][-1]["content"][:20])
    if one.translates and found != (1, False, "Please select a tool"):
        sys.exit(f"{one.name} does not translate: {found}")


def run_load(one: Contender, load: Load, files: tuple[Path, Path], seconds: float) -> dict[str, Any]:
    """Run the load generator, first with bodies for the warm-up, and return its figures."""
    warm_up, file = files
    command = ["taskset", "-c", "1", str(BIN / "loadgen"), "-u", one.url, "-c", str(load.connections)]
    command += [part for header in one.headers for part in ("-H", header)] + (["-s"] if load.stream else [])
    warm = ["-b", str(warm_up), "-n", str(3 * load.connections), "-d", "2"]
    subprocess.run([*command, *warm], capture_output=True, check=False)
    before = cpu_seconds(one.process) if one.process else 0.0
    measured = ["-b", str(file), "-n", str(COUNTS[load.body]), "-d", f"{seconds:g}"]
    done = subprocess.run([*command, *measured], capture_output=True, text=True, check=False)
    try:
        row: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{one.name}, {load}: {done.stdout[-500:]} {done.stderr[-500:]}")
    if row["errors"] or row["bad_status"] or row["bad_body"]:
        sys.exit(f"{one.name} answers wrongly, {load}: {json.dumps(row)[:800]}")
    if one.process:
        row["cpu_us"] = (cpu_seconds(one.process) - before) / max(1, row["ok"]) * 1e6
    return row


def tell(report: Report, one: Contender, load: Load, row: dict[str, Any], ours: float | None) -> None:
    """Print a row; ``ours`` is our rate where the contender is a peer."""
    one.rates[load] = row["rps"]
    cells = {
        "requests/s": float(row["rps"]),
        "Quirkbook / it": ours / row["rps"] if ours else "",
        "p50, ms": row["latency_us"]["p50"] / 1e3,
        "first byte, ms": row["ttfb_us"]["p50"] / 1e3 if row.get("ttfb_us") else "",
        "CPU of the gateway, us": float(row.get("cpu_us", 0.0)) or "",
    }
    targets = {}
    least = FASTER.get(one.name, {}).get(load)
    if least:
        targets["Quirkbook / it"] = Target(f"requests/s, Quirkbook / {one.name} {one.version}", least=least)
    if one.name == "quirkbook" and load.gap_us and load.connections == 16:
        targets["first byte, ms"] = Target("first byte of 16 paced streams, ms", most=2)
    report.row(f"{one.name} {one.version}".strip(), cells, targets)


def machine(report: Report, when: str) -> None:
    report.title(f"Machine, {when}")
    calibrate(report, when)
    report.row(f"machine, {when}", {"echoes of 1 kB over loopback, a second": echoes(0.5)})


def write_bodies(folder: Path, load: Load) -> tuple[Path, Path]:
    """Write the bodies of a row, others than those of any other, and some for the warm-up."""
    files = folder / "warm-up.jsonl", folder / "bodies.jsonl"
    for file, count in zip(files, (3 * load.connections, COUNTS[load.body]), strict=True):
        with file.open("wb") as out:
            out.writelines(bodies(load.body, count, f"{file.name} {load}", load.stream))
    return files


def measure(given: argparse.Namespace, folder: Path, report: Report, stack: contextlib.ExitStack) -> None:
    """Start all, measure each load through each of them, and print what memory they take."""
    port = free_port()
    stack.enter_context(started([str(BIN / "fake_upstream"), "-p", str(port)], CLIENT_CPU, folder / "upstream.log"))
    provider = f"http://127.0.0.1:{port}"
    config_file = folder / "config.yaml"
    config_file.write_text(config(port))
    ways = []
    for one, start in contenders(given, config_file, provider):
        log = folder / f"{one.name}.log"
        if start:
            own = free_port()
            env = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
            command = [part.format(port=own) for part in start]
            one.process = stack.enter_context(started(command, GATEWAY_CPU, log, **env))
            one.url = f"http://127.0.0.1:{own}/v1/chat/completions"
        (body,) = bodies("small", 1, "ready", False)
        await_answer(one.name, one.url, body, one.header_fields, one.process, log)
        check_translated(provider, one)
        one.memory = resident(one.process) if one.process else 0.0
        ways.append(one)
    for load in LOADS:
        if given.only and load.body not in given.only:
            continue
        urllib.request.urlopen(f"{provider}/__set?gap_us={load.gap_us}").read()
        files = write_bodies(folder, load)
        report.title(str(load))
        for one in ways:
            row = run_load(one, load, files, 1.0 if given.quick else 4.0)
            tell(report, one, load, row, ways[1].rates[load] if one.name in FASTER else None)
    report.title("Resident memory, MiB")
    for one in ways:
        if one.process:
            limit = {"at the end": Target("resident at the end, MiB", most=90)} if one is ways[1] else {}
            report.row(one.name, {"when ready": one.memory, "at the end": resident(one.process)}, limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a second per row, to see that it runs")
    parser.add_argument("--litellm", metavar="PYTHON", help="python of an environment that has litellm[proxy]")
    parser.add_argument("--portkey", metavar="FOLDER", help="folder in which npm has installed @portkey-ai/gateway")
    parser.add_argument("--only", action="append", choices=COUNTS, help="these bodies alone; may be repeated")
    parser.add_argument("--json", type=Path, help="write all rows there")
    given = parser.parse_args()
    report = Report()
    build()
    machine(report, "before")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        measure(given, Path(name), report, stack)
    machine(report, "after")
    report.summary()
    if given.json:
        given.json.write_text(json.dumps(report.rows, indent=1), "utf-8")


if __name__ == "__main__":
    if not shutil.which("gcc") or not shutil.which("taskset"):
        sys.exit("this needs gcc, and taskset of util-linux")
    main()
