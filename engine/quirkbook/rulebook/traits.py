"""Traits: what a provider is like, in a closed list of words, by which rules of families hold there or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..model import Rule

Traits = Mapping[str, Any]
"""Trait -> ``true``, ``false``, or the word that the provider's head says."""

#: Kind of service (`serves.as`) -> the traits that it has unless its head says otherwise.
DEFAULTS: Final[Mapping[str, Traits]] = {
    "maker": {"functions_only": True, "no_metadata": True, "pairs": True, "plain_names": True},
    "relay": {"pairs": True, "plain_names": True},
    "weights": {
        "functions_only": True,
        "no_metadata": True,
        "pairs": True,
        "parses_arguments": True,
        "plain_names": True,
    },
    "template": {"functions_only": True, "no_metadata": True, "parses_arguments": True, "think_tags": True},
}


def traits_of(kind: str, said: Mapping[str, Mapping[str, Any]]) -> Traits:
    """Return the traits of a provider of a kind, whose head says some.

    >>> traits_of("relay", {"functions_only": {"is": False, "source": "https://acme.example"}})
    {'pairs': True, 'plain_names': True, 'functions_only': False}
    """
    return {**DEFAULTS[kind], **{name: fact.get("is", True) for name, fact in said.items()}}


def unmet(wanted: Traits, traits: Traits) -> str:
    """Return the first trait for which a rule does not hold, in words; nothing where all are met.

    >>> unmet({"functions_only": True}, {})
    'traits: the provider is not marked functions_only'
    """
    for name, value in wanted.items():
        has = traits.get(name, False)
        if has != value and not (isinstance(value, list) and has in value):
            is_marked = f"the provider is marked {name}" if has is True else f"{name} is {has}"
            return f"traits: {is_marked if has else f'the provider is not marked {name}'}"
    return ""


def describe(wanted: Traits) -> str:
    """Say for which traits a rule holds.

    >>> describe({"functions_only": True, "no_developer": False, "limit": "max_tokens"})
    'trait functions_only, not no_developer, limit max_tokens'
    >>> describe({"thinking_switch": ["effort", False]})
    'trait thinking_switch effort or unsaid'
    """
    return f"trait {', '.join(_described(name, value) for name, value in wanted.items())}" if wanted else ""


def _described(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {' or '.join(word or 'unsaid' for word in value) if isinstance(value, list) else value}"


def sourced(rule: Rule, said: Mapping[str, Mapping[str, Any]]) -> tuple[str, Rule]:
    """Return the trait by which a rule holds, if the provider's head says it, and the rule with that trait's source."""
    for name in rule.traits:
        if fact := said.get(name):
            return name, replace(rule, source=fact["source"], verified=fact["verified"])
    return "", rule


def spared(rule: Rule, facts: Mapping[str, Any]) -> Rule:
    """Return a rule without the paths of its `drop` whose keys the head says are read there."""
    listed = frozenset(facts.get(rule.spares, ()))
    if not listed:
        return rule
    actions = [
        {"drop": [path for path in action["drop"] if _last_key(path) not in listed]} if "drop" in action else action
        for action in rule.do
    ]
    return replace(rule, do=[action for action in actions if action.get("drop", True)])


def _last_key(path: str) -> str:
    return path.rpartition(".")[2]
