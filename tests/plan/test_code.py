"""What generated code does beside conditions: finders of places, gathered values, and constants."""

from __future__ import annotations

import pytest
from tests.running import condition_diagnostics, draft_of, holds, plan, rule, run

from quirkbook.model import Effect
from quirkbook.payload.path import find, parse
from quirkbook.plan.actions.streams import Memory
from quirkbook.plan.code import Writer, finder
from quirkbook.plan.interpret import Run
from quirkbook.plan.interpret import run as run_plan

PAYLOAD = {"a": [{"b": [1, 2]}, {"b": []}, 7, {"b": {"c": 3}}], "o": {"x": {"s": 1}, "y": 5}}


@pytest.mark.parametrize(
    "text", ["a[*]", "a[*].b", "a[*].b[*]", "a[*].b[0]", "a[*].b[-1]", "o.*", "o.*.s", "a.*", "**.b", "a[0].b", "$.o.*"]
)
def test_a_finder_finds_what_the_path_means(text):
    path = parse(text)

    assert finder(path)(PAYLOAD, ("at",)) == find(PAYLOAD, path.steps, ("at",))
    assert finder(path)(5, ()) == find(5, path.steps)


def test_values_are_gathered_again_only_after_an_edit_that_may_change_them():
    draft = draft_of({"m": [{"id": "a"}, {"id": "b"}], "n": 1})
    path = parse("$.m[*].id")
    first = draft.gathered(path, draft.root)

    draft.put("set", Effect.EXACT, ("n",), 2)
    assert draft.gathered(path, draft.root) is first
    draft.put("set", Effect.EXACT, ("m", 0, "id"), "c")
    assert "c" in draft.gathered(path, draft.root)
    assert "a" not in draft.gathered(path, draft.root)


def test_any_depth_of_a_gathered_path_may_be_changed_by_an_edit():
    draft = draft_of({"m": {"x": {"id": "a"}}, "n": 1})
    path = parse("$.m.**.id")
    first = draft.gathered(path, draft.root)

    draft.put("set", Effect.EXACT, ("n",), 2)
    assert draft.gathered(path, draft.root) is first
    draft.put("set", Effect.EXACT, ("m", "x", "id"), "b")
    assert "b" in draft.gathered(path, draft.root)


def test_results_without_a_call_are_found_while_results_are_edited():
    when = {"role": "tool", "tool_call_id": {"not_among": "$.messages[*].tool_calls[*].id"}}
    made = plan(rule(None, [{"each": {"in": "messages[*]", "when": when, "do": [{"set": {"role": "user"}}]}}]))
    calls = {"role": "assistant", "tool_calls": [{"id": "a"}]}
    results = [{"role": "tool", "tool_call_id": id} for id in ("x", "a", "y")]
    done = Run(made, {"messages": [calls, *results]})

    run_plan(done)

    assert [message["role"] for message in done.root["messages"]] == ["assistant", "user", "tool", "user"]


def test_a_container_is_compared_as_json():
    assert [holds({"v": {"ne": [1]}}, {"v": value}) for value in ([1.0], [True], 1)] == [False, True, True]


def test_a_bound_that_is_too_large_to_write_down_is_a_constant():
    assert holds({"v": {"gt": 10**400}}, {"v": 10**401})


def test_the_status_of_an_answer_can_be_looked_up():
    assert [holds({"code": {"among": "$status"}}, {"code": 429}, status=status) for status in (429, 500)] == [
        True,
        False,
    ]


@pytest.mark.parametrize(("literal", "code"), [(5, "5"), (0.5, "0.5"), ("a", "'a'"), (None, "None"), (10**400, "C1")])
def test_small_literals_are_written_down_and_others_are_constants(literal, code):
    writer = Writer()

    assert writer.constant(literal) == code
    assert writer.globals.get("C1", literal) == literal


def test_a_plain_pattern_that_is_wrong_is_refused_as_any_other():
    ((code, *_),) = condition_diagnostics({"v": {"matches": "[b-a]"}})

    assert code == "Q117"


def test_nothing_is_written_below_an_element_that_went():
    each = {"in": "messages[*]", "do": [{"set": {"$.messages": 5, "x.y": 1}}]}

    assert run([{"each": each}], {"messages": [{"role": "user"}]}).root == {"messages": 5}


def test_a_chunk_alone_has_a_memory_of_its_own():
    draft = run([{"usage_once": {}}], {"choices": [{"usage": {"total_tokens": 1}}]}, stage="chunk")

    assert draft.root == {"choices": [{}], "usage": {"total_tokens": 1}}
    assert Memory().close(cut=False) == []
