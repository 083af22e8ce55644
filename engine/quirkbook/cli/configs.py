"""`quirkbook check config.yaml`: what becomes of each key of a gateway's config."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..gateway.config.findings import counts, findings
from ..gateway.config.load import ConfigError, Setting, read_config
from ..model import Diagnostic
from ..source.yaml import MAX_BYTES

__all__ = [
    "Setting", "counts", "escaped", "findings", "is_config", "read_all", "setting_annotation", "setting_as_data",
]  # fmt: skip

_KEYS: Final = frozenset(
    {"model_list", "general_settings", "litellm_settings", "router_settings", "quirkbook_settings"}
)
_TOP_KEY: Final = re.compile(rf"""^["']?(?:{"|".join(sorted(_KEYS))})["']?\s*:""", re.MULTILINE)


def is_config(path: Path) -> bool:
    """Tell whether a file is a gateway's config: by its keys at the left margin, however faulty the rest is."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8", "replace")
    if text.lstrip()[:1] != "{":
        return _TOP_KEY.search(text) is not None
    try:
        return bool(_KEYS & set(json.loads(text)))
    except (ValueError, RecursionError):
        return False


def read_all(paths: Iterable[Path], *, strict: bool = False) -> tuple[list[Setting], list[Diagnostic], tuple[str, ...]]:
    """Return the keys of configs, their diagnostics, and the variables that they need and that are not set."""
    settings: list[Setting] = []
    diagnostics: list[Diagnostic] = []
    needs: dict[str, None] = {}
    for path in paths:
        try:
            config = read_config(path, unset="note", strict=strict)
            settings += config.settings
            diagnostics += config.remarks
            needs |= dict.fromkeys(config.needs)
        except ConfigError as error:
            settings += error.settings
            diagnostics += error.diagnostics
            needs |= dict.fromkeys(error.needs)
    return settings, diagnostics, tuple(needs)


def setting_as_data(setting: Setting) -> dict[str, object]:
    """Return a key as JSON data."""
    return {
        "file": setting.file, "line": setting.line, "column": setting.column, "key": setting.pointer, "state": setting.state,
        "why": setting.why,
    }  # fmt: skip


def setting_annotation(setting: Setting) -> str:
    """Return a key as a forge's annotation: a key that is used appears in the log alone."""
    if setting.state == "used":
        return f"::debug::{escaped(str(setting))}"
    kind = "warning" if setting.state == "unsupported" else "notice"
    text = escaped(f"{setting.pointer}: {setting.why}")
    return f"::{kind} file={setting.file},line={setting.line},col={setting.column},title={setting.state}::{text}"


def escaped(text: str) -> str:
    """Return text as an annotation can hold it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
