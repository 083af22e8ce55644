"""What the rules know of a model, found out by asking with each parameter."""

from __future__ import annotations

import pytest
from tests.books import a_file, a_rule

from quirkbook import Rulebook
from quirkbook.authoring.abilities import abilities, sees_images


@pytest.fixture(scope="module")
def known():
    return Rulebook(
        [
            a_file(
                a_rule("range", {"clamp": {"temperature": [0, 1]}}, {"temperature": {"outside": [0, 1]}}),
                a_rule("cap", {"clamp": {"max_tokens": [None, 4096]}}, {"max_tokens": {"gt": 4096}}),
                a_rule("no-seed", {"drop": ["seed"]}, {"seed": {"exists": True}}),
                a_rule("new-name", {"rename": {"max_completion_tokens": "max_tokens"}}),
                a_rule("no-choices", {"reject": "Acme gives one choice"}, {"n": {"gt": 1}}),
                a_rule("efforts", {"map": {"reasoning_effort": {"minimal": "low", "xhigh": "high"}}}),
                a_rule("no-max", {"drop": ["reasoning_effort"]}, {"reasoning_effort": "max"}),
                a_rule(
                    "objects",
                    {"set": {"response_format": {"type": "json_object"}}},
                    {"response_format.type": "json_schema"},
                ),
                a_rule("no-images", {"reject": "Acme takes no images"}, {"messages[*].content[*].type": "image_url"}),
            )
        ]
    )


def test_parameters_arrive_are_changed_dropped_or_refused(known):
    found = abilities(known, "acme", "lumen-2")

    rows = found["parameters"]
    assert rows["temperature"] == {"range": [0, 1]}
    assert rows["max_tokens"] == {"range": [None, 4096]}
    assert rows["seed"] == {"fate": "dropped", "rule": "acme/no-seed"}
    assert rows["n"] == {"fate": "refused", "rule": "acme/no-choices"}
    assert rows["max_completion_tokens"] == {"fate": "changed", "rule": "acme/new-name", "becomes": "max_tokens"}
    assert rows["structured_outputs"] == {"fate": "changed", "rule": "acme/objects"}
    assert rows["reasoning_effort"] == {
        "values": ["none", "low", "medium", "high"], "instead": {"minimal": "low", "xhigh": "high"},
    }  # fmt: skip
    assert {"temperature", "max_completion_tokens", "structured_outputs", "tools"} <= set(found["supported_parameters"])
    assert not {"seed", "n"} & set(found["supported_parameters"])
    assert "top_p" not in rows  # nothing is known of it but that it arrives


IGNORED_BY_MANY = {
    "min_p",
    "modalities",
    "reasoning_effort",
    "repetition_penalty",
    "store",
    "top_k",
    "web_search_options",
}


def test_what_no_rule_speaks_of_is_not_called_supported_where_many_providers_ignore_it():
    found = abilities(Rulebook(), "moonshot", "moonshot-v1-8k")

    assert not IGNORED_BY_MANY & set(found["supported_parameters"])
    assert not IGNORED_BY_MANY & found["parameters"].keys()
    assert {"temperature", "tools", "seed", "stop"} <= set(found["supported_parameters"])


@pytest.mark.parametrize(
    ("provider", "model", "parameters"),
    [
        ("moonshot", "kimi-k2.6", {"reasoning_effort"}),  # a rule writes it as Moonshot has it
        ("openai", "gpt-5", {"reasoning_effort", "store", "modalities"}),  # a rule knows its values; keys
        ("fireworks", "deepseek-v3.2", {"min_p", "top_k", "repetition_penalty"}),
    ],
)
def test_what_a_rule_or_the_keys_of_the_provider_speak_for_is_supported(provider, model, parameters):
    assert parameters <= set(abilities(Rulebook(), provider, model)["supported_parameters"])


def test_images_are_seen_unless_a_rule_says_otherwise(known):
    assert sees_images(known, "acme", "lumen-2") is False
    assert sees_images(known, "openai", "gpt-4o") is None


def test_the_built_in_rules_are_asked_likewise(known):
    rows = abilities(known, "moonshot", "kimi-k2.5")["parameters"]

    assert rows["temperature"]["fate"] == "dropped"
    assert rows["reasoning_effort"]["fate"] == "changed"
