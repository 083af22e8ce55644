"""A translation's report for people: on stderr, coloured on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from ..api import Translation
from ..model import Change, Effect
from ..payload.describe import line

STYLES = {
    Effect.EXACT: "green",
    Effect.LOSSY: "yellow",
    Effect.SEMANTIC: "magenta",
    Effect.REFUSE: "bold red",
    Effect.NONE: "cyan",
}


def columns(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield rows as lines, each column as wide as its longest word; what is not there is a dash."""
    texts = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def print_report(done: Translation) -> None:
    """Print what was changed, rule by rule; NO_COLOR and pipes are honoured."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(_headline(done))
    for _, group in groupby(done.changes, key=lambda one: one.rule):
        _print_rule(console, list(group))
    if done.refusal:
        _print_rule(console, [done.refusal])
    for name, value in done.headers.items():
        console.print(Text(f"header {name}: {'(left out)' if value is None else value}"))
    if done.quiet:
        console.print(Text("\nstayed quiet:", style="bold"))
    for one in done.quiet:
        console.print(Text.assemble("  ", (one.rule, "dim"), f"  {one.because}"))


def _headline(done: Translation) -> Text:
    who = Text.assemble((done.provider, "bold"), f" · {done.model or 'no model named'} · ")
    if done.refusal:
        return who + Text("refused", style=STYLES[Effect.REFUSE])
    made = [one for one in done.changes if one.effect is not Effect.NONE]
    if not made:
        return who + Text("passes unchanged" + (", with remarks" if done.changes else ""))
    counts = Counter(one.effect for one in made)
    who += Text(f"{len(made)} change{'s' if len(made) > 1 else ''}: ")
    parts = [Text(f"{counts[effect]} {effect}", style=STYLES[effect]) for effect in Effect if counts[effect]]
    return who + Text(", ").join(parts)


def _print_rule(console: Console, made: list[Change]) -> None:
    first = made[0]
    worst = max((one.effect for one in made), key=list(Effect).index)
    disputed = " (disputed)" if first.disputed else ""
    place = f"  {first.location}" if first.location else ""
    word = "remark" if worst is Effect.NONE else str(worst)
    console.print(Text.assemble("\n", (first.rule, "bold"), "  ", (word, STYLES[worst]), disputed, place))
    for one in made:
        console.print(Text("  " + line(one)))
    console.print(Text.assemble(("  why     ", "dim"), first.why))
    if first.source:
        console.print(Text.assemble(("  source  ", "dim"), first.source))
