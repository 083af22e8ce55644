"""What the gateway leaves out to be fast: nobody can tell, but by the time it takes."""

import json
from types import SimpleNamespace

import pytest

from quirkbook import Rulebook
from quirkbook.gateway.http.protocol import _Together
from quirkbook.gateway.upstream import streams
from quirkbook.model import MISSING
from quirkbook.plan.compile import compile_rule

BOOK = Rulebook.load()
PLACED = [one for name in BOOK.providers for one in BOOK.effective(name)]
PLACED += [one for name in BOOK.families for one in BOOK.effective(name, family=True)]
ON_ANSWERS = {
    f"{one.rule.name} {stage}": at
    for one in PLACED
    for stage in ("response", "chunk")
    if (at := one.at(stage)) is not None
}


class Transport:
    """Notes what it is told, and in how many calls."""

    def __init__(self):
        self.calls = []

    def write(self, data):
        self.calls.append(data)

    def writelines(self, parts):
        self.calls.append(b"".join(parts))

    def close(self):
        self.calls.append("close")

    def is_closing(self):
        return False

    def get_extra_info(self, name):
        return name.upper()


class Loop:
    """Keeps what is to run soon."""

    def __init__(self):
        self.soon = []

    def call_soon(self, what):
        self.soon.append(what)


@pytest.fixture
def end():
    transport, loop = Transport(), Loop()
    return _Together(transport, loop), transport.calls, loop.soon


def test_the_head_of_an_answer_goes_out_with_its_body(end):
    together, calls, soon = end

    together.write(b"HTTP/1.1 200 OK\r\n\r\n")
    together.write(b"{}")
    soon[0]()

    assert calls == [b"HTTP/1.1 200 OK\r\n\r\n{}"]


def test_a_head_that_nothing_follows_at_once_goes_out_by_itself(end):
    together, calls, soon = end

    together.write(b"HTTP/1.1 200 OK\r\n\r\n")
    soon[0]()
    together.write(b"data: 1\n\n")

    assert calls == [b"HTTP/1.1 200 OK\r\n\r\n", b"data: 1\n\n"]


def test_a_head_is_not_lost_when_the_connection_is_closed_behind_it(end):
    together, calls, _ = end

    together.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    together.close()

    assert calls == [b"HTTP/1.1 204 No Content\r\n\r\n", "close"]


def test_all_else_is_asked_of_the_transport_itself(end):
    together, _, _ = end

    assert (together.is_closing(), together.get_extra_info("peername")) == (False, "PEERNAME")


@pytest.mark.parametrize("entry", ON_ANSWERS.values(), ids=ON_ANSWERS)
def test_no_answer_is_passed_by_that_a_rule_would_change(entry):
    words = streams.words(SimpleNamespace(rules=[compile_rule(entry.rule, entry.named_conditions)]))
    changed = [one.given for one in entry.rule.examples if one.warns or (one.expected is not MISSING and not one.same)]

    assert changed
    assert all(streams.has_word(words, json.dumps(given).encode()) for given in changed)


def test_a_key_with_dots_in_it_is_one_word(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "quirks: 1\nprovider: x\nrules:\n  - {id: r, why: w, source: 'https://x.example', stage: response,"
        " verified: {date: 2026-11-22, by: docs}, when: {'[\"x.long_key.y\"]': 1}, do: [{set: {a: 1}}],"
        " examples: [{in: {}, same: true}]}\n"
    )
    words = streams.words(Rulebook.load(tmp_path).plan("x", "m", stage="response"))

    assert streams.has_word(words, b'{"x.long_key.y": 1}')


@pytest.mark.parametrize("stage", ["response", "chunk"])
def test_an_answer_as_openai_gives_it_passes_unread(stage):
    words = streams.words(BOOK.plan("openai", "gpt-4o", stage=stage))

    for reason in ("null", '"stop"', '"length"'):
        assert not streams.has_word(
            words, b'{"choices":[{"delta":{"content":"Hi"},"finish_reason":%b}]}' % reason.encode()
        )


@pytest.mark.parametrize("between", ['":', '": ', '" :', '"\n:', '":\n', '":  ', '": \n', '"\t:\t'])
@pytest.mark.parametrize("value", ["[]", "{}"])
def test_what_a_value_begins_with_is_seen_whatever_blanks_are_before_it(between, value):
    words = streams.words(BOOK.plan("openai", "gpt-4o", stage="chunk"))

    assert streams.has_word(words, f'{{"choices":[{{"delta":{{"content{between}{value}}}}}]}}'.encode())
