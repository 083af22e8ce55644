"""The table of connections: how providers without rules of their own are reached, one entry each, in one file.

An entry means what a provider's file with the same head and no rules would mean, so layers, includes and clients need not
distinguish the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from ..model import Keys, Location, RuleFile
from .build import Source, rule_file

NAME: Final = "connections"
"""The key that holds the entries, and the name of the file without its ending."""


def is_table(name: str, data: Any) -> bool:
    """Tell whether a file is a table: it has the entries, or bears the name and is not a rule file.

    >>> is_table("mine.yaml", {"connections": {}}), is_table("connections.yaml", {"provider": "connections"})
    (True, False)
    """
    if not isinstance(data, dict):
        return PurePath(name).stem == NAME
    return NAME in data or (PurePath(name).stem == NAME and data.keys().isdisjoint(("provider", "family")))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a table, as the source of a provider's file."""

    table: Source
    provider: str

    @property
    def name(self) -> str:
        """What places call the file."""
        return self.table.name

    @property
    def data(self) -> dict[str, Any]:
        """The data that a provider's file with this connection would hold."""
        return {"provider": self.provider, **self.table.data[NAME][self.provider]}

    def locate(self, keys: Keys) -> Location:
        """Return the place of the value at ``keys`` of the entry."""
        return self.table.locate((NAME, self.provider, *keys))

    def file(self, layer: str = "built-in") -> RuleFile:
        """Return the nouns of the entry."""
        return replace(rule_file(self, layer), location=self.locate(()))


def entries(table: Source) -> Mapping[str, Entry]:
    """Return the entries of a table whose shape is right, by provider."""
    return {provider: Entry(table, provider) for provider in table.data[NAME]}
