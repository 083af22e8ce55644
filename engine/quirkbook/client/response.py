"""Answers in, responses or typed errors out. Without sockets, clocks and event loops."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from ..api import Translation, translate_response
from ..errors import APIConnectionError, DispatchError, MalformedResponseError, StreamCutError
from ..wire import sniff, sse
from ..wire.accumulate import Accumulator, chunk_of
from ..wire.jsontext import decode
from ..wire.provider_errors import request_id
from ..wire.types import ChatCompletion, ChatCompletionChunk, Report
from .failures import explained, failure, malformed, read_error, typed_error, with_call
from .request import Call

#: Events that say nothing: some servers keep a connection open with them.
_NOTHING: Final = ("", "null")
_WHOLE: Final = "stream: the provider sent a whole answer all the same; it comes as one chunk"
_PUT_TOGETHER: Final = "stream: the provider sent a stream all the same; it is put together"


def report(call: Call, status: int, headers: Mapping[str, str], attempts: int) -> Report:
    """Return the report on a call that was answered."""
    return Report(
        provider=call.provider,
        model=call.model,
        request=call.changes,
        remarks=call.remarks,
        attempts=attempts,
        status=status,
        headers=headers,
        request_id=request_id(headers),
    )


def read_completion(
    call: Call, status: int, headers: Mapping[str, str], raw: bytes, attempts: int = 1
) -> ChatCompletion:
    """Return the response for a whole answer.

    Raises:
        DispatchError: it is an error, whatever its status says, or no completion.
    """
    if is_good(status) and sniff.kind(raw) == "events":
        return _put_together(call, status, headers, raw, attempts)
    translation = _translated(call, status, headers, raw)
    response = ChatCompletion(translation.payload)
    call_report = report(call, status, headers, attempts)
    call_report.response = translation.changes
    response._report = call_report
    if call.memory is not None:
        call.memory.remember(response)
    return response


def _put_together(call: Call, status: int, headers: Mapping[str, str], raw: bytes, attempts: int) -> ChatCompletion:
    """Return the answer that a stream makes which nobody asked for."""
    reader = StreamReader(call, status, headers, attempts)
    reader.feed(raw)
    reader.end()
    if reader.failure is not None:
        raise reader.failure
    reader.report.remarks += (_PUT_TOGETHER,)
    return reader.received


def _translated(call: Call, status: int, headers: Mapping[str, str], raw: bytes) -> Translation:
    body = decode(raw)
    if not is_good(status):
        raise read_error(call, status, headers, raw)
    translation = translate_response.explain_response(
        body, call.provider, model=call.base_model, request=call.payload, names=call.names, rulebook=call.rulebook
    )
    if translation.error_class is not None:
        raise typed_error(call, status, headers, translation, body)
    if not isinstance(body, dict):
        raise malformed(call, status, headers, "the answer must be a JSON object", raw)
    return translation


def is_good(status: int) -> bool:
    """Tell whether a status says that the request was taken."""
    return 200 <= status < 300


def is_stream(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that it is a stream, so that nothing of it need be read to find out."""
    return is_good(status) and headers.get("content-type", "").lower().startswith("text/event-stream")


class StreamReader:
    """The state of one stream: bytes are fed, chunks get ready, and sooner or later it is over or has failed.

    Chunks that came before a failure stay ready: read those first.
    """

    def __init__(self, call: Call, status: int, headers: Mapping[str, str], attempts: int = 1) -> None:
        self.report = report(call, status, headers, attempts)
        self.ready: deque[ChatCompletionChunk] = deque()
        self.failure: DispatchError | None = None
        self.over = False
        """Whether all has come: nothing more needs to be read."""
        self._call, self._status, self._headers = call, status, headers
        self._decoder = sse.Decoder()
        self._says_json = headers.get("content-type", "").lower().startswith("application/json")
        self._begun = ""
        """What this is, told by how it begins; empty: too little has come to know."""
        self._pieces: list[bytes] | None = []
        """What has come of a whole answer, or of the blanks before anything; None: these are events."""
        self._rules = translate_response.ChunkTranslator(
            call.provider, model=call.base_model, request=call.payload, names=call.names, rulebook=call.rulebook
        )
        self._accumulator = Accumulator()

    @property
    def received(self) -> ChatCompletion:
        """The answer as far as it has come."""
        completion = self._accumulator.answer()
        completion._report = self.report
        return completion

    @property
    def waits(self) -> bool:
        """Whether nothing can be passed on yet: it is not known what comes, or it is a whole answer."""
        return self._pieces is not None and not self.over and self.failure is None

    @property
    def is_whole(self) -> bool:
        """Whether a whole answer came in place of a stream. Some providers and proxies do so, for models that cannot stream."""
        return self._pieces is not None

    def feed(self, data: bytes) -> None:
        """Take bytes as the network cuts them."""
        if self._pieces is not None:
            self._pieces.append(data)
            if not self._begun:
                data = b"".join(self._pieces)
                self._pieces = [data] if data.strip() else []
                self._begun = sniff.kind(data)
            if self._begun in ("", "whole") or (self._begun == "other" and self._says_json):
                return
            self._pieces = None
        try:
            events = self._decoder.feed(data)
        except sse.EventTooLongError as error:
            self._fail(self._malformed(str(error), ""))
            return
        for event in events:
            if self.over or self.failure:
                return
            self._take(event)

    def _take_whole(self, raw: bytes) -> None:
        """Take a whole answer, and with it the end."""
        try:
            translation = _translated(self._call, self._status, self._headers, raw)
        except DispatchError as error:
            self._fail(error)
            return
        if not isinstance(translation.payload.get("choices"), list):
            self._fail(self._malformed("an answer without choices where a stream was asked for", raw))
            return
        self.report.remarks += (_WHOLE,)
        self._pass_on([chunk_of(translation.payload)])
        self.report.response = translation.changes
        self.over = True

    def end(self) -> None:
        """Take the end of the bytes."""
        if self._pieces is not None and (self._begun or not is_stream(self._status, self._headers)):
            self._take_whole(b"".join(self._pieces))
            return
        for event in self._decoder.close():
            if decode(event.data) is not None or event.data.strip() == "[DONE]":  # else it is cut itself
                self._take(event)
        if self.over or self.failure:
            return
        if self._accumulator.finished:
            self._finish()
        else:
            self._fail(self._cut("the stream ended before its answer did"))

    def interrupt(self, error: DispatchError) -> None:
        """Take the transport's word that no more bytes come."""
        if self.over or self.failure:
            return
        if self._accumulator.finished:
            self._finish()
        elif type(error) is APIConnectionError:
            self._fail(self._cut(error.message))
        else:
            self._fail(with_call(self._call, error))

    def _take(self, event: sse.Event) -> None:
        text = event.data.strip()
        if text == "[DONE]":
            self._finish()
            return
        if text in _NOTHING and event.type != "error":
            return
        chunk = decode(event.data)
        if event.type == "error":
            self._fail(explained(self._call, self._status, self._headers, event.data if chunk is None else chunk))
            return
        chunks = self._rules.feed(chunk)
        if self._rules.failure is not None:
            self._fail(typed_error(self._call, self._status, self._headers, self._rules.failure, chunk))
        elif isinstance(chunk, dict):
            self._pass_on(chunks)
        else:
            self._fail(self._malformed("a chunk of the stream must be a JSON object", event.data))

    def _pass_on(self, chunks: list[Any]) -> None:
        for chunk in chunks:
            self._accumulator.add(chunk)
            typed = ChatCompletionChunk(chunk)
            typed._report = self.report
            self.ready.append(typed)
        self.report.response = self._rules.changes

    def _finish(self) -> None:
        self.over = True
        self._pass_on(self._rules.close())
        if self._call.memory is not None:
            self._call.memory.remember(self._accumulator.answer())

    def _fail(self, error: DispatchError) -> None:
        self._pass_on(self._rules.close(cut=True))
        error.received = self.received
        error.attempts = self.report.attempts
        self.failure = error

    def _cut(self, text: str) -> StreamCutError:
        count = self._accumulator.chunks
        return failure(StreamCutError, self._call, None, self._headers, f"{text}, after {count} of its chunks")

    def _malformed(self, text: str, line: bytes | str) -> MalformedResponseError:
        return malformed(self._call, self._status, self._headers, text, line)
