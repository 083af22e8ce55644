"""One look at a payload -> the rules that may concern it.

The gates of a plan's rules make a tree of places: keys, and the items of arrays. A look is a function made of that
tree: it reads each place once, and gathers the rules whose gates are open. Nothing of it outlives the look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Final

from ..payload.cycles import MOST_REPEATED, weigh
from ..payload.draft import Seen
from ..payload.path import Wild
from .code import define, shown
from .gates import EMPTY, LONGEST_MARK, Beside, Clause, Gate, Not, Word, is_common
from .jsonschema.features import FEATURES
from .jsonschema.look import look as look_at_schema

#: So many nodes of a payload's schemas are walked before anybody asks whether there is an end to them.
_MANY = 200_000


#: Top-level keys that many payloads have. The others are asked for together, where there are more than a few.
_USUAL: Final = frozenset(
    {"messages", "model", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "response_format"}
    | {"temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stop", "seed", "user", "reasoning_effort"}
    | {"presence_penalty", "frequency_penalty", "choices", "usage", "id"}
)
_FEW: Final = 4


class Schemas:
    """What a look has seen of JSON Schemas: each is walked once, for whether it is plain JSON data too."""

    __slots__ = ("_features", "_room", "_whole", "seen", "types")

    def __init__(self, whole: Any, features: Set[str] = FEATURES) -> None:
        self._whole = whole
        """The payload that they stand in."""
        self._features = features
        """Those that somebody asks for."""
        self._room: float = _MANY
        self.seen: dict[int, Seen] = {}
        """Id of each schema that was walked -> what was seen."""
        self.types: set[type] = set()
        """Classes of the values in them."""

    def look(self, schema: Any, words: dict[str, list[int]], found: list[int]) -> None:
        """Gather the rules that the keys and features of a schema concern.

        Raises:
            EndlessError: a value contains itself, or the like.
        """
        seen: set[str] = set()
        nodes = look_at_schema(schema, seen, self.types, self._features)
        self._room -= len(nodes)
        if self._room < 0:
            weigh(self._whole, MOST_REPEATED)
            self._room = math.inf
        self.seen[id(schema)] = (schema, seen, nodes)
        if not words.keys().isdisjoint(seen):
            for word in words.keys() & seen:
                found += words[word]


class _Place:
    """A place that gates name, and the numbers of the rules that each kind of value there concerns."""

    def __init__(self, steps: tuple[Any, ...] = ()) -> None:
        self.steps = steps
        self.present: list[int] = []
        self.absent: list[int] = []
        self.empty: list[int] = []
        self.texts: dict[str, list[int]] = {}
        self.types: dict[type, list[int]] = {}
        self.nots: dict[frozenset[type], list[int]] = {}
        self.words: dict[str, list[int]] = {}
        self.beside: dict[tuple[str, Any], dict[str, list[int]]] = {}
        self.keys: dict[str, _Place] = {}
        self.items: _Place | None = None

    def ask(self, mark: Any, rule: int) -> None:
        """Note that a rule is concerned where a value here has a mark."""
        if mark is None:
            self.present.append(rule)
        elif isinstance(mark, Not):
            self.absent.append(rule)
            if object not in mark.types:
                self.nots.setdefault(frozenset(mark.types), []).append(rule)
        elif mark is EMPTY:
            self.empty.append(rule)
        elif isinstance(mark, Beside):
            self.beside.setdefault((mark.key, mark.mark), {}).setdefault(mark.text, []).append(rule)
        elif isinstance(mark, Word):
            self.words.setdefault(mark.text, []).append(rule)
        else:
            kinds: dict[Any, list[int]] = self.texts if isinstance(mark, str) else self.types
            kinds.setdefault(mark, []).append(rule)

    @property
    def asks_for_null(self) -> bool:
        """Whether nothing is asked but that null stands here."""
        asked = self.texts or self.nots or self.empty or self.words or self.beside or self.keys or self.items
        return [*self.types] == [type(None)] and not (asked or self.present or self.absent)

    @property
    def is_simple(self) -> bool:
        """Whether nothing is asked but that something stands here."""
        return not (
            self.types or self.texts or self.nots or self.empty or self.words or self.beside or self.keys or self.items
        )

    def below(self, step: Any) -> _Place:
        """Return the place one step below."""
        if step is Wild.ITEMS:
            self.items = self.items or _Place((*self.steps, step))
            return self.items
        return self.keys.setdefault(step, _Place((*self.steps, step)))


class _Code:
    """The source of a look, being written."""

    def __init__(self) -> None:
        self.lines = ["def look(payload, found, schemas):"]
        self.constants: dict[str, Any] = {"NONE": ()}

    def constant(self, value: Any) -> str:
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def add(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def place(self, place: _Place, name: str, depth: int) -> None:
        """Write what is asked of the value that ``name`` holds."""
        if place.present:
            self.add(depth, f"found += {self.constant(place.present)}")
        if place.is_simple:
            return
        kind = f"k{len(place.steps)}"
        self.add(depth, f"{kind} = {name}.__class__")
        if place.types:
            self.add(depth, f"if {kind} in {(kinds := self.constant(place.types))}: found += {kinds}[{kind}]")
        for types, rules in place.nots.items():
            wanted = self.constant(tuple(sorted(types, key=repr)))
            test = f"{kind} not in {wanted} and not issubclass({kind}, {wanted})"
            self.add(depth, f"if {test}: found += {self.constant(rules)}")
        if place.texts:
            texts = self.constant(place.texts)
            test = f"{kind} is str and len({name}) <= {LONGEST_MARK} and {name} in {texts}"
            self.add(depth, f"if {test}: found += {texts}[{name}]")
        for (key, mark), by_text in place.beside.items():
            text = f"(text := v{len(place.steps) - 1}.get({key!r})).__class__ is str"
            test = self.test(mark, name, kind)
            self.add(depth, f"if {test} and {text}: found += {self.constant(by_text)}.get(text, NONE)")
        if place.empty:
            self.add(depth, f"if {_empty(name, kind)}: found += {self.constant(place.empty)}")
        if place.words:
            words = self.constant(place.words)
            self.add(depth, f"if {kind} is dict or {kind} is list: schemas.look({name}, {words}, found)")
        if place.keys:
            self.keys(place, name, kind, depth)
        if place.items is not None:
            item = f"v{len(place.steps) + 1}"
            self.add(depth, f"if {kind} is list:")
            self.add(depth + 1, f"for {item} in {name}:")
            self.place(place.items, item, depth + 2)

    def test(self, mark: Any, name: str, kind: str) -> str:
        """Return the code that asks whether a value has a mark."""
        if mark is None:
            return "True"
        if isinstance(mark, str):
            return f"{name} == {mark!r}"
        return f"{kind} is {self.constant(mark)}" if mark is not EMPTY else _empty(name, kind)

    def keys(self, place: _Place, name: str, kind: str, depth: int) -> None:
        """Write what is asked of the members of an object: of those that are nearly always there first."""
        self.add(depth, f"if {kind} is dict:")
        asked = self.nulls(place.keys, name, depth + 1)
        usual = {key: below for key, below in asked.items() if below.absent or is_common(below.steps)}
        rare = {key: below for key, below in asked.items() if key not in usual}
        for key, below in usual.items():
            self.member(below, name, key, depth + 1)
        inner = depth + 1
        if len(rare) > 1:
            self.add(inner, f"if not {self.constant(frozenset(rare))}.isdisjoint({name}):")
            inner += 1
        for key, below in rare.items():
            self.member(below, name, key, inner)
        absent = [rule for below in place.keys.values() for rule in below.absent]
        if absent:  # other values have no members
            self.add(depth, f"else: found += {self.constant(absent)}")

    def nulls(self, keys: Mapping[str, _Place], name: str, depth: int) -> Mapping[str, _Place]:
        """Write what is asked of the members of which only null matters, in most objects one look; return the others."""
        nulls = {key: below for key, below in keys.items() if below.asks_for_null}
        if len(nulls) > 1:
            self.add(depth, f"if None in {name}.values():")
            for key, below in nulls.items():
                self.add(
                    depth + 1, f"if {name}.get({key!r}, 0) is None: found += {self.constant(below.types[type(None)])}"
                )
            return {key: below for key, below in keys.items() if key not in nulls}
        return keys

    def member(self, below: _Place, name: str, key: str, depth: int) -> None:
        value = f"v{len(below.steps)}"
        if below.is_simple and not below.present:
            self.add(depth, f"if {key!r} not in {name}: found += {self.constant(below.absent)}")
            return
        self.add(depth, f"if {key!r} in {name}:")
        if not below.is_simple:
            self.add(depth + 1, f"{value} = {name}[{key!r}]")
        self.place(below, value, depth + 1)
        if below.absent:
            self.add(depth, f"else: found += {self.constant(below.absent)}")


def _empty(name: str, kind: str) -> str:
    return f"not {name} and ({kind} is list or {kind} is dict)"


_Found = Callable[[dict[str, Any], list[int], Schemas], None]
"""(payload, the list to which the numbers of rules are added, what is seen of schemas on the way)"""


class Look:
    """The gates of a list of rules, one clause of each, ready to be looked through."""

    def __init__(self, clauses: Iterable[Clause | None], name: str = "") -> None:
        self._file = ""
        self.call(name)
        self._always: list[int] = []
        """Rules without a gate."""
        self._root = _Place()
        for rule, clause in enumerate(clauses):
            if clause is None:
                self._always.append(rule)
            for gate in sorted(clause or (), key=repr):  # one order, so that the source is the same in each process
                _place(self._root, gate).ask(gate[1], rule)
        self._look: _Found | None = None

    def call(self, name: str) -> None:
        """Say by what name tracebacks call its function; the first counts."""
        self._file = self._file or (name and f"<look {name}>")

    def rules(self, payload: dict[str, Any], schemas: Schemas) -> list[int]:
        """Return the numbers of the rules that may concern a payload, in order."""
        found = self._always.copy()
        (self._look or self._compiled())(payload, found, schemas)
        return sorted(set(found))

    @property
    def source(self) -> str:
        """The Python that it is compiled to, with its constants explained."""
        code = self._write()
        explained = [f"# {name} = {shown(value)}" for name, value in code.constants.items()]
        return "\n".join([*explained, *code.lines]) + "\n"

    def _write(self) -> _Code:
        code = _Code()
        simple = {key: place.present for key, place in self._root.keys.items() if place.is_simple and not place.absent}
        if simple:
            code.constants["SIMPLE"] = simple
            code.add(1, "for key in payload:")
            code.add(2, "if key in SIMPLE: found += SIMPLE[key]")
        asked = {key: place for key, place in code.nulls(self._root.keys, "payload", 1).items() if key not in simple}
        rare = {key: place for key, place in asked.items() if key not in _USUAL and not place.absent}
        for key, place in asked.items():
            if key not in rare or len(rare) < _FEW:
                code.member(place, "payload", key, 1)
        if len(rare) >= _FEW:
            code.add(1, f"if not {code.constant(frozenset(rare))}.isdisjoint(payload):")
            for key, place in rare.items():
                code.member(place, "payload", key, 2)
        if len(code.lines) == 1:
            code.add(1, "pass")
        return code

    def _compiled(self) -> _Found:
        code = self._write()
        look: _Found = define("look", "\n".join(code.lines) + "\n", code.constants, self._file)
        self._look = look
        return look


def _place(place: _Place, gate: Gate) -> _Place:
    for step in gate[0]:
        place = place.below(step)
    return place
