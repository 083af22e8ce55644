"""Find phrases that no text uses, in code, docs and rules. CONTRIBUTING.md ("Style") shows what to write instead.

    python tests/style.py    exit 1 and list the findings

Tests are not checked: they quote the texts that they assert.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def main(root: Path = ROOT) -> int:
    """Check all files below ``root``; return the exit code."""
    found = 0
    for path in checked_files(root):
        for number, phrase, advice in sorted(findings((root / path).read_text("utf-8"))):
            found += 1
            print(f"{path}:{number}: '{phrase}': {advice}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
