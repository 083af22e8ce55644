import pytest
from tests.running import plan, rule, run

from quirkbook.payload.draft import Draft
from quirkbook.plan import compile, kinds
from quirkbook.plan.kinds import likely
from quirkbook.plan.needs import ABSENT, EmptyList, Not

NULL = type(None)
SET = {"set": {"z": 1}}


def probe(*conditions):
    """Return the look that a plan takes at the messages for the sake of such conditions on one of them."""
    (found,) = plan(*(rule({"messages": {"some": one}}, [SET], at) for at, one in enumerate(conditions)))._probes
    return found


def tokens(item, *conditions):
    """Return (field, mark) of what is told of an item, but for the fields it has and what it has together."""
    look = probe(*conditions)
    found = look.look([item])
    (kind,) = found.kinds
    return {(field, mark) for _, field, mark in look.tokens(kind) if field and mark is not None}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"content": "Hi"}, set()),
        ({"content": ""}, {("content", "")}),
        ({"content": None}, {("content", NULL)}),
        ({"content": ["Hi"]}, {("content", list)}),
        ({"content": []}, {("content", list)}),
        ({"content": 1}, set()),
        ({}, {("content", ABSENT)}),
    ],
)
def test_a_kind_tells_the_texts_and_types_that_rules_ask_for(item, expected):
    asked = [{"content": [None, ""]}, {"content": {"is": "array"}}, {"not": {"content": {"exists": True}}}]

    assert tokens(item, *asked) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"calls": [1]}, set()),
        ({"calls": []}, {("calls", EmptyList)}),
        ({"calls": ""}, {("calls", ""), ("calls", Not((list,)))}),
        ({"calls": None}, {("calls", Not((list,)))}),
        ({}, {("calls", ABSENT), ("calls", Not((list,)))}),
    ],
)
def test_a_kind_tells_what_a_refused_test_asks_for(item, expected):
    assert tokens(item, {"not": {"calls": {"is": "array", "len": {"gt": 0}}}}) == expected


def test_a_type_of_ones_own_may_be_anything():
    class Text(str):
        pass

    class Items(list):
        pass

    asked = [{"content": ["", "Hi"]}, {"content": {"is": "array"}}, {"not": {"content": {"len": {"gt": 0}}}}]
    either = {("content", ""), ("content", "Hi"), ("content", EmptyList)}

    assert tokens({"content": Text("Hi")}, *asked) == either | {("content", Not((list,)))}
    assert tokens({"content": Items()}, *asked) == either | {("content", list)}


def test_a_type_is_not_looked_at_where_the_key_is_telling_enough():
    look = probe({"call": {"is": "object"}})

    assert (look.fields, look.assumed) == ((), {("messages", "call", dict)})
    assert tokens({"call": "text"}, {"call": {"is": "object"}}) == {("call", dict)}
    assert tokens({}, {"call": {"is": "object"}}) == set()


@pytest.mark.parametrize("role", [1, True, ["user"], "x" * 33])
def test_where_texts_are_asked_for_and_none_stands_every_rule_is_tried(role):
    one, other = rule({"messages": {"some": {"role": "user"}}}, [SET]), rule({"n": 2}, [SET], 1)

    assert plan(one, other).candidates({"messages": [{"role": role}]}) == (one, other)
    assert plan(one, other).candidates({"messages": [{"role": None}]}) == ()


def test_one_item_must_have_all_that_is_asked_of_one():
    made = plan(rule({"messages": {"some": {"role": "user", "content": ""}}}, [SET]))
    apart = [{"role": "user", "content": "Hi"}, {"role": "tool", "content": ""}]

    assert made.candidates({"messages": apart}) == ()
    assert made.candidates({"messages": [*apart, {"role": "user", "content": ""}]}) == made.rules


def test_a_rule_waits_for_those_that_may_write_what_it_misses():
    writer = rule({"n": {"gt": 1}}, [{"append_message": {"role": "user", "content": ""}}], 0)
    other = rule({"n": {"gt": 1}}, [{"set": {"stop": "a"}}], 1)
    waits = rule({"messages": {"some": {"role": "user", "content": ""}}}, [SET], 2)
    never = rule({"messages": {"some": {"role": "tool", "content": ""}}}, [SET], 3)
    candidates, _ = plan(writer, other, waits, never).sift({"n": 1, "messages": [{"role": "user", "content": "Hi"}]})

    assert [(one.name, awaited) for one, awaited in candidates] == [
        ("test/r0", None),
        ("test/r1", None),
        ("test/r2", frozenset({0})),
    ]


def test_a_rule_that_is_idle_in_a_part_waits_for_those_that_may_write_there():
    writer = rule({"functions": {"exists": True}}, [{"rename": {"functions": "tools"}}], 0)
    idle = rule({"tools[*].type": "other"}, [SET], 1)
    payload = {"tools": [{"type": "function"}]}

    assert plan(writer, idle).sift(payload)[0] == ()
    assert plan(writer, idle).sift({**payload, "functions": []})[0] == ((writer, None), (idle, frozenset({0})))


MESSAGES = [{"role": "system"}, {"role": "user"}, {"role": "tool"}, {"role": "user"}]
USER = (frozenset({("messages", "role", "user")}),)


def seen(look):
    found = look.look(MESSAGES)
    found.tokens = {kind: look.tokens(kind) for kind in found.kinds}
    return found


def likely_in(items, needs=USER):
    draft = Draft({"messages": items})
    draft.seen = {"messages": seen(probe({"role": "user"}))}
    return [at for at, item in likely(draft, "messages", items, needs)]


def test_only_items_of_a_likely_kind_are_looked_at():
    assert likely_in(MESSAGES) == [1, 3]
    assert likely_in(list(MESSAGES)) == [1, 3]


def test_what_was_appended_is_likely():
    assert likely_in([*MESSAGES, {"role": "tool"}]) == [1, 3, 4]


@pytest.mark.parametrize("items", [MESSAGES[1:], [{"role": "user"}, *MESSAGES], [dict(one) for one in MESSAGES]])
def test_every_item_is_likely_once_others_were_changed(items):
    assert likely_in(items) == list(range(len(items)))


def test_every_item_is_likely_where_nothing_is_asked_or_nobody_looked():
    assert likely_in(MESSAGES, ()) == [0, 1, 2, 3]
    assert list(likely(Draft({}), "messages", MESSAGES, USER)) == list(enumerate(MESSAGES))


def test_a_look_answers_more_than_one_question():
    look = seen(probe({"role": ["user", "tool"]}))
    tool = (frozenset({("messages", "role", "tool")}),)

    assert (look.having(USER), look.having(tool), look.having((*USER, *tool))) == ([1, 3], [2], [])


def test_shapes_beyond_a_limit_and_very_mixed_ones_are_not_remembered(monkeypatch):
    monkeypatch.setattr(compile, "SHAPES_REMEMBERED", 2)
    made = plan(rule({"messages": {"some": {"role": "user"}}}, [SET]))
    mixed = [{f"x{number}": 1} for number in range(kinds.KINDS_REMEMBERED + 1)]

    assert made.candidates({"messages": [*mixed, {"role": "user"}]}) == made.rules
    assert made._sifted == {}
    for number in range(5):
        assert made.candidates({"messages": MESSAGES, f"x{number}": 1}) == made.rules
    assert len(made._sifted) == 1


def test_arrays_of_the_same_kinds_are_not_taken_for_one_another():
    on_messages = rule({"messages": {"some": {"role": "user", "name": "a"}}}, [SET], 0)
    on_others = rule({"others": {"some": {"role": "user", "name": "a"}}}, [SET], 1)
    made = plan(on_messages, on_others)
    items = [{"role": "user", "name": "a"}]

    assert made.candidates({"messages": items, "others": "none"}) == (on_messages,)
    assert made.candidates({"messages": "none", "others": items}) == (on_others,)


def test_ids_are_rewritten_among_messages_that_are_none():
    calls = {"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "a"}]}
    draft = run([{"rewrite_ids": {"unique": True}}], {"messages": ["text", calls]})

    assert [edit[2] for edit in draft.edits] == [("messages", 1, "tool_calls", 1, "id")]


def test_outlines_are_forgotten_beyond_a_limit(monkeypatch):
    monkeypatch.setattr(kinds, "OUTLINES_REMEMBERED", 2)
    made = plan(rule({"messages": {"some": {"role": "user", "name": "a"}}}, [SET]))

    for number in range(9):
        odd = {"role": "user", "name": "a", f"k{number}": 1}
        assert made.candidates({"messages": [odd, {"role": "tool"}]}) == made.rules
        assert made.candidates({"messages": [{"role": "tool", f"k{number}": 1}]}) == ()

    (look,) = made._probes
    assert len(look._readers) <= 2


def test_a_comparison_of_arrays_is_made_once_per_edit():
    look = seen(probe({"role": "user"}))
    longer = [*MESSAGES, {"role": "user"}]

    assert look.begins(longer, 1)
    longer.pop(0)
    assert look.begins(longer, 1)
    assert not look.begins(longer, 2)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_kind_tells_of_as_many_fields_as_matter(count):
    fields = ["calls", "content", "parts"][:count]
    asked = [{"role": "user"}, *({"not": {name: {"is": "array", "len": {"gt": 0}}}} for name in fields)]
    item = {"role": "user", **{key: [] for key in fields}}

    assert tokens(item, *asked) == {("role", "user"), *((name, EmptyList) for name in fields)}
    assert tokens({**item, **{key: [1] for key in fields}}, *asked) == {("role", "user")}


def test_a_kind_tells_the_texts_of_a_field_whose_type_matters_too():
    asked = [{"name": ["a", "b"]}, {"name": {"is": "array"}}]

    assert tokens({"name": "a"}, *asked) == {("name", "a")}
    assert tokens({"name": "c"}, *asked) == set()
    assert tokens({"name": ["a"]}, *asked) == {("name", list)}


@pytest.mark.parametrize("odd", ["role", ["role"], 1, None])
def test_what_is_no_object_is_no_item(odd):
    for conditions in [({"role": "user"},), ({"other": "user"},), ({"role": {"is": "array"}, "other": ["", "x"]},)]:
        with pytest.raises(TypeError):
            probe(*conditions).look([odd])
