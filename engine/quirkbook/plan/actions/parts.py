"""take_parts, put_part: parts of a content list <-> a text in a field beside it. move_parts: to a message of another role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft, cost
from ...payload.path import Path, Wild
from .. import gates
from ..gates import UNKNOWN
from .base import MESSAGE, Action, Context, editable, join_writes, messages_of
from .messages import role_of

EXACT, LOSSY, SEMANTIC = Effect.EXACT, Effect.LOSSY, Effect.SEMANTIC


def _member(path: Path, key: str) -> Path:
    return Path(path.text, path.origin, (*path.steps, key))


class _Text:
    """Text gathered from parts, and whether all that they said is in it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.whole = True

    def __str__(self) -> str:
        return "".join(self.texts)

    def add(self, part: Any, names: Sequence[str]) -> None:
        """Take the texts of a part: those that stand under ``names``, or in parts of text there."""
        self.whole &= part.keys() <= {"type", *names}
        for name in names:
            value = part.get(name)
            for item in value if isinstance(value, list) else () if value is None else (value,):
                self._add_item(item)

    def _add_item(self, item: Any) -> None:
        text = item.get("text") if isinstance(item, dict) else item
        if isinstance(text, str):
            self.texts.append(text)
        self.whole &= isinstance(text, str) and (item is text or item.keys() <= {"type", "text"})


def take_parts(node: Any, keys: Keys, context: Context) -> Action:
    """Take the parts of some types out of the content lists at a path; their texts go into a field beside the content.

    In an answer one text is left of the other parts, in a request a list. Exact, lossy where a part said more.
    """
    path = context.path(node["at"], (*keys, "at"))
    types, names, field = frozenset(node["types"]), tuple(node["text"]), node["into"]
    find_places, in_request = editable(path), context.stage == "request"

    def run(draft: Draft, base: Keys) -> None:
        for at, holder in find_places(draft, base):
            parts = holder.get("content") if isinstance(holder, dict) else None
            if isinstance(parts, list):
                take(draft, at, holder, parts)

    def take(draft: Draft, at: Keys, holder: Any, parts: list[Any]) -> None:
        taken = [part for part in parts if _type(part) in types]
        if in_request and not taken:
            return
        thoughts = _Text()
        for part in taken:
            thoughts.add(part, names)
        rest: Any = [part for part in parts if _type(part) not in types]
        spoken = _Text()
        if not (in_request and rest):
            for part in rest:
                if _type(part) == "text" or isinstance(part, str):
                    spoken.add({"text": part} if isinstance(part, str) else part, ("text",))
                else:
                    spoken.whole = False  # what a text cannot say
            rest = str(spoken)
        if text := str(thoughts):
            draft.spend(cost(text))
            before = holder.get(field)
            effect = EXACT if isinstance(before, str | None) else LOSSY
            draft.put("take_parts", effect, (*at, field), before + text if isinstance(before, str) else text)
        effect = EXACT if thoughts.whole and spoken.whole else LOSSY
        draft.replace("take_parts", effect, (*at, "content"), parts, rest)

    needs = gates.of_path(_member(path, "content"), context.scope, [list])
    return Action(run, needs, context.writes(_member(path, "content"), _member(path, field)))


def _type(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) else None


def put_part(node: Any, keys: Keys, context: Context) -> Action:
    """Put a text in a field into the content beside it, as its first part. Exact."""
    path = context.path(node["at"], (*keys, "at"))
    field, kind, name, item = node["from"], node["type"], node["text"], node.get("item")
    find_places = editable(path)

    def run(draft: Draft, base: Keys) -> None:
        for at, holder in find_places(draft, base):
            text = holder.get(field) if isinstance(holder, dict) else None
            content = holder.get("content") if isinstance(holder, dict) else None
            if isinstance(text, str) and text and isinstance(content, str | list | None):
                draft.spend(4)
                part = {"type": kind, name: [{"type": item, "text": text}] if item else text}
                rest = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
                draft.remove("put_part", EXACT, (*at, field))
                draft.put("put_part", EXACT, (*at, "content"), [part, *rest])

    needs = gates.of_path(_member(path, field), context.scope, [str])
    gone = context.writes(_member(path, field), value=MISSING)
    return Action(run, needs, join_writes([gone, context.writes(_member(path, "content"))]))


def move_parts(node: Any, keys: Keys, context: Context) -> Action:
    """Put parts of some types out of the messages of one role into a new message of another behind them. Semantic."""
    role, to, types, leave = node["from"], node["to"], frozenset(node["types"]), node["leave"]
    if role == to:
        context.report(
            "Q109", (*keys, "to"), f"the parts are in messages of the role '{to}' already", "name another role"
        )

    def run(draft: Draft, base: Keys) -> None:
        messages = messages_of(draft)
        new: list[tuple[int, Any, Effect, str]] = []
        waiting: list[Any] = []
        for at, message in enumerate(messages):
            if role_of(message) != role:
                flush(at, waiting, new)
                continue
            content = message.get("content")
            moved = [part for part in content if _type(part) in types] if isinstance(content, list) else []
            if moved:
                waiting += _introduced(message.get("tool_call_id"), moved)
                rest = [part for part in content if _type(part) not in types]
                draft.put("move_parts", SEMANTIC, ("messages", at, "content"), rest or leave)
        flush(len(messages), waiting, new)
        draft.spend(sum(3 + len(message["content"]) for _, message, _, _ in new))
        draft.rearrange("move_parts", "messages", {}, new)

    def flush(at: int, waiting: list[Any], new: list[tuple[int, Any, Effect, str]]) -> None:
        """Put what waits into a message before the one at ``at``."""
        if waiting:
            new.append((at + len(new), {"role": to, "content": waiting.copy()}, SEMANTIC, ""))
            waiting.clear()

    place = (*MESSAGE, "content", Wild.ITEMS, "type")
    writes = ((MESSAGE, {"role": to}), ((*MESSAGE, "content"), UNKNOWN))
    return Action(run, (frozenset((place, kind) for kind in types),), writes)


def _introduced(call: Any, parts: list[Any]) -> list[Any]:
    """Return parts behind a text that says whose they are."""
    return (
        [{"type": "text", "text": f"From the result of {call}:"}, *parts] if isinstance(call, str) and call else parts
    )
