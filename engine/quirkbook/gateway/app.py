"""The gateway as an ASGI app: which address does what, and the config and rules in force."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from ..api.reasoning import ReasoningMemory
from .config.model import ClientKey, Config, Memory, Options
from .cooldown import Cooldowns
from .exchange import Exchange
from .http import paths
from .http.asgi import (
    GoneError,
    HTTPError,
    Receive,
    Scope,
    Send,
    answer_error,
    header,
    header_values,
)
from .http.asgi import request_id as request_id_of
from .http.cors import is_preflight, origin_of
from .observe import Log, Metrics
from .pages import KEY, Pages
from .passthrough import endpoints
from .passthrough.exchange import Passed
from .quota import LocalCounts, Quota
from .service import Service
from .shared_counts import SharedCounts, is_installed
from .shared_slots import SharedSlots
from .shared_thoughts import SharedThoughts
from .upstream.target import Pools

if TYPE_CHECKING:
    from .tracing import Tracing

_PAUSE: Final = "1"
"""Seconds to wait that a client is told when too many requests are under way."""
_PATH: Final = 200
"""Characters of an address in the log."""


class Gateway:
    """The ASGI app."""

    def __init__(self, config: Config, *, log: Log | None = None, options: Options | None = None) -> None:
        self.pools: Pools = {}
        self.options = options or Options()
        self.quota = Quota(LocalCounts())
        self._slots: dict[str, SharedSlots] = {}
        self._shared: dict[str, SharedCounts] = {}
        """The counts of each Redis that a config has named so far."""
        self.memory: ReasoningMemory | None = None
        self._memory_as: Memory | None = None
        self.service = self._service(config)
        self.cooldowns = Cooldowns()
        self.at_start: list[Callable[[], object]] = []
        """Called when the server starts, on its event loop."""
        self.log = log or Log()
        self.metrics = Metrics(lambda: self.under_way, lambda: self.log.lost)
        self.figures: Callable[[], Awaitable[bytes]] = self.metrics.page
        """What /metrics shows: of all workers, where there are several."""
        self.tracing: Tracing | None = None
        self._tracer: Tracing | None = None
        """Where spans are made, once they have been asked for."""
        self._trace(config)
        self.reload_error: str | None = None
        """Why the config or rules on disk are not those in force, if they are not."""
        self._exchanges: set[Exchange] = set()
        self._in_flight = 0
        """Bytes of their bodies."""
        self._ids = _ids()
        self._pages = Pages(self)

    def _service(self, config: Config) -> Service:
        self._count_in(config.redis)
        self._remember(config.memory)
        return Service(config, self.pools, (self.options.host, *self.options.allow_hosts))

    def _count_in(self, redis: str | None) -> None:
        """Count requests and tokens in a Redis from now on, or in this process."""
        if redis is not None and is_installed():
            if redis not in self._shared:
                self._shared[redis] = SharedCounts(redis, lambda text: self.log.write(event="limits", why=text))
            if redis not in self._slots:
                self._slots[redis] = SharedSlots(redis, lambda text: self.log.write(event="limits", why=text))
            self.quota.counts, self.quota.leases = self._shared[redis], self._slots[redis]
        elif isinstance(self.quota.counts, SharedCounts):
            self.quota.counts, self.quota.leases = LocalCounts(), None

    def _remember(self, wanted: Memory | None) -> None:
        """Remember as much as a config says from now on; nothing is forgotten where it says what it said."""
        if wanted == self._memory_as:
            return
        self._memory_as, self.memory = wanted, None
        if wanted is not None:
            shared = None
            if wanted.redis is not None and is_installed():
                shared = SharedThoughts(wanted.redis, lambda text: self.log.write(event="reasoning memory", why=text))
            self.memory = ReasoningMemory(entries=wanted.entries, ttl=wanted.ttl, bytes=wanted.bytes, shared=shared)

    def _trace(self, config: Config) -> None:
        """Make spans from now on, or none, as a config says."""
        if config.traces and self._tracer is None and can_trace():
            from .tracing import Tracing  # needs the extra otel

            self._tracer = Tracing()
        self.tracing = self._tracer if config.traces else None

    def replace(self, config: Config) -> None:
        """Serve new requests by another config; those under way go on as they began."""
        self.service = self._service(config)
        self._trace(config)
        self.reload_error = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one lifespan."""
        if scope["type"] == "http":
            path = scope["path"]
            cors = self.service.cors
            if cors is not None and (origin := origin_of(scope)) is not None:
                if is_preflight(scope):
                    await cors.preflight(scope, send, origin)
                    return
                send = cors.sending(send, origin)
            if path == paths.CHAT and scope["method"] == "POST":
                await self._chat(scope, receive, send)
            else:
                await self._serve_elsewhere(scope, receive, send, paths.plain(path, self.options.roots))
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise RuntimeError(f"no {scope['type']} is served here")

    async def _serve_elsewhere(self, scope: Scope, receive: Receive, send: Send, address: paths.Address) -> None:
        method, below = scope["method"], address.path.removeprefix(paths.VERSION)
        if address.path == paths.CHAT and method == "POST":
            await self._chat(scope, receive, send, address.model)
        elif (endpoint := endpoints.find(method, below)) is not None:
            passed = partial(Passed, endpoint=endpoint, path=below)
            await self._chat(scope, receive, send, address.model, passed)
        else:
            await self._serve_other(scope, receive, send, address.path)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        for begin in self.at_start:
            begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for pool in self.pools.values():
            pool.close()
        for slots in self._slots.values():
            await slots.close()
        for counts in self._shared.values():
            await counts.close()
        if self._tracer is not None:
            await asyncio.to_thread(self._tracer.close)
        self.log.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _chat(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        model: str | None = None,
        kind: Callable[..., Exchange] = Exchange,
    ) -> None:
        service = self.service
        values = header_values(scope)
        id = request_id_of(values[0], self._ids)
        try:
            key = self._admit(scope, service)
        except HTTPError as error:
            self._refused(scope, id, error)
            await answer_error(send, error, [(b"x-request-id", id)])
            return
        exchange = kind(self, scope, values, receive, send, id, model, key)
        self._exchanges.add(exchange)
        try:
            await exchange.run()
        finally:
            self._exchanges.discard(exchange)
            self._in_flight -= exchange.size

    @property
    def under_way(self) -> int:
        """How many chat completions are not yet answered."""
        return len(self._exchanges)

    def reserve(self, size: int) -> None:
        """Count bytes of a body that are kept from now on.

        Raises:
            HTTPError: 503, too many are under way.
        """
        most = self.service.config.limits.in_flight
        if self._in_flight + size > most:
            text = f"requests under way hold {most:,} bytes, which is the limit (quirkbook_settings.limits.in_flight_bytes)"
            raise HTTPError(503, text, type="server_error", code="too_many_bytes", headers={"retry-after": _PAUSE})
        self._in_flight += size

    def stop(self) -> None:
        """End all requests that are still under way, each with an error: the gateway is about to end."""
        text = "the gateway is being stopped, and the answer was not complete in time (--drain)"
        for exchange in list(self._exchanges):
            exchange.stop(
                HTTPError(503, text, type="server_error", code="gateway_stopped", headers={"retry-after": _PAUSE})
            )

    def _admit(self, scope: Scope, service: Service) -> ClientKey | None:
        key = service.guard.check(scope)
        most = service.config.limits.concurrency
        if len(self._exchanges) >= most:
            text = f"{most} requests are under way, which is the limit (quirkbook_settings.limits.concurrency)"
            raise HTTPError(
                429, text, type="rate_limit_error", code="too_many_requests", headers={"retry-after": _PAUSE}
            )
        return key

    def _checked(self, scope: Scope, id: bytes) -> ClientKey | None:
        try:
            return self.service.guard.check(scope)
        except HTTPError as error:
            self._refused(scope, id, error)
            raise

    def _refused(self, scope: Scope, id: bytes, error: HTTPError) -> None:
        """Log and count a caller that is turned away at the door; the query is left out, as it may hold a key."""
        path = scope["path"][:_PATH].encode("utf-8", "replace").decode()
        self.log.write(id=id.decode(), status=error.status, method=scope["method"], path=path, why=str(error))
        self.metrics.refused(error.status)

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        id = request_id_of(header(scope, b"x-request-id"), self._ids)
        send = _with_request_id(send, id)
        try:
            handler = self._pages.find(scope["method"], path)
            if path not in self._pages.open:
                scope[KEY] = self._checked(scope, id)
            await handler(scope, receive, send)
        except HTTPError as error:
            await answer_error(send, error)
        except GoneError:
            pass


def can_trace() -> bool:
    """Tell whether the extra for traces is installed."""
    try:
        return all(find_spec(f"opentelemetry.{name}") for name in ("sdk.trace", "exporter.otlp.proto.http"))
    except ModuleNotFoundError:
        return False


def _with_request_id(send: Send, id: bytes) -> Send:
    """Return a way to send that adds the request's id to the head of the answer."""

    async def sending(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            event["headers"].append((b"x-request-id", id))
        await send(event)

    return sending


def _ids() -> Callable[[], bytes]:
    """Return a maker of ids: random at the start of the process, then counted."""
    start = secrets.token_hex(6).encode()
    count = 0

    def make() -> bytes:
        nonlocal count
        count += 1
        return b"%b-%x" % (start, count)

    return make
