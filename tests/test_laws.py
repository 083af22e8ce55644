"""What holds for every payload and every built-in provider."""

import copy
import json
from random import Random

import jsonpatch
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests import strategies
from tests.books import built_in, models_of, unlike
from tests.running import exact, nested

from quirkbook import (
    ChunkTranslator,
    RefusedError,
    Rulebook,
    explain,
    translate,
    translate_error,
    translate_response,
)
from quirkbook.cli import quirkbook
from quirkbook.payload.describe import as_data
from quirkbook.plan.interpret import Run, changes, prepare, run

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

BOOK = Rulebook.load()
#: One model for each glob of each rule, and some as gateways spell them.
MODELS = sorted(models_of(BOOK) | {"moonshotai/Kimi-K2.6:free", "openai/gpt-5.1", "moonshot/kimi-k3", "any", ""})
ALLOW = {"lossy": "allow", "semantic": "allow"}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", " ", "required", "x" * 40])
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
parts = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "image_url"])},
        optional={"text": st.just("") | st.just("Hi"), "image_url": junk},
    ),
    max_size=3,
)
calls = st.lists(
    st.fixed_dictionaries({}, optional={"id": st.sampled_from(["a", "b"]) | junk, "function": junk}), max_size=2
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"]) | junk},
        optional={
            "content": st.sampled_from([None, "", "Hi", {"type": "text", "text": "x"}]) | parts | junk,
            "tool_calls": calls | junk,
            "tool_call_id": st.sampled_from(["a", "b"]) | junk,
            "reasoning_content": st.sampled_from(["", " ", "why"]) | junk,
            "prefix": junk,
            "partial": st.booleans() | junk,
            "function_call": junk,
            "name": junk,
        },
    )
    | junk,
    max_size=4,
)
schemas = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("object") | junk,
        "properties": st.dictionaries(st.text(max_size=3), junk, max_size=2),
        "anyOf": junk,
        "required": junk,
        "$ref": junk,
    },
)
tools = st.lists(
    st.fixed_dictionaries(
        {"type": st.just("function") | junk},
        optional={
            "function": st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["f", "send", "2x"]) | junk,
                    "parameters": schemas | junk,
                    "strict": junk,
                },
            )
            | junk
        },
    )
    | junk,
    max_size=3,
)
extra_bodies = st.fixed_dictionaries(
    {}, optional={"model": st.sampled_from(MODELS), "messages": messages, "extra_body": junk, "tools": tools, "n": junk}
)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "messages": messages,
        "tools": tools | junk,
        "tool_choice": st.sampled_from(["required", "auto", "none", {"type": "function", "function": {"name": "send"}}])
        | junk,
        "temperature": st.sampled_from([0, 0.2, 0.3, 0.6, 1, 1.5]) | junk,
        "top_p": st.sampled_from([0.95, 1]) | junk,
        "n": st.sampled_from([1, 2, 5, 9]) | junk,
        "stop": st.lists(st.text(max_size=40), max_size=7) | junk,
        "thinking": st.sampled_from([True, {"type": "disabled"}, {"type": "enabled", "keep": "all"}]) | junk,
        "reasoning_effort": st.sampled_from(["none", "low", "high", "max"]) | junk,
        "response_format": st.sampled_from(["json_object", {"type": "json_object"}]) | junk,
        "functions": tools | junk,
        "function_call": st.sampled_from(["auto", {"name": "send"}]) | junk,
        "user": junk,
        "seed": junk,
        "max_tokens": st.integers() | junk,
        "extra_body": junk | extra_bodies,
        "logprobs": junk,
    },
)
tagged = st.sampled_from(["<think>a", "</think>b", "<think>a</think>b"])
choices = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(0, 2) | junk,
            "delta": st.fixed_dictionaries({}, optional={"content": tagged, "tool_calls": calls}) | junk,
            "message": st.fixed_dictionaries({}, optional={"content": tagged | junk, "reasoning": junk}),
            "finish_reason": st.sampled_from([None, "stop", "sensitive"]) | junk,
            "usage": junk,
        },
    )
    | junk,
    max_size=2,
)
PROVIDERS = unlike(BOOK)
each_provider = pytest.mark.parametrize("provider", PROVIDERS)
few = strategies.tried(5, HealthCheck.data_too_large)
models = st.none() | st.sampled_from(MODELS)
anything = payloads | strategies.payloads()


def sent(payload, provider):
    try:
        return translate(payload, provider, policy=ALLOW)
    except RefusedError:
        return None


def with_model(payload, model):
    payload = {key: value for key, value in payload.items() if key != "model"}
    if not isinstance(payload.get("messages"), list):
        payload.pop("messages", None)  # it would be no chat payload
    return payload if model is None else {**payload, "model": model}


def told(done):
    return [(*as_data(one).items(), exact(one.before), exact(one.after)) for one in done.changes]


@each_provider
@few
@given(payload=anything, model=models)
def test_translation_is_total_idempotent_and_leaves_its_input_alone(provider, payload, model):
    payload = with_model(payload, model)
    before = copy.deepcopy(payload)

    once = sent(payload, provider)

    assert exact(payload) == exact(before)
    if once is not None:
        assert exact(sent(copy.deepcopy(once), provider)) == exact(once)


@each_provider
@few
@given(payload=anything, model=models)
def test_trying_what_the_look_finds_does_what_trying_every_rule_does(provider, payload, model):
    payload = with_model(payload, model)

    all_tried = explain(payload, provider, why_not=True)

    for _ in range(3):  # the second and third time nothing is known of the first
        done = explain(payload, provider)

        assert exact(done.payload) == exact(all_tried.payload)
        assert repr(told(done)) == repr(told(all_tried))
        assert repr(done.refusals) == repr(all_tried.refusals)
        assert (done.headers, done.quiet) == (all_tried.headers, ())


@each_provider
@few
@given(payload=anything, model=models)
def test_explain_and_translate_agree_and_share_what_no_change_touches(provider, payload, model):
    payload = with_model(payload, model)

    done, once = explain(payload, provider), sent(payload, provider)

    assert (done.refusal is not None) == (once is None)
    if once is not None:
        assert exact(done.payload) == exact(once)
        touched = {(keys or ("",))[0] for one in done.changes for keys in (one.keys, one.moved_from)}
        assert all(once[key] is value for key, value in payload.items() if key not in touched)


@each_provider
@few
@given(payload=anything, model=models)
def test_the_patch_leads_there_and_the_inverse_back(provider, payload, model):
    payload = with_model(payload, model)
    done = explain(payload, provider)

    there = jsonpatch.apply_patch(copy.deepcopy(payload), copy.deepcopy(done.patch))

    assert exact(there) == exact(done.payload)
    back = jsonpatch.apply_patch(there, copy.deepcopy(done.inverse_patch))
    assert exact(back) == exact(payload)


@pytest.mark.parametrize("provider", ["moonshot", "openai"])
@strategies.tried(5)
@given(payload=payloads)
def test_a_dry_run_prints_what_translate_returns(provider, payload):
    try:
        body = json.dumps(payload, allow_nan=False)
    except ValueError:
        return
    made = CliRunner().invoke(quirkbook, ["dry-run", "-", "-p", provider], input=body.encode())

    once = sent(json.loads(body), provider)

    assert made.exit_code == (1 if once is None else 0)
    assert once is None or exact(json.loads(made.stdout)) == exact(once)


@each_provider
@few
@given(
    body=strategies.any_values
    | st.fixed_dictionaries({}, optional={"choices": choices | junk, "usage": junk, "error": junk}),
    model=models,
    request=st.none() | payloads,
)
def test_the_way_back_is_total_and_leaves_its_input_alone(provider, body, model, request):
    before = copy.deepcopy(body)
    stream = ChunkTranslator(provider, model=model, request=request)

    whole = translate_response(body, provider, model=model, request=request)
    translate_error(body, provider, 429, model=model, request=request)
    passed = [*stream.feed(body), *stream.feed(copy.deepcopy(body)), *stream.close()]

    assert exact(body) == exact(before)
    assert exact(translate_response(whole, provider, model=model, request=request)) == exact(whole)
    assert stream.changes or exact(passed) == exact([body, body])
    assert stream.close() == []


@each_provider
@pytest.mark.parametrize("depth", [100, 3000])
def test_a_payload_may_nest_deep(provider, depth):
    deep = nested(depth)
    payload = {
        "messages": [{"role": "user", "content": deep}, {"role": "assistant", "content": "", "tool_calls": deep}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": deep}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": deep}},
        "thinking": deep,
        "x": deep,
    }

    done = explain(payload, provider, why_not=True)

    assert done.refusal or done.payload["x"] is deep


def test_a_huge_payload_takes_time_by_its_size():
    text = "x" * 1_000_000
    payload = {"messages": [{"role": "user", "content": text}] * 5000, "stop": [text] * 50, "temperature": 10**4000}

    done = explain(payload, "moonshot")

    assert done.refusal is None
    assert all(one["content"] is text for one in done.payload["messages"])


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_files_in_a_layer_does_not_matter(seed):
    files = list(built_in())
    Random(seed).shuffle(files)

    book = Rulebook(files, builtin=False)

    assert (book.providers, book.families) == (BOOK.providers, BOOK.families)
    for name in BOOK.providers:
        assert [one.rule.name for one in book.effective(name)] == [one.rule.name for one in BOOK.effective(name)]


def test_a_model_that_a_rule_writes_is_what_later_rules_match(tmp_path):
    (tmp_path / "x.yaml").write_text(
        """
quirks: 1
provider: x
rules:
  - id: renamed
    why: The old id is an alias of the new one.
    source: https://x.example
    verified: {date: 2026-11-22, by: docs}
    when: {model: old}
    do: [{set: {model: new}}]
    examples: [{in: {model: old}, out: {model: new}}, {in: {model: new}, same: true}]
  - id: new-has-no-seed
    why: The new model refuses seed.
    source: https://x.example
    verified: {date: 2026-11-22, by: docs}
    models: [new]
    do: [{drop: [seed]}]
    examples: [{in: {seed: 1}, out: {}}, {in: {n: 1}, same: true}]
"""
    )

    done = explain({"model": "old", "seed": 1}, "x", rulebook=Rulebook.load(tmp_path, builtin=False))

    assert done.payload == {"model": "new"}
    assert [one.rule for one in done.changes] == ["x/renamed", "x/new-has-no-seed"]
    assert done.model == "new"


def test_a_run_can_be_spelled_out():
    plan = BOOK.plan("moonshot", "moonshot/x")
    done = Run(plan, {"model": "moonshot/x", "temperature": 2})
    prepare(done)
    run(done)

    assert [(one.rule, one.pointer) for one in changes(done)] == [
        ("quirkbook/model-prefix", "/model"),
        ("moonshot/temperature-range", "/temperature"),
    ]
