"""The table of providers and parameters: made of the rules' examples, and up to date on its page; the pages that are built."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
from tests.books import a_file, a_rule, built_in

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "tools"))

import build_pages  # noqa: E402 - found by the line above
import compatibility  # noqa: E402
import table_html  # noqa: E402
import table_markdown  # noqa: E402
from rule_facts import COLUMNS, EFFECTS, collect, columns_in_use  # noqa: E402

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time


@cache
def rows():
    """Return the rows of all providers, and those of all families."""
    return collect(built_in())


def facts(*rules, **head):
    """Return rule id -> column -> effect, of acme's rules."""
    (row,), _ = collect([a_file(*rules, **head)])
    return {fact.rule.id: dict(fact.columns) for fact in row.facts}


def changes(given, out):
    return {"examples": [{"in": given, "out": out}]}


# The page that ships


def test_the_page_is_up_to_date(capsys):
    assert compatibility.main([]) == 0, capsys.readouterr().out


def test_every_rule_is_about_something():
    providers, families = rows()
    bare = [fact.rule.name for row in (*providers, *families) for fact in row.own if not fact.columns]

    assert bare == []


@pytest.mark.parametrize(
    ("provider", "column", "cell"),
    [
        ("groq", "logprobs", "lossy"),
        ("groq", "author names", "lossy"),
        ("mistral", "seed", "exact"),
        ("mistral", "max_tokens", "exact"),
        ("mistral", "penalties", ""),  # accepted since 2025, whatever older tables say
        ("cerebras", "penalties", ""),
        ("fireworks", "logprobs", ""),
        ("gemini", "tool names", "exact"),
        ("minimax", "temperature", "lossy"),
        ("moonshot", "stop", "lossy"),
        ("moonshot", "top_p", "lossy *"),
        ("openai", "max_tokens", "lossy"),
        ("perplexity", "order and number", "semantic"),
        ("together", "model", "warn"),
        ("xai", "penalties", "lossy *"),
    ],
)
def test_spot_checks_against_the_evidence(provider, column, cell):
    (row,) = (row for row in rows()[0] if row.file.name == provider)

    assert table_markdown.verdict(row.cell(column), column) == cell


# What a rule is about


def test_a_rule_is_about_what_its_examples_change():
    assert facts(
        a_rule("drop", {"drop": ["seed"]}, **changes({"seed": 1}, {})),
        a_rule("move", {"rename": {"user": "user_id"}}, **changes({"user": "u"}, {"user_id": "u"})),
        a_rule("deep", {"drop": ["messages[*].name"]}, **changes({"messages": [{"name": "a"}]}, {"messages": [{}]})),
        a_rule("own", {"drop": ["acme_flag"]}, **changes({"acme_flag": 1}, {})),
        a_rule("header", {"set_header": {"X-A": "b"}}, **changes({}, {})),
    ) == {
        "drop": {"seed": "lossy"},
        "move": {"user": "exact"},
        "deep": {"author names": "lossy"},
        "own": {"other parameters": "lossy"},
        "header": {"headers": "exact"},
    }


def test_the_first_example_says_what_is_usual_and_the_worst_is_kept():
    rename = a_rule(
        "move",
        {"rename": {"seed": "random_seed"}},
        examples=[
            {"in": {"seed": 1}, "out": {"random_seed": 1}},
            {"in": {"seed": 1, "random_seed": 2}, "out": {"random_seed": 2}},
        ],
    )
    (row,), _ = collect([a_file(rename)])
    (fact,) = row.facts

    assert (fact.columns, fact.worst, table_markdown.effect(fact)) == (
        {"seed": "exact"},
        "lossy",
        "exact, at worst lossy",
    )


@pytest.mark.parametrize(
    ("when", "do", "given", "columns"),
    [
        (None, {"warn": "hm"}, {}, {"model": "warn"}),
        ({"$model": "a*"}, {"warn": "hm"}, {"model": "a"}, {"model": "warn"}),
        (
            {"n": {"gt": 1}, "$hot": True},
            {"warn": "hm"},
            {"n": 2, "temperature": 3},
            {"n": "warn", "temperature": "warn"},
        ),
        (
            {"any_of": [{"seed": {"exists": True}}, {"not": {"$.user": {"exists": True}}}]},
            {"warn": "hm"},
            {},
            {"seed": "warn", "user": "warn"},
        ),
        ({"tools": {"repeats": "function.name"}}, {"reject": "no"}, None, {"tool names": "refuse"}),
        (
            {"messages": {"some": {"name": "x"}}},
            {"reject": "no"},
            {"messages": [{"name": "x"}]},
            {"author names": "refuse"},
        ),
        (
            {"stop[0]": "x"},
            {"each": {"in": "stop[*]", "when": {".": "x"}, "do": [{"reject": "no"}]}},
            {"stop": ["x"]},
            {"stop": "refuse"},
        ),
    ],
)
def test_remarks_and_refusals_are_about_what_the_rule_asks_for(when, do, given, columns):
    if given is None:
        given = {"tools": [{"function": {"name": "a"}}, {"function": {"name": "a"}}]}
    verdict = {"rejects": True} if "refuse" in columns.values() else {"warns": True, "same": True}
    rule = a_rule("r", do, when, examples=[{"in": given, **verdict}])

    assert facts(rule, let={"hot": {"temperature": {"gt": 2}}}) == {"r": columns}


@pytest.mark.parametrize(
    ("stage", "do", "given", "out", "column"),
    [
        ("error", {"default": {"error.code": None}}, {"error": {}}, {"error": {"code": None}}, "errors"),
        ("response", {"drop": ["usage.cost"]}, {"usage": {"cost": 1}}, {"usage": {}}, "usage"),
        (
            "response",
            {"map": {"choices[*].finish_reason": {"eos": "stop"}}},
            {"choices": [{"finish_reason": "eos"}]},
            {"choices": [{"finish_reason": "stop"}]},
            "finish_reason",
        ),
        (
            "chunk",
            {"rename": {"choices[*].delta.reasoning": "reasoning_content"}},
            {"choices": [{"delta": {"reasoning": "a"}}]},
            {"choices": [{"delta": {"reasoning_content": "a"}}]},
            "thoughts",
        ),
        ("response", {"drop": ["object"]}, {"object": "x"}, {}, "other fields"),
    ],
)
def test_rules_on_answers_have_columns_of_their_own(stage, do, given, out, column):
    (columns,) = facts(a_rule("r", do, stage=stage, **changes(given, out))).values()

    assert list(columns) == [column]


def test_rules_that_do_not_run_are_left_out_of_the_table_and_stay_on_their_page():
    family = a_file(a_rule("lock", {"drop": ["seed"]}, **changes({"seed": 1}, {})), family="lumen", name="Lumen")
    own = a_file(
        a_rule("old", {"drop": ["n"]}, status="retired", **changes({"n": 1}, {})),
        a_rule("new", {"drop": ["stop"]}, models=["a*"], **changes({"model": "a", "stop": "x"}, {"model": "a"})),
        include=["family/lumen"],
        disable=[{"rule": "lumen/lock", "because": "not here"}],
    )
    (row,), (lumen,) = collect([own, family])

    assert [fact.rule.id for fact in row.facts] == ["new"]
    assert [rule.id for rule in row.rules] == ["old", "new"]
    assert (row.families, lumen.heading, lumen.page) == ([], "Lumen, the models", "rules/families/lumen")
    assert columns_in_use([row]) == {"Length": ["stop"]}
    assert "## old\n" in table_markdown.rules_page(row)


# How it is written


@pytest.fixture
def book():
    family = a_file(a_rule("lock", {"drop": ["n"]}, **changes({"n": 2}, {})), family="lumen", name="Lumen")
    own = a_file(
        a_rule(
            "cool",
            {"drop": ["seed"]},
            {"seed": {"exists": True}},
            models=["a*"],
            note="Some say <no>.",
            status="disputed",
            evidence=["d001", "d042"],
            **changes({"model": "a", "seed": 1}, {"model": "a"}),
        ),
        name="Acme & Co",
        include=["family/lumen"],
        base_url="https://acme.example/v1",
        docs="https://docs.acme.example",
        api_key_env="ACME_API_KEY",
    )
    only = a_file(provider="dull")
    return collect([own, family, only])


def test_the_markdown_table_has_a_matrix_per_group_and_the_facts_with_their_sources(book):
    text = table_markdown.table_page(*book)

    assert "What 2 providers do to a payload written for OpenAI, by 2 rules." in text
    assert "| | n | seed |\n| --- | --- | --- |\n| [Acme & Co](#acme--co) | lossy | lossy * |\n" in text
    assert "The rules of these families are in force here: [lumen](../rules/families/lumen.yaml).\n" in text
    assert "| seed | lossy | a\\* | [cool](../rules/acme.yaml) | [acme.example](https://acme.example/cool) |\n" in text
    assert "## No rule known\n\ndull.\n" in text
    assert "## Lumen, the models\n" in text


def test_a_page_of_rules_says_all_of_each_rule(book):
    (acme, _), _ = book

    assert table_markdown.rules_page(acme).partition("\n")[2] == (
        "# Acme & Co\n\n[The table of all providers](../compatibility.md)\n\n"
        "- base URL: https://acme.example/v1\n- key: ACME_API_KEY\n- documentation: https://docs.acme.example\n\n"
        "## cool\n\nWhy cool.\n\n- effect: lossy\n- models: a\\*\n- status: disputed\n- note: Some say \\<no\\>.\n"
        "- source: [acme.example](https://acme.example/cool)\n- verified: 2026-11-22 by docs\n"
        "- evidence: [d001](../evidence.jsonl#L1), [d042](../evidence.jsonl#L42)\n\n"
        "```yaml\nwhen:\n  seed:\n    exists: true\ndo:\n- drop:\n  - seed\nexamples:\n- in:\n    model: a\n    seed: 1\n"
        "  out:\n    model: a\n```\n"
    )


def test_the_html_page_has_each_cell_and_rule_and_nothing_unescaped(book):
    text = table_html.page(*book)

    assert (
        '<a class="mark lossy some" href="#of-acme" data-word="lossy" data-rules="acme/cool=lossy" '
        'aria-label="seed at Acme &amp; Co: lossy, some models, 1 rule" '
        'title="seed at Acme &amp; Co: lossy, some models, 1 rule">L</a>'
    ) in text
    assert '<article id="acme/cool" data-text="acme/cool a*">' in text
    assert "<dd>Some say &lt;no&gt;.</dd>" in text
    assert "no rule known: <span>dull</span>." in text
    assert all(f'value="{word}"' in text for word in EFFECTS)
    assert "<!-- " not in text.replace("<!-- Built by", "")


def test_the_html_page_loads_nothing_from_elsewhere(book):
    text = table_html.page(*book)

    assert "<link" not in text and "src=" not in text and "@import" not in text and "url(" not in text


def test_every_column_has_a_name_of_its_own():
    names = [column for columns in COLUMNS.values() for column in columns]

    assert len(names) == len(set(names))


def test_a_stale_page_is_found_and_put_right(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(compatibility, "page", lambda: "new")
    (tmp_path / "compatibility.md").write_text("old")

    assert compatibility.main([], tmp_path) == 1
    assert capsys.readouterr().out == (
        "compatibility.md is not up to date: run python docs/tools/compatibility.py --write\n"
    )
    assert compatibility.main(["--write"], tmp_path) == 0
    assert capsys.readouterr().out == "wrote compatibility.md\n"
    assert compatibility.main([], tmp_path) == 0
    assert capsys.readouterr().out == "compatibility.md is up to date\n"


# The pages that are built


def test_each_file_of_rules_gets_a_page_and_all_of_them_one_with_a_filter():
    with_rules = {row.page for row in (*rows()[0], *rows()[1]) if row.rules}

    pages = build_pages.pages(built_in())

    assert set(pages) == {"compatibility.html", *(f"{page}.md" for page in with_rules)}
    assert [
        name for name, text in pages.items() if name.endswith(".md") and not text.startswith(build_pages.BUILT)
    ] == []


def test_a_build_removes_pages_of_files_that_are_gone_and_nothing_else(tmp_path, capsys, monkeypatch):
    page = f"{build_pages.BUILT}\n# Acme\n"
    monkeypatch.setattr(build_pages, "pages", lambda files: {"compatibility.html": "table", "rules/acme.md": page})
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "gone.md").write_text(page)
    (tmp_path / "rules" / "notes.md").write_text("my own")

    assert build_pages.main(["--into", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"built 2 pages in {tmp_path}, removed 1\n"
    assert build_pages.main(["--into", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"built 2 pages in {tmp_path}\n"
    assert {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.*")} == {
        "compatibility.html": "table",
        "rules/acme.md": page,
        "rules/notes.md": "my own",
    }
