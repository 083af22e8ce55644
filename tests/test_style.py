"""The check of style: what it finds, what it leaves alone, and a list of exceptions that can only become shorter."""

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
    """Return a function that writes files and exceptions, runs the check, and returns its exit code and output."""

    def run(files, exceptions=(), *args):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        listed = tmp_path / style.EXCEPTIONS
        listed.parent.mkdir(exist_ok=True)
        listed.write_text("".join(f"{line}\n" for line in exceptions))
        code = style.main(args, tmp_path)
        return code, capsys.readouterr().out, listed.read_text().splitlines()

    return run


def test_a_new_line_with_a_phrase_fails_the_check_and_names_its_place(check):
    assert check({"engine/a.py": "x = 1\ny = 'this is no name'\n"}) == (
        1,
        "engine/a.py:2: 'is no': write 'is not a' or 'must be'\n",
        [],
    )


def test_an_exception_covers_one_line_in_whatever_file_it_stands(check):
    files = {"engine/new/place.py": "    # It is no name.\n", "README.md": "It is no name.\n"}

    assert check(files, ["# It is no name.", "It is no name."])[:2] == (0, "")
    assert check(files, ["# It is no name."])[:2] == (1, "README.md:1: 'is no': write 'is not a' or 'must be'\n")


def test_a_stale_exception_fails_the_check_until_it_is_taken_off_the_list(check):
    files = {"engine/a.py": "# It is no name.\n"}
    listed = ["# It is none.", "# It is no name.", "# It is no name."]

    assert check(files, listed)[:2] == (
        1,
        "tests/style_exceptions.txt: no longer in any file: # It is none.\n"
        "tests/style_exceptions.txt: no longer in any file: # It is no name.\n"
        "run python tests/style.py --prune\n",
    )
    assert check(files, listed, "--prune") == (0, "removed 2 of 3 exceptions\n", ["# It is no name."])


def test_pruning_adds_nothing(check):
    code, _, listed = check({"engine/a.py": "# It is no name.\n"}, ["# It is none."], "--prune")

    assert (code, listed) == (1, [])


def test_pages_made_of_the_rules_and_tests_are_not_checked(check):
    text = "It is no name.\n"
    files = ("docs/compatibility.md", "docs/coverage.md", "docs/rules/acme.md", "tests/test_a.py")

    assert check(dict.fromkeys(files, text))[:2] == (0, "")


def test_rules_docs_and_code_are_checked(check):
    files = (
        "rules/families/a.yaml",
        "docs/a.md",
        "engine/quirkbook/a.py",
        "schemas/a.json",
        "hatch_build.py",
        ".ci/a.py",
    )

    _, said, _ = check(dict.fromkeys(files, "It is no name.\n"))

    assert sorted(line.partition(":")[0] for line in said.splitlines()) == sorted(files)
