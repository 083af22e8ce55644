"""The compliance suite: cases as data, by which an interpreter of rules in another language could prove itself.

`tests/compliance/README.md` says how a case is written. Here the product runs them, and it is counted that no word of the
language is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import test_language_page as page
from tests.books import a_file, a_rule
from tests.running import exact

from quirkbook import ChunkTranslator, Rulebook
from quirkbook.identity.models import ModelTest
from quirkbook.model import EFFECT_ORDER, MISSING
from quirkbook.payload.path import find, parse
from quirkbook.plan.actions import ACTIONS
from quirkbook.plan.interpret import Run, run
from quirkbook.resources import schema

FOLDER = Path(__file__).parent / "compliance"
SUITE: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
WORDS = schema("rules")["$defs"]


def cases(*names: str) -> Any:
    return pytest.mark.parametrize(
        "case", [pytest.param(case, id=f"{name}-{at}") for name in names for at, case in enumerate(SUITE[name])]
    )


def book_of(case: dict[str, Any]) -> Rulebook:
    """Return a rulebook with the rule of a case: acme's own, or a family's that acme includes."""
    rule = dict(case["rule"])
    written = a_rule("it", rule.pop("do"), rule.pop("when", None), **rule)
    head = {"let": case["let"]} if "let" in case else {}
    if "provider" not in case:
        return Rulebook([a_file(written, **head)], builtin=False)
    provider = {"include": ["family/them"], **case["provider"]}
    return Rulebook([a_file(written, family="them", **head), a_file(**provider)], builtin=False)


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    """Return what the rule of a case makes of a payload."""
    stage, request = case["rule"].get("stage", "request"), case.get("request", MISSING)
    holder = case["given"] if stage == "request" else request
    model = holder.get("model") if isinstance(holder, dict) else None
    done = Run(book_of(case).plan("acme", model, stage=stage), case["given"])
    done.request, done.status = request, case.get("status", 200)
    run(done)
    if done.refusals:
        return {"refused": True}
    worst = max((edit[1] for edit in done.edits), key=EFFECT_ORDER.__getitem__, default=None)
    headers = {"headers": dict(done.headers)} if done.headers else {}
    return {"out": done.root, **headers, **({"effect": str(worst)} if worst else {})}


@cases("conditions", "actions", "schemas", "traits")
def test_a_rule_makes_of_a_payload_what_the_case_says(case: dict[str, Any]):
    assert exact(outcome(case)) == exact(case["expect"])


@cases("actions", "schemas")
def test_a_second_run_changes_nothing(case: dict[str, Any]):
    once = case["expect"].get("out")
    if once is not None and case.get("idempotent") is not False:
        assert exact(outcome({**case, "given": once})["out"]) == exact(once)


@cases("paths")
def test_a_path_finds_what_the_case_says(case: dict[str, Any]):
    found = [value for _, value in find(case["given"], parse(case["rule"]["path"]).steps)]

    assert exact(found) == exact(case["expect"])


@cases("identity")
def test_an_id_is_read_as_the_case_says(case: dict[str, Any]):
    naming, models = case["rule"]["naming"], case["rule"].get("models")
    identity = Rulebook([a_file(family="lumen", naming=naming)], builtin=False).identify(case["given"])

    assert (str(identity) if models is None else ModelTest(models)(case["given"], identity)) == case["expect"]


@cases("streams")
def test_a_stream_becomes_what_the_case_says(case: dict[str, Any]):
    stream = ChunkTranslator("acme", request=case.get("request"), rulebook=book_of(case))

    passed = [one for chunk in case["given"] for one in stream.feed(chunk)]
    assert exact([*passed, *stream.close()]) == exact(case["expect"])


# Nothing is left out


def _keys(name: str) -> set[str]:
    """Return every key that stands anywhere in the rules of some cases."""
    keys: set[str] = set()
    nodes: list[Any] = [[case["rule"], case.get("let")] for case in SUITE[name]]
    for node in nodes:  # grows while it is read
        keys.update(node if isinstance(node, dict) else ())
        nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return keys


def _actions(*names: str) -> set[str]:
    return {word for name in names for word in _keys(name) & ACTIONS.keys()}


def test_every_operator_and_combinator_has_a_case_that_holds_and_one_that_does_not():
    words = {*WORDS["operators"]["properties"], *WORDS["condition"]["properties"]}
    told: dict[str, set[bool]] = {word: set() for word in words}
    for case in SUITE["conditions"]:
        nodes: list[Any] = [case["rule"]["when"]]
        for node in nodes:  # grows while it is read
            for word in words.intersection(node if isinstance(node, dict) else ()):
                told[word].add("held" in case["expect"]["out"])
            nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()

    assert {word: seen for word, seen in told.items() if seen != {True, False}} == {}


def test_every_action_has_a_case():
    assert _actions("actions", "schemas", "streams") == ACTIONS.keys()
    assert "with" in _keys("actions")


def test_every_option_of_an_action_has_a_case():
    keys = _keys("actions") | _keys("schemas") | _keys("streams")
    nodes: list[Any] = list(WORDS["action"]["properties"].values())
    options: set[str] = set()
    for node in nodes:  # grows while it is read
        options.update(node.get("properties", ()) if isinstance(node, dict) else ())
        nodes += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()

    assert sorted(options - keys) == []


def test_every_stage_and_every_word_of_models_and_traits_has_a_case():
    stages = {case["rule"].get("stage", "request") for name in ("actions", "streams") for case in SUITE[name]}

    assert stages == set(WORDS["rule"]["properties"]["stage"]["enum"])
    assert {
        *WORDS["model_range"]["properties"],
        *schema("rules")["properties"]["naming"]["properties"],
        "not",
    } <= _keys("identity")
    assert {*WORDS["traits"]["properties"]} <= _keys("traits")


@pytest.mark.parametrize("row", page.rows("conditions"))
def test_a_row_of_the_page_on_conditions_is_in_the_suite(row: list[str]):
    when = page.only(row[2])
    asked = [case["given"] for case in SUITE["conditions"] if case["rule"]["when"] == when]

    assert all(page.only(cell) in asked for cell in row[3:5])


@pytest.mark.parametrize("row", page.rows("actions"))
def test_a_row_of_the_page_on_actions_is_in_the_suite(row: list[str]):
    *_, example, before, _ = row

    assert any(
        [page.only(example)] == case["rule"]["do"] and page.only(before) == case["given"]
        for name in ("actions", "streams")
        for case in SUITE[name]
    )


@pytest.mark.parametrize("row", page.rows("schema options"))
def test_a_row_of_the_page_on_schemas_is_in_the_suite(row: list[str]):
    do = [{"normalize_schema": {"at": "schema", **page.only(row[0])}}]

    assert any(do == case["rule"]["do"] and case["given"] == {"schema": page.only(row[3])} for case in SUITE["schemas"])


@pytest.mark.parametrize("row", page.rows("paths"))
def test_a_row_of_the_page_on_paths_is_in_the_suite(row: list[str]):
    for path in page.codes(row[0]):
        assert any(path == case["rule"]["path"] and page.only(row[2]) == case["given"] for case in SUITE["paths"])
