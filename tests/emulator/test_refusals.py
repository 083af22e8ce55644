"""Every check of an emulated provider bites, and what its documentation or its users quote comes out as they quote it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.emulator.refused import ASKED, REFUSED
from tests.emulator.worded import FURTHER, WORDED

from quirkbook.emulator import provider
from quirkbook.emulator.refusal import Refusal

EVERY = [(name, check) for name, refused in REFUSED.items() for check in refused]


def refusal(name: str, check: str) -> Refusal:
    return asked(name, *REFUSED[name][check])


def asked(name: str, model: str, fields: dict[str, Any]) -> Refusal:
    emulated = provider.load(name)
    served = emulated.model(model)
    assert served is not None
    found = emulated.refusal({"model": model, "messages": [ASKED], **fields}, served)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "check"), EVERY, ids=["/".join(one) for one in EVERY])
def test_a_check_refuses(name, check):
    assert refusal(name, check).check == check


@pytest.mark.parametrize("name", REFUSED)
def test_no_check_is_without_a_request_that_it_refuses(name):
    assert sorted(REFUSED[name]) == sorted(check.name for check in provider.load(name).checks)


@pytest.mark.parametrize("name", REFUSED)
def test_a_plain_question_is_refused_by_none(name):
    emulated = provider.load(name)
    refused = [m.id for m in emulated.models if emulated.refusal({"model": m.id, "messages": [ASKED]}, m)]

    # One of Qwen's models thinks unless it is told not to, and may think in streams only.
    assert refused == {"dashscope": ["qwen3-32b"]}.get(name, [])


def error(message, **more):
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def invalid(message):
    return [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


FORBIDDEN = {"object": "error", "type": "invalid_request_error", "param": None, "code": None}
WORDS = [
    ("gemini", "known-fields", 400, invalid('Invalid JSON payload received. Unknown name "seed": Cannot find field.')),
    (
        "gemini",
        "parameters",
        400,
        invalid(
            'Invalid JSON payload received. Unknown name "const" at '
            "'tools[0].function.parameters.properties.a': Cannot find field."
        ),
    ),
    (
        "deepseek",
        "roles",
        400,
        error(
            "Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, "
            "expected one of `system`, `user`, `assistant`, `tool`",
            param=None,
            code="invalid_request_error",
        ),
    ),
    (
        "deepseek",
        "reasoning-comes-back-to-the-reasoner",
        400,
        error(
            "Missing `reasoning_content` field in the assistant message at message index 1. For more information, "
            "please refer to https://api-docs.deepseek.com/guides/thinking_mode#tool-calls",
            param=None,
            code="invalid_request_error",
        ),
    ),
    ("groq", "known-parameters", 400, error("property 'prompt_cache_key' is unsupported")),
    (
        "groq",
        "known-keys-of-assistant-messages",
        400,
        error(
            "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : "
            "property 'reasoning_content' is unsupported)]"
        ),
    ),
    (
        "mistral",
        "known-parameters",
        422,
        {
            **FORBIDDEN,
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "max_completion_tokens"],
                        "msg": "Extra inputs are not permitted",
                        "input": 5,
                    }
                ]
            },
        },
    ),
    (
        "mistral",
        "call-ids",
        400,
        {
            "object": "error",
            "message": "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
            "type": "invalid_function_call",
            "param": None,
            "code": "3280",
        },
    ),
    (
        "mistral",
        "order",
        400,
        {
            "object": "error",
            "message": "Unexpected role 'user' after role 'tool'",
            "type": "invalid_request_message_order",
            "param": None,
            "code": "3230",
        },
    ),
]


@pytest.mark.parametrize(("name", "check", "status", "body"), WORDS, ids=[f"{one[0]}/{one[1]}" for one in WORDS])
def test_a_refusal_has_the_providers_words_and_form(name, check, status, body):
    found = refusal(name, check)

    assert (found.status, found.body) == (status, body)


@pytest.mark.parametrize("name", WORDED)
def test_each_refusal_is_known_word_for_word(name):
    found = {check: refusal(name, check) for check in REFUSED[name]}

    assert {check: (one.status, one.body) for check, one in found.items()} == WORDED[name]


@pytest.mark.parametrize(
    ("name", "model", "fields", "answer"), FURTHER, ids=[f"{one[0]}/{sorted(one[2])[0]}" for one in FURTHER]
)
def test_a_refusal_names_what_was_wrong(name, model, fields, answer):
    found = asked(name, model, fields)

    assert (found.status, found.body) == answer
