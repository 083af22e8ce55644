"""The one place where an asynchronous call opens a socket, on aiohttp. The counterpart of `transport`.

aiohttp's connections belong to an event loop: each loop has a session of its own, closed when the loop shuts down.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import io
import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Final

import aiohttp
from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy

from ..errors import APIConnectionError, Timeout, UsageError
from ..wire.address import place_of, reason
from .transport import LAST_WAIT, environment

KEPT: Final = 60.0
"""Seconds that an idle connection is kept."""
LARGE: Final = 1 << 20
"""Bytes of a body that is written in pieces, so that the loop is not held up."""

#: Loop -> its session, and the generator that closes it.
_sessions: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None, None]]] = {}


async def session() -> aiohttp.ClientSession:
    """Return the running loop's session, made at its first call."""
    loop = asyncio.get_running_loop()
    entry = _sessions.get(loop)
    if entry is None:
        for old in [known for known in _sessions if known.is_closed()]:
            _let_go(old)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT)
        client_session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        keeper = _keep(loop, client_session)
        _sessions[loop] = entry = client_session, keeper
        await anext(keeper)
    return entry[0]


async def _keep(loop: asyncio.AbstractEventLoop, client_session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Wait to be closed, as loops do with all generators before they end, and close the session then."""
    try:
        yield
    finally:
        _sessions.pop(loop, None)
        await client_session.close()


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    """Close the session of a loop that does not run: one that was closed or left without shutting its generators down."""
    client_session, keeper = _sessions.pop(loop)
    with contextlib.suppress(RuntimeError, StopIteration):  # nothing that loops do when they are closed matters now
        if loop.is_closed():
            client_session.close().send(None)
        elif not loop.is_running():
            loop.run_until_complete(keeper.aclose())


@atexit.register
def _let_all_go() -> None:
    """Close what is left: a loop under nest_asyncio never ends, and tells no generator that the process does."""
    for loop in [*_sessions]:
        _let_go(loop)


class AsyncReply:
    """An answer: its status and headers (names in lower case), and its body for who reads it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    async def read(self) -> bytes:
        """Return the whole body; the connection goes back to the pool.

        Raises:
            APIConnectionError: it broke off.
        """
        try:
            return await self._response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise interruption(error) from None
        finally:
            self.close()

    async def piece(self) -> bytes:
        """Return the next bytes of the body as soon as there are any; none at its end.

        Raises:
            APIConnectionError: it broke off.
        """
        try:
            return await self._response.content.readany()
        except asyncio.CancelledError:  # who has gone waits for nothing: the provider may stop at once
            self.close()
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.close()
            raise interruption(error) from None

    async def finish(self) -> None:
        """Give the connection back, if the body really ends here; else close it."""
        try:
            async with asyncio.timeout(LAST_WAIT):
                await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.close()
        else:
            self._response.release()

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        self._response.close()


async def send(url: str, headers: Mapping[str, str], body: bytes, timeout: tuple[float, float]) -> AsyncReply:
    """Post a request and return the answer once its headers are there.

    Raises:
        APIConnectionError: there was no answer.
        Timeout: there was none in time.
    """
    connect_timeout, read_timeout = timeout
    proxy, tls = _settings(url)
    try:
        response = await (await session()).post(
            url,
            headers=headers,
            data=body if len(body) < LARGE else io.BytesIO(body),
            timeout=aiohttp.ClientTimeout(total=None, connect=connect_timeout, sock_read=read_timeout),
            allow_redirects=False,
            proxy=proxy,
            ssl=tls,
        )
    except (aiohttp.InvalidURL, ValueError) as error:
        raise UsageError(f"the request cannot be sent: {type(error).__name__}") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise connection_error(error, url) from None
    return AsyncReply(response)


def _settings(url: str) -> tuple[str | None, ssl.SSLContext | bool]:
    """Return the proxy and the certificates for an address, both as `transport` has them from the environment."""
    settings = environment(url)
    proxy: str | None = select_proxy(url, settings["proxies"])
    return proxy, _context(settings["verify"]) if url.startswith("https:") else True


@lru_cache(maxsize=8)
def _context(verify: bool | str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify))


def connection_error(error: Exception, url: str) -> APIConnectionError:
    """Return our error for one of the library's before an answer began."""
    if isinstance(error, TimeoutError):
        # Who could not be reached was asked for nothing; who was slow may be at work, and would do it twice.
        return Timeout("no answer in time", retryable=isinstance(error, aiohttp.ConnectionTimeoutError))
    cause = _cause(error)
    text = reason(cause) or next((text for kind, text in _REASONS if isinstance(error, kind)), type(cause).__name__)
    return APIConnectionError(f"no connection to {place_of(url)}: {text}", retryable=True)


#: What else may have happened before an answer began. `transport` says the same of the errors that it knows.
_REASONS: Final = (
    (aiohttp.ServerDisconnectedError, "the provider hung up without an answer"),
    (aiohttp.ClientHttpProxyError, "the proxy did not connect"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
)


def _cause(error: Exception) -> BaseException:
    """Return the system's error inside one of the library's."""
    for name in ("os_error", "certificate_error"):
        inside = getattr(error, name, None)
        if isinstance(inside, BaseException):
            return inside
    return error


def interruption(error: Exception) -> APIConnectionError:
    """Return our error for one of the library's in the middle of an answer."""
    if isinstance(error, TimeoutError):
        return Timeout("the answer stopped coming")
    return APIConnectionError("the connection broke in the middle of the answer")
