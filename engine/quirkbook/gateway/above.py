"""A worker's end of the pipe to the process above it: signs of life, its figures, and the figures of all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Final

from . import figures
from .http.asgi import HTTPError
from .observe import Metrics
from .supervisor import ASK, BEAT, FIGURES, LIFE

PATIENCE: Final = 5.0
"""Seconds that a request for the figures of all may take."""


class Above:
    """The pipe of one worker. Only short messages are sent from the event loop, and none that would have to wait."""

    def __init__(self, pipe: Connection, metrics: Metrics) -> None:
        self._pipe, self._metrics = pipe, metrics
        self._sending = threading.Lock()
        self._waiting: list[asyncio.Future[bytes]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Give the first sign of life; on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._beat()

    def _beat(self) -> None:
        """Give a sign of life from the event loop, now and again and again."""
        assert self._loop is not None
        if self._sending.acquire(blocking=False):  # else figures are on their way, which are a sign of life, too
            try:
                self._pipe.send_bytes(LIFE)
            except OSError:
                return
            finally:
                self._sending.release()
        self._loop.call_later(BEAT, self._beat)

    def listen(self) -> None:
        """Answer what the process above asks, and end with it; in a thread."""
        with contextlib.suppress(OSError, EOFError):
            while message := self._pipe.recv_bytes():
                if (
                    message == ASK
                ):  # by a thread of its own: whoever reads here keeps reading, so that nobody waits for another
                    given = FIGURES + figures.packed(self._metrics.taken())
                    threading.Thread(target=self._send, args=(given,), daemon=True).start()
                elif self._loop is not None:
                    self._loop.call_soon_threadsafe(self._got, message.removeprefix(FIGURES))
        os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, message: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._pipe.send_bytes(message)

    def _got(self, page: bytes) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(page)

    async def page(self) -> bytes:
        """Return the figures of all workers, as Prometheus reads them.

        Raises:
            HTTPError: 503, the process above does not answer.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        threading.Thread(target=self._send, args=(ASK,), daemon=True).start()
        try:
            return await asyncio.wait_for(future, PATIENCE)
        except TimeoutError:
            text = "the figures of all workers could not be gathered in time: ask again"
            raise HTTPError(503, text, type="server_error", code="no_figures") from None
