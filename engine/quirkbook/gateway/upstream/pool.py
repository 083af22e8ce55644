"""Pooled HTTP/1.1 connections to upstreams: the gateway's way out, where a general client costs more than all else.

One `Pool` per origin. A request is bytes; an answer is read as it comes, and its connection is used again only if the
whole of it was read.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ...errors import APIConnectionError, Timeout
from ...wire.address import reason
from .connection import Connection
from .dial import Origin, dial
from .reply import Reply

CONNECT: Final = 10.0
"""Seconds to wait for a connection."""
KEPT: Final = 15.0
"""Seconds that an idle connection is kept: less than most servers keep theirs."""
SWEEP: Final = 0.25
"""Seconds between two looks for those who have waited too long."""


class Pool:
    """The connections to one origin. It belongs to one event loop."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._idle: list[Connection] = []
        self.busy: set[Connection] = set()
        self._watching = False

    async def request(self, head: bytes, body: bytes, patience: float) -> Reply:
        """Send a request and return the answer once its head is there; it must be read to its end, or closed.

        A connection that was kept may have been closed by the upstream meanwhile: then a fresh one is tried, once.

        Raises:
            APIConnectionError: there was no answer.
            Timeout: there was none within ``patience`` seconds.
        """
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                connection.reuse()
                try:
                    await self._request_on(connection, head, body, patience)
                except Timeout:
                    raise
                except APIConnectionError:
                    if connection.status:
                        raise
                    break
                return Reply(connection)
        connection = await self._connect()
        await self._request_on(connection, head, body, patience)
        return Reply(connection)

    async def _request_on(self, connection: Connection, head: bytes, body: bytes, patience: float) -> None:
        try:
            await connection.request(head, body, patience)
        except BaseException:  # cancelled, too: an answer may still come, and would be taken for the next one's
            connection.close()
            raise

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        connection = Connection(self, loop)
        try:
            async with asyncio.timeout(CONNECT):
                await dial(self._origin, connection, loop)
        except TimeoutError:
            raise Timeout(f"no connection within {CONNECT:g} seconds", retryable=True) from None
        except OSError as error:
            raise APIConnectionError(
                f"no connection: {reason(error) or type(error).__name__}", retryable=True
            ) from None
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        self.busy.discard(connection)
        self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """Take a connection off the books."""
        self.busy.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look after the connections as long as there are any."""
        if not self._watching:
            self._watching = True
            loop.call_later(SWEEP, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self.busy):
            connection.check(now)
        for connection in [idle for idle in self._idle if now - idle.idle_since > KEPT]:
            connection.close()
        self._watching = False
        if self.busy or self._idle:
            self.watch(loop)

    def close(self) -> None:
        """Close all connections."""
        for connection in [*self._idle, *self.busy]:
            connection.close()
