"""The files behind the emulators: their form, their sources, and a request schema that knows good from bad."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

from quirkbook import resources
from quirkbook.emulator import available
from quirkbook.emulator.keywords import compile_schema
from quirkbook.emulator.provider import load
from quirkbook.source import yaml as yaml_source

each_provider = pytest.mark.parametrize("name", available())


def document(name):
    file = resources.folder("schemas") / "accepts" / f"{name}.yaml"
    return yaml_source.read(file.read_bytes(), f"{name}.yaml").data


@each_provider
def test_a_file_has_the_form_that_is_described(name):
    faults = [fault.message for fault in Draft202012Validator(resources.schema("accepts")).iter_errors(document(name))]

    assert faults == []


@each_provider
def test_checks_have_names_of_their_own_and_compile(name):
    names = [check["name"] for check in document(name)["checks"]]

    assert len(names) == len(set(names))
    for check in load(name).checks:
        Draft202012Validator.check_schema(check.demands.schema)
        Draft202012Validator.check_schema(check.applies.schema)
        try:
            check.demands.is_valid({"messages": [{"role": "user", "content": "Hi"}], "tools": []})
        except Unresolvable as error:
            pytest.fail(f"{name}: {error}")


@each_provider
def test_every_check_speaks_of_a_model_that_is_served(name):
    provider = load(name)
    used = {id(check) for model in provider.models for check in provider._plan(model.id)}

    assert used == {id(check) for check in provider.checks}


ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence.jsonl"
ABOUT = {row["id"]: row["provider"] for row in map(json.loads, EVIDENCE.read_text("utf-8").splitlines())}
#: Provider -> what its rows, or those of its models, are filed under besides its name.
FILED = {"anthropic": {"anthropic-openai-compat", "anthropic-claude"}}


@each_provider
def test_the_evidence_of_a_file_is_about_its_provider(name):
    found = document(name)
    cited = {row for entry in (*found["checks"], *found["replies"]) for row in entry.get("evidence", ())}

    assert {ABOUT.get(row) for row in cited} <= {name, "*", *FILED.get(name, ())}


@each_provider
def test_what_is_said_of_answers_has_a_source_or_is_left_bare(name):
    for entry in document(name)["replies"]:
        assert ("basis" in entry) == ("source" in entry), entry
        assert "source" in entry or "evidence" not in entry, entry


def test_the_page_of_the_command_line_names_the_providers_that_can_be_emulated():
    (row,) = [
        line
        for line in (ROOT / "docs" / "cli.md").read_text("utf-8").splitlines()
        if "`quirkbook emulate moonshot` |" in line
    ]

    assert re.split(", | or ", row.rpartition(": ")[2].strip(" |")) == available()


def test_no_code_knows_a_provider():
    folder = resources.folder("schemas").parent / "engine" / "quirkbook" / "emulator"
    names = re.compile("|".join(available()) + "|kimi|gpt", re.IGNORECASE)

    assert [file.name for file in folder.glob("*.py") if names.search(file.read_text())] == []


@pytest.mark.parametrize("name", ["chat-request", "accepts", "accepts/mfjs", "accepts/gemini-schema"])
def test_the_schemas_are_schemas(name):
    Draft202012Validator.check_schema(resources.schema(name))


ASKED = {"role": "user", "content": "Hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, ASKED]},
        {"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL]}]},
        {
            "messages": [
                ASKED,
                {"role": "assistant", "content": None, "function_call": {"name": "x", "arguments": ""}},
            ]
        },
        {"messages": [{"role": "function", "name": "x", "content": None}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}]}]},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
                }
            ]
        },
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
        {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]},
        {
            "tools": [
                {"type": "function", "function": {"name": "x"}},
                {"type": "custom", "custom": {"name": "y"}},
            ]
        },
        {"tool_choice": {"type": "function", "function": {"name": "x"}}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {}, "strict": True},
            }
        },
        {"stop": None, "temperature": 2, "top_p": 0, "n": 128, "top_logprobs": 20, "provider_own_key": 1},
        {"function_call": {"name": "x"}, "functions": [{"name": "x"}]},
    ],
)
def test_a_good_request_fits_the_request_schema(fields):
    payload = {"model": "m", "messages": [ASKED], **fields}

    assert [error.message for error in compile_schema({"$ref": "chat-request.schema.json"}).iter_errors(payload)] == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, "messages/0/content"),
        ({"messages": [{"role": "assistant", "content": None}]}, "messages/0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages/0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": ""}]}]},
            "messages/0/content/0/type",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages/0/content/0"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{**CALL, "id": 1}]}]},
            "messages/0/tool_calls/0/id",
        ),
        ({"stop": list("abcde")}, "stop"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools/0/function/name"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
    ],
)
def test_a_bad_request_fails_at_the_field_that_is_bad(fields, path):
    payload = {"model": "m", "messages": [ASKED], **fields}
    errors = compile_schema({"$ref": "chat-request.schema.json"}).iter_errors(payload)

    assert ["/".join(map(str, error.absolute_path)) for error in errors] == [path]
