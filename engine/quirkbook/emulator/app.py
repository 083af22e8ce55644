"""The ASGI application of an emulated provider: requests in, the provider's refusals and answers out."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from ..errors import UsageError
from . import provider as providers
from . import replies
from .completion import CREATED, complete
from .faults import HEADER, QUERY, SUFFIX, Fault
from .refusal import Refusal
from .stream import broken, frames

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_SECRETS = frozenset({"authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, read to its end."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw: bytes


class Emulator:
    """An emulated provider as an ASGI 3 application: chat completions and models, below any prefix.

    ``GET .../__requests`` lists what was received last, secrets masked; ``GET .../__stats`` counts; and
    ``DELETE`` on either forgets.
    """

    def __init__(self, provider: str, *, keep: int = 100) -> None:
        """Emulate a provider of ``schemas/accepts/``; ``keep`` is how many requests are remembered.

        Raises:
            UnknownProviderError: no file describes what it accepts.
        """
        self.provider = providers.load(provider)
        self.requests: deque[dict[str, Any]] = deque(maxlen=keep)
        self.stats: Counter[str] = Counter()
        self._failed: Counter[Fault] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            await _Exchange(self, receive, send).run(await _read_request(scope, receive))

    def forget(self) -> None:
        """Forget the requests, the counts and how often faults struck."""
        self.requests.clear()
        self.stats.clear()
        self._failed.clear()

    def fault(self, request: Request, payload: Any) -> tuple[Fault, Any]:
        """Return the faults asked for by header, query or model suffix, and the payload without the suffix.

        Raises:
            UsageError: a fault is misspelt.
        """
        texts = [request.headers.get(HEADER, ""), *request.query.get(QUERY, ())]
        if isinstance(payload, dict) and isinstance(payload.get("model"), str) and SUFFIX in payload["model"]:
            model, _, suffix = payload["model"].partition(SUFFIX)
            payload = {**payload, "model": model}
            texts.append(suffix)
        fault = Fault.parse(";".join(texts))
        if fault.times is not None:
            self._failed[fault] += 1
            if self._failed[fault] > fault.times:
                fault = Fault()
        return fault, payload

    def record(self, request: Request, payload: Any) -> dict[str, Any]:
        """Remember a request, without its secrets."""
        headers = {name: "***" if name in _SECRETS else value for name, value in request.headers.items()}
        entry = {"method": request.method, "path": request.path, "headers": headers, "body": payload}
        self.requests.append(entry)
        return entry

    def refusal(self, request: Request, payload: Any, fault: Fault) -> Refusal | None:
        """Return what the provider answers instead of a completion, by its own rules or by a fault."""
        provider = self.provider
        if refusal := self.unknown_caller(request):
            return refusal
        if fault.status is not None or fault.error is not None:
            refusal = self._named(fault.error) if fault.error else provider.error_of_status(fault.status or 500)
            extra = {"retry-after": fault.retry_after} if fault.retry_after else {}
            return replace(refusal, headers={**refusal.headers, **extra}, status=fault.status or refusal.status)
        if fault.ok_with_error_body:
            return replace(provider.error_of_status(500), status=200)
        if not isinstance(payload, dict):
            return provider.error("not_json")
        model = provider.model(payload.get("model"))
        if model is None:
            name = payload.get("model")
            known_as = "unknown_model" if isinstance(name, str) and name else "no_model"
            return provider.error(known_as, value=name)
        try:
            return provider.refusal(payload, model)
        except RecursionError:  # nested so deeply that no server would read it
            return provider.error("not_json")

    def unknown_caller(self, request: Request) -> Refusal | None:
        """Return what a request without a key, or with a wrong one, is answered."""
        auth = self.provider.auth
        key = request.headers.get(auth["header"], "").removeprefix(auth["prefix"].strip()).strip()
        if not key:
            return self.provider.error("missing_key")
        return self.provider.error("wrong_key", value=key[-4:]) if "bad" in key else None

    def _named(self, name: str) -> Refusal:
        if name not in self.provider.errors:
            raise UsageError(f"fault: no error '{name}': known: {', '.join(self.provider.errors)}")
        return self.provider.error(name, value="", model="")

    def models(self) -> dict[str, Any]:
        """Return the body of ``GET /models``."""
        common = {"object": "model", "created": CREATED, "owned_by": self.provider.name}
        listed = [{"id": model.id, **common} for model in self.provider.models]
        return {"object": "list", "data": listed}

    def heard(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return an accepted request without what the provider reads over in silence."""
        ignored = self.provider.dialect(payload).get("ignores", ())
        return {key: value for key, value in payload.items() if key not in ignored}

    def answer(self, payload: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the completion of a request that was heard, and the dialect to write it in."""
        dialect = self.provider.dialect(payload)
        thinks = self.provider.thinks(payload, dialect)
        return complete(payload, thinks=thinks, call_ids=dialect["tool_call_id"]), dialect


class _Exchange:
    """One request and its answer."""

    def __init__(self, emulator: Emulator, receive: Receive, send: Send) -> None:
        self.emulator = emulator
        self.receive = receive
        self._send = send

    async def run(self, request: Request) -> None:
        """Find what is asked for and answer it."""
        emulator, endpoint = self.emulator, request.path.rstrip("/").rpartition("/")[2]
        if endpoint in ("__requests", "__stats"):
            if request.method == "DELETE":
                emulator.forget()
            await self.reply(200, list(emulator.requests) if endpoint == "__requests" else dict(emulator.stats))
        elif request.method == "POST" and request.path.rstrip("/").endswith("/chat/completions"):
            emulator.stats["requests"] += 1
            emulator.stats["open"] += 1
            try:
                await self.chat(request)
            finally:
                emulator.stats["open"] -= 1
        elif request.method == "GET" and endpoint == "models":
            refusal = emulator.unknown_caller(request)
            await self.reply(*(refusal.status, refusal.body) if refusal else (200, emulator.models()))
        else:
            missing = emulator.provider.error("not_found", value=request.path)
            await self.reply(missing.status, missing.body)

    async def chat(self, request: Request) -> None:
        """Answer a chat completion request."""
        emulator = self.emulator
        payload = _json(request.raw)
        entry = emulator.record(request, payload)
        try:
            fault, payload = emulator.fault(request, payload)
            refusal = emulator.refusal(request, payload, fault)
        except UsageError as error:
            entry["status"] = 400
            await self.reply(400, {"error": {"message": str(error), "type": "emulator_error"}})
            return
        entry["status"] = refusal.status if refusal else 200
        emulator.stats["refused" if refusal else "answered"] += 1
        if fault != Fault():
            emulator.stats["faults"] += 1
        if fault.latency and await self.gone(fault.latency):
            return
        if refusal:
            await self.reply(refusal.status, refusal.body, refusal.headers)
            return
        payload = emulator.heard(payload)
        answer, dialect = emulator.answer(payload)
        if payload.get("stream"):
            chunks = replies.chunks(answer, dialect, payload)
            await self.stream(frames(chunks, emulator.provider, fault), fault)
        else:
            await self.reply(200, replies.body(answer, dialect, payload), cut=fault.cut is not None)

    async def reply(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None, *, cut: bool = False
    ) -> None:
        """Send JSON; with ``cut`` only half of what the headers promise."""
        raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        kind = {"content-type": "application/json; charset=utf-8", "content-length": str(len(raw))}
        all_headers = {**kind, **(headers or {})}
        await self.start(status, all_headers)
        await self.write(raw[: len(raw) // 2] if cut else raw, more=cut)

    async def stream(self, parts: Iterable[bytes], fault: Fault) -> None:
        """Send the events of a stream."""
        kind = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        await self.start(200, kind)
        async for part in self.paced(parts, fault.slow_drip):
            await self.write(part, more=True)
        if not broken(fault):
            await self.write(b"", more=False)

    async def paced(self, parts: Iterable[bytes], pause: float | None) -> AsyncIterator[bytes]:
        """Yield the parts as they are, or five bytes at a time until the client has gone."""
        for part in parts:
            if pause is None:
                yield part
                continue
            for start in range(0, len(part), 5):
                yield part[start : start + 5]
                if await self.gone(pause):
                    return

    async def gone(self, seconds: float) -> bool:
        """Wait, and return whether the client closed the connection meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        self.emulator.stats["abandoned"] += 1
        return True

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers."""
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, part: bytes, *, more: bool) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": part, "more_body": more})


async def _read_request(scope: Scope, receive: Receive) -> Request:
    raw, more_body = b"", True
    while more_body:
        event = await receive()
        raw += event.get("body", b"")
        more_body = event.get("more_body", False)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return Request(scope["method"], scope["path"], query, headers, raw)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
