from __future__ import annotations

import gzip
import json
import pickle
import shutil
from io import BytesIO, StringIO

import pytest
import requests
from tests.adapters.asked import ASKED, KEY, REFUSED, acme, rules_of
from tests.servers import answer, chunk, events, raw, rudely, serving, stream

from quirkbook import PolicyError, RefusedError
from quirkbook.adapters.exchange import NOT_READ
from quirkbook.adapters.requests import QuirkbookAdapter

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

ANSWER = {"choices": [], "usage": {"cached_tokens": 7}}
TOLD = {"cached_tokens": 7, "prompt_tokens_details": {"cached_tokens": 7}}
STREAMED = {**ASKED, "stream": True}
AUTH = {"authorization": f"Bearer {KEY}"}


def session(url, *names, **options):
    made = requests.Session()
    made.trust_env = False
    made.mount(url, QuirkbookAdapter(*names or ["moonshot"], **options))
    return made


def ask(url, payload=ASKED, /, *names, stream=False, **options):
    with session(url, *names, **options) as client:
        response = client.post(f"{url}/chat/completions", json=payload, headers=AUTH, stream=stream, timeout=20)
        with response:
            _ = response.content
        return response


def test_the_raw_session_gets_the_providers_400_the_adapted_one_an_answer_and_the_report_why(url, emulator):
    refused = requests.post(f"{url}/chat/completions", json=ASKED, headers=AUTH, timeout=20)
    response = ask(url)

    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400,
        "invalid temperature: must be between 0 and 1",
    )
    assert response.json()["choices"][0]["message"]["content"] == "You said: Hi"
    assert response.json()["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
    assert response.headers["x-quirkbook-rules"] == "moonshot/temperature-range"
    assert response.quirkbook.patch == [{"op": "replace", "path": "/temperature", "value": 1}]
    assert set(rules_of(response.quirkbook_answer)) == {"moonshot/cached-tokens-in-details"}
    assert [(one["status"], one["body"]["temperature"]) for one in emulator.requests] == [(400, 1.4), (200, 1)]


@pytest.mark.parametrize("data", [json.dumps(ASKED), json.dumps(ASKED).encode()])
def test_a_body_may_be_text_or_bytes(url, emulator, data):
    with session(url) as client:
        response = client.post(f"{url}/chat/completions", data=data, headers=AUTH, timeout=20)

    assert (response.status_code, emulator.requests[-1]["body"]["temperature"]) == (200, 1)


def test_the_lines_of_a_stream_are_translated(url):
    with (
        session(url) as client,
        client.post(f"{url}/chat/completions", json=STREAMED, headers=AUTH, stream=True, timeout=20) as response,
    ):
        lines = [line.removeprefix(b"data: ") for line in response.iter_lines() if line]

    chunks = [json.loads(line) for line in lines[:-1]]
    assert lines[-1] == b"[DONE]"
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in chunks) == "You said: Hi"
    assert [one["usage"]["total_tokens"] for one in chunks if one.get("usage")] == [8]
    assert "moonshot/usage-comes-once" in rules_of(response.quirkbook_answer)


def test_the_lines_of_a_stream_are_there_as_they_come():
    with (
        serving(stream(events(chunk("Hi")), end="hang")) as server,
        session(server.url) as client,
        client.post(f"{server.url}/chat/completions", json=STREAMED, stream=True, timeout=5) as response,
    ):
        first = next(response.iter_lines(chunk_size=1))

    assert json.loads(first[6:]) == chunk("Hi")


def test_a_stream_that_is_left_early_closes_its_connection():
    with serving(stream(events(chunk("Hi")), end="hang")) as server, session(server.url) as client:
        with client.post(f"{server.url}/chat/completions", json=STREAMED, stream=True, timeout=5) as response:
            next(response.iter_content(None))

        assert server.gone.wait(5)


def test_a_connection_is_kept_once_its_answer_is_read():
    with serving(answer(ANSWER)) as server, session(server.url) as client:
        answers = [client.post(f"{server.url}/chat/completions", json=ASKED, timeout=5).json() for _ in range(3)]

        assert [one["usage"] for one in answers] == [TOLD] * 3
        assert server.connections == 1


def test_a_compressed_answer_is_read():
    body = gzip.compress(json.dumps(ANSWER).encode())
    head = f"content-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}"

    with serving(raw(f"HTTP/1.1 200 X\r\n{head}\r\n\r\n".encode() + body)) as server:
        response = ask(server.url)

    assert response.json()["usage"] == TOLD
    assert "content-encoding" not in response.headers


def test_the_raw_body_is_the_translated_one():
    with serving(answer(ANSWER)) as server, session(server.url) as client:
        copied = BytesIO()
        with client.post(f"{server.url}/chat/completions", json=ASKED, stream=True, timeout=5) as response:
            first = response.raw.read(10)
            rest = b"".join(response.iter_content(7))
        with client.post(f"{server.url}/chat/completions", json=ASKED, stream=True, timeout=5) as response:
            shutil.copyfileobj(response.raw, copied)
        with client.post(f"{server.url}/chat/completions", json=ASKED, stream=True, timeout=5) as response:
            whole = response.raw.read()

    assert json.loads(first + rest)["usage"] == TOLD
    assert copied.getvalue() == whole == first + rest
    assert len(first) == 10


def test_a_cut_stream_is_the_librarys_error():
    with (
        serving(stream(events(chunk("Hi")), end="cut")) as server,
        session(server.url) as client,
        client.post(f"{server.url}/chat/completions", json=STREAMED, stream=True, timeout=5) as response,
        pytest.raises(requests.exceptions.ChunkedEncodingError),
    ):
        list(response.iter_lines())


def test_no_answer_is_the_librarys_error():
    with serving(rudely) as server, pytest.raises(requests.exceptions.ConnectionError):
        ask(server.url)


def test_an_error_is_translated():
    with serving(answer({"error": {"message": "no", "type": "t"}}, 400)) as server:
        response = ask(server.url)

    assert response.json() == {"error": {"message": "no", "type": "t", "param": None, "code": None}}


@pytest.mark.parametrize("error", [(RefusedError, REFUSED, {}), (PolicyError, ASKED, {"policy": {"lossy": "error"}})])
def test_a_refused_request_raises_and_is_not_sent(error):
    kind, payload, options = error

    with serving(answer()) as server, pytest.raises(kind):
        ask(server.url, payload, **options)

    assert server.requests == []


@pytest.mark.parametrize(("path", "data"), [("embeddings", b'{"n":  9}'), ("chat/completions", b"[]")])
def test_what_is_no_chat_request_passes_untouched(path, data):
    sent = []
    with serving(answer(ANSWER)) as server, session(server.url) as client:
        hook = {"response": lambda response, **_: sent.append(response.request.body)}
        response = client.post(f"{server.url}/{path}", data=data, hooks=hook, timeout=5)

        assert sent == [data]
        assert response.json() == ANSWER
        assert (response.quirkbook, response.quirkbook_answer) == (None, None)
        assert response.headers.get("x-quirkbook-note") == (NOT_READ if path == "embeddings" else None)


RAW = json.dumps(ASKED).encode()


@pytest.mark.parametrize(
    "data",
    [
        lambda: RAW.decode(),
        lambda: bytearray(RAW),
        lambda: BytesIO(RAW),
        lambda: StringIO(RAW.decode()),
        lambda: (RAW[at : at + 7] for at in range(0, len(RAW), 7)),
        lambda: gzip.compress(RAW),
    ],
    ids=["text", "bytearray", "file", "text file", "generator", "gzip"],
)
def test_a_body_of_any_kind_is_translated(data, url, emulator):
    body = data()
    packed = {"content-encoding": "gzip"} if isinstance(body, bytes) else {}
    with session(url) as client:
        response = client.post(f"{url}/chat/completions", data=body, headers={**AUTH, **packed}, timeout=20)

    assert response.json()["choices"][0]["message"]["content"] == "You said: Hi"
    assert rules_of(response.quirkbook) == ["moonshot/temperature-range"]
    assert emulator.requests[0]["body"]["temperature"] == 1


def test_an_error_in_an_answer_of_status_200_has_the_status_that_it_stands_for():
    with serving(answer({"error": {"message": "Insufficient Balance"}})) as server:
        response = ask(server.url)

    assert (response.status_code, response.json()["error"]["message"]) == (402, "Insufficient Balance")
    with pytest.raises(requests.HTTPError):
        response.raise_for_status()


def test_a_payload_that_needs_nothing_is_the_same_bytes():
    with serving(answer()) as server, session(server.url) as client:
        body = b'{"model":  "moonshot-v1-8k"}'
        response = client.post(f"{server.url}/chat/completions", data=body, timeout=5)

        assert server.requests[0]["body"] == body
        assert response.quirkbook.changes == ()
        assert response.json()["choices"][0]["message"]["content"] == "Hello!"


def test_the_url_tells_the_provider_and_a_note_says_where_it_does_not():
    with serving(answer(ANSWER)) as server:
        response = ask(server.url, ASKED, None)

        assert server.bodies == [ASKED]
        assert (
            response.headers["x-quirkbook-note"]
            == "no provider is known at 127.0.0.1: only rules of the format and of the model apply; name the provider if it has rules"
        )
        assert (response.quirkbook.provider, response.json()) == ("openai_compatible", ANSWER)


def test_rules_may_set_and_drop_headers(tmp_path):
    with serving(answer()) as server, session(server.url, "acme", rulebook=acme(tmp_path)) as client:
        given = {"x-acme-cache": "no", "x-mine": "1"}
        client.post(f"{server.url}/chat/completions", json={"traced": True}, headers=given, timeout=5)

        headers = {name: value for name, value in server.requests[0]["headers"].items() if name.startswith("x-")}
        assert headers == {"x-mine": "1", "x-acme-trace": "on"}


def test_an_adapter_can_be_pickled_as_its_parent_can(url):
    again = pickle.loads(pickle.dumps(QuirkbookAdapter("moonshot", policy={"lossy": "allow"})))

    with requests.Session() as client:
        client.mount(url, again)
        response = client.post(f"{url}/chat/completions", json=ASKED, headers=AUTH, timeout=20)

    assert response.status_code == 200


def test_no_key_gets_into_what_we_add(url):
    response = ask(url)

    ours = {name: value for name, value in response.headers.items() if "quirkbook" in name}
    assert KEY not in f"{ours} {response.quirkbook.to_dict()}"


def test_a_provider_that_answers_whole_is_read_as_a_stream_all_the_same():
    with serving(answer()) as server:
        response = ask(server.url, STREAMED, stream=True)

    events_of = [line for line in response.text.splitlines() if line]
    assert json.loads(events_of[0].removeprefix("data: "))["choices"][0]["delta"]["content"] == "Hello!"
    assert events_of[1:] == ["data: [DONE]"]
    assert response.headers["content-type"] == "text/event-stream"
    assert response.headers["x-quirkbook-note"].startswith("the provider answered whole")
