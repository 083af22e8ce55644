"""One look at a payload -> the rules that may concern it.

The gates of a plan's rules make a tree of places: keys, and the items of arrays. A look walks that tree, not the
payload: at each place it reads all values that stand there together, and gathers the rules whose gates are open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..payload.path import Wild
from .gates import EMPTY, LONGEST_MARK, Clause, Gate, Not, Word
from .jsonschema.look import look as look_at_schema


class Place:
    """A place that gates name, and the numbers of the rules that each kind of value there concerns."""

    __slots__ = ("absent", "empty", "items", "keys", "nots", "plain", "present", "texts", "types", "words")

    def __init__(self) -> None:
        self.present: list[int] = []
        self.absent: list[int] = []
        self.texts: dict[str, list[int]] = {}
        self.types: dict[type, list[int]] = {}
        self.nots: list[tuple[frozenset[type], list[int]]] = []
        self.empty: list[int] = []
        self.words: dict[str, list[int]] = {}
        self.keys: dict[str, Place] = {}
        self.items: Place | None = None
        self.plain = True
        """Whether it asks for nothing but that something stands there."""

    def ask(self, mark: Any, rule: int) -> None:
        """Note that a rule is concerned where a value here has a mark."""
        if mark is None:
            self.present.append(rule)
            return
        self.plain = False
        if isinstance(mark, Not):
            self.absent.append(rule)
            self.nots.append((frozenset(mark.types), [rule]))
        elif mark is EMPTY:
            self.empty.append(rule)
        elif isinstance(mark, Word):
            self.words.setdefault(mark.text, []).append(rule)
        elif isinstance(mark, str):
            self.texts.setdefault(mark, []).append(rule)
        else:
            self.types.setdefault(mark, []).append(rule)

    def look(self, values: list[Any], found: list[int], schemas: Schemas) -> None:
        """Gather the rules that these values concern, and those below."""
        found += self.present
        if self.plain:
            return
        if self.types or self.nots or self.empty:
            self._look_at_types(values, found)
        if self.texts:
            texts = {value for value in values if value.__class__ is str and len(value) <= LONGEST_MARK}
            for text in self.texts.keys() & texts:
                found += self.texts[text]
        if self.words:
            for word in self.words.keys() & schemas.words_in(values):
                found += self.words[word]
        if self.keys:
            self._look_below(values, found, schemas)
        if self.items is not None:
            items = [item for value in values if value.__class__ is list for item in value]
            if items:
                self.items.look(items, found, schemas)

    def _look_at_types(self, values: list[Any], found: list[int]) -> None:
        types = set(map(type, values))
        for kind in self.types.keys() & types:
            found += self.types[kind]
        for kinds, rules in self.nots:
            if not types <= kinds:
                found += rules
        if self.empty and list in types and [] in values:
            found += self.empty

    def _look_below(self, values: list[Any], found: list[int], schemas: Schemas) -> None:
        holders = [value for value in values if value.__class__ is dict]
        if len(holders) == 1:
            (only,) = holders
            for key in self.keys.keys() & only.keys():
                self.keys[key].look([only[key]], found, schemas)
        elif holders:
            for key in self.keys.keys() & set().union(*holders):
                self.keys[key].look([holder[key] for holder in holders if key in holder], found, schemas)
        for key, place in self.keys.items():
            if place.absent and not all(value.__class__ is dict and key in value for value in values):
                found += place.absent


class Schemas:
    """What a look has seen of JSON Schemas: each is walked once, for whether it is plain JSON data too."""

    __slots__ = ("types", "walked")

    def __init__(self) -> None:
        self.walked: set[int] = set()
        """Ids of the schemas that were walked."""
        self.types: set[type] = set()
        """Classes of the values in them."""

    def words_in(self, values: list[Any]) -> set[str]:
        """Return the keys and features at any depth below the values."""
        words: set[str] = set()
        for value in values:
            if value.__class__ is dict or value.__class__ is list:
                look_at_schema(value, words, self.types)
                self.walked.add(id(value))
        self.types.update(map(type, words))
        return words


class Look:
    """The gates of a list of rules, one clause of each, ready to be looked through."""

    def __init__(self, clauses: Iterable[Clause | None]) -> None:
        self._always: list[int] = []
        """Rules without a gate."""
        root = Place()
        for rule, clause in enumerate(clauses):
            if clause is None:
                self._always.append(rule)
            for gate in clause or ():
                _place(root, gate).ask(gate[1], rule)
        self._keys = root.keys

    def rules(self, payload: dict[str, Any], schemas: Schemas) -> list[int]:
        """Return the numbers of the rules that may concern a payload, in order."""
        found = self._always.copy()
        keys = self._keys
        for key in payload:
            place = keys.get(key)
            if place is not None:
                if place.plain:
                    found += place.present
                else:
                    place.look([payload[key]], found, schemas)
        return sorted(set(found))


def _place(place: Place, gate: Gate) -> Place:
    for step in gate[0]:
        place.plain = False
        if step is Wild.ITEMS:
            place.items = place = place.items or Place()
        else:
            place = place.keys.setdefault(str(step), Place())
    return place
