"""uvicorn's HTTP with bounds: on the size of a head, on the time for a request, on how slowly answers are taken."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import httptools

from .uvicorn_parts import HttpToolsProtocol

_PHRASES: Final = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


class Protocol(HttpToolsProtocol):
    """One connection of a client. What is refused here never reaches the app, and ends the connection."""

    def connection_made(self, transport: Any) -> None:
        """Take a connection; its first request has to come in time."""
        super().connection_made(transport)
        together: Any = _Together(transport, self.loop)
        self.transport = together
        gateway: Any = self.app  # a class of its own per config could not be sent to worker processes
        limits = gateway.service.config.limits
        self._header_bytes, self._slow_client = limits.header_bytes, limits.slow_client
        self._head = self._unfinished = self._hosts = 0
        self._in_head, self._in_body = True, False
        self._parting = False
        """Whether nothing is read any more: the connection ends with the answer that is under way."""
        self._stalled: asyncio.TimerHandle | None = None
        self._due: asyncio.TimerHandle | None = self.loop.call_later(self._slow_client, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks."""
        self._in_time()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        if self._parting or self.transport.is_closing():
            return
        if self._due is not None:  # else a line break, which is not a request yet, would gain time, again and again
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._parting:
                self._refuse(400, "the request is not HTTP/1.1 that can be understood in one way only", "invalid_http")
            return
        if self._in_head:  # the parser reports a header when it has come whole, however long that is
            self._unfinished += len(data)
            if self._unfinished > self._header_bytes:
                self._too_much()
        elif self._due is None and self.timeout_keep_alive_task is None and self.cycle.response_complete:
            # The rest of a request came behind its answer: the connection rests from now on.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """Start the clock for a request."""
        self._head = self._unfinished = self._hosts = 0
        self._in_head, self._in_body = True, False
        if self._due is None:
            self._unset_keepalive_if_required()
            self._due = self.loop.call_later(self._slow_client, self._too_slow)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count what the head takes."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count what the head takes, and refuse what two servers could read in two ways."""
        self._count(len(name) + len(value))
        if self._in_body:  # the trailer of a body in chunks: nothing there is a header
            return
        if len(name) == 4 and name.lower() == b"host":
            self._hosts += 1
        elif len(name) == 17 and name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            self._refuse(400, "Transfer-Encoding must be chunked, and nothing else", "invalid_http")
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request to the app."""
        if self.parser.should_upgrade():  # its body would be taken for the next request
            self._refuse(400, "no other protocol is spoken here: leave out the header Upgrade", "invalid_http")
            raise _Refused
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(400, "HTTP must be of version 1.1 or 1.0", "invalid_http")
            raise _Refused
        if self._hosts != 1 and (self._hosts or version == "1.1"):
            self._refuse(400, "there must be one header Host", "invalid_http")
            raise _Refused
        super().on_headers_complete()
        self._in_head, self._in_body = False, True

    def on_message_complete(self) -> None:
        """Stop the clock."""
        self._in_body = False
        self._in_time()
        super().on_message_complete()

    def _in_time(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _count(self, length: int) -> None:
        self._head += length
        if self._head > self._header_bytes:
            self._too_much()
            raise _Refused

    def _too_much(self) -> None:
        self._refuse(431, f"the head holds more than {self._header_bytes:,} bytes", "head_too_large")

    def _too_slow(self) -> None:
        self._due = None
        if not self.transport.is_closing():
            text = f"the request did not come within {self._slow_client:g} seconds"
            self._refuse(408, text, "request_timeout")

    def _refuse(self, status: int, text: str, code: str) -> None:
        self._parting = True
        cycle = self.cycle
        if not self._in_body and cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False  # an earlier answer is under way: nothing may get into it
            return
        if not self._in_body or not (cycle.response_started or self.pipeline):
            error = {"message": text, "type": "invalid_request_error", "param": None, "code": code}
            raw = json.dumps({"error": error}).encode()
            head = f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(raw)}\r\n\r\n".encode() + raw)
        self.transport.close()

    def pause_writing(self) -> None:
        """Start the clock for a client that does not take its answer."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._slow_client, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class _Together:
    """A transport that sends the head of an answer together with what follows it at once.

    uvicorn writes one after the other, and uvloop hands each to the system, which costs a small answer a tenth of all.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._call_soon = transport, loop.call_soon
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.writelines((head, data))
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._call_soon(self._flush)  # nothing may follow at once
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)

    def close(self) -> None:
        self._flush()
        self._transport.close()


class _Refused(Exception):  # noqa: N818 - it stops the parser, and is not an error
    """Nothing more of the request is read."""
