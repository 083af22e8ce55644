"""Those who answer in a session: an address that speaks OpenAI's API, and a recording."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from .. import __version__
from ..client import transport
from ..client.request import PATH, address, wire_headers
from ..errors import AuthenticationError
from ..wire import jsontext
from ..wire.redact import Mask
from ..wire.sse import Decoder
from .exchange import Exchange, clean, key_of

AGENT: Final = f"quirkbook-probe/{__version__}"
_TIMEOUT: Final = (10.0, 120.0)
#: Events of a stream that are kept: the first, which name the model, and the last, which have the usage.
_EVENTS: Final = 3


class Live:
    """An address; every request is marked as a probe's in its user-agent."""

    def __init__(self, head: Mapping[str, Any], base_url: str | None, key: str, date: str) -> None:
        self.url = address(base_url, head)
        self.date = date
        self._mask = Mask([key])
        self._headers = wire_headers(head, key, {}, {"User-Agent": AGENT}, streams=False)
        self.answered_models: Any = None
        """The body of ``GET /models``, once asked for."""

    def send(self, request: Mapping[str, Any]) -> Exchange:
        """Send a request.

        Raises:
            APIConnectionError: there was no answer.
        """
        reply = transport.send(self.url, self._headers, jsontext.encode(request, nan=False), _TIMEOUT)
        body = _read(reply.read(), reply.headers.get("content-type", ""))
        return Exchange(request, reply.status, clean(body, self._mask), self.date, _tokens(body))

    def models(self) -> list[str] | None:
        """Return the ids of the models that the address lists; None where it lists none."""
        import requests

        url = self.url.partition("?")[0].removesuffix(PATH) + "/models"
        headers = {name: value for name, value in self._headers.items() if name.lower() != "content-type"}
        try:
            answer = transport.session().get(url, headers=headers, timeout=_TIMEOUT, **transport.environment(url))
            self.answered_models = answer.json() if answer.ok else None
        except (requests.RequestException, ValueError):
            return None
        data = self.answered_models.get("data") if isinstance(self.answered_models, Mapping) else None
        if not isinstance(data, list):
            return None
        return [str(each["id"]) for each in data if isinstance(each, Mapping) and "id" in each]


def key_for(provider: str, head: Mapping[str, Any], variable: str | None, base_url: str | None) -> str:
    """Return the key from the environment; none is needed for an address of one's own.

    Raises:
        AuthenticationError: the variable is not set.
    """
    variable = variable or head.get("api_key_env")
    key = os.environ.get(variable, "").strip() if variable else ""
    if not key and variable and base_url is None:
        raise AuthenticationError(f"no API key: set {variable}", provider=provider)
    return key


def _read(raw: bytes, kind: str) -> Any:
    text = raw.decode("utf-8", "replace")
    if "event-stream" in kind:
        decoder = Decoder()
        datas = [event.data for event in (*decoder.feed(raw), *decoder.close())]
        events = [_json(data) for data in datas if data != "[DONE]"]
        return events if len(events) <= 2 * _EVENTS else [*events[:_EVENTS], *events[-_EVENTS:]]
    return _json(text)


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _tokens(body: Any) -> int:
    last = body[-1] if isinstance(body, list) and body else body
    usage = last.get("usage") if isinstance(last, Mapping) else None
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return total if isinstance(total, int) else 0


class Replay:
    """A recording: it answers what it has, and knows what it was never asked for."""

    def __init__(self, exchanges: Mapping[str, Exchange], listed: list[str] | None) -> None:
        self._exchanges = exchanges
        self._listed = listed
        self._asked: set[str] = set()

    def send(self, request: Mapping[str, Any]) -> Exchange | None:
        """Return the recorded answer to a request, None where there is none."""
        key = key_of(request)
        self._asked.add(key)
        return self._exchanges.get(key)

    def models(self) -> list[str] | None:
        """Return the ids that were listed when it was recorded."""
        return self._listed

    @property
    def unused(self) -> list[Exchange]:
        """The recorded exchanges whose request was not sent."""
        return [exchange for key, exchange in self._exchanges.items() if key not in self._asked]
