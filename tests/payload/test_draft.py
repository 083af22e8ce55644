"""Drafts: edits copy what they change and nothing else, each is recorded, and what is recorded stays true."""

from __future__ import annotations

import copy

import pytest
from tests.running import assert_edits_lead_there_and_back, edit

from quirkbook.model import MISSING, Effect
from quirkbook.payload.draft import BOOLEAN_BELOW, Draft
from quirkbook.payload.literals import clone, cloner

EXACT, LOSSY = Effect.EXACT, Effect.LOSSY


def payload():
    return {"a": {"b": [{"c": 1}, {"c": 2}]}, "d": {"e": 3}}


def put(draft):
    draft.put("set", LOSSY, ("a", "b", 0, "c"), 5)


def replace(draft):
    draft.replace("clamp", LOSSY, ("a", "b", 0, "c"), 1, 5, "too low")


def remove_item(draft):
    draft.remove("drop", LOSSY, ("a", "b", 0), "gone")


def remove_member(draft):
    draft.remove("drop", LOSSY, ("d",))


def insert(draft):
    draft.insert("append_message", EXACT, ("a", "b", 2), {"c": 3})


def move(draft):
    draft.move("rename", EXACT, ("d", "e"), ("a", "e"))


def move_up(draft):
    draft.move("rename", EXACT, ("a", "b"), ("b",))


@pytest.mark.parametrize(
    ("change", "after", "recorded"),
    [
        (
            put,
            {"a": {"b": [{"c": 5}, {"c": 2}]}, "d": {"e": 3}},
            edit("set", "lossy", ("a", "b", 0, "c"), 1, 5),
        ),
        (
            replace,
            {"a": {"b": [{"c": 5}, {"c": 2}]}, "d": {"e": 3}},
            edit("clamp", "lossy", ("a", "b", 0, "c"), 1, 5, note="too low"),
        ),
        (
            remove_item,
            {"a": {"b": [{"c": 2}]}, "d": {"e": 3}},
            edit("drop", "lossy", ("a", "b", 0), {"c": 1}, note="gone"),
        ),
        (remove_member, {"a": {"b": [{"c": 1}, {"c": 2}]}}, edit("drop", "lossy", ("d",), {"e": 3})),
        (
            insert,
            {"a": {"b": [{"c": 1}, {"c": 2}, {"c": 3}]}, "d": {"e": 3}},
            edit("append_message", "exact", ("a", "b", 2), MISSING, {"c": 3}),
        ),
        (
            move,
            {"a": {"b": [{"c": 1}, {"c": 2}], "e": 3}, "d": {}},
            edit("rename", "exact", ("a", "e"), MISSING, 3, ("d", "e")),
        ),
        (
            move_up,
            {"a": {}, "d": {"e": 3}, "b": [{"c": 1}, {"c": 2}]},
            edit("rename", "exact", ("b",), MISSING, [{"c": 1}, {"c": 2}], ("a", "b")),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_edit_is_made_on_copies_and_recorded(change, after, recorded):
    given = payload()
    draft = Draft(given)
    change(draft)

    assert (draft.root, draft.edits) == (after, [recorded])
    assert given == payload()
    assert_edits_lead_there_and_back(given, draft)


def test_what_no_edit_touches_is_the_callers_own():
    given = payload()
    draft = Draft(given)
    put(draft)

    assert draft.root is not given
    assert draft.root["d"] is given["d"]
    assert draft.root["a"]["b"] is not given["a"]["b"]
    assert draft.root["a"]["b"][0] is not given["a"]["b"][0]
    assert draft.root["a"]["b"][1] is given["a"]["b"][1]


def test_a_container_is_copied_once():
    draft = Draft(payload())
    put(draft)
    first = draft.root["a"]["b"]
    draft.put("set", LOSSY, ("a", "b", 1, "c"), 6)

    assert draft.root["a"]["b"] is first
    assert draft.root["a"]["b"] == [{"c": 5}, {"c": 6}]


def test_a_list_that_items_are_added_to_is_copied_once():
    before = {"messages": [1]}
    draft = Draft(before)
    draft.append("append_message", EXACT, "messages", draft.root["messages"], 2)
    copied = draft.root["messages"]
    draft.append("append_message", EXACT, "messages", copied, 3)

    assert draft.root["messages"] is copied and copied == [1, 2, 3]
    assert before == {"messages": [1]}
    assert_edits_lead_there_and_back(before, draft)


@pytest.mark.parametrize(
    ("keys", "value"),
    [(("a", "b", 0, "c"), 1.0), (("d",), {"e": 3}), (("a", "b"), [{"c": 1}, {"c": 2}])],
)
def test_an_equal_value_is_no_edit_and_copies_nothing(keys, value):
    given = payload()
    draft = Draft(given)
    draft.put("set", LOSSY, keys, value)

    assert (draft.root, draft.edits) == (given, [])
    assert all(draft.root[key] is given[key] for key in given)


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (None, False), (MISSING, None)])
def test_unlike_types_are_an_edit(before, after):
    draft = Draft({} if before is MISSING else {"a": before})
    draft.put("set", LOSSY, ("a",), after)

    assert draft.edits == [edit("set", "lossy", ("a",), before, after)]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ((), payload()),
        (("a", "b", 1, "c"), 2),
        (("a", "b", 2), MISSING),
        (("a", "x"), MISSING),
        (("a", "x", "y", 0), MISSING),
        (("a", 0), MISSING),
        (("a", "b", "c"), MISSING),
        (("d", "e", "f"), MISSING),
        (("t", 0), MISSING),
    ],
)
def test_what_is_no_longer_there_is_missing(keys, value):
    assert Draft({**payload(), "t": "text"} if keys == ("t", 0) else payload()).at(keys) == value


def test_a_remark_changes_nothing():
    draft = Draft(payload())
    draft.remark("warn", Effect.NONE, "hot", ("d", "e"))
    draft.remark("set_header", EXACT, "X-A: 1")

    assert draft.edits == [
        edit("warn", "none", ("d", "e"), 3, 3, note="hot"),
        edit("set_header", "exact", None, note="X-A: 1"),
    ]
    assert draft.root == payload()


def wrap(draft, keys):
    value = draft.at(keys)
    draft.replace("wrap", EXACT, keys, value, {"in": value})


def test_what_an_edit_records_is_not_changed_by_later_ones():
    given = payload()
    draft = Draft(given)
    draft.put("set", LOSSY, ("d", "e"), 4)  # the draft's own copy of d from here on
    wrap(draft, ("d",))
    recorded = copy.deepcopy(draft.edits)
    draft.put("set", LOSSY, ("d", "in", "e"), 5)

    assert draft.edits[:-1] == recorded
    assert draft.root["d"] == {"in": {"e": 5}}
    assert_edits_lead_there_and_back(given, draft)


def test_a_value_that_stands_in_two_places_is_changed_in_one():
    draft = Draft(payload())
    put(draft)  # the draft's own copies of a, b and the item
    draft.put("copy", EXACT, ("twin",), draft.root["a"])
    draft.put("set", LOSSY, ("a", "b", 0, "c"), 7)
    draft.put("set", LOSSY, ("twin", "b", 1, "c"), 8)

    assert draft.root["a"] == {"b": [{"c": 7}, {"c": 2}]}
    assert draft.root["twin"] == {"b": [{"c": 5}, {"c": 8}]}
    assert_edits_lead_there_and_back(payload(), draft)


def test_a_moved_value_may_be_changed_where_it_stands_now():
    given = payload()
    draft = Draft(given)
    put(draft)
    draft.move("rename", EXACT, ("a",), ("z",))
    draft.put("set", LOSSY, ("z", "b", 0, "c"), 6)

    assert draft.edits[1] == edit("rename", "exact", ("z",), MISSING, {"b": [{"c": 5}, {"c": 2}]}, ("a",))
    assert draft.root == {"d": {"e": 3}, "z": {"b": [{"c": 6}, {"c": 2}]}}
    assert_edits_lead_there_and_back(given, draft)


@pytest.mark.parametrize("literal", [{"a": 1}, {"a": {"b": [1]}}, [1, {"a": 2}], [], {}])
def test_a_rules_literal_is_handed_out_as_copies(literal):
    make = cloner(literal)
    one, other = make(), make()

    assert one == other == literal
    assert one is not other
    assert one is not literal


def test_no_part_of_a_literal_is_shared():
    literal = {"a": {"b": [1]}, "l": [[2]]}
    made = clone(literal)
    made["a"]["b"].append(2)
    made["l"][0].append(3)

    assert literal == {"a": {"b": [1]}, "l": [[2]]}


@pytest.mark.parametrize("scalar", [None, True, 1, 1.5, "text"])
def test_scalars_are_handed_out_as_they_are(scalar):
    assert cloner(scalar)() is scalar


def test_a_draft_holds_every_refusal_apart_from_its_edits():
    draft = Draft({"a": 1})
    draft.refuse("reject", "no", ("a",))
    draft.refuse("reject", "never")

    assert draft.refused == [
        edit("reject", "refuse", ("a",), 1, 1, note="no"),
        edit("reject", "refuse", None, note="never"),
    ]
    assert (draft.edits, Draft({}).refused) == ([], [])


def test_a_draft_that_only_speaks_remarks_on_what_it_would_refuse():
    draft = Draft({"a": 1})
    draft.refuses = False
    draft.refuse("reject", "no", ("a",))

    assert (draft.refused, draft.edits) == ([], [edit("reject", "refuse", ("a",), 1, 1, note="no")])


# What a look has shown


def below(draft, *keys):
    return draft.words_below(draft.at(keys)) - {BOOLEAN_BELOW}


def test_the_keys_below_a_container_are_those_at_any_depth():
    draft = Draft({"a": [{"b": [{"c": 1}]}, "d"], "e": "f"})

    assert below(draft) == {"a", "b", "c", "e"}
    assert below(draft, "a") == {"b", "c"}
    assert below(draft, "e") == set()


def test_they_are_looked_for_once_while_nobody_edits_there():
    draft = Draft(payload())
    seen = draft.words_below(draft.root["a"])
    draft.put("set", LOSSY, ("d", "e"), 4)

    assert draft.words_below(draft.root["a"]) is seen
    assert Draft.looked_at == {}


def test_they_are_looked_for_again_after_an_edit_and_never_kept_of_what_is_edited_where_it_stands():
    draft = Draft(payload())
    assert (below(draft), below(draft, "a")) == ({"a", "b", "c", "d", "e"}, {"b", "c"})

    put(draft)
    draft.put("set", LOSSY, ("a", "x"), 1)
    assert (below(draft), below(draft, "a")) == ({"a", "b", "c", "d", "e", "x"}, {"b", "c", "x"})

    draft.put("set", LOSSY, ("a", "y"), 1)
    draft.move("rename", EXACT, ("a",), ("z",))  # from here on it is no longer the draft's own
    assert below(draft, "z") == {"b", "c", "x", "y"}


def test_what_a_look_has_shown_of_a_new_value_is_kept():
    draft = Draft(payload())
    draft.note_seen((draft.root["a"], {"b", "more"}, None))

    assert below(draft, "a") == {"b", "more"}
