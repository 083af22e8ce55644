"""Conditions as Python source: what is written for one function, the constants it names, and the function made of it.

A condition is compiled when it is first asked. The source is registered under the rule's name, so that a traceback
shows the line, and `quirkbook rules --source` prints it.
"""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from ..model import MISSING, Keys, same
from ..payload.path import Path, Step, Wild, anywhere, find

Holds = Callable[[Any, Any], bool]
"""(the element in hand, draft) -> whether the condition holds."""

VALUE: Final = "\0"
"""Stands for the value in the code of a test; `Writer.bind` puts the code that reads the value in its place."""

#: What every condition may name. Payloads hold plain JSON data: their types are compared, subclasses need not be.
_GLOBALS: Final[dict[str, Any]] = {
    "INF": math.inf,
    "MISSING": MISSING,
    "NULL": type(None),
    "NUMBERS": frozenset({int, float}),
    "SIZED": frozenset({str, list, dict}),
    "anywhere": anywhere,
    "same": same,
}


Find = Callable[[Any, Keys], "list[tuple[Keys, Any]]"]
"""(a value, where it stands) -> the keys and values of all that a path means below it, in document order."""


def finder(steps: Sequence[Step]) -> Find:
    """Return `path.find` for one path, as a function that is made when it is first asked; keys are made for matches only."""
    if Wild.DEEP in steps or not any(isinstance(step, Wild) for step in steps):
        return lambda node, keys: find(node, steps, keys)
    made: list[Find] = []

    def first(node: Any, keys: Keys) -> list[tuple[Keys, Any]]:
        if not made:
            made.append(_compiled_finder(steps))
        return made[0](node, keys)

    return first


def _compiled_finder(steps: Sequence[Step]) -> Find:
    lines = ["def found(v0, keys):", "    hits = []"]
    depth, keys = 1, ["*keys"]
    for at, step in enumerate(steps):
        here, there, pad = f"v{at}", f"v{at + 1}", "    " * depth
        if isinstance(step, Wild):
            kind, members = ("list", f"enumerate({here})") if step is Wild.ITEMS else ("dict", f"{here}.items()")
            lines += [f"{pad}if {here}.__class__ is {kind}:", f"{pad}    for k{at}, {there} in {members}:"]
            keys.append(f"k{at}")
            depth += 2
        elif isinstance(step, str):
            lines += [
                f"{pad}if {here}.__class__ is dict and {step!r} in {here}:",
                f"{pad}    {there} = {here}[{step!r}]",
            ]
            keys.append(repr(step))
            depth += 1
        else:
            size = f"len({here}) > {step}" if step >= 0 else f"len({here}) >= {-step}"
            lines += [f"{pad}if {here}.__class__ is list and {size}:", f"{pad}    {there} = {here}[{step}]"]
            keys.append(str(step) if step >= 0 else f"len({here}) - {-step}")
            depth += 1
    lines += ["    " * depth + f"hits.append((({', '.join(keys)}), v{len(steps)}))", "    return hits"]
    names: dict[str, Any] = {}
    exec(compile("\n".join(lines), "<path>", "exec"), names)
    find_all: Find = names["found"]
    return find_all


class Writer:
    """Collects the source of one condition."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = dict(_GLOBALS)
        self.functions: list[str] = []
        self._count = 0
        self._named: dict[str, str] = {}
        self._gathered: dict[str, str] = {}
        self._words: dict[str, str | None] = {}

    def fresh(self, stem: str = "v") -> str:
        """Return a name that nothing else has."""
        self._count += 1
        return f"{stem}{self._count}"

    def constant(self, value: Any) -> str:
        """Return the code of a literal, or the name of a constant."""
        if value is None or value is True or value is False or isinstance(value, str):
            return repr(value)
        if isinstance(value, int | float) and -1e15 < value < 1e15:
            return repr(value)
        name = self.fresh("C")
        self.globals[name] = value
        return name

    def bind(self, test: str, read: str) -> str:
        """Return the code of a test of what ``read`` reads; it is read once."""
        test = f"({test})" if " or " in test else test
        if test.count(VALUE) < 2:
            return test.replace(VALUE, read)
        name = self.fresh()
        return test.replace(VALUE, f"({name} := {read})", 1).replace(VALUE, name)

    def any_of(self, items: str, test: Callable[[str], str], *more: str) -> str:
        """Return the code that asks whether some of the ``items`` passes; ``more`` are the names that the test uses."""
        name, item = self.fresh("some"), self.fresh("item")
        self.function(name, ("items", *more), [f"for {item} in items:", f"    if {test(item)}:", "        return True"])
        return f"{name}({', '.join((items, *more))})"

    def function(self, name: str, parameters: tuple[str, ...], body: list[str]) -> None:
        """Write a function that returns False at its end."""
        lines = "\n".join(f"    {line}" for line in (*body, "return False"))
        self.functions.append(f"def {name}({', '.join(parameters)}):\n{lines}\n")

    def gathered(self, path: Path) -> str:
        """Return the name of the set of values at another path, which whoever asked for the code has to bind."""
        name = self.fresh("gathered")
        self._gathered[name] = self.constant(path)
        return name

    def gathering(self, write: Callable[[], str]) -> tuple[str, dict[str, str]]:
        """Return code, and the names of the sets that it uses with the constants of their paths."""
        around, self._gathered = self._gathered, {}
        code = write()
        mine, self._gathered = self._gathered, around
        return code, mine

    @contextmanager
    def words_of(self, value: str) -> Iterator[None]:
        """Let tests of the variable ``value`` that follow one another read once what stands below it."""
        self._words[value] = None
        yield
        del self._words[value]

    def words(self, value: str, read: str) -> tuple[str, str]:
        """Return the variable that holds what stands below ``value``, and the code that reads it the first time."""
        name = self._words.get(value)
        if name is not None:
            return name, name
        name = self.fresh("words")
        if value in self._words:
            self._words[value] = name
        return name, f"({name} := {read})"

    def named(self, name: str, write: Callable[[], str]) -> str:
        """Return the name of the function of a named condition, which ``write`` writes where it is not there yet."""
        if name not in self._named:
            self._named[name] = self.fresh("is_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in name))
            self.function(self._named[name], ("node", "draft"), [f"return {write()}"])
        return self._named[name]

    def finish(self, name: str, test: str) -> tuple[Holds, str]:
        """Return the function of the whole condition, and its source."""
        source = "\n".join([*self.functions, f"def holds(node, draft):\n    return {test}\n"])
        file = f"<rule {name}>"
        exec(compile(source, file, "exec"), self.globals)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        holds: Holds = self.globals["holds"]
        return holds, source
