"""The way back: answers, errors and streams in OpenAI's shape."""

import pytest

from quirkbook.api.translate_response import (
    ChunkTranslator,
    explain_error,
    explain_response,
    translate_error,
    translate_response,
)
from quirkbook.model import ErrorClass
from quirkbook.plan.actions.thinking import Splitter
from quirkbook.rulebook.rulebook import Rulebook

USAGE = {"total_tokens": 9}
ASKED = {"model": "kimi-k2.6", "stream": True, "stream_options": {"include_usage": True}}


def chunk(**more):
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, **more}]}


def book(tmp_path, *rules):
    body = "".join(
        f"  - {{id: r{at}, why: w, source: 'https://x.example', verified: {{date: 2026-11-22, by: docs}}, {rule},"
        " examples: [{in: {choices: []}, same: true}]}\n"
        for at, rule in enumerate(rules)
    )
    (tmp_path / "x.yaml").write_text(f"quirks: 1\nprovider: x\nrules:\n{body}")
    return Rulebook.load(tmp_path, builtin=False)


def passed(stream, *chunks):
    return [out for one in chunks for out in stream.feed(one)] + stream.close()


def test_an_answer_no_rule_touches_is_the_same_object():
    body = {"choices": [], "usage": USAGE}

    assert translate_response(body, "moonshot") is body
    assert explain_response(body, "moonshot").payload is body
    assert translate_response([1], "moonshot") == [1]


def test_rules_on_answers_may_ask_for_status_and_request_beside_the_tools(tmp_path):
    mine = book(
        tmp_path,
        "stage: error, when: {tools: {exists: true}, $status: 429}, do: [{drop: [tools]}]",
        "stage: response, when: {tools: {exists: true}, $request.x: 1}, do: [{drop: [tools]}]",
    )

    for _ in range(3):
        assert explain_error({"tools": 1}, "x", 429, rulebook=mine).changes[0].rule == "x/r0"
        assert explain_error({"tools": 1}, "x", 400, rulebook=mine).changes[0].rule == "quirkbook/error-shape"
        assert translate_response({"tools": 1}, "x", request={"x": 1}, rulebook=mine) == {}


def test_what_changed_in_an_answer_is_told():
    done = explain_response({"usage": {"cached_tokens": 7}}, "moonshot", request={"model": "kimi-k2.6"})

    assert done.payload == {"usage": {"cached_tokens": 7, "prompt_tokens_details": {"cached_tokens": 7}}}
    assert {one.rule for one in done.changes} == {"moonshot/cached-tokens-in-details"}


def test_an_error_gets_what_openais_clients_read():
    body = {"error": {"message": "no", "type": "invalid_request_error"}}

    assert translate_error(body, "moonshot", 400) == {
        "error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
    }
    assert translate_error("no", "moonshot", 502) == {
        "error": {"message": "no", "type": None, "param": None, "code": None}
    }


def test_what_changed_in_an_error_is_told():
    body = {"error": {"message": "no", "type": "t"}}

    done = explain_error(body, "moonshot", 400, request={"model": "kimi-k2.6"})

    assert (done.payload, done.provider) == (translate_error(body, "moonshot", 400), "moonshot")
    assert [(one.rule, one.pointer) for one in done.changes] == [
        ("moonshot/errors-have-code-and-param", "/error/param"),
        ("moonshot/errors-have-code-and-param", "/error/code"),
    ]


def test_an_error_in_shape_that_no_rule_touches_is_the_same_object():
    body = {"error": {"message": "no", "type": None, "param": None, "code": None}}
    done = explain_error(body, "moonshot", 502)

    assert (done.payload is body, done.changes) == (True, ())


SHAPE = {"type": None, "param": None, "code": None}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("no", {"message": "no", **SHAPE}),
        (None, {"message": "no text came with it", **SHAPE}),
        ([{"error": {"message": "no"}}], {"message": "no", **SHAPE}),
        ('data: {"error": {"message": "no", "code": 429}}\n\n', {"message": "no", **SHAPE, "code": 429}),
        ({"base_resp": {"status_code": 1008, "status_msg": "no"}}, {"message": "no", **SHAPE, "code": 1008}),
    ],
)
def test_any_error_becomes_openais_error_object_and_the_report_says_so(body, error):
    done = explain_error(body, "groq", 502)

    assert done.payload == {"error": error}
    assert {one.rule for one in done.changes} == {"quirkbook/error-shape"}
    assert done.patch[-1] == {"op": "replace", "path": "", "value": {"error": error}}
    assert translate_error(done.payload, "groq", 502) is done.payload


def test_rules_see_the_object_that_a_list_or_a_text_holds(tmp_path):
    rules = book(tmp_path, 'stage: error, when: {error.message: no}, do: [{set: {error.message: "yes"}}]')

    for body in ([{"error": {"message": "no"}}], 'data: {"error": {"message": "no"}}'):
        assert translate_error(body, "x", 400, rulebook=rules)["error"]["message"] == "yes"


def test_what_stood_beside_an_error_is_told_as_lost():
    done = explain_error({"error": {"message": "no"}, "request_id": "r"}, "groq", 400)

    assert [(one.effect, one.note) for one in done.changes] == [
        ("lossy", "OpenAI's error object; left out beside it: request_id")
    ]


def test_the_report_on_an_error_names_its_class_and_status():
    done = explain_error({"error": {"message": "Insufficient Balance"}}, "groq", 200)

    assert (done.error_class, done.status) == (ErrorClass.NO_MONEY, 402)
    assert (done.to_dict()["error_class"], done.to_dict()["status"]) == ("no_money", 402)
    assert "error_class" not in explain_response({}, "groq").to_dict()


FAIL = "when: {state.code: {ne: 0}}, do: [{fail: {at: state, class: {'7': no_money}}}]"
STATE = {"choices": [{"index": 0}], "state": {"code": 7, "message": "no"}}


def test_a_rule_makes_an_error_of_an_answer_and_the_rules_on_errors_run_after_it(tmp_path):
    rules = book(tmp_path, f"stage: response, {FAIL}", "stage: error, do: [{set: {error.type: seen}}]")
    done = explain_response(STATE, "x", rulebook=rules)

    assert done.payload == {"error": {**SHAPE, "message": "no", "code": 7, "type": "seen"}}
    assert (done.error_class, done.status) == (ErrorClass.NO_MONEY, 402)
    assert {one.rule for one in done.changes} == {"x/r0", "x/r1"}
    assert translate_response(STATE, "x", rulebook=rules) == done.payload
    assert explain_response({"choices": [], "state": {"code": 0}}, "x", rulebook=rules).error_class is None


def test_an_answer_that_is_an_error_by_its_form_needs_no_rule():
    done = explain_response([{"error": {"message": "slow down", "type": "rate_limit_error"}}], "groq")

    assert (done.error_class, done.status) == (ErrorClass.RATE_LIMITED, 429)
    assert done.payload["error"]["message"] == "slow down"


def test_the_class_that_a_rule_names_on_an_error_wins(tmp_path):
    rules = book(tmp_path, "stage: error, when: {error.code: 7}, do: [{fail: {class: no_money}}]")
    done = explain_error({"error": {"message": "slow down", "code": 7}}, "x", 429, rulebook=rules)

    assert (done.error_class, done.status) == (ErrorClass.NO_MONEY, 429)


@pytest.mark.parametrize("chunk_", [STATE, {"error": {"message": "no", "code": 402}}])
def test_a_chunk_that_is_an_error_is_the_failure_of_its_stream(tmp_path, chunk_):
    stream = ChunkTranslator("x", rulebook=book(tmp_path, f"stage: chunk, {FAIL}"))
    assert (stream.feed(chunk()), stream.failure) == ([chunk()], None)

    passed_on = stream.feed(chunk_)

    assert passed_on == [stream.failure.payload]
    assert passed_on[0]["error"]["message"] == "no"
    assert (stream.failure.error_class, stream.failure.status) == (ErrorClass.NO_MONEY, 402)
    assert stream.changes == stream.failure.changes


def test_an_untouched_chunk_is_the_same_object():
    one = chunk(delta={"content": "Hi"})

    assert ChunkTranslator("moonshot").feed(one) == [one]
    assert ChunkTranslator("moonshot").feed(one)[0] is one
    assert ChunkTranslator("moonshot").feed("odd") == ["odd"]


def test_a_stream_without_rules_is_idle(tmp_path):
    assert ChunkTranslator("x", rulebook=book(tmp_path, "do: [{drop: [a]}]")).idle
    assert not ChunkTranslator("moonshot").idle


def test_usage_goes_to_the_top_where_it_was_not_asked_for():
    stream = ChunkTranslator("moonshot", model="kimi-k2.6")

    assert passed(stream, chunk(finish_reason="stop", usage=USAGE)) == [{**chunk(finish_reason="stop"), "usage": USAGE}]
    assert [one.rule for one in stream.changes] == ["moonshot/usage-comes-once"]


def test_usage_comes_once_where_the_provider_sends_it_twice():
    last = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}

    assert passed(ChunkTranslator("moonshot", request=ASKED), chunk(usage=USAGE), last) == [chunk(), last]
    assert passed(ChunkTranslator("moonshot", model="k"), chunk(usage=USAGE), last) == [{**chunk(), "usage": USAGE}]
    assert passed(ChunkTranslator("moonshot", model="k"), {**chunk(), "usage": USAGE}, {**chunk(), "usage": USAGE}) == [
        {**chunk(), "usage": USAGE},
        chunk(),
    ]


def test_usage_that_was_asked_for_and_never_came_is_owed_at_the_end():
    owed = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}

    stream = ChunkTranslator("moonshot", request=ASKED)

    assert passed(stream, chunk(usage=USAGE)) == [chunk(), owed]
    assert stream.close() == []


def test_two_streams_do_not_share_what_they_remember():
    first, second = (ChunkTranslator("moonshot", model="k") for _ in range(2))
    first.feed(chunk(usage=USAGE))

    assert second.feed(chunk(usage=USAGE)) == [{**chunk(), "usage": USAGE}]


@pytest.mark.parametrize(
    ("deltas", "indexes"),
    [
        ([[{"id": "a"}], [{}], [{"id": "b"}], [{}]], [[0], [0], [1], [1]]),
        ([[{"id": "a"}, {"id": "b"}], [{"id": "a"}]], [[0, 1], [0]]),
        ([[{"id": "a", "index": 0}], [{"id": "b"}]], [[0], [1]]),
        ([[{"id": "a", "index": 3}], [{}]], [[0], [0]]),
        ([[{}, {}], [{}, {}]], [[0, 0], [0, 0]]),
        ([[{"id": "a"}, "odd", {"id": "b"}]], [[0, None, 1]]),
    ],
)
def test_streamed_tool_calls_get_their_index(deltas, indexes):
    stream = ChunkTranslator("moonshot")

    out = [stream.feed(chunk(delta={"tool_calls": calls}))[0] for calls in deltas]

    def index(call):
        return call["index"] if isinstance(call, dict) else None

    assert [[index(call) for call in one["choices"][0]["delta"]["tool_calls"]] for one in out] == indexes


TEXT = "\n<think>Let me see. <b>1 < 2</b></think>\n\nThe answer <think>stays</think>."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, len(TEXT)])
def test_thoughts_are_split_off_however_the_text_is_cut(size):
    splitter = Splitter("<think>", "</think>")
    pieces = [splitter.feed(TEXT[at : at + size]) for at in range(0, len(TEXT), size)] + [splitter.flush()]

    assert "".join(thought for thought, _ in pieces) == "Let me see. <b>1 < 2</b>"
    assert "".join(answer for _, answer in pieces) == "The answer <think>stays</think>."


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("plain", "", "plain"),
        ("", "", ""),
        ("<thin", "", "<thin"),
        ("  <think>never closed </thi", "never closed </thi", ""),
        ("<think></think>x", "", "x"),
    ],
)
def test_a_text_without_a_whole_pair_of_tags_loses_nothing(text, thought, answer):
    splitter = Splitter("<think>", "</think>")
    one, other = splitter.feed(text), splitter.flush()

    assert (one[0] + other[0], one[1] + other[1]) == (thought, answer)


def test_thoughts_in_a_stream_go_to_their_field(tmp_path):
    rules = book(tmp_path, "stage: chunk, do: [{split_thinking: {}}]")
    texts = ["<thi", "nk>Hm", "m</think>Yes", "!"]

    out = passed(
        ChunkTranslator("x", rulebook=rules),
        *(chunk(delta={"content": text}) for text in texts),
        chunk(finish_reason="stop"),
    )

    deltas = [one["choices"][0]["delta"] for one in out]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Hmm"
    assert "".join(delta.get("content") or "" for delta in deltas) == "Yes!"


def test_what_was_held_back_is_owed_when_the_stream_just_ends(tmp_path):
    rules = book(tmp_path, "stage: chunk, do: [{split_thinking: {into: thought}}]")

    out = passed(
        ChunkTranslator("x", rulebook=rules), chunk(delta={"content": "<think>a</th"}), chunk(delta={"content": "i"})
    )
    assert out[-1]["choices"][0] == {"index": 0, "delta": {"thought": "</thi"}, "finish_reason": None}

    out = passed(ChunkTranslator("x", rulebook=rules), chunk(delta={"content": "<thi"}))
    assert out[-1]["choices"][0]["delta"] == {"content": "<thi"}


def test_thoughts_in_a_whole_answer_go_to_their_field(tmp_path):
    rules = book(tmp_path, "stage: response, do: [{split_thinking: {}}]")
    body = {
        "choices": [
            {"message": {"content": "<think>Hm</think>Yes"}},
            {"message": {"content": "No"}},
            "odd",
            {"message": 1},
        ]
    }

    assert translate_response(body, "x", rulebook=rules)["choices"][:2] == [
        {"message": {"content": "Yes", "reasoning_content": "Hm"}},
        {"message": {"content": "No"}},
    ]


def test_a_chunk_can_be_left_out_and_is_told(tmp_path):
    rules = book(tmp_path, "stage: chunk, when: {choices: {is: array, len: 0}}, do: [{drop: ['.']}]")
    stream = ChunkTranslator("x", rulebook=rules)

    assert passed(stream, {"choices": []}, chunk()) == [chunk()]
    assert [(one.action, one.note) for one in stream.changes] == [("drop", "the chunk is left out")]


def test_rules_on_answers_see_request_and_status(tmp_path):
    rules = book(
        tmp_path,
        "stage: response, when: {$request.n: 2}, do: [{set: {seen: true}}]",
        "stage: error, when: {$status: {gte: 500}}, do: [{set: {late: true}}]",
    )

    assert translate_response({"a": 1}, "x", request={"n": 2}, rulebook=rules) == {"a": 1, "seen": True}
    assert translate_response({"a": 1}, "x", rulebook=rules) == {"a": 1}
    assert translate_error({"message": "a"}, "x", 503, rulebook=rules)["error"]["late"] is True
    assert "late" not in translate_error({"message": "a"}, "x", 400, rulebook=rules)["error"]
