"""Which rule answers which row of docs/evidence.jsonl: writes docs/coverage.md, and finds the rows that are forgotten.

    python docs/tools/evidence_map.py            compare with the page; exit 1 and list what is wrong
    python docs/tools/evidence_map.py --write    write the page anew
    python docs/tools/evidence_map.py --strict   rows that still wait for their rule are wrong as well

A row is cited by a rule (``evidence: [d012]``), or excused in docs/coverage.yaml with a sentence, or its provider
stands there under ``todo``. Where a catalogue says otherwise than the rules, ``differs`` there says what, and by which
newer source the rules stand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quirkbook import Rulebook
from quirkbook.errors import RuleFileError
from quirkbook.model import Rule
from quirkbook.source.yaml import read

DOCS = Path(__file__).resolve().parents[1]
COMMAND = "python docs/tools/evidence_map.py --write"


@dataclass(frozen=True)
class Excuses:
    """What docs/coverage.yaml says: id -> why no rule answers the row, and the providers that still wait."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    todo: frozenset[str] = frozenset()
    differs: Sequence[Mapping[str, str]] = ()
    """What other catalogues say otherwise: ``about``, ``they``, ``rules`` and ``source``, a text each."""


@dataclass(frozen=True)
class Map:
    """All rows, the rules that cite each, and what excuses the others."""

    rows: Sequence[Mapping[str, str]]
    cited: Mapping[str, Sequence[Rule]]
    excuses: Excuses
    rules: Sequence[Rule] = ()
    """All rules that ship."""

    def state(self, row: Mapping[str, str]) -> str:
        """Return ``cited``, ``excused``, ``todo`` or ``forgotten``."""
        if row["id"] in self.cited:
            return "cited"
        if row["id"] in self.excuses.reasons:
            return "excused"
        return "todo" if row["provider"] in self.excuses.todo else "forgotten"

    def count(self, provider: str | None = None) -> dict[str, int]:
        """Return how many rows (of a provider) are in each state."""
        counts = dict.fromkeys(("cited", "excused", "todo", "forgotten"), 0)
        for row in self.rows:
            if provider in (None, row["provider"]):
                counts[self.state(row)] += 1
        return counts


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows; the file has one JSON object per line.

    Raises:
        ValueError: a line is not valid JSON.
    """
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def read_excuses(path: Path) -> Excuses:
    """Read docs/coverage.yaml: ``todo``, a list of providers, ``excused``, a table of sentences per group, and ``differs``.

    Raises:
        RuleFileError: it is not strict YAML: a key stands twice, for example.
        ValueError: an id stands in two groups, or the file has another shape.
    """
    data: Any = read(path.read_bytes(), path.name).data
    if not isinstance(data, dict) or set(data) - {"todo", "excused", "differs"}:
        raise ValueError(
            f"{path.name}: write 'todo', a list of providers, and 'excused', a table of sentences per group"
        )
    reasons: dict[str, str] = {}
    for group, sentences in data.get("excused", {}).items():
        for row, sentence in sentences.items():
            if row in reasons:
                raise ValueError(f"{path.name}: {row} is excused twice, the second time under '{group}': keep one")
            reasons[row] = sentence or ""
    return Excuses(reasons, frozenset(data.get("todo") or ()), tuple(data.get("differs") or ()))


def cited_by(rules: Iterator[Rule]) -> dict[str, list[Rule]]:
    """Return id -> the rules that cite it. A retired rule counts: the row is history, and so is the rule."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for row in rule.evidence:
            found.setdefault(row, []).append(rule)
    return found


def problems(known: Map) -> Iterator[str]:
    """Yield a line for each row, excuse or citation that is wrong."""
    rows = {row["id"]: row for row in known.rows}
    for name, rules in sorted(known.cited.items()):
        if name not in rows:
            yield f"{name}: there is no such row, and {rules[0].name} cites it"
    for name, reason in sorted(known.excuses.reasons.items()):
        if name not in rows:
            yield f"{name}: there is no such row, and coverage.yaml excuses it"
        elif name in known.cited:
            yield f"{name}: {known.cited[name][0].name} cites it, so take the excuse out of coverage.yaml"
        elif not reason.strip():
            yield f"{name}: the excuse in coverage.yaml is empty: say why no rule answers the row"
    for provider in sorted(known.excuses.todo - {row["provider"] for row in known.rows}):
        yield f"{provider}: coverage.yaml waits for its rules, and no row is about it"
    for row in known.rows:
        if known.state(row) == "forgotten":
            yield f"{row['id']}: no rule of {row['provider']} cites it and coverage.yaml does not excuse it: {_what(row)}"


def page(known: Map) -> str:
    """Write docs/coverage.md."""
    total = known.count()
    providers = sorted({row["provider"] for row in known.rows})
    waiting = f" and {total['todo']} wait for theirs" if total["todo"] else ""
    lines = [
        f"<!-- Written by {COMMAND}; change the rules' evidence or coverage.yaml instead. -->",
        "# What is known, and which rule says it",
        "",
        f"[evidence.jsonl](evidence.jsonl) holds {len(known.rows)} facts from documentation and from users' reports. "
        f"{total['cited']} are answered by rules, {total['excused']} have none for the reason given{waiting}.",
        "",
        "| facts about | rows | with a rule | without, and why | waiting |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for provider in providers:
        counts = known.count(provider)
        lines.append(
            f"| [{_title(provider)}](#{anchor(_title(provider))}) | {sum(counts.values())} | {counts['cited']} "
            f"| {counts['excused']} | {counts['todo'] + counts['forgotten']} |"
        )
    lines += [*_sources(known.rules), *_differs(known.excuses.differs)]
    for provider in providers:
        lines += ["", f"## {_title(provider)}", "", "| row | what | sure | rule, or why none | source |"]
        lines.append("| --- | --- | --- | --- | --- |")
        lines += [_line(known, row) for row in known.rows if row["provider"] == provider]
    return "\n".join(lines) + "\n"


def _sources(rules: Sequence[Rule]) -> list[str]:
    """Count the rules of each file by what their sources are and when they were last checked."""
    if not rules:
        return []
    lines = ["", "## How the rules are known", ""]
    lines.append(
        "| rules of | all | by docs | by a report | tried live | checked since July 2026 | earlier in 2026 | before |"
    )
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for owner in sorted({rule.owner for rule in rules}):
        mine = [rule.verified for rule in rules if rule.owner == owner]
        by = [sum(one["by"] == way for one in mine) for way in ("docs", "report", "live")]
        late = sum(one["date"] >= "2026-07" for one in mine)
        early = sum("2026" <= one["date"] < "2026-07" for one in mine)
        counts = [len(mine), *by, late, early, len(mine) - late - early]
        lines.append(f"| {owner} | " + " | ".join(map(str, counts)) + " |")
    return lines


def _differs(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """List where a catalogue says otherwise than the rules, and the source by which they stand."""
    if not rows:
        return []
    lines = [
        "",
        "## Where catalogues say otherwise",
        "",
        "| about | they say | the rules | by |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {cell(one['about'])} | {cell(one['they'])} | {cell(one['rules'])} | {one['source']} |" for one in rows
    ]
    return lines


def _line(known: Map, row: Mapping[str, str]) -> str:
    rules = known.cited.get(row["id"], ())
    answer = "<br>".join(rule_link(rule) for rule in rules)
    if not rules:
        answer = cell(known.excuses.reasons.get(row["id"], "")) or "*waiting*"
    where = f"[{row['date']}]({row['source']})"
    return f"| {row['id']} | {cell(_what(row))} | {row['confidence']} | {answer} | {where} |"


def _what(row: Mapping[str, str]) -> str:
    model = "" if row["model"] == "*" else f"{row['model']}: "
    return f"{model}{row['param']}: {row['condition']}"


def _title(provider: str) -> str:
    return "any provider" if provider == "*" else provider


def anchor(title: str) -> str:
    """Return the anchor that a heading gets on the page."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")


def rule_link(rule: Rule, text: str = "") -> str:
    """Return a Markdown link from a page in docs/ to the file of a rule; a line in it would be another one tomorrow."""
    folder = "rules/families" if rule.family else "rules"
    return f"[{text or rule.name}](../{folder}/{rule.owner}.yaml)"


def cell(text: str) -> str:
    """Return text as a cell of a Markdown table: one line, and nothing in it that Markdown would obey."""
    text = " ".join(text.split())
    for mark in "\\|*_<>[]`$~":
        text = text.replace(mark, f"\\{mark}")
    return text


def load(docs: Path = DOCS) -> Map:
    """Read the rows, the excuses, and the rules that ship.

    Raises:
        RuleFileError: a file of rules, or coverage.yaml, has diagnostics.
        ValueError: evidence.jsonl or coverage.yaml has another shape.
    """
    rules = list(Rulebook.load().rules())
    return Map(read_rows(docs / "evidence.jsonl"), cited_by(iter(rules)), read_excuses(docs / "coverage.yaml"), rules)


def main(args: Sequence[str], docs: Path = DOCS) -> int:
    """Compare, or with ``--write`` write; return the exit code."""
    parser = argparse.ArgumentParser(prog="evidence_map.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/coverage.md")
    parser.add_argument("--strict", action="store_true", help="also fail on rows that wait for their rule")
    asked = parser.parse_args(args)
    try:
        known = load(docs)
    except (RuleFileError, ValueError) as error:
        print(error)
        return 1
    wrong = list(problems(known))
    target = docs / "coverage.md"
    if asked.write:
        target.write_text(page(known), "utf-8")
    elif not target.is_file() or target.read_text("utf-8") != page(known):
        wrong.append(f"coverage.md is not up to date: run {COMMAND}")
    waiting = [row for row in known.rows if known.state(row) == "todo"]
    if asked.strict:
        wrong += [f"{row['id']}: waits for a rule of {row['provider']}" for row in waiting]
    counts = ", ".join(f"{count} {state}" for state, count in known.count().items())
    print("\n".join([*wrong, *_waiting(known.excuses.todo, waiting), f"{len(known.rows)} rows: {counts}"]))
    return 1 if wrong else 0


def _waiting(todo: frozenset[str], rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Say of each provider under ``todo`` what still waits."""
    for provider in sorted(todo):
        ids = [row["id"] for row in rows if row["provider"] == provider]
        yield f"{provider} waits: {' '.join(ids)}" if ids else f"{provider} waits for nothing: take it out of 'todo'"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
