"""Errors that come before anything is sent: rule files, payloads, arguments; and the one warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..model import ErrorClass

if TYPE_CHECKING:
    from ..model import Change, Diagnostic


class QuirkbookError(Exception):
    """The root: catch it to catch everything this package raises on purpose.

    All of them can be copied and pickled, and so raised in one process and caught in another.
    """

    exit_code = 1
    """What the command line ends with."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self.args), vars(self)


def _revived(kind: type[QuirkbookError], args: tuple[Any, ...]) -> QuirkbookError:
    """Make an error that was pickled or copied again, without its constructor, which takes more than its text."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class RuleFileError(QuirkbookError):
    """One or more diagnostics in rule files; nothing of them was loaded.

    ``diagnostics`` holds all of them, in order of place.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("\n".join(str(diagnostic) for diagnostic in diagnostics))
        self.diagnostics = tuple(diagnostics)
        if all(diagnostic.code == "Q118" for diagnostic in diagnostics):  # nothing could be read at all
            self.exit_code = 2


class PayloadError(QuirkbookError):
    """The payload is not a chat payload: ``pointer`` says where, the message says what to write instead."""

    http_status = 400
    error_class = ErrorClass.BAD_REQUEST

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(f"payload{pointer}: {message}")
        self.pointer = pointer


class RefusedError(PayloadError):
    """Rules refuse the payload, before anything is sent: ``refusals`` names rule, place, value, why and source of each."""

    error_class = ErrorClass.UNSUPPORTED

    def __init__(self, refusals: Sequence[Change]) -> None:
        QuirkbookError.__init__(self, refusal_text(refusals))
        self.refusals = tuple(refusals)
        self.change = refusals[0]
        """The first of them."""
        self.pointer = self.change.pointer or ""


_PLACES = 10
"""Further places of one rule's refusals that a message names."""


def refusal_text(refusals: Sequence[Change]) -> str:
    """Tell a refused caller where, what and why: all rules that refuse, each with its places."""
    texts = []
    by_rule: dict[tuple[str, str], list[Change]] = {}
    for refusal in refusals:
        by_rule.setdefault((refusal.rule, refusal.note), []).append(refusal)
    for first, *others in by_rule.values():
        head, _, reasons = first.refusal().partition("\n")
        places = ", ".join(f"payload{other.pointer or ''}" for other in others[:_PLACES])
        more = f" and {len(others) - _PLACES} more" if len(others) > _PLACES else ""
        also = f"\n  also at: {places}{more}" if others else ""
        texts.append(f"{head}{also}\n{reasons}")
    return "\n".join(texts)


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
    """No rule and no diagnostic code has that name."""

    exit_code = 2


class UsageError(QuirkbookError, ValueError):
    """An argument is not one of the few values it can have."""

    exit_code = 2


def missing_extra(feature: str, package: str, extra: str) -> UsageError:
    """Return the error for a feature whose packages, an extra of ours, are not installed.

    >>> print(missing_extra("the gateway", "uvicorn", "serve"))
    the gateway needs uvicorn: in a checkout of Quirkbook, run pip install '.[serve]'
    """
    return UsageError(f"{feature} needs {package}: in a checkout of Quirkbook, run pip install '.[{extra}]'")


class QuirkbookWarning(UserWarning):
    """A rule changed a payload in a lossy or semantic way; given once per rule and process."""
