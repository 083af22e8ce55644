"""Actions on streamed chunks that remember something from one chunk to the next; each stream has its own memory.

`usage_once`, `number_tool_calls` and `split_thinking` (that one on whole answers too). They are total like all
actions: a chunk of another shape passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft
from ...payload.path import Wild
from ...wire.calls import Calls
from ..gates import UNKNOWN, Needs, Writes
from .base import Action, Context

EXACT = Effect.EXACT
_CHOICES: Needs = (frozenset({(("choices",), None)}),)
_WRITES: Writes = ((("choices", Wild.ITEMS), UNKNOWN),)


def _items(holder: Any, key: str) -> list[Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _choices(draft: Draft) -> Iterator[tuple[int, Any]]:
    """Yield (place, choice) of each choice that is an object."""
    for at, choice in enumerate(_items(draft.root, "choices")):
        if isinstance(choice, dict):
            yield at, choice


def _frame(chunk: Any) -> dict[str, Any]:
    """Return what a further chunk of the same stream needs at its top level."""
    return {key: chunk[key] for key in ("id", "object", "created", "model", "system_fingerprint") if key in chunk}


class Memory:
    """What one action keeps of one stream; `close` gives the chunks it still owes when the stream ends, once."""

    def close(self) -> list[Any]:
        """Return the chunks still owed."""
        return []


def _memory(draft: Draft, make: Callable[[], Any]) -> Any:
    """Return this stream's memory of the action that ``make`` stands for."""
    if draft.memories is None:
        draft.memories = {}
    if make not in draft.memories:
        draft.memories[make] = make()
    return draft.memories[make]


class _Usage(Memory):
    def __init__(self) -> None:
        self.sent = False
        self.held: Any = None
        self.frame: dict[str, Any] = {}

    def close(self) -> list[Any]:
        if self.sent or self.held is None:
            return []
        return [{**self.frame, "choices": [], "usage": self.held}]


def usage_once(node: Any, keys: Keys, context: Context) -> Action:
    """Move usage out of the choices to the top of a chunk, and let the stream carry it exactly once.

    A request that set ``stream_options.include_usage`` gets it in its own last chunk, whether or not the provider
    sends that; another gets it at the top of the chunk where the provider put it.
    """

    def make() -> _Usage:
        return _Usage()

    def run(draft: Draft, base: Keys) -> bool:
        memory: _Usage = _memory(draft, make)
        for at, choice in _choices(draft):
            if choice.get("usage") is not None:
                memory.held, memory.frame = choice["usage"], _frame(draft.root)
                draft.remove("usage_once", EXACT, ("choices", at, "usage"))
        top = draft.root.get("usage")
        if top is None and memory.held is not None and not memory.sent and not _wants_usage_chunk(draft.request):
            draft.put("usage_once", EXACT, ("usage",), memory.held)
            memory.sent = True
        elif top is not None:
            again, memory.sent = memory.sent, True
            if again:
                draft.remove("usage_once", EXACT, ("usage",), note="it was sent before")
                return not draft.root.get("choices")
        return False

    needs = (frozenset({(("choices", Wild.ITEMS, "usage"), None), (("usage",), None)}),)
    return Action(run, needs, ((("usage",), UNKNOWN), (("choices", Wild.ITEMS, "usage"), MISSING)))


def _wants_usage_chunk(request: Any) -> bool:
    options = request.get("stream_options") if isinstance(request, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True


class _Numbers(Memory):
    def __init__(self) -> None:
        self.calls: defaultdict[int, Calls] = defaultdict(Calls)


def number_tool_calls(node: Any, keys: Keys, context: Context) -> Action:
    """Number streamed tool calls from 0: a call is told by its id, then by its index, then by its place."""

    def make() -> _Numbers:
        return _Numbers()

    def run(draft: Draft, base: Keys) -> None:
        for at, choice in _choices(draft):
            pieces = _items(choice.get("delta"), "tool_calls")
            if not pieces:
                continue
            known = _memory(draft, make).calls[_number(choice, at)]
            for place, number in enumerate(known.numbers(pieces)):
                if number is not None:
                    draft.put(
                        "number_tool_calls", EXACT, ("choices", at, "delta", "tool_calls", place, "index"), number
                    )

    return Action(run, _CHOICES, _WRITES)


def _number(choice: dict[str, Any], at: int) -> int:
    """Return the number of a choice: a chunk need not hold all of them."""
    named = choice.get("index")
    return named if isinstance(named, int) and not isinstance(named, bool) else at


class Splitter:
    """Tells reasoning between two tags at the start of a text from the answer after it, in pieces of any size."""

    def __init__(self, opening: str, closing: str) -> None:
        self._opening, self._closing = opening, closing
        self._mode = "start"
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """Return (reasoning, answer) that ``text`` completes; a piece that may be a tag is held back."""
        text, self._held = self._held + text, ""
        reasoning = ""
        if self._mode == "start":
            begun = text.lstrip()
            if len(begun) < len(self._opening) and self._opening.startswith(begun):
                self._held = text
                return "", ""
            self._mode = "inside" if begun.startswith(self._opening) else "after"
            text = begun[len(self._opening) :] if self._mode == "inside" else text
        if self._mode == "inside":
            reasoning, found, text = text.partition(self._closing)
            if not found:
                keep = _overlap(reasoning, self._closing)
                self._held = reasoning[len(reasoning) - keep :]
                return reasoning[: len(reasoning) - keep], ""
            self._mode = "gap"
        if self._mode == "gap":
            text = text.lstrip("\n")
            self._mode = "after" if text else "gap"
        return reasoning, text

    def flush(self) -> tuple[str, str]:
        """Return (reasoning, answer) of what was held back: no more text comes."""
        held, self._held = self._held, ""
        inside, self._mode = self._mode == "inside", "after"
        return (held, "") if inside else ("", held)


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of ``text`` may be the start of ``tag``."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


class _Thoughts(Memory):
    def __init__(self, field: str) -> None:
        self.field = field
        self.splitters: dict[int, Splitter] = {}
        self.frame: dict[str, Any] = {}

    def close(self) -> list[Any]:
        owed = []
        for at, splitter in self.splitters.items():
            reasoning, answer = splitter.flush()
            if reasoning or answer:
                delta = {self.field: reasoning} if reasoning else {"content": answer}
                owed.append({**self.frame, "choices": [{"index": at, "delta": delta, "finish_reason": None}]})
        return owed


def split_thinking(node: Any, keys: Keys, context: Context) -> Action:
    """Move reasoning that a model writes between tags at the start of its answer into a field of its own.

    ``open``, ``close`` and ``into`` default to ``<think>``, ``</think>`` and ``reasoning_content``. A tag may be split
    over chunks at any letter. A message that has the field already stays as it is.
    """
    opening, closing = node.get("open", "<think>"), node.get("close", "</think>")
    field = node.get("into", "reasoning_content")

    def make() -> _Thoughts:
        return _Thoughts(field)

    def split(draft: Draft, at: int, part: str, splitter: Splitter, last: bool) -> None:
        holder = draft.root["choices"][at][part]
        text = holder.get("content")
        if not isinstance(text, str | None):
            return
        reasoning, answer = splitter.feed(text or "")
        if last:
            reasoning, answer = (one + other for one, other in zip((reasoning, answer), splitter.flush(), strict=True))
        if answer != (text or ""):
            draft.put("split_thinking", EXACT, ("choices", at, part, "content"), answer)
        if reasoning:
            draft.put("split_thinking", EXACT, ("choices", at, part, field), reasoning)

    def run(draft: Draft, base: Keys) -> None:
        for at, choice in _choices(draft):
            message, delta = choice.get("message"), choice.get("delta")
            if context.stage == "response" and isinstance(message, dict) and not message.get(field):
                split(draft, at, "message", Splitter(opening, closing), last=True)
            elif context.stage == "chunk" and isinstance(delta, dict) and not delta.get(field):
                memory: _Thoughts = _memory(draft, make)
                memory.frame = memory.frame or _frame(draft.root)
                splitter = memory.splitters.setdefault(_number(choice, at), Splitter(opening, closing))
                split(draft, at, "delta", splitter, last=choice.get("finish_reason") is not None)

    return Action(run, _CHOICES, _WRITES)
