"""The gateway on a port: uvicorn with limits on what slow and greedy clients may do."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import UsageError
from .app import Gateway
from .config import from_environment, read_config
from .model import Config
from .records import Log
from .reload import Watcher

#: The variable in which a worker finds what to serve.
SETTINGS: Final = "QUIRKBOOK_GATEWAY"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DRAIN: Final = 30
"""Seconds that requests under way have to end when the server is asked to stop."""
KEPT: Final = 75
"""Seconds that an idle client may keep its connection."""
#: glibc gives memory blocks of a megabyte back and faults them in again for each large body, unless told to keep them.
#: (parameter of mallopt, value): M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_TOP_PAD, M_ARENA_MAX.
MALLOC: Final = ((-1, 256 << 20), (-3, 32 << 20), (-2, 16 << 20), (-8, 2))


def tune_allocator() -> None:
    """Let glibc keep the memory of large bodies; elsewhere nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for parameter, value in MALLOC:
            mallopt(parameter, value)


def settings(path: str | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the config in a file, else what the keys in the environment offer.

    Raises:
        ConfigError: with every fault of the file.
        UsageError: there is no file, and no key.
    """
    return read_config(path, environ=environ) if path else from_environment(environ)


def check_exposure(config: Config, host: str, *, no_auth: bool) -> None:
    """Refuse to serve strangers without a key.

    Raises:
        UsageError: no key is set, and the host is not this machine alone.
    """
    if not config.keys and host not in LOOPBACK and not no_auth:
        raise UsageError(
            f"without a master key only this machine is served, and {host} is open to others: set general_settings.master_key"
            " (or LITELLM_MASTER_KEY), serve on 127.0.0.1, or say --no-auth"
        )


def serve(path: str | None, host: str, port: int, workers: int, *, no_auth: bool, reload: bool = True) -> None:
    """Serve until asked to stop.

    Raises:
        ConfigError: the config has faults.
        UsageError: nobody could be served, or strangers without a key.
    """
    config = settings(path)
    check_exposure(config, host, no_auth=no_auth)
    for line in config.summary():
        print(line)
    if not config.keys:
        print(f"no master key: anybody who reaches {host} may ask")
    for name in sorted({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} & {name.upper() for name in os.environ}):
        print(f"{name} is set, and not used: the gateway connects to upstreams itself")
    print(f"http://{host}:{port} - POST /v1/chat/completions, or open / in a browser", flush=True)
    os.environ[SETTINGS] = json.dumps({"path": path, "reload": reload})
    uvicorn.run(
        "quirkbook.gateway.serving:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        **_options(config),
    )


def application() -> Gateway:
    """Make the app of one worker, as `serve` has set it up."""
    tune_allocator()
    given: dict[str, Any] = json.loads(os.environ[SETTINGS])
    gateway = Gateway(settings(given["path"]))
    if given["reload"]:
        Watcher(gateway, given["path"], settings).begin()
    return gateway


def _options(config: Config) -> dict[str, Any]:
    limits = config.limits
    guarded = type("Guarded", (Protocol,), {"header_bytes": limits.header_bytes, "slow_client": limits.slow_client})
    return {
        "http": guarded,
        "ws": "none",
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": KEPT,
        "timeout_graceful_shutdown": DRAIN,
        "backlog": 2048,
    }


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP with bounds: on the size of headers, on the time for a request, on how slowly answers are taken."""

    header_bytes: int
    slow_client: float

    def connection_made(self, transport: Any) -> None:
        """Take a connection; its first request has to come in time."""
        super().connection_made(transport)
        self._head = 0
        self._stalled: asyncio.TimerHandle | None = None
        self._due: asyncio.TimerHandle | None = self.loop.call_later(self.slow_client, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks."""
        self._in_time()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the clock for a request."""
        self._head = 0
        if self._due is None:
            self._due = self.loop.call_later(self.slow_client, self._too_slow)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count what the head takes."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count what the head takes."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        """Stop the clock."""
        self._in_time()
        super().on_message_complete()

    def _in_time(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _count(self, more: int) -> None:
        self._head += more
        if self._head > self.header_bytes and not self.transport.is_closing():
            self._refuse(
                431, "Request Header Fields Too Large", f"the head holds more than {self.header_bytes:,} bytes"
            )

    def _too_slow(self) -> None:
        self._due = None
        if not self.transport.is_closing():
            self._refuse(408, "Request Timeout", f"the request did not come within {self.slow_client:g} seconds")

    def _refuse(self, status: int, phrase: str, text: str) -> None:
        error = {"message": text, "type": "invalid_request_error", "param": None, "code": None}
        raw = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(raw)}\r\n\r\n".encode() + raw)
        self.transport.close()

    def pause_writing(self) -> None:
        """Start the clock for a client that does not take its answer."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.slow_client, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


@contextlib.contextmanager
def running(config: Config | Gateway, *, log: Log | None = None) -> Iterator[str]:
    """Run a gateway in a thread on a free port of this machine, and yield its URL without ``/v1``."""
    gateway = config if isinstance(config, Gateway) else Gateway(config, log=log or Log(lambda text: None))
    options = _options(gateway.service.config) | {"timeout_graceful_shutdown": 1, "log_level": "critical"}
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        server = uvicorn.Server(uvicorn.Config(gateway, **options))
        thread = threading.Thread(target=server.run, args=([listener],), name="gateway", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
