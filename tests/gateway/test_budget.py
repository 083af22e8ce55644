"""Rules that would make a request or an answer too large are an error of the gateway's own, which names the rule."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule
from tests.gateway.asking import running
from tests.servers import COMPLETION, answer, chunk, events, serving, stream

from quirkbook.gateway.config.model import Deployment

GROW = {"set": {"big[*].v": {"w": [0] * 900}}}
BIG = [{} for _ in range(120)]


def failure(rule):
    return {
        "message": f"payload: rule acme/{rule} makes it too large: the rules together may add 100,000 values; "
        "disable that rule or mend it",
        "type": "configuration_error",
        "param": None,
        "code": "rules_too_costly",
    }


@pytest.fixture
def front(monkeypatch):
    book = a_book(
        a_rule("ask", GROW),
        a_rule("back", GROW, stage="response"),
        a_rule("piece", GROW, stage="chunk"),
        provider="acme",
    )
    monkeypatch.setattr("tests.gateway.asking.BOOK", book)
    with serving(answer(COMPLETION)) as server:
        deployment = Deployment("kimi", "acme/m", "acme", "m", api_key="k-0123456789", api_base=server.url)
        with running(deployment) as front:
            yield front, server


def test_a_request_that_rules_make_too_large_is_not_sent(front):
    gateway, server = front

    refused = gateway.ask({"big": BIG})

    assert (refused.status, refused.error) == (500, failure("ask"))
    assert not server.requests


def test_an_answer_that_rules_make_too_large_is_an_error(front):
    gateway, server = front
    server.script[:] = [answer({**COMPLETION, "big": BIG})]

    refused = gateway.ask({})

    assert (refused.status, refused.error) == (500, failure("back"))


def test_a_stream_that_rules_make_too_large_ends_in_an_error(front):
    gateway, server = front
    server.script[:] = [stream(events(chunk("Hi")), events({**chunk("you"), "big": BIG}))]

    got = gateway.ask({"stream": True})

    assert got.status == 200
    assert b"rule acme/piece makes it too large" in got.body
