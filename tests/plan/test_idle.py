import pytest
from tests.running import plan, rule

from quirkbook.plan.idle import LONGEST_REMEMBERED, NOBODY, Partial, idle

TOOL = {"type": "function", "function": {"name": "look_up"}}
DROP_TYPE = {"drop": ["tools[*].type"]}
SET = {"set": {"z": 1}}


def idle_in_tools(tools, *rules):
    return idle(plan(*rules), "tools", tools)


@pytest.mark.parametrize(
    ("when", "do", "expected"),
    [
        # It looks at the tools alone and finds nothing.
        ({"tools[*].type": "other"}, SET, {0}),
        ({"tools": {"none": {"type": "function"}}}, SET, {0}),
        (None, {"drop": ["tools[*].strict"]}, {0}),
        (None, {"each": {"in": "tools[*]", "when": {"type": "other"}, "do": [SET]}}, {0}),
        # It would do something, say something or refuse.
        ({"tools[*].type": "function"}, SET, set()),
        (None, DROP_TYPE, set()),
        ({"tools": {"len": 1}}, {"warn": "one tool"}, set()),
        ({"tools": {"len": 1}}, {"reject": "one tool"}, set()),
        # It looks elsewhere: what it finds there may change.
        ({"n": 2, "tools[*].type": "other"}, SET, set()),
        ({"n": {"exists": False}}, {"drop": ["tools[*].strict"]}, set()),
        ({"**.n": 2}, SET, set()),
        ({"*": 2}, SET, set()),
        ({"$": {"len": 7}}, SET, set()),
        ({"$": {"bytes": 7}}, SET, set()),
        ({"$": {"among": "tools[*]"}}, SET, set()),
        ({"tools[*].type": "function"}, {"drop": ["n"]}, set()),
    ],
)
def test_a_rule_is_idle_in_a_part_if_it_looks_at_that_alone_and_does_nothing(when, do, expected):
    assert idle_in_tools([TOOL], rule(when, [do])) == expected


def test_another_content_is_another_question():
    made = plan(rule({"tools[*].type": "other"}, [SET]))

    assert idle(made, "tools", [TOOL]) == {0}
    assert idle(made, "tools", [{**TOOL, "type": "other"}]) == NOBODY
    assert idle(made, "tools", [{**TOOL, "type": 1}]) == {0}
    assert idle(made, "tools", "none") == {0}


def test_nothing_is_known_of_what_is_no_json_or_long():
    class Text(str):
        pass

    made = rule({"tools[*].type": "other"}, [SET])

    assert idle_in_tools([{"type": Text("other")}], made) == NOBODY
    assert idle_in_tools([{"type": "x" * LONGEST_REMEMBERED}], made) == NOBODY


@pytest.mark.parametrize(
    "ask",
    [
        lambda part: part.get("n"),
        lambda part: "n" in part,
        lambda part: list(part),
        lambda part: len(part),
        lambda part: part == {},
        lambda part: part != {},
        lambda part: part.copy(),
        lambda part: part.items(),
        lambda part: part.keys(),
        lambda part: part.values(),
    ],
)
def test_a_part_notes_each_question_beyond_itself(ask):
    part = Partial({"tools": []})

    assert (part["tools"], part.get("tools"), "tools" in part, part.asked_for_more) == ([], [], True, False)
    ask(part)
    assert part.asked_for_more


def test_a_part_lacks_what_it_does_not_hold_and_notes_that_it_was_asked():
    part = Partial({"tools": []})

    with pytest.raises(KeyError):
        part["n"]
    assert part.asked_for_more
