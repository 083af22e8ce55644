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

from ..errors import RuleFileError
from ..model import Diagnostic, Location
from . import json as json_source
from . import pyyaml
from .document import UNPRINTABLE, Builder, Document, number
from .yaml_errors import Refused, of_property

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
_PROPERTY = frozenset("&!")
#: Nor a byte order mark in the middle: one parser skips it, the other takes it for text.
_UNREADABLE = re.compile(f"{UNPRINTABLE.pattern}|\ufeff")

Build = Callable[[pyyaml.Events, str, Builder], None]
"""Feeds a builder the events of a text."""


def read(raw: bytes | str, name: str, build: Build | None = None) -> Document:
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
    if odd := _UNREADABLE.search(text):
        message = f"not YAML: the character U+{ord(odd[0]):04X} cannot stand in a file"
        Builder(name, text).stop(*odd.span(), "Q101", message, "in double quotes it is written with \\u")
    build = build or _build
    return _read_fast(text, name, build) or _read_any(text, name, build)


def _read_fast(text: str, name: str, build: Build) -> Document | None:
    """Read a text that nothing is wrong with; None if something may be: then `_read_any` has the word."""
    builder = Builder(name, text)
    try:
        build(pyyaml.fast_events(text), text, builder)
        return builder.finish()
    except (pyyaml.Different, yaml.YAMLError, RuleFileError):
        return None


def _read_any(text: str, name: str, build: Build) -> Document:
    builder = Builder(name, text)
    try:
        build(pyyaml.events(text, builder.diagnostic), text, builder)
    except Refused as error:
        builder.diagnostic(*error.finding)
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


def _build(events: pyyaml.Events, text: str, builder: Builder) -> None:
    documents = 0
    for event in events:
        kind = type(event)
        if kind is ScalarEvent:
            _scalar(event, text, builder)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            builder.close()
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            start = event.start_mark.index
            if text[start : start + 1] in _PROPERTY:
                builder.diagnostic(*of_property(text, start))
            builder.open({} if kind is MappingStartEvent else [], start)
        elif kind is AliasEvent:
            builder.diagnostic(*of_property(text, event.start_mark.index))
            builder.scalar(object(), event.start_mark.index, event.end_mark.index)
        elif kind is DocumentStartEvent:
            documents += 1
            begin(documents, event.start_mark.index, builder)


def begin(documents: int, start: int, builder: Builder) -> None:
    """Stop at a second document; ``documents`` counts from 1."""
    if documents > 1:
        builder.stop(start, start + 3, "Q101", "a second document begins here", "make it a file")


def _scalar(event: Any, text: str, builder: Builder) -> None:
    start, end, value = event.start_mark.index, event.end_mark.index, event.value
    if text[start : start + 1] in _PROPERTY:
        builder.diagnostic(*of_property(text, start))
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
            raise ValueError(f"{text} is not a JSON number")
        if match["octal"]:
            return number(match["octal"], 8)
        return number(match["hex"], 16) if match["hex"] else number(text)
    except ValueError as error:
        builder.diagnostic(start, end, "Q121", str(error), "write a finite number, or null for an open bound")
        return 0
