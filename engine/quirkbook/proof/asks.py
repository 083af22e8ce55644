"""What to ask an endpoint about the rules in force: per rule and model a control, the raw request and the translated one."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from ..api import explain
from ..model import Rule, same
from ..plan.compile import Plan
from ..plan.interpret import Run, run
from ..resources import folder
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import StackEntry
from ..source import yaml as yaml_source
from .fill import base, complete, whole
from .places import write

#: Examples of one rule, and values of one table, that are asked about.
MOST_EXAMPLES: Final = 3
MOST_VALUES: Final = 8

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to find out, and the requests that it takes."""

    id: str
    """Names it in the verdicts: ``moonshot/temperature-range kimi-k2 1``."""
    about: str
    """``rule``: it is refused and repaired; ``at``, ``beyond``: a bound is where it was; ``field``: a field is taken."""
    model: str
    rule: Rule | None
    control: Request | None
    raw: Request
    translated: Request | None
    """None: the rules refuse the request, or there is nothing to translate."""
    touched: frozenset[str]
    """The fields that it is about."""
    named: frozenset[str] = frozenset()
    """The fields that the example has."""
    of_format: bool = False
    """Whether the rule is about the format itself and in force everywhere: this provider need not be strict about it."""
    shown: str = ""
    """What is asked, in words: ``temperature: 1.7``."""

    @property
    def requests(self) -> list[Request]:
        """The requests, in the order in which they are sent."""
        return [request for request in (self.control, self.raw, self.translated) if request is not None]


def asks(book: Rulebook, provider: str, models: Sequence[str], rule_glob: str = "*") -> Iterator[Ask]:
    """Yield what to ask about the rules in force for some models, then about fields that rules let through."""
    for model in models:
        seen: list[Request] = []
        for entry in book.effective(provider, model):
            if not fnmatchcase(entry.rule.name, rule_glob) or not _is_in_force(entry, book, provider, model):
                continue
            for ask in _of_rule(entry, book, provider, model):
                if not any(same(ask.raw, raw) for raw in seen) or ask.about != "rule":
                    seen.append(ask.raw)
                    yield ask
        if rule_glob == "*":
            yield from _of_fields(book, provider, model)


def untested(book: Rulebook, provider: str, models: Sequence[str], rule_glob: str = "*") -> Iterator[tuple[str, str]]:
    """Yield the rules in force that nothing is asked about, and why."""
    asked = {ask.rule.name for ask in asks(book, provider, models, rule_glob) if ask.rule}
    entries = {entry.rule.name: entry for model in models for entry in book.effective(provider, model)}
    for name, entry in entries.items():
        if name in asked or not fnmatchcase(name, rule_glob):
            continue
        if entry.disabled:
            yield name, "it is disabled"
        elif not entry.rule.in_force:
            yield name, f"its status is {entry.rule.status}"
        elif entry.rule.stage != "request":
            yield name, f"it works on a {entry.rule.stage}, not on requests"
        elif not any(_is_in_force(entry, book, provider, model) for model in models):
            yield name, "it is about other models"
        else:
            yield name, "no example of it can be sent"


def _is_in_force(entry: StackEntry, book: Rulebook, provider: str, model: str) -> bool:
    return entry.rule.stage == "request" and entry.applies(model, book.identify(model, provider))


def _of_rule(entry: StackEntry, book: Rulebook, provider: str, model: str) -> Iterator[Ask]:
    number = 0
    for given, about in _givens(entry.rule, model):
        raw, touched = _firing(entry, given, book, provider, model)
        is_edge = about == "at"
        if (touched is None) is not is_edge:
            continue
        number += 1
        control = _control(raw, touched or set(given), book, provider)
        done = explain(raw, provider, rulebook=book)
        if is_edge and (done.refusal or any(not same(done.payload.get(key), given[key]) for key in given)):
            continue
        translated = None if done.refusal or is_edge else done.payload
        shown = ", ".join(f"{key}: {_short(value)}" for key, value in given.items() if key != "model")
        yield Ask(
            f"{entry.rule.name} {model} {number}", about, model, entry.rule, control, raw, translated,
            frozenset(touched or given), frozenset(given), entry.rule.family and entry.family is None, shown,
        )  # fmt: skip


def _firing(
    entry: StackEntry, given: Request, book: Rulebook, provider: str, model: str
) -> tuple[Request, set[str] | None]:
    """Return an example as a request, and the fields that the rule alone changes there.

    The conversation is made whole, unless the rule is about just what is missing there.
    """
    raw = _raw(given, book, provider, model)
    wholly = whole(raw)
    touched = _touched(entry, wholly, book, provider)
    return (raw, _touched(entry, raw, book, provider)) if touched is None else (wholly, touched)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _givens(rule: Rule, model: str) -> Iterator[tuple[Request, str]]:
    """Yield payloads that a rule may be about: its examples, each value of its tables, both sides of its bounds."""
    shown = [example.given for example in rule.examples if isinstance(example.given, dict) and not example.same]
    shown = [given for given in shown if given.get("model", model) == model][:MOST_EXAMPLES]
    yield from ((given, "rule") for given in shown)
    like = shown[0] if shown else {}
    for action in rule.do:
        for path, table in action.get("map", {}).items() if isinstance(action.get("map"), Mapping) else ():
            values = [value for value in table if value != "*"][:MOST_VALUES]
            yield from ((given, "rule") for value in values if (given := _with(like, path, value)) is not None)
        for path, bounds in action.get("clamp", {}).items() if isinstance(action.get("clamp"), Mapping) else ():
            yield from _edges(like, path, bounds)


def _edges(like: Request, path: str, bounds: Sequence[Any]) -> Iterator[tuple[Request, str]]:
    bounds = [bound if isinstance(bound, int | float) else None for bound in bounds]  # one may be another field's value
    whole = all(bound is None or isinstance(bound, int) for bound in bounds) and (bounds[1] is None or bounds[1] > 2)
    step = 1 if whole else 0.05
    for bound, away in zip(bounds, (-step, step), strict=False):
        for value, about in ((bound, "at"), (None if bound is None else round(bound + away, 4), "beyond")):
            if value is not None and (given := _with(like, path, value)) is not None:
                yield given, about


def _with(like: Request, path: str, value: Any) -> Request | None:
    """Return a payload like another one with a value at a plain path; None where the path has wildcards."""
    if not re.fullmatch(r"[\w.-]+", path):
        return None
    *parents, last = path.split(".")
    given = copy.deepcopy(like)
    node: Any = given
    for key in parents:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return None
    node[last] = value
    return given


def _raw(given: Request, book: Rulebook, provider: str, model: str) -> Request:
    """Return an example as a request with nothing of ours in it, but for what a smallest request needs there."""
    smallest = explain(base(model), provider, rulebook=book).payload
    completed = complete(given, model)
    if "max_tokens" in completed and "max_tokens" not in given:
        del completed["max_tokens"]
        limits = {key: value for key, value in smallest.items() if key not in ("model", "messages")}
        return {**limits, **completed}
    return completed


def _touched(entry: StackEntry, raw: Request, book: Rulebook, provider: str) -> set[str] | None:
    """Return the fields that a rule alone changes, or refuses; None where it stays quiet."""
    model = raw["model"]
    plan = Plan(
        provider, model, "", [entry.compiled], lambda name: book.plan(provider, name), book.identify(model, provider)
    )
    done = Run(plan, raw)
    run(done)
    if done.refusals:
        keys = done.refusals[0][1][2]
        return {str(keys[0])} if keys else set(raw) - {"model", "messages", "max_tokens"} or {"messages"}
    edits = [edit for edit in done.edits if edit[0] != "warn" and edit[3] is not edit[4]]
    if not edits:
        return {*(str(edit[2][0]) for edit in done.edits if edit[2])} or None if done.edits else None
    return {str(edit[2][0]) for edit in edits if edit[2]} or None


def _control(raw: Request, touched: set[str], book: Rulebook, provider: str) -> Request:
    """Return the same request without the fields in question, as the provider takes it by all that is known."""
    control = {key: value for key, value in raw.items() if key not in touched or key == "model"}
    if "tools" in touched:
        control = {key: value for key, value in control.items() if key not in ("tool_choice", "parallel_tool_calls")}
    if "stream" in touched:
        control.pop("stream_options", None)
    if "logprobs" in touched:
        control.pop("top_logprobs", None)
    control = {**base(raw["model"]), **control} if "messages" not in control else control
    done = explain(control, provider, rulebook=book)
    return base(raw["model"]) if done.refusal else done.payload


def _of_fields(book: Rulebook, provider: str, model: str) -> Iterator[Ask]:
    """Yield a request for each of OpenAI's fields that the rules leave as it is."""
    for number, given in enumerate(samples(), 1):
        raw = _raw(given, book, provider, model)
        done = explain(raw, provider, rulebook=book)
        fields = [key for key in given if key in done.payload and same(done.payload[key], given[key])]
        if done.refusal or not fields:
            continue
        control = _control(raw, set(given), book, provider)
        shown = ", ".join(f"{key}: {_short(given[key])}" for key in fields)
        id = f"{write([fields[0]])} {model} {number}"
        yield Ask(
            id, "field", model, None, control, done.payload, None, frozenset(fields), frozenset(given), False, shown
        )


@cache
def samples() -> tuple[Request, ...]:
    """Return the fields of OpenAI's request with values that every service that has them takes."""
    file = folder("schemas") / "samples.yaml"
    return tuple(yaml_source.read(file.read_bytes(), "schemas/samples.yaml").data["samples"])
