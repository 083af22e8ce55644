"""One chat completion through the gateway: read, sent to who answers, and the answer handed on as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from ..api.reasoning import ReasoningMemory
from ..errors import PayloadError
from . import asked, headers
from .access import check_allowed
from .allowances import Allowances
from .attempts import Answered, Attempts
from .config.model import CHATS, UNLIMITED, ClientKey, Options
from .cooldown import Cooldowns
from .http import body, paths
from .http.asgi import JSON, GoneError, Headers, HeaderValues, HTTPError, Receive, Scope, Send, answer, read_body
from .http.disconnect import DisconnectWatcher
from .observe import Log, Metrics
from .outgoing import Outgoing
from .quota import Meter, Quota
from .record import Record
from .relay import Events, relayed
from .remembering import Remembering
from .router import Target, UnknownModelError
from .service import Service

if TYPE_CHECKING:  # it needs the extra otel
    from .tracing import Tracing

MODEL_BYTES: Final = 1024
"""Bytes of a model's name; no name is that long."""
_encode = msgspec.json.Encoder().encode


class Owner(Protocol):
    """The gateway that a request came to."""

    service: Service
    cooldowns: Cooldowns
    quota: Quota
    options: Options
    log: Log
    metrics: Metrics
    memory: ReasoningMemory | None
    tracing: Tracing | None

    def reserve(self, size: int) -> None:
        """Count bytes of a body that are kept from now on."""


class Exchange:
    """A request under way."""

    def __init__(
        self,
        gateway: Owner,
        scope: Scope,
        header_values: HeaderValues,
        receive: Receive,
        send: Send,
        id: bytes,
        model: str | None = None,
        key: ClientKey | None = None,
    ) -> None:
        """``model`` is the one that the address names, which wins over the body's; ``key`` the one that the client showed."""
        self._model, self._key = model, key
        self._gateway, self._service, self._scope = gateway, gateway.service, scope
        self._header_values, self._receive, self._send = header_values, receive, send
        self._record = Record(id, key=key.name if key else None)
        self._out = Outgoing(send, headers.of_gateway(id, ()))
        self._asked = asked.NOTHING
        memory = gateway.memory
        caller = "" if self._key is None else self._key.digest.hex()
        self._remembering = None if memory is None else Remembering(memory, caller)
        self._allowances = Allowances(gateway.quota)
        self._meter: Meter | None = None
        """What the tokens of the answer are counted with, if they are."""
        self._route = paths.CHAT
        """The address, as traces have it."""
        self._stopped: HTTPError | None = None
        self._limit_timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        self.size = 0
        """Bytes of the body, once it is there."""

    def stop(self, error: HTTPError) -> None:
        """End the request with an error, whatever it is at."""
        if self._stopped is None and self._task is not None:
            self._stopped = error
            self._task.cancel()

    async def run(self) -> None:
        """Answer the request, whatever happens, and record the outcome."""
        watcher = DisconnectWatcher(self._receive)
        record = self._record
        if self._gateway.tracing is not None:
            record.trace = self._gateway.tracing.request(self._scope, self._route)
        try:
            with watcher:
                await self._answer(watcher)
        except HTTPError as error:
            await self._refuse(error)
        except PayloadError as error:  # a rule made the request or its answer too large
            await self._refuse(HTTPError(500, str(error), type="configuration_error", code="rules_too_costly"))
        except (GoneError, ConnectionError):
            record.outcome(499, "the client hung up")
        except asyncio.CancelledError:
            if self._stopped is None:
                record.outcome(503, "the gateway was stopped before the answer was complete")
                raise
            await self._refuse(self._stopped)
        finally:
            self._out.silence.end()
            self._allowances.close()
            if self._limit_timer is not None:
                self._limit_timer.cancel()
            record.write(self._gateway.log, self._gateway.metrics)

    async def _refuse(self, error: HTTPError) -> None:
        """End with an error. In an answer under way the status that its client has got stays."""
        is_under_way = self._out.begun and self._record.status
        self._record.outcome(self._record.status if is_under_way else error.status, str(error))
        if self._out.begun:
            await self._out.refuse(error.body)
            return
        error_headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
        await answer(self._send, error.status, _encode(error.body), [JSON, *self._headers(), *error_headers])

    def _headers(self) -> Headers:
        record = self._record
        said = headers.of_gateway(record.id, record.rules, record.ignored) + headers.of_answer(record)
        if record.would is not None or record.is_canary:
            said += headers.of_trial(record)
        return said + headers.tried(record) if self._header_values[4] is not None and record.failures else said

    async def _answer(self, watcher: DisconnectWatcher) -> None:
        config = self._service.config
        raw = await read_body(self._header_values, self._receive, config.limits.body_bytes, self._reserve)
        targets, attempts = self._understood(raw)
        if self._key is not None and self._key.allowance is not UNLIMITED:
            await self._allowances.admit(self._key)
        if self._service.forwarding is not None:
            attempts.forwarded = self._service.forwarding.headers(self._scope, self._record.requested)
        if self._remembering is not None:
            attempts.restored = await self._remembering.restored(attempts.fields)
        self._out.silence.seconds = self._service.ping(targets[0].deployment, self._gateway.options.ping)
        watcher.start()
        if config.limits.total is not None:
            self._limit(config.limits.total)
        answered = await attempts.run(targets)
        self._meter = self._allowances.meter(len(answered.prepared.raw))
        if self._record.trace is not None:
            self._record.trace.answered(streams=self._record.streams)
        try:
            await self._relay(answered)
        except BaseException:  # cancelled, too, when the client hangs up: then the upstream need not go on either
            answered.reply.close()
            raise

    def _understood(self, raw: bytes) -> tuple[Sequence[Target], Attempts]:
        """Return who is to be asked, and how."""
        self._service = self._service.drawn()
        self._record.is_canary = self._service.is_canary
        fields = body.fields(raw)
        body.check_steering(fields)
        self._take(asked.take(fields))
        targets = self._targets(self._model or _model_in(fields))
        default = self._service.config.policy
        default = {**default, **self._key.policy} if self._key and self._key.policy else default
        policy = headers.policy(self._header_values[3], default)
        return targets, Attempts(
            self._service,
            self._gateway.cooldowns,
            self._record,
            fields,
            policy,
            self._out,
            self._asked,
            self._allowances,
        )

    def _take(self, asked: asked.Asked) -> None:
        self._asked = asked
        self._record.ignored = asked.ignored

    def _reserve(self, size: int) -> None:
        """Count bytes of the body, as they come.

        Raises:
            HTTPError: 503, too many are under way.
        """
        self._gateway.reserve(size)
        self.size += size

    def _limit(self, seconds: float) -> None:
        text = f"the answer was not complete within {seconds:g} seconds (quirkbook_settings.limits.total_seconds)"
        error = HTTPError(504, text, type="upstream_error", code="timeout")
        self._limit_timer = asyncio.get_running_loop().call_later(seconds, self.stop, error)

    def _targets(self, model: str) -> Sequence[Target]:
        self._record.requested = model
        try:
            router = self._service.router
            targets = router.route(model, asked=self._asked)
            check_allowed(self._key, model, targets)
            for name in asked.names(self._asked):
                check_allowed(self._key, name, router.route(name))
            return self._fit(targets)
        except UnknownModelError as error:
            if error.model != model:
                raise HTTPError(400, f"fallbacks: {error}", param="fallbacks", code="invalid_value") from None
            raise HTTPError(404, str(error), param="model", code="model_not_found") from None

    def _fit(self, targets: Sequence[Target]) -> Sequence[Target]:
        """Return the targets that chat.

        Raises:
            HTTPError: 400, none does.
        """
        fitting = [target for target in targets if target.deployment.mode in CHATS]
        if not fitting:
            first = targets[0].deployment
            text = f"'{first.name}' is not a model for chat completions: its model_info.mode is '{first.mode}'"
            raise HTTPError(400, text, param="model", code="model_not_for_chat")
        return fitting if len(fitting) < len(targets) else targets

    async def _relay(self, answered: Answered) -> None:
        record, reply = self._record, answered.reply
        record.outcome(reply.status)
        record.rules = tuple(dict.fromkeys(answered.prepared.rules))  # those on the answer, too
        if record.trace is not None and not answered.live:
            record.trace.whole(answered.data)
        passed = self._headers() + headers.of_upstream(answered.route, reply)
        if self._meter is not None and not answered.live:
            self._meter.whole(answered.data)
        if self._remembering is not None and not answered.live:
            await self._remembering.whole(answered.data)
        if answered.live:
            listener = self._remembering.stream() if self._remembering is not None else None
            events, limits = self._events(answered), self._service.config.limits
            await relayed(answered, events, limits, self._out, passed, record, self._meter, listener)
        elif self._out.begun:  # a whole answer to a request for a stream, as one
            await self._out.end(answered.data)
        else:
            await answer(self._send, reply.status, answered.data, passed)

    def _events(self, answered: Answered) -> Events:
        return answered.route.relay(answered.prepared)


def _model_in(fields: Mapping[str, Any]) -> str:
    raw = fields.get("model")
    if isinstance(raw, msgspec.Raw) and len(raw) > MODEL_BYTES:
        raise _long_name()
    return check_model(body.decode({"model": raw}, None, 1000)["model"])


def check_model(model: Any) -> str:
    """Return the model that a request names.

    Raises:
        HTTPError: 400, it names none.
    """
    if not isinstance(model, str):
        text = "model is required; GET /v1/models lists the names" if model is None else "model must be a string"
        raise HTTPError(400, text, param="model", code="missing_parameter" if model is None else "invalid_type")
    if len(model) > MODEL_BYTES:
        raise _long_name()
    return model


def _long_name() -> HTTPError:
    text = f"the model's name holds more than {MODEL_BYTES:,} bytes: name one of GET /v1/models"
    return HTTPError(400, text, param="model", code="invalid_value")
