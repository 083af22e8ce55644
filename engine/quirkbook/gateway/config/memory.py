"""``quirkbook_settings.reasoning_memory``: how much is remembered of what models thought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import Keys
from .model import Memory
from .reader import Reader


def read(reader: Reader, quirkbook: Mapping[str, Any]) -> Memory | None:
    """Return the settings; None: nothing is remembered. ``true`` stands for the usual ones."""
    keys: Keys = ("quirkbook_settings", "reasoning_memory")
    given = quirkbook.get("reasoning_memory")
    if given is None or given is False:
        return None
    if given is True:
        return Memory()
    values = reader.section(keys, "reasoning_memory")
    read: dict[str, Any] = {}
    for key, low, high in (("entries", 1, 10**8), ("bytes", 1024, 2**40)):
        if key in values:
            read[key] = reader.integer((*keys, key), values[key], low, high)
    if "ttl" in values:
        read["ttl"] = reader.seconds((*keys, "ttl"), values["ttl"])
    if "redis_url" in values:
        read["redis"] = reader.text((*keys, "redis_url"), values["redis_url"])
    return Memory(**{name: value for name, value in read.items() if value is not None})
