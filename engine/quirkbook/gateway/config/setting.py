"""What becomes of a key of the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the file, and what becomes of it. Line and column count from 1."""

    pointer: str
    """``/model_list/0/litellm_params/rpm``"""
    file: str
    line: int
    column: int
    state: str
    """``used``, ``ignored`` or ``unsupported``."""
    why: str
    """Why it is not used; "" for a key that is."""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.state} {self.pointer}"
        return f"{text}: {self.why}" if self.why else text
