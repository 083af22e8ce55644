"""rewrite_ids: ids of tool calls that fit, the same in calls and results."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

from ...model import Effect, Keys
from ...payload.draft import Draft
from ...payload.path import Wild
from ..gates import UNKNOWN, Needs
from .base import MESSAGE, Action, Context, messages_of
from .pairing import id_of

EXACT = Effect.EXACT
_ALPHABETS = {"alnum": string.ascii_letters + string.digits, "lower": string.ascii_lowercase + string.digits}

#: How often an id is made anew until it has no twin; one or two letters may not be enough for all calls of a turn.
_TRIES = 1000

_CALLS: Needs = (frozenset({((*MESSAGE, "tool_calls"), list)}),)


def _are_settled(draft: Draft, fits: Callable[[Any], bool]) -> bool:
    """Tell whether each id of each turn's calls fits and has no twin in its turn: so it is nearly always."""
    for message in messages_of(draft):
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


def _fitting(node: Any) -> Callable[[Any], bool]:
    """Return what tells whether an id fits; letters count only where a length is asked for."""
    longest = node.get("length", node.get("max_length"))
    if longest is None:
        return lambda value: isinstance(value, str) and value != ""
    least = node.get("length", 1)
    if "length" in node or "alphabet" in node:
        letters = frozenset(_ALPHABETS[node.get("alphabet", "alnum")])
        return lambda value: isinstance(value, str) and least <= len(value) <= longest and letters.issuperset(value)
    return lambda value: isinstance(value, str) and least <= len(value) <= longest


def rewrite_ids(node: Any, keys: Keys, context: Context) -> Action:
    """Make tool-call ids fit, the same in calls and results.

    An id that fits stays. A twin inside one turn, a missing or an unfit id is made anew from the old id and its
    place, so that the same conversation always gets the same ids. A result follows the nearest turn before it.
    """
    if "length" in node and "max_length" in node:
        context.report("Q109", (*keys, "max_length"), "'length' says it already", "write one of the two", key=True)
    length = node.get("length", min(24, node.get("max_length", 24)))
    alphabet = _ALPHABETS[node.get("alphabet", "alnum")]
    letters = bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))
    fits = _fitting(node)

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
            if id_of(old) is not None:
                renamed.setdefault(old, []).append(new)
            draft.put("rewrite_ids", EXACT, ("messages", at, "tool_calls", index, "id"), new)
        return renamed

    def run(draft: Draft, base: Keys) -> None:
        if _are_settled(draft, fits):
            return
        renamed: dict[Any, list[str]] = {}
        for at, message in enumerate(messages_of(draft)):
            if not isinstance(message, dict):
                continue
            if isinstance(message.get("tool_calls"), list):
                renamed.update(turn(draft, at, message["tool_calls"]))
            if ids := renamed.get(id_of(message.get("tool_call_id"))):
                draft.put(
                    "rewrite_ids", EXACT, ("messages", at, "tool_call_id"), ids.pop(0) if len(ids) > 1 else ids[0]
                )

    writes = (((*MESSAGE, "tool_calls", Wild.ITEMS, "id"), UNKNOWN), ((*MESSAGE, "tool_call_id"), UNKNOWN))
    return Action(run, _CALLS, writes)
