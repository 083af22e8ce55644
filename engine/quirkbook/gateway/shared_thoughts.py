"""Thoughts that all processes and machines remember together, in a Redis. Needs the extra ``redis``."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

PATIENCE: Final = 0.5
"""Seconds to wait for the Redis; a request waits for it."""
PAUSE: Final = 5.0
"""Seconds for which a Redis that failed is not asked again."""
PREFIX: Final = b"quirkbook:thoughts:"


class SharedThoughts:
    """A store for `ReasoningMemory`; where the Redis does not answer nothing is found in it, and nothing fails."""

    def __init__(
        self, url: str, told: Callable[[str], object], clock: Callable[[], float] = monotonic, redis: Any = None
    ) -> None:
        """``told`` gets a line when the Redis does not answer."""
        if redis is None:
            from redis import Redis

            redis = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        self._redis, self._told, self._clock = redis, told, clock
        self._down_until = 0.0

    def get(self, key: bytes) -> str | None:
        """Return what is kept under a key."""
        found = self._do(lambda: self._redis.get(PREFIX + key))
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else None

    def put(self, key: bytes, thoughts: str, ttl: float) -> None:
        """Keep something for so many seconds."""
        self._do(lambda: self._redis.set(PREFIX + key, thoughts.encode("utf-8", "replace"), px=max(1, int(ttl * 1000))))

    def _do(self, ask: Callable[[], Any]) -> Any:
        if self._clock() < self._down_until:
            return None
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - its library has errors of many classes, and none of them may cost a request
            self._down_until = self._clock() + PAUSE
            self._told(f"Redis does not answer ({type(error).__name__}): thoughts are remembered by this process alone")
            return None
