import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.running import exact, plan, rule
from tests.strategies import LETS, actions, conditions, payloads, tried

from quirkbook.plan.interpret import Run, run


def outcome(made, payload, quiet):
    done = Run(made, payload)
    run(done, quiet)
    if done.refusal:
        return ("refused by", done.refusal[0].name)
    return exact(done.root), [(one.name, first, end) for one, first, end in done.fired], len(done.edits)


@pytest.mark.nightly
@tried(300)
@given(
    st.lists(st.tuples(conditions(depth=1), st.lists(actions, min_size=1, max_size=2)), min_size=1, max_size=5),
    st.lists(payloads(), min_size=1, max_size=3),
)
def test_a_run_over_the_candidates_does_what_a_run_over_all_rules_does(parts, drawn):
    made = plan(*(rule(when, do, place, LETS) for place, (when, do) in enumerate(parts)))

    for payload in drawn:
        expected = outcome(made, payload, [])
        for _ in range(3):  # met for the first time, learned, remembered
            assert outcome(made, payload, None) == expected


BOTH = {"messages": [{"role": "user"}, {"role": "tool"}]}


@pytest.mark.parametrize(
    ("when", "do"),
    [
        ({"messages": {"some": {"role": "user", "$has_tool": True}}}, {"set": {"x": 1}}),
        ({"messages": {"some": {"role": "user", "$.messages": {"some": {"role": "tool"}}}}}, {"set": {"x": 1}}),
        ({}, {"each": {"in": "messages[*]", "when": {"role": "user", "$has_tool": True}, "do": [{"set": {"x": 1}}]}}),
    ],
)
def test_what_is_asked_of_the_other_items_is_not_asked_of_the_one_in_hand(when, do):
    made = plan(rule(when, [do], 0, LETS))

    for _ in range(3):
        assert outcome(made, BOTH, None) == outcome(made, BOTH, [])
        assert outcome(made, BOTH, None)[2] == 1


def test_the_size_of_the_whole_is_asked_of_the_whole_each_time():
    made = plan(rule({".": {"bytes": {"gt": 30}}}, [{"set": {"big": 1}}], 0))
    payload = {"messages": [{"role": "user", "content": "x" * 40}]}

    for _ in range(4):
        assert outcome(made, payload, None) == outcome(made, payload, [])


def test_threads_share_what_a_plan_has_learned():
    made = plan(*(rule({"a": at}, [{"set": {"b": 1}}], at) for at in range(8)))
    diagnostics = []

    def work(number):
        try:
            for at in range(1500):
                payload = {"a": at % 97, f"k{at * number % 499}": 1, f"l{at % 7}": 1, "messages": []}
                for _ in range(2):
                    outcome(made, payload, None)
        except RuntimeError as error:
            diagnostics.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    assert diagnostics == []
