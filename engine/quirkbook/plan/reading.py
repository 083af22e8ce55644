"""A field path in a condition -> the code that asks whether some value there passes a test.

Each step of the path becomes a part of one expression, or a loop in a function of its own where it has many values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from ..model import MISSING
from ..payload.draft import BOOLEAN_BELOW, Draft
from ..payload.path import Path, Wild, values
from .code import VALUE, Writer, grouped, negated
from .jsonschema.walk import MAPS
from .operators import Test

Write = Callable[[Writer, str, bool], str]
"""(writer, the name of the element in hand, whether that is known to be an object) -> an expression."""

Leaf = tuple[Path, Test]
"""A path, and what a value there must be."""


def reader(path: Path, test: Test) -> Write:
    """Return what writes the code that asks whether some value at a path passes a test."""

    def write(writer: Writer, node: str, known: bool) -> str:
        if test.absent:
            return negated(_code(writer, path, node, known, _PRESENT))
        return _code(writer, path, node, known, test)

    return write


_PRESENT = Test(lambda writer: f"{VALUE} is not MISSING", "present")


def _code(writer: Writer, path: Path, node: str, known: bool, test: Test, element: str = "") -> str:
    """Write what is read from ``node`` on; paths of `among` start at the ``element`` in hand where that is another."""
    code, gathered = writer.gathering(lambda: test.code(writer))
    names = ("draft", *gathered)

    def leaf(read: str) -> str:
        if not (test.negative and read.endswith("MISSING)")):
            return writer.bind(code, read)
        name = writer.fresh()
        return f"({name} := {read}) is not MISSING and {grouped(code.replace(VALUE, name), ' or ')}"

    def below(read: str, known: bool, steps: tuple[Any, ...]) -> str:
        if not steps:
            return leaf(read)
        step, rest = steps[0], steps[1:]
        if step is Wild.DEEP:
            name = read if read.isidentifier() else writer.fresh()
            found = writer.any_of(f"containers({name})", lambda item: below(item, False, rest), *names)
            if not rest or not isinstance(rest[0], str):
                return f"{_bound(name, read)} is not MISSING and {found}"
            words, read_words = writer.words(name, f"draft.words_below({_bound(name, read)})")
            there = f"{rest[0]!r} in {read_words}"
            if rest[0] in MAPS and rest[1:] == (Wild.VALUES,) and test.marks == (bool,):
                there += f" and {BOOLEAN_BELOW!r} in {words}"
            return f"{there} and {found}"
        kind = "dict" if isinstance(step, str) or step is Wild.VALUES else "list"
        name = read if read.isidentifier() or known else writer.fresh()
        test_of_kind = "" if known else f"{_bound(name, read)}.__class__ is {kind} and "
        if isinstance(step, str):
            return test_of_kind + below(f"{name}.get({step!r}, MISSING)", False, rest)
        if isinstance(step, int):
            size = f"len({name}) > {step}" if step >= 0 else f"len({name}) >= {-step}"
            return f"{test_of_kind}{size} and {below(f'{name}[{step}]', False, rest)}"
        items = name if step is Wild.ITEMS else f"{name}.values()"
        return test_of_kind + writer.any_of(items, lambda item: below(item, False, rest), *names)

    starts = {"here": (node, known), "root": ("draft.root", True), "request": ("draft.request", False)}
    if path.origin == "status":
        return leaf("draft.status")
    start, known = starts[path.origin]
    asks_object = path.steps and (isinstance(path.steps[0], str) or path.steps[0] is Wild.VALUES)
    sets = [f"({name} := draft.gathered({other}, {element or node})) is not None" for name, other in gathered.items()]
    found = below(start, known and bool(asks_object), path.steps)
    return " and ".join([*sets, grouped(found, " or ")]) if sets else found


def _bound(name: str, read: str) -> str:
    return read if name == read else f"({name} := {read})"


def shared_prefix(leaves: Sequence[Leaf]) -> tuple[tuple[str, ...], list[Leaf]]:
    """Return the keys with which most of the paths of some conditions begin, and these; nothing if there are not two."""
    groups: dict[tuple[str, ...], list[Leaf]] = {}
    for path, test in leaves:
        if path.origin == "here" and len(path.steps) > 2 and not (test.absent or test.negative):
            keys = tuple(str(step) for step in takewhile(lambda step: isinstance(step, str), path.steps[:2]))
            groups.setdefault(keys, []).append((path, test))
    groups.pop((), None)
    prefix, inside = max(groups.items(), key=lambda group: len(group[1]), default=((), []))
    return (prefix, inside) if len(inside) > 1 else ((), [])


def below_prefix(writer: Writer, prefix: tuple[str, ...], leaves: Sequence[Leaf], node: str, known: bool) -> str:
    """Write conditions whose paths begin with the same keys: what stands there is read once."""
    value = writer.fresh()
    bound = Test(lambda _: f"({value} := {VALUE}) is not MISSING", "")
    there = _code(writer, Path("", "here", prefix), node, known, bound)
    tests = []
    with writer.words_of(value):
        for path, test in leaves:
            rest = Path(path.text, "here", path.steps[len(prefix) :])
            tests.append(grouped(_code(writer, rest, value, False, test, node), " and "))
    return f"{there} and ({' or '.join(tests)})"


def matches(path: Path, node: Any, draft: Draft) -> list[Any]:
    """Return each value that a path means, seen from ``node``."""
    start = draft.root if path.origin == "root" else draft.request if path.origin == "request" else node
    return [] if start is MISSING else values(start, path.steps)
