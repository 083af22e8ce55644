"""The table of LiteLLM's keys against the sources of the litellm that is installed: what is new there has no row here."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")
TOOL = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "tools" / "litellm_keys.py"))


def test_every_key_that_litellm_reads_has_a_row():
    missing = TOOL["missing"](TOOL["sources"]())

    assert {section: keys for section, keys in missing.items() if keys} == {}


def test_the_sources_are_read_as_they_are_now():
    counts = {section: len(keys) for section, keys in TOOL["keys"](TOOL["sources"]()).items()}

    assert all(count > 50 for count in counts.values()), counts
