"""Golden files: how a record is written, and how it is compared with what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import yaml

from ..model import Diagnostic, Location, Rule


class _Dumper(yaml.SafeDumper):
    """Writes as pytest-regressions does, so that both may rewrite and compare the same files."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(record: Any) -> str:
    """Write a golden record as YAML."""
    return yaml.dump(record, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, indent=2)


def write(path: Path, text: str) -> bool:
    """Write a golden file; tell whether that changed it."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True


def compare(rule: Rule, path: Path, text: str) -> Iterator[Diagnostic]:
    """Yield what is wrong with the golden file of a rule whose record is ``text``."""
    hint = "read what 'quirkbook test --update' writes, then commit it"
    if not path.is_file():
        yield Diagnostic(rule.location, "Q210", f"{rule.name} has no golden file {path}", hint)
        return
    recorded = path.read_text("utf-8")
    # Most are equal to the byte, and to parse them takes longer than all the rest.
    if recorded != text and _parsed(recorded) != yaml.safe_load(text):
        before, after = recorded.splitlines(), text.splitlines()
        diff = "\n".join(list(unified_diff(before, after, "recorded", "now", lineterm="", n=1))[:40])
        yield Diagnostic(
            Location(str(path), 1, 1), "Q212", f"{rule.name} no longer does what its golden file records:\n{diff}", hint
        )


def _parsed(recorded: str) -> Any:
    """Return what a golden file records; None where it is not YAML any more."""
    try:
        return yaml.safe_load(recorded)
    except yaml.YAMLError:
        return None
