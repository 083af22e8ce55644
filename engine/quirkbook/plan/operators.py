"""The operators that look at one value: `lt`, `between`, `is`, `glob`, `len`, ... -> the code of a test.

Python says ``True == 1`` and raises on ``"hot" > 1``; JSON does neither. Decided here, once: values are compared
by JSON type, unlike types never match, NaN and infinities satisfy no comparison.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import reduce
from typing import Any

from ..payload.describe import show
from .code import VALUE, Writer, grouped, negated
from .gates import EMPTY, Mark, Not, narrowed
from .regex import compile_re2
from .types import TYPES, is_number

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Test:
    """A test of one present value; ``absent`` marks the one test that wants no value at all."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    code: Callable[[Writer], str]
    """Writes an expression in which `code.VALUE` stands for the value."""
    words: str
    absent: bool = False
    negative: bool = False
    """Whether it passes for what is not there, so that the code must look first."""
    marks: tuple[Mark, ...] = ()
    """The few texts or types that can pass, where they are few."""
    refuses: tuple[Mark, ...] | None = None
    """The few texts and types that can fail, where they are few."""


def both(tests: list[Test]) -> Test:
    """Join the tests of one value by AND."""
    refused = [test.refuses for test in tests]
    return Test(
        lambda writer: " and ".join(grouped(test.code(writer), " or ") for test in tests),
        " and ".join(test.words for test in tests),
        absent=False,
        negative=all(test.negative for test in tests),
        marks=reduce(narrowed, (test.marks for test in tests)),
        refuses=None if None in refused else tuple(mark for marks in refused for mark in marks or ()),
    )


def _called(check: Callable[[Any], bool], words: str) -> Callable[[Writer], str]:
    return lambda writer: f"{writer.constant(check, f'tells whether a value is {words}')}({VALUE})"


def equal_to(literal: Any) -> Test:
    """Equal as JSON."""
    words = show(literal)
    if isinstance(literal, str):
        return Test(lambda writer: f"{VALUE} == {literal!r}", words, marks=(literal,))
    if literal is None or isinstance(literal, bool):
        return Test(lambda writer: f"{VALUE} is {literal}", words, marks=_marks([literal]))
    if is_number(literal):
        return Test(
            lambda writer: f"{VALUE}.__class__ in NUMBERS and {VALUE} == {writer.constant(literal)}",
            words,
            marks=(int, float),
        )
    return Test(lambda writer: f"same({VALUE}, {writer.constant(literal)})", words)


def one_of(literals: list[Any]) -> Test:
    """Equal as JSON to one of them."""
    words, marks = f"one of {', '.join(map(show, literals))}", _marks(literals)
    texts = frozenset(literal for literal in literals if isinstance(literal, str))
    others = [literal for literal in literals if not isinstance(literal, str)]

    def code(writer: Writer) -> str:
        tests = [f"{VALUE}.__class__ is str and {VALUE} in {writer.constant(texts)}"] if texts else []
        return " or ".join([*tests, *(equal_to(literal).code(writer) for literal in others)]) or "False"

    return Test(code, words, marks=marks)


def _marks(literals: list[Any]) -> tuple[Mark, ...]:
    marks = [type(None) if literal is None else literal for literal in literals]
    return tuple(marks) if all(isinstance(mark, (str, type)) for mark in marks) else ()


def _compare(symbol: str) -> Callable[[Any], Test]:
    def build(bound: Any) -> Test:
        def code(writer: Writer) -> str:
            limit = writer.constant(bound)
            span = f"-INF < {VALUE} {symbol} {limit}" if symbol[0] == "<" else f"INF > {VALUE} {symbol} {limit}"
            return f"{VALUE}.__class__ in NUMBERS and {span}"

        return Test(code, f"{symbol} {show(bound)}", marks=(int, float))

    return build


def _interval(bounds: Any) -> tuple[Any, Any, str]:
    low, high = bounds
    if low is not None and high is not None and low > high:
        raise ValueError(f"the bounds [{low}, {high}] are in the wrong order: write [{high}, {low}]")
    return low, high, show(bounds)


def _between(bounds: Any) -> Test:
    low, high, words = _interval(bounds)

    def code(writer: Writer) -> str:
        least = "-INF <" if low is None else f"{writer.constant(low)} <="
        most = "< INF" if high is None else f"<= {writer.constant(high)}"
        return f"{VALUE}.__class__ in NUMBERS and {least} {VALUE} {most}"

    return Test(code, f"between {words}", marks=(int, float))


def _outside(bounds: Any) -> Test:
    low, high, words = _interval(bounds)

    def code(writer: Writer) -> str:
        below = "" if low is None else f"-INF < {VALUE} < {writer.constant(low)}"
        above = "" if high is None else f"{writer.constant(high)} < {VALUE} < INF"
        return f"{VALUE}.__class__ in NUMBERS and ({' or '.join(filter(None, (below, above))) or 'False'})"

    return Test(code, f"outside {words}", marks=(int, float))


def _negated(test: Test, words: str, refuses: tuple[Mark, ...] | None) -> Test:
    return Test(lambda writer: negated(test.code(writer)), words, negative=True, refuses=refuses)


def _ne(literal: Any) -> Test:
    return _negated(equal_to(literal), f"other than {show(literal)}", _marks([literal]) or None)


def _not_in(literals: Any) -> Test:
    return _negated(one_of(literals), f"none of {', '.join(map(show, literals))}", _marks(literals) or None)


def _exists(wanted: Any) -> Test:
    if wanted:
        return Test(lambda writer: f"{VALUE} is not MISSING", "present", refuses=())
    return Test(lambda writer: "False", "absent", absent=True)


def _is(name: Any) -> Test:
    name = "null" if name is None else name
    article = "an" if name[0] in "aio" else "a"
    words = "null" if name == "null" else "JSON text" if name == "json" else f"{article} {name}"
    marks, test = TYPES[name]
    refuses = (Not(marks),) if name in ("array", "object", "string") else None
    code = _called(test, words) if callable(test) else (lambda writer: test)
    return Test(code, words, marks=marks, refuses=refuses)


def _glob(patterns: Any) -> Test:
    several = [patterns] if isinstance(patterns, str) else patterns
    match = re.compile("|".join(map(translate, several))).match
    words = f"like {show(patterns)}"
    return Test(_called(lambda value: value.__class__ is str and bool(match(value)), words), words, marks=(str,))


#: Characters and classes of them in a row, of which one at most repeats without a bound: what `re`, too, matches in linear time.
_PLAIN = re.compile(
    r"(?!.*--)(?:(?:\[\^?[A-Za-z0-9_.:/ -]+\]|[A-Za-z0-9_ /:-]|\\[s.\-])(?:\{\d{1,3}(?:,\d{1,3})?\})?)*[*+]?"
)
_SPACE = r"[\t\n\f\r ]"
"""What RE2 means by ``\\s``."""
_NONE_OF = "[^\ud800-\udfff"
"""How a negated class starts: RE2 never matches half a character."""


def _plain(pattern: str) -> re.Pattern[str] | None:
    """Return a plain expression as one of `re`, as a call of RE2 costs ten times as much; None where RE2 is asked."""
    if not _PLAIN.fullmatch(pattern):
        return None
    try:
        return re.compile(pattern.replace(r"\s", _SPACE).replace("[^", _NONE_OF))
    except re.error:  # RE2 says what is wrong with it
        return None


def _matches(pattern: Any) -> Test:
    words = f"matching {show(pattern)}"
    plain = _plain(pattern)
    if plain:
        code = f"{VALUE}.__class__ is str and {{}}({VALUE}) is not None"
        shown_as = f"re.compile({plain.pattern!r}).fullmatch"
        return Test(lambda writer: code.format(writer.constant(plain.fullmatch, shown_as)), words, marks=(str,))
    # RE2 is linear by construction; a payload can never make it slow. It loads only where a rule uses it.
    fullmatch = compile_re2(pattern).fullmatch

    def fits(value: Any) -> bool:
        try:
            return value.__class__ is str and fullmatch(value) is not None
        except UnicodeEncodeError:  # a lone surrogate: text that UTF-8 cannot encode
            return False

    return Test(_called(fits, words), words, marks=(str,))


_COUNTS: Mapping[str, str] = {"eq": "==", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "ne": "!="}


def _bounds(arg: Any) -> list[tuple[str, Any]]:
    return [(_COUNTS[op], bound) for op, bound in (arg if isinstance(arg, dict) else {"eq": arg}).items()]


def _len(arg: Any) -> Test:
    def code(writer: Writer) -> str:
        sizes = " and ".join(f"len({VALUE}) {symbol} {writer.constant(bound)}" for symbol, bound in _bounds(arg))
        return f"{VALUE}.__class__ in SIZED and {sizes}"

    refuses = (Not((list,)), EMPTY) if arg == {"gt": 0} else None
    marks = ("", EMPTY) if arg == 0 else (str, list, dict)
    return Test(code, f"of length {show(arg)}", marks=marks, refuses=refuses)


def _bytes(arg: Any) -> Test:
    def code(writer: Writer) -> str:
        size = writer.fresh("size")
        tests = " and ".join(f"{size} {symbol} {writer.constant(bound)}" for symbol, bound in _bounds(arg))
        return f"({size} := {writer.constant(_size_of, 'the number of bytes of a value, or None')}({VALUE})) is not None and {tests}"

    return Test(code, f"of bytes {show(arg)}")


def _size_of(value: Any) -> int | None:
    try:
        text = value if isinstance(value, str) else _compact(value)
    except (TypeError, ValueError, RecursionError):  # not a JSON value
        return None
    return len(text.encode("utf-8", "surrogatepass"))


#: Operator -> how to build its test from what the rule wrote; a ValueError says what is wrong with that.
OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "between": _between,
    "bytes": _bytes,
    "exists": _exists,
    "glob": _glob,
    "gt": _compare(">"),
    "gte": _compare(">="),
    "is": _is,
    "len": _len,
    "lt": _compare("<"),
    "lte": _compare("<="),
    "matches": _matches,
    "ne": _ne,
    "not_in": _not_in,
    "outside": _outside,
}
