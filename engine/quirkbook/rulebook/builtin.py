"""The built-in rule files: named without opening one, and read without a second proof.

They are proven by `quirkbook check` before release, so their meaning is not checked again. A package that was built
carries an outline of each: its data without the examples, which are for proofs alone, and the places that matter, in
Python's own form for code (JSON has no keys but text, a `map` has), so that a start need not parse YAML. An outline
counts only for the very text that it was made of; a file that was edited is read itself, as in a checkout all are.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import source_hash
from typing import Any

from ..model import Example, Keys, Location, Rule, RuleFile
from ..resources import folder
from .build import Source, rule_file

#: Of `marshal`: without references, so that the same file gives the same bytes, and readable to every Python.
_FORMAT = 2


def names() -> dict[tuple[str, str], str]:
    """Name the files by (kind, name): a file bears the name of its provider or family."""
    rules = folder("rules")
    found = {("provider", entry.name[:-5]): entry.name for entry in rules.iterdir() if entry.name.endswith(".yaml")}
    families = rules / "families"
    for entry in families.iterdir():
        if entry.name.endswith(".yaml"):
            found["family", entry.name[:-5]] = f"families/{entry.name}"
    return found


def read(name: str) -> RuleFile:
    """Read a file; with an outline, the examples of its rules are read when somebody asks for one."""
    raw = _bytes(name)
    if outline := _outline(name, raw):
        return rule_file(outline, examples=lambda at: _Unread(name, at))
    return rule_file(_document(name, raw))


def _bytes(name: str) -> bytes:
    return (folder("rules") / name).read_bytes()


def _document(name: str, raw: bytes) -> Source:
    from ..source.yaml import read as read_yaml  # here alone, as PyYAML costs a tenth of the start

    return read_yaml(raw, f"rules/{name}")


@cache
def _whole(name: str) -> RuleFile:
    return rule_file(_document(name, _bytes(name)))


@dataclass(frozen=True, slots=True)
class _Unread(Sequence[Example]):
    """The examples of one rule of an outline, still in their file."""

    file: str
    at: int

    def _read(self) -> Sequence[Example]:
        item = _whole(self.file).items[self.at]
        return item.examples if isinstance(item, Rule) else ()

    def __getitem__(self, at: Any) -> Any:
        return self._read()[at]

    def __len__(self) -> int:
        return len(self._read())


class _Outline:
    """A file's data without the examples of its rules, and the places of what is located when it is read."""

    def __init__(self, name: str, data: Any, places: Mapping[str, tuple[int, int]]) -> None:
        self.name, self.data, self._places = name, data, places

    def locate(self, keys: Keys) -> Location:
        return Location(self.name, *self._places[_place(keys)])


def _place(keys: Keys) -> str:
    return "/".join(map(str, keys))


def outline_name(name: str) -> str:
    """Return the name of a file's outline in the folder ``outlines``: ``families/kimi.yaml`` -> ``families-kimi.outline``."""
    return name.replace("/", "-").removesuffix(".yaml") + ".outline"


def _outline(name: str, raw: bytes) -> _Outline | None:
    """Return the outline of a file that holds ``raw``; None if there is none, as in a checkout."""
    try:
        outline = (folder("outlines") / outline_name(name)).read_bytes()
    except FileNotFoundError:
        return None
    mark = source_hash(raw)
    if not outline.startswith(mark):
        return None
    return _Outline(f"rules/{name}", *marshal.loads(outline[len(mark) :]))


def make_outline(name: str) -> bytes:
    """Return the outline of a file, for the package that is being built."""
    raw = _bytes(name)
    noted = _Noted(_document(name, raw))
    rule_file(noted, examples=lambda at: ())
    rules = [{key: value for key, value in node.items() if key != "examples"} for node in noted.data.get("rules", ())]
    brief = {**noted.data, "rules": rules} if rules else noted.data
    return source_hash(raw) + marshal.dumps((brief, noted.places), _FORMAT)


class _Noted:
    """A document that notes which places were asked for."""

    def __init__(self, document: Source) -> None:
        self.name, self.data, self._document = document.name, document.data, document
        self.places: dict[str, tuple[int, int]] = {}

    def locate(self, keys: Keys) -> Location:
        found = self._document.locate(keys)
        self.places[_place(keys)] = found.line, found.column
        return found
