"""The action that says in words, to the model, what the provider has no field for: tell."""

from __future__ import annotations

from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.draft import Draft, cost
from ...payload.path import Wild
from ...wire.jsontext import encode
from ..gates import UNKNOWN
from .base import Action, Context, places

SEMANTIC = Effect.SEMANTIC

#: The roles of a message that instructs the model.
_LEADS = ("system", "developer")

_CONTENT = ("messages", Wild.ITEMS, "content")


def tell(node: Any, keys: Keys, context: Context) -> Action:
    """Say a JSON Schema at the end of the leading system message, which is made if it is missing. Semantic.

    The words are those of ``as`` and the schema as compact JSON. Nothing happens where there is no schema, where JSON
    cannot say it, and where the message holds these words already.
    """
    path = context.path(node["schema"], (*keys, "schema"))
    find_places = places(path)

    def run(draft: Draft, base: Keys) -> None:
        for _, value in find_places(draft, base):
            try:
                text = node["as"] + encode(value, nan=False).decode()
            except (TypeError, ValueError, RecursionError):
                continue
            draft.spend(cost(text))
            _lead_with(text, draft)

    return Action(run, context.needs(path), ((_CONTENT[:2], UNKNOWN), (_CONTENT, UNKNOWN)))


def _lead_with(text: str, draft: Draft) -> None:
    """Let the leading message say ``text``."""
    messages = draft.root.get("messages", MISSING)
    if messages is MISSING:
        draft.put("tell", SEMANTIC, ("messages",), [{"role": "system", "content": text}])
    elif isinstance(messages, list):
        first = messages[0] if messages and isinstance(messages[0], dict) else {}
        content = first.get("content") if first.get("role") in _LEADS else None
        if isinstance(content, str):
            if text not in content:
                draft.put("tell", SEMANTIC, ("messages", 0, "content"), f"{content}\n\n{text}" if content else text)
        elif isinstance(content, list):
            part = {"type": "text", "text": text}
            if not any(_says(one, text) for one in content):
                draft.insert("tell", SEMANTIC, ("messages", 0, "content", len(content)), part)
        else:
            draft.insert("tell", SEMANTIC, ("messages", 0), {"role": "system", "content": text})


def _says(part: Any, text: str) -> bool:
    said = part.get("text") if isinstance(part, dict) else None
    return isinstance(said, str) and text in said
