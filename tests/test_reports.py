"""Public reports and what other projects' tests hold of providers: what becomes of each request, answer and error now.

A row of the data names its source and says in words what the source asks for. Payloads are in our own words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quirkbook import ChunkTranslator, explain, translate_error, translate_response

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "reports.jsonl").read_text("utf-8").splitlines()
]
REQUESTS = [row for row in ROWS if "request" in row]
ANSWERS = [row for row in ROWS if "answer" in row]


def named(row: dict[str, Any]) -> str:
    return f"{row.get('provider') or row['address']}: {row['is']}"


@pytest.mark.no_cover  # the same code over and over: coverage would double the time
@pytest.mark.parametrize("row", REQUESTS, ids=named)
def test_a_request_of_a_report_goes_out_as_its_source_asks(row):
    done = explain(row["request"], row.get("provider"), base_url=row.get("address"))

    if "refused_by" in row:
        assert done.refusal is not None and done.refusal.rule == row["refused_by"]
    else:
        assert done.refusal is None
        assert done.payload == row["sent"]


@pytest.mark.no_cover  # the same code over and over: coverage would double the time
@pytest.mark.parametrize("row", ANSWERS, ids=named)
def test_an_answer_of_a_report_comes_as_clients_read_it(row):
    provider, model = row["provider"], row["model"]
    if row["stage"] == "chunk":
        stream = ChunkTranslator(provider, model=model, request={"model": model, "stream": True})
        became: Any = [*(out for chunk in row["answer"] for out in stream.feed(chunk)), *stream.close()]
    elif row["stage"] == "error":
        became = translate_error(row["answer"], provider, row["status"], model=model)
    else:
        became = translate_response(row["answer"], provider, model=model)

    assert became == row["becomes"]


def test_each_report_has_a_source_and_a_date():
    assert all(row["source"] and row["date"][:2] == "20" and row["is"] for row in ROWS)
