"""The ids of models that hosts use: what the resolver reads, against a second reading that was made apart from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quirkbook import Rulebook
from quirkbook.identity.version import show

TABLE = Path(__file__).parent.parent / "data" / "model_ids.jsonl"
ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
BOOK = Rulebook.load()

#: id -> (what the resolver reads, why the two readings differ).
DIFFERENT = {
    "lambda_ai/deepseek-llama3.3-70b": (
        ("llama", None, "3.3"),
        "A name that another follows at once is an owner's; the distilled model has Llama's size and architecture.",
    ),
    "kimi-k30": (("kimi", None, "30"), "Whatever it means, it is not k3: read as it is written."),
    "llama-3.1-nemotron-safety-guard-8b-v3": (
        ("llama", "guard", "3.1"),
        "The word guard says the line; that the maker is another does not matter to the chat template.",
    ),
    **dict.fromkeys(
        (
            "anyscale/google/gemma-7b-it",
            "cloudflare/@cf/google/gemma-2b-it-lora",
            "cloudflare/@cf/google/gemma-7b-it-lora",
            "fireworks_ai/accounts/fireworks/models/codegemma-2b",
            "fireworks_ai/accounts/fireworks/models/codegemma-7b",
            "fireworks_ai/accounts/fireworks/models/gemma-2b-it",
            "fireworks_ai/accounts/fireworks/models/gemma-7b",
            "fireworks_ai/accounts/fireworks/models/gemma-7b-it",
            "snowflake/gemma-7b",
        ),
        (
            ("gemma", None, "1"),
            "The first Gemma had no number: no other was sold in 2b and 7b, and rules speak of its template.",
        ),
    ),
}


def read(name):
    identity = BOOK.identify(name)
    if identity is None:
        return None, None, None
    return identity.family, identity.line, show(identity.version) if identity.version else None


def test_the_table_holds_at_least_four_thousand_ids():
    assert len({row["id"] for row in ROWS}) == len(ROWS) >= 4000


def test_every_id_is_read_as_the_second_reading_reads_it_but_for_those_that_are_listed():
    different = {
        row["id"]: actual for row in ROWS if (actual := read(row["id"])) != (row["family"], row["line"], row["version"])
    }

    assert different == {name: actual for name, (actual, _) in DIFFERENT.items()}


@pytest.mark.parametrize("family", sorted({row["family"] for row in ROWS if row["family"]}))
def test_of_each_familys_ids_hardly_any_resolves_to_nothing_or_to_another(family):
    mine = [row["id"] for row in ROWS if row["family"] == family]
    resolved = [name for name in mine if read(name)[0] == family]

    assert len(resolved) >= 0.99 * len(mine)
