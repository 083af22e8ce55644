"""Messages for a model that takes no system message, which LiteLLM's ``supports_system_message: false`` says."""

from __future__ import annotations

from typing import Any, Final

NAME: Final = "supports_system_message"
"""As which it is named among the rules that fired."""
_SYSTEM: Final = ("system", "developer")


def as_user(messages: list[Any]) -> list[Any]:
    """Return messages with those of the system as the user's, joined with the user's next one where both are text.

    >>> as_user([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    [{'role': 'user', 'content': 'Be brief.\\n\\nHi'}]
    >>> as_user([{"role": "user", "content": "Hi"}])
    [{'role': 'user', 'content': 'Hi'}]
    """
    changed: list[Any] = []
    was_system = False
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        is_system = role in _SYSTEM
        if is_system:
            message = {**message, "role": "user"}
        if was_system and (is_system or role == "user") and _is_text(changed[-1]) and _is_text(message):
            changed[-1] = {**message, "content": f"{changed[-1]['content']}\n\n{message['content']}"}
        else:
            changed.append(message)
        was_system = is_system
    return changed


def _is_text(message: dict[str, Any]) -> bool:
    return isinstance(message.get("content"), str)
