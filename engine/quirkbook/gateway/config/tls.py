"""Which certificates of upstreams are trusted: ``ssl_verify`` and ``ssl_certificate``, beside a model or for all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...model import Keys
from .reader import Reader

_SECTION = "litellm_settings"


def read(reader: Reader, under: Keys, params: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a deployment that these keys say something of; its own win over those for all."""
    general = reader.mapping((_SECTION,))
    found: dict[str, Any] = {}
    for key, name in (("ssl_verify", "trust"), ("ssl_certificate", "certificate")):
        if written.get(key) is not None:
            keys, value = (*under, key), params.get(key)
        else:
            keys, value = (_SECTION, key), reader.resolved((_SECTION, key), general.get(key))
        if value is None:
            continue
        if name == "trust" and (isinstance(value, bool) or str(value).lower() in ("true", "false")):
            found[name] = reader.flag(keys, value) is not False
        elif (path := reader.text(keys, value)) is not None:
            if Path(path).exists():
                found[name] = path
            else:
                hint = "write the path of a file of certificates; it is taken from where the gateway starts"
                reader.diagnostic("Q109", keys, f"'{key}': there is no file {path}", hint)
    return found
