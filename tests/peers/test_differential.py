"""The same hundred calls through LiteLLM's real completion() and ours, to a server that keeps what it gets.

Wherever the two requests differ, whoever departed from what was asked has to say why: we by the rule that changed
that place, LiteLLM by a row of the tables below. A difference that nobody explains fails, and so does a row that
explains none.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import socket
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch
import pytest
from tests.peers.calls import Call, generated
from tests.running import exact
from tests.servers import Server, answer, chunk, events, serving, stream

from quirkbook import RefusedError, completion
from quirkbook.emulator import provider as emulated
from quirkbook.model import MISSING, Change, Keys, pointer
from quirkbook.payload.describe import patch, show

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network for prices when imported
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm = pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")

pytestmark = pytest.mark.filterwarnings("ignore")  # LiteLLM's own, and the sessions that it leaves open

KEY = "sk-very-secret-0123456789"
Row = tuple[str, Any, Any, str]


def _asks_for_a_tool(messages: Any) -> bool:
    asks = {"role": "user", "content": "Please select a tool to handle the current issue."}
    return isinstance(messages, list) and messages[-1] == asks


def _is_the_one_taken(temperature: Any) -> bool:
    return temperature in (1, 0.6)  # while it thinks, and while it does not


#: What LiteLLM does to a call of Moonshot that we do not: where, what was asked, what it sends, and why that is so.
#: ``*`` is any one key of the path; a type is each value of that type, a function each value that it is true of.
HABITS: tuple[Row, ...] = (
    ("/model", "kimi-latest", "kimi-k3", "an alias of its price list; Moonshot has discontinued the name"),
    ("/max_completion_tokens", int, MISSING, "sent as max_tokens, the name that Moonshot has deprecated"),
    ("/max_tokens", MISSING, int, "the same, seen from the other side"),
    ("/max_tokens", int, int, "the same, where both were asked for"),
    ("/reasoning_effort", str, MISSING, "not in its list for models that its price list calls no reasoners"),
    ("/thinking", dict, MISSING, "not in its list of parameters for Moonshot"),
    ("/stream", False, MISSING, "the default is left out"),
    ("/temperature", _is_the_one_taken, MISSING, "dropped for every reasoner, also the one value that it takes"),
    ("/stop", list, list, "cut to OpenAI's four; Moonshot takes five"),
    ("/tool_choice", "required", MISSING, "put into words for all models; kimi-k2.5 and later take it as it is"),
    ("/messages", list, _asks_for_a_tool, "the words for it"),
    ("/messages/*/content", None, MISSING, "a null is left out; Moonshot takes it beside tool calls"),
    ("/messages/*/content", list, str, "text parts are joined for all models, and without an end of line between"),
    ("/messages/*/content/*/image_url", str, dict, "wrapped as OpenAI wants it; no source says that Moonshot does"),
    ("/messages/*/provider_specific_fields", dict, {}, "its own place for reasoning is emptied, and sent on"),
    ("/messages/*/reasoning_content", MISSING, " ", "filled in for reasoners also while they are told not to think"),
)  # fmt: skip

#: The same of headers; a ``*`` at the end is any end.
HEADERS = {
    "accept": "of a stream we ask for events",
    "accept-encoding": "a compressed stream comes in lumps, and our client library asks for none anyway",
    "connection": "says what HTTP/1.1 does by default",
    "user-agent": "each has its own",
    "x-stainless-*": "OpenAI's SDK, which LiteLLM calls with, tells of itself",
}


@dataclass(frozen=True)
class Sent:
    """A call, and what became of it."""

    asked: dict[str, Any]
    """What a client would send that only knows the address."""
    theirs: dict[str, Any]
    """LiteLLM's request: method, path, headers in lower case, body."""
    ours: dict[str, Any] | None = None
    """Our request; None where a rule refused the call."""
    changes: tuple[Change, ...] = ()
    refused_by: str | None = None


class Capture:
    """A server that takes every call and keeps it."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._server: Server

    def run(self, calls: list[Call]) -> None:
        with serving(self._answer) as self._server:
            self.sent = [self._both(call) for call in calls]

    def _answer(self, connection: socket.socket) -> None:
        streams = self._server.bodies[-1].get("stream")
        chunks = events(chunk("Hel"), chunk("lo!"), chunk(finish="stop"), "[DONE]")
        (stream(chunks) if streams else answer())(connection)

    def _both(self, call: Call) -> Sent:
        plain = {key: value for key, value in call.items() if key != "extra_body"}
        asked = {**plain, "model": call["model"].removeprefix("moonshot/"), **call.get("extra_body", {})}
        theirs, _ = self._request(litellm.completion, call, drop_params=True)
        try:
            ours, answered = self._request(completion, call, policy={"lossy": "allow", "semantic": "allow"})
        except RefusedError as error:
            return Sent(asked, theirs, refused_by=error.change.rule)
        return Sent(asked, theirs, ours, answered.quirkbook.request)

    def _request(self, ask: Any, call: Call, **more: Any) -> tuple[dict[str, Any], Any]:
        """Return the one request that a call led to, and what was returned."""
        before = len(self._server.requests)
        found = ask(**copy.deepcopy(call), api_base=self._server.url, api_key=KEY, **more)
        if call.get("stream"):
            # LiteLLM ends with a chunk of usage, which has no choice.
            assert "".join(part.choices[0].delta.content or "" for part in found if part.choices) == "Hello!"
        else:
            assert found.choices[0].message.content == "Hello!"
        assert len(self._server.requests) == before + 1
        return self._server.requests[-1], found


@pytest.fixture(scope="module")
def sent() -> Iterator[list[Sent]]:
    """Make all calls once, for all tests of this file."""
    capture, before = Capture(), litellm.suppress_debug_info
    litellm.suppress_debug_info = True
    capture.run(generated())
    litellm.suppress_debug_info = before
    yield capture.sent
    litellm.in_memory_llm_clients_cache.flush_cache()
    gc.collect()


def differences(theirs: Any, ours: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any, Any]]:
    """Yield the innermost places where two JSON values differ; lists of different lengths differ as a whole."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            yield from differences(theirs.get(key, MISSING), ours.get(key, MISSING), (*keys, key))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for at, pair in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(*pair, (*keys, at))
    elif exact(theirs) != exact(ours):
        yield keys, theirs, ours


def value_at(payload: Any, keys: Keys) -> Any:
    """Return what stands at a place, MISSING where nothing does."""
    for key in keys:
        try:
            payload = payload[key]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return payload


def touches(change: Change, keys: Keys) -> bool:
    """Tell whether a change wrote a place, what holds it, or something in it."""
    ends = [end for end in (change.keys, change.moved_from) if end is not None]
    return any(end[: len(keys)] == keys[: len(end)] for end in ends)


def row_for(keys: Keys, asked: Any, theirs: Any) -> Row | None:
    """Return the row that says why LiteLLM sends this there."""
    path = pointer(tuple("*" if isinstance(key, int) else key for key in keys))
    return next((row for row in HABITS if row[0] == path and _fits(row[1], asked) and _fits(row[2], theirs)), None)


def _fits(cell: Any, value: Any) -> bool:
    if isinstance(cell, type):
        return type(value) is cell
    return cell(value) if callable(cell) else exact(cell) == exact(value)


def explain(one: Sent, used: list[Row]) -> Iterator[str]:
    """Yield the differences of the two bodies that nobody explains; collect the rows that explain one."""
    for keys, theirs, ours in differences(body(one.theirs), body(one.ours)):
        asked = value_at(one.asked, keys)
        told = f"{pointer(keys)}: asked {show(asked)}, LiteLLM sends {show(theirs)}, we send {show(ours)}"
        if exact(ours) != exact(asked) and not any(touches(change, keys) for change in one.changes):
            yield f"{told}; no rule says why we do\n  {json.dumps(one.asked)}"
        if exact(theirs) != exact(asked):
            row = row_for(keys, asked, theirs)
            if row is None:
                yield f"{told}; no row of HABITS says why LiteLLM does\n  {json.dumps(one.asked)}"
            else:
                used.append(row)


def body(request: Any) -> Any:
    return json.loads(request["body"])


def test_the_calls_are_a_hundred_and_always_the_same():
    assert len(generated()) == 100
    assert exact(generated()) == exact(generated())


def test_each_difference_of_the_bodies_has_its_reason_and_each_reason_a_difference(sent):
    used: list[Row] = []
    unexplained = [line for one in sent if one.ours for line in explain(one, used)]
    stale = [row for row in HABITS if row not in used]

    assert not unexplained, "\n".join(unexplained)
    assert not stale, f"rows of HABITS that explain nothing: {stale}"


def test_a_difference_without_a_reason_is_told_with_its_place_both_values_and_the_call():
    def request(**payload):
        return {"body": json.dumps(payload)}

    asked = {"seed": 7, "stream": False}
    ours, theirs = request(seed=7, stream=True), request(seed=8, stream=True)

    assert list(explain(Sent(asked, theirs, request(seed=9, stream=True)), [])) == [
        '/seed: asked 7, LiteLLM sends 8, we send 9; no rule says why we do\n  {"seed": 7, "stream": false}',
        "/seed: asked 7, LiteLLM sends 8, we send 9; no row of HABITS says why LiteLLM does\n"
        '  {"seed": 7, "stream": false}',
    ]
    assert len(list(explain(Sent(asked, theirs, ours), []))) == 1


def test_what_we_send_is_what_was_asked_and_the_changes_that_the_report_lists(sent):
    for one in sent:
        if one.ours:
            made = jsonpatch.apply_patch(copy.deepcopy(one.asked), copy.deepcopy(patch(one.changes)))
            assert exact(made) == exact(body(one.ours))


def test_what_we_do_not_send_a_rule_refuses(sent):
    refused = {one.refused_by for one in sent if one.ours is None}

    assert refused == {"moonshot/text-models-see-no-images", "moonshot/tool-names-differ"}


def test_both_ask_the_same_address_with_the_same_key_in_the_same_way(sent):
    def line(request):
        names = ("authorization", "content-type", "host")
        return [request["method"], request["path"], *(request["headers"][name] for name in names)]

    assert all(line(one.theirs) == line(one.ours) for one in sent if one.ours)
    assert line(sent[0].ours)[:4] == ["POST", "/v1/chat/completions", f"Bearer {KEY}", "application/json"]


def test_each_difference_of_the_headers_has_its_reason_and_each_reason_a_difference(sent):
    differ = set()
    for one in sent:
        if one.ours:
            theirs, ours = one.theirs["headers"], one.ours["headers"]
            differ |= {name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)}
    differ.discard("content-length")  # follows from the body

    named = {next((row for row in HEADERS if _means(row, name)), name) for name in differ}
    assert named == set(HEADERS)


def _means(row: str, name: str) -> bool:
    return name.startswith(row[:-1]) if row.endswith("*") else name == row


def test_the_emulated_provider_takes_all_that_we_send(sent):
    provider = emulated.load("moonshot")
    asked = [(body(one.ours), provider.model(one.asked["model"])) for one in sent if one.ours]

    assert [
        provider.refusal(payload, model) for payload, model in asked if model and provider.refusal(payload, model)
    ] == []


def test_a_class_for_the_answer_goes_as_litellm_sends_it():
    pydantic = pytest.importorskip("pydantic", reason="pydantic, which comes with the openai package, is not installed")

    class City(pydantic.BaseModel):
        name: str
        people: int
        districts: list[str] = pydantic.Field(default=["all"], description="From north to south.")

    call = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Name one."}], "response_format": City}
    with serving(answer()) as server:
        litellm.completion(**call, api_base=server.url, api_key=KEY)
        completion(**call, api_base=server.url, api_key=KEY)

    theirs, ours = server.bodies
    assert exact(ours["response_format"]) == exact(theirs["response_format"])
