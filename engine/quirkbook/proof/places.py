"""The parameter that a refusal names -> the field path that it means, in a payload or in OpenAI's request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ..resources import schema

#: A step of a place as texts write it: a name, a number or a star.
_STEP: Final = re.compile(r"\$?[A-Za-z_][\w$-]*|\d+|\*")
#: What a text may put in front of a place: the request itself.
_FRONT: Final = frozenset(
    {"body", "request", "root", "json", "payload", "parameter", "params", "input", "generatecontentrequest"}
)
#: Values of a payload that are looked at to find a place.
_MOST: Final = 20_000

Steps = tuple[str, ...]
"""Keys of a field path; ``*`` is each item of an array."""


@dataclass(frozen=True, slots=True)
class Place:
    """A field path, and whether the payload at hand has it."""

    steps: Steps
    is_there: bool

    @property
    def path(self) -> str:
        """The field path, as rules write it."""
        return write(self.steps)


def write(steps: Sequence[str]) -> str:
    """Write steps as a field path.

    >>> write(("messages", "*", "role")), write(("$schema",))
    ('messages[*].role', '["$schema"]')
    """
    text = ""
    for step in steps:
        if step == "*":
            text += "[*]"
        elif re.fullmatch(r"[A-Za-z_][\w-]*", step):
            text += f".{step}"
        else:
            text += f'["{step}"]'
    return text.removeprefix(".")


def find(named: str | Sequence[str], payload: Any, names: Mapping[str, str] | None = None) -> Place | None:
    """Return the place that a text names; None where it names nothing. Of several names the first that is known counts.

    A text may write it as a path, a JSON Pointer, a list, in camel case, with a union's tags in between, or only by
    its last key. Where the payload has no such place, OpenAI's request is asked, then the text is taken at its word.

    >>> find("body.messages.1.assistant.reasoning_content", {"messages": [{}, {"reasoning_content": ""}]})
    Place(steps=('messages', '*', 'reasoning_content'), is_there=True)
    >>> find("presencePenalty", {}).path
    'presence_penalty'
    """
    wants = [_steps(name, names or {}) for name in ([named] if isinstance(named, str) else named)]
    wants = [wanted for wanted in wants if set(wanted) - {"*"}]
    for paths, is_there in ((_paths(payload), True), (_known(), False)):
        for wanted in wants:
            if best := _nearest(wanted, paths):
                return Place(best, is_there)
    return _new_place(wants[0], payload) if wants else None


def _new_place(wanted: Sequence[str], payload: Any) -> Place:
    """Return the place of a key that neither the payload nor OpenAI's request has."""
    parent = _nearest(wanted[:-1], [*_paths(payload), *_known()])
    if parent is None:
        return Place(_literal(wanted), False)
    items = ("*",) if wanted[-2] == "*" and parent[-1] != "*" else ()
    return Place((*parent, *items, wanted[-1]), False)


def _steps(named: str, names: Mapping[str, str]) -> list[str]:
    """Return the steps of a place as a text writes it, with the names of our own for those of the text."""
    for theirs, ours in names.items():
        named = re.sub(rf"(?<![\w.]){re.escape(theirs)}(?![\w])|(?<=\.){re.escape(theirs)}(?![\w])", ours, named)
    steps = _STEP.findall(named)
    while len(steps) > 1 and steps[0].lower() in _FRONT:
        steps = steps[1:]
    return ["*" if step.isdigit() else step for step in steps]


def _nearest(wanted: Sequence[str], paths: Any) -> Steps | None:
    """Return the path that ends as wanted and has most of the other steps, in order, with the fewest of its own."""
    keys = [step for step in wanted if step != "*"]
    if not keys:
        return None
    best: tuple[int, int] | None = None
    nearest: Steps | None = None
    for path in paths:
        own = [step for step in path if step != "*"]
        if not own or _plain(own[-1]) != _plain(keys[-1]):
            continue
        shared = _shared(own, keys)
        rank = (shared, shared - len(own))
        if best is None or rank > best:
            best, nearest = rank, path
    if nearest is None or best is None:
        return None
    own = [step for step in nearest if step != "*"]
    if len(keys) == 1:  # a bare name may mean a key anywhere
        return nearest
    # Of a path more than its end must be met. One from the root leaves nothing out; a tag of a union may be another.
    is_rooted = _plain(own[0]) == _plain(keys[0])
    in_step = sum(_plain(ours) == _plain(theirs) for ours, theirs in zip(own, keys, strict=False))
    is_met = not is_rooted or best[0] == len(own) or (len(own) == len(keys) and in_step == best[0])
    return nearest if best[0] > 1 and is_met else None


def _shared(own: Sequence[str], keys: Sequence[str]) -> int:
    """Return how many of the keys a path has, in order, from its end."""
    at, shared = len(own) - 1, 0
    for key in reversed(keys):
        for place in range(at, -1, -1):
            if _plain(own[place]) == _plain(key):
                at, shared = place - 1, shared + 1
                break
    return shared


def _plain(step: str) -> str:
    """Return a key without what camel case and underscores make of it."""
    return step.replace("_", "").replace("-", "").lower()


def _literal(wanted: Sequence[str]) -> Steps:
    """Return what a text says at its word: no tag of a union behind the number of an item."""
    steps: list[str] = []
    for at, step in enumerate(wanted):
        is_tag = at > 0 and wanted[at - 1] == "*" and at < len(wanted) - 1 and step in _TAGS
        if not is_tag and not (step == "*" and not steps):
            steps.append(step)
    return tuple(steps)


#: Values that discriminate the members of OpenAI's unions.
_TAGS: Final = frozenset(
    {"system", "developer", "user", "assistant", "tool", "function", "custom", "text", "image_url"}
)


def _paths(payload: Any) -> list[Steps]:
    """Return each path of a payload once, in its order; an item of an array is ``*``."""
    paths: dict[Steps, None] = {}
    left = _MOST
    todo: list[tuple[Steps, Any]] = [((), payload)]
    for steps, value in todo:  # grows while it is read
        below: Sequence[tuple[str, Any]] = ()
        if isinstance(value, dict):
            below = [(str(key), item) for key, item in value.items()]
        elif isinstance(value, list):
            below = [("*", item) for item in value]
        left -= len(below)
        if left < 0:
            break
        paths.update({(*steps, key): None for key, _ in below})
        todo += [((*steps, key), item) for key, item in below]
    return list(paths)


@cache
def _known() -> tuple[Steps, ...]:
    """Return the paths of OpenAI's request, as its schema has them."""
    request = schema("chat-request")
    deprecated = {name for name, node in request["properties"].items() if "Deprecated" in node.get("description", "")}
    return tuple(path for path in dict.fromkeys(_of_schema(request, (), 0)) if path[0] not in deprecated)


def _of_schema(node: Any, steps: Steps, depth: int) -> Iterator[Steps]:
    if not isinstance(node, dict) or depth > 12:
        return
    if "$ref" in node:
        target: Any = schema("chat-request")
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        yield from _of_schema(target, steps, depth + 1)
    for key, below in node.get("properties", {}).items():
        yield (*steps, key)
        yield from _of_schema(below, (*steps, key), depth + 1)
    if "items" in node:
        yield from _of_schema(node["items"], (*steps, "*"), depth + 1)
    branches = [node[keyword] for keyword in ("then", "else") if keyword in node]
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches += node.get(keyword, ())
    for branch in branches:
        yield from _of_schema(branch, steps, depth + 1)
