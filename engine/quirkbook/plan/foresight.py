"""What the parameters of a request settle before it comes: callers send the same ones again and again.

Given all parameters but the messages, most rules are known to fire or not, and some to write just this and nothing
else. The rules are run once over what is known, in order; what a rule would ask beyond that stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from marshal import dumps, loads
from operator import itemgetter
from typing import Any, Final

from ..model import MISSING
from ..payload.draft import Draft, Edit, Refusal
from .idle import LONGEST_REMEMBERED, Partial, Rule
from .kinds import KnownKinds, Probe, Seen, is_small
from .readers import Holds

Run = Callable[[Draft, tuple[()]], Any]

Step = tuple[Any, frozenset[int] | None, bool, Sequence[Run]]
"""A rule to try: the places of earlier rules of which one must have fired first (None: none), whether its condition is
known to hold, and what to run."""

Candidate = tuple[Any, frozenset[int] | None]
"""A rule that could fire, and the places of the earlier rules of which one must have fired first; None: at once."""

Sifted = tuple[Sequence[Candidate], Mapping[str, Seen]]
"""The candidates, and what was seen of the arrays that they speak of."""

#: How many requests a plan remembers the steps of, and how many it knows again when they come a second time.
REMEMBERED = 64
KNOWN_AGAIN = 512

#: A payload with more keys than this is not remembered.
KEYS_REMEMBERED = 64

_PLAIN: Final = frozenset({str, int, float, bool, type(None), type(MISSING)})


@dataclass(slots=True)
class Layout:
    """What is remembered of payloads that have the same keys in the same order."""

    known: tuple[str, ...]
    """The keys whose values are looked at."""
    unknown: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Any]
    """Gives the values of the known keys."""
    probes: tuple[Probe, ...]
    steps: dict[Any, tuple[Sequence[Step], Mapping[str, KnownKinds]]] = field(default_factory=dict)


class Foresight:
    """What one plan has learned of the requests it met."""

    __slots__ = ("_asked", "_layouts", "_met_once", "_model", "_probes", "_remembered", "_sift")

    def __init__(
        self,
        sift: Callable[[Mapping[str, Any]], Sifted],
        model: str | None,
        asked: Set[str] | None,
        probes: Sequence[Probe],
    ) -> None:
        self._sift, self._model, self._probes = sift, model, probes
        self._asked = None if asked is None else asked - {"messages", *(probe.array for probe in probes)}
        """The keys whose values matter; None: nothing can be foretold."""
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._met_once: set[int] = set()
        self._remembered = 0

    def steps(self, payload: Mapping[str, Any]) -> tuple[Sequence[Step], Mapping[str, Seen]]:
        """Return the candidates with what is known of each, learned when a payload's parameters come a second time."""
        keys = tuple(payload)
        layout = self._layouts.get(keys) or self._layout(keys)
        if layout is None:
            return self._open(payload)
        seen: dict[str, Seen] = {}
        try:
            key: Any = dumps(layout.read(payload))
            if layout.probes:
                shape = [key]
                for probe in layout.probes:
                    seen[probe.array] = look = probe.look(payload[probe.array])
                    shape.append(look.kinds)
                key = tuple(shape)
            found = layout.steps.get(key)
        except (TypeError, ValueError):  # no plain JSON, nested too deep, an array that is none or of odd items
            return self._open(payload)
        if found is None:
            return self._learn(payload, layout, key)
        steps, tokens = found
        if tokens:
            for array, look in seen.items():
                look.tokens = tokens[array]
        return steps, seen

    def _layout(self, keys: tuple[str, ...]) -> Layout | None:
        asked = self._asked
        if asked is None or len(keys) > KEYS_REMEMBERED:
            return None
        known = tuple(key for key in keys if key in asked)
        layout = Layout(
            known,
            tuple(key for key in keys if key not in known),
            itemgetter(*known) if known else lambda payload: None,
            tuple(probe for probe in self._probes if probe.array in keys),
        )
        if len(self._layouts) >= KNOWN_AGAIN:  # a stranger's payloads must not fill the memory
            self._layouts.clear()
            self._remembered = 0
        self._layouts[keys] = layout
        return layout

    def _open(self, payload: Mapping[str, Any]) -> tuple[Sequence[Step], Mapping[str, Seen]]:
        candidates, seen = self._sift(payload)
        return as_steps(candidates), seen

    def _learn(self, payload: Mapping[str, Any], layout: Layout, key: Any) -> tuple[Sequence[Step], Mapping[str, Seen]]:
        content = key if isinstance(key, bytes) else key[0]
        candidates, seen = self._sift(payload)
        sight = hash((layout.known, layout.unknown, key))
        sifted = len(seen) == len(layout.probes)  # else every rule is tried, for the items are odd
        if sight not in self._met_once or len(content) > LONGEST_REMEMBERED or not (sifted and is_small(seen)):
            if len(self._met_once) >= KNOWN_AGAIN:
                self._met_once.clear()
            self._met_once.add(sight)
            return as_steps(candidates), seen
        if self._remembered >= REMEMBERED:
            for one in list(self._layouts.values()):  # another thread may put one in meanwhile
                one.steps.clear()
            self._remembered = 0
        values = loads(content)
        known = dict(zip(layout.known, values if len(layout.known) > 1 else (values,), strict=False))
        steps = foretell(candidates, self._model, known, layout.unknown)
        layout.steps[key] = steps, {array: look.tokens for array, look in seen.items()}
        self._remembered += 1
        return steps, seen


def as_steps(candidates: Iterable[Candidate]) -> Sequence[Step]:
    """Return candidates as steps of which nothing is known beforehand."""
    return tuple((rule, awaited, False, rule.runs) for rule, awaited in candidates)


def foretell(
    candidates: Iterable[Candidate], model: str | None, known: Mapping[str, Any], unknown: Iterable[str]
) -> Sequence[Step]:
    """Return the candidates as steps, without those that are known to do nothing in such a payload.

    It has the values ``known`` and anything at the keys that are ``unknown``, and no other key.
    """
    part = _Part(known, unknown, model)
    steps: list[Step] = []
    may_fire: set[int] = set()
    for rule, awaited in candidates:
        if awaited is not None:
            awaited &= may_fire
            if not awaited:
                continue
        holds = part.tell(rule.holds)
        runs = part.settle(rule) if holds else rule.runs
        if holds is False or not runs:
            continue
        if holds is None:
            part.lose(touched for touches in rule.touches for touched in touches)
        if rule.renames_model:  # then those after it may be others
            part.lose("?")
        may_fire.add(rule.place)
        steps.append((rule, awaited, bool(holds), runs))
    return tuple(steps)


class _Part:
    """What is known of a payload while its rules are run beforehand."""

    def __init__(self, known: Mapping[str, Any], unknown: Iterable[str], model: str | None) -> None:
        self._unknown = set(unknown)
        self._root = Partial(known, self._unknown)
        self._model = model
        self._lost = False

    def lose(self, touched: Iterable[str]) -> None:
        """Note that the values at these top-level keys may have changed; ``?``: any."""
        for key in touched:
            self._lost |= key == "?"
            self._unknown.add(key)

    def _trial(self) -> Draft:
        draft = Draft({})
        draft.model = self._model
        draft.root = Partial(dict.copy(self._root), self._unknown)
        return draft

    def tell(self, holds: Holds) -> bool | None:
        """Tell whether a condition holds; None: that depends on what is unknown."""
        trial = self._trial()
        answer = not self._lost and holds(trial.root, trial)
        return None if self._lost or trial.root.asked_for_more else answer

    def settle(self, rule: Rule) -> Sequence[Run]:
        """Return what is left to run of a rule that fires, and take note of what it writes."""
        left: list[Run] = []
        for run, touches in zip(rule.runs, rule.touches, strict=True):
            edits = self._outcome(run)
            if edits is None:
                self.lose(touches)
                left.append(run)
            elif edits:
                left.append(_replayer(edits))
        return left

    def _outcome(self, run: Run) -> tuple[Edit, ...] | None:
        """Return the edits that an action makes in every such payload; None where they cannot be told."""
        trial = self._trial()
        try:
            if self._lost or run(trial, ()) or trial.headers or trial.root.asked_for_more:
                return None
        except Refusal:
            return None
        if not all(map(_is_plain, trial.edits)):
            return None
        self._root = trial.root
        return tuple(trial.edits)


def _is_plain(edit: Edit) -> bool:
    """Tell whether an edit is of the top level and holds no container: that would be one for all payloads."""
    _, _, keys, before, after, moved_from, _ = edit
    return (
        (keys is None or len(keys) == 1)
        and (moved_from is None or len(moved_from) == 1)
        and {type(before), type(after)} <= _PLAIN
    )


def _replayer(edits: Sequence[Edit]) -> Run:
    """Return what makes edits that were told beforehand; nearly always it is one."""
    first = edits[0]
    _, _, keys, before, after, moved_from, _ = first
    if len(edits) == 1 and keys is not None and moved_from is None and after is not before:
        return _remover(first, keys[0]) if after is MISSING else _writer(first, keys[0], after)

    def replay(draft: Draft, base: tuple[()]) -> None:
        root: dict[Any, Any] = draft.root
        for edit in edits:
            _, _, keys, before, after, moved_from, _ = edit
            draft.edits.append(edit)
            if after is before or keys is None:  # a remark
                continue
            if moved_from is not None:
                del root[moved_from[0]]
            if after is MISSING:
                del root[keys[0]]
            else:
                root[keys[0]] = after

    return replay


def _writer(edit: Edit, key: Any, value: Any) -> Run:
    def write(draft: Draft, base: tuple[()]) -> None:
        draft.root[key] = value
        draft.edits.append(edit)

    return write


def _remover(edit: Edit, key: Any) -> Run:
    def remove(draft: Draft, base: tuple[()]) -> None:
        del draft.root[key]
        draft.edits.append(edit)

    return remove
