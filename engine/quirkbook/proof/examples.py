"""Examples of a draft: the payload that was refused, without what is personal and what the rule does not need."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..authoring.examples import Owned, check_examples, run_alone
from ..model import Example
from ..rulebook.load import load_file
from ..rulebook.rulebook import Rulebook
from .places import Place
from .repairs import Repair
from .scrub import scrub
from .writing import file_text

_TALK: Final = [{"role": "user", "content": "Hi"}]


def examples_of(
    provider: str, rule: dict[str, Any], made: Repair, place: Place, payload: Mapping[str, Any], other: str | None
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return examples that the rule itself proves, and what is missing for that."""
    owned = owned_draft(provider, {**rule, "examples": [{"in": {}, "same": True}]})
    firing = next((given for given in _firing(made, place, payload, other) if _fires(owned, given)), None)
    if firing is None:
        return [{"in": {}, "same": True}], ("no example that fires: the payload does not show what was refused",)
    firing = _smaller(owned, firing)
    examples = [_example(owned, firing)]
    for value in made.fine:
        given = _nested(place, value)
        if not _fires(owned, given):
            examples.append({"in": given, "same": True})
    if len(examples) == 1:
        quiet = next(
            (given for given in ({"messages": _TALK}, {}, _nested(place, 1)) if not _fires(owned, given)), None
        )
        if quiet is not None:
            examples.append({"in": quiet, "same": True})
    proven = owned_draft(provider, {**rule, "examples": examples})
    return examples, tuple(diagnostic.message for diagnostic in check_examples(proven))


def _firing(made: Repair, place: Place, payload: Mapping[str, Any], other: str | None) -> Iterator[dict[str, Any]]:
    """Yield payloads on which the rule may fire, the likeliest first: the one that was refused, then made-up ones."""
    words = json.dumps([made.when, made.do])
    kept = {key: value for key, value in payload.items() if re.search(rf"(?<!\w){re.escape(key)}(?!\w)", words)}
    yield scrub(kept)
    yield kept
    yield scrub(dict(payload))
    if made.bad is not None:
        yield _nested(place, made.bad) | ({other: True} if other else {})
        yield _nested(place, made.bad)
    yield from _MADE_UP


#: Conversations that show what a repair of messages is about.
_MADE_UP: Final[Sequence[dict[str, Any]]] = (
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Hello"}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    {"messages": [{"role": "system", "content": "Be brief."}]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]},
    {"messages": [{"role": "user", "content": ""}]},
    {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{"}}]}]},
    {"messages": [{"role": "tool", "tool_call_id": "a", "content": "4 C"}]},
    {"messages": [{"role": "assistant", "content": "Hi", "tool_calls": []}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]},
    {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "a"}}]}]},
    {"messages": _TALK, "response_format": {"type": "json_object"}},
    {"tools": [{"type": "function", "function": {"name": "look"}}]},
    {"tools": [{"type": "function", "function": {"name": "look up", "parameters": {"type": "object", "properties": {}}}}]},
    {"tools": [{"type": "function", "function": {"name": ""}}]},
    {"tools": []},
    {},
)  # fmt: skip


def _nested(place: Place, value: Any) -> dict[str, Any]:
    """Return a payload that holds a value at a place, and nothing else."""
    for step in reversed(place.steps):
        value = [value] if step == "*" else {step: value}
    return value if isinstance(value, dict) else {}


def _example(owned: Owned, given: dict[str, Any]) -> dict[str, Any]:
    done = run_alone(owned, Example(copy.deepcopy(given)))
    return {"in": given, "rejects": True} if done.refusals else {"in": given, "out": done.root}


def _fires(owned: Owned, given: Mapping[str, Any]) -> bool:
    done = run_alone(owned, Example(given))
    return bool(done.refusals) or any(edit[3] is not edit[4] for edit in done.edits)


def _smaller(owned: Owned, given: dict[str, Any]) -> dict[str, Any]:
    """Return what is left of a payload when all is taken out that the rule does not need to fire."""
    for _ in range(_PASSES):
        smaller = next((each for each in _without_one(given) if _fires(owned, each)), None)
        if smaller is None:
            break
        given = smaller
    return given


_PASSES: Final = 200


def _without_one(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a payload without one of its keys, or without one item of a list right below."""
    for key, value in given.items():
        rest = {other: item for other, item in given.items() if other != key}
        if len(given) > 1:
            yield rest
        if isinstance(value, list) and len(value) > 1:
            for at in range(len(value)):
                yield {**given, key: [*value[:at], *value[at + 1 :]]}


def owned_draft(provider: str, rule: Mapping[str, Any]) -> Owned:
    """Return a draft as the loader reads it.

    Raises:
        RuleFileError: it is not a rule.
    """
    file = load_file(file_text(provider, [rule]).encode(), "draft.yaml", layer="draft")
    book = Rulebook([file], builtin=False)
    entry = book.effective(provider)[0]
    return Owned(entry, False, book)
