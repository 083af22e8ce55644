"""The gateway's memory for thoughts that clients lose: answers go through it, and what was lost comes back into requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ..api.reasoning import ReasoningMemory
from ..wire.accumulate import Accumulator
from ..wire.sse import Decoder, EventTooLongError

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_THOUGHTS: Final = b'"reasoning'
_MOST: Final = 16 * 1024 * 1024
"""Bytes of one stream that are put together; a longer one is not remembered."""
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)


class Remembering:
    """What is remembered for one client."""

    def __init__(self, memory: ReasoningMemory, caller: str) -> None:
        self._memory, self._caller = memory, caller

    async def restored(self, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the fields of a request with thoughts where turns have lost them; None: nothing is to be put back."""
        raw = fields.get("messages")
        if not isinstance(raw, msgspec.Raw) or b'"assistant"' not in bytes(raw):
            return None
        try:
            given = {"messages": _decode(raw)}
        except _UNREADABLE:  # the request is refused where it is read
            return None
        if self._memory.is_shared:  # it may have to wait
            payload, changes = await asyncio.to_thread(self._memory.restored, given, self._caller)
        else:
            payload, changes = self._memory.restored(given, self._caller)
        return {**fields, "messages": msgspec.Raw(_encode(payload["messages"]))} if changes else None

    async def whole(self, data: bytes) -> None:
        """Take a whole answer, before the client has it: its next request may come at once."""
        if data.startswith(b"data:"):  # as a stream, which was asked for
            listener = self.stream()
            listener.events(data)
            await listener.close()
        elif _THOUGHTS in data:
            try:
                answer = _decode(data)
            except _UNREADABLE:
                return
            if isinstance(answer, dict):
                await self.remember(answer)

    async def remember(self, answer: Mapping[str, Any]) -> None:
        """Keep the thoughts of an answer."""
        if self._memory.is_shared:
            await asyncio.to_thread(self._memory.remember, answer, self._caller)
        else:
            self._memory.remember(answer, self._caller)

    def stream(self) -> Listener:
        """Return who takes the events of a stream."""
        return Listener(self)


class Listener:
    """Puts one stream together as it passes by."""

    def __init__(self, remembering: Remembering) -> None:
        self._remembering = remembering
        self._decoder, self._answer = Decoder(), Accumulator()
        self._size = 0
        self._thinks = False

    def events(self, data: bytes) -> None:
        """Take events that have gone to the client."""
        self._size += len(data)
        self._thinks = self._thinks or _THOUGHTS in data
        if self._size > _MOST:
            return
        try:
            for event in self._decoder.feed(data):
                if event.data.strip() != "[DONE]":
                    self._answer.add(_decode(event.data))
        except (*_UNREADABLE, EventTooLongError):
            self._size = _MOST + 1

    async def close(self) -> None:
        """Remember what came, if it has come to its end."""
        if self._thinks and self._size <= _MOST and self._answer.finished:
            await self._remembering.remember(self._answer.answer())
