"""The data of a rule file -> its frozen nouns: rules, includes, names, what it switches off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from ..model import MISSING, Disable, Effect, Example, Include, Keys, Location, Rule, RuleFile

_NOT_HEAD: Final = frozenset({"quirks", "provider", "family", "include", "disable", "let", "rules"})

Examples = Callable[[int], Sequence[Example]]
"""The number of an item -> the examples of that rule."""


class Source(Protocol):
    """The data of a file, right in shape and meaning, and where each part of it stands."""

    @property
    def name(self) -> str:
        """What places call the file."""

    @property
    def data(self) -> Any:
        """Its data."""

    def locate(self, keys: Keys) -> Location:
        """Return the place of the value at ``keys``."""


def rule_file(source: Source, layer: str = "built-in", examples: Examples | None = None) -> RuleFile:
    """Return the nouns of a file; ``examples`` gives those of its rules where they are not in its data."""
    data = source.data
    kind = "provider" if "provider" in data else "family"
    includes = [Include(target, source.locate(("include", at))) for at, target in enumerate(data.get("include", ()))]
    items: list[Rule | Include] = [*includes]
    for at, node in enumerate(data.get("rules", ())):
        keys: Keys = ("rules", at)
        if "include" in node:
            items.append(Include(node["include"], source.locate((*keys, "include"))))
        else:
            rule_examples = examples(len(items)) if examples else _examples(source, keys, node)
            items.append(_rule(node, data[kind], kind == "family", layer, source.locate(keys), rule_examples))
    return RuleFile(
        kind=kind,
        name=data[kind],
        head={key: value for key, value in data.items() if key not in _NOT_HEAD},
        items=tuple(items),
        named_conditions=data.get("let", {}),
        disables=tuple(
            Disable(node.get("rule", ""), node["because"], source.locate(("disable", at)), node.get("family", ""))
            for at, node in enumerate(data.get("disable", ()))
        ),
        location=Location(source.name, 1, 1),
        layer=layer,
    )


def _rule(
    node: Mapping[str, Any], owner: str, family: bool, layer: str, location: Location, examples: Sequence[Example]
) -> Rule:
    return Rule(
        id=node["id"],
        owner=owner,
        why=node["why"],
        source=node["source"],
        verified=node["verified"],
        do=node["do"],
        location=location,
        when=node.get("when"),
        models=_models(node.get("models", ())),
        at=tuple(node.get("at", ())),
        traits=node.get("traits", {}),
        spares=node.get("spares", ""),
        was=tuple(node.get("was", ())),
        stage=node.get("stage", "request"),
        status=node.get("status", "active"),
        effect=Effect(node["effect"]) if "effect" in node else None,
        note=node.get("note", ""),
        evidence=tuple(node.get("evidence", ())),
        examples=examples,
        layer=layer,
        family=family,
    )


def _models(node: Any) -> tuple[Any, ...]:
    return (node,) if isinstance(node, Mapping | str) else tuple(node)


def _examples(source: Source, keys: Keys, node: Mapping[str, Any]) -> tuple[Example, ...]:
    return tuple(
        Example(
            given=each["in"],
            expected=each.get("out", MISSING),
            same=each.get("same", False),
            rejects=each.get("rejects", False),
            warns=each.get("warns", False),
            fails=each.get("fails", ""),
            headers=each.get("headers", {}),
            request=each.get("request"),
            status=each.get("status", 200),
            location=source.locate((*keys, "examples", at)),
        )
        for at, each in enumerate(node.get("examples", ()))
    )
