"""The files that ship with the code, rules and schemas: in a checkout, an installed or a zipped package."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


@functools.cache
def folder(name: str) -> Traversable:
    """Return the folder ``rules`` or ``schemas``: in the package, else beside ``engine/`` in a checkout."""
    module = Path(__file__)
    if not module.is_file():  # zipped; only then, as importing this costs a tenth of the start
        from importlib.resources import files

        return files("quirkbook") / name
    installed = module.parent / name
    return installed if installed.is_dir() else module.parents[2] / name


@functools.cache
def schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema by its name, ``rules`` or ``accepts/moonshot``; shared, so leave it as it is."""
    place = folder("schemas")
    for part in f"{name}.schema.json".split("/"):
        place = place / part
    data: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return data
