"""Real clients against the gateway: OpenAI's package in Python and in Node, Anthropic's, LiteLLM's."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess

import pytest
from tests.gateway.asking import CLIENT_KEY, HI, UPSTREAM_KEY, a_plain_deployment, running
from tests.servers import COMPLETION, answer, chunk, events, raw, serving, stream

openai = pytest.importorskip("openai", reason="openai is not installed: see tests/peers.txt")

pytestmark = pytest.mark.timeout(120)

RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "model": "m-1", "status": "completed", "error": None, "parallel_tool_calls": True,
    "tools": [], "tool_choice": "auto",
    "output": [
        {
            "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello!", "annotations": []}],
        }
    ],
}  # fmt: skip
VECTOR = {
    "object": "list",
    "model": "m-1",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [{"type": "text", "text": "Hello!"}],
    "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip


def named_events(*parts):
    return b"".join(b"event: %b\n%b" % (part["type"].encode(), events(part)) for part in parts)


@pytest.fixture(scope="module")
def upstream():
    with serving(answer(COMPLETION)) as server:
        yield server


@pytest.fixture(scope="module")
def front(upstream):
    with running(a_plain_deployment(upstream.url, "kimi"), keys=(CLIENT_KEY,)) as found:
        yield found


@pytest.fixture
def script(upstream):
    def write(*scripts):
        upstream.requests.clear()
        upstream.script[:] = scripts

    return write


@pytest.fixture
def client(front):
    with openai.OpenAI(base_url=f"{front.url}/v1", api_key=CLIENT_KEY, max_retries=0) as made:
        yield made


def sent(upstream):
    request = upstream.requests[-1]
    assert request["headers"]["authorization"] == f"Bearer {UPSTREAM_KEY}"
    return request["path"], request["body"]


def test_openai_chat(client, script, upstream):
    script(answer(COMPLETION))
    assert client.chat.completions.create(model="kimi", messages=HI).choices[0].message.content == "Hello!"
    script(stream(events(chunk("Hel"), chunk("lo!"), chunk(None, "stop"), "[DONE]")))
    pieces = client.chat.completions.create(model="kimi", messages=HI, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Hello!"
    assert sent(upstream)[0] == "/v1/chat/completions"


def test_openai_responses(client, script, upstream):
    script(answer(RESPONSE))
    assert client.responses.create(model="kimi", input="Hi").output_text == "Hello!"
    assert sent(upstream) == ("/v1/responses", b'{"model":"m-1","input":"Hi"}')
    delta = {
        "type": "response.output_text.delta",
        "delta": "Hello!",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "sequence_number": 1,
        "logprobs": [],
    }
    parts = [
        {
            "type": "response.created",
            "sequence_number": 0,
            "response": {**RESPONSE, "status": "in_progress", "output": []},
        },
        delta,
        {"type": "response.completed", "sequence_number": 2, "response": RESPONSE},
    ]
    script(stream(named_events(*parts)))
    kinds = [event.type for event in client.responses.create(model="kimi", input="Hi", stream=True)]
    assert kinds == [part["type"] for part in parts]
    script(answer(RESPONSE))
    assert client.responses.retrieve("resp_1").id == "resp_1"
    client.responses.delete("resp_1")
    assert [(one["method"], one["path"]) for one in upstream.requests] == [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
    ]


def test_openai_responses_that_break_raise(client, script):
    created = {"type": "response.created", "sequence_number": 0, "response": RESPONSE}
    delta = {
        "type": "response.output_text.delta",
        "delta": "H",
        "item_id": "m",
        "output_index": 0,
        "content_index": 0,
        "sequence_number": 1,
        "logprobs": [],
    }
    script(stream(named_events(created, delta), end="cut"))
    with pytest.raises(openai.APIError, match="the stream ended before its answer did"):
        list(client.responses.create(model="kimi", input="Hi", stream=True))


def test_openai_embeddings_models_moderations_images(client, script):
    script(answer(VECTOR))
    assert client.embeddings.create(model="kimi", input="Hi", encoding_format="float").data[0].embedding == [0.5]
    assert client.models.retrieve("kimi").id == "kimi"
    assert [one.id for one in client.models.list()] == ["kimi"]
    script(answer({"id": "modr_1", "model": "m-1", "results": []}))
    assert client.moderations.create(model="kimi", input="Hi").results == []
    script(answer({"created": 1, "data": [{"b64_json": "AA=="}]}))
    assert client.images.generate(model="kimi", prompt="A cat").data[0].b64_json == "AA=="
    with pytest.raises(openai.NotFoundError, match="unknown model"):
        client.embeddings.create(model="nobody", input="Hi")


def test_openai_audio(client, script, upstream):
    script(answer({"text": "Hello!"}))
    sound = io.BytesIO(bytes(range(256)))
    sound.name = "a.wav"
    assert client.audio.transcriptions.create(model="kimi", file=sound).text == "Hello!"
    path, body = sent(upstream)
    assert path == "/v1/audio/transcriptions" and b"\r\n\r\nm-1\r\n" in body and bytes(range(256)) in body
    script(raw(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 3\r\n\r\nabc"))
    assert client.audio.speech.create(model="kimi", voice="alloy", input="Hi").read() == b"abc"


def test_azure_openai(front, script, upstream):
    script(answer(COMPLETION), answer(VECTOR))
    with openai.AzureOpenAI(
        azure_endpoint=front.url, api_key=CLIENT_KEY, api_version="2024-10-21", max_retries=0
    ) as client:
        assert client.chat.completions.create(model="kimi", messages=HI).choices[0].message.content == "Hello!"
        assert client.embeddings.create(model="kimi", input="Hi", encoding_format="float").data[0].embedding == [0.5]
    assert [one["path"] for one in upstream.requests] == ["/v1/chat/completions", "/v1/embeddings"]


@pytest.mark.parametrize("base", ["", "/anthropic"])
def test_anthropic(front, script, upstream, base):
    anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed: see tests/peers.txt")
    asked = {"model": "kimi", "max_tokens": 10, "messages": HI}
    with anthropic.Anthropic(base_url=f"{front.url}{base}", api_key=CLIENT_KEY, max_retries=0) as client:
        script(answer(MESSAGE))
        assert client.messages.create(**asked).content[0].text == "Hello!"
        assert sent(upstream)[0] == "/v1/messages"
        assert upstream.requests[-1]["headers"]["anthropic-version"]
        parts = [
            {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello!"}},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": 1},
            },
            {"type": "message_stop"},
        ]
        script(stream(named_events(*parts)))
        with client.messages.stream(**asked) as streamed:
            assert streamed.get_final_text() == "Hello!"
        script(answer({"input_tokens": 7}))
        assert client.messages.count_tokens(model="kimi", messages=HI).input_tokens == 7
        script(stream(named_events(*parts[:3]), end="cut"))
        with (
            pytest.raises(anthropic.APIError, match="the stream ended before its answer did"),
            client.messages.stream(**asked) as streamed,
        ):
            streamed.get_final_text()
        with pytest.raises(anthropic.NotFoundError, match="unknown model"):
            client.messages.create(**{**asked, "model": "nobody"})


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_litellm(front, script):
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network for prices when imported
    litellm = pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")
    given = {"api_base": f"{front.url}/v1", "api_key": CLIENT_KEY}
    script(answer(COMPLETION))
    assert litellm.completion("openai/kimi", HI, **given).choices[0].message.content == "Hello!"
    assert litellm.completion("litellm_proxy/kimi", HI, **given).choices[0].message.content == "Hello!"
    script(answer(VECTOR))
    assert litellm.embedding("openai/kimi", input=["Hi"], **given).data[0]["embedding"] == [0.5]
    script(answer(RESPONSE))
    assert litellm.responses(model="openai/kimi", input="Hi", **given).output[0].content[0].text == "Hello!"


NODE = """
const OpenAI = require("openai").default;
const client = new OpenAI({ baseURL: process.argv[1], apiKey: process.argv[2], maxRetries: 0 });
(async () => {
  const chat = await client.chat.completions.create({ model: "kimi", messages: [{ role: "user", content: "Hi" }] });
  const models = await client.models.retrieve("kimi");
  const vector = await client.embeddings.create({ model: "kimi", input: "Hi", encoding_format: "float" });
  let text = "";
  const pieces = await client.chat.completions.create({ model: "kimi", stream: true, messages: [{ role: "user", content: "Hi" }] });
  for await (const piece of pieces) text += piece.choices[0].delta.content ?? "";
  console.log(JSON.stringify([chat.choices[0].message.content, models.id, vector.data[0].embedding, text]));
})();
"""


def test_openai_in_node(front, script):
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", 'require("openai")'], capture_output=True).returncode:
        pytest.skip("node or its package openai is not installed: npm install openai, and NODE_PATH")
    script(answer(COMPLETION), answer(VECTOR), stream(events(chunk("Hello!"), chunk(None, "stop"), "[DONE]")))
    done = subprocess.run([node, "-e", NODE, f"{front.url}/v1", CLIENT_KEY], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Hello!", "kimi", [0.5], "Hello!"]
