"""The gateway on a port: uvicorn with limits on what slow and greedy clients may do."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

import uvicorn

from ..errors import UsageError
from ..wire.address import check_port, reason
from .app import Gateway
from .config.load import from_environment, read_config
from .config.model import Config
from .http.protocol import Protocol
from .http.uvicorn_parts import check_uvicorn
from .observe import Log
from .reload import Watcher

#: The variable in which a worker finds what to serve.
SETTINGS: Final = "QUIRKBOOK_GATEWAY"
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
        ConfigError: with every diagnostic of the file.
        UsageError: there is no file, and no key.
    """
    return read_config(path, environ=environ) if path else from_environment(environ)


def is_open(host: str) -> bool:
    """Tell whether others than this machine reach what listens there.

    Raises:
        UsageError: the name of the host stands for no address.
    """
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = reason(error) or type(error).__name__
        raise UsageError(f"--host {host}: {why}: name an address of this machine, such as 127.0.0.1") from None
    return not all(ip_address(str(address[0])).is_loopback for *_, address in addresses)


def check_exposure(config: Config, host: str, *, no_auth: bool) -> None:
    """Refuse to serve strangers without a key.

    Raises:
        UsageError: no key is set, and the host is not this machine alone; or it stands for no address.
    """
    if is_open(host) and not config.keys and not no_auth:
        raise UsageError(
            f"without a master key only this machine is served, and {host} is open to others: set general_settings.master_key"
            " (or LITELLM_MASTER_KEY), serve on 127.0.0.1, or say --no-auth"
        )


def serve(path: str | None, host: str, port: int, workers: int, *, no_auth: bool, reload: bool = True) -> None:
    """Serve until asked to stop.

    Raises:
        ConfigError: the config has diagnostics.
        UsageError: nobody could be served, or strangers without a key; or uvicorn lacks what is used of it.
    """
    check_uvicorn()
    config = settings(path)
    check_exposure(config, host, no_auth=no_auth)
    check_port(host, port)
    for line in config.summary():
        print(line)
    if not config.keys:
        print(f"no master key: anybody who reaches {host} may ask")
    for name in sorted({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} & {name.upper() for name in os.environ}):
        print(f"{name} is set, and not used: the gateway connects to upstreams itself")
    print(f"http://{host}:{port} - POST /v1/chat/completions, or open / in a browser", flush=True)
    os.environ[SETTINGS] = json.dumps({"path": path, "reload": reload})
    uvicorn.run(
        "quirkbook.gateway.serve:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        **_options(),
    )


def application() -> Gateway:
    """Make the app of one worker, as `serve` has set it up."""
    tune_allocator()
    options: dict[str, Any] = json.loads(os.environ[SETTINGS])
    gateway = Gateway(settings(options["path"]))
    if options["reload"]:
        Watcher(gateway, options["path"], settings).begin()
    return gateway


def _options() -> dict[str, Any]:
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
        "timeout_graceful_shutdown": DRAIN,
        "backlog": 2048,
    }


@contextlib.contextmanager
def running(config: Config | Gateway, *, log: Log | None = None) -> Iterator[str]:
    """Run a gateway in a thread on a free port of this machine, and yield its URL without ``/v1``."""
    check_uvicorn()
    gateway = config if isinstance(config, Gateway) else Gateway(config, log=log or Log(lambda text: None))
    options = _options() | {"timeout_graceful_shutdown": 1, "log_level": "critical"}
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
