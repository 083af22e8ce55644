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


class DecompressionError(Exception):
    """A body cannot be decompressed."""


class Decompressor:
    """Decompresses one body, piece by piece."""

    def __init__(self, coding: str) -> None:
        """Begin.

        Raises:
            DecompressionError: nobody here knows the coding.
        """
        if coding not in _KNOWN:
            raise DecompressionError(f"its answer is packed as {coding[:50]!r}, which was not asked for")
        self._inner = zlib.decompressobj(_EITHER)
        self._over = False
        """Whether what comes is no part of the body any more."""

    def feed(self, data: bytes) -> bytes:
        """Return what a piece holds.

        Raises:
            DecompressionError: it is damaged, or becomes too much.
        """
        if self._over:
            return b""
        decompressed = self._decompress(data, _MOST)
        while behind := self._inner.unused_data:  # gzip may be several, one behind the other
            if not behind.startswith(_MEMBER):
                self._over = not _MEMBER.startswith(behind)
                break
            self._inner = zlib.decompressobj(_EITHER)
            decompressed += self._decompress(behind, _MOST - len(decompressed))
        return decompressed

    def _decompress(self, data: bytes, most: int) -> bytes:
        try:
            decompressed = self._inner.decompress(data, most + 1)
        except zlib.error:
            raise DecompressionError("its answer is packed, and damaged") from None
        if len(decompressed) > most or self._inner.unconsumed_tail:
            raise DecompressionError(f"a piece of its answer unpacks to more than {_MOST:,} bytes")
        return decompressed

    def close(self) -> None:
        """Take the end.

        Raises:
            DecompressionError: something is missing.
        """
        if not self._inner.eof:
            raise DecompressionError("its answer is packed, and cut off")
