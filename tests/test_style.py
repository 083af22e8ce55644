"""The check of style: what it finds, and what it leaves alone."""

from __future__ import annotations

import pytest

from . import style


def found(text):
    return [(line, phrase) for line, phrase, _ in style.findings(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fine\nthis is no name of a header\n", [(2, "is no")]),
        ("# of these one is\n    # none at all\n", [(1, "is none")]),
        ('f"the body is "\n    f"no JSON"\n', [(1, "is f no")]),
        ('"the body is"\n    " no JSON"\n', [(1, "is no")]),
        ("> what the log tells of\n", [(1, "tells of")]),
        ("rules that speak of models\n", [(1, "speak of")]),
        ("it finds who\nis meant\n", [(1, "who is meant")]),
        ('f"n is a number, not {kind}"\n', [(1, "is a number, not {")]),
    ],
)
def test_a_phrase_is_found_in_a_line_and_across_a_break(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "there is no such file",
        "it is no longer committed",
        "this is no more than a hint",
        "value is None",
        "'is not a name'",
        "This noun",
        "n must be a number, not {kind}",
        "<!-- style: off -->\nit is no name\n<!-- style: on -->\n",
    ],
)
def test_plain_english_is_left_alone(text):
    assert found(text) == []


def test_a_line_after_examples_of_what_not_to_write_keeps_its_number():
    assert found("<!-- style: off -->\nis no\n<!-- style: on -->\nis none\n") == [(4, "is none")]


@pytest.fixture
def check(tmp_path, capsys):
    """Return a function that writes files, runs the check, and returns its exit code and output."""

    def run(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return style.main(tmp_path), capsys.readouterr().out

    return run


def test_a_line_with_a_phrase_fails_the_check_and_names_its_place(check):
    assert check({"engine/a.py": "x = 1\ny = 'this is no name'\n"}) == (
        1,
        "engine/a.py:2: 'is no': write 'is not a' or 'must be'\n",
    )


def test_pages_made_of_the_rules_and_tests_are_not_checked(check):
    text = "It is no name.\n"
    files = ("docs/compatibility.md", "docs/coverage.md", "docs/rules/acme.md", "tests/test_a.py")

    assert check(dict.fromkeys(files, text)) == (0, "")


def test_rules_docs_and_code_are_checked(check):
    files = (
        "rules/families/a.yaml",
        "docs/a.md",
        "engine/quirkbook/a.py",
        "schemas/a.json",
        "hatch_build.py",
        ".ci/a.py",
    )

    _, said = check(dict.fromkeys(files, "It is no name.\n"))

    assert sorted(line.partition(":")[0] for line in said.splitlines()) == sorted(files)
