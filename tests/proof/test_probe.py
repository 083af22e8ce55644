"""A session with every emulated provider, and with providers that have drifted from what their rules say."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.proof.emulated import Emulated

from quirkbook import Rulebook
from quirkbook.emulator import available
from quirkbook.emulator.provider import Check
from quirkbook.proof.endpoints import Replay
from quirkbook.proof.exchange import key_of
from quirkbook.proof.judge import CHANGED, by_rule
from quirkbook.proof.recordings import Recording
from quirkbook.proof.refusals import Wordings
from quirkbook.proof.report import lines
from quirkbook.proof.session import Session, estimate

BOOK, WORDINGS = Rulebook(), Wordings()


def session(name, models, **more):
    return Session(BOOK, name, models, WORDINGS, "2026-12-01", **more)


def found(name, models, endpoint=None, **more):
    return session(name, models, **more).run(endpoint or Emulated(name))


def words(findings):
    """Return rule (or field) -> the verdict on it, of sessions about one model."""
    return {verdict.rule or key.split()[0]: verdict.word for key, verdict in by_rule(findings.verdicts).items()}


@pytest.mark.parametrize("name", available())
def test_no_repair_is_refused_by_the_emulator_and_many_rules_are_confirmed(name):
    models = Emulated(name).models()[:4]
    findings = found(name, models)
    verdicts = by_rule(findings.verdicts)
    wrong = {
        f"{verdict.rule or key.split()[0]} {verdict.model}": verdict.detail
        for key, verdict in verdicts.items()
        if verdict.word in ("broken", "unforeseen")
    }
    counts = Counter(verdict.word for verdict in verdicts.values())

    assert wrong == {}
    assert counts["confirmed"] >= 8
    assert findings.stopped == ""


# Drifts


@pytest.mark.parametrize(
    ("name", "model", "check", "rule", "word"),
    [
        ("moonshot", "moonshot-v1-8k", "temperature-range", "moonshot/temperature-range", "stale"),
        # A rule of the format holds at many: that one provider takes it raw does not make it stale.
        ("groq", "llama-3.3-70b-versatile", "one-choice", None, "not visible"),
        ("openai", "gpt-5", "max-tokens", "openai/max-completion-tokens", "stale"),
        ("cohere", "command-a-03-2025", "temperature", None, "stale"),
    ],
)
def test_a_refusal_that_is_gone_makes_its_rule_stale(name, model, check, rule, word):
    drifted = Emulated(name)
    before = words(found(name, [model]))
    after = words(found(name, [model], drifted.change(checks=drifted.checks(check))))
    gone = {rule for rule in before if before[rule] != after[rule]}

    assert gone and {after[rule] for rule in gone} <= {"stale", "not visible", "confirmed"}
    assert word in {after[rule] for rule in gone}
    assert rule is None or rule in gone or rule not in before


@pytest.mark.parametrize("name", ["moonshot", "groq", "openai"])
def test_a_new_refusal_is_found_though_no_rule_is_about_it(name):
    model = Emulated(name).models()[0]
    message = "property 'seed' is unsupported"
    new = Check(
        "new", ["*"], {"*": {"status": 400, "message": message}}, must={"properties": {"seed": {"type": "null"}}}
    )
    drifted = Emulated(name)
    drifted.change(checks=[new, *drifted.provider.checks])
    findings = found(name, [model], drifted)
    seed = next(verdict for verdict in findings.verdicts if verdict.shown == "seed: 7")

    assert (seed.word, seed.detail) == ("unforeseen", f"refused, and no rule is about it: {message}")
    assert findings.has_changed


@pytest.mark.parametrize(
    ("maximum", "word", "detail"),
    [(0.8, "broken", "temperature: 1 is refused"), (1.5, "stale", "temperature: 1.05 is taken")],
)
def test_a_range_that_has_moved_is_found_on_both_sides(maximum, word, detail):
    drifted = Emulated("moonshot")
    must = {"properties": {"temperature": {"type": ["number", "null"], "minimum": 0, "maximum": maximum}}}
    drifted.change(checks=drifted.checks(temperature_range={"must": must}))
    findings = found("moonshot", ["moonshot-v1-8k"], drifted)
    moved = [
        verdict
        for verdict in findings.verdicts
        if verdict.rule == "moonshot/temperature-range" and detail in verdict.detail
    ]

    assert [verdict.word for verdict in moved] == [word]
    assert moved[0].detail.startswith("the bound has moved: ")


def test_a_refusal_in_other_words_is_told_beside_the_last_session():
    before = found("moonshot", ["moonshot-v1-8k"]).to_dict()
    drifted = Emulated("moonshot")
    drifted.change(checks=drifted.checks(temperature_range={"errors": {"*": {"message": "bad temperature"}}}))
    report = [*lines(found("moonshot", ["moonshot-v1-8k"], drifted), before)]

    assert "since 2026-12-01:" in report
    changed = [line for line in report if "refused in other words" in line]
    assert changed == [
        "  moonshot/temperature-range moonshot-v1-8k: refused in other words: bad temperature "
        "(was: invalid temperature: must be between 0 and 1)"
    ]


def test_models_that_come_and_go_are_told_and_those_that_no_family_knows():
    drifted = Emulated("moonshot")
    before = found("moonshot", ["moonshot-v1-8k"]).to_dict()
    kept = [model for model in drifted.provider.models if model.id != "kimi-k2.6"]
    drifted.change(models=[*kept, type(kept[0])("zephyr-9", 1000)])
    findings = found("moonshot", ["moonshot-v1-8k"], drifted)

    assert findings.unknown_models == ["zephyr-9"]
    report = [*lines(findings, before)]
    assert "  model kimi-k2.6: gone" in report and "  model zephyr-9: new" in report
    assert "models that no family knows: zephyr-9" in report


def test_the_same_again_says_that_nothing_changed():
    findings = found("moonshot", ["moonshot-v1-8k"])

    assert [*lines(findings, findings.to_dict())][-1] == "since 2026-12-01: nothing changed"


# Sessions


def test_each_request_is_sent_once():
    endpoint = Emulated("groq")
    found("groq", ["llama-3.3-70b-versatile"], endpoint)

    assert set(endpoint.sent.values()) == {1}


def test_the_budget_is_never_exceeded_and_what_was_not_asked_is_untested():
    endpoint = Emulated("groq")
    findings = found("groq", ["llama-3.3-70b-versatile"], endpoint, budget=300)

    assert findings.tokens <= 300
    assert findings.stopped == "the budget of 300 tokens is used up"
    assert {verdict.detail for verdict in findings.verdicts if verdict.word == "untested"} == {findings.stopped}


@pytest.mark.parametrize("status", [401, 402, 429])
def test_a_session_stops_where_the_account_is_the_matter_and_is_resumed(tmp_path, status):
    models = ["llama-3.3-70b-versatile"]
    broken_off = Emulated("groq", stop_after=20, status=status)
    first = found("groq", models, broken_off, recording=Recording(tmp_path, "groq"))
    again = Emulated("groq")
    recording = Recording(tmp_path, "groq")
    second = found("groq", models, again, recording=recording)
    recording.finish(second.to_dict())

    assert first.stopped == f"status {status}: enough"
    assert sum(again.sent.values()) == len(session("groq", models).requests) - 20
    assert words(second) == words(found("groq", models))
    assert (tmp_path / "groq.jsonl").is_file() and not (tmp_path / "groq.part.jsonl").exists()


def test_recordings_replay_to_the_same_verdicts_and_name_what_is_no_longer_sent(tmp_path):
    models = ["moonshot-v1-8k"]
    recording = Recording(tmp_path, "moonshot")
    live = found("moonshot", models, recording=recording)
    recording.finish(live.to_dict())
    replay = Replay(recording.exchanges(), list(recording.last()["models"]))
    replayed = session("moonshot", models).run(replay)
    fewer = Replay(recording.exchanges(), None)
    session("moonshot", models, rule_glob="moonshot/temperature-range").run(fewer)

    assert words(replayed) == words(live)
    assert replay.unused == []
    assert len(fewer.unused) > 10


def test_a_request_without_a_recording_is_untested():
    findings = session("moonshot", ["moonshot-v1-8k"]).run(Replay({}, None))

    assert {verdict.word for verdict in findings.verdicts} == {"untested"}
    assert not findings.has_changed
    assert {verdict.detail for verdict in findings.verdicts} == {"there is no recording of a request"}


def test_only_the_rules_that_are_asked_for_are_tried():
    findings = found("moonshot", ["moonshot-v1-8k"], rule_glob="moonshot/temperature-*")

    assert {verdict.rule for verdict in findings.verdicts} == {"moonshot/temperature-range"}


def test_rules_that_nothing_is_asked_about_have_a_reason():
    reasons = dict(found("moonshot", ["moonshot-v1-8k"]).untested)

    assert {"it is about other models"} <= set(reasons.values())
    assert any(reason.startswith("it works on a ") for reason in reasons.values())


def test_a_plan_is_about_right():
    findings = found("moonshot", ["moonshot-v1-8k"])
    planned = sum(map(estimate, session("moonshot", ["moonshot-v1-8k"]).requests))

    assert findings.tokens <= planned
    assert estimate({"messages": [], "n": 3}) == 3 * 16 + 4
    assert estimate({"messages": [], "max_tokens": 10**9}) == 16 + 4


def test_the_models_that_answered_and_a_pool_of_hosts_are_named():
    endpoint = Emulated("groq")
    send, hosts = endpoint.send, iter(["A", "B"] * 500)

    def pooled(request):
        exchange = send(request)
        body = (
            {**exchange.body, "provider": next(hosts)}
            if exchange.is_taken and isinstance(exchange.body, dict)
            else exchange.body
        )
        return type(exchange)(exchange.request, exchange.status, body, exchange.date, exchange.tokens)

    endpoint.send = pooled
    findings = found("groq", ["llama-3.3-70b-versatile"], endpoint)

    assert findings.served == ["llama-3.3-70b-versatile"]
    assert "a changing pool of hosts answers: A, B; a verdict holds for those that were met" in [*lines(findings, {})]


def test_what_calls_for_a_person_is_told_first_and_every_verdict_has_a_place_in_the_order():
    drifted = Emulated("moonshot")
    drifted.change(checks=drifted.checks("temperature-range"))
    report = [*lines(found("moonshot", ["moonshot-v1-8k"], drifted), {})]

    assert report[0].split()[0] in CHANGED
    assert any(line.startswith("stale         moonshot/temperature-range  moonshot-v1-8k") for line in report)


def test_keys_of_requests_differ_as_the_requests_do():
    requests = session("moonshot", ["moonshot-v1-8k"]).requests

    assert len({key_of(request) for request in requests}) == len(requests)
