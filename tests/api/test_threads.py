"""One rulebook and one payload in many threads: plans compile once for all, and a payload that changes meanwhile is refused."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.books import a_book, a_rule
from tests.chat_payloads import LOOKED_UP, tool

from quirkbook import PayloadError, Rulebook, api, translate
from quirkbook.api import door

ALLOW = {"lossy": "allow", "semantic": "allow"}
THREADS = 16
SCHEMA = {
    "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {"$ref": "#/$defs/b"}},
    "required": ["a", "z"],
    "$defs": {"b": {"enum": ["x", None]}},
}


@pytest.fixture(autouse=True)
def busy_threads():
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def request(model):
    return {"model": model, "messages": LOOKED_UP, "tools": [tool(parameters=SCHEMA)], "temperature": 1.7, "seed": 7}


@pytest.mark.parametrize(
    ("provider", "model"),
    [("moonshot", "kimi-k2.6"), ("gemini", "gemini-2.5-pro"), ("mistral", "mistral-large"), ("openai", "gpt-5")],
)
def test_the_first_call_of_a_rulebook_may_come_from_many_threads_at_once(provider, model):
    alone = translate(request(model), provider, rulebook=Rulebook.load(), policy=ALLOW)
    book, barrier = Rulebook.load(), threading.Barrier(THREADS)

    def first(_):
        barrier.wait()
        return translate(request(model), provider, rulebook=book, policy=ALLOW)

    with ThreadPoolExecutor(THREADS) as threads:
        results = list(threads.map(first, range(THREADS)))

    assert results == [alone] * THREADS


BOOK = a_book(
    a_rule("cooler", {"clamp": {"temperature": [0, 1]}}, {"temperature": {"gt": 1}}),
    a_rule("no-names", {"drop": ["messages[*].name"]}, {"messages[*].name": {"exists": True}}),
    a_rule("texts", {"flatten_content": "messages[*].content"}),
    a_rule("nested", {"set": {"x": 1}}, {"**.y": 1}),
)


def test_a_payload_that_another_thread_changes_meanwhile_is_translated_or_refused():
    payload = {"messages": [], "temperature": 1.5}
    done = threading.Event()

    def change():
        while not done.is_set():
            messages = payload["messages"]
            for at in range(40):
                messages.append({"role": "user", "content": [{"type": "text", "text": "a"}], f"k{at}": [{}]})
                payload[f"x{at}"] = {"y": [at]}
                messages[-1][f"z{at}"] = messages[-1].pop("content")
            del messages[10:]
            for at in range(40):
                del payload[f"x{at}"]
            payload.pop("temperature", None)
            payload["temperature"] = 1.5
            messages.clear()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(1_500):
            try:
                result = translate(payload, "acme", rulebook=BOOK, policy=ALLOW)
            except PayloadError as error:
                assert "which no other thread changes meanwhile" in str(error)
            else:
                assert result.get("temperature", 1) <= 1.5
    finally:
        done.set()
        changer.join()


@pytest.mark.parametrize("torn", [RuntimeError, KeyError, IndexError, AttributeError, TypeError, ValueError])
def test_a_payload_that_changed_while_it_was_read_is_translated_from_a_copy(monkeypatch, torn):
    payload = {"temperature": 1.5, "stop": ["a"]}
    read = []

    def run(done, quiet, numbers):
        read.append(done.given)
        if done.given is payload:
            quiet.append("half a report")
            raise torn("changed")
        run_rules(done, quiet, numbers)

    run_rules = door.run
    monkeypatch.setattr(door, "run", run)

    done = api.explain(payload, "acme", rulebook=BOOK, why_not=True)

    assert (done.payload, [one.rule for one in done.changes]) == ({"temperature": 1, "stop": ["a"]}, ["acme/cooler"])
    assert read == [payload, payload]
    assert len(done.quiet) == 3


def test_a_fault_of_ours_is_not_taken_for_a_payload_that_changed(monkeypatch):
    def run(done, quiet, numbers):
        raise KeyError("a fault")

    monkeypatch.setattr(door, "run", run)

    with pytest.raises(KeyError, match="a fault"):
        translate({}, "acme", rulebook=BOOK)
