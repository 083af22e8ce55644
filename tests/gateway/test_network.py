"""How the gateway is reached, and how it reaches upstreams: origins, paths, sockets, proxies, and headers that go on."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
from tests.gateway.asking import BOOK, CHAT, HI, a_deployment, a_plain_deployment, read, running, scripted
from tests.servers import COMPLETION, answer, serving, stream

from quirkbook.errors import UsageError
from quirkbook.gateway import place, serve
from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.config.model import Config, Network, Options
from quirkbook.wire.address import place_of

pytestmark = pytest.mark.timeout(20)

KEY = "k-of-the-gateway"
PAGE = "https://app.example"


# Web pages


def preflight(front, origin=PAGE, **headers):
    return front.running.ask(
        method="OPTIONS", path=CHAT, origin=origin, access_control_request_method="POST",
        access_control_request_headers="authorization,content-type", **headers,
    )  # fmt: skip


def test_with_a_key_any_page_may_ask_that_shows_it():
    with scripted(keys=(KEY,)) as front:
        asked = preflight(front)
        got = front.ask({}, origin=PAGE, authorization=f"Bearer {KEY}")
        streamed = front.ask({"stream": True}, stream(), origin=PAGE, authorization=f"Bearer {KEY}")
        refused = front.ask({}, origin=PAGE)
        models = front.running.ask(path="/v1/models", method="GET", origin=PAGE, authorization=f"Bearer {KEY}")
        program = front.ask({}, authorization=f"Bearer {KEY}")

    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert asked.headers["access-control-allow-headers"] == "authorization,content-type"
    assert asked.headers["access-control-allow-methods"] == "GET, POST, DELETE, OPTIONS"
    assert (got.status, refused.status, models.status) == (200, 401, 200)
    for one in (got, streamed, refused, models):
        assert one.headers["access-control-allow-origin"] == "*"
        assert one.headers["access-control-expose-headers"] == "*"
    assert not any(name.startswith("access-control") for name in program.headers)
    assert "access-control-allow-credentials" not in asked.headers | got.headers


def test_without_a_key_no_page_may_ask():
    with scripted() as front:
        assert preflight(front).status == 405
        assert front.ask({}, origin=PAGE).status == 403


@pytest.mark.parametrize("keys", [(), (KEY,)])
def test_pages_that_the_config_names_may_ask_and_no_others(keys):
    shown = {"authorization": f"Bearer {KEY}"} if keys else {}
    with scripted(keys=keys, network=Network(origins=(PAGE,))) as front:
        asked = preflight(front, "HTTPS://App.example", access_control_request_private_network="true")
        other = preflight(front, "https://evil.example")
        got = front.ask({}, origin=PAGE, **shown)
        elsewhere = front.ask({}, origin="https://evil.example", **shown)

    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, "HTTPS://App.example")
    assert (asked.headers["vary"], asked.headers["access-control-allow-private-network"]) == ("Origin", "true")
    assert (other.status, other.error["code"]) == (403, "foreign_page")
    assert (got.status, got.headers["access-control-allow-origin"]) == (200, PAGE)
    assert elsewhere.status == (200 if keys else 403)
    assert "access-control-allow-origin" not in elsewhere.headers


def test_an_empty_list_turns_it_off():
    with scripted(keys=(KEY,), network=Network(origins=())) as front:
        assert preflight(front).status == 405


# Headers


SENT = {
    "x-mycorp-id": "1", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "http-referer": "http://a",
    "x-title": "t", "user-agent": "my/1", "anthropic-beta": "b",
}  # fmt: skip
OWN = {
    "x-api-key": "k", "authorization": "Bearer k", "cookie": "c", "x-litellm-tags": "a", "x-quirkbook-tried": "1", "x-stainless-os": "l",
    "x-forwarded-for": "10.0.0.1", "x-request-id": "r-1", "x-goog-api-key": "k", "x-odd": "\u00e9", "x-my-password": "p",
}  # fmt: skip


def went_on(network, path=CHAT, **more):
    with (
        serving(answer(COMPLETION)) as server,
        running(a_plain_deployment(server.url, "kimi", **more), network=network) as front,
    ):
        assert front.ask({"messages": HI}, path=path, **SENT, **OWN).status == 200
    return server.requests[0]["headers"]


@pytest.mark.parametrize("path", [CHAT, "/v1/embeddings"])
def test_headers_go_on_that_the_config_names(path):
    got = went_on(
        Network(forwarded=("x-*", "http-referer", "traceparent", "user-agent", "anthropic-beta", "cookie")), path
    )

    assert {name: got.get(name) for name in SENT} == SENT
    assert {name: got[name] for name in OWN if name in got} == {"authorization": "Bearer zq71xw-key-never-shown-2"}


def test_none_goes_on_by_itself_and_the_deployments_own_win():
    assert not (SENT.keys() - {"user-agent"}) & went_on(Network()).keys()
    assert went_on(Network())["user-agent"] == "quirkbook"
    assert went_on(Network(forwarded=("x-title",)), headers={"X-Title": "ours"})["x-title"] == "ours"


def test_headers_may_go_on_for_some_models_alone():
    assert went_on(Network(forwarded_for=("ki*",)))["x-title"] == "t"
    assert "x-title" not in went_on(Network(forwarded_for=("plain",)))
    assert went_on(Network(forwarded_for=("plain",), forwarded=("traceparent",)))["traceparent"] == SENT["traceparent"]


def test_a_header_of_ones_own_carries_the_key_and_goes_nowhere():
    with scripted(keys=(KEY,), network=Network(key_header="x-team-pass", forwarded=("x-*",))) as front:
        assert front.ask({}, x_team_pass=KEY).status == 200
        assert "x-team-pass" not in front.server.requests[0]["headers"]
        assert front.ask({}, x_team_pass="other").status == 401


# Config


@pytest.fixture
def configured(tmp_path):
    return lambda **sections: _configured(tmp_path / "config.yaml", sections)


def _configured(path, sections):
    text = {"model_list": [{"model_name": "m", "litellm_params": {"model": "moonshot/x", "api_key": "k"}}], **sections}
    environ = text.pop("environ", {})
    path.write_text(json.dumps(text))
    return read_config(path, environ=environ, rulebook=BOOK).network


@pytest.mark.parametrize(
    ("sections", "network"),
    [
        ({}, Network()),
        ({"quirkbook_settings": {"cors_origins": [PAGE]}}, Network(origins=(PAGE,))),
        ({"general_settings": {"cors_allow_origins": "*"}}, Network(origins=("*",))),
        ({"quirkbook_settings": {"cors_origins": []}}, Network(origins=())),
        ({"environ": {"LITELLM_CORS_ORIGINS": "https://a, HTTPS://B,"}}, Network(origins=("https://a", "https://b"))),
        ({"general_settings": {"litellm_key_header_name": "X-Pass"}}, Network(key_header="x-pass")),
        ({"quirkbook_settings": {"forward_headers": ["X-Title"]}}, Network(forwarded=("x-title",))),
        ({"litellm_settings": {"forward_traceparent_to_llm_provider": True}}, Network(forwarded=("traceparent", "tracestate"))),
        (
            {"general_settings": {"forward_client_headers_to_llm_api": True}},
            Network(forwarded=("x-*", "anthropic-beta", "http-referer", "user-agent", "traceparent", "tracestate")),
        ),
        ({"general_settings": {"forward_client_headers_to_llm_api": False}}, Network()),
        (
            {"litellm_settings": {"model_group_settings": {"forward_client_headers_to_llm_api": ["m"]}}},
            Network(forwarded_for=("m",)),
        ),
    ],
)  # fmt: skip
def test_the_config_says_who_may_ask_and_what_goes_on(configured, sections, network):
    assert configured(**sections) == network


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"quirkbook_settings": {"cors_origins": ["app.example"]}}, "'cors_origins' must list origins of web pages"),
        ({"quirkbook_settings": {"cors_origins": ["https://a/b"]}}, "'cors_origins' must list origins of web pages"),
        ({"general_settings": {"litellm_key_header_name": "a b"}}, "this is not a valid header name"),
        ({"litellm_settings": {"model_group_settings": []}}, "'model_group_settings' must be a mapping"),
    ],
)  # fmt: skip
def test_what_is_wrong_there_is_told(configured, sections, message):
    with pytest.raises(ConfigError, match=message):
        configured(**sections)


# Below a path


@pytest.mark.parametrize("path", ["/llm/v1/chat/completions", "/llm/chat/completions/", "/v1/chat/completions"])
def test_everything_is_served_below_a_path_and_at_the_top(path):
    with serving(answer()) as server:
        gateway = Gateway(Config((a_deployment(server.url),), BOOK), options=Options(roots=("/a", "/llm")))
        with (
            serve.running(gateway) as url,
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client,
        ):
            body = json.dumps({"model": "kimi", "messages": HI}).encode()
            client.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            assert read(client).status == 200
            client.sendall(b"GET /llm HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"<html" in read(client, "GET").body.lower()
            client.sendall(b"GET /llmx/v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
            assert read(client, "GET").status == 404


# Sockets


def test_an_upstream_may_be_a_unix_socket(tmp_path):
    path = str(tmp_path / "llm.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    seen = []

    def serve_one():
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            answer(COMPLETION)(connection)
            connection.recv(65536)

    thread = threading.Thread(target=serve_one)
    thread.start()
    try:
        for url in (f"unix:{path}:/v1",):
            with running(a_plain_deployment(url, "kimi")) as front:
                assert front.ask({}).json == COMPLETION
    finally:
        listener.close()
        thread.join(5)
    assert seen[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("http+unix://%2frun%2Fa.sock", ("/run/a.sock", "http://localhost")),
        ("http+unix://%2Frun%2Fa.sock/v1?x=1", ("/run/a.sock", "http://localhost/v1?x=1")),
        ("unix:/run/a.sock", ("/run/a.sock", "http://localhost")),
        ("unix:///run/a.sock", ("/run/a.sock", "http://localhost")),
        ("http://unix:/run/a.sock:/v1", ("/run/a.sock", "http://localhost/v1")),
        ("http://[::1]:80/v1", (None, "http://[::1]:80/v1")),
    ],
)  # fmt: skip
def test_addresses_that_name_a_socket(base, found):
    assert place.without_socket(base) == found


def test_the_gateway_listens_on_a_unix_socket(tmp_path):
    path = str(tmp_path / "q.sock")
    with serving(answer()) as server:
        gateway = Gateway(Config((a_deployment(server.url),), BOOK))
        with contextlib.closing(serve.unix_listener(path)) as listener, serve.on(gateway, listener):
            with pytest.raises(UsageError, match="Address already in use"):
                serve.unix_listener(path)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                body = json.dumps({"model": "kimi", "messages": HI}).encode()
                client.sendall(
                    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                )
                assert read(client).status == 200
    serve.unix_listener(path).close()  # what an ended gateway has left is replaced
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="Address already in use"):
        serve.unix_listener(str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6_is_written_with_brackets():
    assert place_of("http://[::1]:80/v1") == "[::1]:80"
    assert place_of("https://[2001:db8::1]/v1") == "[2001:db8::1]"


# Proxies


@contextlib.contextmanager
def tunnelling(reply):
    """Run a proxy that answers a CONNECT; yield its address and what came."""
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_one():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    seen.append(connection.recv(65536))
                    connection.sendall(reply)
                    if not reply:
                        connection.shutdown(socket.SHUT_RDWR)
                    seen.append(connection.recv(65536))

        thread = threading.Thread(target=serve_one)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", seen
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def asked_for(url):
    with running(a_plain_deployment(url, "kimi")) as front:
        return front.ask({})


def test_plain_http_goes_through_the_proxy_with_its_whole_address(monkeypatch):
    with serving(answer(COMPLETION)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("http://", "http://me:p%40ss@").removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "10.0.0.0/8,other.invalid")
        assert asked_for("http://api.example.invalid/v1").json == COMPLETION
        assert asked_for("http://other.invalid/v1").status == 502

    (request,) = proxy.requests
    assert request["path"] == "http://api.example.invalid/v1/chat/completions"
    assert request["headers"]["host"] == "api.example.invalid"
    assert request["headers"]["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_https_goes_through_a_tunnel(monkeypatch):
    with tunnelling(b"HTTP/1.1 200 Connection established\r\n\r\n") as (place_, seen):
        monkeypatch.setenv("https_proxy", place_)  # without http://, as some write it
        got = asked_for("https://api.example.invalid:8443/v1")

    assert seen[0] == b"CONNECT api.example.invalid:8443 HTTP/1.1\r\nHost: api.example.invalid:8443\r\n\r\n"
    assert seen[1][:2] == b"\x16\x03"  # TLS begins
    assert got.error["message"].startswith("the upstream: no connection: ")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answered 407"), (b"", "the proxy hung up"),
        (b"nonsense\r\n\r\n", "the proxy did not answer as HTTP has it"), (b"x" * 17000, "the proxy sent too long a head"),
    ],
)  # fmt: skip
def test_a_proxy_that_does_not_connect_is_named(monkeypatch, reply, said):
    with tunnelling(reply) as (place_, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:p@{place_}")
        got = asked_for("https://api.example.invalid/v1")

    assert (got.status, got.error["message"]) == (502, f"the upstream: no connection: {said}")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("socks5://127.0.0.1:1", "the proxy of the environment is not an http:// or https:// address"),
        ("http://[bad", "the proxy of the environment is not an http:// or https:// address"),
    ],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_refused(monkeypatch, named, said):
    monkeypatch.setenv("ALL_PROXY", named)
    got = asked_for("http://api.example.invalid/v1")
    assert (got.status, said in got.error["message"]) == (500, True)


def test_a_proxy_with_tls_takes_no_tunnel(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example.invalid")
    assert "name the proxy as http://" in asked_for("https://api.example.invalid/v1").error["message"]
