"""Settings of how clients reach the gateway, and what of theirs it passes on: origins of web pages, names of headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...model import Keys
from ...wire.headers import is_header_name
from .model import Network
from .reader import Reader

ORIGINS: Final = "LITELLM_CORS_ORIGINS"
"""The variable that names the origins of web pages, with commas between them, where no file does."""
#: What LiteLLM passes on where it is told to pass on headers, and what SDKs of OpenRouter and tracers send.
CLIENTS: Final = ("x-*", "anthropic-beta", "http-referer", "user-agent", "traceparent", "tracestate")
_TRACE: Final = ("traceparent", "tracestate")
_FORWARD: Final = "forward_client_headers_to_llm_api"


def read(
    reader: Reader, general: Mapping[str, Any], litellm: Mapping[str, Any], quirkbook: Mapping[str, Any]
) -> Network:
    """Return the settings, which stand in several sections."""
    sections = {"general_settings": general, "litellm_settings": litellm, "quirkbook_settings": quirkbook}

    def is_on(section: str, key: str) -> bool:
        return key in sections[section] and reader.flag((section, key), sections[section][key]) is True

    names: list[str] = []
    if is_on("general_settings", _FORWARD) or is_on("litellm_settings", _FORWARD):
        names += CLIENTS
    if is_on("litellm_settings", "forward_traceparent_to_llm_provider"):
        names += _TRACE
    if "forward_headers" in quirkbook:
        names += reader.names(("quirkbook_settings", "forward_headers"), quirkbook["forward_headers"])
    return Network(
        origins=_origins(reader, general, quirkbook),
        key_header=_key_header(reader, general),
        forwarded=tuple(dict.fromkeys(name.lower() for name in names)),
        forwarded_for=_models(reader, litellm),
    )


def _origins(reader: Reader, general: Mapping[str, Any], quirkbook: Mapping[str, Any]) -> tuple[str, ...] | None:
    for section, values, key in (
        ("quirkbook_settings", quirkbook, "cors_origins"),
        ("general_settings", general, "cors_allow_origins"),
    ):
        if key in values:
            origins = reader.names((section, key), values[key])
            for at, origin in enumerate(origins):
                if origin != "*" and (not origin.startswith(("http://", "https://")) or origin.count("/") > 2):
                    message = f"'{key}' must list origins of web pages"
                    hint = 'write "https://app.example", without a path, or "*"'
                    reader.diagnostic("Q109", (section, key, at), message, hint)
            return tuple(origin.lower() for origin in origins)
    named = [origin.strip().lower() for origin in reader.environ.get(ORIGINS, "").split(",")]
    return tuple(filter(None, named)) or None


def _key_header(reader: Reader, general: Mapping[str, Any]) -> str | None:
    keys: Keys = ("general_settings", "litellm_key_header_name")
    if keys[1] not in general:
        return None
    name = reader.text(keys, general["litellm_key_header_name"])
    if name is not None and not is_header_name(name):
        reader.diagnostic("Q109", keys, "this is not a valid header name", "write letters, digits and '-'")
    return name.lower() if name is not None else None


def _models(reader: Reader, litellm: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the models for which headers are passed on though they are not for all."""
    keys: Keys = ("litellm_settings", "model_group_settings")
    if keys[1] not in litellm:
        return ()
    settings = reader.section(keys, "model_group_settings")
    return reader.names((*keys, _FORWARD), settings[_FORWARD]) if _FORWARD in settings else ()
