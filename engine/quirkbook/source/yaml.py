"""Text of a rule file -> a document: strict YAML with the meanings of version 1.2, or JSON.

One pass over the parser's events builds data and places. Nothing recurses, so depth is refused before it can
hurt. By the core schema of YAML 1.2 ``no`` is text, ``1e-8`` a number and ``012`` is 12.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

from ..errors import RuleFileError
from ..model import Diagnostic, Location
from . import json as json_source
from .document import NO_CHARACTER, UNPRINTABLE, Builder, Document, number

MAX_BYTES: Final = 1024 * 1024

_CONSTANTS: Final = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_MAY_MEAN_MORE = frozenset("-+.0123456789~nNtTfF")
_NUMBER = re.compile(
    r"""(?P<decimal>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)
      | 0o(?P<octal>[0-7]+)
      | 0x(?P<hex>[0-9a-fA-F]+)
      | (?P<endless>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))""",
    re.VERBOSE,
)
_NO_CHARACTER = "found invalid Unicode character escape code"
_DIRECTIVE = ("not YAML: a line that begins with '%'", "leave it out")
_PROPERTY = frozenset("&!")
_WORD = re.compile(r"[^\s,\[\]{}\"']+")
_PATH = re.compile(r"""(?:[\w.$*-]|\[(?:\*|-?\d+|"[^"\n]*"|'[^'\n]*')\])+""")
_PATH_UNQUOTED = "a path with [ is no text in flow style"
#: A tag in flow style: the parser in Python swallows the bracket behind it and fails much later.
_FLOW_TAG = re.compile(r"(?<=[\[{,\s])!")


class _PurePython(Reader, Scanner, Parser):
    """PyYAML's own parser, for where its C library is not built in."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def scan_flow_scalar(self, style: str) -> Any:
        start = self.get_mark()
        try:
            return super().scan_flow_scalar(style)
        except (ValueError, OverflowError):  # from chr()
            raise ScannerError("while parsing a quoted scalar", start, _NO_CHARACTER, start) from None


#: Both give the same data and places; the one in C takes a tenth of the time.
PARSER: Callable[[str], Any] = getattr(getattr(yaml, "cyaml", None), "CParser", _PurePython)


def read(raw: bytes | str, name: str, build: Callable[[str, Builder], None] | None = None) -> Document:
    """Read YAML or JSON strictly; ``name`` is what places call the file. A ``*.json`` file must be JSON.

    ``build`` reads the YAML of files whose makers allow more than rule files do.

    Raises:
        RuleFileError: with all diagnostics, up to the first after which nothing makes sense.
    """
    text = _decode(raw, name)
    if name.endswith(".json") or text.lstrip()[:1] in ("{", "[", '"'):
        builder = Builder(name, text)
        try:
            json_source.build(text, builder)
            is_json = True
        except json_source.NotJSON as error:
            is_json = name.endswith(".json")
            builder.diagnostic(error.start, error.end, error.code, str(error))
        if is_json:
            return builder.finish()
    builder = Builder(name, text)
    if odd := UNPRINTABLE.search(text):
        message = f"not YAML: the character U+{ord(odd[0]):04X} cannot stand in a file"
        builder.stop(*odd.span(), "Q101", message, "in double quotes it is written with \\u")
    try:
        (build or _build)(text, builder)
    except yaml.MarkedYAMLError as error:
        _explain(error, text, builder)
    return builder.finish()


def _decode(raw: bytes | str, name: str) -> str:
    encoded = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(encoded) > MAX_BYTES:
        message = f"the file holds more than {MAX_BYTES:,} bytes"
        hint = "split it: one provider or family a file"
        raise RuleFileError([Diagnostic(Location(name, 1, 1), "Q115", message, hint)])
    try:
        text = raw if isinstance(raw, str) else raw.decode()
    except UnicodeDecodeError as error:
        before = encoded[: error.start].decode()
        place = Location(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f"the file is not UTF-8: byte 0x{encoded[error.start]:02x}"
        raise RuleFileError([Diagnostic(place, "Q118", message, "save it as UTF-8")]) from None
    return text.removeprefix("\ufeff")


def _build(text: str, builder: Builder) -> None:
    next_event = PARSER(text).get_event
    documents = 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is ScalarEvent:
            _scalar(event, text, builder)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            builder.close()
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            start = event.start_mark.index
            if text[start : start + 1] in _PROPERTY:
                _refuse_property(text, start, builder)
            builder.open({} if kind is MappingStartEvent else [], start)
        elif kind is AliasEvent:
            _refuse_property(text, event.start_mark.index, builder)
            builder.scalar(object(), event.start_mark.index, event.end_mark.index)
        elif kind is DocumentStartEvent:
            documents += 1
            begin(documents, text, event.start_mark.index, builder)


def begin(documents: int, text: str, start: int, builder: Builder) -> None:
    """Stop at a directive and at a second document; ``documents`` counts from 1."""
    if text.startswith("%", start):
        builder.stop(start, start + 1, "Q101", *_DIRECTIVE)
    if documents > 1:
        builder.stop(start, start + 3, "Q101", "a second document begins here", "make it a file")


def _scalar(event: Any, text: str, builder: Builder) -> None:
    start, end, value = event.start_mark.index, event.end_mark.index, event.value
    if text[start : start + 1] in _PROPERTY:
        _refuse_property(text, start, builder)
    if event.implicit[0]:  # not quoted
        if not value or value[0] in _MAY_MEAN_MORE:
            builder.scalar(plain(value, start, end, builder), start, end)
            return
        if value == "<<" and builder.wants_key:
            builder.diagnostic(start, end, "Q103", "merge keys are not read here", "write the keys out")
    builder.scalar(value, start, end)


def plain(text: str, start: int, end: int, builder: Builder) -> Any:
    """Return what an unquoted scalar means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    try:
        if match["endless"]:
            raise ValueError(f"{text} is no JSON number")
        if match["octal"]:
            return number(match["octal"], 8)
        return number(match["hex"], 16) if match["hex"] else number(text)
    except ValueError as error:
        builder.diagnostic(start, end, "Q121", str(error), "write a finite number, or null for an open bound")
        return 0


def _refuse_property(text: str, start: int, builder: Builder) -> None:
    """Report the anchor, alias or tag at ``start``: often a glob or a path that lacks its quotes."""
    word = _WORD.match(text, start)
    end = word.end() if word else start + 1
    sign, wrote = text[start], text[start:end]
    if text[start - 1 : start] == "[" and (path := _path_around(text, start - 1)):
        builder.diagnostic(*path, "Q103", _PATH_UNQUOTED, f'quote it: "{text[slice(*path)]}"')
    elif sign == "&":
        hint = "write the value where it is used"
        builder.diagnostic(start, end, "Q103", f"anchors are not read here: '{wrote}'", hint)
    elif sign == "*":
        hint = f'quote the glob: "{wrote}"; an alias is written out'
        builder.diagnostic(start, end, "Q103", f"aliases are not read here: '{wrote}'", hint)
    else:
        is_tag = wrote[1:2] in ("!", "<", "")
        hint = "leave it out: JSON has no tags" if is_tag else f'quote the glob: "{wrote}"'
        builder.diagnostic(start, end, "Q103", f"tags are not read here: '{wrote}'", hint)


def _path_around(text: str, bracket: int) -> tuple[int, int] | None:
    """Return the span of the unquoted field path whose ``[`` stands at ``bracket``, if it is one."""
    start = bracket
    while start and re.match(r"[\w.$\]*-]", text[start - 1]):
        start -= 1
    path = _PATH.match(text, start)
    return path.span() if path and start < bracket < path.end() else None


#: (what PyYAML says, whether to show where the thing began, what we say, what to write instead)
_SYNTAX = (
    (_NO_CHARACTER, True, *NO_CHARACTER[1:]),
    ("escape|hexad|hexd", False, "not YAML: an unknown escape", "in single quotes '\\' is plain text"),
    ("quoted scalar", True, "not YAML: a quote that is not closed", ""),
    ("block scalar", False, "not YAML: text behind '|' or '>'", "begin it on the next line, indented"),
    (
        "mapping values",
        False,
        "not YAML: a ':' that cannot stand here",
        "quote text that holds ': ', line keys up",
    ),
    ("simple key", True, "not YAML: a line without ':' where a key belongs", "write 'key: value'"),
    ("sequence entries", False, "not YAML: a list cannot begin in this line", "begin it in the next"),
    ("directive|incompatible", True, *_DIRECTIVE),
    ("", False, "not YAML: this does not belong here", "line it up, or quote the whole text"),
)


def _explain(error: yaml.MarkedYAMLError, text: str, builder: Builder) -> None:
    """Say in our words, and at one place, what the two parsers of PyYAML say in different ones."""
    said = f"{error.context} {error.problem}"
    problem = error.problem_mark.index if error.problem_mark else 0
    context = error.context_mark.index if error.context_mark else problem
    if re.search("scanning an (alias|anchor)|(scanning|parsing) a tag|parsing a node", said):
        _refuse_property(text, context, builder)
    elif re.search("parsing a flow (sequence|mapping)", said):
        _explain_flow(text, context, problem, builder)
    elif problem >= len(text) and re.search("parsing a (flow|block) node", said):
        builder.diagnostic(problem, problem + 1, "Q101", "not YAML: the file ends too soon", "close what is open")
    elif re.search("cannot start any token|tab character", said):
        tab = text[problem] == "\t"
        message = "not YAML: a tab" if tab else f"not YAML: text cannot begin with '{text[problem]}'"
        builder.diagnostic(problem, problem + 1, "Q101", message, "use spaces" if tab else "quote it")
    else:
        began, message, hint = next(row[1:] for row in _SYNTAX if re.search(row[0], said))
        start = context if began else problem
        if message == "not YAML: an unknown escape":  # the two parsers stop before and behind the backslash
            start = text.rindex("\\", 0, problem + 1)
        builder.diagnostic(start, start + 1, "Q101", message, hint)


def _explain_flow(text: str, context: int, problem: int, builder: Builder) -> None:
    path = _path_around(text, problem) if text[problem : problem + 1] == "[" else None
    if path:
        builder.diagnostic(*path, "Q103", _PATH_UNQUOTED, f'quote it: "{text[slice(*path)]}"')
    elif tag := _FLOW_TAG.search(text, context, problem):
        _refuse_property(text, tag.start(), builder)
    elif "\n" in text[context:problem] or problem >= len(text):
        builder.diagnostic(context, context + 1, "Q101", f"not YAML: a '{text[context]}' that is not closed")
    else:
        closer = "}" if text[context] == "{" else "]"
        builder.diagnostic(problem, problem + 1, "Q101", f"not YAML: expected ',' or '{closer}'")
