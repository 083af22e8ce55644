"""Rule files become frozen rules, or a list of diagnostics that show where, what and what to write instead."""

from __future__ import annotations

import subprocess
import sys

import pytest

from quirkbook.errors import RuleFileError
from quirkbook.model import MISSING, Disable, Effect, Example, Include, Location, Rule, RuleFile
from quirkbook.rulebook import load as loading

GOOD = """\
quirks: 1
provider: acme
name: Acme
aliases: [acme-ai]
include: [family/kimi]
disable:
  - {rule: kimi/lock, because: not here}
let:
  thinking: {not: {thinking.type: disabled}}
rules:
  - include: family/other
  - id: heat
    why: Acme takes 0 to 1.
    source: https://acme.test/docs
    verified: {date: 2026-11-22, by: docs}
    models: ["*", "!acme-mini*"]
    when: {temperature: {gt: 1}, $thinking: true}
    do:
      - clamp: {temperature: [0, 1]}
      - map: {seed: {true: 1, 0: 2, null: null, "*": x}}
    examples:
      - {in: {temperature: 2}, out: {temperature: 1}}
      - {in: {temperature: 1}, same: true}
"""

LATER = """\
quirks: 1
family: kimi
rules:
  - id: no-images
    why: Kimi reads no images.
    source: https://kimi.test
    verified: {date: 2026-11-22, by: live}
    stage: error
    status: disputed
    effect: semantic
    note: The guide says so, the reference does not.
    evidence: [d001, d020]
    do: [{warn: no images}]
    examples:
      - {in: {}, rejects: true, warns: true, headers: {x-a: b}, request: {model: k}, status: 400}
"""


def load(text: str, **options: object) -> RuleFile:
    return loading.load_file(text.encode(), "rules/acme.yaml", **options)


def refusal(text: str) -> str:
    with pytest.raises(RuleFileError) as caught:
        load(text)
    return str(caught.value)


def at(line: int, column: int) -> Location:
    return Location("rules/acme.yaml", line, column)


# What is loaded


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_file_becomes_rules_and_includes_in_reading_order(trusted):
    file = load(GOOD, layer="mine", trusted=trusted)

    assert file == RuleFile(
        kind="provider",
        name="acme",
        head={"name": "Acme", "aliases": ["acme-ai"]},
        items=(
            Include("family/kimi", at(5, 11)),
            Include("family/other", at(11, 14)),
            Rule(
                id="heat",
                owner="acme",
                why="Acme takes 0 to 1.",
                source="https://acme.test/docs",
                verified={"date": "2026-11-22", "by": "docs"},
                do=[
                    {"clamp": {"temperature": [0, 1]}},
                    {"map": {"seed": {True: 1, 0: 2, None: None, "*": "x"}}},
                ],
                location=at(12, 5),
                when={"temperature": {"gt": 1}, "$thinking": True},
                models=("*", "!acme-mini*"),
                examples=(
                    Example({"temperature": 2}, {"temperature": 1}, location=at(22, 9)),
                    Example({"temperature": 1}, MISSING, same=True, location=at(23, 9)),
                ),
                layer="mine",
            ),
        ),
        named_conditions={"thinking": {"not": {"thinking.type": "disabled"}}},
        disables=(Disable("kimi/lock", "not here", at(7, 5)),),
        location=at(1, 1),
        layer="mine",
    )


def test_a_family_file_marks_its_rules_and_everything_a_rule_may_say_is_kept():
    (rule,) = load(LATER).items

    assert rule == Rule(
        id="no-images",
        owner="kimi",
        why="Kimi reads no images.",
        source="https://kimi.test",
        verified={"date": "2026-11-22", "by": "live"},
        do=[{"warn": "no images"}],
        location=at(4, 5),
        stage="error",
        status="disputed",
        effect=Effect.SEMANTIC,
        note="The guide says so, the reference does not.",
        evidence=("d001", "d020"),
        examples=(
            Example(
                {},
                MISSING,
                rejects=True,
                warns=True,
                headers={"x-a": "b"},
                request={"model": "k"},
                status=400,
                location=at(15, 9),
            ),
        ),
        family=True,
    )


def test_a_file_may_hold_only_connection_facts():
    file = load("quirks: 1\nprovider: acme\nbase_url: https://acme.test/v1\n")

    assert (file.items, file.named_conditions, file.disables) == ((), {}, ())
    assert file.head == {"base_url": "https://acme.test/v1"}


def test_a_trusted_file_is_loaded_without_importing_jsonschema():
    code = (
        "import sys; from quirkbook.rulebook import load;"
        f"load.load_file({GOOD.encode()!r}, 'acme.yaml', trusted=True);"
        "print('jsonschema' in sys.modules);"
        f"load.load_file({GOOD.encode()!r}, 'acme.yaml');"
        "print('jsonschema' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]


# What is refused

BY_SCHEMA = [
    (
        "gt",
        "greater",
        "17:26: error[Q104]: unknown operator 'greater'\n"
        "  17 |     when: {temperature: {greater: 1}, $thinking: true}\n"
        "     |                          ^^^^^^^ did you mean 'gt'?",
    ),
    (
        "{gt: 1}",
        "{zoom: 1}",
        "17:26: error[Q104]: unknown operator 'zoom'\n"
        "  17 |     when: {temperature: {zoom: 1}, $thinking: true}\n"
        "     |                          ^^^^ known: lt, lte, gt, gte, outside, between, ne, not_in, exists, "
        "is, glob, matches, len, bytes, some, every, none, among, not_among, repeats; "
        "a field below is written 'temperature.zoom'",
    ),
    (
        "{gt: 1}",
        "{len: {zoom: 1}}",
        "17:32: error[Q104]: unknown operator 'zoom'\n"
        "  17 |     when: {temperature: {len: {zoom: 1}}, $thinking: true}\n"
        "     |                                ^^^^ known: lt, lte, gt, gte, ne",
    ),
    (
        "clamp",
        "clmap",
        "19:9: error[Q105]: unknown action 'clmap'\n"
        "  19 |       - clmap: {temperature: [0, 1]}\n"
        "     |         ^^^^^ did you mean 'clamp'?",
    ),
    (
        "when",
        "wehn",
        "17:5: error[Q106]: unknown key 'wehn' in a rule\n"
        "  17 |     wehn: {temperature: {gt: 1}, $thinking: true}\n"
        "     |     ^^^^ did you mean 'when'?",
    ),
    (
        "  - id: heat\n    why",
        "  - why",
        "12:5: error[Q107]: 'id' is missing in this rule\n"
        "  12 |   - why: Acme takes 0 to 1.\n"
        "     |     ^ The rule's name within its file; the full name is PROVIDER/ID.",
    ),
    (
        "[acme-ai]",
        "acme-ai",
        "4:10: error[Q108]: 'aliases' must be an array, not 'acme-ai'\n  4 | aliases: acme-ai\n    |          ^^^^^^^",
    ),
    (
        "$thinking: true",
        "$thinking: yes",
        "17:45: error[Q108]: '$thinking' must be true or false, not 'yes'\n"
        "  17 |     when: {temperature: {gt: 1}, $thinking: yes}\n"
        "     |                                             ^^^",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BY_SCHEMA)
def test_a_diagnostic_shows_its_place_the_word_and_what_to_write_instead(old, new, message):
    assert refusal(GOOD.replace(old, new, 1)) == f"rules/acme.yaml:{message}"


HEADLINES = [
    # Heads
    ("provider: acme\n", "", "1:1: error[Q107]: 'provider' is missing in this rule file"),
    ("provider: acme", "provder: acme", "1:1: error[Q107]: 'provider' is missing in this rule file"),
    ("name: Acme", "nmae: Acme", "3:1: error[Q106]: unknown key 'nmae' in a rule file"),
    ("quirks: 1\n", "", "1:1: error[Q107]: 'quirks' is missing in this rule file"),
    ("quirks: 1", "quirks: 0", "1:9: error[Q109]: 'quirks' must be 1, not 0"),
    ("quirks: 1", 'quirks: "2"', "1:9: error[Q109]: 'quirks' must be 1, not '2'"),
    ("name: Acme", "name: ''", "3:7: error[Q109]: 'name' must not be empty"),
    ("name: Acme", "name: [Acme]", "3:7: error[Q108]: 'name' must be a string, not an array"),
    ("name: Acme", "auth: {header: x, prefx: y}", "3:19: error[Q106]: unknown key 'prefx' in 'auth'"),
    (
        "name: Acme",
        "base_url: acme.test",
        "3:11: error[Q109]: 'base_url' must be a URL that begins with https:// or http://, not 'acme.test'",
    ),
    (
        "[acme-ai]",
        "[acme ai]",
        "4:11: error[Q109]: an item of 'aliases' must be lower-case letters, digits, '.', '_' and '-', "
        "a letter or digit first, not 'acme ai'",
    ),
    ("[family/kimi]", "[]", "5:10: error[Q109]: 'include' must not be empty"),
    (
        "family/other",
        "other",
        "11:14: error[Q109]: 'include' must be family/NAME, provider/NAME or families, not 'other'",
    ),
    ("family/other", "family/other\n    id: x", "12:5: error[Q106]: unknown key 'id' in an include"),
    ("because: not here", "becos: not here", "7:5: error[Q107]: 'because' is missing in this disabled rule"),
    (
        "thinking: {not",
        "Thinking: {not",
        "9:3: error[Q109]: a name in 'let' must be lower-case letters, digits and '_', a letter first, "
        "and not 'model', 'status' or 'request', not 'Thinking'",
    ),
    # Rules
    ("  - include: family/other", "  - 3", "11:5: error[Q108]: a rule must be an object, not 3"),
    ("date: 2026-11-22, ", "", "15:15: error[Q107]: 'date' is missing in 'verified'"),
    ("by: docs", "by: doc", "15:38: error[Q109]: 'by' must be one of docs, live, report, not 'doc'"),
    ("by: docs", "by: [x]", "15:38: error[Q109]: 'by' must be one of docs, live, report, not an array"),
    (
        "2026-11-22",
        "22.11.2026",
        "15:22: error[Q109]: 'date' must be a date such as 2026-11-22, not '22.11.2026'",
    ),
    (
        "2026-11-22",
        "2026-02-30",
        "15:22: error[Q109]: 'date' must be a day of the calendar, not '2026-02-30'",
    ),
    ("    models", "    status: disputed\n    models", "12:5: error[Q107]: 'note' is missing in this rule"),
    ("    models", "    effect: exact\n    models", "12:5: error[Q107]: 'note' is missing in this rule"),
    ("why: Acme takes 0 to 1.", "why:", "13:9: error[Q108]: 'why' must be a string, not null"),
    # Conditions
    ("{gt: 1}", "{gt: hot}", "17:30: error[Q108]: 'gt' must be a number, not 'hot'"),
    ("{gt: 1}", "{}", "17:25: error[Q109]: 'temperature' must not be empty"),
    ("{gt: 1}", "[]", "17:25: error[Q109]: 'temperature' must not be empty"),
    ("{gt: 1}", "[{}]", "17:26: error[Q108]: an item of 'temperature' must be a plain value, not an object"),
    ("{gt: 1}", "{between: [1]}", "17:35: error[Q109]: 'between' must have 2 items, not 1"),
    ("{gt: 1}", "{between: [0, 1, 2]}", "17:35: error[Q109]: 'between' must have 2 items, not 3"),
    (
        "{gt: 1}",
        "{between: [0, x]}",
        "17:39: error[Q108]: an item of 'between' must be a number or null, not 'x'",
    ),
    ("{gt: 1}", "{len: 1.5}", "17:31: error[Q108]: 'len' must be a whole number or an object, not 1.5"),
    ("{gt: 1}", "{len: -1}", "17:31: error[Q109]: 'len' must be at least 0, not -1"),
    (
        "{gt: 1}",
        "{is: text}",
        "17:30: error[Q109]: 'is' must be one of string, number, integer, boolean, array, object, null, "
        "json, not 'text'",
    ),
    ("temperature: {gt", "any_of: {gt", "17:20: error[Q108]: 'any_of' must be an array, not an object"),
    (
        "temperature: {gt: 1}",
        "any_of: [3]",
        "17:21: error[Q108]: an item of 'any_of' must be an object, not 3",
    ),
    ("temperature: {gt", "3: {gt", "17:12: error[Q108]: a key must be a string, not 3"),
    ("temperature: {gt", "true: {gt", "17:12: error[Q108]: a key must be a string, not true"),
    # Actions
    (
        "- clamp:",
        "- drop: [x]\n        clamp:",
        "20:9: error[Q109]: an item of 'do' holds one action: give 'clamp' an item of its own",
    ),
    ("- clamp: {temperature: [0, 1]}", "- {}", "19:9: error[Q109]: an action must not be empty"),
    (
        "- clamp: {temperature: [0, 1]}",
        "- drop",
        "19:9: error[Q108]: an action must be an object, not 'drop'",
    ),
    ("- clamp:", "- with:", "19:9: error[Q107]: 'wrap' is missing in this action"),
    (
        "clamp: {temperature: [0, 1]}",
        "wrap: {x: [y]}",
        "19:19: error[Q109]: 'x' must be a key, or [] for a list of one",
    ),
    (
        "clamp: {temperature: [0, 1]}",
        "truncate: {x: -1}",
        "19:23: error[Q109]: 'x' must be at least 0, not -1",
    ),
    (
        "clamp: {temperature: [0, 1]}",
        "rewrite_ids: {length: 99}",
        "19:31: error[Q109]: 'length' must be at most 64, not 99",
    ),
    (
        "clamp: {temperature: [0, 1]}",
        "normalize_schema: {at: x}",
        "19:27: error[Q109]: 'normalize_schema' needs an option beside 'at'",
    ),
    (
        "clamp: {temperature: [0, 1]}",
        "append_message: {x: y}",
        "19:25: error[Q107]: 'role' is missing in 'append_message'",
    ),
    ("clamp: {temperature: [0, 1]}", "set: {x: {1: y}}", "19:19: error[Q108]: a key must be a string, not 1"),
    # Examples
    ("same: true", "same: false", "23:38: error[Q109]: 'same' must be true, not false"),
    (", same: true", "", "23:9: error[Q107]: 'out' is missing in this example"),
    ("same: true", "same: true, out: 1", "23:44: error[Q106]: 'out' cannot stand here too"),
    ("same: true", "saem: true", "23:9: error[Q107]: 'out' is missing in this example"),
    # Meaning
    (
        "temperature: {gt",
        "a..b: {gt",
        "17:12: error[Q110]: 'a..b' is not a field path at '..b': write keys with dots, items as [0], [-1] or [*]",
    ),
    (
        "clamp: {temperature: [0, 1]}",
        "drop: ['']",
        "19:16: error[Q110]: an empty path: write '.' for the element itself, or '$' for the whole payload",
    ),
    ("[0, 1]", "[1, 0]", "19:30: error[Q109]: the bounds [1, 0] are in the wrong order: write [0, 1]"),
    (
        "{gt: 1}",
        "{matches: '('}",
        '17:35: error[Q117]: "(" is not a regular expression of RE2: it is malformed near character 1: '
        "check brackets, repetitions and escapes",
    ),
    ("{not: {thinking.type: disabled}}", "{a: {zoom: 1}}", "9:18: error[Q104]: unknown operator 'zoom'"),
    ("{not: {thinking.type: disabled}}", "{$other: true}", "9:14: error[Q111]: unknown name '$other'"),
    (
        "{not: {thinking.type: disabled}}",
        "{$thinking: true}",
        "9:3: error[Q111]: the name '$thinking' is defined by itself: $thinking -> $thinking",
    ),
]


@pytest.mark.parametrize(("old", "new", "headline"), HEADLINES)
def test_each_diagnostic_stands_at_its_word(old, new, headline):
    assert f"rules/acme.yaml:{headline}" in refusal(GOOD.replace(old, new, 1)).splitlines()


def test_an_unknown_name_shows_those_that_the_file_defines():
    assert refusal(GOOD.replace("$thinking: true", "$thinkin: true")) == (
        "rules/acme.yaml:17:34: error[Q111]: unknown name '$thinkin'\n"
        "  17 |     when: {temperature: {gt: 1}, $thinkin: true}\n"
        "     |                                  ^^^^^^^^ known: $thinking"
    )


def test_names_may_use_names_but_not_in_a_circle():
    lets = "let: {a: {$b: true}, b: {any_of: [{x: 1}, {$c: false}]}, c: {not: {$b: true}}, d: {$a: true}}\n"
    text = f"quirks: 1\nfamily: kimi\n{lets}"

    assert [line for line in refusal(text).splitlines() if "error" in line] == [
        "rules/acme.yaml:3:22: error[Q111]: the name '$b' is defined by itself: $b -> $c -> $b",
        "rules/acme.yaml:3:58: error[Q111]: the name '$c' is defined by itself: $c -> $b -> $c",
    ]
    assert load(text.replace("{$c: false}", "{y: 1}")).named_conditions["d"] == {"$a": True}


def test_a_higher_version_is_reported_alone():
    assert refusal("quirks: 2\nwhatever: {x: 1}\n") == (
        "rules/acme.yaml:1:9: error[Q114]: this file is written in version 2 of the rule language; "
        "this Quirkbook reads version 1: upgrade it\n"
        "  1 | quirks: 2\n"
        "    |         ^"
    )
    with pytest.raises(RuleFileError, match="Q114"):
        load("quirks: 2\nfamily: x", trusted=True)


def test_an_id_that_is_used_twice_names_the_line_of_the_first():
    rule = GOOD[GOOD.index("  - id: heat") :]

    assert refusal(GOOD + rule + rule) == "\n".join(
        f"rules/acme.yaml:{line}:9: error[Q116]: the id 'heat' is used twice: first in line 12\n"
        f"  {line} |   - id: heat\n"
        "     |         ^^^^"
        for line in (24, 36)
    )


def headlines(text):
    return [line.removeprefix("rules/acme.yaml:") for line in refusal(text).splitlines() if "error[" in line]


PROVIDER, FAMILY = "quirks: 1\nprovider: acme\n", "quirks: 1\nfamily: lumen\nnaming: {names: [lumen]}\n"
RULE = """rules:
  - id: r
    why: Why.
    source: https://acme.example
    verified: {date: 2026-11-22, by: docs}
    models: MODELS
    do: [{drop: [a]}]
    examples: [{in: {}, same: true}]
"""


@pytest.mark.parametrize(
    ("head", "models", "said"),
    [
        (PROVIDER, "{from: 2}", ["8:13: error[Q107]: 'family' is missing in this range of models"]),
        (PROVIDER, "[{not: {line: glow}}]", ["8:20: error[Q107]: 'family' is missing in this range of models"]),
        ("quirks: 1\nfamily: lumen\n", "{from: 2}", ["8:13: error[Q107]: 'family' is missing in this range of models"]),
        (FAMILY, "{family: lumen, from: 2}", ["9:14: error[Q106]: 'family' cannot stand in a family's own file"]),
        (FAMILY, "{from: 4.20}", ["9:20: error[Q109]: 'from' is read as 4.2, not 4.20"]),
        (FAMILY, "{version: [2, 2.x]}", ['9:27: error[Q109]: \'version\' must be a version such as "4.7", not "2.x"']),
    ],
)
def test_a_range_of_models_says_whose_it_is_and_its_versions_are_read_as_they_are_written(head, models, said):
    assert headlines(head + RULE.replace("MODELS", models)) == said


@pytest.mark.parametrize(
    ("naming", "said"),
    [
        ("spelt: {a: 4.20}", "'a' is read as 4.2, not 4.20"),
        ("newest: {version: 2.x, date: 2026-11-22}", '\'version\' must be a version such as "4.7", not "2.x"'),
        ("dated: {glow: {'2511': 2.x}}", '\'2511\' must be a version such as "4.7", not "2.x"'),
    ],
)
def test_so_are_the_versions_of_a_head(naming, said):
    (line,) = headlines(f"quirks: 1\nfamily: lumen\nnaming: {{names: [lumen], lines: [glow], {naming}}}\n")

    assert line.endswith(f"error[Q109]: {said}")


def test_how_models_are_named_does_not_belong_in_a_providers_file():
    assert refusal(PROVIDER + "naming: {names: [lumen]}\n") == (
        "rules/acme.yaml:3:1: error[Q106]: a provider's file has no 'naming'\n"
        "  3 | naming: {names: [lumen]}\n"
        "    | ^^^^^^ how models are named belongs in a family's file"
    )


def test_one_rule_or_a_whole_family_is_disabled():
    (line,) = headlines(PROVIDER + "disable: [{rule: lumen/r, family: lumen, because: why}]\n")

    assert line.endswith("error[Q106]: 'rule' cannot stand beside 'family'")


def test_facts_about_an_endpoint_do_not_belong_in_a_family_file():
    assert refusal("quirks: 1\nfamily: kimi\nbase_url: https://kimi.test\n") == (
        "rules/acme.yaml:3:1: error[Q106]: a family file has no 'base_url'\n"
        "  3 | base_url: https://kimi.test\n"
        "    | ^^^^^^^^ facts about an endpoint belong in a provider's file"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "1:1: error[Q108]: a rule file must be an object, not an array\n  1 | []\n    | ^"),
        ("rules", "1:1: error[Q108]: a rule file must be an object, not 'rules'\n  1 | rules\n    | ^^^^^"),
        (
            "quirks: 1\nfamily: x\nlet: 3\nrules: {a: b}\n",
            "3:6: error[Q108]: 'let' must be an object, not 3\n  3 | let: 3\n    |      ^\n"
            "rules/acme.yaml:4:8: error[Q108]: 'rules' must be an array, not an object\n"
            "  4 | rules: {a: b}\n    |        ^",
        ),
        (
            "quirks: 1\nfamily: x\nlet: {1: {a: b}}\n",
            "3:7: error[Q108]: a key must be a string, not 1\n  3 | let: {1: {a: b}}\n"
            '    |       ^ quote it: "1"\n'
            "rules/acme.yaml:3:6: error[Q109]: 'let' must not be empty",
        ),
    ],
)
def test_what_is_no_rule_file_at_all_is_refused_all_the_same(text, message):
    said = refusal(text)

    assert all(line in said for line in f"rules/acme.yaml:{message}".split("\nrules"))


def test_all_diagnostics_of_a_file_come_at_once_in_order_of_place():
    text = (
        GOOD.replace("{gt: 1}", "{greater: 1}")
        .replace("Acme takes 0 to 1.", "[]")
        .replace("thinking.type: disabled", "thinking..type: disabled")
    )
    other = LATER[LATER.index("  - id") :].replace("{warn: no images}", "{append_message: {role: user}}")

    assert [line for line in refusal(text + other).splitlines() if "error" in line] == [
        "rules/acme.yaml:9:20: error[Q110]: 'thinking..type' is not a field path at '..type': write keys with "
        "dots, items as [0], [-1] or [*]",
        "rules/acme.yaml:13:10: error[Q108]: 'why' must be a string, not an array",
        "rules/acme.yaml:17:26: error[Q104]: unknown operator 'greater'",
        "rules/acme.yaml:33:11: error[Q120]: 'append_message' works on the whole and may only stand at stage request",
    ]


def test_who_looks_for_an_operator_of_membership_is_told_that_a_list_is_one():
    with pytest.raises(RuleFileError) as caught:
        load(GOOD.replace("{temperature: {gt: 1}, $thinking: true}", "{temperature: {in: [2, 3]}}"))

    assert [(diagnostic.code, diagnostic.message, diagnostic.hint) for diagnostic in caught.value.diagnostics] == [
        (
            "Q104",
            "unknown operator 'in'",
            "a plain value means equal, a list one of these: write 'temperature: [2, 3]'",
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "[0, 1]}",
            "{min: 0, max: 1}}",
            "'temperature' must be an array, not an object",
            "clamp: Bring a number into its range: {path: [lo, hi]}; null leaves a side open. Lossy.",
        ),
        (
            "{temperature: {gt: 1}, $thinking: true}",
            "{temperature: {outside: 1}}",
            "'outside' must be an array, not 1",
            "outside: A number below the first bound or above the second; null leaves a side open.",
        ),
    ],
)
def test_a_value_of_the_wrong_shape_is_told_how_its_word_is_written(old, new, message, hint):
    with pytest.raises(RuleFileError) as caught:
        load(GOOD.replace(old, new))

    assert [(diagnostic.message, diagnostic.hint) for diagnostic in caught.value.diagnostics] == [(message, hint)]


# Folders


def test_a_folder_is_read_to_the_bottom_in_order_of_path(tmp_path):
    for name in ("b.yaml", "a/z.json", "a/y.yml", "notes.txt", ".hidden.yaml", ".git/x.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = LATER.replace("kimi", "kimi-2", 1) if name == "b.yaml" else LATER
        (tmp_path / name).write_text('{"quirks": 1, "family": "x"}' if "json" in name else text)

    files = loading.load_folder(tmp_path, "mine")

    assert [(file.location.file, file.layer) for file in files] == [
        (str(tmp_path / name), "mine") for name in ("a/y.yml", "a/z.json", "b.yaml")
    ]


def test_a_rule_that_stands_in_two_files_of_a_folder_is_a_diagnostic(tmp_path):
    for name in ("a.yaml", "b.yaml", "deeper/c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(GOOD)

    with pytest.raises(RuleFileError) as caught:
        loading.load_folder(tmp_path, "mine")

    line = next(at for at, text in enumerate(GOOD.splitlines(), 1) if text.strip().startswith("- id:"))
    assert str(caught.value).splitlines()[:2] == [
        f"{tmp_path}/b.yaml:{line}:5: error[Q116]: the id 'heat' of provider acme is used twice: "
        f"first in {tmp_path}/a.yaml:{line}",
        "  hint: keep one of them, or give it another id",
    ]
    assert {diagnostic.location.file for diagnostic in caught.value.diagnostics} == {
        f"{tmp_path}/b.yaml",
        f"{tmp_path}/deeper/c.yaml",
    }


def test_one_provider_may_stand_in_two_files_with_rules_of_other_names(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("id: ", "id: other-"))

    assert [file.name for file in loading.load_folder(tmp_path, "mine")] == ["acme", "acme"]


def test_a_folder_without_a_rule_file_is_a_diagnostic(tmp_path):
    (tmp_path / "notes.txt").write_text("x")

    with pytest.raises(RuleFileError) as caught:
        loading.load_folder(tmp_path, "mine")

    assert str(caught.value) == (
        f"{tmp_path}:1:1: error[Q118]: no rule file is in this folder\n  hint: rule files end in .yaml, .yml, .json"
    )


def test_a_single_file_may_stand_in_for_a_folder(tmp_path):
    place = tmp_path / "mine.rules"
    place.write_text(LATER)

    (file,) = loading.load_folder(str(place), "mine")

    assert (file.name, file.layer, file.location) == ("kimi", "mine", Location(str(place), 1, 1))


def test_a_folder_is_refused_with_the_diagnostics_of_all_its_files(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &b c")
    (tmp_path / "b.yaml").write_text(LATER)
    (tmp_path / "c.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d.yaml").write_bytes(b"\xff")
    (tmp_path / "e.yaml").write_bytes(b"#" * (1024 * 1024 + 1))

    with pytest.raises(RuleFileError) as caught:
        loading.load_folder(tmp_path, "mine")

    assert str(caught.value) == "\n".join(
        [
            f"{tmp_path}/a.yaml:1:4: error[Q103]: anchors are not read here: '&b'",
            "  1 | a: &b c",
            "    |    ^^ write the value where it is used",
            f"{tmp_path}/c.yaml:1:1: error[Q118]: cannot read this file: No such file or directory",
            f"{tmp_path}/d.yaml:1:1: error[Q118]: the file is not UTF-8: byte 0xff",
            "  hint: save it as UTF-8",
            f"{tmp_path}/e.yaml:1:1: error[Q115]: the file holds more than 1,048,576 bytes",
            "  hint: split it: one provider or family a file",
        ]
    )


def test_nothing_is_shown_of_a_file_to_which_a_link_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret").write_text("password: hunter2\nroot:x:0:0\n")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.yaml").symlink_to(tmp_path / "secret")

    with pytest.raises(RuleFileError) as caught:
        loading.load_folder(folder, "mine")

    assert str(caught.value) == (
        f"{folder}/a.yaml:1:1: error[Q118]: this link leads out of the folder, to a file that is not a valid rule file\n"
        "  hint: quirkbook check names the faults of the file itself"
    )


def test_links_within_the_folder_and_to_sound_files_are_followed(tmp_path):
    (tmp_path / "sound.yaml").write_text(LATER)
    folder = tmp_path / "mine"
    (folder / "..data").mkdir(parents=True)  # as a ConfigMap has it
    (folder / "..data" / "b.yaml").write_text("a: &b c")
    (folder / "a.yaml").symlink_to(tmp_path / "sound.yaml")
    assert [file.name for file in loading.load_folder(folder, "mine")] == ["kimi"]

    (folder / "b.yaml").symlink_to("..data/b.yaml")
    (tmp_path / "linked").symlink_to(folder)
    with pytest.raises(RuleFileError, match="anchors are not read here"):
        loading.load_folder(tmp_path / "linked", "mine")


@pytest.mark.parametrize("table", [False, True])
def test_no_head_sets_headers_that_carry_credentials(table):
    given = "headers: {X-Api-Key: a, X-Title: b, x-session-TOKEN: c}, auth: {header: Host, prefix: a}"
    text = (
        f"quirks: 1\nconnections:\n  x: {{name: X, base_url: https://x.example/v1, {given}, source: https://x.example, "
        "verified: {date: 2026-12-01, by: docs}}\n"
        if table
        else "quirks: 1\nprovider: x\n" + given.replace("}, auth", "}\nauth") + "\n"
    )

    with pytest.raises(RuleFileError) as caught:
        loading._entries(loading._document(text.encode(), "c.yaml"), "mine") if table else load(text)

    assert [line.partition("]: ")[2] for line in str(caught.value).splitlines() if "error[" in line] == [
        "no file may set the header 'X-Api-Key'",
        "no file may set the header 'x-session-TOKEN'",
        "the key must not go into the header 'Host'",
    ]


def test_a_folder_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(RuleFileError) as caught:
        loading.load_folder(tmp_path / "nowhere", "mine")

    assert str(caught.value) == (
        f"{tmp_path}/nowhere:1:1: error[Q118]: cannot read this folder: No such file or directory"
    )
