"""What tells a mutant from its rule: a payload that comes out otherwise, or the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations, islice
from typing import Any, Final

from ..authoring.examples import Owned, lend_model, run_alone, run_stream
from ..model import MISSING, Example
from .borders import Point, points
from .neighbours import neighbours
from .placing import changed, swapped

#: Payloads that are tried for each rule: with one thing changed, with two.
_MOST: Final = 1500
_MOST_PAIRS: Final = 2500

Outcome = tuple[str, bool, str, str]


class Trials:
    """Payloads on both sides of everything that a rule asks, at one stage, and what the rule makes of each."""

    def __init__(self, owned: Owned) -> None:
        self._owned = owned
        self._tried: list[tuple[Example, Outcome]] = []
        self._left = self._candidates()

    def tells_apart(self, mutant: Owned) -> Example | None:
        """Return a payload, with what the rule makes of it, that a mutant makes something else of; None: there is none."""
        for example, expected in self._all():
            if outcome(mutant, example) != expected:
                return example
        return None

    @property
    def tried(self) -> int:
        """How many payloads were tried."""
        return len(self._tried)

    def ever(self, mutant: Owned) -> bool:
        """Tell whether the conditions of the rule and the mutant differ on some payload."""
        return any(_holds(mutant, example) != _holds(self._owned, example) for example, _ in self._tried)

    def _all(self) -> Iterator[tuple[Example, Outcome]]:
        yield from self._tried
        for example in self._left:
            found = outcome(self._owned, example)
            if found is None or found[0] == "not idempotent":
                continue
            self._tried.append((example, found))
            yield example, found

    def _candidates(self) -> Iterator[Example]:
        seen: set[str] = set()
        for example in (*islice(self._singles(), _MOST), *islice(self._pairs(), _MOST_PAIRS)):
            key = json.dumps([example.given, example.request, example.status], sort_keys=True)
            if key not in seen and self._is_let_in(example):
                seen.add(key)
                yield example

    def _is_let_in(self, example: Example) -> bool:
        """Tell whether a payload comes as far as the rules: some requests are refused at the door."""
        if self._owned.rule.stage != "request":
            return True
        given = example.given
        return isinstance(given.get("messages", []), list) and isinstance(given.get("model"), str | None)

    @cached_property
    def _bases(self) -> Sequence[Example]:
        """The examples, those that fire first; then nothing at all."""
        shown = sorted(self._owned.rule.examples, key=lambda example: example.same)
        bare = [
            replace(example, expected=MISSING, same=False, rejects=False, warns=False, fails="", headers={})
            for example in shown
        ]
        return [*bare, Example({}, request=bare[0].request if bare else None)]

    @cached_property
    def _points(self) -> Sequence[Point]:
        return points(self._owned.rule, self._owned.entry.named_conditions)

    def _singles(self) -> Iterator[Example]:
        yield from self._bases
        book = self._owned.book
        names = neighbours(self._owned.rule, book.naming, self._owned.entry.family, book.identify)
        for base in self._bases[:3]:
            yield from (self._of_model(base, name) for name in names)
        yield self._with_everything(self._bases[0])
        for base in self._bases:
            for table in _tables(self._owned.rule.do):
                yield from (replace(base, given=given) for given in swapped(base.given, table))
            for point in self._points:
                yield from _placed(base, point)
        if self._owned.rule.stage not in ("request", "chunk"):
            yield from (replace(base, status=status) for base in self._bases for status in _STATUSES)

    def _with_everything(self, base: Example) -> Example:
        """Return an example with all top-level keys that the rule names: most lists of keys show whole in it."""
        for point in self._points:
            is_plain = (
                point.origin == "here" and len(point.steps) > 0 and all(isinstance(step, str) for step in point.steps)
            )
            if is_plain and isinstance(base.given, dict) and point.steps[0] not in base.given:
                base = next(_placed(base, point), base)
        return base

    def _pairs(self) -> Iterator[Example]:
        pairs = [(one, other) for one, other in combinations(self._points, 2) if one.steps != other.steps]
        step = max(1, len(pairs) * 2 // _MOST_PAIRS)
        for base in self._bases[:2]:
            for one, other in pairs[::step]:
                for first in islice(_placed(base, one), 1):
                    yield from islice(_placed(first, other), 2)

    def _of_model(self, base: Example, name: str) -> Example:
        if self._owned.rule.stage == "request":
            return replace(base, given={**base.given, "model": name}) if isinstance(base.given, dict) else base
        return replace(base, request={**(base.request or {}), "model": name})


def _tables(node: Any) -> Iterator[list[Any]]:
    """Yield the keys of each table of values in the actions of a rule."""
    if isinstance(node, Mapping):
        if len(node) > 1 and not any(isinstance(value, Mapping | list) for value in node.values()):
            yield list(node)
        for value in node.values():
            yield from _tables(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from _tables(item)


_STATUSES: Final = (200, 400, 401, 402, 403, 404, 413, 422, 429, 499, 500, 503, 529)


def _placed(example: Example, point: Point) -> Iterator[Example]:
    """Yield examples with a point's value at each place that it means."""
    if point.origin == "request":
        for request in changed(example.request or {}, point.steps, point.value):
            yield replace(example, request=request)
    elif isinstance(example.given, list):
        for at, chunk in enumerate(example.given):
            for made in islice(changed(chunk, point.steps, point.value), 2):
                yield replace(example, given=[*example.given[:at], made, *example.given[at + 1 :]])
    else:
        for given in changed(example.given, point.steps, point.value):
            if isinstance(given, dict):
                yield replace(example, given=given)


def outcome(owned: Owned, example: Example) -> Outcome | None:
    """Return what a rule alone makes of a payload; None where it cannot be tried."""
    try:
        if isinstance(example.given, list):
            passed, _ = run_stream(owned, example, example.given)
            again, _ = run_stream(owned, example, passed)
            return (_text(passed) if _text(again) == _text(passed) else "not idempotent", False, "", "")
        done = run_alone(owned, example)
    except (ValueError, RecursionError):
        return None
    if done.refusals:
        return ("refused", False, "", "")
    headers = {name: value for name, value in done.headers.items() if value is not None}
    warns = any(edit[0] == "warn" for edit in done.edits)
    if done.edits:
        repeated = run_alone(owned, replace(example, given=done.root))
        if any(edit[0] != "warn" and edit[3] is not edit[4] for edit in repeated.edits):
            return ("not idempotent", False, "", "")
    return (_text(done.root), warns, str(done.failed[0]) if done.failed else "", _text(headers))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _holds(owned: Owned, example: Example) -> bool:
    if isinstance(example.given, list):
        return False
    model = None
    holder = example.given if owned.rule.stage == "request" else example.request
    named = holder.get("model") if isinstance(holder, dict) else None
    try:
        model = named if isinstance(named, str) else lend_model(owned, holder)
    except ValueError:
        return False
    identity = owned.book.identify(model, None if owned.family else owned.rule.owner)
    done = run_alone(owned, example)
    return owned.entry.speaks_of(model, identity) and bool(owned.entry.compiled.holds(example.given, done))
