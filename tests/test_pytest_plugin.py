"""`pytest --quirkbook DIR`: a folder of rules becomes tests."""

from pathlib import Path

import pytest

# Imported before any run of pytester, which forgets the modules that a run imported first: libyaml's part of PyYAML,
# when imported again, still makes events of the first import's classes, and a file reads as empty.
import yaml  # noqa: F401

MINE = Path(__file__).parents[1] / "examples" / "my-rules"


@pytest.fixture
def rules(pytester):
    folder = pytester.mkdir("my-rules")
    (folder / "acme.yaml").write_bytes((MINE / "acme.yaml").read_bytes())
    return folder


def run(pytester, *args):
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "--quirkbook", "my-rules", *args)


def test_each_rule_is_a_test_and_its_golden_file_is_written_on_purpose(pytester, rules):
    run(pytester).assert_outcomes(passed=2)
    assert not (rules / "golden").exists()

    run(pytester, "--quirkbook-update").assert_outcomes(passed=2)
    assert (rules / "golden" / "acme" / "no-seed.yml").is_file()
    run(pytester).assert_outcomes(passed=2)


def test_a_wrong_example_fails_with_its_diagnostic_and_no_traceback(pytester, rules):
    text = (rules / "acme.yaml").read_text().replace("out: {temperature: 0.5}", "out: {temperature: 1}")
    (rules / "acme.yaml").write_text(text)

    done = run(pytester)

    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*acme.yaml:*: error[[]Q204]: an example of acme/no-seed does not come out as it says: /temperature: wanted 1, got 0.5"
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_golden_file_without_a_rule_fails(pytester, rules):
    orphan = rules / "golden" / "acme" / "gone.yml"
    orphan.parent.mkdir(parents=True)
    orphan.write_text("[]")

    done = run(pytester)

    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*gone.yml:1:1: error[[]Q211]: this golden file belongs to no rule*"])


def test_a_folder_that_does_not_load_is_an_error_in_words(pytester, rules):
    (rules / "acme.yaml").write_text("quirks: 1\nprovider: acme\nnaem: A\n")

    done = run(pytester)

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*acme.yaml:3:1: error[[]Q106]: unknown key 'naem'*"])


def test_other_tests_run_beside_them(pytester, rules):
    pytester.makepyfile("def test_mine(): pass")

    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--quirkbook", "my-rules", pytester.path).assert_outcomes(
        passed=3
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
