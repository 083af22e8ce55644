"""What a session found out, in words, and as a patch of the rule files: what was tried, when, and what has moved on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from ..model import Rule
from ..rulebook.rulebook import Rulebook
from .judge import CHANGED, ORDER, Verdict, by_rule
from .session import Findings


def lines(findings: Findings, last: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report: what calls for a person first, then counts, then what is different from the last session."""
    worst = by_rule(findings.verdicts)
    for word in ORDER:
        for key, verdict in worst.items():
            if verdict.word == word and (word in CHANGED or word == "inconclusive"):
                yield f"{word:<12}  {verdict.rule or key.partition(' ')[0]}  {verdict.model}  {verdict.shown}"
                yield f"{'':<14}{verdict.detail}"
    counts = Counter(verdict.word for verdict in worst.values())
    counts["untested"] += len(findings.untested)
    yield ", ".join(f"{counts[word]} {word}" for word in ORDER if counts[word])
    if findings.stopped:
        yield f"stopped: {findings.stopped}"
    if len(findings.hosts) > 1:
        yield f"a changing pool of hosts answers: {', '.join(findings.hosts)}; a verdict holds for those that were met"
    if findings.unknown_models:
        yield f"models that no family knows: {', '.join(findings.unknown_models[:20])}"
    for request in findings.unused:
        yield f"recorded, but no longer sent: {request}"
    yield from _changes(findings, last)


def _changes(findings: Findings, last: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is different from the last session."""
    if not last:
        return
    now = findings.to_dict()
    changes = [*_changed_verdicts(last.get("verdicts", {}), now["verdicts"])]
    for word, more, less in (
        ("gone", last.get("models", []), now["models"]),
        ("new", now["models"], last.get("models", [])),
    ):
        changes += [f"model {model}: {word}" for model in sorted(set(more) - set(less))]
    yield f"since {last.get('date')}: {'nothing changed' if not changes else ''}".rstrip()
    yield from (f"  {change}" for change in changes)


def _changed_verdicts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key, verdict in after.items():
        old = before.get(key)
        if old is None:
            continue
        if old["verdict"] != verdict["verdict"]:
            yield f"{key}: was {old['verdict']}, is {verdict['verdict']}"
        elif _plain(old["says"]) != _plain(verdict["says"]) and old["asked"] == verdict["asked"]:
            yield f"{key}: refused in other words: {verdict['says']} (was: {old['says']})"
    yield from (f"{key}: no longer asked" for key in before if key not in after)


def _plain(text: str) -> str:
    return re.sub(r"\d+", "0", text)


# The patch


@dataclass(frozen=True, slots=True)
class Patch:
    """The text of a rule file before and after."""

    path: Path
    before: str
    after: str

    @property
    def diff(self) -> str:
        """A unified diff."""
        names = f"a/{self.path}", f"b/{self.path}"
        return "".join(unified_diff(self.before.splitlines(True), self.after.splitlines(True), *names, n=1))


def patches(findings: Findings, book: Rulebook, root: Path) -> list[Patch]:
    """Return what the verdicts mean for the rule files: a day and ``by: live`` for what was confirmed, ``disputed`` for
    what is stale. A rule that has a status or a note already keeps it: a person decides. ``root`` is where the places of
    built-in files start.
    """
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in by_rule(findings.verdicts).values():
        if verdict.rule:
            verdicts.setdefault(verdict.rule, []).append(verdict)
    texts: dict[Path, list[str]] = {}
    rules = {rule.name: rule for rule in book.rules()}
    for name, its in sorted(verdicts.items(), key=lambda item: -rules[item[0]].location.line):
        path = root / rules[name].location.file
        if path.is_file():
            rows = texts.setdefault(path, path.read_text("utf-8").splitlines(keepends=True))
            _edit(rows, rules[name], {verdict.word for verdict in its}, findings.date)
    changed = [Patch(path, path.read_text("utf-8"), "".join(rows)) for path, rows in texts.items()]
    return [patch for patch in changed if patch.before != patch.after]


def _edit(rows: list[str], rule: Rule, words: set[str], date: str) -> None:
    """Edit the rows of one rule in the rows of its file."""
    start = rule.location.line - 1
    indent = len(rows[start]) - len(rows[start].lstrip(" -"))
    end = start + 1
    while end < len(rows) and (not rows[end].strip() or len(rows[end]) - len(rows[end].lstrip(" ")) >= indent):
        end += 1
    at = next((row for row in range(start, end) if re.match(r"\s*(?:- )?verified:", rows[row])), None)
    if at is None or not re.search(r"verified: *\{", rows[at]):
        return
    if words & {"stale", "broken"}:
        if rule.status == "active" and not rule.note and "stale" in words:
            pad = " " * indent
            rows[at] += f"{pad}status: disputed\n{pad}note: Taken untranslated on {date}.\n"
    elif "confirmed" in words:
        rows[at] = re.sub(r"verified: *\{.*?\}", f"verified: {{date: {date}, by: live}}", rows[at])
