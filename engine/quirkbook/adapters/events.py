"""A stream of events on its way back: bytes in, cut anywhere; the same bytes out, but where rules change an event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..api import translate_response
from ..api.reasoning import ReasoningMemory
from ..model import Change
from ..rulebook.rulebook import Rulebook
from ..wire import sse
from ..wire.accumulate import Accumulator
from ..wire.jsontext import decode, encode
from .answer import REREAD

#: The end of a line and the empty line after it. Atomic, or the halves of a CR LF would count as two ends.
_END: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_BOM: Final = b"\xef\xbb\xbf"


class EventStream:
    """Translates one stream. An event that no rule touches passes byte for byte, comments and all."""

    def __init__(
        self,
        provider: str,
        request: Mapping[str, Any],
        rulebook: Rulebook,
        model: str | None = None,
        names: Mapping[str, str] | None = None,
        memory: ReasoningMemory | None = None,
    ) -> None:
        """Take what was asked, which model answers, the `Translation.names` of the request, and where thoughts are kept."""
        self.headers = REREAD
        self._memory, self._whole = memory, Accumulator()
        self._chunks = translate_response.ChunkTranslator(
            provider, model=model, request=request, names=names, rulebook=rulebook
        )
        self._decoder = sse.Decoder()
        self._buffer = bytearray()
        """The event whose end has not come."""
        self._line_end = b"\n"
        self._over = False
        """Whether the rest is passed on unread: the stream said that it is done, or is malformed."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The first change of each rule that fired so far, and all that was changed in an error."""
        return self._chunks.changes

    def feed(self, data: bytes) -> bytes:
        """Return the events that ``data`` completes."""
        if self._over:
            return data
        buffer, passed, start, searched = self._buffer, [], 0, max(0, len(self._buffer) - 3)
        buffer += data
        while end := _END.search(buffer, max(start, searched)):
            if end.end() == len(buffer) and buffer.endswith(b"\r"):
                break  # it may be half of a CR LF
            passed.append(self._event(bytes(buffer[start : end.end()])))
            start = end.end()
            if self._over:
                break
        del buffer[:start]
        if self._over or len(buffer) > sse.MAX_EVENT:
            passed.append(bytes(buffer))
            buffer.clear()
            self._over = True
        return b"".join(passed)

    def close(self) -> bytes:
        """Return what was held back, and the chunks that rules still owe."""
        last_event = bytes(self._buffer)
        self._buffer.clear()
        passed = self._event(last_event, is_last=True) if last_event else b""
        owed = b"" if self._over else self._owed(cut=True)
        self._over = True
        if last_event and owed and passed == last_event:  # the last event lacked its empty line
            passed += self._line_end * 2
        return passed + owed

    def _event(self, raw: bytes, *, is_last: bool = False) -> bytes:
        """Return what to pass on for the bytes of one event."""
        if b"\r\n" in raw:
            self._line_end = b"\r\n"
        if len(raw) > sse.MAX_EVENT:
            return raw
        events = self._decoder.feed(raw + b"\n" if raw.endswith(b"\r") else raw)
        events += self._decoder.close() if is_last else []
        if not events:
            return raw
        if events[0].data.strip() == "[DONE]":
            owed, self._over = self._owed(), True
            return owed + raw
        chunk = decode(events[0].data)
        chunks = self._chunks.feed(chunk)
        self._note(chunks)
        return raw if len(chunks) == 1 and chunks[0] is chunk else self._encoded(chunks, raw)

    def _owed(self, *, cut: bool = False) -> bytes:
        owed = self._chunks.close(cut=cut)
        self._note(owed)
        if self._memory is not None and self._whole.finished:
            self._memory.remember(self._whole.answer())
        return self._encoded(owed, b"")

    def _note(self, chunks: list[Any]) -> None:
        """Keep what may have to be remembered."""
        if self._memory is not None:
            for chunk in chunks:
                self._whole.add(chunk)

    def _encoded(self, chunks: list[Any], raw: bytes) -> bytes:
        """Return chunks as events; the first keeps what the event ``raw`` had beside its data."""
        end = self._line_end
        beside = [line for line in raw.removeprefix(_BOM).splitlines() if line and line.partition(b":")[0] != b"data"]
        events = [b"data: " + encode(chunk) + end + end for chunk in chunks]
        return b"".join(line + end for line in beside if events) + b"".join(events)
