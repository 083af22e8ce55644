"""`quirkbook providers`: who is known, and who takes a payload as it is."""

from __future__ import annotations

import json
import sys
from collections import Counter

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..authoring.support import VERDICTS, Support, known, provider_support, unruled
from ..model import Effect
from ..rulebook.rulebook import Rulebook
from .options import read_payload, rulebook, rules_option
from .printing import STYLES, columns


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("-m", "--model", metavar="MODEL", help="Ask for this model instead of the payload's.")
@rules_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def providers(file: str | None, model: str | None, layers: tuple[str, ...], form: str) -> None:
    """List the providers that are known; with FILE (- for stdin): which of them take that request.

    For FILE each provider says whether it takes the request unchanged, after an exact, lossy or semantic repair, or
    refuses it, and by which rules; the best fit comes first. "unchanged" says that no known rule asks for a change.
    Nothing is sent.

    \b
    quirkbook providers
    quirkbook providers request.json
    quirkbook providers request.json -m kimi-k2.6 --format json
    """
    if file is None:
        if model is not None:
            raise click.UsageError("-m asks about a request: name its FILE too")
        _list(rulebook(layers), form)
    else:
        payload = read_payload(file)
        book = rulebook(layers)
        _compare(provider_support(payload, book, model=model), unruled(book), form)


def _list(book: Rulebook, form: str) -> None:
    rows = known(book)
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    for line in columns(
        [[row["provider"], f"{row['rules']:>3} rules", row["api_key_env"], row["base_url"]] for row in rows]
    ):
        click.echo(line)


def _compare(supports: list[Support], left_out: list[str], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([support.to_dict() for support in supports], indent=2, ensure_ascii=False))
    elif _is_terminal():
        Console(highlight=False).print(_table(supports))
    else:
        for line in columns(
            [[support.provider, support.verdict, ", ".join(_rules(support)) or None] for support in supports]
        ):
            click.echo(line)
    if form == "text":
        counts = Counter(support.verdict for support in supports)
        click.echo(", ".join(f"{counts[word]} {word}" for word in VERDICTS.values() if counts[word]), err=True)
        if left_out:
            click.echo(f"left out, for want of rules: {', '.join(left_out)}", err=True)


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _rules(support: Support) -> list[str]:
    return [f"{rule} ({_word(effect)})" for rule, effect in support.rules.items()]


def _word(effect: Effect) -> str:
    return "remark" if effect is Effect.NONE else str(effect)


def _table(supports: list[Support]) -> Table:
    table = Table("provider", "verdict", "rules", box=None, padding=(0, 2, 0, 0), header_style="bold")
    for support in supports:
        style = "" if support.effect is Effect.NONE else STYLES[support.effect]
        rules = Text("\n").join(
            Text.assemble(rule, "  ", (_word(effect), STYLES[effect])) for rule, effect in support.rules.items()
        )
        table.add_row(Text(support.provider), Text(support.verdict, style=style), rules)
    return table
