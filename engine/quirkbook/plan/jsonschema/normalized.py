"""What became of a JSON Schema that was normalized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...model import Effect


class Normalized:
    """What became of a schema; as text, its notes in one line."""

    __slots__ = ("_notes", "edits", "effect", "schema", "writes")

    def __init__(
        self,
        schema: Any,
        effect: Effect,
        notes: tuple[str, ...] | Callable[[], tuple[str, ...]],
        writes: frozenset[str] = frozenset(),
        edits: int = 0,
    ) -> None:
        self.schema = schema
        """A new schema that shares untouched parts with the original; the original if there are only remarks."""
        self.effect = effect
        """That of the worst edit; ``none`` if there are only remarks."""
        self.writes = writes
        """The words that a look may see in it and did not see in the original."""
        self.edits = edits
        """How many there were."""
        self._notes = notes

    @property
    def notes(self) -> tuple[str, ...]:
        """One line per edit, ``infer_type at /properties/a``, in the order of the original document, which the
        pointers point into; before them, remarks on what was left undone. Written when somebody asks."""
        if not isinstance(self._notes, tuple):
            self._notes = self._notes()
        return self._notes

    def __str__(self) -> str:
        return "; ".join(self.notes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Normalized):
            return NotImplemented
        return (self.schema, self.effect, self.notes) == (other.schema, other.effect, other.notes)

    __hash__ = None  # type: ignore[assignment]
