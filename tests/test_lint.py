"""What examples prove of a rule, and what is wrong with a rule that they do not prove."""

from datetime import date
from pathlib import Path

import pytest

from quirkbook import Rulebook, examples, lint

HEAD = "quirks: 1\nprovider: x\nrules:\n"
RULE = """  - id: {id}
    why: w
    source: https://x.example
    verified: {{date: 2026-01-01, by: docs}}
{more}    do: {do}
    examples: {examples}
"""


def owned(tmp_path, do, shown, more="", head=HEAD):
    more = "".join(f"    {line}\n" for line in more.split("\n") if line)
    (tmp_path / "x.yaml").write_text(head + RULE.format(id="r", do=do, examples=shown, more=more))
    book = Rulebook.load(tmp_path, builtin=False)
    return book, next(iter(examples.owned_rules(book)))


def faults(tmp_path, *args, **options):
    _, one = owned(tmp_path, *args, **options)
    return [f"{fault.code} {fault.severity}: {fault.message}" for fault in lint.check_rule(one)]


DROP = "[{drop: [a]}]"
BOTH = "[{in: {a: 1}, out: {}}, {in: {b: 1}, same: true}]"


def test_a_proven_rule_is_without_fault(tmp_path):
    assert faults(tmp_path, DROP, BOTH) == []


@pytest.mark.parametrize(
    ("do", "shown", "more", "told"),
    [
        (DROP, "[{in: {b: 1}, same: true}]", "", ["Q201 error: no example of x/r shows it firing"]),
        (DROP, "[{in: {a: 1}, out: {}}]", "", ["Q202 error: no example of x/r shows it staying quiet"]),
        (
            DROP,
            "[{in: {a: 1}, out: {a: 1}}, {in: {b: 1}, same: true}]",
            "",
            ["Q204 error: an example of x/r does not come out as it says: /a: wanted 1, got (absent)"],
        ),
        (
            DROP,
            "[{in: {a: 1}, rejects: true}, {in: {b: 1}, same: true}]",
            "",
            ["Q204 error: an example of x/r does not come out as it says: it is not refused"],
        ),
        (
            "[{reject: no}]",
            "[{in: {a: 1}, out: {}}, {in: {b: 1}, same: true}]",
            "when: {a: 1}",
            ["Q204 error: an example of x/r does not come out as it says: it is refused: no"],
        ),
        (
            DROP,
            "[{in: {a: 1}, out: {}, warns: true}, {in: {b: 1}, same: true}]",
            "",
            ["Q204 error: an example of x/r does not come out as it says: it does not warn"],
        ),
        (
            "[{set_header: {X-A: b}}]",
            "[{in: {a: 1}, same: true, headers: {X-A: c}}, {in: {b: 1}, same: true}]",
            "when: {a: 1}",
            ['Q204 error: an example of x/r does not come out as it says: wanted headers {"X-A": "c"}, got {"X-A": "b"}'],
        ),
        (
            "[{append_message: {role: user, content: Hi}}]",
            "[{in: {a: 1}, out: {a: 1, messages: [{role: user, content: Hi}]}}, {in: {b: 1}, same: true}]",
            "when: {a: 1}",
            ["Q205 error: x/r fires again on its own result: append_message /messages/1: (absent) -> {\"role\": \"user\", \"content\": \"Hi\"}"],
        ),
        (
            DROP,
            "[{in: {a: 1}, out: {}}, {in: {b: 1}, same: true}]",
            "models: [\"m*[\", \"!m*\"]",
            [
                "Q204 error: x/r: no model fits the globs: give the example a model of its own",
                "Q204 error: x/r: no model fits the globs: give the example a model of its own",
                "Q201 error: no example of x/r shows it firing",
                "Q202 error: no example of x/r shows it staying quiet",
            ],
        ),
        ("[{keep: {a: [b]}}]", "[{in: {a: {c: 1}}, out: {a: {}}}, {in: {b: 1}, same: true}]", "", [
            "Q207 warning: x/r is an allow-list: new fields of the provider will be lost"
        ]),
        ("[{clamp: {a: [0, 5]}}]", "[{in: {a: 9}, out: {a: 5}}, {in: {a: 5}, same: true}]", "", [
            "Q203 error: no example of x/r stands on its bound: one where a is exactly 0"
        ]),
        (DROP, "[{in: {a: [1]}, out: {}}, {in: {b: 1}, same: true}]", "when: {a: {len: {lt: 3}}}", [
            "Q203 error: no example of x/r stands on its bound: one where the len of a is exactly 3"
        ]),
        (DROP, "[{in: {a: x}, out: {}}, {in: {a: xyz}, same: true}]", "when: {any_of: [{a: {bytes: {lt: 3}}}]}", []),
        (DROP, "[{in: {a: 2}, out: {}}, {in: {a: 1}, same: true}]", "when: {a: {between: [2, null]}}", []),
        (
            '[{each: {in: "m[*]", when: {n: {gt: 1}}, do: [{drop: [n]}]}}]',
            "[{in: {m: [{n: 2}]}, out: {m: [{}]}}, {in: {b: 1}, same: true}]",
            "",
            ["Q203 error: no example of x/r stands on its bound: one where m[*].n is exactly 1"],
        ),
    ],
)  # fmt: skip
def test_what_an_example_does_not_prove_is_told(tmp_path, do, shown, more, told):
    assert faults(tmp_path, do, shown, more) == told


def test_a_retired_rule_needs_no_proof(tmp_path):
    book, one = owned(tmp_path, "[{clamp: {a: [0, 5]}}]", "[{in: {a: 1}, out: {}}]", "status: retired")

    assert list(lint.check_rule(one)) == []
    assert examples.prove(book, one, tmp_path / "golden") == examples.Verdict("x/r")


def test_a_model_is_lent_to_an_example_that_names_none(tmp_path):
    book, one = owned(tmp_path, DROP, BOTH, 'models: ["k2*", "!k2"]')

    assert list(lint.check_rule(one)) == []
    assert examples.golden(book, one)[0] == {
        "given": {"a": 1},
        "model": "k2-x",
        "sent": {},
        "trace": ["x/r: drop /a: 1 -> (absent) (lossy)"],
    }


def test_an_old_fact_is_stale(tmp_path):
    _, one = owned(tmp_path, DROP, BOTH)

    told = [fault.message for fault in lint.check_rule(one, stale=True, today=date(2026, 8, 1))]

    assert told == ["x/r was last verified 212 days ago"]
    assert list(lint.check_rule(one, stale=True, today=date(2026, 2, 1))) == []


def test_a_stack_that_changes_its_own_result_is_no_golden_file(tmp_path):
    first = RULE.format(
        id="r",
        more="    when: {b: 1}\n",
        do="[{set: {a: 1}}]",
        examples="[{in: {b: 1}, out: {b: 1, a: 1}}, {in: {a: 1}, same: true}]",
    )
    second = RULE.format(
        id="s",
        more="    when: {a: 1}\n",
        do="[{set: {a: 2}}]",
        examples="[{in: {a: 1}, out: {a: 2}}, {in: {a: 2}, same: true}]",
    )
    (tmp_path / "x.yaml").write_text(HEAD + first + second)
    book = Rulebook.load(tmp_path, builtin=False)

    (fault,) = examples.prove(book, next(iter(examples.owned_rules(book))), tmp_path / "golden").faults

    assert fault.message == "x/r: the whole stack is not idempotent: x/r fires again: set /a: 2 -> 1"


def test_golden_files_are_compared_only_where_there_are_any(tmp_path):
    book, one = owned(tmp_path, DROP, BOTH)
    golden = tmp_path / "golden"

    assert examples.prove(book, one, golden).faults == ()
    assert examples.prove(book, one, golden, update=True).written
    assert not examples.prove(book, one, golden, update=True).written
    assert examples.prove(book, one, golden).faults == ()
    assert list(examples.orphans({"x/r"}, golden)) == []
    assert list(examples.orphans(set(), golden)) == [golden / "x" / "r.yml"]


def test_answers_are_recorded_with_the_request_they_answer(tmp_path):
    shown = "[{in: {a: 1}, request: {n: 2}, out: {}}, {in: {a: 1}, request: {n: 1}, same: true}]"
    book, one = owned(tmp_path, DROP, shown, "stage: response\nwhen: {$request.n: 2}")

    assert examples.golden(book, one)[0] == {
        "given": {"a": 1},
        "request": {"n": 2},
        "sent": {},
        "trace": ["x/r: drop /a: 1 -> (absent) (lossy)"],
    }


def test_a_provider_and_a_family_of_one_name_share_their_ids(tmp_path):
    (tmp_path / "x.yaml").write_text(HEAD + RULE.format(id="r", more="", do=DROP, examples=BOTH))
    (tmp_path / "f.yaml").write_text(
        (HEAD + RULE.format(id="r", more="", do=DROP, examples=BOTH)).replace("provider", "family")
    )
    book = Rulebook.load(tmp_path, builtin=False)

    (fault,) = lint.check_names(examples.owned_rules(book))

    assert (fault.code, fault.message) == ("Q116", f"the name 'x/r' is used twice: first at {tmp_path}/x.yaml:4:5")
    assert Path(fault.location.file).name == "f.yaml"
