"""Rule files of all layers -> the facts of one provider: files joined, includes read, disabled rules marked.

Built-in files are read when first asked for: a provider costs what its own files cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..errors import RuleFileError, did_you_mean
from ..identity.outline import build
from ..identity.resolve import Resolver
from ..model import Diagnostic, Disable, Include, Rule, RuleFile
from . import builtin as builtin_files
from .connections import Entry
from .stack import EVERYWHERE, Stack, StackEntry, everywhere

Item = Rule | Include


class RuleSources:
    """All rule files: those of the user's layers, above the built-in ones."""

    def __init__(self, files: Sequence[RuleFile], *, builtin: bool) -> None:
        self.own: dict[tuple[str, str], list[RuleFile]] = {}
        """The user's files by (kind, name), lowest layer first."""
        for file in files:
            self.own.setdefault((file.kind, file.name), []).append(file)
        self._builtin = builtin
        self._shipped = builtin_files.names() if builtin else {}
        self._joined: dict[tuple[str, str], RuleFile | None] = {}

    @cached_property
    def _table(self) -> Mapping[str, Entry]:
        """The built-in table of connections, read for the first provider that no file is named after."""
        return builtin_files.table() if self._builtin else {}

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of all providers or families, sorted."""
        return tuple(sorted(set(self._each(kind))))

    def providers(self) -> Iterator[str]:
        """Yield the names of all providers, each once, those first that cost least to read: the user's, then the table's."""
        yield from dict.fromkeys(self._each("provider"))

    def _each(self, kind: str) -> Iterator[str]:
        yield from (name for of, name in self.own if of == kind)
        if kind == "provider":
            yield from self._table
        yield from (name for of, name in self._shipped if of == kind)

    def has_provider(self, name: str) -> bool:
        """Tell whether a provider bears a name; the table is read only where no file does."""
        key = ("provider", name)
        return key in self.own or key in self._shipped or name in self._table

    def file(self, kind: str, name: str) -> RuleFile | None:
        """Return one provider's or family's facts, all layers joined; None if there are none."""
        key = (kind, name)
        if key not in self._joined:
            files = list(self.own.get(key, ()))
            if key in self._shipped:
                files.insert(0, builtin_files.read(self._shipped[key]))
            elif kind == "provider" and name in self._table:
                files.insert(0, self._table[name].file())
            self._joined[key] = join(files) if files else None
        return self._joined[key]

    @cached_property
    def resolver(self) -> Resolver:
        """Tells what the ids of models say, by how the families of all layers name theirs."""
        if self._builtin and not any(kind in ("family", "words") for kind, _ in self.own):
            return builtin_files.resolver()
        heads = {name: file.head for name in self.names("family") if (file := self.file("family", name))}
        naming = {name: head["naming"] for name, head in heads.items() if "naming" in head}
        words = [*builtin_files.words().values()]
        for file in self.own.get(("words", "words"), ()):
            words += file.head["words"].values()
        return Resolver(build(naming, words))

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Names that rules once bore -> those that they bear now. Asking reads every file of rules."""
        return {old: rule.name for rule in all_rules(self) for old in rule.was}

    @property
    def named_families(self) -> tuple[str, ...]:
        """The families that say how their models are named."""
        return self.resolver.families


def join(files: Sequence[RuleFile]) -> RuleFile:
    """Join the files of one provider or family: a later one's head and names win, its rules replace or follow."""
    joined, *others = files
    for file in others:
        items = list(joined.items)
        places = {item.id: at for at, item in enumerate(items) if isinstance(item, Rule)}
        for item in file.items:
            if isinstance(item, Rule) and item.id in places:
                items[places[item.id]] = item
            else:
                items.append(item)
        joined = replace(
            joined,
            head={**joined.head, **file.head},
            items=tuple(items),
            named_conditions={**joined.named_conditions, **file.named_conditions},
            disables=(*joined.disables, *file.disables),
            layer=file.layer,
        )
    return joined


def stack(sources: RuleSources, file: RuleFile) -> Stack:
    """Return the rules of a provider or family in the order they run, each with the names it may use.

    Raises:
        RuleFileError: an include that leads nowhere or in a circle, a `disable` of what is not there.
    """
    collected = _Collected(sources)
    collected.collect(file, {}, ())
    disables, diagnostics = _founded(sources, collected)
    if diagnostics:
        raise RuleFileError(diagnostics)
    stack = Stack(
        entries=[replace(entry, place=(place, 0)) for place, entry in enumerate(collected.entries)],
        marker=collected.place_of_families,
        names=file.named_conditions,
        included=frozenset(target.partition("/")[2] for target in collected.read if target.startswith("family/")),
        disables=disables,
        facts=collected.facts,
    )
    if file.kind == "family":  # by itself it is at no provider, so that all of it holds
        return replace(stack, entries=[replace(entry, disabled=stack.off(entry.rule)) for entry in stack.entries])
    return replace(stack, entries=[stack.here(entry) for entry in stack.entries])


def _founded(sources: RuleSources, collected: _Collected) -> tuple[list[Disable], list[Diagnostic]]:
    """Return what is disabled, by the names that rules bear now, and a diagnostic for each `disable` of what is not there."""
    known = {entry.rule.name for entry in collected.entries}
    disables: list[Disable] = []
    diagnostics: list[Diagnostic] = []
    for disable in collected.disables:
        if disable.family:
            families = (*sources.named_families, *EVERYWHERE)
            if disable.family not in families:
                diagnostics.append(_unknown_family(disable, families))
        elif disable.rule not in known:
            names = {rule.name for owner in _owners(sources, disable.rule) for rule, _ in family_rules(sources, owner)}
            if disable.rule not in names:
                now = sources.renamed.get(disable.rule)
                if now is None:
                    diagnostics.append(_unknown_rule(disable, [*known, *names]))
                else:
                    disable = replace(disable, rule=now, was=disable.rule)
        disables.append(disable)
    return disables, diagnostics


def _owners(sources: RuleSources, rule: str) -> tuple[str, ...]:
    """Return the families that are in force without an include and may hold a rule."""
    owner = rule.partition("/")[0]
    return (owner,) if owner in (*sources.named_families, *EVERYWHERE) else ()


def family_rules(sources: RuleSources, family: str) -> list[tuple[Rule, Mapping[str, Any]]]:
    """Return the rules of a family with the names that its file gives them."""
    file = sources.file("family", family)
    if file is None:
        return []
    collected = _Collected(sources)
    collected.collect(file, {}, ())
    return [(entry.rule, entry.named_conditions) for entry in collected.entries]


def rules_everywhere(sources: RuleSources) -> Iterator[StackEntry]:
    """Yield the entries of the families that are in force at every provider."""
    for family in EVERYWHERE:
        yield from everywhere(family, family_rules(sources, family))


class _Collected:
    """What a file and those that it includes hold; each file is read once, at its first place."""

    def __init__(self, sources: RuleSources) -> None:
        self._sources = sources
        self.read: set[str] = set()
        self.entries: list[StackEntry] = []
        self.disables: list[Disable] = []
        self.facts: dict[str, Any] = {}
        self.marker: int | None = None
        self.first_own: int | None = None

    @property
    def place_of_families(self) -> int:
        """Where the rules of the model's family come: at the marker, else before the first rule of a provider's own.

        So they run behind the families that a provider includes at its head.
        """
        places = (self.marker, self.first_own, len(self.entries))
        return next(place for place in places if place is not None)

    def collect(self, file: RuleFile, named_conditions: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """Read a file and what it includes."""
        target = f"{file.kind}/{file.name}"
        self.read.add(target)
        named_conditions = {**file.named_conditions, **named_conditions}  # who includes may restate a name
        self.disables += file.disables
        for key in _INHERITED:
            if key in file.head:
                self.facts.setdefault(key, file.head[key])
        self.facts["traits"] = {**file.head.get("traits", {}), **self.facts.get("traits", {})}
        family = file.name if file.kind == "family" and "naming" in file.head else None
        for item in file.items:
            if isinstance(item, Rule):
                if file.kind == "provider" and self.first_own is None:
                    self.first_own = len(self.entries)
                self.entries.append(StackEntry(item, named_conditions, family))
            elif item.target == "families":
                self.marker = len(self.entries) if self.marker is None else self.marker
            else:
                self._include(item, named_conditions, (*path, target))

    def _include(self, item: Include, named_conditions: Mapping[str, Any], path: tuple[str, ...]) -> None:
        if item.target in path:
            circle = " -> ".join([*path, item.target])
            raise RuleFileError(
                [Diagnostic(item.location, "Q112", f"includes go in a circle: {circle}", "take one of them out")]
            )
        if item.target not in self.read:
            kind, _, name = item.target.partition("/")
            below = self._sources.file(kind, name)
            if below is None:
                raise RuleFileError([_unknown_include(item, self._sources)])
            self.collect(below, named_conditions, path)


#: What a provider's head says that holds for providers that include it, unless they say otherwise.
_INHERITED = ("serves", "names", "keys", "reads")


def _unknown_include(item: Include, sources: RuleSources) -> Diagnostic:
    known = [f"{kind}/{name}" for kind in ("family", "provider") for name in sources.names(kind)]
    near = did_you_mean(item.target, known)
    hint = f"did you mean '{near}'?" if near else f"known families: {', '.join(sources.names('family'))}"
    return Diagnostic(item.location, "Q113", f"there is no '{item.target}' to include", hint)


def _unknown_rule(disable: Disable, known: Sequence[str]) -> Diagnostic:
    near = did_you_mean(disable.rule, known)
    hint = f"did you mean '{near}'?" if near else "see 'quirkbook rules -p PROVIDER'"
    return Diagnostic(disable.location, "Q119", f"no rule '{disable.rule}' is there to disable", hint)


def _unknown_family(disable: Disable, known: Sequence[str]) -> Diagnostic:
    near = did_you_mean(disable.family, known)
    hint = f"did you mean '{near}'?" if near else f"known families: {', '.join(known)}"
    return Diagnostic(disable.location, "Q119", f"no family '{disable.family}' is there to disable", hint)


def all_rules(sources: RuleSources) -> Iterator[Rule]:
    """Yield every rule of every file once, providers before families."""
    for kind in ("provider", "family"):
        for name in sources.names(kind):
            file = sources.file(kind, name)
            yield from (item for item in (file.items if file else ()) if isinstance(item, Rule))
