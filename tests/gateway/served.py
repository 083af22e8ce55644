"""`quirkbook serve` in a process of its own, for the tests beside it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.gateway.asking import CHAT, HI, until


def a_config(url: str, name: str = "kimi", model: str = "moonshot-v1-8k", **more: Any) -> str:
    """Return the text of a config with one deployment; JSON is YAML."""
    params = {"model": f"moonshot/{model}", "api_key": "zq71xw-key", "api_base": url}
    given = {"model_list": [{"model_name": name, "litellm_params": params}], **more}
    return json.dumps(given, indent=1)


def free_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@dataclass
class Process:
    """A gateway in a process."""

    process: subprocess.Popen[str]
    port: int
    said: Path
    """What it wrote: the start, and its log."""

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON."""
        return self._ask("GET", path, None)

    def ask(self, model: str = "kimi", **more: Any) -> tuple[int, Any]:
        """Ask for a completion; return status and JSON."""
        return self._ask("POST", CHAT, json.dumps({"model": model, "messages": HI, **more}))

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def alive(self) -> bool:
        """Tell whether it answers."""
        try:
            return self.get("/health/liveliness")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of its log, as far as they are written whole."""
        whole, _, _ = self.said.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def stop(self, seconds: float = 10) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def command(*arguments: str) -> list[str]:
    """Return the command line of `quirkbook serve`."""
    return [sys.executable, "-m", "quirkbook", "serve", *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return an environment without keys."""
    kept = {
        name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_MASTER_KEY", "_API_BASE"))
    }
    return kept | more


@contextlib.contextmanager
def served(folder: Path, *arguments: str, config: str | None, **environ: str) -> Iterator[Process]:
    """Run a gateway as long as the block lasts."""
    if config is not None:
        (folder / "config.yaml").write_text(config)
        arguments = ("--config", "config.yaml", *arguments)
    port = free_port()
    said = folder / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            command("--port", str(port), *arguments),
            cwd=folder, env=environment(**environ), stdout=out, stderr=out, text=True, start_new_session=True,
        )  # fmt: skip
    found = Process(process, port, said)
    try:
        until(lambda: found.alive() or process.poll() is not None, 20)
        assert process.poll() is None, said.read_text()
        yield found
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own session: the workers with it
        process.wait(10)
