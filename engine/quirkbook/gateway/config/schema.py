"""The JSON Schema of a config.yaml, for editors: made of the table of keys, so that both say the same."""

from __future__ import annotations

from typing import Any, Final

from .litellm_keys import Key, section

#: Where sections stand that are not at the top: section -> the keys on the way, "*" for each item of an array.
_INNER: Final = {
    "model_list": ("model_list", "*"),
    "litellm_params": ("model_list", "*", "litellm_params"),
    "model_info": ("model_list", "*", "model_info"),
    "limits": ("quirkbook_settings", "limits"),
    "client_key": ("quirkbook_settings", "keys", "*"),
    "canary": ("quirkbook_settings", "canary"),
}
_TOP: Final = ("general_settings", "litellm_settings", "router_settings", "quirkbook_settings")
#: No key of these is LiteLLM's or a provider's: any other is a mistake.
_CLOSED: Final = frozenset({"quirkbook_settings", "limits", "client_key", "canary"})


def config_schema() -> dict[str, Any]:
    """Return a JSON Schema of a gateway's config.

    It names the keys and says what becomes of them; `quirkbook check` also judges their values.

    >>> config_schema()["properties"]["quirkbook_settings"]["properties"]["policy"]["description"]
    'used'
    """
    root: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A gateway's config: LiteLLM's config.yaml with quirkbook_settings",
        "type": ["object", "null"],
        "properties": _keys(""),
    }
    for name in _TOP:
        _put(root, (name,), name)
    for name, place in _INNER.items():
        _put(root, place, name)
    keys = root["properties"]["quirkbook_settings"]["properties"]["keys"]
    keys["items"]["type"] = ["object", "string"]
    root["properties"]["quirkbook_settings"]["properties"]["canary"]["type"] = ["object", "number", "string", "null"]
    return root


def _put(root: dict[str, Any], place: tuple[str, ...], name: str) -> None:
    """Write a section's schema to its place."""
    at = root
    for key in place:
        if key == "*":
            at.pop("type", None)
            at = at.setdefault("items", {})
        else:
            at = at.setdefault("properties", {}).setdefault(key, {})
    at.update({"type": ["object", "null"], "properties": _keys(name) | at.get("properties", {})})
    if name in _CLOSED:
        at["additionalProperties"] = False


def _keys(name: str) -> dict[str, Any]:
    return {key: _described(state) for key, state in section(name).exact.items()}


def _described(key: Key) -> dict[str, Any]:
    made = {"description": f"{key.state}: {key.why}" if key.why else key.state}
    return made | ({"deprecated": True} if key.state == "unsupported" else {})
