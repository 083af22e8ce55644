"""A rule's `models`: ranges and globs, what does not fit, and how both are said in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.identity.plain import speaks_of
from tests.strategies import tried

from quirkbook import Rulebook
from quirkbook.identity.models import ModelTest, describe
from quirkbook.identity.spell import spellings

BOOK = Rulebook.load()
IDS = [
    "claude-opus-4-7", "claude-sonnet-5", "claude-opus-latest", "claude-fable", "claude-4-haiku-thinking",
    "hermes-claude-opus-5", "gpt-5", "gpt-5.1-mini", "o3-mini", "kimi-k3", "acme-1", "",
]  # fmt: skip


@pytest.mark.parametrize(
    ("models", "because"),
    [
        ({"line": "opus", "from": "4.7"}, None),
        ({"line": ["sonnet", "opus"], "before": "5"}, None),
        ({"version": ["4.6", "4.7"]}, None),
        ({"from": "5"}, "from 5: the version is 4.7"),
        ({"before": 4.7}, "before 4.7: the version is 4.7"),
        ({"version": 4}, "version 4: the version is 4.7"),
        ({"line": "sonnet"}, "line sonnet: the line is opus"),
        ({"with": "fast"}, "with fast: it has none of these variants"),
        ({"without": ["fast", "thinking"]}, "without thinking: it is one"),
        ({"family": "kimi"}, "family kimi: it is claude"),
    ],
)
def test_a_range_says_which_part_of_it_does_not_fit(models, because):
    name = "claude-opus-4-7-thinking"

    assert ModelTest([models], "claude").blame(name, BOOK.identify(name)) == because


def test_an_unknown_version_fits_no_bound_and_the_latest_fits_every_open_one():
    unknown, latest = BOOK.identify("claude-opus"), BOOK.identify("claude-opus-latest")

    assert [ModelTest([{"from": "1"}], "claude")("", each) for each in (unknown, latest)] == [False, True]
    assert [ModelTest([{"before": "99"}], "claude")("", each) for each in (unknown, latest)] == [False, False]
    assert ModelTest([{"version": "latest"}], "claude")("", latest)
    assert ModelTest([{"from": "1"}], "claude").blame("", unknown) == "from 1: the version is unknown"


def test_a_name_of_no_family_fits_no_range():
    test = ModelTest([{"from": "4"}, {"line": "opus"}], "claude")

    assert test.blame("acme-1", None) == "it names no model of claude"
    assert ModelTest([{"from": "4"}]).blame("acme-1", None) == "it names no model of a known family"
    assert ModelTest(["kimi-*"]).blame("acme-1", None) == "its globs do not fit"
    assert ModelTest(["acme-*"]).blame("acme-1", None) is None


def test_an_empty_list_in_a_familys_file_means_the_family():
    test = ModelTest([], "claude")

    assert (test("claude-x", BOOK.identify("claude-x")), test("kimi-k3", BOOK.identify("kimi-k3"))) == (True, False)
    assert ModelTest([])(None, None)


def test_what_is_only_true_of_the_original_leaves_tuned_models_out():
    tuned = BOOK.identify("hermes-claude-opus-5")

    assert ModelTest([{"line": "opus"}], "claude")("", tuned)
    assert not ModelTest([{"line": "opus"}], "claude", without_tuned=True)("", tuned)
    assert ModelTest([{"with": "tuned"}], "claude", without_tuned=True)("", tuned)


def test_globs_beside_ranges_add_models_and_take_them_away():
    test = ModelTest([{"from": "5"}, "claude-next*", "!*-sonnet-*"], "claude")
    names = ["claude-opus-5", "claude-sonnet-5", "claude-next-sonnet-1", "claude-next"]

    assert [test(name, BOOK.identify(name)) for name in names] == [True, False, False, True]
    assert not test(None, None)


def test_a_range_can_be_taken_away():
    test = ModelTest([{"not": {"family": "claude", "from": "5"}}])
    opus = BOOK.identify("claude-opus-5")

    assert (test("claude-opus-5", opus), test("claude-opus-4-7", BOOK.identify("claude-opus-4-7"))) == (False, True)
    assert test(None, None)
    assert test("acme-1", None)
    assert test.blame("claude-opus-5", opus) == "not claude, from 5 on: it is one"


def test_a_range_is_said_in_words():
    models = [
        {
            "family": "claude",
            "line": ["opus", "sonnet"],
            "from": "4",
            "before": "5",
            "with": "fast",
            "without": "thinking",
        },
        {"version": [4, "4.1"]},
        {},
        "claude-*",
        {"not": {"line": "opus"}},
    ]

    assert describe(models) == (
        "claude, line opus or sonnet, from 4 on, before 5, with fast, without thinking; or version 4 or 4.1; "
        "or every model of the family; or claude-*; or not line opus"
    )


@pytest.mark.parametrize(
    "models",
    [
        {"from": "4.7"},
        {"line": "opus", "version": "5"},
        {"with": ["fast", "thinking"]},
        {"version": "latest"},
        {"before": "3"},
    ],
)
def test_an_id_that_fits_can_be_made_up(models):
    test = ModelTest([models], "claude")
    made = [*spellings(BOOK.naming["claude"], test.ranges[0])]

    assert any(test(name, BOOK.identify(name)) for name in made)


def test_an_id_of_a_numbered_line_can_be_made_up():
    (models,) = ModelTest([{"line": "o#", "version": "3", "with": "mini"}], "openai").ranges

    assert [*spellings(BOOK.naming["openai"], models)] == ["o3-mini"]
    (models,) = ModelTest([{"line": "gpt", "version": "4", "with": "o"}], "openai").ranges
    assert "gpt-4o" in [*spellings(BOOK.naming["openai"], models)]


WORDS = st.sampled_from(["opus", "sonnet", "gpt", "o#", "mini", "thinking", "tuned", "claude"])
NUMBERS = st.sampled_from(["3", "4", "4.7", "5", "5.1"])
RANGES = st.fixed_dictionaries(
    {},
    optional={
        "family": st.sampled_from(["claude", "openai", "kimi"]),
        "line": WORDS | st.lists(WORDS, min_size=1, max_size=2),
        "from": NUMBERS,
        "before": NUMBERS,
        "version": NUMBERS | st.lists(NUMBERS, min_size=1, max_size=2),
        "with": WORDS,
        "without": st.lists(WORDS, min_size=1, max_size=2),
    },
)
GLOBS = st.sampled_from(["*", "claude-*", "gpt-5*", "!*mini", "!claude-*", "acme-1"])


@tried(400)
@given(
    st.lists(RANGES | GLOBS | st.builds(lambda taken: {"not": taken}, RANGES), max_size=3),
    st.sampled_from([None, "claude", "openai"]),
    st.sampled_from([None, *IDS]),
)
def test_a_rule_speaks_of_what_the_plainest_reading_says(models, family, name):
    identity = BOOK.identify(name)

    assert ModelTest(models, family)(name, identity) is speaks_of(models, family, name, identity)
