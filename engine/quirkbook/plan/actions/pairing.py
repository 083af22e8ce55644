"""pair_calls: each tool call gets one result, right behind its turn; what answers no call goes.

Linear: one look that nearly always shows that all is in order, else one pass that matches, and one that writes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft, cost
from ...payload.path import Wild
from ..gates import UNKNOWN, Needs, Writes
from ..types import is_number
from .base import MESSAGE, Action, Context, messages_of

EXACT, SEMANTIC = Effect.EXACT, Effect.SEMANTIC
_NEEDS: Needs = (frozenset({((*MESSAGE, "tool_calls"), list), ((*MESSAGE, "role"), "tool")}),)

_UNASKED = (
    "a tool result must answer a call of an earlier assistant message: send the call too, or leave the result out"
)
_MOVED, _MADE, _STRAY = "moved right behind its call", "the call had no result", "it answers no call"


@dataclass(slots=True)
class _Call:
    """A call, and the place of the message that is its result."""

    keys: Keys
    id: Any
    """None: none that a result could name."""
    result: int | None = None


@dataclass(slots=True)
class _Stray:
    """A result that no id has matched."""

    at: int
    id: Any


@dataclass(slots=True)
class _Turn:
    """A message with calls, and the results up to the next turn that no id has matched."""

    at: int
    calls: list[_Call]
    strays: list[_Stray] = field(default_factory=list)


def id_of(value: Any) -> Any:
    """Return an id that a call and its result can share, a text or a number; else None."""
    return value if (isinstance(value, str) and value) or is_number(value) else None


def _are_paired(messages: list[Any]) -> bool:
    """Tell whether the results of each turn follow it in the order of its calls, and no others are there."""
    due: list[Any] = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role == "tool":
            if not due or message.get("tool_call_id") != due.pop():
                return False
        elif due:
            return False
        elif role == "assistant" and isinstance(calls := message.get("tool_calls"), list):
            due = [id_of(call.get("id")) for call in reversed(calls) if isinstance(call, dict)]
            if None in due:
                return False
    return not due


class _Pairs:
    """The turns of a conversation, matched with results: by id, the nearest turn first; where ids are lost, by number."""

    def __init__(self, messages: list[Any]) -> None:
        self.turns: list[_Turn] = []
        self.ids: set[Any] = set()
        self._open: dict[Any, deque[deque[_Call]]] = {}
        """Id -> for each turn that has calls with it, in order, those that have no result yet."""
        self._turn: _Turn | None = None
        strays: list[_Stray] = []
        for at, message in enumerate(messages):
            role = message.get("role") if isinstance(message, dict) else None
            if role == "assistant":
                self._begin(at, message.get("tool_calls"))
            elif role == "tool" and (stray := self._match(at, id_of(message.get("tool_call_id")))):
                strays.append(stray)
        early = {stray.at for stray in strays if self._close(stray.id, stray.at, nearest=0)}  # before their calls
        for turn in self.turns:
            turn.strays = [stray for stray in turn.strays if stray.at not in early]
            _match_lost_ids(turn)
        matched = {call.result for turn in self.turns for call in turn.calls}
        self.strays = [stray.at for stray in strays if stray.at not in matched]

    def _begin(self, at: int, calls: Any) -> None:
        """Start a turn; one without calls ends that of others."""
        self._turn = None
        found = [
            _Call(("messages", at, "tool_calls", index), id_of(call.get("id")))
            for index, call in enumerate(calls if isinstance(calls, list) else ())
            if isinstance(call, dict)
        ]
        if found:
            self._turn = _Turn(at, found)
            self.turns.append(self._turn)
        new: dict[Any, deque[_Call]] = {}
        for call in found:
            if call.id is not None:
                new.setdefault(call.id, deque()).append(call)
        for name, of_turn in new.items():
            self.ids.add(name)
            self._open.setdefault(name, deque()).append(of_turn)

    def _match(self, at: int, name: Any) -> _Stray | None:
        """Give a result to the nearest call before it; return it if there is none."""
        if self._close(name, at, nearest=-1):
            return None
        stray = _Stray(at, name)
        self.ids.add(name)
        if self._turn:
            self._turn.strays.append(stray)
        return stray

    def _close(self, name: Any, at: int, nearest: int) -> bool:
        turns = self._open.get(name)
        if name is None or not turns:
            return False
        of_turn = turns[nearest]
        of_turn.popleft().result = at
        if not of_turn:
            del turns[nearest]
        return True


def _match_lost_ids(turn: _Turn) -> None:
    """Match in order what has lost its id, where there are as many calls as results."""
    lost = [call for call in turn.calls if call.result is None and call.id is None]
    named = [stray for stray in turn.strays if stray.id is not None]
    if len(lost) == len(named):
        for call, stray in zip(lost, named, strict=True):
            call.result, call.id = stray.at, stray.id
    bare = [stray for stray in turn.strays if stray.id is None]
    still_open = [call for call in turn.calls if call.result is None]
    if len(bare) == len(still_open):
        for call, stray in zip(still_open, bare, strict=True):
            call.result = stray.at


def pair_calls(node: Any, keys: Keys, context: Context) -> Action:
    """Put the result of each call right behind its turn, make up those that are missing, and see to the orphans.

    Results go by id, to the nearest turn before them; a sole open call takes one without id. Moving is exact, making
    up and dropping semantic. ``orphans`` may be ``drop``, ``reject`` or ``keep``.
    """
    text, orphans = node["missing"], node.get("orphans", "drop")
    price = cost({"role": "tool", "tool_call_id": "", "content": text})

    def run(draft: Draft, base: Keys) -> None:
        messages = messages_of(draft)
        if _are_paired(messages):
            return
        pairs = _Pairs(messages)
        if orphans == "reject":
            for at in pairs.strays:
                draft.refuse("pair_calls", _UNASKED, ("messages", at))
        _name(draft, pairs)
        draft.spend(price * sum(call.result is None for turn in pairs.turns for call in turn.calls))
        _order(draft, pairs, text, frozenset(pairs.strays if orphans == "drop" else ()))

    writes: Writes = (
        (MESSAGE, {"role": "tool", "content": text}),
        (MESSAGE, MISSING),
        ((*MESSAGE, "tool_call_id"), UNKNOWN),
        ((*MESSAGE, "tool_calls", Wild.ITEMS, "id"), UNKNOWN),
    )
    return Action(run, _NEEDS, writes)


def _name(draft: Draft, pairs: _Pairs) -> None:
    """Give calls without an id that of their result, else a new one, and results that of their call."""
    for turn in pairs.turns:
        for call in turn.calls:
            if call.id is None:
                call.id = new_id(call.keys, pairs.ids)
            draft.put("pair_calls", EXACT, (*call.keys, "id"), call.id)
            if call.result is not None:
                draft.put("pair_calls", EXACT, ("messages", call.result, "tool_call_id"), call.id)


def new_id(keys: Keys, taken: set[Any]) -> str:
    """Make an id that is not ``taken`` for the call at ``keys``: always the same one; from then on it is taken."""
    salt, made = 0, f"call_{keys[1]}_{keys[3]}"
    while made in taken:
        salt += 1
        made = f"call_{keys[1]}_{keys[3]}_{salt}"
    taken.add(made)
    return made


def _order(draft: Draft, pairs: _Pairs, text: str, dropped: frozenset[int]) -> None:
    """Put results where they belong and make up the missing ones; those that stand right do not move."""
    messages = draft.root["messages"]
    results = {call.result for turn in pairs.turns for call in turn.calls}
    turns = {turn.at: turn for turn in pairs.turns}
    gone: dict[int, tuple[Effect, str]] = dict.fromkeys(dropped, (SEMANTIC, _STRAY))
    new: list[tuple[int, Any, Effect, str]] = []
    place, end = 0, 0
    for at in range(len(messages)):
        if at in results or at in dropped:
            continue
        place += 1
        if at not in turns:
            continue
        last, end = at, max(end, at + 1)
        while end < len(messages) and (end in results or end in dropped):
            end += 1
        for call in turns[at].calls:
            if call.result is None:
                new.append((place, {"role": "tool", "tool_call_id": call.id, "content": text}, SEMANTIC, _MADE))
            elif last < call.result < end:
                last = call.result
            else:
                gone[call.result] = (EXACT, _MOVED)
                new.append((place, messages[call.result], EXACT, _MOVED))
            place += 1
    draft.rearrange("pair_calls", "messages", gone, new)
