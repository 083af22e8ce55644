"""Actions on conversations: what each makes of the messages, edit by edit, and that odd ones pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import action_diagnostics, actions, brief, edit, nested, run
from tests.strategies import modest, payloads, tried

from quirkbook.model import MISSING
from quirkbook.payload.draft import Draft

cases = pytest.mark.parametrize


def says(role, content, **more):
    return {"role": role, "content": content, **more}


def text(content, **more):
    return {"type": "text", "text": content, **more}


SYSTEM, USER, ASSISTANT, TOOL = (says(role, role[0]) for role in ("system", "user", "assistant", "tool"))
IMAGE = {"type": "image_url", "image_url": {"url": "data:"}}


def conversation(do, messages, edits, after):
    draft = run([do], {"messages": messages})

    assert draft.root == {"messages": after}
    assert draft.edits == edits


def put_in(action, at, message=ASSISTANT):
    return edit(action, "semantic", ("messages", at), MISSING, message)


def gone(action, at, message):
    return edit(action, "semantic", ("messages", at), message)


def content(action, at, before, after):
    return edit(action, "semantic", ("messages", at, "content"), before, after)


# Putting messages in


@cases(
    ("do", "messages", "edits", "after"),
    [
        ({"append_message": ASSISTANT}, [USER], [put_in("append_message", 1)], [USER, ASSISTANT]),
        ({"append_message": ASSISTANT}, [], [put_in("append_message", 0)], [ASSISTANT]),
        ({"prepend_message": ASSISTANT}, [USER], [put_in("prepend_message", 0)], [ASSISTANT, USER]),
        ({"prepend_message": ASSISTANT}, [], [put_in("prepend_message", 0)], [ASSISTANT]),
        (
            {"insert_message": {"between": ["tool", "user"], "message": ASSISTANT}},
            [USER, TOOL, USER, TOOL, USER],
            [put_in("insert_message", 4), put_in("insert_message", 2)],
            [USER, TOOL, ASSISTANT, USER, TOOL, ASSISTANT, USER],
        ),
        (
            {"insert_message": {"between": ["user", "user"], "message": ASSISTANT}},
            [USER, USER, USER],
            [put_in("insert_message", 2), put_in("insert_message", 1)],
            [USER, ASSISTANT, USER, ASSISTANT, USER],
        ),
        ({"insert_message": {"between": ["tool", "user"], "message": ASSISTANT}}, [USER, TOOL], [], [USER, TOOL]),
        ({"insert_message": {"between": ["tool", "user"], "message": ASSISTANT}}, [], [], []),
        (
            {"insert_message": {"between": ["tool", "user"], "message": ASSISTANT}},
            [TOOL, "user", None, {"role": ["user"]}, USER],
            [],
            [TOOL, "user", None, {"role": ["user"]}, USER],
        ),
    ],
    ids=brief,
)
def test_messages_are_put_in(do, messages, edits, after):
    conversation(do, messages, edits, after)


@cases("name", ["append_message", "prepend_message"])
def test_a_payload_without_messages_gets_some(name):
    draft = run([{name: USER}], {"n": 1})

    assert draft.root == {"n": 1, "messages": [USER]}
    assert draft.edits == [edit(name, "semantic", ("messages",), MISSING, [USER])]


def test_each_message_that_is_put_in_is_a_copy_of_the_rules():
    message = says("user", [text("a")])
    draft = run([{"append_message": message}, {"set": {"messages[*].content[0].text": "b"}}], {"messages": []})

    assert draft.root == {"messages": [says("user", [text("b")])]}
    assert message == says("user", [text("a")])
    assert draft.edits[0] == put_in("append_message", 0, says("user", [text("a")]))


EVERY = [
    {"append_message": USER},
    {"prepend_message": USER},
    {"insert_message": {"between": ["user", "user"], "message": USER}},
    {"merge_messages": {"roles": ["user"]}},
    {"lead_with_system": {}},
    {"rewrite_ids": {"length": 9}},
]


@cases("messages", [None, "text", 5, True, {}, {"role": "user"}])
@cases("do", EVERY, ids=brief)
def test_what_is_no_list_of_messages_stays(do, messages):
    assert run([do], {"messages": messages}).edits == []


# merge_messages


def merge(*roles, **join):
    return {"merge_messages": {"roles": [*roles], **join}}


@cases(
    ("do", "messages", "edits", "after"),
    [
        (
            merge("user"),
            [says("user", "a"), says("user", "b")],
            [content("merge_messages", 0, "a", "a\n\nb"), gone("merge_messages", 1, says("user", "b"))],
            [says("user", "a\n\nb")],
        ),
        (
            merge("user", join=" "),
            [says("user", "a"), says("user", "b"), says("user", "c")],
            [
                content("merge_messages", 0, "a", "a b c"),
                gone("merge_messages", 2, says("user", "c")),
                gone("merge_messages", 1, says("user", "b")),
            ],
            [says("user", "a b c")],
        ),
        (
            merge("user", "system"),
            [SYSTEM, SYSTEM, USER, ASSISTANT, ASSISTANT, USER, USER],
            [
                content("merge_messages", 5, "u", "u\n\nu"),
                gone("merge_messages", 6, USER),
                content("merge_messages", 0, "s", "s\n\ns"),
                gone("merge_messages", 1, SYSTEM),
            ],
            [says("system", "s\n\ns"), USER, ASSISTANT, ASSISTANT, says("user", "u\n\nu")],
        ),
        # Two strings are joined; otherwise both become parts.
        (
            merge("user"),
            [says("user", "a"), says("user", [IMAGE])],
            [content("merge_messages", 0, "a", [text("a"), IMAGE]), gone("merge_messages", 1, says("user", [IMAGE]))],
            [says("user", [text("a"), IMAGE])],
        ),
        (
            merge("user"),
            [says("user", [IMAGE]), says("user", "a"), says("user", "b")],
            [
                content("merge_messages", 0, [IMAGE], [IMAGE, text("a"), text("b")]),
                gone("merge_messages", 2, says("user", "b")),
                gone("merge_messages", 1, says("user", "a")),
            ],
            [says("user", [IMAGE, text("a"), text("b")])],
        ),
        (
            merge("user", join=""),
            [says("user", ""), says("user", "")],
            [gone("merge_messages", 1, says("user", ""))],
            [says("user", "")],
        ),
    ],
    ids=brief,
)
def test_neighbours_of_one_role_are_merged(do, messages, edits, after):
    conversation(do, messages, edits, after)


@cases(
    "messages",
    [
        [USER],
        [],
        [USER, ASSISTANT, USER],
        [ASSISTANT, ASSISTANT],
        [USER, says("user", "b", name="x")],
        [says("user", "a", name="x"), USER],
        [says("user", None), USER],
        [says("user", {"type": "text"}), USER],
        [{"role": "user"}, USER],
        [USER, "user", USER],
        [USER, None, USER],
        [{"role": ["user"], "content": "a"}, {"role": ["user"], "content": "a"}],
    ],
    ids=brief,
)
def test_what_holds_more_than_role_and_content_is_not_merged(messages):
    conversation(merge("user"), messages, [], messages)


def test_merging_is_linear_in_the_messages():
    draft = run([merge("user", join="")], {"messages": [says("user", "x")] * 3000})

    assert draft.root == {"messages": [says("user", "x" * 3000)]}


# lead_with_system


@cases(
    ("do", "messages", "edits", "after"),
    [
        ({"lead_with_system": {}}, [SYSTEM, USER], [], [SYSTEM, USER]),
        ({"lead_with_system": {}}, [USER], [], [USER]),
        ({"lead_with_system": {}}, [], [], []),
        (
            {"lead_with_system": {}},
            [USER, SYSTEM],
            [gone("lead_with_system", 1, SYSTEM), put_in("lead_with_system", 0, SYSTEM)],
            [SYSTEM, USER],
        ),
        (
            {"lead_with_system": {}},
            [says("system", "a"), USER, says("system", "b", name="x"), USER, says("system", "c")],
            [
                gone("lead_with_system", 4, says("system", "c")),
                gone("lead_with_system", 2, says("system", "b", name="x")),
                content("lead_with_system", 0, "a", "a\n\nb\n\nc"),
            ],
            [says("system", "a\n\nb\n\nc"), USER, USER],
        ),
        (
            {"lead_with_system": {"join": "|"}},
            [USER, says("system", "a", name="x"), says("system", [text("b")])],
            [
                gone("lead_with_system", 2, says("system", [text("b")])),
                gone("lead_with_system", 1, says("system", "a", name="x")),
                put_in("lead_with_system", 0, says("system", [text("a"), text("b")], name="x")),
            ],
            [says("system", [text("a"), text("b")], name="x"), USER],
        ),
        # What holds no text stays where it is.
        (
            {"lead_with_system": {}},
            [says("system", None), USER, SYSTEM],
            [gone("lead_with_system", 2, SYSTEM), put_in("lead_with_system", 0, SYSTEM)],
            [SYSTEM, says("system", None), USER],
        ),
        ({"lead_with_system": {}}, [USER, {"role": "system"}, "system"], [], [USER, {"role": "system"}, "system"]),
    ],
    ids=brief,
)
def test_system_messages_gather_at_the_front(do, messages, edits, after):
    conversation(do, messages, edits, after)


def test_parts_that_were_gathered_can_be_changed_without_changing_the_report():
    do = [
        {"set": {"messages[*].content[*].x": 1}},
        {"lead_with_system": {}},
        {"set": {"messages[*].content[*].x": 2}},
    ]
    draft = run(do, {"messages": [says("user", "u"), says("system", [text("a")])]})

    assert draft.root == {"messages": [says("system", [text("a", x=2)]), says("user", "u")]}
    assert draft.edits[1] == gone("lead_with_system", 1, says("system", [text("a", x=1)]))


# flatten_content


@cases(
    ("do", "value", "after", "effect"),
    [
        ("a", [text("x")], "x", "exact"),
        ("a", [text("x"), text("y")], "x\ny", "exact"),
        ({"at": "a"}, [text("x"), text("y")], "x\ny", "exact"),
        ({"at": "a", "join": ""}, [text("x"), text("y")], "xy", "exact"),
        ("a", [text("")], "", "exact"),
        ("a", [text("x", cache_control={}), text("y")], "x\ny", "lossy"),
        ("a", [], None, None),
        ("a", [text("x"), IMAGE], None, None),
        ("a", [text("x"), "y"], None, None),
        ("a", [text(None)], None, None),
        ("a", [{"type": "text"}], None, None),
        ("a", [{"text": "x"}], None, None),
        ("a", "x", None, None),
        ("a", text("x"), None, None),
        ("a", None, None, None),
    ],
    ids=brief,
)
def test_text_parts_alone_become_a_string(do, value, after, effect):
    draft = run([{"flatten_content": do}], {"a": value})

    assert draft.root == {"a": value if after is None else after}
    assert draft.edits == ([] if after is None else [edit("flatten_content", effect, ("a",), value, after)])


def test_contents_are_flattened_in_document_order_wherever_the_path_leads():
    messages = [says("user", [text("a")]), says("user", [IMAGE]), "x", says("tool", [text("b"), text("c")])]

    conversation(
        {"flatten_content": "messages[*].content"},
        messages,
        [
            edit("flatten_content", "exact", ("messages", 0, "content"), [text("a")], "a"),
            edit("flatten_content", "exact", ("messages", 3, "content"), [text("b"), text("c")], "b\nc"),
        ],
        [says("user", "a"), says("user", [IMAGE]), "x", says("tool", "b\nc")],
    )


def test_a_content_inside_a_content_is_flattened_first():
    inner = {"type": "text", "text": "a", "content": [text("b")]}
    draft = run([{"flatten_content": "**.content"}], {"content": [inner]})

    assert draft.root == {"content": "a"}
    assert draft.edits == [
        edit("flatten_content", "exact", ("content", 0, "content"), [text("b")], "b"),
        edit("flatten_content", "lossy", ("content",), [{**inner, "content": "b"}], "a"),
    ]


def test_the_whole_payload_is_no_content():
    assert run([{"flatten_content": "$"}], {"a": 1}).edits == []


# rewrite_ids


def calls(*ids):
    return {"role": "assistant", "tool_calls": [{} if each is MISSING else {"id": each} for each in ids]}


def result(of):
    return {"role": "tool", "tool_call_id": of}


def ids(messages):
    """Return the ids of calls and results, in order."""
    found = []
    for message in messages:
        found += [call["id"] for call in message.get("tool_calls", [])]
        found += [message["tool_call_id"]] if "tool_call_id" in message else []
    return found


def rewritten(spec, *messages):
    return run([{"rewrite_ids": spec}], {"messages": [*messages]})


NINE = {"length": 9}


@cases(
    ("spec", "messages"),
    [
        (NINE, [calls("abcdefgh1", "ABCDEFGH2"), result("abcdefgh1"), result("ABCDEFGH2")]),
        ({"length": 3, "alphabet": "lower"}, [calls("a1b"), result("a1b")]),
        ({"unique": True}, [calls("functions.f:0", "any thing"), result("any thing"), result("functions.f:0")]),
        ({"max_length": 40}, [calls("x" * 40), result("x" * 40)]),
        ({"max_length": 3, "alphabet": "lower"}, [calls("a1"), result("a1")]),
        # Ids of results that no call bears.
        (NINE, [result("call_1")]),
        (NINE, [result("call_1"), calls("abcdefgh1")]),
        (NINE, [{"role": "tool", "tool_call_id": None}, {"role": "tool", "tool_call_id": ["x"]}]),
        # What is no list of calls, and what is no call.
        (NINE, [{"role": "assistant", "tool_calls": None}, {"tool_calls": {"id": "x"}}, "x", 5]),
        (NINE, [{"role": "assistant", "tool_calls": ["x", None, 5]}]),
    ],
    ids=brief,
)
def test_ids_that_fit_stay(spec, messages):
    assert rewritten(spec, *messages).edits == []


def test_an_unfit_id_is_made_anew_alike_in_call_and_result():
    draft = rewritten(NINE, calls("call_1"), result("call_1"))
    new = ids(draft.root["messages"])[0]

    assert re.fullmatch("[A-Za-z0-9]{9}", new)
    assert draft.root == {"messages": [calls(new), result(new)]}
    assert draft.edits == [
        edit("rewrite_ids", "exact", ("messages", 0, "tool_calls", 0, "id"), "call_1", new),
        edit("rewrite_ids", "exact", ("messages", 1, "tool_call_id"), "call_1", new),
    ]


def test_ids_are_rewritten_beside_what_is_no_message():
    draft = rewritten(NINE, "text", calls("call_1"), None, result("call_1"))

    assert draft.root["messages"][::2] == ["text", None]
    assert len(set(ids(draft.root["messages"][1::2]))) == 1


@cases(
    ("spec", "old"),
    [
        ({"max_length": 40}, "x" * 41),
        ({"max_length": 2}, "abc"),
        ({"max_length": 9, "alphabet": "lower"}, "A"),
        (NINE, 7),
    ],
)
def test_an_id_that_is_too_long_or_of_other_letters_or_a_number_is_made_anew(spec, old):
    draft = rewritten(spec, calls(old), result(old))
    new, its = ids(draft.root["messages"])

    assert re.fullmatch("[A-Za-z0-9]+", new)
    assert its == new != old


def test_the_same_conversation_gets_the_same_ids():
    conversation = [calls("call_1", "é\ud800"), result("call_1")]

    assert rewritten(NINE, *conversation).root == rewritten(NINE, *conversation).root
    assert ids(rewritten(NINE, *conversation).root["messages"]) == ["Flgs57zyL", "wuOsnhugZ", "Flgs57zyL"]


@cases(
    ("spec", "form"),
    [
        (NINE, "[A-Za-z0-9]{9}"),
        ({"length": 40, "alphabet": "lower"}, "[a-z0-9]{40}"),
        ({"length": 64}, "[A-Za-z0-9]{64}"),
        ({"unique": True}, "[A-Za-z0-9]{24}"),
        ({"max_length": 40}, "[A-Za-z0-9]{24}"),
        ({"max_length": 5, "alphabet": "lower"}, "[a-z0-9]{5}"),
    ],
)
@cases("old", [MISSING, None, "", 5, True, ["x"], {"a": 1}, 10**5000], ids=lambda old: type(old).__name__)
def test_a_missing_id_and_one_that_is_no_text_is_made(spec, form, old):
    (new,) = ids(rewritten(spec, calls(old)).root["messages"])

    assert re.fullmatch(form, new)


def test_an_id_that_nests_deep_is_made_anew():
    draft = Draft({"messages": [calls(nested(3000))]})
    for action in actions([{"rewrite_ids": NINE}]):
        action.run(draft, ())

    assert re.fullmatch("[A-Za-z0-9]{9}", ids(draft.root["messages"])[0])


@cases("spec", [NINE, {"unique": True}])
def test_twins_of_one_turn_are_told_apart_and_results_follow_in_order(spec):
    draft = rewritten(
        spec, calls("abcdefgh1", "abcdefgh1"), result("abcdefgh1"), result("abcdefgh1"), result("abcdefgh1")
    )
    first, second, *results = ids(draft.root["messages"])

    assert first == "abcdefgh1"
    assert second != first
    assert results == [first, second, second]


def test_a_result_follows_the_nearest_turn_before_it():
    draft = rewritten(
        NINE, calls("call_1"), result("call_1"), calls("call_1"), result("call_1"), calls("x"), result("call_1")
    )
    first, its, second, others, _, last = ids(draft.root["messages"])

    assert first != second
    assert (its, others, last) == (first, second, second)


def test_twins_of_two_turns_may_stay():
    assert rewritten({"unique": True}, calls("a"), result("a"), calls("a"), result("a")).edits == []


def test_a_new_id_never_takes_one_that_stands_in_the_turn():
    (taken,) = ids(rewritten({"length": 1, "alphabet": "lower"}, calls("call_1")).root["messages"])
    new, other = ids(rewritten({"length": 1, "alphabet": "lower"}, calls("call_1", taken)).root["messages"])

    assert other == taken
    assert new != taken


def test_more_calls_than_there_are_ids_still_end():
    made = ids(rewritten({"length": 1, "alphabet": "lower"}, calls(*["call_1"] * 37)).root["messages"])

    assert len(set(made)) == 36


# Faults


@cases("do", EVERY, ids=brief)
def test_what_works_on_the_whole_conversation_stands_in_requests_and_outside_each(do):
    (name,) = do
    message = f"'{name}' works on the whole and may only stand"

    assert action_diagnostics([{"each": {"in": "messages[*]", "do": [do]}}]) == [
        ("Q120", ("do", 0, "each", "do", 0, name), f"{message} outside 'each'", "", True)
    ]
    for stage in ("response", "chunk", "error"):
        assert action_diagnostics([do], stage) == [("Q120", ("do", 0, name), f"{message} at stage request", "", True)]


def test_two_lengths_are_one_too_many():
    found = [("Q109", ("do", 0, "rewrite_ids", "max_length"), "'length' says it already", "write one of the two", True)]

    assert action_diagnostics([{"rewrite_ids": {"length": 9, "max_length": 9}}]) == found


@cases(
    ("argument", "keys"),
    [("a..b", ("do", 0, "flatten_content")), ({"at": "a..b"}, ("do", 0, "flatten_content", "at"))],
)
def test_a_faulty_path_is_told(argument, keys):
    message = "'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]"

    assert action_diagnostics([{"flatten_content": argument}]) == [("Q110", keys, message, "", False)]


# Laws


@tried(60)
@given(st.sampled_from([NINE, {"unique": True}, {"length": 2, "alphabet": "lower"}, {"max_length": 1}]), payloads())
def test_after_rewriting_all_ids_fit_and_no_turn_has_twins(spec, payload):
    after = run([{"rewrite_ids": spec}], payload).root.get("messages")
    for message in after if isinstance(after, list) else []:
        found = message.get("tool_calls") if isinstance(message, dict) else None
        of_turn = [call["id"] for call in found if isinstance(call, dict)] if isinstance(found, list) else []
        assert len(set(of_turn)) == len(of_turn)
        assert all(len(each) == spec.get("length", len(each)) for each in of_turn)
        assert all(0 < len(each) <= spec.get("max_length", 99) for each in of_turn)


def letters(payload):
    """Return all letters of all contents that are text, sorted."""
    contents = [one["content"] for one in payload["messages"] if isinstance(one.get("content"), str)]
    return sorted("".join(contents))


_texts = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "tool"]), "content": st.text(max_size=3) | st.none()}
    ),
    max_size=6,
)


@modest
@given(_texts)
def test_no_text_is_lost_by_gathering_and_merging(messages):
    do = [{"lead_with_system": {"join": ""}}, merge("user", "system", "tool", join="")]

    assert letters(run(do, {"messages": messages}).root) == letters({"messages": messages})
