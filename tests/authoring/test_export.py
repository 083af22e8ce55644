"""`quirkbook export`: the document is what its schema says, and an interpreter needs nothing else."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from tests.books import a_file, a_rule

from quirkbook import Rulebook
from quirkbook.authoring.export import export
from quirkbook.cli import quirkbook
from quirkbook.resources import schema
from quirkbook.rulebook.load import load_file

NAMES = ("rules", "export")
REGISTRY: Registry = Registry().with_resources(
    [(schema(name)["$id"], Resource.from_contents(schema(name))) for name in NAMES]
)
VALID = Draft202012Validator(schema("export"), registry=REGISTRY)
BOOK = Rulebook.load()


@pytest.fixture(scope="module")
def pack():
    return export(BOOK, "1.2.3", BOOK.providers)


def test_the_whole_pack_is_what_its_schema_says(pack):
    assert [error.json_path for error in VALID.iter_errors(json.loads(json.dumps(pack)))] == []
    assert pack["providers"].keys() == set(BOOK.providers)
    assert pack["quirkbook"] == "1.2.3"


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("moonshot", "kimi-k2.6"),
        ("openrouter", "deepseek/deepseek-v4-pro"),
        ("vllm", "Qwen/Qwen3-32B"),
        ("azure", "gpt-5"),
        ("groq", None),
    ],
)
def test_rules_and_those_of_the_family_run_in_the_order_of_their_places(pack, provider, model):
    identity = BOOK.identify(model, provider)
    written = pack["providers"][provider]
    entries = [*written["rules"], *(written["families"].get(identity.family, ()) if identity else ())]

    in_force = [entry.rule.name for entry in BOOK.effective(provider, model) if entry.is_on]
    assert [entry["rule"] for entry in sorted(entries, key=lambda entry: entry["place"])] == in_force


def test_a_rule_is_written_once_with_its_names_where_it_is_asked():
    off = {"off": {"a": {"exists": False}}, "unused": {"b": 1}, "far": {"$off": True}}
    family = a_file(
        a_rule("r", {"drop": ["a"]}, {"not": {"$far": True}}), family="lumen", naming={"names": ["lumen"]}, let=off
    )
    own = a_rule(
        "mine",
        {"reject": "no"},
        {"b": 1},
        effect="lossy",
        note="So it is.",
        evidence=["d001"],
        examples=[{"in": {"b": 1}, "rejects": True}, {"in": {}, "same": True}],
    )
    late = a_rule(
        "late",
        {"set": {"x": 1}},
        stage="error",
        examples=[{"in": {}, "out": {"x": 1}, "request": {}, "status": 503, "warns": True, "headers": {"A": "1"}}],
    )
    book = Rulebook(
        [family, a_file(own, late), a_file(provider="other", disable=[{"family": "lumen", "because": "so"}])],
        builtin=False,
    )

    pack = export(book, "1", ["acme", "other"])
    assert pack["providers"]["acme"]["families"] == {
        "lumen": [{"rule": "lumen/r", "place": [-1, 1], "let": {"far": {"$off": True}, "off": off["off"]}}]
    }
    assert pack["providers"]["other"]["families"] == {}
    assert pack["families"] == {"lumen": {"naming": {"names": ["lumen"]}}}
    assert pack["rules"]["acme/mine"]["effect"] == "lossy"
    assert pack["rules"]["acme/mine"]["examples"] == [{"in": {"b": 1}, "rejects": True}, {"in": {}, "same": True}]
    assert pack["rules"]["acme/late"]["examples"] == [
        {"in": {}, "out": {"x": 1}, "warns": True, "headers": {"A": "1"}, "request": {}, "status": 503}
    ]
    assert pack["rules"]["lumen/r"]["family"] == "lumen"
    assert [error.message for error in VALID.iter_errors(json.loads(json.dumps(pack)))] == []


def test_a_table_of_a_map_is_a_list_of_pairs():
    rule = a_rule("r", {"each": {"in": "a[*]", "do": [{"map": {"b": {True: "yes", "*": None}}}]}})
    text = json.dumps({"quirks": 1, "provider": "acme", "rules": [{**rule, "do": "DO"}]})
    yaml = text.replace('"DO"', '[{each: {in: "a[*]", do: [{map: {b: {true: "yes", "*": null}}}]}}]')
    book = Rulebook([load_file(yaml.encode(), "acme.yaml")], builtin=False)

    (action,) = export(book, "1", ["acme"])["rules"]["acme/r"]["do"]
    assert action == {"each": {"in": "a[*]", "do": [{"map": {"b": [[True, "yes"], ["*", None]]}}]}}


def test_what_the_head_says_of_a_rule_stands_at_the_provider(pack):
    made = [entry for provider in pack["providers"].values() for entry in provider["rules"] if "source" in entry]

    assert all(entry["do"] for entry in made)
    assert {entry["source"] for entry in made} - {rule["source"] for rule in pack["rules"].values()}


def test_the_command_writes_it_for_all_or_some():
    one = json.loads(CliRunner().invoke(quirkbook, ["export", "-p", "moonshot"]).output)

    assert [*one["providers"]] == ["moonshot"]
    assert "groq/no-logit-bias" not in one["rules"]
    assert "groq/no-logit-bias" in json.loads(CliRunner().invoke(quirkbook, ["export"]).output)["rules"]
