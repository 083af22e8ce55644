"""The whole pack as one document for other tools: each provider's rules resolved, each rule written down once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..model import MISSING, Example, Rule
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import StackEntry

#: Where the JSON Schema of the document lies.
SCHEMA = "https://quirkbook.dev/schemas/export.schema.json"


def export(book: Rulebook, version: str, providers: Iterable[str]) -> dict[str, Any]:
    """Return the rules that are in force at some providers, as JSON data.

    Layers are joined, includes read, traits settled, and rules that are switched off left out. What runs for a model
    are the provider's ``rules`` and those under ``families`` of the model's family, together in the order of ``place``.
    """
    originals = {rule.name: rule for rule in book.rules()}
    rules: dict[str, Rule] = {}
    written = {name: _provider(book, name, originals, rules) for name in sorted(providers)}
    named = {rule.owner for rule in rules.values() if rule.family}
    return {
        "$schema": SCHEMA,
        "quirks": 1,
        "quirkbook": version,
        "families": {name: _family(book, name) for name in book.families if name in named},
        "providers": written,
        "rules": {name: _rule(rules[name]) for name in sorted(rules)},
    }


def _provider(book: Rulebook, name: str, originals: Mapping[str, Rule], rules: dict[str, Rule]) -> dict[str, Any]:
    own, families = book.places(name)
    return {
        "head": dict(book.provider(name).head),
        "rules": _entries(own, originals, rules),
        "families": {family: made for family, found in families.items() if (made := _entries(found, originals, rules))},
    }


def _entries(
    entries: Iterable[StackEntry], originals: Mapping[str, Rule], rules: dict[str, Rule]
) -> list[dict[str, Any]]:
    """Return where rules stand, with what the provider's head makes of them; add them to ``rules``."""
    made = []
    for entry in entries:
        if entry.is_on:
            rule = rules[entry.rule.name] = originals[entry.rule.name]
            here: dict[str, Any] = {"let": _used(rule, entry.named_conditions)}
            if entry.rule is not rule:
                here |= {"do": _actions(entry.rule.do), "source": entry.rule.source}
            made.append({"rule": rule.name, "place": [*entry.place], **{key: here[key] for key in here if here[key]}})
    return made


def _used(rule: Rule, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named conditions that a rule asks, and those that they ask."""
    used: dict[str, Any] = {}
    nodes: list[Any] = [rule.when, *rule.do]
    for node in nodes:  # grows while it is read
        for key in node if isinstance(node, dict) else ():
            name = key[1:] if isinstance(key, str) and key.startswith("$") else ""
            if name in named and name not in used:
                used[name] = named[name]
                nodes.append(named[name])
        nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return used


def _family(book: Rulebook, name: str) -> dict[str, Any]:
    head = book.family(name).head
    return {key: head[key] for key in ("name", "docs", "naming") if key in head}


def _rule(rule: Rule) -> dict[str, Any]:
    told = {
        "family": rule.owner if rule.family else None,
        "models": [*rule.models],
        "when": rule.when,
        "effect": str(rule.effect) if rule.effect else None,
        "note": rule.note,
        "evidence": [*rule.evidence],
    }
    return {
        "stage": rule.stage,
        "status": rule.status,
        "why": rule.why,
        "source": rule.source,
        "verified": {key: str(value) for key, value in rule.verified.items()},
        **{key: value for key, value in told.items() if value},
        "do": _actions(rule.do),
        "examples": [_example(example) for example in rule.examples],
    }


def _actions(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return actions as JSON can write them: the old values of a `map` need not be text, so its table becomes pairs."""
    made = []
    for item in items:
        action = dict(item)
        if "map" in action:
            action["map"] = {path: [[old, new] for old, new in rows.items()] for path, rows in action["map"].items()}
        elif "each" in action:
            action["each"] = {**action["each"], "do": _actions(action["each"]["do"])}
        made.append(action)
    return made


def _example(example: Example) -> dict[str, Any]:
    made: dict[str, Any] = {"in": example.given}
    if example.expected is not MISSING:
        made["out"] = example.expected
    made |= {key: True for key in ("same", "rejects", "warns") if getattr(example, key)}
    if example.headers:
        made["headers"] = dict(example.headers)
    if example.request is not None:
        made["request"] = example.request
    return made if example.status == 200 else {**made, "status": example.status}
