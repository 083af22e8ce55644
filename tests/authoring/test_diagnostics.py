"""Every code has a page, and the examples on it are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import quirkbook
from quirkbook.authoring.diagnostics import CODES
from quirkbook.errors import RuleFileError
from quirkbook.rulebook.load import load_file

RULE = {
    "id": "id: heat",
    "why": "why: Acme takes 0 to 1.",
    "source": "source: https://acme.test/docs",
    "verified": "verified: {date: 2026-11-22, by: docs}",
    "do": "do: [{warn: hot}]",
    "examples": "examples: [{in: {}, same: true}]",
}
HEAD = {"quirks": "quirks: 1", "provider": "provider: acme"}
OF_FAMILY = {"quirks": "quirks: 1", "family": "family: claude", "naming": "naming: {names: [claude]}"}

#: Codes of diagnostics that need other files, other bytes or more than a piece of a file.
OF_MORE_THAN_A_PIECE = {
    "Q112",
    "Q113",
    "Q116",
    "Q118",
    "Q119",
    "Q122",
    "Q210",
    "Q211",
    "Q212",
    "Q214",
    "Q218",
    "Q220",
    "Q221",
}


def codes_of(piece: str) -> set[str]:
    """Put a piece of a rule file in its place and return the codes of the diagnostics that come of it."""
    parts = {re.split("[: ]", part)[0]: part.rstrip() for part in re.split(r"^(?=\S)", piece, flags=re.M) if part}
    known = OF_FAMILY if "naming" in parts else HEAD
    head = known | {key: text for key, text in parts.items() if key in known}
    rule = RULE | {key: text for key, text in parts.items() if key not in known}
    body = "\n".join(rule.values()).replace("\n", "\n    ")
    text = "\n".join([*head.values(), "rules:", f"  - {body}", ""])
    try:
        load_file((piece if piece.startswith("[") else text).encode(), "acme.yaml")
    except RuleFileError as error:
        return {diagnostic.code for diagnostic in error.diagnostics}
    return set()


@pytest.mark.parametrize("code", [code for code in CODES if code < "Q2" and code not in OF_MORE_THAN_A_PIECE])
def test_the_wrong_piece_has_the_diagnostic_and_the_right_one_has_not(code):
    page = CODES[code]

    assert codes_of(page.wrong) == {code}
    assert code not in codes_of(page.right)


@pytest.mark.parametrize("code", [code for code in CODES if "Q2" < code < "Q3" and code not in OF_MORE_THAN_A_PIECE])
def test_pieces_about_findings_load(code):
    page = CODES[code]

    assert codes_of(page.wrong) <= {"Q107"}  # disputed without a note does not even load
    assert codes_of(page.right) == set()


def test_every_code_that_the_engine_gives_has_a_page():
    sources = [path.read_text(encoding="utf-8") for path in Path(quirkbook.__file__).parent.rglob("*.py")]
    given = {code for source in sources for code in re.findall(r'"(Q\d{3})"', source)}

    assert given <= set(CODES)


def test_pages_are_complete_and_in_order():
    assert list(CODES) == sorted(CODES)
    assert all(page.title and page.meaning and page.wrong != page.right for page in CODES.values())
