"""Names of models that stand for others: which there are, and the fallbacks that are written for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...model import Keys
from .model import ANY, Deployment, stars
from .reader import Reader


class Names:
    """The names that a client can ask for."""

    def __init__(self, models: Sequence[Deployment], names: Iterable[str]) -> None:
        self._deployments = models
        self._names = dict.fromkeys([*(deployment.name for deployment in models), *names])
        self._ids = {deployment.id for deployment in models}

    def with_aliases(self, aliases: Mapping[str, str]) -> Names:
        return Names(self._deployments, [*self._names, *aliases])

    def check(self, reader: Reader, keys: Keys, name: str, *, key: bool = False, severity: str = "error") -> bool:
        """Tell whether some deployment answers for a name; note a diagnostic if none does."""
        if (
            name in self._names
            or name in self._ids
            or any("*" in pattern and stars(pattern, name) for pattern in self._names)
        ):
            return True
        if self._names:  # else the models have diagnostics of their own
            reader.unknown_name(
                "Q305", keys, f"no model is called '{name}'", name, tuple(self._names), key=key, severity=severity
            )
        return False


class Fallbacks:
    """Reads the fallbacks of ``litellm_settings`` and ``router_settings``; where both say something, the latter counts."""

    def __init__(self, reader: Reader, litellm: Mapping[str, Any], router: Mapping[str, Any], known: Names) -> None:
        self._reader, self._known = reader, known
        self._sections = (("litellm_settings", litellm), ("router_settings", router))

    def read(self) -> Mapping[str, tuple[str, ...]]:
        """Return the names to try when all deployments of a model have failed."""
        fallbacks: dict[str, tuple[str, ...]] = {}
        for section, values in self._sections:
            if "default_fallbacks" in values:
                keys: Keys = (section, "default_fallbacks")
                fallbacks[ANY] = self._known_names(keys, values["default_fallbacks"])
            fallbacks |= self._fallback_lists((section, "fallbacks"), values)
        return fallbacks

    def read_special(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Return the fallbacks for errors of one class alone, by what their key begins with."""
        special: dict[str, dict[str, tuple[str, ...]]] = {}
        for section, values in self._sections:
            for why in ("context_window", "content_policy"):
                lists = self._fallback_lists((section, f"{why}_fallbacks"), values)
                special.setdefault(why, {}).update(lists)
        return special

    def _fallback_lists(self, keys: Keys, values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        lists = {}
        for item_keys, name, targets in self._pairs(keys, values.get(str(keys[-1])) or []):
            if name != ANY:
                self._known.check(self._reader, item_keys, name, key=True, severity="warning")
            lists[name] = self._known_names(item_keys, targets)
        return lists

    def _pairs(self, keys: Keys, value: Any) -> Iterator[tuple[Keys, str, Any]]:
        """Yield place, name and fallbacks of ``[{name: [names]}, ...]``."""
        items = value if isinstance(value, list) else [value]
        for at, item in enumerate(items):
            item_keys = (*keys, at) if isinstance(value, list) else keys
            if not isinstance(item, dict):
                self._reader.wrong(item_keys, "a mapping {model: [models to try then]}", item)
                continue
            yield from (((*item_keys, name), str(name), targets) for name, targets in item.items())

    def _known_names(self, keys: Keys, value: Any) -> tuple[str, ...]:
        names = enumerate(self._reader.names(keys, value))
        places = isinstance(value, list)
        return tuple(
            name
            for at, name in names
            if self._known.check(self._reader, (*keys, at) if places else keys, name, severity="warning")
        )
