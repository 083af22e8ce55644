"""Families in force by the model's identity: where, in which order, and what a report says of it."""

from __future__ import annotations

import pytest
from tests.books import a_file, a_folder, a_rule

from quirkbook import Rulebook, RuleFileError, explain, translate
from quirkbook.errors import RefusedError, UnknownProviderError
from quirkbook.rulebook import providers

ACT = {"set": {"z": 1}}
NAMING = {"names": ["lumen"], "lines": ["glow"], "variants": ["mini"], "newest": {"version": "3", "date": "2026-11-30"}}


def lumen(*rules, **head):
    return a_file(*(rules or [a_rule("f", ACT)]), family="lumen", naming=NAMING, **head)


def a_book(*files):
    return Rulebook(files, builtin=False)


def in_force(book, model="lumen-2", provider="acme", stage="request", **more):
    return [rule.name for rule in book.plan(provider, model, stage=stage, **more).rules]


# Where they run


def test_a_familys_rules_run_at_every_provider_for_its_models_alone():
    book = a_book(lumen(a_rule("f", ACT), a_rule("new", ACT, models={"from": "2.1"})), a_file(a_rule("a", ACT)))

    assert in_force(book) == ["lumen/f", "acme/a"]
    assert in_force(book, "host/Lumen-v2p1") == ["lumen/f", "lumen/new", "acme/a"]
    assert in_force(book, "other-2") == in_force(book, None) == ["acme/a"]


def test_the_marker_says_where_they_run():
    book = a_book(lumen(), a_file(a_rule("a", ACT), {"include": "families"}, a_rule("b", ACT)))

    assert in_force(book) == ["acme/a", "lumen/f", "acme/b"]
    assert [entry.rule.name for entry in book.effective("acme", "lumen-2")] == ["acme/a", "lumen/f", "acme/b"]
    assert [entry.rule.name for entry in book.effective("acme")] == ["acme/a", "acme/b"]


def test_without_a_marker_they_run_behind_the_includes_of_the_head():
    templates = a_file(a_rule("t", ACT), family="templates")
    includes = a_file(provider="base", include=["family/templates"])
    own = a_file(a_rule("a", ACT), include=["family/templates"])
    below = a_file(a_rule("c", ACT), provider="below", include=["provider/acme"])
    book = a_book(lumen(), templates, includes, own, below)

    assert in_force(book) == ["templates/t", "lumen/f", "acme/a"]
    assert in_force(book, provider="base") == ["templates/t", "lumen/f"]
    assert in_force(book, provider="below") == ["templates/t", "lumen/f", "acme/a", "below/c"]


def test_an_answer_meets_the_providers_rules_first():
    back = {"stage": "response"}
    book = a_book(
        lumen(a_rule("f", ACT, **back)),
        a_file(a_rule("a", ACT, **back), {"include": "families"}, a_rule("b", ACT, **back)),
    )

    assert in_force(book, stage="response") == ["acme/a", "acme/b", "lumen/f"]


@pytest.mark.parametrize(
    ("serves", "expected"),
    [
        ({}, ["f", "maker"]),
        ({"as": "relay"}, ["f", "maker"]),
        ({"as": "maker"}, ["f", "maker"]),
        ({"as": "weights"}, ["f"]),
        ({"as": "template"}, ["f", "template"]),
        ({"families": ["other"]}, []),
        ({"families": ["lumen"]}, ["f", "maker"]),
        ({"families": []}, []),
    ],
)
def test_what_a_provider_serves_decides_which_of_them_hold(serves, expected):
    family = lumen(a_rule("f", ACT), a_rule("maker", ACT, at=["maker"]), a_rule("template", ACT, at=["template"]))
    book = a_book(family, a_file(**({"serves": serves} if serves else {})))

    assert in_force(book) == [f"lumen/{name}" for name in expected]


def test_what_is_said_of_a_provider_holds_for_those_that_include_it():
    base = a_file(provider="base", serves={"as": "weights"}, names={"free": "lumen-2"})
    book = a_book(lumen(a_rule("f", ACT, at=["maker"]), a_rule("g", ACT)), base, a_file(include=["provider/base"]))

    assert in_force(book, "free") == ["lumen/g"]


def test_an_included_family_runs_whole_at_that_place_and_once():
    family = lumen(a_rule("f", ACT, at=["template"]), a_rule("g", ACT))
    book = a_book(family, a_file(a_rule("a", ACT), {"include": "family/lumen"}, {"include": "families"}))

    assert in_force(book) == ["acme/a", "lumen/f", "lumen/g"]
    assert in_force(book, "other-2") == ["acme/a"]


def test_a_family_or_one_of_its_rules_is_disabled_with_a_reason():
    off = a_book(lumen(), a_file(disable=[{"family": "lumen", "because": "It repairs them itself."}]))
    one = a_book(
        lumen(a_rule("f", ACT), a_rule("g", ACT)), a_file(disable=[{"rule": "lumen/f", "because": "Not here."}])
    )

    assert in_force(off) == []
    assert in_force(one) == ["lumen/g"]
    assert [bool(entry.disabled) for entry in one.effective("acme", "lumen-2")] == [True, False]


@pytest.mark.parametrize(
    ("disable", "message"),
    [
        ({"family": "lumenn"}, "no family 'lumenn' is there to disable\n"),
        ({"rule": "lumen/fo"}, "no rule 'lumen/fo' is there to disable\n"),
        ({"family": "glm-air"}, "no family 'glm-air' is there to disable\n"),
    ],
)
def test_what_is_not_there_cannot_be_disabled(disable, message):
    with pytest.raises(RuleFileError) as caught:
        a_book(lumen(), a_file(disable=[{**disable, "because": "Why."}]))

    assert "Q119" in str(caught.value)
    assert message.strip() in str(caught.value)


def test_a_provider_restates_a_familys_name():
    family = lumen(a_rule("f", {"drop": ["x"]}, when={"$off": True}), let={"off": {"thinking": False}})
    book = a_book(family, a_file(let={"off": {"think": "no"}}))

    def left(**thoughts):
        return explain({"model": "lumen-2", "x": 1, **thoughts}, "acme", rulebook=book).payload

    assert "x" not in left(think="no")
    assert left(thinking=False)["x"] == 1


def test_a_layer_adds_a_family_and_words_of_ids(tmp_path):
    folder = a_folder(
        tmp_path / "mine",
        lumen="quirks: 1\nfamily: lumen\nnaming: {names: [lumen], lines: [glow]}\n",
        words="quirks: 1\nwords: {forms: [shiny]}\n",
    )
    book = Rulebook.load(folder)

    assert str(book.identify("lumen-shiny-2")) == "lumen 2"
    assert str(book.identify("shiny-kimi-k3")) == "kimi 3"
    assert str(Rulebook.load().identify("shiny-kimi-k3")) == "kimi 3 tuned"


def test_a_faulty_file_of_words_is_refused_in_its_own_words(tmp_path):
    a_folder(tmp_path, words="quirks: 1\nwords: {forms: [Shiny]}\nmore: 1\n")

    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(tmp_path)

    assert "unknown key 'more' in a file of words" in str(caught.value)
    assert "must be lower-case letters only" in str(caught.value)


def test_the_model_that_a_rule_writes_brings_the_rules_of_its_family():
    other = a_file(a_rule("h", ACT), family="beam", naming={"names": ["beam"]})
    renames = a_rule("to-beam", {"set": {"model": "beam-1"}}, when={"model": "lumen-2"})
    book = a_book(lumen(), other, a_file(renames, {"include": "families"}))

    assert [change.rule for change in explain({"model": "lumen-2"}, "acme", rulebook=book).changes] == [
        "acme/to-beam",
        "beam/h",
    ]


# Names that say no model


def test_base_model_says_which_model_a_deployment_is():
    book = a_book(lumen(), a_file(a_rule("a", ACT, models=["lumen-2*"])))

    assert in_force(book, "prod-1") == []
    assert in_force(book, "prod-1", base_model="lumen-2.5") == ["lumen/f", "acme/a"]
    assert translate({"model": "prod-1"}, "acme", base_model="lumen-2", rulebook=book) == {"model": "prod-1", "z": 1}


def test_a_providers_names_say_what_it_means():
    book = a_book(lumen(), a_file(names={"free": "lumen-2", "lumen-3": "other-1"}))

    assert in_force(book, "host/Free") == ["lumen/f"]
    assert in_force(book, "lumen-3") == []
    assert in_force(book, "free", base_model="other-1") == []


def remarks(book, model, provider="acme", **more):
    return [
        (change.rule, change.note)
        for change in explain({"model": model}, provider, rulebook=book, **more).changes
        if change.action == "warn"
    ]


def test_a_name_that_says_no_model_gets_a_remark_where_users_name_deployments():
    book = a_book(lumen(), a_file(serves={"own_names": True}))

    assert remarks(book, "prod-1") == [
        ("quirkbook/unknown-model", "'prod-1' names no known model: base_model says which model it is")
    ]
    assert remarks(book, "prod-1", base_model="lumen-2") == remarks(book, "lumen-2") == []


def test_a_model_newer_than_was_looked_at_gets_a_remark_and_no_refusal():
    refuses = a_rule(
        "no",
        [{"reject": "lumen has no a"}, {"each": {"in": "b", "do": [{"reject": "nor b"}]}}, {"drop": ["c"]}],
        when={"a": 1},
        models={"from": "2"},
    )
    book = a_book(lumen(refuses), a_file())

    with pytest.raises(RefusedError):
        translate({"model": "lumen-3", "a": 1}, "acme", rulebook=book)
    done = explain({"model": "lumen-4", "a": 1, "b": [1], "c": 1}, "acme", rulebook=book)
    assert (done.refusal, done.payload) == (None, {"model": "lumen-4", "a": 1, "b": [1]})
    assert [(change.rule, change.note) for change in done.changes] == [
        ("quirkbook/newer-model", "lumen 4 is newer than 3, up to which the rules of lumen were checked"),
        ("lumen/no", "earlier models are refused: lumen has no a"),
        ("lumen/no", "earlier models are refused: nor b"),
        ("lumen/no", ""),
    ]


def test_tuned_models_are_not_refused():
    book = a_book(lumen(a_rule("no", {"reject": "no"}, models={"from": "2"}), a_rule("f", ACT)), a_file())

    assert in_force(book, "hermes-lumen-2") == ["lumen/f"]


# Addresses


def test_an_address_that_nobody_has_described_gets_the_rules_of_the_model():
    asked = {"model": "claude-opus-4-7", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5}
    done = explain(asked, base_url="http://127.0.0.1:9/v1")

    assert done.provider == providers.GENERIC
    assert done.changes[0].rule == "quirkbook/unknown-address"
    assert done.changes[0].note.startswith("no provider is known at 127.0.0.1")
    assert "temperature" not in done.payload


def test_at_an_address_of_ones_own_the_prefix_names_the_provider():
    assert Rulebook.load().resolve(None, "moonshot/kimi-k3", "http://127.0.0.1:9/v1") == ("moonshot", "moonshot/")


def test_a_strict_caller_gets_an_error_for_an_unknown_address():
    with pytest.raises(UnknownProviderError, match=r"no provider is known at example\.test: name one"):
        Rulebook.load().resolve(None, "x", "https://example.test/v1", strict=True)
    with pytest.raises(UnknownProviderError):
        a_book(a_file()).resolve(None, "x", "https://example.test/v1")


# What a report says of models


def test_why_not_says_which_part_of_a_range_does_not_fit():
    rules = [
        a_rule("new", ACT, models={"from": "3"}),
        a_rule("old", ACT, models={"before": "2"}),
        a_rule("answer", ACT, models={"from": "9"}, stage="response"),
    ]
    book = a_book(lumen(*rules), a_file())
    done = explain({"model": "lumen-2"}, "acme", rulebook=book, why_not=True)

    assert str(done.identity) == "lumen 2"
    assert [(quiet.rule, quiet.because) for quiet in done.quiet] == [
        ("lumen/new", "models: from 3: the version is 2"),
        ("lumen/old", "models: before 2: the version is 2"),
    ]
    assert done.to_dict()["identity"]["version"] == "2"


def test_a_condition_may_ask_for_a_range_of_models():
    rule = a_rule("r", ACT, when={"$model": {"family": "lumen", "from": "2"}})
    book = a_book(lumen(), a_file(rule))

    assert in_force(book, "lumen-1") == ["lumen/f", "acme/r"]
    done = explain({"model": "lumen-1"}, "acme", rulebook=book, why_not=True)
    assert [quiet.because for quiet in done.quiet] == ['$model: "lumen-1" is not {"family": "lumen", "from": "2"}']


@pytest.mark.parametrize(
    ("base_url", "model", "sent"),
    [
        ("https://api.moonshot.ai/v1", "openai/kimi-k2.6", "kimi-k2.6"),
        ("https://api.moonshot.ai/v1", "moonshot/kimi-k2.6", "kimi-k2.6"),
        ("https://api.moonshot.ai/v1", "openai/my-own-model", "my-own-model"),
        ("https://api.deepseek.com", "openai/deepseek-chat", "deepseek-chat"),
        ("https://api.groq.com/openai/v1", "openai/llama-3.3-70b-versatile", "llama-3.3-70b-versatile"),
        ("https://api.groq.com/openai/v1", "openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("https://openrouter.ai/api/v1", "openai/gpt-5.6", "openai/gpt-5.6"),
        ("https://openrouter.ai/api/v1", "deepseek/deepseek-chat", "deepseek/deepseek-chat"),
        ("https://openrouter.ai/api/v1", "openai/anything-new", "openai/anything-new"),
        ("http://127.0.0.1:8000/v1", "openai/anything-new", "anything-new"),
    ],
)
def test_another_providers_name_before_a_model_comes_off_at_a_known_address(base_url, model, sent):
    assert explain({"model": model}, base_url=base_url).payload["model"] == sent
