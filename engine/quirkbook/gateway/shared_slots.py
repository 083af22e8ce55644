"""Requests under way that all processes and machines count together: each holds a lease in a Redis, which ends by itself.

A lease is a member of a sorted set, whose score is when it ends. Whoever holds it puts that off; of a process that is gone nobody
does, so its slots come back after `LEASE` seconds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Final

from .shared_counts import PAUSE, PREFIX, client

LEASE: Final = 60.0
"""Seconds; more than the clocks of machines differ, by far."""
RENEW: Final = LEASE / 3
"""Seconds between two times that the end of leases is put off."""
POLL: Final = 0.25
"""Seconds after which a request that waits asks again: nobody tells it that another process has given a slot back."""


class SharedSlots:
    """The leases of one process. Where the Redis does not answer, each process has the whole limit to itself."""

    poll = POLL

    def __init__(self, url: str, told: Callable[[str], object], clock: Callable[[], float] = time.time) -> None:
        """``told`` gets a line when the Redis does not answer."""
        self._redis, self._told, self._clock = client(url), told, clock
        self._process, self._numbers = secrets.token_hex(6), count(1)
        self._held: dict[str, str] = {}
        """Lease -> whose slot it is."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._down_until = 0.0

    async def take(self, who: str, most: int) -> str | None:
        """Take a slot of so many, and return its lease; "": the Redis did not answer; None: all are taken."""
        if self._clock() < self._down_until:
            return ""
        lease = f"{self._process}-{next(self._numbers)}"
        try:
            taken = await self._put(who, lease)
        except asyncio.CancelledError:
            self._later(self._drop(who, lease))
            raise
        except Exception as error:  # noqa: BLE001 - its library has errors of many classes, and none of them may cost a request
            self._fail(error)
            return ""
        if taken > most:
            self._later(self._drop(who, lease))
            return None
        self._held[lease] = who
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew())
        return lease

    def give(self, who: str, lease: str) -> None:
        """Give a slot back, some time soon."""
        if self._held.pop(lease, None) is not None:
            self._later(self._drop(who, lease))

    async def close(self) -> None:
        """Give everything back that is still being given back, and close the connections."""
        if self._renewing is not None:
            self._renewing.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _put(self, who: str, lease: str) -> int:
        """Write a lease down, and return how many there are with it."""
        key, now = _key(who), self._clock()
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.zremrangebyscore(key, 0, now)
            pipeline.zadd(key, {lease: now + LEASE})
            pipeline.zcard(key)
            pipeline.expire(key, int(2 * LEASE))
            replies = await pipeline.execute()
        return int(replies[2])

    async def _drop(self, who: str, lease: str) -> None:
        try:
            await self._redis.zrem(_key(who), lease)
        except Exception as error:  # noqa: BLE001 - as above; the lease ends by itself
            self._fail(error)

    async def _renew(self) -> None:
        """Put the end of all leases off as long as there are some."""
        while self._held:
            await asyncio.sleep(RENEW)
            try:
                for lease, who in list(self._held.items()):
                    await self._redis.zadd(_key(who), {lease: self._clock() + LEASE}, xx=True)
                    await self._redis.expire(_key(who), int(2 * LEASE))
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._clock() >= self._down_until:
            name = type(error).__name__
            self._told(f"Redis does not answer ({name}): max_parallel_requests holds for this process alone")
        self._down_until = self._clock() + PAUSE

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(who: str) -> str:
    return f"{PREFIX}{who}:under-way"
