"""The rules that apply to one provider and model -> a plan: closures in order, and an index of what each needs.

After this no YAML is looked at. A plan is immutable but for its memo of payload shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .actions import Context, compile_actions
from .actions.base import Run, join_writes
from .conditions import ALWAYS, Blame, Holds, Names, Report, compile_condition
from .fieldpath import Path, PathError, parse
from .globs import compile_globs
from .model import Keys, Rule
from .needs import ANY, LONGEST_MARK, Needs, Token, Writes, either, may_be_met

#: How many shapes of payload a plan remembers the candidates of; then it starts afresh.
SHAPES_REMEMBERED = 512

#: A shape with more keys than this is not remembered.
TOKENS_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule as closures."""

    rule: Rule
    name: str
    place: int
    """Where it stands in its provider's effective list."""
    holds: Holds
    blame: Blame
    runs: tuple[Run, ...]
    needs: Needs
    writes: Writes
    renames_model: bool
    """Whether it may write `model`: then the rules after it match the new name."""


def compile_rule(
    rule: Rule, lets: Mapping[str, Any], place: int = 0, report: Report | None = None, keys: Keys = ()
) -> CompiledRule:
    """Compile one rule; ``lets`` are the named conditions it may use, ``place`` its number in the provider's list.

    ``keys`` is where the rule stands in its document: faults are reported there. Without a reporter a fault is a
    programming error (the loader has refused such files) and raises ValueError.
    """
    report = report or _refuse
    names = Names(lets)
    condition = ALWAYS
    if rule.when:
        condition = compile_condition(rule.when, (*keys, "when"), names, report)
    context = Context(names, report, rule.stage, subject=_subject(rule.when or {}))
    actions = compile_actions(rule.do, (*keys, "do"), context)
    writes = join_writes([action.writes for action in actions])
    return CompiledRule(
        rule,
        rule.name,
        place,
        condition.holds,
        condition.blame,
        tuple(action.run for action in actions),
        (*condition.needs, *either(action.needs for action in actions)),
        writes,
        writes is None or ("", "model", ANY) in writes,
    )


def _refuse(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
    raise ValueError(f"{code} at {keys}: {message} {hint}")


def _subject(when: Mapping[str, Any]) -> Path | None:
    for key in when:
        if not key.startswith("$") and key not in ("any_of", "all_of", "not"):
            try:
                return parse(key)
            except PathError:
                return None
    return None


@dataclass(frozen=True, slots=True)
class Probe:
    """A cheap look at the items of one top-level array: their keys, some texts and some types."""

    array: str
    texts: tuple[tuple[str, frozenset[str]], ...]
    """Fields of which some texts matter, and those texts."""
    types: tuple[tuple[str, frozenset[type]], ...]
    """Fields of which some types matter, and those types."""


class Plan:
    """The compiled rules of one stage for one provider and model, in order."""

    __slots__ = ("_candidates", "_probes", "model", "prefix", "provider", "replan", "rules")

    def __init__(
        self,
        provider: str,
        model: str | None,
        prefix: str,
        rules: Iterable[CompiledRule],
        replan: Callable[[str], Plan],
    ) -> None:
        self.provider = provider
        self.model = model
        """The model that rules match, without ``prefix``."""
        self.prefix = prefix
        """What names the provider at the start of the caller's model, ``moonshot/``; empty if nothing does."""
        self.rules = tuple(rules)
        self.replan = replan
        """Gives the plan for another model, for a rule that writes `model`: those after it match the new name."""
        self._probes = _probes(self.rules)
        self._candidates: dict[Any, tuple[CompiledRule, ...]] = {}

    def candidates(self, payload: Mapping[str, Any]) -> Sequence[CompiledRule]:
        """Return the rules that could fire on this payload, in order: never fewer than would.

        Rules are sifted once per shape of payload; the shape is all that a rule's needs speak of.
        """
        try:
            shape = self._shape(payload)
            found = self._candidates.get(shape)
        except (TypeError, AttributeError):  # items that are no objects, roles that are no text: try every rule
            return self.rules
        if found is None:
            tokens = _tokens(shape, self._probes)
            found = tuple(_sift(self.rules, set(tokens)))
            if len(tokens) <= TOKENS_REMEMBERED:  # a stranger's payload must not fill the memory
                if len(self._candidates) >= SHAPES_REMEMBERED:
                    self._candidates.clear()
                self._candidates[shape] = found
        return found

    def _shape(self, payload: Mapping[str, Any]) -> tuple[Any, ...]:
        parts: list[Any] = [tuple(payload)]
        for probe in self._probes:
            items = payload.get(probe.array)
            if not isinstance(items, list):
                items = ()
            parts.append(frozenset(map(tuple, items)))
            for field, texts in probe.texts:
                parts.append(
                    texts.intersection(
                        [text for item in items if isinstance(text := item.get(field), str) and len(text) <= LONGEST_MARK]
                    )
                )
            for field, _ in probe.types:
                parts.append(frozenset([type(item.get(field)) for item in items]))
        return tuple(parts)


def _probes(rules: Iterable[CompiledRule]) -> tuple[Probe, ...]:
    """Return the looks that can tell every token that some rule needs."""
    arrays: dict[str, dict[str, set[Any]]] = {}
    for array, field, mark in sorted({token for rule in rules for clause in rule.needs for token in clause}, key=str):
        if array:
            arrays.setdefault(array, {}).setdefault(field, set()).add(mark)
    return tuple(
        Probe(
            array,
            tuple((field, texts) for field, marks in fields.items() if (texts := frozenset(_texts(marks)))),
            tuple((field, types) for field, marks in fields.items() if (types := frozenset(_types(marks)))),
        )
        for array, fields in arrays.items()
    )


def _texts(marks: Iterable[Any]) -> list[str]:
    return [mark for mark in marks if isinstance(mark, str)]


def _types(marks: Iterable[Any]) -> list[type]:
    return [mark for mark in marks if isinstance(mark, type)]


def _tokens(shape: tuple[Any, ...], probes: tuple[Probe, ...]) -> set[Token]:
    """Spell out the tokens that a shape stands for."""
    parts = iter(shape)
    tokens: set[Token] = {("", key, None) for key in next(parts)}
    for probe in probes:
        tokens |= {(probe.array, field, None) for keys in next(parts) for field in keys}
        for field, _ in probe.texts:
            tokens |= {(probe.array, field, text) for text in next(parts)}
        for field, types in probe.types:
            found = next(parts)
            tokens |= {(probe.array, field, mark) for mark in types for one in found if issubclass(one, mark)}
    return tokens


def _sift(rules: Iterable[CompiledRule], present: set[Token]) -> Iterable[CompiledRule]:
    """Yield the rules all of whose needs are met by what is present or what an earlier one of them may write."""
    anything = False
    for rule in rules:
        if anything or all(may_be_met(clause, present) for clause in rule.needs):
            yield rule
            anything = anything or rule.writes is None
            present |= rule.writes or frozenset()


def applies(rule: Rule, model: str | None, stage: str) -> bool:
    """Tell whether a rule is in force for a model at a stage; retired rules never are."""
    return rule.stage == stage and rule.status != "retired" and (not rule.models or compile_globs(rule.models)(model))
