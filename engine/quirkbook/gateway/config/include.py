"""``include``: further files, whose lists are joined with those of the first and whose other keys win, as LiteLLM has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...model import Diagnostic, Keys, Location
from ...source.document import Document
from .yaml import read

_KEY = "include"


class Pages:
    """Documents read as one, in which each key and value knows its own file."""

    def __init__(self, first: Document, more: Sequence[Document] = ()) -> None:
        self.name = first.name
        self.data: Any = first.data
        self._parts: dict[Any, list[tuple[int, Document]]] = {}
        """Top-level key -> index of its first item, and the document, of each part."""
        self._first = first
        if more:
            self.data = dict(first.data)
        for document in more:
            for key, value in document.data.items():
                held = self.data.get(key)
                if isinstance(value, list) and isinstance(held, list):
                    self._parts.setdefault(key, [(0, self._first)]).append((len(held), document))
                    self.data[key] = [*held, *value]
                else:
                    self._parts[key] = [(0, document)]
                    self.data[key] = value

    def _of(self, keys: Keys) -> tuple[Document, Keys]:
        """Return the document in which something stands, and where in it."""
        parts = self._parts.get(keys[0]) if keys else None
        if not parts:
            return self._first, keys
        at = keys[1] if len(keys) > 1 and isinstance(keys[1], int) else 0
        start, document = next(part for part in reversed(parts) if part[0] <= at)
        return document, (keys[0], at - start, *keys[2:]) if start else keys

    def locate(self, keys: Keys, *, key: bool = False) -> Location:
        """Return the place of a value, or of its key."""
        document, keys = self._of(keys)
        return document.locate(keys, key=key)

    def diagnostic(
        self, code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False, severity: str = "error"
    ) -> Diagnostic:
        """Return a diagnostic that shows the line in its file."""
        document, keys = self._of(keys)
        return document.diagnostic(code, keys, message, hint, key=key, severity=severity)


def read_pages(first: Document) -> tuple[Pages, tuple[Path, ...], list[Diagnostic]]:
    """Return a document with those that it includes, their paths, and what is wrong with ``include`` itself.

    Raises:
        RuleFileError: an included file cannot be parsed.
    """
    named = first.data.get(_KEY) if isinstance(first.data, dict) else None
    if named is None:
        return Pages(first), (), []
    diagnostics: list[Diagnostic] = []
    paths: list[Path] = []
    documents: list[Document] = []
    for at, name in enumerate(named if isinstance(named, list) else [named]):
        keys: Keys = (_KEY, at) if isinstance(named, list) else (_KEY,)
        path = Path(first.name).parent / name if isinstance(name, str) else None
        if path is None or not path.is_file():
            message = f"there is no file {path}" if path else "'include' must list paths of files"
            hint = "the path is taken from where the config is"
            diagnostics.append(first.diagnostic("Q109", keys, message, hint))
            continue
        document = read(path.read_bytes(), str(path))
        if isinstance(document.data, dict):
            paths.append(path)
            documents.append(document)
        else:
            diagnostics.append(
                document.diagnostic("Q108", (), "a config must be a mapping", "it begins with 'model_list:'")
            )
    return Pages(first, documents), tuple(paths), diagnostics
