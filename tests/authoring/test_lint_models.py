"""What is wrong with the models that rules are about: ranges, words and ids that nothing fits, a name of two families."""

from __future__ import annotations

import pytest
from tests.authoring.test_lint_rulebook import SEED, found
from tests.books import a_file, a_rule

NAMING = {"names": ["lumen"], "lines": ["glow", "spark"], "variants": ["mini"]}


def family(*rules, name="lumen", naming=NAMING, **head):
    return a_file(*rules, family=name, **({"naming": naming} if naming else {}), **head)


def of(models, **more):
    """Write a rule about some models down."""
    return a_rule("a", SEED, models=models, **more)


def test_ranges_that_some_id_fits_have_no_diagnostic():
    models = [{"line": "glow", "from": 2}, {"version": ["1"]}, {"with": ["mini", "spark"]}, {"without": ["tuned"]}]

    assert found(family(of(models))) == []


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ({"line": "glo"}, "Q217 lumen/a asks for the line 'glo', which the head of family lumen does not list; listed: glow, spark, lumen"),
        ({"with": "tiny"}, "Q217 lumen/a asks for the variant 'tiny', which the head of family lumen does not list; listed: mini, glow, spark, tuned"),
        ({"from": 3, "before": 2}, "Q215 a range of models of lumen/a ends before it begins; correct 'from' or 'before'"),
    ],
)  # fmt: skip
def test_a_range_that_nothing_fits_is_named(models, text):
    assert text in found(family(of(models)))


def test_a_version_that_the_heads_words_can_never_give_is_named():
    naming = {**NAMING, "spelt": {"2": "3"}}

    assert found(family(of({"version": "2"}), naming=naming)) == [
        "Q215 no id fits a range of models of lumen/a: lumen, version 2; correct it, or let the family's head list how such models are named"
    ]


def test_a_range_of_a_family_without_naming_is_named():
    files = family(naming=NAMING), a_file(of({"family": "lumenn", "from": 2}))

    assert found(*files) == [
        "Q216 acme/a asks for family 'lumenn', which does not say how its models are named; known families: lumen"
    ]


def test_a_name_that_two_families_claim_is_named_at_both():
    text = "Q218 the families lumen and other both claim the name 'lumen'; let one of them have it"
    files = family(a_rule("a", SEED)), family(a_rule("a", SEED), name="other", naming={"names": ["lumen"]})

    assert found(*files).count(text) == 2


def test_a_name_that_means_a_model_of_no_family_is_named():
    naming = {**NAMING, "same": {"lumen-best": "lumenn-2", "lumen-new": "lumen-3"}}

    assert found(family(of({"from": 2}), naming=naming)) == [
        "Q219 'lumen-best' is said to mean 'lumenn-2', which names no known model; write an id that a family's head explains"
    ]


@pytest.mark.parametrize(
    ("models", "example", "named"),
    [
        ({"from": 2}, {"in": {"model": "lumenn-1", "seed": 1}, "same": True}, ["lumenn-1"]),
        ({"from": 2}, {"in": {"model": "acme/lumen-1", "seed": 1}, "same": True}, []),
        ({"from": 2}, {"in": {"seed": 1}, "out": {}}, []),
        (["lumenn*"], {"in": {"model": "lumenn-1", "seed": 1}, "out": {"model": "lumenn-1"}}, []),
    ],
)
def test_an_example_whose_model_no_family_explains_is_named(models, example, named):
    hint = "correct it; to show a model that the rule leaves alone, name one of this or another family"

    assert [text for text in found(family(of(models, examples=[example]))) if "Q222" in text] == [
        f"Q222 an example of lumen/a names '{name}', which is not a model of any known family; {hint}" for name in named
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ([{"from": 2}], [{"from": 3}], True),
        ([{"from": 3}], [{"from": 2}], False),
        ([{"from": 2}], [{"version": [2, 3]}], True),
        ([{"from": 2}], [{"version": [1, 3]}], False),
        ([{"version": 2}], [{"from": 2}], False),
        ([{"before": 3}], [{"from": 1, "before": 2}], True),
        ([{"before": 3}], [{"from": 1}], False),
        ([{"line": "glow"}], [{"line": "glow", "from": 2}], True),
        ([{"line": "glow"}], [{"from": 2}], False),
        ([{"without": "mini"}], [{"without": ["mini", "spark"]}], True),
        ([{"without": "mini"}], [{"from": 2}], False),
        ([{"with": ["mini", "spark"]}], [{"with": "mini"}], True),
        ([{"with": "mini"}], [{"from": 2}], False),
        ([{"from": 2}, {"not": {"family": "lumen", "version": 3}}], [{"from": 2}], False),
        ([{"from": 2}, {"not": {"family": "lumen", "version": 3}}], [{"from": 2}, {"not": {"family": "lumen", "version": 3}}], True),
    ],
)  # fmt: skip
def test_a_rule_is_never_reached_where_one_before_it_covers_its_models(earlier, later, is_covered):
    files = (
        family(),
        a_file(
            *(
                a_rule(
                    name,
                    {"reject": "gone"},
                    models=[{"family": "lumen", **each} if "not" not in each else each for each in models],
                )
                for name, models in (("a", earlier), ("b", later))
            )
        ),
    )

    assert any(text.startswith("Q213") for text in found(*files)) is is_covered
