"""A text that is not YAML, and where a parser gave up -> what is wrong with it, found by a look at the text."""

from __future__ import annotations

import re
from typing import Final

from yaml import YAMLError
from yaml.scanner import ScannerError

Finding = tuple[int, int, str, str, str]
"""Start and end of the text that a diagnostic is about, its code, message and hint."""

_BELONGS: Final = ("not YAML: this does not belong here", "line it up, or quote the whole text")
_PATH_UNQUOTED: Final = "a path with [ must be quoted in flow style"
_WORD = re.compile(r"[^\s,\[\]{}\"']+")
_PATH = re.compile(r"""(?:[\w.$*-]|\[(?:\*|-?\d+|"[^"\n]*"|'[^'\n]*')\])+""")
#: A quoted text with its end, or an alias or anchor that is spelt right: nothing is wrong with the token itself.
_WHOLE = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"\\]|\\.)*" | [&*][A-Za-z0-9_-]+(?![^\s?:,\]}%@`])""", re.VERBOSE | re.DOTALL
)
#: What stands in flow style. Words come last, so that a quote inside of one begins nothing.
_FLOW_TOKEN = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"\\]|\\.)*" | (?<=\s)\#.* | [\[{] | [\]}] | [^\s,\[\]{}]+""", re.VERBOSE
)
#: A character that a token was to begin with -> what to say.
_CANNOT_BEGIN: Final = {
    "\t": ("not YAML: a tab", "use spaces"),
    ":": ("not YAML: a ':' that cannot stand here", "quote text that holds ': ', line keys up"),
    "-": ("not YAML: a list cannot begin in this line", "begin it in the next"),
    "?": _BELONGS,
}


class Refused(Exception):  # noqa: N818 - says what became of the text
    """The text makes no sense from where its finding stands."""

    def __init__(self, *finding: *Finding) -> None:
        super().__init__(*finding)
        self.finding = finding


def explain(error: YAMLError, text: str) -> Finding:
    """Say what is wrong where PyYAML's own parser gave up; its words play no part."""
    problem = _index(error, "problem_mark", 0)
    context = _index(error, "context_mark", problem)
    if isinstance(error, ScannerError):
        return _token(text, context, problem)
    if text.startswith(("[", "{"), context) and not _is_closed(text, context, problem):
        return _flow(text, context, problem)
    if problem >= len(text):
        return _at(problem, "not YAML: the file ends too soon", "close what is open")
    return _at(problem, *_BELONGS)


def _index(error: YAMLError, mark: str, otherwise: int) -> int:
    place = getattr(error, mark, None)
    return place.index if place else otherwise


def _at(start: int, message: str, hint: str = "") -> Finding:
    return start, start + 1, "Q101", message, hint


def _token(text: str, context: int, problem: int) -> Finding:
    """Explain a token that begins at ``context`` and goes wrong at ``problem``."""
    char, begins = text[problem : problem + 1], text[context : context + 1]
    if context == problem:
        return _at(problem, *_CANNOT_BEGIN.get(char, (f"not YAML: text cannot begin with '{char}'", "quote it")))
    if begins in "|>":
        return _behind_head(char, problem)
    token = _WHOLE.match(text, context)
    if token is None or token.end() > problem:
        if begins in "&*":
            return of_property(text, context)
        if begins in "\"'":
            return _quoted(text, context, problem)
    return _at(context, "not YAML: a line without ':' where a key belongs", "write 'key: value'")


def _behind_head(char: str, problem: int) -> Finding:
    """Explain what stands behind the ``|`` or ``>`` that begins a block text."""
    if char == "\t":
        return _at(problem, *_CANNOT_BEGIN[char])
    if char == "#":
        return _at(problem, "not YAML: a '#' directly behind '|' or '>'", "put a space before it")
    return _at(problem, "not YAML: text behind '|' or '>'", "begin it on the next line, indented")


def _quoted(text: str, start: int, problem: int) -> Finding:
    """Explain a quoted text: the parser stops behind a backslash, at a ``---``, or at the end of the file."""
    if problem < len(text) and text[problem - 1] in "\\xuU":
        hint = "in single quotes '\\' is plain text"
        return _at(text.rindex("\\", start, problem), "not YAML: an unknown escape", hint)
    return _at(start, "not YAML: a quote that is not closed")


def _is_closed(text: str, start: int, end: int) -> bool:
    """Return whether the bracket at ``start`` is closed before ``end``."""
    depth = 0
    for token in _FLOW_TOKEN.finditer(text, start, end):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if not depth:
            return True
    return False


def _flow(text: str, context: int, problem: int) -> Finding:
    """Explain a list or mapping in flow style that begins at ``context``."""
    path = _path_around(text, problem) if text.startswith("[", problem) else None
    if path:
        return *path, "Q103", _PATH_UNQUOTED, f'quote it: "{text[slice(*path)]}"'
    if "\n" in text[context:problem] or problem >= len(text):
        return _at(context, f"not YAML: a '{text[context]}' that is not closed")
    return _at(problem, f"not YAML: expected ',' or '{'}' if text[context] == '{' else ']'}'")


def of_property(text: str, start: int) -> Finding:
    """Explain the anchor, alias or tag at ``start``: often a glob or a path that lacks its quotes."""
    word = _WORD.match(text, start)
    end = word.end() if word else start + 1
    sign, wrote = text[start], text[start:end]
    if text[start - 1 : start] == "[" and (path := _path_around(text, start - 1)):
        return *path, "Q103", _PATH_UNQUOTED, f'quote it: "{text[slice(*path)]}"'
    if sign == "&":
        return start, end, "Q103", f"anchors are not read here: '{wrote}'", "write the value where it is used"
    if sign == "*":
        hint = f'quote the glob: "{wrote}"; an alias is written out'
        return start, end, "Q103", f"aliases are not read here: '{wrote}'", hint
    is_tag = wrote[1:2] in ("!", "<", "")
    hint = "leave it out: JSON has no tags" if is_tag else f'quote the glob: "{wrote}"'
    return start, end, "Q103", f"tags are not read here: '{wrote}'", hint


def _path_around(text: str, bracket: int) -> tuple[int, int] | None:
    """Return the span of the unquoted field path whose ``[`` stands at ``bracket``, if it is one."""
    start = bracket
    while start and re.match(r"[\w.$\]*-]", text[start - 1]):
        start -= 1
    path = _PATH.match(text, start)
    return path.span() if path and start < bracket < path.end() else None
