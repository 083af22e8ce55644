"""A stream towards a client: its head, events, comments while there are none, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .http.asgi import Headers, Send
from .silence import Silence
from .upstream import streams

PING: Final = b": ping\n\n"


class Outgoing:
    """A stream towards one client: its head goes out once, and only whole events behind it."""

    def __init__(self, send: Send, said: Headers) -> None:
        """Begin with `head`, or with `ping`, which sends a head of its own: ``said``, as nobody has answered yet."""
        self._send, self._said = send, said
        self.silence = Silence()
        self.begun = False
        self.error_event: Callable[[dict[str, Any]], bytes] | None = streams.event
        """What reports an error once the head has gone out; None: not a stream of events, it ends where HTTP says so."""

    async def head(self, status: int, headers: Headers) -> None:
        """Send the head, unless a ping had to."""
        if not self.begun:
            self.begun = True
            if self.error_event is not None:
                headers = [*headers, *PACED]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-cache"))
            await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def put(self, events: bytes) -> None:
        """Send events."""
        await self._send({"type": "http.response.body", "body": events, "more_body": True})

    async def ping(self) -> None:
        """Send a comment, so that nobody on the way takes the connection for dead."""
        await self.head(200, [(b"content-type", b"text/event-stream"), *self._said])
        await self.put(PING)

    async def end(self, events: bytes) -> None:
        """Send the last events, and the end."""
        await self._send({"type": "http.response.body", "body": events})

    async def refuse(self, body: dict[str, Any]) -> None:
        """End with an error, or without an end, which is one."""
        if self.error_event is not None:
            await self.end(self.error_event(body))


#: Tells proxies to pass on what comes at once.
PACED: Final = ((b"x-accel-buffering", b"no"),)
