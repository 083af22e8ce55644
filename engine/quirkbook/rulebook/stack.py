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

    @cached_property
    def fits(self) -> ModelTest:
        """Tells whether the rule applies to a model; a refusal, and what only the maker refuses, never of tuned ones."""
        only_original = "maker" in self.rule.at or refuses(self.rule.do)
        return ModelTest(self.rule.models, self.family, without_tuned=only_original)

    def applies(self, model: str | None, identity: Identity | None) -> bool:
        """Tell whether the rule is in force for a model; one that is retired, a draft or disabled never is."""
        return self.disabled is None and self.rule.in_force and self.speaks_of(model, identity)

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
    """``serves`` and ``names`` of its head, or of the provider's that it includes."""

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
            and (self.families is None or family in self.families)
            and not any(disable.family == family for disable in self.disables)
        )

    def around(self, family_rules: Sequence[tuple[Rule, Mapping[str, Any]]], family: str) -> Iterator[StackEntry]:
        """Yield the entries of a family's rules as they hold here, each at its place in the order they run.

        A request meets them at the marker. An answer comes back outward: what the host wraps is unwrapped by the
        provider's rules before the model's own are tried.
        """
        off = {disable.rule: disable for disable in self.disables if disable.rule}
        wanted = _HOLDS_AT.get(self.kind)
        for number, (rule, names) in enumerate(family_rules, 1):
            if not rule.at or wanted in rule.at:
                place = (self.marker - 1 if rule.stage == "request" else len(self.entries), number)
                yield StackEntry(rule, {**names, **self.names}, family, place, off.get(rule.name))


def in_order(own: Iterable[StackEntry], family: Iterable[StackEntry]) -> list[StackEntry]:
    """Return a provider's entries and those of a family in the order they run."""
    return sorted([*own, *family], key=lambda entry: entry.place)
