"""The strict reader: what data means, where it stands, and how each diagnostic of the text is told.

What only one of PyYAML's parsers reads is in test_both_parsers.py.
"""

from __future__ import annotations

import importlib
import json
import re
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.strategies import tried

from quirkbook.errors import RuleFileError
from quirkbook.model import Location
from quirkbook.source import pyyaml
from quirkbook.source import yaml as yaml_source


@pytest.fixture(
    autouse=True,
    params=[
        pytest.param(
            pyyaml.FAST,
            id="C",
            marks=pytest.mark.skipif(pyyaml.FAST is None, reason="PyYAML without libyaml"),
        ),
        pytest.param(None, id="Python"),
    ],
)
def parser(request, monkeypatch):
    """Run every test with both parsers, and with that in Python alone: they must agree to the letter."""
    monkeypatch.setattr(pyyaml, "FAST", request.param)


def refusal(text: str | bytes, name: str = "r.yaml") -> str:
    with pytest.raises(RuleFileError) as caught:
        yaml_source.read(text, name)
    return str(caught.value)


# What data means


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-8", 1e-8),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.0", -0.0),
        ("012", 12),
        ("+12", 12),
        ("-3", -3),
        ("0o14", 12),
        ("0x1F", 31),
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        *((text, text) for text in ("no", "on", "yes", "y", "nULL", "tRUE", "NaN", "2026-11-22", "1_000", "1:30")),
        *((text, text) for text in ("0b1", "0x", "-0x1F", "0o8", ".", "..", "+", "e5", "1e", "<", "=", "~x")),
        ('"1"', "1"),
        ("'true'", "true"),
        ('""', ""),
        ("|\n  1\n", "1\n"),
        ("'<<'", "<<"),
        ("<<", "<<"),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text, value):
    data = yaml_source.read(f"k: {text}", "r.yaml").data

    assert data == {"k": value}
    assert type(data["k"]) is type(value)


def test_containers_are_plain_lists_and_dicts_in_the_order_of_the_file():
    data = yaml_source.read("b: [1, {x: y}]\na:\n- - 2\n  -\n? c\n: {}\nd: []\n", "r.yaml").data

    assert data == {"b": [1, {"x": "y"}], "a": [[2, None]], "c": {}, "d": []}
    assert list(data) == ["b", "a", "c", "d"]


def test_keys_keep_the_types_that_yaml_gives_them():
    data = yaml_source.read("{true: 1, 2: b, null: c, 0.5: d, 'true': e, no: f}", "r.yaml").data

    assert data == {True: 1, 2: "b", None: "c", 0.5: "d", "true": "e", "no": "f"}


def test_a_document_of_nothing_but_a_marker_is_null():
    assert yaml_source.read("---", "r.yaml").data is None


def test_bytes_and_text_read_alike_with_or_without_a_byte_order_mark():
    expected = yaml_source.read("é: ü", "r.yaml").data

    assert expected == {"é": "ü"}
    assert yaml_source.read("é: ü".encode(), "r.yaml").data == expected
    assert yaml_source.read("\ufeffé: ü".encode(), "r.yaml").data == expected
    assert yaml_source.read("\ufeffé: ü", "r.yaml").locate(("é",)) == Location("r.yaml", 1, 4)


def test_json_in_a_yaml_file_may_hold_what_yaml_refuses():
    text = '{"a": "\\ud83d\\ude00\\/\\u007f", "' + "k" * 2000 + '"\n:\t1e3}'

    assert yaml_source.read(text, "r.yaml").data == {"a": "😀/\x7f", "k" * 2000: 1000.0}


def test_yaml_that_begins_like_json_is_still_yaml():
    assert yaml_source.read("{a: [b, 'c',],}", "r.yaml").data == {"a": ["b", "c"]}
    assert yaml_source.read('"a": 1\n"b": 2\n', "r.yaml").data == {"a": 1, "b": 2}
    assert yaml_source.read('["a", b]', "r.yaml").data == ["a", "b"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=12,
)


@tried(100, HealthCheck.function_scoped_fixture)
@given(value=JSON_VALUES, indent=st.sampled_from([None, 2, "\t"]), name=st.sampled_from(["r.json", "r.yaml"]))
def test_any_json_value_comes_back_as_it_was(value, indent, name):
    text = json.dumps(value, indent=indent)

    data = yaml_source.read(text, name).data

    assert repr(data) == repr(value)  # tells 1 from 1.0 and from true


@tried(100, HealthCheck.function_scoped_fixture)
@given(text=st.text(st.sampled_from("ab:-{}[],#&*!|>'\"%@ \n\t1.?~\\"), max_size=24))
def test_any_text_is_read_or_refused(text):
    try:
        yaml_source.read(text, "r.yaml")
    except RuleFileError as error:
        assert all(diagnostic.code in {"Q101", "Q102", "Q103", "Q108", "Q121"} for diagnostic in error.diagnostics)


# Where things stand

PLACES = """\
quirks: 1
rules:
  - id: heat
    when: {temperature: {gt: 1}, 'a b': x}
    do:
    - drop: ["é😀", b]
    1: |
      text
    empty:
"""


@pytest.mark.parametrize(
    ("keys", "key", "line", "column"),
    [
        ((), False, 1, 1),
        ((), True, 1, 1),
        (("quirks",), False, 1, 9),
        (("quirks",), True, 1, 1),
        (("rules",), False, 3, 3),
        (("rules", 0), False, 3, 5),
        (("rules", 0), True, 3, 5),
        (("rules", 0, "when"), False, 4, 11),
        (("rules", 0, "when", "temperature", "gt"), False, 4, 30),
        (("rules", 0, "when", "temperature", "gt"), True, 4, 26),
        (("rules", 0, "when", "a b"), True, 4, 34),
        (("rules", 0, "do", 0, "drop", 1), False, 6, 20),
        (("rules", 0, 1), True, 7, 5),
        (("rules", 0, 1), False, 7, 8),
        (("rules", 0, "empty"), False, 9, 11),
        (("rules", 0, "when", "n", "gt"), True, 4, 11),
        (("rules", 7), False, 3, 3),
        (("quirks", "x"), True, 1, 9),
    ],
)
def test_each_key_and_value_knows_its_place_and_what_is_missing_has_its_ancestors(keys, key, line, column):
    document = yaml_source.read(PLACES, "r.yaml")

    assert document.locate(keys, key=key) == Location("r.yaml", line, column)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_end_them(end):
    document = yaml_source.read(end.join(["a: 1", "b:", "- 2", ""]), "r.yaml")

    assert document.locate(("b", 0)) == Location("r.yaml", 3, 3)
    assert document.diagnostic("Q109", ("b", 0), "no").excerpt == "- 2"


def test_json_knows_its_places_too():
    document = yaml_source.read('{\n  "a": [1,\n\t"x"],\n  "b": {}\n}', "r.json")

    assert document.locate(("a", 1)) == Location("r.json", 3, 2)
    assert document.locate(("b",), key=True) == Location("r.json", 4, 3)


def test_a_diagnostic_shows_the_line_and_marks_the_word():
    document = yaml_source.read(PLACES, "rules/r.yaml")

    diagnostic = document.diagnostic("Q104", ("rules", 0, "when", "temperature", "gt"), "unknown", "try 'lt'", key=True)

    assert str(diagnostic) == (
        "rules/r.yaml:4:26: error[Q104]: unknown\n"
        "  4 |     when: {temperature: {gt: 1}, 'a b': x}\n"
        "    |                          ^^ try 'lt'"
    )


def test_a_diagnostic_may_be_a_warning():
    diagnostic = yaml_source.read("a: 1", "r.yaml").diagnostic("Q207", ("a",), "hm", severity="warning")

    assert str(diagnostic) == "r.yaml:1:4: warning[Q207]: hm\n  1 | a: 1\n    |    ^"


def test_a_diagnostic_in_a_very_long_line_shows_no_line():
    document = yaml_source.read(json.dumps({"a": "x" * 300, "b": 1}), "r.yaml")

    assert str(document.diagnostic("Q109", ("b",), "bad", "better")) == (
        "r.yaml:1:316: error[Q109]: bad\n  hint: better"
    )
    assert document.diagnostic("Q109", ("a",), "bad").width == 234


def test_a_diagnostic_shows_nothing_that_a_terminal_would_obey():
    document = yaml_source.read('{\t"a": "\x9b\x7f"}', "r.json")

    assert document.diagnostic("Q109", ("a",), "bad").excerpt == '{ "a": "\ufffd\ufffd"}'


# What is refused, and in which words


def told(text: str, where: str, code: str, message: str, hint: str = "", width: int = 1) -> str:
    """Write a whole message: ``where`` is line:column, ``width`` the number of carets."""
    number, column = where.split(":")
    head = f"r.yaml:{where}: error[{code}]: {message}"
    lines = re.sub("[\x1b\ud800]", "\ufffd", text.replace("\t", " ")).split("\n")
    if len(lines[int(number) - 1]) == 0:
        return f"{head}\n  hint: {hint}"
    marks = " " * (int(column) - 1) + "^" * width
    return f"{head}\n  {number} | {lines[int(number) - 1]}\n  {' ' * len(number)} | {marks} {hint}".rstrip()


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        ("a: [1,\n  2\nb: 3\n", "1:4", "not YAML: a '[' that is not closed", ""),
        ("when: {a: {gt: 1}\ndo: x", "1:7", "not YAML: a '{' that is not closed", ""),
        ("a: {b: 1", "1:4", "not YAML: a '{' that is not closed", ""),
        ("{a: b: c}", "1:6", "not YAML: expected ',' or '}'", ""),
        ("a: [b[x].c]", "1:6", "not YAML: expected ',' or ']'", ""),
        ('a: "x', "1:4", "not YAML: a quote that is not closed", ""),
        ("a: 'x\n---\n'", "1:4", "not YAML: a quote that is not closed", ""),
        ("- a\nb: 1", "2:1", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        ("a: 'it's'", "1:8", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        ("a: }", "1:4", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        ("[,]", "1:2", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        ("[a]]", "1:4", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        (
            "a: b: c",
            "1:5",
            "not YAML: a ':' that cannot stand here",
            "quote text that holds ': ', line keys up",
        ),
        ("a: 1\nb\nc: 1\n", "2:1", "not YAML: a line without ':' where a key belongs", "write 'key: value'"),
        ("a: - b", "1:4", "not YAML: a list cannot begin in this line", "begin it in the next"),
        ("a: |x\n  b", "1:5", "not YAML: text behind '|' or '>'", "begin it on the next line, indented"),
        ("a:\n\t- b", "2:1", "not YAML: a tab", "use spaces"),
        ("a: 1\n\tb: 2", "2:1", "not YAML: a tab", "use spaces"),
        ("a: @x", "1:4", "not YAML: text cannot begin with '@'", "quote it"),
        ("a: `x`", "1:4", "not YAML: text cannot begin with '`'", "quote it"),
        ("a: ? b", "1:4", "not YAML: this does not belong here", "line it up, or quote the whole text"),
        ('a: 1\n"b"\nc: 1', "2:1", "not YAML: a line without ':' where a key belongs", "write 'key: value'"),
        ("a: 1\n'it''s'\nc: 1", "2:1", "not YAML: a line without ':' where a key belongs", "write 'key: value'"),
        ("a: 1\n[b]\nc: 1", "2:1", "not YAML: a line without ':' where a key belongs", "write 'key: value'"),
        ("{a: ']', b: c]", "1:14", "not YAML: expected ',' or '}'", ""),
        ("[it's # ]\n  b: c: d", "1:1", "not YAML: a '[' that is not closed", ""),
        ('a: "x\n---\n"', "1:4", "not YAML: a quote that is not closed", ""),
        ('a: "x\\\n---\n"', "1:4", "not YAML: a quote that is not closed", ""),
        ('a: "\\', "1:4", "not YAML: a quote that is not closed", ""),
        ('a: "\\q"', "1:5", "not YAML: an unknown escape", "in single quotes '\\' is plain text"),
        ('a: "\\u12"', "1:5", "not YAML: an unknown escape", "in single quotes '\\' is plain text"),
        ('a: "\\ud800"', "1:4", "an escape that is not a character", "write the character itself"),
        ('a: "\\UFFFFFFFF"', "1:4", "an escape that is not a character", "write the character itself"),
        ('a: "\\U00110000"', "1:4", "an escape that is not a character", "write the character itself"),
        ("%YAML 1.2\n---\na: 1", "1:1", "not YAML: a line that begins with '%'", "leave it out"),
        ("# c\n%FOO x\n---\na: 1", "2:1", "not YAML: a line that begins with '%'", "leave it out"),
        ("a: 1\n---\nb: 2", "2:1", "a second document begins here", "make it a file"),
        (
            "a: 1\n...\nb: 2",
            "3:1",
            "not YAML: this does not belong here",
            "line it up, or quote the whole text",
        ),
        (
            "# only words\n",
            "1:1",
            "the file is empty",
            "a rule file begins with 'quirks: 1', a gateway's config with 'model_list:'",
        ),
        ("", "1:1", "the file is empty", "a rule file begins with 'quirks: 1', a gateway's config with 'model_list:'"),
        (
            "a: \x1b[1m",
            "1:4",
            "not YAML: the character U+001B cannot stand in a file",
            "in double quotes it is written with \\u",
        ),
        (
            "a: \ud800",
            "1:4",
            "not YAML: the character U+D800 cannot stand in a file",
            "in double quotes it is written with \\u",
        ),
    ],
)
def test_text_that_is_no_yaml_is_refused_where_it_goes_wrong(text, where, message, hint):
    width = 3 if message.startswith("a second") else 1

    assert refusal(text) == told(text, where, "Q101", message, hint, width)


@pytest.mark.parametrize(
    ("text", "where", "width", "message", "hint"),
    [
        ("m: [&a x]", "1:5", 2, "anchors are not read here: '&a'", "write the value where it is used"),
        ("&a\nb: c", "1:1", 2, "anchors are not read here: '&a'", "write the value where it is used"),
        ("a: &", "1:4", 1, "anchors are not read here: '&'", "write the value where it is used"),
        (
            "a: *b",
            "1:4",
            2,
            "aliases are not read here: '*b'",
            'quote the glob: "*b"; an alias is written out',
        ),
        (
            "*a : 1",
            "1:1",
            2,
            "aliases are not read here: '*a'",
            'quote the glob: "*a"; an alias is written out',
        ),
        (
            "models: [*]",
            "1:10",
            1,
            "aliases are not read here: '*'",
            'quote the glob: "*"; an alias is written out',
        ),
        (
            "models: [*-k2*]",
            "1:10",
            5,
            "aliases are not read here: '*-k2*'",
            'quote the glob: "*-k2*"; an alias is written out',
        ),
        ('models: ["*", !k2*, x]', "1:15", 4, "tags are not read here: '!k2*'", 'quote the glob: "!k2*"'),
        ("models: [!k]", "1:10", 2, "tags are not read here: '!k'", 'quote the glob: "!k"'),
        ("a: !k", "1:4", 2, "tags are not read here: '!k'", 'quote the glob: "!k"'),
        ("a: !x!y z", "1:4", 4, "tags are not read here: '!x!y'", 'quote the glob: "!x!y"'),
        ("a: !!str 1", "1:4", 5, "tags are not read here: '!!str'", "leave it out: JSON has no tags"),
        ("!!map\na: 1", "1:1", 5, "tags are not read here: '!!map'", "leave it out: JSON has no tags"),
        ('a: ! "x"', "1:4", 1, "tags are not read here: '!'", "leave it out: JSON has no tags"),
        ("!<x", "1:1", 3, "tags are not read here: '!<x'", "leave it out: JSON has no tags"),
        ("a:\n  <<: {b: 1}", "2:3", 2, "merge keys are not read here", "write the keys out"),
    ],
)
def test_anchors_aliases_merge_keys_and_tags_are_refused(text, where, width, message, hint):
    assert refusal(text) == told(text, where, "Q103", message, hint, width)


@pytest.mark.parametrize(
    ("text", "path", "column"),
    [
        ("{messages[*].x: 1}", "messages[*].x", 2),
        ("drop: [messages[*].name]", "messages[*].name", 8),
        ("drop: [a, $.messages[0].x-y[-1], b]", "$.messages[0].x-y[-1]", 11),
        ("drop: [tools[*].f[*].p]", "tools[*].f[*].p", 8),
    ],
)
def test_an_unquoted_path_in_flow_style_is_asked_for_quotes(text, path, column):
    message = "a path with [ must be quoted in flow style"

    assert refusal(text) == told(text, f"1:{column}", "Q103", message, f'quote it: "{path}"', len(path))


@pytest.mark.parametrize("key", ["{a: b}", "[it's, 'a]', \"}\"]"])
def test_brackets_that_are_closed_are_not_blamed_for_what_follows(key):
    last = refusal(f"{key}: 1\n- c").split("\n  1 |")[1].split("\n", 2)[2]

    assert last == told(
        "x\n- c", "2:1", "Q101", "not YAML: this does not belong here", "line it up, or quote the whole text"
    )


def test_duplicate_keys_name_the_line_of_the_first():
    text = 'a: 1\nb: {c: 1, "c": 2}\n"a":\n  - x\n1: x\n1: y\n'
    stands = "it already stands in line"

    assert refusal(text) == "\n".join(
        [
            told(text, "2:11", "Q102", f"duplicate key 'c': {stands} 2", "keep one of them", 3),
            told(text, "3:1", "Q102", f"duplicate key 'a': {stands} 1", "keep one of them", 3),
            told(text, "6:1", "Q102", f"duplicate key 1: {stands} 5", "keep one of them"),
        ]
    )


def test_an_odd_duplicate_key_is_shown_escaped():
    text = '"\\e": 1\n"\\e": 2\n'
    message = 'duplicate key "\\u001b": it already stands in line 1'

    assert refusal(text) == told(text, "2:1", "Q102", message, "keep one of them", 4)


def test_keys_that_are_containers_are_refused_and_reading_goes_on():
    text = "? [a]\n: b\n{c: d}: [e]\n{}: {f: g}\nz: .inf\n"
    finite = "write a finite number, or null for an open bound"

    assert refusal(text) == "\n".join(
        [
            told(text, "1:3", "Q108", "a key must be a string, not an array", "write a plain word"),
            told(text, "3:1", "Q108", "a key must be a string, not an object", "write a plain word"),
            told(text, "4:1", "Q108", "a key must be a string, not an object", "write a plain word"),
            told(text, "5:4", "Q121", ".inf is not a JSON number", finite, 4),
        ]
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (".inf", ".inf is not a JSON number"),
        ("-.Inf", "-.Inf is not a JSON number"),
        (".NaN", ".NaN is not a JSON number"),
        ("1e999", "1e999 is too big for a number"),
        ("9" * 1001, "a number of more than 1000 digits"),
        ("0x" + "f" * 1001, "a number of more than 1000 digits"),
    ],
)
def test_numbers_that_json_cannot_hold_are_refused(word, message):
    assert refusal(f"a:\n  {word}").splitlines()[0] == f"r.yaml:2:3: error[Q121]: {message}"


def test_diagnostics_come_in_order_of_place_and_end_at_the_first_error_of_syntax():
    text = "a: &x 1\na: *x\nb: [\n"
    glob = 'quote the glob: "*x"; an alias is written out'

    assert refusal(text) == "\n".join(
        [
            told(text, "1:4", "Q103", "anchors are not read here: '&x'", "write the value where it is used", 2),
            told(text, "2:1", "Q102", "duplicate key 'a': it already stands in line 1", "keep one of them"),
            told(text, "2:4", "Q103", "aliases are not read here: '*x'", glob, 2),
            told(text, "4:1", "Q101", "not YAML: the file ends too soon", "close what is open"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "1:9: error[Q101]: not JSON: expected a key in double quotes"),
        ("{a: 1}", "1:2: error[Q101]: not JSON: expected a key in double quotes"),
        ('{"a" 1}', "1:6: error[Q101]: not JSON: expected ':'"),
        ('{"a": 1 "b": 2}', "1:9: error[Q101]: not JSON: expected ',' or '}'"),
        ("[1,\n 2", "2:3: error[Q101]: not JSON: expected ',' or ']'"),
        ("[1}", "1:3: error[Q101]: not JSON: expected ',' or ']'"),
        ("[1,]", "1:4: error[Q101]: not JSON: expected a value"),
        ("", "1:1: error[Q101]: not JSON: expected a value"),
        ("[", "1:2: error[Q101]: not JSON: expected a value"),
        ("{}\n{}", "2:1: error[Q101]: not JSON: more text after the end"),
        ("[012]", "1:2: error[Q101]: not JSON: '012' is not a value"),
        ("[yes]", "1:2: error[Q101]: not JSON: 'yes' is not a value"),
        ('["a', "1:2: error[Q101]: not JSON: a string that is not closed"),
        ('["\\x"]', "1:3: error[Q101]: not JSON: an unknown escape"),
        ('["\\u12"]', "1:3: error[Q101]: not JSON: an unknown escape"),
        ('["\n"]', "1:3: error[Q101]: not JSON: a control character in a string"),
        ("[NaN]", "1:2: error[Q121]: NaN is not a JSON number"),
        ("[-Infinity]", "1:2: error[Q121]: -Infinity is not a JSON number"),
        ("[1e999]", "1:2: error[Q121]: 1e999 is too big for a number"),
        ('["\\ud800"]', "1:2: error[Q101]: an escape that is not a character"),
    ],
)
def test_a_json_file_must_be_json(text, message):
    assert refusal(text, "r.json").splitlines()[0] == f"r.json:{message}"


def test_malformed_json_is_shown_in_place():
    assert refusal('{\n  "quirks": 1\n  "provider": "acme"\n}', "rules/acme.json") == (
        "rules/acme.json:3:3: error[Q101]: not JSON: expected ',' or '}'\n  3 |   \"provider\": \"acme\"\n    |   ^"
    )


def test_duplicate_keys_of_json_are_refused_too():
    text = '{"a": 1, "a": [2]}'
    message = "duplicate key 'a': it already stands in line 1"

    assert refusal(text) == told(text, "1:10", "Q102", message, "keep one of them", 3)


def test_a_file_that_is_not_utf_8_is_refused_at_the_byte():
    assert refusal("quirks: 1\nwhy: é → caf".encode() + b"\xe9") == (
        "r.yaml:2:13: error[Q118]: the file is not UTF-8: byte 0xe9\n  hint: save it as UTF-8"
    )


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_file_of_more_than_a_mebibyte_is_refused_before_it_is_read(as_bytes, monkeypatch):
    monkeypatch.setattr(yaml_source, "_read_any", None)
    monkeypatch.setattr(yaml_source, "_read_fast", None)
    text = "#" * (1024 * 1024 + 1)

    assert refusal(text.encode() if as_bytes else text) == (
        "r.yaml:1:1: error[Q115]: the file holds more than 1,048,576 bytes\n"
        "  hint: split it: one provider or family a file"
    )


def test_a_mebibyte_is_not_too_much():
    assert yaml_source.read(b"a: 1 #" + b" " * (1024 * 1024 - 6), "r.yaml").data == {"a": 1}


def test_thirty_two_levels_may_nest_and_no_more():
    deep = "[" * 32 + "]" * 32

    assert yaml_source.read(deep, "r.yaml").data == json.loads(deep)
    assert refusal(f"a: {deep}") == told(f"a: {deep}", "1:35", "Q115", "nested deeper than 32 levels")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["r.yaml", "r.json"])
@pytest.mark.parametrize("unit", ["[", '{"a":', "a: [", "- ", "? ", "{a: ", "{[", "[\n"])
def test_a_hundred_thousand_levels_do_no_harm(unit, name):
    message = refusal(unit * 100_000, name).splitlines()[-3]

    assert message.startswith(f"{name}:")
    assert message.count("error[Q1") == 1


class ShallowParser:
    """Gives up at the first level, as a parser with a limit of its own may before we count to ours."""

    def __init__(self, text):
        pass

    def get_event(self):
        raise yaml.YAMLError("words of its own")


def test_the_limit_of_levels_is_ours_whatever_limit_a_parser_has(monkeypatch):
    monkeypatch.setattr(pyyaml, "FAST", ShallowParser)
    text = "a: " + "[" * 40

    assert yaml_source.read("a: [[1]]", "r.yaml").data == {"a": [[1]]}
    assert refusal(text) == told(text, "1:35", "Q115", "nested deeper than 32 levels")


def test_an_error_without_a_place_is_told_at_the_beginning(monkeypatch):
    monkeypatch.setattr(pyyaml, "FAST", None)
    monkeypatch.setattr(pyyaml, "PythonParser", lambda text, report: ShallowParser(text))
    message, hint = "not YAML: this does not belong here", "line it up, or quote the whole text"

    assert refusal("a: 1") == told("a: 1", "1:1", "Q101", message, hint)


def test_without_libyaml_the_parser_in_python_is_used(monkeypatch):
    monkeypatch.delattr(yaml, "cyaml", raising=False)
    monkeypatch.delitem(sys.modules, "quirkbook.source.pyyaml")

    fresh = importlib.import_module("quirkbook.source.pyyaml")

    assert fresh.FAST is None
    with pytest.raises(fresh.Different):
        fresh.fast_events("a: 1")
