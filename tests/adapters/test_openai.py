"""The real openai package, with a client of either library in it, against the emulated provider."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib.util
import pickle
import time

import pytest
from tests.adapters.asked import ASKED, KEY, REFUSED, TOOL, rules_of
from tests.servers import answer as answering
from tests.servers import serving

from quirkbook import PolicyError, RefusedError
from quirkbook.adapters import httpx as adapter

openai = pytest.importorskip("openai", reason="the openai package is not installed")
pydantic = pytest.importorskip("pydantic", reason="pydantic, which comes with the openai package, is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

LIBRARIES = [name for name in ("httpx2", "httpx") if importlib.util.find_spec(name)]


COOL = {**ASKED, "temperature": 1}


@pytest.fixture(params=LIBRARIES)
def library(request):
    return request.param


@pytest.fixture
def raw(url):
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
def client(url, library):
    inner = adapter.client("moonshot", library=library)
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=0) as client:
        yield client


def run(url, library, work, **options):
    """Run a coroutine function with an adapted asynchronous client."""

    async def main():
        inner = adapter.async_client("moonshot", library=library, **options)
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=inner) as client:
            return await work(client)

    return asyncio.run(main())


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_the_raw_client_gets_the_providers_400_the_adapted_one_an_answer_and_the_report_why(raw, client, emulator):
    with pytest.raises(openai.BadRequestError, match="invalid temperature: must be between 0 and 1"):
        raw.chat.completions.create(**ASKED)
    answer = client.chat.completions.with_raw_response.create(**ASKED)

    assert answer.parse().choices[0].message.content == "You said: Hi"
    assert answer.headers["x-quirkbook-rules"] == "moonshot/temperature-range"
    extensions = answer.http_response.extensions
    assert extensions["quirkbook"].patch == [{"op": "replace", "path": "/temperature", "value": 1}]
    assert extensions["quirkbook"].changes[0].why == "Moonshot takes temperature 0 to 1; OpenAI callers send up to 2."
    assert set(rules_of(extensions["quirkbook_answer"])) == {"moonshot/cached-tokens-in-details"}
    assert [(one["status"], one["body"]["temperature"]) for one in emulator.requests] == [(400, 1.4), (200, 1)]


def test_an_answer_is_read_in_openais_shape(client):
    usage = client.chat.completions.create(**ASKED).usage

    assert (usage.total_tokens, usage.prompt_tokens_details.cached_tokens) == (8, 2)


def test_a_stream_is_translated_event_by_event(raw, client):
    with pytest.raises(openai.BadRequestError):
        raw.chat.completions.create(**ASKED, stream=True)
    with client.chat.completions.create(**ASKED, stream=True) as stream:
        chunks = list(stream)

    assert text_of(chunks) == "You said: Hi"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [8]
    assert rules_of(stream.response.extensions["quirkbook"]) == ["moonshot/temperature-range"]
    assert "moonshot/usage-comes-once" in rules_of(stream.response.extensions["quirkbook_answer"])


def test_usage_that_was_asked_for_comes_once_in_a_chunk_of_its_own(client):
    with client.chat.completions.create(**ASKED, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)

    assert [(len(chunk.choices), bool(chunk.usage)) for chunk in chunks[-2:]] == [(1, False), (0, True)]


def test_an_asynchronous_client_is_translated_too(url, library):
    async def work(client):
        answer = await client.chat.completions.with_raw_response.create(**ASKED)
        stream = await client.chat.completions.create(**ASKED, stream=True)
        return answer, [chunk async for chunk in stream]

    answer, chunks = run(url, library, work)

    assert answer.headers["x-quirkbook-rules"] == "moonshot/temperature-range"
    assert answer.parse().usage.prompt_tokens_details.cached_tokens == 2
    assert text_of(chunks) == "You said: Hi"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [8]


def test_with_streaming_response_works(url, client, library):
    def names(answer):
        return answer.headers["x-quirkbook-rules"]

    with client.chat.completions.with_streaming_response.create(**ASKED) as answer:
        whole = names(answer), answer.parse().choices[0].message.content
    with client.chat.completions.with_streaming_response.create(**ASKED, stream=True) as answer:
        lines = [line for line in answer.iter_lines() if line]

    async def work(client):
        async with client.chat.completions.with_streaming_response.create(**ASKED) as answer:
            return names(answer), (await answer.parse()).choices[0].message.content

    assert whole == run(url, library, work) == ("moonshot/temperature-range", "You said: Hi")
    assert lines[-1] == "data: [DONE]"


def test_parse_returns_the_callers_model(raw, client):
    class Place(pydantic.BaseModel):
        name: str
        rank: int = pydantic.Field(ge=0)

    asked = {**ASKED, "response_format": Place}

    with pytest.raises(openai.BadRequestError):
        raw.chat.completions.parse(**asked)
    place = client.chat.completions.parse(**asked).choices[0].message.parsed
    with client.chat.completions.stream(**asked) as stream:
        last = stream.get_final_completion().choices[0].message.parsed

    assert (type(place), type(last)) == (Place, Place)


def test_tools_are_called(raw, client):
    asked = {**ASKED, "temperature": 1, "messages": [{"role": "user", "content": "Use a tool"}], "tools": [TOOL]}
    asked["tool_choice"] = "required"

    with pytest.raises(openai.BadRequestError):
        raw.chat.completions.create(**asked)
    calls = client.chat.completions.create(**asked).choices[0].message.tool_calls
    with client.chat.completions.create(**asked, stream=True, extra_headers={"x-emulate-fault": "no-index"}) as stream:
        streamed = [chunk.choices[0].delta.tool_calls for chunk in stream if chunk.choices]

    assert [call.function.name for call in calls] == ["look_up"]
    assert {call.index for made in streamed for call in made or ()} == {0}


def test_an_error_is_read_in_openais_shape(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**{**ASKED, "model": "no-model"})

    assert caught.value.body.items() >= {"type": "resource_not_found_error", "param": None, "code": None}.items()
    assert caught.value.response.headers["x-quirkbook-rules"] == "moonshot/temperature-range"


def test_an_error_in_a_stream_is_the_clients_error(client):
    diagnostic = {"x-emulate-fault": "error-mid-stream=2"}

    with (
        pytest.raises(openai.APIError) as caught,
        client.chat.completions.create(**ASKED, stream=True, extra_headers=diagnostic) as stream,
    ):
        list(stream)

    assert caught.value.body.items() >= {"param": None, "code": None}.items()


@pytest.mark.parametrize("stream", [False, True])
def test_a_cut_answer_is_the_error_that_it_is_without_us(raw, client, stream):
    def failing(one):
        diagnostic = {"x-emulate-fault": "cut=2"}
        with pytest.raises(Exception, match=r"Connection error|peer closed connection") as caught:
            answer = one.chat.completions.create(**COOL, stream=stream, extra_headers=diagnostic)
            with answer if stream else contextlib.nullcontext():
                list(answer)
        return type(caught.value).__name__

    assert failing(client) == failing(raw)


def test_a_retry_is_translated_again(url, library, emulator):
    asked = {**ASKED, "model": "moonshot-v1-8k#status=503;retry-after=0;times=1;key=adapted"}
    inner = adapter.client("moonshot", library=library)

    with openai.OpenAI(base_url=url, api_key=KEY, http_client=inner) as client:
        answer = client.chat.completions.create(**asked)

    assert answer.choices[0].message.content == "You said: Hi"
    assert [(one["status"], one["body"]["temperature"]) for one in emulator.requests] == [(503, 1), (200, 1)]


def test_a_refused_request_raises_as_itself_and_is_neither_sent_nor_tried_again(url, library, emulator):
    async def work(client):
        with pytest.raises(RefusedError) as caught:
            await client.chat.completions.create(**REFUSED)
        return caught.value

    inner = adapter.client("moonshot", library=library)
    started = time.monotonic()

    patient = openai.OpenAI(base_url=url, api_key=KEY, http_client=inner, max_retries=5)
    with patient as client, pytest.raises(RefusedError) as caught:
        client.chat.completions.create(**REFUSED)
    errors = [caught.value, run(url, library, work)]

    assert [error.change.rule for error in errors] == ["moonshot/tool-names-differ"] * 2
    assert all(str(error).startswith("payload/tools: Moonshot takes each tool name once.") for error in errors)
    assert all(isinstance(error, openai.BadRequestError) for error in errors)
    assert [(error.status_code, error.code, error.param) for error in errors] == [
        (400, "refused_by_rule", "/tools")
    ] * 2
    assert errors[0].response.json() == {"error": errors[0].body}
    back = [copy.deepcopy(errors[0]), pickle.loads(pickle.dumps(errors[0]))]
    assert [(type(one), str(one), one.refusals, one.code) for one in back] == [
        (type(errors[0]), str(errors[0]), errors[0].refusals, "refused_by_rule")
    ] * 2
    assert list(emulator.requests) == []
    assert time.monotonic() - started < 5


def test_a_change_that_the_policy_forbids_raises_as_itself(url, library, emulator):
    inner = adapter.client("moonshot", library=library, policy={"lossy": "error"})

    with openai.OpenAI(base_url=url, api_key=KEY, http_client=inner) as client, pytest.raises(PolicyError) as caught:
        client.chat.completions.create(**ASKED)

    assert [change.rule for change in caught.value.changes] == ["moonshot/temperature-range"]
    assert list(emulator.requests) == []


def test_other_endpoints_pass_untouched(url, raw, client, library):
    async def work(client):
        return [model.id async for model in client.models.list()]

    plain, adapted = (one.models.with_raw_response.list() for one in (raw, client))

    assert adapted.content == plain.content
    assert run(url, library, work) == [model.id for model in plain.parse()]
    assert [name for name in adapted.headers if "quirkbook" in name] == []


def test_a_stream_that_is_left_early_closes_its_connection(url, library, emulator):
    slow = {"x-emulate-fault": "slow-drip=0.01"}

    async def work(client):
        async with await client.chat.completions.create(**ASKED, stream=True, extra_headers=slow) as stream:
            await anext(aiter(stream))

    inner = adapter.client("moonshot", library=library)
    with openai.OpenAI(base_url=url, api_key=KEY, http_client=inner) as client:
        with client.chat.completions.create(**ASKED, stream=True, extra_headers=slow) as stream:
            next(stream)
        wait_for(lambda: emulator.stats["abandoned"] == 1)
    run(url, library, work)
    wait_for(lambda: emulator.stats["abandoned"] == 2)

    assert emulator.stats["open"] == 0


def wait_for(holds):
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    assert holds()


def test_no_key_gets_into_what_we_add(client, caplog):
    caplog.set_level("DEBUG", logger="quirkbook")

    answer = client.chat.completions.with_raw_response.create(**ASKED)

    ours = {name: value for name, value in answer.headers.items() if "quirkbook" in name}
    said = f"{ours} {answer.http_response.extensions['quirkbook'].to_dict()} {caplog.text}"
    assert KEY not in said
    assert "authorization" not in said.lower()


def test_what_goes_to_an_unknown_address_is_left_as_it_is(library):
    with serving(answering()) as server:
        inner = adapter.client(library=library)
        with openai.OpenAI(base_url=server.url, api_key=KEY, http_client=inner) as client:
            answer = client.chat.completions.with_raw_response.create(**ASKED)

        assert server.bodies == [ASKED]
        assert (
            answer.headers["x-quirkbook-note"]
            == "no provider is known at 127.0.0.1: only rules of the format and of the model apply; name the provider if it has rules"
        )


def test_a_provider_that_answers_whole_is_read_as_a_stream_all_the_same(library):
    with serving(answering()) as server:
        inner = adapter.client("moonshot", library=library)
        with openai.OpenAI(base_url=server.url, api_key=KEY, http_client=inner, max_retries=0) as client:
            assert text_of(client.chat.completions.create(**COOL, stream=True)) == "Hello!"
