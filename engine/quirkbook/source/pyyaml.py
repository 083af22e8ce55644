"""PyYAML's two parsers -> the same events or the same refusal on every machine, and in our own words.

The parser of libyaml is fast, and not built in everywhere; the one in Python is. There is text that only one of them
reads. So libyaml's is asked about text that both read alike, and whatever it refuses is read again by the one in Python,
which alone says what is wrong. Nothing here depends on the words of either: they differ, and change with each version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml
from yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner
from yaml.tokens import ScalarToken, TagToken

from .document import NO_CHARACTER
from .yaml_errors import Refused, explain

Events = Iterator[Any]
"""Of `yaml.events`; not all of them have all fields."""

Report = Callable[[int, int, str, str, str], None]
"""Takes a finding."""

_DIRECTIVE: Final = ("not YAML: a line that begins with '%'", "leave it out")
_QUESTION: Final = ("an unquoted '?' inside [ ] or { }: not every YAML parser reads it", "quote the whole text")
_COLON: Final = ("a ':' directly before '{}': not every YAML parser reads it", "quote the whole text, or write ': '")
_INDENTING_TAB: Final = ("not YAML: a tab", "use spaces")
_SPACE: Final = " \r\n\x85\u2028\u2029"
_END_OF_TAG: Final = "\0 \t\r\n\x85\u2028\u2029,[]{}\"'"

#: A tab, a directive, a '#' right behind the head of a block text, a '?' that may begin a key: in some places the parsers
#: differ about these. Each alternative begins with the letter itself, as such a search takes no time.
_DIFFERENT: Final = re.compile(
    r"""\t | %(?<![^\n\r\x85\u2028\u2029]%) | \#(?<=[-+0-9|>]\#) | \?(?<![^\s\[\]{},:"']\?)""", re.VERBOSE
)


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser; it reads on, and reports, where libyaml reads other things, and takes every tag as one word."""

    def __init__(self, text: str, report: Report) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        self._report_to = report

    def _report(self, message: str, hint: str) -> None:
        self._report_to(self.index, self.index + 1, "Q101", message, hint)

    def fetch_directive(self) -> None:
        raise Refused(self.index, self.index + 1, "Q101", *_DIRECTIVE)

    def fetch_key(self) -> None:
        if self.flow_level:
            self._report(*_QUESTION)
        super().fetch_key()

    def scan_plain(self) -> ScalarToken:
        token = super().scan_plain()
        while self.flow_level and self.peek() == "?":
            self._report(*_QUESTION)
            self.forward()
            while self.peek() in _SPACE:
                self.forward()
            continuation = super().scan_plain()
            token = ScalarToken(f"{token.value}?{continuation.value}", True, token.start_mark, continuation.end_mark)
        if self.flow_level and self.peek() == ":" and self.peek(1) in ",[]{}":
            self._report(_COLON[0].format(self.peek(1)), _COLON[1])
        return token

    def scan_block_scalar_indentation(self) -> Any:
        indentation = super().scan_block_scalar_indentation()
        if self.peek() == "\t":
            self._report(*_INDENTING_TAB)
        return indentation

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        start = self.index
        try:
            return super().scan_flow_scalar(style)
        except (ValueError, OverflowError):  # from chr()
            raise Refused(start, start + 1, *NO_CHARACTER) from None

    def scan_tag(self) -> TagToken:
        start, length = self.get_mark(), 1
        while self.peek(length) not in _END_OF_TAG:
            length += 1
        word = self.prefix(length)
        self.forward(length)
        return TagToken((None, word), start, self.get_mark())

    def parse_flow_mapping_value(self) -> Any:
        return self._at_next_token(super().parse_flow_mapping_value())  # type: ignore[no-untyped-call]

    def parse_flow_sequence_entry_mapping_value(self) -> Any:
        return self._at_next_token(super().parse_flow_sequence_entry_mapping_value())  # type: ignore[no-untyped-call]

    def _at_next_token(self, event: Any) -> Any:
        if event.start_mark is event.end_mark:  # a value that is not written
            event.start_mark = event.end_mark = self.peek_token().start_mark  # type: ignore[no-untyped-call]
        return event


#: libyaml's, in a tenth of the time; None where PyYAML was built without it.
FAST: Callable[[str], Any] | None = getattr(getattr(yaml, "cyaml", None), "CParser", None)


class Different(Exception):  # noqa: N818 - says what the text is
    """The two parsers may read this text differently."""


def fast_events(text: str) -> Events:
    """Yield the events of a text that both parsers read alike, from the fast one.

    Raises:
        Different: the text may be another; or there is no fast parser.
        yaml.YAMLError: the fast parser does not read it.
    """
    if FAST is None or _DIFFERENT.search(text):
        raise Different
    events = iter(FAST(text).get_event, None)
    return _without_questions(events) if "?" in text else events


def _without_questions(events: Events) -> Events:
    in_flow = [False]
    for event in events:
        kind = type(event)
        if kind is ScalarEvent:
            if in_flow[-1] and event.implicit[0] and "?" in event.value:
                raise Different
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            in_flow.append(event.flow_style)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            in_flow.pop()
        yield event


def events(text: str, report: Report) -> Events:
    """Yield the events of any text; ``report`` gets what is wrong with it and does not keep the rest from being read.

    Raises:
        Refused: the rest makes no sense.
    """
    try:
        yield from iter(PythonParser(text, report).get_event, None)
    except yaml.YAMLError as error:
        raise Refused(*explain(error, text)) from None
