"""A rule on answers is tried on whole answers and on chunks; `say` is the message of the one, the delta of the other."""

from __future__ import annotations

import pytest
from tests.books import a_book, a_rule

from quirkbook import ChunkTranslator, translate_response
from quirkbook.authoring.examples import check_examples, golden, owned_rules, staged
from quirkbook.rulebook.answers import condition, path

THOUGHTS = a_rule(
    "thoughts",
    {"rename": {"choices[*].say.thoughts": "reasoning_content"}},
    stage="answer",
    when={"choices[*].say.thoughts": {"is": "string"}},
)


def both(book, said, **more):
    """Return what a choice says in a whole answer, and in a chunk."""
    whole = translate_response({"choices": [{"index": 0, "message": said}]}, "acme", rulebook=book, **more)
    (chunk,) = ChunkTranslator("acme", rulebook=book, **more).feed({"choices": [{"index": 0, "delta": said}]})
    return whole["choices"][0]["message"], chunk["choices"][0]["delta"]


def test_one_rule_works_on_both():
    assert both(a_book(THOUGHTS), {"thoughts": "Hm"}) == ({"reasoning_content": "Hm"},) * 2


@pytest.mark.parametrize(
    ("when", "do"),
    [
        (
            {"choices": {"some": {"say.a": 1}}},
            {"each": {"in": "choices[*]", "when": {"say.a": 1}, "do": [{"drop": ["say.a"]}]}},
        ),
        ({"any_of": [{"choices[*].say.a": 1}]}, {"each": {"in": "choices[*].say", "do": [{"drop": ["a"]}]}}),
        ({"not": {"choices[*].say.b": 1}}, {"drop": ["choices[*].say.a"]}),
        (
            {"choices[*].say.a": {"among": "choices[*].say.a"}},
            {"each": {"in": "choices[*]", "do": [{"drop": ["$.choices[0].say.a"]}]}},
        ),
        ({"$told": True}, {"drop": ["choices[*].say.a"]}),
    ],
)
def test_say_may_stand_in_every_path(when, do):
    book = a_book(a_rule("r", do, stage="answer", when=when), let={"told": {"choices[*].say.a": 1}})

    assert both(book, {"a": 1}) == ({}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("say", "delta"),
        ("say.x", "delta.x"),
        ("choices[*].say", "choices[*].delta"),
        ("$.choices[0].say[0]", "$.choices[0].delta[0]"),
        ('["say"]', '["say"]'),
        ("says", "says"),
        ("x.saying", "x.saying"),
        (7, 7),
    ],
)
def test_only_the_step_say_is_meant(text, said):
    assert path(text, "delta") == said


def test_values_stay_what_they_are():
    assert condition({"a": ["say"], "b": {"in": "say"}}, "delta") == {"a": ["say"], "b": {"in": "delta"}}
    book = a_book(a_rule("r", [{"set": {"choices[*].say.a": "say"}}, {"warn": "say"}], stage="answer"))
    assert both(book, {"a": 1}) == ({"a": "say"},) * 2


def owned(*examples, do=None, **more):
    rule = {**THOUGHTS, **more, "examples": list(examples)}
    if do:
        rule["do"] = [do]
        del rule["when"]
    return next(iter(owned_rules(a_book(rule))))


FIRES = {
    "in": {"choices": [{"say": {"thoughts": "a"}}, 7]},
    "out": {"choices": [{"say": {"reasoning_content": "a"}}, 7]},
}
QUIET = {"in": {"choices": 7}, "same": True}


def test_examples_are_run_at_both_stages():
    rule = owned(FIRES, QUIET)

    assert [one.rule.stage for one in staged(rule)] == ["response", "chunk"]
    assert [*check_examples(rule)] == []
    records = golden(a_book(THOUGHTS), rule)
    assert [list(one["given"]["choices"][0]) for one in records if one["given"] != {"choices": 7}] == [
        ["message"],
        ["delta"],
    ]


def test_an_example_that_fails_says_at_which_stage():
    wrong = {**FIRES, "out": {"choices": []}}

    assert [one.message.partition(":")[0] for one in check_examples(owned(wrong, QUIET))] == [
        f"an example of acme/thoughts does not come out as it says at stage {stage}" for stage in ("response", "chunk")
    ]


def test_an_example_that_names_message_or_delta_is_about_one_stage():
    one, other = ({"in": {"choices": [{part: {"a": 1}}]}, "same": True} for part in ("message", "delta"))

    assert [[shown.given for shown in at.rule.examples] for at in staged(owned(one, other))] == [
        [one["in"]],
        [other["in"]],
    ]


def test_how_many_examples_a_stage_has_is_counted_by_what_they_are_about():
    whole = {"in": {"choices": [{"message": {"a": 1}}]}, "same": True}

    assert [len(at.rule.examples) for at in staged(owned(FIRES, QUIET, whole))] == [3, 2]


STREAM = {
    "in": [{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}],
    "out": [
        {"choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ],
}
DONE = {"in": [{"choices": [{"index": 0, "say": {}, "finish_reason": "stop"}]}], "same": True}


def test_an_example_may_be_a_stream():
    rule = owned(STREAM, DONE, do={"end_stream": True})

    assert [*check_examples(rule)] == []
    record = golden(a_book(a_rule("thoughts", {"end_stream": True}, stage="answer")), rule)[0]
    assert (record["sent"], len(record["trace"])) == (STREAM["out"], 1)


def test_a_stream_that_does_not_come_out_as_its_example_says_is_told():
    (found,) = check_examples(owned({**STREAM, "out": STREAM["in"]}, DONE, do={"end_stream": True}))

    assert (found.code, found.message.partition(":")[0]) == (
        "Q204",
        "an example of acme/thoughts does not come out as it says",
    )


def test_a_stream_that_changes_again_is_told():
    again = {"in": [{"choices": [], "a": 1}], "out": [{"choices": [], "a": {"b": 1}}]}
    (found,) = check_examples(owned(again, {"in": [{}], "same": True}, do={"wrap": {"a": "b"}}))

    assert found.code == "Q205"


def test_a_rule_on_answers_is_in_force_at_both_stages_and_no_other():
    book = a_book(THOUGHTS)

    assert {stage: len(book.plan("acme", None, stage=stage).rules) for stage in ("request", "response", "chunk", "error")} == {
        "request": 0, "response": 1, "chunk": 1, "error": 0,
    }  # fmt: skip
