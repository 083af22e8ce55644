"""One connection to an upstream: a request goes out, an answer is taken in as it comes. `reply` is how it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import httptools

from ...errors import APIConnectionError, Timeout
from .decompress import UNPACKED_AS_THEY_COME, DecompressionError, Decompressor

HEAD_BYTES: Final = 128 * 1024
"""Bytes of an answer's headers; more is not an answer."""
AHEAD: Final = 256 * 1024
"""Bytes of an answer that are taken in before the reader has taken out those before."""

_LONG_HEAD: Final = f"the headers of its answer hold more than {HEAD_BYTES:,} bytes"

_NEVER: Final = float("inf")
_NO_HEADERS: Final[dict[str, str]] = {}


class Owner(Protocol):
    """The pool that a connection belongs to."""

    busy: set[Connection]

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""

    def forget(self, connection: Connection) -> None:
        """Take a connection off the books."""

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look after the connections as long as there are any."""


class Connection(asyncio.Protocol):
    """One connection, which bears one request at a time, and as much of the answer as has come."""

    __slots__ = (
        "_before_head", "_close_delimited", "_complete", "_deadline", "_decompressor", "_error", "_head_bytes", "_head_came", "_loop", "_nudged", "_parser",
        "_paused", "_pieces", "_pool", "_refusal", "_size", "_stays", "_transport", "_waiter", "closed", "headers", "idle_since",
        "packed", "status", "used",
    )  # fmt: skip

    def __init__(self, pool: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._pool, self._loop = pool, loop
        self._transport: Any = None
        self._waiter: asyncio.Future[None] | None = None
        self.closed = False
        self.used = False
        """Whether it has borne a request before."""
        self.idle_since = 0.0
        self._start()

    def _start(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._size = 0
        self._head_bytes = self._before_head = 0
        self._decompressor: Decompressor | None = None
        self._head_came = self._complete = self._paused = self._stays = False
        self._close_delimited = True
        self._error: Exception | None = None
        self._refusal: str | None = None
        self._deadline = _NEVER
        self._nudged = False
        self.status = 0
        self.packed = ""
        self.headers = _NO_HEADERS

    # What the transport says

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take bytes of the answer."""
        if self._complete or not self.used:  # nobody asked
            self._fail(APIConnectionError("the upstream spoke without being asked"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(APIConnectionError(self._refusal or "the upstream's answer is not HTTP"))
            return
        if not self._head_came:  # the parser reports a header when it has come whole, however long that is
            self._before_head += len(data)
            if self._before_head > 2 * HEAD_BYTES:
                self._fail(APIConnectionError(_LONG_HEAD))
                return
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Take note that no more comes."""
        self.closed = True
        self._pool.forget(self)
        if self._head_came and self._close_delimited and error is None and self._error is None:
            self._complete = True
        elif not self._complete and self._error is None:
            self._error = APIConnectionError("the connection broke before the answer was complete", retryable=True)
        self._wake()

    # What the parser says

    def on_message_begin(self) -> None:
        """Refuse a second answer to one question."""
        if self._complete:
            raise self._refused("the upstream spoke without being asked")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES:
            raise self._refused(_LONG_HEAD)
        if self.headers is _NO_HEADERS:
            self.headers = {}
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in ("content-length", "transfer-encoding"):
            self._close_delimited = False
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """Take the status, which comes before the headers and is asked for now."""
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._head_came = True
            coding = self.headers.pop("content-encoding", "identity").lower()
            if coding != "identity":  # it was asked not to pack, and the client did not ask for it either
                if coding in UNPACKED_AS_THEY_COME:
                    self._decompressor = Decompressor(coding)
                else:
                    self.packed = coding[:50]
            self._close_delimited &= self.status not in (204, 304)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._decompressor is not None:
            try:
                body = self._decompressor.feed(body)
            except DecompressionError as error:
                if self.status < 400:
                    raise self._refused(str(error)) from None
                self._decompressor = None  # what an error says is lost, and its status is not
            if not body:  # only a header of the packing has come, and no bytes mean the end
                return
        self._pieces.append(body)
        self._size += len(body)
        if self._size > AHEAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Take the end; an interim answer (1xx) is followed by the real one."""
        if self._head_came:
            if self._decompressor is not None and self.status < 400:
                try:
                    self._decompressor.close()
                except DecompressionError as error:
                    raise self._refused(str(error)) from None
            self._complete = True
            self._stays = self._parser.should_keep_alive()
        else:
            self.headers, self._close_delimited = _NO_HEADERS, True

    def _refused(self, why: str) -> Exception:
        """Return what stops the parser, which raises an error of its own for it: the reason is kept here."""
        self._refusal = why
        return cast("Exception", httptools.HttpParserError())  # httptools 0.6 has no annotations

    # What the gateway asks for

    async def request(self, head: bytes, body: bytes, patience: float) -> None:
        """Send a request and wait until the answer's head is there.

        Raises:
            APIConnectionError: no answer came.
            Timeout: it took longer than ``patience`` seconds.
        """
        self._pool.busy.add(self)
        self.used = True
        self._transport.write(head + body if len(body) < AHEAD else head)
        if len(body) >= AHEAD:
            self._transport.write(body)
        await self._wait_until(lambda: self._head_came, patience)

    def nudge(self) -> None:
        """Wake who waits for a piece, though none has come."""
        self._nudged = True
        self._wake()

    async def piece(self, patience: float) -> bytes | None:
        """See `Reply.piece`."""
        if not self._pieces and not self._complete:
            await self._wait_until(lambda: bool(self._pieces) or self._complete or self._nudged, patience)
            if self._nudged and not self._pieces and not self._complete:
                self._nudged = False
                return None
        self._nudged = False
        pieces, self._pieces, self._size = self._pieces, [], 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def spent(self) -> bool:
        """Whether the whole answer has been read."""
        return self._complete and not self._pieces

    def release(self) -> None:
        """Go back to the pool, if the whole answer was read; else close."""
        # An answer may come before the request has gone out whole.
        if self.spent and self._stays and not self.closed and not self._transport.get_write_buffer_size():
            self.idle_since = self._loop.time()
            self._pool.give_back(self)
            self._start()
            self._complete = True  # until it is asked again, nothing may come
        else:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self._pool.forget(self)
        self._transport.abort()

    def reuse(self) -> None:
        """Make ready for the next request."""
        self._complete = False

    def check(self, now: float) -> None:
        """Fail if somebody has waited too long; the pool asks this from time to time."""
        if now > self._deadline:
            self._fail(Timeout("the upstream did not answer in time", retryable=not self._head_came))

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self.close()
        self._wake()

    async def _wait_until(self, happened: Callable[[], bool], patience: float) -> None:
        loop = self._loop  # asking for the running one is a system call
        if self._deadline == _NEVER:  # else who was nudged goes on waiting
            self._deadline = loop.time() + patience
        self._pool.watch(loop)
        while not happened():
            if self._error is not None:
                raise self._error
            self._waiter = loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if not self._nudged:
            self._deadline = _NEVER

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
