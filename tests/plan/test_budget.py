"""The values that rules may add to a payload: whatever a file says, there is an end to them."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule

from quirkbook import PayloadError, explain, translate, translate_response
from quirkbook.payload import draft
from quirkbook.payload.cycles import weigh
from quirkbook.payload.draft import ALLOWANCE, Draft, Overspent, cost

ALLOW = {"lossy": "allow", "semantic": "allow"}
HI = {"role": "user", "content": "Hi"}
TEXT = "x" * 50_000


def doubling(actions, rounds=40, first=()):
    """Make a book of a rule that begins, and rules that each do the same once more."""
    begin = [a_rule("first", list(first))] if first else []
    return a_book(*begin, *(a_rule(f"r{at}", actions(at)) for at in range(rounds)))


TWICE = {
    "insert_message": lambda at: {"insert_message": {"between": ["user", "user"], "message": HI}},
    "copy": lambda at: [
        {"set": {"b": {}}},
        {"copy": {"a": "b.x"}},
        {"copy": {"a": "b.y"}},
        {"drop": ["a"]},
        {"rename": {"b": "a"}},
    ],
    "copy of text": lambda at: [
        {"set": {"c": [{"type": "text"}, {"type": "text"}]}},
        {"copy": {"t": "$.c[0].text"}},
        {"copy": {"t": "$.c[1].text"}},
        {"flatten_content": "c"},
        {"drop": ["t"]},
        {"rename": {"c": "t"}},
    ],
    "set": lambda at: {"set": {f"**.k{at}": {"v": 1}}},
    "set with parents": lambda at: {"set": {f"**.k{at}.v": 1}},
    "default": lambda at: {"default": {f"**.k{at}": {"v": 1}}},
    "copy into new objects": lambda at: [{"set": {f"**.k{at}": 1}}, {"copy": {f"**.k{at}": f"n{at}.v"}}],
    "wrap": lambda at: [{"set": {f"**.k{at}": 1}}, {"wrap": {f"**.k{at}": "v"}, "with": {"w": {}}}],
    "map": lambda at: [{"set": {f"**.k{at}": 1}}, {"map": {f"**.k{at}": {"*": {"v": 1}}}}],
}


@pytest.fixture
def little(monkeypatch):
    """Allow less, so that tests take less time."""
    monkeypatch.setattr(draft, "ALLOWANCE", 5_000)
    monkeypatch.setattr(Draft, "_allowed", 5_000)


@pytest.mark.parametrize("name", TWICE)
def test_rules_that_double_a_payload_end_in_an_error_that_names_the_rule(name, little):
    book = doubling(TWICE[name], first=[{"set": {"a": {"b": [1]}}}, {"set": {"t": TEXT}}])
    payload = {"messages": [HI, HI]}

    for ask in (translate, explain):
        with pytest.raises(PayloadError) as caught:
            ask(payload, "acme", rulebook=book, policy=ALLOW)

        text, rule = str(caught.value), str(caught.value).split()[2]
        assert text == (
            f"payload: rule {rule} makes it too large: the rules together may add 5,000 values; "
            "disable that rule or mend it"
        )
        assert rule.startswith("acme/r")
    assert payload == {"messages": [HI, HI]}


def test_rules_may_add_a_hundred_thousand_values():
    book = doubling(TWICE["insert_message"])

    with pytest.raises(PayloadError, match=r"^payload: rule acme/r15 makes it too large: .* may add 100,000 values"):
        translate({"messages": [HI, HI]}, "acme", rulebook=book, policy=ALLOW)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ({"append_message": {"role": "user", "content": [{"type": "text"}] * 60}}, {"messages": []}),
        ({"prepend_message": {"role": "user", "content": [{"type": "text"}] * 60}}, {}),
        ({"set": {"x[*].t": TEXT}}, {"x": [{}]}),
        ({"default": {"x[*].t": TEXT}}, {"x": [{}]}),
        ({"map": {"x[*]": {"*": TEXT}}}, {"x": [1]}),
        ({"flatten_content": {"at": "x[*]", "join": TEXT}}, {"x": [[{"type": "text", "text": "a"}] * 2]}),
        (
            {"normalize_schema": {"at": "x[*]", "inline_refs": True}},
            {
                "x": [
                    {
                        "$defs": {
                            "a": {"properties": {f"p{at}": {} for at in range(40)}},
                            "b": {"prefixItems": [{"$ref": "#/$defs/a"}] * 40},
                        },
                        "items": {"$ref": "#/$defs/b"},
                    }
                ]
            },
        ),
    ],
)
def test_what_each_action_adds_counts(action, payload):
    """One is fine, thousands at once are not."""
    one = a_book(a_rule("r", action))
    times = 2_001 if "x" in payload else 900
    many = {"x": payload["x"] * times} if "x" in payload else payload
    book = a_book(a_rule("r", [action] * (1 if "x" in payload else times)))

    assert translate(payload, "acme", rulebook=one, policy=ALLOW) != payload
    with pytest.raises(PayloadError, match=r"^payload: rule acme/r makes it too large"):
        translate(many, "acme", rulebook=book, policy=ALLOW)


@pytest.mark.parametrize(
    "action", [{"merge_messages": {"roles": ["system"], "join": TEXT}}, {"lead_with_system": {"join": TEXT}}]
)
def test_the_texts_that_join_messages_count(action):
    book = a_book(a_rule("r", action))
    message = {"role": "system", "content": "a"}

    assert len(translate({"messages": [message] * 10}, "acme", rulebook=book, policy=ALLOW)["messages"]) == 1
    with pytest.raises(PayloadError, match=r"^payload: rule acme/r makes it too large"):
        translate({"messages": [message] * 2_001}, "acme", rulebook=book, policy=ALLOW)


def test_what_a_large_payload_may_get_grows_with_it():
    book = a_book(a_rule("r", {"set": {"x[*].y": {"z": [1, 2]}}}))
    payload = {"x": [{} for _ in range(30_000)]}

    assert weigh(translate(payload, "acme", rulebook=book)) == weigh(payload) + 120_000
    with pytest.raises(PayloadError, match="may add 300,020 values"):
        translate(payload, "acme", rulebook=a_book(a_rule("r", {"set": {"x[*].y": {"z": list(range(12))}}})))


def test_short_values_are_free():
    book = a_book(*(a_rule(f"r{at}", {"set": {f"x[*].y{at}": "a" * 999}}) for at in range(5)))

    assert weigh(translate({"x": [{} for _ in range(30_000)]}, "acme", rulebook=book)) == 180_002


def test_rules_on_answers_have_a_budget_too(little):
    book = a_book(*(a_rule(f"r{at}", TWICE["set"](at), stage="response") for at in range(40)))

    with pytest.raises(PayloadError, match=r"^payload: rule acme/r\d+ makes it too large"):
        translate_response({"choices": []}, "acme", rulebook=book)


def test_what_was_spent_is_asked_again_when_a_large_payload_has_spent_more():
    run = Draft({"x": list(range(20_000))})

    run.spend(ALLOWANCE)
    run.spend(ALLOWANCE)
    run.spend(20)
    with pytest.raises(Overspent, match="200,020 values"):
        run.spend(1)


@pytest.mark.parametrize(
    ("value", "price"), [(1, 0), (None, 0), ("a" * 999, 0), ("a" * 2_000, 2), ([], 1), ({"a": 1}, 2)]
)
def test_an_action_pays_for_containers_and_long_texts(value, price):
    assert cost(value) == price
