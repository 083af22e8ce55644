"""The rules in httpx and httpx2, and so in the openai package and all that takes its ``http_client``.

    client = OpenAI(api_key=..., base_url=..., http_client=quirkbook.adapters.httpx.client(provider="moonshot"))

Requests for chat completions are translated on the way out, answers, streams and errors on the way back; all else
passes untouched. A response tells what was done: ``response.headers["x-quirkbook-rules"]`` names the rules that changed
the request, ``response.extensions["quirkbook"]`` is the whole report, a `quirkbook.Translation`. Once the body has been
read, ``response.extensions["quirkbook_answer"].changes`` lists what was changed in the answer; it is not there where no
rule could touch it.

A payload that a rule or the policy refuses is not sent: `RefusedError` or `PolicyError` is raised as such. The openai
package lets them through from version 2.33 on; older ones raise their APIConnectionError, whose ``__cause__`` is ours.

httpx2 is what is used where it is installed, as the openai package does from version 3 on; ``library="httpx"`` says
otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..api.policy import Policy
from ..api.reasoning import ReasoningMemory
from ..rulebook.rulebook import Rulebook
from .exchange import BaseModel, Rules
from .httpx_kit import kit_for, kit_of

if TYPE_CHECKING:
    import httpx2


def client(
    provider: str | None = None,
    *,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    base_model: BaseModel = None,
    reasoning_memory: ReasoningMemory | None = None,
    library: str | None = None,
    **options: Any,
) -> httpx2.Client:
    """Return a client with the rules in it; ``options`` are those of ``httpx.Client``.

    The provider is ``provider``, else who is known to serve the URL of a request; what goes elsewhere is left as it is,
    and the response says so in ``x-quirkbook-note``. ``base_model`` says which model a deployment's name stands for: a name,
    or a mapping. ``reasoning_memory`` keeps the thoughts of answers, and puts them back into requests that have lost them, where the
    provider wants them. Redirects, connections and timeouts are those of the openai package's own client.

    Raises:
        UnknownProviderError: nobody of that name.
        UsageError: neither httpx nor httpx2 is installed.
    """
    kit, rules = kit_for(library), Rules(provider, rulebook, policy, base_model, reasoning_memory)
    wrapped: httpx2.Client = kit.library.Client(**{**kit.defaults(), **options})
    # Wrapped when all is made: a client that is handed a transport ignores the proxies of the environment.
    wrapped._transport = kit.transport(kit, wrapped._transport, rules)
    wrapped._mounts = {at: inner and kit.transport(kit, inner, rules) for at, inner in wrapped._mounts.items()}
    return wrapped


def async_client(
    provider: str | None = None,
    *,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    base_model: BaseModel = None,
    reasoning_memory: ReasoningMemory | None = None,
    library: str | None = None,
    **options: Any,
) -> httpx2.AsyncClient:
    """Return an asynchronous client with the rules in it; see `client`."""
    kit, rules = kit_for(library), Rules(provider, rulebook, policy, base_model, reasoning_memory)
    wrapped: httpx2.AsyncClient = kit.library.AsyncClient(**{**kit.defaults(), **options})
    wrapped._transport = kit.async_transport(kit, wrapped._transport, rules)
    wrapped._mounts = {at: inner and kit.async_transport(kit, inner, rules) for at, inner in wrapped._mounts.items()}
    return wrapped


def transport(
    provider: str | None = None,
    inner: httpx2.BaseTransport | None = None,
    *,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    base_model: BaseModel = None,
    reasoning_memory: ReasoningMemory | None = None,
    library: str | None = None,
) -> httpx2.BaseTransport:
    """Return a transport with the rules in it around ``inner``, a plain one if none is given.

    Raises:
        UnknownProviderError: nobody of that name.
        UsageError: neither httpx nor httpx2 is installed, or ``inner`` is not a transport of either.
    """
    kit = kit_of(inner, library)
    rules = Rules(provider, rulebook, policy, base_model, reasoning_memory)
    wrapped: httpx2.BaseTransport = kit.transport(kit, inner, rules)
    return wrapped


def async_transport(
    provider: str | None = None,
    inner: httpx2.AsyncBaseTransport | None = None,
    *,
    rulebook: Rulebook | None = None,
    policy: Policy | None = None,
    base_model: BaseModel = None,
    reasoning_memory: ReasoningMemory | None = None,
    library: str | None = None,
) -> httpx2.AsyncBaseTransport:
    """Return an asynchronous transport with the rules in it; see `transport`."""
    kit, rules = kit_of(inner, library), Rules(provider, rulebook, policy, base_model, reasoning_memory)
    wrapped: httpx2.AsyncBaseTransport = kit.async_transport(kit, inner, rules)
    return wrapped
