"""Lines of a batch file: what becomes of each, and what the report says of it."""

import json

import pytest

from quirkbook import UnknownProviderError, UsageError
from quirkbook.batch import Translator

MOONSHOT = Translator("moonshot")


def told(raw, translator=MOONSHOT, number=1):
    line = translator.line(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), number)
    return None if line is None else (line.sent and json.loads(line.sent), json.loads(line.report), line.fate)


def test_a_payload_is_translated_and_its_rules_are_told():
    payload = {"model": "moonshot-v1-8k", "temperature": 1.7, "user": "u"}

    assert told(payload) == (
        {"model": "moonshot-v1-8k", "temperature": 1, "safety_identifier": "u"},
        {
            "line": 1,
            "rules": [
                {"rule": "moonshot/user-is-safety-identifier", "effect": "exact"},
                {"rule": "moonshot/temperature-range", "effect": "lossy"},
            ],
        },
        "changed",
    )


def test_of_a_request_of_the_batch_api_the_body_is_translated_and_the_rest_stays():
    request = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"temperature": 1.7}}

    sent, report, fate = told(request)

    assert sent == {**request, "body": {"temperature": 1}}
    assert (report["custom_id"], report["rules"], fate) == (
        "a", [{"rule": "moonshot/temperature-range", "effect": "lossy"}], "changed",
    )  # fmt: skip


def test_what_is_no_chat_completion_is_left_as_it_is_and_told():
    request = {"custom_id": "a", "url": "/v1/embeddings", "body": {"input": "x"}}

    assert told(request) == (
        request,
        {
            "line": 1,
            "custom_id": "a",
            "note": "/v1/embeddings is no chat completion: the line is left as it is",
            "rules": [],
        },
        "unchanged",
    )


def test_a_model_can_stand_in_and_a_prefix_can_name_the_provider():
    assert told({"temperature": 0.5}, Translator("moonshot", "kimi-k2"))[0] == {"temperature": 0.5, "model": "kimi-k2"}
    assert told({"model": "moonshot/moonshot-v1-8k"}, Translator())[0] == {"model": "moonshot-v1-8k"}


def test_a_refused_line_goes_nowhere_and_says_why():
    sent, report, fate = told({"messages": []})

    assert (sent, fate, report["rule"]) == (None, "refused", "moonshot/at-least-one-message")
    assert report["refused"].startswith("payload/messages: Moonshot wants at least one message")


def test_a_policy_refuses_lines_and_lists_their_changes():
    strict = Translator("moonshot", policy={"lossy": "error"})

    assert told({"temperature": 1.7}, strict) == (
        None,
        {
            "line": 1,
            "refused": "the policy forbids changes",
            "rules": [{"rule": "moonshot/temperature-range", "effect": "lossy"}],
        },
        "refused",
    )


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[" * 100_000, "not JSON: nested too deep"),
        (b"[]", 'a line is an object: write a payload, or {"custom_id", "method", "url", "body"}'),
        (b'{"body": []}', 'a chat payload is an object, not an array: write {"model": ..., "messages": [...]}'),
        (b'{"messages": 1}', "messages is an array, not a number"),
        (b'{"temperature": NaN}', "Out of range float values are not JSON compliant"),
    ],
)
def test_a_line_that_cannot_be_read_is_told(raw, error):
    sent, report, fate = told(raw, number=7)

    assert (sent, fate, report["line"]) == (None, "unread", 7)
    assert error in report["error"]


def test_half_a_utf_8_character_is_told():
    assert told(b'{"a": "\xc3"}')[2] == "unread"


@pytest.mark.parametrize("raw", [b"", b"  \r\n", b"\xef\xbb\xbf\n"])
def test_blank_lines_are_passed_over(raw):
    assert MOONSHOT.line(raw, 1) is None


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert MOONSHOT.line(b"\xef\xbb\xbf{}", 1).sent == b"{}"


def test_faults_of_the_settings_are_told_at_once():
    with pytest.raises(UnknownProviderError):
        Translator("moonshoot")
    with pytest.raises(UsageError):
        Translator("moonshot", policy={"lossy": "never"})
