"""`quirkbook model`: what the id of a model says of it, and which rules of its family are in force."""

from __future__ import annotations

import json
from typing import Any

import click

from ..errors import UnknownProviderError
from ..identity.pieces import pieces
from ..rulebook.rulebook import Rulebook
from .completions import PROVIDERS
from .options import Refused, rulebook, rules_option
from .printing import echo


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "-p",
    "--provider",
    metavar="NAME",
    shell_complete=PROVIDERS,
    help="Also say which rules of its family are in force there.",
)
@rules_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: an object a line.",
)
def model(ids: tuple[str, ...], provider: str | None, layers: tuple[str, ...], form: str) -> None:
    """Show which model each ID names, however a host spells it. Exits with 1 if one of them names none.

    \b
    quirkbook model us.anthropic.claude-opus-4-7-v1:0
    quirkbook model accounts/fireworks/models/kimi-k2p6 -p fireworks
    """
    book = rulebook(layers)
    facts = [_facts(book, name, book.provider(provider).name if provider else None) for name in ids]
    for fact in facts:
        echo(json.dumps(fact) if form == "json" else _text(fact))
    if any(fact["family"] is None for fact in facts):
        raise Refused


def _facts(book: Rulebook, name: str, provider: str | None) -> dict[str, Any]:
    try:  # a prefix names the provider, as everywhere
        mine, prefix = book.resolve(provider, name)
    except UnknownProviderError:
        mine, prefix = None, ""
    provider = provider or (mine if prefix else None)
    bare = name.removeprefix(prefix)
    identity = book.identify(bare, provider)
    facts: dict[str, Any] = {"id": name, "family": None, **(identity.to_dict() if identity else {})}
    facts["pieces"] = [piece.text for piece in pieces(bare)]
    facts["provider"] = provider
    facts["rules"] = [
        entry.rule.name
        for entry in (book.effective(provider, bare) if provider and identity else ())
        if entry.family is not None and entry.applies(bare, identity)
    ]
    return facts


def _text(fact: dict[str, Any]) -> str:
    rows = {"pieces": " ".join(fact["pieces"])}
    if fact["family"] is None:
        rows["family"] = "none that is known: only rules without a family, and globs, can fit it"
    else:
        rows |= {"family": fact["family"], "line": fact["line"] or "-", "version": fact["version"] or "unknown"}
        rows |= {"variants": " ".join(fact["variants"]) or "-", "unknown": " ".join(fact["unknown"])}
        rows["newer"] = "than all that its family's rules were checked against" if fact["newer"] else ""
    if fact["provider"]:
        rows["rules"] = " ".join(fact["rules"]) or f"none of its family at {fact['provider']}"
    return "\n".join([fact["id"], *(f"  {key:<9} {value}" for key, value in rows.items() if value)])
