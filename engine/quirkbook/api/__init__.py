"""translate() and explain(): a payload in, what the provider would get out. Read this file for the whole path."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ..errors import PolicyError, QuirkbookError, QuirkbookWarning, RefusedError, UsageError
from ..identity.resolve import Identity
from ..model import Change, Effect, ErrorClass, Payload, Quiet
from ..payload.describe import as_data, inverse_patch, kind, line, patch
from ..payload.draft import Edit
from ..plan.interpret import Run, changes, effect_of, refusals, still
from ..rulebook.remarks import elsewhere
from ..rulebook.rulebook import Rulebook
from .callers import level_outside
from .door import run_plain
from .plain import TORN
from .policy import Policy, check_policy, verdict
from .tool_names import renamed

#: Rules that this process has warned of already. Not a switch: it only keeps a warning from being said twice.
_warned: set[str] = set()
#: Those of them that the default policy has nothing more to say of.
_told: set[str] = set()


@dataclass(frozen=True)
class Translation:
    """A translated payload and the report on it."""

    payload: Payload
    """What the provider would get. Its untouched branches are the caller's own: read, or deepcopy, before writing."""
    changes: tuple[Change, ...]
    provider: str
    model: str | None
    quiet: tuple[Quiet, ...] = ()
    """With ``why_not``: the rules that did not fire, and why not."""
    refusals: tuple[Change, ...] = ()
    """Why rules refuse the payload, if any does; then nothing was changed."""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """Headers that rules ask the dispatcher to send; None: to leave out."""
    identity: Identity | None = None
    """What the model's name says of it: family, line, version, variants; None where it says no family."""
    error_class: ErrorClass | None = None
    """Of an error: what went wrong, one of a closed list."""
    status: int | None = None
    """Of an error: its HTTP status; where the answer's own says that all is well, the one that the class stands for."""

    @property
    def names(self) -> dict[str, str]:
        """The names of tools as they are sent -> the caller's, of those that rules made anew: for `translate_response`."""
        return renamed((one.action, one.before, one.after) for one in self.changes)

    @property
    def refusal(self) -> Change | None:
        """The first of the refusals; None: there is none."""
        return self.refusals[0] if self.refusals else None

    @cached_property
    def patch(self) -> list[dict[str, Any]]:
        """The changes as an RFC 6902 patch: caller's payload -> translated payload."""
        return patch(self.changes)

    @cached_property
    def inverse_patch(self) -> list[dict[str, Any]]:
        """The way back: translated payload -> caller's payload."""
        return inverse_patch(self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON data; a value that is not there (before an ``add``, after a ``remove``) has no key."""
        error = {"error_class": str(self.error_class), "status": self.status} if self.error_class else {}
        return {
            **error,
            "provider": self.provider,
            "model": self.model,
            "identity": self.identity.to_dict() if self.identity else None,
            "payload": None if self.refusal else self.payload,
            "changes": [as_data(one) for one in self.changes],
            "refusal": as_data(self.refusal) if self.refusal else None,
            "refusals": [as_data(one) for one in self.refusals],
            "quiet": [{"rule": one.rule, "location": one.location, "because": one.because} for one in self.quiet],
            "headers": dict(self.headers),
            "patch": self.patch,
        }


def translate(
    payload: Mapping[str, Any],
    provider: str | None = None,
    *,
    model: str | None = None,
    base_url: str | None = None,
    base_model: str | None = None,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
) -> Payload:
    """Return the payload as the provider takes it; the input is never touched.

    The provider is ``provider``, else who serves ``base_url``, else the prefix of the model (``moonshot/...``), which
    is taken off. An address that nobody has described gets the rules of the model's family. ``model`` stands in for the
    payload's; ``base_model`` says which model a deployment's own name hides. Untouched branches are shared with the input.

    >>> translate({"model": "moonshot/moonshot-v1-8k", "temperature": 0.7})
    {'model': 'moonshot-v1-8k', 'temperature': 0.7}

    Raises:
        RefusedError: a rule says that the provider cannot take this.
        PolicyError: the policy says ``error`` for an effect that a change has.
        PayloadError: it is not a chat payload, or a value in it has no JSON form.
        UnknownProviderError: no rules are known for that provider, or none is named.
    """
    done = apply_rules(payload, provider, model, base_url, rulebook, policy, base_model=base_model)
    if done.refusals:
        raise RefusedError(refusals(done))
    if done.fired:
        apply_policy(done, policy)
    result: Payload = done.root
    return result


def explain(
    payload: Mapping[str, Any],
    provider: str | None = None,
    *,
    model: str | None = None,
    base_url: str | None = None,
    base_model: str | None = None,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    why_not: bool = False,
) -> Translation:
    """Do what `translate` does and tell all about it; neither refusal nor policy raises here.

    With ``why_not`` every rule that stayed quiet is listed with the first part of its condition that was false.

    >>> explain({"temperature": 1.7}, provider="moonshot").changes[0].rule
    'moonshot/temperature-range'

    Raises:
        PayloadError: it is not a chat payload, or a value in it has no JSON form.
        UnknownProviderError: no rules are known for that provider, or none is named.
    """
    quiet: list[Any] | None = [] if why_not else None
    book = rulebook or default_rulebook()
    done = apply_rules(payload, provider, model, base_url, rulebook, policy, quiet, base_model)
    return Translation(
        payload=dict(done.given) if done.refusals else done.root,
        changes=() if done.refusals else changes(done),
        provider=done.plan.provider,
        model=done.plan.model,
        quiet=(
            *(still(*one) for one in quiet),
            *elsewhere(book.effective(done.plan.provider, done.plan.model), done.plan),
        )
        if quiet is not None
        else (),
        refusals=refusals(done),
        headers={} if done.refusals else {**done.headers},
        identity=done.plan.identity,
    )


def apply_rules(
    payload: Any,
    provider: str | None,
    model: str | None,
    base_url: str | None,
    rulebook: Rulebook | None,
    policy: Policy | None,
    quiet: list[Any] | None = None,
    base_model: str | None = None,
) -> Run:
    """Run a payload through the rules of its provider; neither refusal nor policy raises here.

    What `translate`, `explain`, `completion` and the adapters have in common. A payload that is not plain JSON data is
    converted, and one that another thread changes meanwhile is copied: what runs then is out of everybody's reach.

    Raises:
        PayloadError: it is not a chat payload, or a value in it has no JSON form.
        UnknownProviderError: no rules are known for that provider.
        UsageError: an argument has another type, or the policy other words than its own.
    """
    if policy is not None:
        check_policy(policy)
    book = default_rulebook() if rulebook is None else rulebook
    if not isinstance(book, Rulebook):
        raise UsageError(f"rulebook must be a Rulebook, not {kind(book)}; example: Rulebook.load(...)")
    refuses = policy is None or verdict("refuse", policy) == "error"
    try:
        done = run_plain(payload, (), provider, model, base_url, book, refuses, quiet, base_model)
    except QuirkbookError:
        raise
    except TORN:  # a fault of ours comes again below
        done = None
    if done is None:
        from .converting import to_plain  # most programs never need it

        plain, converted = to_plain(payload)
        if quiet is not None:
            quiet.clear()
        done = run_plain(plain, converted, provider, model, base_url, book, refuses, quiet, base_model)
        assert done is not None
    return done


def apply_policy(done: Run, policy: Policy | None, stacklevel: int | None = 3) -> None:
    """Warn of each rule once per process, or raise, as the policy says for the effects of its edits.

    ``stacklevel`` is that of `warnings.warn`: whose line the warning points at; None: the nearest that is in no package.

    Raises:
        PolicyError: the policy says ``error`` for an effect that a change has.
    """
    for rule, first, end in done.fired:
        if policy is None and (rule.name in _told or _is_silent(rule.rule.effect, done.edits, first, end)):
            continue
        effects = {effect_of(rule, edit) for edit in done.edits[first:end]}
        if any(verdict(effect, policy) == "error" for effect in effects):
            raise _forbidden(done, policy or {})
        if rule.name not in _warned and any(verdict(effect, policy) == "warn" for effect in effects):
            _warned.add(rule.name)
            if rule.rule.effect is not Effect.REFUSE:
                _told.add(rule.name)
            worst = [one for one in changes(done) if one.rule == rule.name and verdict(one.effect, policy) == "warn"]
            level = level_outside() if stacklevel is None else stacklevel
            warnings.warn(_warning(worst[0], len(worst)), QuirkbookWarning, stacklevel=level)


def _is_silent(own: Effect | None, edits: Sequence[Edit], first: int, end: int) -> bool:
    """Tell whether the default policy says nothing of some edits of a rule with an effect of its ``own``."""
    if own is not None:
        return own not in _LOUD
    for at in range(first, end):  # noqa: SIM110 - all() and a generator would take twice as long
        if edits[at][1] in _LOUD:
            return False
    return True


_LOUD = (Effect.LOSSY, Effect.SEMANTIC, Effect.REFUSE)  # a tuple: hashing an Effect takes longer than comparing three


def _warning(one: Change, count: int) -> str:
    more = f" (and {count - 1} more)" if count > 1 else ""
    return (
        f"{one.rule} changed the payload ({one.effect}): {line(one, values=False)}{more}. {one.why} "
        f"Said once; silence it with policy={{'{one.effect}': 'allow'}}, or turn it into an error with 'error'."
    )


def _forbidden(done: Run, policy: Policy) -> PolicyError:
    made = changes(done)
    lines = [f"  {one.rule}: {line(one, values=False)} ({one.effect})" for one in made]
    bad = sorted({one.effect for one in made if verdict(one.effect, policy) == "error"})
    return PolicyError(
        f"the policy forbids {' and '.join(bad)} changes, and this payload needs:\n" + "\n".join(lines), made
    )


@cache
def default_rulebook() -> Rulebook:
    """Return the rulebook used where none is given: the built-in rules and the folders that QUIRKBOOK_RULES names.

    Several folders are separated as in PATH. Read once per process.

    Raises:
        RuleFileError: a file in one of the folders is faulty.
    """
    return Rulebook.load(*default_layers())


def default_layers() -> list[str]:
    """Return the folders that QUIRKBOOK_RULES names."""
    return [*filter(None, os.environ.get("QUIRKBOOK_RULES", "").split(os.pathsep))]
