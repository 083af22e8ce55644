"""The id of a model, as any host spells it -> its identity. One pass over the pieces, a bounded number of tries.

What a piece means is read off the outline of all families; no vendor's name stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .outline import Outline, longest
from .pieces import Piece, pieces
from .read import Reading, is_date, is_size
from .version import LATEST, Version, show, version

#: The variant of a model that somebody else has trained further.
TUNED = "tuned"


@dataclass(frozen=True)
class Identity:
    """What a model's id says of it."""

    family: str
    line: str | None = None
    """The product with a series of its own: ``opus``; None where the family has but one, or the id says none."""
    version: Version | None = None
    """``(4, 7)``; `LATEST`; None where the id says none."""
    variants: frozenset[str] = frozenset()
    """Words that rules may ask for: ``mini``, ``thinking``; ``tuned`` where others have trained it further."""
    unknown: tuple[str, ...] = ()
    """Words behind the name that the family's head does not list."""
    newest: Version | None = None
    """Up to which version the family's facts were looked at."""

    @property
    def is_newer(self) -> bool:
        """Whether it is newer than all that the family's facts were checked against."""
        return None not in (self.version, self.newest) and LATEST > self.version > self.newest  # type: ignore[operator]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data: version as text (``"4.7"``, ``"latest"``) or None, variants and unknown words sorted."""
        return {
            "family": self.family,
            "line": self.line,
            "version": show(self.version) if self.version else None,
            "variants": sorted(self.variants),
            "unknown": sorted(self.unknown),
            "newer": self.is_newer,
        }

    def __str__(self) -> str:
        words = [self.family, self.line if self.line != self.family else None]
        words += [show(self.version) if self.version else None, *sorted(self.variants)]
        return " ".join(word for word in words if word)


class Resolver:
    """Resolves ids by an outline; keeps nothing of what it was asked."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._names, self._numbered, self._same = outline["names"], outline["numbered"], outline["same"]

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(self.outline["plain"])

    @property
    def families(self) -> tuple[str, ...]:
        """The families that have said how their models are named."""
        return tuple(self.outline["families"])

    def resolve(self, model: str) -> Identity | None:
        """Return the identity of a model; None where its id names no family that is known.

        Looks at the first 256 characters, in time linear in them.
        """
        parted = pieces(model)
        return self._resolve(parted, [piece.text for piece in parted], may_be_same=True)

    def _resolve(self, parted: Sequence[Piece], texts: Sequence[str], *, may_be_same: bool) -> Identity | None:
        start = max((at for at, piece in enumerate(parted) if "/" in piece.before), default=0)
        same = self._same_as(parted, texts, start) if may_be_same else None
        return same or self._in_last_part(parted, texts, start) or self._in_part_before(parted, texts, start)

    # A whole name that means another

    def _same_as(self, parted: Sequence[Piece], texts: Sequence[str], start: int) -> Identity | None:
        for at in range(start, len(parted)):
            hit = longest(self._same, texts, at) if parted[at].before else None
            if hit and not (at + hit[1] < len(parted) and not parted[at + hit[1]].before):
                family, meant = hit[0]
                other = pieces(meant)
                identity = self._resolve(other, [piece.text for piece in other], may_be_same=False)
                rest = self._read(family, parted, texts, at + hit[1], at, start)
                return identity and replace(identity, variants=identity.variants | rest.variants)
            if texts[at] not in self._plain:
                return None
        return None

    # A family's name

    def _in_last_part(self, parted: Sequence[Piece], texts: Sequence[str], start: int) -> Identity | None:
        """Read on from the leftmost name that another does not follow at once: such a one is an owner's."""
        at = start
        while at < len(parted):
            hit = self._name_at(parted, texts, at, start)
            if hit is None:
                at += 1
                continue
            family, count, is_numbered = hit
            follower = self._name_at(parted, texts, at + count, start) if at + count < len(parted) else None
            if follower and not is_numbered and (parted[at + count].before or follower[0] == family):
                at += count
            elif self._is_another(family, texts[at:]):
                at += 1
            else:
                return self._read(family, parted, texts, at + (0 if is_numbered else count), at, start, is_numbered)
        return None

    def _name_at(
        self, parted: Sequence[Piece], texts: Sequence[str], at: int, start: int
    ) -> tuple[str, int, bool] | None:
        """Return the family whose name begins at a piece, how many pieces it takes, and whether a number is glued to it."""
        if not parted[at].before and parted[at - 1].is_word:
            return None
        if hit := longest(self._names, texts, at):
            return hit[0], hit[1], False
        family = self._numbered.get(texts[at])
        is_glued = at + 1 < len(parted) and not parted[at + 1].is_word and not parted[at + 1].before
        if family and is_glued and all(text in self._plain for text in texts[start:at]):
            return family, 1, True
        return None

    def _is_another(self, family: str, texts: Sequence[str]) -> bool:
        return not set(self.outline["families"][family]["not"]).isdisjoint(texts)

    def _in_part_before(self, parted: Sequence[Piece], texts: Sequence[str], start: int) -> Identity | None:
        """Look for the name in an earlier part, where the last one goes on as that family's ids do: ``claude/opus-4-7``.

        Or where the last part says nothing of the model: ``deepseek/deepseek-r1/community``.
        """
        for at in range(start - 1, -1, -1):
            hit = self._name_at(parted, texts, at, 0)
            if hit and at + hit[1] <= start and not hit[2]:
                if self._goes_on(hit[0], parted, texts, start):
                    return self._read(hit[0], parted, texts, at + hit[1], at, at)
                return None
        return None

    def _goes_on(self, family: str, parted: Sequence[Piece], texts: Sequence[str], start: int) -> bool:
        table, first = self.outline["families"][family], parted[start]
        following = parted[start + 1] if start + 1 < len(parted) else None
        if longest(table["parts"], texts, start) or all(text in self._plain for text in texts[start:]):
            return True
        if first.is_word:
            return (
                first.text in table["letters"] and following is not None and bool(following.parts or following.before)
            )
        return not is_date(first.parts[0]) and not is_size(parted, start)

    # What stands behind the name

    def _read(
        self,
        family: str,
        parted: Sequence[Piece],
        texts: Sequence[str],
        at: int,
        name_at: int,
        start: int,
        is_numbered: bool = False,
    ) -> Identity:
        table = self.outline["families"][family]
        reading = Reading(table, parted, texts, self._names, self._plain)
        name = texts[name_at]
        reading.line = f"{name}#" if is_numbered else name if name in table["lines"] else None
        reading.read(at + 1 if is_numbered else at)
        tuned = reading.other_family or any(
            parted[before].is_word and texts[before] not in self._plain and not longest(self._names, texts, before)
            for before in range(start, name_at)
        )
        variants = reading.variants | {TUNED} if tuned else reading.variants
        newest = table["newest"]
        return Identity(
            family,
            reading.line,
            reading.found_version(),
            frozenset(variants),
            tuple(reading.unknown),
            version(newest.split(".")) if newest else None,
        )
