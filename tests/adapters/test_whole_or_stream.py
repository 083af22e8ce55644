"""At every door whole equals stream: whatever was asked for, whatever comes, and whatever its headers call it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import json
import os
import warnings

import pytest
import requests
from tests.servers import chunk, events, raw, serving, stream

from quirkbook import acompletion, completion
from quirkbook.adapters import httpx as adapter
from quirkbook.adapters.answer import StreamedAnswer, WholeAnswer
from quirkbook.adapters.requests import QuirkbookAdapter
from quirkbook.wire.accumulate import Accumulator

pytestmark = pytest.mark.filterwarnings("ignore")  # LiteLLM's own, and the sessions that it leaves open

KEY = "sk-very-secret-0123456789"
MODEL = "kimi-k2.6"
HI = [{"role": "user", "content": "Hi"}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a": "Hé北"}'}}
MESSAGE = {"role": "assistant", "content": "Hé北", "reasoning_content": "So.", "tool_calls": [CALL]}
WHOLE = {
    "id": "1", "object": "chat.completion", "created": 1, "model": MODEL,
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}  # fmt: skip


def a_delta(**delta):
    made = chunk()
    made["choices"][0]["delta"] = delta
    return made


STREAM = b": hello\n\n" + events(
    a_delta(role="assistant", content=""),
    a_delta(reasoning_content="S"),
    a_delta(reasoning_content="o."),
    a_delta(content="Hé"),
    a_delta(content="北"),
    a_delta(tool_calls=[{"index": 0, **CALL, "function": {"name": "look", "arguments": '{"a": '}}]),
    a_delta(tool_calls=[{"index": 0, "function": {"arguments": '"Hé北"}'}}]),
    chunk(finish="tool_calls"),
    {**chunk(), "choices": [], "usage": WHOLE["usage"]},
    "[DONE]",
)


def plain(message, reason):
    """Return what a client got, in one shape."""
    message = message if isinstance(message, dict) else message.model_dump()
    calls = [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in message["tool_calls"]]
    return message["content"], message["reasoning_content"], calls, reason


EXPECTED = plain(MESSAGE, "tool_calls")


def together(chunks):
    """Return what chunks come to."""
    whole = Accumulator()
    for each in chunks:
        whole.add(each if isinstance(each, dict) else each.model_dump(exclude_none=True))
    choice = whole.answer()["choices"][0]
    return plain(choice["message"], choice["finish_reason"])


def of(answer, streams):
    """Return what the answer of an SDK or of LiteLLM came to."""
    if streams:
        return together(list(answer))
    choice = answer.choices[0]
    return plain(choice.message, choice.finish_reason)


def of_text(text, streams):
    """Return what the body of a response came to."""
    if not streams:
        choice = json.loads(text)["choices"][0]
        return plain(choice["message"], choice["finish_reason"])
    datas = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    assert datas[-1] == "[DONE]"
    return together(map(json.loads, datas[:-1]))


def by_completion(url, streams):
    return of(completion(MODEL, HI, provider="moonshot", base_url=url, api_key=KEY, stream=streams), streams)


def by_acompletion(url, streams):
    async def main():
        answer = await acompletion(MODEL, HI, provider="moonshot", base_url=url, api_key=KEY, stream=streams)
        return of([each async for each in answer], True) if streams else of(answer, False)

    return asyncio.run(main())


def by_requests(url, streams):
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, QuirkbookAdapter("moonshot"))
        payload = {"model": MODEL, "messages": HI, "stream": streams}
        response = session.post(f"{url}/chat/completions", json=payload, timeout=20, stream=streams)
        response.encoding = "utf-8"
        return of_text(response.text, streams)


def by_httpx(url, streams, library="httpx"):
    with adapter.client("moonshot", library=library, trust_env=False) as client:
        payload = {"model": MODEL, "messages": HI, "stream": streams}
        with client.stream("POST", f"{url}/chat/completions", json=payload) as response:
            text = b"".join(response.iter_bytes()).decode()
            assert response.headers["content-type"].split(";")[0].lower() == (
                "text/event-stream" if streams else "application/json"
            )
        return of_text(text, streams)


def by_httpx2(url, streams):
    return by_httpx(url, streams, "httpx2")


def by_openai(url, streams):
    openai = importlib.import_module("openai")
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=adapter.client("moonshot"), max_retries=0) as client:
        return of(client.chat.completions.create(model=MODEL, messages=HI, stream=streams), streams)


def by_async_openai(url, streams):
    openai = importlib.import_module("openai")

    async def main():
        inner = adapter.async_client("moonshot")
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=0) as client:
            answer = await client.chat.completions.create(model=MODEL, messages=HI, stream=streams)
            return of([each async for each in answer], True) if streams else of(answer, False)

    return asyncio.run(main())


def by_litellm(url, streams):
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network for prices when imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        litellm = importlib.import_module("litellm")
        beneath = importlib.import_module("quirkbook.adapters.litellm")
    beneath.install()
    try:
        answer = litellm.completion(f"moonshot/{MODEL}", HI, api_base=url, api_key=KEY, stream=streams)
        return of(answer, streams)
    finally:
        beneath.uninstall()
        gc.collect()


DOORS = {
    by_completion: None, by_acompletion: None, by_requests: None, by_httpx: "httpx", by_httpx2: "httpx2",
    by_openai: "openai", by_async_openai: "openai", by_litellm: "litellm",
}  # fmt: skip


@pytest.fixture(params=DOORS, ids=lambda door: door.__name__)
def door(request):
    needed = DOORS[request.param]
    if needed and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: see tests/peers.txt")
    return request.param


def said(data, kind):
    typed = f"content-type: {kind}\r\n" if kind else ""
    return raw(f"HTTP/1.1 200 OK\r\n{typed}content-length: {len(data)}\r\n\r\n".encode() + data)


@pytest.mark.parametrize("streams", [False, True], ids=["whole asked", "stream asked"])
@pytest.mark.parametrize("came", [json.dumps(WHOLE).encode(), STREAM], ids=["whole came", "stream came"])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain", ""])
def test_whole_equals_stream_at_every_door(door, streams, came, kind):
    with serving(said(came, kind)) as server:
        assert door(server.url, streams) == EXPECTED


@pytest.mark.parametrize("size", [1, 5, 97])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_it_does_not_matter_how_a_stream_is_cut(door, size, kind):
    with serving(stream(*[STREAM[at : at + size] for at in range(0, len(STREAM), size)], kind=kind)) as server:
        assert [door(server.url, streams) for streams in (True, False)] == [EXPECTED, EXPECTED]


# What is no whole answer


def by_raw_requests(url, **payload):
    with requests.Session() as session:
        session.trust_env = False
        session.mount(url, QuirkbookAdapter("moonshot"))
        return session.post(f"{url}/chat/completions", json={"model": MODEL, "messages": HI, **payload}, timeout=20)


def by_raw_httpx(url, **payload):
    with adapter.client("moonshot", trust_env=False) as client:
        return client.post(f"{url}/chat/completions", json={"model": MODEL, "messages": HI, **payload})


RAW = pytest.mark.parametrize("ask", [by_raw_requests, by_raw_httpx])


@RAW
def test_a_stream_that_is_put_together_says_so(ask):
    with serving(said(STREAM, "text/event-stream")) as server:
        response = ask(server.url)

    assert response.headers["content-type"] == "application/json"
    assert (
        response.headers["x-quirkbook-note"]
        == "the provider answered with a stream; it is put together to a whole answer"
    )


@RAW
def test_a_stream_that_stops_is_no_whole_answer(ask):
    with serving(said(events(a_delta(content="Hé")), "text/event-stream")) as server:
        response = ask(server.url)

    assert response.status_code == 502
    assert response.json()["error"] == {
        "message": "the provider's answer stopped without saying that it is complete",
        "type": "upstream_error", "param": None, "code": "stream_cut",
    }  # fmt: skip


@RAW
@pytest.mark.parametrize("streams", [False, True])
def test_an_error_in_what_was_not_asked_for_has_its_status(ask, streams):
    error = {"error": {"message": "Insufficient Balance"}}
    came = json.dumps(error).encode() if streams else events(a_delta(content="Hé"), error)
    with serving(said(came, "text/plain")) as server:
        response = ask(server.url, stream=streams)

    assert (response.status_code, response.json()["error"]["message"]) == (402, "Insufficient Balance")
    assert response.headers["content-type"] == "application/json"


@RAW
def test_nothing_at_all_passes_as_it_is(ask):
    with serving(said(b" \n", "text/plain")) as server:
        assert ask(server.url, stream=True).content == b" \n"


def test_a_head_that_waits_for_nothing_goes_out_at_once():
    whole, later = WholeAnswer("moonshot", {}, 200, None), WholeAnswer("moonshot", {}, 200, None)
    answer = StreamedAnswer(whole, later, "text/event-stream")

    assert (answer.waits, answer.changes, answer.feed(b"\xef\xbb"), answer.status) == (False, (), b"", 200)
