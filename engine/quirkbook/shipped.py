"""The built-in rule files: named without opening one, and read without their examples, which are for proofs alone.

They are proven by `quirkbook check` before release, so their meaning is not checked again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import loader
from .data import folder
from .model import Example, Rule, RuleFile

#: The examples of a rule, as the built-in files are laid out; half of what is in them.
_EXAMPLES = re.compile(rb"^    examples:.*(?:\n(?:      .*|[ \t]*(?=\n)))*", re.MULTILINE)


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
    """Read a file; the examples of its rules are read when somebody asks for one."""
    brief = _EXAMPLES.sub(lambda found: b"\n" * found[0].count(b"\n"), _bytes(name))  # all else stays in its place
    return _load(name, brief, lambda at: _Unread(name, at))


def _bytes(name: str) -> bytes:
    return (folder("rules") / name).read_bytes()


def _load(name: str, raw: bytes, examples: loader.Examples | None = None) -> RuleFile:
    return loader.load_file(raw, f"rules/{name}", trusted=True, examples=examples)


@cache
def _whole(name: str) -> RuleFile:
    return _load(name, _bytes(name))


@dataclass(frozen=True, slots=True)
class _Unread(Sequence[Example]):
    """The examples of one rule, still in their file."""

    file: str
    at: int

    def _read(self) -> Sequence[Example]:
        item = _whole(self.file).items[self.at]
        return item.examples if isinstance(item, Rule) else ()

    def __getitem__(self, at: Any) -> Any:
        return self._read()[at]

    def __len__(self) -> int:
        return len(self._read())
