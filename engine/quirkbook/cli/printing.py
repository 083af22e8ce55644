"""What people read: lines, columns, and a translation's report, coloured on a terminal. Nothing in it is obeyed by the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from ..api import Translation
from ..model import Change, Effect
from ..payload.describe import line, shown

if TYPE_CHECKING:
    from ..gateway.config.findings import Finding

STYLES = {
    Effect.EXACT: "green",
    Effect.LOSSY: "yellow",
    Effect.SEMANTIC: "magenta",
    Effect.REFUSE: "bold red",
    Effect.NONE: "cyan",
}


_WEIGHTS = {
    "error": "bold red",
    "warning": "yellow",
    "unsupported": "magenta",
    "ignored": "dim",
    "used": "green",
}


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text; texts of rules and providers are shown, whatever is in them, and never obeyed."""
    click.echo(shown(text), err=err, nl=nl)


def columns(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield rows as lines, each column as wide as its longest word; what is not there is a dash."""
    texts = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def print_report(translation: Translation) -> None:
    """Print what was changed, rule by rule; NO_COLOR and pipes are honoured."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(_headline(translation))
    for _, group in groupby(translation.changes, key=lambda entry: entry.rule):
        _print_rule(console, list(group))
    for _, group in groupby(translation.refusals, key=lambda entry: entry.rule):
        _print_rule(console, list(group))
    for name, value in translation.headers.items():
        console.print(_text(f"header {name}: {'(left out)' if value is None else value}"))
    if translation.quiet and translation.identity:
        console.print(_text("\nmodel: ", str(translation.identity), (f" (from {translation.model})", "dim")))
    if translation.quiet:
        console.print(_text(("\nstayed quiet:", "bold")))
    for entry in translation.quiet:
        console.print(_text("  ", (entry.rule, "dim"), f"  {entry.because}"))


def print_findings(found: Iterable[Finding]) -> None:
    """Print what is to be known of configs and rules, the word for its weight in colour on a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in found:
        before, word, behind = finding.text.partition(finding.state)
        console.print(_text(before, (word, _WEIGHTS[finding.state]), behind))


def _text(*parts: str | Text | tuple[str, str]) -> Text:
    """Return parts joined, each a text or one with its style."""
    return Text.assemble(
        *(
            part if isinstance(part, Text) else shown(part) if isinstance(part, str) else (shown(part[0]), part[1])
            for part in parts
        )
    )


def _headline(translation: Translation) -> Text:
    who = _text((translation.provider, "bold"), f" · {translation.model or 'no model named'} · ")
    if translation.refusal:
        return who + Text("refused", style=STYLES[Effect.REFUSE])
    effective = [change for change in translation.changes if change.effect is not Effect.NONE]
    if not effective:
        return who + Text("passes unchanged" + (", with remarks" if translation.changes else ""))
    counts = Counter(change.effect for change in effective)
    who += Text(f"{len(effective)} change{'s' if len(effective) > 1 else ''}: ")
    parts = [Text(f"{counts[effect]} {effect}", style=STYLES[effect]) for effect in Effect if counts[effect]]
    return who + Text(", ").join(parts)


def _print_rule(console: Console, changes: list[Change]) -> None:
    first_change = changes[0]
    worst = max((change.effect for change in changes), key=list(Effect).index)
    disputed = " (disputed)" if first_change.disputed else ""
    place = f"  {first_change.location}" if first_change.location else ""
    word = "remark" if worst is Effect.NONE else str(worst)
    console.print(_text("\n", (first_change.rule, "bold"), "  ", (word, STYLES[worst]), disputed, place))
    for change in changes:
        console.print(_text("  " + line(change)))
    console.print(_text(("  why     ", "dim"), first_change.why))
    if first_change.source:
        console.print(_text(("  source  ", "dim"), first_change.source))
