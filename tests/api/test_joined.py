"""A stream that came where a whole answer was asked for."""

from __future__ import annotations

import pytest
from tests.servers import chunk, events

from quirkbook.api.joined import joined
from quirkbook.api.translate_response import ChunkTranslator
from quirkbook.wire import sse

GOOD = events(chunk("Hel"), chunk("lo"), chunk(finish="stop"), "[DONE]")
CONTENT = {"role": "assistant", "content": "Hello"}


def rules():
    return ChunkTranslator("moonshot")


@pytest.mark.parametrize("chunks", [lambda: None, rules])
@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.replace(b"data: [DONE]\n\n", b""),
        GOOD + events(chunk("more")),
        b": hello\n\n" + events("null", "") + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(),
    ],
)
def test_chunks_come_together(data, chunks):
    stream = joined(data, chunks())

    assert stream.answer["object"] == "chat.completion"
    assert stream.answer["choices"] == [{"index": 0, "message": CONTENT, "finish_reason": "stop"}]
    assert (stream.ended, stream.failure, stream.changes) == (True, None, ())


def test_rules_apply_to_chunks_and_what_they_hold_back_is_not_lost():
    thought = chunk()
    thought["choices"][0]["delta"] = {"reasoning": "So"}
    thinking = joined(events(thought, chunk(finish="stop")), ChunkTranslator("vllm"))

    assert thinking.answer["choices"][0]["message"]["reasoning_content"] == "So"
    assert [change.rule for change in thinking.changes] == ["format/reasoning-content"]


def test_a_stream_that_stops_is_not_complete():
    stream = joined(events(chunk("Hel")) + b"data: {bro", rules())

    assert (stream.ended, stream.answer["choices"][0]["message"]["content"]) == (False, "Hel")


@pytest.mark.parametrize("chunks", [lambda: None, rules])
@pytest.mark.parametrize("error", [events({"error": {"message": "no"}}), b"event: error\ndata: no\n\n"])
def test_an_error_in_a_stream_is_one(error, chunks):
    stream = joined(events(chunk("Hel")) + error + GOOD, chunks())

    assert stream.failure is not None
    assert "no" in str(stream.failure.payload)


def test_a_chunk_that_a_rule_calls_an_error_is_one():
    broken = chunk("Hel", error={"code": 502, "message": "the provider is gone"})
    broken["choices"][0]["error"] = broken.pop("error")
    stream = joined(events(chunk("Hi"), broken), ChunkTranslator("openrouter"))

    assert stream.failure is not None
    assert stream.failure.payload["error"]["message"] == "the provider is gone"


def test_an_event_that_is_too_long_makes_no_answer(monkeypatch):
    monkeypatch.setattr(sse.Decoder.__init__, "__defaults__", (1000,))

    assert joined(b"data: " + b"x" * 2000, rules()).ended is False
