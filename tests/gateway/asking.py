"""A gateway in front of scripted providers, and a client that says what it likes; for the tests beside it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.servers import COMPLETION, Server, answer, serving

from quirkbook.gateway import serve as gateway_serving
from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.model import ClientKey, Config, Deployment, Limits
from quirkbook.gateway.observe import Log
from quirkbook.rulebook.rulebook import Rulebook

BOOK = Rulebook()
CLIENT_KEY = "client-key-of-the-gateway-1"
UPSTREAM_KEY = "zq71xw-key-never-shown-2"
HI = [{"role": "user", "content": "Hello"}]
CHAT = "/v1/chat/completions"


def a_deployment(url: str, name: str = "kimi", **more: Any) -> Deployment:
    """Return a deployment of a provider at an address; its rules are Moonshot's."""
    given = {"api_key": UPSTREAM_KEY, "api_base": url, **more}
    return Deployment(name, "moonshot/moonshot-v1-8k", "moonshot", "moonshot-v1-8k", **given)


def a_plain_deployment(url: str, name: str = "plain", **more: Any) -> Deployment:
    """Return a deployment of a provider that no rules are known of."""
    return Deployment(name, "openai/m-1", "", "m-1", **{"api_key": UPSTREAM_KEY, "api_base": url, **more})


@dataclass
class Answer:
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True
    """Whether it ended as HTTP has it."""

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error in it."""
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """The data of its events, decoded but for [DONE]."""
        datas = [line[6:] for line in self.body.decode().splitlines() if line.startswith("data: ")]
        return [data if data == "[DONE]" else json.loads(data) for data in datas]


class Told(Log):
    """A log of which a test can ask that nothing waits to be written: lines wait to be written together."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines.append)
        self._lock = threading.Lock()

    def flush(self) -> None:
        """Write what waits, from whichever thread."""
        with self._lock:
            super().flush()


@dataclass
class Running:
    """A gateway that runs, and what it has logged."""

    url: str
    gateway: Gateway
    lines: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Drop the lines of all requests so far: also those that are still to be written, or told."""
        until(lambda: self.gateway.under_way == 0)  # it is told of before it counts as done
        self.gateway.log.flush()
        self.lines.clear()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        parts = urlsplit(self.url)
        assert parts.hostname and parts.port
        return parts.hostname, parts.port

    def ask(self, payload: Any = None, /, *, path: str = CHAT, method: str = "POST", **headers: str) -> Answer:
        """Ask once, on a connection of its own; what is no bytes becomes JSON, ``_`` in a header's name ``-``."""
        if isinstance(payload, Mapping):
            payload = {"model": "kimi", "messages": HI, **payload}
        raw = payload if isinstance(payload, bytes) else b"" if payload is None else json.dumps(payload).encode()
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}content-length: {len(raw)}\r\n\r\n"
        return self.say(head.encode() + raw, method=method)

    def say(self, data: bytes, *, method: str = "POST") -> Answer:
        """Send bytes as they are, and read one answer."""
        with self.connected() as connection:
            connection.sendall(data)
            return read(connection, method)

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Connect."""
        with socket.create_connection(self.address, 10) as connection:
            yield connection

    def logged(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the lines of the log, once there are so many."""
        until(lambda: len("".join(self.lines).splitlines()) >= count)
        return [json.loads(line) for line in "".join(self.lines).splitlines()]


def read(connection: socket.socket, method: str = "POST") -> Answer:
    """Read one answer."""
    with connection.makefile("rb") as lines:
        return read_from(lines, method)


def read_from(lines: Any, method: str = "POST") -> Answer:
    """Read one answer from a file of bytes; what follows it stays."""
    first = lines.readline().decode()
    assert re.match(r"HTTP/1\.1 \d{3}", first), f"no answer: {first!r}"
    headers: dict[str, str] = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} twice"
        headers[name.lower()] = value.strip()
    status = int(first.split()[1])
    if method == "HEAD" or status in (204, 304):
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding") != "chunked":
        size = int(headers["content-length"])
        body = lines.read(size)
        return Answer(status, headers, body, len(body) == size)
    pieces = []
    while size := int(lines.readline() or b"0", 16):
        pieces.append(lines.read(size))
        lines.readline()
    return Answer(status, headers, b"".join(pieces), lines.readline() == b"\r\n")


def until(happened: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@contextlib.contextmanager
def running(*deployments: Deployment, limits: Limits | None = None, **config: Any) -> Iterator[Running]:
    """Run a gateway; it neither tries again nor passes over who failed, unless told to."""
    keys = [
        ClientKey.of(f"keys[{at}]", key) if isinstance(key, str) else key
        for at, key in enumerate(config.pop("keys", ()))
    ]
    config["keys"] = tuple(keys)
    made = Config(deployments, BOOK, **{"retries": 0, "cooldown": 0, "limits": limits or Limits(), **config})
    lines: list[str] = []
    gateway = Gateway(made, log=Told(lines))
    with gateway_serving.running(gateway) as url:
        yield Running(url, gateway, lines)


@dataclass
class Scripted:
    """A gateway and the one provider behind it, whose script each test writes; models ``kimi`` and ``plain``."""

    running: Running
    server: Server

    def ask(self, payload: Any = None, /, *scripts: Any, **more: Any) -> Answer:
        """Set the provider's script, and ask."""
        self.script(*scripts)
        return self.running.ask({} if payload is None else payload, **more)

    def script(self, *scripts: Any) -> None:
        """Set the provider's script; without any it answers well."""
        self.server.requests.clear()
        self.server.gone.clear()
        self.server.script[:] = scripts or [answer(COMPLETION)]
        self.running.forget()


@contextlib.contextmanager
def scripted(limits: Limits | None = None, **config: Any) -> Iterator[Scripted]:
    """Run a gateway with one scripted provider behind it."""
    with (
        serving(answer(COMPLETION)) as server,
        running(a_deployment(server.url), a_plain_deployment(server.url), limits=limits, **config) as front,
    ):
        yield Scripted(front, server)
