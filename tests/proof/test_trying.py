"""Drafts that are tried: requests become as small as still refused, repairs are proven, and tries are bounded."""

from __future__ import annotations

import pytest
from tests.proof.emulated import Emulated

from quirkbook.proof.drafts import Refused
from quirkbook.proof.exchange import Exchange
from quirkbook.proof.refusals import Wordings
from quirkbook.proof.trying import Tries, learn_by_trying

WORDINGS = Wordings()
TALK = [
    {"role": "user", "content": "My name is Ada"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Hi"},
]


class Refusing:
    """Refuses requests with a field, in words of its own."""

    def __init__(self, field, words, status=400):
        self.field, self.words, self.status = field, words, status
        self.sent = []

    def send(self, request):
        self.sent.append(request)
        if self.field in request:
            return Exchange(request, self.status, {"error": {"message": self.words}}, "2026-12-01")
        return Exchange(request, 200, {"choices": []}, "2026-12-01")

    def models(self):
        return None


def learned(endpoint, payload, most=40):
    return learn_by_trying(Refused(None, payload, "acme", "2026-12-01"), Tries(endpoint, most), WORDINGS)


def test_a_repair_that_is_taken_is_verified_live_and_the_example_holds_nothing_else():
    endpoint = Refusing("seed", "property 'seed' is unsupported")
    [lesson] = learned(endpoint, {"model": "lumen", "messages": TALK, "seed": 7, "top_p": 0.5, "n": 2})

    assert lesson.rule["verified"]["by"] == "live"
    assert lesson.rule["do"] == [{"drop": ["seed"]}]
    assert lesson.rule["examples"][0] == {"in": {"seed": 7}, "out": {}}
    assert endpoint.sent[-1] == {"model": "lumen", "messages": TALK[-1:]}


def test_where_the_words_say_nothing_the_field_is_found_by_leaving_it_out():
    [lesson] = learned(Refusing("seed", "computer says no"), {"model": "lumen", "messages": TALK, "n": 2, "seed": 7})

    assert lesson.is_sound
    assert (lesson.place.path, lesson.rule["do"]) == ("seed", [{"drop": ["seed"]}])
    assert lesson.rule["why"] == "acme takes this request only without seed."


def test_a_repair_that_is_refused_is_said():
    endpoint = Refusing("messages", "temperature must be between 0 and 1")
    [lesson] = learned(endpoint, {"model": "lumen", "messages": TALK, "temperature": 2})

    assert not lesson.is_sound
    assert lesson.missing[0].startswith(("the repair was tried and refused: ", "no example that fires"))


@pytest.mark.parametrize(
    ("status", "payload", "missing"),
    [
        (400, {"model": "lumen"}, "the request is taken now: there is nothing to learn"),
        (429, {"model": "lumen", "seed": 1}, "status 429: slow down"),
    ],
)
def test_what_is_taken_and_what_is_about_the_account_teach_nothing(status, payload, missing):
    [lesson] = learned(Refusing("seed", "slow down", status), payload)

    assert lesson.missing == (missing,)


def test_tries_are_bounded():
    endpoint = Refusing("seed", "computer says no")
    learned(
        endpoint, {"model": "lumen", "messages": TALK, "seed": 7, **{f"f{number}": 1 for number in range(50)}}, most=10
    )

    assert len(endpoint.sent) == 10
    assert Tries(endpoint, 0).send({}) is None


def test_an_emulated_providers_refusal_is_learned_whole():
    endpoint = Emulated("groq")
    payload = {
        "model": "llama-3.3-70b-versatile",
        "messages": [{"role": "user", "content": "Hi"}],
        "logit_bias": {"5": 1},
        "top_p": 0.5,
    }
    [lesson] = learned(endpoint, payload)

    assert lesson.rule["verified"]["by"] == "live"
    assert lesson.rule["do"] == [{"drop": ["logit_bias"]}]
