"""Keys of clients: what each may ask for, how much, by which policy and until when; the log names them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.gateway.asking import a_deployment, a_plain_deployment, running
from tests.servers import COMPLETION, answer, serving

from quirkbook.gateway import access
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.config.model import Allowance, ClientKey
from quirkbook.gateway.http.asgi import HTTPError
from quirkbook.gateway.http.auth import Authenticator

pytestmark = pytest.mark.timeout(30)

MASTER = ClientKey.of("master_key", "sk-master")
TEAM = replace(ClientKey.of("team-a", "sk-team-a"), models=("cheap", "wild/*", "real"))


@pytest.fixture(scope="module")
def front():
    names = ("cheap", "dear", "wild/*", "wild/b", "real")
    with serving(answer(COMPLETION)) as server:
        deployments = [a_plain_deployment(server.url, name) for name in names]
        deployments[1] = replace(deployments[1], id="dear-1")
        with running(*deployments, keys=(MASTER, TEAM), aliases={"short": "dear", "other": "real"}) as found:
            yield found


def ask(front, model, key="sk-team-a", **fields):
    return front.ask({"model": model, **fields}, authorization=f"Bearer {key}")


@pytest.mark.parametrize("model", ["cheap", "wild/x", "wild/b", "other"])
def test_a_key_may_ask_for_its_models_by_each_of_their_names(front, model):
    assert ask(front, model).status == 200


@pytest.mark.parametrize("model", ["dear", "short", "dear-1"])
def test_a_key_may_ask_for_no_other(front, model):
    got = ask(front, model)

    assert (got.status, got.error["type"], got.error["code"]) == (403, "permission_error", "model_not_allowed")
    assert got.error["message"] == "the key 'team-a' is not allowed to use this model; allowed: cheap, wild/*, real"
    assert ask(front, model, "sk-master").status == 200


@pytest.mark.parametrize("field", [{"fallbacks": ["dear"]}, {"context_window_fallbacks": [{"cheap": ["dear"]}]}])
def test_nor_may_it_name_others_as_fallbacks(front, field):
    assert ask(front, "cheap", **field).status == 403
    assert ask(front, "cheap", "sk-master", **field).status == 200


def test_the_list_of_models_is_that_of_the_key(front):
    def listed(key):
        got = front.ask(method="GET", path="/v1/models", authorization=f"Bearer {key}")
        return [one["id"] for one in got.json["data"]]

    assert listed("sk-master") == ["cheap", "dear", "wild/*", "wild/b", "real", "short", "other"]
    assert listed("sk-team-a") == ["cheap", "wild/*", "wild/b", "real"]


def test_one_model_is_shown_to_whom_may_ask_for_it(front):
    statuses = [
        front.ask(method="GET", path=f"/v1/models/{model}", x_api_key="sk-team-a").status
        for model in ("cheap", "dear", "x")
    ]

    assert statuses == [200, 403, 404]


def test_names_of_a_wildcard_that_a_key_has_are_listed_by_themselves():
    class Router:
        def names(self):
            return ("wild/*", "cheap")

        def route(self, model):
            if model == "gone":
                raise access.UnknownModelError(model, ())
            return ()

    key = replace(TEAM, models=("wild/one", "gone", "cheap"))

    assert access.allowed_names(key, Router()) == ["cheap", "wild/one"]


def test_the_figures_are_for_keys_of_all_models(front):
    statuses = [front.ask(method="GET", path="/metrics", x_api_key=key).status for key in ("sk-master", "sk-team-a")]

    assert statuses == [200, 403]


def test_an_object_of_an_earlier_request_is_looked_for_at_the_models_of_the_key(front):
    assert front.ask(method="GET", path="/v1/responses/resp_1", x_api_key="sk-team-a").status == 200
    with running(a_plain_deployment("http://127.0.0.1:9/v1", "dear"), keys=(TEAM,)) as alone:
        assert alone.ask(method="GET", path="/v1/responses/resp_1", x_api_key="sk-team-a").status == 403


def test_the_log_names_the_key_and_never_shows_it(front):
    front.forget()
    ask(front, "cheap")
    ask(front, "dear", "sk-master")

    assert [line["key"] for line in front.logged(2)] == ["team-a", "master_key"]
    assert "sk-" not in "".join(front.lines)


def test_a_key_has_limits_of_its_own():
    team = replace(ClientKey.of("team-a", "sk-a"), allowance=Allowance(rpd=2))
    with (
        serving(answer(COMPLETION)) as server,
        running(a_plain_deployment(server.url, "m"), keys=(team, MASTER)) as front,
    ):
        got = [ask(front, "m", "sk-a") for _ in range(3)]
        assert ask(front, "m", "sk-master").status == 200

    assert [each.status for each in got] == [200, 200, 429]
    assert (
        got[2].error["message"].startswith("the key 'team-a' has a limit of 2 requests a day, which is reached: ask ")
    )
    assert int(got[2].headers["retry-after"]) > 0
    assert len(server.requests) == 3


def test_a_key_has_tokens_of_its_own():
    team = replace(ClientKey.of("team-a", "sk-a"), allowance=Allowance(tpd=1))
    with serving(answer(COMPLETION)) as server, running(a_plain_deployment(server.url, "m"), keys=(team,)) as front:
        got = []
        for _ in range(2):
            got.append(ask(front, "m", "sk-a").status)
            front.forget()

    assert got == [200, 429]


def test_a_key_has_requests_at_once_of_its_own():
    team = replace(ClientKey.of("team-a", "sk-a"), allowance=Allowance(parallel=1))
    with serving(answer(COMPLETION)) as server, running(a_plain_deployment(server.url, "m"), keys=(team,)) as front:
        front.gateway.quota.slots.take("key:team-a", 1)
        got = ask(front, "m", "sk-a")
        front.gateway.quota.slots.give("key:team-a")
        assert ask(front, "m", "sk-a").status == 200

    assert (got.status, got.error["code"], got.headers["retry-after"]) == (429, "too_many_at_once", "1")
    assert (
        got.error["message"] == "the key 'team-a' has 1 request under way, which is its limit (max_parallel_requests)"
    )


def test_a_key_has_a_policy_of_its_own():
    strict = replace(ClientKey.of("strict", "sk-strict"), policy={"lossy": "error", "semantic": "error"})
    with serving(answer(COMPLETION)) as server, running(a_deployment(server.url), keys=(strict, MASTER)) as front:
        got = [ask(front, "kimi", key, temperature=1.8) for key in ("sk-master", "sk-strict")]
        mild = front.ask({"temperature": 1.8}, x_api_key="sk-strict", x_quirkbook_policy="lossy=warn, semantic=warn")

    assert [(each.status, each.json.get("error", {}).get("code")) for each in got] == [
        (200, None),
        (400, "forbidden_by_policy"),
    ]
    assert mild.status == 200


def check(key, now, header=None, **headers):
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    guard = Authenticator([key], key_header=header, clock=lambda: now)
    return guard.check({"headers": listed, "method": "POST"})


def test_a_key_ends_when_it_expires():
    key = replace(TEAM, expires=1_800_000_000.0)

    assert check(key, 1_799_999_999.0, authorization="Bearer sk-team-a") is key
    with pytest.raises(HTTPError) as caught:
        check(key, 1_800_000_000.0, authorization="Bearer sk-team-a")
    assert (caught.value.status, caught.value.body["error"]["code"]) == (401, "expired_api_key")
    assert str(caught.value) == (
        "the key 'team-a' expired at 2027-01-15 08:00 UTC: ask whoever runs the gateway for another"
    )


def test_a_header_of_ones_own_may_carry_the_key():
    assert check(TEAM, 0, "x-team-key", x_team_key="Bearer sk-team-a") is TEAM
    with pytest.raises(HTTPError):
        check(TEAM, 0, x_team_key="Bearer sk-team-a")


# The config

MODELS = "model_list: [{model_name: m, litellm_params: {model: moonshot/m, api_key: k}}]\n"


def read(tmp_path, entries, more="", **environ):
    path = tmp_path / "config.yaml"
    path.write_text(f"{MODELS}quirkbook_settings: {{keys: {entries}}}\n{more}")
    return read_config(path, environ=environ)


def test_a_key_is_written_with_what_it_may_do(tmp_path):
    text = """[{name: team-a, key: os.environ/TEAM, models: [m, "x/*"], rpm: 1, tpm: 2, rpd: 3, tpd: "4",
      max_parallel_requests: 5, policy: {lossy: error}, expires: 2026-12-31}]"""
    config = read(tmp_path, text, TEAM="sk-a")

    allowance = Allowance(1, 2, 3, 4, 5)
    expires = 1_798_761_600.0  # 2027-01-01
    wanted = ClientKey("team-a", hashlib.sha256(b"sk-a").digest(), ("m", "x/*"), allowance, {"lossy": "error"}, expires)
    assert config.keys == (wanted,)
    assert {setting.state for setting in config.settings} == {"used"}


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [
        ("2026-12-31T12:00:00Z", 1_798_718_400.0),
        ("2026-12-31 12:00", 1_798_718_400.0),
        ("2026-12-31T13:00+01:00", 1_798_718_400.0),
    ],
)
def test_a_time_without_a_zone_is_utc(tmp_path, expires, seconds):
    assert read(tmp_path, f"[{{name: a, key: k, expires: '{expires}'}}]").keys[0].expires == seconds


def test_a_key_may_be_written_by_its_hash(tmp_path):
    digest = hashlib.sha256(b"sk-a").hexdigest()

    for written in (digest, f"sha256:{digest}", digest.upper()):
        assert read(tmp_path, f"[{{name: a, hash: '{written}'}}]").keys == (ClientKey.of("a", "sk-a"),)


def test_a_key_without_models_may_ask_for_all_and_one_with_none_for_none(tmp_path):
    keys = read(tmp_path, "[{name: a, key: k}, {key: l, models: []}, plain]").keys

    assert [(key.name, key.models, key.may_ask("m")) for key in keys] == [
        ("a", None, True),
        ("keys[1]", (), False),
        ("keys[2]", None, True),
    ]


def test_the_requests_at_once_of_general_settings_are_those_of_each_key(tmp_path):
    text = "[{name: a, key: k, max_parallel_requests: 2}, plain]"
    config = read(tmp_path, text, "general_settings: {max_parallel_requests: 9}\n")

    assert [key.allowance.parallel for key in config.keys] == [2, 9]


def test_without_keys_nobody_has_a_number_of_requests_at_once(tmp_path):
    config = read(tmp_path, "[]", "general_settings: {max_parallel_requests: 9}\n")

    (setting,) = (one for one in config.settings if one.pointer.endswith("/max_parallel_requests"))
    assert (setting.state, setting.why) == ("unsupported", "it holds for each key of a client, and there is none")


DATES = "write 2026-12-31 for the end of that day, UTC, or 2026-12-31T12:00:00Z"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("[{name: a}]", "a key is named by one of 'key' and 'hash'\n  hint: write key: os.environ/NAME, or hash: its SHA-256"),
        ("[{name: a, key: k, hash: h}]", "a key is named by one of 'key' and 'hash'\n  hint: write key: os.environ/NAME, or hash: its SHA-256"),
        ("[{name: a, hash: abc}]", "'hash' must be the SHA-256 of a key\n  hint: write the 64 hexadecimal digits that `printf %s \"$KEY\" | sha256sum` prints"),
        ("[{name: a, key: ''}]", "'key' must be text, not empty text"),
        ("[{name: a, key: k}, {name: a, key: l}]", "another key is called 'a', too\n  hint: give each a name of its own"),
        ("[{name: a, key: k, models: [n]}]", "no model is called 'n'\n  hint: known: m"),
        ("[{name: a, key: k, models: n}]", "no model is called 'n'\n  hint: known: m"),
        ("[{name: a, key: k, expires: soon}]", "'expires' must be a date or a time\n  hint: " + DATES),
        ("[{name: a, key: k, expires: ''}]", "'expires' must be text, not empty text"),
        ("[{name: a, key: k, policy: {lossy: no}}]", "policy: lossy cannot be 'False'\n  hint: write one of allow, warn, error"),
        ("[{name: a, key: k, rpm: -1}]", "'rpm' must be a whole number from 0 to 1,000,000,000,000"),
        ("[{name: a, key: k, modles: [m]}]", "unknown key 'modles' in 'client_key'\n  hint: did you mean 'models'?"),
        ("[{sk-secret: 1}]", "'keys[0]' must be a key, or a mapping with name and key, not a mapping"),
        ("[{name: a, key: os.environ/NOT_SET}]", "the environment variable NOT_SET is not set\n  hint: set it before the gateway starts: export NOT_SET=..."),
    ],
)  # fmt: skip
def test_a_key_that_is_written_wrong_is_a_diagnostic(tmp_path, entries, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, entries)

    assert str(caught.value).partition("]: ")[2] == said
