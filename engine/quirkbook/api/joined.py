"""A stream that came where a whole answer was asked for: its chunks put together to that answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..model import Change
from ..wire import provider_errors, sse
from ..wire.accumulate import Accumulator
from ..wire.jsontext import decode
from . import Translation
from .translate_response import ChunkTranslator


@dataclass(frozen=True, slots=True)
class Joined:
    """What a stream comes to."""

    answer: dict[str, Any]
    """The whole answer, as far as it came."""
    ended: bool
    """Whether the stream said that it is complete."""
    failure: Translation | None = None
    """The error that it holds."""
    changes: tuple[Change, ...] = ()
    """What rules changed in its chunks."""


def joined(data: bytes, chunks: ChunkTranslator | None) -> Joined:
    """Return the answer that the events of a whole stream make; ``chunks``: the rules that apply, if any do.

    >>> joined(b'data: {"choices": [{"delta": {"content": "Hi"}}]}\\n\\ndata: [DONE]\\n\\n', None).answer["choices"][0]
    Choice(index=0, message=Message(role='assistant', content='Hi'), finish_reason=None)
    """
    whole, ended, failure = Accumulator(), False, None
    for event in _events(data):
        text = event.data.strip()
        if text == "[DONE]":
            ended = True
            break
        chunk = decode(text)
        if event.type == "error" or provider_errors.is_error(chunk):
            failure = _failure(text if chunk is None else chunk, chunks)
            break
        if chunk is not None:  # else it says nothing: null, no text, or what nobody can read
            _add(whole, [chunk] if chunks is None else chunks.feed(chunk))
    ended = ended or whole.finished
    if chunks is not None:
        _add(whole, chunks.close(cut=not ended))
        failure = failure or chunks.failure
    return Joined(whole.answer(), ended, failure, chunks.changes if chunks else ())


def _events(data: bytes) -> list[sse.Event]:
    decoder = sse.Decoder()
    try:
        return [*decoder.feed(data), *decoder.close()]
    except sse.EventTooLongError:  # so the stream does not come to its end
        return []


def _failure(body: Any, chunks: ChunkTranslator | None) -> Translation:
    return Translation(body, (), "", None) if chunks is None else chunks.explain(body)


def _add(whole: Accumulator, chunks: list[Any]) -> None:
    for chunk in chunks:
        whole.add(chunk)
