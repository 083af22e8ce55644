"""A condition that asks what the rule's only action asks anyway: `when` beside `each.when`, or beside `drop`.

Read off the rule alone. Only conditions that need a value are compared: whether a path with ``[*]`` lacks a value is a
question about all elements together, and whether one element lacks it is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model import Diagnostic, Rule

#: Operators that no missing value meets, so that "one element has it" and "this element has it" are the same question.
_NEED_A_VALUE = frozenset(("is", "in", "glob", "matches"))


def check_conditions(rule: Rule) -> Iterator[Diagnostic]:
    """Yield a warning for each entry of a rule's `when` that can go without a change of what the rule does."""
    if len(rule.do) != 1:
        return
    (action,) = rule.do
    for path, asked in (rule.when or {}).items():
        if "each" in action and _repeats(path, asked, action["each"]):
            yield _warning(rule, path, "'each' asks it of each element")
        elif action.get("drop") == [path] and rule.when == {path: {"exists": True}}:
            yield _warning(rule, path, "'drop' changes only what is there")


def _warning(rule: Rule, path: str, reason: str) -> Diagnostic:
    what = f"the condition of {rule.name} on {path} is not needed: {reason}"
    hint = "remove 'when'" if len(rule.when or {}) == 1 else f"remove '{path}' from 'when'"
    return Diagnostic(rule.location, "Q223", what, hint, severity="warning")


def _repeats(path: str, asked: Any, each: Mapping[str, Any]) -> bool:
    """Tell whether some element cannot meet ``each`` unless the payload meets ``asked`` at ``path``."""
    elements: str = each["in"]
    own: Mapping[str, Any] = each.get("when", {})
    if elements.startswith(f"{path}[*]") and asked == {"is": "array"}:
        return True
    if elements == f"{path}[*]" and isinstance(asked, dict) and set(asked) == {"some"}:
        return all(key in own and own[key] == value for key, value in asked["some"].items())
    key = path.removeprefix(f"{elements}.")
    return key != path and key in own and own[key] == asked and _needs_a_value(asked)


def _needs_a_value(asked: Any) -> bool:
    return bool(set(asked) & _NEED_A_VALUE) or asked == {"exists": True} if isinstance(asked, dict) else True
