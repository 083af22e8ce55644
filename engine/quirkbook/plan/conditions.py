"""`when` -> a condition: payload in, true or false out, and in words why it was false.

The vocabulary of conditions, in one table each for operators and combinators. No condition fails on any
payload: unlike types never match. `schemas/rules.schema.json` lists the same names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..model import Keys, same
from ..payload.describe import show
from ..payload.draft import Draft
from ..payload.globs import compile_globs
from ..payload.path import Path, PathError, Wild, parse, values
from . import needs as need
from .kinds import likely
from .needs import NOTHING, Needs, Scope
from .operators import OPERATORS, Test, both, equal_to, is_number, one_of
from .readers import Holds, matches, reader

Blame = Callable[[Any, Draft], "str | None"]


class Report(Protocol):
    """Takes one diagnostic at ``keys`` of the document being compiled."""

    def __call__(self, code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    holds: Holds
    blame: Blame
    """None where it holds; else the first part that is false and the value it saw."""
    needs: Needs = NOTHING
    lacks: Needs = NOTHING
    """What must be there for it to be false."""


#: What starts like the name of a condition; `$.x`, `$request.x` and `$status` are paths.
_NAME = re.compile(r"\$(?!(?:request|status)(?:$|[.\[]))[A-Za-z_]")

ALWAYS = Condition(lambda node, draft: True, lambda node, draft: None)
NEVER = Condition(lambda node, draft: False, lambda node, draft: "a faulty condition")


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
        elif path.origin == "root" or (path.origin == "here" and scope == ""):
            self.read.add(path.head or "?")


def compile_condition(node: Any, keys: Keys, names: Names, report: Report, scope: Scope = "") -> Condition:
    """Compile a condition mapping; each diagnostic goes to ``report`` and makes its part false.

    ``keys`` is where ``node`` stands in its document. Scope says what relative paths start from.
    """
    parts = [_part(key, value, (*keys, key), names, report, scope) for key, value in node.items()]
    return parts[0] if len(parts) == 1 else all_of(parts)


def all_of(parts: list[Condition]) -> Condition:
    """Join conditions by AND."""
    tests = tuple(part.holds for part in parts)

    def holds(node: Any, draft: Draft) -> bool:
        for test in tests:  # noqa: SIM110 - all() with a generator costs three times this loop
            if not test(node, draft):
                return False
        return True

    def blame(node: Any, draft: Draft) -> str | None:
        return next((said for part in parts if (said := part.blame(node, draft)) is not None), None)

    needs = tuple(clause for part in parts for clause in part.needs)
    return Condition(holds, blame, needs, need.either(part.lacks for part in parts))


def _part(key: str, value: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    if key in COMBINATORS:
        return COMBINATORS[key](value, keys, names, report, scope)
    if key == "$model":
        return _model(value)
    if _NAME.match(key):
        return _named(key[1:], value, keys, names, report, scope)
    try:
        path = parse(key)
    except PathError as error:
        report("Q110", keys, str(error), key=True)
        return NEVER
    return _leaf(path, value, keys, names, report, scope)


def _any_of(branches: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    parts = [compile_condition(node, (*keys, at), names, report, scope) for at, node in enumerate(branches)]

    def blame(node: Any, draft: Draft) -> str | None:
        said = [part.blame(node, draft) for part in parts]
        return None if None in said else "none of: " + "; ".join(filter(None, said))

    tests = tuple(part.holds for part in parts)

    def holds(node: Any, draft: Draft) -> bool:
        for test in tests:  # noqa: SIM110 - see all_of
            if test(node, draft):
                return True
        return False

    lacks = tuple(clause for part in parts for clause in part.lacks)
    return Condition(holds, blame, need.either(part.needs for part in parts), lacks)


def _all_of(branches: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    return all_of([compile_condition(node, (*keys, at), names, report, scope) for at, node in enumerate(branches)])


def _not(inner: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    part = compile_condition(inner, keys, names, report, scope)
    words = ", ".join(map(str, inner))
    return Condition(
        lambda node, draft: not part.holds(node, draft),
        lambda node, draft: f"not: what it excludes holds ({words})" if part.holds(node, draft) else None,
        part.lacks,
        part.needs,
    )


COMBINATORS: Mapping[str, Callable[[Any, Keys, Names, Report, Scope], Condition]] = {
    "all_of": _all_of,
    "any_of": _any_of,
    "not": _not,
}


def _model(patterns: Any) -> Condition:
    """`$model`: globs on the model that the rules match, which a gateway may have named otherwise."""
    accepts = compile_globs([patterns] if isinstance(patterns, str) else patterns)
    return Condition(
        lambda node, draft: accepts(draft.model),
        lambda node, draft: None if accepts(draft.model) else f"$model: {show(draft.model)} is not {show(patterns)}",
    )


def _named(name: str, wanted: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
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

    def holds(node: Any, draft: Draft) -> bool:
        return inner.holds(draft.root, draft) is wanted

    def blame(node: Any, draft: Draft) -> str | None:
        said = inner.blame(draft.root, draft)
        if (said is None) is wanted:
            return None
        return f"${name}: {said}" if wanted else f"${name} holds"

    # What it needs of an array it needs of any item, not of the one in hand.
    needs = tuple(clause for clause in inner.needs if not scope or all(token[0] != scope for token in clause))
    return Condition(holds, blame, needs if wanted else NOTHING)


def _known(prefix: str, known: Mapping[str, Any]) -> str:
    return (
        f"known: {', '.join(prefix + name for name in sorted(known))}"
        if known
        else "this file defines none under 'let'"
    )


def _leaf(path: Path, value: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Condition:
    """A field path and what its value must be."""
    names.note(path, scope)
    inside = need.items_of(path, scope)
    if isinstance(value, dict):
        tests = [_operator(op, arg, (*keys, op), names, report, inside, path, scope) for op, arg in value.items()]
    elif isinstance(value, list):
        tests = [one_of(value)]
    else:
        tests = [equal_to(value)]
    test = tests[0] if len(tests) == 1 else both(tests)
    holds = reader(path, test)
    elsewhere = path.origin == "root" and scope == path.head  # in another item of the array that we are in
    wanted = () if elsewhere else tuple(clause for part in tests for clause in part.needs)
    if not test.absent:
        wanted = (*need.of_path(path, scope, test.marks), *wanted)
    return Condition(holds, _leaf_blame(path, test, holds), wanted, need.of_refusal(path, scope, test.refuses))


def _leaf_blame(path: Path, test: Test, holds: Holds) -> Blame:
    def blame(node: Any, draft: Draft) -> str | None:
        if holds(node, draft):
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
    op: str, arg: Any, keys: Keys, names: Names, report: Report, inside: Scope, path: Path, scope: Scope
) -> Test:
    if op in ("some", "every", "none"):
        return _quantifier(op, compile_condition(arg, keys, names, report, inside), inside)
    if op in ("among", "not_among"):
        return _among(op, arg, keys, names, report, scope)
    if op == "repeats":
        return _repeats(arg, keys, report)
    try:
        return OPERATORS[op](arg)
    except ValueError as error:
        report("Q117" if op == "matches" else "Q109", keys, str(error))
        return NEVER_TEST


NEVER_TEST = Test(lambda value, node, draft: False, "a faulty operator")


def _quantifier(op: str, part: Condition, inside: Scope) -> Test:
    holds = part.holds

    wanted = need.of_one_item(inside, part.needs)

    def some(value: Any, node: Any, draft: Draft) -> bool:
        if isinstance(value, list):
            for _, item in likely(draft, inside, value, wanted) if inside else enumerate(value):
                if holds(item, draft):
                    return True
        return False

    def every(value: Any, node: Any, draft: Draft) -> bool:
        return isinstance(value, list) and all(holds(item, draft) for item in value)

    def none(value: Any, node: Any, draft: Draft) -> bool:
        return isinstance(value, list) and not some(value, node, draft)

    if op == "some":
        return Test(some, "an array with an item that fits", marks=(list,), needs=need.together(inside, part.needs))
    if op == "every":
        return Test(every, "an array all of whose items fit", marks=(list,))
    return Test(none, "an array without an item that fits", marks=(list,))


def _among(op: str, text: Any, keys: Keys, names: Names, report: Report, scope: Scope) -> Test:
    try:
        other = parse(text)
    except PathError as error:
        report("Q110", keys, str(error))
        return NEVER_TEST
    names.note(other, scope)
    wanted = op == "among"

    def check(value: Any, node: Any, draft: Draft) -> bool:
        return any(same(value, seen) for seen in matches(other, node, draft)) is wanted

    return Test(check, f"{'one' if wanted else 'none'} of {text}")


def _repeats(text: Any, keys: Keys, report: Report) -> Test:
    """Two items of an array that hold the same text or number at a path."""
    try:
        path = parse(text)
        if path.origin != "here":
            raise PathError(f"'{text}' starts elsewhere: the path of 'repeats' starts at the items")
    except PathError as error:
        report("Q110", keys, str(error))
        return NEVER_TEST

    def check(value: Any, node: Any, draft: Draft) -> bool:
        seen = [one for one in values(value, (Wild.ITEMS, *path.steps)) if isinstance(one, str) or is_number(one)]
        return len(set(seen)) < len(seen)

    return Test(check, f"an array in which {text} repeats", marks=(list,))


#: Names of operators that need the vocabulary above; the others stand in `operators.OPERATORS`.
STRUCTURAL = ("some", "every", "none", "among", "not_among", "repeats")

__all__ = [
    "ALWAYS",
    "COMBINATORS",
    "NEVER",
    "STRUCTURAL",
    "Condition",
    "Names",
    "Report",
    "all_of",
    "compile_condition",
]
