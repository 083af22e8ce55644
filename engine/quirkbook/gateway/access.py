"""Which models a client's key may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .config.model import ClientKey
from .http.asgi import HTTPError
from .router import Target, UnknownModelError


class Names(Protocol):
    """What is asked of the router."""

    def names(self) -> Sequence[str]:
        """Return the names for the list of models."""

    def route(self, model: str) -> Sequence[Target]:
        """Return whom to ask for a model."""


def may_ask(key: ClientKey | None, model: str, targets: Sequence[Target]) -> bool:
    """Tell whether a key may ask for a model; by another name of it, as by its own."""
    return key is None or key.may_ask(model) or key.may_ask(targets[0].deployment.name)


def check_allowed(key: ClientKey | None, model: str, targets: Sequence[Target]) -> None:
    """Refuse a model that a key may not ask for.

    Raises:
        HTTPError: 403.
    """
    if key is not None and not may_ask(key, model, targets):
        text = (
            f"the key '{key.name}' is not allowed to use this model; allowed: {', '.join(key.models or ()) or 'none'}"
        )
        raise HTTPError(403, text, type="permission_error", param="model", code="model_not_allowed")


def allowed_targets(key: ClientKey | None, targets: Sequence[Target]) -> Sequence[Target]:
    """Return those whose models a key may ask for.

    Raises:
        HTTPError: 403, it may for none of them.
    """
    if key is None or key.models is None:
        return targets
    allowed = [target for target in targets if key.may_ask(target.deployment.name)]
    if not allowed:
        check_allowed(key, "", targets)
    return allowed


def check_unlimited(key: ClientKey | None) -> None:
    """Refuse a key that may not see what others ask for.

    Raises:
        HTTPError: 403.
    """
    if key is not None and key.models is not None:
        text = f"the key '{key.name}' is limited to some models, and /metrics covers all"
        raise HTTPError(403, text, type="permission_error", code="not_allowed")


def allowed_names(key: ClientKey | None, router: Names) -> list[str]:
    """Return the names for the list of models that a key may ask for; of a wildcard those that the key names."""
    if key is None or key.models is None:
        return list(router.names())
    listed = [name for name in router.names() if key.may_ask(name)]
    return listed + [name for name in key.models if "*" not in name and name not in listed and _is_served(name, router)]


def _is_served(name: str, router: Names) -> bool:
    try:
        router.route(name)
    except UnknownModelError:
        return False
    return True
