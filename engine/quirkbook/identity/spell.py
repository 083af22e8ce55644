"""A range of models -> ids that may fit it, for an example that names no model of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .models import Range
from .version import LATEST, show

#: A version that is tried where a range has no first one.
_ANY = ("", "1", "0.1")


def spellings(naming: Mapping[str, Any], models: Range) -> Iterator[str]:
    """Yield ids as the maker may spell them; ``naming`` is the family's table of the outline. Not all of them fit."""
    starts = [models.start] if models.start else []
    versions = [show(number) for number in (*models.versions, *starts) if number != LATEST]
    versions += ["latest"] if LATEST in (*models.versions, *starts) else []
    variants = [[variant] for variant in sorted(models.some_of)] or [[]]
    lines: list[str | None] = [*sorted(models.lines)]
    for line in lines or [None]:
        for number in versions or _ANY:
            for variant in variants:
                yield from _spell(naming, line, number, variant)


def _spell(naming: Mapping[str, Any], line: str | None, number: str, variants: list[str]) -> Iterator[str]:
    if line and line.endswith("#"):
        yield "-".join([line[:-1] + number, *variants])
        return
    for name in naming["names"]:
        words = [name] if line in (None, name) else [name, line]
        if number:
            for letter in (*naming["letters"][1:], ""):
                yield "-".join([*words, letter + number, *variants])
                if variants == ["o"]:
                    yield "-".join([*words, letter + number + "o"])
        else:
            yield "-".join([*words, *variants])
