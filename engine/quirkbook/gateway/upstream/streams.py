"""The events of a stream on their way to the client: the very bytes, but where a rule on chunks may apply.

Lines may end in any of the ways that server-sent events allow; to the client they end in LF.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final

import msgspec

from ...api.translate_response import ChunkTranslator
from ...payload.path import Step, parse
from ...plan.compile import CompiledRule, Plan
from ...plan.conditions import COMBINATORS
from ...plan.gates import EMPTY, Beside, Mark, Not
from ...wire import provider_errors
from ...wire.accumulate import is_figures
from ...wire.sse import MAX_EVENT, EventTooLongError

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

_BOM: Final = b"\xef\xbb\xbf"
DONE: Final = b"data: [DONE]\n\n"
_DONE: Final = re.compile(rb"^data: *\[DONE\] *$", re.MULTILINE).search
_FINISHED: Final = re.compile(rb'"finish_reason"\s*:\s*"').findall


#: Keys that are in every chunk say nothing; what their value begins with, or is, may.
_EVERYWHERE: Final = frozenset(
    {"choices", "delta", "content", "id", "object", "created", "model", "index", "finish_reason", ""}
)
_BLANKS: Final = (b" ", b"\t", b"\n", b"\r")
_OPENING: Final[Mapping[Any, tuple[bytes, ...]]] = {list: (b"[",), dict: (b"{",), EMPTY: (b"[", b"{")}


def words(plan: Plan | None) -> tuple[bytes, ...] | None:
    """Return words of which one stands in every event, or whole answer, that some rule may apply to; None: in any."""
    found: set[bytes] = set()
    for rule in plan.rules if plan else ():
        required = _required_words(rule)
        if not required:
            return None
        found |= required
    return tuple(sorted(found))


def has_word(words: tuple[bytes, ...] | None, data: bytes) -> bool:
    """Tell whether one of the words stands in it; None are in all."""
    return words is None or any(word in data for word in words)


def _required_words(rule: CompiledRule) -> Set[bytes]:
    """Return words of which one must be in a chunk or answer for the rule to fire; none if that is not known."""
    found: set[bytes] = set()
    for steps, mark in rule.gate or ():
        if not (required := _of_gate(steps, mark)):
            return _of_condition(rule.rule.when or {})
        found |= required
    return found or _of_condition(rule.rule.when or {})


def _of_gate(steps: Sequence[Step], mark: Mark) -> Set[bytes]:
    """Return words of which one stands where a gate is open; none if that is not known."""
    if isinstance(mark, Beside):
        mark = mark.mark
    if isinstance(mark, Not):  # something may be missing there: then what it is missing in stands
        steps, mark = steps[:-1], None
    key = next((step for step in reversed(steps) if isinstance(step, str)), "")
    if key not in _EVERYWHERE:
        return {_quoted(key)}
    if isinstance(mark, str) and mark.isidentifier() and mark.isascii():
        return {_quoted(mark)}
    if mark in _OPENING and steps[-1] == key:
        return {word for opening in _OPENING[mark] for word in _before(_quoted(key), opening)}
    return frozenset()


def _before(key: bytes, opening: bytes) -> list[bytes]:
    """Return words of which one stands where a key has a value that begins so, whatever blanks stand between them."""
    unusual = [key + blank for blank in _BLANKS] + [key + b":" + blank for blank in _BLANKS[1:]] + [key + b":  "]
    return [key + b":" + opening, key + b": " + opening, *unusual, *(key + b": " + blank for blank in _BLANKS[1:])]


def _of_condition(when: Mapping[str, Any]) -> Set[bytes]:
    for path, value in when.items():
        if not path.startswith("$") and path not in COMBINATORS and value != {"exists": False}:
            telling = [key for key in parse(path).steps if isinstance(key, str) and key.isidentifier()]
            telling = [key for key in telling if key not in _EVERYWHERE]
            if telling:
                return {_quoted(max(telling, key=len))}
    return frozenset()


def _quoted(word: str) -> bytes:
    return b'"%b"' % word.encode()


def number_of_choices(request: Mapping[str, Any]) -> int:
    """Return how many choices a request asks for."""
    number = request.get("n")
    if isinstance(number, msgspec.Raw):
        try:
            number = _decode(number)
        except msgspec.DecodeError:  # a number that no float holds, which the upstream has taken for what it likes
            return 1
    return number if isinstance(number, int) and number > 1 else 1


class Relay:
    """Takes the bytes of one stream and gives those for the client."""

    def __init__(
        self,
        rules: ChunkTranslator | None,
        looked_for: tuple[bytes, ...] | None,
        mask: Callable[[bytes], bytes] = bytes,
        choices: int = 1,
    ) -> None:
        self._rules = rules
        self._mask = mask
        self._looked_for = looked_for
        self._rest = b""
        self._began = self._broken = False
        """Whether bytes have come; whether the last of them was a carriage return."""
        self._done = False
        self._last = b""
        self.choices = choices
        """How many choices have not given their reason for finishing."""
        self.ended = False
        """Whether the stream has said that it ends: by [DONE], or by a reason for finishing of every choice."""

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that changed an event so far."""
        return tuple(change.rule for change in self._rules.changes) if self._rules else ()

    @property
    def failed(self) -> bool:
        """Whether the last that came was the upstream's own word on why it goes no further."""
        told = b'"error"' in self._last and provider_errors.is_error(_last_chunk(self._last))
        return told or (self._rules is not None and self._rules.failure is not None)

    def feed(self, data: bytes) -> bytes:
        """Return what to pass on of what has come so far: whole events only, where some may have to be changed.

        Raises:
            EventTooLongError: an event is too long to wait for its end.
        """
        if self._began:
            if self._broken and data.startswith(b"\n"):  # the other half of a line end that was cut
                data = data[1:]
            self._broken = False
        else:
            self._began, data = True, data.removeprefix(_BOM)
        if b"\r" in data:
            self._broken = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self._rest:
            data = self._rest + data
        end = data.rfind(b"\n\n") + 2
        if end == 1:
            end = 0
        complete, self._rest = (data, b"") if end == len(data) else (data[:end], data[end:])
        if len(self._rest) > MAX_EVENT and not complete:  # else at the next piece: what is whole is passed on first
            raise EventTooLongError("an event is too long")
        if not complete:
            return b""
        complete = self._last = self._mask(complete)
        end_of_all = _DONE(complete) if b"[DONE]" in complete else None
        self.choices -= len(_FINISHED(complete))
        self.ended = self.ended or end_of_all is not None or self.choices <= 0
        if self._may_match(complete):
            return b"".join(self._events(complete))
        if end_of_all is None:
            return complete
        self._done = True
        at = end_of_all.start()
        return b"".join([complete[:at], *self._owed(), complete[at:]])

    def close(self, *, cut: bool = False) -> bytes:
        """Return what is left when the stream has ended, or was cut: an event that was cut is left out, text that was held back is not."""
        remaining, self._rest = self._rest.strip(b"\n"), b""
        passed = self.feed(remaining + b"\n\n") if remaining and is_complete(remaining) else b""
        if self._done:
            return passed
        self.ended = self.ended or is_figures(
            _last_chunk(self._last)
        )  # some send that last, and no reason for finishing
        if not self.ended:
            return b"".join([passed, *self._owed(cut=True)])
        return b"".join([passed, *self._owed(), DONE])

    def _events(self, complete: bytes) -> Iterable[bytes]:
        for event_lines in complete.split(b"\n\n"):
            if event_lines:
                yield from self._event(event_lines)

    def _event(self, lines: bytes) -> Iterable[bytes]:
        text = _text(lines)
        if text.strip() == b"[DONE]":
            self._done = True
            yield from self._owed()
            yield DONE
            return
        if not self._may_match(lines):
            yield lines + b"\n\n"
            return
        try:
            chunk = _decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # what the client may make something of
            yield lines + b"\n\n"
            return
        passed = self._rules.feed(chunk) if self._rules else [chunk]
        if len(passed) == 1 and passed[0] is chunk:
            yield lines + b"\n\n"
        else:
            yield from map(event, passed)

    def _may_match(self, data: bytes) -> bool:
        """Tell whether a rule may apply to an event in it."""
        return has_word(self._looked_for, data)

    def _owed(self, *, cut: bool = False) -> Iterable[bytes]:
        return map(event, self._rules.close(cut=cut) if self._rules else ())


def _last_chunk(complete: bytes) -> Any:
    """Return what the last of some events carries; None: no JSON."""
    try:
        return _decode(_text(complete.rstrip(b"\n").rpartition(b"\n\n")[2]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_complete(lines: bytes) -> bool:
    """Tell whether the last event of a stream, which nothing follows, came to its end."""
    text = _text(lines)
    if text.strip() == b"[DONE]":
        return True
    try:
        _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _text(lines: bytes) -> bytes:
    return b"\n".join(line[5:].strip(b" ") for line in lines.split(b"\n") if line.startswith(b"data:"))


def event(data: Any) -> bytes:
    """Return an event that carries JSON."""
    return b"data: %b\n\n" % _encode(data)
