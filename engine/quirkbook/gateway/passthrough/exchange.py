"""One request for an endpoint that is passed through, from its body to the end of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from ...errors import APIConnectionError, BadRequestError, DispatchError
from ...wire.sse import EventTooLongError
from .. import headers
from ..access import allowed_targets
from ..attempts import Answered, Attempts
from ..exchange import Exchange, check_model
from ..http.asgi import HTTPError
from ..outgoing import PACED, PING
from ..router import Target
from ..upstream.prepared import Prepared
from ..upstream.target import Route
from . import reply as replies
from .endpoints import Endpoint
from .request import Request


class Passed(Exchange):
    """A request under way."""

    def __init__(self, *given: Any, endpoint: Endpoint, path: str) -> None:
        super().__init__(*given)
        self._endpoint, self._path = endpoint, path
        self._record.endpoint = path
        self._out.error_event = endpoint.error_event

    def _understood(self, raw: bytes) -> tuple[Sequence[Target], Attempts]:
        config = self._service.config
        request = Request(self._endpoint, self._scope, self._path, raw, config.limits.json_depth)
        self._record.streams = request.streams
        self._take(request.asked)
        model = self._model or request.model
        if model is None and not self._endpoint.names_model:
            targets: Sequence[Target] = allowed_targets(self._key, self._service.router.everyone())
        else:
            targets = self._targets(check_model(model))
        attempts = PassedAttempts(
            self._service, self._gateway.cooldowns, self._record, {}, {}, self._out, self._asked, self._allowances
        )
        attempts.request, attempts.endpoint = request, self._endpoint
        return targets, attempts

    def _fit(self, targets: Sequence[Target]) -> Sequence[Target]:
        return targets  # which of them serve an endpoint is for the upstream to say

    async def _refuse(self, error: HTTPError) -> None:
        if self._endpoint.is_anthropic and not self._out.begun:
            error.body = {"type": "error", **error.body}
        await super()._refuse(error)

    async def _relay(self, answered: Answered) -> None:
        if not answered.live:
            await super()._relay(answered)
            return
        record, reply, route, out = self._record, answered.reply, answered.route, self._out
        record.outcome(reply.status)
        head = self._headers() + headers.of_upstream(route, reply)
        is_stream = reply.headers.get("content-type", "").startswith(replies.STREAM)
        events = replies.Events(route.without_key) if is_stream else None
        await out.head(reply.status, [*head, *PACED] if events else head)
        piece: bytes | None = answered.data
        try:
            while piece != b"":
                if piece is None:
                    await out.put(PING)
                else:
                    out.silence.heard()
                    passed = events.feed(piece) if events else piece
                    if passed:
                        if events and self._meter:
                            self._meter.events(passed)
                        await out.put(passed)
                piece = await reply.piece(self._service.config.limits.idle_stream)
            reply.release()
        except (APIConnectionError, EventTooLongError) as error:
            reply.close()
            record.broke(f"the stream was cut: {error}")
            if events is None:  # whoever reads it can tell by the missing end alone
                return
            who = route.provider or "the upstream"
            text = route.mask(f"{who}: the stream ended before its answer did: {error}")
            await out.refuse(HTTPError(502, text, type="upstream_error", code="stream_cut").body)
            return
        if events is not None and events.failed:
            record.broke("the upstream ended its stream with an error")
        await out.end(events.close() if events else b"")


class PassedAttempts(Attempts):
    """The tries of one request that is passed through."""

    request: Request
    endpoint: Endpoint

    def _cooldown(self, target: Target) -> float:
        # Who does not have an object that somebody else has made is in no trouble.
        return super()._cooldown(target) if self.endpoint.names_model else 0.0

    def _goes_elsewhere(self, failure: DispatchError) -> bool:
        if isinstance(failure, BadRequestError) and failure.body["error"]["code"] in _OF_ANOTHER:
            return True
        return super()._goes_elsewhere(failure)

    def _translated(self, route: Route) -> Prepared:
        root = {"model": route.model, "stream": self.request.streams}
        return Prepared(root, self.request.body_for(route.deployment, route.model))

    async def _ask(self, route: Route, prepared: Prepared) -> Answered:
        record, request = self._record, self.request
        patience = self._service.patience(route.deployment, self._asked, streams=record.streams)
        started = perf_counter()
        head = route.head_elsewhere(request.method, request.path, request.query, {**request.headers, **self.forwarded})
        reply = await route.pool.request(b"%b%d\r\n\r\n" % (head, len(prepared.raw)), prepared.raw, patience)
        record.upstream = perf_counter() - started
        if reply.headers.get("content-type", "").startswith(replies.STREAM):
            patience = max(0.0, patience - record.upstream)
            self._out.silence.listen(reply)
        first = replies.first_bytes(route, prepared, reply, patience, self._out.ping)
        return Answered(route, prepared, reply, *await first)


#: Codes of errors about an object of an account: another deployment may be of that account.
_OF_ANOTHER: Final = frozenset({"previous_response_not_found"})
