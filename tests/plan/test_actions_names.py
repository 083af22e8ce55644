"""rename_tools: names that fit wherever tools are named, never two the same, and the table that brings them back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, actions, brief, edit, run
from tests.strategies import any_values, modest, payloads, tried

from quirkbook.plan.actions.names import may_be_names, names_in

cases = pytest.mark.parametrize
SPEC = {"alphabet": "A-Za-z0-9_-", "length": 64}
LONG = "x" * 65
NEW = {"files.read": "files_read_601e4e", LONG: "x" * 57 + "_9537c5", "é": "__4a9955"}


def renamed(payload, spec=SPEC):
    return run([{"rename_tools": spec}], payload)


def function(name, **more):
    return {"type": "function", "function": {"name": name}, **more}


def named(name):
    """Return a request that names a tool in every place there is."""
    return {
        "tools": [function(name), {"type": "custom", "custom": {"name": name}}, {"type": "function", "name": name}],
        "functions": [{"name": name}],
        "function_call": {"name": name},
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [function(name)]}},
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": "a", **function(name)}, {"type": "custom", "custom": {"name": name}}]},
            {"role": "assistant", "function_call": {"name": name}},
            {"role": "tool", "name": name},
            {"role": "function", "name": name},
        ],
    }  # fmt: skip


@cases("name", [*NEW])
def test_a_name_that_does_not_fit_is_made_anew_wherever_it_stands(name):
    draft = renamed(named(name))

    assert draft.root == named(NEW[name])
    assert len(draft.edits) == 11
    assert {edit_[:2] + edit_[3:5] for edit_ in draft.edits} == {("rename_tools", "exact", name, NEW[name])}


@cases(
    "choice",
    [
        lambda name: function(name),
        lambda name: {"type": "function", "name": name},
        lambda name: {"type": "custom", "custom": {"name": name}},
        lambda name: {"type": "allowed_tools", "tools": [function(name)]},
    ],
)
def test_a_choice_follows_whatever_its_form(choice):
    assert renamed({"tool_choice": choice("files.read")}).root == {"tool_choice": choice("files_read_601e4e")}


def test_each_new_name_is_told():
    assert renamed({"tools": [function("a b")]}).edits == [
        edit("rename_tools", "exact", ("tools", 0, "function", "name"), "a b", "a_b_c8687a")
    ]


@cases(
    "payload",
    [
        {},
        named("look"),
        named("x" * 64),
        named(""),
        named(None),
        named(["a.b"]),
        {"tools": [{"type": "web.search", "name": "a.b"}], "messages": [{"role": "user", "name": "a b"}]},
        {"tools": "a.b", "messages": {"tool_calls": "a.b"}, "tool_choice": "a.b", "functions": [["a.b"]]},
    ],
    ids=brief,
)
def test_names_that_fit_and_what_is_not_a_name_stay(payload):
    assert renamed(payload).edits == []


def test_a_name_of_the_providers_own_stays_everywhere():
    payload = {
        "tools": [{"type": "builtin_function", "function": {"name": "$web_search"}}],
        "messages": [{"role": "assistant", "tool_calls": [function("$web_search")]}],
    }

    assert renamed(payload).edits == []


def test_two_tools_never_get_one_name():
    first = renamed({"tools": [function("a b")]}).root["tools"][0]["function"]["name"]
    draft = renamed({"tools": [function("a b"), function("a.b"), function(first)]})
    names = [tool["function"]["name"] for tool in draft.root["tools"]]

    assert len(set(names)) == 3
    assert names[2] == first


def test_the_order_of_the_tools_does_not_matter():
    one, other = (
        renamed({"tools": [function(name) for name in names]}).root["tools"]
        for names in (["a b", "a.b"], ["a.b", "a b"])
    )

    assert one == other[::-1]


def test_names_may_have_to_begin_with_a_letter():
    spec = {"alphabet": "A-Za-z0-9_.-", "first": "A-Z", "length": 20}
    draft = renamed({"tools": [function("2fa"), function("Look"), function("look")]}, spec)
    names = [tool["function"]["name"] for tool in draft.root["tools"]]

    assert names[1] == "Look"
    assert all(re.fullmatch(r"A[2l]\w+", name) for name in (names[0], names[2]))


def test_an_alphabet_must_have_what_new_names_are_written_with():
    message = "new names are written with _, digits and the letters a to f: the alphabet must have these"

    assert action_diagnostics([{"rename_tools": {"alphabet": "A-Z", "length": 64}}]) == [
        ("Q109", ("do", 0, "rename_tools", "alphabet"), message, "", False)
    ]


def test_the_table_brings_the_callers_names_back():
    request = {"tools": [function("files.read"), function("look")]}
    (action,) = actions([{"rename_tools": SPEC}])

    assert action.restores(request) == {"files_read_601e4e": "files.read"}
    assert action.restores(renamed(request).root) == {}


# Laws

_names = st.text("ab. é\ud800", max_size=3) | st.sampled_from([LONG, LONG + "y", None, 5, ["a"]])
_requests = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.lists(_names.map(function) | any_values, max_size=4),
        "tool_choice": _names.map(function) | any_values,
        "messages": st.lists(
            _names.map(lambda name: {"role": "assistant", "tool_calls": [function(name)]}) | any_values, max_size=3
        ),
    },
)


@tried(200)
@given(_requests)
def test_afterwards_all_names_fit_differ_as_before_and_come_back(request):
    draft = renamed(request)
    (action,) = actions([{"rename_tools": SPEC}])
    back = action.restores(request)
    before, after = ([name for _, name in names_in(one)] for one in (request, draft.root))

    assert all(re.fullmatch("[A-Za-z0-9_-]{0,64}", name) for name in after if isinstance(name, str))
    assert [back.get(name, name) if isinstance(name, str) else name for name in after] == before
    assert renamed(draft.root).edits == []


@tried(200)
@given(_requests | payloads())
def test_the_quick_look_misses_no_name(request):
    assert may_be_names(request) >= {name for _, name in names_in(request) if isinstance(name, str)}


def test_the_quick_look_misses_no_place():
    assert may_be_names(named("é")) == {"é"} == may_be_names({"tool_choice": {"tools": [function("é")], "name": 5}})


@modest
@given(payloads())
def test_any_payload_passes(payload):
    renamed(payload)
