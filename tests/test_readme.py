"""What the README and CONTRIBUTING say is run as it stands there."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quirkbook.cli import quirkbook

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")
@pytest.mark.parametrize(
    "code", [block for block in blocks("python") if "api_key" not in block and "completion(" not in block]
)
def test_each_python_block_of_the_readme_runs(code):
    exec(compile(code, "README.md", "exec"), {})


def shell(command, cwd=ROOT, env=None):
    python = shlex.quote(sys.executable)
    command = re.sub(r"(^|\| )(?:\S*/)?quirkbook ", rf"\1{python} -m quirkbook ", command)
    return subprocess.run(
        ["bash", "-c", re.sub(r"^python ", f"{python} ", command)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env,
    )


#: What the extras bring, as it is imported.
EXTRAS = [
    "aiohttp",
    "httptools",
    "httpx",
    "httpx2",
    "litellm",
    "msgspec",
    "openai",
    "prometheus_client",
    "ray",
    "uvicorn",
    "uvloop",
    "watchfiles",
]
PIP = re.compile(r"pip install '\.\[([\w,]+)\]'")
COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("command", [one for one in COMMANDS if re.match(r"quirkbook (?!emulate|serve)|echo ", one)])
def test_each_quirkbook_command_of_the_readme_succeeds(command):
    done = shell(command)

    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def only_the_first_install(tmp_path_factory):
    """Return an environment in which the packages of the extras cannot be imported."""
    folder = tmp_path_factory.mktemp("without")
    for name in EXTRAS:
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('{name} is not installed', name='{name}')")
    return {**os.environ, "PYTHONPATH": str(folder)}


def enough(block):
    """Say whether a block needs no more than the first install: it does not begin with an install of an extra."""
    return not PIP.match(block.removeprefix("$ "))


@pytest.mark.parametrize(
    "command",
    [
        line[2:]
        for block in blocks("console")
        if enough(block)
        for line in block.splitlines()
        if re.match(r"\$ (quirkbook|echo) ", line)
    ],
)
def test_the_first_install_is_enough_for_a_command_that_names_no_extra(command, only_the_first_install):
    done = shell(command, env=only_the_first_install)

    assert done.returncode == 0, done.stderr


def test_a_command_that_needs_an_extra_names_it_in_the_first_line_of_its_block(only_the_first_install):
    needs = {
        line: PIP.match(block[2:])[1]
        for block in blocks("console")
        if not enough(block)
        for line in block.splitlines()
        if re.match(r"\$ (quirkbook (emulate|serve)|python) ", line)
    }
    said = [shell(line[2:], env=only_the_first_install).stderr for line in needs]

    assert needs == {
        "$ quirkbook emulate moonshot": "openai,serve",
        "$ python examples/emulate_moonshot.py": "openai,serve",
        "$ quirkbook serve --config examples/gateway/config.yaml": "serve",
    }
    assert [re.search(r"openai|'\.\[\w+\]'", text)[0] for text in said] == ["'.[serve]'", "openai", "'.[serve]'"]


def test_each_program_that_imports_more_than_the_first_install_names_the_extra_in_its_first_line():
    imports = re.compile(rf"^(?:from|import) ({'|'.join(EXTRAS)})\b", re.MULTILINE)
    needy = {block.splitlines()[0]: imports.findall(block) for block in blocks("python") if imports.search(block)}

    assert needy == {"# pip install '.[openai]'": ["openai"]}


def test_each_extra_that_is_named_is_one_of_the_package():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/gateway.md", "docs/moonshot.md")]
    code = [path for folder in ("engine", "examples") for path in (ROOT / folder).rglob("*.py")]
    texts = {path: path.read_text("utf-8") for path in (*pages, *code)}
    named = {extra for text in texts.values() for extras_ in PIP.findall(text) for extra in extras_.split(",")}

    assert {"async", "openai", "serve"} <= named <= set(extras)
    assert [
        str(path)
        for path, text in texts.items()
        if re.search(r"pip install '?quirkbook|pip install .* quirkbook", text)
    ] == []


def test_the_job_that_guards_changes_runs_the_readmes_test_command():
    job = (ROOT / ".ci" / "run").read_text("utf-8")
    pattern = re.search(r"sed -n '([^']+)' README\.md", job)[1]
    done = subprocess.run(["sed", "-n", pattern, "README.md"], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout == f"{COMMANDS[1]}\n"
    assert COMMANDS[1].startswith(".venv/bin/pip install -q -r requirements/test.txt && ")


def test_the_picture_shows_what_the_emulator_refuses_and_what_the_command_prints():
    done = subprocess.run([sys.executable, ROOT / "docs" / "tools" / "picture.py"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_each_command_has_a_row_on_the_page_of_the_command_line():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")

    assert set(re.findall(r"^\| `quirkbook ([\w-]+)", page, re.MULTILINE)) == set(quirkbook.commands)


def test_the_rule_that_is_shown_is_the_one_of_the_example():
    shown = blocks("yaml")[0]

    assert shown in (ROOT / "examples" / "my-rules" / "acme.yaml").read_text("utf-8")


def test_the_five_minute_recipe_works_in_a_new_folder(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rule = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1].replace("\n   ", "\n").removeprefix("   ")
    (tmp_path / "my-rules").mkdir()
    (tmp_path / "my-rules" / "x.yaml").write_text(rule)
    (tmp_path / "request.json").write_text('{"seed": 7, "n": 1}')
    commands = re.findall(r"\*\*`(quirkbook [^`]*)`", text)

    done = [shell(command, tmp_path) for command in commands]

    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert done[-1].stdout == '{\n  "n": 1\n}\n'
    assert (tmp_path / "my-rules" / "golden" / "x" / "no-seed.yml").is_file()
