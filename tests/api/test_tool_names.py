"""The caller's names of tools come back through every entrance, and nothing is remembered between request and answer."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule

from quirkbook import ChunkTranslator, explain, explain_response, translate_response
from quirkbook.api.tool_names import renamed

RENAME = {"rename_tools": {"alphabet": "A-Za-z0-9_-", "length": 64}}
BOOK = a_book(a_rule("names", RENAME), provider="test")
REQUEST = {"model": "m", "tools": [{"type": "function", "function": {"name": "files.read"}}]}
SENT = "files_read_601e4e"
NAMES = {SENT: "files.read"}


def call(name, **more):
    return {"id": "a", "type": "function", "function": {"name": name, "arguments": "{}"}, **more}


def answer(name, part="message"):
    return {"choices": [{"index": 0, part: {"role": "assistant", "tool_calls": [call(name)]}}]}


def test_a_report_says_what_was_renamed():
    translation = explain(REQUEST, "test", rulebook=BOOK)

    assert translation.payload["tools"][0]["function"]["name"] == SENT
    assert translation.names == NAMES
    assert explain({"model": "m"}, "test", rulebook=BOOK).names == {}


def test_names_that_were_made_anew_twice_come_back_as_the_callers():
    edits = [("rename_tools", "a.b", "m"), ("rename_tools", "a.b", "m"), ("set", "m", "x"), ("rename_tools", "m", "n")]

    assert renamed(edits)["n"] == "a.b"


@pytest.mark.parametrize(
    "how",
    [{"names": NAMES}, {"request": REQUEST}, {"request": {"model": "m"}, "names": NAMES}],
    ids=["names", "the caller's request", "both"],
)
def test_an_answer_calls_the_callers_tools(how):
    assert translate_response(answer(SENT), "test", rulebook=BOOK, **how) == answer("files.read")
    (change,) = explain_response(answer(SENT), "test", rulebook=BOOK, **how).changes
    assert (change.rule, change.effect, change.before, change.after) == (
        "quirkbook/tool-names", "exact", SENT, "files.read",
    )  # fmt: skip


@pytest.mark.parametrize("how", [{"names": NAMES}, {"request": REQUEST}], ids=["names", "the caller's request"])
def test_so_do_the_chunks_of_a_stream(how):
    stream = ChunkTranslator("test", rulebook=BOOK, **how)
    text = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}

    assert stream.feed(text)[0] is text
    assert stream.feed(answer(SENT, "delta")) == [answer("files.read", "delta")]
    assert stream.feed(answer(SENT, "delta")) == [answer("files.read", "delta")]
    assert [change.rule for change in stream.changes] == ["quirkbook/tool-names"]


def test_names_come_back_behind_the_rules_on_answers():
    book = a_book(
        a_rule("names", RENAME),
        a_rule("calls", {"rename": {"choices[*].message.calls": "tool_calls"}}, stage="response"),
        provider="test",
    )
    body = {"choices": [{"message": {"calls": [call(SENT)]}}]}

    assert translate_response(body, "test", rulebook=book, names=NAMES) == {
        "choices": [{"message": {"tool_calls": [call("files.read")]}}]
    }


@pytest.mark.parametrize(
    "body",
    [answer("look"), answer(None), {"choices": [None, {"message": "x"}]}, {"choices": "x"}, {}, [], "x", None],
)
@pytest.mark.parametrize("how", [{"names": NAMES}, {"request": REQUEST}, {}])
def test_other_answers_pass_as_they_are(body, how):
    assert translate_response(body, "test", rulebook=BOOK, **how) is body
    assert ChunkTranslator("test", rulebook=BOOK, **how).feed(body)[0] is body


def test_a_stream_without_rules_or_names_is_idle():
    assert ChunkTranslator("test", rulebook=BOOK, names={}).idle
    assert not ChunkTranslator("test", rulebook=BOOK, names=NAMES).idle
    assert not ChunkTranslator("test", rulebook=BOOK, request=REQUEST).idle
    assert ChunkTranslator("test", rulebook=BOOK).idle
