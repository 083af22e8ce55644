"""Bodies that an upstream packed, though it was asked not to."""

from __future__ import annotations

import zlib
from typing import Final

_KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER: Final = 32 + zlib.MAX_WBITS
"""Of gzip and deflate, whichever it is."""
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

    def feed(self, data: bytes) -> bytes:
        """Return what a piece holds.

        Raises:
            UnpackingError: it is damaged, or becomes too much.
        """
        try:
            found = self._inner.decompress(data, _MOST)
        except zlib.error:
            raise UnpackingError("its answer is packed, and damaged") from None
        if self._inner.unconsumed_tail:
            raise UnpackingError(f"a piece of its answer unpacks to more than {_MOST:,} bytes")
        return found

    def close(self) -> None:
        """Take the end.

        Raises:
            UnpackingError: something is missing.
        """
        if not self._inner.eof:
            raise UnpackingError("its answer is packed, and cut off")
