"""Rules on answers, told once for both ways in which answers come: whole, and in the chunks of a stream.

At stage `answer` a path says `say` for what a choice says: its `message` in a whole answer, its `delta` in a chunk. Each
such rule is in force twice, as a rule on responses and as one on chunks, under one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from ..model import MISSING, Example, Rule

#: Stage -> what a choice's `say` is there.
PARTS: Final[Mapping[str, str]] = {"response": "message", "chunk": "delta"}

_SAY: Final = re.compile(r"(?:(?<=\.)|^)say(?=$|[.\[])")
#: Words behind which conditions and actions name a path.
_PLACES: Final = frozenset({"among", "not_among", "repeats", "at", "in"})
#: Actions that move values: their values are paths as well as their keys.
_MOVES: Final = frozenset({"rename", "copy"})
#: Actions whose texts are for people.
_TEXTS: Final = frozenset({"warn", "reject"})


def at_stage(rule: Rule, stage: str) -> Rule:
    """Return a rule of stage `answer` as the rule on responses or chunks that it is, examples and all."""
    part = PARTS[stage]
    return replace(
        rule,
        stage=stage,
        when=None if rule.when is None else condition(rule.when, part),
        do=_actions(rule.do, part),
        examples=_Examples(rule.examples, part),
    )


def path(text: Any, part: str) -> Any:
    """Return a path with `say` as a message or delta.

    >>> path("choices[*].say.reasoning", "delta"), path("say", "message"), path('["say"]', "message")
    ('choices[*].delta.reasoning', 'message', '["say"]')
    """
    return _SAY.sub(part, text) if isinstance(text, str) else text


def condition(node: Any, part: str) -> Any:
    """Return a condition about a message or a delta."""
    if isinstance(node, list):
        return [condition(item, part) if isinstance(item, dict) else item for item in node]
    if not isinstance(node, dict):
        return node
    return {
        path(key, part): path(value, part) if key in _PLACES else condition(value, part) for key, value in node.items()
    }


def _actions(items: Sequence[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    return [{name: _argument(name, value, part) for name, value in item.items()} for item in items]


def _argument(name: str, node: Any, part: str) -> Any:
    if name == "each":
        more = {"when": condition(node["when"], part)} if "when" in node else {}
        return {**node, "in": path(node["in"], part), **more, "do": _actions(node["do"], part)}
    if isinstance(node, list):
        return [path(item, part) for item in node]
    if isinstance(node, dict):
        return {
            path(key, part): path(value, part) if name in _MOVES or key in _PLACES else value
            for key, value in node.items()
        }
    return node if name in _TEXTS else path(node, part)


class _Examples(Sequence[Example]):
    """The examples of a rule as they are at one stage, made when somebody asks: built-in ones are still in their file."""

    def __init__(self, examples: Sequence[Example], part: str) -> None:
        self._given, self._part = examples, part

    @cached_property
    def _all(self) -> Sequence[Example]:
        return [_example(example, self._part) for example in self._given if _is_of(example.given, self._part)]

    def __getitem__(self, at: Any) -> Any:
        return self._all[at]

    def __len__(self) -> int:
        return len(self._all)


def _example(example: Example, part: str) -> Example:
    expected = example.expected if example.expected is MISSING else _payload(example.expected, part)
    return replace(example, given=_payload(example.given, part), expected=expected)


def _is_of(given: Any, part: str) -> bool:
    """Tell whether an example is about the stage: a stream, or a body that names message or delta, is about one only."""
    if isinstance(given, list):
        return part == "delta"
    text = repr(given)
    return all(f"'{other}':" not in text for other in PARTS.values() if other != part)


def _payload(body: Any, part: str) -> Any:
    if isinstance(body, list):
        return [_payload(chunk, part) for chunk in body]
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list):
        return body
    said = [
        {part if key == "say" else key: value for key, value in choice.items()} if isinstance(choice, dict) else choice
        for choice in choices
    ]
    return {**body, "choices": said}
