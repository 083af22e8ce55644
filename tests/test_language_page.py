"""docs/language.md: each snippet loads, each row of a table does what it says, no word of the language is left out.

How the page is marked: a block of YAML with `quirks:` is a whole file; `<!-- layer -->` before it puts it above the
others, and `<!-- connections -->` marks a table of connections. Other blocks are fragments: `<!-- head -->` (keys of a
head), `<!-- rule -->`, `<!-- refused: CODE -->`, `<!-- condition: PAYLOAD -> true -->`,
`<!-- do: PAYLOAD -> PAYLOAD -->`. `<!-- table: NAME -->` names a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.books import a_file, a_rule
from tests.running import brief, exact, holds, run

from quirkbook import Rulebook
from quirkbook.api.policy import DEFAULT_POLICY, check_policy
from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.lint import check_rule
from quirkbook.errors import RuleFileError, UsageError
from quirkbook.identity.globs import compile_globs
from quirkbook.identity.models import ModelTest
from quirkbook.model import EFFECT_ORDER, RuleFile
from quirkbook.payload.path import find, parse
from quirkbook.plan.actions import STAGES
from quirkbook.plan.actions.flow import compiled_options
from quirkbook.plan.conditions import COMBINATORS
from quirkbook.plan.jsonschema.normalize import normalizer
from quirkbook.resources import schema
from quirkbook.rulebook.load import load_file, load_folder
from quirkbook.rulebook.traits import DEFAULTS
from quirkbook.source.yaml import read

PAGE = (Path(__file__).parents[1] / "docs" / "language.md").read_text("utf-8")
SCHEMA = schema("rules")
CONNECTION = schema("connections")["$defs"]["connection"]["properties"]
HEAD = "quirks: 1\nprovider: fragment\n"

_BLOCK = re.compile(r"(?P<marks>(?:^<!-- [^\n]* -->\n)*)^```yaml\n(?P<text>.*?)^```$", re.M | re.S)
_TABLE = re.compile(r"^<!-- table: (?P<name>.+) -->\n\|.*\n\| ---.*\n(?P<rows>(?:^\|.*\n)+)", re.M)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A block of YAML on the page, and the comments before it."""

    line: int
    marks: tuple[str, ...]
    text: str

    @property
    def kind(self) -> str:
        return self.marks[0].partition(":")[0] if self.marks else "file" if "quirks:" in self.text else "unmarked"

    def cases(self) -> Iterator[list[str]]:
        """Yield what each comment gives and wants."""
        for mark in self.marks:
            yield mark.partition(": ")[2].split(" -> ")


def _blocks() -> Iterator[Block]:
    for match in _BLOCK.finditer(PAGE):
        marks = tuple(re.findall(r"<!-- (.*) -->", match["marks"]))
        yield Block(PAGE.count("\n", 0, match.start("text")) + 1, marks, match["text"])


BLOCKS = tuple(_blocks())
TEXT = _BLOCK.sub("", PAGE)
"""The page without its blocks."""


def blocks(*kinds: str) -> list[Any]:
    return [pytest.param(block, id=f"line {block.line}") for block in BLOCKS if block.kind in kinds]


def table(name: str) -> list[list[str]]:
    """Return the cells of all tables of that name."""
    rows = [row for match in _TABLE.finditer(PAGE) if match["name"] == name for row in match["rows"].splitlines()]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def rows(name: str) -> list[Any]:
    return [pytest.param(row, id=brief(row[0])) for row in table(name)]


def first_words(name: str) -> set[str]:
    return {word.partition(":")[0] for row in table(name) for word in _CODE.findall(row[0])[:1]}


def codes(cell: str) -> list[str]:
    return _CODE.findall(cell)


def data(text: str) -> Any:
    """Read a piece of the page as a rule file would be read."""
    return read(text, "docs/language.md").data


def only(cell: str) -> Any:
    return data(codes(cell)[0])


def whole_files(*kinds: str) -> list[RuleFile]:
    return [load_file(block.text.encode(), f"line {block.line}") for block in BLOCKS if block.kind in kinds]


LETS = whole_files("file")[0].named_conditions


def diagnostics_of(*files: RuleFile) -> list[str]:
    """Return what `quirkbook check` finds in the rules of fragments or whole files."""
    owned = owned_rules(Rulebook(files, builtin=False))
    names = {file.location.file for file in files}
    return [str(diagnostic) for one in owned if one.rule.location.file in names for diagnostic in check_rule(one)]


def _indented(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def fragment(block: Block) -> RuleFile:
    text = "rules:\n" + _indented(block.text) if block.kind == "rule" else block.text
    return load_file((HEAD + text).encode(), f"line {block.line}")


# Blocks


def test_every_block_says_what_it_is():
    kinds = {"file", "layer", "connections", "head", "rule", "refused", "condition", "do"}

    assert [f"line {block.line}: {block.kind}" for block in BLOCKS if block.kind not in kinds] == []
    assert PAGE.count("```yaml") == len(BLOCKS)
    assert PAGE.count("```") == 2 * len(BLOCKS)


@pytest.mark.parametrize("kinds", [("file",), ("file", "layer")])
def test_whole_files_load_and_their_rules_are_proven(kinds: tuple[str, ...]):
    assert diagnostics_of(*whole_files(*kinds)) == []


def test_a_layer_replaces_a_rule_and_disables_another():
    rules = Rulebook(whole_files("file", "layer"), builtin=False).effective("acme", "lumen-2")

    assert [(entry.rule.name, entry.disabled is not None) for entry in rules] == [
        ("lumen/no-top-k", True),
        ("lumen/glow-has-no-seed", False),
        ("acme/temperature-range", False),
        ("acme/thinking-switch", True),
    ]
    assert rules[2].rule.why == "On our contract Acme takes temperature up to 1.5."


@pytest.mark.parametrize("block", blocks("connections"))
def test_a_table_of_connections_loads_with_every_key_but_those_of_the_acme_file(block: Block, tmp_path):
    path = tmp_path / "connections.yaml"
    path.write_text(block.text, "utf-8")
    book = Rulebook([*whole_files("file"), *load_folder(path, "mine")], builtin=False)

    assert [entry.rule.name for entry in book.effective("borealis")] == ["lumen/no-top-k", "lumen/glow-has-no-seed"]
    assert {
        *data(block.text)["connections"]["borealis"],
        "docs",
        "serves",
        "names",
        "traits",
        "keys",
        "reads",
        "auth",
        "messages_path",
        "headers",
    } == CONNECTION.keys()


@pytest.mark.parametrize("block", blocks("head", "rule"))
def test_fragments_load_and_their_rules_are_proven(block: Block):
    assert diagnostics_of(*whole_files("file"), fragment(block)) == []


@pytest.mark.parametrize("block", blocks("refused"))
def test_what_is_refused_is_refused(block: Block):
    with pytest.raises(RuleFileError) as caught:
        fragment(block)

    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {wanted for (wanted,) in block.cases()}


@pytest.mark.parametrize("block", blocks("condition"))
def test_conditions_hold_as_the_page_says(block: Block):
    when = data(block.text)

    for given, wanted in block.cases():
        assert holds(when, data(given), lets=LETS) is data(wanted)


@pytest.mark.parametrize("block", blocks("do"))
def test_actions_do_as_the_page_says(block: Block):
    for given, wanted in block.cases():
        assert exact(run(data(block.text), data(given)).root) == exact(data(wanted))


# Rows


def _asked(when: Any, cell: str) -> bool:
    """Ask a condition of a cell such as `{}`, request `{stream: true}`."""
    payload = only(cell)
    beside = {name: data(text) for name, text in re.findall(r"(request|status) `([^`]+)`", cell)}
    return holds(when, payload, lets=LETS, model=payload.get("model"), **beside)


@pytest.mark.parametrize("row", rows("conditions"))
def test_a_row_of_a_condition_holds(row: list[str]):
    form, _, example, yes, no = row
    word = codes(form)[0] if codes(form) else ""

    assert word in ("", "$name") or re.search(rf"(?<![\w]){re.escape(word)}\b", codes(example)[0])
    assert _asked(only(example), yes) is True
    assert _asked(only(example), no) is False


@pytest.mark.parametrize("row", rows("paths"))
def test_a_row_of_a_path_holds(row: list[str]):
    paths, _, given, found = row

    for path, wanted in zip(codes(paths), codes(found), strict=True):
        assert exact([value for _, value in find(only(given), parse(path).steps)]) == exact(data(wanted))


@pytest.mark.parametrize("row", rows("globs"))
def test_a_row_of_a_glob_holds(row: list[str]):
    accepts = compile_globs(only(row[0]))

    for cell, wanted in zip(row[1:], (True, False), strict=True):
        models: list[str | None] = [*codes(cell), *([None] if "no model" in cell else [])]
        assert [accepts(model) for model in models] == [wanted] * len(models)


NAMED = Rulebook([*whole_files("file")], builtin=False)


@pytest.mark.parametrize("row", rows("identities"))
def test_a_row_of_an_identity_holds(row: list[str]):
    assert [str(NAMED.identify(name)) for name in codes(row[0])] == [codes(row[1])[0]] * len(codes(row[0]))


@pytest.mark.parametrize("row", rows("ranges"))
def test_a_row_of_a_range_holds(row: list[str]):
    fits = ModelTest([only(row[0])])

    for cell, wanted in zip(row[1:], (True, False), strict=True):
        models: list[str | None] = [*codes(cell), *([None] if "no model" in cell else [])]
        assert [fits(model, NAMED.identify(model)) for model in models] == [wanted] * len(models)


def test_the_ranges_use_each_of_their_words():
    assert {key for row in table("ranges") for key in only(row[0])} == {*SCHEMA["$defs"]["model_range"]["properties"]}


@pytest.mark.parametrize("row", rows("serves"))
def test_a_row_of_what_a_provider_serves_holds(row: list[str]):
    places = [{}, {"at": ["maker"]}, {"at": ["template"]}]
    rules = [a_rule(f"r{number}", {"drop": ["a"]}, **at) for number, at in enumerate(places)]
    family = a_file(*rules, family="lumen", naming={"names": ["lumen"]})
    book = Rulebook([family, a_file(provider="acme", serves={"as": only(row[0])})], builtin=False)

    in_force = {entry.rule.id for entry in book.effective("acme", "lumen-2")}
    assert [f"r{number}" in in_force for number in range(3)] == [cell == "yes" for cell in row[2:]]


@pytest.mark.parametrize("row", rows("actions"))
def test_a_row_of_an_action_holds(row: list[str]):
    name, *_, effect, example, before, after = row
    item, payload = only(example), only(before)
    assert codes(name)[0] == next(iter(item))

    if after == "refused":
        worst = run([item], payload).refused[0][1]
    else:
        done = run([item], payload, STAGES.get(codes(name)[0], ("request",))[-1])
        worst = max((edit[1] for edit in done.edits), key=EFFECT_ORDER.__getitem__, default=None)
        assert exact(done.root) == exact(payload if after == "same" else only(after))
    assert worst is None or str(worst) in effect or effect == "that of its actions"


def test_a_row_of_an_action_at_later_stages_names_them():
    later = [row for row in table("actions") if len(row) == 7]

    assert {codes(row[0])[0]: tuple(row[1].split(", ")) for row in later} == {
        name: stages for name, stages in STAGES.items() if stages != ("request",)
    }


@pytest.mark.parametrize("row", rows("schema options"))
def test_a_row_of_a_schema_option_holds(row: list[str]):
    option, _, effect, before, after = row
    done = normalizer(compiled_options(only(option)))(only(before))

    assert done is not None
    assert exact(done.schema) == exact(only(after))
    assert str(done.effect) in effect


@pytest.mark.parametrize("row", rows("effects"))
def test_a_row_of_an_effect_says_what_the_policy_is(row: list[str]):
    effect, allowed = codes(row[0])[0], set(row[3].split(", "))

    assert row[2] == DEFAULT_POLICY[effect]
    for verdict in ("allow", "warn", "error"):
        with nullcontext() if verdict in allowed else pytest.raises(UsageError):
            check_policy({effect: verdict})


# Words


def _properties(name: str) -> dict[str, Any]:
    return SCHEMA["$defs"][name]["properties"]


def test_the_tables_name_every_key():
    assert first_words("head keys") == set(SCHEMA["properties"])
    assert first_words("rule keys") == set(_properties("rule"))
    assert first_words("example keys") == set(_properties("example"))
    assert {word for row in table("connection keys") for word in codes(row[0])} == CONNECTION.keys()


def test_the_tables_say_which_keys_are_required_and_which_a_family_has():
    required = {codes(row[0])[0] for row in table("rule keys") if row[2:] == ["yes"]}
    of_provider = {codes(row[0])[0] for row in table("head keys") if row[2] == "no"}

    assert required == set(SCHEMA["$defs"]["rule"]["required"])
    assert of_provider == set(SCHEMA["then"]["properties"])


def test_the_table_of_traits_names_each_and_where_it_holds_by_itself():
    rows = {codes(row[0])[0]: set(codes(row[2])) for row in table("traits")}
    holding = {trait: {kind for kind, traits in DEFAULTS.items() if traits.get(trait)} for trait in rows}

    assert rows.keys() == _properties("traits").keys() == SCHEMA["properties"]["traits"]["properties"].keys()
    assert rows == holding


def test_the_tables_name_every_operator_and_combinator():
    forms = {"$name", "$request"}  # what the schema says with a pattern
    combinators = set(_properties("condition"))

    assert first_words("conditions") == {*_properties("operators"), *combinators, *forms}
    assert combinators == {*COMBINATORS, "$model", "$status"}


def test_the_tables_name_every_effect():
    assert [codes(row[0])[0] for row in table("effects")] == list(DEFAULT_POLICY)


def test_the_tables_name_every_action_and_option():
    assert first_words("actions") == set(_properties("action")) - {"with"}
    assert first_words("schema options") == set(_properties("action")["normalize_schema"]["properties"]) - {"at"}


def test_every_word_of_the_vocabulary_stands_on_the_page():
    words = set(codes(TEXT))

    assert sorted(word for word in _vocabulary(SCHEMA) if not _is_said(word, words)) == []


def _vocabulary(node: Any) -> Iterator[str]:
    """Yield each key and each fixed value that the schema knows."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        yield from (value for value in node.get("enum", ()) if isinstance(value, str))
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _vocabulary(below)


def _is_said(word: str, words: set[str]) -> bool:
    return any(re.search(rf"(?<![\w$]){re.escape(word)}(?!\w)", said) for said in words)


def test_links_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", TEXT, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    docs = Path(__file__).parents[1] / "docs"

    assert [to for to in re.findall(r"\]\(#([^)]*)\)", TEXT) if to not in anchors] == []
    assert [to for to in re.findall(r"\]\(([^#)][^)]*)\)", TEXT) if not (docs / to).is_file()] == []
