"""Model globs: which models a rule is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from functools import lru_cache


def compile_globs(patterns: Sequence[str]) -> Callable[[str | None], bool]:
    """Return a test for model names: one positive glob fits and no ``!`` glob does.

    Case is ignored. A glob is tried on the whole name and on what stands after its last ``/`` and before a ``:``,
    as gateways write it. Only ``!`` globs: every other model. No model at all fits only where ``*`` would.

    >>> accepts = compile_globs(["kimi-k2.6*"])
    >>> accepts("moonshotai/Kimi-K2.6:free"), accepts("kimi-k2.5"), accepts(None)
    (True, False, False)
    """
    wanted = tuple(pattern for pattern in patterns if not pattern.startswith("!"))
    unwanted = _union(tuple(pattern[1:] for pattern in patterns if pattern.startswith("!")))
    anything = not wanted or "*" in wanted
    positive = _union(wanted)

    def accepts(model: str | None) -> bool:
        if model is None:
            return anything
        whole = model.lower()
        short = whole.rpartition("/")[2].partition(":")[0]
        if unwanted and (unwanted(whole) or unwanted(short)):
            return False
        return anything or bool(positive and (positive(whole) or positive(short)))

    return accepts


@lru_cache(maxsize=1024)  # the same globs are asked again for each plan, and `re` keeps only half as many
def _union(patterns: tuple[str, ...]) -> Callable[[str], object] | None:
    if not patterns:
        return None
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns)).match
