"""Build the pages that are not committed: compatibility.html, and rules/ with a page for each file of rules.

python docs/tools/build_pages.py              build them in docs/, where git ignores them
python docs/tools/build_pages.py --into DIR   build them in another folder; links to the committed pages then lead nowhere
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import table_html
from rule_facts import collect
from table_markdown import BUILT, rules_page

from quirkbook.model import RuleFile
from quirkbook.resources import folder
from quirkbook.rulebook.load import load_folder

DOCS = Path(__file__).resolve().parents[1]


def pages(files: Sequence[RuleFile]) -> dict[str, str]:
    """Return the pages: path below the folder -> text."""
    providers, families = collect(files)
    built = {f"{row.page}.md": rules_page(row) for row in (*providers, *families) if row.rules}
    return {"compatibility.html": table_html.page(providers, families)} | built


def write(built: dict[str, str], target: Path) -> list[Path]:
    """Write the pages; remove the pages of files that no longer exist, and return their paths."""
    for name, text in built.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, "utf-8")
    # Only what an earlier build wrote: --into may name a folder that holds other files.
    stale = [
        path
        for path in sorted((target / "rules").rglob("*.md"))
        if path.relative_to(target).as_posix() not in built and path.read_text("utf-8").startswith(BUILT)
    ]
    for path in stale:
        path.unlink()
    return stale


def main(args: Sequence[str]) -> int:
    """Build; return the exit code."""
    parser = argparse.ArgumentParser(prog="build_pages.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=DOCS, metavar="DIR", help="the folder to build in [docs/]")
    target = parser.parse_args(args).into
    built = pages(load_folder(Path(str(folder("rules"))), "built-in"))
    stale = write(built, target)
    removed = f", removed {len(stale)}" if stale else ""
    print(f"built {len(built)} pages in {target}{removed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
