"""Whether to try again after an error, and how long to wait first. No clock, no sleep: the transports have those."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from ..errors import DispatchError

DEFAULT_RETRIES: Final = 2
MOST_RETRIES: Final = 20
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 8.0
LONGEST_ASKED: Final = 60.0
"""Seconds that a provider may ask us to wait. Who asks for more gets no second try: the caller learns it at once."""


def pause_before(attempt: int, error: DispatchError, retries: int) -> float | None:
    """Return how many seconds to wait before the next try; None: there is none.

    ``attempt`` counts from 1. What the provider asks for in Retry-After holds; else the pause doubles from half a
    second to eight, less up to a quarter by chance, so that callers who failed together do not come back together.
    """
    if attempt > retries or not error.retryable:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_ASKED else None
    pause: float = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, written as milliseconds, seconds or an HTTP date.

    >>> retry_after({"retry-after": "1.5"}), retry_after({"retry-after-ms": "250"})
    (1.5, 0.25)
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
