"""Headers of a client that go on to the upstream: those that the config names, and never one that may carry a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase, translate
from typing import Final

from ..wire.headers import is_header_value
from .config.model import Network
from .config.network import CLIENTS
from .http.asgi import Scope

#: What belongs to the client's connection, to the gateway, or to whoever is paid.
_NEVER: Final = re.compile(
    r".*(authorization|api-?key|cookie|secret|password).*|x-(litellm|quirkbook|stainless|forwarded|real-ip).*"
    r"|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-.*|accept.*|origin|x-request-id"
)
_MOST: Final = 100
"""Headers of one request."""


class Forwarding:
    """Which headers go on."""

    def __init__(self, network: Network) -> None:
        self._always = _matching(network.forwarded)
        self._usual = _matching((*network.forwarded, *CLIENTS))
        self._models = network.forwarded_for
        self._key_header = network.key_header

    def headers(self, scope: Scope, model: str) -> Mapping[str, str]:
        """Return the headers of a request for a model that go on."""
        pattern = self._usual if any(fnmatchcase(model, glob) for glob in self._models) else self._always
        passed: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            named = pattern.fullmatch(name) and not _NEVER.fullmatch(name) and name != self._key_header
            if named and is_header_value(value) and len(passed) < _MOST:
                passed.setdefault(name, value)
        return passed


def _matching(globs: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, globs)) or "(?!)")
