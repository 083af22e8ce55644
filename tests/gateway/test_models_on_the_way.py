"""The model that is sent, and by whose name rules go: whatever a rule or a client's extra_body does to the payload."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import HI, a_deployment, a_plain_deployment, running
from tests.servers import COMPLETION, answer, serving

from quirkbook import Rulebook, translate
from quirkbook.gateway.config.model import Deployment
from quirkbook.gateway.http import body
from quirkbook.gateway.router import Target
from quirkbook.gateway.upstream import system
from quirkbook.gateway.upstream.target import Route

ALLOW = {"exact": "allow", "lossy": "allow", "semantic": "allow", "refuse": "error"}
HEAD = "why: w, source: 'https://x.example', verified: {date: 2026-11-22, by: docs}, examples: [{in: {}, same: true}]"
RULES = f"""\
quirks: 1
provider: x
base_url: https://x.example/v1
rules:
  - {{id: other, {HEAD}, when: {{model: old}}, do: [{{set: {{model: new}}}}]}}
  - {{id: bound, {HEAD}, models: [new], when: {{temperature: {{gt: 1}}}}, do: [{{clamp: {{temperature: [null, 1]}}}}]}}
  - {{id: back, {HEAD}, models: [new], stage: response, when: {{told: 1}}, do: [{{set: {{told: 2}}}}]}}
  - {{id: piece, {HEAD}, models: [new], stage: chunk, when: {{told: 1}}, do: [{{set: {{told: 2}}}}]}}
"""


def sent(route, **payload):
    fields = body.fields(json.dumps({"messages": HI, **payload}).encode())
    return route.translate(fields, ALLOW, 100)


@pytest.fixture
def renaming(tmp_path):
    (tmp_path / "x.yaml").write_text(RULES)
    book = Rulebook.load(tmp_path)
    deployment = Deployment("m", "x/old", "x", "old", api_key="k", api_base="http://127.0.0.1:9/v1")
    return Route(Target(deployment, "old"), book, {}), book


def test_rules_of_a_model_that_a_rule_sets_see_the_request(renaming):
    route, book = renaming

    done = sent(route, model="m", temperature=2)

    assert done.root == translate({"model": "old", "messages": HI, "temperature": 2}, "x", rulebook=book, policy=ALLOW)
    assert json.loads(done.raw) == {"messages": HI, "temperature": 1, "model": "new"}
    assert done.rules == ("x/other", "x/bound")


def test_rules_of_a_model_that_a_rule_sets_see_its_answer(renaming):
    route, _ = renaming
    done = sent(route, model="m")

    assert route.may_match_rules(json.dumps({**COMPLETION, "told": 1}).encode())
    assert route.relay(done).feed(b'data: {"told": 1}\n\n') == b'data: {"told":2}\n\n'


def test_models_that_no_rule_renames_stay_undecoded():
    route = Route(Target(a_deployment("http://127.0.0.1:9/v1"), "moonshot-v1-8k"), Rulebook(), {})

    assert not route.may_match_rules(b'{"choices": []}')
    assert isinstance(sent(route, model="kimi", nobodys=[1]).root["nobodys"], body.msgspec.Raw)


@pytest.mark.parametrize("more", [{}, {"extra_body": {"foo": 1}}])
def test_a_model_that_begins_like_its_provider_is_sent_whole(more):
    deployment = Deployment("m", "groq/groq/compound", "groq", "groq/compound", api_key="k")
    route = Route(Target(deployment, "groq/compound"), Rulebook(), {})

    done = sent(route, model="m", **more)

    assert done.root["model"] == json.loads(done.raw)["model"] == "groq/compound"
    assert route.request.model == "groq/compound"
    assert done.rules == (("quirkbook/extra-body",) if more else ())
    assert done.root.get("foo") == more.get("extra_body", {}).get("foo")


def test_a_model_for_something_else_takes_no_chat_and_the_others_of_its_name_do():
    with serving(answer(COMPLETION)) as server:
        deployments = [
            a_plain_deployment(server.url, "words", mode="embedding"),
            a_plain_deployment(server.url, "mixed", mode="embedding"),
            a_plain_deployment(server.url, "mixed", mode="responses"),
        ]
        with running(*deployments) as front:
            refused = front.ask({"model": "words"})
            mixed = [front.ask({"model": "mixed"}).headers["x-quirkbook-deployment"] for _ in range(4)]
            embedded = front.ask({"model": "words", "input": "a"}, path="/v1/embeddings")

    assert (refused.status, refused.error["code"]) == (400, "model_not_for_chat")
    assert refused.error["message"] == "'words' is not a model for chat completions: its model_info.mode is 'embedding'"
    assert (set(mixed), embedded.status) == ({"mixed#2"}, 200)


def test_a_model_of_the_config_that_is_not_served_is_told_from_one_that_nobody_knows():
    with running(
        a_plain_deployment("http://127.0.0.1:9/v1", "m"), left_out={"old": "models of 'x' are not served"}
    ) as front:
        got = [front.ask({"model": model}) for model in ("old", "older")]

    assert [each.status for each in got] == [404, 404]
    assert (
        got[0]
        .error["message"]
        .startswith("the model 'old' is in the config but is not served: models of 'x' are not served\n")
    )
    assert got[1].error["message"].startswith("unknown model 'older'")


SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, *HI]


@pytest.mark.parametrize("make", [a_deployment, a_plain_deployment])
def test_a_model_that_takes_no_system_message_gets_it_as_the_users(make):
    with serving(answer(COMPLETION)) as server, running(make(server.url, "m", takes_system=False)) as front:
        got = front.ask({"model": "m", "messages": SYSTEM})
        plain = front.ask({"model": "m"})

    assert [body["messages"] for body in server.bodies] == [
        [{"role": "user", "content": "Be brief.\n\nBe kind.\n\nHello"}],
        HI,
    ]
    assert got.headers["x-quirkbook-rules"].startswith("supports_system_message")
    assert "supports_system_message" not in plain.headers.get("x-quirkbook-rules", "")


def test_what_is_not_text_stays_a_message_of_its_own():
    parts = {"role": "user", "content": [{"type": "text", "text": "Look."}]}

    assert system.as_user([SYSTEM[0], parts, "odd", SYSTEM[0]]) == [
        {"role": "user", "content": "Be brief."},
        parts,
        "odd",
        {"role": "user", "content": "Be brief."},
    ]
