"""Bodies of the type multipart/form-data: one short field is read or replaced, files are never copied apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..http.asgi import HTTPError

TYPE: Final = b"multipart/form-data"
MOST_PARTS: Final = 1000
_BOUNDARY: Final = re.compile(rb';\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(
    rb'^content-disposition:[^\r\n]*;\s*name=(?:"([^"\r\n]*)"|([^;\s"]+))', re.IGNORECASE | re.MULTILINE
)
_HEAD_BYTES: Final = 16 * 1024


class Form:
    """A body of several parts."""

    def __init__(self, raw: bytes, content_type: bytes) -> None:
        """Find the parts.

        Raises:
            HTTPError: 400, the body is not what its type says.
        """
        boundary = _BOUNDARY.search(content_type)
        if boundary is None:
            raise _invalid("its Content-Type names no boundary")
        self._raw = raw
        self._places = dict[bytes, tuple[int, int]]()
        for name, start, end in _parts(raw, b"--" + (boundary[1] or boundary[2])):
            if name in self._places and name in (b"model", b"stream"):
                raise _invalid(f"the field '{name.decode()}' comes twice: keep one of them")
            self._places[name] = start, end

    def get(self, name: bytes) -> str | None:
        """Return the text of a field."""
        place = self._places.get(name)
        return None if place is None else self._raw[slice(*place)].decode("utf-8", "replace")

    def replaced(self, name: bytes, text: str) -> bytes:
        """Return the body with another text in a field; where the field is missing, as it is."""
        place = self._places.get(name)
        return self._raw if place is None else self._raw[: place[0]] + text.encode() + self._raw[place[1] :]


def _parts(raw: bytes, delimiter: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each part, and where its content begins and ends."""
    if not raw.startswith(delimiter):
        at = raw.find(b"\r\n" + delimiter)  # a preamble
        if at < 0:
            raise _invalid("the boundary that its Content-Type names does not occur")
        at += 2
    else:
        at = 0
    for _ in range(MOST_PARTS):
        at += len(delimiter)
        if raw.startswith(b"--", at):
            return
        head_end = raw.find(b"\r\n\r\n", at, at + _HEAD_BYTES)
        end = raw.find(b"\r\n" + delimiter, max(head_end, at))
        if head_end < 0 or end < 0:
            raise _invalid("a part has no end")
        name = _NAME.search(raw, at, head_end)
        if name is not None:
            yield (name[1] if name[1] is not None else name[2]), head_end + 4, max(end, head_end + 4)
        at = end + 2
    raise _invalid(f"it has more than {MOST_PARTS:,} parts")


def _invalid(text: str) -> HTTPError:
    return HTTPError(400, f"the body is not valid multipart/form-data: {text}", code="invalid_form")
