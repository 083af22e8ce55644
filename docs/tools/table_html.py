"""compatibility.html: the table and every rule on one page that needs nothing else, made from table.template.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from rule_facts import EFFECTS, Fact, Row, columns_in_use, models_of, worst
from table_markdown import effect, source_of

from quirkbook.model import Rule

_TEMPLATE = Path(__file__).with_name("table.template.html")


def page(providers: Sequence[Row], families: Sequence[Row]) -> str:
    """Write the page."""
    shown = [row for row in providers if row.facts]
    groups = columns_in_use(shown)
    bare = [row for row in providers if not row.facts]
    parts = {
        "providers": str(len(providers)),
        "rules": str(sum(len(row.own) for row in (*providers, *families))),
        "effects": "\n".join(_toggle(word, meaning) for word, meaning in EFFECTS.items()),
        "head": "\n".join(_head(groups)),
        "body": "\n".join(_body(shown, groups)),
        "bare": ", ".join(f"<span>{escape(row.title)}</span>" for row in bare) or "none",
        "pages": "\n".join(line for row in (*shown, *families) if row.rules for line in _page(row)),
    }
    text = _TEMPLATE.read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


def _toggle(word: str, meaning: str) -> str:
    return (
        f'<label class="toggle"><input type="checkbox" checked value="{word}"> '
        f'<b class="mark {word}">{word[0].upper()}</b> {word}<small>{escape(meaning)}</small></label>'
    )


def _head(groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield '<tr><th rowspan="2" class="corner" scope="col">Provider</th>'
    for group, columns in groups.items():
        yield f'<th colspan="{len(columns)}" scope="colgroup">{escape(group)}</th>'
    yield "</tr><tr>"
    for columns in groups.values():
        for at, column in enumerate(columns):
            yield f'<th scope="col"{_first(at)}><span>{escape(column)}</span></th>'
    yield "</tr>"


def _first(at: int) -> str:
    return "" if at else ' class="first"'


def _body(rows: Sequence[Row], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for row in rows:
        names = " ".join([row.file.name, row.title, *row.file.head.get("aliases", ())]).lower()
        yield f'<tr data-names="{escape(names)}"><th scope="row"><a href="#{_id(row)}">{escape(row.title)}</a></th>'
        for columns in groups.values():
            for at, column in enumerate(columns):
                facts = row.cell(column)
                yield f"<td{_first(at)}>{_cell(row, column, facts) if facts else ''}</td>"
        yield "</tr>"


def _cell(row: Row, column: str, facts: Sequence[Fact]) -> str:
    word = worst(fact.columns[column] for fact in facts)
    some = not any(fact.everywhere for fact in facts)
    count = f"{len(facts)} rules" if len(facts) > 1 else "1 rule"
    label = f"{column} at {row.title}: {word}{', some models' if some else ''}, {count}"
    rules = " ".join(f"{fact.rule.name}={fact.columns[column]}" for fact in facts)
    return (
        f'<a class="mark {word}{" some" if some else ""}" href="#{_id(row)}" data-word="{word}" '
        f'data-rules="{escape(rules)}" aria-label="{escape(label)}" title="{escape(label)}">{word[0].upper()}</a>'
    )


def _id(row: Row) -> str:
    return row.page.replace("rules/", "of-").replace("/", "-")


def _page(row: Row) -> Iterator[str]:
    yield f'<section id="{_id(row)}"><h2>{escape(row.heading)}</h2>'
    head = row.file.head
    about = [
        f"<code>{escape(str(head['base_url']))}</code>" if "base_url" in head else "",
        f"key in <code>{escape(str(head['api_key_env']))}</code>" if "api_key_env" in head else "",
        f'<a href="{escape(str(head["docs"]))}">documentation</a>' if "docs" in head else "",
    ]
    taken = (
        []
        if row.file.kind == "family"
        else [f'<a href="#of-families-{name}">{escape(name)}</a>' for name in row.families]
    )
    about += [f"with the rules of the families {', '.join(taken)}"] if taken else []
    yield f"<p>{' · '.join(part for part in about if part)}</p>"
    does = {fact.rule.id: effect(fact) for fact in row.own}
    for rule in row.rules:
        yield from _rule(rule, does.get(rule.id, ""))
    yield "</section>"


def _rule(rule: Rule, does: str) -> Iterator[str]:
    word = does.partition(",")[0]
    mark = f'<b class="mark {word}" title="{word}">{word[0].upper()}</b> ' if word else ""
    models = escape(models_of(rule))
    yield f'<article id="{rule.name}" data-text="{escape(rule.name.lower())} {models.lower()}">'
    yield f'<h3>{mark}<a href="#{rule.name}">{escape(rule.name)}</a></h3><p>{escape(" ".join(rule.why.split()))}</p><dl>'
    facts = {
        "effect": does if word != does else "",
        "models": f"<code>{models}</code>" if models else "",
        "works on": "" if rule.stage == "request" else rule.stage,
        "status": "" if rule.status == "active" else rule.status,
        "note": escape(" ".join(rule.note.split())),
        "source": _source(rule.source),
        "verified": f"{rule.verified['date']} by {rule.verified['by']}",
        "evidence": " ".join(rule.evidence),
    }
    yield "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items() if value)
    yield f"</dl><details><summary>Condition, actions, examples</summary><pre>{escape(source_of(rule))}</pre></details></article>"


def _source(source: str) -> str:
    shown = escape(source)
    return f'<a href="{shown}">{shown.removeprefix("https://")}</a>' if source.startswith("https://") else shown
