"""What is wrong with rules beside one another: one that is never reached, one that is off everywhere, two that write
one value, and a model glob that fits nothing.

All of it is read off the files; no payload is looked for that would show it. So some diagnostics of this kind are missed, and
what is found is a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import Diagnostic, Rule, same
from ..payload.describe import show
from ..payload.globs import compile_globs
from ..plan.compile import compile_rule
from ..rulebook.layers import StackEntry
from ..rulebook.rulebook import Rulebook
from .examples import Owned


def check_pack(book: Rulebook, several: Sequence[Owned]) -> Iterator[Diagnostic]:
    """Yield what is wrong with rules beside one another; only diagnostics at one of ``several``, each once."""
    mine = {owned.rule.name for owned in several}
    stacks = {name: book.effective(name) for name in book.providers}
    yield from _off_everywhere(stacks.values(), several)
    models = _known_models(book)
    spelt = _spelt(book)
    for owned in several:
        rule = owned.rule
        yield from _globs(rule, {*models, *(model for by, model in spelt[rule.owner] if by != rule.name)})
    seen: set[tuple[str, str]] = set()
    for name, stack in stacks.items():
        running = [entry for entry in stack if entry.disabled is None and entry.rule.status != "retired"]
        if mine.isdisjoint(entry.rule.name for entry in running):
            continue
        for diagnostic_of, diagnostic in (*_unreached(running), *_fights(name, running, models)):
            if diagnostic_of in mine and (diagnostic_of, diagnostic.code) not in seen:
                seen.add((diagnostic_of, diagnostic.code))
                yield diagnostic


def _warning(rule: Rule, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rule.location, code, message, hint, severity="warning")


# Off everywhere


def _off_everywhere(stacks: Iterable[Sequence[StackEntry]], several: Iterable[Owned]) -> Iterator[Diagnostic]:
    """A rule of a family that no provider includes, or that each of them disables."""
    states: dict[str, set[bool]] = {}
    for stack in stacks:
        for entry in stack:
            states.setdefault(entry.rule.name, set()).add(entry.disabled is None)
    for owned in several:
        rule = owned.rule
        if not owned.family or True in states.get(rule.name, ()):
            continue
        if rule.name in states:
            yield _warning(rule, "Q214", f"{rule.name} is disabled by every provider that includes it", "remove it")
        else:
            what = f"{rule.name} is in force nowhere: no provider includes family/{rule.owner}"
            yield _warning(rule, "Q214", what, "include the family where its models are served")


# Globs


def _known_models(book: Rulebook) -> set[str]:
    """Return the models that any example names: there is no other list of what exists."""
    holders = (holder for rule in book.rules() for one in rule.examples for holder in (one.given, one.request))
    named = (holder.get("model") for holder in holders if isinstance(holder, dict))
    return {model for model in named if isinstance(model, str) and model}


def _spelt(book: Rulebook) -> dict[str, set[tuple[str, str]]]:
    """Return owner -> (rule, what a glob of it spells). Two rules that agree are hardly both misspelt."""
    found: dict[str, set[tuple[str, str]]] = {}
    for rule in book.rules():
        spelt = {(rule.name, glob.removeprefix("!").replace("*", "")) for glob in rule.models}
        found.setdefault(rule.owner, set()).update(pair for pair in spelt if pair[1])
    return found


def _globs(rule: Rule, models: Collection[str]) -> Iterator[Diagnostic]:
    """A glob that fits no model that is known."""
    for glob in rule.models:
        fits = compile_globs([glob.removeprefix("!")])
        if not fits(None) and not any(fits(model) for model in models):
            what = f"the glob '{glob}' of {rule.name} fits no model that an example names"
            yield _warning(rule, "Q215", what, "give an example such a model, or correct the glob")


def _covers(earlier: Rule, later: Rule) -> bool:
    """Tell whether the globs of one rule, read as text, accept all that those of the other accept."""
    if not earlier.models:
        return True
    one = {glob for glob in earlier.models if not glob.startswith("!")}
    other = {glob for glob in later.models if not glob.startswith("!")}
    lost = set(earlier.models) - one - set(later.models)
    return not lost and (not one or "*" in one or (bool(other) and other <= one))


def _overlap(one: Rule, other: Rule, models: Collection[str]) -> bool:
    """Tell whether a known model, or a payload without one, falls under both rules."""
    first, second = (compile_globs(rule.models or ["*"]) for rule in (one, other))
    return any(first(model) and second(model) for model in (None, *models))


# Never reached


Found = tuple[str, Diagnostic]
"""The rule that a diagnostic is about, and the diagnostic."""


def _unreached(stack: Sequence[StackEntry]) -> Iterator[Found]:
    """A rule after one that always refuses, that does the same already, or that has dropped what this one asks for."""
    touched = [frozenset[str]().union(*compile_rule(entry.rule, entry.named_conditions).touches) for entry in stack]
    dropped = [_dropped(entry.rule) for entry in stack]
    for at, entry in enumerate(stack):
        rule = entry.rule
        asked = _asked(rule.when or {})
        for before, one in enumerate(stack[:at]):
            earlier = one.rule
            gone = {
                key
                for key in dropped[before] & asked
                if not any(key in keys or "?" in keys for keys in touched[before + 1 : at])
            }
            if _refuses_all(earlier):
                because = f"{earlier.name} refuses every payload before it"
            elif gone:
                because = f"{earlier.name} has dropped '{min(gone)}' before"
            elif _says_the_same(one, entry):
                because = f"{earlier.name} has done the same before"
            else:
                continue
            if earlier.stage == rule.stage and _covers(earlier, rule):
                what = f"{rule.name} is never reached: {because}"
                yield rule.name, _warning(rule, "Q213", what, "remove it, or put it first")
                break


def _refuses_all(rule: Rule) -> bool:
    return not rule.when and any("reject" in item for item in rule.do)


def _says_the_same(one: StackEntry, other: StackEntry) -> bool:
    return (
        same(one.rule.when, other.rule.when)
        and same(list(one.rule.do), list(other.rule.do))
        and (
            one.named_conditions == other.named_conditions
            or not any(key.startswith("$") for key in one.rule.when or {})
        )
    )


def _dropped(rule: Rule) -> set[str]:
    """Return the top-level keys that are certainly gone after a rule: it drops them wherever they are."""
    keys = {path for item in rule.do for path in item.get("drop", ()) if "." not in path and "[" not in path}
    return {key for key in keys if not rule.when or same(rule.when, {key: {"exists": True}})}


def _asked(when: Mapping[str, Any]) -> set[str]:
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

    rule: Rule
    path: str
    value: Any
    conditions: tuple[Mapping[str, Any], ...]
    """That of the rule, and that of the `each` around the action."""
    reads: frozenset[str]
    """The paths that these conditions ask about."""

    @property
    def is_blind(self) -> bool:
        """Whether no condition looks at the value that is written over, nor around or into it."""
        return not any(_meet(path, self.path) for path in self.reads)


def _fights(provider: str, stack: Sequence[StackEntry], models: Collection[str]) -> Iterator[Found]:
    """A rule that sets a path which an earlier one may have set to another value, without looking at it."""
    writes: dict[tuple[str, str], list[_Write]] = {}
    for entry in stack:
        for write in _writes(entry):
            earlier = writes.setdefault((entry.rule.stage, write.path), [])
            for one in earlier if write.is_blind else ():
                if one.rule is write.rule or same(one.value, write.value):
                    continue
                if _apart(one, write) or not _overlap(one.rule, write.rule, models):
                    continue
                what = (
                    f"{write.rule.name} sets {write.path} to {show(write.value)} where {one.rule.name} may have set it to "
                    f"{show(one.value)}, among the rules of {provider}: only the later one counts"
                )
                yield write.rule.name, _warning(write.rule, "Q209", what, "let 'when' or 'models' tell them apart")
            earlier.append(write)


def _writes(entry: StackEntry) -> Iterator[_Write]:
    rule = entry.rule
    when = rule.when or {}
    reads = frozenset(_paths(when, entry.named_conditions, ""))
    for item in rule.do:
        for path, value in item.get("set", {}).items():
            yield _Write(rule, path, value, (when,), reads)
        each = item.get("each", {})
        inner = each.get("when", {})
        for action in each.get("do", ()):
            for path, value in action.get("set", {}).items():
                base = f"{each['in']}."
                both = reads | frozenset(_paths(inner, entry.named_conditions, base))
                yield _Write(rule, f"{base}{path}", value, (when, inner), both)


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


def _meet(one: str, other: str) -> bool:
    """Tell whether of two paths one is the other or leads into it."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in ("", ".", "[")


def _apart(one: _Write, other: _Write) -> bool:
    """Tell whether the conditions of two writes cannot hold of one payload, as far as their plain parts show it."""
    return any(
        _exclude(mine[key], yours[key])
        for mine, yours in zip(one.conditions, other.conditions, strict=False)
        for key in mine.keys() & yours.keys()
        if "*" not in key
    )


def _exclude(one: Any, other: Any) -> bool:
    """Tell whether no value fits both of two tests of one path."""
    first, second = _wanted(one), _wanted(other)
    if first is not None and second is not None:
        return not any(same(value, that) for value in first for that in second)
    return _may_be_absent(one) is not _may_be_absent(other)


def _wanted(test: Any) -> list[Any] | None:
    """Return the values that a test allows; None where it names none."""
    if isinstance(test, dict):
        return None
    return test if isinstance(test, list) else [test]
