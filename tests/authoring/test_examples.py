"""Examples inside rules are run alone, and through the whole stack for the golden files."""

from __future__ import annotations

import pytest
import yaml
from tests.books import SAME, a_book, a_file, a_rule

from quirkbook import Rulebook
from quirkbook.authoring import examples
from quirkbook.authoring.examples import (
    check_examples,
    dump,
    golden,
    lend_model,
    orphan_diagnostic,
    orphans,
    owned_rules,
    prove,
)

COOL = {"clamp": {"temperature": [0, 1]}}


def owned(do, when=None, **more):
    """Return a rule in a file of its own, and the rulebook of that file."""
    head = {key: more.pop(key) for key in ("let", "include", "provider", "family") if key in more}
    book = a_book(a_rule("r", do, when, **more), **head)
    (one,) = owned_rules(book)
    return book, one


def diagnostics_of(do, *cases, when=None, **more):
    _, one = owned(do, when, examples=list(cases), **more)
    return [str(diagnostic) for diagnostic in check_examples(one)]


# Which rules there are, and which models they are tried with


def test_each_rule_belongs_to_its_own_file_and_comes_once():
    book = Rulebook(
        [
            a_file(a_rule("a", COOL), include=["family/acme", "provider/b"]),
            a_file(a_rule("b", COOL), include=["family/acme"], provider="b"),
            a_file(a_rule("f", COOL), family="acme"),
        ],
        builtin=False,
    )

    assert [(one.rule.name, one.family) for one in owned_rules(book)] == [
        ("acme/a", False),
        ("b/b", False),
        ("acme/f", True),
    ]


@pytest.mark.parametrize(
    ("models", "given", "lent"),
    [
        ((), {}, None),
        (("*",), {}, None),
        (("!kimi-*",), {}, None),
        (("kimi-k2.6",), {}, "kimi-k2.6"),
        (("kimi-k2*",), {}, "kimi-k2"),
        (("!kimi-k2", "kimi-k2*"), {}, "kimi-k2-x"),
        (("!kimi-k2*", "kimi-k2*", "kimi-k?"), {}, "kimi-k?"),
        (("kimi-k2*",), {"model": "mine"}, None),
        (("kimi-k2*",), None, "kimi-k2"),
    ],
)
def test_a_model_that_the_globs_accept_is_lent_where_the_example_names_none(models, given, lent):
    (owned,) = owned_rules(a_book(a_rule("r", {"drop": ["a"]}, **({"models": [*models]} if models else {}))))

    assert lend_model(owned, given) == lent


def test_where_no_model_fits_the_globs_the_example_must_name_one():
    assert diagnostics_of({"drop": ["a"]}, {"in": {"a": 1}, "out": {}}, {"in": {}, "same": True}, models=["a*", "!a*"])[
        :2
    ] == [
        "acme.yaml:3:154: error[Q204]: acme/r: no model that comes to mind fits 'models': give the example a model of its own",
        "acme.yaml:3:183: error[Q204]: acme/r: no model that comes to mind fits 'models': give the example a model of its own",
    ]


def test_no_model_of_a_family_that_nobody_describes_is_lent():
    assert diagnostics_of({"drop": ["a"]}, {"in": {"a": 1}, "out": {}}, SAME, models=[{"family": "lumen"}])[0] == (
        "acme.yaml:3:154: error[Q204]: acme/r: no model that comes to mind fits 'models': give the example a model of its own"
    )


def test_the_model_that_is_lent_is_no_part_of_the_result():
    assert diagnostics_of(COOL, {"in": {"temperature": 2}, "out": {"temperature": 1}}, SAME, models=["k*"]) == []


def test_an_example_with_a_model_that_the_globs_do_not_accept_shows_the_rule_quiet():
    quiet = {"in": {"temperature": 2, "model": "b"}, "same": True}

    assert diagnostics_of(COOL, {"in": {"temperature": 2}, "out": {"temperature": 1}}, quiet, models=["k*"]) == []


def test_an_example_runs_with_the_names_of_its_file():
    on, off = {"in": {"a": 1, "b": 1}, "out": {"b": 1}}, {"in": {"a": 1}, "same": True}

    assert diagnostics_of({"drop": ["a"]}, on, off, when={"$on": True}, let={"on": {"b": 1}}) == []


def test_a_rule_alone_that_writes_the_model_is_followed_by_no_other():
    renamed = {"in": {"model": "a"}, "out": {"model": "b"}}

    assert diagnostics_of({"set": {"model": "b"}}, renamed, SAME, when={"model": "a"}) == []


def test_an_example_of_an_answer_has_its_request_and_status():
    case = {"in": {"n": 1}, "request": {"model": "k1", "a": 1}, "status": 500, "out": {"n": 1, "seen": True}}
    quiet = {"in": {"n": 1}, "request": {"model": "k1", "a": 1}, "same": True}
    when = {"$request.a": 1, "$status": {"gte": 500}}

    assert diagnostics_of({"set": {"seen": True}}, case, quiet, when=when, stage="error", models=["k*"]) == []


# What can be wrong with them


NOT_OUT = "\n  hint: if it is to be refused, write 'rejects: true' in place of 'out'"


@pytest.mark.parametrize(
    ("do", "case", "wrong"),
    [
        (COOL, {"in": {"temperature": 2}, "out": {"temperature": 2}}, "/temperature: wanted 2, got 1"),
        (COOL, {"in": {"temperature": 2}, "same": True}, "/temperature: wanted 2, got 1"),
        (COOL, {"in": {"temperature": 2}, "rejects": True}, "it is not refused"),
        ({"reject": "No."}, {"in": {"temperature": 2}, "out": {}}, f"it is refused: No.{NOT_OUT}"),
        ({"reject": "No."}, {"in": {"temperature": 2}, "same": True}, f"it is refused: No.{NOT_OUT}"),
        (COOL, {"in": {"temperature": 2}, "out": {"temperature": 1}, "warns": True}, "it does not warn"),
        (
            [{"set_header": {"X-A": "1"}}, {"drop_header": ["X-C"]}],
            {"in": {"temperature": 2}, "same": True, "headers": {"X-B": "1"}},
            'wanted headers {"X-B": "1"}, got {"X-A": "1"}',
        ),
    ],
)
def test_an_example_that_does_not_come_out_as_it_says_is_told(do, case, wrong):
    quiet = {"in": {"temperature": 1}, "same": True}
    fires = {"in": {"temperature": 3}, "rejects": True} if "reject" in do else {"in": {}, "same": True}

    assert diagnostics_of(do, case, quiet, fires, when={"temperature": {"gt": 1}})[0] == (
        f"acme.yaml:3:{place_of(do, case)}: error[Q204]: an example of acme/r does not come out as it says: {wrong}"
    )


def place_of(do, case):
    _, one = owned(do, {"temperature": {"gt": 1}}, examples=[case])
    return one.rule.examples[0].location.column


@pytest.mark.parametrize("named", ["no_money", "none"])
def test_an_answer_that_does_not_fail_with_the_class_of_its_example_is_told(named):
    action = {"set": {"b": 1}} if named == "none" else {"fail": {"at": "a", "class": named}}
    error = {"message": "x", "type": None, "param": None, "code": None}
    case = {
        "in": {"a": "x"},
        "out": {"a": "x", "b": 1} if named == "none" else {"error": error},
        "fails": "rate_limited",
    }

    said = diagnostics_of(action, case, SAME, when={"a": "x"}, stage="response")[0]

    assert said.endswith(f"does not come out as it says: wanted the class rate_limited, got {named}")


@pytest.mark.parametrize(
    ("do", "case"),
    [
        ({"reject": "No."}, {"in": {"temperature": 2}, "rejects": True}),
        ({"warn": "Mind."}, {"in": {"temperature": 2}, "same": True, "warns": True}),
        (
            [{"set_header": {"X-A": "1"}}, {"drop_header": ["X-C"]}],
            {"in": {"temperature": 2}, "same": True, "headers": {"X-A": "1"}},
        ),
        ({"set_header": {"X-A": "1"}}, {"in": {"temperature": 2}, "same": True}),
        (COOL, {"in": {"temperature": 2}, "out": {"temperature": 1.0}}),
    ],
)
def test_an_example_may_refuse_warn_or_set_headers(do, case):
    assert diagnostics_of(do, case, {"in": {"temperature": 1}, "same": True}, when={"temperature": {"gt": 1}}) == []


def test_a_rule_that_is_not_shown_firing_or_not_shown_quiet_is_told():
    assert diagnostics_of(COOL, {"in": {"temperature": 1}, "same": True}) == [
        "acme.yaml:3:1: error[Q201]: no example of acme/r shows it firing\n  hint: add one with 'out' or 'rejects'"
    ]
    assert diagnostics_of(COOL, {"in": {"temperature": 2}, "out": {"temperature": 1}}) == [
        "acme.yaml:3:1: error[Q202]: no example of acme/r shows it staying quiet\n  hint: add one with 'same: true'"
    ]


def test_an_example_that_fails_counts_as_what_it_means_to_show():
    quiet = {"in": {"temperature": 1}, "same": True}
    wrong = [{"in": {"temperature": 2}, "out": {"temperature": 3}}, {"in": {"temperature": 3}, "same": True}]

    assert ["Q204" in text for text in diagnostics_of(COOL, wrong[0], quiet)] == [True]
    assert ["Q204" in text for text in diagnostics_of(COOL, *wrong)] == [True, True]


def test_a_rule_that_fires_again_on_its_own_result_is_told():
    case = {"in": {"messages": []}, "out": {"messages": [{"role": "user", "content": "Hi"}]}}

    (said,) = diagnostics_of(
        {"append_message": {"role": "user", "content": "Hi"}}, case, SAME, when={"messages": {"is": "array"}}
    )

    assert said.partition("error")[2] == (
        '[Q205]: acme/r fires again on its own result: append_message /messages/1: (absent) -> {"role": "user", '
        '"content": "Hi"}'
    )


def test_a_rule_that_says_the_same_again_does_not_fire_again():
    do = [{"set": {"a": 2}}, {"warn": "Mind."}, {"set_header": {"X": "1"}}]

    assert diagnostics_of(do, {"in": {"a": 1}, "out": {"a": 2}}, SAME, when={"a": {"exists": True}}) == []


def test_a_retired_rule_needs_no_proof():
    assert diagnostics_of(COOL, {"in": {"temperature": 2}, "same": True}, status="retired") == []


# Golden files


def test_a_golden_record_holds_what_the_whole_stack_makes_of_each_example():
    book = a_book(
        a_rule("first", {"rename": {"heat": "temperature"}}),
        a_rule(
            "r",
            COOL,
            examples=[{"in": {"heat": 2}, "same": True}, {"in": {"temperature": 1}, "same": True}],
            models=["k*"],
        ),
        a_rule("last", {"warn": "Mind."}, {"temperature": 1}),
    )
    one = list(owned_rules(book))[1]

    assert golden(book, one) == [
        {
            "given": {"heat": 2},
            "model": "k",
            "sent": {"temperature": 1},
            "trace": [
                "acme/first: rename /heat -> /temperature (exact)",
                "acme/r: clamp /temperature: 2 -> 1 (lossy)",
                "acme/last: warn /temperature: Mind.",
            ],
        },
        {
            "given": {"temperature": 1},
            "model": "k",
            "sent": {"temperature": 1},
            "trace": ["acme/last: warn /temperature: Mind."],
        },
    ]


def test_a_familys_rule_is_recorded_with_its_family_alone():
    family = a_file(a_rule("f", COOL, examples=[{"in": {"temperature": 2}, "out": {"temperature": 1}}]), family="k")
    book = Rulebook([a_file(a_rule("a", {"drop": ["temperature"]}), include=["family/k"]), family], builtin=False)
    one = list(owned_rules(book))[1]

    assert [record["sent"] for record in golden(book, one)] == [{"temperature": 1}]


def test_a_golden_record_holds_request_and_refusal():
    cases = [{"in": {"n": 2, "model": "k"}, "rejects": True}]
    book, one = owned({"reject": "No."}, {"n": 2}, models=["k"], examples=cases)
    said = "payload/n: No. (rule acme/r)\n  why: Why r.\n  source: https://acme.example/r"
    assert golden(book, one) == [{"given": {"n": 2, "model": "k"}, "refused": said}]

    cases = [{"in": {"a": 1}, "request": {"model": "k", "n": 1}, "status": 400, "out": {}}]
    book, one = owned({"drop": ["a"]}, {"$status": 400}, stage="error", examples=cases)

    assert golden(book, one) == [
        {
            "given": {"a": 1},
            "model": "k",
            "request": {"model": "k", "n": 1},
            "sent": {},
            "trace": ["acme/r: drop /a: 1 -> (absent) (lossy)"],
        }
    ]


def test_a_stack_that_changes_its_own_result_is_refused():
    book = a_book(
        a_rule("r", {"rename": {"a": "b"}}, examples=[{"in": {"a": 1}, "out": {"b": 1}}]),
        a_rule("back", {"rename": {"b": "a"}}),
    )

    with pytest.raises(ValueError) as caught:
        golden(book, next(owned_rules(book)))

    assert str(caught.value) == "the whole stack is not idempotent: acme/r fires again: rename /a -> /b"


def test_a_golden_file_is_yaml_without_aliases_as_pytest_regressions_writes_it():
    shared = {"é": [1, None]}

    text = dump([{"given": shared, "sent": shared, "trace": ["x: y" * 30, "\U0001f600"]}])

    assert text == (
        "- given:\n    é:\n    - 1\n    - null\n  sent:\n    é:\n    - 1\n    - null\n  trace:\n"
        f"  - '{'x: y' * 18}x:\n    {'y' + 'x: y' * 11}'\n  - \U0001f600\n"
    ) or yaml.safe_load(text) == [{"given": shared, "sent": shared, "trace": ["x: y" * 30, "\U0001f600"]}]
    assert "&" not in text


FIRES = {"in": {"temperature": 2}, "out": {"temperature": 1}}


def proven(tmp_path, **more):
    book, one = owned(COOL, **{"examples": [FIRES, SAME], **more})
    return lambda **options: prove(book, one, tmp_path / "golden", **options)


def test_without_a_folder_of_golden_files_only_the_examples_are_run(tmp_path):
    verdict = proven(tmp_path)()

    assert (verdict.rule, verdict.diagnostics, verdict.written) == ("acme/r", (), False)
    assert not (tmp_path / "golden").exists()


def test_a_golden_file_is_written_on_purpose_and_only_if_it_says_something_new(tmp_path):
    run = proven(tmp_path)
    path = tmp_path / "golden" / "acme" / "r.yml"

    assert (run(update=True).written, run(update=True).written) == (True, False)
    assert yaml.safe_load(path.read_text("utf-8")) == [
        {
            "given": {"temperature": 2},
            "sent": {"temperature": 1},
            "trace": ["acme/r: clamp /temperature: 2 -> 1 (lossy)"],
        },
        {"given": {}, "sent": {}, "trace": []},
    ]
    path.write_text("[]")
    assert (run(update=True).written, run().diagnostics) == (True, ())


def test_a_golden_file_may_be_laid_out_otherwise(tmp_path):
    run = proven(tmp_path)
    run(update=True)
    path = tmp_path / "golden" / "acme" / "r.yml"
    path.write_text("# read on Sunday\n" + path.read_text("utf-8"), "utf-8")

    assert run().diagnostics == ()


def test_a_missing_golden_file_is_told(tmp_path):
    run = proven(tmp_path)
    (tmp_path / "golden").mkdir()

    assert [str(diagnostic) for diagnostic in run().diagnostics] == [
        f"acme.yaml:3:1: error[Q210]: acme/r has no golden file {tmp_path}/golden/acme/r.yml\n"
        "  hint: read what 'quirkbook test --update' writes, then commit it"
    ]


def test_a_golden_file_that_says_something_else_is_told_with_the_difference(tmp_path):
    run = proven(tmp_path)
    run(update=True)
    path = tmp_path / "golden" / "acme" / "r.yml"
    path.write_text(path.read_text("utf-8").replace("2 -> 1", "2 -> 0"), "utf-8")

    assert [str(diagnostic) for diagnostic in run().diagnostics] == [
        f"{path}:1:1: error[Q212]: acme/r no longer does what its golden file records:\n"
        "--- recorded\n"
        "+++ now\n"
        "@@ -5,3 +5,3 @@\n"
        "   trace:\n"
        "-  - 'acme/r: clamp /temperature: 2 -> 0 (lossy)'\n"
        "+  - 'acme/r: clamp /temperature: 2 -> 1 (lossy)'\n"
        " - given: {}\n"
        "  hint: read what 'quirkbook test --update' writes, then commit it"
    ]


def test_a_rule_with_faulty_examples_gets_no_golden_file(tmp_path):
    verdict = proven(tmp_path, examples=[SAME])(update=True)

    assert [diagnostic.code for diagnostic in verdict.diagnostics] == ["Q201"]
    assert not (tmp_path / "golden").exists()


def test_the_golden_file_of_a_retired_rule_records_that_it_does_nothing(tmp_path):
    assert proven(tmp_path, status="retired")(update=True) == examples.Verdict("acme/r", written=True)

    assert yaml.safe_load((tmp_path / "golden" / "acme" / "r.yml").read_text("utf-8"))[0] == {
        "given": {"temperature": 2},
        "sent": {"temperature": 2},
        "trace": [],
    }


def test_a_stack_that_is_not_idempotent_gets_no_golden_file(tmp_path):
    one_way = a_rule("r", {"rename": {"a": "b"}}, examples=[{"in": {"a": 1}, "out": {"b": 1}}, SAME])
    book = a_book(one_way, a_rule("back", {"rename": {"b": "a"}}))

    verdict = prove(book, next(owned_rules(book)), tmp_path, update=True)

    assert [str(diagnostic) for diagnostic in verdict.diagnostics] == [
        "acme.yaml:3:1: error[Q205]: acme/r: the whole stack is not idempotent: acme/r fires again: rename /a -> /b"
    ]


def test_golden_files_without_a_rule_are_found(tmp_path):
    for name in ("acme/r.yml", "acme/gone.yml", "gone.yml", "acme/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("[]")

    assert list(orphans({"acme/r"}, tmp_path)) == [tmp_path / "acme" / "gone.yml", tmp_path / "gone.yml"]
    assert list(orphans(set(), tmp_path / "nowhere")) == []
    assert str(orphan_diagnostic(tmp_path / "gone.yml")) == (
        f"{tmp_path}/gone.yml:1:1: error[Q211]: this golden file belongs to no rule\n"
        "  hint: remove it, or run 'quirkbook test --update'"
    )
