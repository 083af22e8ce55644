"""What people reported of other gateways, each as a situation with a small upstream; the address of the report stands with it."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from tests.gateway.asking import HI, UPSTREAM_KEY, a_deployment, running
from tests.servers import COMPLETION, answer, chunk, events, raw, refusing_address, serving, stream

pytestmark = pytest.mark.timeout(30)

GOOD = events(chunk("Hé"), chunk("llo 北京"), chunk(finish="stop"), "[DONE]")
USAGE = {**chunk(), "choices": [], "usage": {"total_tokens": 3}}
BUSY = {"error": {"message": "Our servers are currently overloaded", "code": "server_is_overloaded"}}


def text_of(got):
    return "".join(
        event["choices"][0]["delta"].get("content", "")
        for event in got.events
        if isinstance(event, dict) and event.get("choices")
    )


def untyped(data):
    return raw(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(data) + data)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(answer(BUSY), id="QuantumNous/new-api/issues/7399"),
        pytest.param(answer("<html>Bad gateway</html>", content_type="text/html"), id="letta-ai/letta-code/pull/4419"),
        pytest.param(stream(events(BUSY)), id="diegosouzapw/OmniRoute/pull/13630"),
        pytest.param(stream(), id="QuantumNous/new-api/issues/3142"),
    ],
)
def test_an_answer_of_status_200_that_is_none_goes_elsewhere(pair, script, streams):
    front, bad, other = pair
    bad.script[:], other.script[:] = [script], [stream(GOOD) if streams else answer()]

    got = front.ask({"stream": streams})

    assert (text_of(got) == "Héllo 北京") if streams else (got.json == COMPLETION)


def test_who_says_nothing_in_time_is_left_for_the_next():
    """QuantumNous/new-api/pull/4060"""
    with serving(stream(end="hang")) as bad, serving(stream(GOOD)) as good:
        slow = a_deployment(bad.url, weight=1, stream_timeout=0.3)
        with running(slow, a_deployment(good.url, weight=0)) as front:
            assert text_of(front.ask({"stream": True})) == "Héllo 北京"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(untyped(GOOD), id="QuantumNous/new-api/issues/6075"),
        pytest.param(
            stream(*[GOOD[at : at + 1] for at in range(len(GOOD))]), id="musistudio/claude-code-router/pull/1672"
        ),
        pytest.param(stream(GOOD.replace(b"data: [DONE]\n\n", b"")), id="NousResearch/hermes-agent/pull/91189"),
        pytest.param(stream(GOOD.replace(b"\n\ndata: [DONE]\n\n", b"")), id="openai/openai-node/issues/2725"),
        pytest.param(stream(events(chunk("Hé"), chunk("llo 北京"), USAGE)), id="NousResearch/hermes-agent/pull/100515"),
        pytest.param(stream(GOOD.replace(b"\n", b"\r\n")), id="higress-group/higress/issues/4616"),
    ],
)
def test_a_stream_comes_whole(front, script):
    got = front.ask({"stream": True}, script)

    assert (text_of(got), got.events[-1]) == ("Héllo 北京", "[DONE]")
    assert got.headers["content-type"] == "text/event-stream"
    assert (got.headers["x-accel-buffering"], got.headers["cache-control"]) == ("no", "no-cache")  # litellm/pull/29557


def test_a_stream_that_always_comes_is_put_together():
    """BerriAI/litellm/issues/25766"""
    with serving(stream(GOOD)) as server, running(a_deployment(server.url)) as front:
        assert front.ask({}).json["choices"][0]["message"]["content"] == "Héllo 北京"


def test_the_chunk_of_figures_has_no_choices(front):
    """BerriAI/litellm/issues/8450"""
    given = events(chunk("Hi", "stop"), USAGE, "[DONE]")
    got = front.ask({"stream": True, "stream_options": {"include_usage": True}}, stream(given))

    assert got.events[-2] == USAGE


def test_a_wait_until_a_date_is_one_in_seconds(front):
    """librefang/librefang/pull/4257"""
    date = formatdate(time.time() + 120, usegmt=True)
    got = front.ask({}, answer({"error": {"message": "slow down"}}, 429, retry_after=date))

    assert 115 <= int(got.headers["retry-after"]) <= 121
    assert got.error["message"] == "slow down"  # apache/apisix/pull/13565


def test_an_error_to_who_asked_for_a_stream_has_its_status(front):
    """inference-gateway/inference-gateway/pull/578, QuantumNous/new-api/pull/1178"""
    got = front.ask({"stream": True}, answer({"error": {"message": "no"}}, 401))

    assert (got.status, got.headers["content-type"]) == (401, "application/json")


def test_an_upstream_that_is_down_is_a_bad_gateway():
    """maximhq/bifrost/issues/3927"""
    with running(a_deployment(refusing_address())) as front:
        assert front.ask({}).status == 502


def test_an_image_of_megabytes_goes_through(front):
    """mnfst/llm-gateway/issues/2126"""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 3_000_000}}
    got = front.ask({"model": "plain", "messages": [{"role": "user", "content": [image]}]})

    assert (got.status, front.server.bodies[-1]["messages"][0]["content"]) == (200, [image])


def test_localhost_is_whichever_address_answers():
    """SamSaffron/term-llm/pull/452"""
    with serving(answer()) as server, running(a_deployment(server.url.replace("127.0.0.1", "localhost"))) as front:
        assert front.ask({}).status == 200


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(f" {UPSTREAM_KEY}\n", id="langwatch/langwatch/pull/8180"),
        pytest.param(f"Bearer {UPSTREAM_KEY}", id="wso2/api-platform/issues/2667"),
    ],
)
def test_a_key_is_sent_as_a_key_however_it_was_pasted(written):
    with serving(answer()) as server, running(a_deployment(server.url, api_key=written.strip())) as front:
        assert front.ask({}).status == 200
        assert server.requests[0]["headers"]["authorization"] == f"Bearer {UPSTREAM_KEY}"


def test_a_message_without_its_end_ends_with_an_error(front):
    """BerriAI/litellm/pull/32159"""
    half = b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"text": "Hi"}}\n\n'
    payload = json.dumps({"model": "kimi", "messages": HI, "stream": True}).encode()
    got = front.ask(payload, stream(half), path="/v1/messages")

    assert got.body.startswith(half + b"event: error\n")
