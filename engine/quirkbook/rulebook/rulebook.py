"""A Rulebook: which provider a name means, and the plan of rules in force for a provider and a model.

Immutable, safe to share between threads; each plan is compiled once and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import RuleFileError, UnknownProviderError, UnknownRuleError, did_you_mean
from ..identity.resolve import Identity
from ..model import Diagnostic, Disable, Rule, RuleFile
from ..plan.compile import CompiledRule, Plan
from . import layers
from .layers import RuleSources
from .providers import GENERIC, Providers, host
from .remarks import remarks
from .stack import Stack, StackEntry, in_order
from .traits import Traits, unmet

#: How many plans are kept; model names come from callers, so there is a limit.
PLANS_REMEMBERED = 1024


class Rulebook:
    """The rules of all layers: the built-in ones, then one layer per folder, later ones winning.

    Make one with `Rulebook.load`.
    """

    def __init__(self, files: Iterable[RuleFile] = (), *, builtin: bool = True) -> None:
        layer_files = tuple(files)
        self.files = layer_files
        """The files of the user's layers, lowest first; an entry of a table of connections counts as a file."""
        self._sources = RuleSources(layer_files, builtin=builtin)
        self._providers = Providers(self._sources)
        self.plans: dict[tuple[str | None, str | None, str | None, str | None, str], Plan] = {}
        """Those made so far, by what `plan` was asked; who asks for each payload looks here first."""
        self._stacks: dict[tuple[str, str], Stack] = {}
        self._of_families: dict[tuple[str, str], list[StackEntry]] = {}
        """(provider, family) -> the family's rules as they hold there; family "": those of all that hold everywhere."""
        for file in layer_files:  # what leads nowhere is refused now, not at the first payload
            layers.stack(self._sources, self._sources.file(file.kind, file.name) or file)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], builtin: bool = True, drafts: bool = False) -> Rulebook:
        """Read rule folders or single rule files as layers; ``builtin=False`` leaves the shipped rules out.

        With ``drafts`` rules of status ``draft`` count as active.

        Raises:
            RuleFileError: with every diagnostic of every file; nothing is loaded in part.
        """
        files: list[RuleFile] = []
        diagnostics: list[Diagnostic] = []
        for path in paths:
            from .load import load_folder  # only now, as PyYAML costs a tenth of the start

            try:
                files += load_folder(Path(path), layer=os.fspath(path))
            except RuleFileError as error:
                diagnostics += error.diagnostics
        if diagnostics:
            raise RuleFileError(diagnostics)
        return cls(map(_with_drafts, files) if drafts else files, builtin=builtin)

    # What there is

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of all providers, sorted, without aliases."""
        return self._providers.names

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> provider. Asking reads the head of every provider's file."""
        return self._providers.aliases

    def provider(self, name: str) -> RuleFile:
        """Return a provider's facts, found by name or alias.

        Raises:
            UnknownProviderError: with the nearest name and the list of all.
        """
        return self._providers.provider(name)

    def resolve(
        self, provider: str | None, model: str | None, base_url: str | None = None, *, strict: bool = False
    ) -> tuple[str, str]:
        """Return (provider, prefix): which provider is meant, and what names it at the start of ``model``.

        A named provider wins over ``base_url``, that over the model's prefix. An address that nobody has described says
        nothing: then the prefix does, and without one it is ``openai_compatible``, or with ``strict`` an error.

        Raises:
            UnknownProviderError: nobody of that name, or nobody named at all.
            UsageError: one of them is not a string.
        """
        return self._providers.resolve(provider, model, base_url, strict=strict)

    @property
    def families(self) -> tuple[str, ...]:
        """The names of all families, sorted."""
        return self._sources.names("family")

    def family(self, name: str) -> RuleFile:
        """Return a family's facts.

        Raises:
            UnknownProviderError: with the list of all.
        """
        file = self._sources.file("family", name)
        if file is None:
            raise UnknownProviderError(f"unknown family '{name}'\n  known: {', '.join(self.families)}")
        return file

    def rules(self) -> Iterator[Rule]:
        """Yield every rule of every file once, providers before families."""
        return layers.all_rules(self._sources)

    def rule(self, name: str) -> Rule:
        """Return a rule by its full name, as the last layer has it.

        Raises:
            UnknownRuleError: with the nearest name, or the owner's rules.
        """
        rules = {rule.name: rule for rule in self.rules()}
        if name in rules:
            return rules[name]
        owner, _, id = name.partition("/")
        mine = [known for known in rules if known.startswith(f"{owner}/")]
        near = did_you_mean(name, rules)
        if mine:  # these are alike by their owner already
            id_near = did_you_mean(id, [known.partition("/")[2] for known in mine])
            near = id_near and f"{owner}/{id_near}"
        hint = f": did you mean '{near}'?" if near else f"\n  known: {', '.join(mine)}" if mine else ""
        raise UnknownRuleError(f"no rule is named '{name}'{hint}")

    # What is in force

    def effective(self, name: str, model: str | None = None, *, family: bool = False) -> list[StackEntry]:
        """Return the rules of a provider (or of a family alone) in the order they run; disabled ones are marked.

        Those of the model's family are among them; without a model, those of each family that the provider names as the
        only ones it serves.
        """
        if family:
            return [*self._stack(name, "family").entries]
        name = self.provider(name).name
        stack, identity = self._stack(name), self.identify(model, name)
        families = [identity.family] if identity else (stack.families or ()) if model is None else ()
        theirs = [entry for each in families for entry in self._family(name, each)]
        return in_order(stack.entries, theirs, self._everywhere(name))

    def places(self, name: str) -> tuple[list[StackEntry], dict[str, list[StackEntry]]]:
        """Return a provider's rules whatever the model, in order, and family -> those that its models meet besides.

        Both together run in the order of their places.
        """
        name = self.provider(name).name
        everywhere = in_order(self._stack(name).entries, self._everywhere(name))
        return everywhere, {family: self._family(name, family) for family in self.naming}

    def disables(self, provider: str) -> Sequence[Disable]:
        """Return what is switched off at a provider, by its own file and those that it includes."""
        return self._stack(self.provider(provider).name).disables

    def _stack(self, name: str, kind: str = "provider") -> Stack:
        key = (kind, name)
        if key not in self._stacks:
            file = self.provider(name) if kind == "provider" else self.family(name)
            self._stacks[key] = layers.stack(self._sources, file)
        return self._stacks[key]

    def _family(self, provider: str, family: str | None) -> list[StackEntry]:
        """Return the rules of a family as they hold at a provider; none where it is off, or included whole."""
        if family is None or not (stack := self._stack(provider)).takes(family):
            return []
        key = (provider, family)
        if key not in self._of_families:
            self._of_families[key] = [*stack.around(layers.family_rules(self._sources, family), family)]
        return self._of_families[key]

    def _everywhere(self, provider: str) -> list[StackEntry]:
        """Return the rules of the families in force everywhere, as they hold at a provider."""
        key = (provider, "")
        if key not in self._of_families:
            stack = self._stack(provider)
            self._of_families[key] = [
                stack.here(entry) for entry in self._shared if stack.takes(entry.rule.owner) and stack.is_at(entry.rule)
            ]
        return self._of_families[key]

    @cached_property
    def _shared(self) -> list[StackEntry]:
        return [*layers.rules_everywhere(self._sources)]

    @property
    def naming(self) -> Mapping[str, Any]:
        """Family -> how its models are named, of those that say it."""
        naming: Mapping[str, Any] = self._sources.resolver.outline["families"]
        return naming

    def identify(
        self, model: str | None, provider: str | None = None, base_model: str | None = None
    ) -> Identity | None:
        """Return what a model's name says of it: family, line, version, variants; None where it says no family.

        Asked first is ``base_model``, then what the provider means by the name, then the name itself.

        >>> print(Rulebook.load().identify("us.anthropic.claude-opus-4-7-v1:0"))
        claude opus 4.7
        """
        name = base_model or model
        if name is None:
            return None
        if provider is not None and base_model is None:
            meant = self._stack(self.provider(provider).name).facts.get("names", {})
            name = meant.get(name.lower()) or meant.get(name.lower().rpartition("/")[2], name)
        return self._sources.resolver.resolve(name)

    def plan(
        self,
        provider: str | None,
        model: str | None,
        base_url: str | None = None,
        stage: str = "request",
        base_model: str | None = None,
    ) -> Plan:
        """Return the plan for a model of a provider, compiled once; ``base_model`` says what a deployment's name hides.

        Raises:
            UnknownProviderError: see `resolve`.
        """
        key = (provider, model, base_url, base_model, stage)
        plan = self.plans.get(key)
        if plan is None:
            plan = self._make_plan(provider, model, base_url, stage, base_model)
            if len(self.plans) >= PLANS_REMEMBERED:
                self.plans.clear()
            self.plans[key] = plan
        return plan

    def _make_plan(
        self, provider: str | None, model: str | None, base_url: str | None, stage: str, base_model: str | None
    ) -> Plan:
        name, prefix = self.resolve(provider, model, base_url)
        bare = model.removeprefix(prefix) if model else None
        identity, matched = self.identify(bare, name, base_model), base_model or bare
        stack = self._stack(name)
        of_family = self._family(name, identity.family if identity else None)
        entries = in_order(stack.entries, of_family, self._everywhere(name))
        is_unknown = name == GENERIC and provider is None and base_url is not None
        return Plan(
            name,
            matched,
            prefix,
            _compile(entries, stage, matched, identity),
            lambda renamed: self.plan(name, renamed, None, stage),
            identity,
            remarks(stack, bare, identity, host(base_url) if is_unknown and base_url else None),
        )

    def family_plan(self, name: str, model: str | None, stage: str = "request", traits: Traits | None = None) -> Plan:
        """Return the plan of a family's file alone, at a provider with these traits: what its golden files record."""
        identity = self.identify(model)
        entries = [entry for entry in self.effective(name, family=True) if not unmet(entry.rule.traits, traits or {})]
        rules = _compile(entries, stage, model, identity)
        return Plan(name, model, "", rules, lambda renamed: self.family_plan(name, renamed, stage, traits), identity)


def _with_drafts(file: RuleFile) -> RuleFile:
    """Return a file whose drafts are active."""
    items = (
        replace(item, status="active") if isinstance(item, Rule) and item.status == "draft" else item
        for item in file.items
    )
    return replace(file, items=tuple(items))


def _compile(
    entries: Iterable[StackEntry], stage: str, model: str | None, identity: Identity | None
) -> Iterator[CompiledRule]:
    """Yield those rules of a stage that are in force for a model."""
    is_newer = identity is not None and identity.is_newer
    for any_entry in entries:
        entry = any_entry.at(stage)
        if entry is not None and entry.applies(model, identity):
            yield entry.softened if is_newer else entry.compiled
