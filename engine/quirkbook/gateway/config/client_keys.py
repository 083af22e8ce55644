"""The keys of clients: ``general_settings.master_key`` and ``quirkbook_settings.keys``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ...api.policy import check_policy
from ...errors import UsageError
from ...model import Keys
from . import litellm_keys as table
from .deployments import LIMITS
from .fallbacks import Names
from .model import UNLIMITED, Allowance, ClientKey
from .reader import Reader

MASTER_KEY: Final = "LITELLM_MASTER_KEY"
"""The variable that holds the master key where no file gives one."""
_MASTER: Final = "master_key"
_LISTED: Final[Keys] = ("quirkbook_settings", "keys")
_HASH: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOST: Final = 10**12


def master_key(environ: Mapping[str, str]) -> tuple[ClientKey, ...]:
    """Return the master key of the environment, if there is one."""
    key = environ.get(MASTER_KEY, "").strip()
    return (ClientKey.of(_MASTER, key),) if key else ()


def read_keys(
    reader: Reader, general: Mapping[str, Any], quirkbook: Mapping[str, Any], known: Names
) -> tuple[ClientKey, ...]:
    """Return all keys that clients may show; none: anybody may ask."""
    keys: list[ClientKey] = []
    if "master_key" in general:
        key = (reader.text(("general_settings", "master_key"), general["master_key"]) or "").strip()
        keys += [ClientKey.of(_MASTER, key)] if key else []
    keys += _listed(reader, quirkbook.get("keys", []), known)
    unique: dict[bytes, ClientKey] = {}
    for one in keys:
        unique.setdefault(one.digest, one)
    found = tuple(unique.values()) or master_key(reader.environ)
    most = general.get("max_parallel_requests")
    if most is not None:
        place: Keys = ("general_settings", "max_parallel_requests")
        parallel = reader.integer(place, most, 1, _MOST)
        if not found:
            reader.restate(place, "unsupported", "it holds for each key of a client, and there is none")
        found = tuple(
            replace(one, allowance=replace(one.allowance, parallel=parallel)) if one.allowance.parallel is None else one
            for one in found
        )
    return found


def policy(reader: Reader, keys: Keys, verdicts: Mapping[str, str]) -> dict[str, str]:
    """Return the verdicts on effects that can be."""
    accepted = {}
    for effect, verdict in verdicts.items():
        try:
            check_policy({effect: verdict})
            accepted[effect] = verdict
        except UsageError as error:
            message, _, hint = str(error).rpartition(": ")
            reader.diagnostic("Q109", (*keys, effect), message, hint, key=True)
    return accepted


def _listed(reader: Reader, value: Any, known: Names) -> Iterator[ClientKey]:
    if not isinstance(value, list):
        value = list(reader.names(_LISTED, value))
    names: set[str] = {_MASTER}
    for at, item in enumerate(value):
        keys: Keys = (*_LISTED, at)
        if isinstance(item, dict) and table.section("client_key").exact.keys().isdisjoint(item):
            reader.wrong(keys, "a key, or a mapping with name and key", item)  # what stands there may be a key itself
        elif isinstance(item, dict):
            yield from _Entry(reader, keys, known).read(names)
        elif (text := reader.text(keys, item)) is not None:
            yield ClientKey.of(f"keys[{at}]", text.strip())


class _Entry:
    """A key with what it may do."""

    def __init__(self, reader: Reader, keys: Keys, known: Names) -> None:
        self._reader, self._keys, self._known = reader, keys, known
        self._written = reader.section(keys, "client_key")

    def read(self, names: set[str]) -> Iterator[ClientKey]:
        """Yield the key, if it is one; ``names`` are those of the keys before it."""
        written = self._written
        name = self._name(names)
        digest = self._digest()
        limits = {
            field: limit
            for key, field in LIMITS.items()
            if key in written and (limit := self._reader.integer((*self._keys, key), written[key], 0, _MOST))
        }
        made = ClientKey(
            name=name,
            digest=digest or b"",
            models=self._models(),
            allowance=Allowance(**limits) if limits else UNLIMITED,
            policy=policy(
                self._reader,
                (*self._keys, "policy"),
                self._reader.mapping((*self._keys, "policy")) if "policy" in written else {},
            ),
            expires=self._expires(),
        )
        if digest is not None:
            yield made

    def _name(self, names: set[str]) -> str:
        keys: Keys = (*self._keys, "name")
        if "name" not in self._written:
            return f"keys[{self._keys[-1]}]"
        name = self._reader.text(keys, self._written["name"]) or ""
        if name in names:
            self._reader.diagnostic("Q109", keys, f"another key is called '{name}', too", "give each a name of its own")
        names.add(name)
        return name

    def _digest(self) -> bytes | None:
        """Return what is kept of the key."""
        given = [key for key in ("key", "hash") if key in self._reader.mapping(self._keys)]
        if len(given) != 1:
            hint = "write key: os.environ/NAME, or hash: its SHA-256"
            self._reader.diagnostic("Q107", self._keys, "a key is named by one of 'key' and 'hash'", hint)
            return None
        keys: Keys = (*self._keys, given[0])
        if given[0] not in self._written:
            return None  # a variable that is not set has a diagnostic
        text = (self._reader.text(keys, self._written[given[0]]) or "").strip()
        if not text:
            return None
        if given[0] == "key":
            return ClientKey.of("", text).digest
        found = _HASH.fullmatch(text.lower())
        if found is None:
            hint = 'write the 64 hexadecimal digits that `printf %s "$KEY" | sha256sum` prints'
            self._reader.diagnostic("Q109", keys, "'hash' must be the SHA-256 of a key", hint)
            return None
        return bytes.fromhex(found[1])

    def _models(self) -> tuple[str, ...] | None:
        if "models" not in self._written:
            return None
        keys: Keys = (*self._keys, "models")
        names = self._reader.names(keys, self._written["models"])
        for at, name in enumerate(names):
            if "*" not in name:
                self._known.check(
                    self._reader, (*keys, at) if isinstance(self._written["models"], list) else keys, name
                )
        return names

    def _expires(self) -> float | None:
        if "expires" not in self._written:
            return None
        keys: Keys = (*self._keys, "expires")
        text = self._reader.text(keys, self._written["expires"]) or ""
        try:
            until = datetime.fromisoformat(text.strip())
        except ValueError:
            if text:
                hint = "write 2026-12-31 for the end of that day, UTC, or 2026-12-31T12:00:00Z"
                self._reader.diagnostic("Q109", keys, "'expires' must be a date or a time", hint)
            return None
        if _DATE.fullmatch(text.strip()):
            until += timedelta(days=1)
        return (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp()
