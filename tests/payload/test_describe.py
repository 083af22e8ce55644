"""Reports: values and changes in words, as patches and as data, and where two values differ."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import OrderedDict

import jsonpatch
import pytest
from tests.running import nested

from quirkbook.model import MISSING, Change, Effect, Location, Quiet, Rule, pointer
from quirkbook.payload.describe import as_data, first_difference, inverse_patch, kind, line, patch, show


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MISSING, "(absent)"),
        (None, "null"),
        (True, "true"),
        (1.0, "1.0"),
        (math.nan, "NaN"),
        ("hé\n", '"hé\\n"'),
        ("\ud800", '"\\ud800"'),
        ({"\ud800": 1}, '{"\\ud800": 1}'),
        ("x" * 58, f'"{"x" * 58}"'),
        ("x" * 59, f'"{"x" * 55}..."'),
        ("x" * 10_000, f'"{"x" * 55}..."'),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (["x" * 60], "[1 items]"),
        ({"a": "x" * 60}, "{1 keys}"),
        (list(range(99)), "[99 items]"),
        ({str(at): at for at in range(99)}, "{99 keys}"),
        ([[0] * 30], "[1 items]"),
        ({"a": {str(at): at for at in range(30)}}, "{1 keys}"),
        (nested(3000), "{1 keys}"),
        (10**70, "1" + "0" * 56 + "..."),
        pytest.param(10**5000, "<int>", id="endless"),
        ({1, 2}, "<set>"),
        ([{1}], "<list>"),
    ],
)
def test_a_value_is_shown_short(value, text):
    assert show(value) == text


@pytest.mark.parametrize(
    ("value", "in_json", "in_yaml"),
    [
        ({}, "an object", "a mapping"),
        (OrderedDict(), "an object", "a mapping"),
        ([], "an array", "a list"),
        ("", "a string", "text"),
        (Effect.LOSSY, "a string", "text"),
        (False, "a boolean", "true or false"),
        (0, "a number", "a number"),
        (0.5, "a number", "a number"),
        (None, "null", "null"),
        ((), "a tuple", "a tuple"),
    ],
)
def test_the_kind_of_a_value_is_named_in_words_of_json_or_of_yaml(value, in_json, in_yaml):
    assert (kind(value), kind(value, yaml=True)) == (in_json, in_yaml)


def test_the_width_can_be_less():
    assert show({"type": "text"}, 10) == "{1 keys}"


def change(keys=("a",), before=MISSING, after=MISSING, **more):
    return Change("moonshot/r", "act", Effect.LOSSY, "Why.", "https://s", "m.yaml:3", keys, before, after, **more)


MOVED = change(("b",), MISSING, 1, moved_from=("a", 0, "x/y"))


@pytest.mark.parametrize(
    ("told", "text", "private"),
    [
        (change(before=1.7, after=1), "act /a: 1.7 -> 1", "act /a: 1.7 -> 1"),
        (change(before="secret", after=None), 'act /a: "secret" -> null', "act /a: a string -> null"),
        (change(before={"a": 1}, after=[2]), 'act /a: {"a": 1} -> [2]', "act /a: an object -> an array"),
        (change(before=1), "act /a: 1 -> (absent)", "act /a: 1 -> (absent)"),
        (change(after=True), "act /a: (absent) -> true", "act /a: (absent) -> true"),
        (change(before=1, note="b wins"), "act /a: 1 -> (absent) (b wins)", "act /a: 1 -> (absent)"),
        (MOVED, "act /a/0/x~1y -> /b", "act /a/0/x~1y -> /b"),
        (change(before="s", after="s", note="hot"), "act /a: hot", "act /a: hot"),
        (change(None, note="X-A: 1"), "act: X-A: 1", "act: X-A: 1"),
        (change((), note="all of it"), "act : all of it", "act : all of it"),
    ],
)
def test_a_change_is_told_in_a_line_that_can_leave_the_payloads_texts_out(told, text, private):
    assert (line(told), line(told, values=False)) == (text, private)


@pytest.mark.parametrize(
    ("keys", "text"),
    [((), ""), (("a", 0, "b"), "/a/0/b"), (("a/b", "~", ""), "/a~1b/~0/"), (("~1",), "/~01")],
)
def test_keys_are_written_as_a_json_pointer(keys, text):
    assert pointer(keys) == text
    assert change(keys).pointer == text


def test_a_change_without_a_place_has_no_pointer():
    assert change(None).pointer is None


CHANGES = [
    change(("t",), 1.7, 1),
    change(("n",), MISSING, None),
    change(("l", 1), "b"),
    change(("l", 0), MISSING, "new"),
    change(("moved",), MISSING, {"x": 1}, moved_from=("o", "in/side")),
    change(("t",), 1, 1, note="a remark"),
    change(None, note="X-A: 1"),
]
BEFORE = {"t": 1.7, "l": ["a", "b"], "o": {"in/side": {"x": 1}}}
AFTER = {"t": 1, "n": None, "l": ["new", "a"], "o": {}, "moved": {"x": 1}}
THERE = [
    {"op": "replace", "path": "/t", "value": 1},
    {"op": "add", "path": "/n", "value": None},
    {"op": "remove", "path": "/l/1"},
    {"op": "add", "path": "/l/0", "value": "new"},
    {"op": "move", "from": "/o/in~1side", "path": "/moved"},
]
BACK = [
    {"op": "move", "from": "/moved", "path": "/o/in~1side"},
    {"op": "remove", "path": "/l/0"},
    {"op": "add", "path": "/l/1", "value": "b"},
    {"op": "remove", "path": "/n"},
    {"op": "replace", "path": "/t", "value": 1.7},
]


def test_changes_are_a_patch_there_and_one_back():
    assert (patch(CHANGES), inverse_patch(CHANGES)) == (THERE, BACK)
    assert jsonpatch.apply_patch(BEFORE, copy.deepcopy(THERE)) == AFTER
    assert jsonpatch.apply_patch(AFTER, copy.deepcopy(BACK)) == BEFORE


@pytest.mark.parametrize(
    ("told", "data"),
    [
        (
            change(before=1.7, after=1),
            {
                "rule": "moonshot/r", "action": "act", "effect": "lossy", "pointer": "/a", "before": 1.7, "after": 1,
                "why": "Why.", "source": "https://s", "location": "m.yaml:3",
            },
        ),
        (
            change(after=None, note="n", disputed=True),
            {
                "rule": "moonshot/r", "action": "act", "effect": "lossy", "pointer": "/a", "after": None,
                "note": "n", "why": "Why.", "source": "https://s", "location": "m.yaml:3", "disputed": True,
            },
        ),
        (
            MOVED,
            {
                "rule": "moonshot/r", "action": "act", "effect": "lossy", "pointer": "/b", "from": "/a/0/x~1y",
                "after": 1, "why": "Why.", "source": "https://s", "location": "m.yaml:3",
            },
        ),
        (
            Change("q/x", "warn", Effect.NONE, "", "", "", None, note="careful"),
            {"rule": "q/x", "action": "warn", "effect": "none", "note": "careful"},
        ),
    ],
)  # fmt: skip
def test_a_change_as_data_has_no_key_for_what_is_not_there(told, data):
    assert as_data(told) == data
    assert json.loads(json.dumps(as_data(told))) == data


@pytest.mark.parametrize(
    ("wanted", "got", "words"),
    [
        ({"a": 1}, {"a": 1.0}, ""),
        ({"a": [1, 2]}, {"a": [1, 3]}, "/a/1: wanted 2, got 3"),
        ({"a": [1]}, {"a": [1, 3]}, "/a/1: wanted (absent), got 3"),
        ({"a": [1, 2]}, {"a": [1]}, "/a/1: wanted 2, got (absent)"),
        ({"a": 1}, {}, "/a: wanted 1, got (absent)"),
        ({}, {"a": None}, "/a: wanted (absent), got null"),
        ({"a": 1}, {"a": True}, "/a: wanted 1, got true"),
        ({"a": 1}, [1], 'the whole: wanted {"a": 1}, got [1]'),
        (1, 2, "the whole: wanted 1, got 2"),
        ({"a": {"b/c": 1}}, {"a": {"b/c": {}}}, "/a/b~1c: wanted 1, got {}"),
    ],
)
def test_the_first_difference_is_told(wanted, got, words):
    assert first_difference(wanted, got) == words


def test_absence_is_one_thing_however_it_is_copied():
    assert copy.copy(MISSING) is copy.deepcopy([MISSING])[0] is pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert repr(MISSING) == "(absent)"


def test_nouns_say_what_they_are():
    rule = Rule("r", "moonshot", "Why.", "s", {}, (), Location("m.yaml", 3, 5))

    assert (rule.name, str(rule.location)) == ("moonshot/r", "m.yaml:3:5")
    assert Quiet("moonshot/r", "m.yaml:3", "t is absent") == Quiet("moonshot/r", "m.yaml:3", "t is absent")
    assert sorted([Location("b", 1, 1), Location("a", 2, 1), Location("a", 1, 9)]) == [
        Location("a", 1, 9),
        Location("a", 2, 1),
        Location("b", 1, 1),
    ]
