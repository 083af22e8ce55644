"""What kinds of items an array of the payload holds, and where, so that a rule looks only at those it may concern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from operator import is_
from typing import Any

from .draft import Draft
from .needs import LONGEST_MARK, EmptyList, Mark, Needs, Not, Token

Kind = tuple[Any, ...]
"""The outline of an item, and for each field that matters and that some item has, its text or its type."""


class Outline:
    """The keys of an item, one object for all items that have them in this order: it is hashed faster than they are."""

    __slots__ = ("keys",)

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys


KnownKinds = Mapping[Kind, frozenset[Token]]
"""What the items of each kind have."""


class Seen:
    """An array as it was looked at."""

    __slots__ = ("_compared", "_each", "_having", "_places", "_probe", "fields", "items", "kinds", "tokens")

    def __init__(self, probe: Probe, items: Sequence[Any], each: Sequence[Kind], fields: Sequence[Field]) -> None:
        self._probe = probe
        self.items = items
        self.fields = fields
        """What the kinds tell of, in this order."""
        self.kinds = frozenset(each)
        self._each = each
        self._places: dict[Kind, list[int]] = {}
        self._having: dict[Needs, list[int]] = {}
        self._compared = (0, 0, False)

    tokens: KnownKinds
    """To be filled by whoever knows the kinds."""

    def having(self, needs: Needs) -> list[int]:
        """Return in order where the items stand that may meet all needs."""
        found = self._having.get(needs)
        if found is None:
            found = self._having[needs] = self._where(self._probe.telling(needs))
        return found

    def begins(self, items: Sequence[Any], edits: int) -> bool:
        """Tell whether an array begins with the items that were seen; ``edits``: how many were made so far."""
        if self._compared[:2] != (id(items), edits):
            same = len(items) >= len(self.items) and all(map(is_, self.items, items))
            self._compared = (id(items), edits, same)
        return self._compared[2]

    def _where(self, needs: Needs) -> list[int]:
        if not self._places:
            for at, kind in enumerate(self._each):
                self._places.setdefault(kind, []).append(at)
        found: list[int] = []
        for kind, places in self._places.items():
            tokens = self.tokens[kind]
            for clause in needs:
                if tokens.isdisjoint(clause):
                    break
            else:
                found += places
        found.sort()
        return found


#: More kinds of items than this in an array are not remembered.
KINDS_REMEMBERED = 32

Column = Callable[[Sequence[Any]], Iterable[Any]]
"""Items -> of each the text that it has in one field, or the type."""

#: How many mixtures of items a look remembers how to read.
MIXTURES_REMEMBERED = 512


class OddItemError(TypeError):
    """An item holds something other than a short text where only texts matter."""


def is_small(seen: Mapping[str, Seen]) -> bool:
    """Tell whether the arrays hold few enough kinds of items to be remembered."""
    return all(len(look.kinds) <= KINDS_REMEMBERED for look in seen.values())


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the items whose value matters."""

    name: str
    texts: frozenset[str]
    """The texts that matter."""
    marks: tuple[Mark, ...]
    """The types and the like that matter."""

    def column(self) -> Column:
        """Return a reader of the field: of each item the text that it has there, or the type."""
        name, texts = self.name, self.texts
        if not self.marks:  # only texts matter, and it is nearly always a short one: see `Probe.tokens`
            return lambda items: [one.get(name) for one in items]
        if not texts:
            return lambda items: [
                kind if (kind := (one := item.get(name)).__class__) is not list or one else EmptyList for item in items
            ]
        if texts == {""}:  # as of `content`, which may be very long or a list
            return lambda items: [one.__class__ if (one := item.get(name)) else _empty(one) for item in items]
        return lambda items: [
            (one if len(one) <= LONGEST_MARK and one in texts else str)
            if (kind := (one := item.get(name)).__class__) is str
            else (kind if one or kind is not list else EmptyList)
            for item in items
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
    _outlines: dict[tuple[str, ...], Outline] = dataclass_field(default_factory=dict, compare=False, repr=False)
    _columns: dict[frozenset[Outline], tuple[tuple[Field, ...], tuple[Column, ...]]] = dataclass_field(
        default_factory=dict, compare=False, repr=False
    )

    def look(self, items: Sequence[Any]) -> Seen:
        """Return where the items of each kind stand.

        Raises:
            TypeError: it is no array, or an item is no object.
        """
        if not isinstance(items, list):
            raise TypeError
        outlines: list[Any] = list(map(self._outlines.get, map(tuple, items)))
        if None in outlines:
            outlines = [self._outline(tuple(item)) for item in items]
        mixture = frozenset(outlines)
        fields, columns = self._columns.get(mixture) or self._columns_of(mixture)
        try:
            each = list(zip(outlines, *[column(items) for column in columns], strict=False))
        except AttributeError:  # no object
            raise TypeError from None
        return Seen(self, items, each, fields)

    def _outline(self, keys: tuple[str, ...]) -> Outline:
        if len(self._outlines) >= MIXTURES_REMEMBERED:  # a stranger's payloads must not fill the memory
            self._outlines.clear()
        return self._outlines.setdefault(keys, Outline(keys))

    def _columns_of(self, mixture: frozenset[Outline]) -> tuple[tuple[Field, ...], tuple[Column, ...]]:
        there = {key for one in mixture for key in one.keys}
        fields = tuple(one for one in self.fields if one.name in there)
        if len(self._columns) >= MIXTURES_REMEMBERED:
            self._columns.clear()
        self._columns[mixture] = found = fields, tuple(one.column() for one in fields)
        return found

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

    def tokens(self, kind: Kind, fields: Sequence[Field]) -> frozenset[Token]:
        """Spell out what an item of a kind has; ``fields`` are those that the kind tells of.

        Raises:
            OddItemError: it holds something other than a short text where only texts matter.
        """
        outline, *values = kind
        seen = dict(zip((one.name for one in fields), values, strict=True))
        keys = outline.keys
        found: set[Token] = {(self.array, key, None) for key in keys}
        for looked in self.fields:
            name = looked.name
            value = seen.get(name)
            if not looked.marks and name in keys and not (value is None or _is_short(value)):
                raise OddItemError
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


def _is_short(value: Any) -> bool:
    return value.__class__ is str and len(value) <= LONGEST_MARK


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
    if items is not looked_at and not seen.begins(items, len(draft.edits)):
        return enumerate(items)
    return [(at, items[at]) for at in (*seen.having(needs), *range(len(looked_at), len(items)))]
