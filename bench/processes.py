"""Processes on a CPU of their own, ended by their PID: started, asked until they answer, and measured."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


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


def await_answer(
    name: str, url: str, body: bytes, headers: Mapping[str, str], process: subprocess.Popen[bytes] | None, log: Path
) -> None:
    """Send a body until it is answered; two minutes without an answer, or the end of the process, end the run."""
    said = "it ended"
    for _ in range(1200):
        if process and process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers)), timeout=20) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as error:
            said = f"{error} {error.read(500)!r}"
        except OSError as error:
            said = str(error)
        time.sleep(0.1)
    sys.exit(f"{name} does not get ready: {said}\n{log.read_text(errors='replace')[-2000:] if log.exists() else ''}")


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return MiB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def echoes(seconds: float) -> float:
    """Return how many times a second 1 kB goes to another process over loopback and back: no server is faster."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if not child:
            other, _ = server.accept()
            while data := other.recv(4096):
                other.sendall(data)
            os._exit(0)
        with socket.create_connection(server.getsockname()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            count, started = 0, time.perf_counter()
            while (took := time.perf_counter() - started) < seconds:
                client.sendall(b"x" * 1000)
                left = 1000
                while left:
                    left -= len(client.recv(left))
                count += 1
        os.waitpid(child, 0)
    return count / took
