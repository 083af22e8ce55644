"""The rules of one provider in the order they run, and where those of the model's family come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..identity.models import ModelTest
from ..identity.resolve import Identity
from ..model import Disable, Rule
from ..plan.compile import CompiledRule, Place, compile_rule
from . import answers
from .traits import Traits, sourced, spared, traits_of, unmet

FORMAT, CLOSING = "format", "closing"
"""The families that are in force at every provider for every model: one before all other rules, one behind them."""
EVERYWHERE = (FORMAT, CLOSING)

#: Their places before and behind all that a provider's stack can have.
_BEFORE, _BEHIND = -2, 1_000_000

#: Kinds of service -> the `at` of the family rules that hold there.
_HOLDS_AT: Mapping[str, str] = {"maker": "maker", "relay": "maker", "template": "template"}


@dataclass(frozen=True)
class StackEntry:
    """A rule in an effective list: the names it may use, its place, and who switched it off, if anybody did."""

    rule: Rule
    named_conditions: Mapping[str, Any]
    family: str | None = None
    """Of a rule of a family that says how its models are named: that family."""
    place: Place = (0, 0)
    disabled: Disable | None = None
    unmet: str = ""
    """The trait that the provider lacks for this rule, in words; empty: the rule holds there."""

    trait: str = ""
    """The trait that the provider's head says, and for which the rule holds there; empty: it holds by itself."""

    @property
    def is_general(self) -> bool:
        """Whether it is in force at most providers, and nothing that this one's files say makes it hold here."""
        return self.rule.family and self.rule.owner in EVERYWHERE and not self.trait

    @property
    def is_on(self) -> bool:
        """Whether the provider has it in force, for some model."""
        return self.disabled is None and not self.unmet and self.rule.in_force

    def at(self, stage: str) -> StackEntry | None:
        """Return the rule as it is tried at a stage; None where it never is."""
        if self.rule.stage == stage:
            return self
        return self._as.get(stage) if self.rule.stage == "answer" else None

    @cached_property
    def _as(self) -> Mapping[str, StackEntry]:
        """Stage -> the rule on answers there."""
        return {
            stage: replace(
                self,
                rule=answers.at_stage(self.rule, stage),
                named_conditions={name: answers.condition(node, part) for name, node in self.named_conditions.items()},
            )
            for stage, part in answers.PARTS.items()
        }

    @cached_property
    def fits(self) -> ModelTest:
        """Tells whether the rule applies to a model; a refusal, and what only the maker refuses, never of tuned ones."""
        only_original = "maker" in self.rule.at or refuses(self.rule.do)
        return ModelTest(self.rule.models, self.family, without_tuned=only_original)

    def applies(self, model: str | None, identity: Identity | None) -> bool:
        """Tell whether the rule is in force for a model."""
        return self.is_on and self.speaks_of(model, identity)

    def speaks_of(self, model: str | None, identity: Identity | None) -> bool:
        """Tell whether the rule applies to a model; without one, whether it applies to every model."""
        return (not self.rule.models and self.family is None) or self.fits(model, identity)

    @cached_property
    def compiled(self) -> CompiledRule:
        """The rule, compiled; the plans of all models share it."""
        return compile_rule(self.rule, self.named_conditions, self.place)

    @cached_property
    def softened(self) -> CompiledRule:
        """The rule for models newer than it was checked against: what it would refuse it only remarks on."""
        if not (self.fits.ranges and refuses(self.rule.do)):
            return self.compiled
        return compile_rule(replace(self.rule, do=_soft(self.rule.do)), self.named_conditions, self.place)


def refuses(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether some action is a `reject`."""
    return any("reject" in action or refuses(action.get("each", {}).get("do", ())) for action in actions)


def _soft(actions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    softened: list[Mapping[str, Any]] = []
    for action in actions:
        if "reject" in action:
            action = {"warn": f"earlier models are refused: {action['reject']}"}
        elif "each" in action:
            action = {**action, "each": {**action["each"], "do": _soft(action["each"].get("do", ()))}}
        softened.append(action)
    return softened


@dataclass(frozen=True)
class Stack:
    """A provider's own rules with those of the files that it includes, and what it says of families."""

    entries: Sequence[StackEntry]
    marker: int = 0
    """The number of the entry before which the rules of the model's family come."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """The provider's own named conditions: they stand in for a family's of the same name."""
    included: frozenset[str] = frozenset()
    """Families whose whole files are included."""
    disables: Sequence[Disable] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """``serves``, ``names``, ``traits`` ... of its head, or of the provider's that it includes."""

    @property
    def kind(self) -> str:
        """What the provider is: ``maker``, ``relay``, ``weights`` or ``template``."""
        kind: str = self.facts.get("serves", {}).get("as", "relay")
        return kind

    @property
    def families(self) -> Sequence[str] | None:
        """The only families whose models it can serve; None: any."""
        families: Sequence[str] | None = self.facts.get("serves", {}).get("families")
        return families

    def takes(self, family: str) -> bool:
        """Tell whether the rules of a family are in force here for its models."""
        return (
            family not in self.included
            and (self.families is None or family in self.families or family in EVERYWHERE)
            and not any(disable.family == family for disable in self.disables)
        )

    @cached_property
    def traits(self) -> Traits:
        """What the provider is like."""
        return traits_of(self.kind, self.facts.get("traits", {}))

    def around(self, family_rules: Sequence[tuple[Rule, Mapping[str, Any]]], family: str) -> Iterator[StackEntry]:
        """Yield the entries of a family's rules as they hold here, each at its place in the order they run.

        A request meets them at the marker. An answer comes back outward: what the host wraps is unwrapped by the
        provider's rules before the model's own are tried. What the provider includes by itself is not read again.
        """
        for number, (rule, names) in enumerate(family_rules, 1):
            if self.is_at(rule) and rule.owner not in self.included:
                place = (self.marker - 1 if rule.stage == "request" else len(self.entries), number)
                yield self.here(StackEntry(rule, {**names, **self.names}, family, place))

    def is_at(self, rule: Rule) -> bool:
        """Tell whether a rule of a family in force without an include holds at this kind of service."""
        return not rule.at or _HOLDS_AT.get(self.kind) in rule.at

    def here(self, entry: StackEntry) -> StackEntry:
        """Return an entry of a family as it holds here: off, or as it is, or with what the provider's head says of it."""
        rule = entry.rule
        if off := self.off(rule):
            return replace(entry, disabled=off)
        if lacking := unmet(rule.traits, self.traits):
            return replace(entry, unmet=lacking)
        trait, mine = sourced(rule, self.facts.get("traits", {}))
        mine = spared(mine, self.facts)
        if not mine.do:
            return replace(entry, unmet=f"'{rule.spares}' lists all that it drops")
        return entry if mine is rule else replace(entry, rule=mine, trait=trait)

    def off(self, rule: Rule) -> Disable | None:
        """Return who switches a rule off here, if anybody does."""
        return self._disabled.get(rule.name)

    @cached_property
    def _disabled(self) -> Mapping[str, Disable]:
        return {disable.rule: disable for disable in self.disables if disable.rule}


def everywhere(family: str, family_rules: Iterable[tuple[Rule, Mapping[str, Any]]]) -> Iterator[StackEntry]:
    """Yield the entries of a family that is in force everywhere, for all providers.

    A request meets `format` first and `closing` last, an answer both of them last.
    """
    for number, (rule, names) in enumerate(family_rules, 1):
        is_first = family == FORMAT and rule.stage == "request"
        yield StackEntry(rule, names, place=(_BEFORE if is_first else _BEHIND + EVERYWHERE.index(family), number))


def in_order(*several: Iterable[StackEntry]) -> list[StackEntry]:
    """Return the entries of a provider and of families in the order they run."""
    return sorted((entry for entries in several for entry in entries), key=lambda entry: entry.place)
