"""What the adapters' tests ask for, and a provider that exists only here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quirkbook import Rulebook

KEY = "sk-very-secret-0123456789"
ASKED: dict[str, Any] = {
    "model": "moonshot-v1-8k",
    "messages": [{"role": "user", "content": "Hi"}],
    "temperature": 1.4,
}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"properties": {"word": {"type": "string"}}}},
}
REFUSED: dict[str, Any] = {**ASKED, "temperature": 1, "tools": [TOOL, TOOL]}
"""Two tools of one name, which a rule refuses."""

ACME = """
quirks: 1
provider: acme
endpoints: ["https://acme.example/*"]
rules:
  - id: thoughts-apart
    why: Acme writes its thoughts into the answer.
    source: https://docs.acme.example/api#thoughts
    verified: {date: 2026-11-22, by: docs}
    stage: chunk
    do: [{split_thinking: {}}]
    examples:
      - {in: {choices: []}, same: true}
  - id: with-a-trace
    why: Acme wants a trace header, and none that tells of caching.
    source: https://docs.acme.example/api#trace
    verified: {date: 2026-11-22, by: docs}
    when: {traced: true}
    do: [{drop: [traced]}, {set_header: {x-acme-trace: "on"}}, {drop_header: [x-acme-cache]}]
    examples:
      - {in: {traced: true}, out: {}, headers: {x-acme-trace: "on"}}
      - {in: {traced: false}, same: true}
"""


def acme(folder: Path) -> Rulebook:
    """Return a rulebook that knows Acme too."""
    (folder / "acme.yaml").write_text(ACME, encoding="utf-8")
    return Rulebook.load(folder)


def rules_of(report: Any) -> list[str]:
    """Return the rules that a report names."""
    return [change.rule for change in report.changes]
