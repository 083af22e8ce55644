"""POST /v1/translate as a function: what it answers, and what it says to bodies that are none."""

import json
import math

import pytest
from tests.books import a_book, a_rule
from tests.running import nested

from quirkbook import Rulebook, __version__, explain
from quirkbook.gateway.dry_run import FIELDS, dry_run, encode, options

CLAMP = a_rule("cool", {"clamp": {"temperature": [0, 1]}}, {"temperature": {"gt": 1}})
LEAD = a_rule("no-seed", {"drop": ["seed"]}, {"seed": {"exists": True}}, effect="semantic", note="For the test.")
NAMES = a_rule("no-n", {"reject": "n is not taken"}, {"n": {"gt": 1}}, models=["big*", "!bigger", "small-1"])

FORGE = f"https://github.com/quirkbook/quirkbook/blob/v{__version__}"


@pytest.fixture(scope="module")
def book():
    return a_book(CLAMP, LEAD, NAMES, name="Acme", aliases=["acme_ai"])


def asked(book, body, **more):
    """Ask; the answer must be what JSON can say."""
    status, data = dry_run(body, book, **more)
    assert json.loads(encode(data)) == data
    return status, data


def test_the_answer_is_the_report_of_explain_and_whether_it_would_be_sent(book):
    payload = {"model": "acme/big", "temperature": 1.5, "top_p": 1}

    status, data = asked(book, {"payload": payload, "why_not": True})

    done = explain(payload, rulebook=book, why_not=True)
    assert (status, data) == (200, {**done.to_dict(), "refused": False, "forbidden": []})
    assert data["payload"] == {"model": "big", "temperature": 1, "top_p": 1}
    assert [one["rule"] for one in data["changes"]] == ["quirkbook/model-prefix", "acme/cool"]
    assert data["patch"][1] == {"op": "replace", "path": "/temperature", "value": 1}
    assert [one["because"] for one in data["quiet"]] == ["seed is absent", "n is absent"]


def test_provider_and_model_of_the_body_win_over_those_of_the_server(book):
    body = {"payload": {"model": "x", "n": 2}}

    assert asked(book, body, provider="acme")[1]["model"] == "x"
    assert asked(book, body, provider="acme", model="big")[1]["refused"] is True
    assert asked(book, {**body, "provider": "acme_ai", "model": "tiny"}, provider="nobody", model="big")[1] == {
        **explain(body["payload"], "acme", model="tiny", rulebook=book).to_dict(),
        "refused": False,
        "forbidden": [],
    }


def test_a_refusal_is_a_report_with_status_200(book):
    status, data = asked(book, {"payload": {"model": "acme/big", "n": 2, "temperature": 2}})

    assert status == 200
    assert data.pop("refusals") == [data["refusal"]]
    assert data == {
        "provider": "acme",
        "model": "big",
        "identity": None,
        "payload": None,
        "changes": [],
        "refusal": {
            "rule": "acme/no-n",
            "action": "reject",
            "effect": "refuse",
            "pointer": "/n",
            "note": "n is not taken",
            "why": "Why no-n.",
            "source": "https://acme.example/no-n",
            "location": "acme.yaml:5",
        },
        "quiet": [],
        "headers": {},
        "patch": [],
        "refused": True,
        "forbidden": ["refuse"],
    }


@pytest.mark.parametrize(
    ("server", "own", "forbidden"),
    [
        (None, None, []),
        ({"lossy": "error", "semantic": "error"}, None, ["lossy", "semantic"]),
        ({"lossy": "error", "semantic": "error"}, {"lossy": "allow"}, ["semantic"]),
        (None, {"exact": "error", "lossy": "error"}, ["lossy"]),
    ],
)
def test_what_the_policy_forbids_is_told_and_nothing_is_kept_back(book, server, own, forbidden):
    body = {"payload": {"temperature": 2, "seed": 7}, "provider": "acme", "policy": own}

    status, data = asked(book, body, policy=server)

    assert (status, data["forbidden"], data["payload"]) == (200, forbidden, {"temperature": 1})


def test_a_refusal_that_the_policy_lets_pass_is_a_remark(book):
    body = {"payload": {"model": "acme/big", "n": 2}, "policy": {"refuse": "warn"}}

    status, data = asked(book, body)

    assert (status, data["refused"], data["forbidden"], data["payload"]) == (200, False, [], {"model": "big", "n": 2})


@pytest.mark.parametrize(
    ("body", "message", "param", "code"),
    [
        ([], 'the body is not an object: write {"payload": {...}}', None, "invalid_type"),
        (
            {},
            'payload is missing: write {"payload": {"model": ..., "messages": [...]}}',
            "payload",
            "missing_parameter",
        ),
        (
            {"payload": None},
            'payload is missing: write {"payload": {"model": ..., "messages": [...]}}',
            "payload",
            "missing_parameter",
        ),
        (
            {"payload": []},
            'payload is not an object: write {"model": ..., "messages": [...]}',
            "payload",
            "invalid_type",
        ),
        (
            {"payload": {}, "provider": 3},
            "provider is not a string: write a provider's name, or leave it out where the model's prefix says it",
            "provider",
            "invalid_type",
        ),
        (
            {"payload": {}, "model": ["x"]},
            "model is not a string: write the model to translate for, or leave it out to take the payload's",
            "model",
            "invalid_type",
        ),
        ({"payload": {}, "why_not": "yes"}, "why_not is not true or false", "why_not", "invalid_type"),
        (
            {"payload": {}, "policy": "warn"},
            'policy is not an object: write {"lossy": "warn", "semantic": "error"}',
            "policy",
            "invalid_type",
        ),
        (
            {"payload": {}, "provider": "acme", "policy": {"lossy": "eror"}},
            "policy: lossy cannot be 'eror': write one of allow, warn, error",
            "policy",
            "invalid_value",
        ),
        (
            {"payload": {}, "provider": "acme", "policy": {"lossless": ["warn"]}},
            "policy: 'lossless' is not an effect: write one of exact, lossy, semantic, refuse",
            "policy",
            "invalid_value",
        ),
        (
            {"payload": {}, "provder": "acme"},
            "unknown key 'provder': did you mean 'provider'?",
            "provder",
            "unknown_parameter",
        ),
        (
            {"payload": {}, "zzz": 1},
            f"unknown key 'zzz': write one of {', '.join(FIELDS)}",
            "zzz",
            "unknown_parameter",
        ),
        (
            {"model": "acme/x", "temperature": 1, "messages": []},
            "unknown key 'temperature': the chat payload goes inside: write {\"payload\": {...}}",
            "temperature",
            "unknown_parameter",
        ),
        (
            {"payload": {"messages": 3}, "provider": "acme"},
            'payload/messages: messages must be an array, not a number; example: [{"role": "user", ...}]',
            "payload.messages",
            "invalid_type",
        ),
        (
            {"payload": {}, "provider": "acne"},
            "unknown provider 'acne': did you mean 'acme'?\n  known: acme",
            "provider",
            "unknown_provider",
        ),
        (
            {"payload": {"model": "acne/x"}},
            "unknown provider 'acne' in model 'acne/x': did you mean 'acme'?\n  known: acme",
            "model",
            "unknown_provider",
        ),
        (
            {"payload": {"model": "x"}},
            "no provider is named: give provider or base_url, or a model such as 'acme/x'\n  known: acme",
            "provider",
            "provider_unclear",
        ),
        (
            {"payload": {"a": [{}, {"b/c": math.nan}]}},
            "payload/a/1/b~1c: NaN and infinity are no JSON: write a number or null",
            "payload/a/1/b~1c",
            "invalid_value",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_translated_is_a_400_in_openais_shape(book, body, message, param, code):
    said = {"message": message, "type": "invalid_request_error", "param": param, "code": code}

    assert asked(book, body) == (400, {"error": said})


def test_a_payload_may_be_deeper_than_recursion_and_its_infinity_is_found():
    book = a_book(CLAMP)

    status, data = dry_run({"payload": nested(50_000, -math.inf), "provider": "acme"}, book)

    assert (status, data["error"]["code"]) == (400, "invalid_value")
    assert dry_run({"payload": nested(50_000), "provider": "acme"}, book)[0] == 200


def test_the_payload_is_never_touched(book):
    payload = {"model": "acme/big", "temperature": 3, "messages": [{"role": "user", "content": "Hi"}]}
    before = json.dumps(payload)

    dry_run({"payload": payload}, book)

    assert json.dumps(payload) == before


def test_half_a_surrogate_pair_and_a_huge_number_can_be_encoded(book):
    status, data = dry_run({"payload": {"user": "\ud83d", "x": 10**30}, "provider": "acme"}, book)

    assert (status, json.loads(encode(data))) == (200, data)


def test_the_options_name_each_provider_with_the_models_that_its_rules_know():
    book = a_book(
        {**NAMES, "examples": [{"in": {"model": name}, "same": True} for name in ("big-2", "bigger", "other")]},
        a_rule("gone", {"drop": ["x"]}, {"x": True}, models=["gone-1"]),
        CLAMP,
        name="Acme",
        aliases=["acme_ai"],
        disable=[{"rule": "acme/gone", "because": "For the test."}],
    )

    assert options(book) == {
        "links": {"rules": f"{FORGE}/rules", "table": f"{FORGE}/docs/compatibility.md"},
        "providers": [
            {
                "provider": "acme",
                "name": "Acme",
                "aliases": ["acme_ai"],
                "rules": 2,
                "models": ["big-2", "small-1"],
                "globs": ["big*", "small-1"],
            }
        ],
    }
    assert options(a_book(CLAMP))["providers"][0]["models"] == []


def test_the_options_of_the_built_in_rules_hold_each_provider_and_real_models():
    book = Rulebook.load()

    rows = {row["provider"]: row for row in options(book)["providers"]}

    assert tuple(rows) == book.providers
    assert {"kimi-k2.6", "moonshot-v1-8k"} <= set(rows["moonshot"]["models"])
    assert options(book) is options(book)
