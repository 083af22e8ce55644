"""Walks a config file: what becomes of each key, each value under its right type, and every diagnostic at its place.

No diagnostic and no setting shows a value of the file or of the environment: any of them may be a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ...errors import did_you_mean
from ...model import Diagnostic, Keys, pointer
from ...payload.describe import kind
from . import litellm_keys as table
from .include import Pages
from .setting import Setting

ENVIRON: Final = "os.environ/"
"""Text that begins so is the value of the environment variable that follows."""

#: What to do with an unknown key that is near no other.
_ADVICE: Final = {
    "": "leave it out; one that only holds anchors begins with x-",
    "litellm_params": "it is sent on as a field of the payload; extra_body says that this is meant",
}
_OURS: Final = ("quirkbook_settings", "limits", "client_key", "reasoning_memory", "canary")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ON: Final = {"true": True, "false": False}
_BLOCK_KEY: Final = re.compile(r"[\s-]*")
_AFTER_KEY: Final = re.compile(r"\s*:(\s|$)")


class Reader:
    """A document under inspection: gathers settings and diagnostics; what has a diagnostic is read as if it were not there."""

    def __init__(self, document: Pages, environ: Mapping[str, str], unset: str, *, strict: bool = False) -> None:
        self.document = document
        self.environ = dict(environ)
        self.diagnostics: list[Diagnostic] = []
        self.settings: list[Setting] = []
        self._unset, self._strict = unset, strict
        self.needs: dict[str, None] = {}
        """The variables that are not set, where that need not be so yet."""
        self.handlers: frozenset[str] = frozenset()
        """Names of providers for which the file has Python of its own."""
        self.left_out: dict[str, str] = {}
        """Name of a model that is not served -> why."""

    def diagnostic(
        self, code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False, severity: str = "error"
    ) -> None:
        """Note a diagnostic at the value (or key) at ``keys``."""
        self.diagnostics.append(veiled(self.document.diagnostic(code, keys, message, hint, key=key, severity=severity)))

    def note(self, keys: Keys, state: str, why: str = "") -> None:
        """Note what becomes of the key at ``keys``."""
        place = self.document.locate(keys, key=True)
        self.settings.append(Setting(pointer(keys), place.file, place.line, place.column, state, why))

    def restate(self, keys: Keys, state: str, why: str = "") -> None:
        """Note that something else becomes of a key than its table says, as its value has it."""
        place = pointer(keys)
        at = next(at for at, setting in enumerate(self.settings) if setting.pointer == place)
        self.settings[at] = replace(self.settings[at], state=state, why=why)

    # Sections

    def mapping(self, keys: Keys) -> Mapping[Any, Any]:
        """Return the mapping at ``keys``; an empty one where there is none."""
        value = self._at(keys)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(keys, "a mapping", value)
            return {}
        return value

    def _at(self, keys: Keys) -> Any:
        value = self.document.data
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else value[key]
        return value

    def section(self, keys: Keys, name: str, *, resolve: bool = True) -> dict[str, Any]:
        """Return the used keys of a mapping, without those that are null; note what becomes of each key.

        ``resolve`` fills in variables of the environment.
        """
        used: dict[str, Any] = {}
        section = table.section(name)
        for key, value in self.mapping(keys).items():
            key_path = (*keys, key)
            known = section.find(key) if isinstance(key, str) else None
            if known is None:
                if self._unknown(key_path, section, name) and name == "litellm_params" and value is not None:
                    used[key] = self.resolved(key_path, value) if resolve else value
            elif known.state == "used":
                self.note(key_path, "used")
                value = self.resolved(key_path, value) if resolve else value
                if value is not None:
                    used[key] = value
            elif known.state == "unsupported" and not value and not (known.false_counts and value is not None):
                self.note(key_path, "ignored", "it is switched off")
            else:
                self.note(key_path, known.state, known.why)
        return used

    def _unknown(self, keys: Keys, section: table.Section, name: str) -> bool:
        """Report a key that is in no list; True: it is near no other, so that it may be meant as it is.

        Of LiteLLM's sections that is a warning, as LiteLLM has new keys every week; of ours an error.
        """
        key = keys[-1]
        near = did_you_mean(key, section.exact) if isinstance(key, str) else None
        hint = f"did you mean '{near}'?" if near else _ADVICE.get(name, "leave it out")
        where = f"'{name}'" if name else "a config"
        severity = "error" if self._strict or name in _OURS else "warning"
        self.diagnostic("Q106", keys, f"unknown key '{key}' in {where}", hint, key=True, severity=severity)
        return near is None and isinstance(key, str)

    def resolved(self, keys: Keys, value: Any) -> Any:
        """Return a value with the variables of the environment filled in, at any depth."""
        if isinstance(value, str) and value.startswith(ENVIRON):
            return self._variable(keys, value.removeprefix(ENVIRON))
        if isinstance(value, dict):
            return {key: self.resolved((*keys, key), item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved((*keys, at), item) for at, item in enumerate(value)]
        return value

    def _variable(self, keys: Keys, name: str) -> str | None:
        if value := self.environ.get(name):
            return value
        message = f"the environment variable {name} is not set" if name else f"no name behind '{ENVIRON}'"
        hint = f"set it before the gateway starts: export {name}=..." if name else f"write {ENVIRON}NAME"
        if name and not _VARIABLE.fullmatch(name):
            message = f"'{ENVIRON}' must be followed by the name of a variable alone"
            self.diagnostic("Q301", keys, message, "have the whole value in the variable")
        elif name and self._unset == "note":
            self.needs[name] = None
        else:
            self.diagnostic("Q301", keys, message, hint)
        return None

    def missing(self, variable: str, code: str, keys: Keys, message: str, hint: str) -> None:
        """Warn of a variable that ought to be set; where that need not be so yet, it is only noted."""
        if self._unset == "note":
            self.needs[variable] = None
        else:
            self.diagnostic(code, keys, message, hint, severity="warning")

    # Values; None for one that has a diagnostic

    def wrong(self, keys: Keys, expected: str, value: Any) -> None:
        """Note that a value has not the type it should have."""
        self.diagnostic("Q108", keys, f"'{_name(keys)}' must be {expected}, not {_kind(value)}")

    def text(self, keys: Keys, value: Any) -> str | None:
        """Return text that is not empty."""
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(keys, "text", value)
        return None

    def number(self, keys: Keys, value: Any, low: float, high: float, unit: str = "") -> float | None:
        """Return a number from ``low`` to ``high``; text will do, as variables of the environment are."""
        number = _number(value)
        if number is None or not low <= number <= high:
            self._not_between(keys, value, f"a number{unit} from {low:,} to {high:,}")
            return None
        return number

    def integer(self, keys: Keys, value: Any, low: int, high: int, unit: str = "") -> int | None:
        """Return a whole number from ``low`` to ``high``."""
        number = _number(value)
        if number is None or not number.is_integer() or not low <= number <= high:
            self._not_between(keys, value, f"a whole number{unit} from {low:,} to {high:,}")
            return None
        return int(number)

    def _not_between(self, keys: Keys, value: Any, expected: str) -> None:
        if _number(value) is None:
            self.wrong(keys, expected, value)
        else:
            self.diagnostic("Q109", keys, f"'{_name(keys)}' must be {expected}")

    def seconds(self, keys: Keys, value: Any) -> float | None:
        """Return a time in seconds, more than 0."""
        return self.number(keys, value, 0.001, 1_000_000, " of seconds")

    def flag(self, keys: Keys, value: Any) -> bool | None:
        """Return true or false."""
        flag = _ON.get(value.lower()) if isinstance(value, str) else value
        if isinstance(flag, bool):
            return flag
        self.wrong(keys, "true or false", value)
        return None

    def names(self, keys: Keys, value: Any) -> tuple[str, ...]:
        """Return a list of texts; one text counts as a list of one."""
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self.wrong(keys, "a list of names", value)
            return ()
        return tuple(name for at, item in enumerate(value) if (name := self.text((*keys, at), item)) is not None)

    def unknown_name(
        self,
        code: str,
        keys: Keys,
        message: str,
        name: str,
        known: Sequence[str],
        *,
        key: bool,
        severity: str = "error",
    ) -> None:
        """Note a name that nobody bears, with the nearest one, or all."""
        near = did_you_mean(name, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
        self.diagnostic(code, keys, message, hint, key=key, severity=severity)


def _name(keys: Keys) -> str:
    """Return how a message calls the value at ``keys``: ``rpm``, ``keys[0]``."""
    key = keys[-1]
    return f"{keys[-2]}[{key}]" if isinstance(key, int) else key


def _kind(value: Any) -> str:
    return "empty text" if isinstance(value, str) and not value.strip() else kind(value, yaml=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def veiled(diagnostic: Diagnostic) -> Diagnostic:
    """Return a diagnostic that shows no value: of the line only the key at fault, where it begins the line."""
    start = diagnostic.location.column - 1
    end = start + diagnostic.width
    before, after = diagnostic.excerpt[:start], diagnostic.excerpt[end:]
    is_key = _BLOCK_KEY.fullmatch(before) and _AFTER_KEY.match(after)
    return replace(diagnostic, excerpt=f"{diagnostic.excerpt[:end]}: ..." if is_key else "")
