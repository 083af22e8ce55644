"""A page for each code of a diagnostic: what it means, what goes wrong, and what to write instead.

`quirkbook rule Q104` prints one. A code keeps its meaning for good; one that is no longer given stays here.
"""

from __future__ import annotations

from collections.abc import Mapping

from .config import CONFIG
from .findings import FINDINGS
from .page import DiagnosticPage
from .refusals import REFUSALS

__all__ = ["CODES", "DiagnosticPage"]

CODES: Mapping[str, DiagnosticPage] = {**REFUSALS, **FINDINGS, **CONFIG}
"""Code -> its page."""
