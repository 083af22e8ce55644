"""acompletion(): completion() for event loops. Only the sending differs; it needs the extra ``async``."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import AsyncIterator
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from ..errors import DispatchError, missing_extra
from ..wire.types import ChatCompletion, ChatCompletionChunk, Report
from .arguments import Messages, Options
from .failures import next_pause, with_call
from .request import Call, prepare
from .response import StreamReader, is_good, is_stream, read_completion

if TYPE_CHECKING:
    from .async_transport import AsyncReply


class AsyncStream:
    """The chunks of an answer as they come. Iterate to the end, or close it: best in an ``async with``."""

    def __init__(self, reader: StreamReader, reply: AsyncReply | None) -> None:
        self._reply = reply
        """What is still to be read from; None: all has come."""
        self._reader = reader

    @property
    def quirkbook(self) -> Report:
        """What was changed on the way to the provider and back, so far."""
        return self._reader.report

    @property
    def received(self) -> ChatCompletion:
        """The answer as far as it has been read, put together."""
        return self._reader.received

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        reader = self._reader
        while not reader.ready:
            reply = self._reply
            if reply is None:
                raise StopAsyncIteration
            if reader.failure is not None:
                await self.close()
                raise reader.failure
            if reader.over:
                self._reply = None
                await reply.finish()
                raise StopAsyncIteration
            try:
                data = await reply.piece()
            except DispatchError as error:
                reader.interrupt(error)
            else:
                reader.feed(data) if data else reader.end()
        return reader.ready.popleft()

    async def close(self) -> None:
        """Close the connection to the provider, who may then stop working on the answer."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()
        self._reader.ready.clear()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        reply = getattr(self, "_reply", None)
        if reply is not None:
            reply.close()

    def __repr__(self) -> str:
        state = "open" if self._reply is not None or self._reader.ready else "closed"
        return f"<AsyncStream of {self.quirkbook.provider}, {state}>"


@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[True], **options: Unpack[Options]
) -> AsyncStream: ...
@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Unpack[Options]
) -> ChatCompletion: ...
@overload
async def acompletion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Unpack[Options]
) -> ChatCompletion | AsyncStream: ...
async def acompletion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Any
) -> ChatCompletion | AsyncStream:
    """Do what `quirkbook.completion` does without blocking the event loop; arguments and errors are the same.

    Raises:
        UsageError: besides the reasons of `completion`: the extra ``async`` is not installed.
    """
    transport = _transport()
    call = prepare(model, messages, stream, options)
    attempt = 1
    while True:
        try:
            return await _send(transport, call, attempt)
        except DispatchError as error:
            pause = next_pause(call, attempt, error)
            if pause is None:
                raise
        await sleep(pause)
        attempt += 1


def _transport() -> ModuleType:
    try:
        from . import async_transport
    except ImportError:
        raise missing_extra("acompletion()", "aiohttp", "async") from None
    return async_transport


async def _send(transport: ModuleType, call: Call, attempt: int) -> ChatCompletion | AsyncStream:
    try:
        reply: AsyncReply = await transport.send(call.url, call.headers, call.body, call.timeout)
        if call.streams and is_good(reply.status):
            reader = await _begin(call, reply, attempt)
        else:
            raw = await reply.read()
    except DispatchError as error:
        raise with_call(call, error) from None
    if call.streams and is_good(reply.status):
        if reader.is_whole and reader.failure is not None:
            raise reader.failure
        return AsyncStream(reader, None if reader.is_whole and reader.over else reply)
    return read_completion(call, reply.status, reply.headers, raw, attempt)


async def _begin(call: Call, reply: AsyncReply, attempt: int) -> StreamReader:
    """Begin to read a stream; of an answer that does not say that it is one so much is read that this is known."""
    reader = StreamReader(call, reply.status, reply.headers, attempt)
    while reader.waits and not is_stream(reply.status, reply.headers):
        data = await reply.piece()
        reader.feed(data) if data else reader.end()
    return reader
