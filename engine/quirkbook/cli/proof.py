"""`quirkbook check` and `quirkbook test`: lint rule files, run their examples and golden files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from ..authoring import examples, lint, lint_rulebook
from ..errors import RuleFileError
from ..model import Diagnostic, Rule, RuleFile
from ..resources import folder
from ..rulebook.rulebook import Rulebook
from .configs import (
    Setting,
    counts,
    escaped,
    findings,
    is_config,
    read_all,
    setting_annotation,
    setting_as_data,
)
from .options import Refused, format_option
from .printing import echo, print_findings

PATHS = click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))


@click.command()
@PATHS
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--stale", is_flag=True, help="Also name facts last verified more than 180 days ago.")
@click.option(
    "--strict", is_flag=True, help="Of a config: unknown keys are errors, and unsupported ones end with exit code 1."
)
@click.option("--all", "everything", is_flag=True, help="Of a config: also name the keys that are used or ignored.")
def check(paths: tuple[Path, ...], form: str, stale: bool, strict: bool, everything: bool) -> None:
    """Lint rule files: every diagnostic at once, with file:line:column, a code and what to write instead.

    Without PATH the built-in rules are checked. `quirkbook rule Q104` explains a code. Of a gateway's config.yaml the
    keys are listed too that are unsupported, and why: what its owner would miss. Its variables need not be set for that.

    \b
    quirkbook check my-rules/
    quirkbook check --format github rules/
    quirkbook check config.yaml
    """
    configs = tuple(path for path in paths if is_config(path))
    settings, diagnostics, needs = read_all(configs, strict=strict)
    counted = [counts(settings)] if configs else []
    if len(configs) < len(paths) or not paths:
        loaded, rule_diagnostics = _lint(tuple(path for path in paths if path not in configs), stale=stale)
        diagnostics += rule_diagnostics
        counted = [*loaded, *counted]
    diagnostics = sorted(diagnostics, key=lambda one: (one.location.file, one.location.line, one.severity != "error"))
    if form == "text":
        print_findings(findings(settings, diagnostics, everything=everything))
        if needs:
            echo(f"environment variables to set: {', '.join(needs)}")
    else:
        _print(diagnostics, settings, form)
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    if form == "text":
        verdict = f"{_count(errors, 'error')}, {_count(len(diagnostics) - errors, 'warning')}"
        echo(f"{', '.join(counted)}: {verdict}", err=True)
    if errors or (strict and any(setting.state == "unsupported" for setting in settings)):
        raise Refused


def _lint(paths: Sequence[Path], *, stale: bool) -> tuple[list[str], list[Diagnostic]]:
    """Return how many rules and connections without rules there are, in words, and what is wrong with them."""
    try:
        book, owned = load(paths)
        diagnostics = [
            *lint.check_names(owned),
            *(diagnostic for owned_rule in owned for diagnostic in lint.check_rule(owned_rule, stale=stale)),
        ]
        mine = (file for file in book.files if not paths or _stands_in(file, paths))
        connections = sum(map(_is_connection, mine))
        loaded = [_count(len(owned), "rule"), *([_count(connections, "connection")] if connections else [])]
        return loaded, [*diagnostics, *lint_rulebook.check_rulebook(book, owned)]
    except RuleFileError as error:
        return ["nothing loaded"], list(error.diagnostics)


def _is_connection(file: RuleFile) -> bool:
    has_address = not file.head.keys().isdisjoint(("base_url", "base_url_env"))
    return has_address and not any(isinstance(item, Rule) for item in file.items)


@click.command()
@PATHS
@click.option("--update", is_flag=True, help="Rewrite the golden files; read them before you commit them.")
@click.option("--golden", type=click.Path(path_type=Path), metavar="DIR", help="Where the golden files are.")
@format_option
def test(paths: tuple[Path, ...], update: bool, golden: Path | None, form: str) -> None:
    """Run the examples inside rules, and compare what the whole stack makes of them with the golden files.

    Golden files lie in PATH/golden, or in tests/golden beside PATH. Without the folder only the examples are run;
    --update makes it.

    \b
    quirkbook test my-rules/
    quirkbook test my-rules/ --update
    """
    book, owned = load(paths)
    goldens = golden or golden_folder(paths)
    verdicts = [examples.prove(book, owned_rule, goldens, update=update) for owned_rule in owned]
    diagnostics = [diagnostic for verdict in verdicts for diagnostic in verdict.diagnostics]
    folders_only = not paths or all(path.is_dir() for path in paths)
    for path in examples.orphans({verdict.rule for verdict in verdicts}, goldens) if folders_only else ():
        if update:
            path.unlink()
            echo(f"removed {path}", err=form == "json")
        else:
            diagnostics.append(examples.orphan_diagnostic(path))
    for verdict in verdicts:
        if verdict.written:
            echo(f"wrote {goldens / verdict.rule}.yml", err=form == "json")
    _print(diagnostics, (), form)
    bad = len({verdict.rule for verdict in verdicts if verdict.diagnostics})
    count = sum(len(owned_rule.rule.examples) for owned_rule in owned)
    no_golden = "" if goldens.is_dir() else " (no golden files: --update writes them)"
    proven = f"{_count(len(owned), 'rule')}, {_count(count, 'example')}"
    echo(f"{proven}: {_count(bad, 'rule')} failed{no_golden}", err=True)
    if diagnostics:
        raise Refused


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def load(paths: Sequence[Path]) -> tuple[Rulebook, list[examples.Owned]]:
    """Return the rulebook with ``paths`` as layers, and the rules that stand in them."""
    shipped = Path(str(folder("rules"))).resolve()
    paths = paths or (shipped,)
    ours = any(shipped in (path.resolve(), *path.resolve().parents) for path in paths)
    book = Rulebook.load(os.path.relpath(shipped), builtin=False) if ours else Rulebook.load(*paths)
    return book, [owned_rule for owned_rule in examples.owned_rules(book) if _stands_in(owned_rule.rule, paths)]


def _stands_in(item: Rule | RuleFile, paths: Sequence[Path]) -> bool:
    """Tell whether a rule or file is at one of the paths. Built-in ones are shown as rules/..., wherever they are."""
    if item.layer == "built-in":
        return False
    place = Path(item.location.file).resolve()
    return any(place == path.resolve() or path.resolve() in place.parents for path in paths)


def golden_folder(paths: Sequence[Path]) -> Path:
    path = paths[0] if paths else Path(str(folder("rules")))
    home = path if path.is_dir() else path.parent
    beside = home.resolve().parent / "tests" / "golden"
    return beside if beside.is_dir() and home.name == "rules" else home / "golden"


def _print(diagnostics: Sequence[Diagnostic], settings: Sequence[Setting], form: str) -> None:
    if form == "json":
        rows = [*map(_as_data, diagnostics), *map(setting_as_data, settings)]
        echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif form == "text":
        for row in (*diagnostics, *settings):
            echo(str(row))
    else:
        for line in (*map(_annotation, diagnostics), *map(setting_annotation, settings)):
            echo(line)


def _as_data(diagnostic: Diagnostic) -> dict[str, object]:
    place = diagnostic.location
    return {
        "file": place.file, "line": place.line, "column": place.column, "code": diagnostic.code,
        "severity": diagnostic.severity, "message": diagnostic.message, "hint": diagnostic.hint,
    }  # fmt: skip


def _annotation(diagnostic: Diagnostic) -> str:
    place = diagnostic.location
    text = f"{diagnostic.message}: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    return f"::{diagnostic.severity} file={place.file},line={place.line},col={place.column},title={diagnostic.code}::{escaped(text)}"
