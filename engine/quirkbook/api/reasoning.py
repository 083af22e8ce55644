"""Thoughts that clients lose: kept when an answer has them, and put back into a later request that lacks them.

Some providers want what a model thought before a tool call back with the call's result, and many clients drop it. No rule can
bring back what is not in the request, so this is the one thing that is remembered from one request to the next, and only where
somebody asks for it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, Protocol

from ..errors import UsageError
from ..model import Change, Effect
from ..rulebook.rulebook import Rulebook

Key = bytes

RULE: Final = "reasoning-memory"
"""What a report calls the memory, where it names a rule."""
FIELD: Final = "reasoning_content"
#: Where a message has thoughts. Rules give them another name where the provider has one.
_FIELDS: Final = (FIELD, "reasoning")
LOST: Final = (
    "an earlier turn has lost what the model thought, and the provider wants it: send its reasoning_content back, or pass"
    " reasoning_memory=quirkbook.ReasoningMemory()"
)
"""What a report remarks where the memory would have helped."""
_STAND_INS: Final = ("", " ")
_WHY: Final = (
    "The provider wants to see what the model thought before; the client has dropped it, and the memory has it."
)
_SOURCE: Final = "the answer that held these thoughts"


class Shared(Protocol):
    """A store that several processes have in common, such as Redis."""

    def get(self, key: bytes) -> str | None:
        """Return what is kept under a key."""

    def put(self, key: bytes, thoughts: str, ttl: float) -> None:
        """Keep something for so many seconds."""


class ReasoningMemory:
    """The thoughts of answers, by the ids of their tool calls and by a hash of the turn; oldest ones go first.

    Threads may share one. Nothing of it is in its repr or in any log.

    >>> memory = ReasoningMemory()
    >>> turn = {"role": "assistant", "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": "{}"}}]}
    >>> memory.remember({"choices": [{"message": {**turn, "reasoning_content": "Let me look."}}]})
    >>> payload, changes = memory.restored({"messages": [turn]})
    >>> payload["messages"][0]["reasoning_content"], changes[0].pointer
    ('Let me look.', '/messages/0/reasoning_content')
    """

    def __init__(
        self,
        *,
        entries: int = 10_000,
        ttl: float = 3600.0,
        bytes: int = 64 * 1024 * 1024,
        shared: Shared | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep at most ``entries`` thoughts of ``bytes`` together, each for ``ttl`` seconds.

        Raises:
            UsageError: one of them is not a number above 0.
        """
        for name, value in (("entries", entries), ("ttl", ttl), ("bytes", bytes)):
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise UsageError(f"{name} must be a number above 0")
        self._most, self._ttl, self._most_bytes, self._clock = entries, ttl, bytes, clock
        self._shared = shared
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[str, float]] = OrderedDict()
        self._size = 0

    def __repr__(self) -> str:
        return f"<ReasoningMemory of {len(self)} entries>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle an empty one of the same size: another process remembers by itself, or in what is shared."""
        return _empty, (self._most, self._ttl, self._most_bytes, self._shared)

    @property
    def is_shared(self) -> bool:
        """Whether looking something up may have to wait for a store elsewhere."""
        return self._shared is not None

    def __len__(self) -> int:
        return len(self._kept)

    def remember(self, answer: Mapping[str, Any], caller: str = "") -> None:
        """Keep the thoughts of an answer, `ChatCompletion` or its JSON; one without any is passed over.

        ``caller`` parts the memories of those who share this one: each gets back only what was kept for it.
        """
        choices = answer.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            message = choice.get("message") if isinstance(choice, dict) else None
            if isinstance(message, dict) and (thoughts := _thoughts(message)):
                for key in _keys(message, caller):
                    self._put(key, thoughts)

    def restored(self, payload: Mapping[str, Any], caller: str = "") -> tuple[dict[str, Any], list[Change]]:
        """Return a payload in which turns that lost their thoughts have them again, and a change for each.

        The payload itself is left as it is; where there is nothing to put back its messages are the very same.
        """
        messages = payload.get("messages")
        found = dict(payload)
        changes: list[Change] = []
        for at, message in enumerate(messages if isinstance(messages, list) else ()):
            if not _has_lost(message):
                continue
            thoughts = next(filter(None, map(self._get, _keys(message, caller))), None)
            if thoughts is not None:
                if not changes:
                    found["messages"] = list(messages or ())
                kept = {name: value for name, value in message.items() if name not in _FIELDS}
                found["messages"][at] = {**kept, FIELD: thoughts}
                changes.append(_change(at, message.get(FIELD), thoughts))
        return found, changes

    def _put(self, key: Key, thoughts: str) -> None:
        size = len(thoughts.encode("utf-8", "replace")) + len(key)
        if size > self._most_bytes:
            return
        with self._lock:
            self._drop(key)
            self._kept[key] = thoughts, self._clock() + self._ttl
            self._size += size
            while len(self._kept) > self._most or self._size > self._most_bytes:
                self._drop(next(iter(self._kept)))
        if self._shared is not None:
            self._shared.put(key, thoughts, self._ttl)

    def _drop(self, key: Key) -> None:
        thoughts, _ = self._kept.pop(key, (None, 0.0))
        if thoughts is not None:
            self._size -= len(thoughts.encode("utf-8", "replace")) + len(key)

    def _get(self, key: Key) -> str | None:
        with self._lock:
            thoughts, until = self._kept.get(key, (None, 0.0))
            if thoughts is not None and self._clock() < until:
                return thoughts
            self._drop(key)
        return self._shared.get(key) if self._shared is not None else None


def _empty(entries: int, ttl: float, most_bytes: int, shared: Shared | None) -> ReasoningMemory:
    return ReasoningMemory(entries=entries, ttl=ttl, bytes=most_bytes, shared=shared)


def wants_thoughts(rulebook: Rulebook, provider: str, model: str | None, base_model: str | None = None) -> bool:
    """Tell whether a provider wants to see what a model thought in earlier turns.

    It does where its trait ``thoughts`` says how they are called, and where a rule in force puts an empty text in their place.

    >>> wants_thoughts(Rulebook.load(), "deepseek", "deepseek-v4"), wants_thoughts(Rulebook.load(), "openai", "gpt-4o")
    (True, False)
    """
    if "thoughts" in rulebook.provider(provider).head.get("traits", {}):
        return True
    plan = rulebook.plan(provider, model, base_model=base_model)
    return any(_stands_in(action) for rule in plan.rules for action in rule.rule.do)


def is_stand_in(change: Change) -> bool:
    """Tell whether a change put an empty text where thoughts were lost."""
    return change.after in _STAND_INS and bool(change.keys) and change.keys is not None and change.keys[-1] in _FIELDS


def _stands_in(action: Mapping[str, Any]) -> bool:
    values = action.get("set", {})
    is_set = any(values[name] in _STAND_INS for name in _FIELDS if name in values)
    return is_set or any(map(_stands_in, action.get("each", {}).get("do", ())))


def _thoughts(message: Mapping[str, Any]) -> str | None:
    texts = (message.get(name) for name in _FIELDS)
    return next((text for text in texts if isinstance(text, str) and text.strip()), None)


def _has_lost(message: Any) -> bool:
    """Tell whether a message is a turn of the model's that may have had thoughts, and has none in any form."""
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return False
    return _thoughts(message) is None and not any(
        message.get(name) for name in ("reasoning_details", "thinking_blocks")
    )


def _keys(message: Mapping[str, Any], caller: str) -> Iterator[bytes]:
    """Yield the keys under which the thoughts of a turn are kept: one for each call, the surest first, and one for the whole."""
    start = sha256(caller.encode("utf-8", "replace")).digest()
    calls = message.get("tool_calls")
    turn: list[Any] = [_text(message.get("content"))]
    for call in calls if isinstance(calls, list) else ():
        if not isinstance(call, dict):
            continue
        if isinstance(call.get("id"), str) and call["id"]:
            yield sha256(start + b"id\0" + call["id"].encode("utf-8", "replace")).digest()
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        turn.append([function.get("name"), _arguments(function.get("arguments"))])
    if turn != [""]:
        whole = json.dumps(turn, sort_keys=True, default=str)
        yield sha256(start + b"turn\0" + whole.encode()).digest()


def _text(content: Any) -> str:
    """Return what a content says: clients send a text back as parts, and nothing as null or an empty text."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        content = "".join(text for text in parts if isinstance(text, str))
    return content.strip() if isinstance(content, str) else ""


def _arguments(arguments: Any) -> Any:
    """Return arguments in one way of writing: clients read and write them anew."""
    try:
        return json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        return arguments


def _change(at: int, before: Any, thoughts: str) -> Change:
    return Change(
        rule=RULE, action="restore", effect=Effect.EXACT, why=_WHY, source=_SOURCE, location="quirkbook.ReasoningMemory",
        keys=("messages", at, FIELD), after=thoughts, **({} if before is None else {"before": before}),
    )  # fmt: skip
