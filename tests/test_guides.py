"""The guides and the site's own pages: their code runs, their commands succeed, and the site's sources fit together."""

import os
import re
import subprocess
import sys

import pytest
from tests.test_readme import ROOT, blocks, shell

from quirkbook.emulator import Emulator, running

sys.path.insert(0, str(ROOT / "docs" / "tools"))

import build_site

PAGES = [*sorted((ROOT / "docs" / "guides").glob("*.md")), ROOT / "docs" / "site" / "index.md"]
PYTHON = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(blocks("python", page.read_text("utf-8")))
]
COMMANDS = [
    pytest.param(line[2:], id=f"{page.stem}: {line[2:]}")
    for page in PAGES
    for block in blocks("console", page.read_text("utf-8"))
    for line in block.splitlines()
    if re.match(r"\$ quirkbook (?!serve|emulate)", line)
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as a reader of the guides has it: the examples, rules of one's own, requests."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    subprocess.run([sys.executable, "-m", "quirkbook", "new", "acme", "--into", "my-rules"], cwd=tmp_path, check=True)
    (tmp_path / "requests.jsonl").write_text('{"temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def moonshot(monkeypatch):
    with running(Emulator("moonshot")) as base_url:
        monkeypatch.setenv("MOONSHOT_API_BASE", base_url)
        monkeypatch.setenv("MOONSHOT_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield


@pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")
@pytest.mark.parametrize("code", PYTHON)
def test_each_program_runs(code, folder, moonshot):
    exec(compile(code, "guide.md", "exec"), {})


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_succeeds(command, folder):
    if command.startswith("quirkbook new"):
        command += "-too"  # the folder is there already
    done = shell(command, folder, {**os.environ, "MOONSHOT_API_KEY": "x", "GATEWAY_KEY": "x"})

    assert done.returncode == 0, done.stderr


def test_the_rules_that_are_shown_are_sound(folder):
    shown = blocks("yaml", (ROOT / "docs" / "guides" / "own-provider.md").read_text("utf-8"))
    path = folder / "my-rules" / "acme.yaml"
    path.write_text(f"{path.read_text('utf-8')}\n{shown[0]}", "utf-8")
    (folder / "my-rules" / "more.yaml").write_text(shown[2], "utf-8")

    done = shell("quirkbook check my-rules", folder)

    assert (done.returncode, done.stderr) == (0, "3 rules: 0 errors, 0 warnings\n")


def test_the_commands_of_the_skill_exist():
    text = (ROOT / "docs" / "skill" / "SKILL.md").read_text("utf-8")
    listed = shell("quirkbook --help").stdout

    for name in set(re.findall(r"quirkbook ([a-z-]+)", text)) - {"add"}:
        assert re.search(rf"^  {name} ", listed, re.MULTILINE), name


def test_links_lead_to_pages_of_the_site_or_to_the_forge():
    names = {"docs/gateway.md": "gateway.md", "docs/guides/start.md": "guides/start.md", "CHANGELOG.md": "changelog.md"}
    text = "[a](../gateway.md#config) [b](../../CHANGELOG.md) [c](../../rules/xai.yaml) [d](https://acme.example) [e](#x)\n```\n[f](g.md)\n```\n"

    assert build_site.relinked(text, "docs/guides/start.md", names) == (
        "[a](../gateway.md#config) [b](../changelog.md) "
        "[c](https://github.com/quirkbook/quirkbook/blob/main/rules/xai.yaml) [d](https://acme.example) [e](#x)\n```\n[f](g.md)\n```\n"
    )


def test_the_sources_of_the_site_list_every_page(tmp_path):
    build_site.assemble(tmp_path / "site")

    listed = "\n".join(path.read_text("utf-8") for path in (tmp_path / "site").rglob("*.md"))
    left_out = [
        path.relative_to(tmp_path / "site").with_suffix("").as_posix()
        for path in (tmp_path / "site").rglob("*.md")
        if not path.is_relative_to(tmp_path / "site" / "_extra")
    ]
    left_out = [
        name
        for name in left_out
        if not re.search(rf"^(?:rules/)?{re.escape(name.removeprefix('rules/'))}$", listed, re.M)
    ]
    assert left_out == []
    assert "- [Getting started](guides/start.html)" in (tmp_path / "site" / "_extra" / "llms.txt").read_text("utf-8")
