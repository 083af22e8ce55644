"""What a gateway adds: straight to the provider, through Quirkbook, LiteLLM's proxy and Portkey; one run, as ratios.

    python bench/gateway.py [--quick] [--litellm PYTHON] [--portkey FOLDER] [--json FILE]

Provider and client are the two C programs beside this file, built into bench/bin; the gateway has a CPU of its own. For
LiteLLM's rows name the python of a virtual environment that has `litellm[proxy]`, for Portkey's a folder in which npm
has installed it. A wrong answer ends with exit code 1, a slow machine does not. bench/README.md says more of each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BIN = HERE / "bin"
KEY = "sk-bench"
TICK = os.sysconf("SC_CLK_TCK")
GATEWAY_CPU, CLIENT_CPU = {0}, {1}

#: (payload, stream, microseconds between events, connections)
PLAIN = [(name, False, 0, c) for name in ("small", "medium") for c in (1, 16, 64)] + [("large", False, 0, 4)]
STREAMS = [("small", True, gap, c) for gap in (0, 2000) for c in (1, 16)]

#: Peer -> how many times as many small requests we are to serve.
FASTER = {"litellm": 60, "portkey": 6}

CONFIG = """\
model_list:
  - model_name: moonshot-v1-8k
    litellm_params:
      model: moonshot/moonshot-v1-8k
      api_key: sk-upstream
      api_base: http://127.0.0.1:{port}/v1
  - model_name: moonshot-v1-8k-vision-preview
    litellm_params:
      model: moonshot/moonshot-v1-8k-vision-preview
      api_key: sk-upstream
      api_base: http://127.0.0.1:{port}/v1
general_settings:
  master_key: {key}
"""


@dataclass
class Contender:
    """A way to the provider."""

    name: str
    url: str
    process: subprocess.Popen[bytes] | None = None
    headers: tuple[str, ...] = (f"authorization: Bearer {KEY}",)
    translates: bool = False
    """Whether the payload must arrive as Moonshot takes it."""
    rows: dict[tuple[str, bool, int, int], dict[str, Any]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    """MiB: when ready, and at the end."""


def build(folder: Path) -> None:
    """Build the C programs and write the payloads."""
    BIN.mkdir(exist_ok=True)
    for name in ("fake_upstream", "loadgen"):
        source, made = HERE / f"{name}.c", BIN / name
        if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-O2", "-o", str(made), str(source)], check=True)
    subprocess.run([sys.executable, str(HERE / "make_payloads.py"), str(folder)], check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def started(command: list[str], cpu: set[int], log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on its CPU; ended by its PID."""

    def pin() -> None:
        with contextlib.suppress(OSError):  # a machine with one CPU
            os.sched_setaffinity(0, cpu)

    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=out, preexec_fn=pin)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def ready(one: Contender, body: bytes, log: Path) -> None:
    """Wait for a first good answer."""
    headers = {"content-type": "application/json", **dict(header.split(": ", 1) for header in one.headers)}
    said = "it ended"
    for _ in range(1200):
        if one.process and one.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(urllib.request.Request(one.url, body, headers), timeout=20) as answer:
                answer.read()
                return
        except (urllib.error.HTTPError, OSError) as error:
            said = str(error)
        time.sleep(0.1)
    sys.exit(f"{one.name} does not get ready: {said}\n{log.read_text(errors='replace')[-2000:]}")


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(process: subprocess.Popen[bytes]) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def load(one: Contender, what: tuple[str, bool, int, int], folder: Path, seconds: float) -> dict[str, Any]:
    """Run the load generator and return its figures."""
    name, stream, _, connections = what
    body = folder / f"{name}{'.stream' if stream else ''}.json"
    command = [str(BIN / "loadgen"), "-u", one.url, "-b", str(body), "-c", str(connections), "-d", f"{seconds:g}"]
    command += ["-n", "100000", *(part for header in one.headers for part in ("-H", header))]
    warm_up = [*command, "-n", str(3 * connections), "-d", "2"]
    subprocess.run(["taskset", "-c", "1", *warm_up, *(["-s"] if stream else [])], capture_output=True, check=False)
    before = cpu_seconds(one.process) if one.process else 0.0
    done = subprocess.run(
        ["taskset", "-c", "1", *command, *(["-s"] if stream else [])], capture_output=True, text=True, check=False
    )
    try:
        row: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{one.name}, {what}: {done.stdout[-500:]} {done.stderr[-500:]}")
    if row["errors"] or row["bad_status"] or row["bad_body"]:
        sys.exit(f"{one.name} answers {what} wrongly: {json.dumps(row)[:800]}")
    if one.process:
        row["cpu_us"] = (cpu_seconds(one.process) - before) / max(1, row["ok"]) * 1e6
    return row


def check_translated(provider: str, one: Contender, body: bytes) -> None:
    """See that the rules were applied: an unchanged payload would make any figure worthless."""
    ready(one, body, Path(os.devnull))
    last = json.loads(urllib.request.urlopen(f"{provider}/__last").read())
    found = (last["temperature"], "tool_choice" in last, last["messages"][-1]["content"][:20])
    if one.translates and found != (1, False, "Please select a tool"):
        sys.exit(f"{one.name} does not translate: {found}")


def figure(row: dict[str, Any]) -> str:
    latency = row.get("latency_us") or {}
    first = (row.get("ttfb_us") or {}).get("p50")
    shown = f"{row['rps']:>9,.0f}/s   p50 {latency.get('p50', 0) / 1e3:8.2f} ms"
    shown += f"   first byte {first / 1e3:7.2f} ms" if first else ""
    return shown + (f"   CPU {row['cpu_us']:7,.0f} us" if "cpu_us" in row else "")


def target(what: str, value: float, limit: float, *, least: bool) -> None:
    reached = value >= limit if least else value <= limit
    word = "at least" if least else "at most"
    print(f"  {'reached' if reached else 'MISSED '}  {what}: {value:,.2f} (target {word} {limit:g})")


def targets(direct: Contender, ours: Contender, peers: list[Contender]) -> None:
    """Print the ratios, and the targets beside what was measured."""
    print("\nRatios, one core for the gateway")
    for peer in peers:
        for what in peer.rows:
            if what in ours.rows:
                print(f"  {words(what):<32} {ours.rows[what]['rps'] / peer.rows[what]['rps']:>8.1f} x {peer.name}")
    print()
    small, medium, large = (("small", False, 0, 16), ("medium", False, 0, 16), ("large", False, 0, 4))
    for what, least in ((small, 6000), (medium, 3000), (large, 400), (("small", True, 0, 16), 4000)):
        target(f"{words(what)}, a second", ours.rows[what]["rps"], least, least=True)
    for peer in peers:
        target(f"small / {peer.name}", ours.rows[small]["rps"] / peer.rows[small]["rps"], FASTER[peer.name], least=True)
    paced = ("small", True, 2000, 16)
    target("first byte of 16 paced streams, ms", ours.rows[paced]["ttfb_us"]["p50"] / 1e3, 2, least=False)
    alone = ("small", False, 0, 1)
    added = (ours.rows[alone]["latency_us"]["p50"] - direct.rows[alone]["latency_us"]["p50"]) / 1e3
    target("p50 added to a request alone, ms", added, 0.45, least=False)
    target("resident memory at the end, MiB", ours.memory[-1], 90, least=False)


def words(what: tuple[str, bool, int, int]) -> str:
    name, stream, gap, connections = what
    kind = f", stream{', an event each 2 ms' if gap else ''}" if stream else ""
    return f"{name}{kind}, {connections} at once"


def gateways(given: argparse.Namespace, config: Path, provider: str) -> Iterator[tuple[Contender, list[str]]]:
    """Yield each gateway that there is, and how to start it."""
    file = ["--config", str(config), "--port", "{port}"]
    yield (
        Contender("quirkbook", "", translates=True),
        [sys.executable, "-m", "quirkbook", "serve", "--no-reload", *file],
    )
    if given.litellm:
        start = [str(Path(given.litellm).parent / "litellm"), "--num_workers", "1", *file]
        yield Contender("litellm", "", translates=True), start
    else:
        print("litellm: left out, name it with --litellm PYTHON")
    if given.portkey:
        script = Path(given.portkey, "node_modules/@portkey-ai/gateway/build/start-server.js")
        # It hands the payload on as it is: its provider `moonshot` would lose the tools without a word.
        where = ("x-portkey-provider: openai", f"x-portkey-custom-host: {provider}/v1")
        one = Contender("portkey", "", headers=("authorization: Bearer sk-upstream", *where))
        yield one, ["node", str(script), "--port={port}", "--headless"]
    else:
        print("portkey: left out, name it with --portkey FOLDER")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a second per row, to see that it runs")
    parser.add_argument("--litellm", metavar="PYTHON", help="python of an environment that has litellm[proxy]")
    parser.add_argument("--portkey", metavar="FOLDER", help="folder in which npm has installed @portkey-ai/gateway")
    parser.add_argument("--json", type=Path, help="write all rows there")
    given = parser.parse_args()
    seconds = 1.0 if given.quick else 4.0
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        build(folder)
        port = free_port()
        command = [str(BIN / "fake_upstream"), "-p", str(port)]
        stack.enter_context(started(command, CLIENT_CPU, folder / "upstream.log"))
        provider = f"http://127.0.0.1:{port}"
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(port=port, key=KEY))
        small = (folder / "small.json").read_bytes()
        contenders = [Contender("direct", f"{provider}/v1/chat/completions")]
        for who, start in gateways(given, config, provider):
            own = free_port()
            env = {"LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
            command = [part.format(port=own) for part in start]
            who.process = stack.enter_context(started(command, GATEWAY_CPU, folder / f"{who.name}.log", **env))
            who.url = f"http://127.0.0.1:{own}/v1/chat/completions"
            contenders.append(who)
        for one in contenders:
            log = folder / f"{one.name}.log"
            ready(one, small, log if log.exists() else Path(os.devnull))
            check_translated(provider, one, small)
            if one.process:
                one.memory.append(resident(one.process))
        for what in PLAIN + STREAMS:
            urllib.request.urlopen(f"{provider}/__set?gap_us={what[2]}").read()
            print(f"\n{words(what)}")
            for one in contenders:
                one.rows[what] = load(one, what, folder, seconds)
                print(f"  {one.name:<12}{figure(one.rows[what])}", flush=True)
        for one in contenders:
            if one.process:
                one.memory.append(resident(one.process))
                print(f"\n{one.name}: {one.memory[0]:.0f} MiB when ready, {one.memory[1]:.0f} MiB at the end", end="")
        print()
        targets(contenders[0], contenders[1], contenders[2:])
        if given.json:
            rows = {one.name: [{"of": words(what), **row} for what, row in one.rows.items()] for one in contenders}
            given.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    if not shutil.which("gcc") or not shutil.which("taskset"):
        sys.exit("this needs gcc, and taskset of util-linux")
    main()
