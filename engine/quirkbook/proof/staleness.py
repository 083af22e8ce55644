"""Rules by the age and kind of their proof, and models that no family knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from ..errors import UsageError
from ..model import Rule
from ..rulebook.rulebook import Rulebook

#: How much a kind of proof counts: what was tried is better than what is written, that than what somebody reported.
KINDS: Final = ("report", "docs", "live")
#: A string in a list of a catalogue that may be a model's id.
_ID: Final = re.compile(r"[A-Za-z0-9@][\w@./:-]{2,120}")


@dataclass(frozen=True, slots=True)
class Aged:
    """A rule, and what its proof is worth today."""

    rule: Rule
    days: int
    """Since it was last verified."""
    providers: int
    """How many providers have it in force."""

    @property
    def by(self) -> str:
        """How it was verified: ``report``, ``docs`` or ``live``."""
        return self.rule.verified["by"]

    @property
    def rank(self) -> tuple[int, int, int]:
        """Orders rules: those first that most depends on and least speaks for."""
        return (-self.days * self.providers, KINDS.index(self.by), -self.providers)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        place = f"{self.rule.location.file}:{self.rule.location.line}"
        return {
            "rule": self.rule.name,
            "days": self.days,
            "by": self.by,
            "providers": self.providers,
            "place": place,
            "source": self.rule.source,
        }


def aged(book: Rulebook, today: date) -> list[Aged]:
    """Return every rule that can run, the most urgent to look at first."""
    used: dict[str, set[str]] = {}
    models = [None, *(str(naming["names"][0]).replace("#", "1") for naming in book.naming.values())]
    for provider in book.providers:
        for model in models:
            for entry in book.effective(provider, model):
                if entry.disabled is None:
                    used.setdefault(entry.rule.name, set()).add(provider)
    rules = [rule for rule in book.rules() if rule.in_force]
    found = [Aged(rule, _days(rule, today), len(used.get(rule.name, ()))) for rule in rules]
    return sorted(found, key=lambda each: (each.rank, each.rule.name))


def _days(rule: Rule, today: date) -> int:
    return (today - date.fromisoformat(str(rule.verified["date"]))).days


def unknown_models(book: Rulebook, path: Path) -> list[str]:
    """Return the ids in a catalogue that no family knows, sorted.

    A catalogue is a text with an id a line, or JSON: the keys of an object of objects, or each ``id`` in it.

    Raises:
        UsageError: it holds no id.
    """
    ids = set(_ids(path.read_text("utf-8")))
    if not ids:
        raise UsageError(f"{path}: no id of a model: write one a line, or JSON with 'id' keys")
    return sorted(id for id in ids if book.identify(id) is None)


def _ids(text: str) -> Iterator[str]:
    try:
        data = json.loads(text)
    except ValueError:
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        yield from (line for line in lines if _ID.fullmatch(line))
        return
    yield from _ids_in(data)


def _ids_in(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        if isinstance(data.get("id"), str) and "models" not in data:
            yield data["id"]
        elif (
            data
            and all(isinstance(value, Mapping) for value in data.values())
            and not any("id" in value or "models" in value for value in data.values())
        ):
            yield from (str(key) for key in data if _ID.fullmatch(str(key)))
        else:
            for value in data.values():
                yield from _ids_in(value)
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, str) and _ID.fullmatch(value):
                yield value
            else:
                yield from _ids_in(value)


def without_address(book: Rulebook) -> list[str]:
    """Return the providers whose address is not known."""
    heads = {name: book.provider(name).head for name in book.providers}
    return [name for name, head in heads.items() if not head.get("base_url")]
