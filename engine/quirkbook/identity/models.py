"""A rule's `models` -> a test for model names and their identities: globs, and mappings of family, line and version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .globs import compile_globs
from .resolve import TUNED, Identity
from .version import LATEST, Version, show, version

Models = Sequence[str | Mapping[str, Any]]
"""Globs and mappings as a rule file has them."""


@dataclass(frozen=True, slots=True)
class Range:
    """One mapping: the models of a family that a rule is about. Every part that is given must fit."""

    family: str | None = None
    lines: frozenset[str] = frozenset()
    """One of these lines; the family's own name stands for the models of no line."""
    start: Version | None = None
    """The first version that fits; later ones inherit."""
    before: Version | None = None
    """The first version that no longer fits."""
    versions: tuple[Version, ...] = ()
    some_of: frozenset[str] = frozenset()
    """One of these variants is needed."""
    none_of: frozenset[str] = frozenset()

    def blame(self, identity: Identity | None) -> str | None:
        """Return the part that does not fit, in words; None where all do."""
        if identity is None:
            return f"it names no model of {self.family or 'a known family'}"
        if self.family not in (None, identity.family):
            return f"family {self.family}: it is {identity.family}"
        if self.lines and (identity.line or identity.family) not in self.lines:
            return f"line {_list(self.lines)}: the line is {identity.line or identity.family}"
        return self._blame_version(identity.version) or self._blame_variants(identity.variants)

    def takes_version(self, number: Version | None) -> bool:
        """Tell whether a version fits."""
        return self._blame_version(number) is None

    def _blame_version(self, number: Version | None) -> str | None:
        is_known = number is not None
        if self.start is not None and not (is_known and number >= self.start):  # type: ignore[operator]
            return f"from {show(self.start)}: the version is {show(number)}"
        if self.before is not None and not (is_known and number < self.before):  # type: ignore[operator]
            return f"before {show(self.before)}: the version is {show(number)}"
        if self.versions and number not in self.versions:
            return f"version {' or '.join(map(show, self.versions))}: the version is {show(number)}"
        return None

    def _blame_variants(self, variants: frozenset[str]) -> str | None:
        if self.some_of and self.some_of.isdisjoint(variants):
            return f"with {_list(self.some_of)}: it has none of these variants"
        unwanted = self.none_of & variants
        return f"without {_list(unwanted)}: it is one" if unwanted else None

    def __str__(self) -> str:
        words = [self.family or "", f"line {_list(self.lines)}" if self.lines else ""]
        words += [f"version {' or '.join(map(show, self.versions))}" if self.versions else ""]
        words += [
            f"from {show(self.start)} on" if self.start else "",
            f"before {show(self.before)}" if self.before else "",
        ]
        words += [f"with {_list(self.some_of)}" if self.some_of else ""]
        words += [f"without {_list(self.none_of)}" if self.none_of else ""]
        return ", ".join(filter(None, words)) or "every model of the family"


def compile_range(node: Mapping[str, Any], family: str | None = None) -> Range:
    """Compile one mapping; ``family`` is that of the file which it stands in, if it is a family's.

    >>> print(compile_range({"line": "opus", "from": "4.7"}, "claude"))
    claude, line opus, from 4.7 on
    """
    return Range(
        family=node.get("family", family),
        lines=frozenset(_texts(node.get("line", ()))),
        start=_version(node["from"]) if "from" in node else None,
        before=_version(node["before"]) if "before" in node else None,
        versions=tuple(map(_version, _items(node.get("version", ())))),
        some_of=frozenset(_texts(node.get("with", ()))),
        none_of=frozenset(_texts(node.get("without", ()))),
    )


class ModelTest:
    """Tells whether a rule applies to a model: a glob or a mapping fits, and no ``!`` glob does.

    >>> fits = ModelTest([{"from": "2.6"}], "kimi")
    >>> fits("kimi-k3", Identity("kimi", version=(3,))), fits("gpt-5", Identity("openai", version=(5,)))
    (True, False)
    """

    __slots__ = ("_unwanted", "_wanted", "ranges", "taken_away")

    def __init__(self, models: Models, family: str | None = None, *, without_tuned: bool = False) -> None:
        """``family`` is that of the rule's own file, whose models an empty list means; None: every model."""
        nodes = [node for node in models if isinstance(node, Mapping) and "not" not in node]
        globs = [node for node in models if isinstance(node, str)]
        if not models and family:
            nodes = [{}]
        self.ranges = tuple(compile_range(_untuned(node) if without_tuned else node, family) for node in nodes)
        self.taken_away = tuple(
            compile_range(node["not"], family) for node in models if isinstance(node, Mapping) and "not" in node
        )
        unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
        wanted = [glob for glob in globs if not glob.startswith("!")]
        self._wanted = compile_globs(wanted) if wanted else None
        self._unwanted = compile_globs(unwanted) if unwanted else None

    def __call__(self, model: str | None, identity: Identity | None) -> bool:
        """Tell whether it applies to a model; without one, only where every model would do."""
        if model is not None and self._unwanted and self._unwanted(model):
            return False
        if any(each.blame(identity) is None for each in self.taken_away):
            return False
        if self._wanted is None and not self.ranges:
            return True
        if self._wanted and self._wanted(model):
            return True
        return any(each.blame(identity) is None for each in self.ranges)

    def blame(self, model: str | None, identity: Identity | None) -> str | None:
        """Return the first part of a mapping that does not fit, in words; None where the rule applies to the model."""
        if self(model, identity):
            return None
        for each in self.taken_away:
            if each.blame(identity) is None:
                return f"not {each}: it is one"
        if not self.ranges:
            return "its globs do not fit"
        return "; ".join(dict.fromkeys(filter(None, (each.blame(identity) for each in self.ranges))))


def describe(models: Models, family: str | None = None) -> str:
    """Say in words which models a rule is about.

    >>> describe([{"from": "4.7"}, "claude-next*"], "claude")
    'claude, from 4.7 on; or claude-next*'
    """
    words = [_words(node, family) if isinstance(node, Mapping) else node for node in models]
    return "; or ".join(words)


def _words(node: Mapping[str, Any], family: str | None) -> str:
    return f"not {compile_range(node['not'], family)}" if "not" in node else str(compile_range(node, family))


def _untuned(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if TUNED in _texts(node.get("with", ())):
        return node
    return {**node, "without": [*_texts(node.get("without", ())), TUNED]}


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _texts(value: Any) -> Sequence[str]:
    return [str(item) for item in _items(value)]


def _version(value: Any) -> Version:
    text = str(value)
    return LATEST if text == "latest" else version(text.split("."))


def _list(words: frozenset[str]) -> str:
    return " or ".join(sorted(words))
