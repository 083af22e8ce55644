"""`quirkbook rules`, `rule`, `completion`: what is known, and where it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click
import yaml

from ..authoring.diagnostics import CODES
from ..errors import UnknownRuleError, did_you_mean
from ..identity.models import describe
from ..model import Example, Rule
from ..plan.source import source_of
from ..rulebook import traits
from ..rulebook.stack import StackEntry
from ..rulebook.validate import vocabulary
from .completions import PROVIDERS, RULES
from .options import format_option, rulebook, rules_option
from .printing import columns, echo


@click.command()
@click.option("-p", "--provider", required=True, metavar="NAME", shell_complete=PROVIDERS, help="Whose rules.")
@click.option("-m", "--model", metavar="MODEL", help="Only the rules in force for this model.")
@click.option(
    "--stage", type=click.Choice(["request", "answer", "response", "chunk", "error"]), help="Only this stage."
)
@click.option("--source", is_flag=True, help="Print the Python that the rules of a stage (request) are compiled to.")
@rules_option
@format_option
def rules(
    provider: str, model: str | None, stage: str | None, source: bool, layers: tuple[str, ...], form: str
) -> None:
    """List the rules of a provider in the order they run, with layer and file:line of each.

    \b
    quirkbook rules -p moonshot
    quirkbook rules -p moonshot -m kimi-k2.6
    quirkbook rules -p moonshot -m kimi-k2.6 --source
    """
    book = rulebook(layers)
    if source:
        echo(source_of(book.plan(provider, model, stage=stage or "request")), nl=False)
        return
    identity = book.identify(model, provider)
    entries = [
        entry
        for entry in book.effective(provider, model)
        if (model is None or entry.applies(model, identity) or entry.disabled)
        and (stage is None or entry.rule.stage == stage or entry.at(stage))
        and not entry.unmet
    ]
    if form == "json":
        echo(json.dumps([_entry_as_data(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    for line in columns([_row(entry) for entry in entries]):
        echo(line)


def _entry_as_data(entry: StackEntry) -> dict[str, Any]:
    off = entry.disabled
    return {**_rule_as_data(entry.rule), "disabled": off.because if off else None}


def _rule_as_data(rule: Rule) -> dict[str, Any]:
    """Return what is written of a rule as JSON data, without its examples."""
    return {
        "rule": rule.name,
        "stage": rule.stage,
        "status": rule.status,
        "models": describe(rule.models, rule.owner if rule.family else None) or None,
        "why": rule.why,
        "source": rule.source,
        "verified": {key: str(value) for key, value in rule.verified.items()},
        "evidence": list(rule.evidence),
        "note": rule.note or None,
        "when": rule.when or {},
        "do": list(rule.do),
        "file": rule.location.file,
        "line": rule.location.line,
        "layer": rule.layer,
    }


def _row(entry: StackEntry) -> list[str]:
    rule = entry.rule
    place = f"{rule.location.file}:{rule.location.line}"
    notes = [rule.stage] if rule.stage != "request" else []
    notes += [rule.status] if rule.status != "active" else []
    notes += [f"models {describe(rule.models, entry.family)}"] if rule.models else []
    notes += [traits.describe(rule.traits)] if rule.traits else []
    notes += [f"DISABLED: {entry.disabled.because} ({entry.disabled.location})"] if entry.disabled else []
    return [rule.name, rule.layer, place, "; ".join(notes)]


@click.command()
@click.argument("name", shell_complete=RULES)
@rules_option
@format_option
def rule(name: str, layers: tuple[str, ...], form: str) -> None:
    """Explain a rule, an error code, an action or an operator.

    \b
    quirkbook rule moonshot/temperature-range
    quirkbook rule Q104
    quirkbook rule clamp
    """
    words = vocabulary()
    if form == "json":
        echo(json.dumps(_page_as_data(name, layers, words), indent=2, ensure_ascii=False))
        return
    if name.upper() in CODES:
        echo(_code_page(name.upper()))
    elif "/" in name:
        echo(_rule_page(rulebook(layers).rule(name)))
    elif name in words:
        echo(f"{name}\n\n{words[name]}")
    else:
        raise UnknownRuleError(
            f"'{name}' is not a rule, a code, an action or an operator{_suggestion(name, layers, words)}"
        )


def _page_as_data(name: str, layers: tuple[str, ...], words: Mapping[str, str]) -> dict[str, Any]:
    if name.upper() in CODES:
        page = CODES[name.upper()]
        return {
            "code": name.upper(),
            "title": page.title,
            "meaning": page.meaning,
            "wrong": page.wrong,
            "right": page.right,
        }
    if "/" in name:
        found = rulebook(layers).rule(name)
        examples = [{"in": example.given, **_outcome(example)} for example in found.examples]
        return {**_rule_as_data(found), "examples": examples}
    if name in words:
        return {"word": name, "meaning": words[name]}
    raise UnknownRuleError(
        f"'{name}' is not a rule, a code, an action or an operator{_suggestion(name, layers, words)}"
    )


def _suggestion(name: str, layers: tuple[str, ...], words: Iterable[str]) -> str:
    names = [candidate.name for candidate in rulebook(layers).rules() if candidate.id == name]
    names = names or list(filter(None, [did_you_mean(name.upper(), CODES) or did_you_mean(name, words)]))
    if names:
        return f": did you mean {' or '.join(repr(candidate) for candidate in names[:5])}?"
    return f"\n  write provider/rule, a code such as Q104, or one of {', '.join(words)}"


def _code_page(code: str) -> str:
    page = CODES[code]
    return f"{code}  {page.title}\n\n{page.meaning}\n\nwrong:\n{_indent(page.wrong)}\n\nright:\n{_indent(page.right)}"


def _rule_page(rule: Rule) -> str:
    facts = {
        "source": rule.source,
        "verified": " by ".join(map(str, rule.verified.values())),
        "models": describe(rule.models, rule.owner if rule.family else None) or "all, and no model at all",
        "traits": traits.describe(rule.traits).removeprefix("trait "),
        "spares": rule.spares and f"what the provider's '{rule.spares}' lists",
        "was": " ".join(rule.was),
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
    body["examples"] = [{"in": example.given, **_outcome(example)} for example in rule.examples[:_SHOWN]]
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100).rstrip()
    if len(rule.examples) > _SHOWN:
        text += f"\n# and {len(rule.examples) - _SHOWN} more"
    return "\n".join(head) + "\n\n" + _indent(text)


_SHOWN = 6
"""Examples of a rule that its page shows."""


def _outcome(example: Example) -> dict[str, Any]:
    return {"same": True} if example.same else {"rejects": True} if example.rejects else {"out": example.expected}


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

    completion_class = get_completion_class(shell)
    if completion_class is not None:
        context = click.get_current_context().find_root()
        echo(completion_class(context.command, {}, "quirkbook", "_QUIRKBOOK_COMPLETE").source())
