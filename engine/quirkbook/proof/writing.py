"""Rules as the text of a rule file: a new one, or behind those that a file has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..errors import UsageError
from ..model import Rule, same
from ..rulebook.load import load_file


def file_text(provider: str, rules: Sequence[Mapping[str, Any]]) -> str:
    """Return a rule file of a provider with some rules."""
    return f"quirks: 1\nprovider: {json.dumps(provider)}\n\nrules:\n{rules_text(rules)}"


def rules_text(rules: Sequence[Mapping[str, Any]], indent: str = "  ") -> str:
    """Return rules as items of a rule file."""
    texts = []
    for rule in rules:
        text = yaml.dump(
            dict(rule), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
        )
        first, *others = text.rstrip().splitlines()
        texts.append("\n".join([f"{indent}- {first}", *(f"{indent}  {line}" for line in others)]) + "\n")
    return "\n".join(texts)


class _Dumper(yaml.SafeDumper):
    """Writes no aliases: a rule is read by people."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def add_rules(path: Path, provider: str, rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write rules into a provider's file, behind those that it has, and return the ids that were written.

    A rule that the file has already, with the same condition and actions, is left out; one whose id is taken gets another.

    Raises:
        UsageError: the file is another provider's, or its rules are not its last part.
        RuleFileError: the file is faulty.
    """
    if not path.exists():
        written = _new(rules, [])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_text(provider, written), "utf-8")
        return [rule["id"] for rule in written]
    text = path.read_text("utf-8")
    file = load_file(text.encode(), str(path))
    if file.name != provider or file.kind != "provider":
        raise UsageError(f"{path} is the file of {file.name}, not of {provider}: name another file")
    had = [item for item in file.items if isinstance(item, Rule)]
    written = _new(rules, had)
    if not written:
        return []
    indent = re.search(r"^rules:[^\n]*\n(?:\s*#[^\n]*\n|\s*\n)*( *)- ", text, re.MULTILINE)
    head = text.rstrip("\n") + "\n" + ("\n" if indent else "\nrules:\n")
    longer = head + rules_text(written, indent[1] if indent else "  ")
    now = load_file(longer.encode(), str(path))
    if len([item for item in now.items if isinstance(item, Rule)]) != len(had) + len(written):
        raise UsageError(f"{path}: put 'rules' last in the file, then rules can be added to it")
    path.write_text(longer, "utf-8")
    return [rule["id"] for rule in written]


def _new(rules: Sequence[Mapping[str, Any]], had: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return the rules that are not there yet, each with an id of its own."""
    ids = {rule.id for rule in had}
    known = [(rule.when, list(rule.do), list(rule.models)) for rule in had]
    written: list[dict[str, Any]] = []
    for rule in rules:
        facts = (rule.get("when"), rule["do"], rule.get("models", []))
        if any(same(list(facts), list(each)) for each in known):
            continue
        known.append(facts)
        id, number = rule["id"], 2
        while id in ids:
            id, number = f"{rule['id']}-{number}", number + 1
        ids.add(id)
        written.append({**rule, "id": id})
    return written
