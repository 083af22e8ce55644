"""Fields of LiteLLM's in the body: honoured, told, or refused with what to write instead; never sent on."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import HI, a_plain_deployment, running, scripted
from tests.servers import COMPLETION, answer, nothing, serving

from quirkbook.gateway import asked
from quirkbook.gateway.config.model import Limits
from quirkbook.gateway.http.asgi import HTTPError

pytestmark = pytest.mark.timeout(30)

REFUSED = answer({"error": {"message": "down", "type": "server_error", "param": None, "code": None}}, status=500)


def taken(**fields):
    """Return what is asked for, and the fields that are left."""
    asked_for = asked.take(fields)
    return asked_for, fields


@pytest.mark.parametrize(
    "field",
    [
        {"tags": ["a"]},
        {"cache": {"no-cache": True}},
        {"litellm_metadata": {"a": 1}},
        {"guardrails": ["pii"]},
        {"drop_params": True},
        {"litellm_session_id": "s"},
        {"langfuse_public_key": "pk"},
        {"no-log": True},
        {"input_cost_per_token": 0.1},
        {"enable_keepalive": True},
    ],
)
def test_what_keeps_litellms_books_is_not_sent_and_told(front, field):
    got = front.ask({"model": "plain", **field})

    assert (got.status, got.headers["x-quirkbook-ignored"]) == (200, next(iter(field)))
    assert front.server.bodies == [{"model": "m-1", "messages": HI}]
    assert [line["ignored"] for line in front.running.logged()] == [list(field)]


@pytest.mark.parametrize(
    ("field", "instead"),
    [
        ({"mock_response": "hey"}, "run an emulated provider: quirkbook emulate"),
        ({"mock_testing_fallbacks": True}, "run an emulated provider: quirkbook emulate"),
        ({"additional_drop_params": ["seed"]}, "leave these fields out"),
        ({"prompt_id": "p"}, "write the messages as they are to be sent"),
        ({"azure_ad_token": "t"}, "leave it out, as the gateway's config says it"),
        ({"user_config": {}}, "leave it out, as the gateway's config says it"),
        ({"retry_policy": {}}, "write num_retries"),
    ],
)
def test_what_would_change_the_answer_is_refused_with_what_to_write(front, field, instead):
    got = front.ask(field)

    name = next(iter(field))
    text = f"{name} is a field of LiteLLM's that has no counterpart here: {instead}"
    assert (got.status, got.error["message"], got.error["param"]) == (400, text, name)
    assert front.server.requests == []


def test_a_null_asks_for_nothing_and_is_not_sent(front):
    got = front.ask({"model": "plain", "mock_response": None, "timeout": None, "tags": None})

    assert (got.status, "x-quirkbook-ignored" in got.headers) == (200, False)
    assert front.server.bodies == [{"model": "m-1", "messages": HI}]


def test_what_stands_in_extra_body_is_meant_for_the_upstream(front):
    front.ask({"extra_body": {"tags": ["a"]}})

    assert front.server.bodies[0]["tags"] == ["a"]


def test_metadata_are_openais_field_and_go_on(front):
    front.ask({"model": "plain", "metadata": {"team": "blue"}})

    assert front.server.bodies[0]["metadata"] == {"team": "blue"}


@pytest.mark.parametrize("field", ["timeout", "request_timeout", "force_timeout"])
def test_the_requests_time_limit_wins(front, field):
    got = front.ask({field: 0.1}, nothing)

    assert (got.status, got.error["code"]) == (504, "timeout")


def test_a_streams_time_limit_is_that_to_its_first_event(front):
    got = front.ask({"stream": True, "stream_timeout": "0.1", "timeout": 20}, nothing)

    assert (got.status, got.error["code"]) == (504, "timeout")


def test_the_time_limit_of_the_config_bounds_that_of_the_request():
    with scripted(Limits(first_byte=0.1)) as found:
        assert found.ask({"timeout": 1000}, nothing).status == 504


def test_the_requests_number_of_retries_wins(front):
    assert (front.ask({"num_retries": 1}, REFUSED).status, len(front.server.requests)) == (500, 2)
    assert (front.ask({"max_retries": 0}, REFUSED).status, len(front.server.requests)) == (500, 1)


@pytest.fixture
def pair():
    """Two models, each with a server of its own; the config's fallback of ``a`` is ``b``."""
    with serving(REFUSED) as one, serving(answer(COMPLETION)) as two, serving(answer(COMPLETION)) as three:
        deployments = [a_plain_deployment(one.url, "a"), a_plain_deployment(two.url, "b")]
        with running(*deployments, a_plain_deployment(three.url, "c"), fallbacks={"a": ("b",)}) as front:
            yield front


@pytest.mark.parametrize(
    ("field", "who"),
    [
        ({}, "b"),
        ({"fallbacks": ["c"]}, "c"),
        ({"fallbacks": "c"}, "c"),
        ({"fallbacks": [{"model": "c"}]}, "c"),
        ({"fallbacks": [{"a": ["c"]}, {"b": ["a"]}]}, "c"),
        ({"fallbacks": [{"b": ["c"]}]}, None),
        ({"fallbacks": []}, None),
        ({"disable_fallbacks": True}, None),
        ({"disable_fallbacks": True, "fallbacks": ["c"]}, None),
        ({"disable_fallbacks": False}, "b"),
    ],
)
def test_fallbacks_of_the_request_stand_in_for_those_of_the_config(pair, field, who):
    got = pair.ask({"model": "a", **field})

    assert (got.status, got.headers["x-quirkbook-deployment"]) == (200 if who else 500, who or "a")


def test_a_fallback_that_nobody_serves_is_refused_before_anybody_is_asked(pair):
    got = pair.ask({"model": "a", "fallbacks": ["d"]})

    assert (got.status, got.error["param"]) == (400, "fallbacks")
    assert got.error["message"] == "fallbacks: unknown model 'd'\n  known: a, b, c"


TOO_LONG = answer(
    {"error": {"message": "too long", "type": "x", "param": None, "code": "context_length_exceeded"}}, status=400
)


@pytest.mark.parametrize(
    ("field", "who"),
    [
        ({}, "b"),
        ({"context_window_fallback_dict": {"a": "c"}}, "c"),
        ({"context_window_fallbacks": [{"a": ["c"]}]}, "c"),
        ({"content_policy_fallbacks": [{"a": ["c"]}]}, "b"),
        ({"fallbacks": ["c"]}, "b"),
        ({"disable_fallbacks": True}, None),
    ],
)
def test_fallbacks_for_one_class_of_errors(field, who):
    with serving(TOO_LONG) as one, serving(answer(COMPLETION)) as two:
        deployments = [a_plain_deployment(one.url, "a"), *(a_plain_deployment(two.url, name) for name in "bc")]
        with running(*deployments, special_fallbacks={"context_window": {"a": ("b",)}}) as front:
            got = front.ask({"model": "a", **field})

    assert (got.status, got.headers["x-quirkbook-deployment"]) == (200 if who else 400, who or "a")


SECONDS, TIMES, NAMES = "a number of seconds above 0", "a whole number from 0 to 20", asked._NAMED


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timeout", 0, SECONDS),
        ("timeout", "soon", SECONDS),
        ("timeout", True, SECONDS),
        ("timeout", [1], SECONDS),
        ("stream_timeout", -1, SECONDS),
        ("timeout", 10**400, SECONDS),
        ("num_retries", 21, TIMES),
        ("num_retries", True, TIMES),
        ("max_retries", "2", TIMES),
        ("fallbacks", [1], NAMES),
        ("fallbacks", 1, NAMES),
        ("fallbacks", [{"a": 1}], NAMES),
        ("fallbacks", [{"a": [1]}], NAMES),
        ("fallbacks", ["a"] * 101, "at most 100 names of models"),
        ("disable_fallbacks", "yes", "true or false"),
        ("content_policy_fallbacks", 1, NAMES),
    ],
)
def test_a_value_that_says_nothing_is_refused(name, value, expected):
    with pytest.raises(HTTPError) as caught:
        taken(**{name: value})

    assert (str(caught.value), caught.value.status) == (f"{name} must be {expected}", 400)
    assert caught.value.body["error"]["param"] == name


def test_names_that_are_nobodys_are_fields_of_the_payload():
    assert taken(temperature=1, num_ctx=2, **{"litellm_" + "x" * 70: 1}) == (
        asked.NOTHING,
        {"temperature": 1, "num_ctx": 2, "litellm_" + "x" * 70: 1},
    )


def test_the_values_are_read_however_the_body_has_them(front):
    raw = json.dumps({"model": "plain", "messages": HI, "timeout": 5, "cache": {"a": "b"}}).encode()

    assert front.ask(raw).status == 200
    assert front.server.bodies == [{"model": "m-1", "messages": HI}]
