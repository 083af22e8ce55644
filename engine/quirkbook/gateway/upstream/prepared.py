"""A request as a provider takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...api.tool_names import renamed
from ...plan.interpret import Run


@dataclass(frozen=True, slots=True)
class Would:
    """What rules would have done to a request that went unchanged."""

    rules: tuple[str, ...] = ()
    """The names of those that would have fired."""
    refusal: str | None = None
    """Why they would have refused it, if they would."""

    @property
    def outcome(self) -> str:
        """``nothing``, ``change`` or ``refuse``."""
        return "refuse" if self.refusal is not None else "change" if self.rules else "nothing"


class Prepared:
    """A request as the provider takes it."""

    __slots__ = ("forwarded", "headers", "names", "raw", "root", "rules")

    would: Would | None = None
    """What rules would have done, where they are not let."""

    def __init__(
        self, root: dict[str, Any], raw: bytes, execution: Run | None = None, rules: tuple[str, ...] = ()
    ) -> None:
        self.root = root
        """The payload; fields that nobody looks at are not decoded."""
        self.raw = raw
        self.headers: Mapping[str, str | None] = execution.headers if execution else {}
        """Those that rules ask for; None: to leave out."""
        self.forwarded: Mapping[str, str] = {}
        """Headers of the client that go on."""
        fired = (rule.name for rule, _, _ in execution.fired) if execution else ()
        self.rules: tuple[str, ...] = (*rules, *fired)
        """The names of the rules that fired, in order."""
        self.names = renamed((edit[0], edit[3], edit[4]) for edit in execution.edits) if execution else {}
        """Of tools that rules renamed: the name that is sent -> the caller's."""


class Unchanged(Prepared):
    """A request that rules have not changed, though they would have."""

    __slots__ = ("would",)

    def __init__(self, root: dict[str, Any], raw: bytes, rules: tuple[str, ...], would: Would) -> None:
        super().__init__(root, raw, rules=rules)
        self.would = would
