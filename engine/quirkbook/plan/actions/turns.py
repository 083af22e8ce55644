"""arrange_turns: two sides speak in turn, one begins, one ends; what cannot be joined gets a few words between."""

from __future__ import annotations

from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft, cost
from ..gates import UNKNOWN
from .base import MESSAGE, Action, Context, messages_of
from .messages import is_plain, joined, role_of

SEMANTIC = Effect.SEMANTIC
_LEADING = ("system", "developer")


class _Order:
    """What a rule wants of the order, and the words that it puts in."""

    def __init__(self, node: Any) -> None:
        sides = [[side] if isinstance(side, str) else side for side in node.get("alternate", ())]
        self.speakers = [side[0] for side in sides]
        """Of each side the role whose messages may not follow another of the side."""
        self.sides = {role: at for at, side in enumerate(sides) for role in side}
        self.first = node.get("first")
        self.last = frozenset(node.get("last", ()))
        self.joiner = node.get("join", "\n\n")
        self.words = {role: {"role": role, "content": text} for role, text in node["say"].items()}
        self.at_the_end = next((self.words[role] for role in node.get("last", ()) if role in self.words), None)


class _Arranged:
    """What is to be done to a conversation: runs to join, messages to put in."""

    def __init__(self, order: _Order, messages: list[Any]) -> None:
        self.order = order
        self.runs: list[list[int]] = []
        """Places of messages that become one."""
        self.new: list[tuple[int, Any, Effect, str]] = []
        self._place = 0
        """In the result."""
        self._role: Any = None
        """The role of the message before."""
        begun = order.first is None
        for at, message in enumerate(messages):
            role = role_of(message)
            role = role if isinstance(role, str) else None
            if not begun and role not in _LEADING:
                begun = True
                if role != order.first:
                    self._say(order.first)
            self._take(at, role, messages)
        if messages and order.at_the_end and self._role not in order.last:
            self.new.append((self._place, dict(order.at_the_end), SEMANTIC, ""))

    def _say(self, role: str) -> None:
        if role in self.order.words:
            self.new.append((self._place, dict(self.order.words[role]), SEMANTIC, ""))
            self._place += 1
            self._role = role

    def _take(self, at: int, role: str | None, messages: list[Any]) -> None:
        sides, speakers = self.order.sides, self.order.speakers
        side = sides.get(role) if role else None
        if side is not None and role == speakers[side] and sides.get(self._role) == side:
            if role == self._role and is_plain(messages[at]) and is_plain(messages[at - 1]):
                if self.runs and self.runs[-1][-1] == at - 1:
                    self.runs[-1].append(at)
                else:
                    self.runs.append([at - 1, at])
                return
            self._say(speakers[1 - side])
        self._role = role
        self._place += 1


def arrange_turns(node: Any, keys: Keys, context: Context) -> Action:
    """Join neighbours of one side, or say something between; let one role begin and one of some roles end. Semantic."""
    order = _Order(node)
    price = max((cost(message) for message in order.words.values()), default=0)

    def run(draft: Draft, base: Keys) -> None:
        messages = messages_of(draft)
        done = _Arranged(order, messages)
        if not done.new and not done.runs:
            return
        draft.spend(price * len(done.new))
        for run in done.runs:
            text = joined(draft, [messages[at]["content"] for at in run], order.joiner)
            draft.put("arrange_turns", SEMANTIC, ("messages", run[0], "content"), text)
        gone = dict.fromkeys((at for run in done.runs for at in run[1:]), (SEMANTIC, ""))
        draft.rearrange("arrange_turns", "messages", gone, done.new)

    words = ((MESSAGE, message) for message in order.words.values())
    return Action(run, writes=(*words, (MESSAGE, MISSING), ((*MESSAGE, "content"), UNKNOWN)))
