"""httpx and httpx2 installed side by side: a transport of ours works in a client of either, and in openai's own."""

from __future__ import annotations

import asyncio
import json

import pytest

from quirkbook.adapters import httpx as adapter
from quirkbook.emulator import Emulator, running

LIBRARIES = [
    pytest.importorskip(name, reason=f"{name} is not installed: see tests/peers.txt") for name in ("httpx", "httpx2")
]
openai = pytest.importorskip("openai", reason="openai is not installed: see the extra test")

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

ASKED = {"model": "moonshot-v1-8k", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.4}
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}


@pytest.fixture
def emulator():
    return Emulator("moonshot")


@pytest.fixture
def url(emulator):
    with running(emulator) as url:
        yield url


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_transport_works_in_a_client_of_either_library(url, emulator, library):
    async def main():
        async with library.AsyncClient(transport=adapter.async_transport("moonshot")) as client:
            return await client.post(f"{url}/chat/completions", content=json.dumps(ASKED), headers=HEADERS)

    with library.Client(transport=adapter.transport("moonshot")) as client:
        answers = [client.post(f"{url}/chat/completions", content=json.dumps(ASKED), headers=HEADERS)]
    answers.append(asyncio.run(main()))

    assert [answer.headers["x-quirkbook-rules"] for answer in answers] == ["moonshot/temperature-range"] * 2
    assert [one["body"]["temperature"] for one in emulator.requests] == [1, 1]


def test_a_transport_works_in_the_clients_that_the_openai_package_makes(url, emulator):
    async def main():
        inner = openai.DefaultAsyncHttpxClient(transport=adapter.async_transport("moonshot"))
        async with openai.AsyncOpenAI(base_url=url, api_key="k", http_client=inner, max_retries=0) as client:
            return await client.chat.completions.create(**ASKED)

    inner = openai.DefaultHttpxClient(transport=adapter.transport("moonshot"))
    with openai.OpenAI(base_url=url, api_key="k", http_client=inner, max_retries=0) as client:
        answers = [client.chat.completions.create(**ASKED), asyncio.run(main())]

    assert [answer.choices[0].message.content for answer in answers] == ["You said: Hi"] * 2
    assert [one["body"]["temperature"] for one in emulator.requests] == [1, 1]
