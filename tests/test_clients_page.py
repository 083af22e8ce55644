"""The page of clients: each row names the version that is tested and where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "clients.md").read_text("utf-8").splitlines()
    if re.match(r"\| [\w, `()-]+ \| \d", line)
]
PINS = "".join((ROOT / name).read_text("utf-8") for name in ("requirements/peers.txt", ".ci/peers"))


def test_the_rows_are_found():
    assert len(ROWS) >= 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_names_the_locked_version_and_tests_that_use_the_client(row):
    package = row[0].partition(",")[0]
    files = re.findall(r"\(\.\./(tests/[\w/]+\.py)\)", row[-1])
    (major_minor,) = re.findall(rf"(?m)(?:^|\s){re.escape(package)}==(\d+\.\d+)[\d.]*", PINS)
    used = "".join(
        module.read_text("utf-8") for file in files for module in [ROOT / file, *(ROOT / file).parent.glob("[as]*.py")]
    )

    assert row[1] == major_minor
    assert files
    assert package.removesuffix("-slim").replace("-", "_") in used
