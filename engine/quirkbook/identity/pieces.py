"""The id of a model -> its pieces: words and numbers, each with what stands before it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: No id is longer; callers make ids up, and resolution is linear in their length.
MAX_LENGTH: Final = 256

_PIECE = re.compile(r"(\d+(?:[._]\d+|p\d+)*)|([a-z]+)|[^a-z0-9]+")
_JOINTS = re.compile(r"[._p]")


class Piece(NamedTuple):
    """A word, or a number with the parts that dots join."""

    text: str
    """``kimi``, ``2.6`` (also where the id says ``2p6`` or ``2_6``)."""
    parts: tuple[str, ...]
    """Of a number ``("2", "6")``; of a word none."""
    before: str
    """What parts it from the piece before: ``-``, ``/``, ``""`` where nothing does; ``^`` before the first."""

    @property
    def is_word(self) -> bool:
        """Whether it is a word."""
        return not self.parts


def pieces(model: str) -> list[Piece]:
    """Return the pieces of an id, lower case; what is beyond 256 characters is not looked at.

    >>> [piece.text for piece in pieces("accounts/fireworks/models/kimi-k2p6")]
    ['accounts', 'fireworks', 'models', 'kimi', 'k', '2.6']
    """
    parted: list[Piece] = []
    before = "^"
    for match in _PIECE.finditer(model[:MAX_LENGTH].lower()):
        number, word = match.groups()
        if number:
            parts = tuple(_JOINTS.split(number))
            parted.append(Piece(".".join(parts), parts, before))
        elif word:
            parted.append(Piece(word, (), before))
        else:
            before = match.group()
            continue
        before = ""
    return parted


def spelling(words: str) -> tuple[str, ...]:
    """Return the pieces' texts of what a family's head spells: ``flash-lite`` -> ``("flash", "lite")``."""
    return tuple(piece.text for piece in pieces(words))
