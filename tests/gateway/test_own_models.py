"""The dry run of models that the gateway serves: by their own names, for each deployment."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.gateway.asking import HI, a_deployment, a_plain_deployment, running

from quirkbook.gateway.config.model import ClientKey, Deployment

pytestmark = pytest.mark.timeout(30)

HOT = {"messages": HI, "temperature": 1.4}


@pytest.fixture(scope="module")
def front():
    nowhere = "http://127.0.0.1:9/v1"
    deployments = [
        a_deployment(nowhere, "fast", defaults={"seed": 1}),
        a_deployment(nowhere, "fast", shadow=True),
        a_plain_deployment(nowhere, "fast"),
        a_deployment(nowhere, "mute", takes_system=False),
        a_deployment(nowhere, "own/*"),
    ]
    keys = ["sk-master", replace(ClientKey.of("team", "sk-team"), models=("mute",))]
    with running(*deployments, keys=keys, aliases={"quick": "fast"}) as found:
        yield found


def report(front, payload, **more):
    raw = {"payload": payload, **more}
    return front.ask(
        json.dumps(raw).encode(),
        path="/v1/translate",
        authorization="Bearer sk-master",
        content_type="application/json",
    ).json


@pytest.mark.parametrize("name", ["fast", "quick"])
def test_a_name_leads_to_the_report_of_its_first_deployment_and_verdicts_of_all(front, name):
    found = report(front, {"model": name, **HOT})

    assert (found["requested"], found["deployment"], found["provider"]) == (name, "fast", "moonshot")
    assert found["payload"] == {"seed": 1, "model": "moonshot-v1-8k", "messages": HI, "temperature": 1}
    assert [change["rule"] for change in found["changes"]] == ["moonshot/temperature-range"]
    about = {"provider": "moonshot", "model": "moonshot-v1-8k"}
    assert found["deployments"] == [
        {"deployment": "fast", **about, "verdict": "lossy"},
        {"deployment": "fast#2", **about, "verdict": "lossy", "shadow": True},
        {"deployment": "fast#3", "provider": "", "model": "m-1", "verdict": "unchanged"},
    ]


def test_one_of_the_deployments_can_be_asked_for(front):
    found = report(front, {"model": "x", **HOT}, model="fast", deployment="fast#3")

    assert (found["deployment"], found["provider"], found["changes"]) == ("fast#3", "", [])
    assert found["payload"] == {"model": "m-1", **HOT}
    assert (found["refused"], found["forbidden"], found["patch"]) == (False, [], [])


def test_messages_of_the_system_are_shown_as_they_are_sent(front):
    found = report(front, {"model": "mute", "messages": [{"role": "system", "content": "Be brief."}, *HI]})

    assert [message["role"] for message in found["payload"]["messages"]] == ["user"]


def test_a_name_with_stars_is_one_of_the_gateways_too(front):
    found = report(front, {"model": "own/anything", **HOT})

    assert (found["requested"], found["deployment"]) == ("own/anything", "own/*")


def test_a_provider_that_is_named_wins(front):
    found = report(front, {"model": "fast", **HOT}, provider="moonshot")

    assert (found["model"], "deployments" in found) == ("fast", False)


@pytest.mark.parametrize(
    ("payload", "more", "says"),
    [
        ({"model": "fast"}, {"deployment": "fast#9"}, "deployment: write one of fast, fast#2, fast#3"),
        ({"model": "fast"}, {"deployment": 5}, "deployment: write one of fast, fast#2, fast#3"),
        (
            {"model": "moonshot/x"},
            {"deployment": "a"},
            "deployment is only for a model that the gateway serves: leave it out, or name such a model",
        ),
        ({"model": "fast", "messages": 5}, {}, "messages must be an array"),
        ({"model": "fast"}, {"elsewhere": 1}, "elsewhere is not true or false"),
    ],
)
def test_what_is_wrong_is_said(front, payload, more, says):
    assert says in report(front, payload, **more)["error"]["message"]


def test_a_client_sees_only_the_models_of_its_key(front):
    team = {"authorization": "Bearer sk-team", "content_type": "application/json"}
    refused = front.ask(b'{"payload": {"model": "fast"}}', path="/v1/translate", **team)
    offered = front.ask(path="/v1/translate", method="GET", **team).json

    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    assert offered["models"] == ["mute"]
    assert {row["provider"] for row in offered["providers"]} >= {"moonshot", "openai"}


def test_who_else_takes_it_stands_in_the_report_when_it_is_asked_for(front):
    found = report(front, {"model": "fast", **HOT}, elsewhere=True)
    verdicts = {row["provider"]: row["verdict"] for row in found["elsewhere"]}

    assert verdicts["moonshot"] == "lossy" and verdicts["openai"] == "unchanged"
    assert len(verdicts) > 20


def test_a_whole_name_with_the_providers_own_prefix_keeps_it():
    groq = Deployment("c", "groq/groq/compound", "groq", "groq/compound", "sk-1")
    with running(groq) as front:
        found = front.ask(
            b'{"payload": {"model": "c", "messages": [{"role": "user", "content": "Hi"}]}}',
            path="/v1/translate",
            content_type="application/json",
        ).json

    assert found["payload"]["model"] == "groq/compound"
