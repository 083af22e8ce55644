"""Actions on the conversation: put messages in, join them, gather system messages, flatten text."""

from __future__ import annotations

from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.cycles import TEXT
from ...payload.draft import Draft, cost
from ...payload.literals import cloner
from ..gates import UNKNOWN, Writes
from .base import MESSAGE, Action, Context, editable, messages_of

EXACT, LOSSY, SEMANTIC = Effect.EXACT, Effect.LOSSY, Effect.SEMANTIC
_MESSAGES: Writes = ((MESSAGE, UNKNOWN), (MESSAGE, MISSING))


def role_of(message: Any) -> Any:
    """Return a message's role, of whatever type; None where it is not an object."""
    return message.get("role") if isinstance(message, dict) else None


def append_message(node: Any, keys: Keys, context: Context) -> Action:
    """Put a message at the end of the conversation."""
    make, price = cloner(node), cost(node)

    def run(draft: Draft, base: Keys) -> None:
        draft.spend(price)
        messages = draft.root.get("messages", MISSING)
        if isinstance(messages, list):
            draft.append("append_message", SEMANTIC, "messages", messages, make())
        elif messages is MISSING:
            draft.put("append_message", SEMANTIC, ("messages",), [make()])

    return Action(run, writes=((MESSAGE, node),))


def prepend_message(node: Any, keys: Keys, context: Context) -> Action:
    """Put a message at the start of the conversation."""
    make, price = cloner(node), cost(node)

    def run(draft: Draft, base: Keys) -> None:
        draft.spend(price)
        messages = draft.root.get("messages", MISSING)
        if isinstance(messages, list):
            draft.insert("prepend_message", SEMANTIC, ("messages", 0), make())
        elif messages is MISSING:
            draft.put("prepend_message", SEMANTIC, ("messages",), [make()])

    return Action(run, writes=((MESSAGE, node),))


def insert_message(node: Any, keys: Keys, context: Context) -> Action:
    """Put a message between each two neighbours of the given roles."""
    before, after = node["between"]
    make, price = cloner(node["message"]), cost(node["message"])

    def run(draft: Draft, base: Keys) -> None:
        roles = [role_of(message) for message in messages_of(draft)]
        gaps = [at for at in range(1, len(roles)) if (roles[at - 1], roles[at]) == (before, after)]
        draft.spend(price * len(gaps))
        for at in reversed(gaps):
            draft.insert("insert_message", SEMANTIC, ("messages", at), make())

    return Action(run, writes=((MESSAGE, node["message"]),))


def merge_messages(node: Any, keys: Keys, context: Context) -> Action:
    """Join neighbours of equal role that have no keys but role and content."""
    roles, joiner = node["roles"], node.get("join", "\n\n")

    def joins(one: Any, other: Any) -> bool:
        return role_of(one) in roles and role_of(one) == role_of(other) and is_plain(one) and is_plain(other)

    def run(draft: Draft, base: Keys) -> None:
        messages = list(messages_of(draft))
        last = len(messages)
        for at in reversed(range(len(messages))):  # from the end: what goes shifts only what is done
            if at and joins(messages[at - 1], messages[at]):
                continue
            run_of_equals, last = messages[at:last], at
            if len(run_of_equals) > 1:
                merged = joined(draft, [message["content"] for message in run_of_equals], joiner)
                draft.put("merge_messages", SEMANTIC, ("messages", at, "content"), merged)
                for gone in reversed(range(at + 1, at + len(run_of_equals))):
                    draft.remove("merge_messages", SEMANTIC, ("messages", gone))

    return Action(run, writes=_MESSAGES)


def is_plain(message: Any) -> bool:
    """Tell whether a message has no keys but role and content, and can be joined with its like."""
    return (
        isinstance(message, dict)
        and message.keys() == {"role", "content"}
        and isinstance(message["content"], str | list)
    )


def joined(draft: Draft, contents: list[Any], joiner: str) -> Any:
    """Join contents: all text -> text; else all become parts of one list."""
    draft.spend(len(joiner) * len(contents) // TEXT)
    if all(isinstance(content, str) for content in contents):
        return joiner.join(contents)
    return [part for content in contents for part in (content if isinstance(content, list) else _parts(content))]


def _parts(text: str) -> list[Any]:
    return [{"type": "text", "text": text}]


def lead_with_system(node: Any, keys: Keys, context: Context) -> Action:
    """Gather all system messages that hold text or parts into one, at the start."""
    joiner = node.get("join", "\n\n")

    def run(draft: Draft, base: Keys) -> None:
        messages = messages_of(draft)
        found = [
            at
            for at, message in enumerate(messages)
            if role_of(message) == "system" and isinstance(message.get("content"), str | list)
        ]
        if not found or found == [0]:
            return
        lead = {**messages[found[0]], "content": joined(draft, [messages[at]["content"] for at in found], joiner)}
        for at in reversed(found[1:] if found[0] == 0 else found):
            draft.remove("lead_with_system", SEMANTIC, ("messages", at))
        if found[0] == 0:
            draft.put("lead_with_system", SEMANTIC, ("messages", 0, "content"), lead["content"])
        else:
            draft.insert("lead_with_system", SEMANTIC, ("messages", 0), lead)

    return Action(run, writes=_MESSAGES)


def flatten_content(node: Any, keys: Keys, context: Context) -> Action:
    """A list of text parts -> one string, only where every part is text. Exact, lossy where a part had other keys."""
    spec = {"at": node} if isinstance(node, str) else node
    path = context.path(spec["at"], keys if isinstance(node, str) else (*keys, "at"))
    find_places, joiner = editable(path), spec.get("join", "\n")

    def run(draft: Draft, base: Keys) -> None:
        for at, parts in find_places(draft, base):
            if at and isinstance(parts, list) and parts and all(map(_is_text, parts)):
                bare = all(part.keys() == {"type", "text"} for part in parts)
                draft.spend(len(joiner) * len(parts) // TEXT)
                text = joiner.join(part["text"] for part in parts)
                draft.replace("flatten_content", EXACT if bare else LOSSY, at, parts, text)

    return Action(run, context.needs(path), context.writes(path))


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
