"""docs/compatibility.md: what each provider does to each parameter.

python docs/tools/compatibility.py            compare with the page; exit 1 if it is not up to date
python docs/tools/compatibility.py --write    write the page anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import table_markdown
from rule_facts import collect

from quirkbook.resources import folder
from quirkbook.rulebook.load import load_folder

DOCS = Path(__file__).resolve().parents[1]
COMMAND = "python docs/tools/compatibility.py --write"


def page() -> str:
    """Return the text of the page, made of the rules that ship."""
    return table_markdown.table_page(*collect(load_folder(Path(str(folder("rules"))), "built-in")))


def main(args: Sequence[str], docs: Path = DOCS) -> int:
    """Compare, or with ``--write`` write; return the exit code."""
    parser = argparse.ArgumentParser(prog="compatibility.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/compatibility.md")
    asked = parser.parse_args(args)
    target = docs / "compatibility.md"
    text = page()
    if target.is_file() and target.read_text("utf-8") == text:
        print("compatibility.md is up to date")
        return 0
    if not asked.write:
        print(f"compatibility.md is not up to date: run {COMMAND}")
        return 1
    target.write_text(text, "utf-8")
    print("wrote compatibility.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
