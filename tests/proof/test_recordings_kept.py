"""Recordings of real servers: the rules still say what those answered (docs/recordings)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from quirkbook import Rulebook
from quirkbook.proof.endpoints import Replay
from quirkbook.proof.judge import CHANGED, by_rule
from quirkbook.proof.recordings import Recording
from quirkbook.proof.refusals import Wordings
from quirkbook.proof.session import Session

FOLDER = Path(__file__).parents[2] / "docs" / "recordings"
PROVIDERS = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_that_a_real_server_answered_speaks_against_the_rules(provider):
    recording = Recording(FOLDER, provider)
    exchanges = recording.exchanges()
    models = list(dict.fromkeys(str(exchange.request["model"]) for exchange in exchanges.values()))
    findings = Session(Rulebook(), provider, models, Wordings(), "2026-12-01").run(Replay(exchanges, None))
    verdicts = by_rule(findings.verdicts)

    assert {key: verdict.detail for key, verdict in verdicts.items() if verdict.word in CHANGED} == {}
    assert Counter(verdict.word for verdict in verdicts.values())["confirmed"] >= 5


def test_there_is_a_recording():
    assert PROVIDERS
