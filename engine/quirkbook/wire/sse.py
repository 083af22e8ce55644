"""Server-sent events: bytes in, cut anywhere, events out. No sockets, no JSON."""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_EVENT: Final = 16 * 1024 * 1024
"""Bytes of one event, or of one line. More is not a chat; it would only fill the memory."""

_BOM: Final = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its data, lines joined, and its type where it names one."""

    data: str
    type: str = ""


class EventTooLongError(ValueError):
    """An event larger than `MAX_EVENT`."""


class Decoder:
    """Decodes one stream.

    >>> decoder = Decoder()
    >>> decoder.feed(b"data: on"), decoder.feed(b"e\\r\\n\\r\\n: a comment\\n")
    ([], [Event(data='one', type='')])
    """

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        """The line whose end has not come, in the pieces in which it came."""
        self._waiting = 0
        """How long they are together."""
        self._lines: list[bytes] = []
        """The data of the event at hand."""
        self._size = 0
        self._type = ""
        self._bom = _BOM

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that ``data`` completes.

        Raises:
            EventTooLongError: an event exceeds the limit.
        """
        parts = self._parts
        parts.append(data)
        if b"\n" not in data and b"\r" not in data and not parts[0].endswith(b"\r"):
            self._wait(len(data))
            return []
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        # A CR that ends the piece may be half of a CR LF: it waits for what follows.
        carriage_return = b"\r" if data.endswith(b"\r") else b""
        if b"\r" in data:
            data = data[: len(data) - len(carriage_return)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = data.split(b"\n")
        parts[:] = [rest + carriage_return] if rest or carriage_return else []
        self._waiting = 0
        self._wait(len(rest))
        return [event for line in lines if (event := self._line(line)) is not None]

    def close(self) -> list[Event]:
        """Return the event that lacked only its last line ends when the stream ended, if there is one.

        A browser would throw it away; a provider that forgets the empty line means it.
        """
        return self.feed(b"\n\n")

    def _wait(self, length: int) -> None:
        self._waiting += length
        if self._waiting > self._limit:
            raise EventTooLongError(f"a line is longer than {self._limit} bytes")

    def _line(self, line: bytes) -> Event | None:
        if self._bom:
            line, self._bom = line.removeprefix(self._bom), b""
        if not line:
            return self._event()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value)
            if self._size > self._limit:
                raise EventTooLongError(f"an event is longer than {self._limit} bytes")
            self._lines.append(value)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")
        return None  # comments, ids and retry times mean nothing to a chat

    def _event(self) -> Event | None:
        lines, self._lines, self._size = self._lines, [], 0
        type_, self._type = self._type, ""
        return Event(b"\n".join(lines).decode("utf-8", "replace"), type_) if lines else None
