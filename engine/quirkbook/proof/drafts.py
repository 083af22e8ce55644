"""Draft rules from refusals: condition, repair, reason in the provider's words, and examples made of the payload."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from ..errors import RuleFileError
from ..wire.redact import NO_SECRETS
from .examples import examples_of
from .places import Place, find
from .refusals import Finding, Wordings
from .repairs import Repair, kind_of, repair

#: Kinds that no rule can repair.
HOPELESS: Final[Mapping[str, str]] = {
    "account": "this is about the account, the model's name or the content, not about a parameter: no rule can repair it",
    "context": "the request is too long for the model: no rule can repair it",
}
_WHY_LENGTH: Final = 240
_IDS: Final = re.compile(
    r"\b(?:req|chatcmpl|call|toolu|msg|resp)[_-][\w-]{6,}|\b[0-9a-f]{8}-[0-9a-f-]{20,}\b|\b[0-9a-f]{20,}\b"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one refusal teaches."""

    provider: str
    finding: Finding | None
    place: Place | None
    rule: Mapping[str, Any] | None
    """The draft, as a rule file holds it; a skeleton where ``missing`` is not empty."""
    missing: tuple[str, ...] = ()
    """What the text does not say, or why no rule can be made."""

    @property
    def kind(self) -> str | None:
        """What is wrong with the request."""
        return kind_of(self.finding, self.place) if self.finding else None

    @property
    def is_sound(self) -> bool:
        """Whether the draft fires on its example and is well-formed."""
        return self.rule is not None and not self.missing

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "provider": self.provider,
            "param": self.place.path if self.place else None,
            "kind": self.kind,
            "says": self.finding.text if self.finding else None,
            "rule": self.rule,
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """A request, and the error that came back."""

    error: Any
    payload: Any = None
    provider: str = "provider"
    date: str = ""
    """The day, as 2026-12-01; empty: today."""


def learn(refused: Refused, wordings: Wordings) -> list[Lesson]:
    """Return a lesson for each thing that a refusal says, or one that says what is missing."""
    payload = refused.payload if isinstance(refused.payload, dict) else {}
    findings = wordings.read(refused.error)
    if not findings:
        text = refused.error if isinstance(refused.error, str) else json.dumps(refused.error, ensure_ascii=False)
        missing = (
            "no wording in rules/refusals/ reads this text: add one, or write the rule by hand",
            "the text names no parameter"
            if not _named_in(text, payload)
            else f"it may be about {_named_in(text, payload)}",
        )
        return [Lesson(refused.provider, None, None, _skeleton(refused, text, _named_in(text, payload)), missing)]
    return [_lesson(refused, finding, payload, wordings) for finding in findings]


def _named_in(text: str, payload: Mapping[str, Any]) -> str | None:
    """Return the first key of the payload that a text holds."""
    words = set(re.findall(r"\w+", text))
    return next((key for key in payload if key in words and key not in ("model", "messages")), None)


def _lesson(refused: Refused, finding: Finding, payload: Mapping[str, Any], wordings: Wordings) -> Lesson:
    if finding.kind in HOPELESS:
        return Lesson(
            refused.provider, finding, find(finding.named, payload, wordings.names), None, (HOPELESS[finding.kind],)
        )
    place = find(finding.named, payload, wordings.names)
    if place is None:
        return Lesson(
            refused.provider, finding, None, _skeleton(refused, finding.text, None), ("the text names no parameter",)
        )
    if finding.other:
        other = find(finding.other, payload, wordings.names)
        finding = replace(finding, other=other.path if other else finding.other)
    finding = replace(finding, kind=kind_of(finding, place))
    value = _value_at(payload, place)
    made = repair(finding, place, value, refused.provider)
    if made is None:
        missing = (f"the text does not say what {place.path} may be: complete 'when' and 'do'",)
        return Lesson(refused.provider, finding, place, _skeleton(refused, finding.text, place.path), missing)
    rule = _rule(refused, finding, place, made)
    try:
        examples, missing_examples = examples_of(refused.provider, rule, made, place, payload, finding.other)
    except RuleFileError as error:
        missing = (f"what the text says gives no rule: {error.diagnostics[0].message}",)
        return Lesson(refused.provider, finding, place, _skeleton(refused, finding.text, place.path), missing)
    return Lesson(refused.provider, finding, place, {**rule, "examples": examples}, missing_examples)


def _value_at(payload: Any, place: Place) -> Any:
    """Return the first value at a place, None where there is none."""
    values = [payload]
    for step in place.steps:
        below: list[Any] = []
        for value in values:
            if step == "*":
                below += value if isinstance(value, list) else []
            elif isinstance(value, dict) and step in value:
                below.append(value[step])
        values = below
    return values[0] if values else None


def _rule(refused: Refused, finding: Finding, place: Place, made: Repair) -> dict[str, Any]:
    model = refused.payload.get("model") if isinstance(refused.payload, dict) else None
    is_of_model = isinstance(model, str) and re.search(r"\bmodel\b", finding.text, re.IGNORECASE)
    return {
        "id": _id(finding.kind, place.path),
        "why": _why(refused, finding.text),
        **_proof(refused),
        **({"models": [str(model).lower()]} if is_of_model else {}),
        "status": "draft",
        **({"when": dict(made.when)} if made.when else {}),
        "do": made.do,
    }


def _proof(refused: Refused) -> dict[str, Any]:
    day = refused.date or date.today().isoformat()
    return {"source": f"an answer of {refused.provider}, {day}", "verified": {"date": day, "by": "report"}}


def _why(refused: Refused, text: str) -> str:
    text = " ".join(_IDS.sub("...", NO_SECRETS(text)).split())
    for personal in sorted(_texts(refused.payload), key=len, reverse=True):
        text = text.replace(personal, "...")
    text = text if len(text) <= _WHY_LENGTH else text[: _WHY_LENGTH - 3] + "..."
    return f"{refused.provider} answers: {text}"


def _texts(payload: Any) -> Iterator[str]:
    """Yield the longer texts of a payload that `scrub` replaces."""
    if isinstance(payload, dict | list):
        for value in payload.values() if isinstance(payload, dict) else payload:
            yield from _texts(value)
    elif isinstance(payload, str) and len(payload) > 11:
        yield payload


_ID_FORMS: Final[Mapping[str, str]] = {
    "calls": "calls-and-results", "conflict": "{}-alone", "content": "content-types", "count": "{}-count",
    "empty": "{}-not-empty", "locked": "{}-locked", "needs": "{}-needs-another", "order": "order-of-messages",
    "pattern": "{}-pattern", "range": "{}-range", "renamed": "{}-renamed", "required": "{}-required",
    "role": "roles", "schema": "{}-keywords", "type": "{}-type", "unknown": "no-{}", "value": "{}-values",
    "words": "json-in-words",
}  # fmt: skip


def _id(kind: str, path: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")
    return _ID_FORMS.get(kind, "{}").format(slug) or "draft"


def _skeleton(refused: Refused, text: str, path: str | None) -> dict[str, Any]:
    """Return a rule with the parts that a person has to fill in."""
    path = path or "PARAMETER"
    return {
        "id": _id("value", path) if path != "PARAMETER" else "draft",
        "why": _why(refused, text),
        **_proof(refused),
        "status": "draft",
        "do": [{"drop": [path]}],
        "examples": [{"in": {path.partition(".")[0].partition("[")[0]: 1}, "out": {}}, {"in": {}, "same": True}],
    }
