"""One look at a payload finds the rules that may concern it: each mark, each odd shape, and the source of the look."""

from __future__ import annotations

import sys
import threading
import traceback

import pytest
from tests.running import brief, plan, rule

from quirkbook.payload.path import Wild
from quirkbook.plan.gates import ABSENT, EMPTY, LONGEST_MARK, Beside, Not, Word
from quirkbook.plan.look import Look, Schemas

EACH = Wild.ITEMS
ROLE, CONTENT = ("messages", EACH, "role"), ("messages", EACH, "content")
LONG = "x" * (LONGEST_MARK + 1)


def clause(*gates):
    return frozenset(gates)


def messages(*items):
    return {"messages": list(items)}


@pytest.mark.parametrize(
    ("gate", "opened_by", "shut_for"),
    [
        # Something stands there.
        ((("a",), None), [{"a": None}, {"a": {}}], [{}, {"b": {"a": 1}}]),
        ((("a", "b"), None), [{"a": {"b": None}}], [{"a": {}}, {"a": [{"b": 1}]}, {"a": None}, {"b": 1}]),
        ((("a", EACH), None), [{"a": [None]}], [{"a": []}, {"a": {"b": 1}}, {"a": "text"}]),
        ((ROLE, None), [messages({}, {"role": 1})], [messages({}), messages([], "role"), {"messages": "role"}, {}]),
        # A text, a type.
        ((("a",), "x"), [{"a": "x"}], [{"a": "y"}, {"a": LONG}, {"a": 1}, {"a": ["x"]}, {"a": {"x": 1}}]),
        ((ROLE, "tool"), [messages({"role": "user"}, {"role": "tool"})], [messages({"role": {}}), messages("tool")]),
        ((("a",), int), [{"a": 1}], [{"a": True}, {"a": 1.0}, {"a": "1"}]),
        ((("a",), type(None)), [{"a": None}], [{}, {"a": 0}]),
        # What is not there, or of another type.
        (
            (CONTENT, ABSENT),
            [messages({}), messages("text"), messages({"content": 1}, [])],
            [messages(), {"messages": {}}],
        ),
        (
            (CONTENT, Not((str,))),
            [messages({"content": 1}), messages({}), messages(1)],
            [messages({"content": ""}), {}],
        ),
        (
            (CONTENT, EMPTY),
            [messages({"content": []}), messages({"content": {}})],
            [messages({"content": ""}), messages({"content": [1]}), messages({"content": 0})],
        ),
        ((("a", "b", "c"), ABSENT), [{"a": {"b": {}}}, {"a": {"b": 1}}], [{"a": {}}, {"a": 1}, {"a": {"b": {"c": 1}}}]),
        # A value beside a text.
        (
            (CONTENT, Beside("", "role", "user")),
            [messages({"role": "tool", "content": ""}, {"role": "user", "content": ""})],
            [messages({"role": "user", "content": "a"}, {"role": "tool", "content": ""}), messages({"content": ""})],
        ),
        (
            (CONTENT, Beside(list, "role", "user")),
            [messages({"role": "user", "content": []})],
            [messages({"role": "user", "content": ""}), messages({"role": ["user"], "content": []})],
        ),
        (
            (CONTENT, Beside(EMPTY, "role", "user")),
            [messages({"role": "user", "content": []})],
            [messages({"role": "user", "content": [1]})],
        ),
        (
            (CONTENT, Beside(None, "role", "user")),
            [messages({"role": "user", "content": 1})],
            [messages({"role": "user"}, {"content": 1})],
        ),
        # A word at any depth.
        (
            (("a",), Word("const")),
            [{"a": {"x": [{"const": 1}]}}, {"a": [{"const": 1}]}],
            [{"a": "const"}, {"a": {"x": "const"}}, {"const": 1}],
        ),
    ],
    ids=brief,
)
def test_a_gate_is_open(gate, opened_by, shut_for):
    look = Look([None, clause(gate), None])

    assert [look.rules(payload, Schemas({})) for payload in opened_by] == [[0, 1, 2]] * len(opened_by)
    assert [look.rules(payload, Schemas({})) for payload in shut_for] == [[0, 2]] * len(shut_for)


def test_one_gate_of_a_clause_is_enough_and_a_rule_is_found_once():
    look = Look([clause((("a",), None), (ROLE, "tool")), clause((ROLE, "tool")), clause((("b",), None))])

    assert look.rules({"a": 1, **messages({"role": "tool"}, {"role": "tool"})}, Schemas({})) == [0, 1]
    assert look.rules({"b": 1}, Schemas({})) == [2]
    assert look.rules({}, Schemas({})) == []


def test_the_members_of_an_object_are_each_looked_at():
    look = Look([clause((("a", key), None)) for key in "bcd"] + [clause((("a", "b"), ABSENT))])

    assert look.rules({"a": {"d": 1, "b": 1}}, Schemas({})) == [0, 2]
    assert look.rules({"a": {"c": 1}}, Schemas({})) == [1, 3]


def test_members_of_which_only_null_matters_are_looked_at_together():
    null = type(None)
    gates = [(("a",), null), (("b",), null), (("x", "a"), null), (("x", "b"), null), (("x", "c"), None)]
    look = Look(clause(gate) for gate in gates)

    def found(payload):
        return look.rules(payload, Schemas(payload))

    assert found({"a": None, "b": 1, "c": None, "x": {"b": None, "c": 0}}) == [0, 3, 4]
    assert found({"a": 0, "x": {"a": 0, "d": None}}) == []
    assert found({"b": None, "x": [None]}) == [1]


def test_a_payload_is_looked_at_anew_each_time():
    look = Look([clause((("a",), "x"))])
    payload = {"a": "x"}

    assert look.rules(payload, Schemas({})) == [0]
    payload["a"] = "y"
    assert look.rules(payload, Schemas({})) == []


def test_what_is_seen_of_schemas_is_handed_on():
    schema, schemas = {"type": "object", "properties": {"a": {"const": 1.5}}}, Schemas({})

    Look([clause((("tools", EACH), Word("const")))]).rules({"tools": [schema, "text"]}, schemas)

    assert schemas.seen.keys() == {id(schema)}
    assert schemas.seen[id(schema)][0] is schema
    assert {"type", "properties", "a", "const"} <= schemas.seen[id(schema)][1]
    assert schemas.types == {float}


def test_a_look_without_gates_finds_the_rules_that_have_none():
    assert Look([]).rules({"a": 1}, Schemas({})) == []
    assert Look([None, None]).rules({"a": 1}, Schemas({})) == [0, 1]


def test_the_source_is_what_is_run_and_tracebacks_show_it():
    look = Look([clause((("a", "b"), "x"))], "acme, any model")

    with pytest.raises(TypeError) as caught:
        look.rules(None, Schemas({}))

    assert (
        look.source
        == """\
# NONE = ()
# C1 = {'x': [0]}
def look(payload, found, schemas):
    if 'a' in payload:
        v1 = payload['a']
        k1 = v1.__class__
        if k1 is dict:
            if 'b' in v1:
                v2 = v1['b']
                k2 = v2.__class__
                if k2 is str and len(v2) <= 32 and v2 in C1: found += C1[v2]
"""
    )
    lines = traceback.format_exception(caught.value)
    assert "  File \"<look acme, any model>\", line 2, in look\n    if 'a' in payload:\n" in "".join(lines)


def test_many_threads_may_look_first():
    made = plan(*(rule({"messages[*].role": f"r{at}"}, [{"set": {"z": 1}}], at) for at in range(50)))
    start, found = threading.Barrier(16), []

    def work():
        start.wait()
        numbers = made.look.rules(messages({"role": "r7"}), Schemas({}))
        found.append((numbers, made.rules[7].holds(messages({"role": "r7"}), None)))

    threads = [threading.Thread(target=work) for _ in range(16)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    assert found == [([7], True)] * 16
