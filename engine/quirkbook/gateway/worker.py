"""One process that serves: its app, its signals, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

import uvicorn

from .above import Above
from .app import Gateway
from .config.load import settings
from .config.model import Options
from .http.protocol import Protocol
from .reload import Watcher, files_of, stamps

KEPT: Final = 75
"""Seconds that an idle client may keep its connection."""
GRACE: Final = 5
"""Seconds behind the drain for the last words to get to the clients."""
#: glibc gives memory blocks of a megabyte back and faults them in again for each large body, unless told to keep them.
#: (parameter of mallopt, value): M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_TOP_PAD, M_ARENA_MAX.
MALLOC: Final = ((-1, 256 << 20), (-3, 32 << 20), (-2, 16 << 20), (-8, 2))


def tune_allocator() -> None:
    """Let glibc keep the memory of large bodies; elsewhere nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for parameter, value in MALLOC:
            mallopt(parameter, value)


class Server(uvicorn.Server):
    """uvicorn's server, which tells the gateway that it is to end, and for how long requests may go on."""

    def __init__(self, gateway: Gateway, drain: float, **options: Any) -> None:
        super().__init__(uvicorn.Config(gateway, **uvicorn_options(drain), **options))
        self._gateway, self._drain = gateway, drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: no new connections, and `drain` seconds for what is under way."""
        asyncio.get_running_loop().call_later(self._drain, self._gateway.stop)
        await super().shutdown(sockets)


def uvicorn_options(drain: float) -> dict[str, Any]:
    """Return what uvicorn is started with."""
    return {
        "http": Protocol,
        "ws": "none",
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": KEPT,
        "timeout_graceful_shutdown": int(drain) + GRACE,
        "backlog": 2048,
    }


def application(options: Options, early: Sequence[int] = ()) -> Gateway:
    """Make the app of one worker; it watches its files from the start of the server on.

    ``early`` holds the signals to reload that have come by then.
    """
    tune_allocator()
    before = dict(stamps(files_of(options.path)))
    read = partial(settings, strict=options.strict)
    gateway = Gateway(read(options.path), options=options)
    watcher = Watcher(gateway, options.path, read, before)

    def begin() -> None:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in a thread, not on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, watcher.reload_soon)
        if early:
            watcher.reload_soon()
        if options.reload:
            watcher.begin()

    gateway.at_start.append(begin)
    return gateway


def work(options: Options, sockets: list[socket.socket], pipe: Connection | None = None) -> None:
    """Serve on sockets until asked to stop, or until the other end of the pipe is gone."""
    early: list[int] = []
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda number, _: early.append(number))
    gateway = application(options, early)
    if pipe is not None:
        above = Above(pipe, gateway.metrics)
        gateway.figures = above.page
        gateway.at_start.append(above.begin)
        threading.Thread(target=above.listen, daemon=True).start()
    Server(gateway, options.drain).run(sockets=sockets)
