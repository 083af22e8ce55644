"""What each rule does to each parameter: its examples are run, and what they change, refuse or remark on tells.

Nothing here is typed by hand but the columns. `compatibility.py` and `build_pages.py` make pages of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quirkbook import Rulebook
from quirkbook.authoring.examples import Owned, run_alone, run_stream, staged
from quirkbook.identity.models import describe
from quirkbook.model import Change, Effect, Example, Keys, Rule, RuleFile
from quirkbook.plan.interpret import changes, refusals
from quirkbook.rulebook.stack import StackEntry

#: What a rule does to a parameter, from mildest to worst, and what that means for the caller.
EFFECTS: Mapping[str, str] = {
    "warn": "it is sent as it is, with a remark",
    "exact": "it is said in other words and means the same",
    "lossy": "a part of it is lost",
    "semantic": "it is changed so that the model is asked something else",
    "refuse": "the request is refused before it is sent",
}
_WORDS = {Effect.NONE: "warn", Effect.REFUSE: "refuse"}
_RANK = {word: rank for rank, word in enumerate(EFFECTS)}

#: Group -> column -> the paths that belong to it, as expressions on the whole path. The first that fits wins.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "Sampling": {
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": "top_k|min_p",
        "n": "n",
        "seed": "seed",
        "penalties": "presence_penalty|frequency_penalty|repetition_penalty",
        "logit_bias": "logit_bias",
        "logprobs": "logprobs|top_logprobs",
    },
    "Length": {
        "max_tokens": "max_tokens|maxTokens|max_completion_tokens|max_output_tokens",
        "stop": r"stop(\[.*)?",
    },
    "Thinking": {
        "reasoning_effort": "reasoning_effort",
        "thinking": r"(thinking|enable_thinking|thinking_budget|reasoning|reasoning_split|chat_template_kwargs)(\..*)?",
    },
    "Tools": {
        "functions": r"(functions|function_call|messages\[\*\]\.function_call)\b.*",
        "tool names": r"tools\[\*\]\.function\.name",
        "tool schemas": r"tools\[\*\]\.function\.(parameters|strict)\b.*",
        "tools": r"tools\b.*",
        "tool_choice": r"tool_choice\b.*",
        "parallel_tool_calls": "parallel_tool_calls",
    },
    "Answer format": {
        "answer schema": r"response_format\.json_schema\b.*",
        "response_format": r"response_format\b.*",
    },
    "Messages": {
        "roles": r"messages\[\*\]\.role",
        "content": r"messages\[\*\]\.(content|refusal)",
        "content parts": r"messages\[\*\]\.content\b.*",
        "author names": r"messages\[\*\]\.name",
        "tool-call ids": r"messages\[\*\]\.(tool_calls\[\*\]\.id|tool_call_id)",
        "tool calls": r"messages\[\*\]\.tool_calls\b.*",
        "replayed reasoning": r"messages\[\*\]\.reasoning\w*\b.*",
        "other keys": r"messages\[\*\]\..*",
        "order and number": r"messages(\[\*\])?",
    },
    "Request": {
        "model": "model",
        "stream": r"stream|stream_options\b.*|tool_stream",
        "user": "user|user_id|safety_identifier",
        "store, metadata": r"store|metadata\b.*",
        "other parameters": r".+",
        "headers": "",
    },
    "Answers": {
        "thoughts": "",
        "returned tool calls": "",
        "finish_reason": "",
        "usage": "",
        "errors": "",
        "other fields": "",
    },
}
_REQUEST = [(column, re.compile(path)) for group in COLUMNS.values() for column, path in group.items() if path]
_ANSWER = [
    ("returned tool calls", re.compile(r".*\.tool_calls\b.*")),
    ("finish_reason", re.compile(r".*\.finish_reason")),
    ("usage", re.compile(r"(.*\.)?usage\b.*")),
    ("thoughts", re.compile(r".*\.(message|delta)\.(reasoning|content)\w*\b.*")),
    ("other fields", re.compile(r".*")),
]


@dataclass(frozen=True)
class Fact:
    """A rule, with what its examples show."""

    rule: Rule
    columns: Mapping[str, str]
    """Column -> what becomes of it in the first example that touches it; its author put the usual case first."""
    worst: str
    """The worst that any example shows."""
    everywhere: bool
    """Whether it applies to all models, not only to some that it names, or to those of a family."""


@dataclass(frozen=True)
class Row:
    """A provider, or a family by itself, and the facts in force there, in the order in which they run."""

    file: RuleFile
    facts: Sequence[Fact]

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.file.head.get("name", self.file.name))

    @property
    def heading(self) -> str:
        """The title, such that a provider and a family of one title differ."""
        return f"{self.title}, the models" if self.file.kind == "family" else self.title

    @property
    def page(self) -> str:
        """Where the page of its own rules is: a path below docs/, without an ending."""
        return f"rules/{'families/' if self.file.kind == 'family' else ''}{self.file.name}"

    @property
    def rules(self) -> list[Rule]:
        """All rules of its own file, retired ones too."""
        return [item for item in self.file.items if isinstance(item, Rule)]

    @property
    def own(self) -> list[Fact]:
        """The facts that its own file holds."""
        return [
            fact
            for fact in self.facts
            if (fact.rule.owner, fact.rule.family) == (self.file.name, self.file.kind == "family")
        ]

    @property
    def families(self) -> list[str]:
        """The families whose facts are in force here, in the order in which they are read."""
        return list(dict.fromkeys(fact.rule.owner for fact in self.facts if fact.rule.family))

    def cell(self, column: str) -> list[Fact]:
        """Return the facts about a column."""
        return [fact for fact in self.facts if column in fact.columns]


def worst(words: Iterable[str]) -> str:
    """Return the worst of some effects."""
    return max(words, key=_RANK.__getitem__, default="warn")


def fact_of(entry: StackEntry, family: bool, book: Rulebook) -> Fact:
    """Run a rule's examples; see what they do, and to what."""
    rule = entry.rule
    usual: dict[str, str] = {}
    all_: list[str] = ["warn"]
    several = [(one, example) for one in staged(Owned(entry, family, book)) for example in one.rule.examples]
    for owned, example in several:
        seen: dict[str, str] = {}
        for one in _changes(owned, example):
            word = _WORDS.get(one.effect, str(one.effect))
            all_.append(word)
            for column in _columns(owned.entry, one):
                seen[column] = worst([seen.get(column, "warn"), word])
        usual = {**seen, **usual}
    everywhere = entry.fits(None, None) if rule.models else entry.family is None
    return Fact(rule, usual, worst(all_), everywhere)


def _changes(owned: Owned, example: Example) -> Sequence[Change]:
    if isinstance(example.given, list):
        return run_stream(owned, example, example.given)[1]
    done = run_alone(owned, example)
    return refusals(done) or changes(done)


def models_of(rule: Rule) -> str:
    """Say of which models a rule speaks: its globs, or its ranges in words; nothing where it names none."""
    if all(isinstance(glob, str) for glob in rule.models):
        return " ".join(map(str, rule.models))
    return describe(rule.models, rule.owner if rule.family else None)


def _columns(entry: StackEntry, one: Change) -> Iterator[str]:
    """Yield the columns that a change is about: what the caller wrote; for remarks what the rule asks about."""
    stage = entry.rule.stage
    if stage == "error":
        yield "errors"
    elif one.action in ("set_header", "drop_header"):
        yield "headers"
    elif one.keys is None or one.action in ("warn", "reject"):
        asked = dict.fromkeys(_column(path, stage) for path in _asked_by(entry))
        yield from asked or ["model" if stage == "request" else "other fields"]
    else:
        yield _column(_path(one.moved_from or one.keys), stage)


def _column(path: str, stage: str) -> str:
    table = _REQUEST if stage == "request" else _ANSWER
    return next(column for column, fits in table if fits.fullmatch(path))


def _path(keys: Keys) -> str:
    """Write keys as a path in which every item stands for all."""
    return "".join("[*]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".") or "."


def _asked_by(entry: StackEntry) -> Iterator[str]:
    """Yield the paths that a rule asks about: those of `each` where it has one, else those of `when`."""
    each = [item["each"] for item in entry.rule.do if "each" in item]
    for one in each:
        yield from _asked(one.get("when"), entry.named_conditions, f"{one['in']}.")
    if not each:
        yield from _asked(entry.rule.when, entry.named_conditions, "")


def _asked(when: Any, lets: Mapping[str, Any], base: str) -> Iterator[str]:
    """Yield the paths that a condition asks about, from the root on, down to the names it uses and to items."""
    for key, value in when.items() if isinstance(when, dict) else ():
        if key in ("any_of", "all_of"):
            for part in value:
                yield from _asked(part, lets, base)
        elif key == "not":
            yield from _asked(value, lets, base)
        elif key.removeprefix("$") in lets:
            yield from _asked(lets[key.removeprefix("$")], lets, "")
        elif key != "$model":
            path = key[2:] if key.startswith("$.") else f"{base}{key}"
            path = re.sub(r"\[-?\d+\]", "[*]", path).removesuffix("..")
            inner = [value[word] for word in ("some", "every", "none") if isinstance(value, dict) and word in value]
            for part in inner:
                yield from _asked(part, lets, f"{path}[*].")
            if isinstance(value, dict) and "repeats" in value:
                yield f"{path}[*].{value['repeats']}"
            elif not inner:
                yield path


def collect(files: Sequence[RuleFile]) -> tuple[list[Row], list[Row]]:
    """Return the rows of all providers and of all families, by title.

    Disabled and retired rules are left out, and at providers the rules that are in force everywhere.
    """
    book = Rulebook(files, builtin=False)
    by_name = {(file.kind, file.name): file for file in files}
    known: dict[int, Fact] = {}

    def fact(entry: StackEntry, family: bool) -> Fact:
        # The same rule stands in many lists. What it does alone differs only by the names that an includer restates.
        key = id(entry.rule)
        if key not in known:
            known[key] = fact_of(entry, family or entry.rule.owner not in book.providers, book)
        return known[key]

    rows: dict[str, list[Row]] = {"family": [], "provider": []}
    for kind, names in (("family", book.families), ("provider", book.providers)):
        family = kind == "family"
        for name in names:
            entries = [
                each for each in book.effective(name, family=family) if each.is_on and (family or not each.is_general)
            ]
            rows[kind].append(Row(by_name[kind, name], [fact(each, family) for each in entries]))
    providers, families = (sorted(rows[kind], key=lambda row: row.title.lower()) for kind in ("provider", "family"))
    return providers, families


def columns_in_use(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return group -> the columns that some row has a fact about; in the order of `COLUMNS`."""
    used = {column for row in rows for fact in row.facts for column in fact.columns}
    found = {group: [column for column in columns if column in used] for group, columns in COLUMNS.items()}
    return {group: columns for group, columns in found.items() if columns}
