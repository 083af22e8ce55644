"""Who may ask, and which key goes where."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import CHAT, CLIENT_KEY, HI, UPSTREAM_KEY, a_deployment, a_plain_deployment, running, scripted
from tests.servers import COMPLETION, answer, chunk, events, serving, stream

pytestmark = pytest.mark.timeout(20)

REFUSAL = {
    "error": {
        "message": "no valid key: send 'Authorization: Bearer' with one of the gateway's keys (general_settings.master_key)",
        "type": "authentication_error",
        "param": None,
        "code": "invalid_api_key",
    }
}
SECOND_KEY = "second-key-of-the-gateway-3"


@pytest.fixture(scope="module")
def locked():
    with scripted(keys=(CLIENT_KEY, SECOND_KEY)) as found:
        yield found


@pytest.fixture(scope="module")
def unlocked():
    with scripted() as found:
        yield found


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer whatever"}, {"authorization": "nonsense"}])
def test_without_keys_anybody_may_ask(unlocked, headers):
    assert unlocked.ask({}, **headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {CLIENT_KEY}"},
        {"authorization": f"bearer  {SECOND_KEY}"},
        {"authorization": SECOND_KEY},
        {"api_key": CLIENT_KEY},
        {"x_api_key": SECOND_KEY},
        {"x_litellm_api_key": f"Bearer {CLIENT_KEY}"},
        {"authorization": "Bearer wrong", "api_key": CLIENT_KEY},
    ],
)
def test_each_key_opens_in_each_header_that_clients_use(locked, headers):
    assert locked.ask({}, **headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {CLIENT_KEY}x"},
        {"authorization": f"Bearer {CLIENT_KEY[:-1]}"},
        {"authorization": f"Basic {CLIENT_KEY}"},
        {"api_key": "\xff\xfe"},
        {"cookie": f"key={CLIENT_KEY}"},
        {"authorization": f"Bearer {UPSTREAM_KEY}"},
    ],
)
def test_any_other_key_is_refused_in_openais_shape(locked, headers):
    refused = locked.ask({}, **headers)

    assert (refused.status, refused.json) == (401, REFUSAL)
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/json"
    assert refused.headers["x-request-id"]
    assert locked.server.requests == []


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/models", "GET", 401),
        ("/metrics", "GET", 401),
        ("/v1/translate", "GET", 401),
        ("/v1/translate", "POST", 401),
        (CHAT, "POST", 401),
        ("/chat/completions", "POST", 401),
        ("//v1/chat/completions", "POST", 401),
        ("/v1/chat/completions/", "POST", 401),
        ("/v1/chat%2Fcompletions", "POST", 401),
        ("/V1/models", "GET", 404),
        ("/", "GET", 200),
        ("/health/liveliness", "GET", 200),
        ("/health/readiness", "GET", 200),
        ("/openapi.json", "GET", 200),
    ],
)
def test_what_is_open_without_a_key(locked, path, method, status):
    assert locked.running.ask(path=path, method=method).status == status


def test_a_key_in_the_address_opens_nothing(locked):
    assert locked.running.ask({}, path=f"{CHAT}?api_key={CLIENT_KEY}&key={CLIENT_KEY}").status == 401


def test_keys_are_in_no_line_no_error_and_no_repr(locked):
    locked.ask({"model": "nobody"}, authorization=f"Bearer {CLIENT_KEY}")
    locked.running.ask({}, authorization=f"Bearer {CLIENT_KEY}")
    locked.running.ask({}, authorization=f"Bearer {CLIENT_KEY}x")
    locked.running.logged(3)
    gateway = locked.running.gateway

    said = "".join(locked.running.lines) + repr(gateway.service.config) + repr(vars(gateway.service.guard).keys())

    assert CLIENT_KEY not in said and UPSTREAM_KEY not in said
    assert repr(gateway.service.config.deployments[0]).count("key") == 0


# Headers on their way


def test_an_upstream_gets_its_own_key_and_none_of_the_clients_headers(locked):
    given = {
        "authorization": f"Bearer {CLIENT_KEY}",
        "cookie": "session=1",
        "x_api_key": CLIENT_KEY,
        "api_key": CLIENT_KEY,
        "x_litellm_api_key": CLIENT_KEY,
        "connection": "keep-alive, x-mine",
        "x_mine": "1",
        "te": "trailers",
        "proxy_authorization": "Basic abc",
        "x_forwarded_for": "10.0.0.1",
        "openai_organization": "org-1",
        "x_quirkbook_policy": "lossy=warn",
        "accept_encoding": "gzip, br",
        "user_agent": "evil/1",
    }
    assert locked.ask({}, **given).status == 200

    (request,) = locked.server.requests
    length = str(len(request["body"]))
    assert request["headers"] == {
        "host": locked.server.url.split("/")[2],
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": "quirkbook",
        "authorization": f"Bearer {UPSTREAM_KEY}",
        "accept-encoding": "identity",
        "content-length": length,
    }
    assert CLIENT_KEY not in str(request)


#: Who answered, of which `test_told` has the tests.
OURS = {
    "x-quirkbook-deployment", "x-litellm-model-id", "x-litellm-model-group", "x-litellm-attempted-fallbacks",
    "x-litellm-attempted-retries",
}  # fmt: skip


def test_a_client_gets_no_headers_that_concern_the_connection_or_the_upstreams_session(unlocked):
    passed = unlocked.ask(
        {},
        answer(
            COMPLETION,
            connection="keep-alive, x-hop",
            x_hop="1",
            keep_alive="timeout=5",
            set_cookie="session=1",
            server="nginx",
            strict_transport_security="max-age=1",
            alt_svc="h3",
            x_ratelimit_remaining_tokens="7",
            openai_processing_ms="12",
            x_request_id="theirs",
        ),
    )

    assert sorted(passed.headers.keys() - OURS) == [
        "content-length", "content-type", "openai-processing-ms", "x-ratelimit-remaining-tokens", "x-request-id",
    ]  # fmt: skip
    assert passed.headers["x-request-id"] != "theirs"


def test_a_header_is_not_taken_for_one_of_the_connection_by_a_part_of_its_name(unlocked):
    passed = unlocked.ask(
        {}, answer(COMPLETION, connection="keep-alive , X-Retry-After-Ms", retry_after_ms="5", x_retry_after_ms="6")
    )

    assert sorted(passed.headers.keys() - OURS) == ["content-length", "content-type", "retry-after-ms", "x-request-id"]


@pytest.mark.parametrize("model", ["kimi", "plain"])
@pytest.mark.parametrize("field", ["api_base", "base_url", "api_key", "custom_llm_provider", "extra_headers"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_payload_cannot_say_where_it_goes_nor_with_which_key(unlocked, field, model, inside):
    value = {"x": "y"} if field == "extra_headers" else "http://127.0.0.1:1/v1"
    payload = {"model": model, **({"extra_body": {field: value}} if inside else {field: value})}

    refused = unlocked.ask(payload)

    assert (refused.status, refused.error) == (
        400,
        {
            "message": f"{field} is not allowed in a request: the gateway's config sets the upstream and its key",
            "type": "invalid_request_error",
            "param": field,
            "code": "not_allowed",
        },
    )
    assert unlocked.server.requests == []


def test_a_name_that_the_request_line_claims_changes_nothing(unlocked):
    unlocked.script()
    body = json.dumps({"model": "kimi", "messages": HI}).encode()
    head = f"POST http://evil.example{CHAT} HTTP/1.1\r\nHost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"

    assert unlocked.running.say(head.encode() + body).status == 200
    assert len(unlocked.server.requests) == 1


# Keys that an upstream echoes


@pytest.mark.parametrize("model", ["kimi", "plain"])
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Incorrect API key provided: {UPSTREAM_KEY}", "type": "x", "code": "invalid_api_key"}},
        {"error": {"message": "no", "details": {"sent": f"Bearer {UPSTREAM_KEY}", UPSTREAM_KEY: 1}}},
        f"<html><title>{UPSTREAM_KEY}</title>",
        f"no such key: {UPSTREAM_KEY[:12]}****",
    ],
)
def test_an_upstreams_error_that_echoes_its_key_is_masked(unlocked, body, model):
    refused = unlocked.ask({"model": model}, answer(body, 401, x_echo=UPSTREAM_KEY))
    unlocked.running.logged()

    said = str(refused) + "".join(unlocked.running.lines)
    assert refused.status == 401
    assert "***" in said
    assert UPSTREAM_KEY[:12] not in said


@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_a_good_answer_that_echoes_the_key_in_a_header_loses_that_header(unlocked, model):
    passed = unlocked.ask(
        {"model": model}, answer(COMPLETION, x_ratelimit_echo=f"Bearer {UPSTREAM_KEY}", x_ratelimit_other="1")
    )

    assert (passed.status, passed.headers["x-ratelimit-other"]) == (200, "1")
    assert UPSTREAM_KEY not in str(passed)


@pytest.mark.parametrize("model", ["kimi", "plain"])
def test_an_error_in_a_stream_that_echoes_the_key_is_masked(unlocked, model):
    broken = {"error": {"message": f"your key {UPSTREAM_KEY} has expired", "type": "auth", "code": "expired"}}

    got = unlocked.ask({"model": model, "stream": True}, stream(events(chunk("Hel")), events(broken)))

    assert got.status == 200
    assert got.events[-1]["error"]["message"] == "your key *** has expired"
    assert UPSTREAM_KEY not in str(got)


def test_a_deployments_own_headers_are_sent_and_masked():
    own = {"x-team": "secret-of-the-team-9"}
    with serving(answer({"error": {"message": "no secret-of-the-team-9"}}, 403)) as server:
        with running(a_deployment(server.url, headers=own)) as front:
            refused = front.ask({})

        assert server.requests[0]["headers"]["x-team"] == "secret-of-the-team-9"
    assert refused.error["message"] == "moonshot: no *** (the upstream does not allow this to the gateway's key)"


OWN_SECRETS = {
    "X-Api-Token": "hdr-secret-998877",
    "authorization": "Basic dXNlcjpwYXNz",
    "x-team": "secret-of-the-team-9",
}
SLASHED = "sl/ash+key=12/34"


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "echoed",
    [
        "hdr-secret-998877", "Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "secret-of-the-team-9", SLASHED, SLASHED.replace("/", r"\/"),
        SLASHED.replace("+", r"\u002B").replace("=", r"\u003d"),
    ],
)  # fmt: skip
def test_a_good_answer_that_echoes_a_secret_is_masked_however_it_is_written(streams, echoed):
    whole = json.dumps({**COMPLETION, "echo": "E"}).replace('"E"', f'"a {echoed} b"')
    event = json.dumps(chunk("Hi", "stop", echo="E")).replace('"E"', f'"a {echoed} b"')
    plain = echoed.replace("\\/", "/")
    script = (
        stream(events(event, "[DONE]")) if streams else answer(whole, x_echo=plain, content_type="application/json")
    )
    with (
        serving(script) as server,
        running(a_plain_deployment(server.url, api_key=SLASHED, headers=OWN_SECRETS)) as front,
    ):
        got = front.ask({"model": "plain", "stream": streams})

    assert (got.status, (got.events[0] if streams else got.json)["echo"]) == (200, "a *** b")
    assert "x-echo" not in got.headers


def test_what_is_no_secret_stands_in_a_good_answer_as_it_came():
    given = {
        "x-title": "assistant",
        "http-referer": "https://shop.example/a",
        "accept": "application/json",
        "x-token": "stop",
    }
    texts = {"a": "null", "b": "https://shop.example/a", "c": "assistant", "d": None}
    with (
        serving(answer({**COMPLETION, "texts": texts})) as server,
        running(a_plain_deployment(server.url, api_key="null", headers=given)) as front,
    ):
        got = front.ask({"model": "plain"})

    assert (got.json["texts"], got.json["choices"]) == (texts, COMPLETION["choices"])
    assert got.headers["content-type"] == "application/json"


def test_a_deployment_without_a_key_is_an_error_of_the_config_that_names_the_variable(monkeypatch):
    monkeypatch.delenv("MOONSHOT_API_KEY", raising=False)
    with running(a_deployment("http://127.0.0.1:9/v1", api_key=None)) as front:
        refused = front.ask({})

    assert (refused.status, refused.error) == (
        500,
        {
            "message": "the gateway has no key for 'kimi': set MOONSHOT_API_KEY, or api_key in its config",
            "type": "configuration_error",
            "param": None,
            "code": "no_upstream_key",
        },
    )


def test_an_address_that_is_none_is_an_error_of_the_config():
    with running(a_deployment("ftp://x")) as front:
        refused = front.ask({})

    assert (refused.status, refused.error["message"]) == (500, "base_url must be an address: write https://host/v1")
