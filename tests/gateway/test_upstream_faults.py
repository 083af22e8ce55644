"""Upstreams that are down, refuse, or speak odd HTTP: what becomes of the request, and what the client gets."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter

import pytest
from tests.gateway.asking import HI, a_deployment, a_plain_deployment, running, scripted
from tests.servers import (
    COMPLETION,
    answer,
    chunk,
    events,
    nothing,
    raw,
    refusing_address,
    rudely,
    saying,
    serving,
    stream,
)

pytestmark = pytest.mark.timeout(20)

BODY = json.dumps(COMPLETION).encode()
BUSY = {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}
BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])


def upstream_error(message, code):
    return {"message": message, "type": "upstream_error", "param": None, "code": code}


def ok(extra="", body=BODY, version="1.1"):
    return f"HTTP/{version} 200 OK\r\ncontent-type: application/json\r\n{extra}\r\n".encode() + body


SIZED = f"content-length: {len(BODY)}\r\n"


# Down


@BOTH
def test_an_upstream_that_is_down_is_a_502(model):
    url = refusing_address()
    with running(a_deployment(url), a_plain_deployment(url)) as down:
        refused = down.ask({"model": model})

    who = "moonshot" if model == "kimi" else "the upstream"
    assert refused.status == 502
    assert refused.error == upstream_error(f"{who}: no connection: Connection refused", "no_connection")


def test_a_name_that_nobody_has_is_a_502():
    with running(a_deployment("http://nobody.invalid/v1")) as down:
        assert down.ask({}).status == 502


def test_an_upstream_that_hangs_up_is_a_502(front):
    refused = front.ask({}, rudely)

    assert refused.status == 502
    assert refused.error == upstream_error(
        "moonshot: the connection broke before the answer was complete", "no_connection"
    )


def test_what_is_tried_again_is_said():
    with running(a_deployment(refusing_address()), a_deployment(refusing_address())) as down:
        refused = down.ask({})

    assert refused.error["message"] == "moonshot: no connection: Connection refused (tried 2 times)"


# Elsewhere


@pytest.mark.parametrize(
    "script",
    [
        rudely,
        raw(b"nonsense\r\n\r\n", close=True),
        answer(BUSY, 500),
        answer(BUSY, 503),
        answer(BUSY, 429),
        answer(BUSY, 401),
        answer(BUSY, 404),
        raw(ok("content-length: 5000\r\n"), close=True),
        raw(b"HTTP/1.1 503 X\r\ncontent-length: 100\r\n\r\n{", close=True),
        raw(b"HTTP/1.1 302 X\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n"),
        answer({"error": {"message": "overloaded", "code": 503}}),
        answer("{not json"),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_the_next_deployment_is_asked_before_the_client_has_had_a_byte(pair, script, streams):
    front, bad, other = pair
    bad.script[:] = [script]
    other.script[:] = [stream(events(chunk("Hi", "stop"), "[DONE]")) if streams else answer()]
    bad.requests.clear()
    other.requests.clear()

    got = front.ask({"stream": streams})

    assert (got.status, len(other.requests)) == (200, 1)
    assert bad.requests  # twice, where a connection was kept and found broken


def test_a_stream_that_breaks_before_its_first_byte_begins_elsewhere():
    good = stream(events(chunk("Hi", "stop"), "[DONE]"))
    with serving(stream(end="cut")) as bad, serving(good) as other:
        with running(a_deployment(bad.url, weight=1), a_deployment(other.url, weight=0)) as front:
            got = front.ask({"stream": True})

        assert got.events == [chunk("Hi", "stop"), "[DONE]"]
        assert len(other.requests) == 1


def test_a_deployment_that_is_slow_to_begin_is_left_for_the_next():
    with (
        serving(nothing) as bad,
        serving(answer()) as other,
        running(a_deployment(bad.url, timeout=0.3), a_deployment(other.url, weight=0)) as front,
    ):
        assert front.ask({}).status == 200


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_the_client_did_wrong_goes_nowhere_else(status):
    with serving(answer(BUSY, status)) as bad, serving(answer()) as other:
        with running(a_deployment(bad.url, weight=1), a_deployment(other.url, weight=0), retries=2) as front:
            assert front.ask({}).status == status

        assert (len(bad.requests), len(other.requests)) == (1, 0)


@pytest.mark.parametrize("retries", [None, 3])
def test_what_the_client_did_wrong_is_said_though_another_deployment_is_down(retries):
    wrong = answer({"error": {"message": "expected type float"}}, 400)
    with (
        serving(wrong) as alive,
        running(
            a_deployment(refusing_address(), weight=1, retries=retries), a_deployment(alive.url, weight=0)
        ) as front,
    ):
        refused = front.ask({"temperature": 0.5})

        assert (refused.status, refused.error["message"]) == (400, "expected type float")
        assert len(alive.requests) == 1


def test_fallbacks_come_after_all_of_a_names_own_deployments():
    with serving(answer(BUSY, 500)) as bad, serving(answer()) as other:
        deployments = (a_deployment(bad.url), a_deployment(bad.url), a_plain_deployment(other.url, "spare"))
        with running(*deployments, fallbacks={"kimi": ("spare",)}) as front:
            assert front.ask({}).status == 200
            (line,) = front.logged()

        assert (len(bad.requests), len(other.requests)) == (2, 1)
        assert other.bodies[0]["model"] == "m-1"
    assert (line["model"], line["tries"], "provider" in line) == ("spare", 3, False)


def test_weights_say_who_is_asked_first():
    with serving(answer()) as often, serving(answer()) as seldom:
        with running(a_deployment(often.url, weight=9), a_deployment(seldom.url, weight=1)) as front:
            statuses = Counter(front.ask({}).status for _ in range(60))

        assert statuses == {200: 60}
        assert len(often.requests) > len(seldom.requests)


# Again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_within_num_retries(status):
    with scripted(retries=2) as front:
        again = answer(BUSY, status, retry_after="0")
        assert front.ask({}, again, again, answer()).status == 200
        assert len(front.server.requests) == 3
        assert len({json.dumps(body) for body in front.server.bodies}) == 1

        front.script(again)
        assert front.running.ask({}).status == status
        assert len(front.server.requests) == 3


@pytest.mark.parametrize(
    ("script", "status"),
    [
        *((answer(BUSY, status, retry_after="0"), status) for status in (400, 401, 402, 403, 404, 409, 422, 501)),
        (answer({"error": {"message": "no", "code": "insufficient_quota"}}, 429, retry_after="0"), 429),
        (answer("{not json"), 502),
    ],
)
def test_what_will_not_pass_is_not_tried_again_where_it_failed(script, status):
    with scripted(retries=2) as front:
        assert front.ask({}, script).status == status
        assert len(front.server.requests) == 1


def test_a_broken_connection_is_tried_again():
    with scripted(retries=1) as front:
        assert front.ask({}, rudely, answer()).status == 200


def test_a_deployments_own_retries_count_before_the_configs():
    with serving(answer(BUSY, 500, retry_after="0")) as server:
        with running(a_deployment(server.url, retries=1), retries=5) as front:
            assert front.ask({}).status == 500
        assert len(server.requests) == 2


def test_a_wait_that_an_upstream_asks_for_is_kept_and_one_too_long_is_handed_on():
    with scripted(retries=1) as front:
        started = time.monotonic()
        assert front.ask({}, answer(BUSY, 429, retry_after="0.3"), answer()).status == 200
        assert time.monotonic() - started > 0.29

        refused = front.ask({}, answer(BUSY, 429, retry_after="3600"))
        assert (refused.status, refused.headers["retry-after"], refused.error["message"]) == (429, "3600", "busy")
        assert len(front.server.requests) == 1


# Refusals


@pytest.mark.parametrize("status", [400, 402, 404, 409, 413, 422, 429])
def test_a_refusal_passes_with_its_status_and_its_body(front, status):
    body = {"error": {"message": "no", "type": "a_type", "param": "messages.0", "code": "a_code", "more": {"x": 1}}}

    refused = front.ask({"model": "plain"}, answer(body, status))

    assert (refused.status, refused.json) == (status, body)


KEY_REFUSED = "the gateway's key for the upstream was refused"
KEY_FORBIDDEN = "the upstream does not allow this to the gateway's key"


@pytest.mark.parametrize(("model", "who"), [("kimi", "moonshot"), ("plain", "the upstream")])
@pytest.mark.parametrize(
    ("status", "code", "text", "told"),
    [
        (401, None, f"no ({KEY_REFUSED})", "upstream_authentication"),
        (401, "a_code", f"no ({KEY_REFUSED})", "a_code"),
        (403, None, f"no ({KEY_FORBIDDEN})", "upstream_authentication"),
        (403, "content_filter", "no", "content_filter"),
        (403, "insufficient_quota", "no", "insufficient_quota"),
    ],
)
def test_an_upstream_that_refuses_the_gateways_key_is_not_taken_for_the_gateway(
    front, model, who, status, code, text, told
):
    error = {"message": "no", "type": "a_type", "param": None, "code": code, "more": {"x": 1}}

    refused = front.ask({"model": model}, answer({"error": error}, status))

    assert (refused.status, refused.json) == (
        status,
        {"error": {**error, "message": f"{who}: {text}", "code": told}},
    )


def test_the_log_says_whose_key_was_refused_too():
    with scripted() as front:
        front.ask({}, answer({"error": {"message": "no"}}, 401))

        assert [line["why"] for line in front.running.logged()] == [f"moonshot: no ({KEY_REFUSED})"]


@BOTH
def test_an_error_on_the_key_that_comes_with_a_good_status_is_one_of_the_gateways_key_too(front, model):
    refused = front.ask({"model": model}, answer({"error": {"message": "no", "type": "authentication_error"}}))

    who = "moonshot" if model == "kimi" else "the upstream"
    assert (refused.status, refused.error) == (
        401,
        {
            "message": f"{who}: no ({KEY_REFUSED})",
            "type": "authentication_error",
            "param": None,
            "code": "upstream_authentication",
        },
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"detail": "Not here"}, {"message": "Not here", "type": None, "param": None, "code": None}),
        ({"error": "plain"}, {"message": "plain", "type": None, "param": None, "code": None}),
        ([{"error": {"message": "in a list", "code": 400}}], {"message": "in a list", "type": None, "param": None, "code": 400}),
        ("<html><title>Bad  thing</title></html>", {"message": "a web page: Bad thing", "type": None, "param": None, "code": None}),
        ("", {"message": "no text came with it", "type": None, "param": None, "code": None}),
        ("[" * 5000, None),
    ],
)  # fmt: skip
@BOTH
def test_strange_refusals_get_openais_shape(front, model, body, error):
    refused = front.ask({"model": model}, answer(body, 400))

    assert refused.status == 400
    assert list(refused.error)[:4] == ["message", "type", "param", "code"]
    assert error is None or refused.error == error


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, 429),
        ({"error": {"message": "bad", "type": "invalid_request_error"}}, 400),
        ({"base_resp": {"status_code": 1004, "status_msg": "auth"}}, 500),
        ({"detail": "what?"}, 500),
    ],
)
@BOTH
def test_an_error_with_a_good_status_gets_the_status_it_means(front, model, body, status):
    refused = front.ask({"model": model}, answer(body))

    assert refused.status == status
    assert set(refused.json) == {"error"}


# Answers


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"nonsense\r\n\r\n", "the upstream's answer is not HTTP"),
        (
            b"HTTP/1.1 200 X\r\nx: " + b"x" * 140_000 + b"\r\n\r\n",
            "the headers of its answer hold more than 131,072 bytes",
        ),
    ],
    ids=["no HTTP", "headers without end"],
)
def test_an_answer_that_cannot_be_parsed_is_a_502_that_says_why(front, data, why):
    refused = front.ask({}, raw(data))

    assert (refused.status, refused.error) == (502, upstream_error(f"moonshot: {why}", "no_connection"))


def test_an_upstream_that_speaks_no_tls_is_a_502_that_says_so():
    with saying(b"nonsense") as address, running(a_deployment(f"https://{address}/v1")) as front:
        refused = front.ask({})

    assert refused.status == 502
    assert refused.error["message"].startswith("moonshot: no connection: TLS could not be agreed on")


def test_a_stream_of_as_many_choices_as_no_number_says_is_handed_on(front):
    raw_payload = json.dumps({"model": "plain", "messages": HI, "stream": True}).encode()[:-1] + b', "n": 1e999}'

    got = front.ask(raw_payload, stream(events(chunk("Hi", "stop"), "[DONE]")))

    assert (got.status, got.events[-1]) == (200, "[DONE]")


@pytest.mark.parametrize(
    "body", ["{not json", '"text', '{"choices": [{"index": 0, ', '{"choices": NaNs}', "\ufeff {}x"]
)
@BOTH
def test_an_answer_that_is_no_json_object_is_a_502_that_shows_its_start(front, model, body):
    refused = front.ask({"model": model}, answer(body))

    assert (refused.status, refused.error["code"]) == (502, "malformed_answer")
    assert "the upstream's answer is not a JSON object" in refused.error["message"]
    assert body.lstrip("\ufeff")[:6] in refused.error["message"]


@pytest.mark.parametrize(
    "data",
    [
        ok(SIZED),
        ok(SIZED.replace("content-length", "CONTENT-LENGTH")),
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok(SIZED),
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n" * 3 + ok(SIZED),
        b"HTTP/1.1 102 Processing\r\n\r\n" + ok("transfer-encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
        ok("transfer-encoding: chunked\r\n", b"%x;ext=1\r\n%b\r\n0\r\ntrailer: x\r\n\r\n" % (len(BODY), BODY)),
        ok(SIZED + "connection: keep-alive\r\n", version="1.0"),
    ],
)  # fmt: skip
@BOTH
def test_answers_that_end_by_their_own_account(front, model, data):
    for _ in range(2):
        got = front.ask({"model": model}, raw(data))

        assert (got.status, got.json) == (200, COMPLETION)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@BOTH
def test_answers_that_end_with_their_connection(front, model, version):
    for _ in range(2):
        got = front.ask({"model": model}, raw(ok(version=version), close=True))

        assert (got.status, got.json) == (200, COMPLETION)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: \x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-big: %b\r\n" % (b"a" * 1000) * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx-endless: " + b"a" * 300_000,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        ok("content-length: 5000\r\n"),
        ok("transfer-encoding: chunked\r\n", b"%x\r\n%b" % (len(BODY), BODY)),
    ],
    ids=lambda data: repr(data[:30]),
)
@BOTH
def test_what_is_no_whole_http_answer_is_a_502(front, model, data):
    got = front.ask({"model": model}, raw(data, close=True))

    assert (got.status, got.error["type"]) == (502, "upstream_error")
    assert front.ask({"model": model}).status == 200


def test_a_redirect_is_not_followed_and_says_what_to_set(front):
    with serving(answer()) as elsewhere:
        moved = front.ask({}, answer("", 307, location=f"{elsewhere.url}/chat/completions"))

        assert (moved.status, moved.error) == (
            502,
            upstream_error(
                f"moonshot: it redirects to {elsewhere.url}/chat/completions, which is not followed: set api_base",
                "redirected",
            ),
        )
        assert "location" not in moved.headers
        assert elsewhere.requests == []


def test_a_second_answer_that_nobody_asked_for_is_not_taken_for_the_next_ones(front):
    stray = ok("content-length: 17\r\nx-stray: 1\r\n", b'{"choices": "no"}')

    first = front.ask({}, raw(ok(SIZED) + stray), answer())
    second = front.running.ask({})

    assert (first.status, first.json, second.json) == (200, COMPLETION, COMPLETION)
    assert "x-stray" not in first.headers and "x-stray" not in second.headers


def test_a_kept_connection_that_the_upstream_closed_meanwhile_costs_the_client_nothing(front):
    def once(connection):
        connection.sendall(ok(SIZED))
        time.sleep(0.05)
        connection.shutdown(socket.SHUT_RDWR)

    for _ in range(3):
        assert front.ask({}, once).status == 200
        time.sleep(0.1)


def test_a_kept_connection_that_is_closed_on_the_next_request_is_replaced_without_a_retry(front):
    assert front.ask({}).status == 200

    assert front.ask({}, rudely, answer()).status == 200
    assert len(front.server.requests) == 2


def test_connections_are_kept_and_used_again(front):
    front.ask({})
    before = front.server.connections

    assert [front.ask({}).status for _ in range(5)] == [200] * 5
    assert front.server.connections == before


def test_an_answer_that_comes_before_the_request_was_sent_whole_is_handed_on():
    big = [{"role": "user", "content": "x" * 20_000_000}]
    early = json.dumps({"error": {"message": "too much", "type": "t", "param": None, "code": None}}).encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        import threading

        def serve():
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 413 X\r\ncontent-length: %d\r\n\r\n%b" % (len(early), early))
                    connection.settimeout(3)
                    try:
                        time.sleep(0.3)
                        while connection.recv(100) == b"":
                            break
                    except OSError:
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        with running(a_plain_deployment(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")) as front:
            refused = front.ask({"model": "plain", "messages": big})
            again = front.ask({"model": "plain", "messages": HI})
        thread.join()

    assert (refused.status, refused.error["message"]) == (413, "too much")
    assert (again.status, again.error["message"]) == (413, "too much")


def test_an_answer_of_any_size_is_read_at_the_clients_pace_and_a_boundless_one_is_cut(front, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.reply.LONGEST", 100_000)
    large = {**COMPLETION, "x": "y" * 90_000}
    assert front.ask({}, answer(large)).json == large

    refused = front.ask({}, answer({**COMPLETION, "x": "y" * 200_000}))
    assert (refused.status, refused.error["type"]) == (502, "upstream_error")
