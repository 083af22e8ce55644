"""Where an upstream is reached: its host and port, a Unix socket, or a proxy that the environment names."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from ..errors import UsageError

#: ``http+unix://%2Frun%2Fllm.sock/v1``, as Docker's clients have it, and ``unix:/run/llm.sock:/v1``, as nginx has it.
_SOCKET: Final = re.compile(
    r"http\+unix://(?P<quoted>%2[Ff][^/?]*)(?P<path>[/?].*)?|(?:http://)?unix:(//)?(?P<plain>/[^:]+)(?::(?P<rest>/.*)?)?"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy for HTTP."""

    host: str
    port: int
    tls: bool = False
    authorization: str | None = None
    """The value of Proxy-Authorization."""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


def without_socket(base: str) -> tuple[str | None, str]:
    """Return the Unix socket that an address names, and the address as HTTP has it.

    >>> without_socket("http+unix://%2Frun%2Fllm.sock/v1"), without_socket("unix:/run/llm.sock:/v1")
    (('/run/llm.sock', 'http://localhost/v1'), ('/run/llm.sock', 'http://localhost/v1'))
    >>> without_socket("https://api.example.com/v1")
    (None, 'https://api.example.com/v1')
    """
    found = _SOCKET.fullmatch(base)
    if found is None:
        return None, base
    if found["quoted"]:
        return unquote(found["quoted"]), f"http://localhost{found['path'] or ''}"
    return found["plain"], f"http://localhost{found['rest'] or ''}"


def proxy_for(url: SplitResult) -> Proxy | None:
    """Return the proxy that the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY.

    Raises:
        UsageError: the variable holds no address of a proxy for HTTP.
    """
    plain = f"{url.scheme}://{url.netloc}/"
    proxies: Mapping[str, str] = get_environ_proxies(plain)
    named = select_proxy(plain, proxies)
    return _proxy(named) if named else None


@lru_cache(64)
def _proxy(named: str) -> Proxy:
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(
            "the proxy of the environment is not an http:// or https:// address: change it, or set NO_PROXY"
        )
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    tls = parts.scheme == "https"
    return Proxy(host, port or (443 if tls else 80), tls, authorization)
