"""Files that other programs read - workflows, issue forms, hooks - name scripts and commands that exist."""

import os
import re
from pathlib import Path

import pytest
import yaml

from quirkbook.cli import quirkbook

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def commands_of(workflow):
    return [
        step["run"]
        for job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_scripts_and_commands_that_exist(workflow):
    commands = "\n".join(commands_of(workflow)).replace("${{ matrix.job }}", "newest")

    for script in re.findall(r"\.ci/\w+", commands):
        assert os.access(ROOT / script, os.X_OK), script
    for name in re.findall(r"^quirkbook (\w+)", commands, re.MULTILINE):
        assert name in quirkbook.commands


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_no_more_than_it_says(workflow):
    assert yaml.safe_load(workflow.read_text("utf-8"))["permissions"]["contents"] == "read"


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_has_a_label_for_each_field(form):
    content = yaml.safe_load(form.read_text("utf-8"))
    fields = [field for field in content["body"] if field["type"] != "markdown"]

    assert content["name"] and content["description"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields) > 0


def test_the_hooks_for_other_repositories_are_commands_of_quirkbook():
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

    assert [hook["entry"].split()[1] in quirkbook.commands for hook in hooks] == [True] * len(hooks)


def test_our_own_hooks_run_what_ci_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    steps = "".join((ROOT / ".ci" / name).read_text("utf-8") for name in ("steps.sh", "run"))

    assert [hook["entry"] for hook in hooks if hook["entry"] not in steps] == []


@pytest.mark.parametrize("script", sorted((ROOT / ".ci").iterdir()), ids=lambda path: path.name)
def test_each_script_says_what_it_is_for(script):
    lines = script.read_text("utf-8").splitlines()
    first = next(line for line in lines if not line.startswith("#!"))

    assert first.startswith("# ")
