"""Generated Python source: what is written for one condition, the constants it names, and the functions made of it.

A condition is compiled when it is first asked. Its source is registered under the rule's name, so that a traceback
shows the line, and `quirkbook rules --source` prints it.
"""

from __future__ import annotations

import linecache
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

from ..model import MISSING, Keys, same
from ..payload.path import Path, Step, Wild, containers, find

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
    "containers": containers,
    "same": same,
}

#: How many sources tracebacks can show; models, and so plans, are named by callers.
SOURCES_SHOWN: Final = 2048

_shown: dict[str, None] = {}
_shown_lock = Lock()


def define(name: str, source: str, names: dict[str, Any], file: str = "") -> Any:
    """Run source that may use ``names``, and return the function called ``name`` that it defines.

    Tracebacks show the line if there is a ``file``, which must be the name of this source alone.
    """
    exec(compile(source, file or "<generated>", "exec"), names)
    if file:
        _show(file, source)
    return names[name]


def _show(file: str, source: str) -> None:
    with _shown_lock:
        _shown.pop(file, None)
        _shown[file] = None
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        if len(_shown) > SOURCES_SHOWN:
            oldest = next(iter(_shown))
            del _shown[oldest]
            linecache.cache.pop(oldest, None)


def shown(value: Any) -> str:
    """Return a constant of generated source as one would write it."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Path):
        return f"parse({value.text!r})"
    if isinstance(value, frozenset):
        return f"frozenset({{{', '.join(sorted(map(shown, value)))}}})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{shown(key)}: {shown(item)}' for key, item in sorted(value.items(), key=repr))}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    return repr(value)


_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BRACKETS = re.compile(r"\([^()]*\)")


def grouped(code: str, *loose: str) -> str:
    """Return code in parentheses if it has one of the operators ``loose`` outside of all parentheses.

    >>> grouped("a or b", " or "), grouped("f(a or b)", " or ")
    ('(a or b)', 'f(a or b)')
    """
    if not any(word in code for word in loose):
        return code
    bare, inner = "", _TEXT.sub("", code)
    while bare != inner:
        bare, inner = inner, _BRACKETS.sub("", inner)
    return f"({code})" if any(word in bare for word in loose) else code


def negated(code: str) -> str:
    """Return the code that is true where ``code`` is false."""
    return f"not {grouped(code, ' ')}"


Find = Callable[[Any, Keys], "list[tuple[Keys, Any]]"]
"""(a value, where it stands) -> the keys and values of all that a path means below it, in document order."""


def finder(path: Path) -> Find:
    """Return `path.find` for one path, as a function that is made when it is first asked; keys are made for matches only."""
    steps = path.steps
    if Wild.DEEP in steps or not any(isinstance(step, Wild) for step in steps):
        return lambda node, keys: find(node, steps, keys)
    made: list[Find] = []

    def first(node: Any, keys: Keys) -> list[tuple[Keys, Any]]:
        if not made:
            made.append(_compiled_finder(steps, path.text))
        return made[0](node, keys)

    return first


def _compiled_finder(steps: Sequence[Step], text: str) -> Find:
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
    find_all: Find = define("found", "\n".join(lines) + "\n", {}, f"<path {text}>")
    return find_all


class Writer:
    """Collects the source of one condition."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = dict(_GLOBALS)
        self._constants: dict[str, str] = {}
        """Name of a constant -> what a reader should know of it, if its value does not say that."""
        self.functions: list[str] = []
        self._count = 0
        self._named: dict[str, str] = {}
        self._gathered: dict[str, str] = {}
        self._words: dict[str, str | None] = {}

    def fresh(self, stem: str = "v") -> str:
        """Return a name that nothing else has."""
        self._count += 1
        return f"{stem}{self._count}"

    def constant(self, value: Any, words: str = "") -> str:
        """Return the code of a literal, or the name of a constant; ``words`` say what a function does."""
        if value is None or value is True or value is False or isinstance(value, str):
            return repr(value)
        if isinstance(value, int | float) and -1e15 < value < 1e15:
            return repr(value)
        name = self.fresh("C")
        self.globals[name] = value
        self._constants[name] = words
        return name

    def bind(self, test: str, read: str) -> str:
        """Return the code of a test of what ``read`` reads; it is read once."""
        test = grouped(test, " or ")
        if test.count(VALUE) < 2:
            return test.replace(VALUE, read)
        name = self.fresh()
        return test.replace(VALUE, f"({name} := {read})", 1).replace(VALUE, name)

    def any_of(self, items: str, test: Callable[[str], str], *more: str) -> str:
        """Return the code that asks whether some of the ``items`` passes; ``more`` are the names that the test uses."""
        name, item = self.fresh("some"), self.fresh("item")
        self.function(
            name,
            ("items", *more),
            [f"for {item} in items:", f"    if {test(item)}:", "        return True", "return False"],
        )
        return f"{name}({', '.join((items, *more))})"

    def function(self, name: str, parameters: tuple[str, ...], body: list[str]) -> None:
        """Write a function."""
        lines = "\n".join(f"    {line}" for line in body)
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

    def finish(self, file: str, test: str) -> tuple[Holds, str]:
        """Return the function of the whole condition, and its source."""
        source = "\n".join([*self.functions, f"def holds(node, draft):\n    return {test}\n"])
        holds: Holds = define("holds", source, self.globals, file)
        return holds, source

    def explained(self) -> str:
        """Return a comment line for each constant."""
        return "".join(f"# {name} = {words or shown(self.globals[name])}\n" for name, words in self._constants.items())
