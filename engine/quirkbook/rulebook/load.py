"""Rule files -> frozen rules, or every diagnostic of them at its place; a file loads whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..errors import RuleFileError
from ..model import Diagnostic, Location, Rule, RuleFile
from ..plan.regex import compile_re2
from ..source.document import Document
from ..source.yaml import MAX_BYTES, read
from . import connections
from .build import rule_file
from .meaning import diagnostics_of, diagnostics_of_table
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
        _refuse(diagnostics_of(document))
    return rule_file(document, layer)


def _entries(table: Document, layer: str) -> list[RuleFile]:
    _refuse(diagnostics_of_table(table))
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
            diagnostics += error.diagnostics if _is_inside(place, Path(path)) else [_veiled(place)]
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


def _is_inside(place: Path, folder: Path) -> bool:
    """Tell whether a file lies in a folder, wherever links lead; one that was named itself does."""
    return place == folder or place.resolve().is_relative_to(folder.resolve())


def _veiled(place: Path) -> Diagnostic:
    """Return the one diagnostic for a faulty file outside: it may be no rule file at all, and a secret."""
    message = "this link leads out of the folder, to a file that is not a valid rule file"
    return Diagnostic(
        Location(str(place), 1, 1), "Q118", message, "quirkbook check names the faults of the file itself"
    )


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
