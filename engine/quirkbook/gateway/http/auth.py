"""Authentication: a request in, a 401 out unless it carries one of the gateway's keys; without keys, only this machine's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ..config.model import ClientKey
from .asgi import HTTPError, Scope

#: Where clients put their key, as OpenAI's, Azure's, Anthropic's and LiteLLM's SDKs have it.
_KEY_HEADERS: Final = (b"authorization", b"x-api-key", b"api-key", b"x-litellm-api-key")
#: What a web page can send to anybody without asking first.
_OF_FORMS: Final = (b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain")
_FILES: Final = b"multipart/form-data"
_NOBODY: Final = ("0.0.0.0", "::", "")


class Authenticator:
    """Who may ask. Keys are looked up by their SHA-256: the time that takes tells nothing of them.

    Where there are no keys, whoever reaches the port may ask, but no web page that its user happens to visit: the
    request must be addressed to this machine by a name that no stranger can have, and come from no foreign page.
    """

    def __init__(
        self,
        keys: Iterable[ClientKey],
        hosts: Iterable[str] = (),
        key_header: str | None = None,
        origins: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``hosts`` are names by which the gateway is known; with ``0.0.0.0`` any address is, with ``*`` any name.

        ``key_header`` is a further header that carries a key; pages of one of the ``origins`` are served without a key.
        """
        self._key_headers = (*_KEY_HEADERS, key_header.encode()) if key_header else _KEY_HEADERS
        self._origins = {origin.encode() for origin in origins}
        self._keys = {key.digest: key for key in keys}
        self._clock = clock
        names = {_bare(host) for host in hosts}
        self._any_name, self._any_address = "*" in names, not names.isdisjoint(_NOBODY)
        self._names = names

    def check(self, scope: Scope) -> ClientKey | None:
        """Return the key that a request shows; None where there are none, and it is one of this machine's own.

        Raises:
            HTTPError: 401; without keys 403, or 415 for what a form of a web page could have sent.
        """
        if not self._keys:
            self._check_sender(scope)
            return None
        for name, value in scope["headers"]:
            if name in self._key_headers:
                shown = value[7:] if value[:7].lower() == b"bearer " else value
                key = self._keys.get(sha256(shown.strip()).digest())
                if key is not None:
                    self._check_time(key)
                    return key
        text = "no valid key: send 'Authorization: Bearer' with one of the gateway's keys (general_settings.master_key)"
        raise HTTPError(
            401, text, type="authentication_error", code="invalid_api_key", headers={"www-authenticate": "Bearer"}
        )

    def _check_time(self, key: ClientKey) -> None:
        if key.expires is not None and self._clock() >= key.expires:
            ended = datetime.fromtimestamp(key.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
            text = f"the key '{key.name}' expired at {ended}: ask whoever runs the gateway for another"
            raise HTTPError(
                401, text, type="authentication_error", code="expired_api_key", headers={"www-authenticate": "Bearer"}
            )

    def _check_sender(self, scope: Scope) -> None:
        said = dict(reversed(scope["headers"]))
        host = said.get(b"host", b"").decode("latin-1")
        if not self._is_ours(_bare(host)):
            shown = host[:100] if host.isprintable() else "that name"
            text = (
                f"without a master key only requests to this machine are served, and Host is '{shown}': set"
                " general_settings.master_key, or name the host with --allow-host"
            )
            raise HTTPError(403, text, type="authentication_error", code="foreign_host")
        origin = said.get(b"origin")
        if origin is not None and origin.lower() in self._origins:
            foreign = False
        elif origin is not None:
            foreign = not self._is_ours_as_origin(origin.decode("latin-1"), host)
        else:
            foreign = said.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
        if foreign:
            text = "without a master key no web page of another host is served: set general_settings.master_key"
            raise HTTPError(403, text, type="authentication_error", code="foreign_page")
        kind = said.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind == _FILES and not said.get(b"user-agent", b"").startswith(
            b"Mozilla/"
        ):  # what a program sends with a file
            return
        if scope["method"] == "POST" and kind in _OF_FORMS:
            text = (
                f"without a master key a body must be sent as application/json, and this one comes as {kind.decode()}"
            )
            raise HTTPError(415, text, code="unsupported_media_type")

    def _is_ours(self, host: str) -> bool:
        """Tell whether a host is this machine: a name without a dot is nobody's to buy, and an address no stranger's name."""
        if self._any_name or host in self._names or _is_local(host):
            return bool(host)
        try:
            ip_address(host)
        except ValueError:
            return "." not in host and bool(host)
        return self._any_address

    def _is_ours_as_origin(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return self._any_name or parts.netloc == host or _is_local(name) or name in self._names - set(_NOBODY)


def _bare(host: str) -> str:
    """Return a host without its port.

    >>> _bare("Localhost:4000"), _bare("[::1]:4000"), _bare("::1")
    ('localhost', '::1', '::1')
    """
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name = host if host.count(":") > 1 else host.partition(":")[0]
    return name.removesuffix(".")


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
