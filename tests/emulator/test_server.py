"""Keys, models, other paths, what the emulator remembers, and how it starts and stops."""

from __future__ import annotations

import sys
import threading

import pytest
import requests

from quirkbook.emulator import Emulator, available, running, serve
from quirkbook.errors import UnknownProviderError, UsageError

UNAUTHORIZED = {"error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}}


def post(url, **arguments):
    return requests.post(url, timeout=20, **arguments)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"authorization": "Bearer bad-key"}])
def test_without_a_good_key_nothing_is_answered(moonshot_url, headers):
    asked = post(f"{moonshot_url}/chat/completions", json={}, headers=headers)
    listed = requests.get(f"{moonshot_url}/models", headers=headers, timeout=20)

    assert [(one.status_code, one.json()) for one in (asked, listed)] == [(401, UNAUTHORIZED)] * 2


def test_an_openai_key_is_shown_by_its_end_only(openai):
    message = openai("gpt-4o", headers={"authorization": "Bearer sk-bad-1234"}).json()["error"]["message"]

    assert message == (
        "Incorrect API key provided: ****1234. You can find your API key at https://platform.openai.com/account/api-keys."
    )


def test_models_are_listed(moonshot_url):
    found = requests.get(f"{moonshot_url}/models", headers={"authorization": "Bearer k"}, timeout=20).json()

    assert [model["id"] for model in found["data"]][:2] == ["moonshot-v1-8k", "moonshot-v1-32k"]
    assert found["data"][-1] == {
        "id": "kimi-k3.1-pro",
        "object": "model",
        "created": 1_700_000_000,
        "owned_by": "moonshot",
    }


@pytest.mark.parametrize("path", ["/chat/completions", "/anthropic/../v1/chat/completions/", "/a/b/chat/completions"])
def test_any_prefix_leads_to_chat_completions(moonshot_url, path):
    root = moonshot_url.removesuffix("/v1")
    payload = {"model": "moonshot-v1-8k", "messages": [{"role": "user", "content": "Hi"}]}

    assert post(root + path, json=payload, headers={"authorization": "Bearer k"}).status_code == 200


def test_other_paths_are_not_found(moonshot_url):
    answer = requests.get(f"{moonshot_url}/files", headers={"authorization": "Bearer k"}, timeout=20)

    assert (answer.status_code, answer.json()) == (
        404,
        {"error": {"message": "The requested resource was not found", "type": "resource_not_found_error"}},
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"temperature": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(moonshot_url, raw):
    answer = post(f"{moonshot_url}/chat/completions", data=raw, headers={"authorization": "Bearer k"})

    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "Invalid request: the request body is not valid JSON",
    )


def test_a_body_that_is_too_deep_is_refused(moonshot):
    schema = {"type": "object"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"x": schema}}

    answer = moonshot("kimi-k3", tools=[{"type": "function", "function": {"name": "look", "parameters": schema}}])

    assert answer.status_code == 400


def test_a_request_without_a_model_is_refused(moonshot_url):
    answer = post(f"{moonshot_url}/chat/completions", json={}, headers={"authorization": "Bearer k"})

    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "Invalid request: model must not be empty",
    )


def test_requests_are_remembered_without_their_secrets(own):
    emulator, ask, url = own
    ask("moonshot-v1-8k", headers={"api-key": "secret", "x-tag": "kept"})

    (found,) = requests.get(f"{url}/__requests", timeout=20).json()

    assert found == emulator.requests[0]
    assert (found["method"], found["path"], found["status"]) == ("POST", "/v1/chat/completions", 200)
    assert found["body"] == {"model": "moonshot-v1-8k", "messages": [{"role": "user", "content": "Hi"}]}
    assert [found["headers"][name] for name in ("authorization", "api-key", "x-tag")] == [
        "***",
        "***",
        "kept",
    ]


def test_requests_are_counted_and_forgotten(own):
    _, ask, url = own
    ask("moonshot-v1-8k")
    ask("kimi-k3", temperature=0)
    ask("kimi-k3", headers={"x-emulate-fault": "latency=0"})
    ask("kimi-k3", headers={"x-emulate-fault": "status=500"})

    counted = requests.get(f"{url}/__stats", timeout=20).json()
    forgotten = requests.delete(f"{url}/__stats", timeout=20).json()

    assert counted == {"requests": 4, "open": 0, "answered": 2, "refused": 2, "faults": 1}
    assert forgotten == {}
    assert requests.get(f"{url}/__requests", timeout=20).json() == []


def test_only_the_last_requests_are_kept():
    emulator = Emulator("moonshot", keep=2)
    with running(emulator) as url:
        for number in range(3):
            post(f"{url}/chat/completions", json={"number": number})

    assert [request["body"] for request in emulator.requests] == [{"number": 1}, {"number": 2}]


def test_nothing_is_left_running():
    before = threading.active_count()
    with running("moonshot") as url:
        requests.get(f"{url}/models", timeout=20)

    assert threading.active_count() == before
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{url}/models", timeout=20)


def test_an_unknown_provider_is_named_and_the_nearest_offered():
    assert available() == sorted(available())
    assert {"moonshot", "openai"} <= set(available())
    with pytest.raises(UnknownProviderError) as caught:
        Emulator("moonshoot")

    assert str(caught.value) == "no emulated provider 'moonshoot': did you mean 'moonshot'?"


def test_without_uvicorn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    message = "an emulated provider needs uvicorn: in a checkout of Quirkbook, run pip install '.[serve]'"

    with pytest.raises(UsageError) as caught, running("moonshot"):
        pass
    assert str(caught.value) == message
    with pytest.raises(UsageError) as caught:
        serve("moonshot")
    assert str(caught.value) == message


def test_serve_runs_the_application_on_the_address_given(monkeypatch):
    calls = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: calls.append((type(app), options)))

    serve("moonshot", port=9001)

    assert calls == [
        (Emulator, {"host": "127.0.0.1", "port": 9001, "log_level": "info", "timeout_graceful_shutdown": 1})
    ]
