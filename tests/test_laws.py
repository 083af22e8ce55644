"""What holds for every payload and every built-in provider."""

import copy

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quirkbook import RefusedError, Rulebook, explain, translate
from quirkbook.interpreter import Run, changes, prepare, run

BOOK = Rulebook.load()
MODELS = [None, "moonshot-v1-8k", "kimi-k2-0905-preview", "kimi-k2.5", "kimi-k2.6", "kimi-k2.7-code", "kimi-k3", "gpt-4o",
          "o1-mini", "o3", "gpt-5.1", "deepseek-chat", "claude-opus-4-1", "moonshotai/Kimi-K2.6:free"]  # fmt: skip
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
        "extra_body": junk,
        "logprobs": junk,
    },
)
each_provider = pytest.mark.parametrize("provider", BOOK.providers)
few = settings(max_examples=40, deadline=None)


def sent(payload, provider):
    try:
        return translate(payload, provider, policy=ALLOW)
    except RefusedError:
        return None


@each_provider
@few
@given(payload=payloads, model=st.sampled_from(MODELS))
def test_translation_is_total_idempotent_and_leaves_its_input_alone(provider, payload, model):
    if model is not None:
        payload["model"] = model
    before = copy.deepcopy(payload)

    once = sent(payload, provider)

    assert repr(payload) == repr(before)
    if once is not None:
        assert repr(sent(copy.deepcopy(once), provider)) == repr(once)


@each_provider
@few
@given(payload=payloads, model=st.sampled_from(MODELS))
def test_explain_tells_just_what_translate_does(provider, payload, model):
    done = explain(payload, provider, model=model, why_not=True)  # tries every rule, not only the candidates

    once = sent(dict(payload, model=model) if model else payload, provider)

    assert (done.refusal is not None) == (once is None)
    if once is not None:
        assert repr(done.payload) == repr(once)


@each_provider
@settings(max_examples=25, deadline=None)
@given(payload=payloads, model=st.sampled_from(MODELS))
def test_the_patch_leads_there_and_the_inverse_back(provider, payload, model):
    if model is not None:
        payload["model"] = model
    done = explain(payload, provider)

    there = jsonpatch.apply_patch(payload, done.patch)

    assert repr(there) == repr(done.payload) or there == done.payload or "nan" in repr(there)
    back = jsonpatch.apply_patch(done.payload, done.inverse_patch)
    assert back == payload or "nan" in repr(back)


@few
@given(payload=payloads)
def test_what_no_rule_touches_is_shared(payload):
    payload["metadata"] = {"mine": [1, 2]}

    once = sent(payload, "moonshot")

    assert once is None or once["metadata"] is payload["metadata"]


@pytest.mark.parametrize("depth", [100, 3000])
def test_a_payload_may_nest_deep(depth):
    deep: object = "end"
    for _ in range(depth):
        deep = {"a": [deep]}

    done = translate({"messages": [{"role": "user", "content": deep}], "tools": deep, "x": deep}, "moonshot")

    assert done["x"] is deep


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
