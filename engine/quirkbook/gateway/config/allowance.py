"""How much may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may be asked: requests and tokens by the minute and by the day, and requests at once; None: as much as comes."""

    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    tpd: int | None = None
    parallel: int | None = None

    @property
    def counts_tokens(self) -> bool:
        """Whether tokens matter."""
        return self.tpm is not None or self.tpd is not None


UNLIMITED: Final = Allowance()
