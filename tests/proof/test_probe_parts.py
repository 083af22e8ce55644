"""What a session is made of: requests made whole, effects seen in answers, cleaned exchanges, patches, suggestions."""

from __future__ import annotations

import json

import pytest
from tests.books import a_file_text, a_folder, a_rule

from quirkbook import Rulebook, UsageError
from quirkbook.proof.asks import asks
from quirkbook.proof.effects import heeded
from quirkbook.proof.exchange import Exchange, clean, exchange_from
from quirkbook.proof.fill import TOOL, complete, whole
from quirkbook.proof.judge import Verdict, judge
from quirkbook.proof.recordings import Recording, read_vcr
from quirkbook.proof.refusals import Wordings
from quirkbook.proof.report import patches
from quirkbook.proof.servers import suggest
from quirkbook.proof.session import Findings
from quirkbook.rulebook import builtin
from quirkbook.wire.redact import Mask

CALL = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({}, {"max_tokens": 16, "messages": [{"role": "user", "content": "Hi"}]}),
        ({"messages": []}, {"messages": [{"role": "user", "content": "Hi"}]}),
        ({"messages": None}, {"messages": [{"role": "user", "content": "Hi"}]}),
        ({"messages": ["odd", {"content": "a"}]}, {"messages": ["odd", {"role": "user", "content": "a"}]}),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{}, 1]}]},
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [
                            {"id": "call1", "type": "function", "function": {"name": "look", "arguments": "{}"}},
                            1,
                        ],
                    }
                ]
            },
        ),
        ({"tool_choice": "auto"}, {"tools": [TOOL]}),
        (
            {"tools": [{}, 1, {"type": "custom"}]},
            {"tools": [{"type": "function", "function": {"name": "look"}}, 1, {"type": "custom"}]},
        ),
        ({"tools": None}, {"tools": None}),
        ({"stream_options": {}}, {"stream": True}),
        ({"top_logprobs": 2}, {"logprobs": True}),
        ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
        (
            {"response_format": {"json_schema": {"strict": True}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object", "properties": {}}, "strict": True},
                }
            },
        ),
    ],
)
def test_an_example_is_filled_to_a_request(given, more):
    filled = complete(given, "lumen")

    assert {key: filled[key] for key in more} == more
    assert filled["model"] == "lumen"


def test_an_example_with_a_limit_of_its_own_gets_no_other():
    assert "max_tokens" not in complete({"max_completion_tokens": 9}, "lumen")


@pytest.mark.parametrize(
    ("messages", "roles"),
    [
        ([{"role": "user"}], ["user"]),
        ([{"role": "assistant", "tool_calls": [CALL]}], ["user", "assistant", "tool"]),
        (
            [{"role": "user"}, {"role": "assistant", "tool_calls": [CALL]}, {"role": "user"}],
            ["user", "assistant", "tool", "user"],
        ),
        ([{"role": "tool", "tool_call_id": "b"}], ["user", "assistant", "tool"]),
        (
            [{"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "a"}],
            ["user", "assistant", "tool"],
        ),
        ([{"role": "function", "name": "look"}], ["user", "assistant", "function"]),
        ([{"role": "assistant", "function_call": {"name": "look"}}], ["user", "assistant", "function"]),
        ([{"role": "assistant", "content": "a"}], ["user", "assistant", "user"]),
        ([{"role": "assistant", "content": "{", "partial": True}], ["user", "assistant"]),
        (
            [{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}],
            ["system", "user", "assistant", "user"],
        ),
    ],
)
def test_a_conversation_is_made_whole(messages, roles):
    assert [message["role"] for message in whole({"messages": messages})["messages"]] == roles


@pytest.mark.parametrize("messages", ["Hi", [1]])
def test_what_is_no_conversation_stays(messages):
    assert whole({"messages": messages}) == {"messages": messages}


def answer(content="", **more):
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, **more}]}


JSON = {"type": "json_object"}


@pytest.mark.parametrize(
    ("request_", "body", "expected"),
    [
        ({"n": 2}, {"choices": [{"index": 0}, {"index": 1}]}, True),
        ({"n": 2}, answer(), False),
        ({"n": 1}, answer(), None),
        ({"stop": "x"}, answer("axb"), False),
        ({"stop": ["x"]}, answer("ab"), None),
        ({"stop": 5}, answer("ab"), None),
        ({"logprobs": True}, answer(logprobs={"content": []}), True),
        ({"logprobs": True}, answer(), False),
        ({"logprobs": False}, answer(), None),
        ({"response_format": JSON}, answer('{"a": 1}'), True),
        ({"response_format": JSON}, answer("[1]"), False),
        ({"response_format": JSON}, answer("Hi"), False),
        ({"response_format": JSON}, answer("{", finish_reason="length"), None),
        ({"response_format": {"type": "text"}}, answer(), None),
        ({"response_format": "json"}, answer(), None),
        ({"tool_choice": "required"}, {"choices": [{"message": {"tool_calls": [CALL]}}]}, True),
        ({"tool_choice": "required"}, answer(), False),
        ({"tool_choice": "auto"}, answer(), None),
        ({"max_tokens": 5}, {"usage": {"completion_tokens": 9}}, False),
        ({"max_tokens": 5}, [{"choices": []}, {"usage": {"completion_tokens": 5}}], True),
        ({"max_tokens": 5}, "odd", None),
        ({"logprobs": True}, [{"choices": [{"delta": {}, "logprobs": {"content": [1]}}]}], True),
        ({"seed": 1}, answer(), None),
        ({"n": None}, answer(), None),
    ],
)
def test_an_effect_is_looked_for_in_the_answer(request_, body, expected):
    assert heeded(request_, body, frozenset(request_)) is expected


SECRETS = [
    "my-very-secret-key-123",
    "sk-abcdefghijklmnopqrst",
    "Bearer abcdefghij",
    "org-abcdefgh12",
    "req_0123456789",
    "ada@host.example",
    "10.1.2.3",
    "0123456789abcdef0123456789abcdef",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEf",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "shape",
    [
        lambda text: {"error": {"message": f"no {text} here"}},
        lambda text: {"id": text, "choices": [{"message": {"content": text}}]},
        lambda text: {"api_key": text, "user_id": text},
        lambda text: [{"detail": [{"msg": text}]}],
        lambda text: {text: 1},
        lambda text: f"https://host.example/?key={text}",
    ],
)
def test_no_secret_gets_into_a_recording(tmp_path, secret, shape):
    recording = Recording(tmp_path, "acme")
    mask = Mask([SECRETS[0]])
    recording.add(Exchange({"model": "lumen"}, 400, clean(shape(secret), mask), "2026-12-01"))

    assert secret not in (tmp_path / "acme.part.jsonl").read_text("utf-8")


def test_cleaning_keeps_what_judging_needs_and_cuts_long_texts():
    body = {
        "model": "lumen",
        "usage": {"total_tokens": 9},
        "choices": [{"finish_reason": "stop"}],
        "created": 7,
        "max_tokens": 5,
    }

    assert clean(body) == {**body, "created": "..."}
    assert len(clean("a b " * 1000)) == 2003


@pytest.mark.parametrize(
    ("status", "body", "taken", "refused"),
    [
        (200, answer(), True, False),
        (200, {"error": {"message": "no"}}, False, True),
        (400, {}, False, True),
        (429, {}, False, False),
        (500, {}, False, True),
        (503, {}, False, False),
    ],
)
def test_an_answer_is_taken_refused_or_about_something_else(status, body, taken, refused):
    exchange = Exchange({}, status, body, "2026-12-01")

    assert (exchange.is_taken, exchange.is_refused) == (taken, refused)


def test_an_exchange_comes_back_from_its_line():
    exchange = Exchange({"model": "a"}, 200, [{"model": "lumen-2"}], "2026-12-01", 5)

    assert exchange_from(json.loads(json.dumps(exchange.to_dict()))) == exchange
    assert exchange.model == "lumen-2"
    assert Exchange({}, 200, "odd", "").model is None


def test_a_damaged_recording_is_refused_with_its_line(tmp_path):
    (tmp_path / "acme.jsonl").write_text('{"status": 200}\n')
    with pytest.raises(UsageError, match=r"acme.jsonl:1: not a line of a recording"):
        Recording(tmp_path, "acme").exchanges()
    assert Recording(tmp_path, "other").last() == {}


def test_a_cassette_of_vcr_is_read(tmp_path):
    path = tmp_path / "cassette.yaml"
    path.write_text(
        """
interactions:
  - request: {uri: "https://api.acme.example/v1/chat/completions?a=1", body: '{"model": "lumen"}'}
    response: {status: {code: 400}, headers: {date: ["Mon, 30 Nov 2026"]}, body: {string: '{"error": {"message": "no sk-abcdefghijklmnop"}}'}}
  - request: {uri: "https://api.acme.example/v1/chat/completions", parsed_body: {model: lumen, n: 2}}
    response: {status: {code: 200}, parsed_body: {choices: []}}
  - request: {uri: "https://api.acme.example/v1/chat/completions", body: !!binary eyJtb2RlbCI6ICJhIn0=}
    response: {status: {code: 200}, body: {string: not JSON}}
  - request: {uri: "https://api.acme.example/v1/models"}
    response: {}
  - request: {uri: "https://api.acme.example/v1/chat/completions", body: not JSON}
    response: {}
"""
    )
    read = list(read_vcr(path))

    assert [(one.request, one.status, one.body) for one in read] == [
        ({"model": "lumen"}, 400, {"error": {"message": "no ***"}}),
        ({"model": "lumen", "n": 2}, 200, {"choices": []}),
        ({"model": "a"}, 200, "not JSON"),
    ]
    path.write_text("a: [")
    with pytest.raises(UsageError, match="not a cassette of VCR"):
        list(read_vcr(path))


# Verdicts


def ask_of(rule, model="lumen", number=0):
    return list(asks(Rulebook(a_files(rule), builtin=False), "acme", [model]))[number]


def a_files(*rules):
    from quirkbook.rulebook.load import load_file

    return [load_file(a_file_text(*rules).encode(), "acme.yaml", layer="mine")]


SEED = a_rule(
    "no-seed",
    {"drop": ["seed"]},
    {"seed": {"exists": True}},
    examples=[{"in": {"seed": 7}, "out": {}}, {"in": {}, "same": True}],
    why="Acme refuses seed.",
)
N = a_rule(
    "n-1",
    {"set": {"n": 1}},
    {"n": {"gt": 1}},
    examples=[{"in": {"n": 2}, "out": {"n": 1}}, {"in": {}, "same": True}],
    why="Acme gives one choice.",
)


NO = {"error": {"message": "n is not supported"}}


@pytest.mark.parametrize(
    ("rule", "control", "raw", "translated", "word", "detail"),
    [
        (N, 200, 400, 200, "confirmed", ""),
        (N, 200, 200, 200, "confirmed", "taken, but the answer shows no effect of it"),
        (SEED, 200, 200, None, "stale", "taken as it is"),
        (N, 200, 400, 400, "broken", "refused also when translated: n is not supported"),
        (N, 400, 400, 400, "inconclusive", "the control was refused: n is not supported"),
        (N, 200, 503, 200, "inconclusive", "the request got status 503: n is not supported"),
        (N, None, 400, 200, "untested", "not sent"),
        (N, 200, 400, None, "untested", "not sent"),
    ],
)
def test_a_verdict_follows_from_three_answers(rule, control, raw, translated, word, detail):
    ask = ask_of(rule)
    sent = [(ask.translated, translated), (ask.control, control), (ask.raw, raw)]  # SEED's control is its translation
    answers = [
        Exchange(request, status, answer() if status == 200 else NO, "")
        for request, status in sent
        if status is not None
    ]
    verdict = judge(ask, {exchange.key: exchange for exchange in answers}, Wordings())

    assert (verdict.word, verdict.detail) == (word, detail)


def test_a_refusal_for_another_reason_proves_nothing():
    ask = ask_of(SEED)
    raw = {**ask.raw, "temperature": 9}
    ask = type(ask)(**{**{name: getattr(ask, name) for name in ask.__slots__}, "raw": raw})
    answers = [
        Exchange(ask.control, 200, answer(), ""),
        Exchange(raw, 400, {"error": {"message": "temperature must be between 0 and 1"}}, ""),
    ]
    verdict = judge(ask, {exchange.key: exchange for exchange in answers}, Wordings())

    assert (verdict.word, verdict.detail) == (
        "inconclusive",
        "refused, but because of temperature: temperature must be between 0 and 1",
    )


def test_a_rule_about_meaning_is_not_visible():
    rule = a_rule(
        "renamed",
        {"rename": {"a": "b"}},
        None,
        examples=[{"in": {"a": 1}, "out": {"b": 1}}, {"in": {}, "same": True}],
        why="Acme calls a b.",
    )
    ask = ask_of(rule)
    answers = [Exchange(request, 200, answer(), "") for request in ask.requests]

    assert judge(ask, {exchange.key: exchange for exchange in answers}, Wordings()).word == "not visible"


# Patches


def findings_of(*verdicts):
    return Findings(
        "acme",
        "2026-12-01",
        [Verdict(f"acme/{id} lumen", word, "lumen", "rule", "", rule=f"acme/{id}") for id, word in verdicts],
        [],
        {},
    )


RULES = """\
quirks: 1
provider: acme
rules:
  - id: a
    why: Acme refuses a.
    source: https://acme.example
    verified: {date: 2026-01-01, by: docs}
    do: [{drop: [a]}]
    examples: [{in: {a: 1}, out: {}}, {in: {}, same: true}]

  - id: b
    why: Acme refuses b.
    source: https://acme.example
    verified: {date: 2026-01-01, by: docs}
    do: [{drop: [b]}]
    examples: [{in: {b: 1}, out: {}}, {in: {}, same: true}]
"""


def test_verdicts_become_a_patch_of_the_rule_files(tmp_path):
    book = Rulebook.load(a_folder(tmp_path, acme=RULES), builtin=False)
    [patch] = patches(findings_of(("a", "confirmed"), ("b", "stale")), book, tmp_path)

    assert patch.after == RULES.replace(
        "2026-01-01, by: docs}\n    do: [{drop: [a]}]", "2026-12-01, by: live}\n    do: [{drop: [a]}]"
    ).replace(
        "by: docs}\n    do: [{drop: [b]}]",
        "by: docs}\n    status: disputed\n    note: Taken untranslated on 2026-12-01.\n    do: [{drop: [b]}]",
    )
    assert patch.diff.startswith(f"--- a/{patch.path}\n+++ b/{patch.path}\n@@ ")
    patch.path.write_text(patch.after)
    assert Rulebook.load(tmp_path, builtin=False).rule("acme/b").status == "disputed"


@pytest.mark.parametrize("words", [("broken",), ("not visible",), ("untested",)])
def test_other_verdicts_leave_the_files_alone(tmp_path, words):
    book = Rulebook.load(a_folder(tmp_path, acme=RULES), builtin=False)

    assert patches(findings_of(*(("a", word) for word in words)), book, tmp_path) == []


def test_a_rule_whose_proof_is_not_in_one_line_and_one_that_has_a_note_are_left_to_a_person(tmp_path):
    text = RULES.replace(
        "verified: {date: 2026-01-01, by: docs}\n    do: [{drop: [a]}]",
        "verified:\n      date: 2026-01-01\n      by: docs\n    do: [{drop: [a]}]",
    )
    text = text.replace("    do: [{drop: [b]}]", "    note: Why.\n    do: [{drop: [b]}]")
    book = Rulebook.load(a_folder(tmp_path, acme=text), builtin=False)

    assert patches(findings_of(("a", "confirmed"), ("b", "stale")), book, tmp_path) == []


# Servers


SERVERS = [server for file in builtin.refusals() for server in file.head.get("servers", ())]


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server["provider"])
def test_a_server_is_known_by_its_own_example(server):
    assert suggest(json.loads(server["example"])) == server["provider"]


def test_a_server_that_says_nothing_is_not_guessed():
    assert suggest({"data": [{"id": "qwen3", "owned_by": "me"}]}) is None
    assert suggest(None) is None
