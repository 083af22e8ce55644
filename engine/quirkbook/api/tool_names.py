"""The names of tools that rules made anew in a request, brought back in its answers.

Nothing is kept between the two: the report on the request names them, or they are worked out from the request again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model import Effect
from ..plan.actions.names import Named, names_in_message
from ..plan.compile import Plan, own_rule
from ..plan.interpret import Run

_RULE = own_rule(
    "tool-names", "Rules gave tools names that the provider takes; the caller's come back with the calls in the answer."
)


def renamed(edits: Iterable[tuple[str, Any, Any]]) -> dict[str, str]:
    """Return the names as sent -> the caller's; ``edits`` are (action, before, after), in order.

    >>> renamed([("rename_tools", "files.read", "files_read_0a1b2c"), ("set", 1, 2)])
    {'files_read_0a1b2c': 'files.read'}
    """
    names: dict[str, str] = {}
    for action, before, after in edits:
        if action == "rename_tools":
            names[after] = names.get(before, before)
    return names


def worked_out(plan: Plan, request: Mapping[str, Any]) -> dict[str, str]:
    """Return the names as sent -> the caller's, of a request before its translation; ``plan`` is that of requests."""
    names: dict[str, str] = {}
    for rule in plan.rules:
        for restores in rule.restores:
            names |= restores(request)
    return names


def named_in(answer: Mapping[str, Any]) -> Iterator[Named]:
    """Yield each place of an answer, or of a chunk, where a called tool is named, and its name."""
    choices = answer.get("choices")
    for at, choice in enumerate(choices if isinstance(choices, list) else ()):
        for part in ("message", "delta") if isinstance(choice, dict) else ():
            if isinstance(holder := choice.get(part), dict):
                yield from names_in_message(holder, ("choices", at, part))


def bring_back(done: Run, names: Mapping[str, str]) -> None:
    """Write the caller's names where an answer calls tools by those that were sent."""
    first = len(done.edits)
    for at, name in list(named_in(done.root)):
        if isinstance(name, str) and name in names:
            done.replace("rename_tools", Effect.EXACT, at, name, names[name])
    if len(done.edits) > first:
        done.fired.append((_RULE, first, len(done.edits)))
