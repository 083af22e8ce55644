"""What may be the name and the value of an HTTP header: checked when a call or a config is read, before anything is sent."""

from __future__ import annotations

import re
from typing import Any, Final

#: A token of RFC 9110, section 5.6.2.
_NAME: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


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
