"""How much a deployment, or a key of a client, may ask: requests and tokens by the minute and by the day, and how many at once.

Windows begin with the minute and the day (UTC), so that machines agree on them. Requests are counted before they are sent,
tokens when the answer says how many there were: the request that crosses a limit of tokens is still answered.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from .config.model import Allowance
from .http.asgi import HTTPError

#: Field of an allowance -> (seconds of its window, whether it counts tokens, what a window is called).
_WINDOWS: Final[Mapping[str, tuple[int, bool, str]]] = {
    "rpm": (60, False, "requests a minute"),
    "rpd": (86_400, False, "requests a day"),
    "tpm": (60, True, "tokens a minute"),
    "tpd": (86_400, True, "tokens a day"),
}
_MOST_KEPT: Final = 10_000
"""Windows that are kept before those that are over are thrown away."""
_BYTES_OF_A_TOKEN: Final = 4
_TOKENS: Final = re.compile(rb'"(total|input|output)_tokens"\s*:\s*(\d{1,12})').findall


class Counts(Protocol):
    """Where windows are counted."""

    async def add(self, amounts: Mapping[str, tuple[int, int]]) -> Sequence[int]:
        """Add to windows, by name: (amount, seconds until it may be forgotten); return what each then holds."""


class Leases(Protocol):
    """Where requests under way are counted for all processes."""

    poll: float
    """Seconds after which a request that waits asks again."""

    async def take(self, who: str, most: int) -> str | None:
        """Take a slot of so many, and return its lease; "": it is counted nowhere; None: all are taken."""

    def give(self, who: str, lease: str) -> None:
        """Give it back."""


class LocalCounts:
    """Counts of this process alone."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, float]] = {}

    async def add(self, amounts: Mapping[str, tuple[int, int]]) -> Sequence[int]:
        """Add to windows; see `Counts`."""
        now = self._clock()
        if len(self._windows) > _MOST_KEPT:
            self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
        totals = []
        for name, (amount, seconds) in amounts.items():
            total = self._windows.get(name, (0, 0.0))[0] + amount
            self._windows[name] = (total, now + seconds)
            totals.append(total)
        return totals


@dataclass(frozen=True, slots=True)
class Over:
    """A limit that is reached."""

    limit: int
    what: str
    """``requests a minute``"""
    seconds: int
    """Until its window ends."""

    def error(self, who: str, code: str = "rate_limit_exceeded") -> HTTPError:
        """Return the answer for a client; ``who`` has the limit."""
        text = f"{who} has a limit of {counted(self.limit, self.what)}, which is reached: ask again in {self.seconds} seconds"
        return HTTPError(429, text, type="rate_limit_error", code=code, headers={"retry-after": str(self.seconds)})


def counted(number: int, what: str) -> str:
    """Return a number of something that is named in the plural.

    >>> counted(1, "requests a minute"), counted(2000, "tokens a day")
    ('1 request a minute', '2,000 tokens a day')
    """
    noun, space, rest = what.partition(" ")
    return f"{number:,} {noun.removesuffix('s') if number == 1 else noun}{space}{rest}"


class Quota:
    """Counts what is asked against what is allowed."""

    def __init__(self, counts: Counts, clock: Callable[[], float] = time.time) -> None:
        self.counts, self._clock = counts, clock
        self.slots = Slots()
        self.leases: Leases | None = None
        """Where requests under way are counted for all processes; None: each counts for itself."""
        self._leased: dict[str, Leases] = {}
        """Lease -> who has given it: a reload may have named another since."""
        self._spending: set[asyncio.Task[None]] = set()

    async def take(self, who: str, most: int | None) -> str | None:
        """Take a slot of so many, and return its lease, which may be ""; None: all are taken."""
        if not self.slots.take(who, most):
            return None
        if most is None or self.leases is None:
            return ""
        try:
            lease = await self.leases.take(who, most)
        except BaseException:  # cancelled
            self.slots.give(who)
            raise
        if lease is None:
            self.slots.give(who)
        elif lease:
            self._leased[lease] = self.leases
        return lease

    def give(self, who: str, lease: str) -> None:
        """Give a slot back."""
        self.slots.give(who)
        if lease:
            self._leased.pop(lease).give(who, lease)

    async def wait(self, names: Sequence[str], seconds: float) -> None:
        """Wait until a slot of one of the names may be free, at most for so long."""
        await self.slots.wait(names, seconds if self.leases is None else min(seconds, self.leases.poll))

    async def enter(self, who: str, allowance: Allowance) -> Over | None:
        """Count one request, unless a limit is reached: then nothing is counted."""
        now = self._clock()
        windows = list(_windows(allowance))
        asked = {_name(who, key, now): (0 if tokens else 1, seconds + 60) for key, _, seconds, tokens, _ in windows}
        totals = await self.counts.add(asked)
        for (_, limit, seconds, tokens, what), total in zip(windows, totals, strict=True):
            if total > limit - tokens:
                await self.counts.add({name: (-amount, keep) for name, (amount, keep) in asked.items() if amount})
                return Over(limit, what, max(1, round(seconds - now % seconds)))
        return None

    def spend(self, who: str, allowance: Allowance, tokens: int) -> None:
        """Count the tokens of an answer, some time soon."""
        now = self._clock()
        amounts = {
            _name(who, key, now): (tokens, seconds + 60)
            for key, _, seconds, of_tokens, _ in _windows(allowance)
            if of_tokens
        }
        if amounts:
            task = asyncio.get_running_loop().create_task(self._add(amounts))
            self._spending.add(task)
            task.add_done_callback(self._spending.discard)

    async def _add(self, amounts: Mapping[str, tuple[int, int]]) -> None:
        await self.counts.add(amounts)


def _windows(allowance: Allowance) -> Iterable[tuple[str, int, int, bool, str]]:
    """Yield field, limit, seconds, whether it counts tokens, and its name in words, of each limit there is."""
    for key, (seconds, tokens, what) in _WINDOWS.items():
        limit = getattr(allowance, key)
        if limit is not None:
            yield key, limit, seconds, tokens, what


def _name(who: str, key: str, now: float) -> str:
    return f"{who}:{key}:{int(now // _WINDOWS[key][0])}"


class Slots:
    """How many requests are under way, of each name, and who waits until there are fewer."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def take(self, who: str, most: int | None) -> bool:
        """Take a slot; False: there is none."""
        taken = self._taken.get(who, 0)
        if most is not None and taken >= most:
            return False
        self._taken[who] = taken + 1
        return True

    def give(self, who: str) -> None:
        """Give a slot back, and wake who has waited longest."""
        self._taken[who] -= 1
        if not self._taken[who]:
            del self._taken[who]
        for future in self._waiting.get(who, ()):
            if not future.done():
                future.set_result(None)
                break

    async def wait(self, names: Sequence[str], seconds: float) -> None:
        """Wait until a slot of one of the names is given back, at most for so long."""
        future = asyncio.get_running_loop().create_future()
        for name in names:
            self._waiting.setdefault(name, deque()).append(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            for name in names:
                self._waiting[name].remove(future)
                if not self._waiting[name]:
                    del self._waiting[name]


class Meter:
    """The tokens of one answer: as it says itself, in all or, as Anthropic's do, in two numbers; else as its length suggests."""

    def __init__(self, request_bytes: int) -> None:
        self._request = request_bytes
        self._numbers: dict[bytes, int] = {}
        self._bytes = 0
        self._events = 0

    def whole(self, answer: bytes) -> None:
        """Look at a whole answer."""
        self._bytes = len(answer)
        self._look(answer)

    def events(self, events: bytes) -> None:
        """Look at whole events of a stream: the last that says a number counts."""
        self._events += events.count(b"\ndata:") + events.startswith(b"data:")
        self._look(events)

    def _look(self, data: bytes) -> None:
        if b'_tokens"' in data:
            for name, number in _TOKENS(data):
                self._numbers[name] = int(number)

    @property
    def tokens(self) -> int:
        """How many there were; an event of a stream is taken for a token, four bytes of the rest for one."""
        if b"total" in self._numbers:
            return self._numbers[b"total"]
        if self._numbers:
            return sum(self._numbers.values())
        return (self._request + self._bytes) // _BYTES_OF_A_TOKEN + self._events
