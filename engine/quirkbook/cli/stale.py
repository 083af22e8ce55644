"""`quirkbook stale`: which rules to look at next, and which models nobody has looked at."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import click

from ..proof.staleness import KINDS, aged, unknown_models, without_address
from .options import Refused, rulebook, rules_option
from .printing import columns, echo


@click.command()
@click.option(
    "--days", type=click.IntRange(0), default=180, show_default=True, help="A proof older than this is stale."
)
@click.option(
    "--catalogue",
    "catalogues",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ids of models, a line each or JSON; may be given again.",
)
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Rules that are shown.")
@rules_option
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
def stale(days: int, catalogues: tuple[Path, ...], most: int, layers: tuple[str, ...], form: str) -> None:
    """List the rules whose proof is old, the most urgent first: by age, kind of proof and number of providers.

    With --catalogue also the models of which no family knows anything. Exit code 1: a proof is older than --days, or a
    model is unknown.

    \b
    quirkbook stale
    quirkbook stale --days 90 --catalogue models.txt --format markdown
    """
    book = rulebook(layers)
    rules = aged(book, date.today())
    old = [each for each in rules if each.days > days]
    unknown = {str(path): unknown_models(book, path) for path in catalogues}
    nowhere = without_address(book)
    kinds = Counter(each.by for each in rules)
    if form == "json":
        data = {
            "rules": len(rules), "by": dict(kinds), "stale": [each.to_dict() for each in old],
            "unknown_models": unknown, "without_address": nowhere,
        }  # fmt: skip
        echo(json.dumps(data, indent=2, ensure_ascii=False))
    elif form == "markdown":
        echo(f"{len(old)} of {len(rules)} rules were last verified more than {days} days ago.\n")
        echo("| rule | days | by | providers | place |\n| --- | --- | --- | --- | --- |")
        for each in old[:most]:
            row = each.to_dict()
            echo(f"| `{row['rule']}` | {row['days']} | {row['by']} | {row['providers']} | `{row['place']}` |")
        for name, ids in unknown.items():
            echo(f"\nModels in `{name}` that no family knows: {', '.join(f'`{id}`' for id in ids) or 'none'}")
    else:
        shown = old[:most]
        for line in (
            columns([[each.rule.name, f"{each.days} days", each.by, f"{each.providers} providers"] for each in shown])
            if shown
            else ()
        ):
            echo(line)
        for name, ids in unknown.items():
            echo(f"{name}: {len(ids)} ids that no family knows{': ' + ', '.join(ids[:most]) if ids else ''}")
        proofs = ", ".join(f"{kinds[kind]} by {kind}" for kind in reversed(KINDS) if kinds[kind])
        echo(f"{len(old)} of {len(rules)} rules verified more than {days} days ago ({proofs})", err=True)
        if nowhere:
            echo(f"providers without an address: {', '.join(nowhere)}", err=True)
    if old or any(unknown.values()):
        raise Refused
