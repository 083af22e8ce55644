"""The secrets of one deployment, which an upstream may echo in a good answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ...wire.redact import HIDDEN, is_secret_name

_LEAST_SECRET: Final = 6
"""Characters of a secret. ``null``, ``EMPTY`` and the like, which servers without keys are given, stand in good answers."""
_LOOKS_SECRET: Final = re.compile(r"[\w.+=~\-]{16,}").fullmatch
"""What is taken for a secret whatever its header is called: no address, no media type, no single short word."""
_RUNS: Final = re.compile(r"[0-9A-Za-z]+").findall


class Secrets:
    """The secrets of one deployment, as an upstream may write them in a good answer: plain, or escaped as JSON allows.

    >>> Secrets("abc/def-123", {}).hide(rb'{"a": "abc\\/def-123", "b": "abc"}')
    b'{"a": "***", "b": "abc"}'
    """

    def __init__(self, key: str, headers: Mapping[str, str]) -> None:
        secrets = sorted(
            {secret for secret in (key, *_secret_values(headers)) if len(secret) >= _LEAST_SECRET},
            key=len,
            reverse=True,
        )
        self._runs = tuple({max(_RUNS(secret), key=len, default="") for secret in secrets})
        self._marks = tuple(run.encode() for run in self._runs)
        """Of each secret the longest part that is never escaped: where none is, there is no need to look closer."""
        self._pattern = re.compile("|".join(map(_escaped_pattern, secrets)).encode())

    def hide(self, data: bytes) -> bytes:
        """Return JSON, or events of it, for a client; the very bytes where the upstream has echoed no secret."""
        for mark in self._marks:
            if mark in data:
                return self._pattern.sub(HIDDEN.encode(), data)
        return data

    def found_in(self, text: str) -> bool:
        """Tell whether a header's value holds one."""
        for part in self._runs:
            if part in text:
                return self._pattern.search(text.encode()) is not None
        return False


def _secret_values(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if is_secret_name(name):
            yield from (value, value.rpartition(" ")[2])  # with "Bearer" before it, and without
        elif _LOOKS_SECRET(value):
            yield value


def _escaped_pattern(secret: str) -> str:
    """Return a pattern of all the ways to write it."""
    return "".join(
        char if char.isalnum() else rf"(?:\\?{re.escape(char)}|\\u00(?i:{ord(char):02x}))" for char in secret
    )
