"""Answers and streams are read without sockets; chunks put together again are the answer."""

from __future__ import annotations

import json

import pytest
from tests.servers import COMPLETION, chunk, events

from quirkbook import errors
from quirkbook.client.failures import read_error
from quirkbook.client.request import prepare
from quirkbook.client.response import StreamReader, is_stream, read_completion
from quirkbook.wire.accumulate import Accumulator, chunk_of
from quirkbook.wire.sse import MAX_EVENT

KEY = "my-own-secret-key-7"
HEADERS = {"content-type": "application/json", "x-request-id": "r-1"}


@pytest.fixture(scope="module")
def call():
    options = {"api_key": KEY, "temperature": 0.5, "cache": {}}
    return prepare("moonshot/moonshot-v1-8k", [{"role": "user", "content": "Hi"}], True, options)


def dumped(body) -> bytes:
    return json.dumps(body).encode()


# Whole answers


def test_an_answer_is_a_response_with_its_report(call):
    body = {**COMPLETION, "usage": {"prompt_tokens": 9, "cached_tokens": 2}}
    response = read_completion(call, 200, HEADERS, dumped(body), attempts=3)

    assert response.usage.prompt_tokens_details.cached_tokens == 2
    report = response.quirkbook
    assert (report.provider, report.model, report.attempts, report.status, report.request_id) == (
        "moonshot",
        "moonshot-v1-8k",
        3,
        200,
        "r-1",
    )
    assert [one.rule for one in report.request] == ["quirkbook/model-prefix"]
    assert {one.rule for one in report.response} == {"moonshot/cached-tokens-in-details"}
    assert report.remarks == ("cache has no effect: it is an argument of LiteLLM's own",)
    assert report.headers is HEADERS


def test_an_error_of_the_provider_carries_what_translation_had_changed(call):
    body = {"error": {"message": f"no such model, {KEY}", "type": "t"}}

    with pytest.raises(errors.NotFoundError) as caught:
        read_completion(call, 404, {**HEADERS, "retry-after": "7"}, dumped(body))

    error = caught.value
    assert str(error) == "moonshot: HTTP 404: no such model, ***"
    assert (error.model, error.request_id, error.retry_after) == ("moonshot-v1-8k", "r-1", 7.0)
    assert error.body == {"error": {"message": "no such model, ***", "type": "t", "param": None, "code": None}}
    assert error.raw == {"error": {"message": "no such model, ***", "type": "t"}}
    assert [one.rule for one in error.changes] == ["quirkbook/model-prefix"]
    assert [one.pointer for one in error.response_changes] == ["/error/param", "/error/code"]


def test_an_error_with_a_good_status_is_an_error(call):
    with pytest.raises(errors.RateLimitError) as caught:
        read_completion(call, 200, HEADERS, dumped({"error": {"message": "slow down", "type": "rate_limit_error"}}))

    assert str(caught.value) == "moonshot: HTTP 429: slow down"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", "''"),
        (b"<html>", "'<html>'"),
        (b'"text"', "'\"text\"'"),
        (b"x" * 300, "'" + "x" * 200 + "...'"),
        (KEY.encode(), "'***'"),
        (b"\xff", "'\ufffd'"),
        (b"[" * 100_000, "'" + "[" * 200 + "...'"),
    ],
)
def test_what_is_no_object_is_no_answer(call, raw, shown):
    with pytest.raises(errors.MalformedResponseError) as caught:
        read_completion(call, 200, {}, raw)

    assert str(caught.value) == f"moonshot: HTTP 200: the answer must be a JSON object: {shown}"


def test_a_redirection_is_told_and_not_followed(call):
    error = read_error(call, 307, {"location": "https://other.example/v1"}, b"")

    assert type(error) is errors.NotFoundError
    assert str(error) == (
        "moonshot: HTTP 307: the address is redirected to https://other.example/v1, which is not followed: set base_url"
    )


def test_an_error_may_be_plain_text(call):
    error = read_error(call, 503, {}, b"upstream connect error")

    assert (type(error), str(error), error.raw) == (
        errors.ServiceUnavailableError,
        "moonshot: HTTP 503: upstream connect error",
        "upstream connect error",
    )


# Streams


def fed(call, *pieces: bytes, end: bool = True, kind: str = "text/event-stream", attempts: int = 1) -> StreamReader:
    """Return the state of a stream after some bytes."""
    reader = StreamReader(call, 200, {**HEADERS, "content-type": kind}, attempts)
    for piece in pieces:
        reader.feed(piece)
    if end:
        reader.end()
    return reader


WHOLE = events(chunk("Hel"), chunk("lo"), chunk(finish="stop"), "[DONE]")


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(WHOLE)])
def test_a_stream_does_not_depend_on_how_it_is_cut(call, size):
    reader = fed(call, *(WHOLE[at : at + size] for at in range(0, len(WHOLE), size)))

    assert [*reader.ready] == [chunk("Hel"), chunk("lo"), chunk(finish="stop")]
    assert (reader.over, reader.failure) == (True, None)
    assert reader.received.choices[0].message.content == "Hello"
    assert all(one.quirkbook is reader.report for one in (*reader.ready, reader.received))


def test_done_is_the_end_whatever_follows(call):
    reader = fed(call, events(chunk("a"), "[DONE]", "nonsense"), b"data: more\n\n")
    reader.interrupt(errors.APIConnectionError("late"))

    assert (len(reader.ready), reader.over, reader.failure) == (1, True, None)


def test_done_may_be_missing_when_all_choices_have_finished(call):
    reader = fed(call, events(chunk("a", "stop"), chunk("b", index=1), chunk(None, "length", index=1)))

    assert (reader.over, reader.failure) == (True, None)


def test_done_may_lack_its_line_ends(call):
    assert fed(call, events(chunk("a", None)), b"data: [DONE]").over


def test_the_connection_may_break_when_all_is_there(call):
    reader = fed(call, events(chunk("a", "stop")), end=False)
    reader.interrupt(errors.APIConnectionError("broken"))

    assert (reader.over, reader.failure) == (True, None)


@pytest.mark.parametrize(
    ("pieces", "came"),
    [
        ([events(chunk("a"))], 1),
        ([events(chunk("a", "stop"), chunk("b", index=1))], 2),
        ([events(chunk("a")), b'data: {"choices": [{"de'], 1),
        ([], 0),
    ],
)
def test_a_stream_that_ends_too_early_is_cut(call, pieces, came):
    reader = fed(call, *pieces)

    error = reader.failure
    assert type(error) is errors.StreamCutError
    assert str(error) == f"moonshot: the stream ended before its answer did, after {came} of its chunks"
    assert (len(reader.ready), error.received, error.request_id) == (came, reader.received, "r-1")


def test_a_broken_connection_and_a_long_silence_are_told_apart(call):
    cut, slow = fed(call, events(chunk("a")), end=False), fed(call, events(chunk("a")), end=False)
    cut.interrupt(errors.APIConnectionError("the connection broke"))
    slow.interrupt(errors.Timeout("the answer stopped coming"))

    assert (type(cut.failure), str(cut.failure)) == (
        errors.StreamCutError,
        "moonshot: the connection broke, after 1 of its chunks",
    )
    assert (type(slow.failure), str(slow.failure)) == (errors.Timeout, "moonshot: the answer stopped coming")
    assert slow.failure.received.choices[0].message.content == "a"


@pytest.mark.parametrize("end", [[], ["[DONE]"], [{"error": {"message": "no"}}]])
def test_text_that_rules_held_back_comes_out_however_the_stream_ends(end):
    thinking = prepare("together/deepseek-ai/DeepSeek-R1", [{"role": "user", "content": "Hi"}], True, {"api_key": KEY})
    reader = fed(thinking, events(chunk("<thi"), *end))

    assert [one.choices[0].delta.content for one in reader.ready] == ["", "<thi"]
    assert reader.received.choices[0].message.content == "<thi"
    if reader.failure:
        assert reader.failure.received.choices[0].message.content == "<thi"


def test_an_error_object_in_the_stream_is_the_typed_error_and_what_came_is_kept(call):
    body = {"error": {"message": f"overloaded, {KEY}", "type": "server_error"}}
    reader = fed(call, events(chunk("a"), body, chunk("never")))

    error = reader.failure
    assert (type(error), str(error)) == (errors.ServiceUnavailableError, "moonshot: HTTP 503: overloaded, ***")
    assert ([*reader.ready], error.received.choices[0].message.content) == ([chunk("a")], "a")


@pytest.mark.parametrize(
    ("data", "message"), [("it broke", "it broke"), ('{"message": "it broke"}', "it broke"), ('"it broke"', "it broke")]
)
def test_an_error_event_is_an_error_whatever_its_form(call, data, message):
    reader = fed(call, f"event: error\ndata: {data}\n\n".encode())

    assert str(reader.failure) == f"moonshot: HTTP 500: {message}"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ('{"cut', "'{\"cut'"),
        ("[1]", "'[1]'"),
        ("7", "'7'"),
        ("x" * 500, "'" + "x" * 200 + "...'"),
        (KEY, "'***'"),
    ],
)
def test_a_line_that_is_no_chunk_is_shown_cut_short(call, data, shown):
    reader = fed(call, events(chunk("a"), data, "[DONE]"))

    assert type(reader.failure) is errors.MalformedResponseError
    assert str(reader.failure) == f"moonshot: HTTP 200: a chunk of the stream must be a JSON object: {shown}"
    assert (reader.over, len(reader.ready)) == (False, 1)


def test_a_line_without_an_end_fills_no_memory(call):
    reader = fed(call, b"data: " + b"x" * MAX_EVENT, end=False)

    assert str(reader.failure).startswith("moonshot: HTTP 200: a line is longer than 16777216 bytes")


def test_rules_for_chunks_work_on_the_way(call):
    last = chunk(None, "stop")
    last["choices"][0]["usage"] = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    reader = fed(call, events(chunk("a"), last, "[DONE]"))

    assert (reader.ready[1].usage.total_tokens, "usage" in reader.ready[1].choices[0]) == (8, False)
    assert [one.rule for one in reader.report.response] == ["moonshot/usage-comes-once"]
    assert reader.received.usage.total_tokens == 8


@pytest.mark.parametrize(
    ("status", "kind", "wanted"),
    [
        (200, "text/event-stream", True),
        (200, "Text/Event-Stream; charset=utf-8", True),
        (200, "", False),
        (200, "application/json; charset=utf-8", False),
        (401, "text/event-stream", False),
    ],
)
def test_a_stream_is_known_by_status_and_type(status, kind, wanted):
    assert is_stream(status, {"content-type": kind}) is wanted


def test_a_whole_answer_to_a_request_for_a_stream_comes_as_one_chunk(call):
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "cached_tokens": 2}
    called = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [called]}
    body = {**COMPLETION, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": usage}

    made = fed(call, dumped(body), kind="application/json", attempts=2)

    assert (len(made.ready), made.over, made.failure) == (1, True, None)
    assert made.ready[0] == {
        **COMPLETION,
        "object": "chat.completion.chunk",
        "choices": [
            {"index": 0, "delta": {**message, "tool_calls": [{"index": 0, **called}]}, "finish_reason": "tool_calls"}
        ],
        "usage": {**usage, "prompt_tokens_details": {"cached_tokens": 2}},
    }
    assert made.received == {**made.received, "object": "chat.completion", "choices": body["choices"]}
    assert made.ready[0].quirkbook is made.report
    assert made.report.attempts == 2
    assert {one.rule for one in made.report.response} == {"moonshot/cached-tokens-in-details"}
    assert made.report.remarks == (
        "cache has no effect: it is an argument of LiteLLM's own",
        "stream: the provider sent a whole answer all the same; it comes as one chunk",
    )


def test_what_is_no_answer_is_no_stream_either(call):
    error = fed(call, dumped({"choices": None}), kind="application/json").failure

    told = "an answer without choices where a stream was asked for: '{\"choices\": null}'"
    assert str(error) == f"moonshot: HTTP 200: {told}"
    for raw, kind in (
        (dumped({"error": "no"}), errors.InternalServerError),
        (b"[]", errors.MalformedResponseError),
        (b"no JSON", errors.MalformedResponseError),
        (b"", errors.MalformedResponseError),
    ):
        assert type(fed(call, raw, kind="application/json").failure) is kind


KINDS = ["application/json", "Application/JSON", "text/plain", "", "text/event-stream"]
SIZES = [1, 7, 10_000]


def cut(raw, size):
    return [raw[at : at + size] for at in range(0, len(raw), size)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("before", [b"", b" \r\n\n", b"\xef\xbb\xbf"])
def test_a_whole_answer_is_read_under_any_type_and_cut(call, kind, size, before):
    reader = fed(call, *cut(before + dumped(COMPLETION), size), kind=kind)

    assert (reader.is_whole, reader.failure, reader.waits) == (True, None, False)
    assert reader.received == {**COMPLETION, **reader.received}
    assert reader.ready[0].object == "chat.completion.chunk"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("before", [b"", b": ping\n\n", b"\n\nevent: message\n", b"id: 7\nretry: 9\n"])
def test_a_stream_is_read_under_any_type_and_cut(call, kind, size, before):
    reader = fed(call, *cut(before + WHOLE, size), kind=kind)

    assert (reader.is_whole, reader.failure, reader.over) == (False, None, True)
    assert reader.received.choices[0].message.content == "Hello"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_nobody_asked_for_is_put_together(call, kind):
    response = read_completion(call, 200, {"content-type": kind}, WHOLE)

    assert response.choices[0].message.content == "Hello"
    assert response.quirkbook.remarks[-1] == "stream: the provider sent a stream all the same; it is put together"


def test_a_stream_that_nobody_asked_for_may_hold_an_error(call):
    with pytest.raises(errors.StreamCutError):
        read_completion(call, 200, {}, events(chunk("a")))


@pytest.mark.parametrize("nothing", ["data:\n\n", "data: \n\n", "data: null\n\n", ": ping\n\n"])
def test_events_that_say_nothing_are_passed_over(call, nothing):
    quiet = nothing.encode()
    reader = fed(
        call, quiet + events(chunk("Hel")) + quiet + events(chunk("lo", "stop")) + quiet + b"data: [DONE] \n\n"
    )

    assert (reader.failure, reader.over) == (None, True)
    assert [one.choices[0].delta.content for one in reader.ready] == ["Hel", "lo"]


def test_the_word_of_the_end_may_lack_its_line_end(call):
    reader = fed(call, events(chunk("a")) + b"data: [DONE]  ")

    assert (reader.failure, reader.over) == (None, True)


# Putting together


def assembled(*chunks):
    accumulator = Accumulator()
    for one in chunks:
        accumulator.add(one)
    return accumulator


def test_nothing_makes_an_empty_answer():
    assert (assembled().answer(), assembled().finished) == ({"choices": []}, False)


def test_chunks_make_the_answer_that_would_have_come_whole():
    head = {"id": "x", "object": "chat.completion.chunk", "created": 7, "model": "m", "system_fingerprint": None}

    def piece(index, finish=None, logprobs=None, **delta):
        choice = {"index": index, "delta": delta, "finish_reason": finish}
        return {**head, "choices": [{**choice, "logprobs": logprobs} if logprobs else choice]}

    found = assembled(
        piece(0, role="assistant", content=""),
        piece(1, role="assistant", reasoning_content="Hm"),
        piece(0, logprobs={"content": [1], "refusal": None}, content="Hel"),
        piece(1, reasoning_content="m.", content=None),
        piece(0, logprobs={"content": [2], "refusal": None}, content="lo"),
        piece(1, tool_calls=[{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        piece(1, tool_calls=[{"index": 0, "id": "", "function": {"arguments": '{"a"'}}]),
        piece(1, tool_calls=[{"index": 1, "id": "c2", "function": {"name": "g", "arguments": "{}"}}, None]),
        piece(1, tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        piece(0, finish="stop"),
        piece(1, finish="tool_calls"),
        {**head, "choices": [], "usage": {"total_tokens": 8}},
        "no chunk",
        {"choices": [None, {"index": "x", "delta": None}]},
    )

    assert found.chunks == 14
    assert found.finished
    assert found.answer() == {
        "id": "x",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "usage": {"total_tokens": 8},
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello"},
                "finish_reason": "stop",
                "logprobs": {"content": [1, 2], "refusal": None},
            },
            {
                "index": 1,
                "message": {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "Hmm.",
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
                        {"id": "c2", "function": {"name": "g", "arguments": "{}"}},
                    ],
                },
                "finish_reason": "tool_calls",
            },
        ],
    }


def test_other_objects_and_lists_of_a_delta_are_kept():
    found = assembled(
        {"choices": [{"delta": {"audio": {"id": "a", "data": "AA"}, "annotations": [1], "x": 0, "tool_calls": 7}}]},
        {"choices": [{"delta": {"audio": {"data": "BB"}, "annotations": [], "x": 5}}]},
    )

    assert found.answer().choices[0].message == {
        "role": "assistant",
        "content": None,
        "audio": {"id": "a", "data": "AABB"},
        "annotations": [1],
        "x": 5,
        "tool_calls": 7,
    }


# Taking apart


def test_an_answer_taken_apart_and_put_together_is_the_answer():
    calls = [{"id": one, "type": "function", "function": {"name": "f", "arguments": "{}"}} for one in "ab"]
    choices = [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "stop",
            "logprobs": {"content": [1]},
        },
        {
            "index": 1,
            "message": {"role": "assistant", "content": None, "tool_calls": calls},
            "finish_reason": "tool_calls",
        },
    ]
    answer = {**COMPLETION, "choices": choices}
    before = json.dumps(answer)

    made = chunk_of(answer)

    assert [call["index"] for call in made["choices"][1]["delta"]["tool_calls"]] == [0, 1]
    assert (assembled(made).answer(), assembled(made).finished) == (answer, True)
    assert json.dumps(answer) == before


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, {"choices": []}),
        ({"choices": None}, {"choices": []}),
        ({"choices": [None, {}]}, {"choices": [None, {"index": 1, "delta": {}}]}),
        ({"choices": [{"index": 3, "message": "x"}]}, {"choices": [{"index": 3, "delta": {}}]}),
        (
            {"choices": [{"message": {"tool_calls": [None, {"index": 7}]}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [None, {"index": 7}]}}]},
        ),
    ],
)
def test_an_odd_answer_is_taken_apart_as_far_as_it_goes(given, made):
    assert chunk_of(given) == {**made, "object": "chat.completion.chunk"}
