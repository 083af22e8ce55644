"""Who takes a payload unchanged, after a repair, or not at all."""

import pytest
from tests.books import a_file, a_rule

from quirkbook import PayloadError, Rulebook
from quirkbook.authoring.support import Support, known, provider_support, unruled
from quirkbook.model import Effect

DROP = a_rule("no-seed", {"drop": ["seed"]}, {"seed": {"exists": True}})
EXACT = a_rule("user", {"rename": {"user": "uid"}}, {"user": {"exists": True}})
BOTH = a_rule(
    "both", [{"rename": {"user": "uid"}}, {"drop": ["seed"]}, {"warn": "Beware."}], {"seed": {"exists": True}}
)
TURN = a_rule("turn", {"append_message": {"role": "user", "content": "Go."}}, {"messages": {"len": 0}})
REJECT = a_rule("no", {"reject": "no seed here"}, {"seed": {"exists": True}})
REMARK = a_rule("hm", {"warn": "It is new."}, {"seed": {"exists": True}})
LATER = a_rule("later", {"drop": ["usage"]}, stage="response")
BIG = a_rule("big", {"drop": ["seed"]}, {"seed": {"exists": True}}, models=["big*"])


def book_of(**rules):
    return Rulebook([a_file(*rules[name], provider=name) for name in rules], builtin=False)


def test_every_provider_with_rules_says_how_the_payload_fits_the_best_first():
    book = book_of(
        refuser=[EXACT, REJECT], turner=[EXACT, TURN], dropper=[BOTH], namer=[EXACT], zed=[REMARK], any=[BIG]
    )

    fits = provider_support({"seed": 7, "user": "u", "messages": []}, book)

    assert fits == [
        Support("zed", "zed", None, Effect.NONE, {"zed/hm": Effect.NONE}, 1),
        Support("any", "any", None, Effect.NONE, {}, 0),  # its only rule is about other models
        Support("namer", "namer", None, Effect.EXACT, {"namer/user": Effect.EXACT}, 1),
        Support("dropper", "dropper", None, Effect.LOSSY, {"dropper/both": Effect.LOSSY}, 1),
        Support(
            "turner",
            "turner",
            None,
            Effect.SEMANTIC,
            {"turner/user": Effect.EXACT, "turner/turn": Effect.SEMANTIC},
            2,
        ),
        Support("refuser", "refuser", None, Effect.REFUSE, {"refuser/no": Effect.REFUSE}, 2),
    ]
    assert [fit.verdict for fit in fits] == ["unchanged", "unchanged", "exact", "lossy", "semantic", "refuses"]


def test_who_has_no_rules_for_requests_is_left_out_and_named():
    book = Rulebook(
        [
            a_file(provider="bare"),
            a_file(LATER, provider="late"),
            a_file(DROP, provider="off", disable=[{"rule": "off/no-seed", "because": "For the test."}]),
            a_file(DROP, provider="on", name="On Inc."),
        ],
        builtin=False,
    )

    assert unruled(book) == ["bare", "late", "off"]
    assert provider_support({"seed": 1}, book) == [
        Support("on", "On Inc.", None, Effect.LOSSY, {"on/no-seed": Effect.LOSSY}, 1),
    ]


def test_a_model_stands_in_for_the_payloads_and_a_prefix_of_ones_own_is_no_repair():
    book = book_of(acme=[BIG], other=[BIG])
    payload = {"model": "acme/big", "seed": 1}

    assert [(fit.provider, fit.model, fit.verdict) for fit in provider_support(payload, book)] == [
        ("acme", "big", "lossy"),
        ("other", "acme/big", "lossy"),
    ]
    assert [(fit.provider, fit.model, fit.verdict) for fit in provider_support(payload, book, model="acme/small")] == [
        ("acme", "small", "unchanged"),
        ("other", "acme/small", "unchanged"),
    ]
    assert payload == {"model": "acme/big", "seed": 1}


@pytest.mark.parametrize(
    ("payload", "model", "message"),
    [
        (
            [],
            None,
            'payload: a chat payload must be an object, not an array; example: {"model": ..., "messages": [...]}',
        ),
        (
            [],
            "x",
            'payload: a chat payload must be an object, not an array; example: {"model": ..., "messages": [...]}',
        ),
        ({"model": 3}, None, "payload/model: model must be a string, not a number"),
    ],
)
def test_what_is_no_chat_payload_is_told(payload, model, message):
    with pytest.raises(PayloadError) as caught:
        provider_support(payload, book_of(acme=[DROP]), model=model)

    assert str(caught.value) == message


def test_a_fit_is_written_as_json_data():
    fit = Support("acme", "Acme", "m", Effect.REFUSE, {"acme/a": Effect.NONE, "acme/no": Effect.REFUSE}, 7)

    assert fit.to_dict() == {
        "provider": "acme",
        "name": "Acme",
        "model": "m",
        "verdict": "refuses",
        "known_rules": 7,
        "rules": [{"rule": "acme/a", "effect": "none"}, {"rule": "acme/no", "effect": "refuse"}],
    }


def test_what_is_known_of_each_provider():
    book = Rulebook(
        [
            a_file(provider="bare"),
            a_file(
                DROP,
                EXACT,
                provider="acme",
                name="Acme",
                aliases=["acme_ai"],
                base_url="https://acme.example/v1",
                api_key_env="ACME_API_KEY",
                disable=[{"rule": "acme/user", "because": "For the test."}],
            ),
        ],
        builtin=False,
    )

    assert known(book) == [
        {
            "provider": "acme",
            "name": "Acme",
            "aliases": ["acme_ai"],
            "base_url": "https://acme.example/v1",
            "api_key_env": "ACME_API_KEY",
            "rules": 1,
        },
        {"provider": "bare", "name": "bare", "aliases": [], "base_url": None, "api_key_env": None, "rules": 0},
    ]
