"""Drafts from refusals: each is a sound rule that fires on its own example, or says what is missing."""

from __future__ import annotations

import json

import pytest
import yaml

from quirkbook import Rulebook, RuleFileError, UsageError
from quirkbook.proof.drafts import Refused, learn
from quirkbook.proof.log import refusals
from quirkbook.proof.places import Place
from quirkbook.proof.refusals import Finding, Wordings
from quirkbook.proof.repairs import repair
from quirkbook.proof.scrub import scrub
from quirkbook.proof.writing import add_rules, file_text

WORDINGS = Wordings()
TALK = [{"role": "user", "content": "My name is Ada Lovelace"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def lesson(error, payload=None):
    """Return what the first thing in a refusal teaches."""
    return learn(Refused(error, payload, "acme", "2026-12-01"), WORDINGS)[0]


@pytest.mark.parametrize(
    ("error", "payload", "when", "do"),
    [
        ("property 'store' is unsupported", {"store": True}, None, [{"drop": ["store"]}]),
        (
            "This model does not support tools",
            {"tools": []},
            {"tools": {"exists": True}},
            [{"reject": "acme does not support tools"}],
        ),
        (
            "Penalty is not enabled for this model",
            {"presence_penalty": 1},
            None,
            [{"drop": ["frequency_penalty", "presence_penalty"]}],
        ),
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            {"max_tokens": 9},
            {"max_tokens": {"exists": True}},
            [{"rename": {"max_tokens": "max_completion_tokens"}}],
        ),
        (
            "invalid temperature: only 0.6 is allowed for this model",
            {"temperature": 1},
            {"temperature": {"ne": 0.6}},
            [{"set": {"temperature": 0.6}}],
        ),
        (
            "parameter.enable_thinking must be set to false for non-streaming calls",
            {"enable_thinking": True},
            {"enable_thinking": {"ne": False}},
            [{"set": {"enable_thinking": False}}],
        ),
        (
            "reasoning_effort: Input should be 'none', 'low', 'medium' or 'high'",
            {"reasoning_effort": "xhigh"},
            {"reasoning_effort": "xhigh"},
            [{"map": {"reasoning_effort": {"xhigh": "high"}}}],
        ),
        (
            "Invalid tool_choice type: 'object'. Supported string values: none, auto, required",
            {"tool_choice": {"type": "function", "function": {"name": "look"}}},
            {"tool_choice": {"is": "object"}},
            [{"drop": ["tool_choice"]}],
        ),
        ("Invalid tool_choice", {"tool_choice": "required"}, {"tool_choice": "required"}, [{"drop": ["tool_choice"]}]),
        (
            "'response_format.type' must be 'json_schema' or 'text'",
            None,
            {"response_format.type": {"not_in": ["json_schema", "text"]}},
            [{"drop": ["response_format.type"]}],
        ),
        (
            "messages[0].role: unknown variant `developer`, expected one of `system`, `user`",
            {"messages": [{"role": "developer", "content": "Be brief."}]},
            {"messages[*].role": "developer"},
            [{"map": {"messages[*].role": {"developer": "system"}}}],
        ),
        (
            "temperature must be between 0 and 1",
            {"temperature": 1.7},
            {"temperature": {"outside": [0, 1]}},
            [{"clamp": {"temperature": [0, 1]}}],
        ),
        (
            "stop: List should have at most 4 items after validation, not 5",
            {"stop": ["a"] * 5},
            {"stop": {"is": "array", "len": {"gt": 4}}},
            [{"truncate": {"stop": 4}}],
        ),
        (
            "Invalid 'tools': array too long. Expected an array with maximum length 1, but got an array with length 2 instead.",
            {"tools": [{}, {}]},
            {"tools": {"is": "array", "len": {"gt": 1}}},
            [{"reject": "acme supports at most 1 tools"}],
        ),
        (
            "messages[1]: invalid type: sequence, expected a string",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
            {"messages": {"some": {"content": {"is": "array"}}}},
            [{"flatten_content": "messages[*].content"}],
        ),
        ("stop: Input should be a valid list", {"stop": "a"}, {"stop": {"is": "string"}}, [{"wrap": {"stop": []}}]),
        (
            "max_tokens: Input should be a valid integer",
            {"max_tokens": "9"},
            {"max_tokens": {"is": "string"}},
            [{"reject": "acme: max_tokens must be an integer"}],
        ),
        (
            "function parameters is empty",
            {"tools": [{"type": "function", "function": {"name": "look"}}]},
            None,
            [
                {
                    "each": {
                        "in": "tools[*].function",
                        "when": {"parameters": {"exists": False}},
                        "do": [{"set": {"parameters": {"type": "object", "properties": {}}}}],
                    }
                }
            ],
        ),
        (
            "Missing required parameter: 'max_tokens'.",
            {"messages": TALK},
            {"max_tokens": {"exists": False}},
            [{"reject": "acme requires max_tokens"}],
        ),
        (
            "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
            {"parallel_tool_calls": False},
            {"parallel_tool_calls": {"exists": True}, "tools": {"exists": False}},
            [{"drop": ["parallel_tool_calls"]}],
        ),
        (
            "`temperature` and `top_p` cannot both be specified for this model.",
            {"temperature": 1, "top_p": 1},
            {"temperature": {"exists": True}, "top_p": {"exists": True}},
            [{"drop": ["temperature"]}],
        ),
        (
            "Invalid tools[0].function.name: does not match ^[a-z]+$",
            {"tools": [{"type": "function", "function": {"name": "look up"}}]},
            None,
            [
                {
                    "each": {
                        "in": "tools[*].function",
                        "when": {"name": {"is": "string"}, "not": {"name": {"matches": "[a-z]+"}}},
                        "do": [{"reject": "acme requires tools[*].function.name to match [a-z]+"}],
                    }
                }
            ],
        ),
        (
            "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
            {"messages": [{"role": "assistant", "tool_calls": [CALL]}]},
            None,
            [{"rewrite_ids": {"length": 9}}],
        ),
        ("System message must be at the beginning.", None, None, [{"lead_with_system": {}}]),
        (
            "Last message must have role `user` or `tool`.",
            None,
            {"messages[-1].role": {"not_in": ["user", "tool"]}},
            [{"append_message": {"role": "user", "content": "Go on."}}],
        ),
        (
            "The input messages do not contain elements with the role of user",
            None,
            {"messages": {"none": {"role": "user"}}},
            [{"append_message": {"role": "user", "content": "Go on."}}],
        ),
        (
            "Unsupported JSON schema fields: {'minItems', 'items'}",
            {"response_format": {"json_schema": {"schema": {"type": "array", "minItems": 1}}}},
            None,
            [{"normalize_schema": {"at": "response_format.json_schema.schema", "drop": ["minItems", "items"]}}],
        ),
    ],
)
def test_a_refusal_becomes_a_draft_that_fires_on_the_payload(error, payload, when, do):
    learned = lesson(error, payload)

    assert learned.missing == ()
    assert (learned.rule.get("when"), learned.rule["do"]) == (when, do)
    assert learned.rule["status"] == "draft"


@pytest.mark.parametrize(
    "error",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 3",
        "Failed to parse tool call arguments as JSON",
        "invalid params, tool result's tool id(call_1) not found",
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
        "messages.2: all messages must have non-empty content",
        "Invalid 'tools[0].function.name': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        "Empty tool_calls is not supported in message",
        "This model does not support image input",
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        "Incorrect role information",
        "n must be at least 1",
    ],
)
def test_a_draft_has_examples_without_a_payload(error):
    learned = lesson(error)

    assert learned.missing == ()
    assert len(learned.rule["examples"]) >= 2


def test_a_draft_is_about_the_model_only_where_the_text_says_so():
    payload = {"model": "Lumen-2", "seed": 1}

    assert lesson("'seed' is not supported with this model", payload).rule["models"] == ["lumen-2"]
    assert "models" not in lesson("property 'seed' is unsupported", payload).rule


def test_no_personal_text_gets_into_a_draft():
    payload = {"messages": TALK, "user": "ada@host.example", "store": True, "metadata": {"name": "Ada"}}
    learned = lesson("property 'store' is unsupported in 'My name is Ada Lovelace' (req_0123456789abc)", payload)
    text = file_text("acme", [learned.rule])

    assert "Ada" not in text and "ada@" not in text and "req_0" not in text
    assert learned.rule["why"] == "acme answers: property 'store' is unsupported in '...' (...)"
    assert learned.rule["examples"][0] == {"in": {"store": True}, "out": {}}


def test_a_long_answer_is_cut():
    assert len(lesson("property 'store' is unsupported " + "very " * 99).rule["why"]) == len("acme answers: ") + 240


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        ("Incorrect API key provided: sk-abcdefghijklmnop", "this is about the account"),
        ("This model's maximum context length is 8192 tokens.", "the request is too long"),
        ("Extra inputs are not permitted", "the text names no parameter"),
        ("temperature must be between 2 and 1", "what the text says gives no rule: the bounds [2, 1]"),
        ("Thinking mode does not support this tool_choice", "the text does not say what tool_choice may be"),
        ("tools[0]: missing field `function`", "no example that fires"),
    ],
)
def test_what_is_not_enough_for_a_draft_is_said(error, missing):
    learned = lesson(error)

    assert not learned.is_sound
    assert learned.missing[0].startswith(missing)


def a_place(path):
    return Place(tuple(path.replace("[*]", ".*").split(".")), True)


@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        ("renamed", "max_tokens", 9, {"use": "the new one"}),
        ("value", "seed", None, {}),
        ("role", "messages[*].role", "narrator", {"value": "narrator", "choices": ("user",)}),
        ("role", "messages[*].role", None, {"value": 7}),
        ("range", "n", 9, {}),
        ("count", "stop", ["a"], {}),
        ("type", "stop", None, {"use": "valid list"}),
        ("needs", "logprobs", True, {}),
        ("conflict", "n", 2, {}),
        ("conflict", "n", 2, {"other": "the rest"}),
        ("pattern", "user", "a", {"limit": "^[a-$"}),
        ("pattern", "user", "a", {"limit": "^letters$"}),
        ("order", "messages", [], {"value": "shuffled"}),
        ("schema", "tools", [], {}),
        ("schema", "tools", [], {"keywords": ("properties",), "text": "properties: required"}),
        ("content", "messages[*].content[*].type", None, {"text": "no such part"}),
        ("whim", "n", 1, {}),
    ],
)
def test_where_the_text_does_not_say_enough_no_repair_is_made_up(kind, path, value, says):
    finding = Finding(kind, **{"text": "no", **says})

    assert repair(finding, a_place(path), value, "acme") is None


@pytest.mark.parametrize(
    ("kind", "path", "value", "says", "when", "do"),
    [
        # a value that is locked to what the text does not say
        ("locked", "temperature", None, {}, None, {"drop": ["temperature"]}),
        ("locked", "temperature", 1, {}, {"temperature": 1}, {"drop": ["temperature"]}),
        # the nearest level; the word itself in another case
        ("value", "effort", "max", {"choices": ("low", "high")}, {"effort": "max"}, {"map": {"effort": {"max": "high"}}}),
        ("value", "effort", "HIGH", {"choices": ("high",)}, {"effort": "HIGH"}, {"map": {"effort": {"HIGH": "high"}}}),
        ("role", "messages[*].role", None, {"value": "system"}, {"messages[*].role": "system"},
         {"map": {"messages[*].role": {"system": "developer"}}}),
        ("range", "n", None, {"low": 1}, {"n": {"outside": [1, None]}}, {"clamp": {"n": [1, None]}}),
        ("type", "n", "1", {}, {"n": {"is": "string"}}, {"reject": "acme: n must not be of type string"}),
        ("type", "n", 1, {"use": "array"}, {"n": {"is": "integer"}}, {"reject": "acme: n must be an array"}),
        ("required", "stream_options.include_usage", None, {}, {"stream_options.include_usage": {"exists": False}},
         {"reject": "acme requires stream_options.include_usage"}),
        ("required", "format.parameters", None, {}, {"format.parameters": {"exists": False}},
         {"set": {"format.parameters": {"type": "object", "properties": {}}}}),
        ("conflict", "tool_choice", "required", {"other": "thinking"},
         {"tool_choice": "required", "thinking": {"exists": True}}, {"drop": ["tool_choice"]}),
        ("empty", "stop", [], {}, {"stop": {"len": 0}}, {"drop": ["stop"]}),
    ],
)  # fmt: skip
def test_what_a_rule_does_follows_from_what_the_text_says(kind, path, value, says, when, do):
    made = repair(Finding(kind, **{"text": "no", **says}), a_place(path), value, "acme")

    assert (made.when, made.do) == (when, [do])


def test_a_text_that_no_wording_reads_gives_a_skeleton_and_a_guess():
    learned = lesson("quota of seed is blurred", {"seed": 1, "model": "lumen"})

    assert learned.to_dict()["kind"] is None
    assert learned.missing == (
        "no wording in rules/refusals/ reads this text: add one, or write the rule by hand",
        "it may be about seed",
    )
    assert learned.rule["do"] == [{"drop": ["seed"]}]
    assert lesson({"odd": 1}).missing[1] == "the text names no parameter"


def test_a_wording_may_bring_its_own_repair(tmp_path):
    (tmp_path / "acme.yaml").write_text(
        "quirks: 1\nrefusals: acme\nabout: Acme's.\nwordings:\n"
        "  - {kind: value, says: nix da, example: nix da, param: seed, when: {seed: 7}, repair: [{set: {seed: 8}}]}\n"
    )
    learned = learn(Refused("nix da", {"seed": 7}, "acme"), Wordings(Rulebook.load(tmp_path).files))[0]

    assert learned.rule["do"] == [{"set": {"seed": 8}}]
    assert learned.rule["examples"][0] == {"in": {"seed": 7}, "out": {"seed": 8}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            {"messages": [{"role": "tool", "tool_call_id": "call_x"}]},
            {"messages": [{"role": "tool", "tool_call_id": "id1"}]},
        ),
        (
            {"a": [{"url": "https://host.example/secret"}, {"url": "data:x"}]},
            {"a": [{"url": "https://host.example/file"}, {"url": "data:,"}]},
        ),
        ({"tool_choice": "auto", "user": "ada"}, {"tool_choice": "auto", "user": "text"}),
        (
            {"x": {"arguments": '{"a": 1}'}, "y": {"arguments": "a"}},
            {"x": {"arguments": "{}"}, "y": {"arguments": "{"}},
        ),
        ({"x": {"name": "secret_tool"}, "y": {"name": "two words"}}, {"x": {"name": "look"}, "y": {"name": "look up"}}),
        ({"messages": [{"content": "auto"}]}, {"messages": [{"content": "text"}]}),
        ({"model": "org/lumen-2:free", "n": 2, "stop": ""}, {"model": "org/lumen-2:free", "n": 2, "stop": ""}),
        ({"reasoning_effort": "ultra"}, {"reasoning_effort": "ultra"}),
    ],
)
def test_a_scrubbed_payload_keeps_its_shape_and_the_words_of_the_format(payload, expected):
    assert scrub(payload) == expected


# Files


def test_drafts_are_added_to_a_file_once(tmp_path):
    path = tmp_path / "rules" / "acme.yaml"
    store, seed = (lesson(f"property '{name}' is unsupported", {name: 1}).rule for name in ("store", "seed"))

    assert add_rules(path, "acme", [store]) == ["no-store"]
    assert add_rules(path, "acme", [store, seed]) == ["no-seed"]
    assert add_rules(path, "acme", [store, seed]) == []
    assert [rule.id for rule in Rulebook.load(path, builtin=False).rules()] == ["no-store", "no-seed"]


def test_a_draft_whose_id_is_taken_gets_another(tmp_path):
    path = tmp_path / "acme.yaml"
    add_rules(path, "acme", [lesson("temperature must be between 0 and 1", {"temperature": 2}).rule])

    assert add_rules(path, "acme", [lesson("temperature must be between 0 and 1.5", {"temperature": 2}).rule]) == [
        "temperature-range-2"
    ]


def test_drafts_fit_the_indentation_of_a_file_and_follow_a_head_alone(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text("quirks: 1\nprovider: acme\nbase_url: https://api.acme.example/v1\n")
    store, seed = (lesson(f"property '{name}' is unsupported", {name: 1}).rule for name in ("store", "seed"))
    add_rules(path, "acme", [store])
    path.write_text(
        yaml.safe_dump(yaml.safe_load(path.read_text()), sort_keys=False)
    )  # items stand below 'rules' itself
    add_rules(path, "acme", [seed])

    assert [rule["id"] for rule in yaml.safe_load(path.read_text())["rules"]] == ["no-store", "no-seed"]


def test_a_file_of_another_provider_and_one_whose_rules_are_not_last_are_left_alone(tmp_path):
    path = tmp_path / "acme.yaml"
    rule = lesson("property 'store' is unsupported", {"store": 1}).rule
    path.write_text("quirks: 1\nprovider: other\n")
    with pytest.raises(UsageError, match=r"is the file of other, not of acme: name another file"):
        add_rules(path, "acme", [rule])
    path.write_text(file_text("acme", [rule]) + "aliases: [acmeai]\n")
    with pytest.raises((UsageError, RuleFileError)):
        add_rules(path, "acme", [lesson("property 'seed' is unsupported", {"seed": 1}).rule])


def test_a_log_is_read_line_by_line():
    lines = [
        json.dumps(
            {"payload": {"seed": 1}, "error": {"message": "no"}, "provider": "acme", "date": "2026-11-30T10:00"}
        ),
        "",
        json.dumps({"request": {"body": {"n": 2}}, "response": {"status": 400, "body": {"error": {"message": "no"}}}}),
        "a bare line",
        "[1]",
        '{"payload": {}}',
        json.dumps({"error": "no", "payload": {"n": 1}}),
    ]
    found = dict(refusals(iter(lines), None, "2026-12-01"))

    assert found[1] == Refused({"error": {"message": "no"}}, {"seed": 1}, "acme", "2026-11-30")
    assert found[3] == Refused({"error": {"message": "no"}}, {"n": 2}, "provider", "2026-12-01")
    assert found[4] == Refused("a bare line", None, "provider", "2026-12-01")
    assert (found[5], found[6]) == (None, None)
    assert found[7] == Refused("no", {"n": 1}, "provider", "2026-12-01")
