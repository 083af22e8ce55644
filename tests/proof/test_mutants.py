"""Mutation testing of rules: what no example is about survives; what is no rule does not count."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.books import a_folder

from quirkbook import Rulebook
from quirkbook.authoring.examples import owned_rules
from quirkbook.cli import quirkbook
from quirkbook.proof.mutants import fates, mutants

RULES = """\
quirks: 1
provider: acme
let: {cold: {temperature: 0}}
rules:
  - id: range
    why: Acme takes 0 to 1.
    source: https://acme.example
    verified: {date: 2026-01-01, by: docs}
    models: ["lumen-*", "spark-1"]
    when: {temperature: {gt: 1}, $cold: false}
    do:
      - clamp: {temperature: [0, 1]}
      - warn: It is cold.
    examples:
      - {in: {model: lumen-2, temperature: 2}, out: {model: lumen-2, temperature: 1}}
      - {in: {model: lumen-2, temperature: 1}, same: true}
"""


@pytest.fixture
def owned(tmp_path):
    return next(owned_rules(Rulebook.load(a_folder(tmp_path, acme=RULES), builtin=False)))


def test_one_thing_is_changed_at_a_time(owned):
    names = [mutant.name for mutant in mutants(owned.rule)]

    assert names == [
        "acme/range when.temperature: left out",
        "acme/range when.temperature.gt: -> gte",
        "acme/range when.temperature.gt: 1 -> 2",
        "acme/range when.temperature.gt: 1 -> 0",
        "acme/range when.$cold: left out",
        "acme/range when.$cold: false -> true",
        "acme/range do.0: left out",
        "acme/range do.0.clamp.temperature.0: left out",
        "acme/range do.0.clamp.temperature.0: 0 -> 1",
        "acme/range do.0.clamp.temperature.0: 0 -> -1",
        "acme/range do.0.clamp.temperature.1: left out",
        "acme/range do.0.clamp.temperature.1: 1 -> 2",
        "acme/range do.0.clamp.temperature.1: 1 -> 0",
        "acme/range do.1: left out",
        "acme/range models.0: left out",
        'acme/range models.0: "lumen-*" -> "lumen-*x"',
        "acme/range models.1: left out",
        'acme/range models.1: "spark-1" -> "spark-1x"',
    ]


def test_examples_notice_what_they_are_about(owned, tmp_path):
    killed = {fate.mutant.where: fate.killer for fate in fates(owned, tmp_path / "golden")}

    assert killed["do.0"] == killed["do.0.clamp.temperature.1"] == killed["models.0"] == "example"
    assert killed["when.$cold"] == "example" and killed["models.1"] is None
    assert "do.0.clamp.temperature.2" not in killed


def test_an_oracle_is_asked_about_what_examples_do_not_notice(owned, tmp_path):
    asked = []

    def oracle(changed):
        asked.append(changed.rule.models)
        return "oracle"

    assert {fate.killer for fate in fates(owned, tmp_path, oracle)} == {"example", "oracle"}
    assert ("lumen-*",) in asked


def test_a_golden_file_notices_what_only_the_whole_stack_shows(tmp_path):
    folder = a_folder(tmp_path / "rules", acme=RULES)
    CliRunner().invoke(quirkbook, ["test", str(folder), "--update"])
    owned = next(owned_rules(Rulebook.load(folder, builtin=False)))
    golden = folder / "golden" / "acme" / "range.yml"
    golden.write_text(golden.read_text().replace("temperature: 1\n", "temperature: 0.5\n", 1))

    assert "golden" in {fate.killer for fate in fates(owned, folder / "golden")}


def test_survivors_are_listed_and_may_be_accepted(tmp_path):
    folder = a_folder(tmp_path / "rules", acme=RULES)
    done = CliRunner().invoke(quirkbook, ["mutate", str(folder), "--least", "95"])
    known = tmp_path / "known.tsv"
    known.write_text("# survivors\n" + "".join(f"{line}\tthe same\n" for line in done.stdout.splitlines()))
    accepted = CliRunner().invoke(
        quirkbook, ["mutate", str(folder), "--least", "95", "--known", str(known), "--format", "json"]
    )

    assert (done.exit_code, accepted.exit_code) == (1, 0)
    assert 'acme/range models.1: "spark-1" -> "spark-1x"' in done.stdout
    assert done.stderr.endswith(" % noticed\n")
    assert json.loads(accepted.stdout)["survivors"] == [] and json.loads(accepted.stdout)["score"] == 100


def test_only_the_rules_that_are_asked_for_are_changed(tmp_path):
    done = CliRunner().invoke(quirkbook, ["mutate", str(a_folder(tmp_path, acme=RULES)), "--rule", "acme/other"])

    assert done.stderr == "0 mutants (), 0 of them accepted: 100.0 % noticed\n"
