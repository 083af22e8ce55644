"""`quirkbook dry-run`: the payload a provider would get on stdout, the report on stderr."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import Any

import click

from ..api import Translation, explain
from ..errors import refusal_text
from ..model import Effect
from .completions import PROVIDERS
from .options import Refused, read_payload, rulebook, rules_option
from .printing import echo, print_report


@click.command("dry-run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "-p",
    "--provider",
    metavar="NAME",
    shell_complete=PROVIDERS,
    help="Who the payload is for; else the model's prefix says so.",
)
@click.option("-m", "--model", metavar="MODEL", help="Translate for this model instead of the payload's.")
@click.option("--base-url", metavar="URL", help="Find the provider by its URL.")
@click.option("--base-model", metavar="MODEL", help="Which model it is, where the name is a deployment's own.")
@rules_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["report", "json", "diff", "patch"]),
    default="report",
    show_default=True,
    help="report: payload on stdout, report on stderr. json: both in one object. diff: unified diff. patch: RFC 6902.",
)
@click.option("--why-not", is_flag=True, help="Also list the rules that stayed quiet, and why.")
@click.option("--strict", is_flag=True, help="Exit 1 if any change is lossy or semantic.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="EFFECT=VERDICT",
    help="allow, warn or error for exact, lossy, semantic or refuse changes: exit 1 on error. May be given again.",
)
def dry_run(
    file: str,
    provider: str | None,
    model: str | None,
    base_url: str | None,
    base_model: str | None,
    layers: tuple[str, ...],
    form: str,
    why_not: bool,
    strict: bool,
    policies: tuple[str, ...],
) -> None:
    """Show what a provider would get for the request in FILE (- for stdin), and why. Nothing is sent.

    \b
    quirkbook dry-run request.json -p moonshot
    quirkbook dry-run request.json -p moonshot -m kimi-k2.6 --why-not
    quirkbook dry-run request.json -p moonshot --policy lossy=error
    cat request.json | quirkbook dry-run - -p moonshot --strict > ready.json
    """
    policy = dict(_verdict(given) for given in policies)
    payload = read_payload(file)
    translation = explain(
        payload,
        provider,
        model=model,
        base_url=base_url,
        base_model=base_model,
        rulebook=rulebook(layers),
        policy=policy or None,
        why_not=why_not,
    )
    if form == "report":
        print_report(translation)
        if not translation.refusal:
            echo(_json(translation.payload))
    elif form == "json":
        echo(_json(translation.to_dict()))
    elif form == "patch":
        echo(_json(translation.patch))
    else:
        before, after = (_json(value).splitlines() for value in (payload, translation.payload))
        echo("\n".join(unified_diff(before, after, "payload", f"for {translation.provider}", lineterm="")))
    if translation.refusal and form in ("diff", "patch"):
        echo(f"quirkbook: {refusal_text(translation.refusals)}", err=True)
    forbidden = sorted({change.effect for change in translation.changes if policy.get(change.effect) == "error"})
    if forbidden and not translation.refusal:
        echo(f"quirkbook: the policy forbids {' and '.join(forbidden)} changes", err=True)
    if translation.refusal or forbidden or (strict and _is_costly(translation)):
        raise Refused


def _verdict(given: str) -> tuple[str, str]:
    effect, equals, verdict = given.partition("=")
    if not equals:
        raise click.UsageError(f"--policy must be EFFECT=VERDICT, not {given!r}; example: --policy lossy=error")
    return effect, verdict


def _is_costly(translation: Translation) -> bool:
    return any(change.effect in (Effect.LOSSY, Effect.SEMANTIC) for change in translation.changes)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
