"""Links in the pages lead to files that a clone of the repository has, and to headings that are there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "tools"))

from evidence_map import anchor  # noqa: E402 - found by the line above

#: Built by docs/tools/build_pages.py: on some machines, never in a clone.
BUILT = (ROOT / "docs" / "compatibility.html", ROOT / "docs" / "rules")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {anchor(heading) for heading in headings}


def dead_links(page, text):
    """Yield each link that does not lead anywhere."""
    for name, heading in _LINK.findall(_CODE.sub("", text)):
        target = (page.parent / name).resolve() if name else page
        is_built = any(target.is_relative_to(built) for built in BUILT)
        if is_built or not target.exists() or (heading and heading not in anchors(target)):
            yield f"{name}#{heading}" if heading else name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_of_a_page_leads_somewhere(page):
    assert list(dead_links(page, page.read_text("utf-8"))) == []


def test_dead_links_are_found():
    text = (
        "# Here\n[a](nowhere.md) [b](#here-not) [c](rules/acme.md) [d](compatibility.html) [e](language.md#no-such-heading)\n"
        "[f](https://acme.example/nowhere) [g](language.md) [h](../rules/openai.yaml) `[i](code.md)`\n```\n[j](code.md)\n```\n"
    )

    assert list(dead_links(ROOT / "docs" / "architecture.md", text)) == [
        "nowhere.md", "#here-not", "rules/acme.md", "compatibility.html", "language.md#no-such-heading",
    ]  # fmt: skip
