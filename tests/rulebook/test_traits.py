"""Families in force at every provider, and what a provider is like: order, traits, what is spared, old names."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tests.books import a_file, a_file_text, a_folder, a_rule

from quirkbook import Rulebook, RuleFileError, explain
from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.lint_rulebook import check_rulebook
from quirkbook.cli import quirkbook
from quirkbook.rulebook.load import load_file
from quirkbook.rulebook.traits import describe

ACT = {"set": {"z": 1}}
FACT = {"source": "https://acme.example/roles", "verified": {"date": "2026-11-30", "by": "report"}}
NAMING = {"names": ["lumen"]}


def a_format(*rules, **head):
    return a_file(*rules, family="format", **head)


def a_book(*files):
    return Rulebook(files, builtin=False)


def in_force(book, provider="acme", stage="request", model="lumen-2"):
    return [rule.name for rule in book.plan(provider, model, stage=stage).rules]


# Where they run


def test_format_runs_before_all_others_and_closing_behind_them_whatever_the_model():
    rules = a_rule("a", ACT), {"include": "families"}, a_rule("b", ACT)
    book = a_book(
        a_file(a_rule("z", ACT), family="closing"),
        a_format(a_rule("f", ACT)),
        a_file(a_rule("l", ACT), family="lumen", naming=NAMING),
        a_file(*rules, serves={"families": ["lumen"]}),
    )

    assert in_force(book) == ["format/f", "acme/a", "lumen/l", "acme/b", "closing/z"]
    assert in_force(book, model=None) == ["format/f", "acme/a", "acme/b", "closing/z"]
    assert [entry.rule.name for entry in book.effective("acme", "lumen-2")] == in_force(book)


def test_what_a_provider_includes_is_not_read_again_with_the_family_that_includes_it():
    book = a_book(
        a_file(a_rule("s", ACT), family="shapes"),
        a_file(a_rule("l", ACT), family="lumen", naming=NAMING, include=["family/shapes"]),
        a_file(a_rule("a", ACT), include=["family/shapes"]),
        a_file(a_rule("b", ACT), provider="borealis"),
    )

    assert in_force(book) == ["shapes/s", "lumen/l", "acme/a"]
    assert in_force(book, "borealis") == ["shapes/s", "lumen/l", "borealis/b"]


def test_an_answer_meets_provider_family_and_format():
    back = {"stage": "response"}
    book = a_book(
        a_format(a_rule("f", ACT, **back)),
        a_file(a_rule("l", ACT, **back), family="lumen", naming=NAMING),
        a_file(a_rule("a", ACT, **back)),
    )

    assert in_force(book, stage="response") == ["acme/a", "lumen/l", "format/f"]


def test_a_model_that_a_rule_of_format_writes_meets_the_rules_behind_it():
    new = a_rule("m", [{"set": {"model": "lumen-3"}}], when={"model": "lumen-2"})
    other = a_rule("o", {"set": {"y": 1}}, models={"family": "lumen", "version": 3})
    book = a_book(a_format(new, a_rule("f", ACT)), a_file(family="lumen", naming={**NAMING}), a_file(other))
    done = explain({"model": "lumen-2"}, "acme", rulebook=book)

    assert [change.rule for change in done.changes] == ["format/m", "format/f", "acme/o"]


def test_they_and_their_rules_are_disabled_with_a_reason():
    def files(**disable):
        return a_format(a_rule("f", ACT), a_rule("g", ACT)), a_file(disable=[{**disable, "because": "Not here."}])

    assert in_force(a_book(*files(family="format"))) == []
    assert in_force(a_book(*files(rule="format/f"))) == ["format/g"]
    with pytest.raises(RuleFileError, match="no rule 'format/h' is there to disable"):
        a_book(*files(rule="format/h"))


def test_at_says_where_their_rules_hold():
    book = a_book(a_format(a_rule("f", ACT, at=["template"])), a_file(serves={"as": "template"}), a_file(provider="b"))

    assert in_force(book) == ["format/f"]
    assert in_force(book, "b") == []


# Traits


def test_a_rule_holds_where_all_its_traits_are_met():
    book = a_book(
        a_format(
            a_rule("f", ACT, traits={"no_developer": True}),
            a_rule("g", ACT, traits={"no_developer": False, "functions_only": True}),
            a_rule("h", ACT, traits={"old_functions": False}),
        ),
        a_file(traits={"no_developer": FACT}),
        a_file(provider="b", serves={"as": "weights"}),
        a_file(provider="c", serves={"as": "weights"}, traits={"functions_only": {"is": False, **FACT}}),
    )

    assert in_force(book) == ["format/f", "format/h"]
    assert in_force(book, "b") == ["format/g", "format/h"]
    assert in_force(book, "c") == ["format/h"]


def test_of_a_list_of_words_the_providers_must_be_one_and_false_means_that_it_says_none():
    book = a_book(
        a_format(
            a_rule("f", ACT, traits={"thinking_switch": ["effort", "own"]}),
            a_rule("g", ACT, traits={"thinking_switch": ["thinking", False]}),
        ),
        a_file(traits={"thinking_switch": {"is": "effort", **FACT}}),
        a_file(provider="b", traits={"thinking_switch": {"is": "template", **FACT}}),
        a_file(provider="c"),
    )

    assert [in_force(book, name) for name in ("acme", "b", "c")] == [["format/f"], [], ["format/g"]]
    quiet = explain({}, "b", rulebook=book, why_not=True).quiet
    assert {reason.because for reason in quiet} == {"traits: thinking_switch is template"}
    assert describe({"thinking_switch": ["thinking", False]}) == "trait thinking_switch thinking or unsaid"


def test_traits_of_an_included_provider_hold_and_are_restated_one_by_one():
    book = a_book(
        a_format(a_rule("f", ACT, traits={"no_developer": True}), a_rule("g", ACT, traits={"old_functions": True})),
        a_file(traits={"no_developer": FACT, "old_functions": FACT}),
        a_file(provider="b", include=["provider/acme"], traits={"no_developer": {"is": False, **FACT}}),
    )

    assert in_force(book, "b") == ["format/g"]


def test_a_report_gives_the_source_of_the_providers_trait():
    rule = a_rule("f", {"drop": ["x"]}, traits={"no_developer": True})
    book = a_book(a_format(rule), a_file(traits={"no_developer": FACT}))

    assert explain({"x": 1}, "acme", rulebook=book).changes[0].source == FACT["source"]


def test_why_not_says_which_trait_keeps_a_rule_out():
    rules = a_rule("f", ACT, traits={"no_developer": True}), a_rule("g", ACT, traits={"functions_only": False})
    book = a_book(a_format(*rules), a_file(serves={"as": "maker"}))
    done = explain({}, "acme", rulebook=book, why_not=True)

    assert {quiet.rule: quiet.because for quiet in done.quiet} == {
        "format/f": "traits: the provider is not marked no_developer",
        "format/g": "traits: the provider is marked functions_only",
    }


def test_an_explicit_include_asks_for_traits_too():
    rule = a_rule("t", ACT, traits={"no_developer": True})
    book = a_book(a_file(rule, family="templates"), a_file(include=["family/templates"]))

    assert in_force(book) == []


def test_an_unknown_trait_and_one_in_a_rule_of_a_provider_are_refused():
    with pytest.raises(RuleFileError) as unknown:
        a_format(a_rule("f", ACT, traits={"no_develper": True}))
    with pytest.raises(RuleFileError) as of_provider:
        a_file(a_rule("f", ACT, traits={"no_developer": True}), a_rule("g", ACT, spares="keys"))
    with pytest.raises(RuleFileError) as unsourced:
        a_file(traits={"no_developer": {"verified": {"date": "2026-02-30", "by": "docs"}}})

    assert "Q106" in str(unknown.value)
    assert "did you mean 'no_developer'?" in str(unknown.value)
    assert "'traits' cannot stand in a provider's file" in str(of_provider.value)
    assert "'spares' cannot stand in a provider's file" in str(of_provider.value)
    assert "'source' is missing" in str(unsourced.value)


def test_the_day_of_a_trait_is_one_of_the_calendar():
    fact = {**FACT, "verified": {"date": "2026-02-30", "by": "docs"}}
    table = {
        "quirks": 1,
        "connections": {"acme": {"base_url": "https://acme.example", "traits": {"no_developer": fact}}},
    }
    folder_texts = {"acme": a_file_text(traits={"no_developer": fact}), "connections": str(table).replace("'", '"')}

    with pytest.raises(RuleFileError, match="'date' must be a day of the calendar"):
        load_file(folder_texts["acme"].encode(), "acme.yaml")


def test_a_table_of_connections_says_traits(tmp_path):
    entry = (
        "{base_url: 'https://b.example/v1', traits: {no_developer: {source: mail, verified: {date: DAY, by: report}}}}"
    )
    text = f"quirks: 1\nconnections:\n  b: {entry}\n"
    book = Rulebook.load(a_folder(tmp_path / "good", connections=text.replace("DAY", "2026-11-30")))

    assert "format/developer-is-system" in in_force(book, "b")
    with pytest.raises(RuleFileError, match="'date' must be a day of the calendar"):
        Rulebook.load(a_folder(tmp_path / "bad", connections=text.replace("DAY", "2026-02-30")))


# What is spared


def test_a_drop_spares_what_the_head_lists():
    rules = (
        a_rule("f", {"drop": ["a", "b", "messages[*].c"]}, spares="keys"),
        a_rule("g", [{"drop": ["messages[*].c"]}, {"set": {"z": 1}}], spares="reads"),
        a_rule("h", {"drop": ["d"]}, spares="keys"),
    )
    book = a_book(a_format(*rules), a_file(keys=["b", "d"], reads=["c"]), a_file(provider="other"))
    payload = {"a": 1, "b": 1, "d": 1, "messages": [{"c": 1}]}

    assert explain(payload, "acme", rulebook=book).payload == {"b": 1, "d": 1, "messages": [{}], "z": 1}
    assert explain(payload, "other", rulebook=book).payload == {"messages": [{}], "z": 1}
    quiet = explain(payload, "acme", rulebook=book, why_not=True).quiet
    assert [(one.rule, one.because) for one in quiet] == [("format/h", "'keys' lists all that it drops")]


# Old names


def test_a_rule_is_disabled_by_a_name_that_it_once_bore_and_the_report_says_so():
    moved = a_format(a_rule("f", ACT, was=["acme/f", "old/f"]), a_rule("g", ACT))
    book = a_book(moved, a_file(disable=[{"rule": "old/f", "because": "Not here."}]))
    done = explain({}, "acme", rulebook=book)

    assert in_force(book) == ["format/g"]
    assert (done.changes[0].rule, done.changes[0].note) == (
        "quirkbook/renamed-rule",
        "'old/f' is 'format/f' now: write the new name in 'disable'",
    )
    found = [one for one in check_rulebook(book, [*owned_rules(book)]) if one.code == "Q220"]
    assert [one.message for one in found] == ["'old/f' is 'format/f' now; the old name will be refused one day"]


# How they show


def test_a_rule_for_traits_that_nobody_has_is_off_everywhere():
    book = a_book(a_format(a_rule("f", ACT, traits={"no_developer": True})), a_file())
    found = [str(one) for one in check_rulebook(book, [*owned_rules(book)])]

    assert len(found) == 1
    assert "Q214]: format/f is in force nowhere: no provider has the traits that it asks for" in found[0]


def test_the_commands_name_the_traits():
    listed = CliRunner().invoke(quirkbook, ["rules", "-p", "zai", "-m", "glm-5"]).output
    page = CliRunner().invoke(quirkbook, ["rule", "format/developer-is-system"]).output

    row = next(line for line in listed.splitlines() if line.startswith("format/developer-is-system"))
    assert row.endswith("trait no_developer")
    assert "format/templates-take-system" not in listed
    assert "traits   no_developer" in page
    assert "zai/developer-is-system" in page
