"""A stream on its way from the upstream to the client, and the last word on it where it does not end well."""

from __future__ import annotations

from typing import Protocol

from ..errors import APIConnectionError, PayloadError
from ..wire.sse import EventTooLongError
from .attempts import Answered
from .config.model import Limits
from .http.asgi import Headers, HTTPError
from .outgoing import PING, Outgoing
from .quota import Meter
from .record import Record
from .remembering import Listener


class Events(Protocol):
    """What the bytes of an answer go through."""

    @property
    def ended(self) -> bool:
        """Whether the answer has said that it is complete."""

    @property
    def failed(self) -> bool:
        """Whether the upstream has said itself why it goes no further."""

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that changed something so far."""

    def feed(self, data: bytes) -> bytes:
        """Return what to pass on."""

    def close(self, *, cut: bool = False) -> bytes:
        """Return what is left at the end; ``cut``: the connection broke."""


async def relayed(
    answered: Answered,
    events: Events,
    limits: Limits,
    out: Outgoing,
    head: Headers,
    record: Record,
    meter: Meter | None = None,
    listener: Listener | None = None,
) -> None:
    """Hand on a stream to its end, and note in ``record`` which rules fired, and why it was cut, if it was."""
    reply, trace, cut = answered.reply, record.trace, None
    await out.head(reply.status, head)
    piece: bytes | None = answered.data
    try:
        while piece != b"":
            if piece is None:
                await out.put(PING)
            else:
                out.silence.heard()
                passed = events.feed(piece)
                if passed:
                    if meter is not None:
                        meter.events(passed)
                    if listener is not None:
                        listener.events(passed)
                    if trace is not None:
                        trace.events(passed)
                    await out.put(passed)
            piece = await reply.piece(limits.idle_stream)
        tail = events.close()
        reply.release()
        if not events.ended and not events.failed:
            cut = "it stopped without saying that it is complete"
    except (APIConnectionError, EventTooLongError, PayloadError) as error:
        reply.close()
        tail = events.close(cut=True) if events.ended or isinstance(error, APIConnectionError) else b""
        cut = None if events.ended else str(error)
    if listener is not None and cut is None:
        listener.events(tail)
        await listener.close()
    record.rules = tuple(dict.fromkeys(record.rules + events.fired))
    if trace is not None:
        trace.events(tail)
    if cut is not None:
        record.broke(f"the stream was cut: {cut}")
        if out.error_event is None:  # whoever reads it can tell by the missing end alone
            return
        who = answered.route.provider or "the upstream"
        text = answered.route.mask(f"{who}: the stream ended before its answer did: {cut}")
        tail += out.error_event(HTTPError(502, text, type="upstream_error", code="stream_cut").body)
    elif events.failed and not events.ended:
        record.broke("the upstream ended its stream with an error")
    await out.end(tail)
