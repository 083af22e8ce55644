"""Windows that all processes and machines count in together, in a Redis. Needs the extra ``redis``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from time import monotonic
from typing import Any, Final

from .quota import LocalCounts

PATIENCE: Final = 1.0
"""Seconds to wait for the Redis; a request waits for it."""
PAUSE: Final = 5.0
"""Seconds for which a Redis that failed is not asked again."""
PREFIX: Final = "quirkbook:"


class SharedCounts:
    """Counts in a Redis; where that does not answer, for a while in this process alone, and says so once each time."""

    def __init__(
        self,
        url: str,
        told: Callable[[str], object],
        clock: Callable[[], float] = monotonic,
        local: LocalCounts | None = None,
    ) -> None:
        """``told`` gets a line when the Redis does not answer, and one when it does again."""
        self._redis = client(url)
        self._told, self._clock = told, clock
        self._local = local or LocalCounts()
        self._down_until = 0.0
        self._is_down = False

    async def add(self, amounts: Mapping[str, tuple[int, int]]) -> Sequence[int]:
        """Add to windows; see `quota.Counts`."""
        if not amounts:
            return ()
        if self._clock() < self._down_until:
            return await self._local.add(amounts)
        try:
            totals = await self._add(amounts)
        except Exception as error:  # noqa: BLE001 - its library has errors of many classes, and none of them may cost a request
            self._down_until = self._clock() + PAUSE
            if not self._is_down:
                self._told(f"Redis does not answer ({type(error).__name__}): limits are counted by this process alone")
            self._is_down = True
            return await self._local.add(amounts)
        if self._is_down:
            self._told("Redis answers again: limits are counted there")
        self._is_down = False
        return totals

    async def _add(self, amounts: Mapping[str, tuple[int, int]]) -> Sequence[int]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name, (amount, seconds) in amounts.items():
                pipeline.incrby(PREFIX + name, amount)
                pipeline.expire(PREFIX + name, seconds)
            replies = await pipeline.execute()
        return [int(total) for total in replies[::2]]

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def is_installed() -> bool:
    """Tell whether the extra is there."""
    return find_spec("redis") is not None


def client(url: str) -> Any:
    """Return a client for a URL, which connects when it is first used."""
    from redis.asyncio import from_url

    return from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
