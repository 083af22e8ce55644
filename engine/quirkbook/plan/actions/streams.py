"""What actions on streams share: choices, and a memory from one chunk to the next. Each stream has its own.

Such actions are total like all others: a chunk of another shape passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft
from ...payload.path import Wild
from ..gates import UNKNOWN, Needs, Writes
from .base import Action, Context

EXACT = Effect.EXACT
CHOICES: Final[Needs] = (frozenset({(("choices",), None)}),)
WRITES: Final[Writes] = ((("choices", Wild.ITEMS), UNKNOWN),)


def items(holder: Any, key: str) -> list[Any]:
    """Return the list at a key of an object; an empty one where there is none."""
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def choices(draft: Draft) -> Iterator[tuple[int, Any]]:
    """Yield (place, choice) of each choice that is an object."""
    for at, choice in enumerate(items(draft.root, "choices")):
        if isinstance(choice, dict):
            yield at, choice


def number_of(choice: dict[str, Any], at: int) -> int:
    """Return the number of a choice: a chunk need not hold all of them."""
    named = choice.get("index")
    return named if isinstance(named, int) and not isinstance(named, bool) else at


def is_finished(choice: dict[str, Any]) -> bool:
    """Tell whether a choice says why it ends; some providers say "" or null in every chunk before."""
    return bool(choice.get("finish_reason"))


def frame_of(chunk: Any) -> dict[str, Any]:
    """Return what a further chunk of the same stream needs at its top level."""
    return {key: chunk[key] for key in ("id", "object", "created", "model", "system_fingerprint") if key in chunk}


class Memory:
    """What actions keep of one stream; `close` gives the chunks they still owe when the stream ends, once."""

    rank = 0
    """Memories are closed in this order: what belongs to an answer, then its end, then what follows that."""

    def close(self, cut: bool) -> list[Any]:
        """Return the chunks still owed; ``cut``: the stream broke off in the middle."""
        return []


def memory(draft: Draft, key: Any, make: Callable[[], Any]) -> Any:
    """Return this stream's memory under a key, made when it is first asked for."""
    if draft.memories is None:
        draft.memories = {}
    known = draft.memories.get(key)
    if known is None:
        known = draft.memories[key] = make()
    return known


class _Usage(Memory):
    rank = 2

    def __init__(self) -> None:
        self.sent = False
        self.held: Any = None
        self.frame: dict[str, Any] = {}

    def close(self, cut: bool) -> list[Any]:
        if self.sent or self.held is None:
            return []
        return [{**self.frame, "choices": [], "usage": self.held}]


def usage_once(node: Any, keys: Keys, context: Context) -> Action:
    """Move usage out of the choices to the top of a chunk, and let the stream carry it exactly once.

    A request that set ``stream_options.include_usage`` gets it in its own last chunk, whether or not the provider
    sends that; another gets it at the top of the chunk where the provider put it.
    """

    def run(draft: Draft, base: Keys) -> bool:
        usage: _Usage = memory(draft, run, _Usage)
        for at, choice in choices(draft):
            if choice.get("usage") is not None:
                usage.held, usage.frame = choice["usage"], frame_of(draft.root)
                draft.remove("usage_once", EXACT, ("choices", at, "usage"))
        top = draft.root.get("usage")
        if top is None and usage.held is not None and not usage.sent and not _wants_usage_chunk(draft.request):
            draft.put("usage_once", EXACT, ("usage",), usage.held)
            usage.sent = True
        elif top is not None:
            again, usage.sent = usage.sent, True
            if again:
                draft.remove("usage_once", EXACT, ("usage",), note="it was sent before")
                return not draft.root.get("choices")
        return False

    needs = (frozenset({(("choices", Wild.ITEMS, "usage"), None), (("usage",), None)}),)
    return Action(run, needs, ((("usage",), UNKNOWN), (("choices", Wild.ITEMS, "usage"), MISSING)))


def _wants_usage_chunk(request: Any) -> bool:
    options = request.get("stream_options") if isinstance(request, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True
