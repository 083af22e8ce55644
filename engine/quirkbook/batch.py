"""Lines of a batch file -> lines that a provider takes, and a report on each. Pure: files are `batch_files`'.

A line is a payload, or a request of OpenAI's Batch API: ``{"custom_id", "method", "url", "body"}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import api, jsontext
from .errors import PolicyError, QuirkbookError
from .interpreter import change, effect_of
from .model import EFFECT_ORDER
from .rulebook import Rulebook

_CHAT: Final = "/chat/completions"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line."""

    sent: bytes | None
    """The line for the provider, without a line end; None: it is refused or cannot be read, and goes nowhere."""
    report: bytes
    """JSON: ``line``, ``custom_id``, and ``rules`` (each with the worst effect it had), ``refused`` or ``error``."""
    fate: str
    """``unchanged``, ``changed``, ``refused`` or ``unread``."""


class Translator:
    """Translates lines for one provider.

    >>> Translator("moonshot", "moonshot-v1-8k").line(b'{"temperature": 1.7}', 1).sent
    b'{"temperature":1,"model":"moonshot-v1-8k"}'
    """

    def __init__(
        self,
        provider: str | None = None,
        model: str | None = None,
        *,
        rulebook: Rulebook | None = None,
        policy: Mapping[str, str] | None = None,
    ) -> None:
        """Make a translator; ``model`` stands in for that of each payload.

        Raises:
            UnknownProviderError: no rules are known for that provider.
            UsageError: the policy has other words than its own.
        """
        self._book = rulebook or api.default_rulebook()
        if provider is not None:
            self._book.provider(provider)
        api.check_policy(policy)
        self._provider, self._model = provider, model
        # Nobody hears a warning for each of a million lines: the report says it.
        said = {**api.DEFAULT_POLICY, **(policy or {})}
        self._policy = {effect: "error" if verdict == "error" else _MILDEST[effect] for effect, verdict in said.items()}

    def line(self, raw: bytes, number: int) -> Line | None:
        """Translate one line; None where it is blank. ``number`` counts from 1."""
        text = raw.removeprefix(_BOM).strip() if number == 1 else raw.strip()
        if not text:
            return None
        report: dict[str, Any] = {"line": number}
        try:
            item = json.loads(text)
        except (ValueError, RecursionError) as error:
            said = "nested too deep" if isinstance(error, RecursionError) else str(error)
            return _unread(report, f"not JSON: {said}")
        if not isinstance(item, dict):
            return _unread(report, 'a line is an object: write a payload, or {"custom_id", "method", "url", "body"}')
        if "body" not in item or "messages" in item:
            return self._payload(item, None, report)
        if "custom_id" in item:
            report["custom_id"] = item["custom_id"]
        if not str(item.get("url", _CHAT)).endswith(_CHAT):
            report["note"] = f"{item['url']} is no chat completion: the line is left as it is"
            return Line(text, jsontext.encode({**report, "rules": []}), "unchanged")
        return self._payload(item["body"], item, report)

    def _payload(self, payload: Any, around: dict[str, Any] | None, report: dict[str, Any]) -> Line:
        try:
            done = api.apply_rules(payload, self._provider, self._model, None, self._book, self._policy)
            if done.fired:
                api.apply_policy(done, self._policy)
            if done.refusal is None:
                sent = jsontext.encode(done.root if around is None else {**around, "body": done.root}, nan=False)
        except PolicyError as error:
            listed = [{"rule": one.rule, "effect": one.effect} for one in error.changes]
            return Line(
                None, jsontext.encode({**report, "refused": "the policy forbids changes", "rules": listed}), "refused"
            )
        except (QuirkbookError, ValueError) as error:
            return _unread(report, str(error))
        if done.refusal is not None:
            said = change(*done.refusal)
            return Line(None, jsontext.encode({**report, "refused": said.refusal(), "rule": said.rule}), "refused")
        worst: dict[str, Any] = {}
        for rule, first, end in done.fired:
            effects = [effect_of(rule, edit) for edit in done.edits[first:end]]
            worst[rule.name] = max((*effects, worst.get(rule.name, effects[0])), key=EFFECT_ORDER.__getitem__)
        listed = [{"rule": rule, "effect": effect} for rule, effect in worst.items()]
        return Line(sent, jsontext.encode({**report, "rules": listed}), "changed" if listed else "unchanged")


_MILDEST: Final = {effect: "warn" if effect == "refuse" else "allow" for effect in api.DEFAULT_POLICY}


def _unread(report: Mapping[str, Any], text: str) -> Line:
    return Line(None, jsontext.encode({**report, "error": text}), "unread")
