"""Who is meant by a name, a URL or a model's prefix, and the plan of rules in force."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from tests.books import a_book, a_file, a_file_text, a_folder, a_rule

from quirkbook import Rulebook, RuleFileError, UnknownProviderError, UnknownRuleError, explain, translate
from quirkbook.rulebook import rulebook

ACT = {"set": {"z": 1}}
BOOK = Rulebook(
    [
        a_file(
            a_rule("one", ACT),
            a_rule("two", ACT, models=["big*"]),
            a_rule("gone", ACT, status="retired"),
            a_rule("back", ACT, stage="response"),
            include=["family/glm"],
            aliases=["acmeai", "ac"],
            endpoints=["https://api.acme.example/*", "https://*.acme.example/v?/*"],
        ),
        a_file(provider="beta", endpoints=["http://localhost:8000/*"]),
        a_file(a_rule("f", ACT), a_rule("g", ACT, models=["glm-5*"]), family="glm"),
    ],
    builtin=False,
)


# Loading


def test_folders_and_single_files_are_layers_in_the_order_given(tmp_path):
    one = a_folder(tmp_path / "one", x=a_file_text(a_rule("a", ACT), a_rule("b", ACT)))
    two = a_folder(tmp_path / "two", y=a_file_text(a_rule("b", ACT), a_rule("c", ACT)))

    book = Rulebook.load(one, str(two / "y.yaml"), builtin=False)

    assert [(entry.rule.name, entry.rule.layer) for entry in book.effective("acme")] == [
        ("acme/a", str(one)),
        ("acme/b", str(two / "y.yaml")),
        ("acme/c", str(two / "y.yaml")),
    ]


def test_faulty_folders_are_refused_with_the_diagnostics_of_all(tmp_path):
    one = a_folder(tmp_path / "one", x="quirks: 1\nprovider: acme\nrulez: []\n", good=a_file_text(provider="good"))
    two = a_folder(tmp_path / "two", y="quirks: 2\nprovider: acme\n")

    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(one, two, tmp_path / "three")

    assert str(caught.value) == (
        f"{one}/x.yaml:3:1: error[Q106]: unknown key 'rulez' in a rule file\n"
        "  3 | rulez: []\n"
        "    | ^^^^^ did you mean 'rules'?\n"
        f"{two}/y.yaml:1:9: error[Q114]: this file is written in version 2 of the rule language; "
        "this Quirkbook reads version 1: upgrade it\n"
        "  1 | quirks: 2\n"
        "    |         ^\n"
        f"{tmp_path}/three:1:1: error[Q118]: cannot read this folder: No such file or directory"
    )
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["Q106", "Q114", "Q118"]


def test_an_include_that_leads_nowhere_is_refused_at_once_and_not_at_the_first_payload():
    with pytest.raises(RuleFileError, match="Q113"):
        Rulebook([a_file(include=["family/nobody"])], builtin=False)


def test_a_broken_file_of_the_user_leaves_the_built_in_rules_as_they_are(tmp_path):
    broken = a_folder(tmp_path, moonshot="quirks: 1\nprovider: moonshot\nrules: 7\n")

    with pytest.raises(RuleFileError):
        Rulebook.load(broken)

    assert Rulebook.load().plan("moonshot", "m").rules


# Who is meant


def test_providers_families_and_aliases_are_listed():
    assert (BOOK.providers, BOOK.families) == (("acme", "beta"), ("glm",))
    assert BOOK.aliases == {"acmeai": "acme", "ac": "acme"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("acme", None), ("acme", "")),
        (("acmeai", "m"), ("acme", "")),
        (("acme", "acme/m"), ("acme", "acme/")),
        (("acme", "ac/m"), ("acme", "ac/")),
        (("acme", "beta/m"), ("acme", "")),
        (("acme", "openai/gpt"), ("acme", "")),
        ((None, "acme/m"), ("acme", "acme/")),
        ((None, "acmeai/x/m"), ("acme", "acmeai/")),
        ((None, "beta/m", "https://api.acme.example/v1"), ("acme", "")),
        ((None, "ac/m", "https://api.acme.example/v1"), ("acme", "ac/")),
        (("beta", "m", "https://api.acme.example/v1"), ("beta", "")),
        ((None, None, "https://api.acme.example"), ("acme", "")),
        ((None, None, "https://eu.acme.example/v2/"), ("acme", "")),
        ((None, None, "http://localhost:8000/v1/chat/completions"), ("beta", "")),
    ],
)
def test_a_provider_is_named_by_word_else_by_url_else_by_the_models_prefix(asked, expected):
    assert BOOK.resolve(*asked) == expected


@pytest.mark.parametrize(
    "url", ["https://api.x.example/v1", "https://api.x.example/v1/", "https://api.x.example/v1/chat/completions"]
)
def test_a_provider_without_endpoints_is_known_at_its_own_base_url(tmp_path, url):
    (tmp_path / "x.yaml").write_text("quirks: 1\nprovider: x\nbase_url: https://api.x.example/v1\nrules: []\n")

    assert Rulebook.load(tmp_path).resolve(None, None, url) == ("x", "")


def test_a_glob_without_a_star_is_the_address_itself(tmp_path):
    (tmp_path / "x.yaml").write_text('quirks: 1\nprovider: x\nendpoints: ["https://api.x.example/v1"]\nrules: []\n')

    assert Rulebook.load(tmp_path).resolve(None, None, "https://api.x.example/v1/") == ("x", "")


def test_a_model_to_begin_with_is_of_a_provider_of_ones_own(tmp_path):
    (tmp_path / "x.yaml").write_text("quirks: 1\nprovider: x\nrules: []\n")

    with pytest.raises(UnknownProviderError) as caught:
        Rulebook.load(tmp_path).resolve(None, "m")

    assert str(caught.value).startswith("no provider is named: give provider or base_url, or a model such as 'x/m'\n")


def test_an_address_that_several_share_names_none_of_them(tmp_path):
    for name in ("x", "y"):
        (tmp_path / f"{name}.yaml").write_text(
            f"quirks: 1\nprovider: {name}\nbase_url: http://localhost/v1\nrules: []\n"
        )

    with pytest.raises(UnknownProviderError) as caught:
        Rulebook.load(tmp_path, builtin=False).resolve(None, None, "http://localhost/v1")

    assert str(caught.value) == "several providers are served at localhost: name one of x, y"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("acne", None), "unknown provider 'acne': did you mean 'acme'?\n  known: acme, beta"),
        (("ACME", None), "unknown provider 'ACME': did you mean 'acme'?\n  known: acme, beta"),
        (("acmeay", None), "unknown provider 'acmeay': did you mean 'acmeai'?\n  known: acme, beta"),
        (("zzz", "acme/m"), "unknown provider 'zzz'\n  known: acme, beta"),
        (("", None), "unknown provider ''\n  known: acme, beta"),
        (
            (None, "betta/m"),
            "unknown provider 'betta' in model 'betta/m': did you mean 'beta'?\n  known: acme, beta",
        ),
        (
            (None, None),
            "no provider is named: give provider or base_url, or a model such as 'acme/model'\n  known: acme, beta",
        ),
        (
            (None, "m"),
            "no provider is named: give provider or base_url, or a model such as 'acme/m'\n  known: acme, beta",
        ),
        (
            (None, "m", "https://user:hunter2@api.other.example:8443/v1?key=sk-secret#sk-secret"),
            "no provider is known at api.other.example: name one\n  known: acme, beta",
        ),
        ((None, None, "sk-secret"), "no provider is known at that base_url: name one\n  known: acme, beta"),
        ((None, None, ""), "no provider is known at that base_url: name one\n  known: acme, beta"),
        ((None, None, "http://[sk-secret"), "no provider is known at that base_url: name one\n  known: acme, beta"),
    ],
)
def test_who_is_not_known_is_refused_and_no_secret_is_told(asked, message):
    with pytest.raises(UnknownProviderError) as caught:
        BOOK.resolve(*asked)

    assert str(caught.value) == message


def test_an_unknown_family_is_refused():
    with pytest.raises(UnknownProviderError) as caught:
        BOOK.effective("kimi", family=True)

    assert str(caught.value) == "unknown family 'kimi'\n  known: glm"


# Rules


def test_every_rule_can_be_found_by_its_full_name():
    assert [rule.name for rule in BOOK.rules()] == ["acme/one", "acme/two", "acme/gone", "acme/back", "glm/f", "glm/g"]
    assert BOOK.rule("glm/g").models == ("glm-5*",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme/onne", "no rule is named 'acme/onne': did you mean 'acme/one'?"),
        ("glm/zzzzzzzz", "no rule is named 'glm/zzzzzzzz'\n  known: glm/f, glm/g"),
        ("xyz/zzzzzzzz", "no rule is named 'xyz/zzzzzzzz'"),
    ],
)
def test_an_unknown_rule_is_refused_with_the_nearest_or_those_of_its_owner(name, message):
    with pytest.raises(UnknownRuleError) as caught:
        BOOK.rule(name)

    assert str(caught.value) == message


# Plans


def in_plan(*asked, **more):
    plan = BOOK.plan(*asked, **more)
    return [(rule.name, rule.place) for rule in plan.rules], plan.model, plan.prefix


def test_a_plan_holds_the_rules_in_force_with_their_places_in_the_effective_list():
    f, g, one, two, back = (
        (name, (place, 0))
        for place, name in enumerate(["glm/f", "glm/g", "acme/one", "acme/two", "acme/off", "acme/back"])
        if place != 4
    )
    assert in_plan("acme", None) == ([f, one], None, "")
    assert in_plan("acme", "acme/big-1") == ([f, one, two], "big-1", "acme/")
    assert in_plan("ac", "x/GLM-5.1:free") == ([f, g, one], "x/GLM-5.1:free", "")
    assert in_plan("acme", None, stage="response") == ([back], None, "")
    assert in_plan("beta", "m") == ([], "m", "")


def test_a_familys_plan_is_its_file_alone():
    plan = BOOK.family_plan("glm", "glm-5")

    assert [rule.name for rule in plan.rules] == ["glm/f", "glm/g"]
    assert [rule.name for rule in plan.replan("glm-4").rules] == ["glm/f"]


@pytest.mark.parametrize(
    ("more", "model", "expected"),
    [
        ({}, None, True),
        ({}, "any", True),
        ({"status": "disputed", "note": "Why."}, "any", True),
        ({"status": "retired"}, "any", False),
        ({"status": "draft"}, "any", False),
        ({"models": ["kimi-*", "!kimi-k2*"]}, "Kimi-K3", True),
        ({"models": ["kimi-*", "!kimi-k2*"]}, "kimi-k2.6", False),
        ({"models": "kimi-*"}, "kimi-k2.6", True),
        ({"models": ["kimi-*"]}, None, False),
        ({"models": ["*"]}, None, True),
    ],
)
def test_a_rule_is_in_force_for_the_models_that_it_speaks_of(more, model, expected):
    (entry,) = a_book(a_rule("r", ACT, **more)).effective("acme")

    assert entry.applies(model, None) is expected


def test_a_plan_is_made_once_and_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(rulebook, "PLANS_REMEMBERED", 2)
    book = a_book(a_rule("one", ACT))
    first = book.plan("acme", "a")
    book.plan("acme", "b")
    assert book.plan("acme", "a") is first

    book.plan("acme", "c")

    assert book.plan("acme", "a") is not first


def test_the_prefix_is_taken_off_the_model_whatever_name_it_is():
    for prefix in ("acme", "acmeai", "ac"):
        assert translate({"model": f"{prefix}/big"}, rulebook=BOOK) == {"model": "big", "z": 1}


def test_a_name_that_an_includer_restates_means_that_in_the_included_rules():
    book = Rulebook(
        [
            a_file(a_rule("f", {"drop": ["a"]}, {"$on": True}), family="f", let={"on": {"mode": "thinking"}}),
            a_file(include=["family/f"]),
            a_file(include=["family/f"], provider="other", let={"on": {"mode": "reasoning"}}),
        ],
        builtin=False,
    )
    payload = {"a": 1, "mode": "reasoning"}

    assert explain(payload, "acme", rulebook=book).payload == payload
    assert explain(payload, "other", rulebook=book).payload == {"mode": "reasoning"}


def test_many_threads_may_translate_with_one_rulebook():
    book = Rulebook.load()
    starting = Barrier(8)
    models = ["kimi-k2.6", "kimi-k2.5", "moonshot-v1-8k", "kimi-k2-thinking"] * 2

    def work(model):
        starting.wait()
        return [
            translate(
                {"model": f"{model}-{at % 5}", "messages": [{"role": "user", "content": f"{at}"}], "temperature": 2},
                "moonshot",
                rulebook=book,
                policy={"lossy": "allow", "semantic": "allow"},
            )
            for at in range(40)
        ]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, models))

    starting = Barrier(1)
    assert together == [work(model) for model in models]


@pytest.mark.parametrize(
    ("name", "near"), [("moonshot/temperatur-range", "moonshot/temperature-range"), ("moonshot/nosuch", None)]
)
def test_a_rule_nearby_is_near_by_its_own_name(name, near):
    with pytest.raises(UnknownRuleError) as caught:
        Rulebook.load().rule(name)

    said = str(caught.value).splitlines()[0]
    assert said == (f"no rule is named '{name}': did you mean '{near}'?" if near else f"no rule is named '{name}'")


@pytest.mark.parametrize(("model", "example"), [("moonshot-v1-8k", "moonshot/moonshot-v1-8k"), ("x", "PROVIDER/x")])
def test_an_example_of_a_model_is_of_a_provider_that_may_serve_it(model, example):
    with pytest.raises(UnknownProviderError, match=f"a model such as '{example}'"):
        Rulebook.load().resolve(None, model)
