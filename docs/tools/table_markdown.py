"""Markdown: the table of providers and parameters, and a page with the rules of each provider and family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from evidence_map import anchor, cell, rule_link
from rule_facts import EFFECTS, Fact, Row, columns_in_use, models_of, worst

from quirkbook.model import MISSING, Example, Rule

_WRITTEN = "<!-- Written by python docs/tools/compatibility.py --write from the files in rules/. -->"
#: The first line of each page of rules; `build_pages.py` knows its own pages by it.
BUILT = "<!-- Built by python docs/tools/build_pages.py from the files in rules/. -->"
_EXAMPLES = 3


# The table


def table_page(providers: Sequence[Row], families: Sequence[Row]) -> str:
    """Write docs/compatibility.md: a matrix per group of parameters, then the facts of each file by parameter."""
    rules = sum(len(row.own) for row in (*providers, *families))
    lines = [
        _WRITTEN,
        "# Who takes what",
        "",
        f"What {len(providers)} providers do to a payload written for OpenAI, by {rules} rules. An empty cell means that no "
        "rule is known, and the parameter passes as it is. A `*` means: for some models only. "
        "`python docs/tools/build_pages.py` builds the same as one page with a filter (`docs/compatibility.html`), and a page for each "
        "file of rules (`docs/rules/`).",
        "",
        "| word | what becomes of the parameter |",
        "| --- | --- |",
        *(f"| {word} | {meaning} |" for word, meaning in EFFECTS.items()),
    ]
    for group, columns in columns_in_use(providers).items():
        lines += ["", f"## {group}", ""]
        lines += _matrix([row for row in providers if any(row.cell(column) for column in columns)], columns)
    bare = [row.title for row in providers if not row.facts]
    if bare:
        lines += ["", "## No rule known", "", ", ".join(bare) + "."]
    for row in (*providers, *families):
        lines += _section(row) if row.facts else ()
    return "\n".join(lines) + "\n"


def _matrix(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[str]:
    yield "| | " + " | ".join(columns) + " |"
    yield "| --- |" + " --- |" * len(columns)
    for row in rows:
        yield f"| {_to_section(row)} | " + " | ".join(verdict(row.cell(column), column) for column in columns) + " |"


def verdict(facts: Sequence[Fact], column: str) -> str:
    """Return the worst effect of some facts on a column, with a star where none of them is about models in general."""
    if not facts:
        return ""
    return worst(fact.columns[column] for fact in facts) + ("" if any(fact.everywhere for fact in facts) else " *")


def _to_section(row: Row) -> str:
    return f"[{row.title}](#{anchor(row.heading)})"


def _section(row: Row) -> Iterator[str]:
    """Write the facts of a row's own file by parameter; what it takes from families stands with them."""
    yield from ("", f"## {row.heading}", "")
    taken = [f"[{name}](../rules/families/{name}.yaml)" for name in row.families if row.file.kind == "provider"]
    if taken:
        yield f"The rules of these families are in force here: {', '.join(taken)}."
        yield ""
    if not row.own:
        yield "No rule of its own is known."
        return
    yield "| parameter | effect | models | rule | source |"
    yield "| --- | --- | --- | --- | --- |"
    for columns in columns_in_use([row]).values():
        for column in columns:
            for fact in (each for each in row.own if column in each.columns):
                rule = fact.rule
                models = cell(models_of(rule)) or "all"
                yield f"| {column} | {fact.columns[column]} | {models} | {rule_link(rule, rule.id)} | {_source(rule.source)} |"


def _source(source: str) -> str:
    if not source.startswith(("http://", "https://")):
        return cell(source)
    return f"[{source.split('/')[2]}]({source})"


# The rules


def rules_page(row: Row) -> str:
    """Write the page of a file's own rules, retired ones too, in the order in which they run."""
    head = row.file.head
    up = "../" * (row.page.count("/"))
    about = {
        "base URL": head.get("base_url"),
        "key": head.get("api_key_env"),
        "other names": ", ".join(head.get("aliases", ())),
        "documentation": head.get("docs"),
    }
    effects = {fact.rule.id: effect(fact) for fact in row.own}
    lines = [BUILT, f"# {row.heading}", "", f"[The table of all providers]({up}compatibility.md)", ""]
    lines += [f"- {name}: {value}" for name, value in about.items() if value]
    for rule in row.rules:
        lines += _rule(rule, effects.get(rule.id, ""), up)
    return "\n".join(lines) + "\n"


def effect(fact: Fact) -> str:
    """Return what a rule does as a rule, and the worst it may do."""
    usual = worst(fact.columns.values())
    return usual if usual == fact.worst else f"{usual}, at worst {fact.worst}"


def _rule(rule: Rule, does: str, up: str) -> Iterator[str]:
    """Write what `quirkbook rule NAME` prints."""
    yield from ("", f"## {rule.id}", "", prose(rule.why), "")
    facts = {
        "effect": does,
        "models": cell(models_of(rule)),
        "works on": "" if rule.stage == "request" else rule.stage,
        "status": "" if rule.status == "active" else rule.status,
        "note": prose(rule.note),
        "source": _source(rule.source),
        "verified": f"{rule.verified['date']} by {rule.verified['by']}",
        "evidence": ", ".join(f"[{row}]({up}evidence.jsonl#L{row[1:].lstrip('0')})" for row in rule.evidence),
    }
    yield from (f"- {name}: {value}" for name, value in facts.items() if value)
    yield from ("", "```yaml", source_of(rule), "```")


def source_of(rule: Rule) -> str:
    """Write the condition, the actions and the first examples of a rule as YAML."""
    body: dict[str, Any] = {"when": rule.when} if rule.when else {}
    body["do"] = [dict(item) for item in rule.do]
    shown = [example for example in rule.examples if not example.same][:_EXAMPLES]
    body["examples"] = [_example(example) for example in shown]
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100).rstrip()


def _example(example: Example) -> dict[str, Any]:
    said: dict[str, Any] = {"in": example.given}
    if example.expected is not MISSING:
        said["out"] = example.expected
    return said | {word: True for word in ("rejects", "warns") if getattr(example, word)}


def prose(text: str) -> str:
    """Return text as one line of Markdown in which nothing is obeyed."""
    return cell(text).replace("\\|", "|")
