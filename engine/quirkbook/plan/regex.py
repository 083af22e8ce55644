"""A pattern, compiled by RE2; or what it holds that RE2 does not support, and what to write instead."""

from __future__ import annotations

import re
from typing import Any, Final

from ..payload.describe import show

#: What begins a construct of other engines -> (its name, what to write instead).
_LOOK: Final = ("look-around", "say what must not be there in a condition of its own, with 'not'")
_BACK: Final = ("back-references", "list the repeated texts, as in '(aa|bb)'")
_ATOM: Final = ("atomic groups", "write '(?:' instead: RE2 never tries again")
_FOREIGN: Final = {
    "(?=": _LOOK,
    "(?!": _LOOK,
    "(?<=": _LOOK,
    "(?<!": _LOOK,
    "(?>": _ATOM,
    "(?P=": _BACK,
    "(?(": ("conditional groups", "write both branches with '|'"),
    "(?#": ("comments", "leave the comment out: the rule has a 'why' for it"),
}
#: An escape, a class of characters, the start of a special group, a count, or any other character.
_PIECE: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:<[=!]|P=|.)|\{(\d+)(?:,(\d*))?\}|[*+?}]\+|.", re.DOTALL
)
_MOST: Final = 1000
"""How often RE2 repeats something that has a count."""


def compile_re2(pattern: str, *, ignore_case: bool = False) -> Any:
    """Compile a pattern. RE2 is loaded only here, where something needs it.

    Raises:
        ValueError: RE2 does not support it; with what to write instead.
    """
    import re2

    options = re2.Options()
    options.log_errors = False  # they go into the message, not to stderr
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise ValueError(f"{show(pattern)} is not a regular expression of RE2: {unsupported(pattern)}") from None


def unsupported(pattern: str) -> str:
    """Say why RE2 cannot read a pattern, as far as a look of our own can tell.

    >>> unsupported("(?=a)b")
    "RE2 does not support look-around, '(?=': say what must not be there in a condition of its own, with 'not'"
    """
    for piece in _PIECE.finditer(pattern):
        text = piece[0]
        name, instead = _FOREIGN.get(text, ("", ""))
        if re.fullmatch(r"\\[1-9]", text):
            name, instead = _BACK
        elif text in ("*+", "++", "?+", "}+"):
            name, instead = "possessive repetition", f"write '{text[0]}' instead: RE2 never tries again"
        elif piece[1] and max(int(count) for count in piece.groups() if count) > _MOST:
            name, instead = f"more than {_MOST} repetitions", f"repeat up to {_MOST} times"
        if name:
            return f"RE2 does not support {name}, '{text}': {instead}"
    try:
        re.compile(pattern)
    except re.error as error:
        place = len(pattern) if error.pos is None else error.pos
        return f"it is malformed near character {place + 1}: check brackets, repetitions and escapes"
    except OverflowError:
        return f"a count is too large: RE2 repeats up to {_MOST} times"
    return "RE2 does not support it: see https://github.com/google/re2/wiki/Syntax"
