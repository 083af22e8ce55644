"""Hosts and ports: what an address is called in a message, why none was reached, and whether one can listen there."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from ..errors import UsageError


def place_of(url: str) -> str:
    """Return host and port of a URL, and nothing that may be a secret.

    >>> place_of("http://me:secret@127.0.0.1:8001/v1?key=secret"), place_of("https://api.example.com/v1")
    ('127.0.0.1:8001', 'api.example.com')
    """
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    return f"{host}:{parts.port}" if parts.port else host


#: OpenSSL's codes (X509_V_ERR_...) -> what is wrong with a certificate.
_CERTIFICATES: Final = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed, and not trusted here",
    19: "its certificate was issued by an authority that is not trusted here",
    20: "its certificate was issued by an authority that is not known here",
    62: "its certificate is for another host",
    64: "its certificate is for another host",
}


def reason(error: BaseException) -> str | None:
    """Say why a connection failed, from the error's type and number; None where those do not tell.

    What an error says is the affair of the library that raised it: the text differs from release to release.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        code = getattr(error, "verify_code", 0)
        return _CERTIFICATES.get(code, f"its certificate was not accepted (OpenSSL's code {code})")
    if isinstance(error, ssl.SSLError):
        code = getattr(error, "reason", None)  # OpenSSL's, such as WRONG_VERSION_NUMBER
        return f"TLS could not be agreed on ({code})" if code else "TLS could not be agreed on"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the name cannot be resolved"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)  # asyncio puts the address where the system's text would be
    return None


def check_port(host: str, port: int) -> None:
    """Find out whether one can listen there.

    Raises:
        UsageError: one cannot.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        problem = f"{f'[{host}]' if ':' in host else host}:{port} cannot be listened on: {reason(error) or type(error).__name__}"
        raise UsageError(f"{problem}: stop what serves there, or choose another --port") from None
