"""`quirkbook export`: the pack as one JSON document."""

from __future__ import annotations

import json

import click

from .. import __version__
from ..authoring.export import export as exported
from .completions import PROVIDERS
from .options import rulebook, rules_option
from .printing import echo


@click.command()
@click.option(
    "-p", "--provider", "names", multiple=True, metavar="NAME", shell_complete=PROVIDERS, help="Only this provider."
)
@rules_option
def export(names: tuple[str, ...], layers: tuple[str, ...]) -> None:
    """Print all rules in force as one JSON document, for other tools: layers joined, includes read, each rule once.

    \b
    quirkbook export > pack.json
    quirkbook export -p moonshot
    """
    book = rulebook(layers)
    chosen = {book.provider(name).name for name in names} if names else set(book.providers)
    echo(json.dumps(exported(book, __version__, chosen), ensure_ascii=False, separators=(",", ":")))
