"""Examples that would notice what survives: the fewest that a rule needs, as they would stand in its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import yaml

from ..authoring.examples import Owned, run_alone, run_stream, staged
from ..model import Example, same
from .mutants import Fate
from .trials import outcome

#: Columns of a line in a rule file.
_WIDTH = 150


def examples(owned: Owned, fates: Sequence[Fate]) -> Iterator[dict[str, Any]]:
    """Yield examples of a rule, as a file has them, that notice all survivors for which a payload was found."""
    stages = {one.rule.stage: one for one in staged(owned)}
    left = [fate for fate in fates if fate.apart]
    while left:
        stage, shown = left[0].apart or ("", Example({}))
        original = stages[stage]
        wanted = outcome(original, shown)
        left = [fate for fate in left[1:] if fate.changed and not _notices(fate.changed, stage, shown, wanted)]
        yield example(original, shown)


def _notices(changed: Owned, stage: str, shown: Example, wanted: Any) -> bool:
    return any(outcome(one, shown) != wanted for one in staged(changed) if one.rule.stage == stage)


def example(owned: Owned, shown: Example) -> dict[str, Any]:
    """Return what a rule makes of a payload as an example of its file."""
    node: dict[str, Any] = {"in": shown.given}
    if shown.request is not None:
        node["request"] = shown.request
    if shown.status != 200:
        node["status"] = shown.status
    if isinstance(shown.given, list):
        passed, _ = run_stream(owned, shown, shown.given)
        return node | ({"same": True} if same(passed, shown.given) else {"out": passed})
    done = run_alone(owned, replace(shown, expected=shown.given))
    if done.refusals:
        return node | {"rejects": True}
    node |= {"same": True} if same(done.root, shown.given) else {"out": done.root}
    if any(edit[0] == "warn" for edit in done.edits):
        node["warns"] = True
    if done.failed:
        node["fails"] = str(done.failed[0])
    headers = {name: value for name, value in done.headers.items() if value is not None}
    return node | ({"headers": headers} if headers else {})


def text(node: dict[str, Any], indent: str = "      ") -> str:
    """Write an example as an item of a rule's `examples`.

    >>> text({"in": {"seed": 7}, "out": {}}, "")
    '- {in: {seed: 7}, out: {}}'
    """
    line = f"{indent}- {_flow(node)}"
    if len(line) <= _WIDTH and "\\n" not in line:
        return line
    parts = [f"{key}: {_flow(value)}" for key, value in node.items()]
    return "\n".join(f"{indent}{'- ' if at == 0 else '  '}{part}" for at, part in enumerate(parts))


def _flow(value: Any) -> str:
    written = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True
    )
    return written.removesuffix("...\n").strip()


class _Dumper(yaml.SafeDumper):
    """Writes no aliases: an example is read by people."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        return '"' if style == "'" else style

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style='"' if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)
