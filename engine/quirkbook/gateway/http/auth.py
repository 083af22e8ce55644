"""Authentication: a request in, a 401 out unless it carries one of the gateway's keys."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

from .asgi import HTTPError, Scope

#: Where clients put their key, as OpenAI's, Azure's, Anthropic's and LiteLLM's SDKs have it.
_KEY_HEADERS: Final = (b"authorization", b"x-api-key", b"api-key", b"x-litellm-api-key")


class Authenticator:
    """Who may ask. Keys are compared in a time that does not depend on them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def check(self, scope: Scope) -> None:
        """Let a request pass that shows one of the keys; any if there are none.

        Raises:
            HTTPError: 401.
        """
        if not self._keys:
            return
        for name, value in scope["headers"]:
            if name in _KEY_HEADERS:
                shown = value[7:] if value[:7].lower() == b"bearer " else value
                # Every key is compared, or the time would tell which of them begins alike.
                if sum([hmac.compare_digest(shown.strip(), key) for key in self._keys]):
                    return
        text = "no valid key: send 'Authorization: Bearer' with one of the gateway's keys (general_settings.master_key)"
        raise HTTPError(
            401, text, type="authentication_error", code="invalid_api_key", headers={"www-authenticate": "Bearer"}
        )
