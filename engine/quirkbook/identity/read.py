"""What stands behind a family's name in an id: line, version, variants, in one pass from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from .outline import Trie, longest
from .pieces import Piece
from .version import LATEST, Version, version

#: What glued behind a number makes it a size: 32b, 128k, 8x7b, 4bit.
_UNITS = frozenset({"b", "k", "t", "e", "m", "x", "bit", "bf"})
#: What glued before a number with a unit belongs to the size: a22b, 8x7b, 128e.
_BEFORE_SIZES = frozenset({"x", "a", "e"})
#: How many numbers ``-`` and ``_`` join to a version.
_MOST_PARTS = 3


def is_date(digits: str) -> bool:
    """Tell whether a number is a date or a revision: four digits or more, or 0 in front of others."""
    return len(digits) >= 4 or (len(digits) >= 2 and digits[0] == "0")


def is_size(parted: Sequence[Piece], at: int) -> bool:
    """Tell whether the number at a place is a size: a unit is glued behind it."""
    return at + 1 < len(parted) and not parted[at + 1].before and parted[at + 1].text in _UNITS


class Reading:
    """The state of one pass."""

    def __init__(
        self, table: Mapping[str, Any], parted: Sequence[Piece], texts: Sequence[str], names: Trie, plain: Set[str]
    ) -> None:
        self._table, self._parted, self._texts, self._names, self._plain = table, parted, texts, names, plain
        self.line: str | None = None
        self.variants: set[str] = set()
        self.unknown: list[str] = []
        self.other_family = False
        self._version: Version | None = None
        self._dates: list[str] = []
        self._is_latest = self._is_blocked = self._after_size = False

    def found_version(self) -> Version | None:
        """Return the version: what is written, else what the date means, else the latest if the id says so."""
        if self._version is None and self._dates:
            dated = self._table["dated"].get(self.line or "", {}).get(self._dates[0])
            if dated:
                return version(dated.split("."))
        return LATEST if self._version is None and self._is_latest else self._version

    def read(self, at: int) -> None:
        """Read the pieces from a place on."""
        while at < len(self._parted):
            at += self._word(at) if self._parted[at].is_word else self._number(at)
            if at < 0:
                return

    def _glued(self, at: int) -> bool:
        """Tell whether the piece at a place is there and nothing stands before it."""
        return at < len(self._parted) and not self._parted[at].before

    def _word(self, at: int) -> int:
        """Read a word; return how many pieces it takes."""
        text, behind_number = self._texts[at], self._glued(at) and at > 0 and not self._parted[at - 1].is_word
        if behind_number and text in _UNITS:
            return 1
        hit = longest(self._table["parts"], self._texts, at)
        if hit and not (self._glued(at + hit[1]) and self._parted[at + hit[1]].is_word):
            self._part(*hit[0])
            return hit[1]
        if text == "latest":
            self._is_latest = True
        elif text in self._table["letters"] and self._glued(at + 1):
            pass  # a version follows
        elif text not in self._plain:
            if longest(self._names, self._texts, at):
                self.other_family = self._is_blocked = True
            is_letter_of_size = len(text) == 1 and self._glued(at + 1)
            if not behind_number and not is_letter_of_size:
                self.unknown.append(text)
                self._is_blocked = self._is_blocked or self._version is None
        return 1

    def _part(self, kind: str, word: str) -> None:
        """Take a word that the family's head lists: the first line is the line, a second one a variant."""
        if kind == "line" and self.line is None:
            self.line = word
        elif word != self.line:
            self.variants.add(word)

    def _number(self, at: int) -> int:
        """Read a number; return how many pieces it takes, less than none if nothing behind it matters."""
        piece, parted = self._parted[at], self._parted
        if is_size(parted, at):
            self._after_size = True
        elif self._is_revision(at):
            return -len(parted) - 1
        elif is_date(piece.parts[0]):
            self._dates.append(piece.text)
            self._after_size = True
        elif self._after_size and not (self._glued(at) and parted[at - 1].text in self._table["letters"]):
            pass
        elif self._version is None and not self._is_blocked and ":" not in piece.before and "@" not in piece.before:
            return self._take_version(at)
        return 1

    def _is_revision(self, at: int) -> bool:
        """Tell whether the number at a place is a host's revision, ``-v1:0`` at the end, behind something that was read."""
        parted, is_second_last = self._parted, at + 2 == len(self._parted)
        is_read = self._version is not None or self._after_size or self.line is not None
        return is_read and is_second_last and not parted[at + 1].is_word and parted[at + 1].before == ":"

    def _take_version(self, at: int) -> int:
        parted = self._parted
        parts, end = list(parted[at].parts), at + 1
        while len(parts) < _MOST_PARTS and len(parted[at].parts) == 1 and self._joins(end):
            parts.append(parted[end].text)
            end += 1
        text = ".".join(part for part in parts if not is_date(part))
        self._version = version(self._table["spelt"].get(text, text).split("."))
        return end - at

    def _joins(self, at: int) -> bool:
        """Tell whether the number at a place is a further part of a version: ``4-7``, ``4_7``."""
        if at >= len(self._parted):
            return False
        piece = self._parted[at]
        return (
            piece.before in ("-", "_")
            and len(piece.parts) == 1
            and not is_date(piece.text)
            and not is_size(self._parted, at)
        )
