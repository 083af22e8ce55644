"""Text of a config file -> a document: the strict reader, and what LiteLLM's files may hold besides.

LiteLLM reads its file as YAML 1.1. So here anchors, aliases and merge keys are read, and unquoted yes, no, on, off and
20_000 mean what they mean there. What a merge brings in stands where the anchor is. A key that stands twice is a diagnostic
here and not there: LiteLLM would forget the first one silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ...source import yaml as yaml_source
from ...source.document import MAX_DEPTH, Builder, Document
from ...source.pyyaml import Events

MAX_NODES: Final = 100_000
"""Values of a file, each as often as it is used: aliases of aliases would make thousands of millions of a few lines."""

_WORDS: Final = {
    spelt: meaning
    for word, meaning in (("yes", True), ("on", True), ("no", False), ("off", False))
    for spelt in (word, word.title(), word.upper())
}
_SPACED: Final = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?")


@dataclass(eq=False, slots=True)
class _Node:
    """A value as it is written: a scalar, or the nodes of a list, or keys and values in turn."""

    start: int
    end: int
    items: list[_Node] | None = None
    is_mapping: bool = False
    text: str = ""
    is_plain: bool = False

    @property
    def merges(self) -> bool:
        return self.is_plain and self.text == "<<"

    def pairs(self) -> Iterator[tuple[_Node, _Node]]:
        items = self.items or []
        return zip(items[::2], items[1::2], strict=True)


def read(raw: bytes | str, name: str) -> Document:
    """Read a config file, YAML or JSON; ``name`` is what places call it.

    Raises:
        RuleFileError: with all diagnostics of the text.
    """
    return yaml_source.read(raw, name, _build)


def _build(events: Events, text: str, builder: Builder) -> None:
    root = _compose(events, builder)
    if root is None:
        builder.stop(0, 0, "Q101", "the file is empty", "a config begins with 'model_list:'")
    _Writer(builder).write(root)


def _compose(events: Events, builder: Builder) -> _Node | None:
    """Return the tree of nodes that the text says; an alias is the very node that it names."""
    top: list[_Node] = []
    around: list[tuple[list[_Node], _Node, str | None]] = []
    into = top
    anchors: dict[str, _Node] = {}
    documents = 0
    for event in events:
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            into, node, anchor = around.pop()
            if anchor:
                anchors[anchor] = node  # known from here on: nothing can hold itself
        elif kind is DocumentStartEvent:
            documents += 1
            yaml_source.begin(documents, event.start_mark.index, builder)
        elif kind is AliasEvent:
            into.append(_alias(event, anchors, builder))
        elif kind is ScalarEvent:
            into.append(_node(event, kind, builder))
            if event.anchor:
                anchors[event.anchor] = into[-1]
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            node = _node(event, kind, builder)
            if len(around) == MAX_DEPTH:
                builder.stop(node.start, node.start + 1, "Q115", f"nested deeper than {MAX_DEPTH} levels")
            into.append(node)
            around.append((into, node, event.anchor))
            into = node.items = []
    return top[0] if top else None


def _node(event: Any, kind: type, builder: Builder) -> _Node:
    start, end = event.start_mark.index, event.end_mark.index
    if event.tag is not None:
        builder.diagnostic(start, start + 1, "Q103", "tags are not read here", "leave it out, or quote the whole text")
    if kind is ScalarEvent:
        return _Node(start, end, text=event.value, is_plain=event.implicit[0])
    return _Node(start, end, [], is_mapping=kind is MappingStartEvent)


def _alias(event: Any, anchors: dict[str, _Node], builder: Builder) -> _Node:
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor not in anchors:
        hint = "put the anchor before it; a '*' that stands for any model is quoted: \"*\""
        builder.diagnostic(start, end, "Q103", "an alias of no anchor", hint)
    return anchors.get(event.anchor) or _Node(start, end)


class _Writer:
    """Writes nodes into a builder: aliases in full, mappings with what they merge."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._nodes = 0

    def write(self, node: _Node) -> None:
        self._nodes += 1
        builder = self._builder
        if self._nodes > MAX_NODES:
            hint = "use fewer aliases"
            builder.stop(
                node.start, node.end, "Q115", f"with its aliases in full: more than {MAX_NODES:,} values", hint
            )
        if node.items is None:
            builder.scalar(self._meaning(node), node.start, node.end)
            return
        builder.open({} if node.is_mapping else [], node.start)
        for item in self._merged(node, 0) if node.is_mapping else node.items:
            self.write(item)
        builder.close()

    def _meaning(self, node: _Node) -> Any:
        if not node.is_plain:
            return node.text
        if not self._builder.wants_key:
            if node.text in _WORDS:
                return _WORDS[node.text]
            if "_" in node.text and _SPACED.fullmatch(node.text):
                return yaml_source.plain(node.text.replace("_", ""), node.start, node.end, self._builder)
        return yaml_source.plain(node.text, node.start, node.end, self._builder)

    def _merged(self, node: _Node, depth: int) -> list[_Node]:
        """Return keys and values of a mapping in turn; its own win over merged ones, earlier merges over later ones."""
        if depth > MAX_DEPTH:
            self._builder.stop(node.start, node.start + 1, "Q115", f"merged over more than {MAX_DEPTH} levels")
        items = [part for pair in node.pairs() if not pair[0].merges for part in pair]
        known = {key.text for key in items[::2]}
        for key, value in node.pairs():
            for source in self._sources(key, value) if key.merges else ():
                merged = self._merged(source, depth + 1)
                for name, what in zip(merged[::2], merged[1::2], strict=True):
                    if name.text not in known:
                        known.add(name.text)
                        items += (name, what)
        return items

    def _sources(self, key: _Node, value: _Node) -> list[_Node]:
        """Return the mappings that a merge key names."""
        sources = [value] if value.is_mapping else value.items or []
        if not sources or not all(source.is_mapping for source in sources):
            message = "'<<' must be an object, or an array of objects"
            self._builder.diagnostic(key.start, key.end, "Q108", message, "name an anchor: '<<: *defaults'")
            return []
        return sources
