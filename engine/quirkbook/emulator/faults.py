"""Faults on demand: the text of a header, query or model suffix -> what the emulator does wrong this time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from ..errors import UsageError, did_you_mean

HEADER: Final = "x-emulate-fault"
QUERY: Final = "fault"
SUFFIX: Final = "#"
"""What parts a model from its faults: ``model-1#status=429;times=2``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong; all of it left out is a server that works."""

    latency: float = 0
    """Seconds before the first byte."""
    status: int | None = None
    """Answer so instead, in the provider's words for that status."""
    retry_after: str | None = None
    """The Retry-After header that goes with it: seconds or an HTTP date."""
    error: str | None = None
    """Answer with one of the errors that the provider's file names."""
    ok_with_error_body: bool = False
    """HTTP 200, and an error in the body."""
    cut: int | None = None
    """Close the connection after so many chunks of a stream, or half-way through a plain answer."""
    stop_early: int | None = None
    """End a stream politely after so many chunks, with no finish reason and no [DONE]."""
    no_done: bool = False
    """Leave out [DONE] alone."""
    error_mid_stream: int | None = None
    """Send an error object after so many chunks and end there."""
    malformed_sse: int | None = None
    """Send a chunk that is not JSON after so many chunks."""
    slow_drip: float | None = None
    """Send a stream five bytes at a time, with so many seconds between."""
    crlf: bool = False
    """End lines of a stream with CR LF, and put comments between the events."""
    no_index: bool = False
    """Leave ``index`` out of the tool calls of a stream."""
    times: int | None = None
    """Only the first so many requests with these faults fail."""
    key: str = ""
    """Tells apart two counts of the same faults."""

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``name=value; name; ...``; the names are those of the fields, with ``-`` for ``_``.

        >>> Fault.parse("status=429; retry-after=1; times=2")
        Fault(status=429, retry_after='1', times=2)
        >>> Fault.parse("cut")
        Fault(cut=1)

        Raises:
            UsageError: the name is unknown, or the value does not fit.
        """
        values: dict[str, Any] = {}
        for item in filter(None, (item.strip() for item in text.split(";"))):
            name, equals, value = (part.strip() for part in item.partition("="))
            field = name.replace("-", "_")
            if field not in _DEFAULTS:
                nearest = did_you_mean(name, _NAMES)
                hint = f"did you mean '{nearest}'?" if nearest else f"known: {', '.join(_NAMES)}"
                raise UsageError(f"fault: unknown name '{name}': {hint}")
            values[field] = _value(field, name, value if equals else None)
        return cls(**values)

    def __repr__(self) -> str:
        changed = (name for name, default in _DEFAULTS.items() if getattr(self, name) != default)
        return f"Fault({', '.join(f'{name}={getattr(self, name)!r}' for name in changed)})"


_DEFAULTS: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(Fault)}
_NAMES: Final = tuple(name.replace("_", "-") for name in _DEFAULTS)
#: What a name without a value means, and how a value is read.
_READ: Final[Mapping[str, tuple[Any, Any]]] = {
    "latency": (1.0, float),
    "status": (500, int),
    "retry_after": ("1", str),
    "error": (None, str),
    "cut": (1, int),
    "stop_early": (1, int),
    "error_mid_stream": (1, int),
    "malformed_sse": (1, int),
    "slow_drip": (0.005, float),
    "times": (1, int),
    "key": (None, str),
}


def _value(field: str, name: str, value: str | None) -> Any:
    if field not in _READ:
        if value is not None:
            raise UsageError(f"fault: '{name}' takes no value: write {name}")
        return True
    bare, parse = _READ[field]
    if value is None and bare is None:
        raise UsageError(f"fault: '{name}' wants a value: write {name}=...")
    try:
        parsed = bare if value is None else parse(value)
    except ValueError:
        raise UsageError(f"fault: '{value}' must be a number: write {name}={bare}") from None
    low, high = (200, 599) if field == "status" else (0, 1_000_000)
    if parse is not str and not low <= parsed <= high:
        raise UsageError(f"fault: {name} cannot be {value}: write {name}={bare}")
    return parsed
