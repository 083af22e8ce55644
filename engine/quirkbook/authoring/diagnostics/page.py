"""The shape of a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiagnosticPage:
    """What to know about one code."""

    title: str
    meaning: str
    wrong: str
    """A piece of a rule file that has the diagnostic."""
    right: str
    """The same piece, put right."""
