"""What tells a mutant from its rule: payloads on both sides of everything that it asks, and the reason where none does."""

from __future__ import annotations

import pytest
import yaml
from click.testing import CliRunner
from tests.books import a_book, a_file, a_folder, a_rule

from quirkbook import Rulebook
from quirkbook.authoring.examples import check_examples, owned_rules
from quirkbook.cli import quirkbook
from quirkbook.model import MISSING
from quirkbook.payload.path import parse
from quirkbook.proof.borders import points
from quirkbook.proof.mutants import fates
from quirkbook.proof.neighbours import neighbours
from quirkbook.proof.placing import changed, swapped
from quirkbook.proof.suggest import examples, text

FIRES = {"in": {"temperature": 2}, "out": {"temperature": 1}}


def owned(do, when=None, *shown, **more):
    return next(owned_rules(a_book(a_rule("r", do, when, examples=list(shown or [{"in": {}, "same": True}]), **more))))


def fates_of(tmp_path, *args, **more):
    return {f"{fate.mutant.where}: {fate.mutant.what}": fate for fate in fates(owned(*args, **more), tmp_path)}


# Mutants that are alike


@pytest.mark.parametrize(
    ("do", "when", "mutant", "why"),
    [
        (
            {"clamp": {"temperature": [0, 1]}}, {"temperature": {"gt": 1}}, "when.temperature.gt: -> gte",
            "where only one of the conditions holds, the actions find nothing to do",
        ),
        (
            {"drop": ["temperature"]}, {"temperature": {"exists": True, "is": "number"}}, "when.temperature.exists: left out",
            "the rest of the condition decides alike",
        ),
        (
            [{"drop": ["temperature"]}, {"drop": ["temperature"]}], None, "do.1: left out",
            "another part of the rule does the same, or it is what holds unless it is said",
        ),
    ],
)  # fmt: skip
def test_a_mutant_that_means_the_same_is_named_with_the_reason(do, when, mutant, why, tmp_path):
    fate = fates_of(tmp_path, do, when)[mutant]

    assert fate.killer == "alike"
    assert fate.why.startswith(f"{why} (") and fate.why.endswith(" payloads tried)")


def test_a_glob_that_another_one_covers_is_alike(tmp_path):
    fate = fates_of(tmp_path, {"drop": ["a"]}, models=["lumen-*", "lumen-2"])["models.1: left out"]

    assert (fate.killer, fate.why.partition(" (")[0]) == ("alike", "the rest of 'models' decides alike")


# Payloads and models


def test_each_bound_has_values_on_both_sides():
    rule = owned({"clamp": {"temperature": [0, 1.5]}}, {"temperature": {"outside": [0, 1.5]}}).rule
    values = [point.value for point in points(rule, {}) if point.steps == ("temperature",)]

    assert {0, -0.5, 0.5, 1.5, 1.51, 1.49} <= {value for value in values if isinstance(value, int | float)}
    assert MISSING in values and None in values


@pytest.mark.parametrize(
    ("path", "value", "made"),
    [
        ("a.b", 1, [{"a": {"b": 1}}]),
        ("x[*].y", 1, [{"x": [{"y": 1}, {"y": 2}]}, {"x": [{"y": 3}, {"y": 1}]}, {"x": [{"y": 3}, {"y": 2}, {"y": 1}]},
                       {"x": [{"y": 1}, {"y": 3}, {"y": 2}]}]),
        ("x[-1].y", MISSING, [{"x": [{"y": 3}, {}]}]),
        ("x[0]", 1, [{"x": [1, {"y": 2}]}]),
        ("x.y", 1, []),
        ("z", MISSING, []),
        ("**.y", 1, [{"y": 1}, {"x": [{"y": 1}, {"y": 2}]}]),
    ],
)  # fmt: skip
def test_something_else_is_put_at_each_place_and_into_one_more_item(path, value, made):
    given = {"x": [{"y": 3}, {"y": 2}]}
    found = list(changed(given, parse(path).steps, value))

    assert given == {"x": [{"y": 3}, {"y": 2}]}
    assert found == [{**given, **each} for each in made]


def test_a_value_of_a_table_gives_way_to_the_others():
    assert list(swapped({"a": [{"code": 7}]}, ["7", "8", "odd"])) == [{"a": [{"code": 8}]}, {"a": [{"code": "odd"}]}]
    assert list(swapped({"a": True}, ["True"])) == []


def test_models_stand_just_inside_and_just_outside_of_a_range():
    family = a_file(
        a_rule("r", {"drop": ["a"]}, models=[{"line": "glow", "from": "2.1"}, {"not": {"with": ["mini"]}}]),
        family="lumen",
        naming={"names": ["lumen"], "lines": ["glow", "spark"], "variants": ["mini"]},
    )
    book = Rulebook([family], builtin=False)
    (one,) = owned_rules(book)
    names = neighbours(one.rule, book.naming, one.entry.family, book.identify)

    fit = {name for name in names if one.entry.speaks_of(name, book.identify(name))}
    assert {"lumen-glow-2.1", "lumen-glow-2.2", "lumen-glow-latest"} <= fit
    assert {"lumen-glow-1", "lumen-spark-2.1", "lumen-mini"} <= set(names) - fit


def test_globs_have_names_on_both_sides():
    rule = owned({"drop": ["a"]}, {"$model": ["spark-?"]}, models=["lumen-[23]*", "!lumen-3"]).rule

    assert {"lumen-2", "lumen-2-x", "xlumen-2", "lumen-3", "spark-x"} <= set(
        neighbours(rule, {}, None, lambda name: None)
    )


# Examples that would notice


RULES = """\
quirks: 1
provider: acme
rules:
  - id: r
    why: Why.
    source: https://acme.example
    verified: {date: 2026-01-01, by: docs}
    models: ["lumen-*", "spark-1"]
    when: {any_of: [{seed: {exists: true}}, {user: {exists: true}}, {n: {gt: 4}}]}
    do:
      - drop: [seed, user, logit_bias]
      - clamp: {n: [null, 4]}
      - map: {effort: {max: high, most: high}}
      - warn: Mind.
    examples:
      - {in: {model: lumen-1, seed: 7}, out: {model: lumen-1}}
      - {in: {model: lumen-1}, same: true}
"""


def test_the_suggested_examples_are_sound_and_leave_nothing_unnoticed(tmp_path):
    folder = a_folder(tmp_path / "rules", acme=RULES)
    done = CliRunner().invoke(quirkbook, ["mutate", str(folder), "--suggest"])
    first, *lines = done.stdout.splitlines()
    assert first == f"{folder}/acme.yaml:17:9: acme/r"
    folder = a_folder(tmp_path / "more", acme=RULES + "\n".join(lines) + "\n")
    CliRunner().invoke(quirkbook, ["test", str(folder), "--update"])

    one = next(owned_rules(Rulebook.load(folder, builtin=False)))
    found = list(fates(one, folder / "golden"))
    assert [diagnostic.message for diagnostic in check_examples(one)] == []
    assert [fate.mutant.name for fate in found if fate.killer is None] == []
    assert list(examples(one, found)) == []


@pytest.mark.parametrize(
    ("do", "shown", "suggested"),
    [
        ({"reject": "No."}, {"in": {"a": 1}, "rejects": True}, {"in": {"a": 2}, "rejects": True}),
        (
            {"warn": "Mind."},
            {"in": {"a": 1}, "same": True, "warns": True},
            {"in": {"a": 2}, "same": True, "warns": True},
        ),
        (
            {"set_header": {"X-A": "1"}},
            {"in": {"a": 1}, "same": True, "headers": {"X-A": "1"}},
            {"in": {"a": 2}, "same": True, "headers": {"X-A": "1"}},
        ),
    ],
)
def test_a_suggestion_says_all_that_a_rule_does(do, shown, suggested, tmp_path):
    one = owned(do, {"a": [1, 2]}, shown, {"in": {}, "same": True})

    assert list(examples(one, list(fates(one, tmp_path)))) == [suggested]


def test_a_rule_on_answers_is_tried_at_each_status_and_with_each_request(tmp_path):
    when = {"$status": {"gte": 500}, "$request.stream": True, "a": 1}
    shown = {"in": {"a": 1}, "request": {"stream": True}, "status": 500, "out": {"a": 1, "b": 1}}
    one = owned({"set": {"b": 1}}, when, shown, {"in": {}, "same": True}, stage="error")

    assert list(examples(one, list(fates(one, tmp_path)))) == [
        {"in": {"a": 1}, "request": {"stream": True}, "same": True},
        {"in": {"a": 1}, "request": {"stream": True}, "status": 499, "same": True},
        {"in": {"a": 1}, "request": {}, "status": 500, "same": True},
        {"in": {}, "request": {"stream": True}, "status": 500, "same": True},
    ]


def test_long_examples_take_a_line_for_each_part():
    node = {"in": {"a": "x" * 100}, "out": {"b": "{\n" + "x" * 60}}
    written = text(node)

    assert written.splitlines()[0] == f"      - in: {{a: {'x' * 100}}}"
    assert yaml.safe_load(written) == [node]
