"""Rules and payloads of few words: what one rule writes, another often asks for, and most conditions hold now and then.

Each world has a few places and words, and often a theme. Drawn from a seeded `Random`, as it takes thousands of them: one
case in some hundreds depends on any single gate.
"""

from __future__ import annotations

from random import Random
from typing import Any

_ROLES = ["user", "tool"]
_WORDS = ["user", "tool", "t", "", "x" * 33, None, True, False, 0, 1, 1.5]

#: Places of a payload, as rules name them.
_PLACES = [
    "a",
    "a.x",
    "a[*]",
    "a[*].x",
    "b",
    "b.*",
    "messages",
    "messages[*]",
    "messages[*].role",
    "messages[*].content",
]
_PLACES += ["messages[*].x", "messages[0].x", "messages[-1].content", "messages[*].content[*]", "messages[*].x[*]"]
_PLACES += ["messages[*].content[*].type", "messages[*].content.x", "messages[*].*", "tools", "tools[*]", "tools[*].x"]
_PLACES += [
    "tools.**.x",
    "tools[*].**.const",
    "tools[*].properties.x",
    "tools[*].**.properties.*",
    "tools[*].**.x.*",
    "*",
]
_PLACES += ["**.x", "**.content", "$.a"]
_ELEMENTS = [
    "messages[*]",
    "messages[*]",
    "messages",
    "a",
    "a[*]",
    "messages[*].content",
    "messages[*].x[*]",
    "tools[*]",
    "*",
]
_INSIDE = [
    "role",
    "content",
    "content",
    "x",
    "x",
    "content[*]",
    "content[*].type",
    "x.x",
    ".",
    "[0]",
    "$.a",
    "**.x",
    "*",
]
_INSIDE += ["$.messages[*].role", "properties.x"]
_GOALS = ["x", "content", "role", "$.a", "$.b", "x.x"]
_SCHEMA_REPAIRS = [{"infer_type": True}, {"drop": ["x"]}, {"const_as_enum": True}, {"drop": ["const", "content"]}]
_SCHEMA_REPAIRS += [
    {"one_type": True},
    {"rename": {"const": "x"}},
    {"collapse_nullable": True, "required_as_list": True},
]


class World:
    """Draws payloads, conditions, actions and rules."""

    def __init__(self, seed: Any) -> None:
        self.draw = Random(seed)
        self.one_of = self.draw.choice
        self.words = self.draw.sample(_WORDS, 4)
        self.places = self.draw.sample(_PLACES, 5)
        self.inside = self.draw.sample(_INSIDE, 5)
        self.theme = self.one_of([None, self.rule_on_messages, self.rule_on_schemas, self.rule_on_two_places])

    def maybe(self, share: float) -> bool:
        return self.draw.random() < share

    def several(self, make: Any, most: int, least: int = 0) -> list[Any]:
        return [make() for _ in range(self.draw.randint(least, most))]

    # Payloads

    def scalar(self) -> Any:
        return self.one_of(self.words)

    def value(self, depth: int = 2) -> Any:
        if not depth or self.maybe(0.5):
            return self.scalar()
        if self.maybe(0.5):
            return self.several(lambda: self.value(depth - 1), 2)
        return {
            self.one_of(["role", "content", "x", "type"]): self.value(depth - 1) for _ in range(self.draw.randrange(3))
        }

    def message(self) -> Any:
        if self.maybe(0.15):
            return self.value()
        made = {"role": self.one_of([*_ROLES, *_ROLES, self.scalar()]), "content": self.value(), "x": self.value()}
        return {key: value for key, value in made.items() if self.maybe(0.7)}

    def schema(self, depth: int = 2) -> Any:
        if not depth or self.maybe(0.2):
            return self.one_of([{}, True, {"const": 1}, {"type": "string"}, self.value(1)])
        made = {
            "type": self.one_of(["object", "string", ["string", "null"]]),
            "properties": {key: self.schema(depth - 1) for key in self.draw.sample(["x", "content", "const"], 2)},
            "anyOf": [self.schema(depth - 1)],
            "const": self.scalar(),
            "x": self.value(1),
        }
        return {key: value for key, value in made.items() if self.maybe(0.5)}

    def payload(self) -> dict[str, Any]:
        made = {
            "a": self.value(),
            "b": self.value(1),
            "model": self.one_of(["kimi-k2.6", "user", "t", self.value(1)]),
            "messages": self.several(self.message, 3) if self.maybe(0.95) else self.value(),
            "tools": self.several(self.schema, 2),
        }
        return {key: value for key, value in made.items() if self.maybe(0.7)}

    # Conditions

    def wanted(self) -> Any:
        """Draw what is asked of a value, mostly what a gate can be made of."""
        literals = [self.scalar(), self.scalar()]
        kinds = ["array", "object", "string", "boolean", "null", "number", "json"]
        return self.one_of(
            [
                literals[0],
                self.one_of(_ROLES),
                literals,
                {"exists": True},
                {"exists": False},
                {"is": self.one_of(kinds)},
                {"is": "array", "len": {"gt": 0}},
                {"len": self.one_of([0, 1, {"gt": 0}, {"lt": 2}])},
                {"ne": literals[0]},
                {"not_in": literals},
                {self.one_of(["among", "not_among"]): self.one_of([*self.places, "$request.a", "$status"])},
                {"glob": "t*"},
                {"matches": self.one_of(["[^u]+", "t+", ".*", r"\s*"])},
                {"outside": [0, 1]},
            ]
        )

    def condition(self, depth: int = 2, places: Any = ()) -> dict[str, Any]:
        made: dict[str, Any] = {}
        places = places or self.places
        for _ in range(self.one_of([1, 1, 1, 2])):
            how = self.draw.randrange(14)
            if not depth or how < 5:
                made[self.one_of(places)] = self.wanted()
            elif how < 9:
                inner = self.condition(depth - 1, self.inside)
                if self.maybe(0.4):
                    inner = {"role": self.one_of(_ROLES), **inner}
                some = self.one_of(["some", "some", "some", "every", "none", "repeats"])
                made[self.one_of(["messages", "messages", "a", "tools", "x"])] = {
                    some: "x" if some == "repeats" else inner
                }
            elif how < 11:
                made["not"] = self.condition(depth - 1, places)
            elif how < 13:
                made[self.one_of(["any_of", "all_of"])] = self.several(lambda: self.condition(depth - 1, places), 2, 1)
            else:
                made |= self.one_of([{"$has_tool": True}, {"$has_tool": False}, {"$model": ["user", "kimi-*"]}])
        return made

    # Actions

    def action(self, places: Any = (), depth: int = 0) -> dict[str, Any]:
        places = places or self.places
        place, value = self.one_of([one for one in places if one != "."]), self.value()
        movable = self.one_of([one for one in places if one[-1] not in ".]"] or ["x"])
        mine: list[Any] = [
            {"set": {place: value}},
            {"set": {place: self.one_of([*_ROLES, [], True, {"x": "t"}])}},
            {"map": {place: {"*": value}}},
            {"default": {place: value}},
            {"drop": [self.one_of([place, "."]) if depth else place]},
            {self.one_of(["rename", "copy"]): {movable: self.one_of(_GOALS)}},
            {self.one_of(["wrap", "unwrap"]): {place: self.one_of(["x", "type", []])}},
            {"truncate": {place: self.draw.randrange(2)}},
            {"keep": {place: ["x"]}},
            {"append": {place: self.one_of(["t", {"x": "t"}])}},
            {"clamp": {place: [0, {"path": "x"}]}},
            {"normalize_schema": {"at": self.one_of([place, "tools[*]"]), **self.one_of(_SCHEMA_REPAIRS)}},
        ]
        if not depth:
            message = self.one_of([{"role": "user"}, {"role": "tool", "x": "t"}, {"role": "tool", "x": []}])
            mine += [{self.one_of(["append_message", "prepend_message"]): message}, {"warn": "careful"}]
            mine += [{"tell": {"schema": place, "as": "t"}}]
            mine += [{"insert_message": {"between": ["user", "user"], "message": message}}]
        if depth < 2 and self.maybe(0.25):
            asked = {"when": self.condition(1, self.inside)} if self.maybe(0.8) else {}
            return {"each": {"in": self.one_of(_ELEMENTS), **asked, "do": [self.action(self.inside, depth + 1)]}}
        return self.one_of(mine)

    def rule_on_messages(self) -> tuple[Any, list[Any]]:
        """Draw a rule that hangs on what a message has, or has not, beside its role: most that people write do."""
        members = ["role", "content", "content", "x", "content[*].type"]
        asked = {self.one_of(members): self.wanted()}
        asked = {"not": asked} if self.maybe(0.5) else asked
        asked |= {"role": self.one_of(_ROLES)} if self.maybe(0.4) else {}
        place, value = f"messages[*].{self.one_of(members)}", self.value()
        message = {"role": self.one_of(_ROLES), **({"content": value} if self.maybe(0.5) else {})}
        do: list[Any] = [
            {"set": {place: value}},
            {"set": {place: self.one_of(_ROLES)}},
            {"drop": [place]},
            {"warn": "careful"},
        ]
        do += [{"set": {"messages[*]": value}}, {"append_message": message}, {"truncate": {place: 0}}]
        do += [{"each": {"in": "messages[*]", "when": asked, "do": [{"set": {"y": 1}}]}}]
        return {"messages": {self.one_of(["some", "some", "none"]): asked}}, [self.one_of(do)]

    def rule_on_schemas(self) -> tuple[Any, list[Any]]:
        """Draw a rule that hangs on what stands anywhere in the tools."""
        deep = self.one_of(["tools[*].**.x", "tools[*].**.const", "tools.**.properties", "tools[*].**.type"])
        wanted = self.one_of([{"exists": True}, {"exists": False}, self.scalar(), {"is": "string"}])
        boolean = {"tools[*].**.properties.*": {"is": "boolean"}}
        place, value = (
            self.one_of(["tools[*].x", "tools[*].properties", "tools[*]", deep]),
            self.one_of([self.schema(), "t"]),
        )
        repair = {"at": self.one_of(["tools[*]", "tools[*].properties.x"]), **self.one_of(_SCHEMA_REPAIRS)}
        do: list[Any] = [{"set": {place: value}}, {"drop": [place]}, {"normalize_schema": repair}, {"warn": "careful"}]
        if self.maybe(0.3):  # several that begin alike
            inside = ["properties.x.**.const", "properties.x.**.type", "properties.x.x", "properties.**.x"]
            asked = {"any_of": [{one: self.one_of([wanted, self.scalar()])} for one in self.draw.sample(inside, 3)]}
            return {"tools": {self.one_of(["some", "none"]): asked}}, [self.one_of(do)]
        return boolean if self.maybe(0.2) else {deep: wanted}, [self.one_of(do)]

    def rule_on_two_places(self) -> tuple[Any, list[Any]]:
        """Draw a rule that compares what stands in two places, and writes one of them."""
        one, other = self.draw.sample(["a", "b", "$.a", "messages[*].role", "messages[*].content"], 2)
        wanted = {self.one_of(["among", "not_among"]): other}
        return {one: wanted}, [
            self.one_of([{"set": {self.one_of([one, other]): self.scalar()}}, {"rename": {"a": "b"}}])
        ]

    def rule(self) -> tuple[Any, list[Any]]:
        if self.theme and self.maybe(0.8):
            return self.theme()
        return self.condition() if self.maybe(0.9) else None, self.several(self.action, 2, 1)

    def rules(self) -> list[tuple[Any, list[Any]]]:
        return self.several(self.rule, 5, 1)
