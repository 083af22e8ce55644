"""Short ways to compile and run conditions and actions in tests, each held to the laws of the engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch

from quirkbook.model import MISSING, Change, Keys, Location, Rule
from quirkbook.payload.describe import inverse_patch, patch
from quirkbook.payload.draft import Draft
from quirkbook.payload.literals import clone
from quirkbook.plan.actions import Context, compile_actions
from quirkbook.plan.compile import Plan, compile_rule
from quirkbook.plan.conditions import Condition, Names, compile_condition


class Diagnostics(list):
    """A reporter that keeps what it is told: (code, keys, message, hint, whether the key is at fault)."""

    def __call__(self, code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
        self.append((code, keys, message, hint, key))


def refuse(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
    raise AssertionError(f"{code} at {keys}: {message} {hint}")


def draft_of(payload: Any, *, model: str | None = None, request: Any = MISSING, status: int = 200) -> Draft:
    draft = Draft(payload)
    draft.model, draft.request, draft.status = model, request, status
    return draft


def condition(when: Mapping[str, Any], lets: Mapping[str, Any] | None = None) -> Condition:
    return compile_condition(when, ("when",), Names(lets or {}), refuse)


def condition_diagnostics(when: Mapping[str, Any], lets: Mapping[str, Any] | None = None) -> list[Any]:
    """Return the diagnostics of a condition, which then never holds."""
    diagnostics = Diagnostics()
    compile_condition(when, ("when",), Names(lets or {}), diagnostics)
    return diagnostics


def holds(when: Mapping[str, Any], payload: Any, *, lets: Mapping[str, Any] | None = None, **of: Any) -> bool:
    """Ask a condition; it must say why not exactly where it does not hold."""
    asked, draft = condition(when, lets), draft_of(payload, **of)
    answer = asked.holds(draft.root, draft)
    assert (asked.blame(draft.root, draft) is None) is answer
    return answer


def blame(when: Mapping[str, Any], payload: Any, *, lets: Mapping[str, Any] | None = None, **of: Any) -> str | None:
    draft = draft_of(payload, **of)
    return condition(when, lets).blame(draft.root, draft)


def actions(do: Sequence[Mapping[str, Any]], stage: str = "request") -> list[Any]:
    return compile_actions(do, ("do",), Context(Names({}), refuse, stage))


def action_diagnostics(do: Sequence[Mapping[str, Any]], stage: str = "request") -> list[Any]:
    diagnostics = Diagnostics()
    compile_actions(do, ("do",), Context(Names({}), diagnostics, stage))
    return diagnostics


def run(do: Sequence[Mapping[str, Any]], payload: Any, stage: str = "request") -> Draft:
    """Run actions on a payload, holding them to the laws: the input stays, the edits lead there and back."""
    before = clone(payload)
    draft = Draft(payload)
    for action in actions(do, stage):
        action.run(draft, ())
    assert exact(payload) == exact(before)
    assert_edits_lead_there_and_back(before, draft)
    return draft


def edit(
    action: str,
    effect: str,
    keys: Keys | None,
    before: Any = MISSING,
    after: Any = MISSING,
    moved_from: Keys | None = None,
    note: str = "",
) -> tuple[Any, ...]:
    """Write down an edit as a draft records it."""
    return (action, effect, keys, before, after, moved_from, note)


def changes_of(draft: Draft) -> list[Change]:
    return [
        Change("test/rule", action, effect, "why", "source", "file:1", keys, before, after, moved_from, note)
        for action, effect, keys, before, after, moved_from, note in draft.edits
    ]


def assert_edits_lead_there_and_back(before: Any, draft: Draft) -> None:
    changes = changes_of(draft)  # cloned, as patching edits in place what may stand in two places
    there = jsonpatch.apply_patch(clone(before), clone(patch(changes)))
    assert exact(there) == exact(draft.root)
    back = jsonpatch.apply_patch(clone(there), clone(inverse_patch(changes)))
    assert exact(back) == exact(before)


def exact(value: Any) -> Any:
    """Return something that equals another one's only for the same JSON: 1, 1.0 and true differ, NaN is itself."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return (type(value), "NaN" if isinstance(value, float) and math.isnan(value) else value)


def rule(
    when: Mapping[str, Any] | None,
    do: Sequence[Mapping[str, Any]],
    place: int = 0,
    lets: Mapping[str, Any] | None = None,
) -> Any:
    """Compile a rule that nobody wrote down."""
    made = Rule(f"r{place}", "test", "why", "source", {}, do, Location("test.yaml", place + 1, 1), when)
    return compile_rule(made, lets or {}, (place, 0))


def plan(*rules: Any) -> Plan:
    return Plan("test", None, "", rules, lambda model: plan(*rules))


def nested(depth: int, leaf: Any = 0, key: str = "x") -> Any:
    """Nest objects and lists in turn, deeper than recursion goes."""
    for level in range(depth):
        leaf = {key: leaf} if level % 2 else [leaf]
    return {key: leaf}


def brief(value: Any) -> str:
    """Name a case of a table."""
    return repr(value)[:60]
