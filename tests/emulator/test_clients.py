"""The real openai package against the emulators."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

openai_package = pytest.importorskip("openai", reason="openai is not installed: see the extra test")


@pytest.fixture
def client(moonshot_url: str) -> Iterator[openai_package.OpenAI]:
    with openai_package.OpenAI(base_url=moonshot_url, api_key="sk-test", max_retries=0) as client:
        yield client


ASKED = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def test_the_client_gets_the_providers_400(client):
    with pytest.raises(openai_package.BadRequestError) as caught:
        client.chat.completions.create(model="kimi-k2.6", messages=ASKED, temperature=0.7)

    assert (caught.value.status_code, caught.value.body) == (
        400,
        {"message": "invalid temperature: only 1 is allowed for this model", "type": "invalid_request_error"},
    )


def test_the_client_gets_an_answer(client):
    answer = client.chat.completions.create(model="kimi-k2.6", messages=ASKED)

    assert answer.choices[0].message.content == "You said: Hi"
    assert answer.choices[0].message.reasoning_content == "The user wants: Hi"
    assert answer.usage.total_tokens == 12


def test_the_client_gets_a_stream(client):
    with client.chat.completions.create(model="moonshot-v1-8k", messages=ASKED, stream=True) as stream:
        chunks = list(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "You said: Hi"
    assert chunks[-1].usage is None
    assert chunks[-1].choices[0].usage == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "cached_tokens": 2,
    }


def test_the_client_gets_tool_calls(client):
    asked = [{"role": "user", "content": "Use a tool"}]

    answer = client.chat.completions.create(model="kimi-k3", messages=asked, tools=[TOOL])

    assert [(call.id, call.function.name) for call in answer.choices[0].message.tool_calls] == [("look:0", "look")]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("status=401", openai_package.AuthenticationError),
        ("status=404", openai_package.NotFoundError),
        ("status=429", openai_package.RateLimitError),
        ("status=500", openai_package.InternalServerError),
        ("cut", openai_package.APIConnectionError),
    ],
)
def test_faults_become_the_clients_errors(client, fault, error):
    with pytest.raises(error):
        client.chat.completions.create(model="moonshot-v1-8k", messages=ASKED, extra_headers={"x-emulate-fault": fault})


def test_a_retrying_client_gets_through(client):
    patient = client.with_options(max_retries=2)

    answer = patient.chat.completions.create(
        model="moonshot-v1-8k#status=503;retry-after=0;times=1;key=retrying", messages=ASKED
    )

    assert answer.choices[0].message.content == "You said: Hi"


def test_models_are_listed(client):
    assert "kimi-k3" in [model.id for model in client.models.list()]
