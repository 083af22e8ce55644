"""How families name their models -> an outline of all of them: plain data, so that a package can ship it compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .pieces import spelling

Trie = dict[str, Any]
"""Piece -> what may follow it; at ``""`` what the spelling so far means."""

Outline = dict[str, Any]
"""What `build` returns: tries of names, tables of families, words that do not matter. JSON data but for its sharing."""


def build(families: Mapping[str, Mapping[str, Any]], words: Iterable[Sequence[str]]) -> Outline:
    """Return the outline of some families.

    ``families`` is family -> the ``naming`` of its head, ``words`` the words of ids that say nothing of the model, in groups.
    """
    outline: dict[str, Any] = {
        "names": {},
        "numbered": {},
        "same": {},
        "families": {},
        "plain": [word for group in words for word in group],
    }
    for family, naming in families.items():
        for name in naming["names"]:
            if name.endswith("#"):
                outline["numbered"].setdefault(name[:-1], family)
            else:
                add(outline["names"], name, family)
        for name, meant in naming.get("same", {}).items():
            add(outline["same"], name, [family, meant])
        outline["families"][family] = _family(naming)
    return outline


def _family(naming: Mapping[str, Any]) -> dict[str, Any]:
    parts: Trie = {}
    lines = naming.get("lines", ())
    for kind, known in (("line", lines), ("variant", naming.get("variants", ()))):
        for word in known:
            if not word.endswith("#"):
                add(parts, word, kind, word)
    newest = naming.get("newest", {})
    return {
        "names": [name for name in naming["names"] if not name.endswith("#")],
        "parts": parts,
        "lines": [*lines],
        "variants": [*naming.get("variants", ())],
        "letters": ["v", *naming.get("letters", ())],
        "spelt": {str(text): str(meant) for text, meant in naming.get("spelt", {}).items()},
        "dated": {
            line: {str(date): str(meant) for date, meant in dates.items()}
            for line, dates in naming.get("dated", {}).items()
        },
        "not": [*naming.get("not", ())],
        "newest": str(newest["version"]) if newest else None,
    }


def add(trie: Trie, words: str, *meanings: Any) -> None:
    """Add a spelling to a trie; of two with one spelling the first stands."""
    for text in spelling(words):
        trie = trie.setdefault(text, {})
    trie.setdefault("", meanings[0] if len(meanings) == 1 else [*meanings])


def longest(trie: Trie, texts: Sequence[str], at: int) -> tuple[Any, int] | None:
    """Return the meaning of the longest spelling that begins at a place, and how many pieces it takes."""
    best, place = None, at
    while True:
        if "" in trie:
            best = trie[""], place - at
        if place >= len(texts) or texts[place] not in trie:
            return best
        trie = trie[texts[place]]
        place += 1


def ambiguous(families: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[tuple[str, ...], list[str]]:
    """Return the spellings that more than one family claims as a name of its own -> these families."""
    claims: dict[tuple[str, ...], list[str]] = {}
    for family, naming in families:
        for name in dict.fromkeys(map(spelling, naming["names"])):
            claims.setdefault(name, []).append(family)
    return {name: claimants for name, claimants in claims.items() if len(claimants) > 1}
