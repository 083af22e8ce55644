"""Did-you-mean: the known word nearest to an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: What people write for a word of the language.
_MEANS = {
    "greater": "gt",
    "less": "lt",
    "min": "gte",
    "max": "lte",
    "regex": "matches",
    "remove": "drop",
    "delete": "drop",
    "replace": "map",
    "append": "append_message",
}


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known word nearest to ``word``, or None when nothing is near.

    >>> did_you_mean("greater", ["gt", "gte", "lt"])
    'gt'
    >>> did_you_mean("clmap", ["clamp", "set"])
    'clamp'
    """
    known = list(known)
    if _MEANS.get(word) in known:
        return _MEANS[word]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return near[0] if near else None
