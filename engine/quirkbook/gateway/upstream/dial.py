"""Opening a connection to an upstream: straight, through a Unix socket, or through a proxy."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ...errors import APIConnectionError
from ...wire.address import reason
from ..place import Proxy

_ANSWER_BYTES: Final = 16 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead."""

    host: str
    port: int
    tls: bool = False
    socket: str | None = None
    """The path of a Unix socket, which counts in place of host and port."""
    proxy: Proxy | None = None
    trust: bool | str = True
    """Whether certificates are checked, and against which file or folder of authorities, if not the system's."""
    certificate: str | None = None
    """A file with the certificate to show, and its key."""


@cache
def tls_context(trust: bool | str = True, certificate: str | None = None) -> ssl.SSLContext:
    """Return how certificates are checked, and which is shown.

    Raises:
        APIConnectionError: a file of certificates cannot be read.
    """
    try:
        context = ssl.create_default_context()
        if isinstance(trust, str):
            folder = Path(trust).is_dir()
            context = ssl.create_default_context(cafile=None if folder else trust, capath=trust if folder else None)
        elif not trust:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        why = reason(error) if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
        path = certificate or trust
        raise APIConnectionError(
            f"no connection: the certificates in {path} cannot be read: {why or 'they are not PEM'}"
        ) from None
    return context


async def dial(origin: Origin, connection: asyncio.Protocol, loop: asyncio.AbstractEventLoop) -> None:
    """Open a connection, which ``connection`` is told of.

    Raises:
        OSError: nobody answers.
        APIConnectionError: the proxy does not connect.
    """
    context = tls_context(origin.trust, origin.certificate) if origin.tls else None
    name = origin.host if origin.tls else None
    proxy = origin.proxy
    if origin.socket is not None:
        await loop.create_unix_connection(lambda: connection, origin.socket)
    elif proxy is None:
        await loop.create_connection(lambda: connection, origin.host, origin.port, ssl=context, server_hostname=name)
    elif context is None:  # the proxy is asked for the whole address, and sends the request on
        await loop.create_connection(
            lambda: connection,
            proxy.host,
            proxy.port,
            ssl=tls_context() if proxy.tls else None,
            server_hostname=proxy.host if proxy.tls else None,
        )
    elif proxy.tls:
        raise APIConnectionError(
            "no connection: TLS through a proxy that itself wants TLS is not supported: name the proxy as http://"
        )
    else:
        transport, tunnel = await loop.create_connection(_Tunnel, proxy.host, proxy.port)
        try:
            await tunnel.opened(origin)
            secure = await loop.start_tls(transport, connection, context, server_hostname=name)
        except BaseException:  # cancelled, too: nobody else would close a tunnel that is half made
            transport.abort()
            raise
        connection.connection_made(secure)  # type: ignore[arg-type]  # None comes from no transport that was opened


class _Tunnel(asyncio.Protocol):
    """Asks a proxy to connect to somebody."""

    def __init__(self) -> None:
        self._answer = b""
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def opened(self, origin: Origin) -> None:
        """Wait until the proxy has connected."""
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        assert origin.proxy is not None
        authorization = origin.proxy.authorization
        signed = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
        place = f"{host}:{origin.port}"
        self._transport.write(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{signed}\r\n".encode())
        await self._done

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._done.done():
            return
        if b"\r\n\r\n" in self._answer:
            status = _STATUS.match(self._answer)
            if status is not None and status[1].startswith(b"2"):
                self._done.set_result(None)
            else:
                said = f"answered {int(status[1])}" if status is not None else "did not answer as HTTP has it"
                self._done.set_exception(_unconnected(said))
        elif len(self._answer) > _ANSWER_BYTES:
            self._done.set_exception(_unconnected("sent too long a head"))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(_unconnected("hung up"))


def _unconnected(said: str) -> APIConnectionError:
    return APIConnectionError(f"no connection: the proxy {said}", retryable=True)
