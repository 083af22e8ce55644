"""PyYAML's two parsers: what we read both of them read alike, and what one of them refuses is refused everywhere."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.strategies import tried
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from quirkbook.errors import RuleFileError
from quirkbook.gateway.config import yaml as config_yaml
from quirkbook.resources import folder
from quirkbook.rulebook import builtin
from quirkbook.rulebook.load import load_file
from quirkbook.source import pyyaml
from quirkbook.source import yaml as yaml_source

FAST = pyyaml.FAST

needs_both = pytest.mark.skipif(FAST is None, reason="PyYAML without libyaml")

RULE_FILES = sorted(builtin.names().values())


class Untouched(Reader, Scanner, Parser):
    """PyYAML's parser in Python, as whoever has no libyaml gets it."""

    def __init__(self, text):
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def meanings(parser, text):
    """Return what a parser of PyYAML makes of a text, or None if it refuses it; of scalars with their places."""
    found = []
    try:
        for event in iter(parser(text).get_event, None):
            value = getattr(event, "value", None)
            # A value that is not written stands behind the colon for one, and before the next thing for the other.
            place = (event.start_mark.index, event.end_mark.index) if value else None
            found.append((type(event), value, place, getattr(event, "anchor", None)))
    except yaml.YAMLError:
        return None
    return found


def outcomes(read, text, monkeypatch):
    """Return what a reader makes of a text with libyaml and without."""
    found = []
    for fast in (FAST, None):
        with monkeypatch.context() as patch:
            patch.setattr(pyyaml, "FAST", fast)
            try:
                document = read(text, "r.yaml")
                found.append((repr(document.data), document.root))
            except RuleFileError as error:
                found.append(str(error))
    return found


@needs_both
@pytest.mark.parametrize("name", RULE_FILES)
def test_both_parsers_read_each_built_in_file_alike(name, monkeypatch):
    text = (folder("rules") / name).read_text("utf-8")
    with_libyaml, without = outcomes(yaml_source.read, text, monkeypatch)

    assert meanings(FAST, text) == meanings(Untouched, text) != None  # noqa: E711 - a chain
    assert with_libyaml == without
    assert isinstance(without, tuple)


@pytest.mark.parametrize("name", RULE_FILES)
def test_libyaml_alone_is_asked_about_built_in_files(name, monkeypatch):
    monkeypatch.setattr(pyyaml, "events", None)  # the slow way

    if FAST is not None:
        assert builtin.read(name).items is not None


QUESTION = ("an unquoted '?' inside [ ] or { }: not every YAML parser reads it", "quote the whole text")
TAB = ("not YAML: a tab", "use spaces")
HEAD = ("not YAML: a '#' directly behind '|' or '>'", "put a space before it")
MARK = ("not YAML: the character U+FEFF cannot stand in a file", "in double quotes it is written with \\u")


def colon(before):
    return f"a ':' directly before '{before}': not every YAML parser reads it", "quote the whole text, or write ': '"


#: (text, places of the diagnostics, message and hint)
READ_BY_ONE = [
    ("{content: Where is Oslo?}", ["1:24"], QUESTION),
    ("a: [Where? Here?, b, 'c?']", ["1:10", "1:16"], QUESTION),
    ("a: {b: {c: https://x.example/?q=1}}", ["1:30"], QUESTION),
    ("a: [b, ?]", ["1:8"], QUESTION),
    ("a: [? b]", ["1:5"], QUESTION),
    ("a: [b\n  c? d]", ["2:4"], QUESTION),
    ("[a?'] ", ["1:3"], QUESTION),
    ("{a:}", ["1:3"], colon("}")),
    ("a: [b:]", ["1:6"], colon("]")),
    ("a: [b :, c]", ["1:7"], colon(",")),
    ("a: [b:[c]]", ["1:6"], colon("[")),
    ("a: {b:{c: d}}", ["1:6"], colon("{")),
    ("a:\tb", ["1:3"], TAB),
    ("a: b\t# c", ["1:5"], TAB),
    ("a: b\tc", ["1:5"], TAB),
    ("a: [b,\tc]", ["1:7"], TAB),
    ("a: b\t", ["1:5"], TAB),
    ("a: |\t\n  b", ["1:5"], TAB),
    ("a: | \t# c\n  b", ["1:6"], TAB),
    ("a: |\n \tb", ["2:2"], TAB),
    ("a: |\n\n  \tb", ["3:3"], TAB),
    ("a: |#c\n  b", ["1:5"], HEAD),
    ("a: >-#c\n  b", ["1:6"], HEAD),
    ("a: b\n\ufeffc: d", ["2:1"], MARK),
]


@pytest.mark.parametrize(("text", "places", "words"), READ_BY_ONE)
@pytest.mark.parametrize("read", [yaml_source.read, config_yaml.read])
@pytest.mark.parametrize("fast", [pytest.param(FAST, id="both", marks=needs_both), pytest.param(None, id="Python")])
def test_what_only_one_parser_reads_is_refused_with_what_to_write_instead(read, fast, text, places, words, monkeypatch):
    monkeypatch.setattr(pyyaml, "FAST", fast)

    with pytest.raises(RuleFileError) as caught:
        read(text, "r.yaml")

    found = [(str(each.location), each.code, each.message, each.hint) for each in caught.value.diagnostics]
    assert found[: len(places)] == [(f"r.yaml:{place}", "Q101", *words) for place in places]


@needs_both
@pytest.mark.parametrize("text", [row[0] for row in READ_BY_ONE])
def test_what_is_refused_for_it_is_read_by_only_one_parser_or_differently(text):
    """A row that both read alike would be stricter than it need be; a '?' as key in flow style is so on purpose."""
    assert meanings(FAST, text) != meanings(Untouched, text) or re.search(r"[\[ ]\?", text)


#: What both read alike, odd as it is.
READ_BY_BOTH = [
    ("a: Where is Oslo?", {"a": "Where is Oslo?"}),
    ("a: https://x.example/?q=[1]", {"a": "https://x.example/?q=[1]"}),
    ("a: ['Where?', \"Here?\"]", {"a": ["Where?", "Here?"]}),
    ("a: [b] # Where?\n", {"a": ["b"]}),
    ("? a\n: b", {"a": "b"}),
    ("a?: b", {"a?": "b"}),
    ("?a: b", {"?a": "b"}),
    ("a: '\t'\n", {"a": "\t"}),
    ('a: "\t"\n', {"a": "\t"}),
    ("a: b #\tc", {"a": "b"}),
    ("#\ta\nb: c", {"b": "c"}),
    ("a: |\n  b\tc\n  \td\n", {"a": "b\tc\n\td\n"}),
    ("a: |2\n  \tb\n", {"a": "\tb\n"}),
    ("a: | # b\n  c\n", {"a": "c\n"}),
    ("a: b|#c", {"a": "b|#c"}),
    ("a: [b:c, d::e]", {"a": ["b:c", "d::e"]}),
    ('a: {"b":c}', {"a": {"b": "c"}}),
    ('a: ["b":]', {"a": [{"b": None}]}),
    ("a: {b: , c: }", {"a": {"b": None, "c": None}}),
    ("a: [b: ]", {"a": [{"b": None}]}),
    ("a: {b: # c\n}", {"a": {"b": None}}),
    ("a: {b}", {"a": {"b": None}}),
    ('a: it\'s\n  [so?] "-"\n  - x', {"a": 'it\'s [so?] "-" - x'}),
    ("a: 100%\n", {"a": "100%"}),
    ("a: |\n  %b\n", {"a": "%b\n"}),
    ('a: "\\ufeff"', {"a": "\ufeff"}),
    ("a: b\u2028c: d", None),
    ("a: >\n  b\n  c\n\n   d\n", {"a": "b c\n\n d\n"}),
]


@needs_both
@pytest.mark.parametrize(("text", "data"), READ_BY_BOTH)
@pytest.mark.parametrize("read", [yaml_source.read, config_yaml.read])
def test_what_both_parsers_read_is_read_alike(read, text, data, monkeypatch):
    with_libyaml, without = outcomes(read, text, monkeypatch)

    assert with_libyaml == without
    assert meanings(FAST, text) == meanings(Untouched, text)
    if data:
        assert with_libyaml[0] == repr(data)


# fmt: off
PIECES = [
    "a: ", "- ", "b", "'c'", '"d"', "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ", ": ", ":", "? ", "?", "#x", " # y", "|", "|\n", "> \n", "|2\n",
    "&a ", "*a", "!t ", "!", "<<: ", "\t", " ", "%YAML 1.1\n", "---\n", "...\n", "it's", "what?", "\\", '"\\u12"', "x[*].y", "1e5", "@", "\r", "\x85",
    "\u2028", "\ufeff", "é",
]
# fmt: on


@needs_both
@pytest.mark.parametrize("read", [yaml_source.read, config_yaml.read])
@tried(100, HealthCheck.function_scoped_fixture)
@given(text=st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_read_or_refused_alike_with_libyaml_and_without(read, text, monkeypatch):
    with_libyaml, without = outcomes(read, text, monkeypatch)

    assert with_libyaml == without
    if isinstance(without, tuple) and text.lstrip()[:1] not in ("{", "[", '"', "\ufeff"):  # which may be JSON
        assert meanings(FAST, text) == meanings(Untouched, text) is not None


def test_a_users_rule_file_is_told_all_such_places_at_once():
    text = b"quirks: 1\nprovider: acme\nname: Acme\naliases: [a?, b?]\nbase_url:\thttps://x.example\n"

    with pytest.raises(RuleFileError) as caught:
        load_file(text, "acme.yaml")

    assert [str(each.location) for each in caught.value.diagnostics] == [
        "acme.yaml:4:12",
        "acme.yaml:4:16",
        "acme.yaml:5:10",
    ]
