"""CORS: which web pages may read an answer, as browsers ask it. Never with cookies: a page shows a key, as everybody does."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, Final

from .asgi import Headers, HTTPError, Scope, Send, answer, answer_error, header

_METHODS: Final = b"GET, POST, DELETE, OPTIONS"
_REMEMBERED: Final = b"7200"
"""Seconds for which a browser need not ask again; none remembers it for longer."""


class Cors:
    """The web pages that may ask."""

    def __init__(self, origins: Iterable[str]) -> None:
        """``origins`` are of pages (``https://app.example``), in lower case; ``*`` is any."""
        self._origins = {origin.encode() for origin in origins}
        self._any = b"*" in self._origins

    def admits(self, origin: bytes) -> bool:
        """Tell whether a page of an origin may ask."""
        return self._any or origin.lower() in self._origins

    async def preflight(self, scope: Scope, send: Send, origin: bytes) -> None:
        """Answer a browser that asks, before it sends a request, whether it may."""
        if not self.admits(origin):
            text = "web pages of this origin may not ask: name it in quirkbook_settings.cors_origins"
            await answer_error(send, HTTPError(403, text, type="authentication_error", code="foreign_page"))
            return
        headers = [
            *self._said(origin),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", _REMEMBERED),
        ]
        asked = header(scope, b"access-control-request-headers")
        if asked is not None:
            headers.append((b"access-control-allow-headers", asked))
        if not self._any and header(scope, b"access-control-request-private-network") == b"true":
            headers.append((b"access-control-allow-private-network", b"true"))
        await answer(send, 204, b"", headers)

    def sending(self, send: Send, origin: bytes) -> Send:
        """Return a way to send that tells the browser that the page may read the answer."""
        if not self.admits(origin):
            return send
        said = [*self._said(origin), (b"access-control-expose-headers", b"*")]

        async def sent(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], *said]
            await send(event)

        return sent

    def _said(self, origin: bytes) -> Headers:
        if self._any:
            return [(b"access-control-allow-origin", b"*")]
        return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]


def origin_of(scope: Scope) -> bytes | None:
    """Return the origin of the web page that a request comes from, if it comes from one."""
    return header(scope, b"origin")


def is_preflight(scope: Scope) -> bool:
    """Tell whether a browser only asks whether it may send a request."""
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None
