from hypothesis import given, settings
from hypothesis import strategies as st

from quirkbook.interpreter import Run, run

from .running import exact, plan, rule
from .strategies import actions, conditions, modest, payloads

LETS = {"thinking_on": {"not": {"thinking.type": "disabled"}}}


def outcome(made, payload, quiet):
    done = Run(made, payload)
    run(done, quiet)
    if done.refusal:
        return ("refused by", done.refusal[0].name)
    return exact(done.root), [(one.name, first, end) for one, first, end in done.fired], len(done.edits)


@settings(modest, max_examples=300)
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
