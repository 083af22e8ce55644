"""docs/evidence.jsonl: one fact per line, each with an id of its own, and no rule cites an id that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from quirkbook import Rulebook

ROWS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "docs" / "evidence.jsonl").read_text("utf-8").splitlines()
]
KEYS = (
    "id", "provider", "model", "direction", "param", "condition", "effect_if_unhandled", "action", "shape", "source",
    "date", "confidence",
)  # fmt: skip


def test_each_row_says_everything_and_is_numbered_in_order():
    assert {tuple(row) for row in ROWS} == {KEYS}
    ids = [row["id"] for row in ROWS]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"d\d{3}", each) for each in ids)


def test_no_word_of_a_row_is_left_empty():
    assert [row["id"] for row in ROWS if not all(isinstance(row[key], str) and row[key] for key in KEYS)] == []


def test_words_come_from_short_lists():
    assert {row["direction"] for row in ROWS} == {"request", "response", "stream", "error"}
    assert {row["confidence"] for row in ROWS} == {"high", "medium", "low"}


def test_rules_cite_rows_that_are_there():
    known = {row["id"] for row in ROWS}
    cited = {(rule.name, each) for rule in Rulebook.load().rules() for each in rule.evidence}

    assert sorted(pair for pair in cited if pair[1] not in known) == []
