"""The transports by themselves, over the mock transports of either library."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import importlib.util
import json
import zlib

import pytest
from tests.adapters.asked import ASKED, KEY, REFUSED, acme, rules_of
from tests.servers import COMPLETION, chunk, events, nothing, serving, stream

import quirkbook
from quirkbook import RefusedError, UsageError
from quirkbook.adapters import httpx as adapter
from quirkbook.adapters.exchange import NOT_READ

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

LIBRARIES = [name for name in ("httpx2", "httpx") if importlib.util.find_spec(name)]
MOONSHOT = "https://api.moonshot.ai/v1/chat/completions"
ANSWER = {"choices": [], "usage": {"cached_tokens": 7}}
TOLD = {"cached_tokens": 7, "prompt_tokens_details": {"cached_tokens": 7}}


@pytest.fixture(params=LIBRARIES)
def library(request):
    return importlib.import_module(request.param)


class Provider:
    """Answers what it is told, and keeps what it was asked."""

    def __init__(self, library, content=ANSWER, status=200, **headers):
        self.library, self.status = library, status
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.headers = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.content = gzip.compress(raw) if self.headers.get("content-encoding") == "gzip" else raw
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return self.library.Response(self.status, headers=self.headers, content=self.content)

    def client(self, provider=None, **options):
        inner = self.library.MockTransport(self)
        return self.library.Client(transport=adapter.transport(provider, inner, **options))

    def ask(self, payload=ASKED, provider=None, url=MOONSHOT, headers=None, **options):
        with self.client(provider, **options) as client:
            return client.post(url, json=payload, headers=headers)

    def ask_async(self, payload=ASKED, **options):
        async def main():
            inner = self.library.MockTransport(self)
            async with self.library.AsyncClient(transport=adapter.async_transport(None, inner, **options)) as client:
                return await client.post(MOONSHOT, json=payload)

        return asyncio.run(main())


@pytest.mark.parametrize("ask", [Provider.ask, Provider.ask_async])
def test_both_ways_are_translated(library, ask):
    provider = Provider(library)

    response = ask(provider)

    (sent,) = provider.requests
    assert json.loads(sent.content) == {**ASKED, "temperature": 1}
    assert sent.headers["content-length"] == str(len(sent.content))
    assert response.json()["usage"] == TOLD
    assert response.headers["x-quirkbook-rules"] == "moonshot/temperature-range"
    assert rules_of(response.extensions["quirkbook"]) == ["moonshot/temperature-range"]
    assert json.loads(response.request.content) == ASKED


@pytest.mark.parametrize("ask", [Provider.ask, Provider.ask_async])
def test_a_compressed_answer_is_read(library, ask):
    response = ask(Provider(library, content_encoding="gzip"))

    assert response.json()["usage"] == TOLD
    assert "content-encoding" not in response.headers


def test_a_compressed_stream_is_read(library):
    last = chunk(None, "stop")
    last["choices"][0]["usage"] = {"cached_tokens": 7}
    data = events(chunk("Hi"), last, "[DONE]")
    provider = Provider(library, data, content_type="text/event-stream", content_encoding="gzip")

    response = provider.ask({**ASKED, "stream": True})

    assert [json.loads(line[6:]).get("usage") for line in response.text.splitlines()[:3] if line] == [None, TOLD]
    assert response.text.endswith("data: [DONE]\n\n")


def test_the_events_of_a_stream_are_there_as_they_come(library):
    with serving(stream(events(chunk("Hi")), end="hang")) as server:
        options = {"base_url": server.url, "timeout": 5}
        with (
            adapter.client("moonshot", library=library.__name__, **options) as client,
            client.stream("POST", "/chat/completions", json={**ASKED, "stream": True}) as response,
        ):
            first = next(response.iter_lines())

    assert json.loads(first[6:]) == chunk("Hi")


def test_the_callers_timeout_holds(library):
    with (
        serving(nothing) as server,
        adapter.client("moonshot", library=library.__name__, base_url=server.url, timeout=0.1) as client,
        pytest.raises(library.ReadTimeout),
    ):
        client.post("/chat/completions", json=ASKED)


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/v1/embeddings", b'{"temperature":  1.4}'),
        ("GET", "/v1/chat/completions", b""),
        ("POST", "/v1/chat/completions", b'{"temperature": '),
        ("POST", "/v1/chat/completions", b"[]"),
        ("POST", "/v1/chat/completions", b""),
    ],
)
def test_what_is_no_chat_request_passes_byte_for_byte(library, method, path, content):
    provider = Provider(library, b'{"usage":  {"cached_tokens": 7}}')

    with provider.client() as client:
        response = client.request(method, f"https://api.moonshot.ai{path}", content=content)

    assert provider.requests[0].content == content
    assert response.content == b'{"usage":  {"cached_tokens": 7}}'
    unread = method == "POST" and not path.endswith("completions")
    assert response.headers.get("x-quirkbook-note") == (NOT_READ if unread else None)
    assert not response.extensions.keys() & {"quirkbook", "quirkbook_answer"}


def test_a_payload_that_needs_nothing_is_the_same_request(library):
    provider = Provider(library, COMPLETION)
    content = json.dumps({**ASKED, "temperature": 1}, indent=1).encode()

    with provider.client() as client:
        request = client.build_request("POST", MOONSHOT, content=content)
        response = client.send(request)

    assert provider.requests == [request]
    assert request.content == content
    assert response.extensions["quirkbook"].changes == ()
    assert "x-quirkbook-rules" not in response.headers


def test_a_body_that_is_a_generator_is_read(library):
    provider = Provider(library)

    with provider.client() as client:
        client.post(MOONSHOT, content=iter([b'{"temperature"', b": 1.4}"]))

    assert provider.requests[0].content == b'{"temperature":1}'
    assert "transfer-encoding" not in provider.requests[0].headers


def test_a_note_says_why_a_request_was_left_alone(library):
    provider = Provider(library)

    response = provider.ask(url=f"https://proxy.example/v1/chat/completions?key={KEY}")

    assert json.loads(provider.requests[0].content) == ASKED
    assert (
        response.headers["x-quirkbook-note"]
        == "no provider is known at proxy.example: only rules of the format and of the model apply; name the provider if it has rules"
    )
    assert response.json() == ANSWER
    assert response.extensions["quirkbook"].provider == "openai_compatible"


def test_an_error_is_translated(library):
    response = Provider(library, {"error": {"message": "no", "type": "t"}}, 400).ask()

    assert response.json() == {"error": {"message": "no", "type": "t", "param": None, "code": None}}


def test_rules_may_set_and_drop_headers(library, tmp_path):
    provider = Provider(library)

    provider.ask({"traced": True}, "acme", headers={"x-acme-cache": "no", "x-mine": "1"}, rulebook=acme(tmp_path))

    headers = provider.requests[0].headers
    assert {name: headers[name] for name in headers if name.startswith("x-")} == {"x-mine": "1", "x-acme-trace": "on"}


def test_a_refused_payload_raises_without_the_openai_package(library, monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "openai", raising=False)
    provider = Provider(library)

    with pytest.raises(RefusedError) as caught:
        provider.ask(REFUSED)

    assert type(caught.value) is RefusedError
    assert provider.requests == []


def test_redirects_carry_the_callers_payload_and_are_translated_once_more(library):
    first = Provider(library, status=307, location=MOONSHOT)
    answers = iter([first, Provider(library)])
    transport = adapter.transport(None, library.MockTransport(lambda request: next(answers)(request)))

    with library.Client(transport=transport, follow_redirects=True) as client:
        response = client.post(MOONSHOT, json=ASKED)

    assert response.json()["usage"] == TOLD


@pytest.mark.skipif(len(LIBRARIES) < 2, reason="httpx and httpx2 are not both installed")
@pytest.mark.parametrize("names", [("httpx2", "httpx"), ("httpx", "httpx2")])
def test_a_transport_of_either_library_serves_clients_of_the_other(names, url, emulator):
    made, used = names
    transport = adapter.transport("moonshot", library=made)
    with importlib.import_module(used).Client(transport=transport) as client:
        answer = client.post(f"{url}/chat/completions", json=ASKED, headers={"authorization": f"Bearer {KEY}"})
    assert answer.json()["choices"][0]["message"]["content"] == "You said: Hi"

    own = adapter.transport("moonshot", importlib.import_module(made).HTTPTransport())
    with importlib.import_module(used).Client(transport=own) as client, pytest.raises(UsageError) as caught:
        client.post(f"{url}/chat/completions", json=ASKED)
    assert str(caught.value) == f"the client is of {used}, the transport within of {made}: take both from one"


def test_an_error_in_an_answer_of_status_200_has_the_status_that_it_stands_for(library):
    body = {"error": {"message": "Insufficient Balance"}}
    provider = Provider(library, body)

    for response in (provider.ask(), provider.ask_async()):
        assert (response.status_code, response.json()["error"]["message"]) == (402, "Insufficient Balance")


@pytest.mark.parametrize(("packed", "translated"), [("gzip", True), ("deflate", True), ("zstd", False)])
def test_a_packed_request_is_translated_or_the_note_says_why_not(library, packed, translated):
    provider = Provider(library)
    raw = json.dumps(ASKED).encode()
    data = {"gzip": gzip.compress(raw), "deflate": zlib.compress(raw), "zstd": b"zstd"}[packed]
    with provider.client() as client:
        response = client.post(MOONSHOT, content=data, headers={"content-encoding": packed})

    sent = provider.requests[0]
    if translated:
        assert json.loads(sent.content)["temperature"] == 1
        assert "content-encoding" not in sent.headers
    else:
        assert (sent.content, sent.headers["content-encoding"]) == (data, packed)
        assert response.headers["x-quirkbook-note"] == "the request is packed as zstd: it is sent as it is"


@pytest.mark.parametrize("base_model", ["kimi-k2.6", {"my-deployment": "kimi-k2.6"}])
def test_the_model_of_a_deployment_can_be_named(library, base_model):
    provider = Provider(library)
    payload = {**ASKED, "model": "my-deployment", "reasoning_effort": "none"}
    provider.ask(payload, base_model=base_model)
    provider.ask(payload)

    named, unnamed = (json.loads(one.content) for one in provider.requests)
    assert named["thinking"] == {"type": "disabled"}
    assert "thinking" not in unnamed


def test_a_base_model_of_another_type_is_refused():
    with pytest.raises(UsageError) as caught:
        adapter.transport("moonshot", base_model=7)
    assert str(caught.value) == (
        "base_model must be a model's name, or a mapping from deployments to names, not a number; "
        'example: {"my-deployment": "gpt-5.6"}'
    )


@pytest.mark.filterwarnings("default::quirkbook.QuirkbookWarning")
def test_a_warning_points_at_the_callers_line(library, monkeypatch):
    monkeypatch.setattr(quirkbook.api, "_warned", set())
    monkeypatch.setattr(quirkbook.api, "_told", set())
    with pytest.warns(quirkbook.QuirkbookWarning) as caught, Provider(library).client() as client:
        client.post(MOONSHOT, json=ASKED)

    assert {one.filename for one in caught} == {__file__}


def test_a_client_has_the_limits_of_the_openai_packages_own(library):
    constants = pytest.importorskip("openai._constants", reason="openai is not installed: see the extra test")
    with adapter.client(library=library.__name__) as client:
        wanted = constants.DEFAULT_TIMEOUT
        assert (client.timeout.read, client.timeout.connect) == (wanted.read, wanted.connect)
        pool = client._transport._inner._pool
        assert pool._max_connections == constants.DEFAULT_CONNECTION_LIMITS.max_connections
        assert pool._max_keepalive_connections == constants.DEFAULT_CONNECTION_LIMITS.max_keepalive_connections


def test_the_proxies_of_the_environment_hold(library, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "acme.example")

    with adapter.client("moonshot", library=library.__name__) as client:
        through = client._transport_for_url(library.URL(MOONSHOT))
        around = client._transport_for_url(library.URL("https://acme.example/v1"))

    assert type(through).__name__ == type(around).__name__ == "QuirkbookTransport"
    assert "Proxy" in type(through._inner._pool).__name__
    assert "Proxy" not in type(around._inner._pool).__name__


def test_transports_open_and_close_what_they_wrap(library):
    async def main():
        async with adapter.async_transport("moonshot", library=library.__name__) as transport:
            return isinstance(transport, library.AsyncBaseTransport)

    with adapter.transport("moonshot", library=library.__name__) as transport:
        assert isinstance(transport, library.BaseTransport)
    assert asyncio.run(main())


def test_the_library_is_the_wanted_one(library):
    with adapter.client("moonshot", library=library.__name__) as client:
        assert type(client) is library.Client
    with adapter.client("moonshot") as client:
        assert type(client) is importlib.import_module(LIBRARIES[0]).Client


def test_a_library_that_is_none_is_refused():
    with pytest.raises(UsageError) as caught:
        adapter.client("moonshot", library="aiohttp")

    assert str(caught.value) == "library cannot be 'aiohttp': write one of httpx2, httpx"


def test_a_transport_of_neither_library_needs_a_word_on_which_it_is_like(library):
    class Duck:
        def handle_request(self, request):
            return library.Response(200, json=ANSWER)

        def close(self):
            """Nothing is open."""

        def __enter__(self):
            return self

        def __exit__(self, *_):
            """Nothing is open."""

    with pytest.raises(UsageError) as caught:
        adapter.transport("moonshot", Duck())
    with library.Client(transport=adapter.transport("moonshot", Duck(), library=library.__name__)) as client:
        response = client.post(MOONSHOT, json=ASKED)

    assert (
        str(caught.value) == "Duck is not a transport of httpx or httpx2: pass library='httpx2' if it behaves like one"
    )
    assert response.json()["usage"] == TOLD


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (None, "this adapter needs httpx2 or httpx: pip install httpx2"),
        ("httpx", "this adapter needs httpx: pip install httpx"),
    ],
)
def test_without_the_library_the_error_names_what_to_install(monkeypatch, wanted, message):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    adapter.kit_for.__globals__["_kit"].cache_clear()

    with pytest.raises(UsageError) as caught:
        adapter.client("moonshot", library=wanted)

    assert str(caught.value) == message
