"""The gateway on a port: what is checked before anybody is served, and how many processes serve."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from ..errors import UsageError
from ..payload.describe import shown
from ..wire.address import check_port, reason
from .app import Gateway, can_trace
from .config.findings import summary
from .config.load import settings
from .config.model import UNLIMITED, Config, Options
from .http.uvicorn_parts import check_uvicorn
from .observe import Log
from .shared_counts import is_installed
from .supervisor import Supervisor
from .worker import Server, work

BACKLOG = 2048
"""Connections that wait to be taken."""


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


def serve(options: Options, *, no_auth: bool = False) -> None:
    """Serve until asked to stop.

    Raises:
        ConfigError: the config has diagnostics.
        UsageError: nobody could be served, or strangers without a key; or uvicorn lacks what is used of it.
    """
    check_uvicorn()
    host, port = options.host, options.port
    config = settings(options.path, strict=options.strict)
    if options.socket is None:
        check_exposure(config, host, no_auth=no_auth)
        check_port(host, port)
    for line in (*summary(config), *not_shared(config, options), *not_traced(config)):
        print(shown(line))
    where = (
        f"http://{f'[{host}]' if ':' in host else host}:{port}" if options.socket is None else f"unix:{options.socket}"
    )
    if not config.keys:
        print(f"no master key: requests to {host if options.socket is None else options.socket} are not authenticated")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        if os.environ.get(name) or os.environ.get(name.upper()):
            print(f"{name.upper()} is set: upstreams are reached through that proxy, but for those that NO_PROXY names")
    for root in options.roots:
        print(f"everything is served below {root}, too (SERVER_ROOT_PATH or --root-path)")
    print(f"{where} - POST /v1/chat/completions, or open / in a browser", flush=True)
    start(options)


def not_shared(config: Config, options: Options) -> list[str]:
    """Return, a line each, which limits of the config hold for each process by itself, though that may not be meant."""
    allowances = [deployment.allowance for deployment in config.deployments]
    counted = any(one != replace(UNLIMITED, parallel=one.parallel) for one in allowances)
    lines = []
    if counted and config.redis is not None and not is_installed():
        lines.append(
            "rpm, tpm, rpd and tpd are counted by each process for itself: the Redis of router_settings needs the extra"
            " redis: in a checkout of Quirkbook, run pip install '.[redis]'"
        )
    elif counted and config.redis is None and options.workers > 1:
        lines.append(
            f"rpm, tpm, rpd and tpd are counted by each of {options.workers} workers for itself:"
            " router_settings.redis_url shares the count"
        )
    is_shared = config.redis is not None and is_installed()
    if options.workers > 1 and not is_shared and any(one.parallel is not None for one in allowances):
        lines.append(
            f"max_parallel_requests holds for each of {options.workers} workers by itself:"
            " router_settings.redis_url and the extra redis share it"
        )
    return lines


def not_traced(config: Config) -> list[str]:
    """Return, in a line, that no traces are made though they are asked for, if that is so."""
    if not config.traces or can_trace():
        return []
    return ["no traces are made: they need the extra otel: in a checkout of Quirkbook, run pip install '.[otel]'"]


def start(options: Options) -> None:
    """Serve in this process, or with workers below it."""
    sockets = [unix_listener(options.socket)] if options.socket else listeners(options.host, options.port)
    if options.workers == 1:
        work(options, sockets)
    else:
        Supervisor(work, options, sockets, Log()).run()


def listeners(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a host, which listens."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [_listening(family, address) for family, address in dict.fromkeys((one[0], one[4]) for one in found)]


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(address)
    listener.listen(BACKLOG)
    return listener


def unix_listener(path: str) -> socket.socket:
    """Return a Unix socket that listens; one that an ended gateway has left there is replaced.

    Raises:
        UsageError: something else is there, or nothing may be.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_over(path):
            os.unlink(path)
        listener.bind(path)
        os.chmod(path, 0o660)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = reason(error) or str(error)
        raise UsageError(f"--uds {path}: {why}: stop what serves there, or choose another path") from None
    return listener


def _is_left_over(path: str) -> bool:
    """Tell whether a socket is there at which nobody listens."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextlib.contextmanager
def running(config: Config | Gateway, *, log: Log | None = None, options: Options | None = None) -> Iterator[str]:
    """Run a gateway in a thread on a free port of this machine, and yield its URL without ``/v1``."""
    check_uvicorn()
    gateway = config if isinstance(config, Gateway) else Gateway(config, log=log or Log(lambda text: None))
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        with on(gateway, listener, drain=options.drain if options else 1):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def on(gateway: Gateway, listener: socket.socket, *, drain: float = 1) -> Iterator[None]:
    """Run a gateway in a thread on a socket that listens."""
    server = Server(gateway, drain)
    server.config.log_level = "critical"
    thread = threading.Thread(target=server.run, args=([listener],), name="gateway", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
