"""Endpoints that are passed through: key, model and address are exchanged, and the rest goes as it came."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.gateway.asking import UPSTREAM_KEY, a_deployment, a_plain_deployment, running, scripted
from tests.servers import answer, events, raw, serving, stream

from quirkbook.gateway.config.model import Deployment, Limits

pytestmark = pytest.mark.timeout(20)

VECTOR = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "e-1"}
BUSY = {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}
ALL = (
    "/completions", "/embeddings", "/responses", "/responses/compact", "/responses/input_tokens", "/moderations", "/rerank",
    "/images/generations", "/images/edits", "/audio/speech", "/audio/transcriptions", "/messages", "/messages/count_tokens",
)  # fmt: skip


@pytest.fixture(scope="module")
def front():
    with scripted(cooldown=5) as found:
        yield found


@pytest.fixture(scope="module")
def pair():
    """A gateway and its two providers, the second of which is asked when the first fails."""
    with (
        serving(answer()) as bad,
        serving(answer(VECTOR)) as other,
        running(a_deployment(bad.url, weight=1), a_deployment(other.url, weight=0)) as front,
    ):
        yield front, bad, other


def asked(front, payload, path, *scripts, **headers):
    front.script(*scripts)
    return front.running.ask(json.dumps(payload).encode(), path=path, **headers)


@pytest.mark.parametrize("path", ALL)
def test_each_goes_to_the_provider_of_its_model_with_its_key_and_name(front, path):
    got = asked(
        front,
        {"model": "kimi", "input": "Hi", "temperature": 7},
        f"/v1{path}",
        answer(VECTOR),
        authorization="Bearer mine",
    )

    assert (got.status, got.json) == (200, VECTOR)
    (request,) = front.server.requests
    assert (request["method"], request["path"]) == ("POST", f"/v1{path}")
    assert request["headers"]["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert json.loads(request["body"]) == {
        "model": "moonshot-v1-8k",
        "input": "Hi",
        "temperature": 7,
    }  # no rule clamps it


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/embeddings/", "/v1/embeddings"), ("/openai/v1/embeddings", "/v1/embeddings"), ("/v2/rerank", "/v1/rerank"),
        ("/anthropic/v1/messages", "/v1/messages"), ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/openai/deployments/kimi/embeddings?api-version=2024-02-01", "/v1/embeddings"), ("/engines/kimi/completions", "/v1/completions"),
        ("/v1/embeddings?key=mine&model=plain", "/v1/embeddings"),
    ],
)  # fmt: skip
def test_addresses_are_read_as_those_of_chat_are_and_queries_go_on(front, path, sent):
    assert asked(front, {"model": "kimi"}, path, answer(VECTOR)).status == 200
    assert front.server.requests[0]["path"] == sent


def test_of_a_clients_headers_those_go_on_that_the_endpoints_need(front):
    sent = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "x-1",
        "openai-beta": "y",
        "x-other": "z",
        "cookie": "c",
    }
    asked(front, {"model": "kimi"}, "/v1/messages", answer(VECTOR), **sent)

    got = front.server.requests[0]["headers"]
    assert {name: got.get(name) for name in sent} == {**sent, "x-other": None, "cookie": None}


def test_fields_of_the_deployment_fill_gaps_but_those_of_chat_completions_alone(front):
    with (
        serving(answer(VECTOR)) as server,
        running(
            a_deployment(server.url, defaults={"temperature": 0.5, "input_type": "query"}, headers={"x-team": "a"})
        ) as own,
    ):
        own.ask(b'{"model": "kimi"}', path="/v1/embeddings")
        own.ask(b'{"model": "kimi", "input_type": "passage"}', path="/v1/completions")

    assert server.bodies == [
        {"model": "moonshot-v1-8k", "input_type": "query"},
        {"model": "moonshot-v1-8k", "input_type": "passage", "temperature": 0.5},
    ]
    assert server.requests[0]["headers"]["x-team"] == "a"


def test_what_a_request_asks_of_the_gateway_itself_is_honoured_and_not_sent(front):
    wish = {"model": "kimi", "fallbacks": ["plain"], "tags": ["a"], "metadata": {"a": "b"}}
    got = asked(front, wish, "/v1/responses", answer(BUSY, 500), answer(VECTOR))

    assert (got.status, got.headers["x-quirkbook-ignored"]) == (200, "tags")
    assert front.server.bodies == [{"model": name, "metadata": {"a": "b"}} for name in ("moonshot-v1-8k", "m-1")]


def test_the_key_goes_where_the_endpoint_wants_it():
    with (
        serving(answer(VECTOR)) as server,
        running(
            Deployment("claude", "anthropic/claude-opus-4-5", "anthropic", "claude-opus-4-5", UPSTREAM_KEY, server.url)
        ) as own,
    ):
        for path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings"):
            assert own.ask(b'{"model": "claude"}', path=path).status == 200

    shown = [(one["headers"].get("x-api-key"), one["headers"].get("authorization")) for one in server.requests]
    assert shown == [(UPSTREAM_KEY, None), (UPSTREAM_KEY, None), (None, f"Bearer {UPSTREAM_KEY}")]


# Forms

BODY = (
    b'--xYz\r\nContent-Disposition: form-data; name="model"\r\n\r\nkimi\r\n'
    b'--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n\x00\xff--xY\r\n\r\n--\r\n--xYz--\r\n'
)


def form(front, body=BODY, kind='multipart/form-data; boundary="xYz"', path="/v1/audio/transcriptions", **headers):
    front.script(answer({"text": "Hello"}))
    return front.running.ask(body, path=path, content_type=kind, **headers)


def test_a_form_goes_on_to_the_byte_but_for_the_models_name(front):
    got = form(front, BODY.replace(b"kimi", b"plain"))

    assert (got.status, got.json) == (200, {"text": "Hello"})
    (request,) = front.server.requests
    assert request["body"] == BODY.replace(b"kimi", b"m-1")
    assert request["headers"]["content-type"] == 'multipart/form-data; boundary="xYz"'


def test_a_form_without_a_model_is_served_where_the_address_names_one(front):
    body = b"some preamble\r\n--b\r\ncontent-disposition: form-data; name=prompt\r\n\r\n\r\n--b--"

    assert (
        form(front, body, "multipart/form-data; boundary=b", "/openai/deployments/kimi/audio/translations").status
        == 200
    )
    assert front.server.requests[0]["body"] == body
    assert form(front, body, "multipart/form-data; boundary=b").error["code"] == "missing_parameter"


@pytest.mark.parametrize(
    ("body", "kind", "why"),
    [
        (BODY, "multipart/form-data", "its Content-Type names no boundary"),
        (BODY, "multipart/form-data; boundary=other", "the boundary that its Content-Type names does not occur"),
        (BODY[:-9], "multipart/form-data; boundary=xYz", "a part has no end"),
        (BODY[:70] + BODY, "multipart/form-data; boundary=xYz", "the field 'model' comes twice: keep one of them"),
        (b"--b\r\n\r\n\r\n" * 1001 + b"--b--", "multipart/form-data; boundary=b", "it has more than 1,000 parts"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_a_400(front, body, kind, why):
    got = form(front, body, kind)

    assert (got.status, got.error["message"]) == (400, f"the body is not valid multipart/form-data: {why}")


def test_without_a_key_a_browser_cannot_send_a_form(front):
    assert form(front, user_agent="Mozilla/5.0").status == 415
    assert form(front, origin="https://evil.example").status == 403


# Streams

MESSAGES = b"".join(
    b"event: %b\ndata: %b\n\n" % (kind, json.dumps({"type": kind.decode(), **more}).encode())
    for kind, more in (
        (b"message_start", {"message": {"id": "m"}}),
        (b"content_block_delta", {"delta": {"text": "Hi"}}),
        (b"message_stop", {}),
    )
)
BEGINNING = MESSAGES.partition(b"\n\n")[0] + b"\n\n"
HALF = MESSAGES.rpartition(b"event:")[0]
OVERLOADED = (
    b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_stream_goes_on_byte_by_byte(front, size):
    pieces = [MESSAGES[at : at + size] for at in range(0, len(MESSAGES), size)]
    got = asked(front, {"model": "kimi", "stream": True}, "/v1/messages", stream(*pieces))

    assert (got.status, got.body, got.complete) == (200, MESSAGES, True)
    assert got.headers["content-type"] == "text/event-stream"
    (line,) = front.running.logged()
    assert (line["endpoint"], line["stream"], line["status"], line.get("why")) == ("/messages", True, 200, None)


def test_crlf_and_a_missing_last_line_end_are_left_as_they_are(front):
    sent = b'data: {"a": 1}\r\n\r\ndata: {"a": 2}\r\n\r\ndata: [DONE]'
    assert asked(front, {"model": "kimi"}, "/v1/completions", stream(sent)).body == sent + b"\n\n"


def test_a_key_that_is_echoed_does_not_get_to_the_client(front):
    got = asked(front, {"model": "kimi"}, "/v1/completions", stream(events({"text": f"key {UPSTREAM_KEY}"}, "[DONE]")))
    whole = asked(front, {"model": "kimi"}, "/v1/embeddings", answer({"data": UPSTREAM_KEY}))

    assert (got.events, whole.json) == ([{"text": "key ***"}, "[DONE]"], {"data": "***"})


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("/v1/completions", {"error": {"message": "M", "type": "upstream_error", "param": None, "code": "stream_cut"}}),
        ("/v1/messages", {"type": "error", "error": {"message": "M", "type": "upstream_error", "param": None, "code": "stream_cut"}}),
        (
            "/v1/responses",
            {
                "type": "error", "sequence_number": 0, "code": "stream_cut", "message": "M", "param": None,
                "error": {"message": "M", "type": "upstream_error", "param": None, "code": "stream_cut"},
            },
        ),
    ],
)  # fmt: skip
def test_a_stream_that_breaks_ends_with_an_error_as_its_clients_read_it(front, path, ending):
    got = asked(front, {"model": "kimi", "stream": True}, path, stream(HALF, b"data: {", end="cut"))

    message = "moonshot: the stream ended before its answer did: the connection broke before the answer was complete"
    assert json.loads(json.dumps(got.events[-1]).replace(message, "M")) == ending
    assert (b"\n\nevent: error\ndata: {" in got.body) is (path != "/v1/completions")
    (line,) = front.running.logged()
    assert line["why"] == "the stream was cut: the connection broke before the answer was complete"


def test_an_error_in_the_middle_is_noted(front):
    got = asked(front, {"model": "kimi", "stream": True}, "/v1/messages", stream(HALF + OVERLOADED))

    assert got.body == HALF + OVERLOADED
    assert front.running.logged()[0]["why"] == "the upstream ended its stream with an error"


def test_a_stream_without_any_event_is_a_failure(front):
    for nothing in (stream(b": hi\n\n"), stream(), stream(BEGINNING)):
        assert asked(front, {"model": "kimi"}, "/v1/messages", nothing).error["code"] == "empty_answer"


ALL = {
    "/v1/messages": (HALF, MESSAGES[len(HALF) :]),
    "/v1/completions": (events({"choices": [{"text": "Hi", "finish_reason": None}]}), events({"choices": [{"text": "", "finish_reason": "stop"}]})),
    "/v1/responses": (events({"type": "response.output_text.delta"}), events({"type": "response.completed", "response": {}})),
}  # fmt: skip


@pytest.mark.parametrize("path", ALL)
def test_a_stream_without_its_last_event_ends_with_an_error(front, path):
    half, last = ALL[path]
    whole = asked(front, {"model": "kimi", "stream": True}, path, stream(half + last))
    cut = asked(front, {"model": "kimi", "stream": True}, path, stream(half))

    assert (whole.body, cut.body.startswith(half)) == (half + last, True)
    assert cut.events[-1]["error"]["code"] == "stream_cut"
    assert front.running.logged()[0]["why"] == "the stream was cut: it stopped without saying that it is complete"


def test_of_a_stream_that_breaks_after_its_last_event_nothing_is_missing(front):
    got = asked(front, {"model": "kimi", "stream": True}, "/v1/messages", stream(MESSAGES, end="cut"))

    assert (got.body, front.running.logged()[0].get("why")) == (MESSAGES, None)


@pytest.mark.parametrize("end", ["whole", "cut"])
def test_nothing_is_known_of_how_other_streams_end(front, end):
    got = asked(front, {"model": "kimi", "stream": True}, "/v1/images/generations", stream(events({"a": 1}), end=end))

    assert got.body.startswith(events({"a": 1}))
    assert (got.body == events({"a": 1})) is (end == "whole")


def test_while_a_stream_is_silent_there_are_comments():
    with (
        serving(stream(MESSAGES[:60], end="hang")) as server,
        running(a_deployment(server.url, ping=0.05), limits=Limits(first_byte=1, idle_stream=1)) as front,
    ):
        got = front.ask(b'{"model": "kimi", "stream": true}', path="/v1/messages")

    assert got.body.count(b": ping\n\n") > 2
    assert got.events[-1]["error"]["code"] == "timeout"


# Other bodies


def test_sound_goes_on_as_it_comes(front):
    sound = bytes(range(256)) * 4000
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: %d\r\n\r\n" % len(sound)
    got = asked(front, {"model": "kimi", "input": "Hi"}, "/v1/audio/speech", raw(head + sound))

    assert (got.status, got.headers["content-type"], got.body == sound, got.complete) == (200, "audio/mpeg", True, True)


def test_sound_that_breaks_off_does_not_look_complete(front):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 99\r\n\r\nabc"
    got = asked(front, {"model": "kimi", "input": "Hi"}, "/v1/audio/speech", raw(head, close=True))

    assert (got.status, got.body, got.complete) == (200, b"abc", False)
    assert front.running.logged()[0]["why"].startswith("the stream was cut")


# Failures


def test_an_error_goes_to_the_client_with_its_status(front):
    got = asked(front, {"model": "kimi"}, "/v1/embeddings", answer(BUSY, 400))
    anthropic = asked(front, {"model": "kimi"}, "/v1/messages", answer(BUSY, 400))

    assert (got.status, got.json) == (400, BUSY)
    assert (anthropic.status, anthropic.json) == (400, {"type": "error", **BUSY})


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/v1/embeddings", answer(BUSY, 500)), ("/v1/embeddings", answer(BUSY, 429)), ("/v1/embeddings", answer(BUSY, 401)),
        ("/v1/embeddings", answer(BUSY)), ("/v1/embeddings", answer("", 302, location="/x")),
        ("/v1/messages", stream(OVERLOADED)), ("/v1/messages", stream(BEGINNING + OVERLOADED)),
        ("/v1/completions", stream(events(BUSY))),
        ("/v1/responses", stream(events({"type": "response.created"}, {"type": "response.failed", "response": {"error": BUSY["error"]}}))),
        ("/v1/responses", answer({"error": {"message": "no", "code": "previous_response_not_found"}}, 400)),
        ("/v1/embeddings", answer("\x1f\x9d", content_encoding="compress")),
    ],
)  # fmt: skip
def test_what_another_deployment_may_do_better_goes_there(pair, path, script):
    front, bad, other = pair
    bad.script[:] = [script]
    other.requests.clear()
    front.forget()

    got = front.ask(b'{"model": "kimi", "stream": true}', path=path)

    assert (got.status, got.json, len(other.requests)) == (200, VECTOR, 1)
    assert got.headers["x-litellm-attempted-retries"] == "1"
    (line,) = front.logged()
    assert (line["endpoint"], line["tries"], line["failed"][0]["deployment"]) == (path[3:], 2, "kimi")


def test_an_object_that_tells_of_an_error_is_no_failure(front):
    told = {
        "id": "resp_1",
        "object": "response",
        "status": "failed",
        "error": {"code": "server_error", "message": "no"},
    }
    assert asked(front, {"model": "kimi"}, "/v1/responses", answer(told)).json == told
    assert asked(front, {"model": "kimi"}, "/v1/completions", answer('{"error": oh')).body == b'{"error": oh'


def test_a_packed_answer_is_unpacked(front):
    packed = gzip.compress(json.dumps(VECTOR).encode())
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
        % len(packed)
    )
    assert asked(front, {"model": "kimi"}, "/v1/embeddings", raw(head + packed)).json == VECTOR


# Objects that an earlier request made


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/responses/resp_1"), ("DELETE", "/responses/resp_1"), ("POST", "/responses/resp_1/cancel"), ("GET", "/responses/resp_1/input_items")],
)  # fmt: skip
def test_an_object_is_looked_for_in_each_account(method, path):
    gone = answer({"error": {"message": "no such response"}}, 404)
    with (
        serving(gone) as first,
        serving(answer({"id": "resp_1"})) as second,
        running(
            a_deployment(first.url), a_deployment(first.url, "twin"), a_plain_deployment(second.url), cooldown=5
        ) as front,
    ):
        for _ in range(5):  # nobody is passed over for that
            got = front.ask(path=f"/v1{path}?after=x", method=method)
            assert (got.status, got.json) == (200, {"id": "resp_1"})
        assert front.ask(path=f"/v1{path}?model=kimi", method=method).status == 404

    assert len(first.requests) == 6
    request = second.requests[0]
    assert (request["method"], request["path"], request["body"]) == (method, f"/v1{path}?after=x", b"")


# What the gateway refuses


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"), (b"[]", 400, "invalid_json"), (b'{"input": "Hi"}', 400, "missing_parameter"),
        (b'{"model": 7}', 400, "invalid_type"), (b'{"model": "nobody"}', 404, "model_not_found"),
        (b'{"model": "kimi", "api_base": "http://x"}', 400, "not_allowed"), (b'{"model": "%b"}' % (b"k" * 2000), 400, "invalid_value"),
        (b'{"model": "kimi", "model": "plain"}', 400, "invalid_json"), (b'{"model": "kimi", "x": %b}' % (b"[" * 200 + b"]" * 200), 400, "nested_too_deep"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_on_is_refused(front, body, status, code):
    front.script()
    for path in ("/v1/embeddings", "/v1/messages"):
        got = front.running.ask(body, path=path)
        assert (got.status, got.error["code"], got.json.get("type")) == (
            status,
            code,
            "error" if "mess" in path else None,
        )
    assert not front.server.requests


def test_another_method_is_a_405(front):
    got = front.running.ask(path="/v1/embeddings", method="GET")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert front.running.ask(path="/v1/images/nowhere", method="POST").status == 404


def test_the_key_of_the_gateway_is_asked_for():
    with scripted(keys=("k-1",)) as found:
        assert asked(found, {"model": "kimi"}, "/v1/embeddings").status == 401
        assert asked(found, {"model": "kimi"}, "/v1/messages", answer(VECTOR), x_api_key="k-1").status == 200
        assert "x-api-key" not in found.server.requests[0]["headers"]
