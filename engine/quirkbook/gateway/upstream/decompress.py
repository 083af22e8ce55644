"""Bodies that an upstream packed, though it was asked not to."""

from __future__ import annotations

import contextlib
import importlib
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Final

#: What zlib unpacks; of other codings the whole body is unpacked at once, if at all.
UNPACKED_AS_THEY_COME: Final = frozenset({"gzip", "x-gzip", "deflate"})
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
        """Begin; ``coding`` is one of `UNPACKED_AS_THEY_COME`."""
        self._inner = zlib.decompressobj(_EITHER)
        self._start = b""
        self._may_be_raw = coding == "deflate"
        """Whether the start has still to tell if this is deflate without zlib's head, which some servers mean by it."""
        self._over = False
        """Whether the body has ended, so that what comes is dropped."""

    def feed(self, data: bytes) -> bytes:
        """Return what a piece holds.

        Raises:
            DecompressionError: it is damaged, or becomes too much.
        """
        if self._over:
            return b""
        if self._may_be_raw:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            self._may_be_raw = False
            if data[0] & 15 != 8 or (data[0] << 8 | data[1]) % 31:
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
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


def unpacked(coding: str, raw: bytes) -> bytes:
    """Return a whole body unpacked; "": it is as it is.

    brotli and zstd are unpacked where their libraries are installed: ``brotli`` from 1.2 on, ``backports.zstd`` or Python
    3.14. Else, or if that fails, a body will do in which JSON stands as it is behind a short head: so it stands where
    nothing was gained by packing, and where a proxy has unpacked the body and left the header.

    Raises:
        DecompressionError: it cannot be unpacked.
    """
    if not coding:
        return raw
    if coding in _UNPACK:
        with contextlib.suppress(
            Exception
        ):  # the library is missing or older, or the body is damaged: each in its own words
            return _UNPACK[coding](raw)
    start = raw.find(b"{", 0, _HEAD)
    if start >= 0:
        text = raw[start : raw.rfind(b"}") + 1]
        if text:
            return text
    raise DecompressionError(f"its answer is packed as {coding!r}, which was not asked for")


def _brotli(raw: bytes) -> bytes:
    unpacking = importlib.import_module("brotli").Decompressor()
    return _whole(unpacking.process(raw, output_buffer_limit=_MOST), unpacking.is_finished())


def _zstd(raw: bytes) -> bytes:
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    unpacking = zstd.ZstdDecompressor()
    return _whole(unpacking.decompress(raw, _MOST), unpacking.eof)


def _whole(data: bytes, finished: bool) -> bytes:
    if not finished:
        raise DecompressionError("cut off, or too large")
    return data


_HEAD: Final = 16
"""Bytes that may stand before JSON which is not really packed."""
_UNPACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _brotli, "zstd": _zstd}
