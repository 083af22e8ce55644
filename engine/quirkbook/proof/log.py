"""Refusals that were kept: one request with its error, or a log with many, a JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .drafts import Refused

#: Keys of a line under which the request stands, and its error.
_REQUEST: Final = ("payload", "request", "body", "request_body", "sent")
_ERROR: Final = ("error", "response", "response_body", "message", "answer")


def refusals(lines: Iterator[str], provider: str | None, date: str) -> Iterator[tuple[int, Refused | None]]:
    """Yield the number of each line that is not empty and the refusal in it; None for a line that holds none.

    A line has the request under ``payload`` (or ``request``, ``body``) and the error under ``error`` (or ``response``);
    its own ``provider`` and ``date`` count where none is given. A line of a recording has them under ``request`` and ``body``.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _refusal(line, provider, date)


def is_recorded(line: str) -> bool:
    """Tell whether a line is one of a recording: what was sent, and all that came back, be it good."""
    try:
        data = json.loads(line)
    except ValueError:
        return False
    return isinstance(data, Mapping) and {"request", "status", "body"} <= data.keys()


def _refusal(line: str, provider: str | None, date: str) -> Refused | None:
    try:
        data = json.loads(line)
    except ValueError:
        return Refused(line.strip(), None, provider or "provider", date)
    if not isinstance(data, Mapping):
        return None
    if is_recorded(line):
        return Refused(data["body"], data["request"], provider or "provider", str(data.get("date") or date)[:10])
    error = next((data[key] for key in _ERROR if data.get(key)), None)
    if error is None:
        return None
    payload: Any = next((data[key] for key in _REQUEST if isinstance(data.get(key), Mapping)), None)
    if isinstance(payload, Mapping) and isinstance(payload.get("body"), Mapping):
        payload = payload["body"]
    if isinstance(error, Mapping) and isinstance(error.get("body"), Mapping | str):
        error = error["body"]
    elif error is data.get("error") and isinstance(error, Mapping):
        error = {"error": error}
    named = provider or str(data.get("provider") or "provider")
    return Refused(error, dict(payload) if payload else None, named, str(data.get("date") or date)[:10])
