"""Who is meant by a provider's name, an address, or the prefix of a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from ..errors import UnknownProviderError, UsageError, did_you_mean
from ..model import RuleFile
from ..payload.describe import kind
from .layers import RuleSources

#: The provider that stands for every address nobody has described.
GENERIC = "openai_compatible"


_NO_HOST = "that base_url"
#: So many names are listed in a message; more fill a screen.
_FEW = 12


class Providers:
    """The providers of all layers."""

    def __init__(self, sources: RuleSources) -> None:
        self._sources = sources

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all providers, sorted, without aliases."""
        return self._sources.names("provider")

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> provider. Asking reads the head of every provider's file."""
        names = reversed(list(self._sources.providers()))  # of two that share an alias, `_named` finds the first
        return {alias: name for name in names for alias in self._head(name).get("aliases", ())}

    def provider(self, name: str) -> RuleFile:
        """Return a provider's facts, found by name or alias.

        Raises:
            UnknownProviderError: with the nearest name, and how to list all of them.
        """
        file = self._sources.file("provider", self._named(name) or "")
        if file is None:
            raise UnknownProviderError(f"unknown provider '{name}'{self._nearest(name)}")
        return file

    def _named(self, name: str) -> str | None:
        """Return the provider of a name or alias; no file is read for a name, and none after the first with the alias."""
        if self._sources.has_provider(name):
            return name
        return next((each for each in self._sources.providers() if name in self._head(each).get("aliases", ())), None)

    def _head(self, name: str) -> Mapping[str, Any]:
        file = self._sources.file("provider", name)
        return file.head if file else {}

    def _nearest(self, name: str) -> str:
        near = did_you_mean(name.lower(), [*self.names, *self.aliases])
        hint = f": did you mean '{near}'?" if near else ""
        if not near and not self._sources.own:
            hint = "\n  only the built-in rules were read; your own are read with --rules, Rulebook.load() or QUIRKBOOK_RULES"
        return f"{hint}\n  {self._listed()}"

    def _listed(self) -> str:
        """Return all names where they fit a line or two, else how to list them."""
        names = self.names
        return f"known: {', '.join(names)}" if len(names) <= _FEW else f"`quirkbook providers` lists all {len(names)}"

    def resolve(
        self, provider: str | None, model: str | None, base_url: str | None = None, *, strict: bool = False
    ) -> tuple[str, str]:
        """Return (provider, prefix): which provider is meant, and what names it at the start of ``model``.

        A named provider wins over ``base_url``, that over the model's prefix. An address that nobody has described says
        nothing: then the prefix does, and without one it is ``openai_compatible``, or with ``strict`` an error.

        Raises:
            UnknownProviderError: nobody of that name, or nobody named at all.
            UsageError: one of them is not a string.
        """
        check_names(provider, model, base_url)
        start = model.partition("/")[0] if model and "/" in model else ""
        if provider is not None:
            name = self.provider(provider).name
        elif base_url is not None and (there := self._at(base_url)):
            name = there
        elif start and (named := self._named(start)):
            name = named  # also at an address of one's own, which says nothing of who answers there
        elif base_url is not None:
            name = self._anybody(base_url, strict)
        else:
            problem = (
                f"unknown provider '{start}' in model '{model}'{self._nearest(start)}"
                if start
                else self._unnamed(model)
            )
            raise UnknownProviderError(problem)
        mine = {name, *self._head(name).get("aliases", ())}
        return name, f"{start}/" if start in mine or self._is_foreign(start, model, name) else ""

    def _is_foreign(self, start: str, model: str | None, name: str) -> bool:
        """Tell whether another provider's name before a model is a client's way to say how to call, and no part of it.

        LiteLLM's users write ``openai/kimi-k2.6`` for every address that speaks OpenAI's API. But hosts of many makers'
        models have names such as ``openai/gpt-oss-120b``: there it comes off only before a model of somebody else's.
        """
        other = self._named(start) if start else None
        if other is None or other == name or model is None:
            return False
        identity = self._sources.resolver.resolve(model.partition("/")[2])
        if identity is None:
            return self._serves(name).get("as") == "maker"
        makes = self._serves(other).get("makes", self._serves(other).get("families"))
        return makes is not None and identity.family not in makes

    def _serves(self, name: str) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self._head(name).get("serves", {})
        return facts

    def _unnamed(self, model: str | None) -> str:
        own_providers = (name for kind, name in self._sources.own if kind == "provider")
        alike = (name for name in self.names if model and model.lower().startswith(name))
        example = f"{next(chain(own_providers, alike), 'PROVIDER')}/{model or 'model'}"
        return f"no provider is named: give provider or base_url, or a model such as '{example}'\n  {self._listed()}"

    def _at(self, base_url: str) -> str | None:
        url = base_url.rstrip("/") + "/"
        for name in self._sources.providers():
            globs = self._head(name).get("endpoints", ())
            if any(fnmatchcase(url, glob) or fnmatchcase(url[:-1], glob) for glob in globs):
                return name
        at_home = [name for name in self.names if url.startswith(self._home(name))]
        if len(at_home) == 1:
            return at_home[0]
        if at_home:
            text = f"several providers are served at {host(base_url)}: name one of {', '.join(at_home)}"
            raise UnknownProviderError(text)
        return None

    def _anybody(self, base_url: str, strict: bool) -> str:
        if GENERIC in self.names and not strict and host(base_url) != _NO_HOST:
            return GENERIC
        text = f"no provider is known at {host(base_url)}: name one\n  {self._listed()}"
        raise UnknownProviderError(text)

    def _home(self, name: str) -> str:
        """Return a provider's own base URL with a slash at its end, which no other text begins with if there is none."""
        home: str = self._head(name).get("base_url", "\0")
        return home.rstrip("/") + "/"


def check_names(provider: Any, model: Any, base_url: Any, base_model: Any = None) -> None:
    """Refuse arguments that cannot name a provider.

    Raises:
        UsageError: with what to write.
    """
    given = (
        ("provider", provider, "a name that `quirkbook providers` lists"),
        ("model", model, '"PROVIDER/model"'),
        ("base_url", base_url, '"https://host/v1"'),
        ("base_model", base_model, "the maker's name of the model that is served"),
    )
    for name, value, hint in given:
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{name} must be a string, not {kind(value)}: write {hint}")


def host(url: str) -> str:
    """Return the host of a URL, never the whole: it may hold a key."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return host or _NO_HOST
