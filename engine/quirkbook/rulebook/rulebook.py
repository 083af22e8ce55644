"""A Rulebook: who is meant by a provider's name, and the plan of rules in force for a provider and a model.

Immutable, safe to share between threads; each plan is compiled once and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import RuleFileError, UnknownProviderError, UnknownRuleError, UsageError, did_you_mean
from ..model import Diagnostic, Rule, RuleFile
from ..payload.describe import kind
from ..plan.compile import CompiledRule, Plan, applies, compile_rule
from . import layers
from .layers import RuleSources, StackEntry

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
        self.plans: dict[tuple[str | None, str | None, str | None, str], Plan] = {}
        """Those made so far, by what `plan` was asked; who asks for each payload looks here first."""
        self._stacks: dict[str, list[StackEntry]] = {}
        self._compiled: dict[str, dict[int, CompiledRule]] = {}
        """Provider -> place in its stack -> the compiled rule, which the plans of all models share."""
        for file in layer_files:  # what leads nowhere is refused now, not at the first payload
            layers.effective(self._sources, self._sources.file(file.kind, file.name) or file)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str], builtin: bool = True) -> Rulebook:
        """Read rule folders or single rule files as layers; ``builtin=False`` leaves the shipped rules out.

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
        return cls(files, builtin=builtin)

    # What there is

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of all providers, sorted, without aliases."""
        return self._sources.names("provider")

    @property
    def families(self) -> tuple[str, ...]:
        """The names of all families, sorted."""
        return self._sources.names("family")

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> provider. Asking reads the head of every provider's file."""
        names = reversed(list(self._sources.providers()))  # of two that share an alias, `_named` finds the first
        return {alias: name for name in names for alias in self._head(name).get("aliases", ())}

    def provider(self, name: str) -> RuleFile:
        """Return a provider's facts, found by name or alias.

        Raises:
            UnknownProviderError: with the nearest name and the list of all.
        """
        file = self._sources.file("provider", self._named(name) or "")
        if file is None:
            raise UnknownProviderError(f"unknown provider '{name}'{self._nearest(name)}")
        return file

    def _named(self, name: str) -> str | None:
        """Return the provider of a name or alias; no file is read for a name, and none after the first with the alias."""
        if self._sources.has_provider(name):
            return name
        return next((each for each in self._sources.providers() if name in self._head(each).get("aliases", ())), None)

    def _head(self, name: str) -> Mapping[str, Any]:
        file = self._sources.file("provider", name)
        return file.head if file else {}

    def _nearest(self, name: str) -> str:
        near = did_you_mean(name.lower(), [*self.providers, *self.aliases])
        hint = f": did you mean '{near}'?" if near else ""
        if not near and not self._sources.own:
            hint = "\n  only the built-in rules were read, no folder of your own"
        return f"{hint}\n  known: {', '.join(self.providers)}"

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

    def effective(self, name: str, *, family: bool = False) -> list[StackEntry]:
        """Return the rules of a provider (or of a family alone) in the order they run; disabled ones are marked."""
        file = self._sources.file("family", name) if family else self.provider(name)
        if file is None:
            raise UnknownProviderError(f"unknown family '{name}'\n  known: {', '.join(self.families)}")
        return layers.effective(self._sources, file)

    def resolve(self, provider: str | None, model: str | None, base_url: str | None = None) -> tuple[str, str]:
        """Return (provider, prefix): who is meant, and what names it at the start of ``model``.

        A named provider wins over ``base_url``, that over the model's prefix.

        Raises:
            UnknownProviderError: nobody of that name, or nobody named at all.
            UsageError: one of them is not a string.
        """
        check_names(provider, model, base_url)
        start = model.partition("/")[0] if model and "/" in model else ""
        if provider is not None:
            name = self.provider(provider).name
        elif base_url is not None:
            name = self._at(base_url)
        elif start and (named := self._named(start)):
            name = named
        else:
            problem = (
                f"unknown provider '{start}' in model '{model}'{self._nearest(start)}"
                if start
                else self._unnamed(model)
            )
            raise UnknownProviderError(problem)
        mine = {name, *self._head(name).get("aliases", ())}
        return name, f"{start}/" if start in mine else ""

    def _unnamed(self, model: str | None) -> str:
        own_providers = (name for kind, name in self._sources.own if kind == "provider")
        alike = (name for name in self.providers if model and model.lower().startswith(name))
        example = f"{next(chain(own_providers, alike), 'PROVIDER')}/{model or 'model'}"
        return (
            f"no provider is named: give provider or base_url, or a model such as '{example}'\n"
            f"  known: {', '.join(self.providers)}"
        )

    def _at(self, base_url: str) -> str:
        url = base_url.rstrip("/") + "/"
        for name in self._sources.providers():
            globs = self._head(name).get("endpoints", ())
            if any(fnmatchcase(url, glob) or fnmatchcase(url[:-1], glob) for glob in globs):
                return name
        at_home = [name for name in self.providers if url.startswith(self._home(name))]
        if len(at_home) == 1:
            return at_home[0]
        if at_home:
            text = f"several providers are served at {_host(base_url)}: name one of {', '.join(at_home)}"
            raise UnknownProviderError(text)
        known = ", ".join(self.providers)
        raise UnknownProviderError(f"no provider is known at {_host(base_url)}: name one\n  known: {known}")

    def _home(self, name: str) -> str:
        """Return a provider's own base URL with a slash at its end, which no other text begins with if there is none."""
        home: str = self._head(name).get("base_url", "\0")
        return home.rstrip("/") + "/"

    def plan(
        self, provider: str | None, model: str | None, base_url: str | None = None, stage: str = "request"
    ) -> Plan:
        """Return the plan for a model of a provider, compiled once.

        Raises:
            UnknownProviderError: see `resolve`.
        """
        key = (provider, model, base_url, stage)
        plan = self.plans.get(key)
        if plan is None:
            name, prefix = self.resolve(provider, model, base_url)
            bare = model.removeprefix(prefix) if model else None
            if name not in self._stacks:
                self._stacks[name] = self.effective(name)
            rules = self.compile(self._stacks[name], bare, stage, self._compiled.setdefault(name, {}))
            plan = Plan(name, bare, prefix, rules, lambda renamed: self.plan(name, renamed, None, stage))
            if len(self.plans) >= PLANS_REMEMBERED:
                self.plans.clear()
            self.plans[key] = plan
        return plan

    def family_plan(self, name: str, model: str | None, stage: str = "request") -> Plan:
        """Return the plan of a family's file alone: what its golden files record."""
        rules = self.compile(self.effective(name, family=True), model, stage, {})
        return Plan(name, model, "", rules, lambda renamed: self.family_plan(name, renamed, stage))

    @staticmethod
    def in_force(rule: Rule, model: str | None) -> bool:
        """Tell whether a rule speaks of a model."""
        return applies(rule, model, rule.stage)

    def compile(
        self, stack: Iterable[StackEntry], model: str | None, stage: str, compiled: dict[int, CompiledRule]
    ) -> Iterator[CompiledRule]:
        """Yield the rules of a stack that are in force for a model at a stage, each compiled once, at its place."""
        for place, entry in enumerate(stack):
            if entry.disabled is None and applies(entry.rule, model, stage):
                rule = compiled.get(place)
                if rule is None:
                    rule = compiled[place] = compile_rule(entry.rule, entry.named_conditions, place)
                yield rule


def check_names(provider: Any, model: Any, base_url: Any) -> None:
    """Refuse arguments that cannot name a provider.

    Raises:
        UsageError: with what to write.
    """
    given = (
        ("provider", provider, "a name that `quirkbook providers` lists"),
        ("model", model, '"PROVIDER/model"'),
        ("base_url", base_url, '"https://host/v1"'),
    )
    for name, value, hint in given:
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{name} must be a string, not {kind(value)}: write {hint}")


def _host(url: str) -> str:
    """Return the host of a URL, never the whole: it may hold a key."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return host or "that base_url"
