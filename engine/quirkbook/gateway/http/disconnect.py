"""Whether a client is still there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from .asgi import GoneError, Receive

WATCHED_AFTER: Final = 0.05
"""Seconds after which we look whether the client is still there."""


class DisconnectWatcher:
    """Stops the task in hand when the client hangs up; looks only at requests that take their time."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._gone = False

    def start(self) -> None:
        """Begin to watch, once the body has come."""
        task = asyncio.current_task()
        assert task is not None
        self._timer = task.get_loop().call_later(WATCHED_AFTER, self._watch, task)

    def _watch(self, task: asyncio.Task[Any]) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._until_gone(task))

    async def _until_gone(self, task: asyncio.Task[Any]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        task.cancel()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and kind is asyncio.CancelledError:
            task = asyncio.current_task()
            with contextlib.suppress(AttributeError):
                task.uncancel()  # type: ignore[union-attr]
            raise GoneError from None
