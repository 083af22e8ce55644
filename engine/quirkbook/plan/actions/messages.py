"""Actions on the conversation: put messages in, join them, gather system messages, flatten text, rewrite ids."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.cycles import TEXT
from ...payload.draft import Draft, cloner, cost
from ...payload.path import Wild
from ..gates import UNKNOWN, Needs, Writes
from .base import Action, Context, editable

EXACT, LOSSY, SEMANTIC = Effect.EXACT, Effect.LOSSY, Effect.SEMANTIC
_EACH = ("messages", Wild.ITEMS)
_MESSAGES: Writes = ((_EACH, UNKNOWN), (_EACH, MISSING))


def _messages(draft: Draft) -> list[Any]:
    """Return the conversation; nothing where a rule made it something else than a list."""
    messages = draft.root.get("messages")
    return messages if isinstance(messages, list) else []


def _role(message: Any) -> Any:
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

    return Action(run, writes=((_EACH, node),))


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

    return Action(run, writes=((_EACH, node),))


def insert_message(node: Any, keys: Keys, context: Context) -> Action:
    """Put a message between each two neighbours of the given roles."""
    before, after = node["between"]
    make, price = cloner(node["message"]), cost(node["message"])

    def run(draft: Draft, base: Keys) -> None:
        roles = [_role(message) for message in _messages(draft)]
        gaps = [at for at in range(1, len(roles)) if (roles[at - 1], roles[at]) == (before, after)]
        draft.spend(price * len(gaps))
        for at in reversed(gaps):
            draft.insert("insert_message", SEMANTIC, ("messages", at), make())

    return Action(run, writes=((_EACH, node["message"]),))


def merge_messages(node: Any, keys: Keys, context: Context) -> Action:
    """Join neighbours of equal role that have no keys but role and content."""
    roles, joiner = node["roles"], node.get("join", "\n\n")

    def joins(one: Any, other: Any) -> bool:
        return _role(one) in roles and _role(one) == _role(other) and _plain(one) and _plain(other)

    def run(draft: Draft, base: Keys) -> None:
        messages = list(_messages(draft))
        last = len(messages)
        for at in reversed(range(len(messages))):  # from the end: what goes shifts only what is done
            if at and joins(messages[at - 1], messages[at]):
                continue
            run_of_equals, last = messages[at:last], at
            if len(run_of_equals) > 1:
                merged = _joined(draft, [message["content"] for message in run_of_equals], joiner)
                draft.put("merge_messages", SEMANTIC, ("messages", at, "content"), merged)
                for gone in reversed(range(at + 1, at + len(run_of_equals))):
                    draft.remove("merge_messages", SEMANTIC, ("messages", gone))

    return Action(run, writes=_MESSAGES)


def _plain(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.keys() == {"role", "content"}
        and isinstance(message["content"], str | list)
    )


def _joined(draft: Draft, contents: list[Any], joiner: str) -> Any:
    """Join contents: all text -> text; else all become parts."""
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
        messages = _messages(draft)
        found = [
            at
            for at, message in enumerate(messages)
            if _role(message) == "system" and isinstance(message.get("content"), str | list)
        ]
        if not found or found == [0]:
            return
        lead = {**messages[found[0]], "content": _joined(draft, [messages[at]["content"] for at in found], joiner)}
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


_ALPHABETS = {"alnum": string.ascii_letters + string.digits, "lower": string.ascii_lowercase + string.digits}

#: How often an id is made anew until it has no twin; one or two letters may not be enough for all calls of a turn.
_TRIES = 1000


_CALLS: Needs = (frozenset({((*_EACH, "tool_calls"), list)}),)


def _are_settled(draft: Draft, fits: Callable[[Any], bool]) -> bool:
    """Tell whether each id of each turn's calls fits and has no twin in its turn: so it is nearly always."""
    for message in _messages(draft):
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        if isinstance(calls, list):
            for call in calls:
                if isinstance(call, dict) and not fits(call.get("id")):
                    return False
            if len(calls) > 1 and _has_twins(calls):
                return False
    return True


def _has_twins(calls: list[Any]) -> bool:
    ids = [call["id"] for call in calls if isinstance(call, dict)]
    return len(set(ids)) < len(ids)


def _is_some_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _fitting(length: int, alphabet: str) -> Callable[[Any], bool]:
    letters = frozenset(alphabet)
    return lambda value: isinstance(value, str) and len(value) == length and letters.issuperset(value)


def rewrite_ids(node: Any, keys: Keys, context: Context) -> Action:
    """Make tool-call ids fit, the same in calls and results.

    An id that fits stays. A twin inside one turn, a missing or an unfit id is made anew from the old id and its
    place, so that the same conversation always gets the same ids. A result follows the nearest turn before it.
    """
    length = node.get("length", 24)
    alphabet = _ALPHABETS[node.get("alphabet", "alnum")]
    letters = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    fits = _fitting(length, alphabet) if "length" in node else _is_some_text

    def made(value: Any, at: int, index: int, taken: set[str]) -> str:
        import hashlib  # costs more than most of the package, and is needed once in a while

        old = value if isinstance(value, str) else None  # what else it may be can be too deep or too big to write
        new = ""
        for salt in range(_TRIES):
            seed = hashlib.sha256(f"{old!r}/{at}/{index}/{salt}".encode("utf-8", "backslashreplace")).digest()
            new = str((seed * (length // 32 + 1))[:length].translate(letters), "ascii")
            if new not in taken:
                break
        return new

    def turn(draft: Draft, at: int, calls: list[Any]) -> dict[Any, list[str]]:
        """Rewrite one turn's calls; return old id -> its new ids, in order of the calls."""
        taken = {call["id"] for call in calls if isinstance(call, dict) and fits(call.get("id"))}
        seen: set[str] = set()
        renamed: dict[Any, list[str]] = {}
        for index, call in enumerate(calls):
            if not isinstance(call, dict):
                continue
            old = call.get("id")
            new: str = old if fits(old) and old not in seen else made(old, at, index, taken)  # type: ignore[assignment]
            seen.add(new)
            taken.add(new)
            if isinstance(old, str):
                renamed.setdefault(old, []).append(new)
            draft.put("rewrite_ids", EXACT, ("messages", at, "tool_calls", index, "id"), new)
        return renamed

    def run(draft: Draft, base: Keys) -> None:
        if _are_settled(draft, fits):
            return
        renamed: dict[Any, list[str]] = {}
        for at, message in enumerate(_messages(draft)):
            if not isinstance(message, dict):
                continue
            if isinstance(message.get("tool_calls"), list):
                renamed.update(turn(draft, at, message["tool_calls"]))
            old = message.get("tool_call_id")
            ids = renamed.get(old) if isinstance(old, str) else None
            if ids:
                draft.put(
                    "rewrite_ids", EXACT, ("messages", at, "tool_call_id"), ids.pop(0) if len(ids) > 1 else ids[0]
                )

    writes = (((*_EACH, "tool_calls", Wild.ITEMS, "id"), UNKNOWN), ((*_EACH, "tool_call_id"), UNKNOWN))
    return Action(run, _CALLS, writes)
