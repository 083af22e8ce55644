"""translate() and explain(): who is meant, what is refused, what is warned of."""

import os
import threading
import warnings
from pathlib import Path

import jsonpatch
import pytest
from tests.books import a_book, a_rule

from quirkbook import (
    PayloadError,
    PolicyError,
    QuirkbookWarning,
    RefusedError,
    Rulebook,
    RuleFileError,
    UnknownProviderError,
    UsageError,
    api,
    explain,
    translate,
)

ALLOW = {"lossy": "allow", "semantic": "allow"}
POLICY = 'policy must be a mapping, not {}; example: {{"lossy": "error", "semantic": "error"}}'
MINE = Path(__file__).parents[2] / "examples" / "my-rules"
URL = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch):
    monkeypatch.setattr(api, "_warned", set())
    monkeypatch.setattr(api, "_told", set())


@pytest.mark.parametrize(
    "how",
    [
        {"provider": "moonshot"},
        {"provider": "moonshotai"},
        {"base_url": "https://api.moonshot.ai/v1"},
        {"base_url": "https://api.moonshot.cn/v1/"},
        {"model": "moonshot/moonshot-v1-8k"},
    ],
)
def test_a_provider_is_named_by_name_alias_address_or_prefix(how):
    done = explain({"temperature": 1.5}, **how)

    assert (done.provider, done.payload["temperature"]) == ("moonshot", 1)


def test_the_prefix_that_names_the_provider_comes_off_and_is_reported():
    done = explain({"model": "moonshot/kimi-k2.6"})

    assert done.payload == {"model": "kimi-k2.6"}
    assert [(one.rule, one.effect, one.before, one.after) for one in done.changes] == [
        ("quirkbook/model-prefix", "exact", "moonshot/kimi-k2.6", "kimi-k2.6")
    ]


def test_another_vendor_in_the_model_is_no_prefix():
    assert translate({"model": "moonshotai/kimi-k2.6"}, "openai") == {"model": "moonshotai/kimi-k2.6"}


def test_model_stands_in_for_the_payloads():
    assert translate({"model": "a", "temperature": 0.2}, "moonshot", model="kimi-k2.6", policy=ALLOW) == {
        "model": "kimi-k2.6"
    }


def test_a_prefix_comes_off_a_model_that_stands_in_the_extra_body():
    payload = {"messages": [{"role": "user", "content": "Hi"}], "extra_body": {"model": "moonshot/kimi-k2.6"}}

    done = explain(payload, "moonshot")

    assert (done.payload["model"], done.model) == ("kimi-k2.6", "kimi-k2.6")
    assert [(one.rule, one.pointer) for one in done.changes if one.pointer == "/model"] == [
        ("quirkbook/extra-body", "/model"),
        ("quirkbook/model-prefix", "/model"),
    ]


def test_a_literal_extra_body_is_merged_and_what_it_replaces_is_told():
    done = explain({"n": 1, "extra_body": {"n": 2, "top_k": 3}}, "moonshot")

    assert done.payload == {"n": 2, "top_k": 3}
    assert [(one.action, one.pointer, one.effect, one.note) for one in done.changes] == [
        ("merge", "/extra_body", "exact", ""),
        ("merge", "/n", "lossy", "extra_body stands in for it"),
        ("merge", "/top_k", "exact", ""),
    ]


def test_an_unknown_provider_gets_a_suggestion_and_the_list():
    with pytest.raises(UnknownProviderError) as caught:
        translate({}, "moonshoot", rulebook=Rulebook.load(str(MINE), builtin=False))

    assert str(caught.value) == "unknown provider 'moonshoot'\n  known: acme"
    with pytest.raises(
        UnknownProviderError,
        match=r"^unknown provider 'moonshoot': did you mean 'moonshot'\?\n  `quirkbook providers` lists all \d+$",
    ):
        translate({}, "moonshoot")


def test_a_payload_for_nobody_is_told_how_to_name_somebody():
    book = Rulebook.load(str(MINE), builtin=False)
    with pytest.raises(UnknownProviderError) as caught:
        translate({"model": "x-1"}, rulebook=book)

    assert str(caught.value) == (
        "no provider is named: give provider or base_url, or a model such as 'acme/x-1'\n  known: acme"
    )
    with pytest.raises(UnknownProviderError) as caught:
        translate({"model": "zzz/x-1"}, rulebook=book)
    assert str(caught.value) == "unknown provider 'zzz' in model 'zzz/x-1'\n  known: acme"


def test_an_unknown_address_is_told_without_its_secrets():
    with pytest.raises(UnknownProviderError) as caught:
        translate(
            {}, base_url="https://me:sk-1@x.example/v1?key=sk-2", rulebook=Rulebook.load(str(MINE), builtin=False)
        )

    assert str(caught.value) == "no provider is known at x.example: name one\n  known: acme"


@pytest.mark.parametrize(
    ("payload", "message", "pointer"),
    [
        ([], 'payload: a chat payload must be an object, not an array; example: {"model": ..., "messages": [...]}', ""),
        (
            "x",
            'payload: a chat payload must be an object, not a string; example: {"model": ..., "messages": [...]}',
            "",
        ),
        (None, 'payload: a chat payload must be an object, not null; example: {"model": ..., "messages": [...]}', ""),
        (
            1.5,
            'payload: a chat payload must be an object, not a number; example: {"model": ..., "messages": [...]}',
            "",
        ),
        ({1}, 'payload: a chat payload must be an object, not a set; example: {"model": ..., "messages": [...]}', ""),
        (
            {"messages": {}},
            'payload/messages: messages must be an array, not an object; example: [{"role": "user", ...}]',
            "/messages",
        ),
        ({"model": True}, "payload/model: model must be a string, not a boolean", "/model"),
    ],
)
def test_what_is_no_chat_payload_is_refused_with_the_place(payload, message, pointer):
    with pytest.raises(PayloadError) as caught:
        translate(payload, "moonshot")

    assert (str(caught.value), caught.value.pointer) == (message, pointer)


def test_a_refusal_names_rule_place_value_why_and_source():
    with pytest.raises(RefusedError) as caught:
        translate({"messages": [URL]}, "moonshot")

    change = caught.value.change
    assert caught.value.pointer == change.pointer == "/messages/0/content/0"
    assert (change.rule, change.effect, change.before) == ("moonshot/no-image-urls", "refuse", URL["content"][0])
    assert str(caught.value) == (
        f"payload/messages/0/content/0: {change.note} (rule moonshot/no-image-urls)\n"
        f"  why: {change.why}\n  source: {change.source}"
    )


def test_explain_ends_with_the_refusal_and_changes_nothing():
    payload = {"messages": [URL], "temperature": 2}
    done = explain(payload, "moonshot")

    assert done.refusal is not None
    assert (done.payload, done.changes, done.patch) == (payload, (), [])
    assert done.to_dict()["payload"] is None
    assert done.to_dict()["refusal"]["rule"] == "moonshot/no-image-urls"


def test_a_refusal_may_be_turned_into_a_warning_and_sent_all_the_same():
    with pytest.warns(QuirkbookWarning, match=r"^moonshot/no-image-urls changed the payload \(refuse\)"):
        sent = translate({"messages": [URL]}, "moonshot", policy={"refuse": "warn"})

    assert sent == {"messages": [URL]}


def test_a_lossy_rule_warns_once_per_process_and_shows_no_text_of_the_payload():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        translate({"temperature": 1.5}, "moonshot")
        translate({"temperature": 1.7}, "moonshot")
        translate({"tool_choice": "required", "messages": [{"role": "user", "content": "secret"}]}, "moonshot")

    assert [one.category for one in said] == [QuirkbookWarning, QuirkbookWarning]
    assert str(said[0].message) == (
        "moonshot/temperature-range changed the payload (lossy): clamp /temperature: 1.5 -> 1. "
        "Moonshot takes temperature 0 to 1; OpenAI callers send up to 2. "
        "Said once; silence it with policy={'lossy': 'allow'}, or turn it into an error with 'error'."
    )
    assert "append_message /messages/1: (absent) -> an object (and 1 more)" in str(said[1].message)
    assert "secret" not in str(said[1].message)
    assert said[0].filename == __file__


def test_exact_changes_are_silent():
    assert translate({"user": "u-1"}, "moonshot") == {"safety_identifier": "u-1"}  # warnings are errors here


def test_the_policy_can_forbid_and_then_lists_every_change():
    with pytest.raises(PolicyError) as caught:
        translate({"temperature": 2, "tool_choice": "required"}, "moonshot", policy={"lossy": "error"})

    assert str(caught.value) == (
        "the policy forbids lossy changes, and this payload needs:\n"
        "  moonshot/temperature-range: clamp /temperature: 2 -> 1 (lossy)\n"
        "  moonshot/tool-choice-required: append_message /messages: (absent) -> an array (semantic)\n"
        "  moonshot/tool-choice-required: drop /tool_choice: a string -> (absent) (lossy)"
    )
    assert len(caught.value.changes) == 3


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"lossi": "warn"}, "policy: 'lossi' is not an effect: write one of exact, lossy, semantic, refuse"),
        ({"lossy": "no"}, "policy: lossy cannot be 'no': write one of allow, warn, error"),
        ({"refuse": "allow"}, "policy: refuse cannot be 'allow': write one of warn, error"),
    ],
)
def test_a_policy_of_other_words_is_refused(policy, message):
    with pytest.raises(UsageError) as caught:
        translate({}, "moonshot", policy=policy)

    assert str(caught.value) == message


def test_a_warned_rule_of_effect_refuse_is_still_refused_by_default(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "quirks: 1\nprovider: x\nrules:\n  - {id: r, why: w, source: 'https://x.example', verified: {date: 2026-11-22, by: docs},"
        " effect: refuse, note: n, do: [{drop: [seed]}], examples: [{in: {seed: 1}, out: {}}, {in: {n: 1}, same: true}]}\n"
    )
    book = Rulebook.load(tmp_path, builtin=False)
    with pytest.warns(QuirkbookWarning):
        translate({"seed": 1}, "x", rulebook=book, policy={"refuse": "warn"})

    with pytest.raises(PolicyError):
        translate({"seed": 1}, "x", rulebook=book)


def test_why_not_says_what_was_false_and_what_it_saw():
    done = explain({"temperature": 0.5}, "moonshot", why_not=True)

    said = {one.rule: one.because for one in done.quiet}
    assert said["moonshot/temperature-range"] == "temperature: 0.5 is not outside [0, 1]"
    assert said["moonshot/tool-choice-required"] == "tool_choice is absent"
    assert {rule.name for rule in api.default_rulebook().plan("moonshot", None).rules} <= said.keys()


def test_a_report_is_json_data():
    done = explain({"temperature": 1.5}, "moonshot")

    assert done.to_dict()["changes"] == [
        {
            "rule": "moonshot/temperature-range",
            "action": "clamp",
            "effect": "lossy",
            "pointer": "/temperature",
            "before": 1.5,
            "after": 1,
            "why": "Moonshot takes temperature 0 to 1; OpenAI callers send up to 2.",
            "source": "https://platform.kimi.ai/docs/guide/migrating-from-openai-to-kimi",
            "location": done.changes[0].location,
        }
    ]


def test_one_rulebook_serves_many_threads():
    book = Rulebook.load()
    results = []

    def work(number):
        for _ in range(50):
            results.append(
                translate({"model": f"moonshot-v1-{number}", "temperature": 2}, "moonshot", rulebook=book, policy=ALLOW)
            )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 400
    assert all(result["temperature"] == 1 for result in results)


def test_default_layers_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("QUIRKBOOK_RULES", str(MINE))
    api.default_rulebook.cache_clear()
    try:
        assert translate({"seed": 1}, "acme", policy=ALLOW) == {}
    finally:
        api.default_rulebook.cache_clear()


def test_the_default_rulebook_refuses_a_faulty_layer_of_the_environment(monkeypatch, tmp_path):
    (tmp_path / "x.yaml").write_text("quirks: 1\nprovider: x\nnaem: X\n")
    monkeypatch.setenv("QUIRKBOOK_RULES", f"{MINE}{os.pathsep}{tmp_path}")
    api.default_rulebook.cache_clear()
    try:
        with pytest.raises(RuleFileError, match=r"x\.yaml:3:1: error\[Q106\]"):
            translate({})
    finally:
        api.default_rulebook.cache_clear()


@pytest.mark.parametrize("payload", [{"n": 1}, {"model": "moonshot-v1-8k", "n": 1}, {"model": 7, "n": 1}])
def test_a_model_named_beside_the_payload_is_a_change_of_the_report(payload):
    done = explain(payload, model="moonshot/kimi-k2.6")

    assert done.payload == {"model": "kimi-k2.6", "n": 1}
    assert [(one.rule, one.effect) for one in done.changes] == [("quirkbook/model-argument", "exact")]
    assert jsonpatch.apply_patch(payload, done.patch) == done.payload
    assert jsonpatch.apply_patch(done.payload, done.inverse_patch) == payload


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"messages": None}, 'payload/messages: messages must be an array, not null; example: [{"role": "user", ...}]'),
        (
            {"messages": {"Hi"}},
            "payload/messages: a value must be JSON data, not of type set: write a list",
        ),
        ({"model": ["a"]}, "payload/model: model must be a string, not an array"),
        (
            {"extra_body": {"messages": "Hi"}},
            'payload/messages: messages must be an array, not a string; example: [{"role": "user", ...}]',
        ),
        ({"extra_body": {"model": 4}}, "payload/model: model must be a string, not a number"),
    ],
)
def test_what_is_no_chat_payload_is_refused_by_explain_too(payload, message):
    with pytest.raises(PayloadError) as caught:
        explain(payload, "moonshot")

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"provider": 1}, "provider must be a string, not a number: write a name that `quirkbook providers` lists"),
        ({"provider": ["x"]}, "provider must be a string, not an array: write a name that `quirkbook providers` lists"),
        ({"base_url": 1}, 'base_url must be a string, not a number: write "https://host/v1"'),
        ({"base_url": {"a": 1}}, 'base_url must be a string, not an object: write "https://host/v1"'),
        ({"provider": "moonshot", "model": 4}, 'model must be a string, not a number: write "PROVIDER/model"'),
        ({"provider": "moonshot", "model": []}, 'model must be a string, not an array: write "PROVIDER/model"'),
    ],
)
@pytest.mark.parametrize("payload", [{"model": "a"}, {"messages": 5}])
def test_a_name_of_another_type_is_refused_with_what_to_write(given, message, payload):
    with pytest.raises(UsageError) as caught:
        translate(payload, **given)

    assert str(caught.value) == message


def test_the_order_of_arguments_that_name_somebody_is_word_url_prefix():
    payload = {"model": "openai/kimi-k2.6", "temperature": 0.2}

    assert explain(payload, "moonshot", base_url="https://api.openai.com/v1").provider == "moonshot"
    assert explain(payload, base_url="https://api.moonshot.ai/v1").provider == "moonshot"
    assert explain(payload).provider == "openai"


# The policy


BOOK = a_book(
    a_rule("respelt", {"rename": {"old": "new"}}, {"old": {"exists": True}}),
    a_rule("lost", {"drop": ["seed"]}, {"seed": {"exists": True}}),
    a_rule("talked", [{"append_message": {"role": "user", "content": "Hi"}}, {"drop": ["talk"]}], {"talk": True}),
    a_rule("refused", {"reject": "Acme knows no n. Leave it out."}, {"n": {"gt": 1}}),
    a_rule("told", {"warn": "mind the gap"}, {"gap": True}),
)


def said_of(payload, **more):
    """Translate, and return what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        translate(payload, "acme", rulebook=BOOK, **more)
    return [f"{one.category.__name__}: {one.message}" for one in said]


def test_warnings_tell_rule_effect_place_why_and_how_to_silence_them():
    said = said_of({"old": 1, "seed": "secret", "talk": True, "gap": True, "messages": []})

    silence = "Said once; silence it with policy={{'{0}': 'allow'}}, or turn it into an error with 'error'."
    assert said == [
        "QuirkbookWarning: acme/lost changed the payload (lossy): drop /seed: a string -> (absent). Why lost. "
        + silence.format("lossy"),
        "QuirkbookWarning: acme/talked changed the payload (semantic): append_message /messages/0: (absent) -> an object "
        "(and 1 more). Why talked. " + silence.format("semantic"),
    ]


def test_each_rule_is_warned_of_once_whatever_the_policy_says_later():
    assert len(said_of({"seed": 1})) == 1
    assert said_of({"seed": 2}) == []
    assert said_of({"seed": 3}, policy={"lossy": "warn"}) == []
    assert len(said_of({"seed": 4, "talk": True, "messages": []})) == 1
    with pytest.raises(PolicyError):
        said_of({"seed": 5}, policy={"lossy": "error"})


def test_what_is_allowed_is_not_warned_of_and_may_be_later():
    assert said_of({"seed": 1}, policy={"lossy": "allow"}) == []
    assert len(said_of({"seed": 1})) == 1


def test_exact_changes_can_be_warned_of_or_forbidden_too():
    assert len(said_of({"old": 1}, policy={"exact": "warn"})) == 1
    with pytest.raises(PolicyError) as caught:
        translate({"old": 1}, "acme", rulebook=BOOK, policy={"exact": "error"})

    assert str(caught.value) == (
        "the policy forbids exact changes, and this payload needs:\n  acme/respelt: rename /old -> /new (exact)"
    )
    assert (caught.value.pointer, caught.value.http_status) == ("", 400)


def test_a_forbidden_effect_is_told_with_all_changes_those_that_are_allowed_too():
    with pytest.raises(PolicyError) as caught:
        translate(
            {"old": 1, "seed": 1, "talk": True, "messages": []},
            "acme",
            rulebook=BOOK,
            policy={"lossy": "error", "semantic": "error"},
        )

    assert str(caught.value) == (
        "the policy forbids lossy and semantic changes, and this payload needs:\n"
        "  acme/respelt: rename /old -> /new (exact)\n"
        "  acme/lost: drop /seed: 1 -> (absent) (lossy)\n"
        "  acme/talked: append_message /messages/0: (absent) -> an object (semantic)\n"
        "  acme/talked: drop /talk: true -> (absent) (lossy)"
    )
    assert (
        caught.value.changes
        == explain({"old": 1, "seed": 1, "talk": True, "messages": []}, "acme", rulebook=BOOK).changes
    )


def test_explain_never_raises_for_a_policy_but_for_its_words():
    done = explain({"seed": 1}, "acme", rulebook=BOOK, policy={"lossy": "error"})

    assert done.payload == {}
    with pytest.raises(UsageError, match=r"^policy: 'loosy' is not an effect"):
        explain({"seed": 1}, "acme", rulebook=BOOK, policy={"loosy": "error"})


def test_a_refusal_that_the_policy_lets_pass_is_a_remark_of_the_report():
    done = explain({"n": 2}, "acme", rulebook=BOOK, policy={"refuse": "warn"})

    assert (done.payload, done.refusal) == ({"n": 2}, None)
    assert [(one.action, one.effect, one.pointer, one.note) for one in done.changes] == [
        ("reject", "refuse", "/n", "Acme knows no n. Leave it out.")
    ]
    assert done.patch == []


def test_a_remark_alone_is_no_change_and_no_warning():
    done = explain({"gap": True}, "acme", rulebook=BOOK)

    assert [(one.action, one.effect, one.note) for one in done.changes] == [("warn", "none", "mind the gap")]
    assert said_of({"gap": True}) == []


def test_nothing_that_ran_before_a_refusal_is_kept():
    payload = {"old": 1, "n": 2}

    with pytest.raises(RefusedError) as caught:
        translate(payload, "acme", rulebook=BOOK)

    assert str(caught.value) == (
        "payload/n: Acme knows no n. Leave it out. (rule acme/refused)\n"
        "  why: Why refused.\n"
        "  source: https://acme.example/refused"
    )
    assert payload == {"old": 1, "n": 2}
    done = explain(payload, "acme", rulebook=BOOK)
    assert (done.payload, done.changes, done.patch, done.inverse_patch) == (payload, (), [], [])


def test_a_report_tells_headers_quiet_rules_and_what_is_absent():
    book = a_book(
        a_rule("h", [{"set_header": {"X-A": "1"}}, {"drop_header": ["X-B"]}], {"a": 1}), a_rule("q", {"drop": ["b"]})
    )

    done = explain({"a": 1}, "acme", rulebook=book, why_not=True)

    common = {"effect": "exact", "why": "Why h.", "source": "https://acme.example/h", "location": "acme.yaml:3"}
    assert done.to_dict() == {
        "provider": "acme",
        "model": None,
        "identity": None,
        "payload": {"a": 1},
        "changes": [
            {"rule": "acme/h", "action": "set_header", "note": "X-A: 1", **common},
            {"rule": "acme/h", "action": "drop_header", "note": "X-B", **common},
        ],
        "refusal": None,
        "refusals": [],
        "quiet": [{"rule": "acme/q", "location": "acme.yaml:4", "because": "its actions find nothing to change"}],
        "headers": {"X-A": "1", "X-B": None},
        "patch": [],
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"policy": "error"},
            POLICY.format("a string"),
        ),
        ({"policy": [("lossy", "error")]}, POLICY.format("an array")),
        ({"policy": 1}, POLICY.format("a number")),
        ({"rulebook": "my-rules"}, "rulebook must be a Rulebook, not a string; example: Rulebook.load(...)"),
        ({"rulebook": {}}, "rulebook must be a Rulebook, not an object; example: Rulebook.load(...)"),
    ],
)
def test_an_argument_of_another_type_is_told_in_words(given, message):
    with pytest.raises(UsageError) as caught:
        translate({}, "moonshot", **given)

    assert str(caught.value) == message


@pytest.mark.parametrize("error", [AttributeError, TypeError])
def test_an_error_inside_a_rulebook_is_not_taken_for_the_callers(monkeypatch, error):
    def fail(*_):
        raise error("a fault")

    monkeypatch.setattr(Rulebook, "resolve", fail)

    with pytest.raises(error, match="a fault"):
        translate({}, "moonshot", rulebook=Rulebook.load())
