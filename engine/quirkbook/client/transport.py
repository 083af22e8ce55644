"""The one place where a synchronous call opens a socket: a request out, a `Reply` back, or a connection error.

Nothing here knows what is in the bytes. Sending again is up to the caller: `time.sleep` is not called here.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from ..errors import APIConnectionError, Timeout, UsageError
from ..wire.address import place_of, reason

HOSTS: Final = 32
CONNECTIONS: Final = 64
"""Idle connections kept per host; more may be open, they are not kept."""
PIECE: Final = 65536
LAST_WAIT: Final = 0.25
"""Seconds to wait for the formal end of a stream whose last event has come, so that its connection can be kept."""

_session: requests.Session | None = None
_lock = threading.Lock()


def session() -> requests.Session:
    """Return this process's session, made at the first call."""
    global _session
    if _session is None:
        with _lock:
            if _session is None:
                new_session = requests.Session()
                adapter = HTTPAdapter(HOSTS, CONNECTIONS, max_retries=0)
                new_session.mount("https://", adapter)
                new_session.mount("http://", adapter)
                _session = new_session
    return _session


def close() -> None:
    """Close all idle connections of this process; the next call opens new ones."""
    global _session
    with _lock:
        old, _session = _session, None
    if old is not None:
        old.close()


def _forget() -> None:
    """Leave the parent's connections to the parent: two processes on one socket mix up their answers."""
    global _session, _lock
    _session, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class Reply:
    """An answer: its status and headers (names in lower case), and its body for who reads it."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    def read(self) -> bytes:
        """Return the whole body; the connection goes back to the pool.

        Raises:
            APIConnectionError: it broke off.
        """
        try:
            return self._response.content
        except requests.RequestException as error:
            raise interruption(error) from None
        finally:
            self._response.close()

    def piece(self) -> bytes:
        """Return the next bytes of the body as soon as there are any; none at its end.

        Raises:
            APIConnectionError: it broke off.
        """
        try:
            data: bytes = self._response.raw.read1(PIECE, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.close()
            raise interruption(error) from None
        return data

    def finish(self) -> None:
        """Give the connection back, if the body really ends here; else close it."""
        raw = self._response.raw
        socket = getattr(raw.connection, "sock", None)
        if socket is not None:
            with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
                socket.settimeout(LAST_WAIT)
                raw.read1(PIECE)
        self.close()

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        self._response.close()


def send(url: str, headers: Mapping[str, str], body: bytes, timeout: tuple[float, float]) -> Reply:
    """Post a request and return the answer once its headers are there.

    Raises:
        APIConnectionError: there was no answer.
        Timeout: there was none in time.
    """
    try:
        # The session holds the connections, no more: left to it, the request would carry what it finds in ~/.netrc in
        # place of the caller's key, follow redirects and remember cookies.
        request = _request(url).copy()
        request.headers = CaseInsensitiveDict(headers)
        request.headers["Content-Length"] = str(len(body))
        request.body = body
        return Reply(session().get_adapter(url).send(request, stream=True, timeout=timeout, **environment(url)))
    except requests.exceptions.InvalidURL as error:
        raise UsageError(f"the request cannot be sent: {type(error).__name__}") from None
    except requests.RequestException as error:
        raise connection_error(error, url) from None


@lru_cache(maxsize=256)
def _request(url: str) -> requests.PreparedRequest:
    """Return an empty request to an address, whose parts are checked and quoted once."""
    request = requests.PreparedRequest()
    request.prepare(method="POST", url=url)
    return request


#: What requests reads from the environment.
_VARIABLES: Final = tuple(
    name
    for base in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle")
    for name in (base, base.upper())
)


def environment(url: str) -> Mapping[str, Any]:
    """Return proxies and certificates as requests reads them from the environment."""
    parts = urlsplit(url)
    return _environment(f"{parts.scheme}://{parts.netloc}/", tuple(map(os.environ.get, _VARIABLES)))


@lru_cache(maxsize=256)
def _environment(origin: str, environment: tuple[str | None, ...]) -> Mapping[str, Any]:
    settings = session().merge_environment_settings(origin, {}, True, None, None)
    return {name: settings[name] for name in ("proxies", "verify", "cert")}


def connection_error(error: Exception, url: str) -> APIConnectionError:
    """Return our error for one of the library's before an answer began."""
    causes = list(_causes(error))
    if isinstance(error, requests.Timeout):
        # Who could not be reached was asked for nothing; who was slow may be at work, and would do it twice.
        return Timeout("no answer in time", retryable=isinstance(error, requests.ConnectTimeout))
    text = next((text for cause in reversed(causes) if (text := reason(cause) or _reason(cause))), None)
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        text = f"the proxy did not connect: {text}" if text else "the proxy did not connect"
    text = text or type(causes[-1]).__name__
    return APIConnectionError(f"no connection to {place_of(url)}: {text}", retryable=True)


def interruption(error: Exception) -> APIConnectionError:
    """Return our error for one of the library's in the middle of an answer."""
    if any(isinstance(cause, TimeoutError | urllib3.exceptions.TimeoutError) for cause in _causes(error)):
        return Timeout("the answer stopped coming")
    return APIConnectionError("the connection broke in the middle of the answer")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was made of, innermost last; the outer ones tell the URL, the innermost the reason."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        inside = [getattr(cause, "reason", None), *cause.args, cause.__context__]
        cause = next((inner for inner in inside if isinstance(inner, BaseException)), None)


#: What else may have happened before an answer began.
_REASONS: Final = (
    (http.client.RemoteDisconnected, "the provider hung up without an answer"),
    (http.client.HTTPException, "the answer is not HTTP"),
)


def _reason(error: BaseException) -> str | None:
    return next((text for kind, text in _REASONS if isinstance(error, kind)), None)
