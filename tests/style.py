"""Find phrases that new texts no longer use, in code, docs and rules. CONTRIBUTING.md ("Style") shows what to write instead.

    python tests/style.py            exit 1 and list new findings, and exceptions that no longer exist
    python tests/style.py --prune    remove those exceptions from the list; nothing adds any

The exceptions are lines that were there before the check: tests/style_exceptions.txt, one line each, in whatever file it
stands. Tests are not checked: they quote the texts that they assert.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXCEPTIONS = Path("tests", "style_exceptions.txt")
FOLDERS = (".ci", "bench", "docs", "engine", "examples", "rules", "schemas")
SUFFIXES = {".html", ".json", ".md", ".py", ".toml", ".yaml", ".yml"}
#: Made of the rules, whose texts are checked where they are written.
GENERATED = (
    Path("docs/compatibility.html"),
    Path("docs/compatibility.md"),
    Path("docs/coverage.md"),
    Path("docs/rules"),
)
#: Between these two lines a text shows what not to write.
_OFF, _ON = "<!-- style: off -->", "<!-- style: on -->"

#: What may stand between two words: a blank, or a line break with a comment's or literal's marks around it.
_GAP = r"""(?:[ ]|[ ]?["']?\s*\n[\s#>]*(?:f?["'])?[ ]?)"""
#: Phrase -> what to write instead.
PHRASES = {
    re.compile(pattern): advice
    for pattern, advice in {
        rf"(?<!here )\bis{_GAP}no\b(?!{_GAP}(?:longer|more than|less than|fewer than)\b)": "write 'is not a' or 'must be'",
        rf"(?<!here )\bis{_GAP}none\b": "write 'is not one', or name what is missing",
        rf"\btells?{_GAP}of\b": "write 'reports' or 'describes'",
        rf"\bspeaks?{_GAP}of\b": "write 'applies to' or 'is about'",
        rf"\bwho{_GAP}is{_GAP}meant\b": "name it: 'which provider'",
        r"\bis (?:text|an? [\w ]{1,30}), not \{": "write 'must be X, not Y; example: ...'",
    }.items()
}


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield for each phrase the number of its line, the phrase, and what to write instead."""
    shown = re.sub(f"{_OFF}.*?{_ON}", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    for pattern, advice in PHRASES.items():
        for match in pattern.finditer(shown):
            yield shown.count("\n", 0, match.start()) + 1, " ".join(re.findall(r"[\w,{]+", match[0])), advice


def checked_files(root: Path) -> Iterator[Path]:
    """Yield the files to check, as paths below ``root``."""
    for path in sorted([*root.glob("*"), *(file for name in FOLDERS for file in (root / name).rglob("*"))]):
        short = path.relative_to(root)
        is_generated = any(short.is_relative_to(generated) for generated in GENERATED)
        if path.is_file() and path.suffix in SUFFIXES and not is_generated:
            yield short


def main(args: Sequence[str], root: Path = ROOT) -> int:
    """Check all files below ``root``; return the exit code."""
    parser = argparse.ArgumentParser(prog="style.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prune", action="store_true", help="remove exceptions that no longer exist from the list")
    prune = parser.parse_args(args).prune
    listed = (root / EXCEPTIONS).read_text("utf-8").splitlines()
    left = Counter(listed)
    new = 0
    for path in checked_files(root):
        text = (root / path).read_text("utf-8")
        lines = text.splitlines()
        for number, phrase, advice in sorted(findings(text)):
            line = lines[number - 1].strip()
            if left[line]:
                left[line] -= 1
            else:
                new += 1
                print(f"{path}:{number}: '{phrase}': {advice}")
    stale = +left
    if prune and stale:
        kept = _without(listed, stale)
        (root / EXCEPTIONS).write_text("".join(f"{line}\n" for line in kept), "utf-8")
        print(f"removed {stale.total()} of {len(listed)} exceptions")
    elif stale:
        print(*(f"{EXCEPTIONS}: no longer in any file: {line}" for line in stale.elements()), sep="\n")
        print("run python tests/style.py --prune")
    return 1 if new or (stale and not prune) else 0


def _without(listed: Sequence[str], stale: Counter[str]) -> list[str]:
    left = stale.copy()
    kept = []
    for line in listed:
        if left[line]:
            left[line] -= 1
        else:
            kept.append(line)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
