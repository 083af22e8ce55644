"""Answers -> a verdict on what was asked, and one for each rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..model import Rule
from .asks import Ask
from .effects import heeded
from .exchange import Exchange, key_of
from .places import find
from .refusals import Wordings

#: Verdicts, the worst first: of several on one rule the worst counts.
ORDER: Final = ("broken", "stale", "unforeseen", "inconclusive", "confirmed", "not visible", "taken", "untested")
#: Verdicts that end a session with exit code 1.
CHANGED: Final = frozenset({"broken", "stale", "unforeseen"})
#: Words of a rule's reason that say: it is about a refusal.
_REFUSES: Final = re.compile(
    r"refus|reject|\b4\d\d\b|\berrors?\b|unsupported|not support|not (?:take|accept|allow)|fail",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about one thing."""

    id: str
    word: str
    model: str
    about: str
    shown: str
    detail: str = ""
    rule: str | None = None
    says: str = ""
    """The provider's words, where it refused."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        parts = {"verdict": self.word, "model": self.model, "rule": self.rule, "asked": self.shown}
        return {**parts, "detail": self.detail, "says": self.says}


def judge(ask: Ask, answers: Mapping[str, Exchange], wordings: Wordings, why_not: str = "not sent") -> Verdict:
    """Return the verdict on one thing, by the answers to its requests (by the request's key)."""
    control, raw, translated = (
        answers.get(key_of(request)) if request is not None else None
        for request in (ask.control, ask.raw, ask.translated)
    )
    word, detail = _word(ask, control, raw, translated, wordings) if raw and control else ("untested", why_not)
    if ask.translated is not None and translated is None and word not in ("untested", "inconclusive"):
        word, detail = "untested", why_not
    says = raw.words if raw and raw.is_refused else ""
    return Verdict(ask.id, word, ask.model, ask.about, ask.shown, detail, ask.rule.name if ask.rule else None, says)


def _word(
    ask: Ask, control: Exchange, raw: Exchange, translated: Exchange | None, wordings: Wordings
) -> tuple[str, str]:
    for exchange, name in ((control, "the control"), (raw, "the request"), (translated, "the translated request")):
        if exchange and not exchange.is_taken and not exchange.is_refused:
            return "inconclusive", f"{name} got status {exchange.status}: {exchange.words}"
    if not control.is_taken:
        return "inconclusive", f"the control was refused: {control.words}"
    if ask.about == "field":
        if raw.is_refused:
            return "unforeseen", f"refused, and no rule is about it: {raw.words}"
        seen = heeded(ask.raw, raw.body, ask.touched)
        return "taken", "but the answer shows no effect of it" if seen is False else ""
    if ask.about == "at":
        moved = f"the bound has moved: {ask.shown} is refused: {raw.words}"
        return ("confirmed", "") if raw.is_taken else ("broken", moved)
    if translated and translated.is_refused:
        return "broken", f"refused also when translated: {translated.words}"
    if raw.is_taken:
        return _taken(ask, raw)
    if elsewhere := _elsewhere(ask, raw, wordings):
        return "inconclusive", f"refused, but because of {elsewhere}: {raw.words}"
    return "confirmed", ""


def _taken(ask: Ask, raw: Exchange) -> tuple[str, str]:
    """Return the verdict on a request that was taken though a rule repairs it."""
    seen = heeded(ask.raw, raw.body, ask.touched)
    if seen is False:
        return "confirmed", "taken, but the answer shows no effect of it"
    if ask.of_format:
        return "not visible", "taken as it is; the rule is about what others refuse"
    if ask.about == "beyond":
        return "stale", f"the bound has moved: {ask.shown} is taken"
    if seen or (ask.rule and claims_a_refusal(ask.rule)):
        return "stale", "taken as it is"
    return "not visible", "taken as it is, and translated; the rule is about what it means"


def claims_a_refusal(rule: Rule) -> bool:
    """Tell whether a rule says that its provider refuses something."""
    return any("reject" in action for action in rule.do) or bool(_REFUSES.search(rule.why))


def _elsewhere(ask: Ask, raw: Exchange, wordings: Wordings) -> str | None:
    """Return the field of the request that a refusal is about, where that is not what was asked."""
    findings = wordings.read(raw.body)
    places = [find(finding.named, ask.raw, wordings.names) for finding in findings]
    fields = {place.steps[0] for place in places if place and place.is_there}
    return ", ".join(sorted(fields)) if fields and fields.isdisjoint(ask.touched | ask.named) else None


def by_rule(verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    """Return for each rule and model, and each field, the worst verdict."""
    worst: dict[str, Verdict] = {}
    for verdict in verdicts:
        key = f"{verdict.rule} {verdict.model}" if verdict.rule else verdict.id
        if key not in worst or ORDER.index(verdict.word) < ORDER.index(worst[key].word):
            worst[key] = verdict
    return worst
