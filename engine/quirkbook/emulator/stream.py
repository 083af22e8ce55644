"""Chunks -> the bytes of a server-sent event stream, whole or with the faults asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .faults import Fault
from .provider import Provider


def frames(chunks: Iterable[dict[str, Any]], provider: Provider, fault: Fault) -> Iterator[bytes]:
    """Yield each event as it goes over the wire."""
    end = "\r\n" if fault.crlf else "\n"
    for index, chunk in enumerate(chunks):
        if fault.crlf:
            yield f": still here{end}{end}".encode()
        if index in (fault.cut, fault.stop_early):
            return
        if index == fault.error_mid_stream:
            yield _event(json.dumps(provider.error_of_status(500).body, ensure_ascii=False), end)
            return
        if index == fault.malformed_sse:
            yield _event('{"choices": [{"delta": {"cont', end)
        yield _event(json.dumps(_without_index(chunk) if fault.no_index else chunk, ensure_ascii=False), end)
    if not fault.no_done:
        yield _event("[DONE]", end)


def broken(fault: Fault) -> bool:
    """Return whether the connection is to be closed in the middle of the answer."""
    return fault.cut is not None


def _event(text: str, end: str) -> bytes:
    return f"data: {text}{end}{end}".encode("utf-8", "replace")


def _without_index(chunk: dict[str, Any]) -> dict[str, Any]:
    for choice in chunk["choices"]:
        for call in choice.get("delta", {}).get("tool_calls", ()):
            call.pop("index", None)
    return chunk
