"""LiteLLM's callbacks: two of them have a counterpart here, the figures at /metrics and traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...model import Keys
from .reader import Reader

_OTEL: Final = "otel"
"""LiteLLM's name for the callback that makes spans."""
_KNOWN: Final = {"prometheus", _OTEL}


def restate(reader: Reader) -> None:
    """Note what becomes of callbacks, each list as a whole."""
    written = reader.mapping(("litellm_settings",))
    for key in ("callbacks", "success_callback", "failure_callback", "service_callback"):
        named = _listed(written.get(key))
        others = named - _KNOWN
        if not named or others == named:
            continue
        keys: Keys = ("litellm_settings", key)
        if others:
            why = f"nothing is sent to {', '.join(sorted(others))}; prometheus has /metrics, otel gets traces"
            reader.restate(keys, "unsupported", why)
        elif _OTEL in named:
            reader.restate(keys, "used")
        else:
            reader.restate(keys, "ignored", "its figures stand at /metrics")


def traces(reader: Reader, quirkbook: Mapping[str, Any]) -> bool:
    """Tell whether traces are wanted: by our own setting, else by LiteLLM's callback."""
    if "opentelemetry" in quirkbook:
        return reader.flag(("quirkbook_settings", "opentelemetry"), quirkbook["opentelemetry"]) is True
    written = reader.mapping(("litellm_settings",))
    return any(_OTEL in _listed(written.get(key)) for key in ("callbacks", "success_callback"))


def _listed(value: Any) -> set[str]:
    """Return the names of a list, or the one that stands in its place."""
    return {name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)}
