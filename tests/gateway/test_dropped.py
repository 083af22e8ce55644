"""Fields that the config leaves out for one deployment (additional_drop_params), and the model that moderates."""

from __future__ import annotations

import json

import pytest
from tests.gateway.asking import BOOK, HI, a_deployment, a_plain_deployment, running
from tests.gateway.served import a_config
from tests.servers import COMPLETION, answer, serving

from quirkbook.gateway.config import dropped
from quirkbook.gateway.config.load import ConfigError, read_config

pytestmark = pytest.mark.timeout(20)

TOOL = {"type": "function", "function": {"name": "f", "strict": True, "parameters": {"type": "object"}}}
#: Path, payload, payload without it; as LiteLLM has each.
CASES = [
    ("seed", {"seed": 1, "n": 2}, {"n": 2}),
    ("seed", {"n": 2}, {"n": 2}),
    ("metadata.user", {"metadata": {"user": "u", "a": 1}}, {"metadata": {"a": 1}}),
    ("metadata.user.name", {"metadata": {"user": "u"}}, {"metadata": {"user": "u"}}),
    (
        "tools[*].function.strict",
        {"tools": [TOOL, 5]},
        {"tools": [{**TOOL, "function": {"name": "f", "parameters": {"type": "object"}}}, 5]},
    ),
    ("tools[1].x", {"tools": [{"x": 1}, {"x": 1, "y": 2}]}, {"tools": [{"x": 1}, {"y": 2}]}),
    ("tools[7].x", {"tools": [{"x": 1}]}, {"tools": [{"x": 1}]}),
    ("tools[*]", {"tools": [1, 2]}, {"tools": [1, 2]}),
    ("tools.x", {"tools": [{"x": 1}]}, {"tools": [{"x": 1}]}),
    ("a[*][*].x", {"a": [[{"x": 1}], [{"y": 2}]]}, {"a": [[{}], [{"y": 2}]]}),
]


@pytest.mark.parametrize(("path", "before", "after"), CASES, ids=[f"{at}: {case[0]}" for at, case in enumerate(CASES)])
def test_what_stands_at_a_path_is_gone_and_nothing_else(path, before, after):
    parsed = dropped.parsed(path)
    written = json.dumps(before)
    payload = dict(before)

    changed = dropped.without(payload, [parsed])

    assert payload == after
    assert json.dumps(before) == written
    assert changed == (set() if before == after else {path.split(".")[0].split("[")[0]})
    assert dropped.without(payload, [parsed]) == set()


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "[*].a", "a[x]", "a[-1]", "a[", "a]b["])
def test_what_is_no_path_is_none(text):
    assert dropped.parsed(text) is None


def ask(payload, *paths, **more):
    given = {"dropped": tuple(map(dropped.parsed, paths)), **more}
    with serving(answer(COMPLETION)) as server, running(a_deployment(server.url, **given)) as front:
        got = front.ask(payload)
        return got, server.bodies[0], front.logged()[0]


def test_a_request_loses_them_before_the_rules_look_and_it_is_told():
    got, sent, line = ask({"temperature": 1.7, "seed": 5, "tools": [TOOL]}, "temperature", "tools[*].function.strict")

    assert sent["seed"] == 5 and "temperature" not in sent
    assert "strict" not in sent["tools"][0]["function"]
    assert line["rules"][0] == "additional_drop_params" and "moonshot/temperature-range" not in line["rules"]
    assert got.headers["x-quirkbook-rules"].startswith("additional_drop_params, ")


def test_one_that_has_none_of_them_goes_as_ever():
    got, sent, line = ask({"seed": 5}, "temperature", "tools[*].function.strict")

    assert sent == {"model": "moonshot-v1-8k", "messages": HI, "seed": 5}
    assert "rules" not in line and "x-quirkbook-rules" not in got.headers


def test_fields_that_the_config_itself_sets_are_left_out_too_and_messages_of_the_system_become_the_users():
    _, sent, line = ask(
        {"messages": [{"role": "system", "content": "Be brief."}, *HI]},
        "user",
        defaults={"user": "u"},
        takes_system=False,
    )

    assert "user" not in sent and [message["role"] for message in sent["messages"]] == ["user"]
    assert line["rules"] == ["additional_drop_params", "supports_system_message"]


def test_a_deployment_without_rules_loses_them_too():
    with serving(answer(COMPLETION)) as server:
        with running(a_plain_deployment(server.url, dropped=(("metadata", "user"), ("seed",)))) as front:
            front.ask({"model": "plain", "metadata": {"user": "u"}, "seed": 1})

        assert server.bodies[0] == {"model": "m-1", "messages": HI, "metadata": {}}


# The config


def config(tmp_path, **more):
    text = json.loads(a_config("http://127.0.0.1:9/v1"))
    text["model_list"][0]["litellm_params"] |= more
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(text, indent=1))
    return path


def test_the_paths_of_a_config(tmp_path):
    read = read_config(config(tmp_path, additional_drop_params=["seed", "tools[*].x"]), rulebook=BOOK)

    assert read.deployments[0].dropped == (("seed",), ("tools", "[*]", "x"))
    assert read_config(config(tmp_path, additional_drop_params="seed"), rulebook=BOOK).deployments[0].dropped == (
        ("seed",),
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["a..b"], "this is not the path of a field: write seed, metadata.user or tools[*].function.strict"),
        ("messages", "no request can do without 'messages': leave it out here"),
        ({"seed": True}, "'additional_drop_params' must be a list of names, not an object"),
    ],
)
def test_what_is_wrong_with_them_is_said(tmp_path, given, says):
    with pytest.raises(ConfigError) as error:
        read_config(config(tmp_path, additional_drop_params=given), rulebook=BOOK)

    found = [f"{one.message}: {one.hint}" if one.hint else one.message for one in error.value.diagnostics]
    assert found[0].replace("a mapping", "an object") == says


# The model that moderates


def moderated(front, server, payload, path="/v1/moderations"):
    server.requests.clear()
    front.ask(json.dumps(payload).encode(), path=path, content_type="application/json")
    return server.bodies[0]["model"]


def test_requests_for_moderation_go_to_the_model_of_the_config():
    with serving(answer({"results": []})) as server:
        two = [a_plain_deployment(server.url), a_deployment(server.url, "judge")]
        with running(*two, moderation="judge") as front:
            assert moderated(front, server, {"input": "x"}) == "moonshot-v1-8k"
            assert moderated(front, server, {"input": "x", "model": "plain"}) == "moonshot-v1-8k"
            assert moderated(front, server, {"input": "x", "model": "plain"}, "/v1/embeddings") == "m-1"


def test_the_model_that_moderates_is_one_of_the_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(a_config("http://127.0.0.1:9/v1", general_settings={"moderation_model": "kimi"}))
    read = read_config(path, rulebook=BOOK)

    assert read.moderation == "kimi"
    assert [one.state for one in read.settings if one.pointer.endswith("moderation_model")] == ["used"]
    path.write_text(a_config("http://127.0.0.1:9/v1", general_settings={"moderation_model": "kimmi"}))
    with pytest.raises(ConfigError, match="no model is called 'kimmi'"):
        read_config(path, rulebook=BOOK)
