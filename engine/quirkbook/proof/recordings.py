"""Recordings: what endpoints answered, a JSON object a line, and the verdicts of the last session beside it.

A folder holds ``PROVIDER.jsonl`` (exchanges) and ``PROVIDER.verdicts.json``; ``PROVIDER.part.jsonl`` while a session
is under way, from which it is resumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .exchange import Exchange, clean, exchange_from


class Recording:
    """The recorded exchanges of one provider in a folder."""

    def __init__(self, folder: Path, provider: str) -> None:
        self.path = folder / f"{provider}.jsonl"
        self._part = folder / f"{provider}.part.jsonl"
        self._verdicts = folder / f"{provider}.verdicts.json"

    def exchanges(self) -> dict[str, Exchange]:
        """Return the exchanges of the last whole session by the key of the request.

        Raises:
            UsageError: a line is not one of a recording.
        """
        return {exchange.key: exchange for exchange in _read(self.path)}

    def resumed(self) -> dict[str, Exchange]:
        """Return the exchanges of a session that was broken off."""
        return {exchange.key: exchange for exchange in _read(self._part)}

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        self._part.parent.mkdir(parents=True, exist_ok=True)
        with self._part.open("a", encoding="utf-8") as file:
            file.write(json.dumps(exchange.to_dict(), ensure_ascii=False) + "\n")

    def last(self) -> Mapping[str, Any]:
        """Return what the last whole session found; an empty mapping if there was none."""
        if not self._verdicts.is_file():
            return {}
        found: Mapping[str, Any] = json.loads(self._verdicts.read_text("utf-8"))
        return found

    def finish(self, verdicts: Mapping[str, Any]) -> None:
        """Put this session in the place of the last one."""
        if self._part.is_file():
            self._part.replace(self.path)
        text = json.dumps(verdicts, indent=1, ensure_ascii=False, sort_keys=True)
        self._verdicts.parent.mkdir(parents=True, exist_ok=True)
        self._verdicts.write_text(text + "\n", "utf-8")


def _read(path: Path) -> Iterator[Exchange]:
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            yield exchange_from(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(f"{path}:{number}: not a line of a recording: write date, status, request, body") from None


def read_vcr(path: Path) -> Iterator[Exchange]:
    """Yield the chat completions in a cassette of VCR (pytest-recording), cleaned.

    Raises:
        UsageError: it is not a cassette.
    """
    import yaml

    try:
        interactions = yaml.safe_load(path.read_text("utf-8"))["interactions"]
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        raise UsageError(f"{path}: not a cassette of VCR: a mapping with the key 'interactions' is required") from None
    for interaction in interactions:
        sent, answer = interaction.get("request", {}), interaction.get("response", {})
        if not str(sent.get("uri", "")).partition("?")[0].endswith("/chat/completions"):
            continue
        request, body = _json(sent.get("parsed_body", sent.get("body"))), _json(_body(answer))
        if isinstance(request, dict):
            date = str(answer.get("headers", {}).get("date", [""])[0])
            yield Exchange(request, int(answer.get("status", {}).get("code", 0)), clean(body), date)


def _body(answer: Mapping[str, Any]) -> Any:
    if "parsed_body" in answer:
        return answer["parsed_body"]
    body = answer.get("body", {})
    return body.get("string") if isinstance(body, Mapping) else body


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
