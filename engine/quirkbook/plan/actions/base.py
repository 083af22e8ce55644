"""What all actions share: how one is compiled, and how it finds the places that a path means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, repeat
from typing import Any, Final

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft
from ...payload.path import Path, PathError, Wild, child, find, parse
from .. import gates
from ..code import finder
from ..conditions import Condition, Names, Report
from ..gates import NOTHING, UNKNOWN, Needs, Scope, Writes

Run = Callable[[Draft, Keys], "bool | None"]
"""Edits the draft; keys say where relative paths start. True means: the element itself is to be removed."""

Restores = Callable[[Mapping[str, Any]], dict[str, str]]
"""(a request) -> new name -> the caller's."""

Places = Callable[[Draft, Keys], Sequence[tuple[Keys, Any]]]
"""The places that a path means now, in document order, each with its value."""


#: A message, as gates name places.
MESSAGE: Final = ("messages", Wild.ITEMS)


def messages_of(draft: Draft) -> list[Any]:
    """Return the conversation; nothing where a rule made it something else than a list."""
    messages = draft.root.get("messages")
    return messages if isinstance(messages, list) else []


@dataclass(frozen=True, slots=True)
class Action:
    """A compiled action."""

    run: Run
    needs: Needs = NOTHING
    """What must be there for it to do anything."""
    writes: Writes = ()
    """What it may write, and where."""
    restores: Restores | None = None
    """What it renames of a request comes back in the answer: tells new names and old ones, of a request before its run."""
    touches: frozenset[str] = frozenset()
    """The top-level keys below which it may change anything; ``?``: any key."""


def join_writes(parts: Sequence[Writes]) -> Writes:
    """Return all that may be written by any of several actions."""
    return None if None in parts else tuple(write for part in parts for write in part or ())


@dataclass(frozen=True, slots=True)
class Context:
    """Where an action stands: the names it may use, the stage, and what its relative paths start from."""

    names: Names
    report: Report
    stage: str = "request"
    scope: Scope = ()
    area: str = ""
    """The top-level key that the element lies below; empty at the top level."""
    depth: int = 0
    """How many `each` stand around it."""
    subject: tuple[Path, Any] | None = None
    """What the rule's condition asks first, and of what: where a `reject` or `warn` points."""
    touched: set[str] = field(default_factory=set)
    """Where the paths of the action being compiled lead, see `Action.touches`."""
    conditions: list[tuple[Keys, Condition]] = field(default_factory=list)
    """The conditions compiled for actions, and where each stands in the rule."""
    features: set[str] = field(default_factory=set)
    """The features of JSON Schemas that actions ask for."""
    compile: Callable[[Sequence[Any], Keys, Context], list[Action]] = lambda items, keys, context: []
    """Compiles a `do` list: the table of actions, for the one action that holds others."""

    def inside(self, path: Path) -> Context:
        """Return the context of actions on the items that ``path`` means."""
        area = self.area if self.area and path.origin == "here" else path.head or "?"
        return replace(self, scope=gates.elements_of(path, self.scope), area=area, depth=self.depth + 1)

    def writes(self, *paths: Path, value: Any = UNKNOWN) -> Writes:
        """Return what is written where an action writes ``value`` at ``paths``; MISSING: it takes away."""
        return join_writes([gates.written(path, self.scope, value) for path in paths])

    def needs(self, *paths: Path) -> Needs:
        """Return what must be there for one of ``paths`` to match."""
        return gates.either([gates.of_path(path, self.scope) for path in paths])

    def path(self, text: Any, keys: Keys, *, key: bool = False) -> Path:
        """Parse the path of a place that may be edited; a diagnostic is reported and gives a path that matches nothing."""
        try:
            path = parse(text)
        except PathError as error:
            self.report("Q110", keys, str(error), key=key)
        else:
            if path.origin in ("here", "root"):
                self.touched.add((path.origin == "here" and self.area) or path.head or "?")
                return path
            self.report("Q110", keys, f"'{text}' is for conditions: no action can change it", key=key)
        return Path(text, "here", ("\0",))


def places(path: Path) -> Places:
    """Return a finder of the places that ``path`` means; the commonest shape, one key, is found at once."""
    steps = path.steps
    if path.origin == "here" and len(steps) == 1 and isinstance(steps[0], str):
        key, alone = steps[0], (steps[0],)

        def of_key(draft: Draft, base: Keys) -> Sequence[tuple[Keys, Any]]:
            if not base:
                return ((alone, draft.root[key]),) if key in draft.root else ()
            node = draft.at(base)
            return (((*base, key), node[key]),) if isinstance(node, dict) and key in node else ()

        return of_key
    find_all = finder(path)
    if path.origin == "root":
        return lambda draft, base: find_all(draft.root, ())
    return lambda draft, base: find_all(draft.at(base) if base else draft.root, base)


def elements(path: Path) -> Callable[[Draft, Keys], Iterable[tuple[Keys, Any]]]:
    """Return a finder of places for an action that goes through them once: it may find them on the way."""
    find_places = places(path)
    if len(path.steps) != 2 or not path.head or path.steps[1] is not Wild.ITEMS:
        return find_places
    key = path.head

    def of_items(draft: Draft, base: Keys) -> Iterable[tuple[Keys, Any]]:
        if base and path.origin == "here":
            return find_places(draft, base)
        items = draft.root.get(key)
        return (
            zip(zip(repeat(key), count(), strict=False), items.copy(), strict=False) if isinstance(items, list) else ()
        )

    return of_items


def editable(path: Path, *, removes: bool = False) -> Callable[[Draft, Keys], Iterable[tuple[Keys, Any]]]:
    """Return a finder of places for an action that edits each of them before it asks for the next.

    The order is that of the document. It is from the last to the first where the action removes, for what goes
    shifts what stands behind it, and where a match may hold another (``**``), for the inner one comes first then.
    """
    find_places = places(path)
    if not path.wild or not (removes or Wild.DEEP in path.steps):
        return find_places

    def last_first(draft: Draft, base: Keys) -> Iterator[tuple[Keys, Any]]:
        for keys, _ in reversed(find_places(draft, base)):
            yield keys, draft.at(keys)

    return last_first


def targets(path: Path) -> Callable[[Draft, Keys], list[tuple[Keys, int]]]:
    """Return a finder of the places that may be written: keys, and how many of them exist already.

    Up to its last wildcard a path must match; below, missing parents of object type will be made. Where a parent
    is there and is not an object, or an item of an array is not there, nothing can be written; nor is the root itself.
    """
    if path.origin == "here" and len(path.steps) == 1 and isinstance(path.steps[0], str):
        return _beside(path.steps[0])
    wild = [at for at, step in enumerate(path.steps) if not isinstance(step, str | int)]
    cut = wild[-1] + 1 if wild else 0
    upto, rest = path.steps[:cut], path.steps[cut:]

    def find_targets(draft: Draft, base: Keys) -> list[tuple[Keys, int]]:
        if path.origin == "root":
            base = ()
        start = draft.at(base)
        if start is MISSING:  # an earlier path took away the element that we are in
            return []
        found = [_writable(node, rest, keys) for keys, node in find(start, upto, base)]
        if Wild.DEEP in upto:  # a place may lie in another
            found.reverse()
        return [target for target in found if target and target[0]]

    return find_targets


def _beside(key: str) -> Callable[[Draft, Keys], list[tuple[Keys, int]]]:
    """Return the finder of `targets` for one key, the commonest path of all."""

    def find_target(draft: Draft, base: Keys) -> list[tuple[Keys, int]]:
        node = draft.at(base)
        if not isinstance(node, dict):
            return []
        return [((*base, key), len(base) + (key in node))]

    return find_target


def _writable(node: Any, rest: Sequence[Any], keys: Keys) -> tuple[Keys, int] | None:
    known = len(keys)
    for step in rest:
        value = child(node, step) if node is not MISSING else MISSING
        if value is not MISSING:
            known += 1
        elif not isinstance(step, str) or not (node is MISSING or isinstance(node, dict)):
            return None
        keys = (*keys, step + len(node) if isinstance(step, int) and step < 0 else step)
        node = value
    return keys, known


def write(draft: Draft, action: str, effect: Any, keys: Keys, known: int, value: Any) -> None:
    """Write ``value`` at ``keys`` of which the first ``known`` exist, making the objects between."""
    if len(keys) > known + 1:
        draft.spend(len(keys) - known - 1)
    for key in reversed(keys[known + 1 :]):
        value = {key: value}
    draft.put(action, effect, keys[: known + 1], value)


def reshape(
    action: str,
    node: Any,
    keys: Keys,
    context: Context,
    change: Callable[[Any, Any], tuple[Effect, Any]],
    price: int = 0,
) -> Action:
    """Build an action that replaces each value by ``change(value, argument)``; MISSING leaves it as it is."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [(editable(path), argument) for path, argument in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_places, argument in table:
            for at, value in find_places(draft, base):
                effect, new = change(value, argument)
                if new is not MISSING and at:
                    if price:
                        draft.spend(price)
                    draft.replace(action, effect, at, value, new)

    return Action(run, context.needs(*paths), context.writes(*paths))
