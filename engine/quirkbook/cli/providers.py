"""`quirkbook providers`: the list, the card of one, and which of them take a payload as it is."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..authoring.support import VERDICTS, Support, card, known, provider_support, unruled
from ..model import Effect
from ..rulebook.rulebook import Rulebook
from .completions import PROVIDERS
from .options import InputError, format_option, read_payload, rulebook, rules_option
from .printing import STYLES, columns, echo


@click.command()
@click.argument("subject", required=False, metavar="[NAME|FILE]", shell_complete=PROVIDERS)
@click.option("-m", "--model", metavar="MODEL", help="Ask for this model instead of the payload's.")
@rules_option
@format_option
def providers(subject: str | None, model: str | None, layers: tuple[str, ...], form: str) -> None:
    """List all providers, show the card of one (NAME), or compare them for a request (FILE, - for stdin).

    For FILE each provider says whether it takes the request unchanged, after an exact, lossy or semantic repair, or
    refuses it, and by which rules; the best fit comes first. "unchanged" means that no known rule asks for a change:
    the number of a provider's rules says how much that is worth. Nothing is sent.

    \b
    quirkbook providers
    quirkbook providers moonshot
    quirkbook providers request.json
    quirkbook providers request.json -m kimi-k2.6 --format json
    """
    is_file = subject is not None and (subject == "-" or os.path.isfile(subject))
    if model is not None and not is_file:
        raise click.UsageError("-m asks about a request: name its FILE too")
    if subject is None:
        _list(rulebook(layers), form)
    elif not is_file:
        _card(rulebook(layers), subject, form)
    else:
        payload = read_payload(subject)
        book = rulebook(layers)
        _compare(provider_support(payload, book, model=model), unruled(book), form)


def _list(book: Rulebook, form: str) -> None:
    rows = known(book)
    if form == "json":
        echo(json.dumps(rows, indent=2))
        return
    for line in columns(
        [[row["provider"], _rules_in_words(row["rules"]), row["api_key_env"], row["base_url"]] for row in rows]
    ):
        echo(line)


def _card(book: Rulebook, name: str, form: str) -> None:
    if os.sep in name or name.endswith((".json", ".jsonl")):
        raise InputError(f"{name}: no such file")
    facts = card(book, name)
    if form == "json":
        echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    rows = [[key.replace("_", " "), _shown(value)] for key, value in facts.items() if value not in (None, [], {})]
    for line in columns(rows):
        echo(line)


def _rules_in_words(number: int) -> str:
    return f"{number:>3} rule{'' if number == 1 else 's'}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {word}" for word, number in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _compare(supports: list[Support], left_out: list[str], form: str) -> None:
    if form == "json":
        echo(json.dumps([support.to_dict() for support in supports], indent=2, ensure_ascii=False))
    elif _is_terminal():
        Console(highlight=False).print(_table(supports))
    else:
        for line in columns(
            [
                [support.provider, support.verdict, _rules_in_words(support.known), ", ".join(_rules(support)) or None]
                for support in supports
            ]
        ):
            echo(line)
    if form == "text":
        counts = Counter(support.verdict for support in supports)
        echo(", ".join(f"{counts[word]} {word}" for word in VERDICTS.values() if counts[word]), err=True)
        if left_out:
            echo(f"left out, because no rule of theirs is known: {', '.join(left_out)}", err=True)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _rules(support: Support) -> list[str]:
    return [f"{rule} ({_word(effect)})" for rule, effect in support.rules.items()]


def _word(effect: Effect) -> str:
    return "remark" if effect is Effect.NONE else str(effect)


def _table(supports: list[Support]) -> Table:
    table = Table(
        "provider", "verdict", "known", "rules that fire", box=None, padding=(0, 2, 0, 0), header_style="bold"
    )
    for support in supports:
        style = "" if support.effect is Effect.NONE else STYLES[support.effect]
        rules = Text("\n").join(
            Text.assemble(rule, "  ", (_word(effect), STYLES[effect])) for rule, effect in support.rules.items()
        )
        table.add_row(Text(support.provider), Text(support.verdict, style=style), str(support.known), rules)
    return table
