"""Actions on single values: set, default, rename, copy, map, wrap, unwrap, drop, append, keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...model import MISSING, Effect, Keys, same
from ...payload.cycles import weigh
from ...payload.draft import Draft, cost
from ...payload.literals import clone, cloner
from ...payload.path import Path, Wild
from ..gates import either, of_path
from ..types import is_number
from .base import Action, Context, editable, join_writes, reshape, targets, write

EXACT, LOSSY, SEMANTIC = Effect.EXACT, Effect.LOSSY, Effect.SEMANTIC


def set_(node: Any, keys: Keys, context: Context) -> Action:
    """Write a value; makes missing parents of object type. Lossy where it replaces a value, else exact."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [(targets(path), cloner(value), cost(value)) for path, value in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_targets, make, price in table:
            for at, known in find_targets(draft, base):
                if price:
                    draft.spend(price)
                write(draft, "set", LOSSY if known == len(at) else EXACT, at, known, make())

    writes = [context.writes(path, value=value) for path, value in zip(paths, node.values(), strict=True)]
    return Action(run, writes=join_writes(writes))


def default(node: Any, keys: Keys, context: Context) -> Action:
    """Write a value only where there is none; null is a value."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [(targets(path), cloner(value), cost(value)) for path, value in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_targets, make, price in table:
            for at, known in find_targets(draft, base):
                if known < len(at):
                    draft.spend(price)
                    write(draft, "default", EXACT, at, known, make())

    writes = [context.writes(path, value=value) for path, value in zip(paths, node.values(), strict=True)]
    return Action(run, writes=join_writes(writes))


def rename(node: Any, keys: Keys, context: Context) -> Action:
    """Move a member; where both are there the target wins and the source goes (lossy); a null target counts as absent."""
    return _transfer("rename", node, keys, context)


def copy(node: Any, keys: Keys, context: Context) -> Action:
    """Write a member a second time elsewhere, where there is none; null counts as none."""
    return _transfer("copy", node, keys, context)


def _transfer(action: str, node: Any, keys: Keys, context: Context) -> Action:
    table: list[tuple[Any, Any, bool]] = []
    touched: list[Path] = []
    sources: list[Path] = []
    for text, target in node.items():
        source = context.path(text, (*keys, text), key=True)
        goal = context.path(target, (*keys, text))
        if goal.wild or not goal.steps or not isinstance(goal.steps[-1], str):
            context.report(
                "Q110", (*keys, text), f"the target '{target}' must name one place: a key, or '$.key' from the root"
            )
        if not source.steps or isinstance(source.steps[-1], int) or source.steps[-1] is Wild.ITEMS:
            context.report("Q110", (*keys, text), f"'{text}' cannot move: only a key of an object can", key=True)
        table.append((editable(source), targets(goal), goal.origin == "root"))
        sources.append(source)
        touched.append(goal if goal.origin == "root" else Path(text, source.origin, (*source.steps[:-1], *goal.steps)))

    def run(draft: Draft, base: Keys) -> None:
        for find_places, find_targets, absolute in table:
            for at, value in find_places(draft, base):
                for goal, known in find_targets(draft, () if absolute else at[:-1]):
                    _carry(action, draft, at, value, goal, known)

    gone = context.writes(*sources, value=MISSING)
    return Action(run, context.needs(*sources), join_writes([gone, context.writes(*touched)]))


def _carry(action: str, draft: Draft, at: Keys, value: Any, goal: Keys, known: int) -> None:
    if goal[: len(at)] == at:
        return  # nothing can move below itself
    if known == len(goal) and draft.at(goal) is not None:
        if action == "rename":
            draft.remove(action, LOSSY, at, note=f"{goal[-1]} is there already and wins")
        return
    if known < len(goal) - 1:
        draft.spend(1)
        write(draft, action, EXACT, goal[:-1], known, {})
    if action == "copy":
        draft.spend(cost(value))
        draft.put(action, EXACT, goal, value)
        return
    if known == len(goal):
        draft.remove(action, EXACT, goal, note="null, gives way")
    draft.move(action, EXACT, at, goal)


def map_(node: Any, keys: Keys, context: Context) -> Action:
    """Replace values by a table; ``"*"`` takes any value not named; a null target drops the member."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [
        (
            editable(path, removes=None in rows.values()),
            {_kind(old): new for old, new in rows.items() if old != "*"},
            rows.get("*", MISSING),
        )
        for path, rows in zip(paths, node.values(), strict=True)
    ]

    def run(draft: Draft, base: Keys) -> bool:
        for find_places, rows, rest in table:
            for at, value in find_places(draft, base):
                new = rows.get(_kind(value), rest)
                if new is None and at == base:
                    return True
                if new is None and at:
                    draft.remove("map", EXACT, at)
                elif new is not MISSING and at:
                    draft.spend(cost(new))
                    draft.put("map", EXACT, at, clone(new))
        return False

    writes = [
        context.writes(path, value=MISSING if new is None else new)
        for path, rows in zip(paths, node.values(), strict=True)
        for new in rows.values()
    ]
    needs = either(of_path(path, context.scope, _marks(rows)) for path, rows in zip(paths, node.values(), strict=True))
    return Action(run, needs, join_writes(writes))


def _marks(rows: Mapping[Any, Any]) -> Sequence[Any]:
    """Return the texts and types of the values that a table names; nothing where it names others too."""
    marks = [type(None) if old is None else old for old in rows]
    return marks if all(isinstance(mark, type) or (isinstance(mark, str) and mark != "*") for mark in marks) else ()


def _kind(value: Any) -> tuple[str, Any]:
    """Make a value a key that compares as JSON does; values of no scalar type fit no row."""
    if isinstance(value, bool) or value is None:
        return (repr(value), None)
    if isinstance(value, str):
        return ("string", value)
    return ("number", value) if is_number(value) else ("other", None)


def wrap(node: Any, keys: Keys, context: Context, beside: Any = None) -> Action:
    """Value -> ``{key: value}`` with the members of ``with`` beside it; key ``[]`` makes a one-item list."""

    def wrapped(value: Any, key: Any) -> Any:
        return [value] if key == [] else {key: value, **clone(beside or {})}

    for text, key in node.items() if beside else ():
        if key == []:
            message = "a list of one has no keys: 'with' would be lost"
            context.report("Q109", (*keys, text), message, "leave 'with' out, or wrap under a key")
        elif key in beside:
            message = f"'with' has the key '{key}' as well: the value at '{text}' would be lost"
            context.report("Q109", (*keys, text), message, "take it out of 'with', or wrap under another key")
    price = 1 + sum(map(weigh, (beside or {}).values()))
    return reshape("wrap", node, keys, context, lambda value, key: (EXACT, wrapped(value, key)), price)


def unwrap(node: Any, keys: Keys, context: Context) -> Action:
    """``{key: value}`` -> value, lossy where other members are lost; key ``[]``: a one-item list -> its item."""

    def unwrapped(value: Any, key: Any) -> tuple[Effect, Any]:
        if key == []:
            return EXACT, value[0] if isinstance(value, list) and len(value) == 1 else MISSING
        if isinstance(value, dict) and key in value:
            return (LOSSY if len(value) > 1 else EXACT), value[key]
        return EXACT, MISSING

    return reshape("unwrap", node, keys, context, unwrapped)


def drop(node: Any, keys: Keys, context: Context) -> Action:
    """Remove what the paths mean; lossy, semantic where it removes a message. ``.`` removes the element in hand."""
    paths = [context.path(text, (*keys, at)) for at, text in enumerate(node)]
    table = [(path.head if path.origin == "here" else None, editable(path, removes=True)) for path in paths]
    if context.stage != "chunk" and not context.depth:
        for at, path in enumerate(paths):
            if not path.steps:
                message = "only a chunk can be dropped as a whole"
                context.report("Q120", (*keys, at), message, "name what is to go; '.' is the element inside 'each'")

    def run(draft: Draft, base: Keys) -> bool:
        root = draft.root
        for head, find_places in table:
            if head and not base and head not in root:  # some rules name many keys
                continue
            for at, _ in find_places(draft, base):
                if at == base:
                    return True
                if at:
                    draft.remove("drop", drop_effect(at) if len(at) == 2 else LOSSY, at)
        return False

    writes = context.writes(*paths, value=MISSING)
    return Action(run, context.needs(*paths) if all(path.steps for path in paths) else (), writes)


def drop_effect(at: Keys) -> Effect:
    """Return how bad it is to remove what stands at ``at``: a whole message is part of the conversation."""
    return SEMANTIC if len(at) == 2 and at[0] == "messages" else LOSSY


def append(node: Any, keys: Keys, context: Context) -> Action:
    """Put an item at the end of a list, which is made if it is missing, unless an equal one is there. Semantic."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [(targets(path), value, cost(value)) for path, value in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_targets, value, price in table:
            for at, known in find_targets(draft, base):
                items = draft.at(at) if known == len(at) else MISSING
                draft.spend(price)
                if items is MISSING:
                    write(draft, "append", SEMANTIC, at, known, [clone(value)])
                elif isinstance(items, list) and not any(same(item, value) for item in items):
                    draft.insert("append", SEMANTIC, (*at, len(items)), clone(value))

    writes = [context.writes(path, value=[value]) for path, value in zip(paths, node.values(), strict=True)]
    return Action(run, writes=join_writes(writes))


def keep(node: Any, keys: Keys, context: Context) -> Action:
    """Keep only the named keys of the objects there. Lossy."""
    paths = [context.path(text, (*keys, text), key=True) for text in node]
    table = [(editable(path), frozenset(names)) for path, names in zip(paths, node.values(), strict=True)]

    def run(draft: Draft, base: Keys) -> None:
        for find_places, names in table:
            for at, value in find_places(draft, base):
                for key in [key for key in value if key not in names] if isinstance(value, dict) else ():
                    draft.remove("keep", LOSSY, (*at, key))

    return Action(run, context.needs(*paths), context.writes(*paths))
