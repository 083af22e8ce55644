"""What kinds of items an array of the payload holds, and where, so that a rule looks only at those it may concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import repeat
from operator import is_
from typing import Any

from .draft import Draft
from .needs import LONGEST_MARK, EmptyList, Mark, Needs, Not, Token

Kind = tuple[Any, ...]
"""The keys of an item, and for each field that matters its text or its type."""

KnownKinds = Mapping[Kind, frozenset[Token]]
"""What the items of each kind have."""


class Seen:
    """An array as it was looked at."""

    __slots__ = ("_found", "_probe", "items", "places", "tokens")

    def __init__(self, probe: Probe, items: Sequence[Any], places: Mapping[Kind, list[int]]) -> None:
        self._probe = probe
        self.items = items
        self.places = places
        """Where the items of each kind stand."""
        self.tokens: KnownKinds = {}
        """To be filled by whoever knows the kinds."""
        self._found: list[tuple[frozenset[Token], list[int]]] = []

    def having(self, needs: Needs) -> list[int]:
        """Return in order where the items stand that may meet all needs."""
        needs = self._probe.telling(needs)
        if not self._found:
            self._found = [(self.tokens[kind], places) for kind, places in self.places.items()]
        found: list[int] = []
        for tokens, places in self._found:
            for clause in needs:
                if tokens.isdisjoint(clause):
                    break
            else:
                found += places
        found.sort()
        return found


_NOTHING: Iterable[Any] = repeat(type(None))


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the items whose value matters."""

    name: str
    texts: frozenset[str]
    """The texts that matter."""
    marks: tuple[Mark, ...]
    """The types and the like that matter."""

    def column(self, items: Sequence[Any]) -> Iterable[Any]:
        """Return of each item the text that it has there, or the type."""
        values: Iterable[Any] = map(dict.get, items, repeat(self.name))
        if not self.marks:  # only texts matter, and it is nearly always a short one: see `Probe.look`
            return values
        if not self.texts:
            return [one.__class__ if one or one.__class__ is not list else EmptyList for one in values]
        texts = self.texts
        if texts == {""}:  # as of `content`, which may be very long or a list
            return [one.__class__ if one else _empty(one) for one in values]
        return [
            (one if len(one) <= LONGEST_MARK and one in texts else str)
            if (kind := one.__class__) is str
            else (kind if one or kind is not list else EmptyList)
            for one in values
        ]


@dataclass(frozen=True, slots=True)
class Probe:
    """A cheap look at the items of one top-level array."""

    array: str
    fields: tuple[Field, ...]
    assumed: frozenset[Token]
    """Types that a field is taken to have if it is there at all: most fields are right or absent."""
    together: frozenset[Token]
    """What one item must have at once, for some rule to fire."""
    _telling: dict[Needs, Needs] = dataclass_field(default_factory=dict, compare=False, repr=False)

    def look(self, items: Sequence[Any]) -> Seen:
        """Return where the items of each kind stand.

        Raises:
            TypeError: an item is no object, or holds something other than a short text where only texts matter.
        """
        keys = list(map(tuple, items))
        there = set().union(*set(keys))
        columns = [one.column(items) if one.name in there else _NOTHING for one in self.fields]
        places: dict[Kind, list[int]] = defaultdict(list)
        for at, kind in enumerate(zip(keys, *columns, strict=False)):
            places[kind].append(at)
        for at, looked in enumerate(self.fields, 1):
            if not looked.marks and looked.name in there:
                for kind in places:
                    if kind[at] is not None and (kind[at].__class__ is not str or len(kind[at]) > LONGEST_MARK):
                        raise TypeError
        return Seen(self, items, places)

    def telling(self, needs: Needs) -> Needs:
        """Return those of the needs that this look can tell: nobody may have asked it for the others' texts and types.

        What stands in a `not` or `none` asks for nothing when candidates are sifted, and yet looks at items.
        """
        found = self._telling.get(needs)
        if found is None:
            known = {(self.array, one.name, mark) for one in self.fields for mark in (*one.texts, *one.marks)}
            known |= self.assumed | self.together
            found = tuple(clause for clause in needs if all(token[2] is None or token in known for token in clause))
            self._telling[needs] = found
        return found

    def tokens(self, kind: Kind) -> frozenset[Token]:
        """Spell out what an item of a kind has."""
        keys, *seen = kind
        found: set[Token] = {(self.array, key, None) for key in keys}
        for looked, value in zip(self.fields, seen, strict=True):
            name = looked.name
            if value is None:
                value = type(None)
            elif isinstance(value, str):
                found.add((self.array, name, value))
                value = str
            found |= {(self.array, name, mark) for mark in looked.marks if _fits(mark, value, name in keys)}
            if value not in _PLAIN:  # it may be any text, or empty
                found |= {(self.array, name, mark) for mark in (*looked.texts, EmptyList)}
        found |= {token for token in self.assumed if token[1] in keys}
        found |= {one for one in self.together if all(not found.isdisjoint(clause) for clause in one[2])}
        return frozenset(found)


def _empty(value: Any) -> Any:
    kind = value.__class__
    return "" if kind is str else EmptyList if kind is list else kind


_PLAIN = frozenset({str, int, float, bool, type(None), dict, list, EmptyList})


def _fits(mark: Mark, type_of: type, present: bool) -> bool:
    if isinstance(mark, Not):
        return not (present and issubclass(type_of, mark.types))
    return present and issubclass(type_of, mark)


def likely(draft: Draft, array: str, items: Sequence[Any], needs: Needs) -> Iterable[tuple[int, Any]]:
    """Return (index, item) of those items of a top-level array that may meet all needs, in order.

    ``items`` is the array as it stands now. What was appended since the look counts as likely; where anything else
    was changed, every item does.
    """
    seen = draft.seen.get(array)
    if seen is None or not needs:
        return enumerate(items)
    looked_at = seen.items
    if items is not looked_at and not (len(items) >= len(looked_at) and all(map(is_, looked_at, items))):
        return enumerate(items)
    found = seen.having(needs)
    found += range(len(looked_at), len(items))
    return [(at, items[at]) for at in found]
