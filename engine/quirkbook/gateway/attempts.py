"""Asking one deployment after the other until one answers: who is next, who is asked again, and what the client gets in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from ..api.reasoning import RULE as MEMORY
from ..errors import (
    AuthenticationError,
    DispatchError,
    PolicyError,
    QuirkbookError,
    RefusedError,
    Timeout,
)
from ..model import ErrorClass
from ..payload.describe import as_data
from ..proof import unforeseen
from ..wire.retry import pause_before
from .allowances import BUSY, Allowances
from .asked import Asked
from .config.model import UNLIMITED
from .cooldown import Cooldowns
from .http.asgi import HTTPError
from .outgoing import Outgoing
from .record import Record
from .router import Target
from .service import Service
from .upstream.failures import for_client
from .upstream.prepared import Prepared
from .upstream.reply import Reply
from .upstream.target import Route
from .upstream.validate_response import first_bytes


@dataclass(slots=True)
class Answered:
    """A good answer, or the beginning of one."""

    route: Route
    prepared: Prepared
    reply: Reply
    data: bytes
    live: bool
    """Whether it is a stream, and more will come."""


class Attempts:
    """The tries of one request."""

    def __init__(
        self,
        service: Service,
        cooldowns: Cooldowns,
        record: Record,
        fields: Mapping[str, Any],
        policy: Mapping[str, str],
        out: Outgoing,
        asked: Asked,
        allowances: Allowances,
    ) -> None:
        self._service, self._cooldowns, self._record = service, cooldowns, record
        self.fields, self._policy, self._out, self._asked = fields, policy, out, asked
        self.forwarded: Mapping[str, str] = {}
        """Headers of the client that go on."""
        self.restored: Mapping[str, Any] | None = None
        """The fields of the request with thoughts that the client has lost, for those who want them; None: it has lost none."""
        self._route: Route | None = None
        self._prepared: Prepared | None = None
        self._failures: dict[Target, DispatchError] = {}
        self._refusals: dict[Target, HTTPError] = {}
        self._last: Target | None = None
        """Who failed last."""
        self._allowances = allowances
        self._busy: list[Target] = []
        """Who was asked as much at once as may be."""

    async def run(self, targets: Sequence[Target]) -> Answered:
        """Return the first good answer.

        Raises:
            HTTPError: there was none.
        """
        config = self._service.config
        stated = (self._asked.retries, targets[0].deployment.retries, config.retries)
        retries = next(number for number in stated if number is not None)
        if self._cooldowns:
            targets = self._cooldowns.passing_over(targets)
        order = list(targets)
        answered = await self._in_turn(order)
        until = perf_counter() + config.limits.queue
        while answered is None and self._busy and (left := until - perf_counter()) > 0:
            busy, self._busy = self._busy, []
            await self._allowances.wait(busy, left)
            answered = await self._in_turn(busy)
        return answered or await self._again(order, retries)

    async def _in_turn(self, order: list[Target]) -> Answered | None:
        """Ask one after the other; ``order`` may change on the way."""
        for target in order:
            answered = await self._try(target)
            if answered is not None:
                return answered
            failure = self._failures.get(target)
            if failure is not None and not self._goes_elsewhere(failure):
                order[order.index(target) + 1 :] = self._instead(failure)
        return None

    async def _again(self, order: Sequence[Target], retries: int) -> Answered:
        """Ask once more, in turn, those that may do better, until there were `retries` + 1 tries."""
        attempt = 0
        while self._record.tries <= retries:
            asked = self._record.tries
            for target in order:
                failure = self._failures.get(target)
                may = failure and self._record.tries <= retries and not self._is_at_fault()
                pause = pause_before(attempt + 1, failure, retries) if failure and may else None
                if pause is None:
                    continue
                attempt += 1
                await asyncio.sleep(pause)
                answered = await self._try(target)
                if answered is not None:
                    return answered
            if self._record.tries == asked:
                break
        raise self._final_error()

    def _is_at_fault(self) -> bool:
        """Tell whether the last answer was about the request itself, which no further try can help."""
        failure = self._failures[self._last] if self._last is not None else None
        return failure is not None and not failure.retryable and not self._goes_elsewhere(failure)

    def _instead(self, failure: DispatchError) -> list[Target]:
        """Return who may take a request that the model asked for cannot."""
        if failure.error_class not in _INSTEAD:
            return []
        named = self._service.router.special(self._record.requested, _INSTEAD[failure.error_class], self._asked)
        return [target for target in named if target not in self._failures]

    def _goes_elsewhere(self, failure: DispatchError) -> bool:
        """Tell whether the other deployments of the name may take what this one did not: it is not the request that is at fault."""
        if failure.error_class in _INSTEAD:
            return False
        status = failure.status
        if status is None or status in _ELSEWHERE or status >= 500:
            return True
        return failure.retryable or failure.error_class in _ELSEWHERE_BY_CLASS

    async def _try(self, target: Target) -> Answered | None:
        """Ask a deployment; None: it failed, and what it said is kept."""
        record, deployment = self._record, target.deployment
        record.target = target
        try:
            route, prepared = self._made(target)
        except _NotTakenError as refusal:
            self._refusals[target] = refusal.error
            if self._service.config.refusals_pass_on:
                return None
            raise refusal.error from None
        if deployment.allowance is not UNLIMITED and not await self._allowed(target):
            return None
        record.tries += 1
        if self._cooldowns:
            self._cooldowns.asking(deployment, self._cooldown(target))
        if record.trace is not None:
            prepared.forwarded = {**self.forwarded, **record.trace.begin(route, prepared)}
        try:
            answered = await self._ask(route, prepared)
        except DispatchError as failure:
            self._failures[target] = failure
            self._last = target
            unforeseen.keep(route.provider or "unknown", prepared.raw, failure.status, failure.raw)
            record.failed(target, failure.status, str(_final_error(route, failure, 1)), type(failure).__name__)
            self._cooldowns.bad(deployment, failure, self._service.config.allowed_fails, self._cooldown(target))
            self._allowances.leave()
            return None
        if self._cooldowns:
            self._cooldowns.good(deployment)
        return answered

    async def _allowed(self, target: Target) -> bool:
        """Tell whether a deployment may be asked once more; if not, note why."""
        refused = await self._allowances.enter(target)
        if refused is not None:
            self._refusals[target] = refused
            if refused.body["error"]["code"] == BUSY:
                self._busy.append(target)
        return refused is None

    def _cooldown(self, target: Target) -> float:
        seconds = target.deployment.cooldown
        return self._service.config.cooldown if seconds is None else seconds

    async def _ask(self, route: Route, prepared: Prepared) -> Answered:
        record, streams = self._record, self._record.streams
        patience = self._service.patience(route.deployment, self._asked, streams=streams)
        started = perf_counter()
        reply = await route.send(prepared, patience)
        record.upstream = perf_counter() - started
        if streams:  # the time to the first chunk is one, wherever it goes
            patience = max(0.0, patience - record.upstream)
            self._out.silence.listen(reply)
        first = first_bytes(route, prepared, reply, streams, patience, self._out.ping)
        return Answered(route, prepared, reply, *await first)

    # What is sent

    def _made(self, target: Target) -> tuple[Route, Prepared]:
        """Return the way to a target and the request as it takes it, made once."""
        if self._route is None or self._prepared is None or target.deployment is not self._route.deployment:
            self._prepared = None
            self._route = self._way(target)
            self._prepared = self._translated(self._route)
        return self._route, self._prepared

    def _way(self, target: Target) -> Route:
        try:
            return self._service.route(target)
        except AuthenticationError as error:
            raise _NotTakenError(500, error.message, type="configuration_error", code="no_upstream_key") from None
        except QuirkbookError as error:
            raise _NotTakenError(500, str(error), type="configuration_error") from None

    def _translated(self, route: Route) -> Prepared:
        record = self._record
        is_restored = self.restored is not None and route.wants_thoughts
        fields = self.restored if is_restored and self.restored is not None else self.fields
        try:
            prepared = route.translate(fields, self._policy, self._service.config.limits.json_depth)
        except RefusedError as error:
            listed = [as_data(change) for change in error.refusals]
            record.rules = tuple(dict.fromkeys(change.rule for change in error.refusals))
            raise _NotTakenError(
                400, str(error), code="refused_by_rule", param=error.pointer or None, changes=listed
            ) from None
        except PolicyError as error:
            listed = [as_data(change) for change in error.changes]
            record.rules = tuple(dict.fromkeys(change.rule for change in error.changes))
            raise _NotTakenError(400, str(error), code="forbidden_by_policy", changes=listed) from None
        prepared.forwarded = self.forwarded
        if is_restored:
            prepared.rules = (MEMORY, *prepared.rules)
        record.would = prepared.would
        record.streams = prepared.root.get("stream") is True
        record.rules = tuple(dict.fromkeys(prepared.rules))
        return prepared

    # What the client gets in the end

    def _final_error(self) -> HTTPError:
        """Return the error for the client: the last one, or why each of several refuses."""
        if self._last is not None:
            return _final_error(self._service.route(self._last), self._failures[self._last], self._record.tries)
        pauses = [int(error.headers.get("retry-after", 0)) for error in self._refusals.values()]
        last = max(self._refusals.values(), key=lambda error: error.status == 429)
        if last.status == 429:
            last.headers["retry-after"] = str(min(filter(None, pauses)))
        labels: dict[str, list[str]] = {}
        for target, error in self._refusals.items():
            labels.setdefault(str(error), []).append(target.label)
        if len(labels) > 1:
            reasons = "".join(f"\n  {', '.join(names)}: {text}" for text, names in labels.items())
            last.body["error"]["message"] = f"none of {len(self._refusals)} deployments takes this request:{reasons}"
        return last


class _NotTakenError(Exception):
    """A deployment does not take the request as it is; another may."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.error = HTTPError(status, message, **more)


#: What another deployment may do better with: a key or a model of its own, a limit of its own, an account of its own.
_ELSEWHERE: Final = frozenset({401, 402, 403, 404, 408, 409, 429})
_ELSEWHERE_BY_CLASS: Final = frozenset(
    {ErrorClass.AUTHENTICATION, ErrorClass.PERMISSION_DENIED, ErrorClass.NO_MONEY, ErrorClass.RATE_LIMITED}
)

#: Class of an error -> the fallbacks that are for it.
_INSTEAD: Final[Mapping[ErrorClass, str]] = {
    ErrorClass.CONTEXT_TOO_LONG: "context_window",
    ErrorClass.CONTENT_FILTER: "content_policy",
}


def _final_error(route: Route, failure: DispatchError, tries: int) -> HTTPError:
    if failure.status is None:
        status = 504 if isinstance(failure, Timeout) else 502
        tried = f" (tried {tries} times)" if tries > 1 else ""
        text = route.mask(f"{route.provider or 'the upstream'}: {failure.message}{tried}")
        return HTTPError(status, text, type="upstream_error", code="timeout" if status == 504 else "no_connection")
    return for_client(route, failure)
