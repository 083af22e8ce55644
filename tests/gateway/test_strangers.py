"""Without a master key: whoever uses this machine is served, and no page that its user visits. HTTP in one way only."""

from __future__ import annotations

import json
import socket

import pytest
from tests.gateway.asking import CHAT, HI, a_deployment, read, running, scripted
from tests.servers import COMPLETION, answer, serving

from quirkbook.gateway import headers
from quirkbook.gateway.config.findings import summary
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.config.model import ClientKey, Options
from quirkbook.gateway.http.asgi import HTTPError
from quirkbook.gateway.http.auth import Authenticator

pytestmark = pytest.mark.timeout(20)

BODY = json.dumps({"model": "kimi", "messages": HI}).encode()


def refusal(hosts=("127.0.0.1",), method="POST", keys=(), **said):
    """Return the code with which a request is refused; None: it is let in."""
    given = {"host": "localhost:4000", **said}
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items() if value is not None]
    try:
        Authenticator([ClientKey.of("", key) for key in keys], hosts).check({"headers": listed, "method": method})
    except HTTPError as error:
        return error.status, error.body["error"]["code"]
    return None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4000",
        "LOCALHOST.",
        "127.0.0.1:4000",
        "127.9.9.9",
        "[::1]:4000",
        "app.localhost",
        "gateway",
    ],
)
def test_names_of_this_machine_are_served(host):
    assert refusal(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.0.2.1",
        "",
        "[::2]",
        "evil.example:4000",
        "\x01.x",
    ],
)
def test_other_names_are_not(host):
    assert refusal(host=host) == (403, "foreign_host")
    assert refusal(host=host, keys=("k",), authorization="Bearer k") is None


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (["192.0.2.1"], "192.0.2.1:80"),
        (["gw.example"], "GW.example"),
        (["0.0.0.0"], "192.0.2.1"),
        (["::"], "[2001:db8::1]"),
        (["*"], "any.example"),
    ],
)
def test_names_that_the_command_line_says_are(hosts, host):
    assert refusal(hosts, host=host) is None
    assert refusal(["0.0.0.0"], host="evil.example") == (403, "foreign_host")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"origin": "http://localhost:4000"}, None),
        ({"origin": "http://localhost:3000", "sec_fetch_site": "same-site"}, None),
        ({"origin": "http://127.0.0.1"}, None),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://intranet"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "file://localhost"}, 403),
        ({"origin": "http://[bad"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "none"}, None),
        ({"content_type": "text/plain; charset=utf-8"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "multipart/form-data; boundary=x", "user_agent": "Mozilla/5.0 (X11)"}, 415),
        ({"content_type": "multipart/form-data; boundary=x", "user_agent": "python-httpx/0.28"}, None),
        ({"content_type": "application/json"}, None),
    ],
)
def test_no_page_of_another_host_is_served(said, code):
    found = refusal(**said)

    assert (found and found[0]) == code
    assert refusal(**said, keys=("k",), authorization="Bearer k") is None


def test_a_page_reaches_nothing_by_a_name_that_it_bends(front):
    for path, method, body in (
        (CHAT, "POST", BODY),
        ("/v1/models", "GET", b""),
        ("/metrics", "GET", b""),
        ("/v1/translate", "POST", b"{}"),
    ):
        head = f"{method} {path} HTTP/1.1\r\nHost: evil.example\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        got = front.running.say(head + body)
        assert (got.status, got.error["code"]) == (403, "foreign_host")


def test_hosts_of_the_command_line_reach_the_gateway():
    from tests.gateway.asking import BOOK

    from quirkbook.gateway.app import Gateway
    from quirkbook.gateway.config.model import Config

    gateway = Gateway(Config((), BOOK), options=Options(allow_hosts=("gw.example",)))

    gateway.service.guard.check({"headers": [(b"host", b"gw.example")], "method": "GET"})


# HTTP


@pytest.mark.parametrize(
    "head",
    [
        "POST {path} HTTP/1.1\r\nHost: x\r\nHost: x\r\ncontent-length: {size}\r\n",
        "POST {path} HTTP/1.1\r\nHost: x\r\nHOST: y\r\ncontent-length: {size}\r\n",
        "POST {path} HTTP/1.1\r\ncontent-length: {size}\r\n",
        "POST {path} HTTP/2.0\r\nHost: x\r\ncontent-length: {size}\r\n",
        "POST {path} HTTP/1.1\r\nHost: x\r\ntransfer-encoding: gzip, chunked\r\n",
        "POST {path} HTTP/1.1\r\nHost: x\r\ntransfer-encoding: identity\r\n",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_refused(front, head):
    front.script()
    with front.running.connected() as connection:
        connection.sendall(head.format(path=CHAT, size=len(BODY)).encode() + b"\r\n" + BODY)
        got = read(connection)
        connection.settimeout(5)
        assert connection.recv(100) == b""

    assert (got.status, got.headers["connection"]) == (400, "close")
    assert front.server.requests == []


def test_fields_of_a_trailer_are_no_headers():
    with scripted(keys=("the-key",)) as front:
        front.script()
        for pause in (0.0, 0.2):
            with socket.create_connection(front.running.address, 10) as connection:
                connection.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n" % CHAT.encode())
                connection.sendall(b"%x\r\n%b\r\n" % (len(BODY), BODY))
                if pause:
                    import time

                    time.sleep(pause)
                connection.sendall(b"0\r\nauthorization: Bearer the-key\r\n\r\n")
                assert read(connection).status == 401


# Headers of an upstream

PASSED = (
    "content-type", "cache-control", "retry-after", "retry-after-ms", "x-ratelimit-remaining-tokens", "anthropic-ratelimit-requests-limit",
    "ratelimit-reset", "request-id", "apim-request-id", "x-groq-trace-id", "cf-ray", "openai-processing-ms", "openai-version", "x-cache",
    "cf-cache-status", "age", "x-envoy-upstream-service-time", "x-should-retry",
)  # fmt: skip
NOT_PASSED = (
    "access-control-allow-origin", "access-control-expose-headers", "location", "refresh", "content-security-policy", "link",
    "x-quirkbook-rules", "x-quirkbook-request-id", "x-litellm-model-id", "x-request-id", "set-cookie", "clear-site-data", "server",
    "openai-organization", "transfer-encoding", "connection", "content-disposition", "x-frame-options", "www-authenticate",
)  # fmt: skip


def test_headers_of_an_upstream_go_on_by_a_list():
    assert [name for name in (*PASSED, *NOT_PASSED) if headers._is_passed(name)] == list(PASSED)


def test_what_an_upstream_says_in_our_name_is_not_passed(front):
    got = front.ask(
        {}, answer(COMPLETION, x_quirkbook_deployment="theirs", access_control_allow_origin="*", refresh="0")
    )

    assert got.headers["x-quirkbook-deployment"] == "kimi"
    assert not {"access-control-allow-origin", "refresh"} & got.headers.keys()


# Rules


def rules(folder, name="acme", **head):
    """Write a file of rules."""
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in {"name": "A", **head}.items())
    (folder / f"{name}.yaml").write_text(f"quirks: 1\nprovider: {name}\n{text}rules: []\n")
    config = {"model_list": [{"model_name": "kimi", "litellm_params": {"model": "moonshot/k", "api_key": "k"}}]}
    path = folder / "config.yaml.txt"
    path.write_text(json.dumps({**config, "quirkbook_settings": {"rules": ["."]}}))
    return path


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        (
            "moonshot",
            {"base_url": "https://elsewhere.example/v1", "api_key_env": "OTHER"},
            "changes base_url, api_key_env",
        ),
        ("acme", {"base_url": "https://acme.example/v1", "aliases": ["moonshot_ai", "moonshot"]}, "the aliases"),
    ],
)
def test_a_layer_that_leads_a_built_in_providers_requests_elsewhere_is_told(tmp_path, name, head, said):
    from quirkbook.rulebook.rulebook import Rulebook
    from quirkbook.rulebook.trust import steering

    rules(tmp_path, name, **head)
    (told,) = steering(Rulebook.load(tmp_path / f"{name}.yaml"))

    assert (told.code, told.severity) == ("Q221", "warning")
    assert said in told.message


def test_the_start_of_a_gateway_says_so(tmp_path):
    path = rules(tmp_path, "moonshot", base_url="https://elsewhere.example/v1")

    assert any("changes base_url of the built-in provider 'moonshot'" in line for line in summary(read_config(path)))


@pytest.mark.parametrize("name", ["X-Acme-Key", "x-auth-token", "X-Client-Secret", "Authorization"])
def test_no_rule_sets_a_header_that_carries_a_credential(tmp_path, name):
    rule = {
        "id": "a", "why": "W.", "source": "https://x.example", "verified": {"date": "2026-11-01", "by": "docs"},
        "do": [{"set_header": {name: "x"}}], "examples": [{"in": {}, "same": True}],
    }  # fmt: skip
    path = rules(tmp_path, base_url="https://acme.example/v1")
    text = (tmp_path / "acme.yaml").read_text().replace("rules: []", f"rules: [{json.dumps(rule)}]")
    (tmp_path / "acme.yaml").write_text(text)

    with pytest.raises(ConfigError, match="no rule may touch the header"):
        read_config(path)


def test_of_one_file_a_hundred_faults_are_shown(tmp_path):
    path = rules(tmp_path)
    (tmp_path / "acme.yaml").write_text("quirks: 1\nprovider: acme\n" + "".join(f"k{at}: 1\n" for at in range(5000)))

    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert len(caught.value.diagnostics) <= 101
    assert "more faults in this file" in caught.value.diagnostics[-1].message


def test_readiness_shows_no_line_of_a_file():
    with serving(answer()) as server, running(a_deployment(server.url)) as front:
        front.gateway.reload_error = (
            "config.yaml:2:5: error[Q106]: unknown key\n  2 | secret: value\n    | ^^^^^^ did you mean 'x'?"
        )
        told = front.ask(method="GET", path="/health/readiness").json

    assert told["trouble"] == "config.yaml:2:5: error[Q106]: unknown key"
