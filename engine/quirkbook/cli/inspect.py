"""`quirkbook rules`, `rule`, `completion`: what is known, and where it is written."""

from __future__ import annotations

from typing import Any

import click
import yaml

from ..errors import UnknownRuleError, did_you_mean
from ..faults import CODES
from ..layers import Placed
from ..model import Rule
from .options import rulebook, rules_option


@click.command()
@click.option("-p", "--provider", required=True, metavar="NAME", help="Whose rules.")
@click.option("-m", "--model", metavar="MODEL", help="Only the rules in force for this model.")
@click.option("--stage", type=click.Choice(["request", "response", "chunk", "error"]), help="Only this stage.")
@rules_option
def rules(provider: str, model: str | None, stage: str | None, layers: tuple[str, ...]) -> None:
    """List the rules of a provider in the order they run, with layer and file:line of each.

    \b
    quirkbook rules -p moonshot
    quirkbook rules -p moonshot -m kimi-k2.6
    """
    book = rulebook(layers)
    for placed in book.effective(provider):
        rule = placed.rule
        if model is not None and not book.in_force(rule, model):
            continue
        if stage is None or rule.stage == stage:
            click.echo("  ".join(_columns(placed)))


def _columns(placed: Placed) -> list[str]:
    rule = placed.rule
    place = f"{rule.location.file}:{rule.location.line}"
    notes = [rule.stage] if rule.stage != "request" else []
    notes += [rule.status] if rule.status != "active" else []
    notes += [f"models {' '.join(rule.models)}"] if rule.models else []
    notes += [f"DISABLED: {placed.disabled.because} ({placed.disabled.location})"] if placed.disabled else []
    return [f"{rule.name:<44}", f"{rule.layer:<9}", f"{place:<36}", "; ".join(notes)]


@click.command()
@click.argument("name")
@rules_option
def rule(name: str, layers: tuple[str, ...]) -> None:
    """Print the page of a rule (moonshot/temperature-range) or of a fault's code (Q104)."""
    if name.upper() in CODES:
        click.echo(_code_page(name.upper()))
    elif "/" in name:
        click.echo(_rule_page(rulebook(layers).rule(name)))
    else:
        near = did_you_mean(name.upper(), CODES)
        hint = f": did you mean '{near}'?" if near else ": write provider/rule, or a code such as Q104"
        raise UnknownRuleError(f"'{name}' is neither a rule nor a code{hint}")


def _code_page(code: str) -> str:
    page = CODES[code]
    return f"{code}  {page.title}\n\n{page.meaning}\n\nwrong:\n{_indent(page.wrong)}\n\nright:\n{_indent(page.right)}"


def _rule_page(rule: Rule) -> str:
    facts = {
        "source": rule.source,
        "verified": " by ".join(map(str, rule.verified.values())),
        "models": " ".join(rule.models) or "all, and no model at all",
        "stage": rule.stage,
        "status": rule.status,
        "effect": f"{rule.effect} (set by the rule)" if rule.effect else "that of its actions",
        "note": rule.note,
        "evidence": " ".join(rule.evidence),
        "written": f"{rule.location.file}:{rule.location.line} ({rule.layer})",
    }
    head = [f"{rule.name}", "", rule.why, ""]
    head += [f"{key:<9}{value}" for key, value in facts.items() if value]
    body: dict[str, Any] = {"when": rule.when} if rule.when else {}
    body["do"] = [dict(item) for item in rule.do]
    shown = [one for one in rule.examples if not one.same][:3]
    body["examples"] = [
        {"in": one.given, **({"rejects": True} if one.rejects else {"out": one.expected})} for one in shown
    ]
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)
    return "\n".join(head) + "\n\n" + _indent(text.rstrip())


def _indent(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    eval "$(quirkbook completion bash)"
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is not None:
        context = click.get_current_context().find_root()
        click.echo(made(context.command, {}, "quirkbook", "_QUIRKBOOK_COMPLETE").source())
