"""Layers, includes, names and disabled rules: what is in force for whom, and what is refused."""

import pytest

from quirkbook import RuleFileError, Rulebook, UnknownProviderError, UnknownRuleError, explain
from quirkbook.rulebook import PLANS_REMEMBERED

RULE = """  - id: {id}
    why: Why {id}.
    source: https://x.example/{id}
    verified: {{date: 2026-11-22, by: docs}}
{more}    do: [{{drop: [{field}]}}]
    examples: [{{in: {{{field}: 1}}, out: {{}}}}, {{in: {{z: 1}}, same: true}}]
"""


def rule(id, field, more=""):
    return RULE.format(id=id, field=field, more=more)


def file(folder, name, head, *rules):
    folder.mkdir(exist_ok=True)
    body = "".join(rules)
    (folder / f"{name}.yaml").write_text(f"quirks: 1\n{head}\n" + (f"rules:\n{body}" if body else ""))
    return folder


@pytest.fixture
def base(tmp_path):
    return file(tmp_path / "base", "x", "provider: x\naliases: [ex]\nbase_url: https://x.example", rule("a", "a"), rule("b", "b"))


def names(book, provider="x"):
    return [placed.rule.name for placed in book.effective(provider) if placed.disabled is None]


def test_a_later_layer_replaces_in_place_and_adds_at_the_end(base, tmp_path):
    mine = file(tmp_path / "mine", "x", "provider: x\nbase_url: https://mine.example", rule("c", "c"), rule("a", "seed"))

    book = Rulebook.load(base, mine, builtin=False)

    assert names(book) == ["x/a", "x/b", "x/c"]
    assert explain({"a": 1, "seed": 2, "c": 3}, "x", rulebook=book).payload == {"a": 1}
    assert book.provider("ex").head == {"aliases": ["ex"], "base_url": "https://mine.example"}
    assert [placed.rule.layer for placed in book.effective("x")] == [str(mine), str(base), str(mine)]


def test_a_rule_is_switched_off_with_a_reason(base, tmp_path):
    mine = file(tmp_path / "mine", "x", "provider: x\ndisable: [{rule: x/a, because: lifted}]")

    book = Rulebook.load(base, mine, builtin=False)

    assert names(book) == ["x/b"]
    assert [placed.disabled.because for placed in book.effective("x") if placed.disabled] == ["lifted"]


def test_a_users_file_adds_to_a_built_in_provider(tmp_path):
    mine = file(tmp_path / "mine", "m", "provider: moonshot\ndisable: [{rule: moonshot/temperature-range, because: mine}]", rule("s", "seed"))

    done = explain({"seed": 1, "temperature": 2}, "moonshot", rulebook=Rulebook.load(mine))

    assert done.payload == {"temperature": 2}


def test_a_family_runs_where_it_is_included_and_once(tmp_path):
    file(tmp_path, "f", "family: f", rule("f1", "f"))
    file(tmp_path, "g", "family: g\ninclude: [family/f]", rule("g1", "g"))
    file(tmp_path, "x", "provider: x", rule("a", "a"), "  - include: family/g\n", "  - include: family/f\n", rule("b", "b"))

    book = Rulebook.load(tmp_path, builtin=False)

    assert names(book) == ["x/a", "f/f1", "g/g1", "x/b"]
    assert [placed.rule.name for placed in book.effective("g", family=True)] == ["f/f1", "g/g1"]
    assert (book.providers, book.families) == (("x",), ("f", "g"))


def test_who_includes_may_restate_a_name(tmp_path):
    more = "    when: {a: {exists: true}, $on: true}\n"
    file(tmp_path, "f", "family: f\nlet: {on: {mode: thinking}}", rule("f1", "a", more).replace("{in: {a: 1}, out: {}}", "{in: {a: 1, mode: thinking}, out: {mode: thinking}}"))
    file(tmp_path, "x", "provider: x\ninclude: [family/f]")
    file(tmp_path, "y", "provider: y\ninclude: [family/f]\nlet: {on: {mode: reasoning}}")
    book = Rulebook.load(tmp_path, builtin=False)

    assert explain({"a": 1, "mode": "reasoning"}, "x", rulebook=book).changes == ()
    assert explain({"a": 1, "mode": "reasoning"}, "y", rulebook=book).payload == {"mode": "reasoning"}


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("provider: x\ninclude: [family/kimmi]", "Q113]: there is no 'family/kimmi' to include\n  hint: did you mean 'family/kimi'?"),
        ("provider: x\ninclude: [family/zzzzzz]", "Q113]: there is no 'family/zzzzzz' to include\n  hint: known families: "),
        ("provider: x\ndisable: [{rule: x/zzz, because: no}]", "Q119]: no rule 'x/zzz' is there to disable\n  hint: see 'quirkbook rules -p PROVIDER'"),
        (
            "provider: x\ninclude: [family/kimi]\ndisable: [{rule: kimi/locked-topp, because: no}]",
            "Q119]: no rule 'kimi/locked-topp' is there to disable\n  hint: did you mean 'kimi/locked-top-p'?",
        ),
        ("provider: x\ninclude: [provider/x]", "Q112]: includes go in a circle: provider/x -> provider/x\n  hint: take one of them out"),
    ],
)
def test_what_leads_nowhere_is_refused_when_loaded(tmp_path, head, message):
    file(tmp_path, "x", head)

    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(tmp_path)

    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "x.yaml"))


def test_includes_over_several_files_may_not_go_in_a_circle(tmp_path):
    file(tmp_path, "f", "family: f\ninclude: [family/g]")
    file(tmp_path, "g", "family: g\ninclude: [family/f]")

    with pytest.raises(RuleFileError, match=r"Q112\]: includes go in a circle: family/[fg] -> family/[fg] -> family/[fg]"):
        Rulebook.load(tmp_path, builtin=False)


def test_all_faults_of_all_files_are_told_and_nothing_is_loaded(tmp_path):
    file(tmp_path, "x", "provider: x\nnaem: X")
    file(tmp_path, "y", "provider: y", rule("a", "a").replace("drop", "drpo"))

    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(tmp_path, builtin=False)

    assert [fault.code for fault in caught.value.faults] == ["Q106", "Q105"]


def test_a_rule_is_found_by_its_full_name(base):
    book = Rulebook.load(base, builtin=False)

    assert book.rule("x/a").why == "Why a."
    with pytest.raises(UnknownRuleError) as caught:
        book.rule("x/aa")
    assert str(caught.value) == "no rule is named 'x/aa': did you mean 'x/a'?"
    with pytest.raises(UnknownRuleError) as caught:
        book.rule("x/something")
    assert str(caught.value) == "no rule is named 'x/something'\n  known: x/a, x/b"
    with pytest.raises(UnknownRuleError) as caught:
        book.rule("qqqqq/something")
    assert str(caught.value) == "no rule is named 'qqqqq/something'"


def test_an_unknown_family_is_told_with_those_that_are_known():
    with pytest.raises(UnknownProviderError, match=r"^unknown family 'kimmi'\n  known: "):
        Rulebook.load().effective("kimmi", family=True)


def test_a_plan_is_made_once_and_not_too_many_are_kept(base):
    book = Rulebook.load(base, builtin=False)

    assert book.plan("x", "m") is book.plan("x", "m")
    for number in range(PLANS_REMEMBERED + 5):
        book.plan("x", f"m{number}")
    assert len(book._plans) <= PLANS_REMEMBERED


def test_retired_rules_are_kept_and_never_run(base, tmp_path):
    mine = file(tmp_path / "mine", "x", "provider: x", rule("a", "a", "    status: retired\n"))

    assert explain({"a": 1}, "x", rulebook=Rulebook.load(base, mine, builtin=False)).changes == ()


def test_a_file_may_be_a_layer_of_its_own(base):
    assert names(Rulebook.load(base / "x.yaml", builtin=False)) == ["x/a", "x/b"]
