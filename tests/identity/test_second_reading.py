"""The table of real model ids is what its script makes of them, and each correction in the script has an id."""

from __future__ import annotations

import re

import pytest
from tests.identity.second_reading import (
    DATED,
    OVERRIDES,
    READINGS,
    TABLE,
    WHOLE,
    Identity,
    ids,
    name_in,
    read,
    rendered,
)

IDS = ids(TABLE.read_text("utf-8"))
LAST_PARTS = {model.lower().rpartition("/")[2] for model in IDS}


def test_the_script_reproduces_the_table() -> None:
    assert rendered(IDS) == TABLE.read_text("utf-8")


def test_the_table_holds_real_ids_of_every_family_and_of_none() -> None:
    assert len(IDS) >= 4000
    assert not [model for model in IDS if re.search(r"[\s,*]|^https?:", model)]
    assert {read(model).family for model in IDS} == {*READINGS, None}


@pytest.mark.parametrize("pattern", WHOLE)
def test_a_corrected_last_part_is_in_the_table(pattern: str) -> None:
    assert any(re.fullmatch(pattern, part) for part in LAST_PARTS)


def test_a_corrected_id_is_in_the_table() -> None:
    assert set(OVERRIDES) <= set(IDS)


@pytest.mark.parametrize(("line", "date"), [(line, date) for line, dates in DATED.items() for date in dates])
def test_a_date_that_stands_for_a_version_is_in_the_table(line: str, date: str) -> None:
    assert any(read(part).line == line and date in part for part in LAST_PARTS)


def test_each_reading_is_the_first_match_of_an_id() -> None:
    used = set()
    for part in LAST_PARTS:
        if name := name_in(part):
            family, start = name
            used.add(next(((family, each) for each in READINGS[family] if re.match(each.pattern, part[start:])), None))
    assert {(family, reading) for family, readings in READINGS.items() for reading in readings} <= used


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        ("claude-3-5-sonnet-20241022", Identity("claude", "sonnet", "3.5")),
        ("us.anthropic.claude-opus-4-7-v1:0", Identity("claude", "opus", "4.7")),
        ("gpt-35-turbo", Identity("openai", "gpt", "3.5")),
        ("gpt-4o-2024-08-06", Identity("openai", "gpt", "4")),
        ("o3-mini", Identity("openai", "o#", "3")),
        ("openai.gpt-oss-120b-1:0", Identity("gpt-oss")),
        ("accounts/fireworks/models/kimi-k2p6", Identity("kimi", None, "2.6")),
        ("kimi-k2-0905", Identity("kimi", None, "2")),
        ("moonshot-v1-8k", Identity("kimi", "moonshot", "1")),
        ("qwen3:32b", Identity("qwen", None, "3")),
        ("qwen-plus-2025-07-28", Identity("qwen")),
        ("deepseek-r1-0528", Identity("deepseek", "r1")),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", Identity("deepseek", "r1")),
        ("mistral-large-2512", Identity("mistral", "large", "3")),
        ("mistral-small-3.2-24b-instruct-2506", Identity("mistral", "small", "3.2")),
        ("grok-4-20-reasoning", Identity("grok", None, "4.2")),
        ("grok-latest", Identity("grok", None, "latest")),
        ("nvidia/llama-3.1-nemotron-70b-instruct", Identity("llama", None, "3.1")),
        ("hermes-3-llama-3.1-70b", Identity("llama", None, "3.1")),
        ("EleutherAI/gpt-neox-20b", Identity(None)),
    ],
)
def test_reading_follows_the_makers_naming(model: str, identity: Identity) -> None:
    assert read(model) == identity
