"""A stream on its way from the upstream to the client, and the last word on it where it does not end well."""

from __future__ import annotations

from ..errors import APIConnectionError, PayloadError
from ..wire.sse import EventTooLongError
from .attempts import Answered
from .config.model import Limits
from .http.asgi import Headers, Send
from .record import Record
from .upstream import streams


async def relayed(answered: Answered, limits: Limits, send: Send, head: Headers, record: Record) -> None:
    """Hand on a stream to its end, and note in ``record`` which rules fired, and why it was cut, if it was."""
    reply, relay = answered.reply, answered.route.relay(answered.prepared)
    relay.choices = streams.number_of_choices(answered.prepared.root)
    head.append((b"x-accel-buffering", b"no"))
    if "cache-control" not in reply.headers:
        head.append((b"cache-control", b"no-cache"))
    await send({"type": "http.response.start", "status": reply.status, "headers": head})
    data = answered.data
    cut: str | None
    try:
        while data:
            passed = relay.feed(data)
            if passed:
                await send({"type": "http.response.body", "body": passed, "more_body": True})
            data = await reply.piece(limits.idle_stream)
        tail = relay.close()
        reply.release()
        cut = None if relay.ended or relay.failed else "it stopped without saying that it is complete"
    except (APIConnectionError, EventTooLongError, PayloadError) as error:
        reply.close()
        cut, tail = (None, relay.close()) if relay.ended else (str(error), b"")
    record.rules = tuple(dict.fromkeys(record.rules + relay.fired))
    if cut is not None:
        who = answered.route.provider or "the upstream"
        text = answered.route.mask(f"{who}: the stream ended before its answer did: {cut}")
        tail += streams.failure(text, "stream_cut")
        _note(record, f"the stream was cut: {cut}")
    elif relay.failed and not relay.ended:
        _note(record, "the upstream ended its stream with an error")
    await send({"type": "http.response.body", "body": tail})


def _note(record: Record, why: str) -> None:
    record.why = why
    assert record.target is not None
    record.failed(record.target, None, why)
