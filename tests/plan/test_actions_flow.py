"""Actions that speak, stop or repeat: where they point, what they leave alone, and what they may not touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, brief, edit, exact, holds, refuse, rule, run
from tests.strategies import any_values, conditions, tried

from quirkbook.model import MISSING
from quirkbook.payload.draft import Draft
from quirkbook.payload.path import parse
from quirkbook.plan.actions import ACTIONS, STAGES, Context, compile_actions
from quirkbook.plan.conditions import Names
from quirkbook.wire.headers import CONNECTION

cases = pytest.mark.parametrize


def fire(when, do, payload, refuses=True):
    """Run a rule whose condition holds; return the draft, or the edit that refused it."""
    draft = Draft(payload)
    draft.refuses = refuses
    compiled = rule(when, do)
    assert compiled.holds(draft.root, draft)
    for act in compiled.runs:
        act(draft, ())
    return draft.refused[0] if draft.refused else draft


# warn and reject


SUBJECTS = [
    (None, {"n": 2}, None),
    ({"n": {"gt": 1}}, {"n": 2}, ("n",)),
    ({"a.b": 1, "n": 2}, {"a": {"b": 1}, "n": 2}, ("a", "b")),
    ({"m[*].x": 1}, {"m": [{"x": 0}, {"x": 1}]}, ("m", 1, "x")),
    ({"a": {"exists": False}}, {"n": 2}, None),
    ({".": {"is": "object"}}, {"n": 2}, None),
    ({"any_of": [{"n": 2}]}, {"n": 2}, None),
    ({"$model": "*", "n": 2}, {"n": 2}, ("n",)),
]


@cases(("when", "payload", "keys"), SUBJECTS, ids=brief)
def test_a_warning_points_at_what_the_condition_speaks_of_first(when, payload, keys):
    draft = fire(when, [{"warn": "hot"}], payload)
    value = MISSING if keys is None else draft.at(keys)

    assert draft.edits == [edit("warn", "none", keys, value, value, note="hot")]
    assert draft.root == payload


@cases(("when", "payload", "keys"), SUBJECTS, ids=brief)
def test_a_refusal_points_at_the_same(when, payload, keys):
    value = MISSING if keys is None else Draft(payload).at(keys)

    assert fire(when, [{"reject": "no"}], payload) == edit("reject", "refuse", keys, value, value, note="no")


def test_reject_refuses_and_what_comes_after_it_still_runs():
    draft = Draft({"n": 1})
    first, second, third = compile_actions(
        [{"set": {"a": 1}}, {"reject": "no"}, {"set": {"b": 1}}], (), Context(Names({}), refuse)
    )
    first.run(draft, ())
    second.run(draft, ())
    third.run(draft, ())

    assert draft.refused == [edit("reject", "refuse", None, note="no")]
    assert [action for action, *_ in draft.edits] == ["set", "set"]


def test_where_the_caller_only_wants_to_be_warned_reject_speaks_and_goes_on():
    draft = fire({"n": 1}, [{"reject": "no"}, {"set": {"a": 1}}], {"n": 1}, refuses=False)

    assert draft.root == {"n": 1, "a": 1}
    assert draft.edits == [
        edit("reject", "refuse", ("n",), 1, 1, note="no"),
        edit("set", "exact", ("a",), MISSING, 1),
    ]


def test_a_subject_that_an_earlier_action_took_away_is_not_pointed_at():
    draft = fire({"n": 1}, [{"drop": ["n"]}, {"warn": "gone"}], {"n": 1})

    assert draft.edits[1] == edit("warn", "none", None, note="gone")


# Headers


def test_headers_are_named_for_the_dispatcher_and_the_payload_stays():
    draft = run(
        [{"set_header": {"X-A": "1", "X-B": "2"}}, {"drop_header": ["X-B"]}, {"set_header": {"X-A": "3"}}], {"n": 1}
    )

    assert (draft.root, draft.headers) == ({"n": 1}, {"X-A": "3", "X-B": None})
    assert draft.edits == [
        edit("set_header", "exact", None, note="X-A: 1"),
        edit("set_header", "exact", None, note="X-B: 2"),
        edit("drop_header", "exact", None, note="X-B"),
        edit("set_header", "exact", None, note="X-A: 3"),
    ]


@cases("header", [*sorted(CONNECTION), "Authorization", "api-key", "x-secret-token", "COOKIE", "X-Api-Key"])
def test_no_rule_touches_credentials_and_connection_headers(header):
    hint = "credentials and connection headers are the dispatcher's: see `auth` in the file's head"
    message = f"no rule may touch the header '{header}'"

    assert action_diagnostics([{"set_header": {"X-A": "1", header: "x"}}]) == [
        ("Q120", ("do", 0, "set_header", header), message, hint, True)
    ]
    assert action_diagnostics([{"drop_header": ["X-A", header]}]) == [
        ("Q120", ("do", 0, "drop_header", 1), message, hint, False)
    ]


# each


def each(where, *do, **when):
    return {"each": {"in": where, **when, "do": [*do]}}


def put(action, effect, *keys, before=MISSING, after=MISSING):
    return edit(action, effect, keys, before, after)


@cases(
    ("do", "payload", "after", "edits"),
    [
        (
            each("m[*]", {"set": {"x": 1}}, when={"r": "a"}),
            {"m": [{"r": "a"}, {"r": "b"}, 5, {"r": "a", "x": 1}]},
            {"m": [{"r": "a", "x": 1}, {"r": "b"}, 5, {"r": "a", "x": 1}]},
            [put("set", "exact", "m", 0, "x", after=1)],
        ),
        # Without a wildcard it is one element, be it an object or an array.
        (each("a", {"set": {"x": 1}}), {"a": {}}, {"a": {"x": 1}}, [put("set", "exact", "a", "x", after=1)]),
        (each("a", {"drop": ["[0]"]}), {"a": [1, 2]}, {"a": [2]}, [put("drop", "lossy", "a", 0, before=1)]),
        (
            each("a[-1]", {"set": {"x": 1}}),
            {"a": [{}, {}]},
            {"a": [{}, {"x": 1}]},
            [put("set", "exact", "a", 1, "x", after=1)],
        ),
        (each("a", {"set": {"x": 1}}), {}, {}, []),
        (each("a[*]", {"set": {"x": 1}}), {"a": "text"}, {"a": "text"}, []),
        # The element itself can be read and written.
        (
            each("stop[*]", {"truncate": {".": 2}}, when={".": {"len": {"gt": 2}}}),
            {"stop": ["ab", "abc"]},
            {"stop": ["ab", "ab"]},
            [put("truncate", "lossy", "stop", 1, before="abc", after="ab")],
        ),
        (
            each("a[*]", {"set": {".": 0}}, {"wrap": {".": "k"}}),
            {"a": [1]},
            {"a": [{"k": 0}]},
            [put("set", "lossy", "a", 0, before=1, after=0), put("wrap", "exact", "a", 0, before=0, after={"k": 0})],
        ),
        (
            each("a[*]", {"map": {".": {"x": "y"}}}),
            {"a": ["x", "z"]},
            {"a": ["y", "z"]},
            [put("map", "exact", "a", 0, before="x", after="y")],
        ),
        # However the items are written, and wherever they stand.
        *(
            (
                each(path, {"drop": ["."]}, when={"x": 1}),
                {"a": [{"b": [{"x": 1}, {}]}]},
                {"a": [{"b": [{}]}]},
                [put("drop", "lossy", "a", 0, "b", 0, before={"x": 1})],
            )
            for path in ("a[ * ].b[ * ]", "a[*].*[*]", "a.**.b[*]", "$.a[*].b[*]", "a[0].b[*]")
        ),
        # $.x starts at the root.
        (
            each("m[*]", {"rename": {"u": "$.u"}}, when={"$.on": True, "u": {"exists": True}}),
            {"on": True, "m": [{}, {"u": 1}]},
            {"on": True, "m": [{}, {}], "u": 1},
            [edit("rename", "exact", ("u",), MISSING, 1, ("m", 1, "u"))],
        ),
        # Elements that are dropped go last, from the end, so that no place shifts.
        (
            each("a[*]", {"drop": ["."]}, when={".": {"gt": 1}}),
            {"a": [1, 2, 3, 1]},
            {"a": [1, 1]},
            [put("drop", "lossy", "a", 2, before=3), put("drop", "lossy", "a", 1, before=2)],
        ),
        (
            each("messages[*]", {"set": {"x": 1}}, {"drop": ["."]}, {"set": {"y": 1}}, when={"r": 1}),
            {"messages": [{"r": 1}, {"r": 2}]},
            {"messages": [{"r": 2}]},
            [
                put("set", "exact", "messages", 0, "x", after=1),
                put("drop", "semantic", "messages", 0, before={"r": 1, "x": 1}),
            ],
        ),
        (
            each("a[*]", {"map": {".": {"x": None}}}),
            {"a": ["x", "y", "x"]},
            {"a": ["y"]},
            [put("drop", "lossy", "a", 2, before="x"), put("drop", "lossy", "a", 0, before="x")],
        ),
        (each("a", {"drop": ["."]}), {"a": 1, "b": 2}, {"b": 2}, [put("drop", "lossy", "a", before=1)]),
        # `in` is read once, before the first action.
        (
            each("a[*]", {"set": {"$.a[1].x": 1}}, when={"x": {"exists": False}}),
            {"a": [{}, {}]},
            {"a": [{}, {"x": 1}]},
            [put("set", "exact", "a", 1, "x", after=1)],
        ),
        # Nested once.
        (
            each("m[*]", each("c[*]", {"set": {"y": 1}}, when={"t": 1}), when={"r": 1}),
            {"m": [{"r": 1, "c": [{"t": 1}, {"t": 2}]}, {"r": 2, "c": [{"t": 1}]}]},
            {"m": [{"r": 1, "c": [{"t": 1, "y": 1}, {"t": 2}]}, {"r": 2, "c": [{"t": 1}]}]},
            [put("set", "exact", "m", 0, "c", 0, "y", after=1)],
        ),
        (
            each("m[*]", each("c[*]", {"drop": ["."]}), {"drop": ["."]}),
            {"m": [{"c": [1, 2]}, {}]},
            {"m": []},
            [
                put("drop", "lossy", "m", 0, "c", 1, before=2),
                put("drop", "lossy", "m", 0, "c", 0, before=1),
                put("drop", "lossy", "m", 1, before={}),
                put("drop", "lossy", "m", 0, before={"c": []}),
            ],
        ),
        (
            each("m[*]", each("$.c[*]", {"set": {"y": 1}})),
            {"m": [1, 2], "c": [{}]},
            {"m": [1, 2], "c": [{"y": 1}]},
            [put("set", "exact", "c", 0, "y", after=1)],
        ),
        # Elements that lie in one another.
        (
            each("a.**.x", {"drop": ["."]}),
            {"a": {"x": {"x": 1}}},
            {"a": {}},
            [put("drop", "lossy", "a", "x", "x", before=1), put("drop", "lossy", "a", "x", before={})],
        ),
        (
            each("a.**.x", {"set": {".": 0}}),
            {"a": {"x": {"x": 1}}},
            {"a": {"x": 0}},
            [put("set", "lossy", "a", "x", before={"x": 1}, after=0)],
        ),
        # The whole payload is no element.
        (each("$", {"set": {"x": 1}}), {"a": 1}, {"a": 1}, []),
    ],
    ids=brief,
)
def test_each_works_on_the_elements(do, payload, after, edits):
    draft = run([do], payload)

    assert exact(draft.root) == exact(after)
    assert draft.edits == edits


@cases(
    ("do", "after"),
    [
        (each("m[*]", {"drop": ["$.m"]}, {"set": {"x": 1}}), {}),
        (each("m[*]", {"drop": ["$.m"]}, {"drop": ["."]}), {}),
        (each("m[*]", {"set": {"$.m": "text"}}, {"set": {"x": 1}}), {"m": "text"}),
        (each("m[*]", {"drop": ["$.m[-1]"]}), {"m": [{"r": 1}]}),
        (each("m[*]", {"drop": ["$.m[*]"]}), {"m": []}),
        (each("m[*]", each("$.m[*]", {"drop": ["."]}), {"drop": ["."]}), {"m": []}),
        (each("m[*]", {"drop": ["$"]}, {"truncate": {"$.m": 1}}), {"m": [{"r": 1}]}),
    ],
    ids=brief,
)
def test_an_element_that_is_taken_away_by_a_path_from_the_root_is_let_be(do, after):
    assert run([do], {"m": [{"r": 1}, {"r": 2}, {"r": 3}]}).root == after


def test_an_element_that_is_to_go_may_be_gone_already():
    do = each("m[*]", {"map": {".": {1: None}}}, {"drop": ["$.m"]})

    assert run([do], {"m": [1, 2]}).edits == [put("drop", "lossy", "m", before=[1, 2])]


def test_reject_stops_at_the_first_element_and_points_at_it():
    refused = fire(
        None, [each("m[*]", {"reject": "no images"}, when={"t": "image"})], {"m": [{}, {"t": "image"}, {"t": "image"}]}
    )

    assert refused == edit("reject", "refuse", ("m", 1), {"t": "image"}, {"t": "image"}, note="no images")


def test_reject_in_a_nested_each_points_at_the_inner_element():
    payload = {"m": [{"c": "text"}, {"c": [{"t": "text"}, {"t": "image"}]}]}
    do = [each("m[*]", each("c[*]", {"reject": "no images"}, when={"t": "image"}))]

    assert fire({"m": {"is": "array"}}, do, payload)[2] == ("m", 1, "c", 1)


def test_a_warning_is_given_for_each_element():
    draft = fire({"n": 1}, [each("m[*]", {"warn": "odd"}, when={"t": 1})], {"n": 1, "m": [{"t": 1}, {}, {"t": 1}]})

    assert draft.edits == [edit("warn", "none", ("m", at), {"t": 1}, {"t": 1}, note="odd") for at in (0, 2)]


@cases(
    ("do", "diagnostics"),
    [
        (
            each("m[*]", each("c[*]", each("d[*]", {"set": {"x": 1}}))),
            [
                (
                    "Q120",
                    ("do", 0, "each", "do", 0, "each", "do", 0, "each"),
                    "'each' nests once, no deeper",
                    "say the rest with a wildcard path, or in a second rule",
                    False,
                )
            ],
        ),
        (
            each("m..x", {"set": {"a..b": 1}}, when={"c..d": 1, "$nope": True}),
            [
                (
                    "Q110",
                    ("do", 0, "each", "in"),
                    "'m..x' is not a field path at '..x': write keys with dots, items as [0], [-1] or [*]",
                    "",
                    False,
                ),
                (
                    "Q110",
                    ("do", 0, "each", "when", "c..d"),
                    "'c..d' is not a field path at '..d': write keys with dots, items as [0], [-1] or [*]",
                    "",
                    True,
                ),
                (
                    "Q111",
                    ("do", 0, "each", "when", "$nope"),
                    "unknown name '$nope'",
                    "this file defines none under 'let'",
                    True,
                ),
                (
                    "Q110",
                    ("do", 0, "each", "do", 0, "set", "a..b"),
                    "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]",
                    "",
                    True,
                ),
            ],
        ),
        (
            each("$request.tools[*]", {"warn": "x"}),
            [
                (
                    "Q110",
                    ("do", 0, "each", "in"),
                    "'$request.tools[*]' is for conditions: no action can change it",
                    "",
                    False,
                )
            ],
        ),
    ],
    ids=brief,
)
def test_diagnostics_of_each_are_told_where_they_stand(do, diagnostics):
    assert action_diagnostics([do]) == diagnostics


def test_a_name_asked_in_each_looks_from_the_root():
    lets = {"on": {"flag": True}}
    do = [each("m[*]", {"set": {"x": 1}}, when={"$on": True})]
    (action,) = compile_actions(do, (), Context(Names(lets), refuse))
    draft = Draft({"flag": True, "m": [{"flag": False}]})
    action.run(draft, ())

    assert draft.root == {"flag": True, "m": [{"flag": False, "x": 1}]}


# normalize_schema's door


def normalize(at, **options):
    return {"normalize_schema": {"at": at, **options}}


def test_schemas_are_normalized_where_the_path_leads():
    tools = [{"p": {"type": "object", "a": 1}}, {"p": {"type": "object"}}, {"p": None}, "x"]
    draft = run([normalize("t[*].p", drop=["a"])], {"t": tools})

    assert draft.root == {"t": [{"p": {"type": "object"}}, {"p": {"type": "object"}}, {"p": None}, "x"]}
    assert [edit[:5] for edit in draft.edits] == [
        ("normalize_schema", "lossy", ("t", 0, "p"), {"type": "object", "a": 1}, {"type": "object"})
    ]


def test_what_the_look_has_shown_of_a_schema_is_used_and_kept():
    first, second = {"const": 1}, {"type": "string"}
    draft = Draft({"t": [first, second]})
    for schema, words in ((first, {"const", "<no type>"}), (second, {"type"})):
        draft.note_seen((schema, words, None))
    (action,) = compile_actions([normalize("t[*]", const_as_enum=True)], (), Context(Names({}), refuse))

    action.run(draft, ())

    assert draft.root == {"t": [{"enum": [1]}, second]}
    assert draft.root["t"][1] is second
    words = draft.words_below(draft.root["t"][0])
    assert {"const", "enum"} <= words


def test_a_schema_with_nothing_to_do_is_left_alone():
    assert run([normalize("t", infer_type=True)], {"t": {"type": "string"}}).edits == []


def test_a_schema_that_is_too_large_stays_and_the_report_says_so():
    schema = {"$defs": {"n0": {"type": "string"}}, "$ref": "#/$defs/n15"}
    for at in range(15):
        branch = {"$ref": f"#/$defs/n{at}"}
        schema["$defs"][f"n{at + 1}"] = {"type": "object", "properties": {"a": branch, "b": branch}}
    draft = run([normalize("t", inline_refs=True)], {"t": schema})
    ((action, effect, keys, before, after, moved_from, note),) = draft.edits

    assert (action, effect, keys, moved_from) == ("normalize_schema", "none", ("t",), None)
    assert before is after is schema
    assert "10,000" in note


def test_the_whole_payload_is_no_schema():
    assert run([normalize("$", drop=["a"])], {"a": 1}).edits == []


def test_a_schema_inside_a_schema_is_normalized_first():
    draft = run([normalize("**.p", drop=["a"])], {"p": {"a": 1, "type": "object", "p": {"a": 2}}})

    assert draft.root == {"p": {"type": "object", "p": {}}}
    assert [edit[2] for edit in draft.edits] == [("p", "p"), ("p",)]


def test_a_faulty_path_of_schemas_is_told():
    message = "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]"

    assert action_diagnostics([normalize("a..b", drop=["a"])]) == [
        ("Q110", ("do", 0, "normalize_schema", "at"), message, "", False)
    ]


# The table


def test_reject_belongs_to_requests():
    message = "'reject' may only stand at stage request: an answer has come already"

    for stage in ("response", "chunk", "error"):
        assert action_diagnostics([{"reject": "no"}], stage) == [("Q120", ("do", 0, "reject"), message, "", True)]


def test_actions_on_streams_belong_to_their_stages():
    assert [
        message
        for name in ("usage_once", "number_tool_calls", "split_thinking")
        for _, _, message, _, _ in action_diagnostics([{name: {}}])
    ] == [
        "'usage_once' works on the whole and may only stand at stage chunk",
        "'number_tool_calls' works on the whole and may only stand at stage chunk",
        "'split_thinking' works on the whole and may only stand at stage answer or response or chunk",
    ]


def test_every_action_with_a_stage_is_in_the_table():
    assert set(STAGES) <= set(ACTIONS)


def test_a_context_without_a_table_of_actions_compiles_none():
    context = Context(Names({}), refuse)

    assert context.compile([{"set": {"a": 1}}], (), context) == []
    assert context.inside(parse("a[*]")).compile([{"set": {"a": 1}}], (), context) == []


# Laws


@tried(60)
@given(conditions(depth=0).filter(lambda when: "$" not in repr(when)), st.lists(any_values, max_size=4))
def test_each_drops_just_the_elements_that_its_condition_accepts(when, items):
    draft = run([each("a[*]", {"drop": ["."]}, when=when)], {"a": items})

    assert exact(draft.root["a"]) == exact([item for item in items if holds({"a": {"none": when}}, {"a": [item]})])


def test_what_an_action_took_away_the_next_one_in_it_leaves_alone():
    payload = {"messages": [{"role": "user"}]}

    done = fire({}, [each("messages[*]", {"set": {"$.messages": 1, "role": []}})], payload)

    assert done.root == {"messages": 1}


def test_nothing_is_made_below_an_element_that_went():
    done = fire({}, [each("a[*]", {"set": {"$.a": [], "x.y": 1}})], {"a": [{}]})

    assert done.root == {"a": []}


@cases(
    ("when", "pointer"),
    [
        ({"a[*].type": "image"}, ("a", 2, "type")),
        ({"a[*].type": ["image", "x"]}, ("a", 2, "type")),
        ({"a[*].type": {"ne": "text"}}, ("a", 2, "type")),
        ({"a": {"some": {"type": "image"}}}, ("a",)),
        ({"b": {"exists": False}, "a[*].type": "image"}, None),
    ],
)
def test_a_refusal_points_at_what_met_the_condition(when, pointer):
    payload = {"a": [{"type": "text"}, {"type": "text"}, {"type": "image"}]}

    assert fire(when, [{"reject": "no"}], payload)[2] == pointer
