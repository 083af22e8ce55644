"""One request under two versions of the facts: where what is sent differs, and by which rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ..model import MISSING, Keys, pointer, same

Outcome = Mapping[str, Any]
"""What becomes of a request, as `outcome.outcome` returns it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two JSON values differ; what is not there is ``MISSING``."""

    pointer: str
    old: Any
    new: Any

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data; what is not there has no key."""
        sides = {"old": self.old, "new": self.new}
        return {"pointer": self.pointer, **{side: value for side, value in sides.items() if value is not MISSING}}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two outcomes of one request."""

    old: Outcome
    new: Outcome
    payload: Sequence[Difference]
    """Where the payloads differ that would be sent."""
    around: Sequence[Difference]
    """Where headers, provider, model or address differ."""
    no_longer: Sequence[str]
    """Rules that did something in the old version alone."""
    now: Sequence[str]
    """Rules that do something in the new version alone."""
    otherwise: Sequence[str]
    """Rules that do something else than before."""

    @property
    def fate(self) -> str:
        """``same``, ``changed``, ``refused now``, ``untranslatable now``, ``no longer refused``, ``no longer untranslatable``,
        or ``untranslatable``, where neither version can translate the request."""
        before, after = _fate(self.old), _fate(self.new)
        if before == after:
            is_changed = before == "sent" and (self.payload or self.around)
            return _WORDS["error"] if before == "error" else "changed" if is_changed else "same"
        if after != "sent":
            return f"{_WORDS[after]} now"
        return f"no longer {_WORDS[before]}"

    @property
    def rules(self) -> list[str]:
        """The rules that make the difference, each once."""
        return list(dict.fromkeys((*self.no_longer, *self.now, *self.otherwise)))


_WORDS = {"refused": "refused", "error": "untranslatable"}


def _fate(outcome: Outcome) -> str:
    return next(fate for fate in ("sent", "refused", "error") if fate in outcome)


def compare(old: Outcome, new: Outcome) -> Comparison:
    """Compare two outcomes; linear in their size.

    >>> sent = {"sent": {"payload": {"n": 1}}, "rules": []}
    >>> compare(sent, {"sent": {"payload": {"n": 2}}, "rules": []}).payload
    [Difference(pointer='/n', old=1, new=2)]
    """
    payload: list[Difference] = []
    around: list[Difference] = []
    if "sent" in old and "sent" in new:
        before, after = (
            {**side["sent"], "provider": side.get("provider"), "model": side.get("model")} for side in (old, new)
        )
        payload += differences(before.pop("payload"), after.pop("payload"))
        around += differences(before, after)
    acts_before, acts_after = _acts(old), _acts(new)
    return Comparison(
        old,
        new,
        payload,
        around,
        no_longer=[rule for rule in acts_before if rule not in acts_after],
        now=[rule for rule in acts_after if rule not in acts_before],
        otherwise=[
            rule for rule, acts in acts_before.items() if rule in acts_after and not same(acts, acts_after[rule])
        ],
    )


def _acts(outcome: Outcome) -> dict[str, list[dict[str, Any]]]:
    """Return rule -> what it did to the payload, without what it says about itself."""
    acts: dict[str, list[dict[str, Any]]] = {}
    for change in outcome.get("rules", ()):
        is_remark = change["effect"] == "none"
        if not is_remark:
            said = {key: value for key, value in change.items() if key not in _SAID}
            acts.setdefault(change["rule"], []).append(said)
    return acts


_SAID = frozenset({"rule", "effect", "why", "source", "location", "disputed"})


def differences(old: Any, new: Any) -> list[Difference]:
    """Return where two JSON values differ, the outermost places, in the order of the new value.

    >>> differences({"a": [1, 2], "b": 1}, {"a": [1, 3, 4]})
    [Difference(pointer='/a/1', old=2, new=3), Difference(pointer='/a/2', old=(absent), new=4), Difference(pointer='/b', old=1, new=(absent))]
    """
    return list(_differences(old, new))


def _differences(old: Any, new: Any) -> Iterator[Difference]:
    # A stack, not recursion: payloads may nest deeper than Python calls.
    stack: list[tuple[_Place, Any, Any]] = [(_Place(), old, new)]
    while stack:
        place, before, after = stack.pop()
        if isinstance(before, dict) and isinstance(after, dict):
            pairs = [(key, before.get(key, MISSING), after.get(key, MISSING)) for key in {**after, **before}]
        elif isinstance(before, list) and isinstance(after, list):
            pairs = _items(before, after, trim=place.depth <= _TRIMMED)
        else:
            if before is not after and not same(before, after):
                yield Difference(pointer(place.keys()), before, after)
            continue
        stack += [(_Place(place, key), left, right) for key, left, right in reversed(pairs)]


#: So deep, lists of different lengths are matched from their ends too: a message that is new moves all those behind it.
#: Deeper ones are matched from the start alone, or the work would grow with their depth.
_TRIMMED = 3


def _items(before: list[Any], after: list[Any], *, trim: bool) -> list[tuple[Any, Any, Any]]:
    start, end = 0, 0
    shorter = min(len(before), len(after))
    if trim and len(before) != len(after):
        while start < shorter and same(before[start], after[start]):
            start += 1
        while end < shorter - start and same(before[-1 - end], after[-1 - end]):
            end += 1
    middles = [values[start : len(values) - end] for values in (before, after)]
    pairs = zip_longest(*middles, fillvalue=MISSING)
    return [(start + at, left, right) for at, (left, right) in enumerate(pairs)]


class _Place:
    """Where a value stands: the place around it and its key there, so that going down costs no copy of the way."""

    __slots__ = ("around", "depth", "key")

    def __init__(self, around: _Place | None = None, key: str | int = "") -> None:
        self.around, self.key = around, key
        self.depth: int = around.depth + 1 if around else 0

    def keys(self) -> Keys:
        keys: list[str | int] = []
        place = self
        while place.around is not None:
            keys.append(place.key)
            place = place.around
        return tuple(reversed(keys))
