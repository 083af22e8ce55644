"""Notices that an upstream has been silent for a while, without a clock that is set anew for each piece."""

from __future__ import annotations

import asyncio

from .upstream.reply import Reply


class Silence:
    """Wakes whoever waits for a piece of an answer, again and again, as long as nothing comes."""

    def __init__(self) -> None:
        """Set ``seconds``, and begin with `listen`."""
        self.seconds = 0.0
        """After so many of silence; 0: never."""
        self._timer: asyncio.TimerHandle | None = None
        self._reply: Reply | None = None
        self._last = 0.0

    def listen(self, reply: Reply) -> None:
        """Listen to an answer whose head has come."""
        self.end()
        if self.seconds:
            loop = asyncio.get_running_loop()
            self._loop, self._reply, self._last = loop, reply, loop.time()
            self._timer = loop.call_later(self.seconds, self._look)

    def heard(self) -> None:
        """Note that something has come."""
        if self._timer is not None:
            self._last = self._loop.time()

    def end(self) -> None:
        """Listen no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now = self._loop.time()
        left = self._last + self.seconds - now
        if left <= 0 and self._reply is not None:
            self._reply.nudge()
            self._last, left = now, self.seconds
        self._timer = self._loop.call_later(left, self._look)
