"""Errors: one root, branches by blame, whole messages, and the word that was meant."""

from __future__ import annotations

import pytest
from quirkbook.errors import (
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
from quirkbook.model import Change, Effect, Fault, Location


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
    ("fault", "text"),
    [
        (Fault(PLACE, "Q118", "cannot read"), "rules/m.yaml:14:26: error[Q118]: cannot read"),
        (
            Fault(PLACE, "Q201", "no example fires", "add one", severity="warning"),
            "rules/m.yaml:14:26: warning[Q201]: no example fires\n  hint: add one",
        ),
        (
            Fault(PLACE, "Q104", "unknown operator 'greater'", "did you mean 'gt'?", "    when: {temperature: {greater: 1}}", 7),
            "rules/m.yaml:14:26: error[Q104]: unknown operator 'greater'\n"
            "  14 |     when: {temperature: {greater: 1}}\n"
            "     |                          ^^^^^^^ did you mean 'gt'?",
        ),
        (
            Fault(Location("m.yaml", 3, 1), "Q109", "no", "", "x: 1", 0),
            "m.yaml:3:1: error[Q109]: no\n  3 | x: 1\n    | ^",
        ),
    ],
)
def test_a_fault_tells_where_what_and_what_instead(fault, text):
    assert str(fault) == text


def test_a_rule_file_error_holds_all_faults_in_order():
    faults = [Fault(PLACE, "Q104", "one"), Fault(PLACE, "Q105", "two", "a hint")]
    error = RuleFileError(faults)

    assert error.faults == tuple(faults)
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


@pytest.mark.parametrize(
    ("keys", "pointer"), [(("messages", 2), "/messages/2"), ((), ""), (None, "")]
)
def test_a_refusal_names_place_rule_why_and_source(keys, pointer):
    error = RefusedError(refused(keys))

    assert str(error) == f"payload{pointer}: no images (rule m/r)\n  why: It cannot.\n  source: https://s"
    assert (error.pointer, error.change) == (pointer, refused(keys))


def test_a_policy_error_lists_the_changes():
    assert PolicyError("forbidden", [refused(None)]).changes == (refused(None),)


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
