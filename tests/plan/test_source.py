"""A plan as text: what its rules are compiled to, for people and for tracebacks."""

from __future__ import annotations

import linecache
import traceback

import pytest
from tests.books import a_book, a_rule
from tests.running import condition, plan, rule

from quirkbook.payload.draft import Draft
from quirkbook.payload.path import parse
from quirkbook.plan import code
from quirkbook.plan.code import define, grouped, negated, shown
from quirkbook.plan.source import source_of

DEVELOPER = {"messages": {"some": {"role": ["developer", "critic"]}}}


def test_a_plan_is_printed_as_a_look_and_the_conditions_of_each_rule():
    book = a_book(
        a_rule(
            "developer-is-system",
            {"each": {"in": "messages[*]", "when": {"role": "developer"}, "do": [{"set": {"role": "system"}}]}},
            DEVELOPER,
        ),
        a_rule("no-seed", {"drop": ["seed"]}),
    )

    assert source_of(book.plan("acme", "m1")) == (
        """\
# The plan of acme, model m1: 2 rules in order.
# `look` adds the numbers of the rules to try to `found`; of each of these `holds` is asked.
# INF: infinity; MISSING: no value; NUMBERS: {int, float}; SIZED: {str, list, dict}
# same(a, b): equal as JSON; containers(value): it and all below it
#   0 acme/developer-is-system
#   1 acme/no-seed


# NONE = ()
# SIMPLE = {'seed': [1]}
# C2 = {'developer': [0]}
def look(payload, found, schemas):
    for key in payload:
        if key in SIMPLE: found += SIMPLE[key]
    if 'messages' in payload:
        v1 = payload['messages']
        k1 = v1.__class__
        if k1 is list:
            for v2 in v1:
                k2 = v2.__class__
                if k2 is dict:
                    if 'role' in v2:
                        v3 = v2['role']
                        k3 = v3.__class__
                        if k3 is str and len(v3) <= 32 and v3 in C2: found += C2[v3]


# 0 acme/developer-is-system  acme.yaml:3
# when
# C3 = frozenset({'critic', 'developer'})
def some1(items, draft):
    for item2 in items:
        if item2.__class__ is dict and (v4 := item2.get('role', MISSING)).__class__ is str and v4 in C3:
            return True
    return False

def holds(node, draft):
    return node.__class__ is dict and (v5 := node.get('messages', MISSING)).__class__ is list and some1(v5, draft)

# do.0.each.when
def holds(node, draft):
    return node.__class__ is dict and node.get('role', MISSING) == 'developer'

# do.0.each.in
def some1(items, draft):
    for item2 in items:
        if item2.__class__ is dict and item2.get('role', MISSING) == 'developer':
            return True
    return False

def holds(node, draft):
    return node.__class__ is dict and (v3 := node.get('messages', MISSING)).__class__ is list and some1(v3, draft)


# 1 acme/no-seed  acme.yaml:4
# when
def holds(node, draft):
    return True
"""
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (frozenset({"b", "a"}), "frozenset({'a', 'b'})"),
        ({"b": [1], str: (int, None)}, "{'b': [1], str: (int, None)}"),
        (parse("$.messages[-1]"), "parse('$.messages[-1]')"),
    ],
)
def test_constants_are_shown_as_one_would_write_them(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"a": {"matches": "[a-z]{1,3}"}}, "re.compile('[a-z]{1,3}').fullmatch"),
        ({"a": {"matches": "(a|b)+"}}, 'tells whether a value is matching "(a|b)+"'),
        ({"a": {"glob": "gpt-*"}}, 'tells whether a value is like "gpt-*"'),
        ({"$model": ["kimi-*"]}, 'tells whether a model is ["kimi-*"]'),
        ({"a": {"is": "json"}}, "tells whether a value is JSON text"),
        ({"a": {"repeats": "id"}}, "tells whether a value is an array in which id repeats"),
        ({"a": {"bytes": {"gt": 9}}}, "the number of bytes of a value, or None"),
    ],
)
def test_what_a_constant_does_is_said_where_its_value_does_not_show_it(when, words):
    first = condition(when).finish()[1].splitlines()[0]

    assert first.partition(" = ")[2] == words


@pytest.mark.parametrize(
    ("text", "loose", "wanted"),
    [
        ("a and b", " or ", "a and b"),
        ("a or b", " or ", "(a or b)"),
        ("f(a or (b or c)) and (d or e)", " or ", "f(a or (b or c)) and (d or e)"),
        ("a == ') or (' and b", " or ", "a == ') or (' and b"),
        ("""a == "it's" or b""", " or ", """(a == "it's" or b)"""),
        (r"a == '\' or ' and b", " or ", r"a == '\' or ' and b"),
    ],
)
def test_only_what_binds_too_weakly_gets_parentheses(text, loose, wanted):
    assert grouped(text, loose) == wanted


def test_a_call_is_negated_without_parentheses():
    assert (negated("f(a, b)"), negated("a == 1")) == ("not f(a, b)", "not (a == 1)")


def test_a_member_that_matters_only_where_it_is_missing_is_not_read():
    when = {"messages": {"some": {"role": "assistant", "not": {"content": {"exists": True}}}}}
    made = plan(rule(when, [{"set": {"z": 1}}]))

    assert "if 'content' not in v2: found += C1" in made.look.source
    assert "v2['content']" not in made.look.source
    assert made.look.rules({"messages": [{"role": "assistant"}]}, None) == [0]
    assert made.look.rules({"messages": [{"role": "assistant", "content": None}]}, None) == []


@pytest.fixture
def lines(monkeypatch):
    """Return linecache's entries as they are and a bound of two sources more, with none counted yet."""
    monkeypatch.setattr(linecache, "cache", dict(linecache.cache))
    monkeypatch.setattr(code, "_shown", {})
    monkeypatch.setattr(code, "SOURCES_SHOWN", 2)
    return linecache.cache


def test_a_traceback_shows_the_line_of_a_rules_condition(lines):
    made = rule({"$model": "m-*"}, [{"set": {"z": 1}}])

    with pytest.raises(AttributeError) as caught:
        made.holds({}, None)
    last = traceback.extract_tb(caught.tb)[-1]
    assert (last.filename, last.line) == ("<rule test/r0>", "return C1(draft.model, draft.identity)")


def test_the_latest_sources_are_kept_for_tracebacks_and_no_more(lines):
    before = set(lines)
    for number in range(5):
        define("f", f"def f():\n    return {number}\n", {}, f"<test {number % 3}>")

    assert {file: lines[file][2][1] for file in set(lines) - before} == {
        "<test 0>": "    return 3\n",
        "<test 1>": "    return 4\n",
    }


def test_many_models_leave_no_more_sources_than_the_bound(lines):
    before = set(lines)

    for number in range(20):
        book = a_book(a_rule("r", {"drop": [f"key{number}"]}))
        made = book.plan("acme", f"m{number}" * 100)
        made.look.rules({"messages": []}, None)

    assert len([name for name in set(lines) - before if name.startswith("<look acme m")]) == 2


def test_models_with_the_same_rules_share_one_look():
    book = a_book(a_rule("r", {"drop": ["seed"]}), a_rule("s", {"drop": ["n"]}, models=["other"]))

    assert book.plan("acme", "one").look is book.plan("acme", "two").look
    assert book.plan("acme", "one").look is not book.plan("acme", "other").look


def test_a_part_of_a_condition_has_no_source_in_tracebacks(lines):
    before = set(lines)

    assert condition({"a": 1}).blame({"a": 2}, Draft({"a": 2})) == "a: 2 is not 1"
    assert set(lines) == before


def test_a_plan_of_one_rule_for_any_model_says_so():
    source = source_of(plan(rule(None, [{"set": {"z": 1}}])))

    assert source.splitlines()[0].endswith("any model: 1 rule in order.")
    assert "# NONE = ()\ndef look(payload, found, schemas):\n    pass\n" in source
