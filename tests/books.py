"""Rules, rule files and rulebooks written on the spot: each goes through the loader, which refuses what is none."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from quirkbook import Rulebook
from quirkbook.authoring.examples import owned_rules
from quirkbook.identity.spell import spellings
from quirkbook.model import RuleFile
from quirkbook.resources import folder
from quirkbook.rulebook.load import load_file, load_folder

SAME = {"in": {}, "same": True}


@cache
def built_in() -> tuple[RuleFile, ...]:
    """Return the built-in files, read and checked once in a run as a user's would be."""
    return load_folder(Path(str(folder("rules"))), "built-in")


def models_of(book: Rulebook) -> set[str]:
    """Return a name for each glob and each range of models of each rule."""
    names: set[str] = set()
    for owned in owned_rules(book):
        globs = [glob for glob in owned.rule.models if isinstance(glob, str) and not glob.startswith("!")]
        names.update(glob.replace("*", "1") for glob in globs)
        for models in (*owned.entry.fits.ranges, *owned.entry.fits.taken_away):
            spelt = spellings(book.naming.get(models.family or "", {"names": [], "letters": []}), models)
            names.update([name for name in spelt if models.blame(book.identify(name)) is None][:1])
    return names


def unlike(book: Rulebook) -> list[str]:
    """Return providers of which no two have the same rules in force: what holds for one holds for all like it."""
    first: dict[str, str] = {}
    for name in book.providers:
        everywhere, of_families = book.places(name)
        entries = [*everywhere, *(entry for each in of_families.values() for entry in each)]
        rules = [
            (entry.rule.name, entry.rule.when, entry.rule.do, entry.named_conditions, entry.place, entry.is_on)
            for entry in entries
        ]
        first.setdefault(repr((book.provider(name).head.get("names"), rules)), name)
    return [*first.values()]


def a_rule(name: str, do: Any, when: Any = None, **more: Any) -> dict[str, Any]:
    """Write a rule down; ``do`` may be one action."""
    return {
        "id": name,
        "why": f"Why {name}.",
        "source": f"https://acme.example/{name}",
        "verified": {"date": "2026-11-22", "by": "docs"},
        **({} if when is None else {"when": when}),
        "do": do if isinstance(do, list) else [do],
        "examples": [SAME],
        **more,
    }


def a_file_text(*rules: Any, **head: Any) -> str:
    """Write a rule file down, a rule a line, the first in line 3; without ``provider`` or ``family`` it is acme's."""
    head = {"provider": "acme", **head} if "family" not in head else head
    first = json.dumps({"quirks": 1, **head})[:-1]
    lines = ",\n".join(json.dumps(rule) for rule in rules)
    return f'{first},\n"rules": [\n{lines}\n]}}\n'


def a_file(*rules: Any, layer: str = "mine", **head: Any) -> RuleFile:
    """Make a rule file as the loader would."""
    name = head.get("provider") or head.get("family") or "acme"
    return load_file(a_file_text(*rules, **head).encode(), f"{name}.yaml", layer=layer)


def a_book(*rules: Any, **head: Any) -> Rulebook:
    """Make a rulebook of one file, without the built-in rules."""
    return Rulebook([a_file(*rules, **head)], builtin=False)


def a_folder(path: Path, **texts: str) -> Path:
    """Write files of rules into a folder, each by its name without the ending."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (path / f"{name}.yaml").write_text(text, "utf-8")
    return path
