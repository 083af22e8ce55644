"""Errors: one root, branches by blame, whole messages, and the word that was meant."""

from __future__ import annotations

import pytest

from quirkbook.errors import (
    DispatchError,
    PayloadError,
    PolicyError,
    QuirkbookError,
    QuirkbookWarning,
    RefusedError,
    RuleFileError,
    UnknownProviderError,
    UnknownRuleError,
    UsageError,
    did_you_mean,
)
from quirkbook.model import Change, Diagnostic, Effect, Location


@pytest.mark.parametrize(
    ("error", "parents", "exit_code"),
    [
        (RuleFileError, {QuirkbookError}, 1),
        (PayloadError, {QuirkbookError}, 1),
        (RefusedError, {QuirkbookError, PayloadError}, 1),
        (PolicyError, {QuirkbookError, PayloadError}, 1),
        (UnknownProviderError, {QuirkbookError}, 2),
        (UnknownRuleError, {QuirkbookError}, 2),
        (UsageError, {QuirkbookError, ValueError}, 2),
        (DispatchError, {QuirkbookError}, 1),
    ],
)
def test_every_error_has_one_root_and_an_exit_code(error, parents, exit_code):
    assert all(issubclass(error, parent) for parent in parents)
    assert error.exit_code == exit_code


def test_a_change_of_a_payload_is_a_warning_and_no_error():
    assert issubclass(QuirkbookWarning, UserWarning)
    assert not issubclass(QuirkbookWarning, QuirkbookError)


PLACE = Location("rules/m.yaml", 14, 26)


@pytest.mark.parametrize(
    ("diagnostic", "text"),
    [
        (Diagnostic(PLACE, "Q118", "cannot read"), "rules/m.yaml:14:26: error[Q118]: cannot read"),
        (
            Diagnostic(PLACE, "Q201", "no example fires", "add one", severity="warning"),
            "rules/m.yaml:14:26: warning[Q201]: no example fires\n  hint: add one",
        ),
        (
            Diagnostic(
                PLACE,
                "Q104",
                "unknown operator 'greater'",
                "did you mean 'gt'?",
                "    when: {temperature: {greater: 1}}",
                7,
            ),
            "rules/m.yaml:14:26: error[Q104]: unknown operator 'greater'\n"
            "  14 |     when: {temperature: {greater: 1}}\n"
            "     |                          ^^^^^^^ did you mean 'gt'?",
        ),
        (
            Diagnostic(Location("m.yaml", 3, 1), "Q109", "no", "", "x: 1", 0),
            "m.yaml:3:1: error[Q109]: no\n  3 | x: 1\n    | ^",
        ),
    ],
)
def test_a_diagnostic_tells_where_what_and_what_instead(diagnostic, text):
    assert str(diagnostic) == text


def test_a_rule_file_error_holds_all_diagnostics_in_order():
    diagnostics = [Diagnostic(PLACE, "Q104", "one"), Diagnostic(PLACE, "Q105", "two", "a hint")]
    error = RuleFileError(diagnostics)

    assert error.diagnostics == tuple(diagnostics)
    assert str(error) == "rules/m.yaml:14:26: error[Q104]: one\nrules/m.yaml:14:26: error[Q105]: two\n  hint: a hint"


@pytest.mark.parametrize(
    ("error", "text", "pointer"),
    [
        (PayloadError("messages is an array", "/messages"), "payload/messages: messages is an array", "/messages"),
        (PayloadError("a chat payload is an object"), "payload: a chat payload is an object", ""),
        (PolicyError("the policy forbids it", []), "the policy forbids it", ""),
    ],
)
def test_a_payload_error_points_at_its_place(error, text, pointer):
    assert (str(error), error.pointer, error.http_status) == (text, pointer, 400)


def refused(keys):
    return Change("m/r", "reject", Effect.REFUSE, "It cannot.", "https://s", "m.yaml:3", keys, 1, 1, note="no images")


@pytest.mark.parametrize(("keys", "pointer"), [(("messages", 2), "/messages/2"), ((), ""), (None, "")])
def test_a_refusal_names_place_rule_why_and_source(keys, pointer):
    error = RefusedError([refused(keys)])

    assert str(error) == f"payload{pointer}: no images (rule m/r)\n  why: It cannot.\n  source: https://s"
    assert (error.pointer, error.change) == (pointer, refused(keys))


def test_a_refused_caller_hears_of_all_refusals():
    places = [refused(("messages", at)) for at in range(13)]
    other = Change("m/s", "reject", Effect.REFUSE, "Nor this.", "https://t", "m.yaml:9", None, note="no audio")
    error = RefusedError([places[0], other, *places[1:]])

    also = ", ".join(f"payload/messages/{at}" for at in range(1, 11))
    assert str(error) == (
        "payload/messages/0: no images (rule m/r)\n"
        f"  also at: {also} and 2 more\n  why: It cannot.\n  source: https://s\n"
        "payload: no audio (rule m/s)\n  why: Nor this.\n  source: https://t"
    )
    assert (len(error.refusals), error.change) == (14, places[0])


def test_a_policy_error_lists_the_changes():
    assert PolicyError("forbidden", [refused(None)]).changes == (refused(None),)


BODY = {"error": {"message": "slow down", "type": "rate_limit", "param": None, "code": "tpm"}}


@pytest.mark.parametrize(
    ("error", "text", "http_status", "details"),
    [
        (
            DispatchError("slow down", status=429, provider="moonshot", body=BODY),
            "moonshot: HTTP 429: slow down",
            429,
            ("rate_limit", "tpm", None),
        ),
        (DispatchError("cut off", provider="moonshot"), "moonshot: cut off", 502, (None, None, None)),
        (DispatchError("odd", status=200, body={}), "HTTP 200: odd", 502, (None, None, None)),
        (DispatchError("no route"), "no route", 502, (None, None, None)),
    ],
)
def test_a_failed_call_says_who_and_how_and_what_the_provider_blames(error, text, http_status, details):
    assert (str(error), error.http_status, error.status_code) == (text, http_status, error.status)
    assert (error.type, error.code, error.param) == details


def test_a_failed_call_keeps_what_there_is_to_know():
    error = DispatchError(
        "slow down", status=429, model="k2", raw=b"{}", request_id="r1", retry_after=1.5, retryable=True,
        changes=[refused(None)],
    )  # fmt: skip

    assert (error.message, error.model, error.raw, error.request_id) == ("slow down", "k2", b"{}", "r1")
    assert (error.retry_after, error.retryable, error.changes) == (1.5, True, (refused(None),))
    assert (error.attempts, error.received) == (1, None)


OPERATORS = ["lt", "lte", "gt", "gte", "between", "matches", "some"]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("clmap", ["clamp", "set"], "clamp"),
        ("betwen", OPERATORS, "between"),
        ("greater", OPERATORS, "gt"),
        ("min", OPERATORS, "gte"),
        ("regex", OPERATORS, "matches"),
        ("remove", ["drop", "rename"], "drop"),
        ("remove", ["set", "rename"], "rename"),
        ("zzz", OPERATORS, None),
        ("zzz", [], None),
    ],
)
def test_the_word_that_was_meant_is_found(word, known, meant):
    assert did_you_mean(word, iter(known)) == meant
