"""What a body is, told by how it begins: headers are often wrong, or missing."""

from __future__ import annotations

from typing import Final

_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
#: With what JSON and web pages begin, and no line of an event stream ever does.
_WHOLE: Final = (b"{", b"[", b"<", b'"')
_EVENTS: Final = (b"data:", b"event:", b"id:", b"retry:", b":")


def kind(body: bytes) -> str:
    """Tell what a body is: ``whole``, ``events`` or ``other``; nothing where too little has come to know.

    >>> kind(b' {"choices": []}'), kind(b": ping\\n\\ndata: {}"), kind(b"Bad gateway"), kind(b" da")
    ('whole', 'events', 'other', '')
    """
    text = body.removeprefix(_BOM).lstrip(_BLANK)
    if _BOM.startswith(text):
        return ""
    if text.startswith(_WHOLE):
        return "whole"
    if text.startswith(_EVENTS):
        return "events"
    return "" if any(start.startswith(text) for start in _EVENTS) else "other"
