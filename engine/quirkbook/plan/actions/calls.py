"""Actions on tool calls and on the ends of streams; together they keep one memory of a stream."""

from __future__ import annotations

from typing import Any

from ...model import Effect, Keys
from ...payload.draft import Draft
from ...wire.calls import Calls
from .base import Action, Context
from .streams import CHOICES, WRITES, Memory, choices, frame_of, is_finished, items, memory, number_of

EXACT = Effect.EXACT


class _Choice:
    """What is known of one choice of a stream."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.ids: list[str | None] = []
        """Number of a call -> the id that clients know it by."""
        self.spoke = False
        """Whether anything came for it."""
        self.finished = False
        self.unsaid = False
        """Whether its last finish reason was "", which may be its last word."""
        self.ending = False
        """Whether the stream is over, and it has not finished."""

    @property
    def reason(self) -> str:
        """Why it ends, where nobody says so."""
        return "tool_calls" if len(self.calls) else "stop"


class _Stream(Memory):
    """The calls and ends of all choices. However many actions ask, each chunk is read once."""

    rank = 1

    def __init__(self) -> None:
        self.choices: dict[int, _Choice] = {}
        self.frame: dict[str, Any] = {}
        self.ends = self.finishes = False
        """Whether an action makes the ends that are missing, or those that are empty."""
        self._read: Draft | None = None
        self._found: list[tuple[int, Any, _Choice, list[int | None]]] = []

    def read(self, draft: Draft) -> list[tuple[int, Any, _Choice, list[int | None]]]:
        """Return (place, choice, what is known of it, the numbers of its pieces of calls) for each choice of a chunk."""
        if self._read is not draft:
            self._read = draft
            self.frame = self.frame or frame_of(draft.root)
            self._found = [self._choice(at, choice) for at, choice in choices(draft)]
        return self._found

    def _choice(self, at: int, choice: dict[str, Any]) -> tuple[int, Any, _Choice, list[int | None]]:
        known = self.choices.setdefault(number_of(choice, at), _Choice())
        delta, reason = choice.get("delta"), choice.get("finish_reason")
        known.spoke = known.spoke or bool(delta)
        known.finished = known.finished or is_finished(choice)
        known.unsaid = reason == ""
        return at, choice, known, known.calls.numbers(items(delta, "tool_calls"))

    def close(self, cut: bool) -> list[Any]:
        owed = []
        for number, choice in self.choices.items():
            missing = (self.ends and choice.spoke) or (self.finishes and choice.unsaid and len(choice.calls) > 0)
            if missing and not cut and not choice.finished:
                choice.ending = True  # the action that asked for it writes the reason, so that the report has it
                owed.append({**self.frame, "choices": [{"index": number, "delta": {}, "finish_reason": None}]})
        return owed


def _stream(draft: Draft) -> _Stream:
    stream: _Stream = memory(draft, _Stream, _Stream)
    return stream


def number_tool_calls(node: Any, keys: Keys, context: Context) -> Action:
    """Number streamed tool calls from 0: a call is told by its id, then by its index, then by its place."""

    def run(draft: Draft, base: Keys) -> None:
        for at, _, _, numbers in _stream(draft).read(draft):
            for place, number in enumerate(numbers):
                if number is not None:
                    draft.put(
                        "number_tool_calls", EXACT, ("choices", at, "delta", "tool_calls", place, "index"), number
                    )

    return Action(run, CHOICES, WRITES)


def identify_calls(node: Any, keys: Keys, context: Context) -> Action:
    """Give each tool call one id: made up where it has none, and in a stream said once, with its first piece."""

    def run_whole(draft: Draft, base: Keys) -> None:
        for at, choice in choices(draft):
            for number, call in enumerate(items(choice.get("message"), "tool_calls")):
                if isinstance(call, dict) and not call.get("id"):
                    made = made_up_id(draft.root.get("id"), number_of(choice, at), number)
                    draft.put("identify_calls", EXACT, ("choices", at, "message", "tool_calls", number, "id"), made)

    def run_chunk(draft: Draft, base: Keys) -> None:
        stream = _stream(draft)
        for at, choice, known, numbers in stream.read(draft):
            for place, number in enumerate(numbers):
                if number is None:
                    continue
                where: Keys = ("choices", at, "delta", "tool_calls", place)
                id_ = draft.at(where).get("id")
                if number == len(known.ids):
                    known.ids.append(id_ or made_up_id(stream.frame.get("id"), number_of(choice, at), number))
                    draft.put("identify_calls", EXACT, (*where, "id"), known.ids[number])
                elif id_ is not None:
                    draft.remove("identify_calls", EXACT, (*where, "id"), note="it was said with the first piece")

    return Action(run_chunk if context.stage == "chunk" else run_whole, CHOICES, WRITES)


def made_up_id(answer: Any, choice: int, call: int) -> str:
    """Return the id of a call that came without: the same for an answer given whole and in pieces.

    >>> made_up_id("chatcmpl-1", 0, 0)
    'call_a2f06e29a76fef26a50c9cff'
    """
    import hashlib  # costs more than most of the package, and is needed once in a while

    return "call_" + hashlib.sha256(f"{answer} {choice} {call}".encode(errors="replace")).hexdigest()[:24]


def finish_calls(node: Any, keys: Keys, context: Context) -> Action:
    """Let a choice that called tools finish with ``tool_calls`` where it says ``stop``, or nothing."""

    def run_whole(draft: Draft, base: Keys) -> None:
        for at, choice in choices(draft):
            if choice.get("finish_reason") in ("stop", "") and items(choice.get("message"), "tool_calls"):
                draft.put("finish_calls", EXACT, ("choices", at, "finish_reason"), "tool_calls")

    def run_chunk(draft: Draft, base: Keys) -> None:
        stream = _stream(draft)
        stream.finishes = True
        for at, choice, known, _ in stream.read(draft):
            if len(known.calls) and (known.ending or choice.get("finish_reason") == "stop"):
                draft.put("finish_calls", EXACT, ("choices", at, "finish_reason"), "tool_calls")

    return Action(run_chunk if context.stage == "chunk" else run_whole, CHOICES, WRITES)


def end_stream(node: Any, keys: Keys, context: Context) -> Action:
    """Give a choice that never says why it ends ``tool_calls`` or ``stop``: in a stream in a last chunk, once it is over."""

    def run_whole(draft: Draft, base: Keys) -> None:
        for at, choice in choices(draft):
            if isinstance(choice.get("message"), dict) and not choice.get("finish_reason"):
                reason = "tool_calls" if items(choice["message"], "tool_calls") else "stop"
                draft.put("end_stream", EXACT, ("choices", at, "finish_reason"), reason)

    def run_chunk(draft: Draft, base: Keys) -> None:
        stream = _stream(draft)
        stream.ends = True
        for at, _, known, _ in stream.read(draft):
            if known.ending:
                draft.put("end_stream", EXACT, ("choices", at, "finish_reason"), known.reason)

    return Action(run_chunk if context.stage == "chunk" else run_whole, CHOICES, WRITES)
