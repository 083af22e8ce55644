"""The built-in rules: their golden files, their examples, and three facts about every rule."""

from pathlib import Path

import pytest
import yaml

from quirkbook import Rulebook, examples, lint

GOLDEN = Path(__file__).parent / "golden"
BOOK = Rulebook.load()
OWNED = {one.rule.name: one for one in examples.owned_rules(BOOK)}

each_rule = pytest.mark.parametrize("name", sorted(OWNED))


@each_rule
def test_the_stack_makes_of_the_examples_what_the_golden_file_records(name, data_regression):
    record = examples.golden(BOOK, OWNED[name])

    data_regression.check(record, fullpath=GOLDEN / f"{name}.yml")


@each_rule
def test_a_rule_is_proven_by_its_examples(name):
    assert [str(fault) for fault in lint.check_rule(OWNED[name]) if fault.severity == "error"] == []


def test_every_rule_has_a_golden_file_and_every_golden_file_a_rule():
    recorded = {path.relative_to(GOLDEN).with_suffix("").as_posix() for path in GOLDEN.rglob("*.yml")}

    assert recorded == set(OWNED)


def test_the_command_line_writes_golden_files_as_pytest_regressions_does():
    name = "moonshot/temperature-range"

    written = examples.dump(examples.golden(BOOK, OWNED[name]))

    assert written == (GOLDEN / f"{name}.yml").read_text("utf-8")
    assert yaml.safe_load(written)[0]["sent"] == {"temperature": 1}
