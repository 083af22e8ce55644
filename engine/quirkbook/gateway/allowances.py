"""What one request takes of the limits of its key and of the deployments that it asks, and gives back when it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from .config.model import ClientKey, Deployment
from .http.asgi import HTTPError
from .quota import Meter, Quota, counted
from .router import Target

BUSY: Final = "too_many_at_once"
"""The code of the error where a slot may soon be free."""


class Allowances:
    """The limits as one request meets them."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._held: Deployment | None = None
        """The deployment that is being asked, if it has limits."""
        self._key: ClientKey | None = None
        """The client's key, if it has limits."""
        self._lease = self._key_lease = ""
        self._meter: Meter | None = None

    async def admit(self, key: ClientKey) -> None:
        """Count the request against the limits of the client's key.

        Raises:
            HTTPError: 429, one is reached.
        """
        who, parallel = _of_key(key), key.allowance.parallel
        lease = await self._quota.take(who, parallel)
        if lease is None:
            text = f"the key '{key.name}' has {counted(parallel or 0, 'requests')} under way, which is its limit (max_parallel_requests)"
            raise HTTPError(429, text, type="rate_limit_error", code=BUSY, headers={"retry-after": "1"})
        self._key, self._key_lease = key, lease
        over = await self._quota.enter(who, key.allowance)
        if over is not None:
            raise over.error(f"the key '{key.name}'")

    async def enter(self, target: Target) -> HTTPError | None:
        """Count the request against the limits of a deployment, or return why it has to wait."""
        deployment = target.deployment
        allowance, name = deployment.allowance, _name(deployment)
        lease = await self._quota.take(name, allowance.parallel)
        if lease is None:
            number = counted(allowance.parallel or 0, "requests at once")
            text = f"'{target.label}' is asked {number}, which is its limit (max_parallel_requests)"
            return HTTPError(429, text, type="rate_limit_error", code=BUSY, headers={"retry-after": "1"})
        self._held, self._lease = deployment, lease
        over = await self._quota.enter(name, allowance)
        if over is None:
            return None
        self.leave()
        return over.error(f"'{target.label}'")

    async def wait(self, targets: Sequence[Target], seconds: float) -> None:
        """Wait until one of the deployments is asked less."""
        await self._quota.wait([_name(target.deployment) for target in targets], seconds)

    def leave(self) -> None:
        """Give back the slot of the deployment that is asked, if there is one."""
        if self._held is not None:
            self._quota.give(_name(self._held), self._lease)
            self._held = None

    def meter(self, request_bytes: int) -> Meter | None:
        """Return what the answer is to be measured with; None: nobody counts its tokens."""
        if any(one is not None and one.allowance.counts_tokens for one in (self._held, self._key)):
            self._meter = Meter(request_bytes)
        return self._meter

    def close(self) -> None:
        """Count what was used, and give back what is held."""
        if self._held is not None and self._meter is not None:
            self._quota.spend(_name(self._held), self._held.allowance, self._meter.tokens)
        self.leave()
        if self._key is not None:
            if self._meter is not None:
                self._quota.spend(_of_key(self._key), self._key.allowance, self._meter.tokens)
            self._quota.give(_of_key(self._key), self._key_lease)
            self._key = None


def _of_key(key: ClientKey) -> str:
    return f"key:{key.name}"


@lru_cache(1024)
def _name(deployment: Deployment) -> str:
    """Return what makes a deployment the same after a reload, and on another machine; no key can be read out of it."""
    told = (deployment.name, deployment.model, deployment.api_base, deployment.api_key, deployment.id)
    return f"deployment:{hashlib.sha256(repr(told).encode()).hexdigest()[:24]}"
