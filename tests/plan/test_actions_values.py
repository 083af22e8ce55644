"""Actions on single values: what each makes of a payload, edit by edit, and that none ever fails."""

from __future__ import annotations

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, actions, assert_edits_lead_there_and_back, brief, edit, exact, nested, run
from tests.strategies import actions as drawn_actions
from tests.strategies import modest, payloads, tried

from quirkbook.model import MISSING
from quirkbook.payload.draft import Draft

NAN, INF = math.nan, math.inf
NOTHING = "the payload stays as it is"


def check(do, payload, after, edits):
    """Run one action; it must do just this, and only once."""
    draft = run([do], payload)

    assert exact(draft.root) == exact(payload if after is NOTHING else after)
    assert draft.edits == edits


def put(action, effect, *keys, before=MISSING, after=MISSING, note=""):
    return edit(action, effect, keys, before, after, None, note)


cases = pytest.mark.parametrize


# set


@cases(
    ("paths", "payload", "after", "edits"),
    [
        ({"a": 1}, {}, {"a": 1}, [put("set", "exact", "a", after=1)]),
        ({"a": 1}, {"a": 2}, {"a": 1}, [put("set", "lossy", "a", before=2, after=1)]),
        ({"a": 1}, {"a": None}, {"a": 1}, [put("set", "lossy", "a", before=None, after=1)]),
        ({"a": None}, {}, {"a": None}, [put("set", "exact", "a", after=None)]),
        ({"a": 1}, {"a": 1.0}, NOTHING, []),
        ({"a": 1}, {"a": True}, {"a": 1}, [put("set", "lossy", "a", before=True, after=1)]),
        ({"a": {"b": []}}, {}, {"a": {"b": []}}, [put("set", "exact", "a", after={"b": []})]),
        # Missing parents of object type are made, in one edit.
        ({"a.b.c": 1}, {}, {"a": {"b": {"c": 1}}}, [put("set", "exact", "a", after={"b": {"c": 1}})]),
        ({"a.b.c": 1}, {"a": {}}, {"a": {"b": {"c": 1}}}, [put("set", "exact", "a", "b", after={"c": 1})]),
        ({"a.b": 1}, {"a": {"x": 0}}, {"a": {"x": 0, "b": 1}}, [put("set", "exact", "a", "b", after=1)]),
        # A parent that is there and no object, null too, means no change; no list item is ever made.
        ({"a.b": 1}, {"a": None}, NOTHING, []),
        ({"a.b": 1}, {"a": "text"}, NOTHING, []),
        ({"a.b": 1}, {"a": []}, NOTHING, []),
        ({"a.b.c": 1}, {"a": {"b": 0}}, NOTHING, []),
        ({"a[0]": 1}, {}, NOTHING, []),
        ({"a[0]": 1}, {"a": []}, NOTHING, []),
        ({"a[1].b": 1}, {"a": [{}]}, NOTHING, []),
        ({"a.b[0]": 1}, {}, NOTHING, []),
        ({"a[0]": 1}, {"a": {}}, NOTHING, []),
        ({"a[0]": 1}, {"a": [7]}, {"a": [1]}, [put("set", "lossy", "a", 0, before=7, after=1)]),
        ({"a[-1].b": 1}, {"a": [{}, {}]}, {"a": [{}, {"b": 1}]}, [put("set", "exact", "a", 1, "b", after=1)]),
        # Up to its last wildcard a path must match.
        (
            {"a[*].b.c": 1},
            {"a": [{}, 5, {"b": {"c": 2}}, {"b": 3}]},
            {"a": [{"b": {"c": 1}}, 5, {"b": {"c": 1}}, {"b": 3}]},
            [
                put("set", "exact", "a", 0, "b", after={"c": 1}),
                put("set", "lossy", "a", 2, "b", "c", before=2, after=1),
            ],
        ),
        ({"a[*].b": 1}, {}, NOTHING, []),
        ({"a[*]": 1}, {"a": [1, 2]}, {"a": [1, 1]}, [put("set", "lossy", "a", 1, before=2, after=1)]),
        (
            {"a.*": 1},
            {"a": {"x": 2, "y": 1}},
            {"a": {"x": 1, "y": 1}},
            [put("set", "lossy", "a", "x", before=2, after=1)],
        ),
        ({"*.b": 1}, {"x": {}, "y": 1}, {"x": {"b": 1}, "y": 1}, [put("set", "exact", "x", "b", after=1)]),
        # Any depth: the inner place first, for it may lie in another.
        (
            {"a.**.x": 1},
            {"a": {"x": {"y": 2}}},
            {"a": {"x": 1}},
            [
                put("set", "exact", "a", "x", "x", after=1),
                put("set", "lossy", "a", "x", before={"y": 2, "x": 1}, after=1),
            ],
        ),
        ({"$.a": 1}, {}, {"a": 1}, [put("set", "exact", "a", after=1)]),
        ({'["x.y"]': 1}, {}, {"x.y": 1}, [put("set", "exact", "x.y", after=1)]),
        (
            {"a": 1, "b": 2},
            {"b": 1},
            {"b": 2, "a": 1},
            [put("set", "exact", "a", after=1), put("set", "lossy", "b", before=1, after=2)],
        ),
        # The whole payload is no place to write.
        ({".": 1}, {"a": 1}, NOTHING, []),
        ({"$": 1}, {"a": 1}, NOTHING, []),
    ],
    ids=brief,
)
def test_set_writes_a_value_and_makes_missing_parents(paths, payload, after, edits):
    check({"set": paths}, payload, after, edits)


# default


@cases(
    ("paths", "payload", "after", "edits"),
    [
        ({"a": 1}, {}, {"a": 1}, [put("default", "exact", "a", after=1)]),
        ({"a": 1}, {"a": 2}, NOTHING, []),
        ({"a": 1}, {"a": None}, NOTHING, []),
        ({"a": 1}, {"a": ""}, NOTHING, []),
        ({"a.b": 1}, {}, {"a": {"b": 1}}, [put("default", "exact", "a", after={"b": 1})]),
        ({"a.b": 1}, {"a": {}}, {"a": {"b": 1}}, [put("default", "exact", "a", "b", after=1)]),
        ({"a.b": 1}, {"a": None}, NOTHING, []),
        ({"a.b": 1}, {"a": []}, NOTHING, []),
        ({"a[0]": 1}, {"a": []}, NOTHING, []),
        ({"a[0].b": 1}, {"a": [{}]}, {"a": [{"b": 1}]}, [put("default", "exact", "a", 0, "b", after=1)]),
        (
            {"m[*].b": ""},
            {"m": [{}, {"b": None}, "x", {}]},
            {"m": [{"b": ""}, {"b": None}, "x", {"b": ""}]},
            [put("default", "exact", "m", 0, "b", after=""), put("default", "exact", "m", 3, "b", after="")],
        ),
        ({"$": 1}, {}, NOTHING, []),
    ],
    ids=brief,
)
def test_default_writes_only_where_nothing_is(paths, payload, after, edits):
    check({"default": paths}, payload, after, edits)


# rename and copy


def moved(old, new, value):
    return edit("rename", "exact", new, MISSING, value, old)


def lost(*keys, before, name):
    return put("rename", "lossy", *keys, before=before, note=f"{name} is there already and wins")


@cases(
    ("paths", "payload", "after", "edits"),
    [
        ({"a": "b"}, {"a": 1}, {"b": 1}, [moved(("a",), ("b",), 1)]),
        ({"a": "b"}, {"a": None}, {"b": None}, [moved(("a",), ("b",), None)]),
        ({"a": "b"}, {"b": 1}, NOTHING, []),
        ({"a": "a"}, {"a": 1}, NOTHING, []),
        # Where both are there the target wins; a null target counts as absent.
        ({"a": "b"}, {"a": 1, "b": 2}, {"b": 2}, [lost("a", before=1, name="b")]),
        ({"a": "b"}, {"a": 1, "b": False}, {"b": False}, [lost("a", before=1, name="b")]),
        (
            {"a": "b"},
            {"a": 1, "b": None},
            {"b": 1},
            [put("rename", "exact", "b", before=None, note="null, gives way"), moved(("a",), ("b",), 1)],
        ),
        # A bare target is a sibling, $.x starts at the root; parents are made.
        ({"a.b": "c"}, {"a": {"b": 1}}, {"a": {"c": 1}}, [moved(("a", "b"), ("a", "c"), 1)]),
        ({"a.b": "$.c"}, {"a": {"b": 1}}, {"a": {}, "c": 1}, [moved(("a", "b"), ("c",), 1)]),
        (
            {"a": "b.c"},
            {"a": 1},
            {"b": {"c": 1}},
            [put("rename", "exact", "b", after={}), moved(("a",), ("b", "c"), 1)],
        ),
        (
            {"a": "b.c.d"},
            {"a": 1, "b": {}},
            {"b": {"c": {"d": 1}}},
            [put("rename", "exact", "b", "c", after={}), moved(("a",), ("b", "c", "d"), 1)],
        ),
        ({"a": "b.c"}, {"a": 1, "b": {"x": 0}}, {"b": {"x": 0, "c": 1}}, [moved(("a",), ("b", "c"), 1)]),
        ({"a": "b.c"}, {"a": 1, "b": None}, NOTHING, []),
        ({"a": "b[0].c"}, {"a": 1, "b": [{}]}, {"b": [{"c": 1}]}, [moved(("a",), ("b", 0, "c"), 1)]),
        # Two sources for one target: the first wins.
        ({"a": "c", "b": "c"}, {"a": 1, "b": 2}, {"c": 1}, [moved(("a",), ("c",), 1), lost("b", before=2, name="c")]),
        (
            {"m[*].a": "$.c"},
            {"m": [{"a": 1}, {"a": 2}]},
            {"m": [{}, {}], "c": 1},
            [moved(("m", 0, "a"), ("c",), 1), lost("m", 1, "a", before=2, name="c")],
        ),
        # Each match gets a sibling.
        (
            {"m[*].a": "b"},
            {"m": [{"a": 1}, 5, {"a": 2, "b": 3}]},
            {"m": [{"b": 1}, 5, {"b": 3}]},
            [moved(("m", 0, "a"), ("m", 0, "b"), 1), lost("m", 2, "a", before=2, name="b")],
        ),
        (
            {"a.*": "b"},
            {"a": {"x": 1, "b": None}},
            {"a": {"b": 1}},
            [put("rename", "exact", "a", "b", before=None, note="null, gives way"), moved(("a", "x"), ("a", "b"), 1)],
        ),
        (
            {"a.**.x": "y"},
            {"a": {"x": {"x": 1}}},
            {"a": {"y": {"y": 1}}},
            [moved(("a", "x", "x"), ("a", "x", "y"), 1), moved(("a", "x"), ("a", "y"), {"y": 1})],
        ),
        # Nothing can move into itself.
        ({"a": "a.b"}, {"a": {}}, NOTHING, []),
        ({"a.b": "$.a"}, {"a": {"b": 1}}, {"a": {}}, [lost("a", "b", before=1, name="a")]),
    ],
    ids=brief,
)
def test_rename_moves_a_member(paths, payload, after, edits):
    check({"rename": paths}, payload, after, edits)


@cases(
    ("paths", "payload", "after", "edits"),
    [
        ({"a": "b"}, {"a": 1}, {"a": 1, "b": 1}, [put("copy", "exact", "b", after=1)]),
        ({"a": "b"}, {"a": 1, "b": 2}, NOTHING, []),
        ({"a": "b"}, {"a": 1, "b": None}, {"a": 1, "b": 1}, [put("copy", "exact", "b", before=None, after=1)]),
        ({"a": "b"}, {"a": None, "b": None}, NOTHING, []),
        ({"a": "b"}, {}, NOTHING, []),
        (
            {"u.a": "d.t"},
            {"u": {"a": 5}},
            {"u": {"a": 5, "d": {"t": 5}}},
            [put("copy", "exact", "u", "d", after={}), put("copy", "exact", "u", "d", "t", after=5)],
        ),
        ({"u.a": "$.b"}, {"u": {"a": [1]}}, {"u": {"a": [1]}, "b": [1]}, [put("copy", "exact", "b", after=[1])]),
        (
            {"m[*].a": "b"},
            {"m": [{"a": 1}, {}]},
            {"m": [{"a": 1, "b": 1}, {}]},
            [put("copy", "exact", "m", 0, "b", after=1)],
        ),
        ({"a": "a.b"}, {"a": {}}, NOTHING, []),
    ],
    ids=brief,
)
def test_copy_writes_a_member_a_second_time(paths, payload, after, edits):
    check({"copy": paths}, payload, after, edits)


def test_a_copy_goes_its_own_way():
    draft = run([{"set": {"a.x": 1}}, {"copy": {"a": "b"}}, {"set": {"a.x": 2}}, {"drop": ["b.y"]}], {"a": {"y": 0}})

    assert draft.root == {"a": {"y": 0, "x": 2}, "b": {"x": 1}}


# map


@cases(
    ("table", "payload", "after", "edits"),
    [
        ({"a": {"x": "y"}}, {"a": "x"}, {"a": "y"}, [put("map", "exact", "a", before="x", after="y")]),
        ({"a": {"x": "y"}}, {"a": "z"}, NOTHING, []),
        ({"a": {"x": "y"}}, {}, NOTHING, []),
        ({"a": {"x": "x"}}, {"a": "x"}, NOTHING, []),
        # Keys compare as JSON scalars.
        ({"a": {True: "t"}}, {"a": 1}, NOTHING, []),
        ({"a": {True: "t"}}, {"a": True}, {"a": "t"}, [put("map", "exact", "a", before=True, after="t")]),
        ({"a": {True: "t"}}, {"a": "true"}, NOTHING, []),
        ({"a": {1: "one"}}, {"a": 1.0}, {"a": "one"}, [put("map", "exact", "a", before=1.0, after="one")]),
        ({"a": {1: "one"}}, {"a": True}, NOTHING, []),
        ({"a": {0: "none"}}, {"a": False}, NOTHING, []),
        ({"a": {1: "one"}}, {"a": "1"}, NOTHING, []),
        ({"a": {None: 0}}, {"a": None}, {"a": 0}, [put("map", "exact", "a", before=None, after=0)]),
        ({"a": {None: 0}}, {"a": "null"}, NOTHING, []),
        ({"a": {"": 0}}, {"a": ""}, {"a": 0}, [put("map", "exact", "a", before="", after=0)]),
        # "*" takes any present value not named.
        ({"a": {"x": "x", "*": "y"}}, {"a": "x"}, NOTHING, []),
        ({"a": {"x": "x", "*": "y"}}, {"a": None}, {"a": "y"}, [put("map", "exact", "a", before=None, after="y")]),
        ({"a": {"*": "y"}}, {"a": {"b": 1}}, {"a": "y"}, [put("map", "exact", "a", before={"b": 1}, after="y")]),
        ({"a": {"*": "y"}}, {"a": [0]}, {"a": "y"}, [put("map", "exact", "a", before=[0], after="y")]),
        ({"a": {"*": "y"}}, {"a": "*"}, {"a": "y"}, [put("map", "exact", "a", before="*", after="y")]),
        ({"a": {"*": "y"}}, {}, NOTHING, []),
        # A null target drops.
        ({"a": {"x": None}}, {"a": "x", "b": 1}, {"b": 1}, [put("map", "exact", "a", before="x")]),
        ({"a": {"*": None, "x": "x"}}, {"a": "z"}, {}, [put("map", "exact", "a", before="z")]),
        ({"a": {None: None}}, {"a": None}, {}, [put("map", "exact", "a", before=None)]),
        # Targets of any type, each match its own.
        (
            {"m[*].a": {"x": {"k": []}}},
            {"m": [{"a": "x"}, {"a": "x"}]},
            {"m": [{"a": {"k": []}}, {"a": {"k": []}}]},
            [
                put("map", "exact", "m", 0, "a", before="x", after={"k": []}),
                put("map", "exact", "m", 1, "a", before="x", after={"k": []}),
            ],
        ),
        # Items of a list go from the last to the first.
        (
            {"a[*]": {"x": None, "y": "z"}},
            {"a": ["x", "y", "x"]},
            {"a": ["z"]},
            [
                put("map", "exact", "a", 2, before="x"),
                put("map", "exact", "a", 1, before="y", after="z"),
                put("map", "exact", "a", 0, before="x"),
            ],
        ),
        (
            {"a.**.x": {"*": 1}},
            {"a": {"x": {"x": 2}}},
            {"a": {"x": 1}},
            [
                put("map", "exact", "a", "x", "x", before=2, after=1),
                put("map", "exact", "a", "x", before={"x": 1}, after=1),
            ],
        ),
        ({".": {"*": 1}}, {"a": 1}, NOTHING, []),
        ({".": {"*": None}}, {"a": 1}, NOTHING, []),
        ({"$": {"*": None}}, {"a": 1}, NOTHING, []),
    ],
    ids=brief,
)
def test_map_looks_values_up_in_a_table(table, payload, after, edits):
    check({"map": table}, payload, after, edits)


@cases("value", [NAN, INF, [], {}, [1]])
def test_map_names_scalars_alone(value):
    assert run([{"map": {"a": {0: 1, "x": 2, None: 3, True: 4}}}], {"a": value}).edits == []


def test_no_payload_holds_a_part_of_the_rules_table():
    do = {"map": {"a": {"x": {"k": [1]}}}}
    draft = run([do], {"a": "x"})
    draft.root["a"]["k"].append(2)

    assert do == {"map": {"a": {"x": {"k": [1]}}}}


# wrap and unwrap


@cases(
    ("do", "payload", "after", "edits"),
    [
        ({"wrap": {"a": "k"}}, {"a": 1}, {"a": {"k": 1}}, [put("wrap", "exact", "a", before=1, after={"k": 1})]),
        (
            {"wrap": {"a": "k"}},
            {"a": None},
            {"a": {"k": None}},
            [put("wrap", "exact", "a", before=None, after={"k": None})],
        ),
        ({"wrap": {"a": "k"}}, {}, NOTHING, []),
        ({"wrap": {"a": []}}, {"a": 1}, {"a": [1]}, [put("wrap", "exact", "a", before=1, after=[1])]),
        (
            {"wrap": {"f[*]": "function"}, "with": {"type": "function"}},
            {"f": [{"n": 1}, {"n": 2}]},
            {"f": [{"function": {"n": 1}, "type": "function"}, {"function": {"n": 2}, "type": "function"}]},
            [
                put("wrap", "exact", "f", 0, before={"n": 1}, after={"function": {"n": 1}, "type": "function"}),
                put("wrap", "exact", "f", 1, before={"n": 2}, after={"function": {"n": 2}, "type": "function"}),
            ],
        ),
        (
            {"wrap": {"a.**.x": "k"}},
            {"a": {"x": {"x": 1}}},
            {"a": {"x": {"k": {"x": {"k": 1}}}}},
            [
                put("wrap", "exact", "a", "x", "x", before=1, after={"k": 1}),
                put("wrap", "exact", "a", "x", before={"x": {"k": 1}}, after={"k": {"x": {"k": 1}}}),
            ],
        ),
        ({"wrap": {"$": "k"}}, {"a": 1}, NOTHING, []),
        ({"unwrap": {"a": "k"}}, {"a": {"k": 1}}, {"a": 1}, [put("unwrap", "exact", "a", before={"k": 1}, after=1)]),
        (
            {"unwrap": {"a": "k"}},
            {"a": {"k": 1, "z": 2}},
            {"a": 1},
            [put("unwrap", "lossy", "a", before={"k": 1, "z": 2}, after=1)],
        ),
        (
            {"unwrap": {"a": "k"}},
            {"a": {"k": None}},
            {"a": None},
            [put("unwrap", "exact", "a", before={"k": None}, after=None)],
        ),
        ({"unwrap": {"a": "k"}}, {"a": {"z": 1}}, NOTHING, []),
        ({"unwrap": {"a": "k"}}, {"a": "k"}, NOTHING, []),
        ({"unwrap": {"a": "k"}}, {"a": ["k"]}, NOTHING, []),
        ({"unwrap": {"a": []}}, {"a": [1]}, {"a": 1}, [put("unwrap", "exact", "a", before=[1], after=1)]),
        ({"unwrap": {"a": []}}, {"a": []}, NOTHING, []),
        ({"unwrap": {"a": []}}, {"a": [1, 2]}, NOTHING, []),
        ({"unwrap": {"a": []}}, {"a": "b"}, NOTHING, []),
        (
            {"unwrap": {"a.**.x": "x"}},
            {"a": {"x": {"x": {"x": 1}}}},
            {"a": {"x": 1}},
            [
                put("unwrap", "exact", "a", "x", "x", before={"x": 1}, after=1),
                put("unwrap", "exact", "a", "x", before={"x": 1}, after=1),
            ],
        ),
    ],
    ids=brief,
)
def test_wrap_puts_a_value_under_a_key_and_unwrap_takes_it_out(do, payload, after, edits):
    check(do, payload, after, edits)


def test_what_stands_in_a_wrapper_can_be_changed_and_taken_out_again():
    do = [{"set": {"a.x": 1}}, {"wrap": {"a": "k"}}, {"set": {"a.k.x": 2}}, {"unwrap": {"a": "k"}}, {"set": {"a.x": 3}}]
    draft = run(do, {"a": {}})

    assert draft.root == {"a": {"x": 3}}
    assert draft.edits[1] == edit("wrap", "exact", ("a",), {"x": 1}, {"k": {"x": 1}})


# clamp and truncate


@cases(
    ("bounds", "value", "after"),
    [
        ([0, 1], 1.7, 1),
        ([0, 1.0], 2, 1.0),
        ([0, 1], -3, 0),
        ([0.01, 0.99], 1, 0.99),
        ([0, 1], 0, NOTHING),
        ([0, 1], 1, NOTHING),
        ([0, 1], 1.0, NOTHING),
        ([0, 1], 0.5, NOTHING),
        ([None, 1], -5, NOTHING),
        ([None, 1], 5, 1),
        ([0, None], 5, NOTHING),
        ([0, None], -5, 0),
        ([None, None], 5, NOTHING),
        ([2, 2], 1, 2),
        ([0, 1], 10**400, 1),
        ([0, 1], True, NOTHING),
        ([2, 3], False, NOTHING),
        ([0, 1], "1.7", NOTHING),
        ([0, 1], None, NOTHING),
        ([0, 1], [5], NOTHING),
        ([0, 1], {"a": 5}, NOTHING),
        ([0, 1], NAN, NOTHING),
        ([0, 1], INF, NOTHING),
        ([0, 1], -INF, NOTHING),
    ],
)
def test_clamp_brings_numbers_to_the_bound_as_it_is_written(bounds, value, after):
    changed = [] if after is NOTHING else [put("clamp", "lossy", "a", before=value, after=after)]

    check({"clamp": {"a": bounds}}, {"a": value}, NOTHING if after is NOTHING else {"a": after}, changed)


@cases(
    ("size", "value", "after"),
    [
        (2, [1, 2, 3], [1, 2]),
        (2, [1, 2], NOTHING),
        (0, [1], []),
        (0, [], NOTHING),
        (3, "abcd", "abc"),
        (3, "abc", NOTHING),
        (1, "👍👍", "👍"),
        (1, {"a": 1, "b": 2}, NOTHING),
        (1, 12345, NOTHING),
        (1, None, NOTHING),
    ],
)
def test_truncate_shortens_lists_and_strings(size, value, after):
    changed = [] if after is NOTHING else [put("truncate", "lossy", "a", before=value, after=after)]

    check({"truncate": {"a": size}}, {"a": value}, NOTHING if after is NOTHING else {"a": after}, changed)


def test_truncate_at_any_depth_cuts_the_inner_one_first():
    check(
        {"truncate": {"a.**.x": 1}},
        {"a": {"x": [1, {"x": [1, 2]}]}},
        {"a": {"x": [1]}},
        [
            put("truncate", "lossy", "a", "x", 1, "x", before=[1, 2], after=[1]),
            put("truncate", "lossy", "a", "x", before=[1, {"x": [1]}], after=[1]),
        ],
    )


# drop and keep


@cases(
    ("paths", "payload", "after", "edits"),
    [
        (["a"], {"a": None, "b": 1}, {"b": 1}, [put("drop", "lossy", "a", before=None)]),
        (["a"], {}, NOTHING, []),
        (["a.b"], {"a": {"b": 1}}, {"a": {}}, [put("drop", "lossy", "a", "b", before=1)]),
        (["a.b"], {"a": "b"}, NOTHING, []),
        (["a[0]"], {"a": [1, 2]}, {"a": [2]}, [put("drop", "lossy", "a", 0, before=1)]),
        (["a[-1]"], {"a": [1, 2]}, {"a": [1]}, [put("drop", "lossy", "a", 1, before=2)]),
        (
            ["a[*]"],
            {"a": [1, 2]},
            {"a": []},
            [put("drop", "lossy", "a", 1, before=2), put("drop", "lossy", "a", 0, before=1)],
        ),
        (
            ["a.*"],
            {"a": {"x": 1, "y": 2}},
            {"a": {}},
            [put("drop", "lossy", "a", "y", before=2), put("drop", "lossy", "a", "x", before=1)],
        ),
        (
            ["a.b", "c"],
            {"a": {"b": 1}, "c": 2},
            {"a": {}},
            [put("drop", "lossy", "a", "b", before=1), put("drop", "lossy", "c", before=2)],
        ),
        (["a", "a.b"], {"a": {"b": 1}}, {}, [put("drop", "lossy", "a", before={"b": 1})]),
        # At any depth: what lies in another goes first.
        (
            ["a.**.x"],
            {"a": {"x": {"x": 1, "y": [{"x": 2}]}}},
            {"a": {}},
            [
                put("drop", "lossy", "a", "x", "y", 0, "x", before=2),
                put("drop", "lossy", "a", "x", "x", before=1),
                put("drop", "lossy", "a", "x", before={"y": [{}]}),
            ],
        ),
        (
            ["a.**[0]"],
            {"a": [[1, 2], [3]]},
            {"a": [[]]},
            [
                put("drop", "lossy", "a", 1, 0, before=3),
                put("drop", "lossy", "a", 0, 0, before=1),
                put("drop", "lossy", "a", 0, before=[2]),
            ],
        ),
        # A message is part of the conversation.
        (
            ["messages[0]"],
            {"messages": [{"role": "user"}]},
            {"messages": []},
            [put("drop", "semantic", "messages", 0, before={"role": "user"})],
        ),
        (
            ["messages[*].name"],
            {"messages": [{"name": "a"}]},
            {"messages": [{}]},
            [put("drop", "lossy", "messages", 0, "name", before="a")],
        ),
        (
            ["a.messages[0]"],
            {"a": {"messages": [1]}},
            {"a": {"messages": []}},
            [put("drop", "lossy", "a", "messages", 0, before=1)],
        ),
    ],
    ids=brief,
)
def test_drop_removes_what_its_paths_mean(paths, payload, after, edits):
    check({"drop": paths}, payload, after, edits)


@cases(
    ("paths", "payload", "after", "edits"),
    [
        (
            {"a": ["x"]},
            {"a": {"x": 1, "y": 2, "z": 3}},
            {"a": {"x": 1}},
            [put("keep", "lossy", "a", "y", before=2), put("keep", "lossy", "a", "z", before=3)],
        ),
        ({"a": ["x", "q"]}, {"a": {"x": 1}}, NOTHING, []),
        ({"a": ["x"]}, {"a": ["x", "y"]}, NOTHING, []),
        ({"a": ["x"]}, {"a": "y"}, NOTHING, []),
        ({"a": ["x"]}, {}, NOTHING, []),
        (
            {"m[*]": ["role"]},
            {"m": [{"role": "user", "name": 1}, 5, {"id": 2}]},
            {"m": [{"role": "user"}, 5, {}]},
            [put("keep", "lossy", "m", 0, "name", before=1), put("keep", "lossy", "m", 2, "id", before=2)],
        ),
        ({".": ["a"]}, {"a": 1, "b": 2}, {"a": 1}, [put("keep", "lossy", "b", before=2)]),
        (
            {"a.**.x": ["k"]},
            {"a": {"x": {"k": 0, "y": {"x": {"z": 1}}}}},
            {"a": {"x": {"k": 0}}},
            [
                put("keep", "lossy", "a", "x", "y", "x", "z", before=1),
                put("keep", "lossy", "a", "x", "y", before={"x": {}}),
            ],
        ),
    ],
    ids=brief,
)
def test_keep_leaves_only_the_named_keys(paths, payload, after, edits):
    check({"keep": paths}, payload, after, edits)


# Faults


NO_PATH = "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]"
READ_ONLY = "'$request.a' is for conditions: no action can change it"
NO_KEY = "'{}' cannot move: only a key of an object can"
ONE_PLACE = "the target '{}' must name one place: a key, or '$.key' from the root"


@cases(
    ("do", "diagnostics"),
    [
        *[
            ({name: {"a..b": argument}}, [("Q110", ("do", 0, name, "a..b"), NO_PATH, "", True)])
            for name, argument in [
                ("set", 1), ("default", 1), ("map", {"a": 1}), ("wrap", "k"), ("unwrap", []), ("clamp", [0, 1]),
                ("truncate", 1), ("keep", ["a"]), ("rename", "b"), ("copy", "b"), ("append", 1), ("nearest", ["low"]),
            ]
        ],
        ({"drop": ["a", "a..b"]}, [("Q110", ("do", 0, "drop", 1), NO_PATH, "", False)]),
        ({"rename": {"b": "a..b"}}, [("Q110", ("do", 0, "rename", "b"), NO_PATH, "", False)]),
        ({"set": {"$request.a": 1}}, [("Q110", ("do", 0, "set", "$request.a"), READ_ONLY, "", True)]),
        ({"drop": ["$request.a"]}, [("Q110", ("do", 0, "drop", 0), READ_ONLY, "", False)]),
        (
            {"drop": ["$status"]},
            [("Q110", ("do", 0, "drop", 0), "'$status' is for conditions: no action can change it", "", False)],
        ),
        ({"rename": {"b": "$request.a"}}, [("Q110", ("do", 0, "rename", "b"), READ_ONLY, "", False)]),
        ({"rename": {"b": "c[*].d"}}, [("Q110", ("do", 0, "rename", "b"), ONE_PLACE.format("c[*].d"), "", False)]),
        ({"copy": {"b": "$"}}, [("Q110", ("do", 0, "copy", "b"), ONE_PLACE.format("$"), "", False)]),
        ({"copy": {"b": "c[0]"}}, [("Q110", ("do", 0, "copy", "b"), ONE_PLACE.format("c[0]"), "", False)]),
        *[
            (
                {"rename": {source: "$.c"}},
                [("Q110", ("do", 0, "rename", source), NO_KEY.format(source), "", True)],
            )
            for source in (".", "$", "a[0]", "a[*]", "a.**[*]")
        ],
        (
            {"clamp": {"a": [1, 0]}},
            [("Q109", ("do", 0, "clamp", "a"), "the bounds [1, 0] are in the wrong order: write [0, 1]", "", False)],
        ),
        (
            {"wrap": {"a": "b"}, "with": {"b": 1}},
            [
                (
                    "Q109",
                    ("do", 0, "wrap", "a"),
                    "'with' has the key 'b' as well: the value at 'a' would be lost",
                    "take it out of 'with', or wrap under another key",
                    False,
                )
            ],
        ),
        (
            {"wrap": {"a": []}, "with": {"b": 1}},
            [
                (
                    "Q109",
                    ("do", 0, "wrap", "a"),
                    "a list of one has no keys: 'with' would be lost",
                    "leave 'with' out, or wrap under a key",
                    False,
                )
            ],
        ),
        (
            {"drop": ["."]},
            [
                (
                    "Q120",
                    ("do", 0, "drop", 0),
                    "only a chunk can be dropped as a whole",
                    "name what is to go; '.' is the element inside 'each'",
                    False,
                )
            ],
        ),
    ],
    ids=brief,
)  # fmt: skip
def test_a_diagnostic_is_told_where_it_stands(do, diagnostics):
    assert action_diagnostics([do]) == diagnostics


def test_dropping_the_whole_is_told_to_the_caller():
    (drop,) = actions([{"drop": ["a", "."]}], stage="chunk")
    draft = Draft({"a": 1, "b": 2})

    assert drop.run(draft, ()) is True
    assert draft.root == {"b": 2}


# Laws


@tried(100)
@given(st.lists(drawn_actions, min_size=1, max_size=4), payloads())
def test_no_action_fails_and_the_edits_lead_there_and_back(do, payload):
    before = copy.deepcopy(payload)
    draft = Draft(payload)
    for action in actions(do):
        action.run(draft, ())

    assert exact(payload) == exact(before)
    assert_edits_lead_there_and_back(before, draft)


@modest
@given(drawn_actions, payloads())
def test_what_does_not_change_is_shared(do, payload):
    draft = run([do], payload)
    if not draft.edits:
        assert all(draft.root[key] is payload[key] for key in payload)


@tried(12)
@given(drawn_actions)
def test_no_action_fails_on_a_payload_that_nests_deep(do):
    payload = {key: nested(3000, leaf={"a": 1}) for key in ("tools", "a", "b", "stop")}
    payload["messages"] = [
        {"role": "user", "content": nested(3000), "tool_calls": [{"id": nested(3000)}], "a": payload["a"]}
    ]
    draft = Draft(payload)
    for action in actions([do]):
        action.run(draft, ())

    assert payload["messages"][0]["role"] == "user"


TWICE = [
    {"set": {"a.b": 1}},
    {"default": {"a.b": 1, "m[*].c": 2}},
    {"rename": {"a": "b", "m[*].a": "x"}},
    {"copy": {"a": "b", "m[*].a": "$.c"}},
    {"clamp": {"a": [0, 1], "m[*].a": [0, 1]}},
    {"clamp": {"a": [0, {"path": "b", "plus": -1}]}},
    {"nearest": {"a": ["none", "high"], "m[*].a": ["low"]}},
    {"append": {"stop": "x", "m[*].a": {"x": 1}}},
    {"tell": {"schema": "a", "as": "Fit: "}},
    {"truncate": {"a": 1, "stop": 2}},
    {"drop": ["a", "m[*].x", "b.**.x"]},
    {"keep": {"a": ["x"], "messages[*]": ["role", "content"]}},
    {"map": {"a": {"x": "y", "*": None}}},
    {"flatten_content": "messages[*].content"},
    {"merge_messages": {"roles": ["user", "system"]}},
    {"lead_with_system": {}},
    {"json_text": ["a", "messages[*].content", "b.**.x"]},
    {"from_json_text": ["a", "messages[*].content"]},
    {"take_parts": {"at": "messages[*]", "types": ["text"], "text": ["text", "a"], "into": "x"}},
    {"put_part": {"at": "messages[*]", "from": "x", "type": "text", "text": "text"}},
    {"arrange_turns": {"alternate": ["user", "system"], "first": "user", "last": ["tool"], "say": {"user": "?"}}},
    {"rename_tools": {"alphabet": "_0-9a-f", "length": 16}},
    {"pair_calls": {"missing": "?"}},
    {"pair_calls": {"missing": "?", "orphans": "keep"}},
    {"rewrite_ids": {"length": 9}},
    {"rewrite_ids": {"unique": True}},
    {"rewrite_ids": {"max_length": 1}},
]


@tried(15)
@given(payloads())
@cases("do", TWICE, ids=brief)
def test_the_same_action_a_second_time_changes_nothing(do, payload):
    once = run([do], payload)

    assert run([do], once.root).edits == []
