"""`when` -> a condition: Python source that tells whether it holds, and in words why it does not.

The vocabulary of conditions, in one table each for operators and combinators. No condition fails on any
payload: unlike types never match. `schemas/rules.schema.json` lists the same names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..identity.models import ModelTest
from ..model import Keys
from ..payload.describe import show
from ..payload.draft import Draft
from ..payload.path import Path, PathError, parse
from . import elements, gates
from .code import Holds, Writer, grouped, negated
from .gates import NOTHING, Needs, Scope
from .operators import OPERATORS, Test, both, equal_to, one_of
from .reading import Leaf, Write, below_prefix, matches, reader, shared_prefix

Blame = Callable[[Any, Draft], "str | None"]


class Report(Protocol):
    """Takes one diagnostic at ``keys`` of the document being compiled."""

    def __call__(self, code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None: ...


class Condition:
    """A compiled condition; its function is made when it is first asked."""

    __slots__ = ("_made", "blame", "holds", "lacks", "leaf", "name", "needs", "of_object", "own", "write")

    def __init__(
        self,
        write: Write,
        blame: Blame,
        needs: Needs = NOTHING,
        lacks: Needs = NOTHING,
        own: Needs = NOTHING,
        *,
        of_object: bool = False,
    ) -> None:
        self.write = write
        self.blame = blame
        """None where it holds; else the first part that is false and the value it saw."""
        self.needs = needs
        self.lacks, self.own = lacks, own
        """What must be there for it to be false; of its needs those that the element in hand, and no other, must meet."""
        self.of_object = of_object
        """Whether only an object can meet it."""
        self.leaf: Leaf | None = None
        """The path and the test, of a condition that is nothing else."""
        self.name = ""
        """What tracebacks call its function: the rule it belongs to."""
        self._made: Holds | None = None
        self.holds: Holds = self._first

    def _first(self, node: Any, draft: Draft) -> bool:
        if self._made is None:  # else somebody who took this for the function goes on with it
            self._made = self.holds = self.finish()[0]
        return self._made(node, draft)

    def finish(self) -> tuple[Holds, str]:
        """Return its function, made anew, and the source of that, with its constants explained."""
        writer = Writer()
        holds, source = writer.finish(self.name and f"<rule {self.name}>", self.write(writer, "node", False))
        return holds, writer.explained() + source


#: What starts like the name of a condition; `$.x`, `$request.x` and `$status` are paths.
_NAME = re.compile(r"\$(?!(?:request|status)(?:$|[.\[]))[A-Za-z_]")

ALWAYS = Condition(lambda writer, node, known: "True", lambda node, draft: None)
NEVER = Condition(lambda writer, node, known: "False", lambda node, draft: "a faulty condition")


@dataclass(frozen=True, slots=True)
class Names:
    """The named conditions of a file: as written, those being compiled (to see a circle), those compiled already."""

    nodes: Mapping[str, Any]
    open: tuple[str, ...] = ()
    done: dict[str, Condition] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    """The top-level keys that the conditions look at; ``?``: any. Those of the request begin with ``$``."""

    def note(self, path: Path, scope: Scope) -> None:
        """Take note of what a path of a condition reads."""
        if path.origin == "request":
            self.read.add(f"${path.head or '?'}")
        elif path.origin == "root" or (path.origin == "here" and scope == ()):
            self.read.add(path.head or "?")


def compile_condition(node: Any, keys: Keys, names: Names, report: Report, scope: Scope = ()) -> Condition:
    """Compile a condition mapping; each diagnostic goes to ``report`` and makes its part false.

    ``keys`` is where ``node`` stands in its document. Scope says what relative paths start from.
    """
    parts = [_part(key, value, (*keys, key), names, report, scope) for key, value in node.items()]
    return parts[0] if len(parts) == 1 else all_of(parts)


def all_of(parts: list[Condition]) -> Condition:
    """Join conditions by AND."""
    of_object = any(part.of_object for part in parts)

    def write(writer: Writer, node: str, known: bool) -> str:
        tests = [] if known or not of_object else [f"{node}.__class__ is dict"]
        return (
            " and ".join([*tests, *(grouped(part.write(writer, node, known or of_object), " or ") for part in parts)])
            or "True"
        )

    def blame(node: Any, draft: Draft) -> str | None:
        return next((words for part in parts if (words := part.blame(node, draft)) is not None), None)

    needs = tuple(clause for part in parts for clause in part.needs)
    own = tuple(clause for part in parts for clause in part.own)
    return Condition(write, blame, needs, gates.either(part.lacks for part in parts), own, of_object=of_object)


def _part(key: str, value: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    if key in COMBINATORS:
        return COMBINATORS[key](value, keys, names, report, scope)
    if key == "$model":
        return _model(value)
    if _NAME.match(key):
        return _named(key[1:], value, keys, names, report)
    try:
        path = parse(key)
    except PathError as error:
        report("Q110", keys, str(error), key=True)
        return NEVER
    return _leaf(path, value, keys, names, report, scope)


def _any_of(branches: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    parts = [compile_condition(node, (*keys, at), names, report, scope) for at, node in enumerate(branches)]

    def write(writer: Writer, node: str, known: bool) -> str:
        prefix, inside = shared_prefix([part.leaf for part in parts if part.leaf])
        apart = [grouped(part.write(writer, node, known), " and ") for part in parts if part.leaf not in inside]
        if prefix:
            apart.append(f"({below_prefix(writer, prefix, inside, node, known)})")
        return " or ".join(apart)

    def blame(node: Any, draft: Draft) -> str | None:
        words = [part.blame(node, draft) for part in parts]
        return None if None in words else "none of: " + "; ".join(filter(None, words))

    lacks = tuple(clause for part in parts for clause in part.lacks)
    of_object = all(part.of_object for part in parts)
    needs, own = (gates.either(each) for each in ([part.needs for part in parts], [part.own for part in parts]))
    return Condition(write, blame, needs, lacks, own, of_object=of_object)


def _all_of(branches: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    return all_of([compile_condition(node, (*keys, at), names, report, scope) for at, node in enumerate(branches)])


def _not(inner: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    part = compile_condition(inner, keys, names, report, scope)
    words = ", ".join(map(str, inner))

    def blame(node: Any, draft: Draft) -> str | None:
        return f"not: what it excludes holds ({words})" if part.holds(node, draft) else None

    return Condition(
        lambda writer, node, known: negated(part.write(writer, node, known)), blame, part.lacks, part.needs
    )


COMBINATORS: Mapping[str, Callable[[Any, Keys, Names, Report, Scope], Condition]] = {
    "all_of": _all_of,
    "any_of": _any_of,
    "not": _not,
}


def _model(patterns: Any) -> Condition:
    """`$model`: globs and mappings on the model that the rules match, which a gateway may have named otherwise."""
    fits = ModelTest(patterns if isinstance(patterns, list) else [patterns])
    return Condition(
        lambda writer, node, known: (
            f"{writer.constant(fits, f'tells whether a model is {show(patterns)}')}(draft.model, draft.identity)"
        ),
        lambda node, draft: (
            None if fits(draft.model, draft.identity) else f"$model: {show(draft.model)} is not {show(patterns)}"
        ),
    )


def _named(name: str, wanted: Any, keys: Keys, names: Names, report: Report) -> Condition:
    if name not in names.nodes:
        report("Q111", keys, f"unknown name '${name}'", _known("$", names.nodes), key=True)
        return NEVER
    if name in names.open:  # a circle, which the loader reports
        return NEVER
    if name not in names.done:
        # Its own diagnostics are reported where it is defined, not at each use.
        inside = Names(names.nodes, (*names.open, name), names.done, names.read)
        names.done[name] = compile_condition(names.nodes[name], ("let", name), inside, lambda *_, **__: None)
    inner = names.done[name]
    wanted = bool(wanted)

    def write(writer: Writer, node: str, known: bool) -> str:
        function = writer.named(name, lambda: inner.write(writer, "node", False))
        return f"{'' if wanted else 'not '}{function}(draft.root, draft)"

    def blame(node: Any, draft: Draft) -> str | None:
        words = inner.blame(draft.root, draft)
        if (words is None) is wanted:
            return None
        return f"${name}: {words}" if wanted else f"${name} holds"

    return Condition(write, blame, inner.needs if wanted else NOTHING)


def _known(prefix: str, known: Mapping[str, Any]) -> str:
    return (
        f"known: {', '.join(prefix + name for name in sorted(known))}"
        if known
        else "this file defines none under 'let'"
    )


def _leaf(path: Path, value: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    """A field path and what its value must be."""
    names.note(path, scope)
    needs: Needs = NOTHING
    if isinstance(value, dict):
        tests = []
        for op, arg in value.items():
            test, more = _operator(op, arg, (*keys, op), names, report, gates.items_of(path, scope), scope)
            tests.append(test)
            needs += more
    else:
        tests = [one_of(value) if isinstance(value, list) else equal_to(value)]
    test = tests[0] if len(tests) == 1 else both(tests)
    there = gates.of_refusal(path, scope, ()) if test.absent else gates.of_path(path, scope, test.marks)
    lacks = gates.of_refusal(path, scope, test.refuses)
    of_object = not test.absent and path.origin == "here" and isinstance(path.steps[0] if path.steps else None, str)
    write = reader(path, test)
    own = there if path.origin == "here" else NOTHING
    condition = Condition(write, lambda node, draft: None, (*there, *needs), lacks, own, of_object=of_object)
    condition.blame = _leaf_blame(path, test, condition)
    condition.leaf = (path, test)
    return condition


def _leaf_blame(path: Path, test: Test, condition: Condition) -> Blame:
    def blame(node: Any, draft: Draft) -> str | None:
        if condition.holds(node, draft):
            return None
        if path.origin == "status":
            return f"$status: {draft.status} is not {test.words}"
        seen = matches(path, node, draft)
        if not seen:
            return f"{path.text} is absent"
        if test.absent:
            return f"{path.text} is present"
        return (
            f"{path.text}: {show(seen[0]) if len(seen) == 1 else f'no one of {len(seen)} values'} is not {test.words}"
        )

    return blame


def _operator(
    op: str, arg: Any, keys: Keys, names: Names, report: Report, inside: Scope, scope: Scope
) -> tuple[Test, Needs]:
    """Return the test of an operator, and what it needs beside a value at the path."""
    if op in elements.QUANTIFIERS:
        part = compile_condition(arg, keys, names, report, inside)
        needs = (*part.needs, *gates.together(inside, part.own)) if op == "some" else NOTHING
        return elements.QUANTIFIERS[op](part.write), needs
    try:
        if op not in elements.OF_PATHS:
            return OPERATORS[op](arg), NOTHING
        path = parse(arg)
        names.note(path, inside if op == "repeats" else scope)
        return elements.OF_PATHS[op](path), NOTHING
    except PathError as error:
        report("Q110", keys, str(error))
    except ValueError as error:
        report("Q117" if op == "matches" else "Q109", keys, str(error))
    return NEVER_TEST, NOTHING


NEVER_TEST = Test(lambda writer: "False", "a faulty operator")

#: Names of the operators that need conditions or paths; the others stand in `operators.OPERATORS`.
STRUCTURAL = (*elements.QUANTIFIERS, *elements.OF_PATHS)
