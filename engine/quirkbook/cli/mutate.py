"""`quirkbook mutate`: what of the rules do examples and golden files not notice?"""

from __future__ import annotations

import json
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from ..proof.mutants import Fate, fates
from ..proof.suggest import examples, text
from .options import Refused
from .printing import echo
from .proof import PATHS, golden_folder, load


@click.command()
@PATHS
@click.option("--rule", "rule_glob", default="*", metavar="GLOB", help="Only these rules.")
@click.option("--golden", type=click.Path(path_type=Path), metavar="DIR", help="Where the golden files are.")
@click.option(
    "--known",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Survivors that are accepted, a line each: the mutant, a tab, why.",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 100),
    default=0,
    show_default=True,
    metavar="PERCENT",
    help="Exit 1 if fewer are noticed.",
)
@click.option(
    "--suggest", is_flag=True, help="Print examples that would notice them, to be read and put into the rule files."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def mutate(
    paths: tuple[Path, ...],
    rule_glob: str,
    golden: Path | None,
    known: Path | None,
    least: float,
    suggest: bool,
    form: str,
) -> None:
    """Change one word, bound, glob or action of each rule at a time, and list the changes that no example and no golden file notices.

    Such a survivor is a part of a rule that nothing is about. A change that comes out as the rule does, whatever is
    sent, does not count. Without PATH the built-in rules are changed; no file is.

    \b
    quirkbook mutate rules/mistral.yaml
    quirkbook mutate rules/mistral.yaml --suggest
    quirkbook mutate rules --known tests/data/mutants.tsv --least 95
    """
    _, owned = load(paths)
    goldens = golden or golden_folder(paths)
    accepted = _accepted(known)
    found: list[Fate] = []
    suggested: dict[str, Any] = {}
    for each in owned:
        if each.rule.status != "retired" and fnmatchcase(each.rule.name, rule_glob):
            own = list(fates(each, goldens))
            found += own
            if suggest and (shown := [text(node) for node in examples(each, own)]):
                suggested[each.rule.name] = {"at": str(each.rule.examples[-1].location), "examples": shown}
    alike = {fate.mutant.name: fate.why for fate in found if fate.killer == "alike"}
    survivors = [fate.mutant for fate in found if fate.killer is None]
    new = [mutant for mutant in survivors if mutant.name not in accepted]
    counts = Counter(fate.killer or "survived" for fate in found)
    counted = len(found) - len(alike) - (len(survivors) - len(new))
    score = 100 * (counted - len(new)) / counted if counted else 100.0
    if form == "json":
        data = {
            "mutants": len(found),
            "by": dict(counts),
            "score": round(score, 1),
            "survivors": [mutant.name for mutant in new],
            "alike": alike,
            **({"suggested": suggested} if suggest else {}),
        }
        echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        for name, more in suggested.items():
            echo("\n".join([f"{more['at']}: {name}", *more["examples"]]))
        for mutant in () if suggest else new:
            echo(mutant.name)
        by = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        echo(
            f"{len(found)} mutants ({by}), {len(survivors) - len(new)} of them accepted: {score:.1f} % noticed",
            err=True,
        )
    if score < least:
        raise Refused


def _accepted(path: Path | None) -> set[str]:
    if path is None:
        return set()
    lines = path.read_text("utf-8").splitlines()
    return {line.partition("\t")[0] for line in lines if line.strip() and not line.startswith("#")}
