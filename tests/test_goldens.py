"""The built-in rules: their golden files, their examples, and three facts about every rule."""

from pathlib import Path

import pytest

from quirkbook import Rulebook
from quirkbook.authoring import examples, lint

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

GOLDEN = Path(__file__).parent / "golden"
BOOK = Rulebook.load()
OWNED = {one.rule.name: one for one in examples.owned_rules(BOOK)}

each_rule = pytest.mark.parametrize("name", sorted(OWNED))


@each_rule
def test_the_stack_makes_of_the_examples_what_the_golden_file_records(name, data_regression):
    record = examples.golden(BOOK, OWNED[name])

    data_regression.check(record, fullpath=GOLDEN / f"{name}.yml")
    assert examples.dump(record) == (GOLDEN / f"{name}.yml").read_text("utf-8")  # both write the same text


@each_rule
def test_a_rule_is_proven_by_its_examples(name):
    assert [str(diagnostic) for diagnostic in lint.check_rule(OWNED[name]) if diagnostic.severity == "error"] == []


def test_every_rule_has_a_golden_file_and_every_golden_file_a_rule():
    recorded = {path.relative_to(GOLDEN).with_suffix("").as_posix() for path in GOLDEN.rglob("*.yml")}

    assert recorded == set(OWNED)


def test_the_names_of_rules_are_unique():
    assert [str(diagnostic) for diagnostic in lint.check_names(examples.owned_rules(BOOK))] == []
