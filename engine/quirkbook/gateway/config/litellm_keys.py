"""The table of LiteLLM's config.yaml: each key is used, ignored or unsupported, and why.

The table is data, ``schemas/gateway-keys.yaml``; it follows https://docs.litellm.ai/docs/proxy/config_settings and the
pages named there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from ...resources import folder, schema
from ...source import yaml as yaml_source

_FILE: Final = "gateway-keys.yaml"
#: What a chat request has and a deployment does not set.
_NO_DEFAULTS: Final = frozenset({"model", "messages"})


@dataclass(frozen=True, slots=True)
class Key:
    """What becomes of a key."""

    state: str
    """``used``, ``ignored`` or ``unsupported``."""
    why: str = ""
    false_counts: bool = False
    """Whether false or 0 asks for something, so that the key is not switched off by it."""


@dataclass(frozen=True, slots=True)
class Section:
    """The keys of one mapping of the file."""

    exact: Mapping[str, Key]
    globs: Sequence[tuple[str, Key]]

    def find(self, name: str) -> Key | None:
        """Return what becomes of a key, None for a key that nobody knows."""
        by_name = self.exact.get(name)
        return by_name or next((key for glob, key in self.globs if fnmatchcase(name, glob)), None)


@cache
def _table() -> dict[str, Any]:
    data: dict[str, Any] = yaml_source.read((folder("schemas") / _FILE).read_bytes(), f"schemas/{_FILE}").data
    return data


def rows(name: str) -> list[tuple[str, Key]]:
    """Return the keys of a section, globs too, in the table's order; of a key that comes twice the first counts."""
    found = [
        (key, Key(row["state"], row.get("why", ""), row.get("false_counts", False)))
        for row in _table()["sections"][name]
        for key in row["keys"]
    ]
    return found + [(key, Key("used")) for key in sorted(parameters())] if name == "litellm_params" else found


@cache
def section(name: str) -> Section:
    """Return a section by its name: ``model_list``, ``litellm_params``, ``limits``, ...; "" is the top level."""
    found = rows(name)
    exact = {key: state for key, state in reversed(found) if "*" not in key}
    return Section(exact, [(key, state) for key, state in found if "*" in key])


@cache
def parameters() -> frozenset[str]:
    """Return the names of the fields of a chat request that a deployment may give defaults for."""
    return frozenset(schema("chat-request")["properties"]) - _NO_DEFAULTS | frozenset(_table()["parameters"])


def compatible() -> tuple[str, ...]:
    """Return the prefixes that, beside an address, name OpenAI's protocol and no provider; the commonest first."""
    return tuple(_table()["compatible"])


def is_elsewhere(provider: str) -> bool:
    """Tell whether a provider is one that LiteLLM knows, so that its name is not misspelt."""
    return provider in _table()["elsewhere"]


def addresses(provider: str) -> tuple[str, ...]:
    """Return patterns of a provider's address, with keys of ``litellm_params`` and ``{model}`` in braces; the first that fits counts."""
    return tuple(_table()["addresses"].get(provider, ()))


@cache
def keys_of_addresses() -> frozenset[str]:
    """Return the keys of ``litellm_params`` that some provider's address is made of."""
    patterns = [pattern for provider in _table()["addresses"] for pattern in addresses(provider)]
    return frozenset(name for pattern in patterns for name in re.findall(r"\{(\w+)\}", pattern)) - {"model"}


def without_interface(provider: str, model: str) -> str:
    """Return a model without what chooses an interface of its provider: ``responses/gpt-5``."""
    prefix, slash, rest = model.partition("/")
    return rest if slash and prefix in _table()["interfaces"].get(provider, ()) else model


def gen_ai_provider(provider: str) -> str:
    """Return what OpenTelemetry calls a provider; one that is not known speaks OpenAI's protocol, at least."""
    names: dict[str, str] = _table()["gen_ai_providers"]
    return names.get(provider, provider or "openai")


def owner(model: str) -> str | None:
    """Return whose a model is that is written without a provider."""
    rows = _table()["bare_models"]
    return next((row["provider"] for row in rows if any(fnmatchcase(model, glob) for glob in row["models"])), None)
