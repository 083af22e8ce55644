"""The one place where an asynchronous call opens a socket, on pyreqwest. The counterpart of `transport`.

pyreqwest's client belongs to no event loop: one serves the whole process, however many loops come and go. It works
in threads of its own, which do not survive a fork: a process that has called may fork only to run another program.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectTimeoutError, PyreqwestError

from .errors import APIConnectionError, Timeout, UsageError
from .transport import CONNECTIONS, LAST_WAIT


@lru_cache(maxsize=16)
def client(connect: float) -> Client:
    """Return this process's client for a connection timeout, made at the first call."""
    return (
        ClientBuilder()
        .connect_timeout(timedelta(seconds=connect))
        .pool_max_idle_per_host(CONNECTIONS)
        .follow_redirects(False)
        .referer(False)
        .build()
    )


class AsyncReply:
    """An answer: its status and headers (names in lower case), and its body for who reads it."""

    def __init__(self, exchange: contextlib.AsyncExitStack, response: Any, read_timeout: float) -> None:
        self._exchange, self._response, self._read_timeout = exchange, response, read_timeout
        self.status: int = response.status
        self.headers: dict[str, str] = {name.lower(): value for name, value in response.headers.items()}

    async def read(self) -> bytes:
        """Return the whole body; the connection goes back to the pool.

        Raises:
            APIConnectionError: it broke off.
        """
        parts = []
        while part := await self.piece():
            parts.append(part)
        await self.close()
        return b"".join(parts)

    async def piece(self) -> bytes:
        """Return the next bytes of the body as soon as there are any; none at its end.

        Raises:
            APIConnectionError: it broke off.
        """
        try:
            async with asyncio.timeout(self._read_timeout):
                data = await self._response.body_reader.read_chunk()
        except (PyreqwestError, TimeoutError) as error:
            await self.close()
            raise broken(error) from None
        return b"" if data is None else bytes(data)

    async def finish(self) -> None:
        """Give the connection back, if the body really ends here; else close it."""
        with contextlib.suppress(PyreqwestError, TimeoutError):
            async with asyncio.timeout(LAST_WAIT):
                await self._response.body_reader.read_chunk()
        await self.close()

    async def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        await self._exchange.aclose()


async def send(url: str, headers: Mapping[str, str], body: bytes, timeout: tuple[float, float]) -> AsyncReply:
    """Post a request and return the answer once its headers are there.

    Raises:
        APIConnectionError: there was no answer.
        Timeout: there was none in time.
    """
    connect, read = timeout
    try:
        request = client(connect).post(url).headers(headers).body_bytes(body)
    except (PyreqwestError, ValueError) as error:
        raise UsageError(f"the request cannot be sent: {type(error).__name__}") from None
    exchange = contextlib.AsyncExitStack()
    # The least buffer: with the usual one the events of a stream are held back until 64 KiB are there.
    streamed = request.streamed_read_buffer_limit(1).build_streamed()
    try:
        async with asyncio.timeout(max(timeout)):
            response = await exchange.enter_async_context(streamed)
    except (PyreqwestError, TimeoutError) as error:
        raise unanswered(error) from None
    return AsyncReply(exchange, response, read)


def unanswered(error: Exception) -> APIConnectionError:
    """Return our error for one of the library's before an answer began."""
    if isinstance(error, TimeoutError):
        # Who could not be reached was asked for nothing; who was slow may be at work, and would do it twice.
        return Timeout("no answer in time", retryable=isinstance(error, ConnectTimeoutError))
    # The innermost cause tells the reason, the outer ones the URL.
    causes = (getattr(error, "details", None) or {}).get("causes") or [{"message": type(error).__name__}]
    return APIConnectionError(f"no connection: {causes[-1]['message'].partition(' (os error')[0]}", retryable=True)


def broken(error: Exception) -> APIConnectionError:
    """Return our error for one of the library's in the middle of an answer."""
    if isinstance(error, TimeoutError):
        return Timeout("the answer stopped coming")
    return APIConnectionError("the connection broke in the middle of the answer")
