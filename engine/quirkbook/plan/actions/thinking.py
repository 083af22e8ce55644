"""`split_thinking`: reasoning that a model writes between tags at the start of its answer, moved into a field of its own."""

from __future__ import annotations

from typing import Any

from ...model import Effect, Keys
from ...payload.draft import Draft
from .base import Action, Context
from .streams import CHOICES, WRITES, Memory, choices, frame_of, is_finished, memory, number_of

EXACT = Effect.EXACT


class Splitter:
    """Tells reasoning between two tags at the start of a text from the answer after it, in pieces of any size."""

    def __init__(self, opening: str, closing: str) -> None:
        self._opening, self._closing = opening, closing
        self._mode = "start"
        self._blanks: list[str] = []
        """Blanks before the first character: they belong to an answer, and to no reasoning."""
        self._held = ""
        """What may be the beginning of a tag."""

    @property
    def begun(self) -> bool:
        """Whether it is known what the text begins with."""
        return self._mode != "start"

    @property
    def holds(self) -> bool:
        """Whether some text is held back."""
        return bool(self._held or self._blanks)

    def feed(self, text: str) -> tuple[str, str]:
        """Return (reasoning, answer) that ``text`` completes; a piece that may be a tag is held back."""
        if self._mode == "start":
            text = self._start(text)
        else:
            text, self._held = self._held + text, ""
        reasoning = ""
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

    def _start(self, text: str) -> str:
        """Take a piece while the first character or tag has not come; return what is left once it has."""
        if not self._held:
            begun = text.lstrip()
            if len(begun) < len(text):
                self._blanks.append(text[: len(text) - len(begun)])
            text = begun
        text = self._held + text
        if len(text) < len(self._opening) and self._opening.startswith(text):
            self._held = text
            return ""
        self._held = ""
        if text.startswith(self._opening):
            self._mode = "inside"
            self._blanks.clear()
            return text[len(self._opening) :]
        return self._give_up() + text

    def _give_up(self) -> str:
        """Take the text for an answer without reasoning from here on; return what was held back."""
        blanks, self._blanks, self._mode = "".join(self._blanks), [], "after"
        return blanks

    def skip(self) -> str:
        """Take all for the answer, as its reasoning comes elsewhere; return what was held back."""
        held, self._held = self._held, ""
        return self._give_up() + held

    def flush(self) -> tuple[str, str]:
        """Return (reasoning, answer) of what was held back; text that comes later is read on from there."""
        if self._mode == "start" and self.holds:
            return "", self.skip()
        held, self._held = self._held, ""
        return (held, "") if self._mode == "inside" else ("", held)


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of ``text`` may be the start of ``tag``."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


class _Thoughts(Memory):
    """The texts of all choices. A provider's rule and one of the model's family may ask for the same: it is done once."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.splitters: dict[int, Splitter] = {}
        self.frame: dict[str, Any] = {}
        self.done: Draft | None = None
        """The chunk or answer that was split last."""

    def held(self, number: int) -> list[Any]:
        """Return what is held back of one choice as a chunk of its own."""
        splitter = self.splitters[number]
        if not splitter.holds:
            return []
        reasoning, answer = splitter.flush()
        delta = {self.field: reasoning} if reasoning else {"content": answer}
        return [{**self.frame, "choices": [{"index": number, "delta": delta, "finish_reason": None}]}]

    def close(self, cut: bool) -> list[Any]:
        return [chunk for number in self.splitters for chunk in self.held(number)]


def split_thinking(node: Any, keys: Keys, context: Context) -> Action:
    """Move reasoning that a model writes between tags at the start of its answer into a field of its own.

    ``open``, ``close`` and ``into`` default to ``<think>``, ``</think>`` and ``reasoning_content``. A tag may be split
    over chunks at any letter; what is held back comes out before the choice finishes. An answer whose reasoning comes in
    that field already stays as it is.
    """
    opening, closing = node.get("open", "<think>"), node.get("close", "</think>")
    field = node.get("into", "reasoning_content")
    key = ("split_thinking", opening, closing, field)
    part = "delta" if context.stage == "chunk" else "message"

    def split(draft: Draft, place: Keys, holder: Any, splitter: Splitter, last: bool) -> None:
        """Split the text of a message or delta; the ``last`` piece takes with it what would be held back."""
        text, known = holder.get("content"), holder.get(field)
        if not isinstance(text, str | None):
            return
        given = text or ""
        reasoning, answer = ("", splitter.skip() + given) if known and not splitter.begun else splitter.feed(given)
        if last and given:
            reasoning, answer = (one + other for one, other in zip((reasoning, answer), splitter.flush(), strict=True))
        if answer != given:
            draft.put("split_thinking", EXACT, (*place, "content"), answer)
        if reasoning:
            draft.put(
                "split_thinking", EXACT, (*place, field), known + reasoning if isinstance(known, str) else reasoning
            )

    def run(draft: Draft, base: Keys) -> None:
        thoughts: _Thoughts = memory(draft, key, lambda: _Thoughts(field))
        if thoughts.done is draft:
            return
        thoughts.done, thoughts.frame = draft, thoughts.frame or frame_of(draft.root)
        for at, choice in choices(draft):
            number, last = (at, True) if part == "message" else (number_of(choice, at), is_finished(choice))
            splitter = thoughts.splitters.get(number)
            if splitter is None:
                splitter = thoughts.splitters[number] = Splitter(opening, closing)
            holder = choice.get(part)
            if isinstance(holder, dict):
                split(draft, ("choices", at, part), holder, splitter, last)
            if last:
                draft.ahead = (*draft.ahead, *thoughts.held(number))

    return Action(run, CHOICES, WRITES)
