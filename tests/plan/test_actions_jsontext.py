"""json_text and from_json_text: values as JSON text and back, and what JSON cannot say."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, actions, brief, edit, exact, nested, run
from tests.strategies import any_values, modest

from quirkbook.payload.draft import ALLOWANCE, Draft, Overspent

cases = pytest.mark.parametrize


@cases(
    ("value", "text"),
    [
        ({"a": 1}, '{"a":1}'),
        ({"a": [1.0, True, None, "é\n"]}, '{"a":[1.0,true,null,"é\\n"]}'),
        ([], "[]"),
        (None, "null"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ({"a": "\ud800"}, '{"a":"\ud800"}'),
    ],
    ids=brief,
)
def test_what_is_not_a_string_becomes_its_json_text(value, text):
    draft = run([{"json_text": ["a"]}], {"a": value})

    assert draft.root == {"a": text}
    assert draft.edits == [edit("json_text", "exact", ("a",), value, text)]


@cases(
    "value", ["", "text", "{}", math.nan, math.inf, {"a": [-math.inf]}, 10**5000], ids=lambda one: type(one).__name__
)
def test_strings_and_what_has_no_json_text_stay(value):
    assert run([{"json_text": ["a"]}], {"a": value}).edits == []


@cases(
    ("text", "value", "effect"),
    [
        ("{}", {}, "exact"),
        (' {"a": [1, 1.5, true, null, "x"]}\n', {"a": [1, 1.5, True, None, "x"]}, "exact"),
        ('{"a": {"b": "{}"}}', {"a": {"b": "{}"}}, "exact"),
        ('{"a": 1, "a": 2}', {"a": 2}, "lossy"),
        ('{"a": [{"b": 1, "b": 1}]}', {"a": [{"b": 1}]}, "lossy"),
    ],
    ids=brief,
)
def test_a_string_that_holds_an_object_becomes_it(text, value, effect):
    draft = run([{"from_json_text": ["a"]}], {"a": text})

    assert exact(draft.root) == exact({"a": value})
    assert draft.edits == [edit("from_json_text", effect, ("a",), text, value)]


@cases(
    "value",
    ["", "{", "[]", "1", "null", '"x"', "{} {}", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', '{"a": ' + "9" * 5000 + "}",
     '{"a":' * 100_000, None, 5, True, [], {"a": "{}"}],
    ids=brief,
)  # fmt: skip
def test_what_holds_no_object_stays(value):
    assert run([{"from_json_text": ["a"]}], {"a": value}).edits == []


@cases("do", [{"json_text": ["x"]}, {"json_text": ["."]}, {"from_json_text": ["$"]}], ids=brief)
def test_what_nests_too_deep_and_the_whole_payload_stay(do):
    draft = Draft(nested(100_000))
    actions([do])[0].run(draft, ())

    assert draft.edits == []


def test_a_value_that_is_endless_stays():
    value: list[object] = []
    value.append(value)
    draft = Draft({"a": value})
    actions([{"json_text": ["a"]}])[0].run(draft, ())

    assert draft.edits == []


@cases("do", [{"json_text": ["a"]}, {"from_json_text": ["b"]}], ids=brief)
def test_long_texts_count_as_what_rules_add(do):
    draft = Draft({"a": ["x" * 5_000], "b": '{"a": "' + "x" * 5_000 + '"}'})
    draft.spend(ALLOWANCE - 4)

    with pytest.raises(Overspent):
        actions([do])[0].run(draft, ())


def test_inner_places_come_first():
    draft = run([{"json_text": ["**.a"]}], {"a": {"a": {"b": 1}}})

    assert draft.root == {"a": '{"a":"{\\"b\\":1}"}'}


@cases("name", ["json_text", "from_json_text"])
def test_a_faulty_path_is_told(name):
    message = "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]"

    assert action_diagnostics([{name: ["a..b"]}]) == [("Q110", ("do", 0, name, 0), message, "", False)]


@modest
@given(st.dictionaries(st.text(max_size=3), any_values, max_size=4))
def test_an_object_comes_back_as_it_was(value):
    draft = run([{"json_text": ["a"]}, {"from_json_text": ["a"]}], {"a": value})

    assert exact(draft.root) == exact({"a": value})


@modest
@given(any_values)
def test_the_text_is_what_json_reads(value):
    text = run([{"json_text": ["a"]}], {"a": value}).root["a"]

    assert not isinstance(text, str) or isinstance(value, str) or exact(json.loads(text)) == exact(value)
