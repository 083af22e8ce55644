"""Which rules are in force: folders of one's own, and how rules are tried out, in the shadow or on a share of the requests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ...errors import RuleFileError
from ...model import Keys
from ...rulebook.rulebook import Rulebook
from .fallbacks import Names
from .model import Canary, Deployment
from .reader import Reader

_SECTION: Final = "quirkbook_settings"
_CANARY: Final[Keys] = (_SECTION, "canary")


def load_rules(environ: Mapping[str, str], folders: Sequence[Path]) -> Rulebook:
    """Return the rulebook, read anew: a file of rules may have changed since the last time."""
    return Rulebook.load(*filter(None, environ.get("QUIRKBOOK_RULES", "").split(os.pathsep)), *folders)


def folders(reader: Reader, keys: Keys, given: Any) -> tuple[Path, ...]:
    """Return the folders that a key names, those that are there."""
    found = []
    home = Path(reader.document.name).parent
    for at, name in enumerate(reader.names(keys, given)):
        path = home / name
        if path.exists():
            found.append(path)
        else:
            hint = "the path is taken from where the config is"
            reader.diagnostic("Q109", (*keys, at), f"there is no folder {path}", hint)
    return tuple(found)


def load(reader: Reader, paths: Sequence[Path]) -> Rulebook | None:
    """Return the rules of folders above the built-in ones; None: they are faulty, which is noted."""
    try:
        return load_rules(reader.environ, paths)
    except RuleFileError as error:
        reader.diagnostics += error.diagnostics
        return None


def shadowed(
    reader: Reader, quirkbook: Mapping[str, Any], models: tuple[Deployment, ...], known: Names
) -> tuple[Deployment, ...]:
    """Return deployments, with a note on those whose requests rules shall not change: ``shadow: true``, or a list of names."""
    keys: Keys = (_SECTION, "shadow")
    given = quirkbook.get("shadow", False)
    if given is False:
        return models
    patterns = ("*",) if given is True else reader.names(keys, given)
    for at, pattern in enumerate(patterns):
        if pattern != "*":
            place = (*keys, at) if isinstance(given, list) else keys
            if not any(model.is_called(pattern) for model in models):
                known.check(reader, place, pattern)
    return tuple(
        replace(model, shadow=True) if any(model.is_called(pattern) for pattern in patterns) else model
        for model in models
    )


def canary(reader: Reader, quirkbook: Mapping[str, Any], *, has_shadow: bool) -> Canary | None:
    """Return which share of the requests is translated by other rules, or at all: ``5``, or ``{percent: 5, rules: [...]}``."""
    given = quirkbook.get("canary")
    if given is None:
        return None
    values = reader.section(_CANARY, "canary") if isinstance(given, dict) else {"percent": given}
    keys: Keys = (*_CANARY, "percent") if isinstance(given, dict) else _CANARY
    if "percent" not in values:
        reader.diagnostic("Q107", _CANARY, "'percent' is missing", "write {percent: 5, rules: [FOLDER]}")
        return None
    percent = reader.number(keys, values["percent"], 0, 100)
    paths: tuple[Path, ...] = ()
    book = None
    if "rules" in values:
        paths = folders(reader, (*_CANARY, "rules"), values["rules"])
        book = load(reader, paths)
    elif not has_shadow:
        hint = "write {percent: 5, rules: [FOLDER]}, or shadow: [NAMES] for models whose other requests go unchanged"
        reader.diagnostic("Q109", _CANARY, "'canary' has nothing to try out", hint)
    return Canary(percent / 100, paths, book) if percent else None
