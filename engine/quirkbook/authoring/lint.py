"""What is wrong with a rule that loads: unproven, unproven at a bound, stale, an allow-list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from ..model import Diagnostic, Rule, same
from ..payload.path import find, parse
from .examples import Owned, check_examples
from .lint_conditions import check_conditions

#: After so many days a fact wants a second look.
STALE_DAYS = 180

#: A bound on a length or on bytes above this needs no example that hits it: nobody would read it.
LONGEST_EXAMPLE = 64

_BOUNDS = ("lt", "lte", "gt", "gte")


def check_rule(owned: Owned, *, stale: bool = False, today: date | None = None) -> Iterator[Diagnostic]:
    """Yield what is wrong with one rule, errors and warnings."""
    rule = owned.rule
    yield from check_examples(owned)
    yield from _bounds(rule)
    yield from check_conditions(rule)
    if any("keep" in item for item in _actions(rule.do)):
        yield _warning(
            rule, "Q207", f"{rule.name} is an allow-list: new fields of the provider will be lost", "use 'drop'"
        )
    if stale and (days := ((today or date.today()) - date.fromisoformat(rule.verified["date"])).days) > STALE_DAYS:
        yield _warning(
            rule, "Q208", f"{rule.name} was last verified {days} days ago", "check its source, then its date"
        )


def check_names(several: Iterable[Owned]) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each rule whose full name another rule has: a provider and a family may bear one name."""
    rules_by_name: dict[str, Rule] = {}
    for owned in several:
        rule = owned.rule
        known = rules_by_name.setdefault(rule.name, rule)
        if known is not rule:
            yield Diagnostic(rule.location, "Q116", f"the name '{rule.name}' is used twice: first at {known.location}")


def _warning(rule: Rule, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rule.location, code, message, hint, severity="warning")


def _bounds(rule: Rule) -> Iterator[Diagnostic]:
    """Each numeric bound needs an example that stands exactly on it: off by one is the commonest mistake in a rule."""
    if rule.status == "retired":
        return
    for path, bound, measure in sorted(set(_numeric_bounds(rule)), key=str):
        if not any(_hits(example.given, path, bound, measure) for example in rule.examples):
            what = f"{path} is exactly {bound}" if measure == "value" else f"the {measure} of {path} is exactly {bound}"
            yield Diagnostic(
                rule.location, "Q203", f"no example of {rule.name} stands on its bound: one where {what}", "add it"
            )


def _numeric_bounds(rule: Rule) -> Iterator[tuple[str, float, str]]:
    yield from _condition_bounds(rule.when or {}, "")
    yield from _action_bounds(rule.do, "")


def _action_bounds(items: Any, base: str) -> Iterator[tuple[str, float, str]]:
    for item in items:
        for path, bounds in item.get("clamp", {}).items():
            yield from ((_below(base, path), bound, "value") for bound in bounds if isinstance(bound, int | float))
        if "each" in item:
            inner = _below(base, item["each"]["in"])
            yield from _condition_bounds(item["each"].get("when", {}), inner)
            yield from _action_bounds(item["each"]["do"], inner)


def _below(base: str, path: str) -> str:
    """Return from the root on what ``path`` means below ``base``."""
    if path.startswith("$.") or not base:
        return path
    if path == ".":
        return base
    return f"{base}{path}" if path.startswith("[") else f"{base}.{path}"


def _condition_bounds(when: Mapping[str, Any], base: str) -> Iterator[tuple[str, float, str]]:
    for key, value in when.items():
        if key in ("any_of", "all_of"):
            for part in value:
                yield from _condition_bounds(part, base)
        elif key == "not":
            yield from _condition_bounds(value, base)
        elif isinstance(value, dict) and (key.startswith("$.") or not key.startswith("$")):
            yield from _leaf_bounds(_below(base, key), value)


def _leaf_bounds(path: str, operators: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    for name, bound in operators.items():
        if name in _BOUNDS:
            yield path, bound, "value"
        elif name in ("between", "outside"):
            yield from ((path, limit, "value") for limit in bound if limit is not None)
        elif name in ("len", "bytes"):
            bounds = bound.values() if isinstance(bound, dict) else [bound]
            yield from ((path, limit, name) for limit in bounds if 0 < limit <= LONGEST_EXAMPLE)
        elif name in ("some", "every", "none"):
            yield from _condition_bounds(bound, f"{path}[*]")


def _hits(payload: Any, path: str, bound: float, measure: str) -> bool:
    values = [value for _, value in find(payload, parse(path).steps)]
    if measure == "len":
        return any(isinstance(value, (str, list, dict)) and len(value) == bound for value in values)
    if measure == "bytes":
        return any(isinstance(value, str) and len(value.encode()) == bound for value in values)
    return any(same(value, bound) for value in values)


def _actions(items: Any) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        if "each" in item:
            yield from _actions(item["each"]["do"])
