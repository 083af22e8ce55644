"""What the gateway reports about its models: who serves them, and what the rules know of each, under others' names for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from ..authoring.abilities import abilities, sees_images
from ..rulebook.rulebook import Rulebook
from .config.litellm_keys import parameters
from .place import without_socket
from .router import Router, Target

CREATED: Final = 1_700_000_000
"""A time for clients that want one; nobody knows when a model was made."""
_REMEMBERED: Final = 4096
#: LiteLLM's name for an ability -> the parameter that has to arrive for it.
_ABILITIES: Final = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallel_tool_calls",
    "supports_tool_choice": "tool_choice",
    "supports_response_schema": "structured_outputs",
    "supports_reasoning": "reasoning_effort",
    "supports_web_search": "web_search_options",
}


class Knowledge:
    """What is known of the models of one config; found out at the first question, which takes some 20 ms a model."""

    def __init__(self, book: Rulebook, router: Router) -> None:
        self._router = router

        @lru_cache(_REMEMBERED)
        def of(provider: str, model: str, base_model: str | None) -> tuple[dict[str, Any], bool | None]:
            return abilities(book, provider, model, base_model), sees_images(book, provider, model, base_model)

        self._of = of

    def models(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the list of models, as OpenAI has it."""
        return {"object": "list", "data": [self.model(name) for name in names]}

    def model(self, name: str) -> dict[str, Any]:
        """Return one model: OpenAI's fields, OpenRouter's ``supported_parameters``, and what the rules know.

        Where several deployments bear the name a parameter is supported that arrives at each of them; what the rules know is
        said of each.
        """
        targets = self._router.of_name(name)
        known = [self._known(target) for target in targets]
        listed = [set(one["supported_parameters"]) for one, _ in known]
        deployments = [
            {"id": target.label, "provider": target.deployment.provider or None, "model": target.upstream_model}
            | ({"parameters": one["parameters"]} if one["parameters"] else {})
            for target, (one, _) in zip(targets, known, strict=True)
        ]
        supported = {"supported_parameters": sorted(set.intersection(*listed))} if listed and all(listed) else {}
        providers = list(dict.fromkeys(one["provider"] for one in deployments if one["provider"]))
        return {
            "id": name,
            "object": "model",
            "created": CREATED,
            "owned_by": "quirkbook",
            **supported,
            "providers": providers,
            "deployments": deployments,
        }

    def info(self, names: Iterable[str], id: str | None = None) -> dict[str, Any]:
        """Return what LiteLLM's ``/model/info`` has: an entry for each deployment, without keys."""
        entries = [(name, target) for name in names for target in self._router.of_name(name)]
        return {"data": [self._info(name, target) for name, target in entries if id in (None, target.label)]}

    def groups(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what LiteLLM's ``/model_group/info`` has: an entry for each name."""
        return {"data": [self._group(name, self._router.of_name(name)) for name in names]}

    def _known(self, target: Target) -> tuple[dict[str, Any], bool | None]:
        deployment = target.deployment
        if not deployment.provider or "*" in target.upstream_model:
            return {"supported_parameters": [], "parameters": {}}, None
        return self._of(deployment.provider, target.upstream_model, deployment.base_model)

    def _info(self, name: str, target: Target) -> dict[str, Any]:
        deployment = target.deployment
        params = {"model": deployment.model, "custom_llm_provider": deployment.provider or None}
        if deployment.api_base:
            params["api_base"] = _without_query(deployment.api_base)
        info = {"id": target.label, "db_model": False, "base_model": deployment.base_model, "mode": "chat"}
        return {
            "model_name": name,
            "litellm_params": params,
            "model_info": {
                **info,
                "key": target.upstream_model,
                "litellm_provider": deployment.provider or None,
                **self._abilities([target]),
                "parameters": self._known(target)[0]["parameters"],
            },
        }

    def _group(self, name: str, targets: Sequence[Target]) -> dict[str, Any]:
        providers = list(dict.fromkeys(target.deployment.provider for target in targets if target.deployment.provider))
        return {"model_group": name, "providers": providers, "mode": "chat", **self._abilities(targets)}

    def _abilities(self, targets: Sequence[Target]) -> dict[str, Any]:
        known = [self._known(target) for target in targets]
        listed = [set(one["supported_parameters"]) for one, _ in known]
        if not listed or not all(listed):
            return {}
        supported = set.intersection(*listed)
        said = {ability: self._says(parameter, supported, known) for ability, parameter in _ABILITIES.items()}
        return {
            "supported_openai_params": sorted(supported & parameters()),
            **{ability: told for ability, told in said.items() if told is not None},
            **({"supports_vision": False} if any(images is False for _, images in known) else {}),
        }

    @staticmethod
    def _says(parameter: str, supported: set[str], known: Sequence[tuple[dict[str, Any], bool | None]]) -> bool | None:
        """Tell whether an ability is there; None: that is not known. A model may think without taking an effort."""
        if parameter in supported:
            return True
        lost = any(one["parameters"].get(parameter, {}).get("fate") in ("dropped", "refused") for one, _ in known)
        return False if lost and parameter != "reasoning_effort" else None


def _without_query(base: str) -> str:
    socket, plain = without_socket(base)
    return f"unix:{socket}" if socket else urlsplit(plain)._replace(query="", fragment="").geturl()
