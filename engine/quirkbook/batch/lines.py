"""Lines of a batch file -> lines that a provider takes, and a report on each. Pure: files are the business of `files`.

A line is a payload, or a request of OpenAI's Batch API: ``{"custom_id", "method", "url", "body"}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import api
from ..api.policy import DEFAULT_POLICY, check_policy
from ..errors import PolicyError, QuirkbookError, refusal_text
from ..model import EFFECT_ORDER
from ..plan.interpret import effect_of, refusals
from ..rulebook.rulebook import Rulebook
from ..wire import jsontext, notjson

_CHAT: Final = "/chat/completions"
_BOM: Final = b"\xef\xbb\xbf"
LONGEST: Final = 64 << 20
"""Bytes of a line; a longer one is not a chat payload."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line."""

    sent: bytes | None
    """The line for the provider, without a line end; None: it is refused or cannot be read, and goes nowhere."""
    report: bytes
    """JSON: ``line``, ``custom_id``, and ``rules`` (each with the worst effect it had), ``refused`` or ``error``."""
    fate: str
    """``unchanged``, ``changed``, ``refused`` or ``unread``."""


@dataclass(frozen=True, slots=True)
class Block:
    """What became of many lines: bytes to add to the files, and the fates of those that are not blank."""

    out: bytes
    report: bytes
    refused: bytes
    lines: int
    fates: list[str]


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
        check_policy(policy)
        self._provider, self._model = provider, model
        # Nobody hears a warning for each of a million lines: the report says it.
        full_policy = {**DEFAULT_POLICY, **(policy or {})}
        self._policy = {
            effect: "error" if verdict == "error" else _MILDEST[effect] for effect, verdict in full_policy.items()
        }

    def line(self, raw: bytes, number: int) -> Line | None:
        """Translate one line; None where it is blank. ``number`` counts from 1."""
        raw = raw.removeprefix(_BOM)  # files that were joined bring one in the middle
        text = raw.strip()
        if not text:
            return None
        report: dict[str, Any] = {"line": number}
        try:
            item = json.loads(text.decode(), parse_constant=_no_constant)
        except UnicodeDecodeError as error:
            return _unread(report, f"not UTF-8 text (byte {text[error.start]:#04x}): save it as UTF-8")
        except ValueError:
            return _unread(report, _wrong(raw))
        except RecursionError:
            return _unread(report, "not JSON: nested too deep")
        if not isinstance(item, dict):
            return _unread(report, 'a line is an object: write a payload, or {"custom_id", "method", "url", "body"}')
        if "body" not in item or "messages" in item:
            return self._payload(raw, item, None, report)
        if "custom_id" in item:
            report["custom_id"] = item["custom_id"]
        if not str(item.get("url", _CHAT)).endswith(_CHAT):
            report["note"] = f"{item['url']} is not a chat completion: the line is left as it is"
            return Line(text, jsontext.encode({**report, "rules": []}), "unchanged")
        return self._payload(raw, item["body"], item, report)

    def block(self, lines: Sequence[bytes | None], first_number: int) -> Block:
        """Translate lines, ``first_number`` being that of the first; None stands for one that is longer than `LONGEST`."""
        out, report, refused, fates = [], [], [], []
        for number, raw in enumerate(lines, first_number):
            if raw is None:
                result = _unread({"line": number}, f"the line holds more than {LONGEST} bytes, too many for a payload")
            elif (translated := self.line(raw, number)) is None:
                continue
            else:
                result = translated
                if result.sent is None:
                    refused.append(raw.strip())
                else:
                    out.append(result.sent)
            report.append(result.report)
            fates.append(result.fate)
        return Block(_joined(out), _joined(report), _joined(refused), len(lines), fates)

    def _payload(self, raw: bytes, payload: Any, around: dict[str, Any] | None, report: dict[str, Any]) -> Line:
        try:
            run = api.apply_rules(payload, self._provider, self._model, None, self._book, self._policy)
            if run.fired:
                api.apply_policy(run, self._policy)
            if not run.refusals:
                line = jsontext.encode(run.root if around is None else {**around, "body": run.root}, nan=False)
        except PolicyError as error:
            listed = [{"rule": forbidden.rule, "effect": forbidden.effect} for forbidden in error.changes]
            return Line(
                None, jsontext.encode({**report, "refused": "the policy forbids changes", "rules": listed}), "refused"
            )
        except QuirkbookError as error:
            return _unread(report, str(error))
        except ValueError:  # a number too big to be written again
            return _unread(report, _wrong(raw))
        if run.refusals:
            why = refusals(run)
            told = {"refused": refusal_text(why), "rule": why[0].rule, "rules": [one.rule for one in why]}
            return Line(None, jsontext.encode({**report, **told}), "refused")
        worst: dict[str, Any] = {}
        for rule, start, end in run.fired:
            effects = [effect_of(rule, edit) for edit in run.edits[start:end]]
            worst[rule.name] = max((*effects, worst.get(rule.name, effects[0])), key=EFFECT_ORDER.__getitem__)
        listed = [{"rule": rule, "effect": effect} for rule, effect in worst.items()]
        return Line(line, jsontext.encode({**report, "rules": listed}), "changed" if listed else "unchanged")


_MILDEST: Final = {effect: "warn" if effect == "refuse" else "allow" for effect in DEFAULT_POLICY}


def _unread(report: Mapping[str, Any], text: str) -> Line:
    return Line(None, jsontext.encode({**report, "error": text}), "unread")


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _wrong(raw: bytes) -> str:
    """Say what is wrong with a line, in the words that rule files hear too."""
    flaw = notjson.find(raw.rstrip().decode())
    return f"{flaw.message} at column {flaw.at + 1}"


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join([*lines, b""])
