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


def test_images_are_seen_unless_a_rule_says_otherwise(known):
    assert sees_images(known, "acme", "lumen-2") is False
    assert sees_images(known, "openai", "gpt-4o") is None


def test_the_built_in_rules_are_asked_likewise(known):
    rows = abilities(known, "moonshot", "kimi-k2.5")["parameters"]

    assert rows["temperature"]["fate"] == "dropped"
    assert rows["reasoning_effort"]["fate"] == "changed"
