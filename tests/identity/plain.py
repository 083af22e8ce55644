"""Of which models a rule speaks, as plainly as it can be asked: what the product must equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quirkbook.identity.globs import compile_globs
from quirkbook.identity.resolve import Identity
from quirkbook.identity.version import version
from quirkbook.rulebook.stack import StackEntry


def in_force(entry: StackEntry, model: str | None, identity: Identity | None) -> bool:
    """Tell whether a rule speaks of a model; refusals and a maker's own rules only of models as their maker made them."""
    rule = entry.rule
    originals = "maker" in rule.at or "'reject':" in repr(rule.do)
    if originals and identity is not None and "tuned" in identity.variants:
        globs = [each for each in rule.models if isinstance(each, str)]
        is_of_all = not rule.models and entry.family is None
        return (
            is_of_all
            or any("tuned" in repr(each) for each in rule.models)
            or (bool(globs) and speaks_of(globs, None, model, identity))
        )
    return speaks_of(rule.models, entry.family, model, identity)


def speaks_of(models: Sequence[Any], family: str | None, model: str | None, identity: Identity | None) -> bool:
    """Tell whether globs and ranges, one of which must fit, speak of a model; an empty list means all of the family."""
    globs = [each for each in models if isinstance(each, str)]
    ranges = [each for each in models if isinstance(each, dict) and "not" not in each]
    taken = [each["not"] for each in models if isinstance(each, dict) and "not" in each]
    if any(is_within(each, family, identity) for each in taken):
        return False
    if not models:
        return family is None or (identity is not None and identity.family == family)
    if any(is_within(each, family, identity) for each in ranges):
        unwanted = [glob for glob in globs if glob.startswith("!")]
        return not unwanted or compile_globs(unwanted)(model)
    if taken and not ranges and not globs:
        return True
    return (
        bool(globs) and (not ranges or any(not glob.startswith("!") for glob in globs)) and compile_globs(globs)(model)
    )


def is_within(wanted: dict[str, Any], family: str | None, identity: Identity | None) -> bool:
    def listed(key: str) -> list[str]:
        value = wanted.get(key, [])
        return [str(each) for each in (value if isinstance(value, list) else [value])]

    def number(text: str) -> tuple[float, ...]:
        return version(text.split("."))

    if identity is None or identity.family != wanted.get("family", family or identity.family):
        return False
    mine = identity.version
    return (
        (not listed("line") or (identity.line or identity.family) in listed("line"))
        and (not listed("with") or not identity.variants.isdisjoint(listed("with")))
        and identity.variants.isdisjoint(listed("without"))
        and ("from" not in wanted or (mine is not None and mine >= number(str(wanted["from"]))))
        and ("before" not in wanted or (mine is not None and mine < number(str(wanted["before"]))))
        and (not listed("version") or mine in [number(text) for text in listed("version")])
    )
