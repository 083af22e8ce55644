"""What kinds of items an array of the payload holds, and where, so that a rule looks only at those it may concern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from operator import is_, itemgetter
from typing import Any

from ..payload.draft import Draft
from .needs import LONGEST_MARK, EmptyList, Mark, Needs, Not, Token

Kind = tuple[Any, ...]
"""The outline of an item, its texts where only texts matter (one alone, or a tuple), and the types of other fields."""


class Outline:
    """The keys of an item, one object for all items that have them in this order: it is hashed faster than they are."""

    __slots__ = ("fields", "keys", "texts")

    def __init__(self, keys: tuple[str, ...], fields: Sequence[Field]) -> None:
        self.keys = keys
        mine = [one for one in fields if one.name in keys]
        self.texts = tuple(one.name for one in mine if not one.marks)
        """The fields of which only texts matter; nearly always there is a short one: see `Probe.tokens`."""
        self.fields = tuple(one for one in mine if one.marks)

    def reader(self) -> Read:
        """Return what tells the kind of an item that has these keys.

        It raises TypeError for what is no object.
        """
        texts = itemgetter(*self.texts) if self.texts else _no_texts
        if any(one.texts - {""} for one in self.fields):
            told = [(one.name, one.tell) for one in self.fields]
            return lambda item: (self, texts(item), *[tell(item[name]) for name, tell in told])
        names = [one.name for one in self.fields]
        if len(names) > 2:
            values = itemgetter(*names)
            return lambda item: (self, texts(item), *[one.__class__ if one else _empty(one) for one in values(item)])
        # What nearly all items have: content, or content and calls. Written out, for this is run for each item.
        if len(names) == 2:
            name, other = names
            return lambda item: (
                self,
                texts(item),
                one.__class__ if (one := item[name]) else _empty(one),
                one.__class__ if (one := item[other]) else _empty(one),
            )
        if names:
            name = names[0]
            return lambda item: (self, texts(item), one.__class__ if (one := item[name]) else _empty(one))
        return lambda item: (self, texts(item))

    def read_from(self, kind: Kind) -> dict[str, Any]:
        """Return field -> text or type, as a reader has put them into a kind."""
        _, texts, *types = kind
        found = dict(zip(self.texts, texts if len(self.texts) > 1 else (texts,), strict=False))
        return found | dict(zip((one.name for one in self.fields), types, strict=True))


def _no_texts(item: Any) -> None:
    if not isinstance(item, dict):
        raise TypeError


class Readers(dict[tuple[str, ...], "Read"]):
    """Keys of an item -> what tells its kind, made when they are met first."""

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        self._fields = fields

    def __missing__(self, keys: tuple[str, ...]) -> Read:
        if len(self) >= OUTLINES_REMEMBERED:  # a stranger's payloads must not fill the memory
            self.clear()
        return self.setdefault(keys, Outline(keys, self._fields).reader())


KnownKinds = Mapping[Kind, frozenset[Token]]
"""What the items of each kind have."""


class Seen:
    """An array as it was looked at."""

    # Nearly no array is asked for more than its kinds: what a question needs is made when it comes.
    _places: dict[Kind, list[int]] | None = None
    _having: dict[Needs, list[int]] | None = None
    _compared: tuple[int, int, bool] = (0, 0, False)

    def __init__(self, probe: Probe, items: Sequence[Any], each: Sequence[Kind]) -> None:
        self._probe = probe
        self.items = items
        self.kinds = frozenset(each)
        self._each = each

    tokens: KnownKinds
    """To be filled by whoever knows the kinds."""

    def having(self, needs: Needs) -> list[int]:
        """Return in order where the items stand that may meet all needs."""
        if self._having is None:
            self._having = {}
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
        if self._places is None:
            self._places = {}
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

Read = Callable[[Any], Kind]
"""Item -> its kind."""

#: How many outlines of items a look remembers how to read.
OUTLINES_REMEMBERED = 512


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

    def tell(self, value: Any) -> Any:
        """Return a text that matters, or the type."""
        if value.__class__ is str:
            return value if len(value) <= LONGEST_MARK and value in self.texts else str
        return value.__class__ if value else _empty(value)


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
    _readers: Readers = dataclass_field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_readers", Readers(self.fields))

    def look(self, items: Sequence[Any]) -> Seen:
        """Return where the items of each kind stand.

        Raises:
            TypeError: it is no array, or an item is no object.
        """
        if not isinstance(items, list):
            raise TypeError
        readers = self._readers
        return Seen(self, items, [readers[tuple(item)](item) for item in items])

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
        """Spell out what an item of a kind has.

        Raises:
            OddItemError: it holds something other than a short text where only texts matter.
        """
        outline: Outline = kind[0]
        seen, keys = outline.read_from(kind), outline.keys
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
