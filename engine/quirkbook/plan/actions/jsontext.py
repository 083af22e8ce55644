"""json_text and from_json_text: a value as JSON text, and back. What JSON cannot say stays."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft, cost
from .. import gates
from .base import Action, Context, editable

EXACT, LOSSY = Effect.EXACT, Effect.LOSSY
_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_OTHERS: Sequence[gates.Mark] = (dict, list, bool, int, float, type(None))


def json_text(node: Any, keys: Keys, context: Context) -> Action:
    """Replace a value that is not a string by its compact JSON text. Exact."""

    def written(draft: Draft, value: Any) -> tuple[Effect, Any]:
        if isinstance(value, str):
            return EXACT, MISSING
        text = _compact(value)
        draft.spend(cost(text))
        return EXACT, text

    return _convert("json_text", node, keys, context, written, _OTHERS)


def from_json_text(node: Any, keys: Keys, context: Context) -> Action:
    """Replace a string that holds a JSON object by that object. Exact, lossy where a key stands twice."""

    def read(draft: Draft, value: Any) -> tuple[Effect, Any]:
        if not isinstance(value, str) or not value.lstrip().startswith("{"):
            return EXACT, MISSING
        draft.spend(cost(value))
        effects = [EXACT]

        def of_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(pairs)
            if len(made) < len(pairs):
                effects.append(LOSSY)
            return made

        made = json.loads(value, object_pairs_hook=of_pairs, parse_float=_finite, parse_constant=_finite)
        return effects[-1], made

    return _convert("from_json_text", node, keys, context, read, (str,))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"no JSON number can say {text}")
    return value


def _convert(
    action: str,
    node: Any,
    keys: Keys,
    context: Context,
    change: Callable[[Draft, Any], tuple[Effect, Any]],
    marks: Sequence[gates.Mark],
) -> Action:
    paths = [context.path(text, (*keys, at)) for at, text in enumerate(node)]
    table = [editable(path) for path in paths]

    def run(draft: Draft, base: Keys) -> None:
        for find_places in table:
            for at, value in find_places(draft, base):
                if not at:
                    continue
                try:
                    effect, new = change(draft, value)
                except (ValueError, RecursionError):  # NaN, too deep, too many digits, or not JSON
                    continue
                if new is not MISSING:
                    draft.replace(action, effect, at, value, new)

    needs = gates.either(gates.of_path(path, context.scope, marks) for path in paths)
    return Action(run, needs, context.writes(*paths))
