"""Which folders of rules say where requests and keys of a built-in provider go: such a folder is trusted like code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..model import Diagnostic, RuleFile
from .rulebook import Rulebook

#: Keys of a file's head that say where a request goes, and with which key.
_STEERING: Final = ("base_url", "base_url_env", "api_key_env", "auth", "aliases", "endpoints", "headers")
_HINT: Final = "a folder of rules is trusted like code: use one of strangers only after reading it"


def steering(book: Rulebook) -> Iterator[Diagnostic]:
    """Yield a warning for each file of a layer that changes where requests to a built-in provider go, or with which key."""
    builtin = Rulebook()
    for file in book.files:
        if file.kind == "provider":
            yield from _changes(file, builtin)


def _changes(file: RuleFile, builtin: Rulebook) -> Iterator[Diagnostic]:
    if file.name in builtin.providers:
        head = builtin.provider(file.name).head
        changed = [key for key in _STEERING if key in file.head and file.head[key] != head.get(key)]
        if changed:
            message = f"this changes {', '.join(changed)} of the built-in provider '{file.name}'"
            yield Diagnostic(file.location, "Q221", message, _HINT, severity="warning")
        return
    known = {*builtin.providers, *builtin.aliases}
    taken = [alias for alias in file.head.get("aliases", ()) if alias in known]
    if taken:
        message = f"the aliases {', '.join(taken)} lead away from a built-in provider, to '{file.name}'"
        yield Diagnostic(file.location, "Q221", message, _HINT, severity="warning")
