"""Hosts and ports: what an address is called in a message, and whether one can listen there."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from ..errors import UsageError


def place_of(url: str) -> str:
    """Return host and port of a URL, and nothing that may be a secret.

    >>> place_of("http://me:secret@127.0.0.1:8001/v1?key=secret"), place_of("https://api.example.com/v1")
    ('127.0.0.1:8001', 'api.example.com')
    """
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def check_port(host: str, port: int) -> None:
    """Find out whether one can listen there.

    Raises:
        UsageError: one cannot.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        text = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        said = f"{host}:{port} cannot be listened on: {text}"
        raise UsageError(f"{said}: stop what serves there, or choose another --port") from None
