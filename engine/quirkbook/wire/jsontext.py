"""JSON to bytes and back, as it goes over the wire."""

from __future__ import annotations

import json
from typing import Any


def encode(value: Any, *, nan: bool = True) -> bytes:
    """Return JSON as bytes, as short as it gets; half of a surrogate pair, which only an escape can say, as that.

    >>> encode({"a": ["é", "\\ud83d"]}), encode({"a": "é"}).decode()
    (b'{"a":["\\\\u00e9","\\\\ud83d"]}', '{"a":"é"}')

    Raises:
        TypeError, ValueError, RecursionError: it is not JSON; without ``nan`` that holds for NaN and infinities too.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=nan, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=nan, separators=(",", ":")).encode()


def decode(data: bytes | str, *, nan: bool = True) -> Any:
    """Return the JSON, None where it is not JSON; bytes in it that are not UTF-8 become U+FFFD.

    Without ``nan`` NaN and infinities, which some write all the same, become None.

    >>> decode(b'{"a": 1}'), decode("<html>"), decode("[" * 100_000), decode(b'["\\xff"]'), decode("[NaN]", nan=False)
    ({'a': 1}, None, None, ['\ufffd'], [None])
    """
    try:
        return json.loads(data, parse_constant=None if nan else _no_number)
    except UnicodeDecodeError:
        return decode(data.decode("utf-8", "replace"), nan=nan) if isinstance(data, bytes) else None
    except (ValueError, RecursionError):
        return None


def _no_number(_: str) -> None:
    return None
