"""completion(): arguments as OpenAI's SDK and LiteLLM have them in, a response or a stream out."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from types import TracebackType
from typing import Any, Literal, Self, Unpack, overload

from ..errors import DispatchError
from ..wire.types import ChatCompletion, ChatCompletionChunk, Report
from . import transport
from .arguments import Messages, Options
from .failures import next_pause, with_call
from .request import Call, prepare
from .response import StreamReader, is_good, is_stream, read_completion


class Stream:
    """The chunks of an answer as they come. Iterate to the end, or close it: best in a ``with``.

    The provider has answered before there is a Stream: a refused key or payload raises at the call.
    """

    def __init__(self, reader: StreamReader, reply: transport.Reply | None) -> None:
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

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        reader = self._reader
        while not reader.ready:
            reply = self._reply
            if reply is None:
                raise StopIteration
            if reader.failure is not None:
                self.close()
                raise reader.failure
            if reader.over:
                self._reply = None
                reply.finish()
                raise StopIteration
            try:
                data = reply.piece()
            except DispatchError as error:
                reader.interrupt(error)
            else:
                reader.feed(data) if data else reader.end()
        return reader.ready.popleft()

    def close(self) -> None:
        """Close the connection to the provider, who may then stop working on the answer."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()
        self._reader.ready.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_reply", None) is not None:
            self.close()

    def __repr__(self) -> str:
        state = "open" if self._reply is not None or self._reader.ready else "closed"
        return f"<Stream of {self.quirkbook.provider}, {state}>"


@overload
def completion(model: str, messages: Messages, *, stream: Literal[True], **options: Unpack[Options]) -> Stream: ...
@overload
def completion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Unpack[Options]
) -> ChatCompletion: ...
@overload
def completion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Unpack[Options]
) -> ChatCompletion | Stream: ...
def completion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Any
) -> ChatCompletion | Stream:
    """Send a chat to a provider: translated on the way there by the provider's rules, and on the way back.

    ``model`` names the provider too (``moonshot/kimi-k2.6``), unless ``provider`` or a known ``base_url`` does. The
    fields of the payload are those of OpenAI's API; what a provider knows besides goes into ``extra_body``, or simply
    beside the others. How to call: ``api_key``, ``base_url``, ``timeout``, ``max_retries``, ``extra_headers``,
    ``extra_query``, ``policy``, ``rulebook``; see `quirkbook.client.arguments.Options`. An argument that is None counts as
    not given; to send a null, put it into ``extra_body``.

    Raises:
        DispatchError: the provider refused, or could not be reached; see `quirkbook.errors` for the classes.
        PayloadError: it is not a chat payload, or a rule or the policy refuses it; nothing was sent.
        UnknownProviderError: no rules are known for that provider, or none is named.
        UsageError: an argument that cannot be honoured.
    """
    call = prepare(model, messages, stream, options)
    attempt = 1
    while True:
        try:
            return _send(call, attempt)
        except DispatchError as error:
            pause = next_pause(call, attempt, error)
            if pause is None:
                raise
        sleep(pause)
        attempt += 1


def _send(call: Call, attempt: int) -> ChatCompletion | Stream:
    try:
        reply = transport.send(call.url, call.headers, call.body, call.timeout)
        if call.streams and is_good(reply.status):
            reader = _begin(call, reply, attempt)
        else:
            raw = reply.read()
    except DispatchError as error:
        raise with_call(call, error) from None
    if call.streams and is_good(reply.status):
        if reader.is_whole and reader.failure is not None:
            raise reader.failure
        return Stream(reader, None if reader.is_whole and reader.over else reply)
    return read_completion(call, reply.status, reply.headers, raw, attempt)


def _begin(call: Call, reply: transport.Reply, attempt: int) -> StreamReader:
    """Begin to read a stream; of an answer that does not say that it is one so much is read that this is known."""
    reader = StreamReader(call, reply.status, reply.headers, attempt)
    while reader.waits and not is_stream(reply.status, reply.headers):
        data = reply.piece()
        reader.feed(data) if data else reader.end()
    return reader
