"""An emulated provider on a port: for good, or for as long as a test lasts."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from types import ModuleType

from ..errors import missing_extra
from ..wire.address import check_port
from .app import Emulator


def serve(provider: str, host: str = "127.0.0.1", port: int = 8001) -> None:
    """Run an emulated provider until it is interrupted.

    Raises:
        UnknownProviderError: no file describes what it accepts.
        UsageError: uvicorn is not installed, or nobody can listen there.
    """
    app = Emulator(provider)
    uvicorn = _uvicorn()
    check_port(host, port)
    uvicorn.run(app, host=host, port=port, log_level="info", timeout_graceful_shutdown=1)


@contextlib.contextmanager
def running(provider: str | Emulator) -> Iterator[str]:
    """Run an emulated provider in a thread on a free port of this machine, and yield its base URL.

    Hand in an `Emulator` to look at its ``requests`` and ``stats`` without a request.

    Raises:
        UnknownProviderError: no file describes what it accepts.
        UsageError: uvicorn is not installed.
    """
    app = provider if isinstance(provider, Emulator) else Emulator(provider)
    uvicorn = _uvicorn()
    config = uvicorn.Config(app, log_config=None, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)  # a caller may connect before the thread has started
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="emulator", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join()


def _uvicorn() -> ModuleType:
    try:
        import uvicorn
    except ImportError:
        raise missing_extra("an emulated provider", "uvicorn", "serve") from None
    return uvicorn
