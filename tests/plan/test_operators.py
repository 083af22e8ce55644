"""Operators on every kind of JSON value: what passes, what does not, and that none ever fails."""

from __future__ import annotations

import math

import pytest
from tests.running import brief, condition_diagnostics, holds, nested

from quirkbook.model import same
from quirkbook.plan.operators import OPERATORS, equal_to, one_of
from quirkbook.plan.types import TYPES, is_number

NAN, INF = math.nan, math.inf
HUGE = 10**400  # no float is as big
ENDLESS = 10**5000  # more digits than Python writes

#: One of each kind that operators must tell apart.
VALUES = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "one_point_zero": 1.0,
    "half": 0.5,
    "minus": -1,
    "minus_zero": -0.0,
    "huge": HUGE,
    "endless": ENDLESS,
    "nan": NAN,
    "inf": INF,
    "minus_inf": -INF,
    "empty_text": "",
    "text": "abc",
    "digits": "1",
    "surrogate": "\ud800",
    "empty_list": [],
    "list": [1, "a"],
    "empty_object": {},
    "object": {"a": 1},
    "deep": nested(3000),
}
NUMBERS = {"zero", "one", "one_point_zero", "half", "minus", "minus_zero", "huge", "endless"}


def passing(test):
    return {name for name, value in VALUES.items() if holds({"v": test}, {"v": value})}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        # Literals: equal as JSON.
        (1, {"one", "one_point_zero"}),
        (1.0, {"one", "one_point_zero"}),
        (0, {"zero", "minus_zero"}),
        (True, {"true"}),
        (False, {"false"}),
        (None, {"null"}),
        ("", {"empty_text"}),
        ("1", {"digits"}),
        ("abc", {"text"}),
        (HUGE, {"huge"}),
        (["abc", "1"], {"text", "digits"}),
        ([1, True, None], {"one", "one_point_zero", "true", "null"}),
        ([0.5, "abc"], {"half", "text"}),
        # Comparisons: only numbers, never booleans, never NaN or infinities.
        ({"lt": 0}, {"minus"}),
        ({"lte": 0}, {"minus", "zero", "minus_zero"}),
        ({"gt": 0.5}, {"one", "one_point_zero", "huge", "endless"}),
        ({"gte": 0.5}, {"half", "one", "one_point_zero", "huge", "endless"}),
        ({"gt": -5, "lt": 1}, {"zero", "minus_zero", "half", "minus"}),
        ({"outside": [0, 1]}, {"minus", "huge", "endless"}),
        ({"outside": [0.5, None]}, {"minus", "zero", "minus_zero"}),
        ({"outside": [None, 0.5]}, {"one", "one_point_zero", "huge", "endless"}),
        ({"outside": [None, None]}, set()),
        ({"between": [0, 1]}, {"zero", "minus_zero", "half", "one", "one_point_zero"}),
        ({"between": [1, None]}, {"one", "one_point_zero", "huge", "endless"}),
        ({"between": [None, -1]}, {"minus"}),
        ({"between": [None, None]}, NUMBERS),
        ({"between": [1, 1]}, {"one", "one_point_zero"}),
        # Differing: whatever is there and is not equal.
        ({"ne": 1}, set(VALUES) - {"one", "one_point_zero"}),
        ({"ne": True}, set(VALUES) - {"true"}),
        ({"ne": None}, set(VALUES) - {"null"}),
        ({"ne": "abc"}, set(VALUES) - {"text"}),
        ({"not_in": ["abc", "1"]}, set(VALUES) - {"text", "digits"}),
        ({"not_in": [None, 0]}, set(VALUES) - {"null", "zero", "minus_zero"}),
        # Presence: null is there.
        ({"exists": True}, set(VALUES)),
        ({"exists": False}, set()),
        ({"exists": False, "gt": 0}, set()),
        # Types.
        ({"is": "string"}, {"empty_text", "text", "digits", "surrogate"}),
        ({"is": "number"}, NUMBERS),
        ({"is": "integer"}, NUMBERS - {"half"}),
        ({"is": "boolean"}, {"true", "false"}),
        ({"is": "array"}, {"empty_list", "list"}),
        ({"is": "object"}, {"empty_object", "object", "deep"}),
        ({"is": "null"}, {"null"}),
        ({"is": None}, {"null"}),
        ({"is": "json"}, {"digits"}),
        # Texts.
        ({"glob": "a*"}, {"text"}),
        ({"glob": "A*"}, set()),
        ({"glob": ["?", "a[b]c"]}, {"text", "digits", "surrogate"}),
        ({"glob": "*"}, {"empty_text", "text", "digits", "surrogate"}),
        ({"glob": ""}, {"empty_text"}),
        ({"matches": "a.c"}, {"text"}),
        ({"matches": "b"}, set()),
        ({"matches": "(?i)A.*"}, {"text"}),
        ({"matches": ".*"}, {"empty_text", "text", "digits"}),
        # Sizes: of texts, arrays and objects alone; 0 is a size, absence is none.
        ({"len": 0}, {"empty_text", "empty_list", "empty_object"}),
        ({"len": 1}, {"digits", "surrogate", "object", "deep"}),
        ({"len": {"gt": 1}}, {"text", "list"}),
        ({"len": {"gte": 2, "lt": 3}}, {"list"}),
        ({"len": {"lte": 0}}, {"empty_text", "empty_list", "empty_object"}),
        ({"len": {"ne": 1}}, {"empty_text", "text", "empty_list", "list", "empty_object"}),
        ({"bytes": 3}, {"text", "half", "one_point_zero", "surrogate"}),
        ({"bytes": {"lt": 2}}, {"empty_text", "digits", "zero", "one"}),
        ({"bytes": 7}, {"list", "object"}),
        ({"bytes": {"gte": 0}}, set(VALUES) - {"nan", "inf", "minus_inf", "endless", "deep"}),
        # Several operators: all of them.
        ({"is": "string", "len": {"lt": 2}}, {"empty_text", "digits", "surrogate"}),
        ({"is": "number", "ne": 0, "lt": 1}, {"half", "minus"}),
    ],
    ids=lambda value: "" if isinstance(value, set) else repr(value)[:40],
)
def test_an_operator_passes_just_these_values(test, expected):
    assert passing(test) == expected


@pytest.mark.parametrize(
    "test",
    [
        0,
        None,
        False,
        "",
        [None, ""],
        {"lt": 1},
        {"lte": 1},
        {"gt": -1},
        {"gte": -1},
        {"outside": [1, 2]},
        {"between": [None, None]},
        {"ne": 5},
        {"not_in": [5]},
        {"exists": True},
        {"is": "null"},
        {"glob": "*"},
        {"matches": ".*"},
        {"len": 0},
        {"len": {"ne": 3}},
        {"bytes": 0},
        {"bytes": {"ne": 3}},
        {"some": {".": {"exists": True}}},
        {"every": {".": 1}},
        {"none": {".": 1}},
        {"among": "w"},
        {"not_among": "w"},
    ],
    ids=brief,
)
def test_on_a_missing_path_every_operator_is_false(test):
    assert holds({"v": test}, {"w": None}) is False


def test_only_exists_false_is_true_on_a_missing_path():
    assert holds({"v": {"exists": False}}, {"w": None}) is True


@pytest.mark.parametrize(
    ("text", "is_json"),
    [
        ("{}", True),
        (' {"a": [1, 2.5e3, null]}\n', True),
        ("null", True),
        ('"text"', True),
        ("9" * 5000, True),
        ("", False),
        ("{", False),
        ("{'a': 1}", False),
        ("NaN", False),
        ('{"a": -Infinity}', False),
        ("text", False),
        ("[" * 100_000, False),
    ],
)
def test_json_is_a_string_that_parses_as_json(text, is_json):
    assert holds({"v": {"is": "json"}}, {"v": text}) is is_json


@pytest.mark.parametrize(
    ("value", "length", "size"),
    [
        ("", 0, 0),
        ("é", 1, 2),
        ("👍", 1, 4),
        ("\ud83d", 1, 3),
        ([], 0, 2),
        (["é", 1], 2, 8),
        ({"a": None}, 1, 10),
    ],
)
def test_len_counts_code_points_items_or_keys_and_bytes_counts_utf8(value, length, size):
    assert holds({"v": {"len": length, "bytes": size}}, {"v": value})


@pytest.mark.parametrize("value", [None, True, 5, 1.5])
def test_scalars_have_no_length_but_bytes(value):
    assert not holds({"v": {"len": {"gte": 0}}}, {"v": value})
    assert holds({"v": {"bytes": {"gte": 1}}}, {"v": value})


@pytest.mark.parametrize("size", [1, 64, 65, 10_000])
def test_matches_spans_the_whole_text_whatever_its_size(size):
    payload = {"v": "a" * size}

    assert [holds({"v": {"matches": pattern}}, payload) for pattern in ("a+", "a+b?", "a+b", "a")] == [
        True,
        True,
        False,
        size == 1,
    ]


def test_one_of_several_may_be_an_array():
    assert [holds({"v": [[1, "a"], "b"]}, {"v": value}) for value in ([1.0, "a"], "b", [1], [True, "a"])] == [
        True,
        True,
        False,
        False,
    ]


def test_a_hostile_expression_is_linear():
    assert holds({"v": {"matches": "(a|a)*(a|aa)+$b?"}}, {"v": "a" * 50_000 + "!"}) is False


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        # What `re` could match in time, it must match as RE2 does.
        (r"\s+", "\t\n\f\r ", True),
        (r"\s+", "\x0b", False),
        ("[^b]+", "a\n\u20ac", True),
        ("[^b]+", "\ud800", False),
        ("[ab]{2}", "ab", True),
        ("[ --]", "#", True),
        ("", "", True),
    ],
)
def test_matches_means_what_re2_means_by_it(pattern, text, expected):
    assert holds({"v": {"matches": pattern}}, {"v": text}) is expected


def test_a_line_feed_is_matched_only_with_the_s_flag():
    assert [holds({"v": {"matches": pattern}}, {"v": "a\nb"}) for pattern in ("a.b", "(?s)a.b")] == [False, True]


@pytest.mark.parametrize(
    ("when", "diagnostic"),
    [
        (
            {"v": {"outside": [2, 1]}},
            ("Q109", ("when", "v", "outside"), "the bounds [2, 1] are in the wrong order: write [1, 2]", "", False),
        ),
        (
            {"v": {"between": [0.5, -1]}},
            (
                "Q109",
                ("when", "v", "between"),
                "the bounds [0.5, -1] are in the wrong order: write [-1, 0.5]",
                "",
                False,
            ),
        ),
        (
            {"v": {"matches": "a("}},
            (
                "Q117",
                ("when", "v", "matches"),
                '"a(" is not a regular expression of RE2: it is malformed near character 2: '
                "check brackets, repetitions and escapes",
                "",
                False,
            ),
        ),
        (
            {"v": {"matches": "a{3,1}"}},
            (
                "Q117",
                ("when", "v", "matches"),
                '"a{3,1}" is not a regular expression of RE2: it is malformed near character 3: '
                "check brackets, repetitions and escapes",
                "",
                False,
            ),
        ),
        (
            {"v": {"matches": "a{1001}"}},
            (
                "Q117",
                ("when", "v", "matches"),
                '"a{1001}" is not a regular expression of RE2: RE2 does not support more than 1000 repetitions, '
                "'{1001}': repeat up to 1000 times",
                "",
                False,
            ),
        ),
        (
            {"v": {"matches": "(?=a)"}},
            (
                "Q117",
                ("when", "v", "matches"),
                '"(?=a)" is not a regular expression of RE2: RE2 does not support look-around, '
                "'(?=': say what must not be there in a condition of its own, with 'not'",
                "",
                False,
            ),
        ),
        (
            {"v": {"matches": "\ud800"}},
            (
                "Q117",
                ("when", "v", "matches"),
                "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed",
                "",
                False,
            ),
        ),
    ],
)
def test_a_faulty_argument_is_told_at_its_operator(when, diagnostic, capfd):
    assert condition_diagnostics(when) == [diagnostic]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (-0.0, 0, True),
        (True, 1, False),
        (False, 0, False),
        (1, True, False),
        (None, False, False),
        ("1", 1, False),
        (NAN, NAN, False),
        (INF, INF, True),
        (HUGE, HUGE + 0, True),
        ([], {}, False),
        ({}, [], False),
        ([], None, False),
        ("", [], False),
        ([1, [2]], [1.0, [2.0]], True),
        ([1, 2], [1], False),
        ([1, True], [1, 1], False),
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, False),
    ],
)
def test_values_are_the_same_as_json_sees_it(one, other, equal):
    assert (same(one, other), same(other, one)) == (equal, equal)


def test_values_that_nest_deep_are_compared_too():
    assert same(nested(3000), nested(3000))
    assert not same(nested(3000), nested(3000, leaf=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, True), (1.5, True), (HUGE, True), (True, False), (NAN, False), (-INF, False), ("1", False), (None, False)],
)
def test_numbers_are_finite_and_no_booleans(value, expected):
    assert is_number(value) is expected


@pytest.mark.parametrize(
    ("test", "words", "marks"),
    [
        (equal_to("a"), '"a"', ("a",)),
        (equal_to(None), "null", (type(None),)),
        (equal_to(True), "true", ()),
        (equal_to(5), "5", (int, float)),
        (one_of(["a", "b"]), 'one of "a", "b"', ("a", "b")),
        (one_of(["a", None]), 'one of "a", null', ("a", type(None))),
        (one_of(["a", 1]), 'one of "a", 1', ()),
        (OPERATORS["lt"](5), "< 5", (int, float)),
        (OPERATORS["lte"](5), "<= 5", (int, float)),
        (OPERATORS["gt"](0.5), "> 0.5", (int, float)),
        (OPERATORS["gte"](5), ">= 5", (int, float)),
        (OPERATORS["outside"]([0, None]), "outside [0, null]", (int, float)),
        (OPERATORS["between"]([0, 1]), "between [0, 1]", (int, float)),
        (OPERATORS["ne"]("a"), 'other than "a"', ()),
        (OPERATORS["not_in"](["a", None]), 'none of "a", null', ()),
        (OPERATORS["exists"](True), "present", ()),
        (OPERATORS["exists"](False), "absent", ()),
        (OPERATORS["is"]("string"), "a string", (str,)),
        (OPERATORS["is"]("integer"), "an integer", (int, float)),
        (OPERATORS["is"]("array"), "an array", (list,)),
        (OPERATORS["is"]("object"), "an object", (dict,)),
        (OPERATORS["is"]("json"), "JSON text", (str,)),
        (OPERATORS["is"](None), "null", (type(None),)),
        (OPERATORS["glob"]("a*"), 'like "a*"', (str,)),
        (OPERATORS["glob"](["a*", "b"]), 'like ["a*", "b"]', (str,)),
        (OPERATORS["matches"]("a+"), 'matching "a+"', (str,)),
        (OPERATORS["len"](3), "of length 3", (str, list, dict)),
        (OPERATORS["bytes"]({"gt": 32}), 'of bytes {"gt": 32}', ()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_test_says_what_it_wants_and_which_values_a_cheap_look_can_tell(test, words, marks):
    assert (test.words, test.marks) == (words, marks)


def test_every_type_has_its_test_and_every_operator_its_builder():
    assert sorted(TYPES) == ["array", "boolean", "integer", "json", "null", "number", "object", "string"]
    assert sorted(OPERATORS) == [
        "between", "bytes", "exists", "glob", "gt", "gte", "is",
        "len", "lt", "lte", "matches", "ne", "not_in", "outside",
    ]  # fmt: skip
