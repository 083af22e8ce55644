"""One chat completion through the gateway: translated, sent, and its answer handed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Final

import msgspec

from ..errors import (
    APIConnectionError,
    AuthenticationError,
    DispatchError,
    PayloadError,
    PolicyError,
    QuirkbookError,
    RefusedError,
    Timeout,
)
from ..payload.describe import as_data
from ..wire.retry import pause_before
from ..wire.sse import EventTooLongError
from . import headers
from .http import body
from .http.asgi import JSON, GoneError, Headers, HeaderValues, HTTPError, Receive, Send, answer, read_body
from .http.disconnect import DisconnectWatcher
from .observe import Log, Metrics
from .router import Target, UnknownModelError
from .service import Service
from .upstream import streams, validate_response
from .upstream.connection import Reply
from .upstream.target import Prepared, Route

_encode = msgspec.json.Encoder().encode


class Exchange:
    """A request under way, and what the log and the metrics record of it."""

    def __init__(
        self,
        service: Service,
        log: Log,
        metrics: Metrics,
        header_values: HeaderValues,
        receive: Receive,
        send: Send,
        id: bytes,
    ) -> None:
        self._service, self._log, self._metrics = service, log, metrics
        self._header_values, self._receive, self._send = header_values, receive, send
        self._id = id
        self._started = perf_counter()
        self._upstream: float | None = None
        self.model = ""
        """A name of the config."""
        self.provider = ""
        self._tries = 0
        self._rules: tuple[str, ...] = ()
        self._status = 0
        self._why: str | None = None
        self._streams = False

    async def run(self) -> None:
        """Answer the request, whatever happens, and record the outcome."""
        watcher = DisconnectWatcher(self._receive)
        try:
            with watcher:
                await self._answer(watcher)
        except HTTPError as error:
            self._record_outcome(error.status, str(error))
            await self._refuse(error)
        except PayloadError as error:  # a rule made the request or its answer too large
            self._record_outcome(500, str(error))
            await self._refuse(HTTPError(500, str(error), type="configuration_error", code="rules_too_costly"))
        except (GoneError, ConnectionError):
            self._record_outcome(499, "the client hung up")
        except asyncio.CancelledError:
            self._record_outcome(503, "the gateway was stopped before the answer was complete")
            raise
        finally:
            self._log_request()

    def _record_outcome(self, status: int, why: str | None = None) -> None:
        self._status, self._why = status, why

    async def _refuse(self, error: HTTPError) -> None:
        error_headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
        raw = _encode(error.body)
        await answer(self._send, error.status, raw, [JSON, *self._headers(), *error_headers])

    def _log_request(self) -> None:
        took = perf_counter() - self._started
        self._metrics.count(self.model, self.provider, self._status, took, self._upstream, self._rules)
        if self._tries > 1:
            self._metrics.retried(self.model, self._tries - 1)
        self._log.write(
            id=self._id.decode(),
            status=self._status,
            model=self.model or None,
            provider=self.provider or None,
            ms=round(took * 1e3, 2),
            upstream_ms=None if self._upstream is None else round(self._upstream * 1e3, 2),
            stream=self._streams or None,
            tries=self._tries if self._tries > 1 else None,
            rules=list(self._rules) or None,
            why=self._why,
        )

    async def _answer(self, watcher: DisconnectWatcher) -> None:
        limits = self._service.config.limits
        raw = await read_body(self._header_values, self._receive, limits.body_bytes)
        fields = body.fields(raw)
        body.check_steering(fields)
        targets = self._targets(fields)
        policy = headers.policy(self._header_values[3], self._service.config.policy)
        watcher.start()
        route, prepared, reply, data, live = await self._dispatch(targets, fields, policy)
        try:
            await self._relay(route, prepared, reply, data, live)
        except BaseException:  # cancelled, too, when the client hangs up: then the upstream need not go on either
            reply.close()
            raise

    def _targets(self, fields: Mapping[str, Any]) -> Sequence[Target]:
        model = body.decode({"model": fields.get("model")}, None, 1000)["model"]
        if not isinstance(model, str):
            text = "model is missing: name one of GET /v1/models" if model is None else "model is a string"
            raise HTTPError(400, text, param="model", code="missing_parameter" if model is None else "invalid_type")
        try:
            return self._service.router.route(model)
        except UnknownModelError as error:
            raise HTTPError(404, str(error), param="model", code="model_not_found") from None

    # To the upstream

    async def _dispatch(
        self, targets: Sequence[Target], fields: Mapping[str, Any], policy: Mapping[str, str]
    ) -> tuple[Route, Prepared, Reply, bytes, bool]:
        """Return the first good answer as `first_bytes` returns it; a failure sends the request on to the next deployment."""
        config = self._service.config
        limits = config.limits
        retries = targets[0].deployment.retries
        retries = config.retries if retries is None else retries
        most = max(len(targets), retries + 1)
        route = prepared = None
        while True:
            target = targets[self._tries % len(targets)]
            if route is None or target.deployment is not route.deployment:
                route = self._route(target)
                prepared = self._translate(route, fields, policy)
            assert prepared is not None
            self._tries += 1
            failure: DispatchError
            try:
                started = perf_counter()
                first_timeout = self._timeout(route, limits.first_byte)
                reply = await route.send(prepared, first_timeout)
                self._upstream = perf_counter() - started
                idle_timeout = self._timeout(route, limits.idle_stream)
                return (
                    route,
                    prepared,
                    reply,
                    *await validate_response.first_bytes(
                        route, prepared, reply, self._streams, first_timeout, idle_timeout
                    ),
                )
            except DispatchError as error:
                failure = error
            pause = self._pause(failure, most, len(targets))
            if pause is None:
                raise self._final_error(route, failure)
            if pause:
                await asyncio.sleep(pause)

    def _route(self, target: Target) -> Route:
        self.model, self.provider = target.deployment.name, target.deployment.provider
        try:
            return self._service.route(target)
        except AuthenticationError as error:
            raise HTTPError(500, error.message, type="configuration_error", code="no_upstream_key") from None
        except QuirkbookError as error:
            raise HTTPError(500, str(error), type="configuration_error") from None

    def _translate(self, route: Route, fields: Mapping[str, Any], policy: Mapping[str, str]) -> Prepared:
        try:
            prepared = route.translate(fields, policy, self._service.config.limits.json_depth)
        except RefusedError as error:
            listed = [as_data(change) for change in error.refusals]
            self._rules = tuple(dict.fromkeys(change.rule for change in error.refusals))
            raise HTTPError(
                400, str(error), code="refused_by_rule", param=error.pointer or None, changes=listed
            ) from None
        except PolicyError as error:
            listed = [as_data(change) for change in error.changes]
            self._rules = tuple(dict.fromkeys(change.rule for change in error.changes))
            raise HTTPError(400, str(error), code="forbidden_by_policy", changes=listed) from None
        self._streams = prepared.root.get("stream") is True
        self._rules = tuple(dict.fromkeys(prepared.rules))
        return prepared

    def _timeout(self, route: Route, most: float) -> float:
        config = self._service.config
        deployment = route.deployment
        seconds = (
            deployment.stream_timeout if self._streams and deployment.stream_timeout is not None else deployment.timeout
        )
        if seconds is None:
            seconds = config.stream_timeout if self._streams and config.stream_timeout is not None else config.timeout
        return min(seconds, most)

    def _pause(self, failure: DispatchError, most: int, targets: int) -> float | None:
        """Return the seconds to wait before the next try; None: there is none."""
        if self._tries >= most:
            return None
        elsewhere = self._tries < targets
        if elsewhere and (failure.status is None or failure.status in _ELSEWHERE or failure.status >= 500):
            return 0.0
        return pause_before(max(1, self._tries - targets + 1), failure, most)

    def _final_error(self, route: Route, failure: DispatchError) -> HTTPError:
        """Return the error for the client, once nothing is left to try."""
        if failure.status is None:
            status = 504 if isinstance(failure, Timeout) else 502
            tried = f" (tried {self._tries} times)" if self._tries > 1 else ""
            text = route.mask(f"{route.provider or 'the upstream'}: {failure.message}{tried}")
            return HTTPError(status, text, type="upstream_error", code="timeout" if status == 504 else "no_connection")
        return validate_response.for_client(route, failure)

    # Back to the client

    def _headers(self) -> Headers:
        return headers.of_gateway(self._id, self._rules)

    async def _relay(self, route: Route, prepared: Prepared, reply: Reply, data: bytes, live: bool) -> None:
        self._record_outcome(reply.status)
        self._rules = tuple(dict.fromkeys(prepared.rules))  # those on the answer, too
        passed = self._headers() + headers.of_upstream(route, reply)
        if live:
            await self._stream(route, prepared, reply, data, passed)
        else:
            await answer(self._send, reply.status, data, passed)

    async def _stream(self, route: Route, prepared: Prepared, reply: Reply, data: bytes, head: Headers) -> None:
        send, relay = self._send, route.relay(prepared)
        relay.choices = streams.number_of_choices(prepared.root)
        patience = self._timeout(route, self._service.config.limits.idle_stream)
        head.append((b"x-accel-buffering", b"no"))
        if "cache-control" not in reply.headers:
            head.append((b"cache-control", b"no-cache"))
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        try:
            while data:
                passed = relay.feed(data)
                if passed:
                    await send({"type": "http.response.body", "body": passed, "more_body": True})
                data = await reply.piece(patience)
            tail = relay.close()
            reply.release()
            cut = None if relay.ended or relay.failed else "it stopped without saying that it is complete"
        except (APIConnectionError, EventTooLongError, PayloadError) as error:
            reply.close()
            cut, tail = (None, relay.close()) if relay.ended else (str(error), b"")
        self._rules = tuple(dict.fromkeys(self._rules + relay.fired))
        if cut is not None:
            self._why = f"the stream was cut: {cut}"
            who = route.provider or "the upstream"
            text = route.mask(f"{who}: the stream ended before its answer did: {cut}")
            tail += streams.failure(text, "stream_cut")
        await send({"type": "http.response.body", "body": tail})


#: Statuses after which another deployment may do better: a key or a model of its own, a limit of its own.
_ELSEWHERE: Final = frozenset({401, 403, 404, 408, 409, 429})
