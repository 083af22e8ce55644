"""Mutation testing of rules: one word, bound, glob or action is changed at a time; examples and golden files must notice.

A mutant that nothing notices is a part of a rule that no example is about, or one that means the same: equivalent.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from ..authoring.examples import Owned, check_examples, lend_model
from ..errors import RuleFileError
from ..model import Example, Rule, same
from ..plan.compile import Plan
from ..plan.interpret import Run, run
from ..rulebook.load import load_file
from ..rulebook.stack import StackEntry

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
    """``example``, ``golden``, or the name of an oracle; None: it survived."""


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
    for mutant in mutants(owned.rule):
        entry = _entry(owned, mutant)
        if entry is not None:
            changed = Owned(entry, owned.family, owned.book)
            yield Fate(mutant, _killer(changed, owned, goldens) or (oracle(changed) if oracle else None))


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


def _killer(mutant: Owned, original: Owned, goldens: Path) -> str | None:
    if any(diagnostic.code in ("Q204", "Q205") for diagnostic in check_examples(mutant)):
        return "example"
    return "golden" if _differs_from_golden(mutant, original, goldens) else None


def _differs_from_golden(mutant: Owned, original: Owned, goldens: Path) -> bool:
    """Tell whether the whole stack, with the mutant in the rule's place, makes something else of an example."""
    rule = original.rule
    path = goldens / f"{rule.name}.yml"
    if not path.is_file():
        return False
    records = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    shown = [(example, record) for example, record in zip(rule.examples, records, strict=False) if "sent" in record]
    return any(not same(_sent(mutant, original, example), record["sent"]) for example, record in shown)


def _sent(mutant: Owned, original: Owned, example: Example) -> Any:
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
    return None if done.refusals else done.root
