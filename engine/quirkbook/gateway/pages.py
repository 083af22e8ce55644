"""What the gateway answers itself: its models, the dry run, its state. Nothing here asks an upstream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from . import dry_run as dry_run_page
from . import openapi
from .access import allowed_names, check_allowed, check_unlimited
from .config.model import ClientKey
from .exchange import MODEL_BYTES
from .http import body, paths
from .http.asgi import HTTPError, Receive, Scope, Send, answer, answer_json, header, header_values, read_body
from .own_models import dry_run_here
from .passthrough import endpoints
from .router import UnknownModelError
from .service import Service
from .ui import page

KEY: Final = "quirkbook.key"
"""Under this name a scope has the client's key, `ClientKey`, or None."""

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

#: The lines of a diagnostic that show what a file says.
_EXCERPT: Final = re.compile(r"\n +(\d+ )?\|[^\n]*")
_MODEL: Final = "/v1/models/"


class Owner(Protocol):
    """The gateway."""

    service: Service
    figures: Callable[[], Awaitable[bytes]]
    reload_error: str | None


class Pages:
    """The handlers of one gateway, by method and path."""

    def __init__(self, gateway: Owner) -> None:
        self._gateway = gateway
        self._handlers: Mapping[tuple[str, str], Handler] = {
            ("GET", "/"): self._page,
            ("GET", "/v1/models"): self._models,
            ("GET", "/model/info"): self._info,
            ("GET", "/v1/model/info"): self._info,
            ("GET", "/model_group/info"): self._groups,
            ("GET", "/key/info"): self._key,
            ("GET", "/routes"): self._routes,
            ("POST", "/utils/token_counter"): self._count,
            ("POST", "/v1/translate"): self._translate,
            ("GET", "/v1/translate"): self._options,
            ("GET", "/health/liveliness"): self._liveness,
            ("GET", "/health/liveness"): self._liveness,
            ("GET", "/health/readiness"): self._readiness,
            ("GET", "/health"): self._readiness,
            ("GET", "/metrics"): self._metrics_page,
            ("GET", "/openapi.json"): self._openapi,
        }
        self.open = frozenset({"/", "/health/liveliness", "/health/liveness", "/health/readiness", "/openapi.json"})
        """Paths for which no key is asked."""

    @property
    def _service(self) -> Service:
        return self._gateway.service

    def find(self, method: str, path: str) -> Handler:
        """Return who answers.

        Raises:
            HTTPError: 404 or 405, nobody does.
        """
        verb = "GET" if method == "HEAD" else method
        handler = self._handlers.get((verb, path))
        if handler is None and verb == "GET" and path.startswith(_MODEL):
            return partial(self._model, path.removeprefix(_MODEL))
        if handler is None:
            raise self._not_found(method, path)
        return handler

    def _not_found(self, method: str, path: str) -> HTTPError:
        allowed = sorted(
            {verb for verb, known in self._handlers if known == path}
            | ({"POST"} if path == paths.CHAT else endpoints.methods(path.removeprefix(paths.VERSION)))
        )
        if allowed:
            text = f"{path} takes {' and '.join(allowed)}, not {method}"
            return HTTPError(405, text, code="method_not_allowed", headers={"allow": ", ".join(allowed)})
        shown = path if path.isprintable() and len(path) < 200 else "that path"
        text = f"nothing is served at {shown}: try POST /v1/chat/completions, GET /v1/models, or / in a browser"
        return HTTPError(404, text, code="not_found")

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        ui = page()
        headers = [(name.encode(), value.encode()) for name, value in ui.headers.items()]
        if ui.etag.encode() in (header(scope, b"if-none-match") or b""):
            await answer(send, 304, b"", headers)
        else:
            await answer(send, 200, ui.body, headers)

    # Models; what the rules know is found out beside the event loop

    async def _model(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            targets = self._service.router.route(name[:MODEL_BYTES])
        except UnknownModelError as error:
            raise HTTPError(404, str(error), param="model", code="model_not_found") from None
        check_allowed(scope[KEY], name, targets)
        await answer_json(send, 200, await asyncio.to_thread(self._service.knowledge.model, name))

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        await answer_json(
            send, 200, await asyncio.to_thread(service.knowledge.models, allowed_names(scope[KEY], service.router))
        )

    async def _info(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        id = next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("litellm_model_id", ())), None)
        told = await asyncio.to_thread(service.knowledge.info, allowed_names(scope[KEY], service.router), id)
        if id is not None and not told["data"]:
            raise HTTPError(404, "no deployment has this litellm_model_id", code="model_not_found")
        await answer_json(send, 200, told)

    async def _groups(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("model_group")
        names = [name for name in allowed_names(scope[KEY], service.router) if not asked or name in asked]
        await answer_json(send, 200, await asyncio.to_thread(service.knowledge.groups, names))

    # What LiteLLM's clients ask besides

    async def _key(self, scope: Scope, receive: Receive, send: Send) -> None:
        key: ClientKey | None = scope[KEY]
        info: dict[str, Any] = {"models": allowed_names(key, self._service.router)}
        if key is not None:
            expires = None if key.expires is None else datetime.fromtimestamp(key.expires, UTC).isoformat()
            limits = {"rpm_limit": key.allowance.rpm, "tpm_limit": key.allowance.tpm}
            info |= {"key_alias": key.name, "key_name": key.name, "expires": expires, **limits}
        await answer_json(send, 200, {"key": None if key is None else key.digest.hex(), "info": info})

    async def _routes(self, scope: Scope, receive: Receive, send: Send) -> None:
        listed: dict[str, list[str]] = {paths.CHAT: ["POST"]}
        for verb, path in self._handlers:
            listed.setdefault(path, []).append(verb)
        for endpoint in endpoints.ENDPOINTS:
            for path in endpoint.listed:
                listed.setdefault(f"{paths.VERSION}{path}", []).append(endpoint.method)
        await answer_json(send, 200, {"routes": [{"path": path, "methods": verbs} for path, verbs in listed.items()]})

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = "tokens are not counted here: POST /v1/messages/count_tokens or /v1/responses/input_tokens asks a provider that counts"
        raise HTTPError(501, text, type="not_implemented_error", code="not_implemented")

    # The dry run

    async def _translate(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = self._service
        limits = service.config.limits
        raw = await read_body(header_values(scope), receive, limits.body_bytes)
        fields = body.fields(raw)
        request = body.decode(fields, None, limits.json_depth)
        body.check_inner(fields)
        status, report = await asyncio.to_thread(
            dry_run_here, request, service.book, service.router, scope[KEY], service.config.policy
        )
        await answer(send, status, dry_run_page.encode(report), [(b"content-type", b"application/json")])

    async def _options(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = allowed_names(scope[KEY], self._service.router)
        await answer_json(send, 200, {**dry_run_page.options(self._service.book), "models": names})

    # Its state

    async def _liveness(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer_json(send, 200, {"status": "alive"})

    async def _readiness(self, scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = {"status": "ready", "models": len(self._service.router.names())}
        if self._gateway.reload_error is not None:
            state["trouble"] = _EXCERPT.sub("", self._gateway.reload_error)  # whoever asks: no key is needed here
        await answer_json(send, 200, state)

    async def _metrics_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        check_unlimited(scope[KEY])
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        await answer(send, 200, await self._gateway.figures(), [kind])

    async def _openapi(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer_json(send, 200, openapi.description())
