"""Files of all layers joined, includes read, rules switched off: the effective list of a provider."""

from __future__ import annotations

import pytest
from tests.books import a_file, a_folder, a_rule

from quirkbook import Rulebook, RuleFileError, resources
from quirkbook.model import Disable, Location
from quirkbook.rulebook import builtin, layers
from quirkbook.rulebook.layers import RuleSources, all_rules, join

ACT = {"set": {"z": 1}}


def sources(*files):
    return RuleSources(files, builtin=False)


def stack(*files, kind="provider", name="acme"):
    rule_sources = sources(*files)
    return layers.stack(rule_sources, rule_sources.file(kind, name)).entries


def listed(*files):
    return [entry.rule.name for entry in stack(*files)]


def refusal(*files):
    with pytest.raises(RuleFileError) as caught:
        stack(*files)
    return str(caught.value)


# Layers


def test_a_later_layer_replaces_rules_in_place_and_adds_others_after_them():
    joined = join(
        [
            a_file(a_rule("a", ACT), a_rule("b", ACT), {"include": "family/x"}, a_rule("c", ACT), name="One"),
            a_file(a_rule("d", ACT), a_rule("b", ACT, why="New."), layer="second", aliases=["ac"]),
            a_file(a_rule("e", ACT), layer="third", name="Three"),
        ]
    )

    assert [getattr(item, "id", "include") for item in joined.items] == ["a", "b", "include", "c", "d", "e"]
    assert (joined.items[1].why, joined.items[1].layer) == ("New.", "second")
    assert (joined.head, joined.layer) == ({"name": "Three", "aliases": ["ac"]}, "third")


def test_names_and_disables_of_all_layers_are_joined():
    joined = join(
        [
            a_file(let={"a": {"n": 1}, "b": {"n": 2}}, disable=[{"rule": "x/one", "because": "First."}]),
            a_file(let={"b": {"n": 3}}, disable=[{"rule": "x/two", "because": "Second."}]),
        ]
    )

    assert joined.named_conditions == {"a": {"n": 1}, "b": {"n": 3}}
    assert [(one.rule, one.because) for one in joined.disables] == [("x/one", "First."), ("x/two", "Second.")]


def test_the_order_of_files_of_different_owners_does_not_matter():
    files = [
        a_file(a_rule("a", ACT), include=["family/x"]),
        a_file(a_rule("b", ACT), family="x"),
        a_file(a_rule("c", ACT), provider="other"),
    ]

    assert listed(*files) == listed(*reversed(files)) == ["x/b", "acme/a"]


def test_sources_know_the_names_of_all_and_no_files_of_others():
    rule_sources = sources(a_file(), a_file(family="x"), a_file(provider="b"))

    assert (rule_sources.names("provider"), rule_sources.names("family")) == (("acme", "b"), ("x",))
    assert rule_sources.file("provider", "x") is None
    assert rule_sources.file("family", "x") is rule_sources.file("family", "x")


def test_only_files_with_the_ending_of_rules_ship(tmp_path, monkeypatch):
    a_folder(tmp_path, one="", two="", connections="{quirks: 1, connections: {reached: {name: Reached}}}")
    a_folder(tmp_path / "families", three="")
    (tmp_path / "README.md").write_text("")
    (tmp_path / "families" / "README.md").write_text("")
    monkeypatch.setattr(builtin, "folder", lambda name: tmp_path)

    rule_sources = RuleSources((), builtin=True)

    assert (rule_sources.names("provider"), rule_sources.names("family")) == (("one", "reached", "two"), ("three",))


def test_a_built_in_file_is_read_when_it_is_asked_for(monkeypatch):
    read = []
    monkeypatch.setattr(builtin, "read", lambda name: read.append(name) or a_file(provider="moonshot"))

    rule_sources = RuleSources((), builtin=True)
    assert read == []

    rule_sources.file("provider", "moonshot")
    rule_sources.file("provider", "moonshot")

    assert read == ["moonshot.yaml"]


def test_built_in_files_bear_the_names_of_their_owners():
    rule_sources = RuleSources((), builtin=True)

    assert {
        rule_sources.file(kind, name).name for kind in ("provider", "family") for name in rule_sources.names(kind)
    } == {
        *rule_sources.names("provider"),
        *rule_sources.names("family"),
    }
    assert all(place.suffix == ".yaml" for place in resources.folder("rules").rglob("*") if place.is_file())


def test_a_users_file_for_a_built_in_provider_changes_that_one_alone():
    mine = a_file(
        a_rule("temperature-range", ACT, why="Mine."),
        a_rule("more", ACT),
        provider="moonshot",
        base_url="http://localhost",
    )
    builtin, book = Rulebook.load(), Rulebook([mine])

    before = [entry.rule.name for entry in builtin.effective("moonshot") if not entry.is_general]
    after = [entry.rule for entry in book.effective("moonshot") if not entry.is_general]

    assert [rule.name for rule in after if rule.id != "more"] == before
    assert [rule.id for rule in after if rule.owner == "moonshot"][-1] == "more"
    assert [entry.rule.owner for entry in book.effective("moonshot")][-1] == "closing"
    assert [rule.name for rule in after if rule.layer == "mine"] == ["moonshot/temperature-range", "moonshot/more"]
    assert book.provider("moonshot").head == {**builtin.provider("moonshot").head, "base_url": "http://localhost"}
    assert book.provider("openai") == builtin.provider("openai")


# Includes


def test_included_files_come_where_they_are_named_each_once():
    files = [
        a_file(
            a_rule("a", ACT),
            {"include": "family/y"},
            a_rule("b", ACT),
            {"include": "provider/p"},
            include=["family/x"],
        ),
        a_file(a_rule("x", ACT), family="x"),
        a_file({"include": "family/x"}, a_rule("y", ACT), family="y"),
        a_file(a_rule("p", ACT), {"include": "family/y"}, provider="p"),
    ]

    assert listed(*files) == ["x/x", "acme/a", "y/y", "acme/b", "p/p"]


def test_a_provider_and_a_family_of_one_name_are_two_files():
    assert listed(a_file(a_rule("a", ACT), include=["family/acme"]), a_file(a_rule("b", ACT), family="acme")) == [
        "acme/b",
        "acme/a",
    ]


def test_who_includes_may_restate_a_name():
    files = [
        a_file(a_rule("a", ACT), include=["family/x"], let={"hot": {"n": 2}, "mine": {"n": 9}}),
        a_file(a_rule("x", ACT, {"$hot": True}), family="x", let={"hot": {"n": 1}, "cold": {"n": 3}}),
    ]

    assert [(entry.rule.name, entry.named_conditions) for entry in stack(*files)] == [
        ("x/x", {"hot": {"n": 2}, "cold": {"n": 3}, "mine": {"n": 9}}),
        ("acme/a", {"hot": {"n": 2}, "mine": {"n": 9}}),
    ]
    assert [entry.named_conditions for entry in stack(*files, kind="family", name="x")] == [
        {"hot": {"n": 1}, "cold": {"n": 3}}
    ]


def test_includes_that_go_in_a_circle_are_refused_with_the_whole_way():
    said = refusal(
        a_file(include=["family/x"]),
        a_file({"include": "family/y"}, family="x"),
        a_file({"include": "family/x"}, family="y"),
    )

    assert said == (
        "y.yaml:3:13: error[Q112]: includes go in a circle: provider/acme -> family/x -> family/y -> family/x\n"
        "  hint: take one of them out"
    )


def test_a_file_that_includes_itself_is_refused():
    assert refusal(a_file(include=["provider/acme"])) == (
        "acme.yaml:1:47: error[Q112]: includes go in a circle: provider/acme -> provider/acme\n"
        "  hint: take one of them out"
    )


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("family/kimmi", "did you mean 'family/kimi'?"),
        ("provider/acmee", "did you mean 'provider/acme'?"),
        ("family/zzzzzzzzzz", "known families: gemma, kimi"),
    ],
)
def test_an_include_that_leads_nowhere_is_refused(target, hint):
    assert refusal(a_file({"include": target}), a_file(family="kimi"), a_file(family="gemma")) == (
        f"acme.yaml:3:13: error[Q113]: there is no '{target}' to include\n  hint: {hint}"
    )


# Disabled rules


def test_a_rule_is_disabled_by_its_includer_with_a_reason():
    entries = stack(
        a_file(a_rule("a", ACT), include=["family/x"], disable=[{"rule": "x/one", "because": "Not so here."}]),
        a_file(a_rule("one", ACT), a_rule("two", ACT), family="x"),
    )

    off = Disable("x/one", "Not so here.", Location("acme.yaml", 1, 72))
    assert [(entry.rule.name, entry.disabled) for entry in entries] == [
        ("x/one", off),
        ("x/two", None),
        ("acme/a", None),
    ]


def test_what_a_file_disables_is_off_for_all_who_include_it_too():
    entries = stack(
        a_file(a_rule("a", ACT), include=["family/y"]),
        a_file(include=["family/x"], family="y", disable=[{"rule": "x/one", "because": "Old."}]),
        a_file(a_rule("one", ACT), family="x"),
    )

    assert [(entry.rule.name, entry.disabled and entry.disabled.because) for entry in entries] == [
        ("x/one", "Old."),
        ("acme/a", None),
    ]


def test_a_user_may_disable_a_built_in_rule():
    mine = a_file(provider="moonshot", disable=[{"rule": "moonshot/temperature-range", "because": "My account may."}])

    book = Rulebook([mine])

    off = [entry for entry in book.effective("moonshot") if entry.disabled]
    assert [(one.rule.name, one.disabled.because) for one in off] == [("moonshot/temperature-range", "My account may.")]
    assert "moonshot/temperature-range" not in [rule.name for rule in book.plan("moonshot", "m").rules]


def test_all_rules_that_are_not_there_to_disable_are_named_at_once():
    said = refusal(
        a_file(
            a_rule("one", ACT),
            disable=[
                {"rule": "acme/on", "because": "Misspelt."},
                {"rule": "family-of-nobody/zzzzzzzz", "because": "Gone."},
            ],
        )
    )

    assert said == (
        "acme.yaml:1:47: error[Q119]: no rule 'acme/on' is there to disable\n"
        "  hint: did you mean 'acme/one'?\n"
        "acme.yaml:1:92: error[Q119]: no rule 'family-of-nobody/zzzzzzzz' is there to disable\n"
        "  hint: see 'quirkbook rules -p PROVIDER'"
    )


def test_every_rule_of_every_file_is_listed_once_providers_first():
    rule_sources = sources(
        a_file(a_rule("f", ACT), family="x"),
        a_file(a_rule("a", ACT), {"include": "family/x"}),
        a_file(a_rule("b", ACT), provider="b", include=["family/x"]),
    )

    assert [rule.name for rule in all_rules(rule_sources)] == ["acme/a", "b/b", "x/f"]
