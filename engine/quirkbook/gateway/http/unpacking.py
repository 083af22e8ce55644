"""Packed bodies of requests: some clients pack what they send, as Codex does with zstd. What comes out is bounded."""

from __future__ import annotations

import importlib
import sys
import zlib
from functools import cache
from typing import Any, Final

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS


class UnpackingError(Exception):
    """A body is damaged, or cut off."""


def unpacked(coding: str, packed: bytes, limit: int) -> bytes | None:
    """Return a body unpacked; None: it would hold more than ``limit`` bytes.

    ``coding`` is one of `known`. No more than ``limit`` + 1 bytes are unpacked, however much is in it.

    Raises:
        UnpackingError: it cannot be unpacked.
    """
    if coding == "zstd":
        return _of_frames(packed, limit)
    raw = coding == "deflate" and (len(packed) < 2 or packed[0] & 15 != 8 or (packed[0] << 8 | packed[1]) % 31 != 0)
    body, rest = b"", packed
    while rest:  # gzip may be several, one behind the other
        inner = zlib.decompressobj(-zlib.MAX_WBITS if raw else _ZLIB_OR_GZIP)
        try:
            body += inner.decompress(rest, limit + 1 - len(body))
        except zlib.error:
            raise UnpackingError from None
        if len(body) > limit:
            return None
        if not inner.eof:
            raise UnpackingError
        rest = inner.unused_data if coding in _GZIP else b""
    return body


def _of_frames(packed: bytes, limit: int) -> bytes | None:
    zstd = _zstd()
    body, rest = b"", packed
    while rest:
        inner = zstd.ZstdDecompressor()
        try:
            body += inner.decompress(rest, limit + 1 - len(body))
        except (zstd.ZstdError, EOFError):
            raise UnpackingError from None
        if len(body) > limit:
            return None
        if not inner.eof:
            raise UnpackingError
        rest = inner.unused_data
    return body


@cache
def known() -> tuple[str, ...]:
    """Return the codings that can be unpacked: zstd where ``backports.zstd`` is installed, and in Python 3.14."""
    return ("gzip", "x-gzip", "deflate", *(("zstd",) if _zstd() is not None else ()))


@cache
def _zstd() -> Any:
    try:
        return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:
        return None
