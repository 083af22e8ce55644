"""The rules beneath LiteLLM: in every client of httpx that it makes, whatever the provider, sync and async."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ..api.policy import Policy
from ..api.reasoning import ReasoningMemory
from ..errors import UsageError, missing_extra
from ..rulebook.rulebook import Rulebook
from .exchange import BaseModel, Rules
from .httpx_kit import Kit, kit_for

try:
    import litellm
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler, HTTPHandler
except ImportError:
    raise missing_extra("this adapter", "litellm", "litellm") from None

#: What LiteLLM had before: set while the rules are installed.
_before: dict[str, Any] = {}
_SESSIONS: Final = ("client_session", "aclient_session")


def install(
    provider: str | None = None,
    *,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    base_model: BaseModel = None,
    reasoning_memory: ReasoningMemory | None = None,
) -> None:
    """Put the rules into every HTTP client of LiteLLM: `completion`, `acompletion`, its Router, and what uses them.

    A second call replaces the first; `uninstall` takes them out. The report is in the response's headers, for which see
    `quirkbook.adapters.httpx`. Clients that a call brings itself (``client=``) are left alone.

    Raises:
        UnknownProviderError: nobody of that name.
        UsageError: this version of LiteLLM makes its clients in another way, so that no request would pass here.
    """
    from . import httpx

    uninstall()
    options: dict[str, Any] = {
        "rulebook": rulebook, "policy": policy, "base_model": base_model, "reasoning_memory": reasoning_memory, "library": "httpx",
    }  # fmt: skip
    rules, kit = Rules(provider, rulebook, policy, base_model, reasoning_memory), kit_for("httpx")
    _before.update({name: getattr(litellm, name, None) for name in _SESSIONS})
    litellm.client_session = httpx.client(provider, **options)
    litellm.aclient_session = httpx.async_client(provider, **options)
    for handler, transport in ((HTTPHandler, kit.transport), (AsyncHTTPHandler, kit.async_transport)):
        _before[handler.__name__] = handler.create_client
        handler.create_client = _wrapping(handler.create_client, partial(_with_rules, transport, kit, rules))
    litellm.in_memory_llm_clients_cache.flush_cache()
    _prove()


def uninstall() -> None:
    """Take the rules out of LiteLLM's clients again; those that were made meanwhile are forgotten."""
    for handler in (HTTPHandler, AsyncHTTPHandler):
        if handler.__name__ in _before:
            handler.create_client = _before.pop(handler.__name__)
    for name in _SESSIONS:
        if name in _before:
            setattr(litellm, name, _before.pop(name))
    litellm.in_memory_llm_clients_cache.flush_cache()


def _with_rules(transport: Any, kit: Kit, rules: Rules, inner: Any) -> Any:
    return transport(kit, inner, rules)


def _wrapping(create: Callable[..., Any], wrap: Callable[[Any], Any]) -> Callable[..., Any]:
    def create_client(self: Any, *args: Any, **options: Any) -> Any:
        client = create(self, *args, **options)
        client._transport = wrap(client._transport)
        client._mounts = {at: inner and wrap(inner) for at, inner in client._mounts.items()}
        return client

    return create_client


def _prove() -> None:
    """Look whether a client that LiteLLM makes now has the rules in it.

    Raises:
        UsageError: it has not; then nothing is installed.
    """
    handler = HTTPHandler()
    passes = type(handler.client._transport).__name__ == "QuirkbookTransport"
    handler.close()
    if not passes:
        uninstall()
        raise UsageError(
            "this version of LiteLLM makes its HTTP clients in another way, so the rules cannot be installed: "
            "use quirkbook.adapters.litellm.callback with acompletion(), or pass client= with a client of quirkbook.adapters.httpx"
        )
