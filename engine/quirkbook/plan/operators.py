"""The operators that look at one value: `lt`, `between`, `is`, `glob`, `len`, ... -> a test.

Python says ``True == 1`` and raises on ``"hot" > 1``; JSON does neither. Decided here, once: values are compared
by JSON type, unlike types never match, NaN and infinities satisfy no comparison.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from ..model import same
from ..payload.describe import show
from .needs import NOTHING, EmptyList, Mark, Needs, Not
from .regex import unsupported

#: Longer texts are matched afresh each time: a cache must not hold on to a conversation.
LONGEST_REMEMBERED = 64

_INF = math.inf
_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_NUMBER = (int, float)

Check = Callable[[Any, Any, Any], bool]
"""(value, the element it stands in, draft) -> whether the value fits."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test of one present value; ``absent`` marks the one test that wants no value at all."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    check: Check
    words: str
    absent: bool = False
    marks: tuple[Mark, ...] = ()
    """The few values or types that can pass, where a cheap look can tell (see needs.py)."""
    needs: Needs = NOTHING
    refuses: tuple[Mark, ...] | None = None
    """The few texts and types that can fail, where they are few."""


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite JSON number; booleans, NaN and infinities are none."""
    return isinstance(value, _NUMBER) and value is not True and value is not False and -_INF < value < _INF


def both(tests: list[Test]) -> Test:
    """Join the tests of one value by AND."""
    checks = tuple(test.check for test in tests)

    def check(value: Any, node: Any, draft: Any) -> bool:
        for one in checks:  # noqa: SIM110 - a generator in all() costs more than this loop
            if not one(value, node, draft):
                return False
        return True

    return Test(
        check,
        " and ".join(test.words for test in tests),
        marks=next((test.marks for test in tests if test.marks), ()),
        refuses=_all_refused(tests),
    )


def _all_refused(tests: list[Test]) -> tuple[Mark, ...] | None:
    refused: tuple[Mark, ...] = ()
    for test in tests:
        if test.refuses is None:
            return None
        refused += test.refuses
    return refused


def equal_to(literal: Any) -> Test:
    """Equal as JSON."""
    words = show(literal)
    if isinstance(literal, str):
        return Test(lambda value, node, draft: value == literal and isinstance(value, str), words, marks=(literal,))
    if literal is None or isinstance(literal, bool):
        return Test(lambda value, node, draft: value is literal, words, marks=_marks([literal]))
    return Test(lambda value, node, draft: same(value, literal), words)


def one_of(literals: list[Any]) -> Test:
    """Equal as JSON to one of them."""
    words, marks = f"one of {', '.join(map(show, literals))}", _marks(literals)
    if all(isinstance(literal, str) for literal in literals):
        return Test(lambda value, node, draft: isinstance(value, str) and value in literals, words, marks=marks)
    return Test(lambda value, node, draft: any(same(value, literal) for literal in literals), words, marks=marks)


def _marks(literals: list[Any]) -> tuple[Mark, ...]:
    marks = [type(None) if literal is None else literal for literal in literals]
    return tuple(marks) if all(isinstance(mark, (str, type)) for mark in marks) else ()


def _compare(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def build(bound: Any) -> Test:
        return Test(lambda value, node, draft: is_number(value) and compare(value, bound), f"{symbol} {show(bound)}")

    return build


def _interval(bounds: Any) -> tuple[float, float, str]:
    low, high = bounds
    if low is not None and high is not None and low > high:
        raise ValueError(f"the bounds [{low}, {high}] are in the wrong order: write [{high}, {low}]")
    return (-math.inf if low is None else low), (math.inf if high is None else high), show(bounds)


def _between(bounds: Any) -> Test:
    low, high, words = _interval(bounds)
    return Test(lambda value, node, draft: is_number(value) and low <= value <= high, f"between {words}")


def _outside(bounds: Any) -> Test:
    low, high, words = _interval(bounds)

    def check(value: Any, node: Any, draft: Any) -> bool:  # `is_number` written out: the commonest test of all
        if not isinstance(value, _NUMBER) or value is True or value is False:
            return False
        return -_INF < value < low or high < value < _INF

    return Test(check, f"outside {words}")


def _ne(literal: Any) -> Test:
    refuses = _marks([literal]) or None
    return Test(lambda value, node, draft: not same(value, literal), f"other than {show(literal)}", refuses=refuses)


def _not_in(literals: Any) -> Test:
    inner = one_of(literals)
    words = f"none of {', '.join(map(show, literals))}"
    return Test(lambda value, node, draft: not inner.check(value, node, draft), words, refuses=inner.marks or None)


def _exists(wanted: Any) -> Test:
    if wanted:
        return Test(lambda value, node, draft: True, "present", refuses=())
    return Test(lambda value, node, draft: False, "absent", absent=True)


def _is_json(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value, parse_int=float, parse_constant=_no_json)  # as int() refuses more than 4300 digits
    except (ValueError, RecursionError):
        return False
    return True


def _no_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


#: JSON types by the name a rule calls them; ``json`` is a string that parses as JSON.
TYPES: Mapping[str | None, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and value == math.floor(value),
    "json": _is_json,
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


_TYPE_MARKS: Mapping[str, tuple[Mark, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int, float),
    "json": (str,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def _is(name: Any) -> Test:
    name = "null" if name is None else name
    fits = TYPES[name]
    article = "an" if name[0] in "aio" else "a"
    words = "null" if name == "null" else "JSON text" if name == "json" else f"{article} {name}"
    marks = _TYPE_MARKS[name]
    refuses = (Not(marks),) if name in ("array", "object", "string") else None
    return Test(lambda value, node, draft: fits(value), words, marks=marks, refuses=refuses)


def _glob(patterns: Any) -> Test:
    several = [patterns] if isinstance(patterns, str) else patterns

    def check(value: Any, node: Any, draft: Any) -> bool:
        return isinstance(value, str) and any(fnmatchcase(value, pattern) for pattern in several)

    return Test(check, f"like {show(patterns)}")


def _matches(pattern: Any) -> Test:
    # RE2 is linear by construction; a payload can never make it slow. It loads only where a rule uses it.
    import re2

    options = re2.Options()
    options.log_errors = False  # they go into the diagnostic, not to stderr
    try:
        fullmatch = re2.compile(pattern, options).fullmatch
    except re2.error:
        raise ValueError(f"{show(pattern)} is not a regular expression of RE2: {unsupported(pattern)}") from None

    def fits(text: str) -> bool:
        try:
            return fullmatch(text) is not None
        except UnicodeEncodeError:  # a lone surrogate: text that no UTF-8 has
            return False

    # What is matched is mostly names, the same ones in every request, and a call of RE2 costs microseconds.
    known = lru_cache(maxsize=1024)(fits)

    def check(value: Any, node: Any, draft: Any) -> bool:
        return isinstance(value, str) and (known(value) if len(value) <= LONGEST_REMEMBERED else fits(value))

    return Test(check, f"matching {show(pattern)}", marks=(str,))


_COUNTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "ne": operator.ne,
}  # fmt: skip


def _count(name: str, measure: Callable[[Any], int | None]) -> Callable[[Any], Test]:
    def build(arg: Any) -> Test:
        bounds = arg if isinstance(arg, dict) else {"eq": arg}
        tests = [(_COUNTS[op], bound) for op, bound in bounds.items()]

        def check(value: Any, node: Any, draft: Any) -> bool:
            size = measure(value)
            if size is None:
                return False
            for compare, bound in tests:  # noqa: SIM110 - a generator in all() costs more than this loop
                if not compare(size, bound):
                    return False
            return True

        refuses = (Not((list,)), EmptyList) if name == "length" and bounds == {"gt": 0} else None
        return Test(check, f"of {name} {show(arg)}", refuses=refuses)

    return build


def _len(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, dict)) else None


def _bytes(value: Any) -> int | None:
    try:
        # A dict is copied: of one that notes what is asked of it (idle.Partial), the encoder would ask nothing.
        text = value if isinstance(value, str) else _compact(value.copy() if isinstance(value, dict) else value)
    except (TypeError, ValueError, RecursionError):  # no JSON value
        return None
    return len(text.encode("utf-8", "surrogatepass"))


#: Operator -> how to build its test from what the rule wrote; a ValueError says what is wrong with that.
OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "between": _between,
    "bytes": _count("bytes", _bytes),
    "exists": _exists,
    "glob": _glob,
    "gt": _compare(">", operator.gt),
    "gte": _compare(">=", operator.ge),
    "is": _is,
    "len": _count("length", _len),
    "lt": _compare("<", operator.lt),
    "lte": _compare("<=", operator.le),
    "matches": _matches,
    "ne": _ne,
    "not_in": _not_in,
    "outside": _outside,
}
