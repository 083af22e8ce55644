"""What each provider does to each parameter, as pages: docs/compatibility.md, .html, and a page of rules per file.

python docs/tools/compatibility.py            compare with the pages; exit 1 and list those that are not up to date
python docs/tools/compatibility.py --write    write them anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import table_html
import table_markdown
from rule_facts import collect

from quirkbook.model import RuleFile
from quirkbook.resources import folder
from quirkbook.rulebook.load import load_folder

DOCS = Path(__file__).resolve().parents[1]
COMMAND = "python docs/tools/compatibility.py --write"


def pages(files: Sequence[RuleFile]) -> dict[str, str]:
    """Return the pages: name below docs/ -> text."""
    providers, families = collect(files)
    found = {
        "compatibility.md": table_markdown.table_page(providers, families),
        "compatibility.html": table_html.page(providers, families),
    }
    found |= {f"{row.page}.md": table_markdown.rules_page(row) for row in (*providers, *families) if row.rules}
    return found


def main(args: Sequence[str], docs: Path = DOCS) -> int:
    """Compare, or with ``--write`` write; return the exit code."""
    parser = argparse.ArgumentParser(prog="compatibility.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the pages anew, and remove those of no rule")
    asked = parser.parse_args(args)
    wanted = pages(load_folder(Path(str(folder("rules"))), "built-in"))
    there = {path.relative_to(docs).as_posix() for path in (docs / "rules").rglob("*.md")}
    stale = [name for name, text in wanted.items() if not _holds(docs / name, text)]
    orphans = sorted(there - set(wanted))
    for name in orphans if asked.write else ():
        (docs / name).unlink()
    for name in stale if asked.write else ():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(wanted[name], "utf-8")
    verb = "wrote" if asked.write else "not up to date:"
    print(
        "\n".join([*(f"{verb} {name}" for name in stale), *(f"of no rule: {name}" for name in orphans)]) or "up to date"
    )
    if asked.write or not (stale or orphans):
        return 0
    print(f"run {COMMAND}")
    return 1


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
