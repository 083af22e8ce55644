"""What the README and CONTRIBUTING say is run as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

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


def shell(command, cwd=ROOT):
    program = f"{shlex.quote(sys.executable)} -m quirkbook"
    return subprocess.run(
        ["bash", "-c", re.sub(r"(^|\| )(?:\S*/)?quirkbook ", rf"\1{program} ", command)],
        capture_output=True,
        text=True,
        cwd=cwd,
    )


COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("command", [one for one in COMMANDS if re.match(r"quirkbook (?!emulate|serve)|echo ", one)])
def test_each_quirkbook_command_of_the_readme_succeeds(command):
    done = shell(command)

    assert done.returncode == 0, done.stderr


def test_the_first_command_prints_the_report_that_is_shown():
    command = COMMANDS[0].rpartition("&& ")[2]
    shown = [line for line in blocks("text")[0].splitlines() if line.strip() and line != "..."]

    said = shell(command).stderr

    assert [line for line in shown if line not in said.splitlines()] == []


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
