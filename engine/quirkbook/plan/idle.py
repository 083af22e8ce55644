"""Which rules find nothing to do in a part of a payload that callers send again and again, as they do their tools.

A rule that looked at that part alone and did nothing will do nothing again as long as the part says the same. The
part's whole content, byte for byte, is the key of what is remembered: there is nothing that could grow stale.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, Protocol

from ..payload.draft import Draft, Refusal
from .readers import Holds

#: A part that takes more bytes than this is looked at each time.
LONGEST_REMEMBERED = 32_768

NOBODY: frozenset[int] = frozenset()


class Rule(Protocol):
    """What is asked of a compiled rule."""

    @property
    def place(self) -> int: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def runs(self) -> Sequence[Callable[[Draft, tuple[()]], Any]]: ...
    @property
    def touches(self) -> Sequence[Set[str]]: ...
    @property
    def renames_model(self) -> bool: ...


class Rules(Protocol):
    """What is asked of a plan; its identity stands for it."""

    def __hash__(self) -> int: ...
    @property
    def rules(self) -> Sequence[Rule]: ...
    @property
    def model(self) -> str | None: ...


def idle(plan: Rules, key: str, value: Any) -> frozenset[int]:
    """Return the places of the rules that look at ``payload[key]`` alone and do nothing where it is ``value``."""
    try:
        content = marshal.dumps(value)
    except ValueError:  # no plain JSON, or nested too deep
        return NOBODY
    return _idle(plan, key, content) if len(content) <= LONGEST_REMEMBERED else NOBODY


@lru_cache(maxsize=256)
def _idle(plan: Rules, key: str, content: bytes) -> frozenset[int]:
    return frozenset(rule.place for rule in plan.rules if _does_nothing(rule, plan.model, key, marshal.loads(content)))


def _does_nothing(rule: Rule, model: str | None, key: str, value: Any) -> bool:
    draft = Draft({})
    draft.model = model
    root = draft.root = Partial({key: value})
    try:
        if rule.holds(root, draft):
            for run in rule.runs:
                run(draft, ())
    except Refusal:
        return False
    return not (root.asked_for_more or draft.edits)


class Partial(dict[str, Any]):
    """A payload of which a part is known; it notes when it is asked for anything else."""

    def __init__(self, known: Mapping[str, Any], unknown: set[str] | None = None) -> None:
        super().__init__(known)
        self.unknown = unknown
        """The keys of which nothing is known, not even whether they are there; None: all that it does not hold."""
        self.asked_for_more = False

    def _note(self, key: object) -> None:
        self.asked_for_more |= not super().__contains__(key) if self.unknown is None else key in self.unknown

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        self._note(key)
        return super().pop(key, *default)


def _whole(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def ask(self: Partial, *args: Any) -> Any:
        self.asked_for_more = True
        return method(self, *args)

    return ask


for _name in ("__eq__", "__ne__", "__iter__", "__len__", "copy", "items", "keys", "values"):
    setattr(Partial, _name, _whole(_name))
