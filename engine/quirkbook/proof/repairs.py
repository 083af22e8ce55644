"""What a refusal says -> the condition and the actions of a rule that keeps it from coming again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..plan.regex import compile_re2
from .json_types import SAMPLES, type_in, type_of
from .places import Place, write
from .refusals import Finding

#: Levels of effort from least to most, for the nearest of those that are taken.
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
#: Fields that a request is about: where they are refused, the request is.
_ESSENTIAL: Final = frozenset({"tools", "messages", "model"})


@dataclass(frozen=True, slots=True)
class Repair:
    """The part of a rule that acts, and values that it must leave alone."""

    when: Mapping[str, Any] | None
    do: list[dict[str, Any]]
    fine: tuple[Any, ...] = ()
    """Values of the field that the provider takes, for examples that stay quiet."""
    bad: Any = None
    """A value that fires, where there is no payload to show one."""


Known = tuple[Finding, Place, Any]
"""What the text says, the place, and the value there (None: no payload, or nothing there)."""


def repair(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    """Return what a rule would do about a refusal; None where the text does not say enough."""
    if finding.wording and finding.wording.repair:
        return Repair(finding.wording.when, [dict(action) for action in finding.wording.repair])
    make = _REPAIRS.get(finding.kind)
    return make(finding, place, value, provider) if make else None


def kind_of(finding: Finding, place: Place | None) -> str:
    """Return the kind of fault; a value that is refused as a role or as a part's type is a kind of its own."""
    if finding.kind == "value" and place:
        if place.path == "messages[*].role":
            return "role"
        if place.path == "messages[*].content[*].type":
            return "content"
    return finding.kind


def _unknown(finding: Finding, place: Place, value: Any, provider: str) -> Repair:
    if place.path in _ESSENTIAL:
        return Repair({place.path: {"exists": True}}, [{"reject": f"{provider} does not support {place.path}"}])
    paths = [place.path, *([finding.other] if finding.other and finding.kind == "unknown" else [])]
    return Repair(None, [{"drop": paths}], bad=1 if value is None else value)


def _renamed(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    if not finding.use or not re.fullmatch(r"[A-Za-z_][\w.-]*", finding.use):
        return None
    return Repair({place.path: {"exists": True}}, [{"rename": {place.path: finding.use}}], bad=64)


def _locked(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    only = {"true": True, "false": False}.get(str(finding.use).lower(), finding.low)
    if only is None:
        return _unknown(finding, place, value, provider) if value is None else _value(finding, place, value, provider)
    return Repair({place.path: {"ne": only}}, [{"set": {place.path: only}}], (only,), bad=_other_than(only))


def _other_than(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 0.5


def _value(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    seen = value if isinstance(value, str | int | float | bool) else finding.value
    if isinstance(value, dict | list):
        kind = "object" if isinstance(value, dict) else "array"
        return Repair({place.path: {"is": kind}}, [{"drop": [place.path]}], finding.choices[:1], value)
    if seen is None:
        if not finding.choices:
            return None
        return Repair(
            {place.path: {"not_in": list(finding.choices)}}, [{"drop": [place.path]}], finding.choices[:1], "other"
        )
    nearest = _nearest(str(seen), finding.choices)
    action: dict[str, Any] = {"map": {place.path: {seen: nearest}}} if nearest else {"drop": [place.path]}
    return Repair({place.path: seen}, [action], finding.choices[:1], seen)


def _nearest(seen: str, choices: Any) -> str | None:
    """Return the choice that means what was asked for, or is the nearest level of effort."""
    for choice in choices:
        if choice.lower() == seen.lower():
            return str(choice)
    levels = [choice for choice in choices if choice in _EFFORTS]
    if seen in _EFFORTS and levels:
        at = _EFFORTS.index(seen)
        return str(min(levels, key=lambda level: (abs(_EFFORTS.index(level) - at), -_EFFORTS.index(level))))
    return None


def _role(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    seen, taken = finding.value or "developer", finding.choices
    targets = [choice for choice in taken if choice.lower() == str(seen).lower()]
    targets += {"developer": ["system", "user"], "system": ["developer", "user"]}.get(str(seen), [])
    target = next((target for target in targets if not taken or target in taken), None)
    if target is None or not isinstance(seen, str):
        return None
    return Repair({place.path: seen}, [{"map": {place.path: {seen: target}}}], (target,), seen)


def _range(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    low, high = finding.low, finding.high
    if low is None and high is None:
        return None
    bounds = [low, high]
    fine = tuple(bound for bound in bounds if bound is not None)
    bad = value if isinstance(value, int | float) else high + 1 if high is not None else (low or 0) - 1
    return Repair({place.path: {"outside": bounds}}, [{"clamp": {place.path: bounds}}], fine, bad)


def _count(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    if finding.high is None:
        return None
    when = {place.path: {"is": "array", "len": {"gt": finding.high}}}
    if place.path in _ESSENTIAL:
        return Repair(when, [{"reject": f"{provider} supports at most {finding.high} {place.path}"}])
    return Repair(when, [{"truncate": {place.path: finding.high}}], bad=["a"] * (int(finding.high) + 1))


def _type(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    wanted, had = type_in(finding.use), type_of(value) or type_in(finding.value)
    if wanted == "string" and had == "array" and place.steps[-1] == "content":
        when = {write(place.steps[:-2]): {"some": {place.steps[-1]: {"is": "array"}}}}
        return Repair(when, [{"flatten_content": place.path}], ("Hi",), [{"type": "text", "text": "Hi"}])
    if wanted == "array" and had == "string":
        return Repair({place.path: {"is": "string"}}, [{"wrap": {place.path: []}}], (["a"],), "a")
    if had is None:
        return None
    article = "an" if (wanted or "")[:1] in tuple("aeiou") else "a"
    words = f"must be {article} {wanted}" if wanted else f"must not be of type {had}"
    return Repair({place.path: {"is": had}}, [{"reject": f"{provider}: {place.path} {words}"}], bad=SAMPLES[had])


def _required(finding: Finding, place: Place, value: Any, provider: str) -> Repair:
    *parent, key = place.steps
    if key == "parameters":
        return _in_each(parent, {key: {"exists": False}}, {"set": {key: {"type": "object", "properties": {}}}})
    if key == "reasoning_content":
        when = {"role": "assistant", "tool_calls": {"exists": True}, key: {"exists": False}}
        return _in_each(["messages", "*"], when, {"set": {key: " "}})
    return _in_each(parent, {key: {"exists": False}}, {"reject": f"{provider} requires {place.path}"})


def _in_each(parent: list[str], when: dict[str, Any], action: dict[str, Any]) -> Repair:
    """Return a repair in each element at ``parent``, or in the payload itself."""
    if "*" in parent:
        return Repair(None, [{"each": {"in": write(parent), "when": when, "do": [action]}}])
    prefix = f"{write(parent)}." if parent else ""
    if "set" in action:
        action = {"set": {f"{prefix}{key}": value for key, value in action["set"].items()}}
    return Repair({f"{prefix}{key}": test for key, test in when.items()}, [action])


def _needs(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    if not finding.other:
        return None
    return Repair({place.path: {"exists": True}, finding.other: {"exists": False}}, [{"drop": [place.path]}], bad=True)


def _conflict(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    if not finding.other or not re.fullmatch(r"[A-Za-z_]\w*", finding.other):
        return None
    test: Any = value if isinstance(value, str) else {"exists": True}
    when = {place.path: test, finding.other: {"exists": True}}
    return Repair(when, [{"drop": [place.path]}], bad=1 if value is None else value)


def _pattern(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    *parent, key = place.steps
    length = re.search(r"length of (\d+)", finding.text)
    if place.path == "messages[*].tool_calls[*].id" and length:
        return Repair(None, [{"rewrite_ids": {"length": int(length[1])}}])
    if key == "arguments":
        when = {key: {"is": "string"}, "not": {key: {"is": "json"}}}
        return _in_each(parent, when, {"reject": f"{provider} requires arguments that are JSON"})
    pattern = (finding.limit or "").strip("'\"`").removeprefix("^").removesuffix("$")
    if not _is_pattern(pattern):
        return None
    when = {key: {"is": "string"}, "not": {key: {"matches": pattern}}}
    return _in_each(parent, when, {"reject": f"{provider} requires {place.path} to match {pattern}"})


def _is_pattern(text: str) -> bool:
    try:
        compile_re2(text)
    except ValueError:
        return False
    return bool(re.search(r"[\[\\(]", text))


def _order(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    user = {"role": "user", "content": "Go on."}
    if finding.value == "alternate":
        return Repair(None, [{"merge_messages": {"roles": ["user", "assistant"]}}])
    if finding.value == "system-first":
        return Repair(None, [{"lead_with_system": {}}])
    if finding.value == "user-last":
        return Repair({"messages[-1].role": {"not_in": ["user", "tool"]}}, [{"append_message": user}])
    if finding.value == "user-speaks":
        return Repair({"messages": {"none": {"role": "user"}}}, [{"append_message": user}])
    return None


def _calls(finding: Finding, place: Place, value: Any, provider: str) -> Repair:
    if finding.value == "call":
        when: dict[str, Any] = {"id": {"not_among": "$.messages[*].tool_call_id"}}
        refuse = {"reject": f"{provider} requires a result for each tool call"}
        return _in_each(["messages", "*", "tool_calls", "*"], when, refuse)
    when = {"role": "tool", "tool_call_id": {"not_among": "$.messages[*].tool_calls[*].id"}}
    return _in_each(["messages", "*"], when, {"reject": f"{provider} requires the tool call of each result"})


def _empty(finding: Finding, place: Place, value: Any, provider: str) -> Repair:
    *parent, key = place.steps
    if key == "parameters":
        return _required(finding, place, value, provider)
    if place.path == "messages[*].content":
        when = {"role": {"not_in": ["tool"]}, "content": {"len": 0}, "tool_calls": {"exists": False}}
        return _in_each(parent, when, {"drop": ["."]})
    if key == "name":
        return _in_each(parent, {key: {"len": 0}}, {"reject": f"{provider} requires {place.path}"})
    if "*" in parent:
        return _in_each(parent, {key: {"len": 0}}, {"drop": [key]})
    return Repair({place.path: {"len": 0}}, [{"drop": [place.path]}], bad=[])


def _schema(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    keywords = [word for word in finding.keywords if re.fullmatch(r"\$?[A-Za-z]\w*", word)]
    if not keywords or "required" in finding.text:
        return None
    return Repair(None, [{"normalize_schema": {"at": place.path, "drop": keywords}}])


def _content(finding: Finding, place: Place, value: Any, provider: str) -> Repair | None:
    text = finding.text.lower()
    named = next((part for word, part in _PARTS.items() if word in text), None)
    seen = finding.value or named
    if not isinstance(seen, str):
        return None
    refuse = {"reject": f"{provider} does not support content of type {seen}"}
    return _in_each(["messages", "*", "content", "*"], {"type": seen}, refuse)


#: A word of a text -> the type of part that it means.
_PARTS: Final = {
    "image": "image_url",
    "vision": "image_url",
    "audio": "input_audio",
    "file": "file",
    "video": "video_url",
}


def _words(finding: Finding, place: Place, value: Any, provider: str) -> Repair:
    says = {"matches": "(?is).*json.*"}
    when = {
        "response_format.type": "json_object",
        "messages": {"none": {"any_of": [{"content": says}, {"content": {"some": {"text": says}}}]}},
    }
    return Repair(when, [{"append_message": {"role": "user", "content": "Answer in JSON."}}])


_REPAIRS: Final[Mapping[str, Callable[[Finding, Place, Any, str], Repair | None]]] = {
    "calls": _calls, "conflict": _conflict, "content": _content, "count": _count, "empty": _empty, "locked": _locked,
    "needs": _needs, "order": _order, "pattern": _pattern, "range": _range, "renamed": _renamed,
    "required": _required, "role": _role, "schema": _schema, "type": _type, "unknown": _unknown, "value": _value,
    "words": _words,
}  # fmt: skip
