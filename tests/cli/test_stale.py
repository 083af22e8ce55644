"""`quirkbook stale`: old proofs, the most urgent first, and ids that no family knows."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from quirkbook.cli import quirkbook

RULE = """\
  - id: {id}
    why: Acme refuses {id}.
    source: https://acme.example
    verified: {{date: {date}, by: {by}}}
    do: [{{drop: [{id}]}}]
    examples: [{{in: {{{id}: 1}}, out: {{}}}}, {{in: {{}}, same: true}}]
"""


def run(*args):
    return CliRunner().invoke(quirkbook, ["stale", *map(str, args)])


@pytest.fixture
def rules(tmp_path):
    dates = [
        ("a", "2020-01-01", "docs"),
        ("b", "2020-01-01", "report"),
        ("c", "2019-01-01", "live"),
        ("d", "2126-01-01", "docs"),
    ]
    text = "".join(RULE.format(id=id, date=date, by=by) for id, date, by in dates)
    path = tmp_path / "rules" / "acme.yaml"
    path.parent.mkdir()
    path.write_text(f"quirks: 1\nprovider: acme\nrules:\n{text}")
    return path.parent


def test_old_proofs_come_by_age_then_by_kind(rules):
    done = run("--rules", rules, "--days", 365, "--format", "json")
    data = json.loads(done.stdout)

    assert done.exit_code == 1
    acme = [each["rule"] for each in data["stale"] if each["rule"].startswith("acme/")]
    assert acme == ["acme/c", "acme/b", "acme/a"]
    assert data["stale"][0]["providers"] >= 1 and "acme" in data["without_address"]


def test_the_report_is_a_list_a_table_or_data(rules):
    text, table = run("--rules", rules, "--days", 2000), run("--rules", rules, "--days", 2000, "--format", "markdown")

    assert text.stdout.startswith("acme/c  ")
    assert (
        " rules verified more than 2000 days ago (" in text.stderr and "providers without an address: " in text.stderr
    )
    assert "| `acme/c` | " in table.stdout


@pytest.mark.parametrize(
    "catalogue",
    [
        "gpt-4o\nzephyr-9 # new\n\nnot an id!\n",
        '{"data": [{"id": "gpt-4o"}, {"id": "zephyr-9"}]}',
        '["gpt-4o", "zephyr-9"]',
        '{"gpt-4o": {"price": 1}, "zephyr-9": {"price": 2}}',
        '{"acme": {"id": "acme", "models": {"gpt-4o": {"id": "gpt-4o"}, "z": {"id": "zephyr-9"}}}}',
    ],
)
def test_the_ids_of_a_catalogue_that_no_family_knows_are_listed(tmp_path, catalogue):
    path = tmp_path / "catalogue"
    path.write_text(catalogue)
    done = run("--days", 40000, "--catalogue", path)

    assert (done.exit_code, done.stdout) == (1, f"{path}: 1 ids that no family knows: zephyr-9\n")
    assert (
        f"Models in `{path}` that no family knows: `zephyr-9`"
        in run("--catalogue", path, "--format", "markdown").stdout
    )


def test_a_catalogue_without_ids_is_refused(tmp_path):
    path = tmp_path / "catalogue"
    path.write_text("{}")

    assert "no id of a model: write one a line, or JSON with 'id' keys" in str(run("--catalogue", path).exception)


def test_nothing_old_and_nothing_unknown_ends_with_0(tmp_path):
    path = tmp_path / "catalogue"
    path.write_text("gpt-4o\n")
    done = run("--days", 40000, "--catalogue", path)

    assert (done.exit_code, done.stdout) == (0, f"{path}: 0 ids that no family knows\n")
