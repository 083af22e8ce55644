"""What is wrong with rules beside one another: one that is never reached, one that is off everywhere, two that write
one value.

All of it is read off the files; no payload is looked for that would show it. So some diagnostics of this kind are missed, and
what is found is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import Diagnostic, Rule, same
from ..payload.describe import show
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import EVERYWHERE, StackEntry
from ..rulebook.trust import steering
from .examples import Owned
from .lint_models import Known, check_models, covers, known_models, overlap


def check_rulebook(book: Rulebook, owned_rules: Sequence[Owned]) -> Iterator[Diagnostic]:
    """Yield what is wrong with rules beside one another; only diagnostics at one of ``owned_rules``, each once."""
    mine = {owned.rule.name for owned in owned_rules}
    stacks = {name: book.effective(name) for name in book.providers}
    yield from _off_everywhere(book, stacks.values(), owned_rules)
    yield from _old_names(book)
    yield from steering(book)
    models = known_models(book)
    yield from check_models(book, owned_rules, models)
    reported: set[tuple[str, str]] = set()
    for name, stack in stacks.items():
        running = [entry for entry in stack if entry.is_on]
        if mine.isdisjoint(entry.rule.name for entry in running):
            continue
        for diagnostic_of, diagnostic in (*_unreached(running), *_conflicts(name, running, models)):
            if diagnostic_of in mine and (diagnostic_of, diagnostic.code) not in reported:
                reported.add((diagnostic_of, diagnostic.code))
                yield diagnostic


def _warning(rule: Rule, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rule.location, code, message, hint, severity="warning")


# Disabled by an old name


def _old_names(book: Rulebook) -> Iterator[Diagnostic]:
    """A `disable` that says what the rule was once called."""
    disables = {disable.location: disable for name in book.providers for disable in book.disables(name) if disable.was}
    for place, disable in disables.items():
        what = f"'{disable.was}' is '{disable.rule}' now; the old name will be refused one day"
        yield Diagnostic(place, "Q220", what, f"write 'rule: {disable.rule}'", severity="warning")


# Off everywhere


def _off_everywhere(
    book: Rulebook, stacks: Iterable[Sequence[StackEntry]], owned_rules: Iterable[Owned]
) -> Iterator[Diagnostic]:
    """A rule of a family that no provider includes, or that each of them disables."""
    states: dict[str, set[bool]] = {}
    for stack in stacks:
        for entry in stack:
            states.setdefault(entry.rule.name, set()).add(entry.is_on)
    for owned in owned_rules:
        rule = owned.rule
        if not owned.family or rule.owner in book.naming or True in states.get(rule.name, ()):
            continue
        if rule.owner in EVERYWHERE:
            hint = "a provider's head says its traits"
            yield _warning(
                rule, "Q214", f"{rule.name} is in force nowhere: no provider has the traits that it asks for", hint
            )
        elif rule.name in states:
            yield _warning(rule, "Q214", f"{rule.name} is disabled by every provider that includes it", "remove it")
        else:
            what = f"{rule.name} is in force nowhere: no provider includes family/{rule.owner}"
            hint = "say with 'naming' which models are meant, or include the family where they are served"
            yield _warning(rule, "Q214", what, hint)


# Never reached


Finding = tuple[str, Diagnostic]
"""The rule that a diagnostic is about, and the diagnostic."""


def _unreached(stack: Sequence[StackEntry]) -> Iterator[Finding]:
    """A rule after one that always refuses, that does the same already, or that has dropped what this one asks for."""
    touched = [frozenset[str]().union(*entry.compiled.touches) for entry in stack]
    dropped = [_dropped(entry.rule) for entry in stack]
    for at, entry in enumerate(stack):
        rule = entry.rule
        required = _required_keys(rule.when or {})
        for before, earlier_entry in enumerate(stack[:at]):
            earlier = earlier_entry.rule
            gone = {
                key
                for key in dropped[before] & required
                if not any(key in keys or "?" in keys for keys in touched[before + 1 : at])
            }
            if _refuses_all(earlier):
                because = f"{earlier.name} refuses every payload before it"
            elif gone:
                because = f"{earlier.name} has dropped '{min(gone)}' before"
            elif _is_same_repair(earlier_entry, entry):
                because = f"{earlier.name} has done the same before"
            else:
                continue
            if earlier.stage == rule.stage and covers(earlier_entry, entry):
                what = f"{rule.name} is never reached: {because}"
                yield rule.name, _warning(rule, "Q213", what, "remove it, or put it first")
                break


def _refuses_all(rule: Rule) -> bool:
    return not rule.when and any("reject" in item for item in rule.do)


def _is_same_repair(left: StackEntry, right: StackEntry) -> bool:
    return (
        same(left.rule.when, right.rule.when)
        and same(list(left.rule.do), list(right.rule.do))
        and (
            left.named_conditions == right.named_conditions
            or not any(key.startswith("$") for key in left.rule.when or {})
        )
    )


def _dropped(rule: Rule) -> set[str]:
    """Return the top-level keys that are certainly gone after a rule: it drops them wherever they are."""
    keys = {path for item in rule.do for path in item.get("drop", ()) if "." not in path and "[" not in path}
    return {key for key in keys if not rule.when or same(rule.when, {key: {"exists": True}})}


def _required_keys(when: Mapping[str, Any]) -> set[str]:
    """Return the top-level keys without which a condition is false for certain."""
    return {
        path.partition(".")[0].partition("[")[0]
        for path, value in when.items()
        if path not in ("any_of", "all_of", "not") and not path.startswith("$") and not _may_be_absent(value)
    }


def _may_be_absent(value: Any) -> bool:
    return isinstance(value, dict) and value.get("exists") is False


# Two rules for one value


@dataclass(frozen=True, slots=True)
class _Write:
    """A value that a rule sets, whatever stood there."""

    entry: StackEntry
    path: str
    value: Any
    conditions: tuple[Mapping[str, Any], ...]
    """That of the rule, and that of the `each` around the action."""
    reads: frozenset[str]
    """The paths that these conditions ask about."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.entry.rule

    @property
    def is_blind(self) -> bool:
        """Whether no condition looks at the value that is written over, nor around or into it."""
        return not any(_paths_overlap(path, self.path) for path in self.reads)


def _conflicts(provider: str, stack: Sequence[StackEntry], models: Known) -> Iterator[Finding]:
    """A rule that sets a path which an earlier one may have set to another value, without looking at it."""
    writes: dict[tuple[str, str], list[_Write]] = {}
    for entry in stack:
        for write in _writes(entry):
            earlier = writes.setdefault((entry.rule.stage, write.path), [])
            for earlier_write in earlier if write.is_blind else ():
                if earlier_write.rule is write.rule or same(earlier_write.value, write.value):
                    continue
                if _are_exclusive(earlier_write, write) or not overlap(earlier_write.entry, write.entry, models):
                    continue
                what = (
                    f"{write.rule.name} sets {write.path} to {show(write.value)} where {earlier_write.rule.name} may have set it to "
                    f"{show(earlier_write.value)}, among the rules of {provider}: only the later one counts"
                )
                yield write.rule.name, _warning(write.rule, "Q209", what, "let 'when' or 'models' tell them apart")
            earlier.append(write)


def _writes(entry: StackEntry) -> Iterator[_Write]:
    rule = entry.rule
    when = rule.when or {}
    reads = frozenset(_paths(when, entry.named_conditions, ""))
    for item in rule.do:
        for path, value in item.get("set", {}).items():
            yield _Write(entry, path, value, (when,), reads)
        each = item.get("each", {})
        inner = each.get("when", {})
        for action in each.get("do", ()):
            for path, value in action.get("set", {}).items():
                base = f"{each['in']}."
                all_reads = reads | frozenset(_paths(inner, entry.named_conditions, base))
                yield _Write(entry, f"{base}{path}", value, (when, inner), all_reads)


def _paths(when: Mapping[str, Any], named_conditions: Mapping[str, Any], base: str) -> Iterator[str]:
    """Yield the paths that a condition asks about, down to the names it uses."""
    for key, value in when.items():
        if key in ("any_of", "all_of"):
            for part in value:
                yield from _paths(part, named_conditions, base)
        elif key == "not":
            yield from _paths(value, named_conditions, base)
        elif key[1:] in named_conditions:
            yield from _paths(named_conditions[key[1:]], named_conditions, "")
        else:
            yield key[2:] if key.startswith("$.") else f"{base}{key}"


def _paths_overlap(left: str, right: str) -> bool:
    """Tell whether of two paths one is the other or leads into it."""
    short, long = sorted((left, right), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in ("", ".", "[")


def _are_exclusive(left: _Write, right: _Write) -> bool:
    """Tell whether the conditions of two writes cannot hold of one payload, as far as their plain parts show it."""
    return any(
        _tests_exclude(mine[key], yours[key])
        for mine, yours in zip(left.conditions, right.conditions, strict=False)
        for key in mine.keys() & yours.keys()
        if "*" not in key
    )


def _tests_exclude(left: Any, right: Any) -> bool:
    """Tell whether no value fits both of two tests of one path."""
    left_values, right_values = _allowed_values(left), _allowed_values(right)
    if left_values is not None and right_values is not None:
        return not any(same(value, allowed) for value in left_values for allowed in right_values)
    return _may_be_absent(left) is not _may_be_absent(right)


def _allowed_values(test: Any) -> list[Any] | None:
    """Return the values that a test allows; None where it names none."""
    if isinstance(test, dict):
        return None
    return test if isinstance(test, list) else [test]
