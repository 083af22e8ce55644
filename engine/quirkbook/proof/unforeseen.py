"""Refusals that no rule foresaw, kept for `quirkbook learn --log`: the shape of the request, and what the provider said.

Off unless the environment variable ``QUIRKBOOK_UNFORESEEN`` names a file. No text of a request is kept: each is replaced by
a hash, words of the format apart, and a text that the provider repeats is taken out of its words.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .exchange import clean
from .scrub import is_of_the_format

VARIABLE: Final = "QUIRKBOOK_UNFORESEEN"
#: Statuses of a request that is refused for what it is.
_STATUSES: Final = frozenset({400, 422})
#: Bytes of the file, after which nothing is added: a client in a loop must not fill the disk.
_MOST: Final = 64 * 1024 * 1024


def keep(provider: str, request: Mapping[str, Any] | bytes, status: int | None, body: Any) -> None:
    """Add a line about a refusal to the file, if there is one to be written; a full disk does not make it fail."""
    path = os.environ.get(VARIABLE)
    if not path or status not in _STATUSES:
        return
    try:
        payload = json.loads(request) if isinstance(request, bytes) else request
        texts = sorted(set(_texts(payload)), key=len, reverse=True)
        line = {
            "date": time.strftime("%Y-%m-%d"),
            "provider": provider,
            "status": status,
            "payload": shape(payload),
            "error": _without(clean(body), texts),
        }
        with open(path, "a", encoding="utf-8") as file:
            if file.tell() < _MOST:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except (OSError, ValueError, RecursionError):
        return


def shape(value: Any, keys: tuple[Any, ...] = ()) -> Any:
    """Return a payload in which each text is a hash, but for words of the format.

    >>> shape({"model": "lumen", "messages": [{"role": "user", "content": "My name is Ada."}], "seed": 7})
    {'model': 'lumen', 'messages': [{'role': 'user', 'content': 'text-d2949b51'}], 'seed': 7}
    """
    if isinstance(value, dict):
        return {key: shape(item, (*keys, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item, keys) for item in value]
    if isinstance(value, str) and value and not is_of_the_format(value, keys):
        return f"text-{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return value


def _texts(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*keys, key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, keys)
    elif isinstance(value, str) and len(value) > 3 and not is_of_the_format(value, keys):
        yield value


def _without(value: Any, texts: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, texts) for item in value]
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, "...")
    return value
