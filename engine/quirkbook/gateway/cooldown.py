"""Deployments that fail are passed over for a while: who fails too often, and who says Retry-After.

What is remembered is about deployments, and outlives a reload; a worker has its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from time import monotonic
from typing import Final

from ..errors import BadRequestError, DispatchError
from .config.model import Deployment
from .router import Target

WINDOW: Final = 60.0
"""Seconds within which failures are counted together."""
LONGEST: Final = 3600.0
"""Seconds for which a deployment is passed over at most, whatever its Retry-After says."""


class _Trouble:
    """What is known of a deployment that has failed lately."""

    __slots__ = ("failures", "until")

    def __init__(self) -> None:
        self.failures: deque[float] = deque()
        self.until: float | None = None
        """When it may be asked again; None: now. Once that time has come, one request is let through."""


class Cooldowns:
    """Which deployments are passed over."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._troubles: dict[Hashable, _Trouble] = {}

    def __bool__(self) -> bool:
        """Tell whether any deployment is in trouble: a request that finds none need not look further."""
        return bool(self._troubles)

    def passing_over(self, targets: Sequence[Target]) -> Sequence[Target]:
        """Return the targets, those that are passed over behind all others: with no other left they are asked all the same.

        >>> Cooldowns().passing_over(())
        ()
        """
        now = self._clock()
        cooling = [target for target in targets if self._is_cooling(target.deployment, now)]
        return [*(target for target in targets if target not in cooling), *cooling] if cooling else targets

    def _is_cooling(self, deployment: Deployment, now: float) -> bool:
        trouble = self._troubles.get(_key(deployment))
        return trouble is not None and trouble.until is not None and now < trouble.until

    def asking(self, deployment: Deployment, seconds: float) -> None:
        """Note that a deployment is asked: after its pause this is the one request that tells how it does (half-open)."""
        trouble = self._troubles.get(_key(deployment))
        if trouble is not None and trouble.until is not None and self._clock() >= trouble.until:
            trouble.until = self._clock() + seconds

    def good(self, deployment: Deployment) -> None:
        """Note a good answer: all is forgotten."""
        self._troubles.pop(_key(deployment), None)

    def bad(self, deployment: Deployment, failure: DispatchError, allowed: int, seconds: float) -> bool:
        """Note a failure; True: the deployment is passed over from now on."""
        if seconds <= 0 or (isinstance(failure, BadRequestError) and not failure.retryable):
            return False  # the request is at fault
        now = self._clock()
        trouble = self._troubles.setdefault(_key(deployment), _Trouble())
        probed, failures = trouble.until is not None, trouble.failures
        failures.append(now)
        while failures[0] < now - WINDOW or len(failures) > allowed + 1:
            failures.popleft()
        asked_for = failure.retry_after or 0.0
        if asked_for or probed or len(failures) > allowed:
            trouble.until = now + min(max(asked_for, seconds if probed or len(failures) > allowed else 0.0), LONGEST)
            return True
        return False


def _key(deployment: Deployment) -> Hashable:
    """Return what makes a deployment the same after a reload."""
    return deployment.name, deployment.model, deployment.api_base, deployment.api_key, deployment.id
