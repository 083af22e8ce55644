"""Bodies that an upstream packed, though it was asked not to."""

from __future__ import annotations

import zlib
from typing import Final

_KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER: Final = 32 + zlib.MAX_WBITS
"""Of gzip and deflate, whichever it is."""
_MEMBER: Final = b"\x1f\x8b"
"""With what each part of a gzip body begins; what else stands behind one is filling."""
_MOST: Final = 64 * 1024 * 1024
"""Bytes that one piece may become."""


class UnpackingError(Exception):
    """A body cannot be unpacked."""


class Unpacking:
    """Unpacks one body, piece by piece."""

    def __init__(self, coding: str) -> None:
        """Begin.

        Raises:
            UnpackingError: nobody here knows the coding.
        """
        if coding not in _KNOWN:
            raise UnpackingError(f"its answer is packed as {coding[:50]!r}, which was not asked for")
        self._inner = zlib.decompressobj(_EITHER)
        self._over = False
        """Whether what comes is no part of the body any more."""

    def feed(self, data: bytes) -> bytes:
        """Return what a piece holds.

        Raises:
            UnpackingError: it is damaged, or becomes too much.
        """
        if self._over:
            return b""
        found = self._unpacked(data, _MOST)
        while rest := self._inner.unused_data:  # gzip may be several, one behind the other
            if not rest.startswith(_MEMBER):
                self._over = not _MEMBER.startswith(rest)
                break
            self._inner = zlib.decompressobj(_EITHER)
            found += self._unpacked(rest, _MOST - len(found))
        return found

    def _unpacked(self, data: bytes, most: int) -> bytes:
        try:
            found = self._inner.decompress(data, most + 1)
        except zlib.error:
            raise UnpackingError("its answer is packed, and damaged") from None
        if len(found) > most or self._inner.unconsumed_tail:
            raise UnpackingError(f"a piece of its answer unpacks to more than {_MOST:,} bytes")
        return found

    def close(self) -> None:
        """Take the end.

        Raises:
            UnpackingError: something is missing.
        """
        if not self._inner.eof:
            raise UnpackingError("its answer is packed, and cut off")
