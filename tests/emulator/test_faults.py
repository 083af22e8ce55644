"""Faults on demand, by header, query and model suffix."""

from __future__ import annotations

import json
import time

import pytest
import requests

from quirkbook.emulator import Fault
from quirkbook.errors import UsageError

SERVER_ERROR = {"error": {"message": "Internal server error", "type": "server_error"}}


def wrong(text):
    return {"x-emulate-fault": text}


def data(raw):
    return [line.removeprefix(b"data: ") for line in raw.splitlines() if line.startswith(b"data: ")]


def test_a_status_comes_with_the_providers_text_and_a_time_to_wait(moonshot):
    answer = moonshot("moonshot-v1-8k", headers=wrong("status=429; retry-after=7"))

    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (
        429,
        "7",
        {
            "error": {
                "message": "The engine is currently overloaded, please try again later",
                "type": "engine_overloaded_error",
            }
        },
    )


def test_a_status_that_the_provider_has_no_words_for_is_still_given(moonshot):
    answer = moonshot("moonshot-v1-8k", headers=wrong("status=418"))

    assert (answer.status_code, answer.json()["error"]["message"]) == (418, "emulated status 418")


@pytest.mark.parametrize(
    ("name", "status", "kind", "message"),
    [
        ("high_risk", 400, "content_filter", "The request was rejected because it was considered high risk"),
        (
            "access_terminated",
            403,
            "access_terminated_error",
            "Kimi For Coding is currently only available for Coding Agents such as Kimi CLI, Claude Code, Roo Code, "
            "Kilo Code, etc.",
        ),
        (
            "quota",
            429,
            "exceeded_current_quota_error",
            "You exceeded your current token quota, please check your account balance",
        ),
    ],
)
def test_errors_of_the_provider_come_by_name(moonshot, name, status, kind, message):
    answer = moonshot("moonshot-v1-8k", headers=wrong(f"error={name}"))

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message, "type": kind}})


def test_only_the_first_requests_fail_when_told_so(own):
    _, ask, _ = own

    answers = [ask("moonshot-v1-8k", headers=wrong("status=500; times=2")) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [500, 500, 200, 200]
    assert answers[0].json() == SERVER_ERROR


def test_two_keys_count_apart(own):
    _, ask, _ = own

    answers = [ask("moonshot-v1-8k", headers=wrong(f"status=500; times=1; key={key}")) for key in "aabb"]

    assert [answer.status_code for answer in answers] == [500, 200, 500, 200]


def test_an_error_may_come_as_200(moonshot):
    answer = moonshot("moonshot-v1-8k", headers=wrong("ok-with-error-body"))

    assert (answer.status_code, answer.json()) == (200, SERVER_ERROR)


def test_a_model_suffix_and_a_query_work_like_the_header(moonshot, moonshot_url):
    by_suffix = moonshot("moonshot-v1-8k#status=503")
    by_query = requests.post(
        f"{moonshot_url}/chat/completions?fault=status%3D502",
        json={"model": "moonshot-v1-8k", "messages": []},
        headers={"authorization": "Bearer k"},
        timeout=20,
    )

    assert (by_suffix.status_code, by_query.status_code) == (503, 502)


def test_latency_delays_the_answer(moonshot):
    start = time.perf_counter()

    assert moonshot("moonshot-v1-8k", headers=wrong("latency=0.2")).status_code == 200
    assert time.perf_counter() - start >= 0.2


def test_a_plain_answer_can_be_cut(moonshot):
    with pytest.raises(requests.exceptions.RequestException):
        moonshot("moonshot-v1-8k", headers=wrong("cut"))


def test_a_stream_can_be_cut_after_some_chunks(moonshot):
    answer = moonshot("moonshot-v1-8k", stream=True, headers=wrong("cut=2"))
    received = []

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        received.extend(answer.iter_lines())

    assert len([line for line in received if line.startswith(b"data: ")]) == 2


def test_a_stream_can_end_early_without_a_word(moonshot):
    sent = data(moonshot("moonshot-v1-8k", stream=True, headers=wrong("stop-early=3")).content)

    assert len(sent) == 3
    assert [json.loads(event)["choices"][0]["finish_reason"] for event in sent] == [None] * 3


def test_a_stream_can_lack_done(moonshot):
    sent = data(moonshot("moonshot-v1-8k", stream=True, headers=wrong("no-done")).content)

    assert json.loads(sent[-1])["choices"][0]["finish_reason"] == "stop"


def test_an_error_can_come_in_the_middle_of_a_stream(moonshot):
    sent = data(moonshot("moonshot-v1-8k", stream=True, headers=wrong("error-mid-stream=2")).content)

    assert [json.loads(event) for event in sent[2:]] == [SERVER_ERROR]


def test_a_chunk_can_be_no_json(moonshot):
    sent = data(moonshot("moonshot-v1-8k", stream=True, headers=wrong("malformed-sse=1")).content)

    assert sent[1] == b'{"choices": [{"delta": {"cont'
    assert sent[-1] == b"[DONE]"


def test_a_slow_stream_is_the_same_stream(moonshot):
    whole = moonshot("moonshot-v1-8k", stream=True).content

    assert moonshot("moonshot-v1-8k", stream=True, headers=wrong("slow-drip=0")).content == whole


def test_lines_can_end_in_crlf_with_comments_between(moonshot):
    raw = moonshot("moonshot-v1-8k", stream=True, headers=wrong("crlf")).content

    assert raw.startswith(b": still here\r\n\r\ndata: {")
    assert raw.endswith(b"data: [DONE]\r\n\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_tool_calls_of_a_stream_can_lack_their_index(moonshot):
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    asked = [{"role": "user", "content": "Use a tool"}]

    answer = moonshot("kimi-k2.6", stream=True, tools=[tool], messages=asked, headers=wrong("no-index"))

    deltas = [json.loads(event)["choices"][0]["delta"] for event in data(answer.content)[:-1]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert calls[0] == {"id": "look:0", "type": "function", "function": {"name": "look", "arguments": ""}}
    assert [sorted(call) for call in calls[1:]] == [["function"], ["function"]]


def test_a_client_that_goes_away_is_counted(own):
    emulator, ask, _ = own

    with ask("moonshot-v1-8k", stream=True, headers=wrong("slow-drip=0.05")) as answer:
        next(answer.iter_content(1))

    assert soon(lambda: (emulator.stats["abandoned"], emulator.stats["open"]) == (1, 0))


def test_a_client_that_does_not_wait_is_counted(own):
    emulator, ask, _ = own

    with pytest.raises(requests.exceptions.ReadTimeout):
        ask("moonshot-v1-8k", headers=wrong("latency=30"), timeout=0.1)

    assert soon(lambda: (emulator.stats["abandoned"], emulator.stats["open"]) == (1, 0))


def soon(holds):
    """Wait for what happens in the server's thread."""
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_a_misspelt_fault_is_an_error_of_the_emulator(moonshot):
    answer = moonshot("moonshot-v1-8k", headers=wrong("staus=500"))

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": {
                "message": "fault: unknown name 'staus': did you mean 'status'?",
                "type": "emulator_error",
            }
        },
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("status=abc", "fault: 'abc' must be a number: write status=500"),
        ("status=99", "fault: status cannot be 99: write status=500"),
        ("latency=-1", "fault: latency cannot be -1: write latency=1.0"),
        ("latency=nan", "fault: latency cannot be nan: write latency=1.0"),
        ("no-done=1", "fault: 'no-done' takes no value: write no-done"),
        ("error", "fault: 'error' wants a value: write error=..."),
    ],
)
def test_a_fault_that_makes_no_sense_says_what_to_write(text, message):
    with pytest.raises(UsageError) as caught:
        Fault.parse(text)

    assert str(caught.value) == message


def test_an_unknown_error_name_lists_the_known_ones(moonshot):
    message = moonshot("moonshot-v1-8k", headers=wrong("error=nope")).json()["error"]["message"]

    assert message.startswith("fault: no error 'nope': known: missing_key, wrong_key, ")


def test_faults_are_read_into_their_fields():
    assert Fault.parse("latency=0.5; slow-drip; crlf; malformed-sse=3; ") == Fault(
        latency=0.5, slow_drip=0.005, crlf=True, malformed_sse=3
    )
