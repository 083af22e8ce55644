"""A stream on its way from the upstream to the client, and the last word on it where it does not end well."""

from __future__ import annotations

from ..errors import APIConnectionError, PayloadError
from ..wire.sse import EventTooLongError
from .attempts import Answered
from .config.model import Limits
from .http.asgi import Headers
from .outgoing import PACED, PING, Outgoing
from .quota import Meter
from .record import Record
from .remembering import Listener
from .upstream import streams


async def relayed(
    answered: Answered,
    limits: Limits,
    out: Outgoing,
    head: Headers,
    record: Record,
    meter: Meter | None = None,
    listener: Listener | None = None,
) -> None:
    """Hand on a stream to its end, and note in ``record`` which rules fired, and why it was cut, if it was."""
    route, reply, relay = answered.route, answered.reply, answered.route.relay(answered.prepared)
    relay.choices = streams.number_of_choices(answered.prepared.root)
    head += PACED
    if "cache-control" not in reply.headers:
        head.append((b"cache-control", b"no-cache"))
    await out.head(reply.status, head)
    silence = out.silence
    cut: str | None
    piece: bytes | None = answered.data
    try:
        while piece != b"":
            if piece is None:
                await out.put(PING)
            else:
                silence.heard()
                passed = relay.feed(piece)
                if passed:
                    if meter is not None:
                        meter.events(passed)
                    if listener is not None:
                        listener.events(passed)
                    await out.put(passed)
            piece = await reply.piece(limits.idle_stream)
        tail = relay.close()
        reply.release()
        cut = None if relay.ended or relay.failed else "it stopped without saying that it is complete"
    except (APIConnectionError, EventTooLongError, PayloadError) as error:
        reply.close()
        cut = None if relay.ended else str(error)
        tail = relay.close() if relay.ended or isinstance(error, APIConnectionError) else b""
    if listener is not None and cut is None:
        listener.events(tail)
        await listener.close()
    record.rules = tuple(dict.fromkeys(record.rules + relay.fired))
    if cut is not None:
        who = route.provider or "the upstream"
        text = route.mask(f"{who}: the stream ended before its answer did: {cut}")
        tail += streams.failure(text, "stream_cut")
        record.broke(f"the stream was cut: {cut}")
    elif relay.failed and not relay.ended:
        record.broke("the upstream ended its stream with an error")
    await out.end(tail)
