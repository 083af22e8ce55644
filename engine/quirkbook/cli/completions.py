"""What a shell completes: names of providers, rules and emulators."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from ..api import default_rulebook
from ..errors import QuirkbookError

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completer(names: Callable[[], Iterable[str]]) -> Completer:
    def complete(context: click.Context, parameter: click.Parameter, start: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(name) for name in names() if name.startswith(start)]
        except QuirkbookError:  # a folder in QUIRKBOOK_RULES is at fault; a shell has no place for the message
            return []

    return complete


def _emulators() -> Iterable[str]:
    from ..emulator.provider import available

    return available()


PROVIDERS = _completer(lambda: default_rulebook().providers)
RULES = _completer(lambda: (rule.name for rule in default_rulebook().rules()))
EMULATORS = _completer(_emulators)
