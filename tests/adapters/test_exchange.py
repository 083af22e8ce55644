from __future__ import annotations

import json

import pytest
from tests.adapters.asked import ASKED, REFUSED, rules_of

from quirkbook import PayloadError, PolicyError, RefusedError, UnknownProviderError, UsageError
from quirkbook.adapters.answer import WholeAnswer
from quirkbook.adapters.exchange import LONGEST, Rules, rules_header
from quirkbook.api import default_rulebook

pytestmark = pytest.mark.filterwarnings("ignore::quirkbook.QuirkbookWarning")

MOONSHOT = "https://api.moonshot.ai/v1/chat/completions"


def send(payload, url=MOONSHOT, provider=None, policy=None):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Rules(provider, None, policy).prepare(url, body)


def whole(body, status=200):
    answer = WholeAnswer("moonshot", ASKED, status, default_rulebook())
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert answer.feed(raw[:3]) + answer.feed(raw[3:]) == b""
    return answer.close(), answer.changes


def test_a_payload_is_translated_and_reported():
    sent = send(ASKED)

    assert json.loads(sent.body) == {**ASKED, "temperature": 1}
    assert rules_of(sent.report) == ["moonshot/temperature-range"]
    assert sent.report.patch == [{"op": "replace", "path": "/temperature", "value": 1}]
    assert sent.response_headers == {"x-quirkbook-rules": "moonshot/temperature-range"}
    assert sent.headers == {"content-length": str(len(sent.body)), "transfer-encoding": None, "content-encoding": None}


def test_a_payload_that_needs_nothing_is_sent_as_the_callers_own_bytes():
    sent = send({**ASKED, "temperature": 1})

    assert (sent.body, sent.headers, sent.response_headers) == (None, {}, {})
    assert rules_of(sent.report) == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_what_is_no_chat_request_is_none_of_ours(body):
    assert send(body) is None


@pytest.mark.parametrize(
    "url", [MOONSHOT, "https://api.moonshot.ai:443/v1/chat/completions", "https://u:p@api.moonshot.cn/v1/x?key=sk-1"]
)
def test_the_url_tells_the_provider(url):
    assert send(ASKED, url).report.provider == "moonshot"


def test_a_named_provider_wins_over_the_url():
    assert send(ASKED, MOONSHOT, provider="openai").report.provider == "openai"


def test_who_serves_an_unknown_url_is_not_guessed_and_the_note_tells_the_host_alone():
    sent = send(ASKED, "https://u:p@proxy.example:8443/v1/chat/completions?key=sk-1")

    assert (sent.body, sent.report.provider) == (None, "openai_compatible")
    assert sent.response_headers == {
        "x-quirkbook-rules": "quirkbook/unknown-address",
        "x-quirkbook-note": "no provider is known at proxy.example: only rules of the format and of the model apply; name the provider if it has rules",
    }


def test_a_refused_payload_raises():
    with pytest.raises(RefusedError) as caught:
        send(REFUSED)

    assert caught.value.change.rule == "moonshot/tool-names-differ"


def test_the_policy_holds():
    with pytest.raises(PolicyError) as caught:
        send(ASKED, policy={"lossy": "error"})

    assert [one.rule for one in caught.value.changes] == ["moonshot/temperature-range"]


def test_a_payload_that_is_none_raises():
    with pytest.raises(PayloadError, match="messages must be an array"):
        send({"messages": "Hi"})


def test_options_are_checked_before_any_request():
    with pytest.raises(UnknownProviderError, match="did you mean 'moonshot'"):
        Rules("moonshit", None, None)
    with pytest.raises(UsageError, match="'lossi' is not an effect"):
        Rules(None, None, {"lossi": "warn"})


def test_half_a_surrogate_pair_is_written_as_its_escape():
    sent = send({**ASKED, "user": "\ud83d", "stop": "é"})

    assert json.loads(sent.body)["safety_identifier"] == "\ud83d"


@pytest.mark.parametrize(
    ("status", "kind", "stream", "reader"),
    [
        (200, "application/json; charset=utf-8", False, "WholeAnswer"),
        (200, "Text/Event-Stream; charset=utf-8", False, "WholeAnswer"),
        (200, "application/json", True, "StreamedAnswer"),
        (200, "Text/Event-Stream; charset=utf-8", True, "StreamedAnswer"),
        (200, "", True, "StreamedAnswer"),
        (400, "text/event-stream", True, "WholeAnswer"),
        (302, "application/json", False, "NoneType"),
        (100, "", False, "NoneType"),
    ],
)
def test_an_answer_is_read_as_what_it_is(status, kind, stream, reader):
    sent = send({**ASKED, "stream": stream})

    assert type(sent.answer(status, kind)).__name__ == reader


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, b"<html><title>Bad gateway</title>", "a web page: Bad gateway"),
        (429, b'[{"error": {"message": "slow down"}}]', "slow down"),
        (500, b"", "no text came with it"),
        (200, b'{"base_resp": {"status_code": 1008, "status_msg": "no balance"}}', "no balance"),
    ],
)
def test_an_error_of_any_shape_becomes_openais(status, body, message):
    assert json.loads(whole(body, status)[0]) == {
        "error": {"message": message, "type": None, "param": None, "code": 1008 if status == 200 else None}
    }


def test_an_answer_is_translated():
    body, changes = whole({"choices": [], "usage": {"cached_tokens": 7}})

    assert json.loads(body)["usage"] == {"cached_tokens": 7, "prompt_tokens_details": {"cached_tokens": 7}}
    assert {change.rule for change in changes} == {"moonshot/cached-tokens-in-details"}


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_gets_its_shape_whatever_its_status_says(status):
    body, changes = whole({"error": {"message": "no", "type": "t"}}, status)

    assert json.loads(body) == {"error": {"message": "no", "type": "t", "param": None, "code": None}}
    assert {change.rule for change in changes} == {"moonshot/errors-have-code-and-param"}


@pytest.mark.parametrize("body", [b'{"choices":  []}', b"<html>", b"", b"[ ]"])
def test_an_answer_that_no_rule_touches_is_the_same_bytes(body):
    assert whole(body) == (body, ())


def test_a_long_list_of_rules_is_cut_and_counted():
    names = [f"acme/rule-number-{number}" for number in range(200)]

    text = rules_header(names)

    assert len(text) <= LONGEST
    kept = text.split(", ")[:-1]
    assert kept == names[: len(kept)]
    assert text.endswith(f", and {200 - len(kept)} more")


NOTE = "the provider answered whole; it is passed on as a stream of one chunk"


@pytest.mark.parametrize("provider", ["moonshot", "openai"])
def test_a_whole_answer_to_who_asked_for_a_stream_becomes_a_stream_of_one_chunk(provider):
    sent = send({**ASKED, "temperature": 1, "stream": True}, provider=provider)
    given = {"id": "1", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}

    answer = sent.answer(200, "application/json")
    passed = answer.feed(json.dumps(given).encode()) + answer.close()

    chunk = {"id": "1", "object": "chat.completion.chunk"}
    chunk["choices"] = [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]
    first, rest = passed.split(b"\n\n", 1)
    assert (json.loads(first.removeprefix(b"data: ")), rest) == (chunk, b"data: [DONE]\n\n")
    assert answer.headers == {
        "content-length": None,
        "content-encoding": None,
        "content-type": "text/event-stream",
        "x-quirkbook-note": NOTE,
    }


@pytest.mark.parametrize(("kind", "status"), [("application/json", 402), ("", 402), ("text/event-stream", 200)])
def test_an_error_in_place_of_a_stream_has_its_status_where_the_head_can_still_say_so(kind, status):
    answer = send({**ASKED, "stream": True}).answer(200, kind)

    passed = answer.feed(b'{"error": {"message": "Insufficient Balance"}}') + answer.close()

    error = passed.split(b"\n\n")[0].removeprefix(b"data: ")
    assert json.loads(error)["error"]["message"] == "Insufficient Balance"
    assert (answer.status, passed.startswith(b"data: ")) == (status, status == 200)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
def test_what_is_no_answer_is_no_stream_either_and_passes(body):
    answer = send({**ASKED, "stream": True}).answer(200, "application/json")

    assert answer.feed(body) + answer.close() == body
