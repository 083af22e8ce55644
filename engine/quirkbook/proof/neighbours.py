"""Names of models just inside and just outside of each range and glob of a rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from ..identity.models import compile_range
from ..identity.resolve import Identity
from ..identity.spell import spellings
from ..model import Rule


def neighbours(
    rule: Rule, naming: Mapping[str, Any], family: str | None, identify: Callable[[str], Identity | None]
) -> list[str]:
    """Return names of models just inside and just outside of what a rule applies to."""
    names: dict[str, None] = {}
    for node in [*rule.models, *_asked_models(rule.when), *_asked_models(list(rule.do))]:
        if isinstance(node, str):
            glob = re.sub(r"\[(.)[^\]]*\]", r"\1", node.removeprefix("!"))
            names.update(dict.fromkeys(glob.replace("*", text).replace("?", "x") for text in ("", "-x", "1")))
            names.setdefault(f"x{glob}".replace("*", ""))
            continue
        for own in _ranges(node.get("not", node), naming, family):
            table = naming.get(str(own.get("family", family)))
            if table:
                models = compile_range(own, family)
                fit = (name for name in spellings(table, models) if models.blame(identify(name)) is None)
                names.update(dict.fromkeys(islice(fit, 1)))
    names.update(dict.fromkeys(f"hermes-{name}" for name in list(names)[:1]))
    return [name for name in names if name]


def _asked_models(node: Any) -> Iterator[Any]:
    """Yield what `$model` asks for, wherever it stands."""
    for key, value in node.items() if isinstance(node, Mapping) else ():
        yield from (value if isinstance(value, list) else [value]) if key == "$model" else _asked_models(value)
    for item in node if isinstance(node, list) else ():
        yield from _asked_models(item)


def _ranges(node: Mapping[str, Any], naming: Mapping[str, Any], family: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield a range, each without one of its parts, and those beside it."""
    plain = {key: value for key, value in node.items() if key in ("family", "line", "with")}
    bounds = [str(one) for key in ("from", "before", "version") for one in _list(node.get(key, ()))]
    versions: list[str | None] = [near for bound in bounds for near in _near(bound)]
    lines = [*_list(node.get("line", ())), None][: max(1, len(_list(node.get("line", ()))))]
    variants = [*_list(node.get("with", ())), *_list(node.get("without", ())), None]
    for line, version, variant in product(lines, versions or [None], variants):
        parts = {"family": node.get("family"), "line": line, "version": version, "with": variant}
        yield {key: value for key, value in parts.items() if value is not None}
    table = naming.get(str(node.get("family", family)), {})
    inside = next(iter(bounds), None)
    same = {"version": inside} if inside else {}
    for line in table.get("lines", ()):
        yield {**plain, "line": line, **same}
    yield {key: value for key, value in {**plain, **same}.items() if key != "line"}
    for variant in table.get("variants", ()):
        yield {**plain, **same, "with": [variant]}
    for other in list(naming)[:2]:
        yield {"family": other}


def _near(text: str) -> list[str]:
    """Return a version, the ones before and behind it, and one below it."""
    if text == "latest":
        return [text]
    parts = [int(part) for part in text.split(".")]
    last = parts[-1]
    beside = [[*parts[:-1], last - 1]] if last else [[parts[0] - 1, 9]] if parts[0] else []
    near = [parts, *beside, [*parts[:-1], last + 1], [parts[0] + 1], [max(parts[0] - 1, 0)], [*parts, 1]]
    return list(dict.fromkeys([*(".".join(map(str, one)) for one in near), "latest"]))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
