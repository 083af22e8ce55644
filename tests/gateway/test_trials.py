"""Rules that are tried out: models in the shadow, whose requests go unchanged, and the canary, a share of the requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.gateway.asking import BOOK, CHAT, HI, a_deployment, a_plain_deployment, running
from tests.gateway.served import a_config
from tests.servers import COMPLETION, answer, chunk, events, serving, stream

from quirkbook import explain
from quirkbook.errors import PayloadError
from quirkbook.gateway import service
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.config.model import Allowance, Canary
from quirkbook.gateway.upstream import target
from quirkbook.rulebook.rulebook import Rulebook

pytestmark = pytest.mark.timeout(20)

CHANGED = {"messages": HI, "temperature": 1.7, "extra": {"of": [1, 2.5]}}
REFUSED = {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}
RULES = list(
    dict.fromkeys(
        change.rule for change in explain({"model": "moonshot-v1-8k", **CHANGED}, "moonshot", policy={}).changes
    )
)
OTHER = """
quirks: 1
provider: moonshot
rules:
  - id: no-seed
    why: A rule to try out.
    source: https://example.com
    verified: {date: 2026-12-01, by: docs}
    when: {seed: {exists: true}}
    do: [{drop: [seed]}]
    examples: [{in: {seed: 1}, out: {}}]
"""


@pytest.fixture(scope="module")
def shadow():
    with (
        serving(answer(COMPLETION)) as server,
        running(a_deployment(server.url, shadow=True), a_plain_deployment(server.url, shadow=True)) as front,
    ):
        yield front, server


def ask(shadow, payload, *script, **more):
    front, server = shadow
    server.requests.clear()
    server.script[:] = script or [answer(COMPLETION)]
    front.forget()
    return front.ask(payload, **more)


def sent(server):
    return server.bodies[0]


# In the shadow


def test_a_request_in_the_shadow_goes_unchanged_and_what_rules_would_do_is_told(shadow):
    got = ask(shadow, CHANGED)

    assert got.status == 200
    assert sent(shadow[1]) == {"model": "moonshot-v1-8k", **CHANGED}
    assert got.headers["x-quirkbook-shadow"] == "change"
    assert got.headers["x-quirkbook-would"] == ", ".join(RULES)
    assert "x-quirkbook-rules" not in got.headers
    (line,) = shadow[0].logged()
    assert (line["shadow"], line["would"]) == ("change", RULES)
    assert "rules" not in line and "would_refuse" not in line


def test_where_no_rule_would_do_anything_that_is_told_too(shadow):
    got = ask(shadow, {"messages": HI})

    assert got.headers["x-quirkbook-shadow"] == "nothing"
    assert "x-quirkbook-would" not in got.headers
    (line,) = shadow[0].logged()
    assert line["shadow"] == "nothing" and "would" not in line


def test_a_request_that_rules_would_refuse_goes_all_the_same(shadow):
    got = ask(shadow, REFUSED, answer({"error": {"message": "no audio", "type": "t"}}, 400))

    assert (got.status, got.error["message"]) == (400, "no audio")
    assert sent(shadow[1])["messages"] == REFUSED["messages"]
    assert got.headers["x-quirkbook-shadow"] == "refuse"
    assert got.headers["x-quirkbook-would"].startswith("moonshot/")
    (line,) = shadow[0].logged()
    assert line["shadow"] == "refuse" and len(line["would_refuse"]) <= 300


def test_so_does_one_that_the_policy_forbids(shadow):
    got = ask(shadow, CHANGED, x_quirkbook_policy="lossy=error, exact=error, semantic=error")

    assert (got.status, got.headers["x-quirkbook-shadow"]) == (200, "refuse")
    assert sent(shadow[1])["temperature"] == 1.7


def test_the_answers_go_unchanged_too(shadow):
    thinking = json.loads(json.dumps(COMPLETION))
    thinking["choices"][0]["message"]["reasoning"] = "Hm."
    got = ask(shadow, {"messages": HI}, answer(thinking))
    assert got.json["choices"][0]["message"]["reasoning"] == "Hm."

    piece = chunk("Hel")
    piece["choices"][0]["delta"]["reasoning"] = "Hm."
    got = ask(shadow, {"messages": HI, "stream": True}, stream(events(piece, chunk(finish="stop"), "[DONE]")))
    assert got.events[0]["choices"][0]["delta"] == piece["choices"][0]["delta"]
    assert got.headers["x-quirkbook-shadow"]


def test_a_deployment_without_rules_in_the_shadow_is_as_ever(shadow):
    got = ask(shadow, {"model": "plain", **CHANGED})

    assert (got.status, got.headers["x-quirkbook-shadow"]) == (200, "nothing")


def test_the_figures_tell_what_rules_would_do_and_how_the_requests_ended():
    with serving(answer(COMPLETION)) as server, running(a_deployment(server.url, shadow=True)) as front:
        front.ask(CHANGED)
        server.script[:] = [answer({"error": {"message": "no audio", "type": "t"}}, 400)]
        front.ask(REFUSED)
        page = front.ask(method="GET", path="/metrics").body.decode()

    assert 'quirkbook_shadow_requests_total{model="kimi",status="200",would="change"} 1.0' in page
    assert 'quirkbook_shadow_requests_total{model="kimi",status="400",would="refuse"} 1.0' in page
    assert f'quirkbook_rules_would_fire_total{{rule="{RULES[0]}"}} 1.0' in page
    assert f'quirkbook_rules_fired_total{{rule="{RULES[0]}"}}' not in page


def test_a_fallback_that_is_not_in_the_shadow_is_translated():
    with serving(answer("", 500)) as bad, serving(answer(COMPLETION)) as good:
        two = [a_deployment(bad.url, shadow=True), a_deployment(good.url, "next")]
        with running(*two, fallbacks={"kimi": ("next",)}) as front:
            got = front.ask(CHANGED)

    assert "x-quirkbook-shadow" not in got.headers
    assert got.headers["x-quirkbook-rules"] == ", ".join(RULES)


def test_thoughts_that_a_client_lost_stay_lost_in_the_shadow(shadow):
    front, _ = shadow
    (kimi,) = front.gateway.service.router.of_name("kimi")

    assert front.gateway.service.route(kimi).wants_thoughts is False


def test_rules_that_would_make_it_too_large_are_told(shadow, monkeypatch):
    def too_large(execution):
        raise PayloadError("too large")

    monkeypatch.setattr(target, "run", too_large)
    got = ask(shadow, CHANGED)

    assert (got.status, got.headers["x-quirkbook-shadow"]) == (200, "refuse")
    assert shadow[0].logged()[0]["would_refuse"] == "payload: too large"


# The canary


@pytest.fixture
def lot(monkeypatch):
    """Draw these numbers, the last one for ever."""
    numbers = [0.99]
    monkeypatch.setattr(service, "random", lambda: numbers[0] if len(numbers) == 1 else numbers.pop(0))
    return numbers


@pytest.fixture
def other(tmp_path):
    folder = tmp_path / "canary"
    folder.mkdir()
    (folder / "moonshot.yaml").write_text(OTHER)
    return folder


def test_a_share_of_the_requests_is_translated_by_other_rules(lot, other):
    canary = Canary(0.05, (other,), Rulebook.load(other))
    with serving(answer(COMPLETION)) as server, running(a_deployment(server.url), canary=canary) as front:
        lot[:] = [0.049, 0.05]
        first, second = front.ask({"seed": 7}), front.ask({"seed": 7})
        lines = front.logged(2)
        page = front.ask(method="GET", path="/metrics").body.decode()

    assert [("seed" in payload) for payload in server.bodies] == [False, True]
    assert (first.headers["x-quirkbook-canary"], first.headers["x-quirkbook-rules"]) == ("true", "moonshot/no-seed")
    assert "x-quirkbook-canary" not in second.headers
    assert [line.get("canary") for line in lines] == [True, None]
    assert 'quirkbook_canary_requests_total{model="kimi",status="200"} 1.0' in page


def test_without_rules_of_its_own_the_canary_lets_the_rules_act_where_all_else_is_in_the_shadow(lot):
    with (
        serving(answer(COMPLETION)) as server,
        running(a_deployment(server.url, shadow=True), canary=Canary(0.5)) as front,
    ):
        lot[:] = [0.1, 0.9]
        acted, told = front.ask(CHANGED), front.ask(CHANGED)

    assert [payload["temperature"] for payload in server.bodies] == [1, 1.7]
    assert (acted.headers["x-quirkbook-canary"], "x-quirkbook-shadow" in acted.headers) == ("true", False)
    assert (told.headers["x-quirkbook-shadow"], "x-quirkbook-canary" in told.headers) == ("change", False)


def test_requests_of_the_canary_count_against_the_same_limits(lot):
    with serving(answer(COMPLETION)) as server:
        limited = a_deployment(server.url, allowance=Allowance(rpm=1))
        with running(limited, canary=Canary(0.5)) as front:
            lot[:] = [0.1, 0.9]
            assert [front.ask({}).status for _ in range(2)] == [200, 429]


# The config


def config(tmp_path, **ours) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(a_config("http://127.0.0.1:9/v1", quirkbook_settings=ours))
    return path


@pytest.mark.parametrize(
    ("shadow", "is_on"), [(True, True), (False, False), ("kimi", True), (["ki*"], True), ([], False), (["*"], True)]
)
def test_which_models_are_in_the_shadow(tmp_path, shadow, is_on):
    assert [one.shadow for one in read_config(config(tmp_path, shadow=shadow), rulebook=BOOK).deployments] == [is_on]


def test_the_canary_of_a_config(tmp_path, other):
    read = read_config(config(tmp_path, canary={"percent": 5, "rules": ["canary"]}))

    assert read.canary is not None and read.canary.rulebook is not None
    assert (read.canary.share, read.canary.rules) == (0.05, (other,))
    assert [file.name for file in read.canary.rulebook.files] == ["moonshot"]
    assert read.rulebook.files == ()


@pytest.mark.parametrize(("canary", "share"), [(5, 0.05), ("2.5", 0.025), ({"percent": 100}, 1.0)])
def test_a_number_is_the_share_for_which_rules_act(tmp_path, canary, share):
    read = read_config(config(tmp_path, shadow=True, canary=canary), rulebook=BOOK)

    assert read.canary == Canary(share)


@pytest.mark.parametrize("nothing", [0, None, {"percent": 0}])
def test_no_share_is_no_canary(tmp_path, nothing):
    assert read_config(config(tmp_path, shadow=True, canary=nothing), rulebook=BOOK).canary is None


@pytest.mark.parametrize(
    ("ours", "says"),
    [
        ({"shadow": ["kimmi"]}, "Q305]: no model is called 'kimmi'"),
        ({"shadow": "kimmi"}, "Q305]: no model is called 'kimmi'"),
        ({"shadow": 5}, "'shadow' must be a list of names, not a number"),
        ({"canary": 5}, "'canary' has nothing to try out"),
        ({"canary": {"percent": 5}}, "'canary' has nothing to try out"),
        ({"canary": {"rules": ["x"]}}, "'percent' is missing"),
        ({"shadow": True, "canary": 101}, "'canary' must be a number from 0 to 100"),
        ({"shadow": True, "canary": {"percent": -1}}, "'percent' must be a number from 0 to 100"),
        ({"canary": {"percent": 5, "rules": ["nowhere"]}}, "there is no folder"),
        ({"canary": {"percent": 5, "rules": ["canary"], "share": 5}}, "unknown key 'share' in 'canary'"),
    ],
)
def test_what_is_wrong_with_them_is_said(tmp_path, other, ours, says):
    with pytest.raises(ConfigError) as error:
        read_config(config(tmp_path, **ours), rulebook=BOOK)

    assert says in str(error.value)


def test_faulty_rules_of_the_canary_keep_the_gateway_from_starting(tmp_path, other):
    (other / "moonshot.yaml").write_text(OTHER.replace("drop:", "dorp:"))
    with pytest.raises(ConfigError) as error:
        read_config(config(tmp_path, canary={"percent": 5, "rules": ["canary"]}))

    assert "dorp" in str(error.value)


def test_rules_of_the_canary_that_lead_requests_elsewhere_are_told(tmp_path, other):
    (other / "moonshot.yaml").write_text(OTHER.replace("rules:", "base_url: https://elsewhere.example/v1\nrules:"))
    read = read_config(config(tmp_path, canary={"percent": 5, "rules": ["canary"]}))

    assert ["Q221" in str(remark) for remark in read.remarks] == [True]


def test_the_other_addresses_take_no_part(shadow):
    got = ask(
        shadow,
        {"model": "kimi", "input": "x"},
        answer({"data": []}),
        path=CHAT.replace("chat/completions", "embeddings"),
    )

    assert got.status == 200 and "x-quirkbook-shadow" not in got.headers
