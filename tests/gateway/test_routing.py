"""Whom a model name means: names and wildcards, weights, order, fallbacks."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from quirkbook.gateway.config.load import Config, Deployment
from quirkbook.gateway.router import Router, UnknownModelError
from quirkbook.rulebook.rulebook import Rulebook

BOOK = Rulebook()


class Fixed:
    """A source of chance that always says the same."""

    def __init__(self, number):
        self.number = number

    def random(self):
        return self.number


def a_deployment(name, upstream=None, **more):
    upstream = upstream or name
    return Deployment(name, f"moonshot/{upstream}", "moonshot", upstream, **more)


def a_router(*deployments, **more):
    return Router(Config(deployments, BOOK, **more))


def asked(router, model, number=0.0):
    """Return what is asked for, in order."""
    return [target.upstream_model for target in router.route(model, Fixed(number))]


def test_a_name_with_one_deployment_is_the_same_tuple_each_time():
    router = a_router(a_deployment("kimi", "kimi-k2.6"))

    (target,) = router.route("kimi")

    assert (target.deployment.name, target.upstream_model) == ("kimi", "kimi-k2.6")
    assert router.route("kimi") is router.route("kimi")


def test_a_target_can_be_the_key_of_a_table():
    router = a_router(a_deployment("kimi", defaults={"temperature": 0.3}, headers={"X-A": "b"}))

    assert {router.route("kimi")[0]: 1} == {router.route("kimi")[0]: 1}


def test_weights_say_how_often_a_deployment_is_the_first():
    router = a_router(a_deployment("kimi", "one", weight=3), a_deployment("kimi", "two", weight=1))
    chance = random.Random(7)

    first = Counter(router.route("kimi", chance)[0].upstream_model for _ in range(4000))

    assert 2850 < first["one"] < 3150


@pytest.mark.parametrize(
    ("number", "order"),
    [
        (0.0, ["one", "two", "three"]),
        (0.5, ["two", "three", "one"]),
        (0.999999999, ["three", "one", "two"]),
        (1.0, ["three", "one", "two"]),
    ],
)
def test_the_others_of_a_name_follow_the_one_that_is_picked(number, order):
    router = a_router(*(a_deployment("kimi", upstream) for upstream in ("one", "two", "three")))

    assert asked(router, "kimi", number) == order


def test_a_deployment_without_weight_is_asked_only_when_others_fail():
    router = a_router(a_deployment("kimi", "spare", weight=0), a_deployment("kimi", "main"))

    assert asked(router, "kimi") == asked(router, "kimi", 0.99) == ["main", "spare"]


def test_deployments_of_no_weight_at_all_share_alike():
    router = a_router(a_deployment("kimi", "one", weight=0), a_deployment("kimi", "two", weight=0))

    assert (asked(router, "kimi", 0.4), asked(router, "kimi", 0.6)) == (["one", "two"], ["two", "one"])


def test_a_lower_order_comes_first_and_weights_count_within_it():
    router = a_router(
        a_deployment("kimi", "last"),
        a_deployment("kimi", "second", order=2, weight=100),
        a_deployment("kimi", "first-b", order=1),
        a_deployment("kimi", "first-a", order=1),
    )

    assert asked(router, "kimi", 0.0) == ["first-b", "first-a", "second", "last"]
    assert asked(router, "kimi", 0.9) == ["first-a", "first-b", "second", "last"]


def test_a_wildcard_carries_the_text_of_its_star_over():
    router = a_router(a_deployment("kimi/*", "moonshot-*"))

    assert asked(router, "kimi/v1-8k") == ["moonshot-v1-8k"]


def test_several_stars_are_carried_over_one_by_one():
    router = a_router(a_deployment("fo::*:static::*", "*/*"))

    assert asked(router, "fo::hi:static::you") == ["hi/you"]


def test_a_wildcard_may_stand_before_one_model():
    router = a_router(a_deployment("gpt-*", "kimi-k2.6"))

    assert asked(router, "gpt-4o") == ["kimi-k2.6"]


@pytest.mark.parametrize("model", ["moonshot/", "moonshot", "xmoonshot/a", "fo::a:static::", "fo::a:b"])
def test_a_star_stands_for_one_character_at_least(model):
    router = a_router(a_deployment("moonshot/*", "*"), a_deployment("fo::*:static::*", "*-*"))

    with pytest.raises(UnknownModelError):
        router.route(model)


def test_an_exact_name_wins_over_wildcards_and_a_longer_start_over_a_shorter_one():
    router = a_router(
        a_deployment("*", "any-*"),
        a_deployment("moonshot/*", "short-*"),
        a_deployment("moonshot/kimi-*", "long-*"),
        a_deployment("moonshot/kimi-*-preview", "longest-*"),
        a_deployment("moonshot/kimi-k2", "exact"),
    )

    assert asked(router, "moonshot/kimi-k2") == ["exact"]
    assert asked(router, "moonshot/kimi-k3") == ["long-k3"]
    assert asked(router, "moonshot/kimi-k3-preview") == ["longest-k3"]
    assert asked(router, "moonshot/v1") == ["short-v1"]
    assert asked(router, "gpt") == ["any-gpt"]


def test_names_that_wildcards_matched_are_remembered_up_to_a_limit(monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.router.NAMES_REMEMBERED", 2)
    router = a_router(a_deployment("*", "m-*"))

    first = [router.route(model)[0] for model in "abcab"]

    assert [target.upstream_model for target in first] == ["m-a", "m-b", "m-c", "m-a", "m-b"]
    assert router.route("b")[0] is first[4]
    assert first[0] is not first[3]  # forgotten in between


def test_fallbacks_follow_the_deployments_of_the_name():
    router = a_router(
        a_deployment("kimi", "kimi-1"),
        a_deployment("kimi", "kimi-2"),
        a_deployment("glm", "glm-1"),
        a_deployment("glm", "glm-2"),
        a_deployment("gpt"),
        fallbacks={"kimi": ("gpt", "glm")},
    )

    assert asked(router, "kimi", 0.0) == ["kimi-1", "kimi-2", "gpt", "glm-1", "glm-2"]
    assert asked(router, "kimi", 0.9) == ["kimi-2", "kimi-1", "gpt", "glm-2", "glm-1"]
    assert asked(router, "glm") == ["glm-1", "glm-2"]


def test_with_nothing_left_to_chance_fallbacks_are_made_ready_too():
    router = a_router(a_deployment("kimi"), a_deployment("gpt"), fallbacks={"kimi": ("gpt",)})

    assert asked(router, "kimi") == ["kimi", "gpt"]
    assert router.route("kimi") is router.route("kimi")


def test_default_fallbacks_are_for_models_that_have_none_and_name_no_deployment_twice():
    router = a_router(
        a_deployment("kimi"), a_deployment("glm"), a_deployment("gpt"), fallbacks={"*": ("gpt",), "kimi": ("glm",)}
    )

    assert (asked(router, "kimi"), asked(router, "glm"), asked(router, "gpt")) == (
        ["kimi", "glm"],
        ["glm", "gpt"],
        ["gpt"],
    )


def test_fallbacks_of_a_wildcard_and_to_one():
    router = a_router(
        a_deployment("moonshot/*", "m-*"), a_deployment("openai/*", "o-*"), fallbacks={"moonshot/*": ("openai/gpt",)}
    )

    assert asked(router, "moonshot/kimi") == ["m-kimi", "o-gpt"]


def test_an_alias_is_routed_like_the_name_it_stands_for_and_may_have_fallbacks_of_its_own():
    more = {"aliases": {"k": "kimi", "old": "moonshot/v1"}, "fallbacks": {"kimi": ("glm",), "k": ("gpt",)}}
    router = a_router(
        a_deployment("kimi"), a_deployment("glm"), a_deployment("gpt"), a_deployment("moonshot/*", "m-*"), **more
    )

    assert (asked(router, "k"), asked(router, "kimi"), asked(router, "old")) == (
        ["kimi", "gpt"],
        ["kimi", "glm"],
        ["m-v1"],
    )


def test_a_deployment_answers_to_its_own_id_alone():
    router = a_router(
        a_deployment("kimi", "one"), a_deployment("kimi", "two", id="spare"), fallbacks={"kimi": ("spare",)}
    )

    assert asked(router, "spare") == ["two"]
    assert asked(router, "kimi", 0.0) == ["one", "two"]


def test_a_fallback_or_alias_to_a_model_that_is_left_out_is_passed_over():
    router = a_router(
        a_deployment("kimi"), aliases={"old": "llama"}, fallbacks={"kimi": ("llama",), "llama": ("kimi",)}
    )

    assert (asked(router, "kimi"), router.names()) == (["kimi"], ("kimi",))
    with pytest.raises(UnknownModelError):
        router.route("old")


def test_the_list_of_names_has_wildcards_as_written_and_no_hidden_alias():
    router = a_router(
        a_deployment("kimi"),
        a_deployment("kimi", "two", id="spare"),
        a_deployment("moonshot/*", "*"),
        aliases={"shown": "kimi", "typo": "kimi"},
        hidden=frozenset({"typo"}),
    )

    assert router.names() == ("kimi", "moonshot/*", "shown")
    assert asked(router, "typo") == ["kimi", "two"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("kimmi", "unknown model 'kimmi': did you mean 'kimi'?\n  known: kimi, gpt/*"),
        ("zzz", "unknown model 'zzz'\n  known: kimi, gpt/*"),
        ("a\x1b[2J", "unknown model 'a\\x1b[2J...'\n  known: kimi, gpt/*"),
        ("x" * 300, f"unknown model '{'x' * 100}...'\n  known: kimi, gpt/*"),
    ],
)
def test_an_unknown_model_is_told_with_the_nearest_name_and_those_there_are(model, said):
    router = a_router(a_deployment("kimi"), a_deployment("gpt/*", "*"))

    with pytest.raises(UnknownModelError) as caught:
        router.route(model)

    assert (str(caught.value), caught.value.model, caught.value.http_status) == (said, model, 404)


def test_of_many_names_the_first_are_told():
    router = a_router(*(a_deployment(f"model-{number:02}") for number in range(25)))

    with pytest.raises(UnknownModelError) as caught:
        router.route("zzz")

    assert str(caught.value).endswith("model-18, model-19, and 5 more")


def test_no_key_is_in_what_an_error_or_a_repr_says():
    router = a_router(a_deployment("kimi", api_key="sk-secret", headers={"X-Key": "sk-secret"}))

    assert "sk-secret" not in repr(router.route("kimi"))


def test_a_near_name_is_looked_for_only_where_that_is_cheap(monkeypatch):
    looked = []
    monkeypatch.setattr("quirkbook.gateway.router.did_you_mean", lambda word, known: looked.append(word))
    router = a_router(a_deployment("kimi"))

    for name in ("kim", "k" * 101):
        with pytest.raises(UnknownModelError):
            router.route(name)

    assert looked == ["kim"]
