"""What is wrong with the meaning of a rule file, which its schema cannot say: names, paths, expressions, days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ..model import Diagnostic, Keys
from ..plan.actions import Context, compile_actions
from ..plan.conditions import Names, Report, compile_condition
from ..source.document import Document
from ..wire.headers import CONNECTION, is_reserved
from . import connections
from .check_models import check_models
from .validate import check


def diagnostics_of(document: Document) -> list[Diagnostic]:
    """Return all diagnostics: those of shape, and those of meaning wherever the shape is right."""
    shape = check(document)
    diagnostics = [diagnostic for _, diagnostic in shape]
    if not isinstance(document.data, dict):
        return diagnostics
    broken = {keys[:2] for keys, _ in shape}

    def report(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
        diagnostics.append(document.diagnostic(code, keys, message, hint, key=key))

    names = Names(_named_conditions(document.data.get("let"), broken))
    for name, node in names.nodes.items():
        compile_condition(node, ("let", name), names, report)
    _check_circles(names.nodes, report)
    if not shape:  # the rest asks what is written where
        check_models(document, report)
        _check_traits(document.data.get("traits", {}), (), report)
        _check_headers(document.data, (), report)
    rules = document.data.get("rules")
    ids: dict[str, Keys] = {}
    for at, node in enumerate(rules if isinstance(rules, list) else ()):
        keys: Keys = ("rules", at)
        if isinstance(node, dict) and isinstance(node.get("id"), str):
            place = ids.setdefault(node["id"], keys)
            if place is not keys:
                line = document.locate((*place, "id")).line
                report("Q116", (*keys, "id"), f"the id '{node['id']}' is used twice: first in line {line}")
        if keys not in broken and "include" not in node:
            _check_rule(node, keys, names, report)
    return diagnostics


def diagnostics_of_table(table: Document) -> list[Diagnostic]:
    """Return all diagnostics of a table of connections."""
    shape = check(table, "connections")
    diagnostics = [diagnostic for _, diagnostic in shape]
    broken = {keys[:2] for keys, _ in shape}
    if () in broken or ("connections",) in broken:
        return diagnostics

    def report(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
        diagnostics.append(table.diagnostic(code, keys, message, hint, key=key))

    owners: dict[str, str] = {name: name for name in table.data[connections.NAME]}
    for name, entry in table.data[connections.NAME].items():
        keys: Keys = (connections.NAME, name)
        if keys in broken:
            continue
        if "verified" in entry:
            _check_day(entry, keys, report)
        _check_traits(entry.get("traits", {}), keys, report)
        _check_headers(entry, keys, report)
        for at, alias in enumerate(entry.get("aliases", ())):
            if owners.setdefault(alias, name) != name:
                message = f"the alias '{alias}' already means {owners[alias]}"
                report("Q116", (*keys, "aliases", at), message, "keep one of them")
    return diagnostics


def _check_headers(head: Mapping[str, Any], keys: Keys, report: Report) -> None:
    """Report headers that a head must not set: only `auth` names who carries the key, and that must not be the connection's."""
    for name in head.get("headers", {}):
        if is_reserved(name):
            hint = "credentials go into the header that `auth` names; those of the connection are the dispatcher's"
            report("Q120", (*keys, "headers", name), f"no file may set the header '{name}'", hint, key=True)
    for part, name in head.get("auth", {}).items():
        if part != "prefix" and name.lower() in CONNECTION:
            hint = "name a header of the provider's own, such as X-Api-Key"
            report("Q120", (*keys, "auth", part), f"the key must not go into the header '{name}'", hint)


def _named_conditions(node: Any, broken: set[Keys]) -> Mapping[str, Any]:
    """Return what `let` names; a name whose condition has diagnostics is known, but means nothing."""
    if not isinstance(node, dict):
        return {}
    named = {key: value for key, value in node.items() if isinstance(key, str)}
    return {key: {} if ("let", key) in broken else value for key, value in named.items()}


def _check_circles(nodes: Mapping[str, Any], report: Report) -> None:
    uses = {name: sorted(set(_names_in(node)) & set(nodes)) for name, node in nodes.items()}
    for name in nodes:
        if circle := _circle(name, uses):
            way = " -> ".join(f"${used}" for used in circle)
            message = f"the name '${name}' is defined by itself: {way}"
            report("Q111", ("let", name), message, "break the circle", key=True)


def _circle(name: str, uses: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """Return the shortest way from a name back to itself."""
    ways: list[tuple[str, ...]] = [(name,)]
    visited = set()
    for way in ways:  # grows while it is read
        for used in uses[way[-1]]:
            if used == name:
                return (*way, name)
            if used not in visited:
                visited.add(used)
                ways.append((*way, used))
    return None


def _names_in(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(key, str) and key.startswith("$"):
            yield key[1:]
        if isinstance(value, dict | list):
            yield from _names_in(value)


def _check_rule(node: Mapping[str, Any], keys: Keys, names: Names, report: Report) -> None:
    """Check one rule whose shape is right: paths, names, expressions, bounds, and where actions may stand."""
    _check_day(node, keys, report)
    if "when" in node:
        compile_condition(node["when"], (*keys, "when"), names, report)
    compile_actions(node["do"], (*keys, "do"), Context(names, report, node.get("stage", "request")))


def _check_traits(traits: Mapping[str, Any], keys: Keys, report: Report) -> None:
    for name, fact in traits.items():
        _check_day(fact, (*keys, "traits", name), report)


def _check_day(node: Mapping[str, Any], keys: Keys, report: Report) -> None:
    day = node["verified"]["date"]
    try:
        date.fromisoformat(day)
    except ValueError:
        report("Q109", (*keys, "verified", "date"), f"'date' must be a day of the calendar, not '{day}'")
