"""Rule files of all layers -> the facts of one provider: files joined, includes read, disabled rules marked.

Built-in files are read when first asked for: a provider costs what its own files cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..errors import RuleFileError, did_you_mean
from ..model import Diagnostic, Disable, Include, Rule, RuleFile
from . import builtin as builtin_files
from .connections import Entry

Item = Rule | Include


@dataclass(frozen=True, slots=True)
class StackEntry:
    """A rule in a provider's effective list: the names it may use, and who switched it off, if anybody did."""

    rule: Rule
    named_conditions: Mapping[str, Any]
    disabled: Disable | None = None


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


def effective(sources: RuleSources, file: RuleFile) -> list[StackEntry]:
    """Return the rules of a provider or family in the order they run, each with the names it may use.

    Raises:
        RuleFileError: an include that leads nowhere or in a circle, a `disable` of a rule that is not there.
    """
    stack: list[StackEntry] = []
    disables: list[Disable] = []
    _collect(sources, file, {}, (), set(), stack, disables)
    known = [entry.rule.name for entry in stack]
    diagnostics = [_unknown_rule(disable, known) for disable in disables if disable.rule not in known]
    if diagnostics:
        raise RuleFileError(diagnostics)
    off = {disable.rule: disable for disable in disables}
    return [replace(entry, disabled=off[entry.rule.name]) if entry.rule.name in off else entry for entry in stack]


def _collect(
    sources: RuleSources,
    file: RuleFile,
    named_conditions: Mapping[str, Any],
    path: tuple[str, ...],
    read: set[str],
    stack: list[StackEntry],
    disables: list[Disable],
) -> None:
    """Read a file and what it includes, each file once, at its first place."""
    target = f"{file.kind}/{file.name}"
    read.add(target)
    named_conditions = {**file.named_conditions, **named_conditions}  # who includes may restate a name
    disables += file.disables
    for item in file.items:
        if isinstance(item, Rule):
            stack.append(StackEntry(item, named_conditions))
        elif item.target in (*path, target):
            circle = " -> ".join([*path, target, item.target])
            raise RuleFileError(
                [Diagnostic(item.location, "Q112", f"includes go in a circle: {circle}", "take one of them out")]
            )
        elif item.target not in read:
            kind, _, name = item.target.partition("/")
            below = sources.file(kind, name)
            if below is None:
                raise RuleFileError([_unknown_include(item, sources)])
            _collect(sources, below, named_conditions, (*path, target), read, stack, disables)


def _unknown_include(item: Include, sources: RuleSources) -> Diagnostic:
    known = [f"{kind}/{name}" for kind in ("family", "provider") for name in sources.names(kind)]
    near = did_you_mean(item.target, known)
    hint = f"did you mean '{near}'?" if near else f"known families: {', '.join(sources.names('family'))}"
    return Diagnostic(item.location, "Q113", f"there is no '{item.target}' to include", hint)


def _unknown_rule(disable: Disable, known: Sequence[str]) -> Diagnostic:
    near = did_you_mean(disable.rule, known)
    hint = f"did you mean '{near}'?" if near else "see 'quirkbook rules -p PROVIDER'"
    return Diagnostic(disable.location, "Q119", f"no rule '{disable.rule}' is there to disable", hint)


def all_rules(sources: RuleSources) -> Iterator[Rule]:
    """Yield every rule of every file once, providers before families."""
    for kind in ("provider", "family"):
        for name in sources.names(kind):
            file = sources.file(kind, name)
            yield from (item for item in (file.items if file else ()) if isinstance(item, Rule))
