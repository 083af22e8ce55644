"""One request for an endpoint that is passed through, from its body to the end of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from ...errors import BadRequestError, DispatchError
from ..access import allowed_targets
from ..attempts import Answered, Attempts
from ..exchange import Exchange, check_model
from ..http import paths
from ..http.asgi import HTTPError
from ..relay import Events
from ..router import Target
from ..upstream.prepared import Prepared
from ..upstream.target import Route
from . import reply as replies
from .endpoints import Endpoint
from .request import Request

_MODERATIONS: Final = "/moderations"


class Passed(Exchange):
    """A request under way."""

    def __init__(self, *given: Any, endpoint: Endpoint, path: str) -> None:
        super().__init__(*given)
        self._endpoint, self._path = endpoint, path
        self._record.endpoint = path
        self._out.error_event = endpoint.error_event
        self._route = f"{paths.VERSION}{path if path in endpoint.listed else endpoint.listed[0]}"

    def _understood(self, raw: bytes) -> tuple[Sequence[Target], Attempts]:
        config = self._service.config
        request = Request(self._endpoint, self._scope, self._path, raw, config.limits.json_depth)
        self._record.streams = request.streams
        self._take(request.asked)
        moderation = config.moderation if self._path == _MODERATIONS else None
        model = self._model or moderation or request.model
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

    def _events(self, answered: Answered) -> Events:
        if answered.reply.headers.get("content-type", "").startswith(replies.STREAM):
            return replies.Events(answered.route.without_key, self._endpoint.last)
        self._out.error_event, self._meter = None, None
        return replies.Untouched()


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
        prepared = Prepared(root, self.request.body_for(route.deployment, route.model))
        prepared.forwarded = self.forwarded
        return prepared

    async def _ask(self, route: Route, prepared: Prepared) -> Answered:
        record, request = self._record, self.request
        patience = self._service.patience(route.deployment, self._asked, streams=record.streams)
        started = perf_counter()
        head = route.head_elsewhere(
            request.method, request.path, request.query, {**request.headers, **prepared.forwarded}
        )
        reply = await route.pool.request(b"%b%d\r\n\r\n" % (head, len(prepared.raw)), prepared.raw, patience)
        record.upstream = perf_counter() - started
        if reply.headers.get("content-type", "").startswith(replies.STREAM):
            patience = max(0.0, patience - record.upstream)
            self._out.silence.listen(reply)
        first = replies.first_bytes(route, prepared, reply, patience, self._out.ping)
        return Answered(route, prepared, reply, *await first)


#: Codes of errors about an object of an account: another deployment may be of that account.
_OF_ANOTHER: Final = frozenset({"previous_response_not_found"})
