"""What refusals say: public texts, each with its source, and the examples of the wordings themselves."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.books import a_folder

from quirkbook import Rulebook, RuleFileError
from quirkbook.proof.errors import Sentence, sentences
from quirkbook.proof.places import find
from quirkbook.proof.refusals import Wordings
from quirkbook.proof.repairs import kind_of

WORDINGS = Wordings()
ROWS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "data" / "refusals.jsonl").read_text("utf-8").splitlines()
]


def read(text):
    """Return the field path and the kind that the first finding in a text has; from the text alone."""
    findings = WORDINGS.read(text)
    if not findings:
        return None, None
    place = find(findings[0].named, {}, WORDINGS.names)
    return (place.path if place else None), kind_of(findings[0], place)


@pytest.mark.parametrize("wording", WORDINGS.all, ids=lambda wording: f"{wording.family}-{wording.kind}")
def test_each_wording_reads_its_own_example_and_no_other_reads_more_of_it(wording):
    assert WORDINGS.understand(Sentence(wording.example)).wording == wording


def test_the_parameter_and_kind_of_public_refusals_are_right_from_the_text_alone():
    right, all_rows = Counter(), Counter(row["set"] for row in ROWS)
    for row in ROWS:
        right[row["set"]] += read(row["text"]) == (row["param"], row["kind"])

    assert right["known"] == all_rows["known"]
    assert right["cases"] >= all_rows["cases"] - 1
    assert right["held"] >= all_rows["held"] - 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["source"].rpartition("github.com/")[2])
def test_each_public_refusal_has_a_source(row):
    assert row["source"].startswith("https://")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error": {"message": "no", "param": "n", "code": 7}}, [("no", "n", "7")]),
        ({"detail": [{"loc": ["body", "n"], "msg": "no", "type": "t"}]}, [("no", "body.n", "t")]),
        (
            [{"loc": ["body", "a"], "msg": "x"}, {"loc": ["body", "b"], "msg": "y"}],
            [("x", "body.a", None), ("y", "body.b", None)],
        ),
        ('[{"error": {"message": "no"}}]', [("no", None, None)]),
        ("a bare sentence", [("a bare sentence", None, None)]),
        ("400 {'message': 'no'} and more", [("no", None, None)]),
        ("{not an error: 1}", [("{not an error: 1}", None, None)]),
        ('{"a": 1}', [('{"a": 1}', None, None)]),
        ({"message": '{"detail": [{"loc": ["n"], "msg": "no"}]}'}, [("no", "n", None)]),
    ],
)
def test_an_error_is_read_in_whatever_form_it_was_kept(error, expected):
    assert [(one.text, one.param, one.code) for one in sentences(error)] == expected


@pytest.mark.parametrize(
    ("named", "payload", "path"),
    [
        ("body.store", {}, "store"),
        ("presencePenalty", {}, "presence_penalty"),
        ("#/stream_options", {}, "stream_options"),
        ("/messages/*/content", {}, "messages[*].content"),
        ("('body', 'prompt_cache_key')", {}, "prompt_cache_key"),
        ("messages.1.assistant.reasoning_content", {}, "messages[*].reasoning_content"),
        ("messages.0.id", {}, "messages[*].id"),
        ("tools.0.custom.strict", {"tools": [{"function": {"strict": True}}]}, "tools[*].function.strict"),
        ("strict", {"tools": [{"function": {"strict": True}}]}, "tools[*].function.strict"),
        ("tools[0].function_declarations[0].name", {}, "tools[*].function.name"),
        ("function.arguments", {}, "messages[*].tool_calls[*].function.arguments"),
        ("num_ctx", {}, "num_ctx"),
        ("tools.0.function.mine", {}, "tools[*].function.mine"),
        (["validation_error", "n"], {}, "n"),
        ("'$schema'", {}, '["$schema"]'),
        ("?", {}, None),
        ("*", {}, None),
    ],
)
def test_the_field_that_a_text_names_is_found(named, payload, path):
    place = find(named, payload, WORDINGS.names)

    assert (place and place.path) == path


def test_a_payload_of_any_size_is_looked_through_up_to_a_limit():
    assert find("deep", {"a": [{"b": 1}] * 30_000}).path == "deep"


def test_a_folder_may_hold_wordings_of_its_own(tmp_path):
    text = (
        "quirks: 1\nrefusals: acme\nabout: Acme's.\nwordings:\n"
        "  - {kind: unknown, says: 'nix da (?P<param>\\w+)', example: nix da seed}\n"
    )
    book = Rulebook.load(a_folder(tmp_path, acme=text))

    assert Wordings(book.files).read("nix da seed")[0].named == ("seed",)
    assert WORDINGS.read("nix da seed") == []


def test_a_wording_that_is_not_a_pattern_is_refused_at_its_place(tmp_path):
    text = "quirks: 1\nrefusals: acme\nabout: Acme's.\nwordings:\n  - {kind: unknown, says: '(?=a)b', example: b}\n"
    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(a_folder(tmp_path, acme=text))

    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.location.line) == ("Q109", 5)
    assert diagnostic.message.startswith(
        '"(?=a)b" is not a regular expression of RE2: RE2 does not support look-around'
    )


def test_a_file_of_wordings_of_the_wrong_shape_is_refused(tmp_path):
    with pytest.raises(RuleFileError, match="'wordings' is missing in this file of wordings"):
        Rulebook.load(a_folder(tmp_path, acme="quirks: 1\nrefusals: acme\nabout: Acme's.\n"))
