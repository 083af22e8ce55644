"""The law that counts: a plan does what trying every rule in order does, asked as plainly as it can be (plain.py).

So nothing that makes it fast changes a result, an edit, the order of the report, a header or a refusal.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.books import models_of, unlike
from tests.chat_payloads import PAYLOADS
from tests.corpus import CORPUS, corpus
from tests.plan import plain
from tests.plan.small_world import World
from tests.running import draft_of, exact, holds, plan, rule
from tests.strategies import LETS, actions, any_values, conditions, payloads, tried

from quirkbook import Rulebook
from quirkbook.api import apply_rules
from quirkbook.authoring.examples import owned_rules, staged
from quirkbook.payload.describe import as_data
from quirkbook.plan.interpret import Run, changes, note_remarks, prepare
from quirkbook.plan.interpret import run as run_fast
from quirkbook.plan.look import Schemas

BOOK = Rulebook.load()
PLAIN = plain.PlainBook(BOOK)
PROVIDERS = unlike(BOOK)
each_provider = pytest.mark.parametrize("provider", PROVIDERS)

#: One model for each glob of each rule, and some that no rule names.
MODELS = sorted(models_of(BOOK) | {"moonshotai/Kimi-K2.6:free", "openai/gpt-5.1", "any", ""})
EXAMPLES = {one.name: [shown.given for shown in one.examples] for one in BOOK.rules()}


def told(done: Run) -> Any:
    """Return all that a caller can see of a run, in values that are equal only where JSON is."""
    if done.refusals:
        return "refused", [rule.name for rule, _ in done.refusals], seen([edit for _, edit in done.refusals])
    report = [(one.rule, *as_data(one).items()) for one in changes(done)]
    fired = [(one.name, first, end) for one, first, end in done.fired]
    return exact(done.root), fired, seen(done.edits), repr(report), dict(done.headers), done.gone, done.model


def seen(edits: Any) -> Any:
    return [(*edit[:3], exact(edit[3]), exact(edit[4]), edit[5], str(edit[6])) for edit in edits]


def plainly(payload: Any, provider: str, model: str | None = None, *, refuses: bool = True) -> Run:
    named = payload.get("model") if model is None else model
    done = Run(BOOK.plan(provider, named), payload)
    done.refuses = refuses
    note_remarks(done)
    prepare(done, model)
    plain.run(done, PLAIN.rules_of(provider, "request"))
    return done


def assert_same(payload: Any, provider: str, model: str | None = None) -> None:
    """Translate thrice, and a deep copy; each time it must be what the plain evaluator does."""
    twin = copy.deepcopy(payload)
    expected = told(plainly(twin, provider, model))
    for given_ in (payload, payload, payload, twin):
        assert told(apply_rules(given_, provider, model, None, BOOK, None)) == expected
    assert exact(payload) == exact(twin)


def as_chat(payload: dict[str, Any], model: str | None) -> dict[str, Any]:
    """Make a payload one that the door lets in."""
    payload = {key: value for key, value in payload.items() if key not in ("model", "extra_body")}
    if not isinstance(payload.get("messages", []), list):
        del payload["messages"]
    return payload if model is None else {"model": model, **payload}


# Payloads as people send them, and what may become of them


class Changed:
    """Payloads made of others: something is gone, another value, twice there, or of another payload."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw

    def __call__(self, one: Any, other: Any) -> Any:
        made = copy.deepcopy(one)
        if self.draw.random() < 0.3:
            made = {**copy.deepcopy(other), **made}
        for _ in range(self.draw.choice([0, 1, 1, 2, 4])):
            self.change(made, other)
        return made

    def places(self, value: Any) -> list[tuple[Any, Any]]:
        found: list[tuple[Any, Any]] = []
        nodes = [value]
        for node in nodes:  # grows while it is read
            members = node.items() if isinstance(node, dict) else enumerate(node)
            for key, member in members:
                found.append((node, key))
                if isinstance(member, dict | list):
                    nodes.append(member)
        return found

    def change(self, made: Any, other: Any) -> None:
        places = self.places(made)
        if not places:
            return
        draw = self.draw
        holder, key = draw.choice(places)
        how = draw.randrange(5)
        if how == 0:
            del holder[key]
        elif how == 1:
            holder[key] = draw.choice([None, True, False, 0, 1, 0.5, 1.0, 9, "", "a", "auto", "tool", "x" * 40, [], {}])
        elif how == 2:
            theirs = self.places(other)
            if theirs:
                whose, which = draw.choice(theirs)
                holder[key] = copy.deepcopy(whose[which])
        elif how == 3 and isinstance(holder, list):
            holder.insert(draw.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        else:
            holder[key] = [holder[key]] if draw.random() < 0.5 else {draw.choice(["type", "a", "text"]): holder[key]}


def requests_of(provider: str, count: int, seed: int = 0) -> list[Any]:
    """Return requests: examples of the provider's own rules and of others, and what applications send; and models."""
    draw = Random(f"{provider} {seed}")
    changed = Changed(draw)
    mine = [
        given_ for one in BOOK.effective(provider) if one.rule.stage == "request" for given_ in EXAMPLES[one.rule.name]
    ]
    sent = [*CORPUS, *PAYLOADS.values(), *corpus(draw.randrange(10**6), 2 * count)]
    found = []
    for at in range(count):
        one, other = draw.choice(mine or sent if at % 2 else sent), draw.choice(mine or sent)
        own = one.get("model") if isinstance(one, dict) and isinstance(one.get("model"), str) else None
        model = own if own and draw.random() < 0.7 else draw.choice(MODELS)
        found.append(as_chat(changed(one, other), model))
    return found


@each_provider
def test_a_request_becomes_what_trying_every_rule_makes_of_it(provider):
    for payload in requests_of(provider, tried(24).max_examples):
        assert_same(payload, provider)


@tried(400)
@given(
    st.sampled_from(PROVIDERS),
    payloads(),
    st.none() | st.sampled_from(MODELS),
    st.none() | st.sampled_from(MODELS),
    st.booleans(),
)
def test_so_does_a_payload_of_any_kind(provider, payload, named, model, nested):
    payload = as_chat(payload, named)
    if nested:  # and an extra_body that is merged first
        payload["extra_body"] = {"model": payload.pop("model", "any"), "n": 3, "a": {"x": 1}}

    assert_same(payload, provider, model)


class Half(float):
    """A number as numerical libraries have them."""


def as_libraries_have_it(value: Any) -> Any:
    if isinstance(value, dict):
        return OrderedDict((key, as_libraries_have_it(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(map(as_libraries_have_it, value))
    return Half(value) if isinstance(value, float) else value


@tried(200)
@given(st.sampled_from(PROVIDERS), st.integers(0, 2**32))
def test_values_of_other_classes_are_translated_as_what_they_stand_for_each_time(provider, seed):
    for payload in requests_of(provider, 2, seed):
        odd = {key: as_libraries_have_it(value) for key, value in payload.items()}
        odd["messages"] = list(odd.get("messages", ()))

        results = [exact(apply_rules(odd, provider, None, None, BOOK, None).root) for _ in range(3)]

        payload.setdefault("messages", [])
        expected = plainly(payload, provider)
        assert expected.refusals or results == [exact(expected.root)] * 3


@tried(200)
@given(st.sampled_from(PROVIDERS), st.integers(0, 2**32))
def test_where_refusals_only_speak_the_rest_is_done_all_the_same(provider, seed):
    for payload in requests_of(provider, 2, seed):
        done = apply_rules(payload, provider, None, None, BOOK, {"refuse": "warn"})

        assert told(done) == told(plainly(payload, provider, refuses=False))


# The way back


STAGES = ("response", "chunk", "error")
BODIES = {
    stage: [
        shown
        for owned in owned_rules(BOOK)
        for at in staged(owned)
        for shown in at.rule.examples
        if at.rule.stage == stage and not isinstance(shown.given, list)
    ]
    for stage in STAGES
}


def answered(stage: str, bodies: list[Any], provider: str, request: Any, status: int, tries_all: bool) -> list[Any]:
    """Run an answer, or the chunks of a stream, over the rules; return what is seen of each run."""
    memories: dict[Any, Any] = {}
    runs = []
    for body in bodies:
        done = Run(BOOK.plan(provider, request.get("model"), stage=stage), body)
        done.request, done.status, done.memories = request, status, memories
        if tries_all:
            plain.run(done, PLAIN.rules_of(provider, stage))
        else:
            run_fast(done)
        runs.append(told(done))
    return [*runs, exact([owed for memory in memories.values() for owed in memory.close(cut=False)])]


@tried(400)
@given(st.sampled_from(PROVIDERS), st.sampled_from(STAGES), st.randoms(use_true_random=False))
def test_an_answer_becomes_what_trying_every_rule_makes_of_it(provider, stage, draw):
    changed = Changed(draw)
    shown = [draw.choice(BODIES[stage]) for _ in range(4)]
    bodies = [changed(one.given, draw.choice(shown).given) for one in shown if isinstance(one.given, dict)]
    request = {"model": draw.choice(MODELS), **(shown[0].request or draw.choice([{}, {"stream": True}]))}

    fast, slow = (
        answered(stage, copy.deepcopy(bodies), provider, request, shown[0].status, tries_all)
        for tries_all in (False, True)
    )

    assert fast == slow


# Rules that nobody wrote


def both_ways(parts: Any, payload: Any, **of: Any) -> tuple[Any, Any]:
    """Run drawn rules over a payload as the product does, and plainly."""
    compiled = [rule(when, do, place, LETS) for place, (when, do) in enumerate(parts)]
    as_written = [plain.PlainRule(one.rule, LETS, one.place) for one in compiled]
    fast, slow = Run(plan(*compiled), payload), Run(plan(*compiled), payload)
    for done in (fast, slow):
        done.model, done.request, done.status = "kimi-k2.6", of.get("request", payload), of.get("status", 400)
    schemas = Schemas(payload)
    numbers = fast.plan.look.rules(payload, schemas)
    fast.looked_at = schemas.seen
    run_fast(fast, None, numbers)
    plain.run(slow, lambda model: as_written)
    return told(fast), told(slow)


@tried(200)
@given(
    st.lists(st.tuples(conditions(depth=1), st.lists(actions, min_size=1, max_size=2)), min_size=1, max_size=5),
    payloads(),
)
def test_drawn_rules_do_what_trying_each_of_them_does(parts, payload):
    fast, slow = both_ways(parts, payload)

    assert fast == slow


def test_rules_that_meet_what_others_write_do_what_trying_each_of_them_does():
    for seed in range(tried(4000).max_examples):
        world = World(seed)
        parts = world.rules()
        for payload in (world.payload(), world.payload()):
            fast, slow = both_ways(parts, payload)

            assert fast == slow, (seed, parts, payload)


@tried(200)
@given(conditions(), payloads(), any_values)
def test_a_condition_holds_where_it_plainly_does(when, payload, request):
    of = {"model": "kimi-k2.6", "request": request, "status": 400}
    draft = draft_of(payload, **of)

    assert holds(when, payload, lets=LETS, **of) is plain.holds(when, payload, draft, LETS)
