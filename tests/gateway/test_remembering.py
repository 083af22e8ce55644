"""The gateway's memory for thoughts, in front of emulated providers that want them back."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest
from tests.gateway.asking import BOOK, running, scripted
from tests.servers import COMPLETION, answer, chunk, events, stream

from quirkbook.api.reasoning import ReasoningMemory
from quirkbook.emulator import running as emulated
from quirkbook.gateway import remembering
from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.config.model import Config, Deployment, Memory
from quirkbook.gateway.remembering import Remembering
from quirkbook.gateway.shared_thoughts import SharedThoughts

pytestmark = pytest.mark.timeout(30)

HI = {"role": "user", "content": "Weather?"}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


def a_deployment(provider, model, url):
    return Deployment("kimi", f"{provider}/{model}", provider, model, "sk-test", url)


def message_of(got):
    if "text/event-stream" not in got.headers["content-type"]:
        return got.json["choices"][0]["message"]
    deltas = [one["choices"][0]["delta"] for one in got.events if one != "[DONE]" and one.get("choices")]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or () if call.get("id")]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}


@pytest.mark.parametrize(("provider", "model"), [("deepseek", "deepseek-v4-pro"), ("moonshot", "kimi-k2.6")])
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("forced", [False, True])
def test_what_the_client_drops_comes_back(provider, model, streams, forced):
    with emulated(provider) as url, running(a_deployment(provider, model, url), memory=Memory()) as front:
        first = front.ask({"messages": [HI], "tools": TOOLS, "stream": streams})
        assert first.status == 200
        message = message_of(first)
        message.pop("reasoning_content", None)
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": "sun"} for call in message.get("tool_calls", ())
        ]
        second = front.ask({"messages": [HI, message, *results, HI], "tools": TOOLS})
        alone = front.ask({"messages": [HI], "tools": TOOLS})

    assert second.status == 200
    assert "reasoning-memory" in second.headers["x-quirkbook-rules"]
    assert "carry-reasoning" not in second.headers["x-quirkbook-rules"]
    assert "reasoning-memory" not in alone.headers.get("x-quirkbook-rules", "")


THOUGHT = {**COMPLETION["choices"][0]["message"], "reasoning_content": "A greeting."}
ANSWER = {**COMPLETION, "choices": [{**COMPLETION["choices"][0], "message": THOUGHT}]}
TURNS = [HI, {"role": "assistant", "content": "Hello!"}, HI]
THINKING = {**chunk(), "choices": [{"index": 0, "delta": {"reasoning_content": "A greeting."}}]}
STREAMED = events(THINKING, chunk("Hello!"), chunk(None, "stop"), "[DONE]")


def sent_back(front, model="kimi", **headers):
    front.script(answer(COMPLETION))
    assert front.running.ask({"model": model, "messages": TURNS}, **headers).status == 200
    return front.server.bodies[0]["messages"][1].get("reasoning_content")


MEMORY = Memory()


def thinking(memory=MEMORY, **more):
    return scripted(memory=memory, **more)


@pytest.mark.parametrize("script", [answer(ANSWER), stream(STREAMED), stream(STREAMED[:40], STREAMED[40:])])
def test_a_turn_without_calls_has_its_thoughts_again(script, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.target.wants_thoughts", lambda *_: True)
    with thinking() as front:
        front.ask({"stream": True}, script)
        assert sent_back(front) == "A greeting."
        assert sent_back(front, "plain") is None  # no rules, no wish


def test_a_provider_that_does_not_want_them_gets_none():
    with thinking() as front:
        front.ask({}, answer(ANSWER))
        assert sent_back(front) is None


def test_each_key_has_a_memory_of_its_own(monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.target.wants_thoughts", lambda *_: True)
    with thinking(keys=("one", "two")) as front:
        front.ask({}, answer(ANSWER), authorization="Bearer one")
        assert sent_back(front, authorization="Bearer two") is None
        assert sent_back(front, authorization="Bearer one") == "A greeting."
        assert "A greeting." not in "".join(front.running.lines)


@pytest.mark.parametrize(
    "script",
    [
        stream(STREAMED.replace(b'"stop"', b"null").replace(b"data: [DONE]\n\n", b""), end="cut"),
        stream(STREAMED.replace(b"Hello!", b"Bye!")),
        answer(COMPLETION),
    ],
)
def test_what_did_not_end_well_or_has_no_thoughts_is_not_kept(script, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.upstream.target.wants_thoughts", lambda *_: True)
    with thinking() as front:
        front.ask({"stream": True}, script)
        assert sent_back(front) is None


def restored(memory, messages):
    return asyncio.run(Remembering(memory, "").restored({"messages": msgspec.Raw(messages)}))


TURN = b'[{"role": "assistant", "content": "Hello!"}]'


def remembered(*streams, whole=None):
    """Return what a memory puts into a turn after it has heard streams, a list of pieces each, or a whole answer."""
    memory = ReasoningMemory()

    async def hear():
        heard = Remembering(memory, "")
        for pieces in streams:
            listener = heard.stream()
            for piece in pieces:
                listener.events(piece)
            await listener.close()
        if whole is not None:
            await heard.whole(whole)

    asyncio.run(hear())
    return restored(memory, TURN)


def test_what_cannot_be_read_is_left_to_those_who_refuse_it():
    memory = ReasoningMemory()

    assert restored(memory, b'[{"role": "assistant"') is None
    assert remembered([STREAMED]) is not None
    assert remembered([STREAMED[:40], b"data: {odd\n\n", STREAMED[40:]]) is None
    assert remembered([b'data: {"reasoning": {\n\n' + STREAMED]) is None
    assert remembered(whole=json.dumps(ANSWER).encode()) is not None
    assert remembered(whole=STREAMED) is not None
    assert remembered(whole=json.dumps(ANSWER).encode()[:-1]) is None
    assert remembered(whole=b'["reasoning_content"]') is None


def test_a_stream_beyond_the_bound_is_not_remembered(monkeypatch):
    monkeypatch.setattr(remembering, "_MOST", len(STREAMED))

    assert remembered([STREAMED]) is not None
    assert remembered([b": \n", STREAMED]) is None
    assert remembered([b": \n", STREAMED], [STREAMED]) is not None  # each stream by itself


def test_off_nothing_is_kept():
    with scripted() as front:
        assert front.running.gateway.memory is None
        front.ask({}, answer(ANSWER))
        assert sent_back(front) is None


def test_a_reload_keeps_what_is_remembered_unless_the_bounds_change():
    config = Config((), BOOK, memory=Memory())
    gateway = Gateway(config)
    memory = gateway.memory
    gateway.replace(Config((), BOOK, memory=Memory()))
    assert gateway.memory is memory
    gateway.replace(Config((), BOOK, memory=Memory(entries=1)))
    assert gateway.memory not in (None, memory)
    gateway.replace(Config((), BOOK))
    assert gateway.memory is None


# Together with other processes


def shared(redis, clock=lambda: 0.0):
    lines = []
    return SharedThoughts("redis://x", lines.append, clock, redis), lines


def test_processes_remember_together(monkeypatch):
    fakeredis = pytest.importorskip("fakeredis", reason="fakeredis is not installed: see tests/peers.txt")
    server = fakeredis.FakeServer()
    monkeypatch.setattr("redis.Redis.from_url", lambda url, **_: fakeredis.FakeRedis(server=server))
    monkeypatch.setattr("quirkbook.gateway.upstream.target.wants_thoughts", lambda *_: True)
    memory = Memory(redis="redis://127.0.0.1/0")
    with thinking(memory) as one, thinking(memory) as other:
        one.ask({}, answer(ANSWER))
        assert sent_back(other) == "A greeting."


def test_a_redis_that_does_not_answer_costs_nothing_but_the_memory():
    class Down:
        asked = 0

        def get(self, key):
            self.asked += 1
            raise ConnectionError

        set = get

    now = [0.0]
    store, lines = shared(Down(), lambda: now[0])
    assert store.get(b"k") is None
    store.put(b"k", "t", 1)  # for a while it is not asked again
    assert lines == ["Redis does not answer (ConnectionError): thoughts are remembered by this process alone"]
    now[0] = 6
    assert store.get(b"k") is None and len(lines) == 2


# Config


@pytest.mark.parametrize(
    ("given", "memory"),
    [
        (True, Memory()), (False, None), (None, None), ({}, Memory()),
        ({"entries": 5, "ttl": "60", "bytes": 4096, "redis_url": "redis://h"}, Memory(5, 60.0, 4096, "redis://h")),
    ],
)  # fmt: skip
def test_the_config_says_how_much(tmp_path, given, memory):
    assert configured(tmp_path, given).memory == memory


def test_a_word_that_nobody_knows_is_an_error_there(tmp_path):
    with pytest.raises(ConfigError, match="unknown key 'entry' in 'reasoning_memory'"):
        configured(tmp_path, {"entry": 1})


def configured(folder, given):
    path = folder / "config.yaml"
    models = [{"model_name": "m", "litellm_params": {"model": "moonshot/x", "api_key": "k"}}]
    path.write_text(json.dumps({"model_list": models, "quirkbook_settings": {"reasoning_memory": given}}))
    return read_config(path, environ={}, rulebook=BOOK)
