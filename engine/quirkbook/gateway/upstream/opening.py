"""How a stream begins: its first events say whether it is an answer, and until then the client has had nothing."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...wire import provider_errors
from ...wire.sse import MAX_EVENT, Decoder, Event

ENOUGH: Final = 64 * 1024
"""Bytes of events that say nothing, after which a stream is taken for one all the same."""
MAX_FIRST: Final = MAX_EVENT
"""Bytes of the first event at most."""
_AT_ONCE: Final = 4096
_NOTHING: Final[tuple[Any, ...]] = ("", None, [], {})

_decode = msgspec.json.Decoder().decode


class OpeningError(Exception):
    """The stream begins with an error: ``body`` is what it says."""

    def __init__(self, body: Any) -> None:
        super().__init__("the stream begins with an error")
        self.body = body


class Opening:
    """The events of one stream, until one of them decides.

    >>> opening = Opening()
    >>> opening.feed(b': hello\\n\\ndata: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\\n\\n')
    False
    >>> opening.feed(b'data: {"choices": [{"delta": {"content": "Hi"}}]}\\n\\n')
    True
    """

    def __init__(self) -> None:
        self._decoder = Decoder(MAX_FIRST)
        self._size = 0
        self._over = False

    def feed(self, data: bytes) -> bool:
        """Take bytes; True: the stream is an answer.

        Raises:
            OpeningError: it begins with an error.
            EventTooLongError: an event is too long to wait for its end.
        """
        self._size += len(data)
        for at in range(0, len(data), _AT_ONCE):
            if any(map(self._decides, self._decoder.feed(data[at : at + _AT_ONCE]))):
                return True
        return self._size > ENOUGH

    def close(self) -> bool:
        """Take the end of the stream, which may have left out the last line end; True: it was an answer after all."""
        return any(map(self._decides, self._decoder.close()))

    def _decides(self, event: Event) -> bool:
        if self._over or event.data.strip() == "[DONE]":  # what follows is not looked at
            self._over = True
            return False
        try:
            chunk = _decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            chunk = event.data
        if event.type == "error" or provider_errors.is_error(chunk):
            raise OpeningError(chunk)
        return says_something(chunk)


def says_something(chunk: Any) -> bool:
    """Tell whether a chunk is more than a role, an empty text or figures: text, a call, a thought, a reason for the end."""
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        if choice.get("finish_reason") or choice.get("text"):
            return True
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict) and any(key != "role" and value not in _NOTHING for key, value in delta.items()):
            return True
    return False
