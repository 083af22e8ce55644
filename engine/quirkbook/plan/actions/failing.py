"""fail: an answer, or an error, is said to be an error of a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...model import Effect, ErrorClass, Keys
from ...payload.draft import Draft
from ...payload.path import find
from ...wire.provider_errors import normalise
from .base import Action, Context


def fail(node: Any, keys: Keys, context: Context) -> Action:
    """Say that this is an error, of which ``class`` and ``status``.

    At stage error only the class is noted. An answer or chunk becomes OpenAI's error object, made of what stands ``at``
    a path, with ``message`` where no text stands there; all else of it goes.
    """
    class_of = _class_of(node.get("class"))
    if context.stage == "error":
        return Action(lambda draft, base: _name_class(draft, class_of(normalise(draft.root)["error"])))
    path = context.path(node["at"], (*keys, "at")) if "at" in node else None
    context.touched.add("?")

    def run(draft: Draft, base: Keys) -> None:
        found = next((value for _, value in find(draft.root, path.steps)), None) if path else None
        error = normalise(found, default=node.get("message"))["error"]
        _note(draft, class_of(error), node.get("status"))
        draft.put("fail", Effect.EXACT, ("error",), error)
        for key in [key for key in draft.root if key != "error"]:
            draft.remove("fail", Effect.LOSSY, (key,))

    return Action(run, writes=None)


def _class_of(node: Any) -> Callable[[Mapping[str, Any]], ErrorClass | None]:
    """Return a function from an error to the class that the rule names; None: status and text shall tell."""
    if not isinstance(node, Mapping):
        named = ErrorClass(node) if node else None
        return lambda error: named
    table = {str(code): ErrorClass(name) for code, name in node.items()}
    other = table.pop("*", None)
    return lambda error: table.get(str(error["code"]), other)


def _name_class(draft: Draft, error_class: ErrorClass | None) -> None:
    if error_class is not None:
        _note(draft, error_class, None)


def _note(draft: Draft, error_class: ErrorClass | None, status: int | None) -> None:
    draft.failed = (error_class, status)
    draft.remark("fail", Effect.EXACT, f"an error of class {error_class}" if error_class else "an error")
