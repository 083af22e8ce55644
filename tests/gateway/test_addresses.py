"""Addresses as clients write them, and what GET says of one model."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import CHAT, HI

from quirkbook.gateway.http.paths import plain

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    "path",
    [
        CHAT, "/chat/completions", CHAT + "/", "/v1/v1/chat/completions", "//v1/chat/completions", "/openai/v1/chat/completions",
        "/api/v1/chat/completions", CHAT + "?api-version=1",
    ],
)  # fmt: skip
def test_a_completion_is_served_wherever_clients_look_for_it(front, path):
    assert front.ask({}, path=path).status == 200


@pytest.mark.parametrize(
    "path", ["/openai/deployments/{}/chat/completions?api-version=2024-02-01", "/engines/{}/chat/completions"]
)
def test_the_model_may_stand_in_the_address(front, path):
    front.script()
    asked = json.dumps({"messages": HI, "model": "other"}).encode()

    assert front.running.ask(asked, path=path.format("kimi")).status == 200
    assert front.running.ask(asked, path=path.format("nobody")).status == 404
    assert front.server.bodies[0]["model"] == "moonshot-v1-8k"


@pytest.mark.parametrize("path", ["/v1/models/kimi", "/models/kimi", "/v1/models/kimi/", "/openai/v1/models/kimi"])
def test_one_model_can_be_asked_for(front, path):
    got = front.running.ask(path=path, method="GET")

    assert (got.status, got.json["id"], got.json["object"]) == (200, "kimi", "model")


def test_a_model_that_nobody_serves_is_a_404(front):
    got = front.running.ask(path="/v1/models/nobody", method="GET")

    assert (got.status, got.error["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/models/", "/v1/v1/models"])
def test_the_list_is_served_likewise(front, path):
    assert [one["id"] for one in front.running.ask(path=path, method="GET").json["data"]] == ["kimi", "plain"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/nowhere/", "/v1/nowhere", "/metrics/x", "/", "/health/readiness", "//", "/v1", "/openai"]
)
def test_what_leads_nowhere_stays_as_it_is(path):
    assert plain(path).path == path or path == "//"
