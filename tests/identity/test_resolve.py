"""Resolution: pieces, names, versions, variants; total, linear and without memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import tried

from quirkbook import Rulebook
from quirkbook.identity.outline import ambiguous, build
from quirkbook.identity.pieces import MAX_LENGTH, pieces
from quirkbook.identity.resolve import Identity, Resolver
from quirkbook.identity.version import LATEST, show, version

BOOK = Rulebook.load()


def resolver(words=("pro",), **families):
    return Resolver(build(families, [list(words)]))


def read(name, **naming):
    return resolver(acme={"names": ["acme"], **naming}).resolve(name)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("kimi-k2.6", ["kimi", "k", "2.6"]),
        ("GLM-5p3", ["glm", "5.3"]),
        ("glm_5_3", ["glm", "5.3"]),
        ("qwen3:32b", ["qwen", "3", "32", "b"]),
        ("", []),
        ("кими-2", ["2"]),
    ],
)
def test_an_id_is_parted_into_words_and_numbers(name, texts):
    assert [piece.text for piece in pieces(name)] == texts


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("databricks-claude-opus-5", "claude opus 5"),
        ("us.anthropic.claude-opus-4-7-v1:0", "claude opus 4.7"),
        ("claude-opus-4-7@20260416", "claude opus 4.7"),
        ("accounts/fireworks/models/glm-5p3", "glm 5.3"),
        ("@cf/moonshotai/kimi-k2.6", "kimi 2.6"),
        ("morph-kimik3", "kimi 3"),
        ("qwen3:32b", "qwen 3"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss"),
        ("gpt-5-chat-latest", "openai gpt 5 chat"),
        ("chat-latest", "openai gpt latest chat"),
        ("gpt-35-turbo", "openai gpt 3.5 turbo"),
        ("grok-latest", "grok latest"),
        ("grok-4-20-reasoning", "grok 4.2 reasoning"),
        ("grok-4-0709", "grok 4"),
        ("claude-3-5-sonnet-20241022", "claude sonnet 3.5"),
        ("mistral-large-2512", "mistral large 3"),
        ("mistral-small-3.2-24b-instruct-2506", "mistral small 3.2 instruct"),
        ("qwen-plus-2025-07-28", "qwen plus"),
        ("hermes-3-llama-3.1-70b", "llama 3.1 tuned"),
        ("claude/opus-4-7", "claude opus 4.7"),
    ],
)
def test_an_id_is_read_however_a_host_spells_it(name, shown):
    assert str(BOOK.identify(name)) == shown


@pytest.mark.parametrize("name", ["", "  ", "/", "a/b", "acm", "xacme-1", "gpt-neox-20b", "marco-o1"])
def test_an_id_that_names_no_family_resolves_to_nothing(name):
    assert BOOK.identify(name) is None


def test_of_two_lines_the_first_is_the_line_and_the_other_a_variant():
    assert read("acme-big-small-2", lines=["big", "small"]) == Identity("acme", "big", (2,), frozenset({"small"}))


def test_an_unknown_word_in_front_of_a_number_makes_the_version_unknown():
    assert read("acme-sea-4") == Identity("acme", unknown=("sea",))


def test_a_number_behind_a_size_or_a_date_is_no_version():
    assert read("acme-7b-2") == read("acme-20250101-2") == Identity("acme")
    assert read("acme-7b-v2") == Identity("acme", version=(2,))


def test_a_date_means_the_version_that_the_head_gives_it():
    dated = {"lines": ["big"], "dated": {"big": {"2512": "3.1"}}}

    assert read("acme-big-2512", **dated) == Identity("acme", "big", (3, 1))
    assert read("acme-big-2513", **dated) == Identity("acme", "big")


def test_a_whole_name_may_mean_another_model():
    same = {"same": {"acme-preview": "acme-5"}, "variants": ["fast"]}

    assert read("pro/acme-preview-fast", **same) == Identity("acme", version=(5,), variants=frozenset({"fast"}))
    assert read("acme-previews", **same) == Identity("acme", unknown=("previews",))
    assert read("x-acme-preview", **same) == Identity("acme", variants=frozenset({"tuned"}), unknown=("preview",))


def test_a_name_that_another_follows_at_once_is_an_owners():
    both = resolver(acme={"names": ["acme"]}, zeta={"names": ["zeta"]})

    assert both.resolve("acme-zeta-2") == Identity("zeta", version=(2,))
    assert both.resolve("acme-2-zeta-3") == Identity(
        "acme", version=(2,), variants=frozenset({"tuned"}), unknown=("zeta",)
    )


def test_a_name_glued_to_a_number_is_one_only_at_the_start():
    numbered = {"names": ["o#"], "lines": ["o#"]}

    assert resolver(acme=numbered).resolve("pro-o3") == Identity("acme", "o#", (3,))
    assert resolver(acme=numbered).resolve("x-o3") is None
    assert resolver(acme=numbered).resolve("o-3") is None


def test_words_that_say_another_thing_take_a_family_away():
    assert read("acme-neo-2", **{"not": ["neo"]}) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acme/2", (2,)),
        ("acme/v2", (2,)),
        ("acme/pro", None),
        ("acme/big", None),
    ],
)
def test_a_name_in_an_earlier_part_counts_where_the_last_one_goes_on_as_its_ids_do(name, expected):
    identity = read(name, lines=["big"])

    assert identity is not None
    assert identity.version == expected


@pytest.mark.parametrize("name", ["acme/other", "acme/2512", "acme/7b", "acme/va", "acme/v"])
def test_a_name_in_an_earlier_part_does_not_count_before_anything_else(name):
    assert read(name) is None


def test_a_hosts_revision_is_no_version():
    assert read("acme-big-v1:0", lines=["big"]) == Identity("acme", "big")
    assert read("acme-v1:0") == Identity("acme", version=(1,))


def test_a_newer_version_than_was_looked_at_is_told():
    newest = {"newest": {"version": "2", "date": "2026-11-30"}}

    assert [read(f"acme-{name}", **newest).is_newer for name in ("2", "2.1", "latest", "x")] == [
        False,
        True,
        False,
        False,
    ]
    assert not read("acme-9").is_newer


def test_an_identity_is_json_data():
    assert BOOK.identify("gpt-6-astra-x").to_dict() == {
        "family": "openai", "line": "gpt", "version": "6", "variants": ["astra"], "unknown": ["x"], "newer": False,
    }  # fmt: skip


def test_a_name_that_two_families_claim_is_found():
    heads = [("acme", {"names": ["acme", "both"]}), ("zeta", {"names": ["zeta", "both"]})]

    assert ambiguous(heads) == {("both",): ["acme", "zeta"]}


def test_versions_compare_without_trailing_zeros_and_the_latest_is_later_than_all():
    assert version(["5", "0"]) == version(["5"]) < version(["5", "1"]) < version(["10"]) < LATEST
    assert (show((4, 7)), show(LATEST), show(None)) == ("4.7", "latest", "unknown")


@tried(300)
@given(
    st.text(max_size=400) | st.from_regex(r"(claude|gpt|kimi|o3|qwen|/|-|[0-9.]|:|v|latest| ){0,60}", fullmatch=True)
)
def test_whatever_is_asked_is_answered_the_same_each_time(name):
    assert BOOK.identify(name) == BOOK.identify(name)
    assert BOOK.identify(name[:MAX_LENGTH]) == BOOK.identify(name)


def test_an_endless_id_costs_no_more_than_its_first_characters(monkeypatch):
    assert len(pieces("claude-" * 100_000)) <= MAX_LENGTH
    assert BOOK.identify("claude-" * 100_000) == BOOK.identify(("claude-" * 100)[:MAX_LENGTH])
