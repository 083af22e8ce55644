"""What may be the name and the value of an HTTP header: checked when a call or a config is read, before anything is sent."""

from __future__ import annotations

import re
from typing import Any, Final

from .redact import is_secret_name

#: A token of RFC 9110, section 5.6.2.
_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


#: Headers of the connection: whoever sends a request writes them.
CONNECTION: Final = frozenset({
    "connection", "content-length", "host", "proxy-authorization", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


def is_reserved(name: str) -> bool:
    """Tell whether a header belongs to the connection, or by its name carries credentials: no rule sets it.

    >>> is_reserved("Host"), is_reserved("X-Api-Key"), is_reserved("X-Title")
    (True, True, False)
    """
    return name.lower() in CONNECTION or is_secret_name(name)


def is_header_name(name: Any) -> bool:
    """Tell whether HTTP allows this name.

    >>> is_header_name("X-Title"), is_header_name("X Title"), is_header_name(7)
    (True, False, False)
    """
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def is_header_value(value: Any) -> bool:
    """Tell whether a value is one line of plain ASCII text, which every HTTP library sends as it is.

    >>> is_header_value("a b"), is_header_value("a\\nb"), is_header_value("é"), is_header_value(None)
    (True, False, False, False)
    """
    return isinstance(value, str) and value.isascii() and value.isprintable()
