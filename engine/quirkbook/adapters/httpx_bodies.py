"""Bodies of streamed answers on their way back, for httpx and httpx2."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import TYPE_CHECKING

from .answer import StreamedAnswer

if TYPE_CHECKING:
    import httpx2


class Body:
    """The bytes of a stream, each piece as the rules leave it."""

    def __init__(self, response: httpx2.Response, answer: StreamedAnswer) -> None:
        self._response, self._answer = response, answer
        self._first: list[bytes] = []
        self._pieces = self._read()

    def begin(self) -> None:
        """Read as far as to what can be passed on first."""
        self._first = [next(self._pieces, b"")]

    def _read(self) -> Iterator[bytes]:
        for data in self._response.iter_bytes():
            if passed := self._answer.feed(data):
                yield passed
        if passed := self._answer.close():
            yield passed

    def __iter__(self) -> Iterator[bytes]:
        yield from filter(None, self._first)
        yield from self._pieces

    def close(self) -> None:
        """Close the connection."""
        self._response.close()


class AsyncBody:
    """The bytes of a stream, asynchronous, each piece as the rules leave it."""

    def __init__(self, response: httpx2.Response, answer: StreamedAnswer) -> None:
        self._response, self._answer = response, answer
        self._first: list[bytes] = []
        self._pieces = self._read()

    async def begin(self) -> None:
        """Read as far as to what can be passed on first."""
        self._first = [await anext(self._pieces, b"")]

    async def _read(self) -> AsyncGenerator[bytes, None]:
        async with contextlib.aclosing(self._response.aiter_bytes()) as pieces:
            async for data in pieces:
                if passed := self._answer.feed(data):
                    yield passed
        if passed := self._answer.close():
            yield passed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for data in filter(None, self._first):
            yield data
        async with contextlib.aclosing(self._pieces) as pieces:
            async for data in pieces:
                yield data

    async def aclose(self) -> None:
        """Close the connection."""
        await self._pieces.aclose()
        await self._response.aclose()
