"""Lines of a batch file: what becomes of each, and what the report says of it."""

import json

import pytest

from quirkbook import UnknownProviderError, UsageError
from quirkbook.batch.lines import Translator

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
            "note": "/v1/embeddings is not a chat completion: the line is left as it is",
            "rules": [],
        },
        "unchanged",
    )


def test_a_model_can_stand_in_and_a_prefix_can_name_the_provider():
    assert told({"temperature": 0.5}, Translator("moonshot", "kimi-k2"))[0] == {"temperature": 0.5, "model": "kimi-k2"}
    assert told({"model": "moonshot/moonshot-v1-8k"}, Translator())[0] == {"model": "moonshot-v1-8k"}


def test_a_refused_line_goes_nowhere_and_says_why():
    sent, report, fate = told({"messages": []})

    assert (sent, fate, report["rule"]) == (None, "refused", "closing/at-least-one-message")
    assert report["refused"].startswith(
        "payload/messages: messages must hold at least one message that says something."
    )


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
        (b" {\n", "not JSON: expected a key in double quotes at column 3"),
        (b"oops\n", "not JSON: 'oops' is not a value at column 1"),
        (b'{"a": 1} {"b": 2}', "not JSON: more text after the end at column 10"),
        (b"[" * 100_000, "not JSON: nested too deep"),
        (b"[]", 'a line is an object: write a payload, or {"custom_id", "method", "url", "body"}'),
        (
            b'{"body": []}',
            'payload: a chat payload must be an object, not an array; example: {"model": ..., "messages": [...]}',
        ),
        (
            b'{"messages": 1}',
            'payload/messages: messages must be an array, not a number; example: [{"role": "user", ...}]',
        ),
        (b'{"temperature": NaN}', "NaN is not a JSON number at column 17"),
        (b'{"temperature": 1e999}', "1e999 is too big for a number at column 17"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "a number of more than 1000 digits at column 10"),
        (b'{"a": "\xc3"}', "not UTF-8 text (byte 0xc3): save it as UTF-8"),
        ('{"a": "é"}'.encode("utf-16"), "not UTF-8 text (byte 0xff): save it as UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read_is_told(raw, error):
    sent, report, fate = told(raw, number=7)

    assert (sent, fate, report["line"]) == (None, "unread", 7)
    assert report["error"] == error


@pytest.mark.parametrize("raw", [b"", b"  \r\n", b"\xef\xbb\xbf\n"])
def test_blank_lines_are_passed_over(raw):
    assert MOONSHOT.line(raw, 1) is None


@pytest.mark.parametrize("number", [1, 2])  # files that were joined bring one in the middle
def test_a_byte_order_mark_is_no_part_of_a_line(number):
    assert MOONSHOT.line(b"\xef\xbb\xbf{}", number).sent == b"{}"


def test_diagnostics_of_the_settings_are_told_at_once():
    with pytest.raises(UnknownProviderError):
        Translator("moonshoot")
    with pytest.raises(UsageError):
        Translator("moonshot", policy={"lossy": "never"})
