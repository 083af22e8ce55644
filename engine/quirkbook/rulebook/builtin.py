"""The built-in rule files: named without opening one, and read without a second proof.

They are proven by `quirkbook check` before release, so their meaning is not checked again. A package that was built
carries each of them precompiled: its data without the examples, which are for proofs alone, and the places that matter, in
Python's own form for code (JSON has no keys but text, a `map` has), so that a start need not parse YAML. A precompiled
form counts only for the very text that it was made of; a file that was edited is read itself, as in a checkout all are.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import source_hash
from typing import Any

from ..identity.outline import Outline, build
from ..identity.resolve import Resolver
from ..model import Example, Keys, Location, Rule, RuleFile
from ..resources import folder
from . import connections
from .build import Source, rule_file

#: The table of providers without rules, see `connections`. It is read when a name is in no file, or all are asked for.
TABLE = "connections.yaml"

#: Of `marshal`: without references, so that the same file gives the same bytes, and readable to every Python.
_FORMAT = 2


#: The file of words in ids that say nothing of the model.
WORDS = "words.yaml"

#: The folder of wordings of refusals, and the key that names one of its files.
REFUSALS = "refusals"


def names() -> dict[tuple[str, str], str]:
    """Name the files of rules by (kind, name): a file bears the name of its provider or family."""
    rules = folder("rules")
    files = {("provider", entry.name[:-5]): entry.name for entry in rules.iterdir() if entry.name.endswith(".yaml")}
    for table in (TABLE, WORDS):
        files.pop(("provider", table[:-5]), None)
    families = rules / "families"
    for entry in families.iterdir():
        if entry.name.endswith(".yaml"):
            files["family", entry.name[:-5]] = f"families/{entry.name}"
    return files


def all_files() -> list[str]:
    """Name every file that ships, sorted: those of rules and the table of connections."""
    return sorted([TABLE, *names().values()])


def table() -> Mapping[str, connections.Entry]:
    """Read the table of connections: provider -> its entry."""
    raw = _bytes(TABLE)
    return connections.entries(_precompiled(TABLE, raw) or _document(TABLE, raw))


def read(name: str) -> RuleFile:
    """Read a file; where it is precompiled, the examples of its rules are read when somebody asks for one."""
    raw = _bytes(name)
    if precompiled := _precompiled(name, raw):
        return rule_file(precompiled, examples=lambda at: _LazyExamples(name, at))
    return rule_file(_document(name, raw))


def _bytes(name: str) -> bytes:
    return (folder("rules") / name).read_bytes()


def _document(name: str, raw: bytes) -> Source:
    from ..source.yaml import read as read_yaml  # here alone, as PyYAML costs a tenth of the start

    return read_yaml(raw, f"rules/{name}")


@cache
def _parsed_whole(name: str) -> RuleFile:
    return rule_file(_document(name, _bytes(name)))


@dataclass(frozen=True, slots=True)
class _LazyExamples(Sequence[Example]):
    """The examples of one rule of a precompiled file, still in their file."""

    file: str
    at: int

    def _read(self) -> Sequence[Example]:
        item = _parsed_whole(self.file).items[self.at]
        return item.examples if isinstance(item, Rule) else ()

    def __getitem__(self, at: Any) -> Any:
        return self._read()[at]

    def __len__(self) -> int:
        return len(self._read())


class _Precompiled:
    """A file's data without the examples of its rules, and the places of what is located when it is read."""

    def __init__(self, name: str, data: Any, places: Mapping[str, tuple[int, int]]) -> None:
        self.name, self.data, self._places = name, data, places

    def locate(self, keys: Keys) -> Location:
        return Location(self.name, *self._places[_place(keys)])


def _place(keys: Keys) -> str:
    return "/".join(map(str, keys))


def precompiled_name(name: str) -> str:
    """Return the name in the folder ``precompiled`` of what a file becomes: ``families/kimi.yaml`` -> ``families-kimi.marshal``."""
    return name.replace("/", "-").removesuffix(".yaml") + ".marshal"


def _precompiled(name: str, raw: bytes) -> _Precompiled | None:
    """Return the precompiled form of a file that holds ``raw``; None if there is none, as in a checkout."""
    try:
        precompiled = (folder("precompiled") / precompiled_name(name)).read_bytes()
    except FileNotFoundError:
        return None
    mark = source_hash(raw)
    if not precompiled.startswith(mark):
        return None
    return _Precompiled(f"rules/{name}", *marshal.loads(precompiled[len(mark) :]))


def precompile(name: str) -> bytes:
    """Return a file precompiled, for the package that is being built."""
    raw = _bytes(name)
    recording = _RecordingSource(_document(name, raw))
    if name == TABLE:
        for entry in connections.entries(recording).values():
            entry.file()
        return source_hash(raw) + marshal.dumps((recording.data, recording.places), _FORMAT)
    rule_file(recording, examples=lambda at: ())
    rules = [
        {key: value for key, value in node.items() if key != "examples"} for node in recording.data.get("rules", ())
    ]
    brief = {**recording.data, "rules": rules} if rules else recording.data
    return source_hash(raw) + marshal.dumps((brief, recording.places), _FORMAT)


class _RecordingSource:
    """A document that records which places were asked for."""

    def __init__(self, document: Source) -> None:
        self.name, self.data, self._document = document.name, document.data, document
        self.places: dict[str, tuple[int, int]] = {}

    def locate(self, keys: Keys) -> Location:
        location = self._document.locate(keys)
        self.places[_place(keys)] = location.line, location.column
        return location


# How the families name their models

OUTLINE = "outline.marshal"
"""What the package carries of all families' heads, so that no family's file is read to resolve an id."""


@cache
def resolver() -> Resolver:
    """Return what resolves ids by the built-in families."""
    raws = _heads()
    mark = source_hash(b"".join(raws.values()))
    try:
        precompiled = (folder("precompiled") / OUTLINE).read_bytes()
    except FileNotFoundError:
        precompiled = b""
    if precompiled.startswith(mark):
        return Resolver(marshal.loads(precompiled[len(mark) :]))
    return Resolver(_outline(raws))


def precompile_outline() -> bytes:
    """Return the outline of the built-in families, for the package that is being built."""
    raws = _heads()
    return source_hash(b"".join(raws.values())) + marshal.dumps(_outline(raws), _FORMAT)


def words() -> Mapping[str, Sequence[str]]:
    """Return the words in ids that say nothing of the model, in groups."""
    words: Mapping[str, Sequence[str]] = _document(WORDS, _bytes(WORDS)).data["words"]
    return words


@cache
def refusals() -> tuple[RuleFile, ...]:
    """Return the files of wordings of refusals, in order of name."""
    names = sorted(entry.name for entry in (folder("rules") / REFUSALS).iterdir() if entry.name.endswith(".yaml"))
    documents = [_document(f"{REFUSALS}/{name}", _bytes(f"{REFUSALS}/{name}")) for name in names]
    return tuple(
        RuleFile(REFUSALS, document.data[REFUSALS], document.data, (), {}, (), Location(document.name, 1, 1))
        for document in documents
    )


def _heads() -> dict[str, bytes]:
    """Return what stands above the rules of each family's file, and the words."""
    files = sorted(file for (kind, _), file in names().items() if kind == "family")
    return {name: _bytes(name).partition(b"\nrules:")[0] + b"\n" for name in (*files, WORDS)}


def _outline(raws: Mapping[str, bytes]) -> Outline:
    heads = [_document(name, raw).data for name, raw in raws.items() if name != WORDS]
    naming = {head["family"]: head["naming"] for head in heads if "naming" in head}
    return build(naming, _document(WORDS, raws[WORDS]).data["words"].values())
