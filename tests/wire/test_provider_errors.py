"""Errors as providers write them become one shape, one class, and never a key."""

from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quirkbook import errors
from quirkbook.model import Change, Effect, ErrorClass
from quirkbook.resources import folder, schema
from quirkbook.source.yaml import read
from quirkbook.wire import error_classes
from quirkbook.wire.provider_errors import classify, error_from, is_error, normalise, opened, request_id
from quirkbook.wire.redact import Mask
from quirkbook.wire.retry import LONGEST_ASKED, pause_before, retry_after

BARE = {"message": None, "type": None, "param": None, "code": None}

#: What comes in, and what the error says.
ENVELOPES = {
    "an object in an object": (
        {"error": {"message": "no", "type": "invalid_request_error", "param": "n", "code": "c"}},
        {"message": "no", "type": "invalid_request_error", "param": "n", "code": "c"},
    ),
    "without param and code": ({"error": {"message": "no", "type": "t"}}, {"message": "no", "type": "t"}),
    "a text": ({"error": "no"}, {"message": "no"}),
    "a text and a code beside it": ({"code": "bad", "error": "no"}, {"message": "no", "code": "bad"}),
    "a list of objects": (
        [{"error": {"code": 400, "message": "no", "status": "INVALID"}}],
        {"message": "no", "code": 400, "type": "INVALID", "status": "INVALID"},
    ),
    "a list of several": ([{"message": "one"}, {"message": "two"}], {"message": "one; two"}),
    "a code and a message": (
        {"code": 20015, "message": "no", "data": None},
        {"message": "no", "code": 20015, "data": None},
    ),
    "an error_code": ({"error_code": "INVALID", "message": "no"}, {"message": "no", "code": "INVALID"}),
    "flat": (
        {"object": "error", "message": "no", "type": "t", "param": None, "code": 400},
        {"object": "error", "message": "no", "type": "t", "code": 400},
    ),
    "a type_": ({"message": "no", "type_": "t"}, {"message": "no", "type": "t"}),
    "errors in a list": (
        {"errors": [{"message": "no", "code": 7}], "success": False, "result": {}},
        {"message": "no", "code": 7},
    ),
    "a detail": ({"detail": "no"}, {"message": "no"}),
    "a detail with places": (
        {"detail": [{"loc": ["body", "n"], "msg": "no", "type": "missing"}]},
        {"message": "no", "type": "missing", "param": "body.n"},
    ),
    "a state beside the answer": (
        {"base_resp": {"status_code": 1004, "status_msg": "no"}, "choices": None},
        {"message": "no", "code": 1004},
    ),
    "a text within a gateway's": (
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": '{"error": {"message": "no"}}'},
            }
        },
        {"message": "no", "code": 400, "metadata": {"raw": '{"error": {"message": "no"}}'}},
    ),
    "a plain text within a gateway's": (
        {"error": {"message": "Provider returned error", "metadata": {"raw": "no"}}},
        {"message": "no", "metadata": {"raw": "no"}},
    ),
    "plain text": (" no \n", {"message": "no"}),
    "a web page": ("<!DOCTYPE html><title>502\n Bad</title><p>sorry", {"message": "a web page: 502 Bad"}),
    "a web page without a title": ("<html><p>sorry", {"message": "a web page without a title"}),
    "nothing": ("", {"message": "no text came with it"}),
    "an empty list": ([], {"message": "no text came with it"}),
    "other keys": ({"a": 1, "b": 2}, {"message": "no message in it, only a, b", "a": 1, "b": 2}),
    "a list of one in a text": ('[{"error": {"message": "no", "code": 7}}]', {"message": "no", "code": 7}),
    "an event of a stream": ('data: {"error": {"message": "no", "code": 7}}\n\n', {"message": "no", "code": 7}),
    "an event with a name": ('event: error\ndata: {"message": "no"}\n\n', {"message": "no"}),
    "a text that only begins as an event": ("data: {no", {"message": "data: {no"}),
    "a number in a text": ("7", {"message": "7"}),
    "a status in words beside the message": (
        {"statusCode": 400, "error": "Bad", "message": "no"},
        {"message": "no", "type": "Bad", "statusCode": 400},
    ),
    "details beside the message": (
        {"error": {"message": "no", "errors": [{"message": "n"}]}},
        {"message": "no", "errors": [{"message": "n"}]},
    ),
    "a number": (7, {"message": "status 418"}),
    "a message of another type": ({"error": {"message": {"x": 1}}}, {"message": "no message in it, only error"}),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_becomes_the_one_shape(name):
    body, said = ENVELOPES[name]

    assert normalise(body, 418) == {"error": {**BARE, **said}}


@pytest.mark.parametrize("name", ENVELOPES)
def test_what_is_in_shape_stays_so(name):
    once = normalise(ENVELOPES[name][0], 418)

    assert normalise(once, 418) == once


def test_a_message_as_long_as_a_book_is_cut():
    assert normalise("x" * 3000)["error"]["message"] == "x" * 2000 + "..."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "code", "detail", "type", "param", "metadata", "raw"]), inner
        )
    ),
    max_leaves=12,
)


@given(json_values, st.none() | st.integers(100, 599))
def test_any_body_makes_an_error(body, status):
    error = error_from(status, {}, body)

    assert isinstance(error.body["error"]["message"], str)
    assert isinstance(error, errors.DispatchError)
    assert normalise(error.body, status) == error.body
    assert classify(error.body, status) == classify(body, status)


#: Status, body, class.
CLASSES = [
    (400, {"error": {"message": "bad n"}}, errors.BadRequestError),
    (401, {"error": {"message": "Invalid Authentication"}}, errors.AuthenticationError),
    (402, {"error": {"message": "pay"}}, errors.QuotaExceededError),
    (403, {"error": {"message": "no"}}, errors.PermissionDeniedError),
    (404, {"error": {"message": "Not found the model x"}}, errors.NotFoundError),
    (408, "", errors.Timeout),
    (413, {"error": {"message": "too big"}}, errors.BadRequestError),
    (418, "", errors.BadRequestError),
    (429, {"error": {"message": "slow down"}}, errors.RateLimitError),
    (429, {"error": {"message": "Too many input tokens per minute"}}, errors.RateLimitError),
    (429, {"error": {"message": "x", "code": "insufficient_quota"}}, errors.QuotaExceededError),
    (429, {"error": {"message": "x", "type": "exceeded_current_quota_error"}}, errors.QuotaExceededError),
    (403, {"error": {"message": "Insufficient balance"}}, errors.QuotaExceededError),
    (451, "", errors.ContentFilterError),
    (500, "", errors.InternalServerError),
    (500, {"error": {"message": "overloaded"}}, errors.ServiceUnavailableError),
    (501, "", errors.InternalServerError),
    (503, "overloaded", errors.ServiceUnavailableError),
    (504, "", errors.Timeout),
    (529, "", errors.ServiceUnavailableError),
    (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, errors.ContextWindowExceededError),
    (
        400,
        {"error": {"message": "Your request exceeded model token limit : 8192"}},
        errors.ContextWindowExceededError,
    ),
    (400, {"error": {"message": "Input token length too long"}}, errors.ContextWindowExceededError),
    (
        400,
        {"error": {"message": "This model's maximum context length is 4096 tokens"}},
        errors.ContextWindowExceededError,
    ),
    (400, {"error": {"message": "refused", "type": "content_filter"}}, errors.ContentFilterError),
    # A good status, and an error all the same
    (200, {"error": {"message": "x", "code": 502}}, errors.ServiceUnavailableError),
    (200, {"error": {"message": "x", "code": "429"}}, errors.RateLimitError),
    (200, {"error": {"message": "x", "type": "invalid_request_error"}}, errors.BadRequestError),
    (200, {"error": {"message": "x", "type": "authentication_error"}}, errors.AuthenticationError),
    (200, {"error": {"message": "x", "type": "permission_denied"}}, errors.PermissionDeniedError),
    (200, {"error": {"message": "x", "code": "model_not_found"}}, errors.NotFoundError),
    (200, {"error": {"message": "x", "code": "rate_limit_exceeded"}}, errors.RateLimitError),
    (200, {"error": {"message": "x", "type": "timeout"}}, errors.Timeout),
    (200, {"error": {"message": "x", "type": "overloaded_error"}}, errors.ServiceUnavailableError),
    (200, {"error": {"message": "x", "type": "server_error"}}, errors.InternalServerError),
    (None, {"error": {"message": "x"}}, errors.InternalServerError),
]


@pytest.mark.parametrize(("status", "body", "kind"), CLASSES)
def test_status_and_words_tell_the_class(status, body, kind):
    failure = error_from(status, {}, body)

    assert type(failure) is kind
    assert failure.error_class is classify(body, status)[0]


@pytest.mark.parametrize(
    ("status", "message", "wanted"),
    [
        (400, "Your credit balance is too low to access the API.", ("no_money", 400)),
        (403, "Arrearage: account is in arrears", ("no_money", 403)),
        (429, "The engine is currently overloaded, please try again later", ("overloaded", 429)),
        (429, "Rate limit reached, try again later", ("rate_limited", 429)),
        (404, "No endpoints found that support tool use.", ("unsupported", 404)),
        (400, "'max_tokens' is not supported with this model", ("unsupported", 400)),
        (200, "insufficient_quota", ("no_money", 402)),
        (None, "prompt is too long: 210000 tokens > 200000 maximum", ("context_too_long", 400)),
        (599, "", ("server_error", 599)),
    ],
)
def test_status_and_text_tell_the_class(status, message, wanted):
    assert classify({"error": {"message": message}}, status) == wanted


def test_what_a_rule_says_wins():
    assert classify({"error": {"message": "no"}}, 400, ErrorClass.NO_MONEY) == ("no_money", 400)
    assert classify({"error": {"message": "no"}}, 200, ErrorClass.NO_MONEY) == ("no_money", 402)


@pytest.mark.parametrize(
    ("status", "error_class", "kind"),
    [
        (429, "overloaded", errors.RateLimitError),
        (400, "overloaded", errors.BadRequestError),
        (404, "unsupported", errors.NotFoundError),
        (405, "unsupported", errors.BadRequestError),
        (501, "unsupported", errors.InternalServerError),
        (400, "no_money", errors.QuotaExceededError),
    ],
)
def test_what_sdks_tell_by_the_status_alone_stays_so(status, error_class, kind):
    failure = error_from(status, {}, {"error": "no"}, error_class=ErrorClass(error_class))

    assert (type(failure), failure.error_class) == (kind, error_class)


def test_every_exception_has_a_class_of_its_own_accord():
    assert errors.Timeout("x").error_class is ErrorClass.TIMEOUT
    assert errors.StreamCutError("x").error_class is ErrorClass.CONNECTION
    assert errors.PayloadError("x").error_class is ErrorClass.BAD_REQUEST


def test_the_table_of_classes_holds_what_its_schema_says():
    data = read((folder("schemas") / "errors.yaml").read_bytes(), "errors.yaml").data

    jsonschema.validate(data, schema("errors"))
    assert {*error_classes.table().statuses} == {*ErrorClass} - {ErrorClass.CONNECTION}


def test_the_body_of_an_error_is_opened_once():
    assert opened([{"a": 1}]) == opened('[{"a": 1}]') == {"a": 1}
    assert (opened([1]), opened("[" * 100_000), opened(None)) == ([1], "[" * 100_000, None)


#: Body, whether it is an error though its status is good.
BODIES = [
    ({"error": {"message": "x"}}, True),
    ({"error": {"message": "x"}, "choices": [{"finish_reason": "error"}]}, True),
    ([{"error": {"message": "x"}}], True),
    ({"errors": [{"message": "x"}], "success": False}, True),
    ({"success": False}, True),
    ({"base_resp": {"status_code": 1004}, "choices": None}, True),
    ({"object": "error", "message": "x"}, True),
    ({"detail": "x"}, True),
    ({"choices": [], "error": None}, False),
    ({"choices": [{"index": 0}], "base_resp": {"status_code": 0}}, False),
    ({"choices": [], "usage": {}}, False),
    ({"choices": [], "base_resp": {"status_code": 0}}, False),
    ({"usage": {}, "message": "x"}, False),
    ({}, False),
    ([], False),
    ("x", False),
    (None, False),
]


@pytest.mark.parametrize(("body", "wanted"), BODIES)
def test_an_error_is_known_by_its_form(body, wanted):
    assert is_error(body) is wanted


def test_an_error_tells_all_it_knows():
    body = {"error": {"message": "bad n", "type": "t", "code": "c", "param": "n"}}
    error = error_from(
        400, {"x-request-id": "r-1"}, body, provider="p", model="m", retry_after=2.0, raw={"message": "bad n"}
    )

    assert str(error) == "p: HTTP 400: bad n"
    assert vars(error) == {
        "message": "bad n",
        "status": 400,
        "provider": "p",
        "model": "m",
        "body": body,
        "raw": {"message": "bad n"},
        "request_id": "r-1",
        "retry_after": 2.0,
        "retryable": False,
        "changes": (),
        "response_changes": (),
        "attempts": 1,
        "received": None,
        "error_class": ErrorClass.BAD_REQUEST,
    }
    assert (error.status_code, error.http_status, error.type, error.code, error.param) == (400, 400, "t", "c", "n")


def test_what_rules_changed_in_an_error_is_told_without_keys():
    key = "my-own-secret-key-7"
    known = ("r", "map", Effect.EXACT, "why", "source", "file:1")
    moved = Change(*known, keys=("error", key), before=key, after={"a": [f"no {key}"]}, moved_from=(key, 0), note=key)
    remark = Change(*known)

    error = error_from(400, {}, {"error": "no"}, response_changes=[moved, remark], mask=Mask([key]))

    hidden = {"keys": ("error", "***"), "before": "***", "after": {"a": ["no ***"]}, "moved_from": ("***", 0)}
    assert error.response_changes == (replace(moved, **hidden, note="***"), remark)


def test_an_error_without_an_answer_knows_nothing_of_one():
    error = errors.APIConnectionError("no connection")

    assert (str(error), error.status, error.http_status, error.type) == ("no connection", None, 502, None)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"x-request-id": "a", "trace-id": "b"}, "a"),
        ({"other": "x", "any-request-id": "a"}, "a"),
        ({"x-trace-id": "a"}, "a"),
        ({"x-requestid": "a"}, "a"),
        ({"x-request-id": ""}, None),
        ({"request-identity": "x"}, None),
    ],
)
def test_the_request_is_named_as_the_provider_names_it(headers, wanted):
    assert request_id(headers) == wanted


# No key in it

KEY = "my-own-secret-key-7"


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}.",
        f"Incorrect API key provided: {KEY[:10]}***{KEY[-2:]}.",
        "Incorrect API key provided: sk-abcdefghijklmnop.",
        "Incorrect API key provided: Bearer abcdef.",
    ],
)
def test_a_key_that_a_provider_echoes_is_hidden_everywhere(text):
    body = {"error": {"message": text, "param": text, "details": [{text: text}]}}
    error = error_from(401, {"x-request-id": text}, body, raw=[text], mask=Mask([KEY]))
    shown = f"{error} {vars(error)}"

    assert str(error).rstrip(".") == "HTTP 401: Incorrect API key provided: ***"
    assert not any(secret in shown for secret in (KEY, KEY[:10], "sk-abc", "Bearer"))


def test_short_words_are_no_secrets():
    assert Mask(["a", "", "test"])("a test at a latest") == "a *** at a la***"


# Trying again


def refused(kind=errors.RateLimitError, retryable=True, after=None):
    return kind("x", retryable=retryable, retry_after=after)


@pytest.mark.parametrize(
    ("status", "body", "again"),
    [
        (400, "bad", False),
        (400, "the engine is overloaded", True),
        (401, "try again later", False),
        (404, "", False),
        (408, "", True),
        (429, "", True),
        (429, {"error": {"code": "insufficient_quota"}}, False),
        (500, "", True),
        (501, "", False),
        (503, "", True),
        (504, "", True),
        (200, {"error": {"message": "x"}}, True),
    ],
)
def test_only_what_may_pass_is_tried_again(status, body, again):
    assert error_from(status, {}, body).retryable is again


def test_pauses_double_to_a_bound_and_differ_by_chance(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: (low, high) == (0.75, 1) and 1)

    assert [pause_before(attempt, refused(), 9) for attempt in (1, 2, 3, 4, 5, 6, 9)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_there_are_no_more_tries_than_asked_for():
    assert [pause_before(attempt, refused(), 2) is None for attempt in (1, 2, 3)] == [False, False, True]
    assert pause_before(1, refused(), 0) is None
    assert pause_before(1, refused(retryable=False), 2) is None


def test_the_provider_says_how_long_to_wait_within_reason():
    assert [pause_before(1, refused(after=after), 2) for after in (0, 1.5, LONGEST_ASKED, LONGEST_ASKED + 1)] == [
        0,
        1.5,
        60.0,
        None,
    ]


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:40 GMT"}, 0.0),
        ({"retry-after": "Thu, 99 Jan 1970 00:00:40 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, wanted, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 60.0)

    assert retry_after(headers) == wanted
