"""Who is known, and who takes a payload: unchanged, after a repair, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..api import explain
from ..model import EFFECT_ORDER, Effect
from ..rulebook.rulebook import Rulebook

#: Effect of the worst change -> what the table says; remarks change nothing.
VERDICTS: Mapping[Effect, str] = {
    Effect.NONE: "unchanged",
    Effect.EXACT: "exact",
    Effect.LOSSY: "lossy",
    Effect.SEMANTIC: "semantic",
    Effect.REFUSE: "refuses",
}


@dataclass(frozen=True, slots=True)
class Support:
    """How a payload fits one provider."""

    provider: str
    name: str
    """What the provider is called by people."""
    model: str | None
    """The model that its rules were asked for; None where the payload names none."""
    effect: Effect
    """That of the worst change; ``Effect.NONE`` where nothing has to change."""
    rules: Mapping[str, Effect]
    """Each rule that fired, in order, with its own worst effect; a remark has ``Effect.NONE``."""
    known: int
    """How many rules for requests are in force there for the model: of a provider with few, little is known."""

    @property
    def verdict(self) -> str:
        """``unchanged``, ``exact``, ``lossy``, ``semantic`` or ``refuses``."""
        return VERDICTS[self.effect]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "provider": self.provider,
            "name": self.name,
            "model": self.model,
            "verdict": self.verdict,
            "known_rules": self.known,
            "rules": [{"rule": rule, "effect": str(effect)} for rule, effect in self.rules.items()],
        }


def provider_support(payload: Mapping[str, Any], rulebook: Rulebook, *, model: str | None = None) -> list[Support]:
    """Return how a payload fits every provider that has rules for requests.

    The best fit comes first; of those that fit alike, the one of which most rules are known.

    ``model`` stands in for the payload's. A provider's own prefix is taken off the model and is not a repair: it only says
    to Quirkbook which provider to use.

    Raises:
        PayloadError: it is not a chat payload.
    """
    supports = [_support_of(payload, name, rulebook, model) for name in rulebook.providers if has_rules(rulebook, name)]
    return sorted(supports, key=lambda support: (EFFECT_ORDER[support.effect], -support.known, support.provider))


def unruled(rulebook: Rulebook) -> list[str]:
    """Return the providers of which nothing is known but how to reach them; `provider_support` leaves them out."""
    return [name for name in rulebook.providers if not has_rules(rulebook, name)]


def has_rules(rulebook: Rulebook, provider: str, model: str | None = None) -> bool:
    """Tell whether something is known of a provider but how to reach it: a rule on requests that not all have."""
    return any(
        entry.is_on and entry.rule.stage == "request" and not entry.is_general
        for entry in rulebook.effective(provider, model)
    )


def _support_of(payload: Mapping[str, Any], provider: str, rulebook: Rulebook, model: str | None) -> Support:
    model_name = payload.get("model") if model is None and isinstance(payload, dict) else model
    if isinstance(model_name, str) and isinstance(payload, dict):
        payload = {**payload, "model": rulebook.plan(provider, model_name).model}
    translation = explain(payload, provider, rulebook=rulebook)
    rules: dict[str, Effect] = {}
    for change in translation.refusals or translation.changes:
        rules[change.rule] = max(rules.get(change.rule, Effect.NONE), change.effect, key=EFFECT_ORDER.__getitem__)
    worst = max(rules.values(), key=EFFECT_ORDER.__getitem__, default=Effect.NONE)
    title = rulebook.provider(provider).head.get("name", provider)
    known_rules = len(rulebook.plan(provider, translation.model).rules)
    return Support(provider, title, translation.model, worst, rules, known_rules)


def known(rulebook: Rulebook) -> list[dict[str, Any]]:
    """Return a row per provider, sorted, as JSON data: its names, how it is reached, how many rules of its own are in force.

    ``base_url`` and ``api_key_env`` (the name of the variable, never a key) are None where a provider has none.
    """
    rows = []
    for name in rulebook.providers:
        head = rulebook.provider(name).head
        rows.append(
            {
                "provider": name,
                "name": head.get("name", name),
                "aliases": list(head.get("aliases", ())),
                "base_url": head.get("base_url"),
                "api_key_env": head.get("api_key_env"),
                "rules": sum(1 for entry in rulebook.effective(name) if entry.is_on and not entry.is_general),
            }
        )
    return rows


def card(rulebook: Rulebook, provider: str) -> dict[str, Any]:
    """Return what is known of one provider as JSON data: how it is reached, what it serves, its rules by stage.

    Raises:
        UnknownProviderError: nobody of that name.
    """
    file = rulebook.provider(provider)
    head = file.head
    entries = [entry for entry in rulebook.effective(file.name) if entry.disabled is None]
    requests = [entry for entry in entries if entry.rule.stage == "request"]
    dates = sorted(str(entry.rule.verified["date"]) for entry in entries if "date" in entry.rule.verified)
    return {
        "provider": file.name,
        "name": head.get("name", file.name),
        "aliases": list(head.get("aliases", ())),
        "base_url": head.get("base_url"),
        "base_url_env": head.get("base_url_env"),
        "api_key_env": head.get("api_key_env"),
        "endpoints": list(head.get("endpoints", ())),
        "docs": head.get("docs"),
        "serves": head.get("serves", {}).get("as", "relay"),
        "only_families": list(head.get("serves", {}).get("families", ())),
        "rules": dict(Counter(entry.rule.stage for entry in entries)),
        "not_active": dict(Counter(str(entry.rule.status) for entry in entries if entry.rule.status != "active")),
        "oldest_fact": dates[0] if dates else None,
        "newest_fact": dates[-1] if dates else None,
        "parameters": sorted({_top(key) for entry in requests for key in entry.rule.when or {} if not _is_word(key)}),
    }


def _is_word(key: str) -> bool:
    return key in ("all_of", "any_of", "not") or key.startswith("$")


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
