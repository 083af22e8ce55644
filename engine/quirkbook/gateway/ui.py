"""The page at /: one HTML file, and headers that let it run nothing but what it holds."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_INLINE: Final = {tag: re.compile(rf"<{tag}>(.*?)</{tag}>".encode(), re.DOTALL) for tag in ("script", "style")}


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent."""

    body: bytes = field(repr=False)
    """HTML in UTF-8; the same for everybody, so it holds nothing that is secret."""
    headers: Mapping[str, str]
    """Names in lower case, without content-length."""

    @property
    def etag(self) -> str:
        """The ETag, in its quotes: a request whose If-None-Match holds it may be answered with 304 and no body."""
        return self.headers["etag"]


@cache
def page() -> Page:
    """Return the page; read and hashed once per process.

    Its Content-Security-Policy allows the scripts and styles that stand in it, by their hashes, and requests to the
    server that it came from. Nothing is loaded from elsewhere, nobody may frame it, and no script may write HTML.
    """
    body = (files("quirkbook.gateway") / "page" / "index.html").read_bytes()
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(_hashes("script", body)),
        "style-src": " ".join(_hashes("style", body)),
        "img-src": "data:",  # its icon
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cache-control": "no-cache",
        "etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return Page(body, MappingProxyType(headers))


def _hashes(tag: str, body: bytes) -> Iterator[str]:
    """Yield the sources of a policy that allow each inline element of that tag."""
    for inline in _INLINE[tag].findall(body):
        yield f"'sha256-{base64.b64encode(hashlib.sha256(inline).digest()).decode()}'"
