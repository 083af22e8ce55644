"""What a refusal says: the parameter, the kind of fault, and the values named, by the wordings in ``rules/refusals/``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..model import RuleFile
from ..plan.regex import compile_re2
from ..rulebook import builtin
from .errors import Sentence, bare, sentences

#: The groups of a pattern, in the order in which reports name them.
GROUPS: Final = ("param", "parent", "key", "value", "choices", "low", "high", "limit", "use", "other", "keyword")
_LISTS: Final = ("choices", "keyword")
_QUOTES: Final = "'\"`“”‘’"
_LIST_END: Final = re.compile(r",? (?:and|or) |, ?|/| ")
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say what is wrong."""

    kind: str
    says: str
    facts: Mapping[str, Any]
    """What the wording means where the text itself does not say it, by the name of the group."""
    example: str
    family: str
    repair: Sequence[Mapping[str, Any]] = ()
    when: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one sentence of a refusal says."""

    kind: str
    text: str
    named: Sequence[str] = ()
    """What the text, then the error beside it, calls the parameter; `quirkbook.proof.places` finds it in a payload."""
    value: Any = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    limit: str | None = None
    use: str | None = None
    other: str | None = None
    keywords: tuple[str, ...] = ()
    wording: Wording | None = field(default=None, compare=False)


class Wordings:
    """The wordings of the built-in files and of a user's own."""

    def __init__(self, files: Iterable[RuleFile] = ()) -> None:
        self._wordings: list[tuple[Wording, Any]] = []
        self.names: dict[str, str] = {}
        """What texts call a field -> the field path that it means."""
        for file in (*builtin.refusals(), *files):
            if file.kind == builtin.REFUSALS:
                self.names |= file.head.get("names", {})
                self._wordings += [
                    (wording, compile_re2(wording.says, ignore_case=True)) for wording in _wordings(file)
                ]

    @property
    def all(self) -> list[Wording]:
        """Every wording, in the order of files."""
        return [wording for wording, _ in self._wordings]

    def read(self, error: Any) -> list[Finding]:
        """Return what an error says, one finding for each sentence that is understood; see `sentences`."""
        findings = [finding for sentence in sentences(error) if (finding := self.understand(sentence))]
        if not findings and isinstance(error, str):
            whole = self.understand(bare(error))
            findings = [whole] if whole else []
        return findings

    def understand(self, sentence: Sentence) -> Finding | None:
        """Return what one sentence says, None where no wording fits.

        Of several wordings the one counts that has most of its own letters in the text: it says most about it.
        """
        text = sentence.text.encode("utf-8", "replace").decode()
        best: tuple[int, int, Wording, Any] | None = None
        for number, (wording, pattern) in enumerate(self._wordings):
            if found := pattern.search(text):
                own = len(found[0]) - sum(len(part) for part in found.groups() if part)
                if best is None or (own, -number) > best[:2]:
                    best = own, -number, wording, found
        return _finding(best[2], best[3].groupdict(), sentence) if best else None


def _wordings(file: RuleFile) -> Iterator[Wording]:
    for node in file.head["wordings"]:
        facts = {group: node[group] for group in GROUPS if group in node}
        yield Wording(
            node["kind"], node["says"], facts, node["example"], file.name, node.get("repair", ()), node.get("when")
        )


def _finding(wording: Wording, groups: Mapping[str, str | None], sentence: Sentence) -> Finding:
    said: dict[str, Any] = {name: text if name in _LISTS else _bare(text) for name, text in groups.items() if text}
    facts = {**wording.facts, **said}
    below = f"{said.get('parent', '')}.{said['key']}".strip(".") if "key" in said else said.get("parent")
    named = [wording.facts["param"]] if "param" in wording.facts else [said.get("param"), below, sentence.param]
    keyword = str(facts.get("keyword", ""))
    return Finding(
        wording.kind,
        sentence.text,
        named=tuple(name for name in named if name),
        value=facts.get("value"),
        choices=_choices(str(facts.get("choices", ""))),
        low=_number(facts.get("low")),
        high=_number(facts.get("high")),
        limit=facts.get("limit"),
        use=facts.get("use"),
        other=facts.get("other"),
        keywords=_choices(keyword),
        wording=wording,
    )


def _bare(text: str) -> str:
    """Return a text without quotes around it and punctuation behind it."""
    text = text.strip().rstrip(".,;:")
    return text.strip(_QUOTES + " ")


def _choices(text: str) -> tuple[str, ...]:
    """Return the values of a list in words.

    >>> _choices("'low', 'medium', and 'high'"), _choices("none, auto or required")
    (('low', 'medium', 'high'), ('none', 'auto', 'required'))
    """
    quoted = re.findall(r"['\"`]([^'\"`]+)['\"`]", text)
    parts = quoted or _LIST_END.split(text.strip("[](){} "))
    return tuple(dict.fromkeys(part.strip(" .;:") for part in parts if part.strip(" .;:")))


def _number(value: Any) -> float | None:
    """Return a number as a payload would hold it; None for what is not one, as ``+inf``."""
    text = str(value).strip(_QUOTES + "()[] ")
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return int(number) if number.is_integer() else number
