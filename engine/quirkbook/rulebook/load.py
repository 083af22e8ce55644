"""Rule files -> frozen rules, or every diagnostic of them at its place; a file loads whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from ..errors import RuleFileError
from ..model import Diagnostic, Keys, Location, Rule, RuleFile
from ..plan.actions import Context, compile_actions
from ..plan.conditions import Names, Report, compile_condition
from ..plan.regex import compile_re2
from ..source.document import Document
from ..source.yaml import MAX_BYTES, read
from . import connections
from .build import rule_file
from .check_models import check_models
from .validate import check

VERSION: Final = 1
"""The version of the rule language that this reader knows."""

MOST_FAULTS: Final = 100
"""Faults of one file that are shown; more tell nobody anything."""
_SUFFIXES = (".yaml", ".yml", ".json")


def load_file(raw: bytes, name: str, *, layer: str = "built-in", trusted: bool = False) -> RuleFile:
    """Read one rule file; ``name`` is what places call it. ``trusted`` leaves out the checks of meaning.

    Raises:
        RuleFileError: with every diagnostic, in order of place.
    """
    return _rules(_document(raw, name), layer, trusted=trusted)


def _document(raw: bytes, name: str) -> Document:
    document = read(raw, name)
    _refuse_newer(document)
    return document


def _rules(document: Document, layer: str, *, trusted: bool = False) -> RuleFile:
    if not trusted:
        _refuse(_diagnostics(document))
    return rule_file(document, layer)


def _entries(table: Document, layer: str) -> list[RuleFile]:
    _refuse(_diagnostics_of_table(table))
    return [entry.file(layer) for entry in connections.entries(table).values()]


def _words(document: Document, layer: str) -> RuleFile:
    _refuse(diagnostic for _, diagnostic in check(document, "words"))
    head = {"words": document.data["words"]}
    return RuleFile("words", "words", head, (), {}, (), Location(document.name, 1, 1), layer)


def _refusals(document: Document, layer: str) -> RuleFile:
    _refuse(diagnostic for _, diagnostic in check(document, "refusals"))
    for at, wording in enumerate(document.data["wordings"]):
        try:
            compile_re2(wording["says"])
        except ValueError as error:
            _refuse([document.diagnostic("Q109", ("wordings", at, "says"), str(error))])
    return RuleFile(
        "refusals", document.data["refusals"], document.data, (), {}, (), Location(document.name, 1, 1), layer
    )


def _refuse(diagnostics: Iterable[Diagnostic]) -> None:
    if ordered := sorted(dict.fromkeys(diagnostics), key=lambda diagnostic: diagnostic.location):
        if len(ordered) > MOST_FAULTS:
            more = f"and {len(ordered) - MOST_FAULTS:,} more faults in this file"
            place = ordered[MOST_FAULTS].location
            ordered = [
                *ordered[:MOST_FAULTS],
                Diagnostic(place, ordered[MOST_FAULTS].code, more, "mend the first ones"),
            ]
        raise RuleFileError(ordered)


def load_folder(path: str | os.PathLike[str], layer: str) -> tuple[RuleFile, ...]:
    """Read every ``*.yaml``, ``*.yml`` and ``*.json`` below a folder, in order of path; or just one file.

    An entry of a table of connections becomes a file of its provider without rules; a file of words or of wordings of
    refusals has them in its head.

    Raises:
        RuleFileError: with the diagnostics of all files.
    """
    files: list[RuleFile] = []
    entries: list[RuleFile] = []
    diagnostics: list[Diagnostic] = []
    places = _rule_files(Path(path), diagnostics)
    for place in places:
        try:
            document = _document(_read_bytes(place), str(place))
            if connections.is_table(place.name, document.data):
                entries += _entries(document, layer)
            elif isinstance(document.data, dict) and "words" in document.data:
                files.append(_words(document, layer))
            elif isinstance(document.data, dict) and "refusals" in document.data:
                files.append(_refusals(document, layer))
            else:
                files.append(_rules(document, layer))
        except RuleFileError as error:
            diagnostics += error.diagnostics
    if not places and not diagnostics:
        hint = f"rule files end in {', '.join(_SUFFIXES)}"
        diagnostics.append(Diagnostic(Location(str(path), 1, 1), "Q118", "no rule file is in this folder", hint))
    diagnostics += [*_written_twice(files), *_connected_twice(files, entries)]
    if diagnostics:
        raise RuleFileError(sorted(diagnostics, key=lambda diagnostic: diagnostic.location))
    return (*files, *entries)


def _written_twice(files: Sequence[RuleFile]) -> Iterator[Diagnostic]:
    """Yield the rules of one layer that stand in two files: one of them would vanish."""
    ids: dict[tuple[str, str, str], Location] = {}
    for file in files:
        for rule in (item for item in file.items if isinstance(item, Rule)):
            place = ids.setdefault((file.kind, file.name, rule.id), rule.location)
            if place is not rule.location:
                message = (
                    f"the id '{rule.id}' of {file.kind} {file.name} is used twice: first in {place.file}:{place.line}"
                )
                yield Diagnostic(rule.location, "Q116", message, "keep one of them, or give it another id")


def _connected_twice(files: Iterable[RuleFile], entries: Iterable[RuleFile]) -> Iterator[Diagnostic]:
    """Yield the entries whose provider has another entry, or a file, in the same layer: what one of them says would vanish."""
    places = {file.name: file.location for file in files if file.kind == "provider"}
    for entry in entries:
        place = places.setdefault(entry.name, entry.location)
        if place is not entry.location:
            message = (
                f"the provider '{entry.name}' stands in two files of this folder: here and in {place.file}:{place.line}"
            )
            hint = "keep one of them; a provider with rules has its connection in the head of its file"
            yield Diagnostic(entry.location, "Q116", message, hint)


def _rule_files(path: Path, diagnostics: list[Diagnostic]) -> list[Path]:
    if path.is_file():
        return [path]
    paths: list[Path] = []

    def refuse(error: OSError) -> None:
        diagnostics.append(_unreadable(error.filename, "folder", error))

    for folder, folders, names in os.walk(path, onerror=refuse):
        # Golden files lie beside the rules that they record.
        folders[:] = [name for name in folders if not name.startswith(".") and name != "golden"]
        names = [name for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")]
        paths += [Path(folder, name) for name in names]
    return sorted(paths)


def _read_bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device would keep its reader for ever
            message, hint = "this is neither a file nor a link to one", "rule files are plain files"
            raise RuleFileError([Diagnostic(Location(str(path), 1, 1), "Q118", message, hint)])
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one more than is read is enough to refuse it
    except OSError as error:
        raise RuleFileError([_unreadable(str(path), "file", error)]) from None


def _unreadable(name: str, kind: str, error: OSError) -> Diagnostic:
    return Diagnostic(Location(name, 1, 1), "Q118", f"cannot read this {kind}: {error.strerror}")


def _refuse_newer(document: Document) -> None:
    version = document.data.get("quirks") if isinstance(document.data, dict) else None
    if isinstance(version, int) and version > VERSION:
        message = (
            f"this file is written in version {version} of the rule language; "
            f"this Quirkbook reads version {VERSION}: upgrade it"
        )
        raise RuleFileError([document.diagnostic("Q114", ("quirks",), message)])


# What the schema cannot say


def _diagnostics(document: Document) -> list[Diagnostic]:
    """Return all diagnostics: those of shape, and those of meaning wherever the shape is right."""
    shape = check(document)
    diagnostics = [diagnostic for _, diagnostic in shape]
    if not isinstance(document.data, dict):
        return diagnostics
    broken = {keys[:2] for keys, _ in shape}

    def report(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
        diagnostics.append(document.diagnostic(code, keys, message, hint, key=key))

    names = Names(_named_conditions(document.data.get("let"), broken))
    for name, node in names.nodes.items():
        compile_condition(node, ("let", name), names, report)
    _check_circles(names.nodes, report)
    if not shape:  # the rest asks what is written where
        check_models(document, report)
        _check_traits(document.data.get("traits", {}), (), report)
    rules = document.data.get("rules")
    ids: dict[str, Keys] = {}
    for at, node in enumerate(rules if isinstance(rules, list) else ()):
        keys: Keys = ("rules", at)
        if isinstance(node, dict) and isinstance(node.get("id"), str):
            place = ids.setdefault(node["id"], keys)
            if place is not keys:
                line = document.locate((*place, "id")).line
                report("Q116", (*keys, "id"), f"the id '{node['id']}' is used twice: first in line {line}")
        if keys not in broken and "include" not in node:
            _check_rule(node, keys, names, report)
    return diagnostics


def _diagnostics_of_table(table: Document) -> list[Diagnostic]:
    """Return all diagnostics of a table of connections."""
    shape = check(table, "connections")
    diagnostics = [diagnostic for _, diagnostic in shape]
    broken = {keys[:2] for keys, _ in shape}
    if () in broken or ("connections",) in broken:
        return diagnostics

    def report(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
        diagnostics.append(table.diagnostic(code, keys, message, hint, key=key))

    owners: dict[str, str] = {name: name for name in table.data[connections.NAME]}
    for name, entry in table.data[connections.NAME].items():
        keys: Keys = (connections.NAME, name)
        if keys in broken:
            continue
        if "verified" in entry:
            _check_day(entry, keys, report)
        _check_traits(entry.get("traits", {}), keys, report)
        for at, alias in enumerate(entry.get("aliases", ())):
            if owners.setdefault(alias, name) != name:
                message = f"the alias '{alias}' already means {owners[alias]}"
                report("Q116", (*keys, "aliases", at), message, "keep one of them")
    return diagnostics


def _named_conditions(node: Any, broken: set[Keys]) -> Mapping[str, Any]:
    """Return what `let` names; a name whose condition has diagnostics is known, but means nothing."""
    if not isinstance(node, dict):
        return {}
    named = {key: value for key, value in node.items() if isinstance(key, str)}
    return {key: {} if ("let", key) in broken else value for key, value in named.items()}


def _check_circles(nodes: Mapping[str, Any], report: Report) -> None:
    uses = {name: sorted(set(_names_in(node)) & set(nodes)) for name, node in nodes.items()}
    for name in nodes:
        if circle := _circle(name, uses):
            way = " -> ".join(f"${used}" for used in circle)
            message = f"the name '${name}' is defined by itself: {way}"
            report("Q111", ("let", name), message, "break the circle", key=True)


def _circle(name: str, uses: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Return the shortest way from a name back to itself."""
    ways: list[tuple[str, ...]] = [(name,)]
    visited = set()
    for way in ways:  # grows while it is read
        for used in uses[way[-1]]:
            if used == name:
                return (*way, name)
            if used not in visited:
                visited.add(used)
                ways.append((*way, used))
    return None


def _names_in(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(key, str) and key.startswith("$"):
            yield key[1:]
        if isinstance(value, dict | list):
            yield from _names_in(value)


def _check_rule(node: Mapping[str, Any], keys: Keys, names: Names, report: Report) -> None:
    """Check one rule whose shape is right: paths, names, expressions, bounds, and where actions may stand."""
    _check_day(node, keys, report)
    if "when" in node:
        compile_condition(node["when"], (*keys, "when"), names, report)
    compile_actions(node["do"], (*keys, "do"), Context(names, report, node.get("stage", "request")))


def _check_traits(traits: Mapping[str, Any], keys: Keys, report: Report) -> None:
    for name, fact in traits.items():
        _check_day(fact, (*keys, "traits", name), report)


def _check_day(node: Mapping[str, Any], keys: Keys, report: Report) -> None:
    day = node["verified"]["date"]
    try:
        date.fromisoformat(day)
    except ValueError:
        report("Q109", (*keys, "verified", "date"), f"'date' must be a day of the calendar, not '{day}'")
