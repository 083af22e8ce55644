"""What a call of completion() costs beside OpenAI's SDK and LiteLLM, against a loopback server; and the imports.

usage: python bench/completion.py        needs openai and litellm; those missing are left out; exit 1: a target is missed

Overhead is the time per call less that of the barest client there is (http.client on a kept connection, the payload
encoded and the answer decoded). Each contender runs in a process of its own; the best of many short rounds counts,
so that a busy machine matters little.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import loopback

MODEL = "moonshot-v1-8k"
MESSAGES = [{"role": "user", "content": "Hello, how are you?"}]
KEY = "k-0123456789abcdef"
CALLS, ROUNDS = 25, 80
#: Contender -> how many times our overhead per call its own is at least; and the same of `import`.
TARGETS = {"litellm": 10.0, "openai": 1.0}
IMPORT_TARGETS = {"openai": 10.0}
Contender = Callable[[str], tuple[Callable[[], Any], Callable[[], Any]]]


def floor(url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def ask(**more: Any) -> http.client.HTTPResponse:
        body = json.dumps({"model": MODEL, "messages": MESSAGES, "temperature": 1.4, **more}).encode()
        connection.request("POST", f"{parts.path}/chat/completions", body, headers)
        return connection.getresponse()

    def stream() -> Any:
        for line in ask(stream=True):
            if line.startswith(b"data: {"):
                json.loads(line[6:])

    return lambda: json.loads(ask().read()), stream


def quirkbook(url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from quirkbook.client.completion import completion

    fixed: dict[str, Any] = {"api_key": KEY, "base_url": url, "temperature": 1.4, "policy": {"lossy": "allow"}}

    def stream() -> Any:
        for chunk in completion(f"moonshot/{MODEL}", MESSAGES, stream=True, **fixed):
            assert chunk.choices[0].delta.content

    return lambda: completion(f"moonshot/{MODEL}", MESSAGES, **fixed).choices[0].message.content, stream


def openai(url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from openai import OpenAI

    client = OpenAI(api_key=KEY, base_url=url)
    create: Any = client.chat.completions.create

    def stream() -> Any:
        for chunk in create(model=MODEL, messages=MESSAGES, temperature=1.4, stream=True):
            assert chunk.choices[0].delta.content

    return lambda: create(model=MODEL, messages=MESSAGES, temperature=1.4).choices[0].message.content, stream


def litellm(url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm as peer

    fixed: dict[str, Any] = {"api_key": KEY, "api_base": url, "temperature": 1.4, "model": f"moonshot/{MODEL}"}

    def stream() -> Any:
        for chunk in peer.completion(messages=MESSAGES, stream=True, **fixed):
            assert chunk.choices

    return lambda: peer.completion(messages=MESSAGES, **fixed).choices[0].message.content, stream


CONTENDERS: dict[str, Contender] = {"floor": floor, "quirkbook": quirkbook, "openai": openai, "litellm": litellm}


def measure(call: Callable[[], Any], calls: int, rounds: int) -> tuple[float, float]:
    """Return seconds per call, and CPU seconds per call, each of the best round."""
    call()
    found = []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        found.append(((time.perf_counter() - began) / calls, (time.process_time() - cpu) / calls))
    return min(found)[0], min(cpu for _, cpu in found)


def run(name: str, url: str) -> None:
    """Measure one contender, in this process, and print its figures."""
    call, stream = CONTENDERS[name](url)
    # A paced stream mostly waits: what it costs is CPU time.
    print(json.dumps([*measure(call, CALLS, ROUNDS), measure(stream, 1, 20)[1]]))


def importing(statement: str) -> float:
    """Return the CPU seconds that a statement costs a fresh interpreter, more than ``pass`` does."""
    best = {}
    for what in ("pass", statement):
        found = []
        for _ in range(7):
            before = os.times()
            subprocess.run([sys.executable, "-c", what], check=True, env=_environment())
            after = os.times()
            found.append(after.children_user + after.children_system - before.children_user - before.children_system)
        best[what] = min(found)
    return best[statement] - best["pass"]


def _environment() -> dict[str, str]:
    engine = str(Path(__file__).parents[1] / "engine")
    return {**os.environ, "PYTHONPATH": engine, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}


def main() -> int:
    """Measure all contenders, print a table, and say which targets are reached."""
    if len(sys.argv) == 3:
        run(sys.argv[1], sys.argv[2])
        return 0
    found: dict[str, list[float]] = {}
    with loopback.server() as url:
        for name in CONTENDERS:
            command = [sys.executable, __file__, name, url]
            done = subprocess.run(command, capture_output=True, text=True, env=_environment())
            if done.returncode:
                print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            else:
                found[name] = json.loads(done.stdout.strip().splitlines()[-1])
    lowest = found.pop("floor")
    over = {name: [own - low for own, low in zip(figures, lowest, strict=True)] for name, figures in found.items()}
    imports = {name: importing(f"import {name}") for name in found}
    names = ("us per call", "us CPU per call", "us CPU per stream of 20")
    print("the barest client: " + ", ".join(f"{low * 1e6:.0f} {name}" for low, name in zip(lowest, names, strict=True)))
    print("| client |" + "".join(f" overhead {name} | x ours |" for name in names) + " import ms CPU | x ours |")
    print("| --- |" + " --- |" * 8)
    for name, figures in over.items():
        cells = []
        for own, our in zip(figures, over["quirkbook"], strict=True):
            cells += [f"{own * 1e6:.0f}", f"{own / our:.1f}"]
        cells += [f"{imports[name] * 1e3:.0f}", f"{imports[name] / imports['quirkbook']:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    whole = importing("from quirkbook import completion")
    print(f"import quirkbook loads no HTTP client; from quirkbook import completion does: {whole * 1e3:.0f} ms CPU\n")
    reached = [
        _target(f"overhead per call, {name} / ours", over[name][0] / over["quirkbook"][0], least)
        for name, least in TARGETS.items()
        if name in over
    ]
    reached += [
        _target(f"import, {name} / ours", imports[name] / imports["quirkbook"], least)
        for name, least in IMPORT_TARGETS.items()
        if name in imports
    ]
    return 0 if all(reached) else 1


def _target(what: str, value: float, least: float) -> bool:
    print(f"{'reached' if value >= least else 'MISSED'}: {what} is {value:.1f}, at least {least:g} is wanted")
    return value >= least


if __name__ == "__main__":
    sys.exit(main())
