"""Mutation testing of rules: one word, bound, glob or action is changed at a time; examples and golden files must notice.

For a mutant that nothing notices a payload is looked for that tells it from its rule (`trials`). If there is one, no
example is about that part of the rule; if there is none, the mutant is alike: it means the same, and why is said.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from ..authoring.examples import Owned, check_examples, lend_model, staged
from ..errors import RuleFileError
from ..model import Example, Rule, same
from ..plan.compile import Plan
from ..plan.interpret import Run, run
from ..rulebook.load import load_file
from ..rulebook.stack import StackEntry
from .trials import Trials

#: Parts of a rule that act.
_PARTS: Final = ("when", "do", "models", "at")
#: Actions whose argument is a text for people: another text is the same rule.
_WORDS: Final = frozenset({"reject", "warn"})
_SWAPS: Final[Mapping[str, str]] = {
    "gt": "gte", "gte": "gt", "lt": "lte", "lte": "lt", "some": "every", "every": "some", "outside": "between",
    "between": "outside", "among": "not_among", "not_among": "among", "any_of": "all_of", "all_of": "any_of",
    "with": "without", "without": "with", "from": "before", "before": "from",
}  # fmt: skip

Oracle = Callable[[Owned], str | None]
"""Whoever else may notice a mutant: its name, or None."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing changed."""

    rule: Rule
    where: str
    """The place in the rule: ``when.temperature.gt``."""
    what: str
    """The change: ``1 -> 2``."""
    changed: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Names it: rule, place, change."""
        return f"{self.rule.name} {self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Fate:
    """A mutant, and who noticed it."""

    mutant: Mutant
    killer: str | None
    """``example``, ``golden``, or the name of an oracle; ``alike``: there is nothing to notice; None: it survived."""
    why: str = ""
    """Of one that is alike: the reason."""
    apart: tuple[str, Example] | None = None
    """Of a survivor: a stage, and a payload that comes out otherwise there."""
    changed: Owned | None = None
    """Of a survivor: the rule that it is."""


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Yield the mutants of a rule; some are no rules, which `fates` leaves out."""
    parts = {part: value for part in _PARTS if (value := _plain(getattr(rule, part)))}
    for where, what, changed in _changes(parts, ()):
        yield Mutant(rule, where, what, changed)


def _plain(value: Any) -> Any:
    return (
        [_plain(each) for each in value]
        if isinstance(value, tuple | list)
        else dict(value)
        if isinstance(value, Mapping)
        else value
    )


def _changes(root: dict[str, Any], keys: tuple[Any, ...]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (place, change, the parts changed) for each thing that can be changed below ``keys``."""
    node = _at(root, keys)
    where = ".".join(map(str, keys))
    if isinstance(node, dict):
        for key in node:
            if keys and len(node) > 1:
                yield f"{where}.{key}", "left out", _put(root, keys, {k: v for k, v in node.items() if k is not key})
            if key in _SWAPS and _SWAPS[key] not in node:
                swapped = {(_SWAPS[key] if k is key else k): v for k, v in node.items()}
                yield f"{where}.{key}", f"-> {_SWAPS[key]}", _put(root, keys, swapped)
            if key not in _WORDS:
                yield from _changes(root, (*keys, key))
    elif isinstance(node, list):
        for at in range(len(node)):
            if len(node) > 1:
                yield f"{where}.{at}", "left out", _put(root, keys, [*node[:at], *node[at + 1 :]])
            yield from _changes(root, (*keys, at))
    else:
        for value in _others(node):
            yield where, f"{json.dumps(node)} -> {json.dumps(value)}", _put(root, keys, value)


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [round(value + 0.01, 6), round(value - 0.01, 6)]
    return [f"{value}x"] if isinstance(value, str) else []


def _at(node: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        node = node[key]
    return node


def _put(root: dict[str, Any], keys: tuple[Any, ...], value: Any) -> dict[str, Any]:
    if not keys:
        return dict(value)
    changed = copy.deepcopy(root)
    _at(changed, keys[:-1])[keys[-1]] = value
    return changed


def fates(owned: Owned, goldens: Path, oracle: Oracle | None = None) -> Iterator[Fate]:
    """Yield the fate of each mutant of a rule; what is not a rule any more is left out."""
    trials = [Trials(one) for one in staged(owned)]
    records = _records(owned.rule, goldens)
    for mutant in mutants(owned.rule):
        entry = _entry(owned, mutant)
        if entry is None:
            continue
        changed = Owned(entry, owned.family, owned.book)
        killer = _killer(changed, owned, records) or (oracle(changed) if oracle else None)
        yield Fate(mutant, killer) if killer else _survivor(mutant, changed, trials)


def _survivor(mutant: Mutant, changed: Owned, trials: Sequence[Trials]) -> Fate:
    pairs = list(zip(trials, staged(changed), strict=True))
    for trial, at_stage in pairs:
        if example := trial.tells_apart(at_stage):
            return Fate(mutant, None, apart=(at_stage.rule.stage, example), changed=changed)
    return Fate(mutant, "alike", f"{_why(mutant, pairs)} ({sum(trial.tried for trial in trials)} payloads tried)")


def _why(mutant: Mutant, pairs: Sequence[tuple[Trials, Owned]]) -> str:
    """Say why a mutant comes out as its rule does."""
    if mutant.where.startswith("models"):
        return "the rest of 'models' decides alike"
    if mutant.where.startswith("when"):
        if any(trial.ever(at_stage) for trial, at_stage in pairs):
            return "where only one of the conditions holds, the actions find nothing to do"
        return "the rest of the condition decides alike"
    return "another part of the rule does the same, or it is what holds unless it is said"


def _entry(owned: Owned, mutant: Mutant) -> StackEntry | None:
    """Return a mutant as an entry of its stack; None where the loader refuses it."""
    rule = owned.rule
    node: dict[str, Any] = {
        "id": rule.id, "why": rule.why, "source": rule.source, "verified": dict(rule.verified), "stage": rule.stage,
        **({"effect": str(rule.effect), "note": rule.note or "Why."} if rule.effect else {}),
        "examples": [{"in": {}, "same": True}], **mutant.changed,
    }  # fmt: skip
    kind = "family" if rule.family else "provider"
    head: dict[str, Any] = {"quirks": 1, kind: rule.owner}
    if owned.entry.named_conditions:
        head["let"] = dict(owned.entry.named_conditions)
    if rule.family and rule.owner in owned.book.naming:
        head["naming"] = owned.book.family(rule.owner).head["naming"]
    try:
        file = load_file(json.dumps({**head, "rules": [node]}).encode(), "mutant.json")
        loaded = next(item for item in file.items if isinstance(item, Rule))
        entry = replace(owned.entry, rule=replace(loaded, examples=rule.examples, location=rule.location))
        entry.compiled  # noqa: B018 - some faults show only here
    except (RuleFileError, TypeError, ValueError):
        return None
    return entry


def _records(rule: Rule, goldens: Path) -> list[tuple[Example, Any]]:
    """Return the examples of a rule, each with what its golden file says of it."""
    path = goldens / f"{rule.name}.yml"
    if not path.is_file():
        return []
    records = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    pairs = zip(rule.examples, records, strict=False)
    return [(shown, record) for shown, record in pairs if "sent" in record and isinstance(shown.given, dict)]


def _killer(mutant: Owned, original: Owned, records: Sequence[tuple[Example, Any]]) -> str | None:
    if any(diagnostic.code in ("Q204", "Q205") for diagnostic in check_examples(mutant)):
        return "example"
    return "golden" if any(_differs(mutant, original, *shown) for shown in records) else None


def _differs(mutant: Owned, original: Owned, example: Example, record: Mapping[str, Any]) -> bool:
    """Tell whether the whole stack, with the mutant in the rule's place, does something else than a golden file says."""
    done = _run(mutant, original, example)
    fired = any(rule.name == original.rule.name for rule, _, _ in done.fired)
    recorded = any(line.startswith(f"{original.rule.name}: ") for line in record["trace"])
    return bool(done.refusals) or fired is not recorded or not same(done.root, record["sent"])


def _run(mutant: Owned, original: Owned, example: Example) -> Run:
    holder = example.given if original.rule.stage == "request" else example.request
    named = holder.get("model") if isinstance(holder, dict) else None
    model = named if isinstance(named, str) else lend_model(original, holder)
    make = original.book.family_plan if original.family else original.book.plan
    plan = make(original.rule.owner, model, stage=original.rule.stage)
    applies = mutant.entry.speaks_of(model, plan.identity)
    rules = [mutant.entry.compiled if rule.name == original.rule.name else rule for rule in plan.rules]
    rules = rules if applies else [rule for rule in rules if rule.name != original.rule.name]
    done = Run(Plan(plan.provider, plan.model, "", rules, plan.replan, plan.identity), example.given)
    done.request, done.status = example.request, example.status
    run(done)
    return done
