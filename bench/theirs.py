"""What LiteLLM does with the same requests: its own translation, as its completion() calls it, without a network."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

Payload = dict[str, Any]

#: Our name of a provider -> LiteLLM's, where it is another.
NAMES = {"fireworks": "fireworks_ai"}
#: Provider -> why its translation is not the same job.
NOT_COMPARABLE = {
    "gemini": "writes Gemini's own API, not callable alone",
    "anthropic": "writes Anthropic's own API",
}


class NotComparable(Exception):  # noqa: N818 - said in a table's cell
    """LiteLLM has nothing to compare with; the text says why."""


def litellm(provider: str, model: str) -> Callable[[Payload], Payload]:
    """Return what maps the parameters of a request and then makes the provider's request of it; it changes its input.

    Raises:
        NotComparable: LiteLLM is not installed, does not know the provider, or translates into another API.
    """
    if provider in NOT_COMPARABLE:
        raise NotComparable(NOT_COMPARABLE[provider])
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        import litellm as library
        from litellm.types.utils import LlmProviders
        from litellm.utils import ProviderConfigManager, get_optional_params
    except ImportError as error:
        raise NotComparable(f"not installed ({error.name})") from None
    library.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)  # its warnings would be counted as its translation
    name = NAMES.get(provider, provider)
    if name not in {one.value for one in LlmProviders}:
        raise NotComparable("does not know it")
    config = ProviderConfigManager.get_provider_chat_config(model=model, provider=LlmProviders(name))

    def run(request: Payload) -> Payload:
        messages = request["messages"]
        options = {key: value for key, value in request.items() if key not in ("model", "messages")}
        mapped = get_optional_params(
            model=model, custom_llm_provider=name, drop_params=True, messages=messages, **options
        )
        mapped.pop("extra_body", None)
        made: Payload = config.transform_request(
            model=model, messages=messages, optional_params=mapped, litellm_params={}, headers={}
        )
        return made

    return run
