"""Build the site: docs/, the pages of rules and the API reference as HTML, and llms.txt.

pip install -r requirements/docs.txt
python docs/tools/build_site.py                       builds in build/site; a warning ends the build
python docs/tools/build_site.py --into DIR            builds in another folder
python docs/tools/build_site.py --sources-only DIR    only puts together what Sphinx reads
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from build_pages import pages as rule_pages

from quirkbook.resources import folder
from quirkbook.rulebook.load import load_folder

ROOT = Path(__file__).resolve().parents[2]
FORGE = "https://github.com/quirkbook/quirkbook/blob/main"
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)(#[^)\s]+)?(?=\))")
_FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def sources() -> dict[str, tuple[str, str]]:
    """Return the pages: name in the site -> (where it stands in the repository, its text)."""
    found = {}
    for path in [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "guides").glob("*.md")]:
        found[path.relative_to(ROOT / "docs").as_posix()] = (path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    for path in (ROOT / "docs" / "site").glob("*.md"):
        found[path.name] = (f"docs/{path.name}", path.read_text("utf-8"))
    found["changelog.md"] = ("CHANGELOG.md", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    for name, text in rule_pages(load_folder(Path(str(folder("rules"))), "built-in")).items():
        if name.endswith(".md"):
            found[name] = (f"docs/{name}", text)
    found["rules/index.md"] = (
        "docs/rules/index.md",
        _index(sorted(name for name in found if name.startswith("rules/"))),
    )
    return found


def _index(names: Sequence[str]) -> str:
    """Return the page that lists those of providers and families."""
    lines = [
        "# Rules by provider and family",
        "",
        "One page for each file of rules: its connection, and each rule with reason, source and examples.",
    ]
    for title, wanted in (("Providers", False), ("Families of models", True)):
        entries = [
            name.removeprefix("rules/").removesuffix(".md") for name in names if ("/families/" in name) is wanted
        ]
        lines += ["", f"## {title}", "", "```{toctree}", ":maxdepth: 1", *entries, "```"]
    return "\n".join(lines) + "\n"


def relinked(text: str, place: str, names: Mapping[str, str]) -> str:
    """Point the links of a page that stands at ``place`` to other pages of the site, else to the forge.

    ``names`` maps places in the repository to names in the site.
    """
    here = PurePosixPath(next(name for name, where in ((names[key], key) for key in names) if where == place)).parent

    def target(match: re.Match[str]) -> str:
        path = _normal(PurePosixPath(place).parent / match[1])
        heading = match[2] or ""
        if path in names:
            return _relative(names[path], here) + heading
        return match[0] if path == "docs/compatibility.html" else f"{FORGE}/{path}{heading}"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(target, part) for part in parts)


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts)


def _relative(name: str, here: PurePosixPath) -> str:
    up = len([part for part in here.parts if part != "."])
    return "../" * up + name


def llms_txt(found: Mapping[str, tuple[str, str]]) -> str:
    """Return llms.txt: what the project is, and a line for each page that an agent may want to read."""
    lines = [
        "# Quirkbook",
        "",
        "> One OpenAI chat payload, every OpenAI-compatible provider: quirks as YAML rules, applied and reported.",
        "",
    ]
    for title, wanted in (
        ("Guides", lambda name: not name.startswith("rules/")),
        ("Rules", lambda name: name.startswith("rules/")),
    ):
        lines += [f"## {title}", ""]
        for name, (_, text) in sorted(found.items()):
            heading = re.search(r"^# (.*)$", text, re.MULTILINE)
            if wanted(name) and heading:
                lines.append(f"- [{heading[1]}]({name.removesuffix('.md')}.html)")
        lines.append("")
    return "\n".join(lines)


def assemble(target: Path) -> None:
    """Write all that Sphinx reads into an empty folder."""
    found = sources()
    names = {place: name for name, (place, _) in found.items()}
    for name, (place, text) in found.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(relinked(text, place, names), "utf-8")
    shutil.copy(ROOT / "docs" / "site" / "conf.py", target)
    shutil.copytree(ROOT / "docs" / "site" / "_static", target / "_static")
    extra = target / "_extra"
    extra.mkdir()
    table = rule_pages(load_folder(Path(str(folder("rules"))), "built-in"))["compatibility.html"]
    (extra / "compatibility-table.html").write_text(table, "utf-8")
    (extra / "llms.txt").write_text(llms_txt(found), "utf-8")
    shutil.copytree(ROOT / "docs" / "skill", extra / "skill")


def main(args: Sequence[str]) -> int:
    """Build; return the exit code: that of Sphinx."""
    parser = argparse.ArgumentParser(prog="build_site.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "site", metavar="DIR", help="where to build")
    parser.add_argument("--sources-only", type=Path, metavar="DIR", help="write the sources there, and build nothing")
    options = parser.parse_args(args)
    if options.sources_only:
        assemble(options.sources_only)
        return 0
    with tempfile.TemporaryDirectory() as folder_name:
        assemble(Path(folder_name))
        command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-b", "html"]
        return subprocess.run([*command, folder_name, str(options.into)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
