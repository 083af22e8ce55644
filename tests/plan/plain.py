"""The rule language as plainly as it can be run: every rule of a provider in order, each condition asked where it stands.

What the product must equal. No gates, no look, no generated code, nothing remembered; of the product there are the parser
of paths, the globs of models, the engine's steps before the first rule, and the actions: an `each` asks its `when` here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Any
from unittest.mock import patch

import re2
from tests.identity.plain import in_force, speaks_of

from quirkbook import Rulebook
from quirkbook.model import MISSING, Effect, Rule
from quirkbook.payload.draft import Draft
from quirkbook.payload.path import Wild, parse
from quirkbook.plan.actions import Context, compile_actions, flow
from quirkbook.plan.conditions import Names
from quirkbook.plan.interpret import Run
from quirkbook.rulebook.stack import StackEntry

Lets = Mapping[str, Any]

# Values


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def is_text_of_json(value: Any) -> bool:
    def no_json(word: str) -> Any:
        raise ValueError(word)

    try:
        json.loads(value, parse_int=float, parse_constant=no_json)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def size_in_bytes(value: Any) -> int | None:
    try:
        text = (
            value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        )
    except (ValueError, RecursionError):
        return None
    return len(text.encode("utf-8", "surrogatepass"))


# Paths


def below(node: Any, step: Any) -> list[Any]:
    """Return what one step means below a value, in document order."""
    if step is Wild.DEEP:
        members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return [node, *(deep for member in members for deep in below(member, step))]
    if isinstance(node, dict):
        return list(node.values()) if step is Wild.VALUES else [node[step]] if step in node else []
    if isinstance(node, list) and step is Wild.ITEMS:
        return node
    if isinstance(node, list) and isinstance(step, int) and -len(node) <= step < len(node):
        return [node[step]]
    return []


def find(text: str, element: Any, draft: Draft) -> list[Any]:
    """Return all that a path of a condition means, seen from the element in hand."""
    path = parse(text)
    start = {"here": element, "root": draft.root, "request": draft.request, "status": draft.status}[path.origin]
    found = [] if start is MISSING else [start]
    for step in path.steps:
        found = [value for node in found for value in below(node, step)]
    return found


# Operators


def is_type(value: Any, name: str | None) -> bool:
    if name == "integer":
        return is_number(value) and value == math.floor(value)
    if name == "number":
        return is_number(value)
    if name == "json":
        return is_text_of_json(value)
    kinds = {"array": list, "boolean": bool, "object": dict, "string": str}
    return value is None if name in ("null", None) else isinstance(value, kinds[name])


def is_below(value: Any, low: Any) -> bool:
    return low is not None and value < low


def is_above(value: Any, high: Any) -> bool:
    return high is not None and value > high


def fits_glob(value: Any, globs: Any) -> bool:
    globs = [globs] if isinstance(globs, str) else globs
    return isinstance(value, str) and any(fnmatchcase(value, glob) for glob in globs)


def fits_expression(value: Any, pattern: str) -> bool:
    try:
        return isinstance(value, str) and re2.fullmatch(pattern, value) is not None
    except UnicodeEncodeError:  # half a character
        return False


def fits_size(size: int | None, wanted: Any) -> bool:
    return size is not None and passes(size, wanted, None, None, {})


def repeats(value: Any, text: str, draft: Draft) -> bool:
    found = find(f"[*]{'' if text == '.' else text if text[0] == '[' else '.' + text}", value, draft)
    told = [one for one in found if isinstance(one, str) or is_number(one)]
    return any(equal(one, other) for at, one in enumerate(told) for other in told[:at])


ON_VALUES: Mapping[str, Callable[[Any, Any], bool]] = {
    "between": lambda value, wanted: (
        is_number(value) and not (is_below(value, wanted[0]) or is_above(value, wanted[1]))
    ),
    "bytes": lambda value, wanted: fits_size(size_in_bytes(value), wanted),
    "exists": lambda value, wanted: wanted is True,
    "glob": fits_glob,
    "gt": lambda value, wanted: is_number(value) and value > wanted,
    "gte": lambda value, wanted: is_number(value) and value >= wanted,
    "is": is_type,
    "len": lambda value, wanted: fits_size(len(value) if isinstance(value, str | list | dict) else None, wanted),
    "lt": lambda value, wanted: is_number(value) and value < wanted,
    "lte": lambda value, wanted: is_number(value) and value <= wanted,
    "matches": fits_expression,
    "ne": lambda value, wanted: not equal(value, wanted),
    "not_in": lambda value, wanted: not any(equal(value, one) for one in wanted),
    "outside": lambda value, wanted: is_number(value) and (is_below(value, wanted[0]) or is_above(value, wanted[1])),
}


def passes(value: Any, wanted: Any, element: Any, draft: Any, lets: Lets) -> bool:
    """Tell whether one value, that is there, is as a condition wants it."""
    if isinstance(wanted, list):
        return any(equal(value, one) for one in wanted)
    if not isinstance(wanted, dict):
        return equal(value, wanted)
    return all(passes_one(value, name, argument, element, draft, lets) for name, argument in wanted.items())


def passes_one(value: Any, name: str, argument: Any, element: Any, draft: Draft, lets: Lets) -> bool:
    if name in ON_VALUES:
        return ON_VALUES[name](value, argument)
    if name in ("among", "not_among"):
        return any(equal(value, one) for one in find(argument, element, draft)) is (name == "among")
    if not isinstance(value, list):
        return False
    if name == "repeats":
        return repeats(value, argument, draft)
    fitting = [holds(argument, item, draft, lets) for item in value]
    return {"some": any(fitting), "every": all(fitting), "none": not any(fitting)}[name]


# Conditions


def holds(when: Mapping[str, Any], element: Any, draft: Draft, lets: Lets) -> bool:
    return all(part_holds(key, wanted, element, draft, lets) for key, wanted in when.items())


def part_holds(key: str, wanted: Any, element: Any, draft: Draft, lets: Lets) -> bool:
    if key == "all_of":
        return all(holds(part, element, draft, lets) for part in wanted)
    if key == "any_of":
        return any(holds(part, element, draft, lets) for part in wanted)
    if key == "not":
        return not holds(wanted, element, draft, lets)
    if key == "$model":
        models = [wanted] if isinstance(wanted, str | dict) else wanted
        return speaks_of(models, None, draft.model, draft.identity)
    if key[0] == "$" and key[1:] in lets:
        return holds(lets[key[1:]], draft.root, draft, lets) is wanted
    found = find(key, element, draft)
    if wanted == {"exists": False}:
        return not found
    return any(passes(value, wanted, element, draft, lets) for value in found)


# Rules


@dataclass(frozen=True)
class PlainCondition:
    """What the product's actions ask in place of a compiled condition."""

    holds: Callable[[Any, Draft], bool]
    needs: tuple[()] = ()


def plain_condition(when: Any, keys: Any, names: Names, report: Any, scope: Any = ()) -> PlainCondition:
    return PlainCondition(lambda element, draft: holds(when, element, draft, names.nodes))


class PlainRule:
    """A rule as it is written, with the product's actions."""

    def __init__(self, rule: Rule, lets: Lets, place: tuple[int, int]) -> None:
        self.rule, self.lets, self.place, self.name = rule, lets, place, rule.name

    def holds(self, draft: Draft) -> bool:
        return holds(self.rule.when or {}, draft.root, draft, self.lets)

    @cached_property
    def runs(self) -> list[Any]:
        paths = [key for key in self.rule.when or {} if key[0] != "$" and key not in ("all_of", "any_of", "not")]
        subject = (parse(paths[0]), self.rule.when[paths[0]]) if self.rule.when and paths else None
        with patch.object(flow, "compile_condition", plain_condition):
            context = Context(Names(self.lets), _refuse, self.rule.stage, subject=subject)
            return [action.run for action in compile_actions(self.rule.do, ("do",), context)]


def _refuse(*diagnostic: Any, **more: Any) -> None:
    raise AssertionError(diagnostic)


RulesOf = Callable[[str | None], Sequence[PlainRule]]
"""A model -> the rules that are in force for it, in order."""


class PlainBook:
    """The rules of a rulebook by provider, model and stage."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        # A rule is made once: what its actions keep of a stream belongs to them.
        self.rules_of = cache(self._rules_of)

    def _rules_of(self, provider: str, stage: str) -> RulesOf:
        def rules(model: str | None) -> list[PlainRule]:
            identity = self._book.identify(model, provider)
            entries = [at for entry in self._book.effective(provider, model) for at in at_stage(entry, stage)]
            return [
                self._rule(entry, identity is not None and identity.is_newer)
                for entry in entries
                if entry.disabled is None
                and not entry.unmet
                and entry.rule.status not in ("retired", "draft")
                and in_force(entry, model, identity)
            ]

        return cache(rules)

    @staticmethod
    def _rule(entry: StackEntry, is_newer: bool) -> PlainRule:
        rule = entry.softened.rule if is_newer else entry.rule
        return PlainRule(rule, entry.named_conditions, entry.place)


def at_stage(entry: StackEntry, stage: str) -> list[StackEntry]:
    """Return the rule at a stage: in one on answers `say` is the message or the delta."""
    part = {"response": "message", "chunk": "delta"}.get(stage)
    if entry.rule.stage != "answer" or part is None:
        return [entry] if entry.rule.stage == stage else []

    def said(node: Any) -> Any:
        return json.loads(re.sub(r'(?<=[".])say(?=[".\[])', part, json.dumps(node)))

    rule = replace(entry.rule, when=said(entry.rule.when), do=said(entry.rule.do), stage=stage)
    return [replace(entry, rule=rule, named_conditions=said(dict(entry.named_conditions)))]


def run(draft: Run, rules_of: RulesOf) -> None:
    """Try every rule once, in order; where one renames the model, go on with those of the new one."""
    place: tuple[float, int] = (-math.inf, 0)
    while True:
        renamed = False
        for rule in rules_of(draft.model):
            if rule.place > place and rule.holds(draft):
                place, model = rule.place, draft.root.get("model")
                _apply(rule, draft)
                renamed = isinstance(new := draft.root.get("model"), str) and new != model and new != draft.model
                if renamed:
                    draft.model = new
                    break
        if not renamed:
            return


def _apply(rule: PlainRule, draft: Run) -> None:
    """Run the actions of a rule, and note that it fired or refused the payload."""
    first, refused = len(draft.edits), len(draft.refused)
    for act in rule.runs:
        if act(draft, ()):
            draft.gone = True
            draft.edits.append(("drop", Effect.LOSSY, None, MISSING, MISSING, None, "the chunk is left out"))
    if len(draft.refused) > refused:
        draft.note_refusals(rule, refused)  # type: ignore[arg-type]
    if len(draft.edits) > first:
        draft.fired.append((rule, first, len(draft.edits)))  # type: ignore[arg-type]
