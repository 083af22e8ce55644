"""docs/coverage.md: each row of the evidence is cited by a rule or excused, and the page says which."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.books import a_file, a_rule

from quirkbook import Rulebook
from quirkbook.errors import RuleFileError

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "tools"))

import evidence_map  # noqa: E402 - found by the line above
from evidence_map import Excuses, Map, cited_by, page, problems, read_excuses  # noqa: E402


def row(number: int, provider: str = "acme", **more: str) -> dict[str, str]:
    return {
        "id": f"d{number:03}", "provider": provider, "model": "*", "param": "seed", "condition": "seed | present",
        "confidence": "high", "source": "https://acme.example", "date": "2026-11", **more,
    }  # fmt: skip


def rules(*evidence: list[str]):
    made = [a_rule(f"r{number}", {"drop": ["seed"]}, evidence=ids) for number, ids in enumerate(evidence, 1)]
    return cited_by(iter(a_file(*made).items))


def test_the_page_is_up_to_date_and_no_row_is_forgotten(capsys):
    assert evidence_map.main([]) == 0, capsys.readouterr().out


def test_a_row_is_cited_excused_waiting_or_forgotten():
    known = Map(
        [row(1), row(2), row(3, "later"), row(4)],
        rules(["d001"], ["d001"]),
        Excuses({"d002": "Nothing to do."}, frozenset({"later"})),
    )

    assert [known.state(each) for each in known.rows] == ["cited", "excused", "todo", "forgotten"]
    assert known.count() == {"cited": 1, "excused": 1, "todo": 1, "forgotten": 1}
    assert known.count("later") == {"cited": 0, "excused": 0, "todo": 1, "forgotten": 0}


def test_every_problem_is_told_at_once():
    known = Map(
        [row(1), row(2), row(3), row(4, model="lumen-*")],
        rules(["d001", "d999"]),
        Excuses({"d001": "Cited all the same.", "d002": " ", "d003": "Fine.", "d888": "Nobody."}, frozenset({"gone"})),
    )

    assert list(problems(known)) == [
        "d999: there is no such row, and acme/r1 cites it",
        "d001: acme/r1 cites it, so take the excuse out of coverage.yaml",
        "d002: the excuse in coverage.yaml is empty: say why no rule answers the row",
        "d888: there is no such row, and coverage.yaml excuses it",
        "gone: coverage.yaml waits for its rules, and no row is about it",
        "d004: no rule of acme cites it and coverage.yaml does not excuse it: lumen-*: seed: seed | present",
    ]


def test_the_page_shows_each_row_with_its_rules_or_its_excuse():
    known = Map([row(1), row(2, "*"), row(3, "later")], rules(["d001"], ["d001"]), Excuses({"d002": "No [need]."}))

    text = page(known)

    assert "| [acme](#acme) | 1 | 1 | 0 | 0 |" in text
    assert "| [any provider](#any-provider) | 1 | 0 | 1 | 0 |" in text
    assert (
        "| d001 | seed: seed \\| present | high | [acme/r1](../rules/acme.yaml)<br>[acme/r2](../rules/acme.yaml) "
        "| [2026-11](https://acme.example) |"
    ) in text
    assert "| d002 | seed: seed \\| present | high | No \\[need\\]. | [2026-11](https://acme.example) |" in text
    assert "| d003 | seed: seed \\| present | high | *waiting* | [2026-11](https://acme.example) |" in text


def test_the_page_counts_rules_by_source_and_age():
    known = Map([], {}, Excuses(), [made for made in Rulebook.load().rules() if made.owner == "gatewayz"])

    assert page(known).endswith("| gatewayz | 1 | 0 | 1 | 0 | 0 | 1 | 0 |\n")


def test_the_page_lists_where_catalogues_say_otherwise():
    one = {"about": "acme", "they": "low", "rules": "high", "source": "https://acme.example"}

    said = page(Map([], {}, Excuses(differs=[one])))

    assert said.endswith("| acme | low | high | https://acme.example |\n")


def test_a_rule_of_a_family_is_linked_to_its_file():
    (rule,) = a_file(a_rule("k2.5-lock", {"drop": ["seed"]}), family="lumen").items

    assert evidence_map.rule_link(rule) == "[lumen/k2.5-lock](../rules/families/lumen.yaml)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- d001\n", "c.yaml: write 'todo', a list of providers, and 'excused', a table of sentences per group"),
        ("excuses: {}\n", "c.yaml: write 'todo', a list of providers, and 'excused', a table of sentences per group"),
        (
            "excused:\n  a: {d001: No.}\n  b: {d001: No.}\n",
            "c.yaml: d001 is excused twice, the second time under 'b': keep one",
        ),
    ],
)
def test_excuses_of_another_shape_are_refused(tmp_path, text, said):
    path = tmp_path / "c.yaml"
    path.write_text(text)

    with pytest.raises(ValueError) as caught:
        read_excuses(path)

    assert str(caught.value) == said


def test_an_id_that_stands_twice_in_a_group_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("excused:\n  a:\n    d001: No.\n    d001: Nor this.\n")

    with pytest.raises(RuleFileError, match="Q102"):
        read_excuses(path)


def test_excuses_may_be_empty(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("todo:\nexcused:\n  a: {d001: null}\n")

    assert read_excuses(path) == Excuses({"d001": ""})


@pytest.fixture
def docs(tmp_path, monkeypatch):
    (tmp_path / "evidence.jsonl").write_text(
        (DOCS / "evidence.jsonl").read_text("utf-8").splitlines()[0] + "\n", "utf-8"
    )
    (tmp_path / "coverage.yaml").write_text("todo: [moonshot]\n")
    monkeypatch.setattr(evidence_map, "cited_by", lambda rules: {})
    return tmp_path


def test_a_stale_page_is_found_and_written(docs, capsys):
    stale = "coverage.md is not up to date: run python docs/tools/evidence_map.py --write\n"
    count = "moonshot waits: d001\n1 rows: 0 cited, 0 excused, 1 todo, 0 forgotten\n"

    assert evidence_map.main([], docs) == 1
    assert capsys.readouterr().out == stale + count
    assert evidence_map.main(["--write"], docs) == 0
    assert evidence_map.main([], docs) == 0
    assert capsys.readouterr().out == count * 2


def test_rows_that_wait_fail_only_when_asked(docs, capsys):
    evidence_map.main(["--write"], docs)
    capsys.readouterr()

    assert evidence_map.main(["--strict"], docs) == 1
    assert capsys.readouterr().out.startswith("d001: waits for a rule of moonshot\n")


def test_a_provider_that_has_all_its_rules_need_not_wait(docs, capsys):
    (docs / "coverage.yaml").write_text("todo: [moonshot]\nexcused:\n  a: {d001: Nothing to do.}\n")

    evidence_map.main(["--write"], docs)

    assert capsys.readouterr().out.startswith("moonshot waits for nothing: take it out of 'todo'\n")


def test_files_that_cannot_be_read_are_told(docs, capsys):
    (docs / "coverage.yaml").write_text("todo: [moonshot")

    assert evidence_map.main([], docs) == 1
    assert capsys.readouterr().out.startswith("coverage.yaml:1:7: error[Q101]: ")
