"""rename_tools: names of tools that fit, in all places of a request; and the table that brings the caller's back.

A new name is made of the old one and the other names of the request alone, so that the same request always gets the
same ones, and no two tools get one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ...model import Effect, Keys
from ...payload.draft import Draft
from ...payload.path import Wild
from ..gates import UNKNOWN, Needs, Writes
from .base import MESSAGE, Action, Context

EXACT = Effect.EXACT

#: Of the tools that callers name; other types are the provider's own, and so are their names.
_OWN: Final = ("function", "custom")
_HEX: Final = 6
"""Digits of a new name that are made of the old one."""

#: Keys of messages that call tools, and roles of those that answer calls.
_CALLING: Final = frozenset({"tool_calls", "function_call"})
_ANSWERING: Final = ("tool", "function")

Named = tuple[Keys, Any]
"""(where a name stands, the name)"""


def _members(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects in an array, and where they stand."""
    return [(at, item) for at, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list) else []


def _of_tool(tool: dict[str, Any], keys: Keys) -> list[Named]:
    """Return the name of a tool, or of what names one: in the object of its type, else beside the type."""
    kind = tool.get("type", "function")
    if kind not in _OWN:
        return []
    inner = tool.get(kind)
    if isinstance(inner, dict):
        return [((*keys, kind, "name"), inner.get("name"))]
    return [((*keys, "name"), tool["name"])] if "name" in tool else []


def _of_choice(choice: Any) -> list[Named]:
    if not isinstance(choice, dict):
        return []
    found = _of_tool(choice, ("tool_choice",))
    allowed = choice.get("allowed_tools")
    holder, keys = (
        (allowed, ("tool_choice", "allowed_tools")) if isinstance(allowed, dict) else (choice, ("tool_choice",))
    )
    for at, tool in _members(holder.get("tools")):
        found += _of_tool(tool, (*keys, "tools", at))
    return found


def names_in_message(message: Mapping[str, Any], keys: Keys) -> list[Named]:
    """Return each place of a message, or of a chunk's delta, where a tool is named, and what stands there."""
    found: list[Named] = []
    for at, call in _members(message.get("tool_calls")):
        found += _of_tool(call, (*keys, "tool_calls", at))
    if isinstance(only := message.get("function_call"), dict):
        found.append(((*keys, "function_call", "name"), only.get("name")))
    if message.get("role") in _ANSWERING:
        found.append(((*keys, "name"), message.get("name")))
    return found


def names_in(request: Mapping[str, Any]) -> list[Named]:
    """Return each place of a request where a tool's name stands, and what stands there."""
    found: list[Named] = []
    for at, tool in _members(request.get("tools")):
        found += _of_tool(tool, ("tools", at))
    if "functions" in request:
        found += [(("functions", at, "name"), one.get("name")) for at, one in _members(request["functions"])]
    found += _of_choice(request.get("tool_choice"))
    if isinstance(call := request.get("function_call"), dict):
        found.append((("function_call", "name"), call.get("name")))
    for at, message in _members(request.get("messages")):
        if not _CALLING.isdisjoint(message) or message.get("role") in _ANSWERING:  # most are neither
            found += names_in_message(message, ("messages", at))
    return found


def may_be_names(request: Mapping[str, Any]) -> set[str]:
    """Return all names that `names_in` finds, and maybe others, but not where they stand.

    Nearly all requests have only names that fit, and this is all that each of them pays.
    """
    holders: list[Any] = [request.get("function_call")]
    choice = request.get("tool_choice")
    if choice.__class__ is dict:
        allowed = choice.get("allowed_tools")
        offered = (allowed if allowed.__class__ is dict else choice).get("tools")
        holders += [choice, *(offered if offered.__class__ is list else ())]
    for listed in (request.get("tools"), request.get("functions")):
        if listed.__class__ is list:
            holders += listed
    messages = request.get("messages")
    for message in messages if messages.__class__ is list else ():
        if message.__class__ is dict:
            if "tool_calls" in message and message["tool_calls"].__class__ is list:
                holders += message["tool_calls"]
            if "function_call" in message:
                holders.append(message["function_call"])
            if "name" in message:
                holders.append(message)
    names = []
    for holder in holders:
        if holder.__class__ is dict:
            if "name" in holder:
                names.append(holder["name"])
            for kind in _OWN:
                if kind in holder and holder[kind].__class__ is dict:
                    names.append(holder[kind].get("name"))
    return {name for name in names if name.__class__ is str}


def _providers_own(request: Mapping[str, Any]) -> Iterator[Any]:
    for _, tool in _members(request.get("tools")):
        if tool.get("type", "function") not in _OWN:
            yield tool.get("name")
            yield from (inner.get("name") for inner in tool.values() if isinstance(inner, dict))


def _characters(text: str) -> str:
    """Return the characters that a text such as ``A-Za-z_`` names; a ``-`` at its end is itself."""
    found, at = "", 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            found += "".join(map(chr, range(ord(text[at]), ord(text[at + 2]) + 1)))
            at += 3
        else:
            found += text[at]
            at += 1
    return found


class Names:
    """What names may look like, and new ones for those that do not."""

    def __init__(self, node: Any) -> None:
        self.longest = node["length"]
        self.letters = frozenset(_characters(node["alphabet"]))
        self.first = frozenset(_characters(node.get("first", node["alphabet"])))
        self.filler = "_" if "_" in self.first else min(self.first)
        first, letters = (re.escape("".join(sorted(allowed))) for allowed in (self.first, self.letters))
        self._fitting = re.compile(f"(?:[{first}][{letters}]{{0,{self.longest - 1}}})?").fullmatch
        """Tells whether a name may stay; an empty one is nothing to make another of."""

    def table(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Return name -> new name, of all names in a request that do not fit."""
        if all(map(self._fitting, may_be_names(request))):
            return {}
        names = {name for _, name in names_in(request) if isinstance(name, str)}
        own = {name for name in _providers_own(request) if isinstance(name, str)}
        taken, made = names | own, {}
        for name in sorted(names - own):
            if not self._fitting(name):
                made[name] = self._made(name, taken)
                taken.add(made[name])
        return made

    def _made(self, name: str, taken: set[str]) -> str:
        import hashlib  # costs more than most of the package, and is needed once in a while

        stem = "".join(letter if letter in self.letters else "_" for letter in name[: self.longest])
        stem = (stem if stem[0] in self.first else self.filler + stem)[: self.longest - _HEX - 1]
        salt = 0
        while True:
            seed = f"{name}/{salt}" if salt else name
            new = f"{stem}_{hashlib.sha256(seed.encode('utf-8', 'backslashreplace')).hexdigest()[:_HEX]}"
            if new not in taken:
                return new
            salt += 1


def rename_tools(node: Any, keys: Keys, context: Context) -> Action:
    """Give tools whose names do not fit new ones, wherever they are named. Exact: the answer brings the old ones back."""
    names = Names(node)
    if not names.letters.issuperset("_0123456789abcdef"):
        message = "new names are written with _, digits and the letters a to f: the alphabet must have these"
        context.report("Q109", (*keys, "alphabet"), message)
    context.touched.update(("tools", "tool_choice", "functions", "function_call"))

    def run(draft: Draft, base: Keys) -> None:
        table = names.table(draft.root)
        for at, name in names_in(draft.root) if table else ():
            if isinstance(name, str) and name in table:
                draft.replace("rename_tools", EXACT, at, name, table[name])

    return Action(run, _NEEDS, _WRITES, restores=_inverse(names.table))


def _inverse(table: Callable[[Mapping[str, Any]], dict[str, str]]) -> Callable[[Mapping[str, Any]], dict[str, str]]:
    return lambda request: {new: old for old, new in table(request).items()}


_ITEM: Final = Wild.ITEMS
_CALL: Final = (*MESSAGE, "tool_calls", _ITEM)
_PLACES: Final = (
    *(("tools", _ITEM, *rest) for rest in (("function", "name"), ("custom", "name"), ("name",))),
    ("functions", _ITEM, "name"),
    ("function_call", "name"),
    *((*_CALL, *rest) for rest in (("function", "name"), ("custom", "name"), ("name",))),
    (*MESSAGE, "function_call", "name"),
    (*MESSAGE, "name"),
)
_NEEDS: Needs = (frozenset((place, str) for place in _PLACES) | frozenset({(("tool_choice",), dict)}),)
_WRITES: Writes = (*((place, UNKNOWN) for place in _PLACES), (("tool_choice",), UNKNOWN))
