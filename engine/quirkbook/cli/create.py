"""`quirkbook new` and `quirkbook schema`: what somebody who writes a rule file begins with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..resources import schema as read_schema
from ..rulebook.rulebook import Rulebook
from .options import InputError
from .printing import echo

_SKELETON = """\
# yaml-language-server: $schema=https://quirkbook.dev/schemas/rules.schema.json
# Rules of {name}. `quirkbook check {file}` finds mistakes and runs the examples; `quirkbook rule clamp` explains a word.
quirks: 1
provider: {name}
name: {title}
base_url: https://api.{name}.example/v1
base_url_env: {variable}_API_BASE
api_key_env: {variable}_API_KEY
endpoints: ["https://api.{name}.example/*"]
docs: https://docs.{name}.example/chat

rules:

  - id: temperature-range
    why: {title} takes temperature 0 to 1; a higher one becomes 1.
    source: https://docs.{name}.example/chat
    verified: {{date: {today}, by: docs}}
    when: {{temperature: {{outside: [0, 1]}}}}
    do:
      - clamp: {{temperature: [0, 1]}}
    examples:
      - {{in: {{temperature: 1.5}}, out: {{temperature: 1}}}}
      - {{in: {{temperature: 1}}, same: true}}
      - {{in: {{temperature: -1}}, out: {{temperature: 0}}}}
      - {{in: {{temperature: 0}}, same: true}}

  - id: no-seed
    why: {title} refuses seed with a 400; it is dropped, and answers are no longer repeatable.
    source: https://docs.{name}.example/chat
    verified: {{date: {today}, by: docs}}
    do:
      - drop: [seed]
    examples:
      - {{in: {{seed: 7}}, out: {{}}}}
      - {{in: {{temperature: 1}}, same: true}}
"""


@click.command()
@click.argument("provider")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=".", help="The folder to write into.")
def new(provider: str, into: Path) -> None:
    """Write PROVIDER.yaml, a rule file with two example rules that passes `quirkbook check`.

    Replace its addresses and rules with what the provider's documentation says.

    \b
    quirkbook new acme
    quirkbook new acme --into my-rules
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", provider):
        raise UsageError(f"a provider's name has lower-case letters, digits and _; example: acme, not {provider!r}")
    if provider in Rulebook().providers:
        raise UsageError(
            f"'{provider}' is a built-in provider: a file of yours with `provider: {provider}` adds to its rules; or choose another name"
        )
    path = into / f"{provider}.yaml"
    into.mkdir(parents=True, exist_ok=True)
    text = _SKELETON.format(
        name=provider,
        file=path.name,
        title=provider.replace("_", " ").title(),
        variable=provider.upper(),
        today=date.today().isoformat(),
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"{path}: the file exists already; choose another name, or another folder with --into"
        ) from None
    echo(f"wrote {path}: replace its addresses and rules, then run: quirkbook check {path}")


def _of_the_gateway() -> dict[str, Any]:
    from ..gateway.config.schema import config_schema

    return config_schema()


_SCHEMAS: dict[str, Callable[[], Any]] = {
    "rules": lambda: read_schema("rules"),
    "connections": lambda: read_schema("connections"),
    "request": lambda: read_schema("chat-request"),
    "gateway": _of_the_gateway,
}


@click.command()
@click.argument("name", type=click.Choice(list(_SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON Schema of rule files, of connections.yaml, of a chat request, or of a gateway's config.

    An editor with a YAML language server completes and checks a file whose first line names the schema.

    \b
    quirkbook schema rules > rules.schema.json
    # yaml-language-server: $schema=rules.schema.json
    """
    echo(json.dumps(_SCHEMAS[name](), indent=2, ensure_ascii=False))
