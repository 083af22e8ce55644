"""What the gateway tells of its models, under OpenAI's, OpenRouter's and LiteLLM's names; never a key."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.gateway.asking import UPSTREAM_KEY, a_deployment, a_plain_deployment, running

pytestmark = pytest.mark.timeout(30)

URL = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def front():
    with running(
        a_deployment(f"{URL}?secret=s", id="first"), a_plain_deployment(URL), a_deployment(URL, "wild/*"),
        a_deployment("unix:/run/a.sock:/v1", "two"), a_plain_deployment(URL, "two"), keys=("k-1",),
    ) as found:  # fmt: skip
        yield found


def told(front, path, status=200):
    got = front.ask(path=path, method="GET", authorization="Bearer k-1")
    assert got.status == status
    assert UPSTREAM_KEY.encode() not in got.body and b"secret" not in got.body
    return got.json


def test_a_model_says_what_arrives_and_what_becomes_of_the_rest(front):
    (row, *_) = [one for one in told(front, "/v1/models")["data"] if one["id"] == "kimi"]

    assert row == told(front, "/v1/models/kimi")
    assert {"temperature", "seed", "tools"} <= set(row["supported_parameters"])
    assert row["providers"] == ["moonshot"]
    (deployment,) = row["deployments"]
    assert (deployment["id"], deployment["model"]) == ("first", "moonshot-v1-8k")
    assert deployment["parameters"]["temperature"] == {"range": [0, 1]}
    assert row["object"] == "model" and row["owned_by"] == "quirkbook"


def test_of_a_model_that_nobody_has_rules_for_only_the_deployment_is_told(front):
    row = told(front, "/v1/models/plain")

    assert "supported_parameters" not in row
    assert (row["providers"], row["deployments"]) == ([], [{"id": "plain", "provider": None, "model": "m-1"}])
    assert "supported_parameters" not in told(front, "/v1/models/two")  # one of two
    assert [one["provider"] for one in told(front, "/v1/models/two")["deployments"]] == ["moonshot", None]


def test_a_wildcard_is_listed_as_it_is_and_a_name_below_it_is_known(front):
    assert "wild/*" in [one["id"] for one in told(front, "/v1/models")["data"]]
    assert told(front, "/v1/models/wild%2Fany")["deployments"][0]["model"] == "moonshot-v1-8k"


@pytest.mark.parametrize("path", ["/model/info", "/v1/model/info", "/v1/v1/model/info/"])
def test_litellms_clients_find_what_they_ask_for(front, path):
    entries = told(front, path)["data"]

    assert [(one["model_name"], one["model_info"]["id"]) for one in entries] == [
        ("kimi", "first"), ("plain", "plain"), ("wild/*", "wild/*"), ("two", "two"), ("two", "two#2"),
    ]  # fmt: skip
    first = entries[0]
    assert first["litellm_params"] == {
        "model": "moonshot/moonshot-v1-8k",
        "custom_llm_provider": "moonshot",
        "api_base": URL,
    }
    info = first["model_info"]
    assert (info["litellm_provider"], info["mode"], info["db_model"], info["base_model"]) == (
        "moonshot",
        "chat",
        False,
        None,
    )
    assert "temperature" in info["supported_openai_params"] and info["supports_function_calling"] is True
    assert "supports_reasoning" not in info and "supports_web_search" not in info  # nothing speaks for them
    assert not {"web_search_options", "modalities", "store", "top_k"} & set(info["supported_openai_params"])
    assert info["parameters"]["temperature"] == {"range": [0, 1]}
    assert "supports_function_calling" not in entries[1]["model_info"]
    assert entries[3]["litellm_params"]["api_base"] == "unix:/run/a.sock"


@pytest.mark.parametrize(
    ("provider", "model", "ability", "told"),
    [
        ("openai", "gpt-5", "supports_reasoning", True),
        ("openai", "gpt-4o", "supports_reasoning", None),
        ("openai", "gpt-4o", "supports_web_search", False),
        ("xai", "grok-4", "supports_reasoning", None),  # it thinks, and takes no effort
    ],
)
def test_an_ability_that_nobody_speaks_for_is_left_out(provider, model, ability, told):
    deployment = replace(a_deployment(URL, "m"), provider=provider, upstream_model=model)
    with running(deployment, keys=("k-1",)) as front:
        (entry,) = front.ask(path="/model/info", method="GET", authorization="Bearer k-1").json["data"]

    assert entry["model_info"].get(ability) is told


def test_one_deployment_can_be_asked_for(front):
    assert [one["model_name"] for one in told(front, "/model/info?litellm_model_id=first")["data"]] == ["kimi"]
    assert told(front, "/model/info?litellm_model_id=none", 404)["error"]["code"] == "model_not_found"


def test_models_by_name(front):
    groups = told(front, "/model_group/info")["data"]
    assert [one["model_group"] for one in groups] == ["kimi", "plain", "wild/*", "two"]
    (only,) = told(front, "/model_group/info?model_group=kimi")["data"]
    assert (only["providers"], only["supports_tool_choice"]) == (["moonshot"], True)


def test_what_else_such_clients_ask(front):
    key = told(front, "/key/info")
    assert (key["key"], key["info"]["models"][0]) == (hashlib.sha256(b"k-1").hexdigest(), "kimi")
    routes = {one["path"]: one["methods"] for one in told(front, "/routes")["routes"]}
    assert routes["/v1/chat/completions"] == ["POST"] and routes["/v1/translate"] == ["POST", "GET"]
    assert routes["/v1/responses/{id}"] == ["GET", "DELETE"]
    count = front.ask(b"{}", path="/utils/token_counter", authorization="Bearer k-1")
    assert (count.status, count.error["code"]) == (501, "not_implemented")


@pytest.mark.parametrize("path", ["/model/info", "/v1/models", "/model_group/info", "/key/info", "/routes"])
def test_none_of_it_is_told_without_the_key(front, path):
    assert front.ask(path=path, method="GET").status == 401
