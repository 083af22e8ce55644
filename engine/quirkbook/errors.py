"""Every error this package raises on purpose, and did-you-mean.

QuirkbookError
├── RuleFileError           the rule author's fault; carries every fault of the file, each with file:line:column
├── PayloadError            the caller's fault; carries a JSON Pointer
│   ├── RefusedError            a rule's `reject`: the provider cannot take this payload
│   └── PolicyError             a change of an effect class that the caller's policy forbids
├── UnknownProviderError    nobody wrote rules for that name
├── UnknownRuleError        a rule or code that does not exist
└── UsageError              an argument that is none of its few values

A warning, not an error: QuirkbookWarning, given the first time a lossy or semantic rule fires.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Change, Fault


class QuirkbookError(Exception):
    """The root: catch it to catch everything this package raises on purpose."""

    exit_code = 1
    """What the command line ends with."""


class RuleFileError(QuirkbookError):
    """One or more faults in rule files; nothing of them was loaded.

    ``faults`` holds all of them, in order of place.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class PayloadError(QuirkbookError):
    """The payload is no chat payload: ``pointer`` says where, the message says what to write instead."""

    http_status = 400

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"payload{pointer}: {message}")
        self.pointer = pointer


class RefusedError(PayloadError):
    """A rule refuses the payload, before anything is sent; ``change`` names rule, place, value, why and source."""

    def __init__(self, change: Change) -> None:
        QuirkbookError.__init__(self, change.refusal())
        self.pointer = change.pointer or ""
        self.change = change


class PolicyError(PayloadError):
    """The policy says ``error`` for an effect of one or more changes; ``changes`` lists all that translation made."""

    def __init__(self, message: str, changes: Sequence[Change]) -> None:
        QuirkbookError.__init__(self, message)
        self.pointer = ""
        self.changes = tuple(changes)


class UnknownProviderError(QuirkbookError):
    """No rule file describes that provider, or none was named."""

    exit_code = 2


class UnknownRuleError(QuirkbookError):
    """No rule and no fault code has that name."""

    exit_code = 2


class UsageError(QuirkbookError, ValueError):
    """An argument is none of the few values it can have."""

    exit_code = 2


class QuirkbookWarning(UserWarning):
    """A rule changed a payload in a lossy or semantic way; given once per rule and process."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to ``word``, or None when nothing is near.

    >>> did_you_mean("greater", ["gt", "gte", "lt"])
    'gt'
    >>> did_you_mean("clmap", ["clamp", "set"])
    'clamp'
    """
    known = list(known)
    alias = {"greater": "gt", "less": "lt", "min": "gte", "max": "lte", "regex": "matches", "equals": "between",
             "remove": "drop", "delete": "drop", "replace": "map", "append": "append_message", "in": "some"}
    if alias.get(word) in known:
        return alias[word]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return near[0] if near else None
