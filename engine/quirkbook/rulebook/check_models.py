"""What the schema cannot say of models: whose family a mapping means, and that versions are read as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..model import Keys
from ..plan.conditions import Report
from ..source.document import Document

_BOUNDS: Final = ("from", "before", "version")


def check_models(document: Document, report: Report) -> None:
    """Report what is wrong with `models`, `$model`, `at`, `traits` and `spares` of the rules of a file, and with the versions of its head."""
    data = document.data
    is_family = "family" in data
    is_own = is_family and "naming" in data  # a family that says no names is about others' models, as a provider does
    for keys, node in _mappings(data, ()):
        if is_own and "family" in node and keys[0] == "rules" and keys[2:3] == ("models",):
            hint = "take it out: the rules of this file are about its own family"
            report("Q106", (*keys, "family"), "'family' cannot stand in a family's own file", hint, key=True)
        elif not is_own and "family" not in node:
            hint = "a line or a version is that of a family: write 'family: NAME' beside it"
            report("Q107", keys, "'family' is missing in this range of models", hint)
        for bound in _BOUNDS:
            _check_version(document, (*keys, bound), node.get(bound), report)
    for at, rule in enumerate(data.get("rules", ()) if isinstance(data.get("rules"), list) else ()):
        for key in ("at", "traits", "spares"):
            if not is_family and isinstance(rule, dict) and key in rule:
                hint = "a rule in a provider's file holds at that provider"
                report("Q106", ("rules", at, key), f"'{key}' cannot stand in a provider's file", hint, key=True)
    naming = data.get("naming")
    if isinstance(naming, dict):
        _check_naming(document, naming, report)


def _mappings(node: Any, keys: Keys) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """Yield each range of models below a node: those of `models` and `$model`."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        place = (*keys, key)
        if key == "$model" or (key == "models" and len(place) == 3 and place[0] == "rules"):
            items = [(place, value)] if isinstance(value, dict) else []
            if isinstance(value, list):
                items = [
                    ((*place, at, "not"), item["not"]) if "not" in item else ((*place, at), item)
                    for at, item in enumerate(value)
                    if isinstance(item, dict)
                ]
            yield from items
        elif isinstance(value, dict | list) and key not in ("examples", "naming"):
            yield from _mappings(value, place)


def _check_naming(document: Document, naming: Mapping[str, Any], report: Report) -> None:
    def below(*path: str) -> Iterator[tuple[Keys, Any]]:
        node: Any = naming
        for step in path:
            node = node.get(step) if isinstance(node, dict) else None
        for key, value in node.items() if isinstance(node, dict) else ():
            yield ("naming", *path, key), value

    for keys, value in (*below("spelt"), *below("newest")):
        if keys[-1] != "date":
            _check_version(document, keys, value, report)
    for line in naming.get("dated", {}) if isinstance(naming.get("dated"), dict) else ():
        for keys, value in below("dated", line):
            _check_version(document, keys, value, report)


def _check_version(document: Document, keys: Keys, value: Any, report: Report) -> None:
    """A version is a text of numbers with dots; a bare number only where YAML reads what is written."""
    name = next(key for key in reversed(keys) if isinstance(key, str))
    if isinstance(value, list):
        for at, item in enumerate(value):
            _check_version(document, (*keys, at), item, report)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        written = document.written(keys)
        if str(value) != written:
            report("Q109", keys, f"'{name}' is read as {value}, not {written}", f'write it in quotes: "{written}"')
    elif isinstance(value, str) and value != "latest" and not _is_version(value):
        report("Q109", keys, f'\'{name}\' must be a version such as "4.7", not "{value}"')


def _is_version(text: str) -> bool:
    parts = text.split(".")
    return all(part.isascii() and part.isdigit() and len(part) <= 9 for part in parts)
