"""An answer is good only when it is one: what begins with an error, holds nothing, or cannot be read is asked for elsewhere."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import HI, a_deployment, a_plain_deployment, running, scripted
from tests.servers import COMPLETION, answer, chunk, events, serving, stream

from quirkbook.gateway.config.model import Deployment
from quirkbook.gateway.upstream.opening import ENOUGH, Opening, OpeningError

pytestmark = pytest.mark.timeout(20)

BODY = json.dumps(COMPLETION).encode()
BUSY = {"error": {"message": "The engine is overloaded", "type": "overloaded_error", "param": None, "code": 529}}
ROLE = chunk("", role="assistant")
ROLE["choices"][0]["delta"]["role"] = "assistant"
GOOD = events(chunk("good"), chunk(finish="stop"), "[DONE]")
BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])


# How a stream begins

BEFORE = [
    b"",
    b": hello\n\n",
    events(ROLE),
    events({**chunk(), "choices": []}),
    events("null"),
    b"event: ping\ndata: {}\n\n",
    b"\xef\xbb\xbf",
    b": one\r\r" + events(ROLE, end="\r\n"),
]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("error", [events(BUSY), b'event: error\ndata: {"message": "The engine is overloaded"}\n\n'])
def test_a_stream_that_begins_with_an_error_is_begun_elsewhere(pair, before, error):
    front, bad, other = pair
    bad.script[:], other.script[:] = [stream(before + error + b"data: [DONE]\n\n")], [stream(GOOD)]

    got = front.ask({"stream": True})

    assert (got.status, got.body) == (200, GOOD)


@BOTH
@pytest.mark.parametrize("before", BEFORE)
def test_where_no_other_is_left_the_client_gets_the_status_that_the_error_means(front, model, before):
    got = front.ask({"model": model, "stream": True}, stream(before + events(BUSY)))

    assert (got.status, got.error["message"]) == (529, "The engine is overloaded")
    (line,) = front.running.logged()
    assert (line["status"], line["why"]) == (529, "The engine is overloaded")


@BOTH
@pytest.mark.parametrize("nothing", ["[DONE]", "null", json.dumps(ROLE), ""])
def test_a_stream_without_an_answer_in_it_is_no_completion(front, model, nothing):
    got = front.ask({"model": model, "stream": True}, stream(events(nothing, "[DONE]")))

    assert (got.status, got.error["code"]) == (502, "empty_answer")


def test_a_stream_that_begins_with_an_error_is_tried_again():
    with scripted(retries=1) as front:
        got = front.ask({"stream": True}, stream(events(BUSY)), stream(GOOD))

        assert (got.status, got.body, len(front.server.requests)) == (200, GOOD, 2)


@BOTH
def test_what_came_before_the_answer_is_not_lost(front, model):
    data = events(ROLE) + b": wait\n\n" + GOOD
    pieces = [data[at : at + 11] for at in range(0, len(data), 11)]

    assert front.ask({"model": model, "stream": True}, stream(*pieces)).body == data


def test_an_error_later_in_a_stream_is_told_in_the_log_and_counted(front):
    front.ask({"stream": True}, stream(events(chunk("Hel"), BUSY)))

    (line,) = front.running.logged()
    assert (line["status"], line["why"]) == (200, "the upstream ended its stream with an error")
    assert b"quirkbook_failures_total" in front.running.ask(method="GET", path="/metrics").body


@pytest.mark.parametrize(
    ("data", "decides"),
    [
        (events(chunk("Hi")), True),
        (events(chunk(finish="stop")), True),
        (events({"choices": [{"text": "Hi"}]}), True),
        (events({"choices": [{"delta": {"reasoning_content": "So"}}]}), True),
        (events({"choices": [{"message": {"content": "Hi"}}]}), True),
        (events({"choices": [7, {"delta": 1}]}), False),
        (events({"usage": {}}), False),
        (events("[DONE]", chunk("Hi")), False),
        (b": x\n" * ENOUGH, True),
        (b"data: {broken\n\n", False),
    ],
)
def test_an_event_that_says_something_decides(data, decides):
    assert Opening().feed(data) is decides


def test_the_end_of_a_stream_ends_its_last_event():
    opening = Opening()

    assert opening.feed(events(chunk("Hi")).rstrip()) is False
    assert opening.close() is True
    with pytest.raises(OpeningError):
        Opening().feed(events(BUSY))


def test_a_first_event_that_is_too_long_is_no_answer(front, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.opening.MAX_FIRST", 10_000)

    got = front.ask({"stream": True}, stream(b"data: " + b"x" * 20_000))

    assert (got.status, got.error["code"]) == (502, "malformed_answer")


# Whole answers


@BOTH
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "body",
    [
        "{}", "null", "", " ", '{"id": "x"}', '{"choices": []}', '{"choices": null}', '{"choices": [null]}',
        '{"choices": [{}]}', '{"choices": "x"}', '{"choices": {"message": {}}}', '{"choices": [{"message": null}]}',
        '{"choices": [1, 2], "usage": {"total_tokens": 1}}', '{"choices": [[{"message": {}}]]}',
    ],
)  # fmt: skip
def test_an_answer_without_a_choice_is_no_completion(front, model, streams, body):
    got = front.ask({"model": model, "stream": streams}, answer(body))

    assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert got.error["code"] == ("no_connection" if streams and not body.strip() else "empty_answer")


def test_an_empty_answer_goes_elsewhere(pair):
    front, bad, other = pair
    bad.script[:], other.script[:] = [answer("{}")], [answer()]

    assert front.ask({}).json == COMPLETION


@BOTH
def test_a_byte_order_mark_before_json_is_read(front, model):
    assert front.ask({"model": model}, answer("\ufeff" + json.dumps(COMPLETION))).json == COMPLETION
    assert (
        front.ask({"model": model}, answer("\ufeff" + json.dumps(BUSY), 503)).error["message"]
        == "The engine is overloaded"
    )


@BOTH
@pytest.mark.parametrize("status", [600, 799, 999])
def test_a_status_that_no_client_expects_is_a_502(front, model, status):
    got = front.ask({"model": model}, answer(BUSY, status))

    assert (got.status, got.error["message"]) == (502, "The engine is overloaded")


@BOTH
@pytest.mark.parametrize("digits", [30, 4400, 9000])
@pytest.mark.parametrize("streams", [False, True])
def test_a_number_of_any_length_breaks_nothing(front, model, digits, streams):
    body = json.dumps(COMPLETION)[:-1] + ', "usage": {"cached_tokens": 7, "n": ' + "9" * digits + "}}"
    one = (
        "data: "
        + json.dumps(chunk("Hi", "stop"))[:-1]
        + ', "usage": {"cached_tokens": 7, "n": '
        + "9" * digits
        + "}}\n\n"
    )

    got = front.ask({"model": model, "stream": streams}, stream(one.encode()) if streams else answer(body))

    assert got.status in (200, 502)
    assert got.complete


def test_an_errors_body_is_read_to_64_kilobytes(front):
    got = front.ask({}, answer("x" * 3_000_000, 400))

    assert got.status == 400
    assert len(got.error["message"]) < 3000


# About the account, and by class

NO_MONEY = [
    (402, {"error": {"message": "Insufficient Balance"}}),
    (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    (403, {"error": {"message": "Arrearage"}}),
    (200, {"error": {"message": "Insufficient Balance", "code": "insufficient_balance"}}),
]


@pytest.mark.parametrize(("status", "body"), NO_MONEY)
@pytest.mark.parametrize("streams", [False, True])
def test_an_account_without_money_is_left_for_the_next_deployment(pair, status, body, streams):
    front, bad, other = pair
    bad.script[:], other.script[:] = [answer(body, status)], [stream(GOOD) if streams else answer()]

    assert front.ask({"stream": streams}).status == 200


TOO_LONG = {"error": {"message": "longer than the model's context length", "code": "context_length_exceeded"}}
FILTERED = {"error": {"message": "refused", "code": "content_filter"}}


@pytest.mark.parametrize(("error", "why"), [(TOO_LONG, "context_window"), (FILTERED, "content_policy")])
@pytest.mark.parametrize("status", [400, 200])
def test_an_error_of_a_class_goes_to_the_fallbacks_for_that_class_alone(error, why, status):
    with serving(answer(error, status)) as bad, serving(answer()) as twin, serving(answer()) as large:
        deployments = (
            a_deployment(bad.url, weight=1), a_deployment(twin.url, weight=0), a_plain_deployment(large.url, "large"),
        )  # fmt: skip
        with running(*deployments, special_fallbacks={why: {"kimi": ("large",)}}) as front:
            assert front.ask({}).headers["x-litellm-model-group"] == "large"
        with running(*deployments, fallbacks={"kimi": ("large",)}) as front:
            assert front.ask({}).status == 200
        with running(*deployments) as front:
            assert front.ask({}).status == 400

        assert twin.requests == []


def test_a_request_that_one_deployment_refuses_by_a_rule_goes_to_one_that_takes_it():
    refused = {"messages": HI, "n": 2, "temperature": 0}
    with serving(answer()) as first, serving(answer()) as spare:
        deployments = (a_deployment(first.url), a_plain_deployment(spare.url, "spare"))
        strict = {"fallbacks": {"kimi": ("spare",)}}
        with running(*deployments, **strict) as front:
            policy = {"x_quirkbook_policy": "lossy=error, semantic=error, exact=error"}
            passed = front.ask({**refused, "temperature": 1.7}, **policy)
            assert (passed.status, len(first.requests), len(spare.requests)) == (200, 0, 1)
        with running(*deployments, **strict, refusals_pass_on=False) as front:
            assert front.ask({**refused, "temperature": 1.7}, **policy).error["code"] == "forbidden_by_policy"


def test_where_all_refuse_the_reasons_of_each_are_given():
    with serving(answer()) as server:
        given = {"api_key": "k", "api_base": server.url}
        other = Deployment("spare", "openai/o3", "openai", "o3", id="the-spare", **given)
        with running(a_deployment(server.url), other, fallbacks={"kimi": ("spare",)}) as front:
            policy = {"x_quirkbook_policy": "lossy=error, semantic=error, exact=error"}
            refused = front.ask({"temperature": 1.7}, **policy)

    assert refused.status == 400
    assert refused.error["message"].startswith("none of 2 deployments takes this request:\n  kimi: ")
    assert "\n  the-spare: " in refused.error["message"]


def test_a_deployment_without_a_key_is_passed_over():
    with serving(answer()) as server:
        keyless = a_deployment(server.url, api_key=None)
        with running(keyless, a_plain_deployment(server.url, "spare"), fallbacks={"kimi": ("spare",)}) as front:
            assert front.ask({}).status == 200


# Who answered


def test_headers_tell_who_answered_and_on_request_who_failed():
    with serving(answer(BUSY, 500)) as bad, serving(answer()) as good:
        deployments = (
            a_deployment(bad.url), a_deployment(bad.url), a_plain_deployment(good.url, "spare", id="the-spare"),
        )  # fmt: skip
        with running(*deployments, fallbacks={"kimi": ("spare",)}) as front:
            plain, told = front.ask({}), front.ask({}, x_quirkbook_tried="yes")
            lines = front.logged(2)

    assert {name: value for name, value in plain.headers.items() if name.startswith(("x-quirkbook", "x-litellm"))} == {
        "x-quirkbook-deployment": "the-spare",
        "x-litellm-model-id": "the-spare",
        "x-litellm-model-group": "spare",
        "x-litellm-attempted-fallbacks": "1",
        "x-litellm-attempted-retries": "1",
    }
    for label in ("kimi: 500: The engine is overloaded", "kimi#2: 500: The engine is overloaded"):
        assert label in told.headers["x-quirkbook-tried"]
    assert told.headers["x-quirkbook-tried"].startswith("requested kimi; ")
    assert (lines[0]["requested"], lines[0]["model"], lines[0]["deployment"]) == ("kimi", "spare", "the-spare")
    assert {one["deployment"] for one in lines[0]["failed"]} == {"kimi", "kimi#2"}
    assert lines[0]["failed"][0]["status"] == 500


def test_a_name_that_no_header_can_hold_is_shown_as_far_as_it_goes():
    with serving(answer()) as server, running(a_plain_deployment(server.url, "modèle\nx: y")) as front:
        assert front.ask({"model": "modèle\nx: y"}).headers["x-quirkbook-deployment"] == "mod?le?x: y"
